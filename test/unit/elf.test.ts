// SPDX-License-Identifier: MIT
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EpiphanyError } from '../../lib/errors.js';
import { readElf } from '../../lib/program/elf.js';
import { judge } from '../fixtures/damaged-programs.mjs';

const FIRST_LIGHT = new Uint8Array(readFileSync(new URL('../../examples/first-light/first-light.elf', import.meta.url)));

describe('a real program: first-light.elf', () => {
  const program = readElf(FIRST_LIGHT, 'first-light.elf');

  it('has a segment for each kind of content, in its own bank', () => {
    const code = { read: true, write: false, execute: true };
    const variables = { read: true, write: true, execute: false };
    expect(program.segments.map(({ address, data, memoryBytes, flags }) => [address, data.length, memoryBytes, flags])).toEqual([
      [0x0000, 40, 40, code],
      [0x0100, 424, 424, code],
      [0x2000, 360, 360, variables],
      [0x4000, 0, 1040, variables],
    ]);
  });

  it('has views of the file as data, not copies', () => {
    for (const { data } of program.segments.slice(0, 3)) expect(data.buffer).toBe(FIRST_LIGHT.buffer);
    expect(new TextDecoder().decode(program.segments[2]?.data)).toMatch(/^First light from an eCore\.\n/);
  });

  it('has sections by name, without the unused first one', () => {
    expect(program.sections.map(({ name, type }) => `${name} ${type}`).join(', ')).toBe(
      '.ivt progbits, .text progbits, .data progbits, .bss nobits, .symtab symtab, .strtab strtab, .shstrtab strtab',
    );
    expect(program.sections[3]).toEqual({
      name: '.bss', address: 0x4000, bytes: 1040, type: 'nobits', flags: { allocate: true, write: true, execute: false },
    });
  });

  it('has symbols by name', () => {
    expect(program.symbolsByName.get('result')).toEqual({
      name: 'result', address: 0x4404, bytes: 4, type: 'object', binding: 'global', section: '.bss',
    });
    expect(program.symbolsByName.get('start')).toMatchObject({ address: 0x100, type: 'function', section: '.text' });
    expect(program.symbolsByName.get('stack_top')).toMatchObject({ address: 0x7ff0, type: 'none', section: undefined });
    expect(program.symbolsByName.get('.text')).toBeUndefined();
    expect(program.symbols).toContainEqual(expect.objectContaining({ name: '.text', type: 'section' }));
    expect(program).toMatchObject({ path: 'first-light.elf', entry: 0x100 });
  });

  it('reads the same from a Buffer in the middle of a larger one', () => {
    const pool = Buffer.alloc(FIRST_LIGHT.length + 9, 0xff);
    pool.set(FIRST_LIGHT, 5);
    const again = readElf(pool.subarray(5, 5 + FIRST_LIGHT.length), 'first-light.elf');
    expect(again).toEqual(program);
    expect(Object.getPrototypeOf(again.segments[0]?.data)).toBe(Uint8Array.prototype);
  });
});

describe('what is no Epiphany program is refused with one reason', () => {
  it.each<[string, number, (elf: Elf) => void]>([
    ['this is no ELF file', 0, (elf) => elf.set(1, 0x46)],
    ['the program is for ARM, not for Epiphany (0x1223)', 18, (elf) => elf.set16(18, 40)],
    ['the program is for machine 0xbeef, not for Epiphany (0x1223)', 18, (elf) => elf.set16(18, 0xbeef)],
    ['the program is for MIPS, not for Epiphany (0x1223)', 18, (elf) => elf.set(5, 2).set(18, 0).set(19, 8)],
    ['ELF class 2 (64-bit), not 1 (32-bit)', 4, (elf) => elf.set(4, 2)],
    ['ELF class 0, not 1 (32-bit)', 4, (elf) => elf.set(4, 0)],
    ['ELF encoding 2 (big-endian), not 1 (little-endian)', 5, (elf) => elf.set(5, 2).set(18, 0x12).set(19, 0x23)],
    ['ELF encoding 3, not 1 (little-endian)', 5, (elf) => elf.set(5, 3)],
    ['ELF version 0, not 1', 6, (elf) => elf.set(6, 0)],
    ['this is an object file, not a program: link it first', 16, (elf) => elf.set16(16, 1)],
    ['this is a shared object or a position-independent program: link it to fixed addresses', 16,
      (elf) => elf.set16(16, 3)],
    ['this is a core dump, not a program', 16, (elf) => elf.set16(16, 4)],
    ['this is ELF type 0xfe00, not a program', 16, (elf) => elf.set16(16, 0xfe00)],
  ])('%s', (reason, offset, spoil) => {
    const elf = new Elf();
    spoil(elf);
    expectRefusal(elf.bytes, offset, reason);
  });

  it("this machine's own programs, by their first 64 bytes", () => {
    const bytes = new Uint8Array(64);
    const file = openSync(process.execPath, 'r');
    readSync(file, bytes, 0, 64, 0);
    closeSync(file);
    expect(refusal(bytes).message).toMatch(/^'broken\.elf', offset 0x12: the program is for .+, not for Epiphany/);
  });

  it('nothing, and less than a header', () => {
    expectRefusal(new Uint8Array(), 0, 'this is no ELF file');
    expectRefusal(new Elf().bytes.slice(0, 51), 51, 'the file ends within its ELF header');
  });
});

