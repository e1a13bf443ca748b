// SPDX-License-Identifier: MIT
/** Views of memory as arguments: what they truly are, whatever properties a program has put on them. */
import { types } from 'node:util';
import { invalidType } from './errors.js';

type Getter<Value> = (this: object) => Value;

function getterOf<Value>(prototype: object, name: string | symbol): Getter<Value> {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as Getter<Value>;
}

// Taken once, so that a program which replaces them does not come between.
const typedArray = Object.getPrototypeOf(Uint32Array.prototype) as object;
const tagGetter = getterOf<string | undefined>(typedArray, Symbol.toStringTag);
const lengthGetter = getterOf<number>(typedArray, 'length');
const bufferGetters = { array: getterOf<ArrayBufferLike>(typedArray, 'buffer'), view: getterOf<ArrayBufferLike>(DataView.prototype, 'buffer') };
const byteLengthGetters = { array: getterOf<number>(typedArray, 'byteLength'), view: getterOf<number>(DataView.prototype, 'byteLength') };
const byteOffsetGetters = { array: getterOf<number>(typedArray, 'byteOffset'), view: getterOf<number>(DataView.prototype, 'byteOffset') };
const bufferByteLengthGetter = getterOf<number>(ArrayBuffer.prototype, 'byteLength');
const keysOf = (typedArray as Uint8Array).keys;
const Bytes = Uint8Array;

/** The name of a typed array's class, `'Uint32Array'` for its subclasses too; undefined for what is none. */
export function arrayTag(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null ? tagGetter.call(value) : undefined;
}

/** Elements of a typed array. */
export function lengthOf(array: object): number {
  return lengthGetter.call(array);
}

/** The memory below a typed array. */
export function bufferOf(array: object): ArrayBufferLike {
  return bufferGetters.array.call(array);
}

/** Bytes of an ArrayBuffer; 0 if its memory was taken away. */
export function byteLengthOfBuffer(buffer: ArrayBuffer): number {
  return bufferByteLengthGetter.call(buffer);
}

/** Bytes of a view. */
export function byteLengthOf(view: ArrayBufferView): number {
  return byteLengthGetters[types.isDataView(view) ? 'view' : 'array'].call(view);
}

/**
 * Checks that `value` is a view of memory (typed array, Buffer or `DataView`) that is still there, and returns it.
 * @throws TypeError
 */
export function checkView(name: string, value: unknown): ArrayBufferView {
  if (!ArrayBuffer.isView(value)) throw invalidType(name, 'a typed array, Buffer or DataView', value);
  try {
    // A typed array whose memory has been transferred away, or has shrunk below it, says that it is empty: only some of
    // its methods tell. The length of a DataView does.
    if (byteLengthOf(value) === 0 && !types.isDataView(value)) keysOf.call(value as Uint8Array);
  } catch {
    throw invalidType(name, 'a view whose memory is there: not transferred away, and not shrunk', value);
  }
  return value;
}

/**
 * What `read` finds in an object of the program's, whose own errors pass. What only has the prototype of a view, or is a
 * proxy of one, has getters that fail on it: that is an argument of the wrong type.
 * @throws TypeError
 */
export function readFrom<Result>(name: string, expected: string, value: unknown, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw error instanceof TypeError && !('code' in error) ? invalidType(name, expected, value) : error;
  }
}

/** What an array, or what is like one, says of its length; a typed array cannot lie. */
export function toldLengthOf(name: string, array: { readonly length: unknown }): unknown {
  return arrayTag(array) === undefined ? readFrom(name, 'an array', array, () => array.length) : lengthOf(array);
}

/** The bytes of a view, as an array of the plainest kind: over the same memory, and of no subclass. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  const kind = types.isDataView(view) ? 'view' : 'array';
  return new Bytes(bufferGetters[kind].call(view), byteOffsetGetters[kind].call(view), byteLengthGetters[kind].call(view));
}

/** Whose elements the native copies know the size of; any other class, such as one that is newer, goes to them as bytes. */
const COPYABLE: ReadonlySet<string | undefined> = new Set(['Uint8Array', 'Uint32Array', 'Int32Array', 'Float32Array']);

/** A view as the native copies take it. */
export function copyable(view: ArrayBufferView): ArrayBufferView {
  return COPYABLE.has(arrayTag(view)) ? view : bytesOf(view);
}
