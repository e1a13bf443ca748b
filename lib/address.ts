// SPDX-License-Identifier: MIT
/**
 * Core IDs, mesh coordinates and addresses: pure arithmetic, no I/O.
 *
 * An eMesh address has 32 bits: core ID (12 bits: row(6) · column(6)) above a local address (20 bits).
 * A top part of zero means "the core that issues the access", so it names no place for a host.
 * Source: Epiphany Architecture Reference, memory map.
 */
import { checkInteger, formatHex, outOfRange } from './errors.js';

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** 12 bits, `row << 6 | column`, mesh-absolute: the first core of a Parallella is 0x808. */
export type CoreId = Branded<'CoreId'>;
/** 0 … 0xFFFFF within one core: SRAM from 0, registers from 0xF0000. */
export type LocalAddress = Branded<'LocalAddress'>;
/** 32 bits: `coreId << 20 | local`, or shared DRAM at 0x8E000000 … 0x8FFFFFFF. Always unsigned. */
export type EmeshAddress = Branded<'EmeshAddress'>;

/** A place in the mesh or in a work-group: which of the two, the name of the variable says. */
export interface Coordinate {
  readonly row: number;
  readonly column: number;
}

/** A rectangle of cores, in rows and columns of the chip. */
export interface Rectangle extends Coordinate {
  readonly rows: number;
  readonly columns: number;
}

/** Bytes of SRAM in each core: four banks of 8 KiB from local address 0. */
export const SRAM_BYTES = 0x8000;
/** Local address of the first register, R0. */
export const REGISTERS_BASE = 0xf0000;
/** Bytes of a core's register page. */
export const REGISTERS_BYTES = 0x1000;
/** eMesh address of the shared DRAM on a Parallella. Source: device tree, `adapteva,mmu`. */
export const SHARED_DRAM_BASE = 0x8e000000 as EmeshAddress;
/** Bytes of shared DRAM on a Parallella. */
export const SHARED_DRAM_BYTES = 0x2000000;
/** Core ID under which the FPGA's eLink registers answer on a Parallella. */
export const ELINK_ID = 0x810 as CoreId;

const LOCAL_BITS = 20;
const LOCAL_MASK = 0xfffff;
const COORDINATE_MASK = 0x3f;

/** The core ID of an absolute mesh coordinate; row and column are 0 … 63. */
export function coreIdAt(row: number, column: number): CoreId {
  checkInteger('row', row, 0, COORDINATE_MASK);
  checkInteger('column', column, 0, COORDINATE_MASK);
  return ((row << 6) | column) as CoreId;
}

/** Checks a number as a core ID, 0x001 … 0xFFF (0 means "myself" on the mesh and names no core). */
export function coreId(value: number): CoreId {
  return checkInteger('coreId', value, 1, 0xfff) as CoreId;
}

/** The absolute mesh coordinate of a core ID. */
export function meshCoordinate(id: CoreId): Coordinate {
  checkInteger('id', id, 0, 0xfff);
  return { row: id >> 6, column: id & COORDINATE_MASK };
}

/** Checks a number as a local address, 0 … 0xFFFFF. */
export function localAddress(value: number): LocalAddress {
  return checkInteger('address', value, 0, LOCAL_MASK) as LocalAddress;
}

/** The eMesh address of a local address within a core. */
export function emeshAddress(id: CoreId, local: number): EmeshAddress {
  return (checkInteger('id', id, 0, 0xfff) * 2 ** LOCAL_BITS + localAddress(local)) as EmeshAddress;
}

/** Takes an eMesh address apart; `id` is 0 if the address means "the issuing core". */
export function splitEmeshAddress(address: number): { id: number; local: LocalAddress } {
  checkInteger('address', address, 0, 0xffffffff);
  return { id: Math.floor(address / 2 ** LOCAL_BITS), local: (address % 2 ** LOCAL_BITS) as LocalAddress };
}

/** What an address is that is none of SRAM: said to who mistook it for one. Empty if nothing is known of it. */
export function otherPlace(address: number): string {
  if (!Number.isInteger(address) || address < SRAM_BYTES || address > 0xffffffff) return '';
  if (address <= LOCAL_MASK) return `; registers are from ${formatHex(REGISTERS_BASE)}`;
  if (address >= SHARED_DRAM_BASE && address < SHARED_DRAM_BASE + SHARED_DRAM_BYTES) return `; ${formatHex(address)} is in shared DRAM`;
  return `; ${formatHex(address)} is an address of the whole mesh: ${formatHex(address % 2 ** LOCAL_BITS)} of core ${formatHex(Math.floor(address / 2 ** LOCAL_BITS), 3)}`;
}

/**
 * Checks that `address … address + bytes` lies within the SRAM of a core.
 * A length of zero is allowed anywhere from 0 up to and including the end.
 * @throws RangeError `ERR_OUT_OF_RANGE` naming the address
 */
export function checkSramRange(address: number, bytes: number): void {
  if (Number.isInteger(address) && address > SRAM_BYTES) throw outOfRange('address', `in SRAM, which ends at ${formatHex(SRAM_BYTES)}${otherPlace(address)}`, address, { address });
  checkInteger('address', address, 0, SRAM_BYTES);
  checkInteger('length', bytes, 0, SRAM_BYTES);
  if (address + bytes > SRAM_BYTES) {
    throw outOfRange('length', `at most ${SRAM_BYTES - address} bytes from ${formatHex(address)}: SRAM ends at ${formatHex(SRAM_BYTES)}`, bytes, { address });
  }
}

/** A core ID as text, `0x808`. */
export function formatCoreId(id: number): string {
  return formatHex(checkInteger('id', id, 0, 0xfff), 3);
}
