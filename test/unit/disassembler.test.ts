// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { disassemble } from '../../lib/program/disassembler.js';
import { readElf } from '../../lib/program/elf.js';
import type { ProgramSymbol } from '../../lib/program/program.js';
import { SymbolMap } from '../../lib/program/symbol-map.js';
import { BLOCK_BYTES, digest, ends, parts } from '../fixtures/disassembly.mjs';

interface Golden {
  objdump: string;
  blocks: string[];
  ends: string;
}
const golden = JSON.parse(readFileSync(new URL('../fixtures/disassembly.json', import.meta.url), 'utf8')) as Golden;

const bytesOf = (...halfwords: number[]): Uint8Array => new Uint8Array(Uint16Array.from(halfwords).buffer);
const textsOf = (...halfwords: number[]): string[] => Array.from(disassemble(bytesOf(...halfwords), 0), ({ text }) => text);

describe(`the disassembler writes what ${golden.objdump} writes`, () => {
  // If one of these fails, "node scripts/ecore/disassembly-golden.mjs --compare" shows the lines.
  it('for every halfword and a million words', () => {
    const different: string[] = [];
    let block = 0;
    for (const { address, bytes } of parts()) {
      for (let offset = 0; offset < bytes.length; offset += BLOCK_BYTES, ++block) {
        const lines = disassemble(bytes.subarray(offset, offset + BLOCK_BYTES), address + offset);
        if (digest(lines) !== golden.blocks[block]) different.push(`block ${block}, at 0x${(address + offset).toString(16)}`);
      }
    }
    expect(different).toEqual([]);
    expect(block).toBe(golden.blocks.length);
  });

  it('for what is left of an instruction where memory ends', () => {
    expect(digest(ends().flatMap((halfword) => [...disassemble(bytesOf(halfword), 0)]))).toBe(golden.ends);
  });
});

describe('the disassembler', () => {
  it('has today\'s names for two registers that binutils call by old ones', () => {
    expect(textsOf(0x010f, 0x0802, 0x0d0f, 0x0032)).toEqual(['movts fstatus,r0', 'movts resetcore,r0']);
  });

  it('gives each line with address, length and bits, and only when it is asked for', () => {
    const lines = disassemble(bytesOf(0x01a2, 0xbe0b, 0x27f2, 0x0000), 0x8e000000);
    expect(lines.next().value).toEqual({ address: 0x8e000000, label: undefined, length: 2, bits: 0x01a2, text: 'nop' });
    expect(lines.next().value).toEqual({ address: 0x8e000002, label: undefined, length: 4, bits: 0x27f2be0b, text: 'mov sp,0x7ff0' });
    expect(lines.next().value).toMatchObject({ address: 0x8e000006, bits: 0, text: 'beq 0x8e000006' });
    expect(lines.next()).toEqual({ done: true, value: undefined });
  });

  it('takes four bytes for what is no instruction, as far as there are any', () => {
    expect(Array.from(disassemble(bytesOf(0x00f2, 0x01a2, 0x01a2, 0x00f2), 0), ({ length, text }) => [length, text])).toEqual([[4, '*unknown*'], [2, 'nop'], [2, '*unknown*']]);
  });

  it('takes any bytes, also an odd number of them', () => {
    expect([...disassemble(new Uint8Array(), 0)]).toEqual([]);
    const view = Uint8Array.of(0xff, 0xa2, 0x01, 0x4c).subarray(1);
    expect(Array.from(disassemble(view, 2), ({ address, length, text }) => [address, length, text])).toEqual([[2, 2, 'nop'], [4, 1, '.byte 0x4c']]);
    expect(Array.from(disassemble(Uint8Array.of(0x4c, 0x00, 0xff), 0), ({ length, bits, text }) => [length, bits, text])).toEqual([[2, 0x4c, 'ldr r0,[r0,+0x0]'], [1, 0xff, '.byte 0xff']]);
  });
});

