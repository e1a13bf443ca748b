// SPDX-License-Identifier: MIT
/** What a driver tells about resets and power, read by the library itself to know whether a board still is what it was. */
import type { Watcher } from '../device/index.js';
import { decode, structureBytes } from './abi.js';
import type { Condition } from './condition.js';
import { RECORD_TYPES, resetOf, type EventSource } from './events.js';

const RECORD_BYTES = structureBytes('epiphany_event');
const RECORDS_AT_ONCE = 32;

/** Events of these types are to be asked for. */
export const LIFELINE_TYPES = [RECORD_TYPES.reset, RECORD_TYPES.power, RECORD_TYPES.thermal] as const;

/** Of boards that nobody closed: what is watched is never collected by itself. */
const abandoned = new FinalizationRegistry<EventSource>((source) => source.close());

/** Keeps a board's condition. It keeps neither the process alive nor the board. */
export class Lifeline {
  readonly #source: EventSource;
  readonly #condition: Condition;
  readonly #isUsed: () => boolean;
  readonly #buffer = new DataView(new ArrayBuffer(RECORD_BYTES * RECORDS_AT_ONCE));
  readonly #watcher: Watcher;

  /** @param isUsed whether there is something to lose: power may come and go before the first use of the chip */
  constructor(source: EventSource, condition: Condition, isUsed: () => boolean) {
    this.#source = source;
    this.#condition = condition;
    this.#isUsed = isUsed;
    const weak = new WeakRef(this);
    this.#watcher = source.watch('readable', () => weak.deref()?.look()).unref();
    abandoned.register(this, source);
  }

  /** Reads what has come. @param own generation of a reset of ours, of which there may be news */
  look(own?: bigint): void {
    for (;;) {
      let bytes: number | undefined;
      try {
        bytes = this.#source.tryRead(this.#buffer);
      } catch (error) {
        if ((error as { code?: string }).code === 'ENODEV') this.#go();
        return;
      }
      if (bytes === undefined) return;
      for (let at = 0; at + RECORD_BYTES <= bytes; at += RECORD_BYTES) this.#take(at, own);
      if (bytes < this.#buffer.byteLength) return;
    }
  }

  #take(at: number, own: bigint | undefined): void {
    const { type, payload } = decode('epiphany_event', this.#buffer, at);
    const [low, high] = [Number(payload & 0xffffffffn), Number(payload >> 32n)];
    if (type === RECORD_TYPES.reset && resetOf(high).scope === 'chip') this.#condition.reset(own !== undefined && low === Number(own & 0xffffffffn));
    // So many resets that not all could be told: one of them may have been of the chip.
    else if ((type === RECORD_TYPES.power && low === 0) || type === RECORD_TYPES.overflow) this.#condition.reset(!this.#isUsed());
    else if (type === RECORD_TYPES.thermal) this.#condition.overheat(low !== 0);
    else if (type === RECORD_TYPES.gone) this.#go();
  }

  #go(): void {
    this.#condition.go();
    this.#watcher.close();
  }
}
