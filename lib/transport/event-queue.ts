// SPDX-License-Identifier: MIT
/** Events in the order in which they came, for as many who wait as there are. */
import { inspect } from 'node:util';
import { closedError } from '../errors.js';
import { checkedWaitOptions, waitFor, type WaitOptions } from '../wait.js';

/** Where a queue's events come from. */
export interface EventSupply {
  /** Pushes, without waiting, what has arrived meanwhile. */
  poll(): void;
  /** Called when somebody begins or ends to wait. */
  waitersChanged(): void;
}

/** Where the events of a queue come in: its source has it, and nobody else. */
export interface Inlet<Event> {
  /** Adds an event. */
  push(event: Event): void;
  /** Events that the source itself has lost. */
  countLost(count: number): void;
  /** No more events will come; those that have come can still be received. */
  end(reason: Error): void;
  close(): void;
  /** Whether the process must stay for those who wait. */
  readonly holdsProcess: boolean;
}

/** Makes a queue. `what` its events are, for messages. */
export let openQueue: <Event>(what: string, supply: EventSupply) => { queue: EventQueue<Event>; inlet: Inlet<Event> };

interface Waiter<Event> {
  resolve(event: Event): void;
  reject(reason: Error): void;
}

/** What a wait ends with whose loop was left: told to nobody. */
const LEFT = new Error('the loop was left');
/** Events kept for nobody, at most: beyond, the oldest are dropped and counted as lost. */
const CAPACITY = 65536;
/** After so many events that were there already, the source is asked again. */
const POLL_INTERVAL = 16;
/** So many events are received at once, one after the other, before anything else gets its turn. */
const EVENTS_IN_A_ROW = 128;

/**
 * A stream of events. Each event is received once, by the one who waited longest.
 * @example
 * for await (const message of board.mailbox) console.log(message.word);
 */
export class EventQueue<Event> implements AsyncIterable<Event> {
  readonly #what: string;
  readonly #supply: EventSupply;
  readonly #waiters = new Set<Waiter<Event>>();
  #events: Event[] = [];
  /** Index of the oldest event: taking one must not move all the others. */
  #first = 0;
  #lost = 0;
  #taken = 0;
  /** Until the event loop has had its turn: who receives meanwhile comes after, in order. */
  #pause: Promise<void> | undefined;
  #closed = false;
  #end: Error | undefined;
  #referenced = true;

