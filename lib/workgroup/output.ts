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

/**
 * A stream of output. It keeps what nobody has read yet, and ends with the program. Each piece is received once.
 * @example
 * for await (const { core, text } of group.output) process.stdout.write(`${core.row},${core.column}: ${text}`);
 */
export class OutputStream implements AsyncIterable<Output> {
  readonly #waitersChanged: () => void;
  #pieces: Output[] = [];
  #waiters: (() => void)[] = [];
  #ended = false;

  /** @internal */
  constructor(waitersChanged: () => void) {
    this.#waitersChanged = waitersChanged;
  }

  /** @internal Whether somebody waits for output. */
  get hasWaiters(): boolean {
    return this.#waiters.length > 0;
  }

  /** @internal */
  push(piece: Output): void {
    this.#pieces.push(piece);
    this.#wake();
  }

  /** @internal */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Output, void> {
    for (;;) {
      const pieces = this.#pieces;
      this.#pieces = [];
      yield* pieces;
      if (this.#pieces.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
        this.#waitersChanged();
      });
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
