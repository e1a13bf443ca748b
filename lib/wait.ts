// SPDX-License-Identifier: MIT
/** Waiting that a signal or a timeout can end. */
import { checkInteger, EpiphanyError, invalidType } from './errors.js';

declare global {
  /** For programs that are compiled with neither the DOM's types nor Node's, whose own this is a part of. */
  interface AbortSignal {
    readonly aborted: boolean;
  }
}

/** How a wait may end early. */
export interface WaitOptions {
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds after which the wait ends with `ERR_EPIPHANY_TIMEOUT`; none by default. */
  timeout?: number | undefined;
}

/** Longest delay that a timer of Node keeps. */
const LONGEST_TIMEOUT = 0x7fffffff;

/** Checks wait options before anything is waited for, and takes each just once. */
export function checkedWaitOptions(options: WaitOptions): WaitOptions {
  if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
  const { signal, timeout } = options;
  if (timeout !== undefined) checkInteger('timeout', timeout, 0, LONGEST_TIMEOUT);
  // Not by its class: a signal may come from another realm.
  if (signal !== undefined && (typeof signal !== 'object' || signal === null || typeof signal.aborted !== 'boolean' || [signal.addEventListener, signal.removeEventListener].some((method) => typeof method !== 'function'))) {
    throw invalidType('signal', 'an AbortSignal', signal);
  }
  return { signal, timeout };
}

/** Also of signals of others, who may not have a method for it. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** Stops listening to a signal. It is the caller's, and may throw: then it stays, and what it calls does nothing any more. */
export function ignoreSignal(signal: AbortSignal | undefined, listener: () => void): void {
  try {
    signal?.removeEventListener('abort', listener);
  } catch {
    // nothing of ours depends on it
  }
}

/**
 * One promise that settles by `resolve`, `reject`, a signal or a timeout, whichever comes first.
 * `begin` starts what may resolve it and returns how to stop that.
 * @throws (rejects) TypeError or RangeError for wrong options
 */
export function waitFor<Result>(
  what: string,
  options: WaitOptions,
  begin: (resolve: (result: Result | PromiseLike<Result>) => void, reject: (reason: unknown) => void) => () => void,
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
      ignoreSignal(signal, onAbort);
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

/** Milliseconds between two looks: each pause is twice as long as the one before. */
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [1, 16];

/**
 * Looks at once, and then again and again, until there is something to be seen: `look` returns it.
 * @throws (rejects) as {@link waitFor}, and with what `look` throws
 */
export function poll<Result>(what: string, options: WaitOptions, look: () => Result | undefined): Promise<Result> {
  return waitFor<Result>(what, options, (resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const lookAndPause = (pause: number): void => {
      try {
        const seen = look();
        if (seen === undefined) timer = setTimeout(lookAndPause, pause, Math.min(2 * pause, LONGEST_PAUSE));
        else resolve(seen);
      } catch (error) {
        reject(error);
      }
    };
    lookAndPause(SHORTEST_PAUSE);
    return () => clearTimeout(timer);
  });
}
