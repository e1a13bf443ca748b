// SPDX-License-Identifier: MIT
/** What the places of a program are called. */
import { formatHex } from '../errors.js';
import { indexUpTo, lastUpTo } from './places.js';
import type { Program, ProgramSymbol, Section } from './program.js';

/** A symbol names what follows it, up to the next one and within its section. */
interface Extent {
  readonly symbol: ProgramSymbol;
  readonly end: number;
}

export class SymbolMap {
  /** In ascending order of address. */
  readonly #sections: readonly Section[];
  /** In ascending order of address, one for each. */
  readonly #symbols: readonly ProgramSymbol[];
  readonly #functions: readonly ProgramSymbol[];
  /** Whether the compiler puts `_` before names of C. */
  readonly #isPrefixed: boolean;

  constructor({ sections, symbols }: Pick<Program, 'sections' | 'symbols'>) {
    this.#sections = sections.filter(({ flags, bytes }) => flags.allocate && bytes > 0).sort((a, b) => a.address - b.address);
    // An absolute symbol is a number and names no place.
    this.#symbols = symbols
      .filter(({ type, section }) => type !== 'section' && type !== 'file' && section !== undefined)
      .sort((a, b) => a.address - b.address || rank(b) - rank(a))
      .filter(({ address }, index, sorted) => sorted[index - 1]?.address !== address);
    // Compilers for this chip leave out the type of main.
    this.#functions = this.#symbols.filter(({ type, bytes }) => type === 'function' || (type === 'none' && bytes > 0));
    this.#isPrefixed = symbols.some(({ name }) => name === '_main');
  }

  /** The name of this very address. */
  nameOf(address: number): string | undefined {
    const symbol = lastUpTo(this.#symbols, address);
    return symbol?.address === address ? symbol.name : undefined;
  }

  /** The address as `name` or `name+0x4`, by the last symbol before it in the section that it lies in. */
  describe(address: number): string | undefined {
    const symbol = this.labelBefore(address);
    if (!symbol) return undefined;
    return symbol.address === address ? symbol.name : `${symbol.name}+${formatHex(address - symbol.address)}`;
  }

  /**
   * Where in the source an instruction is: `main`, `main+6`, by the function around it, else by the last label before it.
   * Offsets are in bytes, names as they are in C.
   */
  locate(address: number): string | undefined {
    const last = lastUpTo(this.#functions, address);
    const around = last && address < last.address + Math.max(last.bytes, 1) ? last : this.labelBefore(address);
    if (!around) return undefined;
    const name = this.#isPrefixed && /^_[^_]/.test(around.name) ? around.name.slice(1) : around.name;
    return around.address === address ? name : `${name}+${address - around.address}`;
  }

  /** The last symbol up to an address, in the section that it lies in. */
  labelBefore(address: number): ProgramSymbol | undefined {
    return this.#extentAt(address)?.symbol;
  }

  /** Where the data end that are at this address, by the type of their symbol; undefined if there are none. */
  endOfData(address: number): number | undefined {
    const extent = this.#extentAt(address);
    return extent?.symbol.type === 'object' ? extent.end : undefined;
  }

  #extentAt(address: number): Extent | undefined {
    const index = indexUpTo(this.#symbols, address);
    const symbol = this.#symbols[index];
    const section = lastUpTo(this.#sections, address);
    if (!symbol || !section || address >= section.address + section.bytes || symbol.address < section.address) return undefined;
    return { symbol, end: Math.min(section.address + section.bytes, this.#symbols[index + 1]?.address ?? Infinity) };
  }
}

/** Of several symbols at one address a function gives the name, then data, then what is not local. */
function rank({ type, binding }: ProgramSymbol): number {
  return (type === 'function' ? 4 : type === 'object' ? 2 : 0) + (binding === 'local' ? 0 : 1);
}
