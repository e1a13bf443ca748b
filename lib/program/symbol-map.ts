// SPDX-License-Identifier: MIT
/** What the places of a program are called. */
import { formatHex } from '../errors.js';
import { lastUpTo } from './places.js';
import type { Program, ProgramSymbol, Section } from './program.js';

export class SymbolMap {
  /** In ascending order of address. */
  readonly #sections: readonly Section[];
  /** In ascending order of address, one for each. */
  readonly #symbols: readonly ProgramSymbol[];

  constructor({ sections, symbols }: Pick<Program, 'sections' | 'symbols'>) {
    this.#sections = sections.filter(({ flags, bytes }) => flags.allocate && bytes > 0).sort((a, b) => a.address - b.address);
    // An absolute symbol is a number and names no place.
    this.#symbols = symbols
      .filter(({ type, section }) => type !== 'section' && type !== 'file' && section !== undefined)
      .sort((a, b) => a.address - b.address || rank(b) - rank(a))
      .filter(({ address }, index, sorted) => sorted[index - 1]?.address !== address);
  }

  /** The name of this very address. */
  nameOf(address: number): string | undefined {
    const symbol = lastUpTo(this.#symbols, address);
    return symbol?.address === address ? symbol.name : undefined;
  }

  /** The address as `name` or `name+0x4`, by the last symbol before it in the section that it lies in. */
  describe(address: number): string | undefined {
    const symbol = lastUpTo(this.#symbols, address);
    const section = lastUpTo(this.#sections, address);
    if (!symbol || !section || address >= section.address + section.bytes || symbol.address < section.address) return undefined;
    return symbol.address === address ? symbol.name : `${symbol.name}+${formatHex(address - symbol.address)}`;
  }
}

/** Of several symbols at one address a function gives the name, then what is not local. */
function rank({ type, binding }: ProgramSymbol): number {
  return (type === 'function' ? 2 : 0) + (binding === 'local' ? 0 : 1);
}
