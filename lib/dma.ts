// SPDX-License-Identifier: MIT
/** Copies by the host's DMA engine, while the processor does something else. */
import { inspect } from 'node:util';
import { SRAM_BYTES } from './address.js';
import { Core, sourceOf } from './core.js';
import { CharDevice, isWindow, type MemoryMapping } from './device/index.js';
import { blockOf, DramBuffer } from './dram.js';
import { checkInteger, EpiphanyError, invalidType, outOfRange } from './errors.js';
import type { Claim, DmaEnd, Transport } from './transport/transport.js';
import { byteLengthOf, bytesOf, checkView, readFrom } from './view.js';
import { checkedWaitOptions, throwIfAborted } from './wait.js';

/**
 * One end of a copy: a view of host memory; a buffer of shared DRAM, or a place in it; SRAM of a core of a work-group.
 * Offsets and addresses are multiples of 4.
 */
export type DmaPlace = ArrayBufferView | DramBuffer | { readonly buffer: DramBuffer; readonly offset: number } | { readonly core: Core; readonly address: number };

/** How to copy. */
export interface DmaOptions {
  /** Ends the copy with the signal's reason, once the piece that is under way has been copied. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each piece: bytes so far, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A piece: engines take more, but nothing can be ended, or told, in the midst of one. */
const PIECE_BYTES = 2 ** 20;

/** What {@link Dma.copy} makes of a place: what it has, and how to find each piece. */
interface End {
  readonly bytes: number;
  readonly isHost: boolean;
  readonly isCore: boolean;
  piece(offset: number): DmaEnd;
  view(offset: number, bytes: number): Uint8Array;
}

/** Copies by DMA; `board.dma`. */
export class Dma {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Copies `bytes` bytes, a multiple of 4, from the beginning of one place to that of another. Copies of one board are
   * made one after the other. Host memory goes through a buffer of the library's own, because the engine must not be
   * left with memory that the program may give up meanwhile; at least one of the places must be another.
   * @throws (rejects) RangeError if a place has fewer bytes, TypeError for what is none; the signal's reason;
   *   `ERR_EPIPHANY_UNSUPPORTED` without `features.dma`, and for reading SRAM of an E64G401, which gives wrong data;
   *   `ERR_EPIPHANY_RESET` if the chip is reset meanwhile; SystemError `EIO` or `ETIMEDOUT` if the engine fails: then
   *   a part may have been copied
   * @example
   * using buffer = board.dram.alloc(1 << 20);
   * await board.dma.copy(picture, buffer, picture.byteLength);
   */
  async copy(from: DmaPlace, to: DmaPlace, bytes: number, options: DmaOptions = {}): Promise<void> {
    const transport = this.#transport;
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { onProgress } = options;
    const { signal } = checkedWaitOptions({ signal: options.signal });
    if (onProgress !== undefined && typeof onProgress !== 'function') throw invalidType('options.onProgress', 'a function', onProgress);
    checkInteger('bytes', bytes, 0, Number.MAX_SAFE_INTEGER);
    if (bytes % 4 !== 0) throw outOfRange('bytes', 'a multiple of 4', bytes);
    const [source, target] = [this.#endOf('from', from), this.#endOf('to', to)];
    for (const [name, end] of [['from', source], ['to', target]] as const) if (end.bytes < bytes) throw outOfRange(name, `a place of at least ${bytes} bytes`, end.bytes);
    if (source.isHost && target.isHost) throw outOfRange('to', 'a place outside host memory, as "from" is in it', to);
    transport.check();
    throwIfAborted(signal);
    const engine = transport.dma();
    if (source.isCore && !engine.readsCores) {
      throw new EpiphanyError('ERR_EPIPHANY_UNSUPPORTED', 'SRAM of an E64G401 cannot be read by DMA: its burst reads give wrong data. Use core.read', { path: transport.path });
    }
    using staging = source.isHost || target.isHost ? new Staging(Math.min(bytes, PIECE_BYTES)) : undefined;
    for (let done = 0; done < bytes; ) {
      const piece = Math.min(bytes - done, PIECE_BYTES);
      if (staging && source.isHost) staging.bytes.set(source.view(done, piece));
      await engine.copy(staging && source.isHost ? staging.end : source.piece(done), staging && target.isHost ? staging.end : target.piece(done), piece);
      if (staging && target.isHost) target.view(done, piece).set(staging.bytes.subarray(0, piece));
      done += piece;
      onProgress?.(done, bytes);
      throwIfAborted(signal);
    }
  }

  /** @internal */
  [inspect.custom](): string {
    return `Dma of '${this.#transport.path}'`;
  }

  #endOf(name: string, place: DmaPlace): End {
    if (ArrayBuffer.isView(place)) return hostEnd(name, place);
    if (place instanceof DramBuffer) return this.#dramEnd(name, place, 0);
    const expected = 'a view, a buffer of shared DRAM, or { buffer, offset } or { core, address }';
    if (typeof place !== 'object' || place === null) throw invalidType(name, expected, place);
    const { core, address, buffer, offset } = readFrom(name, expected, place, () => {
      const parts = place as { core?: unknown; address?: unknown; buffer?: unknown; offset?: unknown };
      return { core: parts.core, address: parts.address, buffer: parts.buffer, offset: parts.offset };
    });
    if (core !== undefined) return this.#coreEnd(name, core, address);
    if (buffer instanceof DramBuffer) return this.#dramEnd(name, buffer, offset);
    throw invalidType(name, expected, place);
  }

