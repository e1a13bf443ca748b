// SPDX-License-Identifier: MIT
/** What the places of a program are called. */
import { formatHex } from '../errors.js';
import type { Program, ProgramSymbol, Section } from './program.js';

export class SymbolMap {
  readonly #sections: readonly Section[];
  /** In ascending order of address, one for each. */
  readonly #symbols: readonly ProgramSymbol[];

  constructor({ sections, symbols }: Pick<Program, 'sections' | 'symbols'>) {
    this.#sections = sections.filter(({ flags, bytes }) => flags.allocate && bytes > 0);
    // An absolute symbol is a number and names no place.
    this.#symbols = symbols
      .filter(({ type, section }) => type !== 'section' && type !== 'file' && section !== undefined)
      .sort((a, b) => a.address - b.address || rank(b) - rank(a))
      .filter(({ address }, index, sorted) => sorted[index - 1]?.address !== address);
  }

  /** The name of this very address. */
  nameOf(address: number): string | undefined {
    const symbol = this.#last(address);
    return symbol?.address === address ? symbol.name : undefined;
  }

  /** The address as `name` or `name+0x4`, by the last symbol before it in the section that it lies in. */
  describe(address: number): string | undefined {
    const symbol = this.#last(address);
    const section = this.#sections.find((candidate) => address >= candidate.address && address < candidate.address + candidate.bytes);
    if (!symbol || !section || symbol.address < section.address) return undefined;
    return symbol.address === address ? symbol.name : `${symbol.name}+${formatHex(address - symbol.address)}`;
  }

  /** The symbol with the greatest address up to this one. */
  #last(address: number): ProgramSymbol | undefined {
    let low = 0;
    let high = this.#symbols.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#symbols[middle] as ProgramSymbol).address <= address) low = middle + 1;
      else high = middle;
    }
    return this.#symbols[low - 1];
  }
}

/** Of several symbols at one address a function gives the name, then what is not local. */
function rank({ type, binding }: ProgramSymbol): number {
  return (type === 'function' ? 2 : 0) + (binding === 'local' ? 0 : 1);
}