describe('segments', () => {
  it('come in ascending order, those without memory left out', () => {
    const segments = [load(0x2000, 4), load(0x8e000000, 4), load(0x100, 4), load(0x100, 0), { ...load(0x100, 4), type: 4 }];
    const elf = new Elf({ segments });
    expect(readElf(elf.bytes, '').segments.map(({ address }) => address)).toEqual([0x100, 0x2000, 0x8e000000]);
  });

  it('may end with the address space, and follow each other without a gap', () => {
    const elf = new Elf({ segments: [load(0xfffffffc, 4), load(0xfffffff8, 4)] });
    expect(readElf(elf.bytes, '').segments).toHaveLength(2);
  });

  it('may name any offset if they have no bytes in the file', () => {
    const elf = new Elf({ segments: [{ ...load(0x100, 0), memoryBytes: 8, offset: 0xffffffff }] });
    expect(readElf(elf.bytes, '').segments[0]).toMatchObject({ memoryBytes: 8, data: new Uint8Array() });
  });

  it.each<[string, number, SegmentFields[]]>([
    ['there is nothing to load in this file', 44, []],
    ['there is nothing to load in this file', 44, [load(0x100, 0)]],
    ['a segment has 0x9 bytes in the file and 0x8 in memory', 52 + 16, [{ ...load(0x100, 9), memoryBytes: 8 }]],
    ['a segment of 0x5 bytes at 0xfffffffc goes beyond the 32-bit address space', 52 + 8, [load(0xfffffffc, 5)]],
    ['a segment of 0xffffffff bytes at 0xffffffff goes beyond the 32-bit address space', 52 + 8,
      [{ ...load(0xffffffff, 0), memoryBytes: 0xffffffff }]],
    ["a segment of 0x4 bytes at 0x52 goes beyond the file's end at 0x54", 52 + 4, [{ ...load(0x100, 4), offset: 0x52 }]],
    ["a segment of 0xffffffff bytes at 0xffffffff goes beyond the file's end at 0x54", 52 + 4,
      [{ ...load(0, 0xffffffff), offset: 0xffffffff }]],
    ['the segment at 0x103 overlaps the one that ends at 0x104', 52 + 8, [load(0x103, 4), load(0x100, 4)]],
    ['the segment at 0x100 overlaps the one that ends at 0x104', 84 + 8, [load(0x100, 4), load(0x100, 4)]],
  ])('%s (offset %i)', (reason, offset, segments) => {
    expectRefusal(new Elf({ segments }).bytes, offset, reason);
  });

  it('may be followed by bytes that nothing tells of', () => {
    expect(readElf(Buffer.concat([FIRST_LIGHT, Buffer.alloc(100_000, 0xff)]), '').segments).toEqual(readElf(FIRST_LIGHT, '').segments);
  });

  it('may be thousands, but not so many that each core has its own copies of too many', () => {
    const many = Array.from({ length: 4096 }, (_, index) => load(index * 4, 4));
    const empty = Array.from({ length: 1000 }, () => load(0, 0));
    expect(readElf(new Elf({ segments: [...empty, ...many] }).bytes, '').segments).toHaveLength(4096);
    expectRefusal(new Elf({ segments: [...many.slice(1), load(4, 4)] }).bytes, 52 + 4095 * 32 + 8, 'the segment at 0x4 overlaps the one that ends at 0x8');
    expectRefusal(new Elf({ segments: [...many, load(0x8e000000, 4)] }).bytes, 44, 'there are more than 4096 segments to be loaded');
  });

  it('need a whole table of the right kind', () => {
    expectRefusal(new Elf().set16(42, 31).bytes, 42, 'a program header has 31 bytes, not 32');
    const beyond = (size: string): string => `a table of program headers of ${size} goes beyond the file's end at 0x54`;
    expectRefusal(new Elf().set16(44, 0xffff).bytes, 28, beyond('0x1fffe0 bytes at 0x34'));
    expectRefusal(new Elf().set32(28, 0xfffffff0).bytes, 28, beyond('0x20 bytes at 0xfffffff0'));
  });
});

