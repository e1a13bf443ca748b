// SPDX-License-Identifier: MIT
/** Event records of a driver, and the one owner that reads them for everybody who waits. */
import type { CoreId } from '../address.js';
import { CONSTANTS } from './abi.js';
import { EventQueue } from '../event-queue.js';
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
 * Something that befell the board, or one of its cores. `halt` and `idle` come from simulated boards only, as
 * silicon does not tell: `halt` if a core came upon a TRAP, BKPT or MBKPT, `idle` when cores have come to rest.
 */
export interface BoardEvent {
  readonly type: BoardEventType;
  readonly timestamp: bigint;
  readonly sequence: number;
  /** Of `halt`: which core. */
  readonly core?: CoreId;
  /** Of `halt`: by what. */
  readonly reason?: HaltReason;
  /** Of `halt` by a TRAP: its number, 0 … 63. */
  readonly trap?: number;
}

/** What halts a core, apart from its DEBUGCMD. */
export type HaltReason = (typeof HALT_REASONS)[number];
/** In the order of native/chip/core.h, where a command comes first. */
const HALT_REASONS = ['command', 'breakpoint', 'trap', 'multicore-breakpoint'] as const;

/** Record types by number: the driver's, and our own, which native/simulator.cc has, too. */
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

/** Bytes of a record: u32 type, u32 flags, u64 sequence, u64 nanoseconds, u64 payload; little endian. */
const RECORD_BYTES = 32;
const RECORDS_AT_ONCE = 128;

interface EventRecord {
  readonly type: number;
  readonly sequence: number;
  readonly timestamp: bigint;
  readonly payload: number;
}

/**
 * Reads records from a device whenever somebody waits for one, and deals them out to two queues. While nobody
 * waits nothing is read and the process may end: the driver keeps the records, and counts what it cannot keep.
 */
export class EventPump {
  readonly mailbox: EventQueue<MailboxMessage>;
  readonly board: EventQueue<BoardEvent>;
  readonly #device: CharDevice;
  /** What writes the records, if it is of this process: it must not be collected while somebody waits for them. */
  readonly source: object | undefined;
  readonly #buffer = new DataView(new ArrayBuffer(RECORD_BYTES * RECORDS_AT_ONCE));
  readonly #coreListeners = new Set<() => void>();
  #watcher: Watcher | undefined;
  #closed = false;

  constructor(device: CharDevice, source?: object) {
    this.#device = device;
    this.source = source;
    const supply = { poll: () => this.#read(), waitersChanged: () => this.#waitersChanged() };
    this.mailbox = new EventQueue<MailboxMessage>('mailbox message', supply);
    this.board = new EventQueue<BoardEvent>('board event', supply);
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.mailbox.close();
    this.board.close();
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

  #waitersChanged(): void {
    if (this.#closed) return;
    const wanted = this.mailbox.waiting + this.board.waiting + this.#coreListeners.size > 0;
    if (wanted && !this.#watcher) {
      this.#watcher = this.#device.watch('readable', (error) => {
        if (error) this.#fail(error);
        else this.#read();
      });
    } else if (!wanted) {
      this.#watcher?.close();
      this.#watcher = undefined;
    }
    if (this.mailbox.holdsProcess || this.board.holdsProcess) this.#watcher?.ref();
    else this.#watcher?.unref();
  }

  /** Reads and deals out all records there are. */
  #read(): void {
    let bytes: number;
    do {
      try {
        bytes = this.#device.read(this.#buffer);
      } catch (error) {
        if ((error as { code?: string }).code !== 'EAGAIN') this.#fail(error as Error);
        return;
      }
      if (bytes === 0) this.#fail(closedError(`the source of events of '${this.#device.path}'`));
      // All are taken out of the buffer before the first is dealt: whoever gets it may read again.
      const records = Array.from({ length: Math.floor(bytes / RECORD_BYTES) }, (_, index) => this.#recordAt(index * RECORD_BYTES));
      for (const record of records) this.#deal(record);
      if (records.some(({ type }) => type === RECORD_TYPES.halt || type === RECORD_TYPES.idle)) {
        for (const listener of [...this.#coreListeners]) listener();
      }
    } while (bytes === this.#buffer.byteLength);
  }

  #recordAt(at: number): EventRecord {
    return {
      type: this.#buffer.getUint32(at, true),
      sequence: Number(this.#buffer.getBigUint64(at + 8, true)),
      timestamp: this.#buffer.getBigUint64(at + 16, true),
      payload: this.#buffer.getUint32(at + 24, true),
    };
  }

  #deal({ type, sequence, timestamp, payload }: EventRecord): void {
    const boardEvent = BOARD_EVENTS.get(type);
    if (type === RECORD_TYPES.mailbox) this.mailbox.push({ word: payload, timestamp, sequence });
    else if (boardEvent) this.board.push({ type: boardEvent, timestamp, sequence, ...(boardEvent === 'halt' ? haltOf(payload) : {}) });
    else if (type === RECORD_TYPES.overflow) {
      // The driver does not know which queue the lost records were for.
      this.mailbox.countLost(payload);
      this.board.countLost(payload);
    }
  }

  #fail(error: Error): void {
    this.mailbox.fail(error);
    this.board.fail(error);
  }
}

/** From a payload: core ID, from bit 16 on the reason, from bit 24 on the number of a trap. */
function haltOf(payload: number): Pick<BoardEvent, 'core' | 'reason' | 'trap'> {
  const reason = HALT_REASONS[(payload >>> 16) & 0xff] ?? 'command';
  return { core: (payload & 0xfff) as CoreId, reason, ...(reason === 'trap' ? { trap: payload >>> 24 } : {}) };
}
