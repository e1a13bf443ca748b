// SPDX-License-Identifier: MIT
/**
 * Reads ELF executables for the Epiphany. Total: whatever the bytes are, the outcome is a {@link Program} or an
 * `ERR_EPIPHANY_BAD_PROGRAM`.
 *
 * Two rules keep it so. Nothing is read at an offset that {@link ElfFile.claim} has not compared with the length of
 * the file; the fields have 32 bits and JavaScript numbers 53, so no sum of them can wrap. And time and memory are
 * bounded by the file's length: a table must be there in full before its count means anything, and all names together
 * have a greatest length, because ELF lets any number of symbols share one long name or its endings. Of what takes
 * more memory than its bytes in the file, a program has no more than any real one.
 *
 * Source: System V Application Binary Interface, chapters 4 and 5.
 */
import { Buffer } from 'node:buffer';
import { formatHex, type EpiphanyError } from '../errors.js';
import { badProgram, indexSymbols, MOST_SEGMENTS, type Program, type ProgramSymbol, type Section, type Segment } from './program.js';

const EM_EPIPHANY = 0x1223;
const HEADER_BYTES = 52;
const ADDRESS_END = 2 ** 32;
/** Bytes of names per byte of file: a symbol takes 16 bytes, so even if all had one name it could have 128 letters. */
const NAME_BUDGET = 8;
const MOST_NAME_BYTES = 2 ** 26;
/** More than all of Linux has. */
const MOST_SYMBOLS = 2 ** 18;

const PT_LOAD = 1;
const PF = { execute: 1, write: 2, read: 4 } as const;
const SHF = { write: 1, allocate: 2, execute: 4 } as const;
const SHT_NULL = 0;
const SECTION_TYPES: Readonly<Record<number, Section['type']>> = { 1: 'progbits', 2: 'symtab', 3: 'strtab', 8: 'nobits' };
const SYMBOL_TYPES: Readonly<Record<number, ProgramSymbol['type']>> = {
  1: 'object', 2: 'function', 3: 'section', 4: 'file', 5: 'object',
};
const SHN_UNDEF = 0;
const SHN_LORESERVE = 0xff00;

/** Machines that people compile for by mistake. */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'x86', 8: 'MIPS', 20: 'PowerPC', 40: 'ARM', 62: 'x86-64', 183: 'arm64', 243: 'RISC-V', 258: 'LoongArch',
};
const TYPES: Readonly<Record<number, string>> = {
  1: 'an object file, not a program: link it first',
  3: 'a shared object or a position-independent program: link it to fixed addresses',
  4: 'a core dump, not a program',
};

/**
 * Reads the bytes of an ELF file.
 * @param path names the file in errors and in the result
 * @throws EpiphanyError `ERR_EPIPHANY_BAD_PROGRAM`
 */
export function readElf(bytes: Uint8Array, path: string): Program {
  const file = new ElfFile(bytes, path);
  checkHeader(file);
  const segments = readSegments(file);
  const headers = readSectionHeaders(file);
  const symbols = readSymbols(file, headers);
  return {
    path,
    entry: file.u32(24),
    segments,
    sections: headers.filter((header) => header.type !== SHT_NULL).map((header) => header.section),
    symbols,
    symbolsByName: indexSymbols(symbols),
  };
}

function checkHeader(file: ElfFile): void {
  if (file.length < 4 || file.u32(0) !== 0x464c457f) throw file.bad(0, 'this is no ELF file');
  if (file.length < HEADER_BYTES) throw file.bad(file.length, 'the file ends within its ELF header');
  // The machine first: to somebody with the wrong compiler all the rest is a consequence. Both classes have it here.
  const bigEndian = file.u8(5) === 2;
  const machine = bigEndian ? (file.u8(18) << 8) | file.u8(19) : file.u16(18);
  if (machine !== EM_EPIPHANY) {
    const name = MACHINES[machine] ?? `machine ${formatHex(machine)}`;
    throw file.bad(18, `the program is for ${name}, not for Epiphany (${formatHex(EM_EPIPHANY)})`);
  }
  const [elfClass, encoding, version] = [file.u8(4), file.u8(5), file.u8(6)];
  if (elfClass !== 1) throw file.bad(4, `ELF class ${elfClass}${elfClass === 2 ? ' (64-bit)' : ''}, not 1 (32-bit)`);
  if (encoding !== 1) throw file.bad(5, `ELF encoding ${encoding}${bigEndian ? ' (big-endian)' : ''}, not 1 (little-endian)`);
  if (version !== 1) throw file.bad(6, `ELF version ${version}, not 1`);
  const type = file.u16(16);
  if (type !== 2) throw file.bad(16, `this is ${TYPES[type] ?? `ELF type ${formatHex(type)}, not a program`}`);
}