describe('sections and symbols', () => {
  const names = strings('.shstrtab', '.strtab', '.symtab', '.text');
  const symbolNames = strings('twin', 'other', 'gone', 'ünïcode');
  const base = (): SectionFields[] => [
    { type: 0 },
    { name: names.at('.text'), type: 1, flags: 6, address: 0x100, contents: new Uint8Array(4) },
    { name: names.at('.symtab'), type: 2, link: 3, entryBytes: 16, contents: symbolTable([]) },
    { name: names.at('.strtab'), type: 3, contents: symbolNames.bytes },
    { name: names.at('.shstrtab'), type: 3, contents: names.bytes },
  ];
  const withSymbols = (...symbols: SymbolFields[]): Elf => {
    const sections = base();
    Object.assign(sections[2]!, { contents: symbolTable(symbols) });
    return new Elf({ sections, namesIndex: 4 });
  };

  it('may be missing', () => {
    expect(readElf(new Elf().bytes, '')).toMatchObject({ sections: [], symbols: [] });
    expect(readElf(new Elf({ sections: base() }).bytes, '').sections.map(({ name }) => name)).toEqual(['', '', '', '']);
  });

  it('may say anything where it means nothing', () => {
    const sections = base();
    Object.assign(sections[0]!, { bytes: 0xffffffff });
    Object.assign(sections[3]!, { address: 0xffffffff });
    expect(readElf(new Elf({ sections, namesIndex: 4 }).bytes, '').sections).toHaveLength(4);
  });

  it('give a global symbol precedence over a weak one, and that over a local one', () => {
    const at = symbolNames.at('twin');
    const twins = [0, 2, 1, 1].map((binding, value) => ({ name: at, value, information: (binding << 4) | 2, section: 1 }));
    const address = (elf: Elf): number | undefined => readElf(elf.bytes, '').symbolsByName.get('twin')?.address;
    expect(address(withSymbols(...twins))).toBe(2);
    expect(address(withSymbols(...twins.slice(0, 2)))).toBe(1);
    expect(address(withSymbols(...twins.slice(0, 1), ...twins.slice(0, 1)))).toBe(0);
    expect(readElf(withSymbols(...twins).bytes, '').symbols).toHaveLength(4);
  });

  it('of one section may be many, unless its name would make megabytes of kilobytes', () => {
    const of = (letters: number): Elf => {
      const long = strings('.shstrtab', '.strtab', '.symtab', 's'.repeat(letters));
      const sections = base();
      Object.assign(sections[1]!, { name: long.at('s'.repeat(letters)) });
      Object.assign(sections[2]!, { contents: symbolTable(Array.from({ length: 300 }, (_, value) => ({ name: symbolNames.at('twin'), value, section: 1 }))) });
      Object.assign(sections[4]!, { contents: long.bytes });
      return new Elf({ sections, namesIndex: 4 });
    };
    expect(readElf(of(100).bytes, '').symbols).toHaveLength(300);
    expect(() => readElf(of(100_000).bytes, '')).toThrow(/the names of this file add up to more than 8 times its size/);
  });

  it('leave out what is defined elsewhere, and name section symbols after their section', () => {
    const { symbols } = readElf(withSymbols(
      { name: symbolNames.at('gone'), section: 0 },
      { name: 0, information: 3, section: 1 },
      { name: symbolNames.at('ünïcode'), information: 0xa6, section: 0xfff1 },
    ).bytes, '');
    expect(symbols).toEqual([
      { name: '.text', address: 0, bytes: 0, type: 'section', binding: 'local', section: '.text' },
      { name: 'ünïcode', address: 0, bytes: 0, type: 'none', binding: 'global', section: undefined },
    ]);
  });

  it.each<[string, number, Partial<SectionFields>]>([
    ['a section of 0xffffffff bytes at 0x68 goes beyond the file', 3, { bytes: 0xffffffff }],
    ['a section of 0x4 bytes at 0xfffffffe goes beyond the 32-bit address space', 1, { address: 0xfffffffe }],
    ['a symbol has 8 bytes, not 16', 2, { entryBytes: 8 }],
    ['a symbol table of 0x4 bytes ends within a symbol', 2, { contents: new Uint8Array(4) }],
    ['section 1 is no string table', 2, { link: 1 }],
    ['section 4294967295 is no string table', 2, { link: 0xffffffff }],
    ['a string table does not end with a NUL character', 3, { contents: new Uint8Array([0, 65]) }],
    ['a string table does not end with a NUL character', 4, { contents: names.bytes.slice(0, -1) }],
    ['a name is at 0x21 of a string table of 0x21 bytes', 1, { name: names.bytes.length }],
    ['a symbol is in section 5, which is none of the 5', 2, { contents: symbolTable([{ name: 0, section: 5 }]) }],
  ])('%s', (reason, index, fields) => {
    const sections = base();
    Object.assign(sections[index]!, fields);
    expect(refusal(new Elf({ sections, namesIndex: 4 }).bytes).message).toContain(reason);
  });

  it('cannot have symbols in what is no section', () => {
    const elf = withSymbols({ name: symbolNames.at('twin'), section: 1 });
    elf.set32(elf.bytes.length - 4 * 40 + 4, 0);
    expect(refusal(elf.bytes).message).toContain('a symbol is in section 1, which is none of the 5');
  });

  it('do not count if their number is 0, wherever their table is said to be', () => {
    expect(readElf(new Elf().set32(32, 0xffffffff).set16(46, 1).set16(50, 0xffff).bytes, '')).toMatchObject({ sections: [], symbols: [] });
  });

  it('need a whole table of the right kind', () => {
    expectRefusal(new Elf({ sections: base(), namesIndex: 5 }).bytes, 50, 'section 5 is no string table');
    expectRefusal(
      new Elf().set16(46, 40).set16(48, 0xffff).bytes, 32,
      "a table of section headers of 0x27ffd8 bytes at 0x0 goes beyond the file's end at 0x54",
    );
    expectRefusal(new Elf().set16(46, 64).set16(48, 1).bytes, 46, 'a section header has 64 bytes, not 40');
  });

  it('cannot make a small file into much work', () => {
    // 60,000 symbols whose names all run to the end of one string of a million letters.
    const letters = new Uint8Array(1_000_000).fill(0x61, 1, -1);
    const sections = base();
    const symbols = Array.from({ length: 60_000 }, (_, index) => ({ name: 1 + index, section: 1 }));
    Object.assign(sections[2]!, { contents: symbolTable(symbols) });
    Object.assign(sections[3]!, { contents: letters });
    expect(refusal(new Elf({ sections, namesIndex: 4 }).bytes).message).toContain('add up to more than 8 times its size');
    // More symbols than any program has.
    Object.assign(sections[2]!, { contents: new Uint8Array(16 * (2 ** 18 + 1)) });
    expect(refusal(new Elf({ sections, namesIndex: 4 }).bytes).message).toContain('there are 262145 symbols, more than 262144');
    // As many sections as there can be, which are all the same string table.
    const many = Array.from({ length: 0xffff }, (): SectionFields => ({ type: 3, name: 1, contents: new Uint8Array() }));
    Object.assign(many[1]!, { contents: strings('same').bytes });
    expect(readElf(new Elf({ sections: many, namesIndex: 1 }).bytes, '').sections.at(-1)).toMatchObject({ name: 'same' });
  });
});

