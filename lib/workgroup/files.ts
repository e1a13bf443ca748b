// SPDX-License-Identifier: MIT
/** Files of the host as programs on cores see them: below one directory, and nowhere else. */
import { closeSync, constants, fstatSync, ftruncateSync, linkSync, lstatSync, openSync, readSync, realpathSync, unlinkSync, writeSync, type Stats } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

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

const [ENOENT, EBADF, EACCES, EINVAL, EMFILE, ESPIPE] = [2, 9, 13, 22, 24, 29];
const FIRST_FILE = 3;
/** Open files of one core; a program that opens in a loop must not exhaust the host. */
const MOST_FILES = 64;

interface OpenFile {
  readonly descriptor: number;
  readonly append: boolean;
  position: number;
}

/** The open files of one core. */
export class Files {
  readonly #directory: string | undefined;
  readonly #files = new Map<number, OpenFile>();

  /** @param directory all that the program may reach; undefined: nothing */
  constructor(directory: string | undefined) {
    this.#directory = directory === undefined ? undefined : realpathSync(directory);
  }

  open(path: string, flags: number, mode: number): number {
    const host = this.#inside(path);
    if (this.#files.size >= MOST_FILES) throw new SyscallError(EMFILE);
    let hostFlags = (flags & NEWLIB.accessMode) | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    if (flags & NEWLIB.create) hostFlags |= constants.O_CREAT;
    if (flags & NEWLIB.exclusive) hostFlags |= constants.O_EXCL;
    const descriptor = openSync(host, hostFlags, mode & 0o777);
    // No pipes, no devices: reading from one could stop this process.
    if (!fstatSync(descriptor).isFile()) {
      closeSync(descriptor);
      throw new SyscallError(EACCES);
    }
    if (flags & NEWLIB.truncate && flags & NEWLIB.accessMode) ftruncateSync(descriptor);
    let number = FIRST_FILE;
    while (this.#files.has(number)) ++number;
    this.#files.set(number, { descriptor, append: (flags & NEWLIB.append) !== 0, position: 0 });
    return number;
  }

  close(number: number): number {
    closeSync(this.#file(number).descriptor);
    this.#files.delete(number);
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
    unlinkSync(this.#inside(path));
    return 0;
  }

  link(from: string, to: string): number {
    linkSync(this.#inside(from), this.#inside(to));
    return 0;
  }

  stat(path: string): Stats {
    return lstatSync(this.#inside(path));
  }

  fstat(number: number): Stats {
    return fstatSync(this.#file(number).descriptor);
  }

  closeAll(): void {
    for (const { descriptor } of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #file(number: number): OpenFile {
    const file = this.#files.get(number);
    if (!file) throw new SyscallError(EBADF);
    return file;
  }

  /** The host's path of a program's; `/` is the directory. Links that lead out of it are not followed. */
  #inside(path: string): string {
    if (this.#directory === undefined) throw new SyscallError(EACCES);
    if (path === '') throw new SyscallError(ENOENT);
    const wanted = resolve('/', path); // `..` ends at the root
    if (wanted === '/') return this.#directory;
    const folder = realpathSync(join(this.#directory, dirname(wanted)));
    if (folder !== this.#directory && !folder.startsWith(this.#directory + sep)) throw new SyscallError(EACCES);
    return join(folder, basename(wanted));
  }
}
