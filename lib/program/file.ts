// SPDX-License-Identifier: MIT
/** Reads a program from its file. Whatever the path leads to, it is read up to a bound, and can be given up. */
import { Buffer } from 'node:buffer';
import { constants, fstatSync, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { CharDevice } from '../device/index.js';
import { EpiphanyError, systemError } from '../errors.js';
import { throwIfAborted } from '../wait.js';
import type { Program } from './program.js';
import { BEGINNING_BYTES, checkBeginning, readProgram } from './read.js';

/** All memory there is, 34 MiB, in S-records of 16 bytes takes 102 MiB. */
export const LARGEST_FILE = 2 ** 27;
const PIECE_BYTES = 2 ** 20;
/** A pipe that never runs dry would keep everything else from its turn. */
const READS_IN_A_ROW = 16;

/**
 * Reads an ELF file or S-records, from a regular file or from a pipe.
 * @param signal gives up with its reason
 * @throws (rejects) `ERR_EPIPHANY_BAD_PROGRAM`, also for what is no file or pipe, and for what is larger than any
 *   program; SystemError if the file cannot be read
 */
export async function readProgramFile(path: string, signal?: AbortSignal): Promise<Program> {
  const bytes = new Bytes(path);
  const stats = await about(path, 'stat', stat(path)); // before it is opened: to open a device may do something
  throwIfAborted(signal);
  if (stats.isFIFO()) await readPipe(path, bytes, signal);
  else await readFile(path, stats, bytes, signal);
  return readProgram(bytes.all, path);
}

async function readFile(path: string, found: Stats, bytes: Bytes, signal: AbortSignal | undefined): Promise<void> {
  checkKind(path, found);
  // Not to wait here for the other end of what may be a pipe by now.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await about(path, 'fstat', file.stat());
    checkKind(path, stats);
    bytes.expect(stats.size);
    for (;;) {
      throwIfAborted(signal);
      const room = bytes.room();
      const { bytesRead } = await about(path, 'read', file.read(room, 0, room.length));
      if (bytesRead === 0) return;
      bytes.add(bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Waits for a writer, and needs no thread of the pool for that, which nobody could end. */
async function readPipe(path: string, bytes: Bytes, signal: AbortSignal | undefined): Promise<void> {
  using pipe = CharDevice.open(path, { access: 'read', fileType: 'any' });
  if (!fstatSync(pipe.fd).isFIFO()) throw refused(path, 'it was replaced while it was opened');
  for (;;) {
    // Before the first writer has come, a pipe looks as if it had ended.
    await pipe.ready('readable', { signal });
    for (let reads = 0; reads < READS_IN_A_ROW; ++reads) {
      const count = pipe.tryRead(bytes.room());
      if (count === undefined) break;
      if (count === 0) return;
      bytes.add(count);
    }
  }
}

/** Node names the file only in errors of calls that take its path. */
async function about<Result>(path: string, syscall: string, call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    throw errno === undefined ? error : systemError(errno, syscall, { path });
  }
}

function checkKind(path: string, stats: Stats): void {
  if (stats.isFile()) return;
  const kinds = [['directory', stats.isDirectory()], ['character device', stats.isCharacterDevice()], ['block device', stats.isBlockDevice()], ['socket', stats.isSocket()]] as const;
  throw refused(path, `it is a ${kinds.find(([, isIt]) => isIt)?.[0] ?? 'file of another kind'}, not a regular file or a pipe`);
}

function refused(path: string, reason: string): EpiphanyError {
  return new EpiphanyError('ERR_EPIPHANY_BAD_PROGRAM', `'${path}' is not read as a program: ${reason}`, { path });
}

/** What has been read so far. Refused as soon as it can be no program. */
class Bytes {
  readonly #path: string;
  #memory = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #used = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get all(): Uint8Array {
    return this.#memory.subarray(0, this.#used);
  }

  /** Makes room at once for a file of this size; some that are not empty say that they have none. */
  expect(size: number): void {
    this.#check(size);
    this.#grow(size + 1); // one more, to see the end
  }

  /** Where the next piece goes. */
  room(): Uint8Array {
    if (this.#used === this.#memory.length) this.#grow(2 * this.#used);
    return this.#memory.subarray(this.#used, this.#used + PIECE_BYTES);
  }

  /** So many bytes have come. */
  add(count: number): void {
    const isBeginning = this.#used < BEGINNING_BYTES;
    this.#check((this.#used += count));
    if (isBeginning && this.#used >= BEGINNING_BYTES) checkBeginning(this.all, this.#path);
  }

  #check(bytes: number): void {
    if (bytes > LARGEST_FILE) throw refused(this.#path, `it has more than ${LARGEST_FILE / 2 ** 20} MiB, as no program has`);
  }

  #grow(length: number): void {
    if (length <= this.#memory.length) return;
    const memory = Buffer.allocUnsafeSlow(length);
    this.#memory.copy(memory, 0, 0, this.#used);
    this.#memory = memory;
  }
}