function readSegments(file: ElfFile): Segment[] {
  const found: { readonly at: number; readonly segment: Segment }[] = [];
  for (const at of file.table('program header', 28, 42, 32)) {
    if (file.u32(at) !== PT_LOAD) continue;
    const address = file.u32(at + 8); // virtual, not physical: what every loader for this chip has gone by
    const fileBytes = file.u32(at + 16);
    const memoryBytes = file.u32(at + 20);
    const flags = file.u32(at + 24);
    if (fileBytes > memoryBytes) {
      const [inFile, inMemory] = [formatHex(fileBytes), formatHex(memoryBytes)];
      throw file.bad(at + 16, `a segment has ${inFile} bytes in the file and ${inMemory} in memory`);
    }
    if (memoryBytes === 0) continue;
    if (found.length === MOST_SEGMENTS) throw file.bad(44, `there are more than ${MOST_SEGMENTS} segments to be loaded`);
    checkAddresses(file, at + 8, 'a segment', address, memoryBytes);
    // Beside a size of zero linkers put any offset.
    const data = fileBytes === 0 ? new Uint8Array() : file.claim(at + 4, 'a segment', file.u32(at + 4), fileBytes);
    const access = { read: has(flags, PF.read), write: has(flags, PF.write), execute: has(flags, PF.execute) };
    found.push({ at, segment: { address, data, memoryBytes, flags: access } });
  }
  if (found.length === 0) throw file.bad(44, 'there is nothing to load in this file');
  found.sort((a, b) => a.segment.address - b.segment.address);
  let end = 0;
  for (const { at, segment } of found) {
    if (segment.address < end) {
      const [here, there] = [formatHex(segment.address), formatHex(end)];
      throw file.bad(at + 8, `the segment at ${here} overlaps the one that ends at ${there}`);
    }
    end = segment.address + segment.memoryBytes;
  }
  return found.map(({ segment }) => segment);
}

/** A section with what only its own file needs to know of it. */
interface SectionHeader {
  readonly at: number;
  readonly type: number;
  readonly section: Section;
  readonly contents: Uint8Array;
}

function readSectionHeaders(file: ElfFile): SectionHeader[] {
  const nameless = file.table('section header', 32, 46, 40).map((at) => readSectionHeader(file, at));
  const namesIndex = file.u16(50);
  if (nameless.length === 0 || namesIndex === SHN_UNDEF) return nameless;
  const names = stringTable(file, nameless, 50, namesIndex);
  return nameless.map((header) => ({ ...header, section: { ...header.section, name: file.name(header.at, names) } }));
}

function readSectionHeader(file: ElfFile, at: number): SectionHeader {
  const number = file.u32(at + 4);
  const type = SECTION_TYPES[number] ?? 'other';
  const flags = file.u32(at + 8);
  const address = file.u32(at + 12);
  const bytes = file.u32(at + 20);
  const use = { allocate: has(flags, SHF.allocate), write: has(flags, SHF.write), execute: has(flags, SHF.execute) };
  if (use.allocate) checkAddresses(file, at + 12, 'a section', address, bytes);
  const inFile = number !== SHT_NULL && type !== 'nobits';
  const contents = inFile ? file.claim(at + 16, 'a section', file.u32(at + 16), bytes) : new Uint8Array();
  return { at, type: number, section: { name: '', address, bytes, type, flags: use }, contents };
}

function readSymbols(file: ElfFile, headers: readonly SectionHeader[]): ProgramSymbol[] {
  // The standard allows one such section; a second one is not looked at.
  const table = headers.find(({ section }) => section.type === 'symtab');
  if (table === undefined) return [];
  const { at } = table;
  const { bytes } = table.section;
  if (file.u32(at + 36) !== 16) throw file.bad(at + 36, `a symbol has ${file.u32(at + 36)} bytes, not 16`);
  if (bytes % 16 !== 0) throw file.bad(at + 20, `a symbol table of ${formatHex(bytes)} bytes ends within a symbol`);
  if (bytes / 16 > MOST_SYMBOLS) throw file.bad(at + 20, `there are ${bytes / 16} symbols, more than ${MOST_SYMBOLS}`);
  const names = stringTable(file, headers, at + 24, file.u32(at + 24));
  const start = file.u32(at + 16);
  const symbols: ProgramSymbol[] = [];
  for (let entry = start; entry < start + bytes; entry += 16) {
    const index = file.u16(entry + 14);
    if (index === SHN_UNDEF) continue; // used here, defined nowhere
    const home = index < SHN_LORESERVE ? headers[index] : undefined;
    if (index < SHN_LORESERVE && (home === undefined || home.type === SHT_NULL)) {
      throw file.bad(entry + 14, `a symbol is in section ${index}, which is none of the ${headers.length}`);
    }
    const information = file.u8(entry + 12);
    const type = SYMBOL_TYPES[information & 15] ?? 'none';
    // Linkers leave section symbols without a name of their own.
    const name = file.name(entry, names) || (type === 'section' ? home?.section.name : '');
    if (!name) continue;
    file.spend(entry, home?.section.name.length ?? 0); // a list of symbols says it with each of them
    symbols.push({
      name,
      address: file.u32(entry + 4),
      bytes: file.u32(entry + 8),
      type,
      binding: bindingOf(information >> 4),
      section: home?.section.name,
    });
  }
  return symbols;
}

