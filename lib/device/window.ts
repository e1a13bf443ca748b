// SPDX-License-Identifier: MIT
/**
 * Zero-copy windows: typed arrays that lie directly over device memory.
 *
 * An element load or store is one aligned word access at every tier of V8 and costs what a plain array's
 * costs. What would reach the device in other ways is overridden here:
 *
 * - bulk methods (`set`, `fill`, `copyWithin`, `slice`, `sort`, …) go through native word copies, because V8's
 *   own are memcpy, which reads and writes bytes twice and in any width;
 * - `subarray` gives another window; whatever makes a new array gives a plain one in host memory;
 * - `buffer` throws: a `DataView` or byte view would issue byte accesses;
 * - `util.inspect` prints where the window lies and touches nothing.
 *
 * What JavaScript cannot be kept from, it should not do: `new Uint32Array(window)`, `plain.set(window)` and
 * `structuredClone(window)` copy with memcpy. Write `window.slice()` instead.
 */
import { inspect } from 'node:util';
import { checkInteger, closedError, EpiphanyError, formatHex, invalidType, outOfRange, systemError } from '../errors.js';
import { native, type MappingHandle } from '../native.js';
import { arrayTag, bufferOf, byteLengthOf, checkView, lengthOf, readFrom, toldLengthOf } from '../view.js';

/** What a window needs of the mapping that it lies in. */
export interface WindowOwner {
  readonly handle: MappingHandle;
  readonly closed: boolean;
  readonly path: string;
  /** Address of the mapping's first byte, for messages. */
  readonly baseAddress: number;
}

/** A live window of unsigned words over device memory. */
export type Uint32Window = Uint32Array<ArrayBuffer>;
/** A live window of signed words over device memory. */
export type Int32Window = Int32Array<ArrayBuffer>;
/** A live window of single-precision numbers over device memory. */
export type Float32Window = Float32Array<ArrayBuffer>;

type WordArray = Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
type WordArrayConstructor = Uint32ArrayConstructor | Int32ArrayConstructor | Float32ArrayConstructor;

interface Place {
  readonly owner: WindowOwner;
  /** Bytes from the start of the mapping. */
  readonly start: number;
}

/** Where each window lies. Also tells a window from any other view, and cannot be forged. */
const places = new WeakMap<object, Place>();
/** Only this module may construct windows. */
const construction = Symbol('window construction');
/** What windows are of, by the names of their classes. */
const PLAIN = { Uint32Array, Int32Array, Float32Array } as const;

/** Whether a value is a window over device memory. */
export function isWindow(value: object): boolean {
  return places.has(value);
}

/**
 * Checks a view as the other side of a copy, and gives its bytes.
 * @throws TypeError if it is none, or its memory is gone; `ERR_EPIPHANY_CLOSED` if it is a window and closed
 */
export function checkCopyView(view: unknown): number {
  if (typeof view === 'object' && view !== null && isWindow(view)) placeOf(view);
  return byteLengthOf(checkView('view', view));
}

function placeOf(window: object): Place {
  const place = places.get(window);
  if (!place) throw invalidType('this', 'a window over device memory', window);
  if (place.owner.closed) throw closedError(`the mapping of '${place.owner.path}'`);
  return place;
}

/** The copies below may run code of the caller, such as getters of an array, which may have closed the mapping. */
function check(status: number, { closed, path }: WindowOwner): void {
  if (status >= 0) return;
  throw closed ? closedError(`the mapping of '${path}'`) : systemError(status, 'copy', { path });
}

/**
 * An index as the bulk methods of typed arrays take it: negative counts from the end, all is clamped, fractions and NaN too. But
 * what is no number is refused, where those would make one of it: code of the caller would run within.
 */
function relativeIndex(name: string, index: unknown, length: number, fallback: number): number {
  if (index === undefined) return fallback;
  if (typeof index !== 'number') throw invalidType(name, 'a number or undefined', index);
  const integer = Math.trunc(index) || 0;
  return integer < 0 ? Math.max(length + integer, 0) : Math.min(integer, length);
}

