// SPDX-License-Identifier: MIT
/** Structures that programs on cores and on the host share: described once, laid out as the eCore's compiler does. */
import { types } from 'node:util';
import { checkInteger, invalidType, outOfRange } from '../errors.js';
import { bytesOf, checkView, toldLengthOf } from '../view.js';

interface Scalar {
  readonly bytes: number;
  readonly c: string;
  read(view: DataView, at: number): number;
  write(view: DataView, at: number, value: number): void;
}

const integer = (bytes: 1 | 2 | 4, isSigned: boolean): Scalar => {
  const name = `${isSigned ? 'Int' : 'Uint'}${(8 * bytes) as 8 | 16 | 32}` as const;
  const low = isSigned ? -(2 ** (8 * bytes - 1)) : 0;
  return {
    bytes,
    c: `${isSigned ? '' : 'u'}int${8 * bytes}_t`,
    read: (view, at) => view[`get${name}`](at, true),
    write: (view, at, value) => view[`set${name}`](at, checkInteger('value', value, low, low + 2 ** (8 * bytes) - 1), true),
  };
};

function checkNumber(value: unknown): number {
  if (typeof value !== 'number') throw invalidType('value', 'a number', value);
  return value;
}

/** What a field can be. Source of sizes and alignments: GCC for the Epiphany, which aligns every scalar to its size. */
const SCALARS = {
  u8: integer(1, false),
  i8: integer(1, true),
  u16: integer(2, false),
  i16: integer(2, true),
  u32: integer(4, false),
  i32: integer(4, true),
  f32: { bytes: 4, c: 'float', read: (view, at) => view.getFloat32(at, true), write: (view, at, value) => view.setFloat32(at, checkNumber(value), true) },
  f64: { bytes: 8, c: 'double', read: (view, at) => view.getFloat64(at, true), write: (view, at, value) => view.setFloat64(at, checkNumber(value), true) },
} as const satisfies Readonly<Record<string, Scalar>>;

type ScalarName = keyof typeof SCALARS;
/** A scalar, a structure, or so many of one. */
export type FieldType = ScalarName | Layout<Fields> | readonly [element: ScalarName | Layout<Fields>, count: number];
export type Fields = Readonly<Record<string, FieldType>>;
type ElementValue<Type> = Type extends ScalarName ? number : Type extends Layout<infer Inner> ? StructValue<Inner> : never;
type FieldValue<Type> = Type extends readonly [infer Element, number] ? ElementValue<Element>[] : ElementValue<Type>;
/** What a structure holds, as a plain object. */
export type StructValue<Of extends Fields> = { -readonly [Name in keyof Of]: FieldValue<Of[Name]> };

interface Place {
  readonly name: string;
  readonly element: Scalar | Layout<Fields>;
  /** 0: no array. */
  readonly count: number;
  readonly offset: number;
}

const NAME = /^[A-Za-z_]\w*$/;
/** Keywords of C11, without those in capitals. */
const KEYWORDS = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register ' +
    'restrict return short signed sizeof static struct switch typedef union unsigned void volatile while'
  ).split(' '),
);
const LARGEST_BYTES = 2 ** 25;

/**
 * GCC for the Epiphany likes to copy 4 and 8 bytes at once: an array of what is aligned to 4 is aligned to 8, and so is
 * a structure of more than 4 bytes; one of 4 bytes is aligned to 4.
 */
function fieldAlignment(element: Scalar | Layout<Fields>, count: number): number {
  const own = element instanceof Layout ? element.alignment : element.bytes;
  return own === 4 && count > 0 ? 8 : own;
}
const structAlignment = (bytes: number): number => (bytes > 4 ? 8 : bytes === 4 ? 4 : 1);

/** Structures within structures: more than any C has, and fewer than would exhaust the stack. */
const LARGEST_DEPTH = 64;

/** Scalars that lie one behind the other and have been encoded. */
interface Run {
  readonly scalar: Scalar;
  readonly at: number;
  readonly count: number;
}

/** Whether a value was made by {@link layout}, and does not only look so. */
export let isLayout: (value: unknown) => value is Layout<Fields>;

