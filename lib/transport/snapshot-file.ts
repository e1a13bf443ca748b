// SPDX-License-Identifier: MIT
/** A snapshot file that one board at a time has open. */
import { closeSync, fchmodSync, fstatSync, fsyncSync, openSync, readFileSync, realpathSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { CharDevice, type SystemError } from '../device/index.js';
import { EpiphanyError } from '../errors.js';

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
    const descriptor = openSync(path, 'a');
    try {
      // Saving would put a regular file in the place of what is here.
      if (!fstatSync(descriptor).isFile()) throw new EpiphanyError('ERR_EPIPHANY_BAD_SNAPSHOT', `'${path}' is not a regular file`, { path });
    } finally {
      closeSync(descriptor);
    }
    this.path = realpathSync(path);
    this.#file = lockedFile(this.path);
  }

  /** What was saved last; empty for a new file. */
  read(): Uint8Array {
    return readFileSync(this.path);
  }

  save(bytes: Uint8Array): void {
    const temporary = `${this.path}.${process.pid}.tmp`;
    const descriptor = openSync(temporary, 'w');
    try {
      try {
        fchmodSync(descriptor, fstatSync(this.#file.fd).mode & 0o7777);
        writeFileSync(descriptor, bytes);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(temporary, this.path);
    } catch (error) {
      unlinkSync(temporary);
      throw error;
    }
  }

  close(): void {
    this.#file.close();
  }
}

/** Opens and locks the file that the path names now: it may be replaced between the two. */
function lockedFile(path: string): CharDevice {
  for (;;) {
    const file = CharDevice.open(path, { fileType: 'any' });
    try {
      file.lock();
      if (fstatSync(file.fd).ino === statSync(path).ino) return file;
    } catch (error) {
      file.close();
      if ((error as SystemError).code !== 'EAGAIN') throw error;
      throw new EpiphanyError('ERR_EPIPHANY_BUSY', `snapshot '${path}' is in use by another board`, { path, cause: error });
    }
    file.close();
  }
}
