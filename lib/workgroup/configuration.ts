// SPDX-License-Identifier: MIT
/**
 * What a program finds out about its place: small tables in sections that a loader fills.
 * Source: the layouts that programs of the Epiphany SDK, from 2013 to 2019, are compiled and linked for.
 */
import { Buffer } from 'node:buffer';
import { basename } from 'node:path';
import { coreIdAt, meshCoordinate, type Coordinate, type Rectangle } from '../address.js';
import type { Chip, SharedDram } from '../chip.js';
import { EpiphanyError } from '../errors.js';
import { printable } from '../printable.js';
import type { Patch } from '../program/loader.js';
import type { Program } from '../program/program.js';

const [WORKGROUP_TYPE, EXTERNAL_MEMORY_TYPE] = [3, 5];
const NO_MEANING = 0xdeadbeef;
const BSS_IS_CLEARED = 1;

/** A table, by the names that its section has had. */
interface Table {
  readonly sections: readonly string[];
  /** Where it is in programs whose file does not tell, and in all those of {@link hasOldLayout}. */
  readonly fixedAddress: number | undefined;
}
const WORKGROUP: Table = { sections: ['workgroup_cfg', 'workgroup_config'], fixedAddress: 0x28 };
const EXTERNAL_MEMORY: Table = { sections: ['ext_mem_cfg', 'external_mem_config'], fixedAddress: 0x50 };
/** New in 2016: older programs have code there. */
const LOADER: Table = { sections: ['loader_cfg'], fixedAddress: undefined };

/** Sections of startup code of the SDK: of its linker scripts, or of its objects if another script has no place for them. */
const SDK_STARTUP = ['ivt_reset', '.reserved_crt0', 'IVT_RESET', 'RESERVED_CRT0', 'reserved_crt0'];
/** Where sections are by linker scripts of the SDK until 2015.1, and by its `legacy.ldf` later, too; by no others. */
const OLD_PLACES: ReadonlyMap<string, number> = new Map([['workgroup_config', 0x28], ['external_mem_config', 0x50], ['.reserved_crt0', 0x58]]);

/** What of a board programs are told. */
export interface ChipOnBoard {
  readonly chip: Chip;
  readonly sharedDram: SharedDram | undefined;
}

/** The tables of one core. A table that the program has no place for is left out. */
export function configurationOf(program: Program, { chip, sharedDram }: ChipOnBoard, group: Rectangle, core: Coordinate): Patch[] {
  const origin = meshCoordinate(chip.origin);
  const first: Coordinate = { row: origin.row + group.row, column: origin.column + group.column };
  const place = [coreIdAt(first.row, first.column), first.row, first.column, group.rows, group.columns, core.row - group.row, core.column - group.column];
  const contents: readonly (readonly [Table, readonly number[]])[] = [
    [WORKGROUP, [WORKGROUP_TYPE, chip.type === 'E16G301' ? 0 : 1, ...place, NO_MEANING]],
    [EXTERNAL_MEMORY, [EXTERNAL_MEMORY_TYPE, sharedDram?.address ?? 0]],
    [LOADER, [BSS_IS_CLEARED, 0, 0, 0]],
  ];
  return contents.flatMap(([table, words]) => {
    const room = roomFor(program, table);
    return room ? [{ address: room.address, data: new Uint8Array(Uint32Array.from(words).buffer).subarray(0, room.bytes) }] : [];
  });
}

/** What is to be said of a program that is not told its place in the group though it seems to ask for it. */
export function missingTable(program: Program): string | undefined {
  const isOfSdk = program.sections.some(({ name }) => SDK_STARTUP.includes(name));
  if (!isOfSdk || roomFor(program, WORKGROUP)) return undefined;
  return `'${printable(program.path)}' has startup code of the Epiphany SDK, but no section ${WORKGROUP.sections.join(' or ')}: it is not told its place in the work-group`;
}

/** Where a table is, and how many bytes of it the program has room for. */
function roomFor(program: Program, { sections, fixedAddress }: Table): { readonly address: number; readonly bytes: number } | undefined {
  // The SDK's startup code has a loader_cfg that is not allocated: its script gives it an address nevertheless, an older one none.
  const section = program.sections.find(({ name, bytes, address, flags }) => sections.includes(name) && bytes >= 4 && (flags.allocate || address !== 0));
  if (section) return { address: section.address, bytes: section.bytes - (section.bytes % 4) };
  const isFixed = program.sections.length === 0 || hasOldLayout(program);
  return isFixed && fixedAddress !== undefined ? { address: fixedAddress, bytes: Infinity } : undefined;
}

/** Whether such a script has placed it: those keep room for tables also if no object has them. */
function hasOldLayout({ sections }: Program): boolean {
  return sections.some(({ name, address }) => OLD_PLACES.get(name) === address);
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
