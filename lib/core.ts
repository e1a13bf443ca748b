// SPDX-License-Identifier: MIT
/** One eCore: its SRAM and its registers. */
import { inspect } from 'node:util';
import { checkSramRange, emeshAddress, formatCoreId, otherPlace, SRAM_BYTES, type Coordinate, type CoreId, type EmeshAddress } from './address.js';
import { checkCopyView } from './device/window.js';
import type { Float32Window, Int32Window, Mapping, Uint32Window } from './device/index.js';
import { checkInteger, formatHex, invalidType, outOfRange } from './errors.js';
import { registerFile, registerOffset, type RegisterFile, type WordPort } from './register-file.js';
import { CORE_REGISTERS } from './registers.js';
import type { CoreSource } from './transport/transport.js';
import { poll, type WaitOptions } from './wait.js';

/** What to wait for in a word, and for how long. */
export interface WordWaitOptions extends WaitOptions {
  /** The bits that count, 1 … 0xFFFFFFFF. Default: all. */
  readonly mask?: number | undefined;
  /** What these bits are to be. By default any of them is to be set. */
  readonly value?: number | undefined;
}

/** Through what a core is reached; undefined for an object that only inherits from one. */
export let sourceOf: (core: Core) => CoreSource | undefined;
/** The core that is reached through `source`. */
export let coreOf: (source: CoreSource, id: CoreId, place: Coordinate) => Core;

/**
 * A core of a board, or of a work-group.
 *
 * Memory is synchronous. Addresses are local ones, in bytes; reading and writing covers the 32 KiB of SRAM,
 * 0 … 0x7FFF, and nothing else: registers are reached through {@link registers}. Every access to the chip is a
 * naturally aligned one of at most four bytes. After the `close` of its board, or of its work-group, everything throws
 * `ERR_EPIPHANY_CLOSED`; after a reset of the chip by somebody else `ERR_EPIPHANY_RESET`, see docs/boards.md.
 */
export class Core {
  /** Mesh-absolute core ID. */
  readonly id: CoreId;
  /** Row within the chip, from its north-west core. */
  readonly row: number;
  /** Column within the chip, from its north-west core. */
  readonly column: number;
  /** eMesh address of local address 0. */
  readonly address: EmeshAddress;
  readonly #source: CoreSource;
  #sram: Mapping | undefined;
  #page: WordPort | undefined;
  #registers: RegisterFile<typeof CORE_REGISTERS> | undefined;