function rangeOf(array: object, begin: unknown, end: unknown): { first: number; count: number } {
  const length = lengthOf(array);
  const first = relativeIndex('begin', begin, length, 0);
  return { first, count: Math.max(0, relativeIndex('end', end, length, length) - first) };
}

/** Methods that only read, and give their answer from a host copy. */
const READERS = ['includes', 'indexOf', 'lastIndexOf', 'join', 'toLocaleString', 'toReversed', 'toSorted', 'toString', 'with'];
/** Methods that change the array as a whole: done on a host copy, which is then written back. */
const REARRANGERS = ['reverse', 'sort'];

type Method = (this: unknown, ...parameters: unknown[]) => unknown;
type WindowConstructor<Window> = new (token: symbol, buffer: ArrayBuffer, start: number, length: number) => Window;

/** The plain class that a window is of: one name for all three. */
function plainOf(window: object): Uint32ArrayConstructor {
  return PLAIN[arrayTag(window) as keyof typeof PLAIN] as Uint32ArrayConstructor;
}

/** Words of a window, copied out; a part of it by indices as `slice` takes them. */
export function copyOf(window: object, begin?: number, end?: number): Uint32Array<ArrayBuffer> {
  const { owner, start } = placeOf(window);
  const { first, count } = rangeOf(window, begin, end);
  const copy = new (plainOf(window))(count);
  check(native.copyOut(owner.handle, start + first * 4, copy), owner);
  return copy;
}

/** Words of a window, copied in, as `set` does it. */
export function copyInto(window: object, source: ArrayLike<number>, index = 0): void {
  placeOf(window);
  if (typeof source !== 'object' || source === null) throw invalidType('source', 'an array', source);
  const length = checkInteger('source.length', toldLengthOf('source', source), 0, Number.MAX_SAFE_INTEGER);
  checkInteger('index', index, 0, Number.MAX_SAFE_INTEGER);
  const { owner, start } = placeOf(window);
  const room = lengthOf(window) - index;
  if (length > room) throw outOfRange('source.length', `at most ${Math.max(0, room)} words from index ${index}`, length);
  const from = places.get(source);
  if (from && arrayTag(source) === arrayTag(window)) {
    placeOf(source);
    check(native.moveWords(owner.handle, start + index * 4, from.owner.handle, from.start, length), owner);
    return;
  }
  const plain = from ? copyOf(source) : source;
  check(native.copyIn(owner.handle, start + index * 4, arrayTag(plain) === arrayTag(window) ? (plain as Uint32Array) : converted(plainOf(window), plain, length)), owner);
}