describe('damaged files either read as something valid or are refused', () => {
  it('cut off after any byte', () => {
    for (let length = 0; length < FIRST_LIGHT.length; length++) {
      // The section headers are the last thing in the file, so no part of it is whole.
      expect(refusal(FIRST_LIGHT.slice(0, length)).offset).toBeLessThanOrEqual(length);
    }
  });

  it('with any single bit of the headers turned', () => {
    const sectionHeaders = new DataView(FIRST_LIGHT.buffer).getUint32(32, true);
    for (let offset = 0; offset < FIRST_LIGHT.length; offset++) {
      if (offset === 52 + 4 * 32) offset = sectionHeaders;
      for (let bit = 0; bit < 8; bit++) {
        const bytes = FIRST_LIGHT.slice();
        bytes[offset]! ^= 1 << bit;
        judge(readElf, bytes);
      }
    }
  });
});

function refusal(bytes: Uint8Array): EpiphanyError {
  try {
    readElf(bytes, 'broken.elf');
  } catch (error) {
    return checkRefusal(error, bytes);
  }
  return expect.fail('was read');
}

function expectRefusal(bytes: Uint8Array, offset: number, reason: string): void {
  expect(refusal(bytes)).toMatchObject({ offset, message: `'broken.elf', offset 0x${offset.toString(16)}: ${reason}` });
}

