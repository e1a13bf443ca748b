// SPDX-License-Identifier: MIT
/** A lease of mapped device memory. */
import { constants } from 'node:os';
import { inspect } from 'node:util';
import { checkInteger, closedError, EpiphanyError, formatHex, outOfRange, systemError } from '../errors.js';
import { native, type MappingHandle } from '../native.js';
import { arrayTag, bufferOf, copyable, lengthOf } from '../view.js';
import { checkCopyView, copyInto, copyOf, isWindow, windowsOver, type Float32Window, type Int32Window, type Uint32Window } from './window.js';

/** Whether a mapping may be written. */
export type MappingAccess = 'read' | 'read-write';

/** Where a mapping comes from. */
interface Origin {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly access: MappingAccess;
  /** Address of the first byte, for messages. */
  readonly baseAddress: number;
  /** What is mapped; its end is that of the lease. */
  readonly device: { readonly closed: boolean };
}

// Taken once: a program that replaces them must not be handed the view that a mapping keeps to itself.
const { load, store } = Atomics;
const Words = Uint32Array;

const ENOTSUP = -constants.errno.EOPNOTSUPP;
/** A mapping from its handle. */
export let mappingOf: (handle: MappingHandle, origin: Origin) => Mapping;

/** Up to here a loop of JavaScript beats the call into native code. */
const SHORT_WORDS = 16;

/**
 * Device memory mapped into this process; made by `CharDevice.map`.
 *
 * Offsets count bytes from the start of the mapping. Every access is made of naturally aligned loads and
 * stores of at most four bytes. After {@link close} each method throws `ERR_EPIPHANY_CLOSED`, and windows
 * handed out before are empty.
 */
export class Mapping implements Disposable {
  /** File that is mapped. */
  readonly path: string;
  /** File offset of the first byte. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** Whether it may be written. */
  readonly access: MappingAccess;
  /** Address by which messages and `inspect` call the first byte: the offset, unless told otherwise. */
  readonly baseAddress: number;
  readonly #handle: MappingHandle;
  readonly #device: Origin['device'];
  /** For our own loads and stores; never handed out, so a read-only mapping has no writer. Made when first asked for. */
  #words: Uint32Array | undefined;
  readonly #wordCount: number;
  readonly #writable: boolean;
  #windows: ReturnType<typeof windowsOver> | undefined;
  #closed = false;

  static {
    mappingOf = (handle, origin) => new Mapping(handle, origin);
  }

  private constructor(handle: MappingHandle, origin: Origin) {
    this.path = origin.path;
    this.offset = origin.offset;
    this.length = origin.length;
    this.access = origin.access;
    this.baseAddress = origin.baseAddress;
    this.#handle = handle;
    this.#device = origin.device;
    this.#wordCount = origin.length / 4;
    this.#writable = origin.access === 'read-write';
    Object.freeze(this);
  }

  /** Whether the lease is over. */
  get closed(): boolean {
    return this.#closed || this.#device.closed;
  }

  /** Live unsigned words, zero-copy. See lib/device/window.ts for what a window does differently. */
  get words(): Uint32Window {
    return this.#window().uint32;
  }

  /** The same memory as signed words. */
  get int32(): Int32Window {
    return this.#window().int32;
  }

  /** The same memory as single-precision numbers. */
  get float32(): Float32Window {
    return this.#window().float32;
  }

  #window(): ReturnType<typeof windowsOver> {
    if (this.closed) throw this.#closedError();
    if (!this.#writable) {
      throw new EpiphanyError('ERR_EPIPHANY_UNSUPPORTED', `no window over '${this.path}': it is mapped for reading, and a window could be written; use read or readWord`, { path: this.path });
    }
    return (this.#windows ??= this.#makeWindows());
  }

