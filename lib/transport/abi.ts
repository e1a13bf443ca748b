// SPDX-License-Identifier: MIT
/**
 * The driver's interface as data: kernel/include/uapi/misc/epiphany.h, field by field and number by number.
 *
 * Names are those of the header, so that one can be held against the other; a test does. Every field lies at a
 * multiple of its size, and every structure is little endian, the same on 32 and 64 bits.
 */
import { ioctlRequest } from '../device/request.js';

type Scalar = 'u32' | 's32' | 'u64';
/** A scalar or a structure by its name, fields that have no name of their own, or so many of either. */
type Field = string | Shape | readonly [element: string | Shape, count: number];
/** Fields by name, in order. Those of `union` lie at the same place, and belong to the structure around them. */
interface Shape {
  readonly [name: string]: Field;
}

/** Structures of the header. */
export const STRUCTURES = {
  epiphany_info: {
    size: 'u32', abi_version: 'u32', features: 'u64', chip_type: 'u32', rows: 'u32', columns: 'u32', first_core: 'u32', sram_bytes: 'u32',
    region_count: 'u32', generation: 'u64', vdd_microvolt: 'u32', state: 'u32', version: 'u32', pad: 'u32',
  },
  epiphany_region: { size: 'u32', index: 'u32', kind: 'u32', flags: 'u32', address: 'u64', bytes: 'u64' },
  epiphany_claim: {
    size: 'u32', flags: 'u32', row: 'u32', column: 'u32', rows: 'u32', columns: 'u32', on_release: 'u32', dead_man_fd: 's32',
    dead_man_address: 'u64', dead_man_value: 'u32', fd: 's32',
  },
  epiphany_reset: { size: 'u32', scope: 'u32', core: 'u32', pad: 'u32', generation: 'u64' },
  epiphany_dram_alloc: { size: 'u32', flags: 'u32', bytes: 'u64', align: 'u64', address: 'u64', fd: 's32', pad: 'u32' },
  epiphany_dma_place: { kind: 'u32', fd: 's32', address: 'u64' },
  epiphany_dma_copy: { size: 'u32', flags: 'u32', source: 'epiphany_dma_place', destination: 'epiphany_dma_place', bytes: 'u64', cookie: 'u64' },
  epiphany_event: { type: 'u32', flags: 'u32', sequence: 'u64', time: 'u64', payload: 'u64' },
  epiphany_events: { size: 'u32', mask: 'u32', fd: 's32', pad: 'u32' },
  // Of the 5.4-era driver.
  e_mappings_info: { nmappings: 'u64', mappings: [{ emesh_addr: 'u64', size: 'u64' }, 256] },
  e_array_info: {
    id: 'u64', chip_type: 'u64', chip_rows: 'u64', chip_cols: 'u64', parent_side: 'u64', mesh_dev: 'u64',
    connections: [{ type: 'u64', union: { dev: 'u64', id: 'u64' } }, 4],
  },
  e_elink_info: { dev: 'u64', version: 'u32', _pad: 'u32', connection_type: 'u64', union: { array: 'e_array_info', remote_elink_id: 'u64' } },
  e_mesh_info: { dev: 'u64', chip_type: 'u64', narrays: 'u64', arrays: ['e_array_info', 128] },
  e_mailbox_msg: { from: 'u32', data: 'u32' },
} as const satisfies Readonly<Record<string, Shape>>;

export type StructureName = keyof typeof STRUCTURES;

/** Numbers of the header that are no requests. */
export const CONSTANTS = {
  EPIPHANY_ABI_VERSION: 1,
  EPIPHANY_FEATURE_SAFE_READ: 1,
  EPIPHANY_FEATURE_DMA_COPY: 2,
  EPIPHANY_FEATURE_VDD: 4,
  EPIPHANY_STATE_POWERED: 1,
  EPIPHANY_STATE_THERMAL: 2,
  EPIPHANY_STATE_STALE: 4,
  EPIPHANY_REGION_SRAM: 1,
  EPIPHANY_REGION_REGISTERS: 2,
  EPIPHANY_REGION_DRAM: 3,
  EPIPHANY_REGION_ELINK: 4,
  EPIPHANY_REGION_READ: 1,
  EPIPHANY_REGION_WRITE: 2,
  EPIPHANY_REGION_MMAP: 4,
  EPIPHANY_REGION_DEVICE: 8,
  EPIPHANY_CLAIM_EXCLUSIVE: 1,
  EPIPHANY_CLAIM_DEAD_MAN: 2,
  EPIPHANY_CLAIM_DEAD_MAN_DRAM: 4,
  EPIPHANY_RELEASE_LEAVE: 0,
  EPIPHANY_RELEASE_HALT: 1,
  EPIPHANY_RELEASE_RESET: 2,
  EPIPHANY_RELEASE_SCRUB: 3,
  EPIPHANY_RESET_CORE: 1,
  EPIPHANY_RESET_GROUP: 2,
  EPIPHANY_RESET_CHIP: 3,
  EPIPHANY_DRAM_FIXED: 1,
  EPIPHANY_DRAM_SCRUB: 2,
  EPIPHANY_DMA_USER: 1,
  EPIPHANY_DMA_FILE: 2,
  EPIPHANY_EVENT_MAILBOX: 1,
  EPIPHANY_EVENT_RESET: 2,
  EPIPHANY_EVENT_POWER: 3,
  EPIPHANY_EVENT_THERMAL: 4,
  EPIPHANY_EVENT_DMA: 5,
  EPIPHANY_EVENT_OVERFLOW: 6,
  EPIPHANY_EVENT_GONE: 7,
  E_MESH_MAX_ARRAYS: 128,
  E_LINK_MAX_MEM_MAPPINGS: 256,
  E_SIDE_N: 0,
  E_SIDE_E: 1,
  E_SIDE_S: 2,
  E_SIDE_W: 3,
  E_SIDE_MAX: 4,
  E_CONN_DISCONNECTED: 0,
  E_CONN_ELINK: 1,
  E_CONN_ARRAY: 2,
  E_CONN_MAX: 3,
  E_CHIP_UNKNOWN: 0,
  E_CHIP_E16G301: 1,
  E_CHIP_E64G401: 2,
  E_CHIP_MAX: 3,
  E_IOCTL_MAXNR: 7,
} as const;

