// SPDX-License-Identifier: MIT
/** Standard input of programs. */
import { Readable } from 'node:stream';
import { types } from 'node:util';
import { invalidType } from '../errors.js';
import { checkView } from '../view.js';

/** Standard input: all of it, or piece by piece as it comes, such as a `Readable` of Node gives it. */
export type InputSource = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** Checks that `value` is standard input, as far as that can be told before it is read. */
export function checkInputSource(name: string, value: unknown): void {
  if (typeof (value as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === 'function') return;
  if (typeof value !== 'string' && !types.isUint8Array(value)) throw invalidType(name, 'a string, a Uint8Array or an AsyncIterable of these', value);
  if (typeof value !== 'string') checkView(name, value);
}

/** Bytes for the one who takes them first. A source is asked for its next piece only when there is somebody to take it. */
export class Input {
  readonly #source: InputSource;
  readonly #changed: () => void;
  /** Of a source that comes piece by piece. */
  readonly #pieces: AsyncGenerator<Uint8Array> | undefined;
  /** What nobody has taken yet of the piece that came last. */
  #rest: Uint8Array;
  #isAsked = false;
  #isOver: boolean;
  #failure: { readonly error: unknown } | undefined;

  /** @param changed is called when there is something to be taken, or to be told, after all */
  constructor(source: InputSource, changed: () => void) {
    this.#source = source;
    this.#isOver = typeof source === 'string' || types.isUint8Array(source);
    this.#rest = this.#isOver ? bytesOf(source) : new Uint8Array();
    this.#pieces = this.#isOver ? undefined : piecesOf(source as AsyncIterable<unknown>);
    this.#changed = changed;
  }

  /** @throws what the source has failed with */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Takes so many bytes or fewer: none at the end, undefined as long as it is not known what comes. */
  take(most: number): Uint8Array | undefined {
    if (most > 0 && this.#rest.length === 0 && !this.#isOver) {
      if (!this.#isAsked) void this.#ask();
      return undefined;
    }
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  /** Asks for nothing more, and closes a source that was asked. What has come already can still be taken. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A loop is left behind the next piece, for which a stream may wait for ever.
    if (this.#isAsked && this.#source instanceof Readable) this.#source.destroy();
    else this.#pieces?.return(undefined).catch(() => undefined); // nobody waits for it who could be told
  }

  async #ask(): Promise<void> {
    this.#isAsked = true;
    try {
      const next = await this.#pieces?.next();
      if (this.#isOver) return; // it was closed meanwhile
      if (!next || next.done) this.#isOver = true;
      else this.#rest = next.value;
    } catch (error) {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#failure = { error };
    }
    this.#isAsked = false;
    this.#changed();
  }
}

/** The loop closes a source that is not read to its end, or gives something else. */
async function* piecesOf(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const piece of source) yield bytesOf(piece);
}

/** A copy, as nobody knows when it will be read. */
function bytesOf(piece: unknown): Uint8Array {
  if (typeof piece === 'string') return new TextEncoder().encode(piece);
  if (!types.isUint8Array(piece)) throw invalidType('a piece of standard input', 'a string or a Uint8Array', piece);
  return Uint8Array.from(piece);
}
