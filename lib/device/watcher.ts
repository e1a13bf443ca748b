// SPDX-License-Identifier: MIT
/** Waiting for a device on the event loop, by poll(2). */
import { constants } from 'node:os';
import { closedError, invalidType, outOfRange, systemError } from '../errors.js';
import { native, type DeviceHandle, type PollHandle } from '../native.js';

/** What to wait for. A device that has hung up or failed counts as `'readable'` too. */
export type PollEvent = 'readable' | 'writable' | 'hangup' | 'priority';

const EVENT_BITS: Readonly<Record<PollEvent, number>> = { readable: 1, writable: 2, hangup: 4, priority: 8 };
const EVENTS = Object.keys(EVENT_BITS) as PollEvent[];
const [EPERM, EBADF, EIO] = [-constants.errno.EPERM, -constants.errno.EBADF, -constants.errno.EIO];

type Listener = (error: Error | undefined, events: ReadonlySet<PollEvent>) => void;

/** Begins to watch a device; `events` are bits. */
export let watch: (device: DeviceHandle, path: string, events: number, listener: Listener, onClose: (watcher: Watcher) => void) => Watcher;

/** Reports events of a device until it is closed; made by `CharDevice.watch`. */
export class Watcher implements Disposable {
  readonly #path: string;
  readonly #poll: PollHandle;
  readonly #onClose: (watcher: Watcher) => void;
  #closed = false;

  static {
    watch = (...parameters) => new Watcher(...parameters);
  }

  private constructor(device: DeviceHandle, path: string, events: number, listener: Listener, onClose: (watcher: Watcher) => void) {
    const poll = native.pollCreate(device);
    if (typeof poll === 'number') throw systemError(poll, 'poll', { path }, poll === EPERM ? 'This file cannot be waited for' : '');
    this.#path = path;
    this.#poll = poll;
    this.#onClose = onClose;
    const status = native.pollStart(poll, events, (failure, bits) => {
      if (this.#closed) return;
      const happened = new Set(EVENTS.filter((event) => (bits & EVENT_BITS[event]) !== 0));
      if (failure === 0) {
        listener(undefined, happened);
        return;
      }
      // libuv says EBADF for POLLERR, whatever the cause, and has stopped watching.
      this.close();
      listener(systemError(failure === EBADF ? EIO : failure, 'poll', { path }, 'The device reports an error condition, and is no longer watched'), happened);
    });
    if (status < 0) {
      native.pollClose(poll);
      throw systemError(status, 'poll', { path });
    }
  }

  /** Whether the watching has ended. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Lets the watcher keep the process alive, as it does from the start. */
  ref(): this {
    return this.#reference(true);
  }

  /** Lets the process end although the watcher is open. */
  unref(): this {
    return this.#reference(false);
  }

  /** Ends the watching. Doing it again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    native.pollClose(this.#poll);
    this.#onClose(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #reference(referenced: boolean): this {
    if (this.#closed) throw closedError(`the watcher of '${this.#path}'`);
    native.pollReference(this.#poll, referenced);
    return this;
  }
}

/** Checks names of events, and gives them as the bits that libuv knows them by. */
export function eventBits(events: unknown): number {
  const list: unknown[] = Array.isArray(events) ? [...(events as unknown[])] : [events];
  let bits = 0;
  for (const event of list) {
    if (typeof event !== 'string') throw invalidType('events', 'the name of an event or an array of such', event);
    if (!Object.hasOwn(EVENT_BITS, event)) throw outOfRange('events', `of ${EVENTS.join(', ')}`, event);
    bits |= EVENT_BITS[event as PollEvent];
  }
  if (bits === 0) throw outOfRange('events', 'at least one event', events);
  return bits;
}
