// SPDX-License-Identifier: MIT
/**
 * Reads Motorola S-records, as `objcopy -O srec` writes them. Total, as the reader of ELF files is: whatever the bytes
 * are, the outcome is a {@link Program} or an `ERR_EPIPHANY_BAD_PROGRAM`.
 *
 * A record is a line: `S` and a type, then in hexadecimal the number of bytes that follow, an address, data, and a
 * checksum. Every byte of a program takes two characters, so time and memory are bounded by the length of the file: they
 * are decoded in one go into memory of half its length, with a few numbers for each record beside it. A file without an end record is refused: it may have been cut off between two lines.
 */
import { formatHex, type EpiphanyError } from '../errors.js';
import { badProgram, MOST_SEGMENTS, type Program, type Segment } from './program.js';

const ADDRESS_END = 2 ** 32;
const [TAB, LINE_FEED, CARRIAGE_RETURN, SPACE, LETTER_S] = [9, 10, 13, 32, 0x53];

interface RecordType {
  readonly name: string;
  readonly means: 'header' | 'data' | 'count' | 'end';
  readonly addressBytes: number;
}

/** By the character behind the S. S4 has no meaning. */
const TYPES = new Map<number | undefined, RecordType>(
  ([
    ['S0', 'header', 2],
    ['S1', 'data', 2], ['S2', 'data', 3], ['S3', 'data', 4],
    ['S5', 'count', 2], ['S6', 'count', 3],
    ['S7', 'end', 4], ['S8', 'end', 3], ['S9', 'end', 2],
  ] as const).map(([name, means, addressBytes]) => [name.charCodeAt(1), { name, means, addressBytes }]),
);

/** Values of characters; NO_DIGIT is what is left of those that have none. */
const NO_DIGIT = 16;
const DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (const digits of ['0123456789abcdef', '0123456789ABCDEF']) {
  for (let value = 0; value < 16; ++value) DIGITS[digits.charCodeAt(value)] = value;
}

/** The format does not say what its bytes are for. */
const ANY_USE: Segment['flags'] = { read: true, write: true, execute: true };

/** Of a data record: the length, two bytes of address, one of data and the checksum, each in two characters, and S1. */
const SHORTEST_DATA = 12;
/** Bytes behind the type of a record: the length, and what it can count. */
const LONGEST_RECORD = 256;

/** From `at` to `end`, without what ends the line. */
interface Line {
  readonly at: number;
  readonly end: number;
}

interface SRecord {
  readonly type: RecordType;
  /** In a count record the count, in an end record the entry. */
  readonly address: number;
  /** Until the next record is parsed. */
  readonly data: Uint8Array;
}

type Bad = (offset: number, reason: string) => EpiphanyError;

/**
 * Reads the bytes of a file of S-records.
 * @param path names the file in errors and in the result
 * @throws EpiphanyError `ERR_EPIPHANY_BAD_PROGRAM`
 */
export function readSrec(bytes: Uint8Array, path: string): Program {
  const bad: Bad = (offset, reason) => badProgram(path, offset, reason);
  const scratch = new Uint8Array(LONGEST_RECORD);
  const contents = new Contents(bytes.length);
  let dataRecords = 0;
  let entry: number | undefined;
  for (const line of linesOf(bytes)) {
    if (entry !== undefined) throw bad(line.at, 'there is text after the end record');
    const { type, address, data } = parse(bytes, line, scratch, bad);
    if (type.means === 'data') {
      ++dataRecords;
      if (data.length > 0) contents.add(line.at, address, data);
    } else if (type.means === 'count' && address !== dataRecords) {
      throw bad(line.at + 4, `the count is ${address}, but there are ${dataRecords} data records before it`);
    } else if (type.means === 'end') {
      entry = address;
    }
  }
  if (entry === undefined) throw bad(bytes.length, 'the file ends without an end record (S7, S8 or S9)');
  const segments = contents.join(bad);
  if (segments.length === 0) throw bad(bytes.length, 'there is nothing to load in this file');
  return { path, entry, segments, sections: [], symbols: [], symbolsByName: new Map() };
}

/** The lines that are not blank. CR and LF each end one; spaces and tabs before them do not count. */
function* linesOf(text: Uint8Array): Generator<Line, void> {
  for (let at = 0; at < text.length; ) {
    let next = at;
    while (next < text.length && text[next] !== LINE_FEED && text[next] !== CARRIAGE_RETURN) ++next;
    let end = next;
    while (end > at && (text[end - 1] === SPACE || text[end - 1] === TAB)) --end;
    if (end > at) yield { at, end };
    at = next + 1;
  }
}