type FieldOf<Type> = Type extends Scalar ? (Type extends 'u64' ? bigint : number) : Type extends StructureName ? Values<Type> : Type extends readonly [infer Element, number] ? FieldOf<Element>[] : Type extends object ? ShapeValue<Type> : never;
type Merged<Of> = Of extends { readonly union: infer Union } ? Omit<Of, 'union'> & Union : Of;
type ShapeValue<Of> = { -readonly [Name in keyof Merged<Of>]: FieldOf<Merged<Of>[Name]> };
/** What a structure holds, by the names of its fields; 64-bit fields are bigints. */
export type Values<Name extends StructureName> = ShapeValue<(typeof STRUCTURES)[Name]>;

/** Where a field lies: `name` as `offsetof` of C takes it, e.g. `mappings[0].size`. */
export interface Place {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly type: Scalar;
}

interface Laid {
  readonly bytes: number;
  readonly alignment: number;
  /** Scalars only; of arrays the first element. */
  readonly places: readonly Place[];
}

const SCALAR_BYTES = { u32: 4, s32: 4, u64: 8 } as const;

function isScalar(field: unknown): field is Scalar {
  return typeof field === 'string' && Object.hasOwn(SCALAR_BYTES, field);
}

function sizeOf(field: Field): { bytes: number; alignment: number } {
  if (isScalar(field)) return { bytes: SCALAR_BYTES[field], alignment: SCALAR_BYTES[field] };
  if (typeof field === 'string') return shapeSize(STRUCTURES[field as StructureName]);
  if (!isArray(field)) return shapeSize(field);
  const { bytes, alignment } = sizeOf(field[0]);
  return { bytes: bytes * field[1], alignment };
}

function isArray(field: Field): field is readonly [string | Shape, number] {
  return Array.isArray(field);
}

/** Each field of a shape with its offset; those of a union at one. */
function* fieldsOf(shape: Shape): Generator<{ name: string; field: Field; offset: number }, number> {
  let offset = 0;
  for (const [name, field] of Object.entries(shape)) {
    const members = name === 'union' ? Object.entries(field as Shape) : [[name, field] as const];
    const sizes = members.map(([, member]) => sizeOf(member));
    const alignment = Math.max(...sizes.map((size) => size.alignment));
    offset = Math.ceil(offset / alignment) * alignment;
    for (const [member, type] of members) yield { name: member, field: type, offset };
    offset += Math.max(...sizes.map((size) => size.bytes));
  }
  return offset;
}

function shapeSize(shape: Shape): { bytes: number; alignment: number } {
  let [end, alignment] = [0, 1];
  for (const { field, offset } of fieldsOf(shape)) {
    const size = sizeOf(field);
    alignment = Math.max(alignment, size.alignment);
    end = Math.max(end, offset + size.bytes);
  }
  return { bytes: Math.ceil(end / alignment) * alignment, alignment };
}

function placesOf(shape: Shape, prefix = '', base = 0): Place[] {
  return [...fieldsOf(shape)].flatMap(({ name, field, offset }): Place[] => {
    const element = isArray(field) ? field[0] : field;
    const path = `${prefix}${name}${isArray(field) ? '[0]' : ''}`;
    if (isScalar(element)) return [{ name: path, offset: base + offset, bytes: SCALAR_BYTES[element], type: element }];
    return placesOf(typeof element === 'string' ? STRUCTURES[element as StructureName] : element, `${path}.`, base + offset);
  });
}

