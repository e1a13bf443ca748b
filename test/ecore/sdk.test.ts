// SPDX-License-Identifier: MIT
/** Programs that are laid out as the Epiphany SDK's linker scripts of several years do it: what they are told of their place. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openBoard, type Core, type Program, type WorkGroup } from '../../lib/index.js';
import { readProgramFile } from '../../lib/program/file.js';
import { indexSymbols, type Segment } from '../../lib/program/program.js';

const fileOf = (name: string): string => fileURLToPath(new URL(`sdk/${name}.elf`, import.meta.url));
const GROUP = { row: 1, column: 1, rows: 2, columns: 2 };
const DRAM = 0x8e000000;
const wordsOf = (core: Core, address: number, count: number): number[] => [...core.words.slice(address / 4, address / 4 + count)];

const ANY = { read: true, write: true, execute: true };
/** As S-records give it: without sections and symbols. */
const bare = ({ path, entry, segments }: Pick<Program, 'path' | 'entry' | 'segments'>): Program => ({ path, entry, segments, sections: [], symbols: [], symbolsByName: new Map() });

/** Loads it into cores that hold something else, and collects what is said about it. */
async function loaded(group: WorkGroup, source: Parameters<WorkGroup['load']>[0]): Promise<string[]> {
  for (const core of group.cores) core.fill(0, 0x8000, 0xee);
  const warnings: string[] = [];
  await group.load(source, { onWarning: (message) => void warnings.push(message) });
  return warnings;
}