  static {
    coreOf = (source, id, place) => new Core(source, id, place);
    sourceOf = (core) => (#source in core ? core.#source : undefined);
  }

  protected constructor(source: CoreSource, id: CoreId, place: Coordinate) {
    this.#source = source;
    this.id = id;
    this.row = place.row;
    this.column = place.column;
    this.address = emeshAddress(id, 0);
    if (new.target === Core) Object.freeze(this); // where a core lies decides what is mapped
  }

  /**
   * All SRAM as 8192 live words, zero-copy: element `i` is the word at local address `4 * i`.
   * A loop over it compiles to plain loads and stores; keep it in a variable. What such a window does
   * differently from a plain array, docs/memory.md tells.
   */
  get words(): Uint32Window {
    return this.#memory().words;
  }

  /** The same memory as signed words. */
  get int32(): Int32Window {
    return this.#memory().int32;
  }

  /** The same memory as single-precision numbers. */
  get float32(): Float32Window {
    return this.#memory().float32;
  }

  /**
   * Loads the word at a multiple of 4, by exactly one access: what polling needs.
   * @throws RangeError outside SRAM or misaligned, TypeError for what is no number, `ERR_EPIPHANY_CLOSED`
   */
  readWord(address: number): number {
    return this.#memory().readWord(wordAddress(address));
  }

  /** Stores a word, 0 … 0xFFFFFFFF, at a multiple of 4. @throws as {@link readWord} */
  writeWord(address: number, value: number): void {
    this.#memory().writeWord(wordAddress(address), value);
  }

  /**
   * Waits until the word at a multiple of 4 is as wanted, and returns it: what hosts do with flags that programs set.
   * It is looked at at once and then ever less often, in the end every 16 ms; nothing tells the host of a store.
   * @throws (rejects) as {@link readWord}, `ERR_EPIPHANY_TIMEOUT`, the signal's reason
   * @example
   * await core.waitForWord(0x7000, { mask: 0xff, value: 3, timeout: 1000 });
   */
  async waitForWord(address: number, options: WordWaitOptions = {}): Promise<number> {
    wordAddress(address);
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { mask = 0xffffffff, value, signal, timeout } = options;
    checkInteger('options.mask', mask, 1, 0xffffffff);
    if (value !== undefined) checkInteger('options.value', value, 0, 0xffffffff);
    if (value !== undefined && (value & ~mask) !== 0) throw outOfRange('options.value', `within the bits of options.mask, ${formatHex(mask)}`, value);
    const what = `${value === undefined ? 'bit' : `value ${formatHex(value)}`} of ${formatHex(mask)} at ${formatHex(address)} of core ${formatCoreId(this.id)}`;
    return poll(what, { signal, timeout }, () => {
      const word = this.readWord(address);
      const bits = (word & mask) >>> 0;
      return (value === undefined ? bits !== 0 : bits === value) ? word : undefined;
    });
  }

  /**
   * Copies `length` bytes of SRAM, 0 … 32768, from any address.
   * @throws RangeError if they are not all in SRAM, TypeError for what is no number, `ERR_EPIPHANY_CLOSED`
   */
  read(address: number, length: number): Uint8Array {
    checkSramRange(address, length);
    return this.#memory().read(address, length);
  }

  /** Copies SRAM from any address into all of `view`, and returns it. @throws as {@link read} */
  readInto<View extends ArrayBufferView>(address: number, view: View): View {
    checkSramRange(address, checkCopyView(view));
    return this.#memory().readInto(address, view);
  }

  /** Copies the bytes of a typed array, Buffer or DataView into SRAM, at any address. @throws as {@link read} */
  write(address: number, view: ArrayBufferView): void {
    checkSramRange(address, checkCopyView(view));
    this.#memory().write(address, view);
  }

  /** Sets `length` bytes of SRAM from any address to `byte`, 0 … 255. @throws as {@link read} */
  fill(address: number, length: number, byte = 0): void {
    checkSramRange(address, length);
    this.#memory().fill(address, length, byte);
  }

  /**
   * Registers by name: `core.registers.STATUS.read().active`, `core.registers.CONFIG.update({ rmode: 'truncate' })`.
   * R0 … R63 can be accessed only while the core is halted, else `ERR_EPIPHANY_BUSY`.
   */
  get registers(): RegisterFile<typeof CORE_REGISTERS> {
    const page = this.#registerPage();
    return (this.#registers ??= registerFile(CORE_REGISTERS, page));
  }

  /**
   * Loads a register by its local address, a multiple of 4 from 0xF0000 to 0xF07FC.
   * @throws RangeError outside, `ERR_EPIPHANY_BUSY` for R0 … R63 of a core that is not halted, `ERR_EPIPHANY_CLOSED`
   */
  readRegister(address: number): number {
    const page = this.#registerPage();
    return page.readWord(registerOffset(page, address));
  }

  /** Stores a word, 0 … 0xFFFFFFFF, to a register by its local address. @throws as {@link readRegister} */
  writeRegister(address: number, value: number): void {
    const page = this.#registerPage();
    const offset = registerOffset(page, address);
    checkInteger('value', value, 0, 0xffffffff);
    page.writeWord(offset, value);
  }

  /**
   * Resets the core by its RESETCORE, halted first: registers are as after a reset, SRAM is kept. It executes
   * nothing until it is started again. A core that is stuck stays so: only `board.reset()` helps.
   * @throws `ERR_EPIPHANY_BUSY` if it belongs to a work-group of another program; as {@link readRegister}
   */
  reset(): void {
    this.#source.resetCore(this.id);
  }

  /** @internal */
  [inspect.custom](): string {
    return `Core ${formatCoreId(this.id)} (${this.row},${this.column})`;
  }

  #memory(): Mapping {
    if (!this.#source.usable) this.#source.check();
    return (this.#sram ??= this.#source.sram(this.id));
  }

  #registerPage(): WordPort {
    if (!this.#source.usable) this.#source.check();
    return (this.#page ??= this.#source.registers(this.id));
  }
}

const LAST_WORD = SRAM_BYTES - 4;

/** Checks the address of a word of SRAM. Fast where it is right; the slow path finds out what is wrong. */
function wordAddress(address: number): number {
  if (typeof address === 'number' && address >= 0 && address <= LAST_WORD && address % 4 === 0) return address;
  if (typeof address !== 'number') throw invalidType('address', 'a number', address);
  throw outOfRange('address', `a multiple of 4 in SRAM, 0x0 to ${formatHex(LAST_WORD)}${otherPlace(address)}`, address, { address });
}