  static {
    openQueue = <Event>(what: string, supply: EventSupply) => {
      const queue = new EventQueue<Event>(what, supply);
      const inlet: Inlet<Event> = {
        push: (event) => queue.#push(event),
        countLost: (count) => (queue.#lost += count),
        end: (reason) => queue.#fail((queue.#end ??= reason)),
        close: () => queue.#close(),
        get holdsProcess() {
          return queue.#referenced && queue.#waiters.size > 0;
        },
      };
      return { queue, inlet };
    };
  }

  private constructor(what: string, supply: EventSupply) {
    this.#what = what;
    this.#supply = supply;
  }

  /** How many receivers wait now. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Lets waiting here keep the process alive, as it does from the start. */
  ref(): this {
    return this.#reference(true);
  }

  /** Lets the process end although somebody waits here. */
  unref(): this {
    return this.#reference(false);
  }

  /** How many events of the board were lost so far because nobody took them in time. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * The next event: at once if one has arrived, else when one does.
   * @throws (rejects) `ERR_EPIPHANY_TIMEOUT`, the signal's reason, `ERR_EPIPHANY_CLOSED` when the board is closed, or
   *   `ERR_EPIPHANY_GONE` when its driver has lost the device
   */
  async receive(options: WaitOptions = {}): Promise<Event> {
    return this.#receive(options);
  }

  /** @param leaving what ends the wait, too, while it lasts */
  #receive(options: WaitOptions, leaving?: Set<() => void>): Promise<Event> {
    return waitFor(this.#what, options, (resolve, reject) => {
      if (this.#closed) throw this.#closedError();
      // A look at the source is a system call, too dear for each of many events; but what it keeps is not without end.
      if (this.#first === this.#events.length || this.#taken % POLL_INTERVAL === 0) this.#supply.poll();
      if (this.#first < this.#events.length && this.#waiters.size === 0) {
        // Now and then by way of the event loop: a stream that never runs dry would keep timers from firing. The event is the
        // receiver's all the same: no timeout and no signal comes between.
        const event = this.#take();
        if (++this.#taken % EVENTS_IN_A_ROW === 0) this.#pause ??= new Promise<void>((go) => setImmediate(go)).then(() => (this.#pause = undefined));
        resolve(this.#inTurn(event));
        return () => undefined;
      }
      if (this.#end && this.#first === this.#events.length) throw this.#end;
      const waiter = { resolve: (event: Event) => resolve(this.#inTurn(event)), reject };
      const leave = (): void => reject(LEFT);
      this.#waiters.add(waiter);
      leaving?.add(leave);
      const stop = (): void => {
        leaving?.delete(leave);
        this.#waiters.delete(waiter);
        if (!this.#closed) this.#supply.waitersChanged();
      };
      try {
        this.#supply.waitersChanged();
      } catch (error) {
        leaving?.delete(leave);
        this.#waiters.delete(waiter); // nobody is there to take an event for it
        throw error;
      }
      return stop;
    });
  }

  /**
   * Events for ever, until the loop is left or the board is closed, which throws `ERR_EPIPHANY_CLOSED`.
   * Leaving takes no event with it, also while the next one is waited for.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Event, void, undefined> {
    return this.messages();
  }

  /**
   * The same with an end: a loop over it throws the signal's reason, or `ERR_EPIPHANY_TIMEOUT` if one event takes more
   * than `timeout` milliseconds to come.
   * @example
   * for await (const { word } of board.mailbox.messages({ timeout: 1000 })) console.log(word);
   */
  messages(options: WaitOptions = {}): AsyncIterableIterator<Event, void, undefined> {
    const checked = checkedWaitOptions(options);
    // Not an AbortSignal, which warns of more than ten who wait.
    const leaving = new Set<() => void>();
    let left = false;
    const end = { done: true, value: undefined } as const;
    return {
      next: async () => {
        if (left) return end;
        try {
          return { done: false, value: await this.#receive(checked, leaving) };
        } catch (error) {
          if (error === LEFT) return end;
          throw error;
        }
      },
      return: () => {
        left = true;
        for (const leave of [...leaving]) leave();
        return Promise.resolve(end);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** @internal */
  [inspect.custom](): string {
    return `EventQueue(${this.#what}, ${this.waiting} waiting, ${this.#lost} lost${this.#closed ? ', closed' : ''})`;
  }

  #push(event: Event): void {
    if (this.#events.length - this.#first === CAPACITY) {
      this.#take();
      this.#lost++;
    }
    this.#events.push(event);
    this.#wake();
  }

  /** Rejects everybody who waits. */
  #fail(reason: Error): void {
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
  }

  #close(): void {
    this.#closed = true;
    this.#fail(this.#closedError());
  }

  #reference(referenced: boolean): this {
    this.#referenced = referenced;
    if (!this.#closed) this.#supply.waitersChanged();
    return this;
  }

  /** Gives what has come to those who wait, the longest waiting first. */
  #wake(): void {
    for (const waiter of [...this.#waiters]) {
      if (this.#first === this.#events.length) return;
      if (this.#waiters.delete(waiter)) waiter.resolve(this.#take());
    }
  }

  /** During a pause behind those that were received before. */
  #inTurn(event: Event): Event | Promise<Event> {
    return this.#pause ? this.#pause.then(() => event) : event;
  }

  #take(): Event {
    const event = this.#events[this.#first++] as Event;
    if (this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first);
      this.#first = 0;
    }
    return event;
  }

  #closedError(): Error {
    return closedError(`the board of this ${this.#what} queue`);
  }
}
