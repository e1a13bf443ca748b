// SPDX-License-Identifier: MIT
/** A short run of scripts/ecore/fuzz-programs.mjs. */
import { expect, it } from 'vitest';
import { readElf } from '../../lib/program/elf.js';
import { readProgram } from '../../lib/program/read.js';
import { readSrec } from '../../lib/program/srec.js';
import { damaged, fuzz, judge } from '../fixtures/damaged-programs.mjs';

const readers = { readElf, readSrec, readProgram };

it('100,000 damaged programs are read as something valid, or refused for one of many reasons', () => {
  const { read, refused, reasons } = fuzz(readers, { seed: 0xec04e, count: 100_000 });
  expect(read).toBeGreaterThan(20_000);
  expect(refused).toBeGreaterThan(50_000);
  expect(reasons.size).toBeGreaterThan(40);
});

it('are the same in every run', () => {
  expect(damaged(1, 12345)).toEqual(damaged(1, 12345));
  expect(damaged(1, 12345)).not.toEqual(damaged(2, 12345));
});

it('are judged: what is neither program nor refusal is found', () => {
  const bytes = new Uint8Array(100);
  const segment = { address: 0, data: bytes.subarray(4, 8), memoryBytes: 4, flags: { read: true, write: true, execute: true } };
  const program = { path: 'damaged', entry: 0, segments: [segment], sections: [], symbols: [], symbolsByName: new Map() };
  expect(judge(() => program, bytes)).toBeUndefined();
  expect(() => judge(() => { throw new RangeError('Invalid array length'); }, bytes)).toThrow('threw what is no refusal');
  expect(() => judge(() => ({ ...program, segments: [] }), bytes)).toThrow('nothing to load');
  expect(() => judge(() => ({ ...program, segments: [segment, segment] }), bytes)).toThrow('overlap');
  expect(() => judge(() => ({ ...program, segments: [{ ...segment, address: 2 ** 32 - 1 }] }), bytes)).toThrow('beyond the address space');
  expect(() => judge(() => ({ ...program, segments: [{ ...segment, memoryBytes: 3 }] }), bytes)).toThrow('more data than memory');
  const elf = Uint8Array.of(0x7f, ...bytes);
  expect(() => judge(() => program, elf)).toThrow('no view into the file');
});
