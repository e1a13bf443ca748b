// SPDX-License-Identifier: MIT
/** Structures are laid out as GCC for the Epiphany does it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layout } from '../../lib/index.js';

const word = layout({ x: 'i32' });
const short = layout({ x: 'u16', y: 'u8' });

/** Structures, and what GCC 12.2 makes of them: size, alignment, and where each field is. */
const STRUCTURES: readonly [fields: Parameters<typeof layout>[0], bytes: number, alignment: number, ...offsets: number[]][] = [
  [{ a: 'u8' }, 1, 1, 0],
  [{ a: ['u8', 2], b: 'u8' }, 3, 1, 0, 2],
  [{ a: ['u8', 4] }, 4, 4, 0],
  [{ a: ['u8', 5] }, 8, 8, 0],
  [{ a: ['u8', 9] }, 16, 8, 0],
  [{ a: 'u16', b: 'u8' }, 4, 2, 0, 2],
  [{ a: 'u8', b: 'u16' }, 4, 4, 0, 2],
  [{ a: 'u8', b: 'u16', c: 'u8' }, 8, 8, 0, 2, 4],
  [{ a: 'f32' }, 4, 4, 0],
  [{ a: 'f32', b: 'f32', c: 'f32' }, 16, 8, 0, 4, 8],
  [{ a: 'u8', b: 'f64' }, 16, 8, 0, 8],
  // Arrays:
  [{ a: ['i32', 1] }, 8, 8, 0],
  [{ a: 'u8', b: ['f32', 3] }, 24, 8, 0, 8],
  [{ a: 'u8', b: ['u16', 40] }, 88, 8, 0, 2],
  // Structures within:
  [{ a: 'u8', b: word }, 8, 8, 0, 4],
  [{ a: 'u8', b: [word, 2] }, 16, 8, 0, 8],
  [{ a: 'u8', b: [short, 2] }, 16, 8, 0, 2],
  [{ a: 'u8', b: layout({ x: 'f32', y: 'f32' }), c: 'u8' }, 24, 8, 0, 8, 16],
];

/** The compiler that `npm run ecore:toolchain` builds. */
const compiler = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'node-epiphany/toolchain/bin/epiphany-elf-gcc');

describe('a layout', () => {
  it.each(STRUCTURES)('%j has %i bytes at multiples of %i', (fields, bytes, alignment, ...offsets) => {
    const made = layout(fields);
    expect([made.bytes, made.alignment, ...Object.keys(fields).map((name) => made.offsetOf(name))]).toEqual([bytes, alignment, ...offsets]);
  });

  it.skipIf(!existsSync(compiler))('is that of the compiler that is here', () => {
    const headers = STRUCTURES.map(([fields, , alignment], index) => `${layout(fields).header(`type_${index}`)}_Static_assert(_Alignof(type_${index}) == ${alignment}, "");\n`);
    const { status, stderr } = spawnSync(compiler, ['-fsyntax-only', '-x', 'c', '-'], { input: headers.join(''), encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each([undefined, null, 5, [], {}, { a: 'u99' }, { a: null }, { a: ['u8'] }, { a: ['u8', 0] }, { a: ['u8', 2 ** 31] }, { a: ['u8', NaN] }, { '1a': 'u8' }, { int: 'u8' }, { 'a b': 'u8' }])('cannot be made of %j', (fields) => {
    expect(() => layout(fields as never)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/) as string }));
  });

  it('takes names that C allows', () => {
    for (const name of ['', 'struct x', 'int', 'a;', '1', 'while']) expect(() => word.header(name)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    expect(() => word.header(undefined as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    expect(word.header('integer')).toContain('} integer;');
  });
});
