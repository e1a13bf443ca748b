// SPDX-License-Identifier: MIT
/** Shared DRAM that is given out in buffers. */
import { inspect } from 'node:util';
import type { EmeshAddress } from './address.js';
import { checkInteger, closedError, formatHex, invalidType, outOfRange } from './errors.js';
import { native } from './native.js';
import type { DramBlock, Transport } from './transport/transport.js';

/** Where a buffer of shared DRAM is to lie, and what is left of it. */
export interface DramOptions {
  /** What its address is to be a multiple of: a power of two, up to 2^30 bytes. It is one of the page size anyway. */
  readonly align?: number | undefined;
  /** Its eMesh address, a multiple of the page size, for programs that are linked to one. Default: anywhere. */
  readonly address?: EmeshAddress | number | undefined;
  /**
   * Whether it is zeroed when it is given back, too, also if this process dies. Default: false, which is faster; the
   * next buffer there is zero anyway, but until then `board.sharedDramMapping()` of any program shows what was left.
   */
  readonly scrub?: boolean | undefined;
}

const LARGEST_ALIGN = 2 ** 30;
/** Of eMesh addresses. */
const LARGEST_BYTES = 2 ** 31;

/** Gives out shared DRAM; `board.dram`. */
export class Dram {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Takes a part of shared DRAM, which no other program has until it is closed. It is zero at first. Cores reach all
   * of shared DRAM, also those of other users: programs that share a chip trust each other.
   * @param bytes how many, 1 … 2^31; whole pages are taken
   * @throws `ERR_EPIPHANY_BUSY` if the address has been given out, SystemError `ENOSPC` if so much is not free in one
   *   piece, RangeError for an address outside shared DRAM, `ERR_EPIPHANY_UNSUPPORTED` without `features.dram`,
   *   `ERR_EPIPHANY_CLOSED`, SystemError `ENOMEM` if this process has too many mappings
   * @example
   * using buffer = board.dram.alloc(1 << 20);
   * new Float32Array(buffer.bytes.buffer)[0] = 1.5;
   * core.writeWord(0x2000, buffer.address); // where the program on the core finds it
   */
  alloc(bytes: number, options: DramOptions = {}): DramBuffer {
    const transport = this.#transport;
    checkInteger('bytes', bytes, 1, LARGEST_BYTES);
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { align, address, scrub = false } = options;
    if (align !== undefined) {
      checkInteger('options.align', align, 1, LARGEST_ALIGN);
      if (!Number.isInteger(Math.log2(align))) throw outOfRange('options.align', 'a power of two', align);
    }
    if (address !== undefined) {
      checkInteger('options.address', address, 0, 0xffffffff);
      if (address % native.pageBytes !== 0) throw outOfRange('options.address', `a multiple of the page size, ${native.pageBytes}`, address);
      if (align !== undefined && address % align !== 0) throw outOfRange('options.address', `a multiple of options.align, ${align}`, address);
    }
    if (typeof scrub !== 'boolean') throw invalidType('options.scrub', 'true or false', scrub);
    transport.check();
    return new DramBuffer(transport.allocate(bytes, { align: address === undefined ? (align ?? 0) : 0, address, scrub }), bytes, transport);
  }

  /** @internal */
  [inspect.custom](): string {
    return `Dram of '${this.#transport.path}'`;
  }
}

/** Which block a buffer is, if it is of this board. */
export let blockOf: (buffer: DramBuffer, transport: Transport) => DramBlock | undefined;

/**
 * A part of shared DRAM that belongs to this program; made by `board.dram.alloc`. It is memory like any other: any
 * view of it will do. Given back by {@link close}, with the board, or when neither it nor a view of it is left.
 */
export class DramBuffer implements Disposable {
  /** eMesh address of its first byte: what cores use. */
  readonly address: EmeshAddress;
  /** Bytes, as many as were asked for. */
  readonly length: number;
  readonly #block: DramBlock;
  readonly #transport: Transport;

  static {
    blockOf = (buffer, transport) => (#transport in buffer && buffer.#transport === transport ? buffer.#block : undefined);
  }

  /** @internal Use `board.dram.alloc`. */
  constructor(block: DramBlock, length: number, transport: Transport) {
    this.address = block.address;
    this.length = length;
    this.#block = block;
    this.#transport = transport;
    Object.freeze(this);
  }

  /** Whether it was given back. */
  get closed(): boolean {
    return this.#block.memory.closed;
  }

  /**
   * All of it, zero-copy and live. Its `buffer` may be viewed as anything. What processor and cores write to it is
   * not ordered by itself: write a flag behind the data with `Atomics.store`.
   * @throws `ERR_EPIPHANY_CLOSED`, also if transfer() took its memory away
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.closed) throw closedError(String(this));
    return new Uint8Array(this.#block.memory.buffer, 0, this.length);
  }

  /** Gives it back. Views of it reach it no more: they show memory of no meaning, zero at first. Doing it again does nothing. */
  close(): void {
    this.#block.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toString(): string {
    return `buffer of ${this.length} bytes at ${formatHex(this.address)} of '${this.#transport.path}'`;
  }

  /** @internal */
  [inspect.custom](): string {
    return `DramBuffer(${this.toString()}${this.closed ? ', closed' : ''})`;
  }
}
