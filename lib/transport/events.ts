// SPDX-License-Identifier: MIT
/** Event records of a driver, and the one owner that reads them for everybody who waits. */
import type { CoreId } from '../address.js';
import { CONSTANTS, offsetOf, structureBytes } from './abi.js';
import { goneError } from './condition.js';
import { openQueue, type EventQueue, type Inlet } from './event-queue.js';
import type { CharDevice, Watcher } from '../device/index.js';
import { closedError } from '../errors.js';

/** A word that a core sent to the eLink's mailbox. Silicon does not tell which core it was. */
export interface MailboxMessage {
  readonly word: number;
  /** CLOCK_MONOTONIC of the machine at the interrupt, in nanoseconds. */
  readonly timestamp: bigint;
  /** Counts the events of the board, the lost ones too: a gap is a loss. */
  readonly sequence: number;
}

/**
 * Something that happened to the board, or one of its cores. `halt` and `idle` come from simulated boards only, as
 * silicon does not tell: `halt` if a core came upon a TRAP, BKPT or MBKPT, `idle` when cores have come to rest.
 */
export interface BoardEvent {
  readonly type: BoardEventType;
  readonly timestamp: bigint;
  readonly sequence: number;
  /** Of `reset`: what was reset. */
  readonly scope?: ResetScope;
  /** Of `reset`: the driver's count of resets and changes of power, in 32 bits; absent on simulated boards. */
  readonly generation?: number;
  /** Of `power`: whether the chip was switched on, or off. */
  readonly powered?: boolean;
  /** Of `thermal`: whether the chip was switched off for heat, or is allowed again. */
  readonly overheated?: boolean;
  /** Of `halt`, and of `reset` with the scope `core`: which core. */
  readonly core?: CoreId;
  /** Of `halt`: by what. */
  readonly reason?: HaltReason;
  /** Of `halt` by a TRAP: its number, 0 … 63. */
  readonly trap?: number;
}

/** What a reset reached. */
export type ResetScope = (typeof RESET_SCOPES)[number];
const RESET_SCOPES = ['core', 'group', 'chip'] as const;

/** What halts a core, apart from its DEBUGCMD. */
export type HaltReason = (typeof HALT_REASONS)[number];
/** In the order of native/chip/core.h, where a command comes first. */
const HALT_REASONS = ['command', 'breakpoint', 'trap', 'multicore-breakpoint'] as const;

/** Record types by number: the driver's, and our own, which native/simulator/event_pipe.h has, too. */
export const RECORD_TYPES = {
  mailbox: CONSTANTS.EPIPHANY_EVENT_MAILBOX,
  reset: CONSTANTS.EPIPHANY_EVENT_RESET,
  power: CONSTANTS.EPIPHANY_EVENT_POWER,
  thermal: CONSTANTS.EPIPHANY_EVENT_THERMAL,
  dma: CONSTANTS.EPIPHANY_EVENT_DMA,
  overflow: CONSTANTS.EPIPHANY_EVENT_OVERFLOW,
  gone: CONSTANTS.EPIPHANY_EVENT_GONE,
  // Of simulated boards only; beyond all numbers that a driver may get.
  halt: 0x10000,
  idle: 0x10001,
} as const;
const BOARD_EVENT_TYPES = ['reset', 'power', 'thermal', 'gone', 'halt', 'idle'] as const;
export type BoardEventType = (typeof BOARD_EVENT_TYPES)[number];
const BOARD_EVENTS = new Map<number, BoardEventType>(BOARD_EVENT_TYPES.map((type) => [RECORD_TYPES[type], type]));

/** A record as drivers give it, read without a detour: messages may come by the thousands. */
const RECORD_BYTES = structureBytes('epiphany_event');
const AT = { type: offsetOf('epiphany_event', 'type'), sequence: offsetOf('epiphany_event', 'sequence'), time: offsetOf('epiphany_event', 'time'), payload: offsetOf('epiphany_event', 'payload') };
const RECORDS_AT_ONCE = 128;
/** Of so many records, as many as a pipe holds. They may be written faster than they are dealt out. */
const READS_AT_ONCE = 16;

/** What events are read from. */
export type EventSource = Pick<CharDevice, 'path' | 'tryRead' | 'watch' | 'close'>;

interface EventRecord {
  readonly type: number;
  readonly sequence: number;
  readonly timestamp: bigint;
  /** The low 32 bits of the payload. */
  readonly low: number;
  readonly high: number;
}

/**
 * Reads records from a device whenever somebody waits for one, and deals them out to two queues. While nobody
 * waits nothing is read and the process may end: the driver keeps the records, and counts what it cannot keep.
 */
export class EventPump {
  readonly mailbox: EventQueue<MailboxMessage>;
  readonly board: EventQueue<BoardEvent>;
  readonly #mailbox: Inlet<MailboxMessage>;
  readonly #board: Inlet<BoardEvent>;
  readonly #device: EventSource;
  /** What writes the records, if it is of this process: it must not be collected while somebody waits for them. */
  readonly source: object | undefined;
  readonly #buffer = new DataView(new ArrayBuffer(RECORD_BYTES * RECORDS_AT_ONCE));
  readonly #coreListeners = new Set<() => void>();
  #watcher: Watcher | undefined;
  /** A receiver of one event after the other soon waits again: the watcher stays for a turn of the event loop. */
  #leaving: NodeJS.Immediate | undefined;
  #closed = false;
  /** There will be no more records. */
  #ended = false;

