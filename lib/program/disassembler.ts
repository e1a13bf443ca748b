// SPDX-License-Identifier: MIT
/** Programs as text: what objdump of GNU binutils 2.40 prints, see docs/disassembler.md. */
import { formatHex } from '../errors.js';
import { native } from '../native.js';
import type { SymbolMap } from './symbol-map.js';

/** An instruction, or what stands where one should be, or data. */
export interface Line {
  readonly address: number;
  /** Bytes that it takes: 2 or 4, or 1 at the end of an odd number of bytes of code or data. */
  readonly length: number;
  /** These bytes as a number, the first one lowest. */
  readonly bits: number;
  readonly text: string;
  /** The name of this address, if a symbol has it. */
  readonly label: string | undefined;
}

const DIRECTIVES = [[4, '.word'], [2, '.hword'], [1, '.byte']] as const;

/**
 * Disassembles instructions one behind the other, each when it is asked for.
 * @param address of the first byte; instructions lie at even ones
 * @param symbols give labels, names to the targets of branches, and tell what is data
 */
export function* disassemble(bytes: Uint8Array, address: number, symbols?: SymbolMap): Generator<Line, void> {
  for (let offset = 0; offset < bytes.length; ) {
    const at = address + offset;
    const endOfData = symbols?.endOfData(at);
    const content = endOfData === undefined ? instructionAt(bytes, offset, at, symbols) : dataAt(bytes, offset, endOfData - at);
    const line = { address: at, label: symbols?.nameOf(at), ...content };
    yield line;
    offset += line.length;
  }
}

/** Numbers of the general registers that an instruction names, by the names that it has for them. */
export function registersIn(text: string): ReadonlyMap<string, number> {
  const names = text.replace(/<.*>/, '').match(/\b(r\d+|fp|sp|lr)\b/g) ?? [];
  const named = new Map(names.map((name) => [name, registerNumber(name)]));
  const [, first = ''] = /^(?:ldrd|strd) (\w+)/.exec(text) ?? []; // of a pair only the first is named
  if (first !== '') named.set(`r${registerNumber(first) + 1}`, registerNumber(first) + 1);
  return named;
}

/** The number of a general register, by the names of the disassembler. */
export function registerNumber(name: string): number {
  return { fp: 11, sp: 13, lr: 14 }[name] ?? Number(name.slice(1));
}

function instructionAt(bytes: Uint8Array, offset: number, address: number, symbols: SymbolMap | undefined): Pick<Line, 'length' | 'bits' | 'text'> {
  const available = bytes.length - offset;
  if (available < 2) return { length: 1, bits: bytes[offset] as number, text: `.byte ${formatHex(bytes[offset] as number)}` };
  const bits = halfword(bytes, offset) + (available < 4 ? 0 : halfword(bytes, offset + 2) * 0x10000);
  const [length, text, target] = native.disassemble(bits, available < 4 ? 2 : 4, address);
  const name = target === undefined ? undefined : symbols?.describe(target);
  return {
    length,
    bits: length === 2 ? bits % 0x10000 : bits,
    text: name === undefined ? text : `${text.slice(0, text.indexOf(' '))} ${(target as number).toString(16)} <${name}>`,
  };
}

/** As much of so many bytes as an assembler's directive takes. */
function dataAt(bytes: Uint8Array, offset: number, most: number): Pick<Line, 'length' | 'bits' | 'text'> {
  const available = Math.min(most, bytes.length - offset);
  const [length, directive] = DIRECTIVES.find(([size]) => size <= available) as (typeof DIRECTIVES)[number];
  const bits = Array.from({ length }, (_, index) => bytes[offset + index] as number).reduceRight((sum, byte) => sum * 0x100 + byte, 0);
  return { length, bits, text: `${directive} ${formatHex(bits)}` };
}

function halfword(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] as number) + (bytes[offset + 1] as number) * 0x100;
}