/** A structure; made by {@link layout}. */
export class Layout<Of extends Fields> {
  /** Size in bytes, padding at the end included. */
  readonly bytes: number;
  /** In bytes. */
  readonly alignment: number;
  /** By name, in their order. */
  readonly #places: ReadonlyMap<string, Place>;
  /** 1: no structure within. */
  readonly #depth: number;

  static {
    isLayout = (value): value is Layout<Fields> => typeof value === 'object' && value !== null && #places in value;
  }

  /** @internal */
  constructor(fields: Of) {
    if (typeof fields !== 'object' || fields === null) throw invalidType('fields', 'an object', fields);
    let offset = 0;
    let alignment = 1;
    const places = Object.entries(fields).map(([name, type]): Place => {
      checkName('field', name);
      const [elementType, count] = Array.isArray(type) ? (type as [ScalarName | Layout<Fields>, number]) : [type as ScalarName | Layout<Fields>, 0];
      if (Array.isArray(type)) checkInteger(`count of ${name}`, count, 1, LARGEST_BYTES);
      const element = elementOf(name, elementType);
      const own = fieldAlignment(element, count);
      alignment = Math.max(alignment, own);
      const place = { name, element, count, offset: Math.ceil(offset / own) * own };
      offset = place.offset + element.bytes * (count || 1);
      return place;
    });
    this.#places = new Map(places.map((place) => [place.name, place]));
    if (places.length === 0) throw outOfRange('fields', 'at least one', fields);
    this.#depth = places.reduce((depth, { element }) => (element instanceof Layout ? Math.max(depth, element.#depth + 1) : depth), 1);
    if (this.#depth > LARGEST_DEPTH) throw outOfRange('fields', `at most ${LARGEST_DEPTH} structures deep`, this.#depth);
    this.alignment = Math.max(alignment, structAlignment(offset));
    this.bytes = Math.ceil(offset / this.alignment) * this.alignment;
    if (this.bytes > LARGEST_BYTES) throw outOfRange('fields', `at most ${LARGEST_BYTES} bytes`, this.bytes);
    Object.freeze(this);
  }

  /** Bytes from the beginning of the structure to a field. */
  offsetOf(field: keyof Of & string): number {
    return this.#place(field).offset;
  }

  /** The structure that is in these bytes. */
  decode(bytes: Uint8Array): StructValue<Of> {
    const view = this.#view(bytes);
    return Object.fromEntries([...this.#places.values()].map((place) => [place.name, readPlace(view, place)])) as StructValue<Of>;
  }

  /** A structure as bytes. Fields left out are zero. @throws TypeError or RangeError naming the field */
  encode(value: Partial<StructValue<Of>>): Uint8Array {
    const bytes = new Uint8Array(this.bytes);
    this.encodeInto(bytes, value);
    return bytes;
  }

  /** Changes the fields that `value` has, in bytes of a structure. @throws TypeError or RangeError naming the field, before any is changed */
  encodeInto(bytes: Uint8Array, value: Partial<StructValue<Of>>): void {
    this.#view(bytes);
    const draft = new DataView(new ArrayBuffer(this.bytes));
    const runs: Run[] = [];
    this.#encode(draft, 0, value, runs);
    const view = this.#view(bytes); // once more: getters of the value may have taken its memory away
    for (const { scalar, at, count } of runs) {
      for (let offset = at; offset < at + count * scalar.bytes; offset += scalar.bytes) scalar.write(view, offset, scalar.read(draft, offset));
    }
  }

  #encode(draft: DataView, base: number, value: unknown, runs: Run[]): void {
    if (typeof value !== 'object' || value === null) throw invalidType('value', 'an object', value);
    for (const [name, content] of Object.entries(value)) {
      try {
        this.#encodePlace(draft, base, this.#place(name), content, runs);
      } catch (error) {
        // Our own only: those of getters of the program pass as they are.
        if (error instanceof Error && 'actual' in error && !error.message.startsWith('field')) Reflect.set(error, 'message', `field ${name}: ${error.message}`);
        throw error;
      }
    }
  }

  #encodePlace(draft: DataView, base: number, { element, count, offset }: Place, value: unknown, runs: Run[]): void {
    const at = base + offset;
    const one = (index: number, content: unknown): void => {
      if (element instanceof Layout) element.#encode(draft, at + index * element.bytes, content, runs);
      else element.write(draft, at + index * element.bytes, content as number);
    };
    if (count === 0) {
      one(0, value);
    } else {
      if (typeof value !== 'object' || value === null || !('length' in value)) throw invalidType('value', 'an array', value);
      const length = toldLengthOf('value', value);
      if (length !== count) throw outOfRange('length', String(count), length);
      // By index, whatever it says of its length later, or by an iterator.
      for (let index = 0; index < count; ++index) one(index, (value as unknown as ArrayLike<unknown>)[index]);
    }
    if (!(element instanceof Layout)) runs.push({ scalar: element, at, count: count || 1 });
  }

  /**
   * The structure in C, for a header that programs on cores include; it checks its own size.
   * @throws TypeError or RangeError if C allows no such name
   */
  header(name: string): string {
    checkName('name', name);
    const fields = [...this.#places.values()].map(({ name: field, element, count }) => {
      const type = element instanceof Layout ? `struct {\n${indent(element.#members())}\n}` : element.c;
      return `${type} ${field}${count ? `[${count}]` : ''};`;
    });
    const lines = [`typedef struct {`, ...fields.map(indent), `} ${name};`, `_Static_assert(sizeof(${name}) == ${this.bytes}, "${name} is not as the host has it");`];
    const checks = [...this.#places.values()].map((place) => `_Static_assert(__builtin_offsetof(${name}, ${place.name}) == ${place.offset}, "${name}.${place.name} is not where the host has it");`);
    return `#include <stdint.h>\n\n${[...lines, ...checks].join('\n')}\n`;
  }

  #members(): string {
    return [...this.#places.values()]
      .map(({ name, element, count }) => `${element instanceof Layout ? `struct {\n${indent(element.#members())}\n}` : element.c} ${name}${count ? `[${count}]` : ''};`)
      .join('\n');
  }

  #view(bytes: Uint8Array): DataView {
    if (!types.isUint8Array(bytes)) throw invalidType('bytes', 'a Uint8Array', bytes);
    const plain = bytesOf(checkView('bytes', bytes));
    if (plain.length !== this.bytes) throw outOfRange('bytes.length', String(this.bytes), plain.length);
    return new DataView(plain.buffer, plain.byteOffset, plain.length);
  }

  #place(name: string): Place {
    const place = this.#places.get(name);
    if (!place) throw outOfRange('field', [...this.#places.keys()].join(', '), name);
    return place;
  }
}

/**
 * Describes a structure.
 * @example
 * const State = layout({ seq: 'u32', position: ['f32', 3] });
 * State.header('state_t'); // for the program on the cores
 * for (const state of group.symbol('state').read(State)) console.log(state.seq, state.position);
 */
export function layout<const Of extends Fields>(fields: Of): Layout<Of> {
  return new Layout(fields);
}

function checkName(what: string, name: unknown): void {
  if (typeof name !== 'string') throw invalidType(what, 'a string', name);
  if (!NAME.test(name) || KEYWORDS.has(name)) throw outOfRange(what, 'a name that C allows', name);
}

function elementOf(name: string, type: unknown): Scalar | Layout<Fields> {
  if (isLayout(type)) return type;
  if (typeof type === 'string' && Object.hasOwn(SCALARS, type)) return SCALARS[type as ScalarName];
  throw outOfRange(`type of ${name}`, `${Object.keys(SCALARS).join(', ')}, a layout, or an array [type, count]`, type);
}

function readPlace(view: DataView, { element, count, offset }: Place): unknown {
  const one = (at: number): unknown => (element instanceof Layout ? element.decode(new Uint8Array(view.buffer, view.byteOffset + at, element.bytes)) : element.read(view, at));
  return count === 0 ? one(offset) : Array.from({ length: count }, (_, index) => one(offset + index * element.bytes));
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