function defineWindow(Base: WordArrayConstructor): WindowConstructor<WordArray> {
  const name = Base.name.replace('Array', 'Window');
  const Plain = Base as Uint32ArrayConstructor;

  const Window = class extends Plain {
    constructor(token: symbol, buffer: ArrayBuffer, start: number, length: number) {
      if (token !== construction) throw invalidType('token', `the library's own: a ${name} is made by mapping a device`, token);
      super(buffer, start, length);
    }

    /** New arrays made by `map` and `filter` are plain ones in host memory. */
    static get [Symbol.species](): Uint32ArrayConstructor {
      return Plain;
    }

    override subarray(begin?: number, end?: number): Uint32Array<ArrayBuffer> {
      return partOf(this as Uint32Window, begin, end);
    }

    override slice(begin?: number, end?: number): Uint32Array<ArrayBuffer> {
      return copyOf(this, begin, end);
    }

    override set(source: ArrayLike<number>, index = 0): void {
      copyInto(this, source, index);
    }

    override fill(value: number, begin?: number, end?: number): this {
      const { owner, start } = placeOf(this);
      const { first, count } = rangeOf(this, begin, end);
      const [word = 0] = new Uint32Array(readFrom('value', 'a number', value, () => Plain.of(value)).buffer);
      check(native.fillWords(owner.handle, start + first * 4, count, word), owner);
      return this;
    }

    override copyWithin(target: number, begin: number, end?: number): this {
      const { owner, start } = placeOf(this);
      const to = relativeIndex('target', target, lengthOf(this), 0);
      const { first, count } = rangeOf(this, begin, end);
      const fitting = Math.min(count, lengthOf(this) - to);
      check(native.moveWords(owner.handle, start + to * 4, owner.handle, start + first * 4, fitting), owner);
      return this;
    }

    [inspect.custom](): string {
      const place = places.get(this);
      if (!place) return name;
      const { owner, start } = place;
      if (owner.closed) return `${name} [closed] '${owner.path}'`;
      return `${name}(${lengthOf(this)}) [device memory at ${formatHex(owner.baseAddress + start)} of '${owner.path}']`;
    }
  };

  const prototype = Window.prototype as unknown as Record<string, Method>;
  const inherited = Plain.prototype as unknown as Record<string, Method | undefined>;
  for (const method of READERS) {
    const plain = inherited[method];
    if (!plain) continue; // newer than this Node
    define(prototype, method, function (this: unknown, ...parameters) {
      return plain.apply(copyOf(this as object), parameters);
    });
  }
  for (const method of REARRANGERS) {
    define(prototype, method, function (this: unknown, ...parameters) {
      const window = this as WordArray;
      const copy = copyOf(window);
      (inherited[method] as Method).apply(copy, parameters);
      copyInto(window, copy);
      return window;
    });
  }
  Object.defineProperty(prototype, 'buffer', {
    configurable: true,
    get() {
      throw new EpiphanyError('ERR_EPIPHANY_UNSUPPORTED', `the buffer of a ${name} is not given out: other views over device memory would access it in bytes; use slice() for a copy`);
    },
  });
  Object.defineProperty(Window, 'name', { value: name });
  return Window;
}

function define(target: object, name: string, value: Method): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true });
}

/** The elements of an array as an array of words, converted as assigning one by one converts. */
function converted(Plain: Uint32ArrayConstructor, source: ArrayLike<number>, length: number): Uint32Array {
  const words = new Plain(length);
  return readFrom('source', 'an array of numbers', source, () => {
    for (let index = 0; index < length; ++index) words[index] = source[index] as number; // its length may be another by now
    return words;
  });
}

function makeWindow<Window extends WordArray>(
  Class: WindowConstructor<Window>,
  owner: WindowOwner,
  buffer: ArrayBuffer,
  start: number,
  length: number,
): Window {
  const window = new Class(construction, buffer, start, length);
  places.set(window, { owner, start });
  return window;
}

const Uint32WindowClass = defineWindow(Uint32Array) as WindowConstructor<Uint32Window>;
const Int32WindowClass = defineWindow(Int32Array) as WindowConstructor<Int32Window>;
const Float32WindowClass = defineWindow(Float32Array) as WindowConstructor<Float32Window>;

const CLASSES = { Uint32Array: Uint32WindowClass, Int32Array: Int32WindowClass, Float32Array: Float32WindowClass } as const;

/** A window over a part of another, by indices as `subarray` takes them. */
export function partOf<Window extends WordArray>(window: Window, begin?: number, end?: number): Window {
  const { owner, start } = placeOf(window);
  const { first, count } = rangeOf(window, begin, end);
  const Class = CLASSES[arrayTag(window) as keyof typeof CLASSES] as WindowConstructor<WordArray>;
  return makeWindow(Class, owner, bufferOf(window) as ArrayBuffer, start + first * 4, count) as Window;
}

/** The three windows over the whole of a mapping. For lib/device/mapping.ts only. */
export function windowsOver(owner: WindowOwner, buffer: ArrayBuffer): { uint32: Uint32Window; int32: Int32Window; float32: Float32Window } {
  const length = buffer.byteLength / 4;
  return {
    uint32: makeWindow(Uint32WindowClass, owner, buffer, 0, length),
    int32: makeWindow(Int32WindowClass, owner, buffer, 0, length),
    float32: makeWindow(Float32WindowClass, owner, buffer, 0, length),
  };
}