function checkRefusal(error: unknown, bytes: Uint8Array): EpiphanyError {
  // Plain comparisons: this runs tens of thousands of times.
  if (!(error instanceof EpiphanyError) || error.code !== 'ERR_EPIPHANY_BAD_PROGRAM') throw error;
  if (!(error.offset! >= 0 && error.offset! <= bytes.length)) expect.fail(`offset ${error.offset} is not in the file`);
  return error;
}

interface SegmentFields {
  type: number;
  address: number;
  fileBytes: number;
  memoryBytes: number;
  /** Default: 0, so that the ELF header serves as contents. */
  offset?: number;
}

interface SectionFields {
  type: number;
  name?: number;
  flags?: number;
  address?: number;
  link?: number;
  entryBytes?: number;
  contents?: Uint8Array;
  /** Default: that of the contents. */
  bytes?: number;
}

interface SymbolFields {
  name: number;
  section: number;
  value?: number;
  information?: number;
}

interface ElfFields {
  segments?: SegmentFields[];
  sections?: SectionFields[];
  /** Index of the section with the sections' names; 0 for none. */
  namesIndex?: number;
}

function load(address: number, bytes: number): SegmentFields {
  return { type: 1, address, fileBytes: bytes, memoryBytes: bytes };
}

/** A hand-made ELF file: header, program headers, contents of the sections, section headers. */
class Elf {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor({ segments = [{ ...load(0x100, 0), memoryBytes: 4 }], sections = [], namesIndex = 0 }: ElfFields = {}) {
    const contentsAt = 52 + 32 * segments.length;
    const sectionHeadersAt = contentsAt + sections.reduce((sum, { contents }) => sum + (contents?.length ?? 0), 0);
    this.bytes = new Uint8Array(sectionHeadersAt + 40 * sections.length);
    this.#view = new DataView(this.bytes.buffer);
    this.bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
    this.set16(16, 2).set16(18, 0x1223).set32(20, 1).set32(28, 52).set16(40, 52).set16(42, 32).set16(44, segments.length);
    if (sections.length > 0) {
      this.set32(32, sectionHeadersAt).set16(46, 40).set16(48, sections.length).set16(50, namesIndex);
    }
    segments.forEach(({ type, address, fileBytes, memoryBytes, offset = 0 }, index) => {
      this.#words(52 + 32 * index, [type, offset, address, 0, fileBytes, memoryBytes, 5, 4]);
    });
    let place = contentsAt;
    sections.forEach(({ type, name = 0, flags = 0, address = 0, link = 0, entryBytes = 0, ...rest }, index) => {
      const { contents = new Uint8Array(), bytes = contents.length } = rest;
      this.bytes.set(contents, place);
      this.#words(sectionHeadersAt + 40 * index, [name, type, flags, address, place, bytes, link, 0, 0, entryBytes]);
      place += contents.length;
    });
  }

  set(offset: number, value: number): this {
    this.#view.setUint8(offset, value);
    return this;
  }

  set16(offset: number, value: number): this {
    this.#view.setUint16(offset, value, true);
    return this;
  }

  set32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  #words(offset: number, values: number[]): void {
    values.forEach((value, index) => this.set32(offset + 4 * index, value));
  }
}

function strings(...names: string[]): { bytes: Uint8Array; at: (name: string) => number } {
  const bytes = new TextEncoder().encode(`\0${names.map((name) => `${name}\0`).join('')}`);
  return { bytes, at: (name) => Buffer.from(bytes).indexOf(`\0${name}\0`) + 1 };
}

function symbolTable(symbols: SymbolFields[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 * (symbols.length + 1)));
  symbols.forEach(({ name, section, value = 0, information = 0x10 }, index) => {
    const entry = 16 * (index + 1);
    view.setUint32(entry, name, true);
    view.setUint32(entry + 4, value, true);
    view.setUint8(entry + 12, information);
    view.setUint16(entry + 14, section, true);
  });
  return new Uint8Array(view.buffer);
}