/** A structure's size and where all its scalars lie. */
export function laidOut(name: StructureName): Laid {
  return { ...shapeSize(STRUCTURES[name]), places: placesOf(STRUCTURES[name]) };
}

/** Bytes of a structure. */
export function structureBytes(name: StructureName): number {
  return shapeSize(STRUCTURES[name]).bytes;
}

/** Bytes from the beginning of a structure to one of its own fields. */
export function offsetOf<Name extends StructureName>(name: Name, field: keyof Values<Name> & string): number {
  for (const place of fieldsOf(STRUCTURES[name])) if (place.name === field) return place.offset;
  throw new TypeError(`no field ${field} in ${name}`);
}

/** The structure at an offset of some memory. Fields of a union are all there, each as it would be. */
export function decode<Name extends StructureName>(name: Name, view: DataView, at = 0): Values<Name> {
  return read(STRUCTURES[name], view, at) as Values<Name>;
}

function read(field: Field, view: DataView, at: number): unknown {
  if (field === 'u32') return view.getUint32(at, true);
  if (field === 's32') return view.getInt32(at, true);
  if (field === 'u64') return view.getBigUint64(at, true);
  if (typeof field === 'string') return read(STRUCTURES[field as StructureName], view, at);
  if (isArray(field)) {
    const { bytes } = sizeOf(field[0]);
    return Array.from({ length: field[1] }, (_, index) => read(field[0], view, at + index * bytes));
  }
  return Object.fromEntries([...fieldsOf(field)].map(({ name, field: inner, offset }) => [name, read(inner, view, at + offset)]));
}

/** What may be given for a structure: only what is not zero; numbers will do for 64 bits. */
export type Given<Name extends StructureName> = { readonly [Field in keyof Values<Name>]?: Values<Name>[Field] extends bigint ? bigint | number : Values<Name>[Field] extends number ? number : object };

/** A structure as bytes; fields left out are zero, but for `size`, which is the structure's own. */
export function encode<Name extends StructureName>(name: Name, values: Given<Name> = {}): DataView {
  const view = new DataView(new ArrayBuffer(structureBytes(name)));
  const own = 'size' in STRUCTURES[name] && name.startsWith('epiphany_') ? { size: view.byteLength } : {};
  write(STRUCTURES[name], view, 0, { ...own, ...values });
  return view;
}

function write(field: Field, view: DataView, at: number, value: unknown): void {
  if (field === 'u32') view.setUint32(at, value as number, true);
  else if (field === 's32') view.setInt32(at, value as number, true);
  else if (field === 'u64') view.setBigUint64(at, BigInt(value as number | bigint), true);
  else if (typeof field === 'string') write(STRUCTURES[field as StructureName], view, at, value);
  else if (isArray(field)) {
    const { bytes } = sizeOf(field[0]);
    (value as unknown[]).forEach((element, index) => write(field[0], view, at + index * bytes, element));
  } else {
    const values = value as Readonly<Record<string, unknown>>;
    for (const { name, field: inner, offset } of fieldsOf(field)) if (values[name] !== undefined) write(inner, view, at + offset, values[name]);
  }
}

const requestOf = (direction: 'none' | 'read' | 'read-write', number: number, structure?: StructureName): number => ioctlRequest(direction, 'E', number, structure ? structureBytes(structure) : 0);

/** Request numbers, by their names in the header. */
export const REQUESTS = {
  EPIPHANY_IOC_INFO: requestOf('read-write', 0x10, 'epiphany_info'),
  EPIPHANY_IOC_REGION: requestOf('read-write', 0x11, 'epiphany_region'),
  EPIPHANY_IOC_CLAIM: requestOf('read-write', 0x12, 'epiphany_claim'),
  EPIPHANY_IOC_RESET: requestOf('read-write', 0x13, 'epiphany_reset'),
  EPIPHANY_IOC_DRAM_ALLOC: requestOf('read-write', 0x14, 'epiphany_dram_alloc'),
  EPIPHANY_IOC_DMA_COPY: requestOf('read-write', 0x15, 'epiphany_dma_copy'),
  EPIPHANY_IOC_EVENTS: requestOf('read-write', 0x16, 'epiphany_events'),
  E_IOCTL_RESET: requestOf('none', 0x00),
  E_IOCTL_ELINK_PROBE: requestOf('read', 0x01, 'e_elink_info'),
  E_IOCTL_MESH_PROBE: requestOf('read', 0x02, 'e_mesh_info'),
  E_IOCTL_GET_MAPPINGS: requestOf('read', 0x03, 'e_mappings_info'),
  E_IOCTL_MAILBOX_READ: requestOf('read-write', 0x04, 'e_mailbox_msg'),
  E_IOCTL_MAILBOX_COUNT: requestOf('none', 0x05),
  E_IOCTL_THERMAL_DISALLOW: requestOf('none', 0x06),
  E_IOCTL_THERMAL_ALLOW: requestOf('none', 0x07),
} as const;

export type RequestName = keyof typeof REQUESTS;
