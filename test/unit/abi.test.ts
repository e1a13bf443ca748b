// SPDX-License-Identifier: MIT
/** lib/transport/abi.ts against the driver's own headers, as compilers of each architecture understand it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CONSTANTS, decode, encode, laidOut, offsetOf, REQUESTS, STRUCTURES, structureBytes, type StructureName } from '../../lib/transport/abi.js';
import { RECORD_TYPES } from '../../lib/transport/events.js';

const folder = fileURLToPath(new URL('../../kernel/include/uapi', import.meta.url));
const header = ['epiphany', 'epiphany_legacy'].map((name) => readFileSync(`${folder}/misc/${name}.h`, 'utf8')).join('\n').replaceAll(/\/\*[^]*?\*\//g, ' ');
const TYPES: Readonly<Record<string, string>> = { __u32: 'u32', __s32: 's32', __u64: 'u64' };

/** A field of the header: as `offsetof` takes it, and its type there. */
interface HeaderField {
  readonly name: string;
  readonly type: string;
}

/** Every scalar of the structures of the header, with those in structures within, in order. */
function structuresOf(text: string): Map<string, HeaderField[]> {
  const tokens = text.match(/[A-Za-z_]\w*|[{}[\];]|\d+/g) ?? [];
  const found = new Map<string, HeaderField[]>();
  let at = 0;
  const take = (): string => tokens[at++] ?? '';
  const body = (): HeaderField[] => {
    const fields: HeaderField[] = [];
    while (tokens[at] !== '}') {
      const word = take();
      const isNested = (word === 'struct' || word === 'union') && tokens[at] === '{';
      const type = word === 'struct' && !isNested ? take() : word;
      let inner: HeaderField[] = [{ name: '', type: TYPES[type] ?? '' }];
      if (isNested) {
        at++;
        inner = body();
        at++;
      } else if (word === 'struct') {
        inner = found.get(type) ?? [];
      }
      let name = tokens[at] === ';' ? '' : take();
      if (tokens[at] === '[') {
        name += '[0]';
        at += 3;
      }
      expect(take(), `after ${name}`).toBe(';');
      fields.push(...inner.map((field) => ({ ...field, name: [name, field.name].filter((part) => part !== '').join('.') })));
    }
    return fields;
  };
  while (at < tokens.length) {
    const [word, name = '', brace] = tokens.slice(at, at + 3);
    if (word !== 'struct' || brace !== '{') {
      at++;
      continue;
    }
    at += 3;
    found.set(name, body());
  }
  return found;
}

