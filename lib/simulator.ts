// SPDX-License-Identifier: MIT
/** Scripting of a simulated board: what a program on the chip, or bad luck, would do. */
import { inspect, types } from 'node:util';
import type { CoreId } from './address.js';
import { checkInteger, formatHex, invalidType, outOfRange } from './errors.js';
import { native } from './native.js';
import { INTERRUPTS, type InterruptName } from './registers.js';
import { BOARD_EVENT_TYPES, RECORD_TYPES, type BoardEventType } from './transport/events.js';
import type { SimulatorTransport } from './transport/simulator.js';

/** Something to happen to a simulated board. */
export type Injection =
  /** Latches an interrupt in a core, as its source would. */
  | { readonly interrupt: InterruptName; readonly core: CoreId | number }
  /** Reports an event of the whole board, as its driver would. */
  | { readonly event: BoardEventType }
  /** The chip stops answering: registers cannot be read, stores to them vanish. Ends with `active: false`. */
  | { readonly fault: 'dead-link'; readonly active?: boolean }
  /** The core waits for an external load that never returns; only a reset of the chip, or `active: false`, helps. */
  | { readonly fault: 'core-stuck'; readonly core: CoreId | number; readonly active?: boolean };

const FAULTS = { 'dead-link': 0, 'core-stuck': 1 } as const;

/** The simulated chip behind a board; `board.simulator`. */
export class Simulator {
  readonly #transport: SimulatorTransport;

  /** @internal */
  constructor(transport: SimulatorTransport) {
    this.#transport = transport;
  }

  /**
   * Sends a word, 0 … 0xFFFFFFFF, to the eLink's mailbox, as a core does by a store to 0x810F0730.
   * @returns false if the mailbox was full (31 words, which needs its interrupt to be off), and the word is lost
   */
  pushMailbox(word: number): boolean {
    checkInteger('word', word, 0, 0xffffffff);
    return native.simulatorPushMailbox(this.#transport.handle, word) === 1;
  }

  /** Makes something happen. @throws TypeError or RangeError for what cannot be injected */
  inject(injection: Injection): void {
    if (typeof injection !== 'object' || injection === null) throw invalidType('injection', 'an object', injection);
    const { handle } = this.#transport;
    if ('interrupt' in injection) {
      const position = INTERRUPTS.indexOf(injection.interrupt);
      if (position < 0) throw outOfRange('interrupt', INTERRUPTS.join(', '), injection.interrupt);
      this.#checkCore(native.simulatorInterrupt(handle, coreNumber(injection.core), 1 << position), injection.core);
    } else if ('event' in injection) {
      if (!BOARD_EVENT_TYPES.includes(injection.event)) throw outOfRange('event', BOARD_EVENT_TYPES.join(', '), injection.event);
      native.simulatorEmit(handle, RECORD_TYPES[injection.event], 0);
    } else if ('fault' in injection) {
      const { fault, active = true } = injection;
      if (!Object.hasOwn(FAULTS, fault)) throw outOfRange('fault', Object.keys(FAULTS).join(', '), fault);
      if (typeof active !== 'boolean') throw invalidType('active', 'a boolean', active);
      const core = injection.fault === 'core-stuck' ? coreNumber(injection.core) : 0;
      this.#checkCore(native.simulatorInject(handle, FAULTS[fault], core, active), core);
    } else {
      throw outOfRange('injection', 'an object with interrupt, event or fault', injection);
    }
  }

  /** The whole state of the chip and its memory, to be kept and given to {@link restore}. */
  snapshot(): Uint8Array {
    return this.#transport.snapshot();
  }

  /** Goes back to a snapshot. @throws `ERR_EPIPHANY_BAD_SNAPSHOT`, with nothing changed */
  restore(snapshot: Uint8Array): void {
    if (!types.isUint8Array(snapshot)) throw invalidType('snapshot', 'a Uint8Array', snapshot);
    this.#transport.restore(snapshot);
  }

  [inspect.custom](): string {
    return `Simulator of ${this.#transport.chip.type} '${this.#transport.path}'`;
  }

  #checkCore(known: number, core: number): void {
    if (known === 0) throw outOfRange('core', `a core ID of this ${this.#transport.chip.type}`, formatHex(core));
  }
}

function coreNumber(core: unknown): number {
  return checkInteger('core', core, 0, 0xfff);
}
