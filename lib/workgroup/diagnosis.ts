// SPDX-License-Identifier: MIT
/** What a core was at when something went wrong: function, instruction and registers. */
import type { Core } from '../core.js';
import { formatHex } from '../errors.js';
import { placeOf, type AddressSpace } from '../memory.js';
import { native } from '../native.js';
import { registersIn } from '../program/disassembler.js';
import type { Program } from '../program/program.js';
import { SymbolMap } from '../program/symbol-map.js';
import { INTERRUPTS } from '../registers.js';
import { innermostInterrupt, PROTECTION, type CoreState, type Fault } from './core-state.js';

/** Tells of a PC: `PC 0x388 (main+6)`. */
export type PlaceNamer = (core: Core, pc: number) => string;

export const plainPlace: PlaceNamer = (_core, pc) => `PC ${formatHex(pc)}`;

/** Which instructions can be the cause, where the bytes before IRET could be two. */
const LIKELY: Readonly<Record<string, RegExp>> = { [PROTECTION]: /^(str|testset)/, unaligned: /^(ldr|str)/, illegal: /^(ldr|str|testset|j|float|fix|fabs)/, fpu: /^(f|i|float|fix)/, swi: /^swi/ };

/** Where our startup code stops for want of a handler: `mov r0,r2; mov r1,r3; bkpt`, and `b` back. Source, here and below: `ecore/crt0.S`. */
const UNHANDLED = [0x08e2, 0x2ce2, 0x01c2, 0xfde8, 0xffff];
/** Of that code the BKPT, and what is behind it: no source says at which of them PC of a real core is. */
const STOPS = [4, 6];
/** Where on its stack it then has IRET, and what it has overwritten. */
const FRAME_BYTES = 224;
const SAVED_IRET = 204;
const SAVED: Readonly<Record<number, number>> = { 0: 216, 1: 220, 2: 208, 3: 212, 12: 16 };
/** What changes no register, though a handler may stop at it, or rest. */
const HARMLESS = /^(nop|idle|bkpt|gid|gie)\b/;
/** Instructions of a handler that are looked at. */
const FEW = 8;
const [SP, LR] = [13, 14];

/** Knows the programs that are loaded into the cores of a group, if there are any. */
export class Diagnosis {
  readonly #space: AddressSpace;
  readonly #programOf: (core: Core) => Program | undefined;
  readonly #known = new WeakMap<Program, SymbolMap>();

  constructor(space: AddressSpace, programOf: (core: Core) => Program | undefined) {
    this.#space = space;
    this.#programOf = programOf;
  }

  readonly placeName: PlaceNamer = (core, pc) => {
    const where = this.locate(core, pc);
    return `${plainPlace(core, pc)}${where === undefined ? '' : ` (${where})`}`;
  };

  /** Function and offset in bytes of an address, as `core` has it. */
  locate(core: Core, address: number): string | undefined {
    return this.#symbols(core)?.locate(localOf(core, address));
  }

  /** A state with what its PC means, and with the instruction that has raised its exception. */
  explained(state: CoreState): CoreState {
    const { core, pc, exception } = state;
    const where = this.locate(core, pc);
    const fault = exception === undefined ? undefined : this.#faultOf(core, pc, exception);
    return { ...state, ...(where === undefined ? {} : { where }), ...(fault === undefined ? {} : { fault }) };
  }

