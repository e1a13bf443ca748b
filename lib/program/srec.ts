// SPDX-License-Identifier: MIT
/**
 * Reads Motorola S-records, as `objcopy -O srec` writes them. Total, as the reader of ELF files is: whatever the bytes
 * are, the outcome is a {@link Program} or an `ERR_EPIPHANY_BAD_PROGRAM`.
 *
 * A record is a line: `S` and a type, then in hexadecimal the number of bytes that follow, an address, data, and a
 * checksum. Every byte of a program takes two characters, so time and memory are bounded by the length of the file.
 * A file without an end record is refused: it may have been cut off between two lines.
 */
import { formatHex, type EpiphanyError } from '../errors.js';
import { badProgram, type Program, type Segment } from './program.js';

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

/** From `at` to `end`, without what ends the line. */
interface Line {
  readonly at: number;
  readonly end: number;
}

interface SRecord {
  readonly at: number;
  readonly type: RecordType;
  /** In a count record the count, in an end record the entry. */
  readonly address: number;
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
  const contents: SRecord[] = [];
  let dataRecords = 0;
  let entry: number | undefined;
  for (const line of linesOf(bytes)) {
    if (entry !== undefined) throw bad(line.at, 'there is text after the end record');
    const record = parse(bytes, line, bad);
    const { means } = record.type;
    if (means === 'data') {
      ++dataRecords;
      if (record.data.length > 0) contents.push(record);
    } else if (means === 'count' && record.address !== dataRecords) {
      throw bad(line.at + 4, `the count is ${record.address}, but there are ${dataRecords} data records before it`);
    } else if (means === 'end') {
      entry = record.address;
    }
  }
  if (entry === undefined) throw bad(bytes.length, 'the file ends without an end record (S7, S8 or S9)');
  if (contents.length === 0) throw bad(bytes.length, 'there is nothing to load in this file');
  return { path, entry, segments: join(contents, bad), sections: [], symbols: [], symbolsByName: new Map() };
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
function parse(text: Uint8Array, { at, end }: Line, bad: Bad): SRecord {
  const type = text[at] === LETTER_S ? TYPES.get(text[at + 1]) : undefined;
  if (type === undefined) throw bad(at, 'this line is no S-record: it does not begin with S0 … S3 or S5 … S9');
  const bytes = decode(text, at + 2, end, bad);
  const following = bytes.length - 1;
  if (bytes[0] !== following) {
    throw bad(at + 2, bytes[0] === undefined ? 'the record ends behind its type' : `the record says that ${bytes[0]} bytes follow, but there are ${following}`);
  }
  const dataAt = 1 + type.addressBytes;
  if (following < dataAt) throw bad(at + 2, `${following} bytes are too few for the address and the checksum of an ${type.name} record`);
  const found = bytes[following] as number;
  const right = ~sum(bytes.subarray(0, following)) & 0xff;
  if (found !== right) throw bad(end - 2, `the checksum is ${formatHex(found, 2)}, but that of this line is ${formatHex(right, 2)}`);
  const address = bytes.subarray(1, dataAt).reduce((value, byte) => value * 0x100 + byte, 0);
  const data = bytes.subarray(dataAt, following);
  if (data.length > 0 && (type.means === 'count' || type.means === 'end')) throw bad(at + 2, `an ${type.name} record has no data, but this one has ${data.length} bytes`);
  // Only here do addresses end: what S1 and S2 cannot name themselves may be reached by the data behind it.
  if (type.means === 'data' && address + data.length > ADDRESS_END) {
    throw bad(at + 4, `a record of ${formatHex(data.length)} bytes at ${formatHex(address)} goes beyond the 32-bit address space`);
  }
  return { at, type, address, data };
}

function decode(text: Uint8Array, begin: number, end: number, bad: Bad): Uint8Array {
  const digit = (at: number): number => DIGITS[text[at] as number] as number;
  for (let at = begin; at < end; ++at) {
    if (digit(at) === NO_DIGIT) throw bad(at, `${show(text[at] as number)} is no hexadecimal digit`);
  }
  const digits = end - begin;
  if (digits % 2 !== 0) throw bad(end - 1, `an odd number of digits follows the type of the record: ${digits}`);
  const bytes = new Uint8Array(digits / 2);
  for (let i = 0; i < bytes.length; ++i) bytes[i] = digit(begin + 2 * i) * 16 + digit(begin + 2 * i + 1);
  return bytes;
}

/** A character, if it can be seen; else its byte. */
function show(character: number): string {
  return character > SPACE && character < 0x7f ? `'${String.fromCharCode(character)}'` : `the byte ${formatHex(character, 2)}`;
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => total + byte, 0);
}

/** Records that follow each other in memory become one segment, in whatever order they stand in the file. */
function join(records: SRecord[], bad: Bad): Segment[] {
  const runs: SRecord[][] = [];
  let end = -1;
  for (const record of records.sort((a, b) => a.address - b.address)) {
    if (record.address < end) {
      throw bad(record.at + 4, `the record for ${formatHex(record.address)} overlaps one that ends at ${formatHex(end)}`);
    }
    if (record.address === end) runs.at(-1)?.push(record);
    else runs.push([record]);
    end = record.address + record.data.length;
  }
  return runs.map((run) => {
    const first = run[0] as SRecord;
    const last = run.at(-1) as SRecord;
    const data = new Uint8Array(last.address + last.data.length - first.address);
    for (const record of run) data.set(record.data, record.address - first.address);
    return { address: first.address, data, memoryBytes: data.length, flags: ANY_USE };
  });
}
