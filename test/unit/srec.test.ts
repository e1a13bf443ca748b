// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EpiphanyError } from '../../lib/errors.js';
import { readElf } from '../../lib/program/elf.js';
import { readProgram } from '../../lib/program/read.js';
import { readSrec } from '../../lib/program/srec.js';
import { judge, TEXT, TEXT_RECORDS } from '../fixtures/damaged-programs.mjs';

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../examples/first-light/${name}`, import.meta.url)));
const FIRST_LIGHT = file('first-light.srec');

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const read = (...lines: string[]) => readSrec(bytesOf(lines.join('\n')), '');

/** A record with the length and checksum that it should have. */
function record(type: string, address: string, data = ''): string {
  const rest = Buffer.from(address + data, 'hex');
  const sum = rest.reduce((total, byte) => total + byte, rest.length + 1);
  return `${type}${Buffer.of(rest.length + 1).toString('hex')}${address}${data}${Buffer.of(~sum & 0xff).toString('hex')}`.toUpperCase();
}
const END = record('S9', '0000');

describe('what objcopy writes', () => {
  it('loads equal to the ELF file it was made from: first-light.srec', () => {
    const elf = readElf(file('first-light.elf'), 'first-light');
    const program = readSrec(FIRST_LIGHT, 'first-light');
    const whatIsLoaded = ({ segments }: typeof elf) => segments.map(({ address, data, memoryBytes }) => ({ address, data, memoryBytes }));
    // The format has no way to tell of the zeros of .bss.
    expect(whatIsLoaded(program)).toEqual(whatIsLoaded(elf).filter(({ data }) => data.length > 0));
    expect(program).toMatchObject({ path: 'first-light', entry: elf.entry, sections: [], symbols: [], symbolsByName: new Map() });
    expect(program.segments[0]?.flags).toEqual({ read: true, write: true, execute: true });
  });

  it.each(Object.entries(TEXT_RECORDS))('for the address %i', (address, text) => {
    const { entry, segments } = readSrec(bytesOf(text), '');
    expect({ entry, segments }).toMatchObject({ entry: Number(address), segments: [{ address: Number(address), data: bytesOf(TEXT), memoryBytes: TEXT.length }] });
  });

  it('reads the same from a Buffer in the middle of a larger one', () => {
    const pool = Buffer.alloc(FIRST_LIGHT.length + 9, 0x53);
    pool.set(FIRST_LIGHT, 5);
    const again = readSrec(pool.subarray(5, 5 + FIRST_LIGHT.length), '');
    expect(again).toEqual(readSrec(FIRST_LIGHT, ''));
    expect(Object.getPrototypeOf(again.segments[0]?.data)).toBe(Uint8Array.prototype);
  });
});

describe('S-records', () => {
  it('make one segment of what follows each other in memory, in whatever order they stand', () => {
    const { segments } = read(record('S3', '00000102', '03'), record('S1', '0200', '06'), record('S2', '000103', '0405'), record('S1', '0100', '0102'), END);
    expect(segments.map(({ address, data }) => [address, [...data]])).toEqual([[0x100, [1, 2, 3, 4, 5]], [0x200, [6]]]);
  });

  it('have an address of 2, 3 or 4 bytes, which the data may go beyond', () => {
    const { segments } = read(record('S1', 'FFFF', '0102'), record('S2', 'FFFFFF', '0304'), record('S3', 'FFFFFFFE', '0506'), END);
    expect(segments.map(({ address, data }) => [address, [...data]])).toEqual([[0xffff, [1, 2]], [0xffffff, [3, 4]], [0xfffffffe, [5, 6]]]);
  });

  it.each([['S7', '8E000100'], ['S8', '000100'], ['S9', '0100']])('name the entry in %s', (type, address) => {
    expect(read(record('S1', '0000', '00'), record(type, address)).entry).toBe(Number(`0x${address}`));
  });

  it('may have any line ends, blank lines, small letters, and none at the end', () => {
    const lines = [record('S0', '0000', '6869'), record('S1', '0100', 'ABCD'), END];
    const { segments } = read(...lines);
    for (const ends of ['\r\n', '\r', '\n\n', ' \t\n', '\r\n \r\n']) {
      for (const text of [lines.join(ends), `${ends}${lines.join(ends)}${ends}`]) expect(readSrec(bytesOf(text), '').segments).toEqual(segments);
    }
    expect(read(...lines.map((line) => line.toLowerCase().replace('s', 'S'))).segments).toEqual(segments);
  });

  it('may be counted, with those without data', () => {
    expect(read(record('S5', '0000'), record('S1', '0000', '00'), record('S1', '0000'), record('S5', '0002'), record('S6', '000002'), END).segments).toHaveLength(1);
  });

  it('may be as long as a length says, and without a header', () => {
    expect(read(record('S1', '0000', 'AA'.repeat(252)), END).segments[0]?.memoryBytes).toBe(252);
    expect(read(record('S3', '00000000', 'AA'.repeat(250)), END).segments[0]?.memoryBytes).toBe(250);
  });

  const good = record('S1', '0100', '0102'); // S1050100010225: 14 characters, and one of the line's end
  it.each<[string, number, string[]]>([
    ['the checksum is 0xf7, but that of this line is 0xf6', 12, ['S10501000102F7', END]],
    ['an odd number of digits follows the type of the record: 11', 12, ['S10501000102F', END]],
    ["'G' is no hexadecimal digit", 10, ['S105010001G2F6', END]],
    ['the byte 0x20 is no hexadecimal digit', 4, ['S105 01000102F6', END]],
    ['the byte 0x1a is no hexadecimal digit', 25, [good, `${END}\u001a`]],
    ['the byte 0xff is no hexadecimal digit', 2, ['S1\u00ff', END]],
    ['this line is no S-record: it does not begin with S0 … S3 or S5 … S9', 15, [good, 'S4030000FC', END]],
    ['this line is no S-record: it does not begin with S0 … S3 or S5 … S9', 0, ['S', END]],
    ['this line is no S-record: it does not begin with S0 … S3 or S5 … S9', 0, ['s9030000FC']],
    ['this line is no S-record: it does not begin with S0 … S3 or S5 … S9', 15, [good, ` ${END}`]],
    ['the record ends behind its type', 2, ['S1', END]],
    ['the record says that 5 bytes follow, but there are 4', 2, ['S105010001F8', END]],
    ['the record says that 5 bytes follow, but there are 6', 2, ['S10501000102F600', END]],
    ['the record says that 255 bytes follow, but there are 0', 2, ['S1FF', END]],
    ['2 bytes are too few for the address and the checksum of an S1 record', 2, ['S10201FC', END]],
    ['0 bytes are too few for the address and the checksum of an S7 record', 17, [good, 'S700']],
    ['an S9 record has no data, but this one has 1 bytes', 17, [good, record('S9', '0000', '00')]],
    ['an S5 record has no data, but this one has 2 bytes', 17, [good, record('S5', '0001', '0000'), END]],
    ['the count is 2, but there are 1 data records before it', 19, [good, record('S5', '0002'), END]],
    ['the count is 65537, but there are 1 data records before it', 19, [good, record('S6', '010001'), END]],
    ['the record for 0x101 overlaps one that ends at 0x102', 4, [record('S1', '0101', '03'), good, END]],
    ['the record for 0x100 overlaps one that ends at 0x102', 19, [good, good, END]],
    ['a record of 0x2 bytes at 0xffffffff goes beyond the 32-bit address space', 4, [record('S3', 'FFFFFFFF', '0102'), END]],
    ['there is text after the end record', 26, [good, END, good]],
    ['there is text after the end record', 26, [good, END, '$']],
    ['there is nothing to load in this file', 10, [END]],
    ['there is nothing to load in this file', 21, [record('S1', '0100'), END]],
    ['the file ends without an end record (S7, S8 or S9)', 14, [good]],
    ['the file ends without an end record (S7, S8 or S9)', 0, []],
  ])('%s (offset %i)', (reason, offset, lines) => {
    expect(refusal(readSrec, bytesOf(lines.join('\n')))).toMatchObject({
      code: 'ERR_EPIPHANY_BAD_PROGRAM', path: 'broken.srec', offset, message: `'broken.srec', offset 0x${offset.toString(16)}: ${reason}`,
    });
  });
});

describe('damaged files either read as something valid or are refused', () => {
  it('cut off after any byte', () => {
    // All of them, because the end record comes last; but its line may go without its end.
    for (let length = 0; length < FIRST_LIGHT.length - 2; ++length) expect(judge(readSrec, FIRST_LIGHT.subarray(0, length))).toBeDefined();
  });

  it('with any single bit turned', () => {
    const whole = readSrec(FIRST_LIGHT, '').segments;
    const bytes = FIRST_LIGHT.slice();
    for (let offset = 0; offset < bytes.length; ++offset) {
      for (let bit = 0; bit < 8; ++bit) {
        bytes[offset]! ^= 1 << bit;
        // What is read is the same, as digits in small letters are. The checksum does not cover the type of a record.
        const isType = bytes[offset - 1] === 0x53;
        if (judge(readSrec, bytes) === undefined && !isType) expect(readSrec(bytes, '').segments).toEqual(whole);
        bytes[offset]! ^= 1 << bit;
      }
    }
  });

  it('of which a small one cannot make much work', () => {
    // 80,000 records of one byte each, backwards; then one line of a million digits.
    const lines = Array.from({ length: 80_000 }, (_, index) => record('S2', (80_000 - index).toString(16).padStart(6, '0'), 'EE'));
    expect(read(...lines, END).segments).toMatchObject([{ address: 1, memoryBytes: 80_000 }]);
    const scattered = Array.from({ length: 4097 }, (_, index) => record('S2', (2 * index).toString(16).padStart(6, '0'), 'EE'));
    expect(read(...scattered.slice(1), END).segments).toHaveLength(4096);
    expect(refusal(readSrec, bytesOf([...scattered, END].join('\n')))).toMatchObject({ offset: 15 * 4096, message: expect.stringContaining('more than 4096 stretches of memory') as string });
    expect(refusal(readSrec, bytesOf(`S1${'FF'.repeat(500_000)}`)).message).toContain('says that 255 bytes follow, but there are 499999');
  });
});

describe('readProgram goes by how a file begins', () => {
  it('reads ELF files and S-records', () => {
    expect(readProgram(file('first-light.elf'), 'x')).toEqual(readElf(file('first-light.elf'), 'x'));
    expect(readProgram(FIRST_LIGHT, 'x')).toEqual(readSrec(FIRST_LIGHT, 'x'));
    expect(refusal(readProgram, bytesOf('S4')).message).toContain('this line is no S-record');
    expect(refusal(readProgram, bytesOf('\x7fELF')).message).toContain('the file ends within its ELF header');
  });

  it.each(['', 'S', 'SX', '\x7fEL', ':10010000214601360121470136007EFE09D2190140\n', '#!/bin/sh\n', 's9030000FC'])('and says what it wants instead of %j', (text) => {
    expect(refusal(readProgram, bytesOf(text))).toMatchObject({
      offset: 0, message: "'broken.srec', offset 0x0: this is no program: one begins with 0x7f 'ELF', or with 'S' and a digit if it is S-records",
    });
  });
});

function refusal(reader: typeof readProgram, bytes: Uint8Array): EpiphanyError {
  try {
    reader(bytes, 'broken.srec');
  } catch (error) {
    if (error instanceof EpiphanyError) return error;
    throw error;
  }
  return expect.fail('was read');
}
