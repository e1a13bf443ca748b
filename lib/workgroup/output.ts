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

/** Memory that output takes by default until it is read, for each stream. */
export const OUTPUT_LIMIT = 2 ** 22;
/** About what a piece takes: a string, an object, and two bytes a character. */
const bytesOf = ({ text }: Output): number => 128 + 2 * text.length;

/** What a stream does for the server of the cores. */
export interface OutputListener {
  /** Somebody begins to wait for output, or has ended it. */
  waitersChanged(): void;
  /** There is room again, for which a core may wait. */
  roomChanged(): void;
}

/** Where the output of a stream comes in: who serves the cores has it, and nobody else. */
export interface OutputInlet {
  readonly stream: OutputStream;
  /** Whether somebody waits for output. */
  readonly hasWaiters: boolean;
  /** Whether a core may write: else it is to wait until somebody has read. */
  readonly hasRoom: boolean;
  push(piece: Output): void;
  end(): void;
}

/** Makes a stream that keeps so many bytes. */
export let openOutput: (limit: number, listener: OutputListener) => OutputInlet;

/**
 * A stream of output, which ends with the program. Each piece is received once, by the one who waited longest; leaving a
 * loop takes none with it.
 *
 * What nobody has read yet is kept up to a limit. There, as long as somebody iterates, the cores wait that want to write
 * more; as long as nobody does, the oldest is dropped, and counted.
 * @example
 * for await (const { core, text } of group.output) process.stdout.write(`${core.row},${core.column}: ${text}`);
 */
export class OutputStream implements AsyncIterable<Output> {
  readonly #limit: number;
  readonly #listener: OutputListener;
  /** In the order in which they came. */
  #arrived: Output[] = [];
  /** Before all of those, the oldest last: taking one must not move the others. */
  #ready: Output[] = [];
  /** Of both, by {@link bytesOf}. */
  #bytes = 0;
  #lost = 0;
  /** With the loop that each belongs to. */
  readonly #waiters = new Map<Receive, object>();
  /** Loops that have begun, and were not left. */
  readonly #loops = new Set<object>();
  #ended = false;

  static {
    openOutput = (limit, listener) => {
      const stream = new OutputStream(limit, listener);
      return {
        stream,
        get hasWaiters() {
          return stream.#waiters.size > 0;
        },
        get hasRoom() {
          return stream.#hasRoom;
        },
        push: (piece) => stream.#push(piece),
        end: () => stream.#end(),
      };
    };
  }

  private constructor(limit: number, listener: OutputListener) {
    this.#limit = limit;
    this.#listener = listener;
  }

  /** Characters that were dropped so far, because nobody iterated. */
  get lost(): number {
    return this.#lost;
  }

  get #hasRoom(): boolean {
    return this.#bytes < this.#limit || this.#loops.size === 0;
  }

  #push(piece: Output): void {
    const [receive] = this.#waiters.keys();
    if (receive) {
      this.#waiters.delete(receive);
      receive({ done: false, value: piece });
      return;
    }
    this.#arrived.push(piece);
    this.#bytes += bytesOf(piece);
    if (this.#loops.size > 0) return;
    while (this.#bytes > this.#limit && this.#arrived.length + this.#ready.length > 1) this.#lost += this.#take()?.text.length ?? 0;
  }

  #end(): void {
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
          if (!isLeft) this.#loops.add(iterator);
          const hadRoom = this.#hasRoom;
          const value = isLeft ? undefined : this.#take();
          if (value) {
            resolve({ done: false, value });
            if (!hadRoom && this.#hasRoom) this.#listener.roomChanged();
          } else if (isLeft || this.#ended) resolve(END);
          else {
            this.#waiters.set(resolve, iterator);
            this.#listener.waitersChanged();
          }
        }),
      return: () => {
        isLeft = true;
        for (const [receive, owner] of this.#waiters) {
          if (owner === iterator && this.#waiters.delete(receive)) receive(END);
        }
        if (this.#loops.delete(iterator)) this.#listener.roomChanged();
        this.#listener.waitersChanged();
        return Promise.resolve(END);
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  #take(): Output | undefined {
    if (this.#ready.length === 0) [this.#ready, this.#arrived] = [this.#arrived.reverse(), []];
    const piece = this.#ready.pop();
    if (piece) this.#bytes -= bytesOf(piece);
    return piece;
  }
}
