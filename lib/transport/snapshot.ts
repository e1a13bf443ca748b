// SPDX-License-Identifier: MIT
/**
 * The file format of a simulated chip's state.
 *
 * All numbers are u32, little endian: magic (8 bytes), version, chip number, count of state words, count of
 * pages; the state words; then each page that is not all zero, as its index and 4096 bytes, in rising order.
 */
import { EpiphanyError } from '../errors.js';

const MAGIC = Buffer.from('EPISNAP\n', 'latin1');
const VERSION = 3;
const HEADER_BYTES = MAGIC.length + 16;
export const PAGE_BYTES = 4096;
const PAGE_RECORD_BYTES = 4 + PAGE_BYTES;

/** State of a simulated chip. */
export interface Snapshot {
  /** As drivers number chips. */
  readonly chipNumber: number;
  /** Registers and all else that is not memory, as the chip model lays it out. */
  readonly state: Uint32Array;
  /** Pages of memory by index; those not listed are zero. */
  readonly pages: ReadonlyMap<number, Uint8Array>;
}

/** Bytes of a snapshot with so many words of state and pages, all of them used. */
export function snapshotBytes(stateWords: number, pages: number): number {
  return HEADER_BYTES + stateWords * 4 + pages * PAGE_RECORD_BYTES;
}

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const { chipNumber, state, pages } = snapshot;
  const bytes = Buffer.alloc(snapshotBytes(state.length, pages.size));
  MAGIC.copy(bytes);
  let at = MAGIC.length;
  for (const word of [VERSION, chipNumber, state.length, pages.size, ...state]) at = bytes.writeUInt32LE(word, at);
  for (const [index, page] of pages) {
    at = bytes.writeUInt32LE(index, at);
    bytes.set(page, at);
    at += PAGE_BYTES;
  }
  return bytes;
}

/**
 * Takes a snapshot apart; its pages stay views of `file`.
 * @param path for messages
 * @throws EpiphanyError `ERR_EPIPHANY_BAD_SNAPSHOT` if the bytes are not exactly one snapshot
 */
export function decodeSnapshot(file: Uint8Array, path: string): Snapshot {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const bad = (reason: string, offset: number): EpiphanyError =>
    new EpiphanyError('ERR_EPIPHANY_BAD_SNAPSHOT', `'${path}' is no snapshot that can be used: ${reason}`, { path, offset });
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw bad('it does not begin as one', 0);
  const header = (index: number): number => bytes.readUInt32LE(MAGIC.length + 4 * index);
  if (header(0) !== VERSION) throw bad(`it has version ${header(0)}, this library reads ${VERSION}`, MAGIC.length);
  const stateWords = header(2);
  const pageCount = header(3);
  const expected = snapshotBytes(stateWords, pageCount);
  if (bytes.length !== expected) throw bad(`it has ${bytes.length} bytes instead of ${expected}`, bytes.length);
  const state = Uint32Array.from({ length: stateWords }, (_, index) => bytes.readUInt32LE(HEADER_BYTES + 4 * index));
  const pages = new Map<number, Uint8Array>();
  let last = -1;
  for (let at = HEADER_BYTES + stateWords * 4; at < bytes.length; at += PAGE_RECORD_BYTES) {
    const index = bytes.readUInt32LE(at);
    if (index <= last) throw bad('its pages are out of order', at);
    last = index;
    pages.set(index, bytes.subarray(at + 4, at + PAGE_RECORD_BYTES));
  }
  return { chipNumber: header(1), state, pages };
}
