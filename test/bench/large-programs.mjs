// SPDX-License-Identifier: MIT
// Program files of a size that no core has room for.
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';

const SYMBOLS = 12_000;
const DATA_BYTES = 0xa0000;
const DATA_SEGMENT = 2;
const [SYMTAB, STRTAB] = [5, 6];

/** first-light.elf of 1 MB: with its data segment, symbols and names made long. */
export function largeElf() {
  const original = readFileSync(new URL('../../examples/first-light/first-light.elf', import.meta.url));
  const names = Buffer.from(`\0${Array.from({ length: SYMBOLS }, (_, index) => `function_${index}\0`.padStart(16, 'a')).join('')}`);
  const symbols = new Uint32Array(4 * SYMBOLS);
  for (let index = 0; index < SYMBOLS; ++index) symbols.set([1 + 16 * index, 0x8e000000 + 2 * index, 2, (2 << 16) | 0x12], 4 * index);
  const parts = [original, Buffer.alloc(DATA_BYTES, 0x5a), Buffer.from(symbols.buffer), names];
  const [, dataAt, symbolsAt, namesAt] = parts.map((_, index) => parts.slice(0, index).reduce((sum, { length }) => sum + length, 0));

  const elf = new Uint8Array(Buffer.concat(parts));
  const view = new DataView(elf.buffer);
  const put = (offset, ...words) => words.forEach((word, index) => view.setUint32(offset + 4 * index, word, true));
  const segment = view.getUint32(28, true) + DATA_SEGMENT * 32;
  put(segment + 4, dataAt, 0x8e000000, 0x8e000000, DATA_BYTES, DATA_BYTES);
  const section = (index) => view.getUint32(32, true) + index * 40;
  put(section(SYMTAB) + 16, symbolsAt, 16 * SYMBOLS);
  put(section(STRTAB) + 16, namesAt, names.length);
  return { elf, symbols: SYMBOLS };
}

/** 1 MB of S-records, of 32 bytes each. */
export function largeRecords() {
  const count = 13_000;
  const lines = Array.from({ length: count }, (_, index) => {
    const bytes = Buffer.alloc(37, index);
    bytes[0] = 37;
    bytes.writeUInt32BE(0x8e000000 + 32 * index, 1);
    const sum = bytes.reduce((total, byte) => total + byte, 0);
    return `S3${bytes.toString('hex')}${Buffer.of(~sum & 0xff).toString('hex')}\r\n`.toUpperCase();
  });
  return { records: new Uint8Array(Buffer.from(`${lines.join('')}S7058E0000006C\r\n`)), bytes: 32 * count };
}