/** Beyond local and weak stand only kinds of global: STB_GLOBAL and what systems add to it. */
function bindingOf(value: number): ProgramSymbol['binding'] {
  return value === 0 ? 'local' : value === 2 ? 'weak' : 'global';
}

/** The string table that the field at `field` names by its section's index. Its last byte ends the last name. */
function stringTable(file: ElfFile, headers: readonly SectionHeader[], field: number, index: number): Uint8Array {
  const header = headers[index];
  if (header?.section.type !== 'strtab') throw file.bad(field, `section ${index} is no string table`);
  if ((header.contents.at(-1) ?? 0) !== 0) {
    throw file.bad(header.at + 20, 'a string table does not end with a NUL character');
  }
  return header.contents;
}

function checkAddresses(file: ElfFile, field: number, what: string, address: number, bytes: number): void {
  if (address + bytes <= ADDRESS_END) return;
  const [size, place] = [formatHex(bytes), formatHex(address)];
  throw file.bad(field, `${what} of ${size} bytes at ${place} goes beyond the 32-bit address space`);
}

function has(flags: number, flag: number): boolean {
  return (flags & flag) !== 0;
}

/** The bytes of a file with the checks that make reading them safe. */
class ElfFile {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  #nameBudget: number;

  constructor(bytes: Uint8Array, path: string) {
    // Not `bytes.subarray` later on: a Buffer's would make Buffers.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
    this.length = bytes.byteLength;
    this.#nameBudget = Math.min(NAME_BUDGET * bytes.byteLength, MOST_NAME_BYTES);
  }

  u8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** A view of `bytes` bytes at `offset`, as the header's field at `field` says there are. */
  claim(field: number, what: string, offset: number, bytes: number): Uint8Array {
    if (offset + bytes <= this.length) return this.#bytes.subarray(offset, offset + bytes);
    const [size, place, end] = [formatHex(bytes), formatHex(offset), formatHex(this.length)];
    throw this.bad(field, `${what} of ${size} bytes at ${place} goes beyond the file's end at ${end}`);
  }

  /**
   * Offsets of the entries of a header table, of which the ELF header has the place at `placeField` and, side by
   * side at `entryField`, the size and the number of entries.
   */
  table(what: string, placeField: number, entryField: number, entryBytes: number): number[] {
    const place = this.u32(placeField);
    const stated = this.u16(entryField);
    const count = this.u16(entryField + 2);
    if (count === 0) return [];
    if (stated !== entryBytes) throw this.bad(entryField, `a ${what} has ${stated} bytes, not ${entryBytes}`);
    this.claim(placeField, `a table of ${what}s`, place, count * entryBytes);
    return Array.from({ length: count }, (_, index) => place + index * entryBytes);
  }

  /** The name in a string table to which the field at `field` refers; 0 there means none. */
  name(field: number, table: Uint8Array): string {
    const offset = this.u32(field);
    if (offset === 0) return '';
    if (offset >= table.length) {
      throw this.bad(field, `a name is at ${formatHex(offset)} of a string table of ${formatHex(table.length)} bytes`);
    }
    const affordable = table.subarray(offset, offset + this.#nameBudget + 1);
    const length = affordable.indexOf(0);
    this.spend(field, length < 0 ? Infinity : length);
    return Buffer.from(affordable.buffer, affordable.byteOffset, length).toString('utf8');
  }

  /** Letters of names, of which there are so many and no more. */
  spend(field: number, letters: number): void {
    if (letters > this.#nameBudget) throw this.bad(field, `the names of this file add up to more than ${NAME_BUDGET} times its size, or than ${MOST_NAME_BYTES / 2 ** 20} MiB`);
    this.#nameBudget -= letters;
  }

  bad(offset: number, reason: string): EpiphanyError {
    return badProgram(this.#path, offset, reason);
  }
}
