// SPDX-License-Identifier: MIT
/**
 * Which TRAP a core has executed that has halted by itself. A simulated chip tells. Of silicon no source says even whether
 * PC is then at the TRAP or behind it, so the first one of a group that leaves no doubt settles that for all others.
 */
import type { Core } from '../core.js';
import { placeOf, type AddressSpace } from '../memory.js';

/** A TRAP that a core has executed. */
export interface Trap {
  readonly number: number;
  /** Where the core is to go on. */
  readonly next: number;
}

const TRAP_BYTES = 2;
/** Among 16-bit instructions; the number of a TRAP is in the upper six bits. */
const isTrap = (bits: number): boolean => (bits & 0x3ff) === 0x3e2;
const isBreakpoint = (bits: number): boolean => (bits & 0x3ff) === 0x1c2;
const trapOf = (bits: number, next: number): Trap => ({ number: bits >> 10, next });

/** Finds the TRAPs of the cores of one work-group. */
export class TrapFinder {
  readonly #space: AddressSpace;
  readonly #tell: ((core: Core) => number | undefined) | undefined;
  /** Whether PC is behind a TRAP that has halted its core; as long as nobody knows, undefined. */
  #isPcBehind: boolean | undefined;
  /** Where each core goes on, or went on, behind the last TRAP that was served. */
  readonly #served = new Map<Core, number>();

  /** @param tell the number of the TRAP that has halted a core, where that is known; PC is then behind it */
  constructor(space: AddressSpace, tell?: (core: Core) => number | undefined) {
    this.#space = space;
    this.#tell = tell;
  }

  /** @param isByItself false if somebody else may have halted the core: then PC may have come to a TRAP, or past it, long ago */
  find(core: Core, isByItself = true): Trap | undefined {
    if (this.#tell) {
      const number = this.#tell(core);
      return number === undefined ? undefined : { number, next: core.registers.PC.read().value };
    }
    return isByItself ? this.#byPc(core) : undefined;
  }

  /** The core is about to go on behind a TRAP. */
  served(core: Core, { next }: Trap): void {
    this.#served.set(core, next);
  }

  /** The core goes on from wherever it is, or has gone on. */
  forget(core: Core): void {
    this.#served.delete(core);
  }

  #byPc(core: Core): Trap | undefined {
    const pc = core.registers.PC.read().value;
    const [before, here] = [this.#halfword(core, pc - TRAP_BYTES), this.#halfword(core, pc)];
    const wasServed = this.#served.get(core) === pc;
    // PC is at a breakpoint of the program, or of a debugger, unless the core stops at the TRAP right before that.
    const mayBeBehind = isTrap(before) && !(isBreakpoint(here) && wasServed);
    const mayBeAt = isTrap(here);
    if (mayBeBehind !== mayBeAt && !isBreakpoint(before) && !isBreakpoint(here)) this.#isPcBehind ??= mayBeBehind;
    // Two in a row, and nothing is known yet: the first one, or the second if the first one is over.
    const isBehind = this.#isPcBehind ?? (mayBeBehind && !(mayBeAt && wasServed));
    if (isBehind) return mayBeBehind ? trapOf(before, pc) : undefined;
    return mayBeAt && !(isBreakpoint(before) && this.#isPcBehind === undefined) ? trapOf(here, pc + TRAP_BYTES) : undefined;
  }

  /** Zero, which is no trap, where there is no memory. */
  #halfword(core: Core, address: number): number {
    const place = address >= 0 ? placeOf(this.#space, core, address, TRAP_BYTES) : undefined;
    return place ? (place.memory.readInto(place.offset, new Uint16Array(1))[0] as number) : 0;
  }
}
