// SPDX-License-Identifier: MIT
/** A program as its file describes it, before anything is loaded: what every reader of a file format makes. */
import { types } from 'node:util';
import { checkInteger, EpiphanyError, formatHex, invalidType, outOfRange } from '../errors.js';
import { bytesOf, checkView } from '../view.js';

export interface Program {
  /** File it was read from. */
  readonly path: string;
  /** Address the file names as its entry. A core does not go there: it starts at its SYNC vector. */
  readonly entry: number;
  /** What to load, in ascending order of address; none overlaps another or goes beyond the 32-bit address space. */
  readonly segments: readonly Segment[];
  /** Empty if the file was stripped of them, or its format has none. */
  readonly sections: readonly Section[];
  /** Every named symbol that the program defines, in the order of the file. Names may repeat. */
  readonly symbols: readonly ProgramSymbol[];
  /** Functions, objects and labels by name. Of several with one name: a global one, else a weak one, else the first. */
  readonly symbolsByName: ReadonlyMap<string, ProgramSymbol>;
}

/** A stretch of memory with what the file puts there. */
export interface Segment {
  /** Local to each core below 0x100000, else an eMesh address. */
  readonly address: number;
  /** First bytes of the segment; those of an ELF file are a view into the file's bytes, no copy. */
  readonly data: Uint8Array;
  /** Bytes in memory, at least `data.length`; what is beyond `data` is to be zero. */
  readonly memoryBytes: number;
  readonly flags: { readonly read: boolean; readonly write: boolean; readonly execute: boolean };
}

/** A named part of the file, in the linker's terms. */
export interface Section {
  readonly name: string;
  /** Where it is loaded, if `flags.allocate`; of others, what a linker script says of it, or 0. */
  readonly address: number;
  readonly bytes: number;
  readonly type: 'progbits' | 'nobits' | 'symtab' | 'strtab' | 'other';
  readonly flags: { readonly allocate: boolean; readonly write: boolean; readonly execute: boolean };
}

export interface ProgramSymbol {
  readonly name: string;
  /** What the file says, unchecked: an absolute symbol may be any number. */
  readonly address: number;
  /** 0 if unknown. */
  readonly bytes: number;
  readonly type: 'function' | 'object' | 'section' | 'file' | 'none';
  readonly binding: 'local' | 'weak' | 'global';
  /** Name of the section it is in; `undefined` for an absolute symbol. */
  readonly section: string | undefined;
}

/** Stretches of memory of one program. Compilers make a few, and hand-written linker scripts some dozens. */
export const MOST_SEGMENTS = 4096;

const RANK = { local: 0, weak: 1, global: 2 } as const;

/** Makes {@link Program.symbolsByName}. */
export function indexSymbols(symbols: readonly ProgramSymbol[]): ReadonlyMap<string, ProgramSymbol> {
  const index = new Map<string, ProgramSymbol>();
  for (const symbol of symbols) {
    if (symbol.type === 'section' || symbol.type === 'file') continue;
    const known = index.get(symbol.name);
    if (known === undefined || RANK[symbol.binding] > RANK[known.binding]) index.set(symbol.name, symbol);
  }
  return index;
}

/**
 * Checks that `value` has the shape of a program, with segments that can be, and returns it: as it was when it was
 * looked at, whatever its getters say later.
 * @throws TypeError, RangeError
 */
export function checkProgram(name: string, value: unknown): Program {
  const { path, entry, segments, sections, symbols, symbolsByName } = (value ?? {}) as Partial<Program>;
  const isProgram = typeof path === 'string' && [segments, sections, symbols].every(Array.isArray) && types.isMap(symbolsByName);
  if (!isProgram) throw invalidType(name, 'a path or a program', value);
  return {
    path,
    entry: checkInteger(`${name}.entry`, entry, 0, 0xffffffff),
    segments: checkSegments(`${name}.segments`, segments as unknown[]),
    sections: Array.from(sections as unknown[], (section, index) => checkSection(`${name}.sections[${index}]`, section)),
    symbols: Array.from(symbols as unknown[], (symbol, index) => checkSymbol(`${name}.symbols[${index}]`, symbol)),
    symbolsByName: new Map(Array.from(Map.prototype.entries.call(symbolsByName), ([key, symbol]) => [key as string, checkSymbol(`${name}.symbolsByName`, symbol)])),
  };
}

function checkSegments(name: string, values: readonly unknown[]): Segment[] {
  if (values.length > MOST_SEGMENTS) throw outOfRange(`${name}.length`, `at most ${MOST_SEGMENTS}`, values.length);
  const segments = Array.from(values, (segment, index) => checkSegment(`${name}[${index}]`, segment)).sort((a, b) => a.address - b.address);
  for (const [index, { address }] of segments.entries()) {
    const before = segments[index - 1];
    if (before && before.address + before.memoryBytes > address) throw outOfRange(name, 'segments that do not overlap', formatHex(address));
  }
  return segments;
}

function checkSegment(name: string, value: unknown): Segment {
  if (typeof value !== 'object' || value === null) throw invalidType(name, 'a segment', value);
  const { address, data, memoryBytes, flags } = value as Partial<Segment>;
  checkInteger(`${name}.address`, address, 0, 0xffffffff);
  if (!types.isUint8Array(data)) throw invalidType(`${name}.data`, 'a Uint8Array', data);
  const bytes = bytesOf(checkView(`${name}.data`, data));
  checkInteger(`${name}.memoryBytes`, memoryBytes, bytes.length, 2 ** 32 - (address as number));
  return { address: address as number, data: bytes, memoryBytes: memoryBytes as number, flags: flags as Segment['flags'] };
}

function checkSection(name: string, value: unknown): Section {
  if (typeof value !== 'object' || value === null) throw invalidType(name, 'a section', value);
  const { name: own, address, bytes, type, flags } = value as Partial<Section>;
  if (typeof own !== 'string') throw invalidType(`${name}.name`, 'a string', own);
  if (typeof flags !== 'object' || (flags as object | null) === null) throw invalidType(`${name}.flags`, 'an object', flags);
  return { name: own, ...checkExtent(name, address, bytes), type: type as Section['type'], flags: { ...flags } };
}

function checkSymbol(name: string, value: unknown): ProgramSymbol {
  if (typeof value !== 'object' || value === null) throw invalidType(name, 'a symbol', value);
  const { name: own, address, bytes, type, binding, section } = value as Partial<ProgramSymbol>;
  if (typeof own !== 'string') throw invalidType(`${name}.name`, 'a string', own);
  return { name: own, ...checkExtent(name, address, bytes), type: type as ProgramSymbol['type'], binding: binding as ProgramSymbol['binding'], section };
}

function checkExtent(name: string, address: unknown, bytes: unknown): { address: number; bytes: number } {
  return { address: checkInteger(`${name}.address`, address, 0, 0xffffffff), bytes: checkInteger(`${name}.bytes`, bytes, 0, 0xffffffff) };
}

/** The error of a file that is no usable program. `offset` is where in the file the trouble was found. */
export function badProgram(path: string, offset: number, reason: string): EpiphanyError {
  const message = `'${path}', offset ${formatHex(offset)}: ${reason}`;
  return new EpiphanyError('ERR_EPIPHANY_BAD_PROGRAM', message, { path, offset });
}