describe('a program of the SDK', () => {
  it.each([
    ['of 2015, with the tables as objects', 'tables-2015', 0],
    ['of 2015, without: their places are kept free', 'plain-2015', 0],
    ['of 2016, whose startup code asks what its loader did', 'loader-2016', 1],
  ])('%s: each core reads its place', async (_, name, flags) => {
    using board = openBoard('sim');
    using group = board.workgroup(GROUP);
    expect(await loaded(group, fileOf(name))).toEqual([]);
    for (const [index, core] of group.cores.entries()) {
      expect(wordsOf(core, 0x28, 12)).toEqual([3, 0, 0x849, 33, 9, 2, 2, index >> 1, index & 1, 0xdeadbeef, 5, DRAM]);
    }
    group.start();
    const states = await group.finished();
    expect(states.map(({ state, exitCode }) => [state, exitCode])).toEqual([0x00, 0x01, 0x10, 0x11].map((place) => ['exited', (flags << 8) | place]));
  });

  it('of 2016, linked by the script of 2015: its loader_cfg has no place, and nothing is written over its vectors', async () => {
    using board = openBoard('sim');
    using group = board.workgroup(GROUP);
    const program = await readProgramFile(fileOf('loader-2015'));
    expect(program.sections.find(({ name }) => name === 'loader_cfg')).toMatchObject({ address: 0, bytes: 16, flags: { allocate: false } });
    expect(await loaded(group, program)).toEqual([]);
    const [{ address, data }] = program.segments as readonly [(typeof program.segments)[number]];
    expect(address).toBe(0);
    for (const core of group.cores) {
      expect(core.read(0, 0x28)).toEqual(Uint8Array.from(data.subarray(0, 0x28)));
      expect(core.read(0x58, data.length - 0x58)).toEqual(Uint8Array.from(data.subarray(0x58)));
      expect(wordsOf(core, 0x28, 3)).toEqual([3, 0, 0x849]);
    }
  });

  it('is told what it has room for, and no more', async () => {
    using board = openBoard('sim');
    using group = board.workgroup(GROUP);
    const whole = await readProgramFile(fileOf('tables-2015'));
    const cut = whole.sections.map((section) => (section.name === 'workgroup_config' ? { ...section, bytes: 10 } : section));
    await loaded(group, { ...whole, sections: cut });
    expect(wordsOf(group.cores[3] as Core, 0x28, 3)).toEqual([3, 0, 0]);
    // One that was collected as garbage: its place is still free.
    const without = whole.sections.filter(({ name }) => name !== 'external_mem_config');
    for (const sections of [without, without.filter(({ name }) => name === 'workgroup_config')]) {
      expect(await loaded(group, { ...whole, sections })).toEqual([]);
      expect(wordsOf(group.cores[3] as Core, 0x50, 2)).toEqual([5, DRAM]);
    }
    // In a script of somebody's own the name alone says nothing of other places.
    await loaded(group, { ...whole, sections: without.flatMap((section) => (section.name === 'workgroup_config' ? [{ ...section, address: 0x2000 }] : [])) });
    expect([wordsOf(group.cores[3] as Core, 0x50, 2), wordsOf(group.cores[3] as Core, 0x2000, 3)]).toEqual([[0, 0], [3, 0, 0x849]]);
  });

  it('without any place for tables is left as it is, with a warning', async () => {
    using board = openBoard('sim');
    using group = board.workgroup(GROUP);
    const program = await readProgramFile(fileOf('plain-2012'));
    const [warning, ...others] = await loaded(group, program);
    expect(warning).toMatch(/plain-2012\.elf' has startup code of the Epiphany SDK, but no section workgroup_cfg or workgroup_config/);
    expect(others).toEqual([]);
    const [{ data }] = program.segments as readonly [(typeof program.segments)[number]];
    for (const core of group.cores) expect(core.read(0, data.length)).toEqual(Uint8Array.from(data));
    // Nobody asked for warnings: then they are the process's.
    const told = once(process, 'warning');
    await group.load(program);
    expect((await told)[0]).toMatchObject({ name: 'EpiphanyWarning', message: warning });
    await expect(group.load(program, { onWarning: 'no' as never })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  it.each([
    ['with the tables as objects', 'tables-2015'],
    ['without, where their places are free', 'plain-2015'],
  ])('as S-records, which have no sections, %s: each core reads its place', async (_, name) => {
    using board = openBoard('sim');
    using group = board.workgroup(GROUP);
    expect(await loaded(group, bare(await readProgramFile(fileOf(name))))).toEqual([]);
    for (const [index, core] of group.cores.entries()) {
      expect(wordsOf(core, 0x28, 12)).toEqual([3, 0, 0x849, 33, 9, 2, 2, index >> 1, index & 1, 0xdeadbeef, 5, DRAM]);
    }
    group.start();
    expect((await group.finished()).map(({ exitCode }) => exitCode)).toEqual([0x00, 0x01, 0x10, 0x11]);
  });

  it('that has something else where tables would be, and no sections, is left as it is, with a warning', async () => {
    using board = openBoard('sim');
    using group = board.workgroup(GROUP);
    // Code of a year without tables; code over both; code that ends within the first; code over the second alone.
    const plain = (await readProgramFile(fileOf('plain-2012'))).segments[0]?.data as Uint8Array;
    const nops = (from: number, to: number): Segment => ({ address: from, data: Uint8Array.from({ length: to - from }, (_, index) => [0xa2, 0x01][index % 2] as number), memoryBytes: to - from, flags: ANY });
    for (const segments of [[{ address: 0, data: plain, memoryBytes: plain.length, flags: ANY }], [nops(0, 112)], [nops(0, 44)], [nops(0x50, 0x58)], [{ ...nops(0, 0x2c), address: 0x84900000 }]]) {
      const warnings = await loaded(group, bare({ path: 'some.srec', entry: 0, segments }));
      expect(warnings).toEqual([expect.stringMatching(/^'some\.srec' says nothing of sections, and has something else .* at 0x28 or 0x50: it is not told its place/) as string]);
      for (const { address, data } of segments) expect(group.cores[0]?.read(address & 0xfffff, data.length)).toEqual(Uint8Array.from(data));
      // Nor is there any part of a table beside it.
      const beside = segments[0]?.address === 0x50 ? 0x28 : 0x70;
      expect(wordsOf(group.cores[0] as Core, beside, 2)).toEqual([0xeeeeeeee, 0xeeeeeeee]);
    }
  });

  it('whose table a loader has filled already, or that has less room for it, is told what there is room for', async () => {
    using board = openBoard('sim');
    using group = board.workgroup(GROUP);
    const filled = Uint8Array.from({ length: 40 }, (_, index) => (index === 0 ? 3 : index < 4 ? 0 : 0x77));
    await loaded(group, bare({ path: 'some.srec', entry: 0, segments: [{ address: 0x28, data: filled, memoryBytes: 40, flags: ANY }] }));
    expect(wordsOf(group.cores[3] as Core, 0x28, 12)).toEqual([3, 0, 0x849, 33, 9, 2, 2, 1, 1, 0xdeadbeef, 5, DRAM]);
    for (const segment of [{ address: 0x28, data: new Uint8Array(36), memoryBytes: 36, flags: ANY }, { address: 0x4c, data: Uint8Array.of(1, 2, 3, 4), memoryBytes: 4, flags: ANY }]) {
      expect(await loaded(group, bare({ path: 'some.srec', entry: 0, segments: [segment] }))).toEqual([]);
      expect(wordsOf(group.cores[3] as Core, 0x28, 10)).toEqual([3, 0, 0x849, 33, 9, 2, 2, 1, 1, segment.address === 0x28 ? 0xeeeeeeee : 0x04030201]);
    }
  });

  it('of a script that names sections in another way is known by its symbols', async () => {
    using board = openBoard('sim');
    using group = board.workgroup(GROUP);
    const program = await readProgramFile(fileOf('plain-2012'));
    const sections = program.sections.filter(({ flags }) => flags.allocate).map((section) => ({ ...section, name: '.text' }));
    const [warning] = await loaded(group, { ...program, sections });
    expect(warning).toMatch(/has startup code of the Epiphany SDK, but no section workgroup_cfg or workgroup_config/);
    // The objects of its library are the tables, wherever they are.
    for (const prefix of ['', '_']) {
      const table = { name: `${prefix}e_group_config`, address: 0x2000, bytes: 40, type: 'object', binding: 'global', section: '.text' } as const;
      const symbols = [...program.symbols, table];
      expect(await loaded(group, { ...program, sections, symbols, symbolsByName: indexSymbols(symbols) })).toEqual([]);
      expect(wordsOf(group.cores[3] as Core, 0x2000, 9)).toEqual([3, 0, 0x849, 33, 9, 2, 2, 1, 1]);
    }
  });

  it('is what is warned about, and none of our own', async () => {
    using board = openBoard('sim');
    using group = board.workgroup(GROUP);
    expect(await loaded(group, fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url)))).toEqual([]);
    expect(await loaded(group, fileURLToPath(new URL('programs/startup.elf', import.meta.url)))).toEqual([]);
  });
});