/** Names of plain numbers: macros without parameters, and members of enumerations. */
function namesOfNumbers(text: string): string[] {
  const macros = [...text.matchAll(/^#define\s+(E(?:PIPHANY)?_\w+)\s+(?=\S)/gm)].map(([, name = '']) => name);
  const members = [...text.matchAll(/enum\s+\w+\s*\{([^}]*)\}/g)].flatMap(([, list = '']) => [...list.matchAll(/\b(E(?:PIPHANY)?_\w+)\s*(?:=|,|$)/gm)].map(([, name = '']) => name));
  return [...macros, ...members].filter((name) => name !== 'E_IOCTL_MAGIC');
}

/** What a compiler makes of constant expressions; nothing is run, so that it may compile for any architecture. */
function evaluate(compiler: string, expressions: readonly string[]): number[] {
  const marks = expressions.map((expression, index) => `__asm__ volatile("\\n@@${index} %0" :: "i"((unsigned long)(${expression})));`);
  const source = `#include <stddef.h>\n#include <misc/epiphany.h>\nvoid f(void) {\n${marks.join('\n')}\n}\n`;
  const { stdout, stderr, status } = spawnSync(compiler, ['-S', '-O1', '-Wall', '-Werror', '-I', folder, '-x', 'c', '-o', '-', '-'], { input: source, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  const values = new Map([...stdout.matchAll(/@@(\d+) [$#]?(-?\d+)/g)].map(([, index, value]) => [Number(index), Number(value)]));
  // A machine of 32 bits prints large numbers as negative ones.
  return expressions.map((_, index) => {
    const value = values.get(index) ?? Number.NaN;
    return value < 0 ? value + 2 ** 32 : value;
  });
}

const inHeader = structuresOf(header);
const numbers = namesOfNumbers(header);
const ALL = Object.keys(STRUCTURES) as StructureName[];

describe("the table of the driver's interface", () => {
  it('has every structure and every field of the header, and no other', () => {
    expect(ALL.sort()).toEqual([...inHeader.keys()].sort());
    for (const name of ALL) expect(laidOut(name).places.map((place) => ({ name: place.name, type: place.type })), name).toEqual(inHeader.get(name));
  });

  it('has every number of the header, and no other', () => {
    expect([...Object.keys(CONSTANTS), ...Object.keys(REQUESTS)].sort()).toEqual([...numbers].sort());
  });

  it.each([
    ['this machine', 'gcc'],
    ['armhf', 'arm-linux-gnueabihf-gcc'],
  ])('is what a compiler for %s makes of the header', (_, compiler) => {
    const missing = spawnSync(compiler, ['--version']).status !== 0;
    if (missing && process.env['CI']) throw new Error(`${compiler} is not here: the driver's interface was not checked`);
    if (missing) return;
    const cases: [expression: string, expected: number][] = [
      ...ALL.flatMap((name): [string, number][] => [
        [`sizeof(struct ${name})`, structureBytes(name)],
        ...laidOut(name).places.flatMap((place): [string, number][] => [
          [`offsetof(struct ${name}, ${place.name})`, place.offset],
          [`sizeof(((struct ${name} *)0)->${place.name})`, place.bytes],
        ]),
      ]),
      ...Object.entries({ ...CONSTANTS, ...REQUESTS }),
    ];
    const values = evaluate(compiler, cases.map(([expression]) => expression));
    expect(Object.fromEntries(cases.map(([expression], index) => [expression, values[index]]))).toEqual(Object.fromEntries(cases));
  });

  it('is where the types of event records come from', () => {
    const names = Object.entries(CONSTANTS).filter(([name]) => name.startsWith('EPIPHANY_EVENT_'));
    for (const [name, value] of names) expect(RECORD_TYPES[name.slice('EPIPHANY_EVENT_'.length).toLowerCase() as keyof typeof RECORD_TYPES], name).toBe(value);
  });

  it('notices what is new in the header', () => {
    const grown = header.replace('__u32 version;', '__u32 version;\n\t__u32 news;');
    expect(structuresOf(grown).get('epiphany_info')).not.toEqual(inHeader.get('epiphany_info'));
    expect(namesOfNumbers(`${header}\n#define EPIPHANY_NEWS 5\nenum x { EPIPHANY_A = 1, EPIPHANY_B };`).sort()).toEqual([...numbers, 'EPIPHANY_NEWS', 'EPIPHANY_A', 'EPIPHANY_B'].sort());
  });
});

describe('structures', () => {
  it('are read as they were written, with their own size in front', () => {
    const view = encode('epiphany_dma_copy', { source: { kind: 1, address: 0xffff_ffff_fffcn }, destination: { kind: 2, fd: -1, address: 0x8e000000 }, bytes: 64 });
    expect(view.getUint32(0, true)).toBe(view.byteLength);
    expect(decode('epiphany_dma_copy', view)).toEqual({ size: 56, flags: 0, source: { kind: 1, fd: 0, address: 0xffff_ffff_fffcn }, destination: { kind: 2, fd: -1, address: 0x8e000000n }, bytes: 64n, cookie: 0n });
    expect(offsetOf('epiphany_claim', 'fd')).toBe(44);
    expect(() => offsetOf('epiphany_claim', 'nonsense' as 'fd')).toThrow(TypeError);
  });

  it('hold unions and arrays', () => {
    const view = encode('e_elink_info', { version: 7, array: { id: 0x808n, connections: [{ type: 1n, dev: 5n }] } });
    const { version, array, remote_elink_id } = decode('e_elink_info', view);
    expect([version, array.id, remote_elink_id, array.connections[0]]).toEqual([7, 0x808n, 0x808n, { type: 1n, dev: 5n, id: 5n }]);
  });
});
