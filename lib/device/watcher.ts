// SPDX-License-Identifier: MIT
/** Waiting for a device on the event loop, by poll(2). */
import { constants } from 'node:os';
import { checkInteger, closedError, EpiphanyError, invalidType, outOfRange, systemError } from '../errors.js';
import { native, type DeviceHandle, type PollHandle } from '../native.js';

/** What to wait for. A device that has hung up or failed counts as `'readable'` too. */
export type PollEvent = 'readable' | 'writable' | 'hangup' | 'priority';

const EVENT_BITS: Readonly<Record<PollEvent, number>> = { readable: 1, writable: 2, hangup: 4, priority: 8 };
const EVENTS = Object.keys(EVENT_BITS) as PollEvent[];
const [EPERM, EBADF, EIO] = [-constants.errno.EPERM, -constants.errno.EBADF, -constants.errno.EIO];

/** How a wait may end early. */
export interface WaitOptions {
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds after which the wait ends with `ERR_EPIPHANY_TIMEOUT`; none by default. */
  timeout?: number | undefined;
}

/** Longest delay that a timer of Node keeps. */
const LONGEST_TIMEOUT = 0x7fffffff;

/** Checks wait options before anything is waited for, and takes each just once. @internal */
export function checkedWaitOptions(options: WaitOptions): WaitOptions {
  if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
  const { signal, timeout } = options;
  if (timeout !== undefined) checkInteger('timeout', timeout, 0, LONGEST_TIMEOUT);
  // Not by its class: a signal may come from another realm.
  if (signal !== undefined && (typeof signal !== 'object' || signal === null || typeof signal.aborted !== 'boolean' || typeof signal.addEventListener !== 'function')) {
    throw invalidType('signal', 'an AbortSignal', signal);
  }
  return { signal, timeout };
}

/**
 * One promise that settles by `resolve`, `reject`, a signal or a timeout, whichever comes first.
 * `begin` starts what may resolve it and returns how to stop that.
 * @throws (rejects) TypeError or RangeError for wrong options
 */
export function waitFor<Result>(
  what: string,
  options: WaitOptions,
  begin: (resolve: (result: Result) => void, reject: (reason: unknown) => void) => () => void,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const { signal, timeout } = checkedWaitOptions(options);
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    let stop: (() => void) | undefined;
    let settled = false;
    const settle = (outcome: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      stop?.();
      outcome();
      signal?.removeEventListener('abort', onAbort); // last: it is the caller's, and may throw
    };
    const onAbort = (): void => settle(() => reject(signal?.reason));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (timeout !== undefined) {
      timer = setTimeout(() => settle(() => reject(new EpiphanyError('ERR_EPIPHANY_TIMEOUT', `no ${what} within ${timeout} ms`))), timeout);
    }
    try {
      stop = begin(
        (result) => settle(() => resolve(result)),
        (reason) => settle(() => reject(reason)),
      );
      if (settled) stop();
    } catch (error) {
      settle(() => reject(error));
    }
  });
}

/** Reports events of a device until it is closed; made by `CharDevice.watch`. */
export class Watcher implements Disposable {
  readonly #path: string;
  readonly #poll: PollHandle;
  readonly #onClose: (watcher: Watcher) => void;
  #closed = false;

  /** @internal Use `CharDevice.watch`. */
  constructor(
    device: DeviceHandle,
    path: string,
    events: number,
    listener: (error: Error | undefined, events: ReadonlySet<PollEvent>) => void,
    onClose: (watcher: Watcher) => void,
  ) {
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
