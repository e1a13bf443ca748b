// SPDX-License-Identifier: MIT
/**
 * What a program finds out about its place: small tables in sections that a loader fills.
 * Source: the layouts that programs of the Epiphany SDK, from 2013 to 2019, are compiled and linked for.
 */
import { Buffer } from 'node:buffer';
import { basename } from 'node:path';
import { coreIdAt, meshCoordinate, splitEmeshAddress, type Coordinate, type Rectangle } from '../address.js';
import type { Chip, SharedDram } from '../chip.js';
import { EpiphanyError, formatHex } from '../errors.js';
import { printable } from '../printable.js';
import type { Patch } from '../program/loader.js';
import type { Program } from '../program/program.js';

const [WORKGROUP_TYPE, EXTERNAL_MEMORY_TYPE] = [3, 5];
const NO_MEANING = 0xdeadbeef;
const BSS_IS_CLEARED = 1;

/** A table, by the names that its section has had, and that of the SDK's own object there. */
interface Table {
  readonly type: number;
  readonly sections: readonly string[];
  readonly symbol?: string;
  /** Where it is in programs whose file does not tell, and in all those of {@link hasOldLayout}. */
  readonly fixedAddress?: number;
  /** Without padding at its end. */
  readonly bytes: number;
}
const WORKGROUP: Table = { type: WORKGROUP_TYPE, sections: ['workgroup_cfg', 'workgroup_config'], symbol: 'e_group_config', fixedAddress: 0x28, bytes: 36 };
const EXTERNAL_MEMORY: Table = { type: EXTERNAL_MEMORY_TYPE, sections: ['ext_mem_cfg', 'external_mem_config'], symbol: 'e_emem_config', fixedAddress: 0x50, bytes: 8 };
/** New in 2016: older programs have code there. */
const LOADER: Table = { type: BSS_IS_CLEARED, sections: ['loader_cfg'], bytes: 16 };

/** Those that have a place without being named. */
const FIXED = [WORKGROUP, EXTERNAL_MEMORY].filter((table): table is Table & { readonly fixedAddress: number } => table.fixedAddress !== undefined);

/** Sections of startup code of the SDK: of its linker scripts, or of its objects if another script has no place for them. */
const SDK_STARTUP = ['ivt_reset', '.reserved_crt0', 'IVT_RESET', 'RESERVED_CRT0', 'reserved_crt0'];
/** Where that begins, whatever a script calls the section that it has put it into. */
const SDK_LABELS = ['.normal_start', 'normal_start'];
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
    [WORKGROUP, [WORKGROUP.type, chip.type === 'E16G301' ? 0 : 1, ...place, NO_MEANING]],
    [EXTERNAL_MEMORY, [EXTERNAL_MEMORY.type, sharedDram?.address ?? 0]],
    [LOADER, [LOADER.type, 0, 0, 0]],
  ];
  return contents.flatMap(([table, words]) => {
    const room = roomFor(program, table, coreIdAt(origin.row + core.row, origin.column + core.column));
    return room ? [{ address: room.address, data: new Uint8Array(Uint32Array.from(words).buffer).subarray(0, room.bytes) }] : [];
  });
}

/** What is to be said of a program that is not told its place in the group on all of these cores though it may ask for it. */
export function missingTable(program: Program, cores: readonly { readonly id: number }[]): string | undefined {
  if (cores.every(({ id }) => roomFor(program, WORKGROUP, id))) return undefined;
  const name = `'${printable(program.path)}'`;
  const consequence = 'it is not told its place in the work-group';
  if (program.sections.length === 0) return `${name} says nothing of sections, and has something else where programs of the Epiphany SDK have tables, at ${FIXED.map(({ fixedAddress }) => formatHex(fixedAddress)).join(' or ')}: ${consequence}`;
  const isOfSdk = program.sections.some((section) => SDK_STARTUP.includes(section.name)) || SDK_LABELS.some((label) => program.symbolsByName.has(label));
  return isOfSdk ? `${name} has startup code of the Epiphany SDK, but no section ${WORKGROUP.sections.join(' or ')}: ${consequence}` : undefined;
}

interface Room {
  readonly address: number;
  readonly bytes: number;
}

/** Where a table is on a core, and how many bytes of it the program has room for. */
function roomFor(program: Program, table: Table, core: number): Room | undefined {
  // The SDK's startup code has a loader_cfg that is not allocated: its script gives it an address nevertheless, an older one none.
  const section = program.sections.find(({ name, bytes, address, flags }) => table.sections.includes(name) && bytes >= 4 && (flags.allocate || address !== 0));
  if (section) return wholeWords(section);
  const symbol = table.symbol === undefined ? undefined : (program.symbolsByName.get(table.symbol) ?? program.symbolsByName.get(`_${table.symbol}`));
  if (symbol?.type === 'object' && symbol.section !== undefined && symbol.bytes >= table.bytes) return wholeWords(symbol);
  if (program.sections.length > 0 && !hasOldLayout(program)) return undefined;
  // Where the place of one is taken, the other is no table either.
  const rooms = new Map<Table, Room | undefined>(FIXED.map((each) => [each, freeRoom(program, each, core)]));
  return [...rooms.values()].includes(undefined) ? undefined : rooms.get(table);
}

function wholeWords({ address, bytes }: Room): Room {
  return { address, bytes: bytes === Infinity ? bytes : bytes - (bytes % 4) };
}

/** A fixed place, if nothing of the program is there, or what may be a table: the SDK's are zero, or have their type already. */
function freeRoom({ segments }: Program, { type, fixedAddress, bytes }: Table & { readonly fixedAddress: number }, core: number): Room | undefined {
  const end = fixedAddress + bytes;
  let room = Infinity;
  for (const { address, data, memoryBytes } of segments) {
    const { id, local } = splitEmeshAddress(address);
    const segmentEnd = local + memoryBytes;
    if ((id !== 0 && id !== core) || segmentEnd <= fixedAddress) continue;
    if (local < end) {
      if (local > fixedAddress || segmentEnd < end) return undefined;
      const there = data.subarray(fixedAddress - local, end - local);
      const isTable = there[0] === type && there.subarray(1, 4).every((byte) => byte === 0);
      if (!isTable && there.some((byte) => byte !== 0)) return undefined;
    }
    room = Math.min(room, (local < end ? segmentEnd : local) - fixedAddress);
  }
  return wholeWords({ address: fixedAddress, bytes: room });
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