  /** Undefined if it is not known any more, because a handler has returned. */
  #faultOf(core: Core, pc: number, exception: string): Fault | undefined {
    const { IRET, DEBUGSTATUS } = core.registers;
    const interrupt = exception === PROTECTION ? 'memoryFault' : 'softwareException';
    if (innermostInterrupt(core) !== interrupt) return undefined;
    const behind = IRET.read().value;
    const address = this.#instructionBefore(core, behind, exception);
    const instruction = this.#decode(core, address)?.text;
    // Another core may have stored here: then the fault has come between any two instructions of this one.
    if (interrupt === 'memoryFault' && !LIKELY[PROTECTION]?.test(instruction ?? '')) return undefined;
    const where = this.locate(core, address);
    const registers = DEBUGSTATUS.read().halted ? this.#registersOf(core, pc, INTERRUPTS.indexOf(interrupt), instruction ?? '') : {};
    return { address, ...(where === undefined ? {} : { where }), ...(instruction === undefined ? {} : { instruction }), registers };
  }

  /** Instructions have two lengths: which one it was shows if they are counted from a label. */
  #instructionBefore(core: Core, behind: number, exception: string): number {
    if (!this.#decode(core, behind) && !this.#decode(core, behind - 2)) return behind; // nothing was fetched
    const label = this.#symbols(core)?.labelBefore(localOf(core, behind - 2));
    for (let at = label && behind - (localOf(core, behind) - label.address); at !== undefined && at < behind; ) {
      const length = this.#decode(core, at)?.length;
      if (length !== undefined && at + length === behind) return at;
      at = length === undefined ? undefined : at + length;
    }
    const possible = [4, 2].filter((length) => this.#decode(core, behind - length)?.length === length).map((length) => behind - length);
    const likely = LIKELY[exception];
    return possible.find((at) => likely?.test(this.#decode(core, at)?.text ?? '')) ?? possible.at(-1) ?? behind - 2;
  }

  /** None if a handler may have changed them since. */
  #registersOf(core: Core, pc: number, interrupt: number, instruction: string): Record<string, number> {
    const sp = core.readRegister(registerAddress(SP));
    const isSaved = this.#isUnhandled(core, pc, sp);
    if (!isSaved && !this.#isUntouched(core, pc, interrupt)) return {};
    const value = (number: number): number => {
      if (isSaved && number === SP) return sp + FRAME_BYTES;
      const offset = isSaved ? SAVED[number] : undefined;
      return (offset === undefined ? undefined : this.#word(core, sp + offset)) ?? core.readRegister(registerAddress(number));
    };
    const wanted = new Map([...registersIn(instruction), ['sp', SP] as const, ['lr', LR] as const]);
    return Object.fromEntries(Array.from(wanted, ([name, number]) => [name, value(number)]));
  }

  /** Whether our startup code has stopped the core, with a frame that it could write. It is known without symbols, too. */
  #isUnhandled(core: Core, pc: number, sp: number): boolean {
    const isThere = STOPS.some((offset) => UNHANDLED.every((bits, index) => this.#halfword(core, pc - offset + 2 * index) === bits));
    return isThere && this.#word(core, sp + SAVED_IRET) === core.registers.IRET.read().value;
  }

  /** Whether the handler has done nothing between its vector and PC but branch, stop and rest. */
  #isUntouched(core: Core, pc: number, interrupt: number): boolean {
    let at = 4 * interrupt;
    for (let count = 0; count < FEW; ++count) {
      if (at === localOf(core, pc)) return true;
      const decoded = this.#decode(core, at);
      const isBranch = decoded !== undefined && /^b\b/.test(decoded.text);
      if (!decoded || (!isBranch && !HARMLESS.test(decoded.text))) return false;
      at = isBranch ? (decoded.target ?? -1) : at + decoded.length;
    }
    return false;
  }

  #decode(core: Core, address: number): { readonly length: number; readonly text: string; readonly target: number | undefined } | undefined {
    const first = this.#halfword(core, address);
    if (first === undefined) return undefined;
    const second = this.#halfword(core, address + 2);
    const [length, text, target] = native.disassemble(first + (second ?? 0) * 0x10000, second === undefined ? 2 : 4, address);
    return { length, text, target };
  }

  #halfword(core: Core, address: number): number | undefined {
    const place = address >= 0 && address <= 0xfffffffe && address % 2 === 0 ? placeOf(this.#space, core, address, 2) : undefined;
    return place?.memory.readInto(place.offset, new Uint16Array(1))[0];
  }

  #word(core: Core, address: number): number | undefined {
    const place = placeOf(this.#space, core, address >>> 0, 4);
    return place?.memory.readInto(place.offset, new Uint32Array(1))[0];
  }

  #symbols(core: Core): SymbolMap | undefined {
    const program = this.#programOf(core);
    if (!program) return undefined;
    const symbols = this.#known.get(program) ?? new SymbolMap(program);
    this.#known.set(program, symbols);
    return symbols;
  }
}

/** Programs have local addresses; a core may execute its own memory by global ones. */
function localOf(core: Core, address: number): number {
  return address >= core.address && address < core.address + 0x8000 ? address - core.address : address;
}

function registerAddress(number: number): number {
  return 0xf0000 + 4 * number;
}