  #makeWindows(): ReturnType<typeof windowsOver> {
    const isClosed = (): boolean => this.closed;
    const owner = {
      handle: this.#handle,
      path: this.path,
      baseAddress: this.baseAddress,
      get closed() {
        return isClosed();
      },
    };
    return windowsOver(owner, bufferOf(this.#words ?? this.#makeWords()) as ArrayBuffer);
  }

  /** A mapping whose buffer nobody has asked for is given back when it is closed; any other, when its buffer is collected. */
  #makeWords(): Uint32Array {
    return (this.#words = new Words(bufferOfMapping(this.#handle, this.path, this.baseAddress)));
  }

  /**
   * Loads the word at `offset`, a multiple of 4, by exactly one access that is never elided or merged.
   * @throws RangeError if the offset is misaligned or outside
   */
  readWord(offset: number): number {
    if (this.closed) throw this.#closedError();
    return load(this.#words ?? this.#makeWords(), this.#wordIndex(offset));
  }

  /** Stores a word, 0 … 0xFFFFFFFF, at `offset`, a multiple of 4. @throws as {@link write} */
  writeWord(offset: number, value: number): void {
    if (this.closed) throw this.#closedError();
    this.#checkWritable();
    const index = this.#wordIndex(offset);
    if (typeof value !== 'number' || !(value >= 0 && value <= 0xffffffff && value === Math.trunc(value))) checkInteger('value', value, 0, 0xffffffff);
    store(this.#words ?? this.#makeWords(), index, value);
  }

  /** Copies `length` bytes out, from any offset. */
  read(offset: number, length: number): Uint8Array {
    this.#checkRange(offset, length);
    const copy = new Uint8Array(length);
    this.#copyOut(offset, copy);
    return copy;
  }

  /** Copies as many bytes out as `view` has, and returns it. */
  readInto<View extends ArrayBufferView>(offset: number, view: View): View {
    const short = this.#shortWords(offset, view);
    if (short > 0) {
      const words = view as unknown as Uint32Array;
      const memory = this.#words ?? this.#makeWords();
      const first = offset / 4;
      for (let i = 0; i < short; ++i) words[i] = memory[first + i] as number;
      return view;
    }
    const bytes = this.#checkView(offset, view);
    if (isWindow(view)) copyInto(view, wordsLike(view, this.read(offset, bytes)));
    else this.#copyOut(offset, view);
    return view;
  }

  /**
   * Copies the bytes of a view in, at any offset. A view that is itself a window is read by words.
   * @throws RangeError if they do not fit, `ERR_EPIPHANY_UNSUPPORTED` if the mapping is for reading
   */
  write(offset: number, view: ArrayBufferView): void {
    const short = this.#writable ? this.#shortWords(offset, view) : 0;
    if (short > 0) {
      const words = view as unknown as Uint32Array;
      const memory = this.#words ?? this.#makeWords();
      const first = offset / 4;
      for (let i = 0; i < short; ++i) memory[first + i] = words[i] as number;
      return;
    }
    this.#checkView(offset, view);
    this.#checkWritable();
    const host = isWindow(view) ? copyOf(view) : view;
    this.#check(native.copyIn(this.#handle, offset, copyable(host)), offset);
  }

  /** Sets `length` bytes from any offset to `byte`, 0 … 255. @throws as {@link write} */
  fill(offset: number, length: number, byte = 0): void {
    this.#checkRange(offset, length);
    checkInteger('byte', byte, 0, 0xff);
    this.#checkWritable();
    this.#check(native.fill(this.#handle, offset, length, byte), offset);
  }

  /**
   * Ends the lease: every window is detached. Doing it again does nothing.
   * @throws SystemError if the kernel refuses; the mapping is then as open as before
   */
  close(): void {
    if (this.closed) return;
    this.#check(native.unmap(this.#handle), 0, 'mmap');
    this.#closed = true;
    this.#words = undefined; // the range is kept for who has the buffer, which is not us
    this.#windows = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  [inspect.custom](): string {
    const state = this.closed ? 'closed' : this.access;
    return `Mapping(${this.length} bytes at ${formatHex(this.baseAddress)} of '${this.path}', ${state})`;
  }

  #copyOut(offset: number, view: ArrayBufferView): void {
    this.#check(native.copyOut(this.#handle, offset, copyable(view)), offset);
  }

  /**
   * How many words `view` has, if it is a short array of words that fits at an aligned offset: such a copy is
   * done fastest by a loop right here. 0 if not: single-precision arrays, whose NaNs a loop might change, and
   * windows, which may overlap, are left to the careful way.
   */
  #shortWords(offset: number, view: ArrayBufferView): number {
    if (typeof offset !== 'number' || this.closed) return 0;
    const index = offset / 4;
    if (!(index >= 0 && index === Math.trunc(index))) return 0;
    const tag = arrayTag(view);
    if (tag !== 'Uint32Array' && tag !== 'Int32Array') return 0;
    const length = lengthOf(view);
    return length <= SHORT_WORDS && index + length <= this.#wordCount && !isWindow(view) ? length : 0;
  }

  /** Checks a view as the other side of a copy, and returns its bytes. */
  #checkView(offset: number, view: ArrayBufferView): number {
    if (this.closed) throw this.#closedError();
    const bytes = checkCopyView(view);
    this.#checkRange(offset, bytes);
    return bytes;
  }

  #checkRange(offset: number, length: number): void {
    if (this.closed) throw this.#closedError();
    checkInteger('offset', offset, 0, this.length);
    checkInteger('length', length, 0, Number.MAX_SAFE_INTEGER);
    if (length > this.length - offset) {
      throw outOfRange('length', `at most ${this.length - offset} bytes from ${formatHex(offset)}`, length, { address: this.baseAddress + offset, path: this.path });
    }
  }

  /** The index of an aligned word. Fast where it is right; the slow path finds out what is wrong. */
  #wordIndex(offset: number): number {
    if (typeof offset === 'number') {
      const index = offset / 4;
      if (index >= 0 && index < this.#wordCount && index === Math.trunc(index)) return index;
    }
    checkInteger('offset', offset, 0, this.length - 4);
    throw outOfRange('offset', 'a multiple of 4', offset, { address: this.baseAddress + offset, path: this.path });
  }

  #checkWritable(): void {
    if (!this.#writable) {
      throw new EpiphanyError('ERR_EPIPHANY_UNSUPPORTED', `'${this.path}' is mapped for reading only`, { path: this.path });
    }
  }

  #check(status: number, offset: number, syscall = 'copy'): void {
    if (status < 0) throw systemError(status, syscall, { path: this.path, address: this.baseAddress + offset });
  }

  #closedError(): EpiphanyError {
    return closedError(`the mapping of '${this.path}'`);
  }
}

/** The one ArrayBuffer over a mapping. `path` and `address` are for messages. */
export function bufferOfMapping(handle: MappingHandle, path: string, address: number): ArrayBuffer {
  const buffer = native.buffer(handle);
  if (typeof buffer === 'number') throw systemError(buffer, 'mmap', { path, address }, buffer === ENOTSUP ? 'This JavaScript engine allows no memory that it did not allocate itself' : '');
  return buffer;
}

/** `bytes` as the plain array type that a window of words is made of, for the window's own `set`. */
function wordsLike(window: ArrayBufferView, bytes: Uint8Array): Uint32Array | Int32Array | Float32Array {
  const tag = arrayTag(window);
  const Plain = tag === 'Float32Array' ? Float32Array : tag === 'Int32Array' ? Int32Array : Uint32Array;
  return new Plain(bytes.buffer as ArrayBuffer);
}
