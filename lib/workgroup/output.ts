// SPDX-License-Identifier: MIT
/** What programs print, until they end. */
import type { Core } from '../core.js';

/** Something that a program wrote to its standard output or error. */
export interface Output {
  readonly core: Core;
  readonly stream: 'stdout' | 'stderr';
  /** Decoded as UTF-8; a character that one write cut in two comes with the second. */
  readonly text: string;
}

/** Gives a piece to somebody who waits for one, or tells that there will be none. */
type Receive = (result: IteratorResult<Output, undefined>) => void;

const END = { done: true, value: undefined } as const;

/**
 * A stream of output. It keeps what nobody has read yet, and ends with the program. Each piece is received once, by
 * whoever waited longest; leaving a loop takes none with it.
 * @example
 * for await (const { core, text } of group.output) process.stdout.write(`${core.row},${core.column}: ${text}`);
 */
export class OutputStream implements AsyncIterable<Output> {
  readonly #waitersChanged: () => void;
  /** In the order in which they came. */
  #arrived: Output[] = [];
  /** Before all of those, the oldest last: taking one must not move the others. */
  #ready: Output[] = [];
  /** With the loop that each belongs to. */
  readonly #waiters = new Map<Receive, object>();
  #ended = false;

  /** @internal */
  constructor(waitersChanged: () => void) {
    this.#waitersChanged = waitersChanged;
  }

  /** @internal Whether somebody waits for output. */
  get hasWaiters(): boolean {
    return this.#waiters.size > 0;
  }

  /** @internal */
  push(piece: Output): void {
    const [receive] = this.#waiters.keys();
    if (!receive) {
      this.#arrived.push(piece);
      return;
    }
    this.#waiters.delete(receive);
    receive({ done: false, value: piece });
  }

  /** @internal */
  end(): void {
    this.#ended = true;
    for (const receive of this.#waiters.keys()) receive(END);
    this.#waiters.clear();
  }

  /** Pieces until the program is over, or until the loop is left: also while the next one is waited for. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Output, undefined, undefined> {
    let isLeft = false;
    const iterator: AsyncIterableIterator<Output, undefined, undefined> = {
      next: () =>
        new Promise((resolve) => {
          const value = isLeft ? undefined : this.#take();
          if (value) resolve({ done: false, value });
          else if (isLeft || this.#ended) resolve(END);
          else {
            this.#waiters.set(resolve, iterator);
            this.#waitersChanged();
          }
        }),
      return: () => {
        isLeft = true;
        for (const [receive, owner] of this.#waiters) {
          if (owner === iterator && this.#waiters.delete(receive)) receive(END);
        }
        this.#waitersChanged();
        return Promise.resolve(END);
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  #take(): Output | undefined {
    if (this.#ready.length === 0) [this.#ready, this.#arrived] = [this.#arrived.reverse(), []];
    return this.#ready.pop();
  }
}
