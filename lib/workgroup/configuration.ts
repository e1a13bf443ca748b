// SPDX-License-Identifier: MIT
/**
 * What a program finds out about its place: small tables in sections that a loader fills.
 * Source: the layouts that programs of the 2016 SDK, and older ones, are compiled for.
 */
import type { Board } from '../board.js';
import type { Core } from '../core.js';
import type { Patch } from '../program/loader.js';
import type { Program } from '../program/program.js';

/** A rectangle of cores, in rows and columns of the chip. */
export interface Rectangle {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}


const [WORKGROUP_TYPE, EXTERNAL_MEMORY_TYPE] = [3, 5];
const NO_MEANING = 0xdeadbeef;
const BSS_IS_CLEARED = 1;

/** Where the tables are in a program that has no sections to name them: an S-record file. */
const FIXED_ADDRESSES: Readonly<Record<string, number>> = { workgroup_cfg: 0x28, ext_mem_cfg: 0x50 };

/**
 * The tables of one core. A table whose section the program does not have is left out: in programs before
 * 2016 code stands where later ones have `loader_cfg`.
 */
export function configurationOf(program: Program, board: Board, group: Rectangle, core: Core): Patch[] {
  const { chip } = board;
  const origin = { row: chip.origin >> 6, column: chip.origin & 0x3f };
  const first = board.core(group.row, group.column);
  const contents: Readonly<Record<string, readonly number[]>> = {
    workgroup_cfg: [
      WORKGROUP_TYPE,
      chip.type === 'E16G301' ? 0 : 1,
      first.id,
      origin.row + group.row,
      origin.column + group.column,
      group.rows,
      group.columns,
      core.row - group.row,
      core.column - group.column,
      NO_MEANING,
    ],
    ext_mem_cfg: [EXTERNAL_MEMORY_TYPE, board.sharedDram?.address ?? 0],
    loader_cfg: [BSS_IS_CLEARED, 0, 0, 0],
  };
  return Object.entries(contents).flatMap(([name, words]) => {
    const section = program.sections.find((candidate) => candidate.name === name && candidate.flags.allocate);
    const address = section?.address ?? (program.sections.length === 0 ? FIXED_ADDRESSES[name] : undefined);
    if (address === undefined) return [];
    return [{ address, data: new Uint8Array(Uint32Array.from(section ? words.slice(0, section.bytes >> 2) : words).buffer) }];
  });
}