describe('the symbols of a program', () => {
  const code = { allocate: true, write: false, execute: true };
  const symbol = (name: string, address: number, more: Partial<ProgramSymbol> = {}): ProgramSymbol => ({ name, address, bytes: 0, type: 'none', binding: 'local', section: '.text', ...more });
  const map = new SymbolMap({
    sections: [
      { name: '.text', address: 0x100, bytes: 0x20, type: 'progbits', flags: code },
      { name: '.debug', address: 0, bytes: 0x1000, type: 'progbits', flags: { ...code, allocate: false } },
    ],
    symbols: [
      symbol('late', 0x110), symbol('main', 0x100, { type: 'function', binding: 'global' }), symbol('start', 0x100, { binding: 'global' }), symbol('helper', 0x110, { type: 'function' }),
      symbol('.text', 0x108, { type: 'section' }), symbol('size', 0x104, { section: undefined }), symbol('before', 0x80),
    ],
  });

  it('name their addresses, functions first, and no place that they are only a number in', () => {
    expect([0x100, 0x104, 0x108, 0x110, 0x80, 0].map((address) => map.nameOf(address))).toEqual(['main', undefined, undefined, 'helper', 'before', undefined]);
  });

  it('name what follows them in their section', () => {
    expect([0x100, 0x10e, 0x110, 0x11f].map((address) => map.describe(address))).toEqual(['main', 'main+0xe', 'helper', 'helper+0xf']);
    expect([0, 0x80, 0xfe, 0x120].map((address) => map.describe(address))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('stand in the text as objdump puts them', () => {
    const lines = [...disassemble(bytesOf(0x08e0, 0x04f0, 0x08e8, 0x0000, 0x80e0), 0x100, map)];
    expect(lines.map(({ label, text }) => [label, text])).toEqual([['main', 'b 110 <helper>'], [undefined, 'bl 10a <main+0xa>'], [undefined, 'b 114 <helper+0x4>'], [undefined, 'b 0x8']]);
  });

  it('tell what is data, up to the next symbol, as objdump takes it', () => {
    const object = { type: 'object' } as const;
    const symbols = new SymbolMap({
      sections: [{ name: '.text', address: 0x100, bytes: 0x1d, type: 'progbits', flags: code }, { name: '.other', address: 0x11e, bytes: 4, type: 'progbits', flags: code }],
      symbols: [
        symbol('_start', 0x100, { type: 'function', binding: 'global' }), symbol('table', 0x102, { ...object, bytes: 4 }), symbol('after', 0x10c, { type: 'function' }),
        symbol('odd', 0x10e, object), symbol('named', 0x111), symbol('both', 0x113, object), symbol('function', 0x113, { type: 'function' }),
        symbol('number', 0x115, { binding: 'global' }), symbol('datum', 0x115, object), symbol('end', 0x119), symbol('last', 0x11b, object), symbol('y', 0x120, { ...object, section: '.other' }),
      ],
    });
    const text = new Uint8Array([...bytesOf(0x01a2, 0x5678, 0x1234, 0x01a2, 0x01b2, 0x6568, 0x01b2), 1, 2, 3, ...bytesOf(0x01a2, 0x01b2, 0x01a2, 0x01b2, 0x01a2), 0x41, 0x42]);
    expect(Array.from(disassemble(text, 0x100, symbols), ({ address, label, bits, text: line }) => [address, label, bits, line])).toEqual([
      [0x100, '_start', 0x01a2, 'nop'], [0x102, 'table', 0x12345678, '.word 0x12345678'], [0x106, undefined, 0x01b201a2, '.word 0x1b201a2'], [0x10a, undefined, 0x6568, '.hword 0x6568'],
      [0x10c, 'after', 0x01b2, 'idle'], [0x10e, 'odd', 0x0201, '.hword 0x201'], [0x110, undefined, 3, '.byte 0x3'],
      [0x111, 'named', 0x01a2, 'nop'], [0x113, 'function', 0x01b2, 'idle'], [0x115, 'datum', 0x01b201a2, '.word 0x1b201a2'],
      [0x119, 'end', 0x01a2, 'nop'], [0x11b, 'last', 0x4241, '.hword 0x4241'],
    ]);
    // What is at the end of one section says nothing of the next one.
    expect(Array.from(disassemble(bytesOf(0x01a2, 0x0005), 0x11e, symbols), ({ text: line }) => line)).toEqual(['nop', '.hword 0x5']);
    expect(Array.from(disassemble(Uint8Array.of(1, 2, 3), 0x102, symbols), ({ text: line }) => line)).toEqual(['.hword 0x201', '.byte 0x3']); // no more is there
  });

  it('make a program readable: first-light.elf', () => {
    const program = readElf(new Uint8Array(readFileSync(new URL('../../examples/first-light/first-light.elf', import.meta.url))), 'first-light.elf');
    const text = program.segments[1]?.data as Uint8Array;
    const lines = [...disassemble(text, 0x100, new SymbolMap(program))];
    expect(lines.slice(0, 4).map(({ label, text }) => [label, text])).toEqual([['start', 'mov sp,0x7ff0'], [undefined, 'mov r0,0x10e'], [undefined, 'movts iret,r0'], [undefined, 'rti']]);
    expect(lines.map(({ text }) => text)).toContain('bl 154 <make_table>');
    expect(lines.filter(({ text }) => text === '*unknown*')).toEqual([]);
  });
});
