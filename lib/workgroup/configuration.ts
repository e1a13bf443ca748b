// SPDX-License-Identifier: MIT
/**
 * What a program finds out about its place: small tables in sections that a loader fills.
 * Source: the layouts that programs of the 2016 SDK, and older ones, are compiled for.
 */
import { Buffer } from 'node:buffer';
import { basename } from 'node:path';
import { coreIdAt, meshCoordinate, type Coordinate, type Rectangle } from '../address.js';
import type { Chip, SharedDram } from '../chip.js';
import { EpiphanyError } from '../errors.js';
import type { Patch } from '../program/loader.js';
import type { Program } from '../program/program.js';

const [WORKGROUP_TYPE, EXTERNAL_MEMORY_TYPE] = [3, 5];
const NO_MEANING = 0xdeadbeef;
const BSS_IS_CLEARED = 1;

/** Where the tables are in a program that has no sections to name them: an S-record file. */
const FIXED_ADDRESSES: Readonly<Record<string, number>> = { workgroup_cfg: 0x28, ext_mem_cfg: 0x50 };

/** What of a board programs are told. */
export interface ChipOnBoard {
  readonly chip: Chip;
  readonly sharedDram: SharedDram | undefined;
}

/**
 * The tables of one core. A table whose section the program does not have is left out: in programs before
 * 2016 code stands where later ones have `loader_cfg`.
 */
export function configurationOf(program: Program, { chip, sharedDram }: ChipOnBoard, group: Rectangle, core: Coordinate): Patch[] {
  const origin = meshCoordinate(chip.origin);
  const first: Coordinate = { row: origin.row + group.row, column: origin.column + group.column };
  const contents: Readonly<Record<string, readonly number[]>> = {
    workgroup_cfg: [
      WORKGROUP_TYPE,
      chip.type === 'E16G301' ? 0 : 1,
      coreIdAt(first.row, first.column),
      first.row,
      first.column,
      group.rows,
      group.columns,
      core.row - group.row,
      core.column - group.column,
      NO_MEANING,
    ],
    ext_mem_cfg: [EXTERNAL_MEMORY_TYPE, sharedDram?.address ?? 0],
    loader_cfg: [BSS_IS_CLEARED, 0, 0, 0],
  };
  return Object.entries(contents).flatMap(([name, words]) => {
    const section = program.sections.find((candidate) => candidate.name === name && candidate.flags.allocate);
    const address = section?.address ?? (program.sections.length === 0 ? FIXED_ADDRESSES[name] : undefined);
    if (address === undefined) return [];
    return [{ address, data: new Uint8Array(Uint32Array.from(section ? words.slice(0, section.bytes >> 2) : words).buffer) }];
  });
}

/** The section in which programs of our own startup code have room for arguments. */
const ARGUMENTS_SECTION = '.ecore_arguments';

/**
 * The arguments of `main`, as our startup code expects them: their number, the addresses of the texts, 0, and the
 * texts, each with a NUL at its end.
 * @throws `ERR_EPIPHANY_BAD_PROGRAM` if there are some, and no room for them
 */
export function argumentsOf(program: Program, parameters: readonly string[]): Patch[] {
  const section = program.sections.find(({ name }) => name === ARGUMENTS_SECTION);
  const texts = [basename(program.path), ...parameters].map((text) => Buffer.from(`${text}\0`));
  const header = 4 * (texts.length + 2);
  const bytes = texts.reduce((sum, text) => sum + text.length, header);
  if (!section || bytes > section.bytes) {
    if (parameters.length === 0) return [];
    const room = section ? `room for ${section.bytes} bytes of arguments, and these take ${bytes}` : 'no room for arguments';
    throw new EpiphanyError('ERR_EPIPHANY_BAD_PROGRAM', `'${program.path}' has ${room}`, { path: program.path });
  }
  const words = [texts.length];
  let at = section.address + header;
  for (const text of texts) {
    words.push(at);
    at += text.length;
  }
  return [{ address: section.address, data: Buffer.concat([Buffer.from(Uint32Array.of(...words, 0).buffer), ...texts]) }];
}