  constructor(device: EventSource, source?: object) {
    this.#device = device;
    this.source = source;
    const supply = { poll: () => this.#read(), waitersChanged: () => this.#waitersChanged() };
    ({ queue: this.mailbox, inlet: this.#mailbox } = openQueue<MailboxMessage>('mailbox message', supply));
    ({ queue: this.board, inlet: this.#board } = openQueue<BoardEvent>('board event', supply));
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#mailbox.close();
    this.#board.close();
    this.#device.close();
  }

  /** Calls `listener` whenever a core halted by itself or came to rest. Returns how to end it. */
  onCores(listener: () => void): () => void {
    this.#coreListeners.add(listener);
    this.#waitersChanged();
    return () => {
      this.#coreListeners.delete(listener);
      this.#waitersChanged();
    };
  }

  /** Deals out what there is at once, if anybody waits for it, instead of when the event loop comes to it. */
  catchUp(): void {
    if (this.#isWanted()) this.#read();
  }

  #waitersChanged(): void {
    if (this.#closed || this.#ended) return;
    const wanted = this.#isWanted();
    if (wanted && !this.#watcher) {
      // A source that has hung up is readable, too: reading tells why, behind what came before.
      this.#watcher = this.#device.watch('readable', (error) => {
        if (error) this.#watcher = undefined; // it has closed itself
        this.#read();
        if (error) this.#fail(error);
      });
    } else if (!wanted && this.#watcher) {
      this.#leaving ??= setImmediate(() => {
        this.#leaving = undefined;
        if (!this.#isWanted()) this.#unwatch();
      }).unref();
    }
    if (this.#mailbox.holdsProcess || this.#board.holdsProcess) this.#watcher?.ref();
    else this.#watcher?.unref();
  }

  #isWanted(): boolean {
    return this.mailbox.waiting + this.board.waiting + this.#coreListeners.size > 0;
  }

  #unwatch(): void {
    clearImmediate(this.#leaving);
    this.#leaving = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Reads and deals out the records there are. What comes meanwhile is for the next time: the watcher sees it. */
  #read(): void {
    for (let reads = 0; reads < READS_AT_ONCE; reads++) {
      if (this.#closed || this.#ended) return;
      let bytes: number | undefined;
      try {
        bytes = this.#device.tryRead(this.#buffer);
      } catch (error) {
        this.#fail((error as { code?: string }).code === 'ENODEV' ? goneError(this.#device.path, error) : (error as Error));
        return;
      }
      if (bytes === undefined) return;
      if (bytes === 0) this.#fail(closedError(`the source of events of '${this.#device.path}'`));
      // All are taken out of the buffer before the first is dealt: its receiver may read again.
      const records = Array.from({ length: Math.floor(bytes / RECORD_BYTES) }, (_, index) => this.#recordAt(index * RECORD_BYTES));
      for (const record of records) this.#deal(record);
      if (records.some(({ type }) => type === RECORD_TYPES.halt || type === RECORD_TYPES.idle)) {
        for (const listener of [...this.#coreListeners]) listener();
      }
      if (bytes < this.#buffer.byteLength) return;
    }
  }

  #recordAt(at: number): EventRecord {
    return {
      type: this.#buffer.getUint32(at + AT.type, true),
      sequence: Number(this.#buffer.getBigUint64(at + AT.sequence, true)),
      timestamp: this.#buffer.getBigUint64(at + AT.time, true),
      low: this.#buffer.getUint32(at + AT.payload, true),
      high: this.#buffer.getUint32(at + AT.payload + 4, true),
    };
  }

  #deal({ type, sequence, timestamp, low, high }: EventRecord): void {
    const boardEvent = BOARD_EVENTS.get(type);
    if (type === RECORD_TYPES.mailbox) this.#mailbox.push({ word: low, timestamp, sequence });
    else if (boardEvent) this.#board.push({ type: boardEvent, timestamp, sequence, ...detailsOf(boardEvent, low, high) });
    else if (type === RECORD_TYPES.overflow) {
      // The driver does not know which queue the lost records were for.
      this.#mailbox.countLost(low + high * 2 ** 32);
      this.#board.countLost(low + high * 2 ** 32);
    }
    if (type === RECORD_TYPES.gone) this.#fail(goneError(this.#device.path));
  }

  /** No more records will come; what has been dealt can still be received. */
  #fail(error: Error): void {
    this.#ended = true;
    this.#unwatch();
    this.#mailbox.end(error);
    this.#board.end(error);
  }
}

/** What the payload of an event of the board says. */
function detailsOf(type: BoardEventType, low: number, high: number): Partial<BoardEvent> {
  if (type === 'halt') return haltOf(low);
  if (type === 'power') return { powered: low !== 0 };
  if (type === 'thermal') return { overheated: low !== 0 };
  if (type !== 'reset') return {};
  const { scope, core } = resetOf(high);
  return { scope, ...(scope === 'core' ? { core } : {}), ...(low === 0 ? {} : { generation: low }) };
}

/** From the high half of a payload: core ID, from bit 16 on the scope. */
export function resetOf(high: number): { scope: ResetScope; core: CoreId } {
  return { scope: RESET_SCOPES[(high >>> 16) - CONSTANTS.EPIPHANY_RESET_CORE] ?? 'chip', core: (high & 0xffff) as CoreId };
}

/** From a payload: core ID, from bit 16 on the reason, from bit 24 on the number of a trap. */
function haltOf(payload: number): Pick<BoardEvent, 'core' | 'reason' | 'trap'> {
  const reason = HALT_REASONS[(payload >>> 16) & 0xff] ?? 'command';
  return { core: (payload & 0xfff) as CoreId, reason, ...(reason === 'trap' ? { trap: payload >>> 24 } : {}) };
}
