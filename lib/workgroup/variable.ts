// SPDX-License-Identifier: MIT
/** A variable of a loaded program: one on each core, or one of all in shared DRAM. */
import { inspect } from 'node:util';
import { checkInteger, formatHex, invalidType, outOfRange } from '../errors.js';
import type { Float32Window, Int32Window, Uint32Window } from '../device/index.js';
import { partOf } from '../device/window.js';
import type { Place } from '../memory.js';
import { printable } from '../printable.js';
import { isLayout, type Fields, type Layout, type StructValue } from '../program/layout.js';
import type { ProgramSymbol } from '../program/program.js';
import { byteLengthOf, checkView } from '../view.js';

const ARRAYS = { u8: Uint8Array, i8: Int8Array, u16: Uint16Array, i16: Int16Array, u32: Uint32Array, i32: Int32Array, f32: Float32Array, f64: Float64Array } as const;
/** How to take the bytes of a variable. */
export type ElementName = keyof typeof ARRAYS;
/** The array for it. */
export type ArrayOf<Name extends ElementName> = InstanceType<(typeof ARRAYS)[Name]>;

/**
 * A variable of the program in a work-group. `index` counts the cores of the group row by row; a variable in
 * shared DRAM, or at the address of one core, is the same for each of them.
 */
export class Variable {
  readonly name: string;
  /** As the program has it: local below 0x100000, else an eMesh address. */
  readonly address: number;
  /** Its size; 0 if the program does not tell. */
  readonly bytes: number;
  readonly #places: readonly Place[];

  /** @internal Use `group.symbol`. @param places for each core of the group, where the variable is */
  constructor(symbol: ProgramSymbol, places: readonly Place[]) {
    this.name = symbol.name;
    this.address = symbol.address;
    this.bytes = symbol.bytes;
    this.#places = places;
    Object.freeze(this);
  }

  /**
   * The variable on a core as live words, zero-copy.
   * @throws RangeError if it does not lie at a multiple of 4, or is no whole number of words
   */
  words(index: number): Uint32Window {
    const place = this.#aligned(index);
    return partOf(place.memory.words, place.offset / 4, (place.offset + this.bytes) / 4);
  }

  /** The same as signed words. @throws as {@link words} */
  int32(index: number): Int32Window {
    const place = this.#aligned(index);
    return partOf(place.memory.int32, place.offset / 4, (place.offset + this.bytes) / 4);
  }

  /** The same as single-precision numbers. @throws as {@link words} */
  float32(index: number): Float32Window {
    const place = this.#aligned(index);
    return partOf(place.memory.float32, place.offset / 4, (place.offset + this.bytes) / 4);
  }

  /** Copies of the variable, one for each core, as arrays of `type`. @throws RangeError if its size is no multiple of that of the type */
  gather<Name extends ElementName>(type: Name): ArrayOf<Name>[] {
    if (!Object.hasOwn(ARRAYS, type)) throw outOfRange('type', Object.keys(ARRAYS).join(', '), type);
    const Elements = ARRAYS[type];
    if (this.bytes % Elements.BYTES_PER_ELEMENT !== 0) throw outOfRange('type', `one whose size divides the ${this.bytes} bytes of ${this.name}`, type);
    return this.#places.map(({ memory, offset }) => memory.readInto(offset, new Elements(this.bytes / Elements.BYTES_PER_ELEMENT)) as ArrayOf<Name>);
  }

  /** Writes the variable of each core: one view for each, of at most its size. @throws before anything is written */
  scatter(views: readonly ArrayBufferView[]): void {
    if (!Array.isArray(views)) throw invalidType('views', 'an array', views);
    if (views.length !== this.#places.length) throw outOfRange('views.length', String(this.#places.length), views.length);
    const checked = Array.from(this.#places, (_, index) => this.#checkFits((views as readonly ArrayBufferView[])[index]));
    for (const [index, { memory, offset }] of this.#places.entries()) memory.write(offset, checked[index] as ArrayBufferView);
  }

  /** Writes the same to the variable of every core. @throws as {@link scatter} */
  broadcast(view: ArrayBufferView): void {
    this.#checkFits(view);
    for (const { memory, offset } of this.#places) memory.write(offset, view);
  }

  /** The variable of each core as a structure. @throws RangeError if the sizes differ */
  read<Of extends Fields>(layout: Layout<Of>): StructValue<Of>[] {
    this.#checkLayout(layout);
    return this.#places.map(({ memory, offset }) => layout.decode(memory.read(offset, layout.bytes)));
  }

  /** Writes the structure of one core; fields left out are zero. @throws RangeError if the sizes differ, or for what does not fit */
  write<Of extends Fields>(index: number, layout: Layout<Of>, value: Partial<StructValue<Of>>): void {
    this.#checkLayout(layout);
    const place = this.#place(index);
    place.memory.write(place.offset, layout.encode(value));
  }

  /** @internal */
  [inspect.custom](): string {
    return `Variable ${printable(this.name)} at ${formatHex(this.address)}, ${this.bytes} bytes`;
  }

  #place(index: number): Place {
    return this.#places[checkInteger('index', index, 0, this.#places.length - 1)] as Place;
  }

  #aligned(index: number): Place {
    const place = this.#place(index);
    if (place.offset % 4 !== 0 || this.bytes % 4 !== 0) throw outOfRange(this.name, 'a variable of whole words at a multiple of 4; use gather', formatHex(this.address));
    return place;
  }

  #checkFits(view: unknown): ArrayBufferView {
    const checked = checkView('view', view);
    const bytes = byteLengthOf(checked);
    if (bytes > this.bytes) throw outOfRange('view.byteLength', `at most ${this.bytes}, the size of ${this.name}`, bytes);
    return checked;
  }

  #checkLayout(layout: unknown): void {
    if (!isLayout(layout)) throw invalidType('layout', 'what layout() gives', layout);
    if (layout.bytes !== this.bytes) throw outOfRange('layout.bytes', `${this.bytes}, the size of ${this.name}`, layout.bytes);
  }
}
