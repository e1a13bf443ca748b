// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBoard, type Board } from '../../lib/board.js';
import type { Core } from '../../lib/core.js';
import { readElf } from '../../lib/program/elf.js';
import { patchPlacements, placeProgram, verifyProgram, writePlacements, type LoadReport } from '../../lib/program/loader.js';
import type { Program, Segment } from '../../lib/program/program.js';

let board: Board;
beforeEach(() => (board = openBoard('sim')));
afterEach(() => board.close());

function program(...segments: [address: number, data: number[], memoryBytes: number][]): Program {
  const flags = { read: true, write: true, execute: false };
  return {
    path: 'made-up.elf',
    entry: 0,
    segments: segments.map(([address, data, memoryBytes]): Segment => ({ address, data: Uint8Array.from(data), memoryBytes, flags })),
    sections: [],
    symbols: [],
    symbolsByName: new Map(),
  };
}

const loadProgram = (what: Program, cores: readonly Core[] = board.cores): LoadReport => writePlacements(placeProgram(what, board, cores), board);

describe('the loader', () => {
  it('lays the first program into every core, every byte of it', () => {
    const path = fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url));
    const elf = readElf(readFileSync(path), path);
    for (const core of board.cores) core.fill(0, 0x8000, 0xee);
    const { placements, bytes } = loadProgram(elf);
    const size = elf.segments.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    expect(bytes).toBe(16 * size);
    const check = verifyProgram(placements, board);
    expect(check).toMatchObject({ differing: 0, differences: [] });
    for (const core of board.cores) {
      const wanted = new Uint8Array(0x8000).fill(0xee);
      for (const { address, data, memoryBytes } of elf.segments) {
        wanted.fill(0, address, address + memoryBytes);
        wanted.set(data, address);
      }
      expect(core.read(0, 0x8000)).toEqual(wanted);
    }
    expect(elf.symbolsByName.get('result')?.address).toBe(0x4404);
  });

  it('puts each address where it belongs: all cores, one core, or shared DRAM once', () => {
    const placements = placeProgram(program([0x7ffe, [1, 2], 2], [0x84a00100, [3], 8], [0x8ffffffc, [4], 4]), board, board.cores);
    expect(placements).toHaveLength(16 + 1 + 1);
    expect(placements[16]).toMatchObject({ core: board.coreById(0x84a), address: 0x100 });
    expect(placements[17]).toMatchObject({ core: undefined, address: 0x1fffffc });
  });

  it('zeroes what the file leaves empty, in shared DRAM too', () => {
    const dram = board.sharedDramMapping();
    dram.fill(0x100, 0x100, 0xff);
    const { placements } = loadProgram(program([0x8e000101, [5, 6], 9]));
    expect(dram.read(0x100, 12)).toEqual(Uint8Array.of(0xff, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff));
    expect(verifyProgram(placements, board)).toMatchObject({ differing: 0, words: 3 });
  });

  it.each<[string, number, number]>([
    ['runs over the end of SRAM', 0x7fff, 2],
    ['lies in the hole above SRAM', 0x8000, 4],
    ['lies in the registers', 0xf0000, 4],
    ['runs over the end of SRAM of one core', 0x80807ffc, 8],
    ['belongs to a core that is not among ours', 0x80c00000, 4],
    ['lies in the eLink', 0x810f0200, 4],
    ['begins before shared DRAM', 0x8dfffffc, 8],
    ['runs over the end of shared DRAM', 0x8ffffffc, 8],
  ])('refuses a segment that %s, before anything is written', (_what, address, bytes) => {
    const bad = program([0, [1, 2, 3, 4], 4], [address, [9], bytes]);
    expect(() => loadProgram(bad)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_BAD_PROGRAM', path: 'made-up.elf' }));
    expect(board.core(0, 0).readWord(0)).toBe(0);
  });

  it('refuses what one core would have on top of what every core has', () => {
    const twice = program([0x100, [1, 2, 3, 4], 8], [0x84a00107, [9], 1]);
    expect(() => loadProgram(twice)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_BAD_PROGRAM', address: 0x84a00107, message: expect.stringContaining('overlaps') as string }));
    expect(board.core(0, 0).readWord(0x100)).toBe(0);
    const beside = program([0x100, [1, 2, 3, 4], 8], [0x84a00108, [9], 1]);
    expect(placeProgram(beside, board, board.cores)).toHaveLength(17);
  });

  it.each<[string, number]>([
    ['begins before a segment and reaches into it', 0x1ffe],
    ['begins in a segment and reaches beyond it', 0x200e],
  ])('refuses a table that %s', (_what, address) => {
    const placements = (what: Program, at: number, length: number): ReturnType<typeof patchPlacements> => {
      const [core] = board.cores as readonly [Core];
      return patchPlacements(what, placeProgram(what, board, [core]), board, new Map([[core, [{ address: at, data: new Uint8Array(length).fill(7) }]]]));
    };
    const whole = program([0x2000, [1, 2, 3, 4], 16]);
    expect(() => placements(whole, address, 4)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_BAD_PROGRAM', path: 'made-up.elf', address }));
    // All that touches it without crossing its ends is right.
    const data = (at: number, length: number): number[][] => placements(whole, at, length).map(({ segment }) => [...segment.data]);
    expect(data(0x1ffc, 4)).toEqual([[1, 2, 3, 4], [7, 7, 7, 7]]);
    expect(data(0x2000, 2)).toEqual([[7, 7, 3, 4]]);
    expect(data(0x200e, 2)).toEqual([[1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 7]]);
    expect(data(0x2010, 4)).toEqual([[1, 2, 3, 4], [7, 7, 7, 7]]);
  });

  it('finds every byte that differs, at any alignment, and counts more than it lists', () => {
    const data = Array.from({ length: 61 }, (_, index) => index + 1);
    const { placements } = loadProgram(program([0x1003, data, 70]), [board.core(2, 1)]);
    const core = board.core(2, 1);
    for (let offset = 0; offset < 70; ++offset) {
      const [before = 0] = core.read(0x1003 + offset, 1);
      core.fill(0x1003 + offset, 1, before ^ 0x80);
      expect(verifyProgram(placements, board)).toMatchObject({ differing: 1, differences: [{ core, address: 0x1003 + offset, expected: before, actual: before ^ 0x80 }] });
      core.fill(0x1003 + offset, 1, before);
    }
    core.fill(0x1002, 1, 0x77); // not the program's
    core.fill(0x1003 + 70, 1, 0x77);
    expect(verifyProgram(placements, board).differing).toBe(0);
    core.fill(0x1003, 70, 0xff);
    const { differing, differences } = verifyProgram(placements, board);
    expect([differing, differences.length]).toEqual([70, 16]);
  });
});