/** The record that a line is, with all checked that can be seen from the line alone. */
function parse(text: Uint8Array, { at, end }: Line, scratch: Uint8Array, bad: Bad): SRecord {
  const type = text[at] === LETTER_S ? TYPES.get(text[at + 1]) : undefined;
  if (type === undefined) throw bad(at, 'this line is no S-record: it does not begin with S0 … S3 or S5 … S9');
  const count = decode(text, at + 2, end, scratch, bad);
  const following = count - 1;
  if (count === 0 || scratch[0] !== following) {
    throw bad(at + 2, count === 0 ? 'the record ends behind its type' : `the record says that ${scratch[0]} bytes follow, but there are ${following}`);
  }
  const dataAt = 1 + type.addressBytes;
  if (following < dataAt) throw bad(at + 2, `${following} bytes are too few for the address and the checksum of an ${type.name} record`);
  const found = scratch[following] as number;
  let sum = 0;
  for (let i = 0; i < following; ++i) sum += scratch[i] as number;
  const right = ~sum & 0xff;
  if (found !== right) throw bad(end - 2, `the checksum is ${formatHex(found, 2)}, but that of this line is ${formatHex(right, 2)}`);
  let address = 0;
  for (let i = 1; i < dataAt; ++i) address = address * 0x100 + (scratch[i] as number);
  const data = scratch.subarray(dataAt, following);
  if (data.length > 0 && (type.means === 'count' || type.means === 'end')) throw bad(at + 2, `an ${type.name} record has no data, but this one has ${data.length} bytes`);
  // Only here do addresses end: what S1 and S2 cannot name themselves may be reached by the data behind it.
  if (type.means === 'data' && address + data.length > ADDRESS_END) {
    throw bad(at + 4, `a record of ${formatHex(data.length)} bytes at ${formatHex(address)} goes beyond the 32-bit address space`);
  }
  return { type, address, data };
}

/** Decodes as many bytes as fit into `bytes`, checks all digits, and returns how many bytes they are. */
function decode(text: Uint8Array, begin: number, end: number, bytes: Uint8Array, bad: Bad): number {
  for (let at = begin; at < end; ++at) {
    if (DIGITS[text[at] as number] === NO_DIGIT) throw bad(at, `${show(text[at] as number)} is no hexadecimal digit`);
  }
  const digits = end - begin;
  if (digits % 2 !== 0) throw bad(end - 1, `an odd number of digits follows the type of the record: ${digits}`);
  const count = digits / 2;
  for (let i = 0, at = begin; i < count && i < bytes.length; ++i, at += 2) {
    bytes[i] = (DIGITS[text[at] as number] as number) * 16 + (DIGITS[text[at + 1] as number] as number);
  }
  return count;
}

/** A character, if it can be seen; else its byte. */
function show(character: number): string {
  return character > SPACE && character < 0x7f ? `'${String.fromCharCode(character)}'` : `the byte ${formatHex(character, 2)}`;
}

/** What data records hold, in the order of the file. */
class Contents {
  /** The data of all, one behind the other. */
  readonly #data: Uint8Array;
  /** Of each record: where it is in the file, where its data goes, and where that is and ends in the data of all. */
  readonly #lines: Uint32Array;
  readonly #addresses: Uint32Array;
  readonly #offsets: Uint32Array;
  #count = 0;

  /** Memory that is never used costs none. */
  constructor(textBytes: number) {
    const most = Math.ceil(textBytes / SHORTEST_DATA);
    this.#data = new Uint8Array(textBytes >>> 1);
    this.#lines = new Uint32Array(most);
    this.#addresses = new Uint32Array(most);
    this.#offsets = new Uint32Array(most + 1);
  }

  add(line: number, address: number, data: Uint8Array): void {
    const index = this.#count++;
    const offset = this.#offsets[index] as number;
    this.#lines[index] = line;
    this.#addresses[index] = address;
    this.#offsets[index + 1] = offset + data.length;
    this.#data.set(data, offset);
  }

  /** Records that follow each other in memory become one segment, in whatever order they stand in the file. */
  join(bad: Bad): Segment[] {
    const order = this.#byAddress();
    const segments: Segment[] = [];
    for (let first = 0, next = 0; first < order.length; first = next) {
      const address = this.#addresses[order[first] as number] as number;
      let end = address;
      for (; next < order.length; ++next) {
        const index = order[next] as number;
        if ((this.#addresses[index] as number) !== end) break;
        end += this.#length(index);
      }
      if (segments.length === MOST_SEGMENTS) throw bad(this.#lines[order[first] as number] as number, `there are more than ${MOST_SEGMENTS} stretches of memory that do not follow each other`);
      segments.push({ address, data: this.#gather(order.subarray(first, next), end - address), memoryBytes: end - address, flags: ANY_USE });
      const following = order[next];
      if (following !== undefined && (this.#addresses[following] as number) < end) {
        throw bad((this.#lines[following] as number) + 4, `the record for ${formatHex(this.#addresses[following] as number)} overlaps one that ends at ${formatHex(end)}`);
      }
    }
    return segments;
  }

  #length(index: number): number {
    return (this.#offsets[index + 1] as number) - (this.#offsets[index] as number);
  }

  /** Indices in ascending order of address; of equal ones the first in the file comes first. */
  #byAddress(): Uint32Array {
    const keys = new BigUint64Array(this.#count);
    const halves = new Uint32Array(keys.buffer); // the lower one first
    for (let index = 0; index < this.#count; ++index) {
      halves[2 * index] = index;
      halves[2 * index + 1] = this.#addresses[index] as number;
    }
    keys.sort();
    const order = new Uint32Array(this.#count);
    for (let place = 0; place < this.#count; ++place) order[place] = halves[2 * place] as number;
    return order;
  }

  /** The data of records that follow each other in memory: a view if they do so in the file, too. */
  #gather(indices: Uint32Array, bytes: number): Uint8Array {
    const first = indices[0] as number;
    const isInOrder = indices.every((index, place) => index === first + place);
    if (isInOrder) return this.#data.subarray(this.#offsets[first], (this.#offsets[first] as number) + bytes);
    const data = new Uint8Array(bytes);
    let at = 0;
    for (const index of indices) {
      data.set(this.#data.subarray(this.#offsets[index], this.#offsets[index + 1]), at);
      at += this.#length(index);
    }
    return data;
  }
}
