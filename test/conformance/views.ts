// SPDX-License-Identifier: MIT
/** Every kind of view that the running Node has, also those that are newer than this test. */

/** A view in the middle of memory that must stay as it is. */
export interface GuardedView {
  /** Its class, and what it lies in. */
  readonly name: string;
  readonly view: ArrayBufferView;
  /** The bytes of the view. */
  readonly bytes: Uint8Array;
  /** Whether a byte outside of the view has changed. */
  isBroken(): boolean;
}

const GUARD_BYTES = 64;
const GUARD = 0xa5;

type ViewConstructor = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayBufferView;

/** Typed arrays, by what they inherit from, and `DataView`. */
function viewClasses(): Map<string, ViewConstructor> {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
  const classes = new Map<string, ViewConstructor>();
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value = Object.getOwnPropertyDescriptor(globalThis, name)?.value as { prototype?: unknown } | undefined;
    if (typeof value !== 'function' || name === 'Buffer') continue;
    const { prototype } = value as { prototype?: unknown };
    if (typeof prototype !== 'object' || prototype === null) continue;
    if (Object.prototype.isPrototypeOf.call(typedArray, prototype) || prototype === DataView.prototype) classes.set(name, value as unknown as ViewConstructor);
  }
  return classes;
}

type Resizable = new (bytes: number, options?: { maxByteLength: number }) => ArrayBuffer;

const MEMORIES: readonly (readonly [name: string, make: (bytes: number) => ArrayBufferLike])[] = [
  ['ArrayBuffer', (bytes) => new ArrayBuffer(bytes)],
  ['SharedArrayBuffer', (bytes) => new SharedArrayBuffer(bytes)],
  // Of a fixed size where Node is older.
  ['resizable ArrayBuffer', (bytes) => new (ArrayBuffer as unknown as Resizable)(bytes, { maxByteLength: 2 * bytes })],
];

/** A view of each class over each kind of memory. @param bytes of each view, a multiple of 8 */
export function everyView(bytes: number): GuardedView[] {
  const make = (name: string, create: (memory: ArrayBufferLike) => ArrayBufferView): GuardedView[] =>
    MEMORIES.map(([memoryName, makeMemory]) => {
      const memory = makeMemory(bytes + 2 * GUARD_BYTES);
      const all = new Uint8Array(memory).fill(GUARD);
      return {
        name: `${name} in ${memoryName}`,
        view: create(memory),
        bytes: all.subarray(GUARD_BYTES, GUARD_BYTES + bytes),
        isBroken: () => all.some((byte, index) => byte !== GUARD && (index < GUARD_BYTES || index >= GUARD_BYTES + bytes)),
      };
    });
  return [
    ...[...viewClasses()].flatMap(([name, Class]) => {
      const element = (Class as unknown as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
      return make(name, (memory) => new Class(memory, GUARD_BYTES, bytes / element));
    }),
    ...make('Buffer', (memory) => Buffer.from(memory as ArrayBuffer, GUARD_BYTES, bytes)),
  ];
}
