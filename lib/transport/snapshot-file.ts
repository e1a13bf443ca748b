// SPDX-License-Identifier: MIT
/** A snapshot file that one board at a time has open. */
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, fsyncSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync, type Stats } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { CharDevice, type SystemError } from '../device/index.js';
import { aboutFile, EpiphanyError } from '../errors.js';
import { PAGE_BYTES, snapshotBytes } from './snapshot.js';

/** All memory of the largest chip and more state than any has: no file beyond is worth reading. */
const LARGEST_BYTES = snapshotBytes(2 ** 20, (64 * 0x8000 + 0x2000000) / PAGE_BYTES);

/**
 * Holds the lock of a snapshot file from opening to closing. Saving replaces the file as a whole, so that a
 * full disk or a killed process leaves either the old state or the new one.
 */
export class SnapshotFile {
  /** The file itself, with symbolic links resolved. */
  readonly path: string;
  readonly #file: CharDevice;

  /** Opens a file, and creates an empty one where there is none. @throws `ERR_EPIPHANY_BUSY` while another board has it */
  constructor(path: string) {
    // Looked at before it is opened: opening a device may do something, and a FIFO would wait for its other end.
    const there = statSync(path, { throwIfNoEntry: false });
    if (!there) closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY, 0o666));
    else checkRegular(path, there);
    this.path = realpathSync(path);
    this.#file = lockedFile(this.path);
  }

  /** What was saved last; empty for a new file. @throws `ERR_EPIPHANY_BAD_SNAPSHOT` if it is larger than any snapshot */
  read(): Uint8Array {
    const { size } = fstatSync(this.#file.fd);
    if (size > LARGEST_BYTES) throw new EpiphanyError('ERR_EPIPHANY_BAD_SNAPSHOT', `'${this.path}' is larger than any snapshot: ${size} bytes`, { path: this.path });
    // Of the file that is locked, whatever the path leads to by now; one of no size may have an endless content, as in /proc.
    try {
      return size === 0 ? new Uint8Array() : readFileSync(this.#file.fd);
    } catch (error) {
      throw aboutFile(error, this.path);
    }
  }

  save(bytes: Uint8Array): void {
    const temporary = `${this.path}.${randomUUID()}.tmp`;
    try {
      const descriptor = openSync(temporary, 'wx');
      try {
        const { mode, uid, gid } = fstatSync(this.#file.fd);
        if (process.geteuid?.() === 0) fchownSync(descriptor, uid, gid); // what root saves stays its owner's
        fchmodSync(descriptor, mode & 0o7777);
        writeFileSync(descriptor, bytes);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(temporary, this.path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw aboutFile(error, this.path);
    }
  }

  close(): void {
    this.#file.close();
  }
}

function checkRegular(path: string, stats: Stats): Stats {
  if (stats.isFile()) return stats;
  throw new EpiphanyError('ERR_EPIPHANY_BAD_SNAPSHOT', `'${path}' is not a regular file`, { path });
}

/** Opens and locks the file that the path names now: it may be replaced between the two. */
function lockedFile(path: string): CharDevice {
  for (;;) {
    const file = CharDevice.open(path, { fileType: 'any' });
    try {
      const { ino } = checkRegular(path, fstatSync(file.fd));
      file.lock();
      if (ino === statSync(path).ino) return file;
    } catch (error) {
      file.close();
      if ((error as SystemError).code !== 'EAGAIN') throw error;
      throw new EpiphanyError('ERR_EPIPHANY_BUSY', `snapshot '${path}' is in use by another board`, { path, cause: error });
    }
    file.close();
  }
}