  #dramEnd(name: string, buffer: DramBuffer, at: unknown): End {
    const offset = checkWord(`${name}.offset`, at, buffer.length);
    const block = blockOf(buffer, this.#transport);
    if (!block) throw outOfRange(name, 'a buffer of the same board', buffer);
    return {
      bytes: buffer.bytes.length - offset,
      isHost: false,
      isCore: false,
      piece: (done) => ({ kind: 'dram', block, address: buffer.address + offset + done }),
      view: () => new Uint8Array(0),
    };
  }

  #coreEnd(name: string, core: unknown, at: unknown): End {
    const claim = core instanceof Core ? sourceOf(core) : undefined;
    if (!(core instanceof Core) || !claim) throw invalidType(`${name}.core`, 'a core', core);
    const address = checkWord(`${name}.address`, at, SRAM_BYTES);
    if (!('host' in claim) || claim.host !== this.#transport) throw outOfRange(`${name}.core`, 'a core of a work-group of this board: of group.cores', core);
    return {
      bytes: SRAM_BYTES - address,
      isHost: false,
      isCore: true,
      piece: (done) => ({ kind: 'core', claim: claim as Claim, core: core.id, address: address + done }),
      view: () => new Uint8Array(0),
    };
  }
}

function hostEnd(name: string, view: ArrayBufferView): End {
  if (isWindow(view)) throw invalidType(name, 'in host memory; for SRAM, { core, address }', view);
  checkView(name, view);
  return {
    bytes: byteLengthOf(view),
    isHost: true,
    isCore: false,
    piece: () => {
      throw new TypeError('host memory is copied by way of a buffer');
    },
    // Made anew for each piece: if the memory was given up meanwhile, this is what tells.
    view: (at, bytes) => {
      const piece = bytesOf(checkView(name, view)).subarray(at, at + bytes);
      if (piece.length < bytes) throw outOfRange(name, `a view that stays as long as it was: at least ${at + bytes} bytes`, at + piece.length);
      return piece;
    },
  };
}

function checkWord(name: string, at: unknown, end: number): number {
  const offset = checkInteger(name, at, 0, end);
  if (offset % 4 !== 0) throw outOfRange(name, 'a multiple of 4', at);
  return offset;
}

/** Memory that only the library has: an engine may be left with it, whatever becomes of the program's own. */
class Staging implements Disposable {
  readonly bytes: Uint8Array;
  readonly end: DmaEnd;
  readonly #zero: CharDevice;
  readonly #memory: MemoryMapping;

  constructor(bytes: number) {
    this.#zero = CharDevice.open('/dev/zero');
    this.#memory = this.#zero.mapMemory({ offset: 0, length: Math.max(4, bytes) });
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.end = { kind: 'memory', memory: this.#memory, offset: 0 };
  }

  [Symbol.dispose](): void {
    this.#zero.close();
  }
}
