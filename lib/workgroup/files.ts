// SPDX-License-Identifier: MIT
/** Files of the host as programs on cores see them: below one directory, and nowhere else. */
import { closeSync, constants, fstatSync, ftruncateSync, linkSync, lstatSync, openSync, readFileSync, readSync, unlinkSync, writeSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';

/** Flags of newlib's open(), which are not Linux's. */
const NEWLIB = { accessMode: 3, append: 0x8, create: 0x200, truncate: 0x400, exclusive: 0x800 } as const;

/** Error numbers of newlib where they are not Linux's: those up to ERANGE are. */
const NEWLIB_ERRNO: Readonly<Record<string, number>> = { ENOSYS: 88, ENOTEMPTY: 90, ENAMETOOLONG: 91, ELOOP: 92, EOVERFLOW: 139 };
const LINUX_ERRNO_LIMIT = 34;
const EIO = 5;

/** A failed system call, as a program sees it. */
export class SyscallError extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`errno ${errno}`);
    this.errno = errno;
  }

  /** What an error of the host means to a program. */
  static from(error: unknown): SyscallError {
    if (error instanceof SyscallError) return error;
    const { code = '', errno = 0 } = error as NodeJS.ErrnoException;
    return new SyscallError(NEWLIB_ERRNO[code] ?? (errno < 0 && -errno <= LINUX_ERRNO_LIMIT ? -errno : EIO));
  }
}

const [ENOENT, EBADF, EACCES, EINVAL, ENFILE, EMFILE, ESPIPE] = [2, 9, 13, 22, 23, 24, 29];
const FIRST_FILE = 3;
/** Open files of one core. */
const MOST_FILES = 64;
/** All programs together leave this share of the descriptors of this process to whatever else it does. */
const HOSTS_SHARE = 1 / 2;

/** For an open directory that names are looked up in and nothing else. Linux has it, and Node no name for it. */
const O_PATH = 0x200000;

/**
 * A directory of the host, which is `/` to programs. Paths are followed a name at a time, each in the directory that
 * was opened for the one before, and through no symbolic link: so that they lead out of it at no time, whatever is
 * moved or replaced meanwhile.
 */
export class Directory {
  readonly #descriptor: number;
  /** Programs get descriptors below this one only. */
  readonly #limit: number;

  /** @throws SystemError if there is no such directory, or it must not be entered */
  constructor(path: string) {
    this.#limit = Math.floor(mostDescriptors() * (1 - HOSTS_SHARE));
    this.#descriptor = openSync(path, constants.O_DIRECTORY | O_PATH);
  }

  /**
   * Checks that there is a descriptor left for a program. Linux gives the lowest one that is free, so it tells how many
   * are in use, by any process.
   */
  checkRoom(): void {
    const lowest = openSync(within(this.#descriptor, '.'), constants.O_DIRECTORY | O_PATH);
    closeSync(lowest);
    if (lowest >= this.#limit) throw new SyscallError(ENFILE);
  }

  /** Calls `use` with a path for the host, to be used there and then; its last name may be that of a link. */
  lookUp<Result>(path: string, use: (hostPath: string) => Result): Result {
    if (path === '') throw new SyscallError(ENOENT);
    const names = resolve('/', path).split('/').slice(1); // `..` ends at the root
    const last = names.pop() || '.';
    let folder = this.#descriptor;
    const enter = (next: number): void => {
      if (folder !== this.#descriptor) closeSync(folder);
      folder = next;
    };
    try {
      for (const name of names) enter(openSync(within(folder, name), constants.O_DIRECTORY | constants.O_NOFOLLOW | O_PATH));
      return use(within(folder, last));
    } finally {
      enter(this.#descriptor);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** As many as this process may have open: RLIMIT_NOFILE, which Node has no call for. */
function mostDescriptors(): number {
  return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 1024);
}

/** A name in an open directory. */
function within(folder: number, name: string): string {
  return `/proc/self/fd/${folder}/${name}`;
}

interface OpenFile {
  readonly descriptor: number;
  readonly append: boolean;
  position: number;
}

/** The open files of one core. */
export class Files {
  readonly #directory: Directory | undefined;
  readonly #files = new Map<number, OpenFile>();

  /** @param directory all that the program may reach; undefined: nothing */
  constructor(directory: Directory | undefined) {
    this.#directory = directory;
  }

  open(path: string, flags: number, mode: number): number {
    const access = flags & NEWLIB.accessMode;
    if (access === NEWLIB.accessMode) throw new SyscallError(EINVAL); // to Linux it would mean neither to read nor to write
    if (this.#files.size >= MOST_FILES) throw new SyscallError(EMFILE);
    this.#directory?.checkRoom();
    let hostFlags = access | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    if (flags & NEWLIB.create) hostFlags |= constants.O_CREAT;
    if (flags & NEWLIB.exclusive) hostFlags |= constants.O_EXCL;
    const descriptor = this.#lookUp(path, (host) => openSync(host, hostFlags, mode & 0o777));
    try {
      // No pipes, no devices: reading from one could stop this process.
      if (!fstatSync(descriptor).isFile()) throw new SyscallError(EACCES);
      if (flags & NEWLIB.truncate && access !== 0) ftruncateSync(descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    let number = FIRST_FILE;
    while (this.#files.has(number)) ++number;
    this.#files.set(number, { descriptor, append: (flags & NEWLIB.append) !== 0, position: 0 });
    return number;
  }

  close(number: number): number {
    const { descriptor } = this.#file(number);
    this.#files.delete(number); // first: Linux frees the descriptor even if it reports an error
    closeSync(descriptor);
    return 0;
  }

  read(number: number, bytes: Uint8Array): number {
    const file = this.#file(number);
    const count = readSync(file.descriptor, bytes, 0, bytes.length, file.position);
    file.position += count;
    return count;
  }

  write(number: number, bytes: Uint8Array): number {
    const file = this.#file(number);
    if (file.append) file.position = fstatSync(file.descriptor).size;
    const count = writeSync(file.descriptor, bytes, 0, bytes.length, file.position);
    file.position += count;
    return count;
  }

  seek(number: number, offset: number, whence: number): number {
    if (number < FIRST_FILE) throw new SyscallError(ESPIPE);
    const file = this.#file(number);
    const bases = [0, file.position, fstatSync(file.descriptor).size];
    const position = (bases[whence] ?? Number.NaN) + offset;
    if (!(position >= 0 && position < 2 ** 31)) throw new SyscallError(EINVAL);
    file.position = position;
    return position;
  }

  unlink(path: string): number {
    this.#lookUp(path, unlinkSync);
    return 0;
  }

  link(from: string, to: string): number {
    this.#lookUp(from, (existing) => this.#lookUp(to, (added) => linkSync(existing, added)));
    return 0;
  }

  stat(path: string): Stats {
    return this.#lookUp(path, (host) => lstatSync(host));
  }

  fstat(number: number): Stats {
    return fstatSync(this.#file(number).descriptor);
  }

  /** Errors are left out: no program is there any more who could be told. */
  closeAll(): void {
    for (const number of [...this.#files.keys()]) {
      try {
        this.close(number);
      } catch {
        // it is closed all the same
      }
    }
  }

  #file(number: number): OpenFile {
    const file = this.#files.get(number);
    if (!file) throw new SyscallError(EBADF);
    return file;
  }

  #lookUp<Result>(path: string, use: (hostPath: string) => Result): Result {
    if (!this.#directory) throw new SyscallError(EACCES);
    return this.#directory.lookUp(path, use);
  }
}
