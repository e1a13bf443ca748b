// SPDX-License-Identifier: MIT
import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Where a board's reporter writes to: one who waits for a test gets what came of it. */
export class Results extends Writable {
  #known = new Map();
  #waiting = new Map();
  #text = '';
  #decoder = new StringDecoder();
  #failure;

  /** When something was last heard of the board. */
  heard = Date.now();

  constructor() {
    super();
  }

  /** What came of a test, when it has ended. Rejected with what ended the board, if that comes first. */
  of(name) {
    if (this.#known.has(name)) return Promise.resolve(this.#known.get(name));
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiting.set(name, { resolve, reject }));
  }

  /** Nothing more will come. */
  fail(error) {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  _write(chunk, encoding, done) {
    this.heard = Date.now();
    const lines = (this.#text + this.#decoder.write(chunk)).split('\n');
    this.#text = lines.pop();
    for (const line of lines) this.#take(JSON.parse(line));
    done();
  }

  #take(result) {
    this.#known.set(result.name, result);
    this.#waiting.get(result.name)?.resolve(result);
    this.#waiting.delete(result.name);
  }
}
