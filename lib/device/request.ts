// SPDX-License-Identifier: MIT
/**
 * Request numbers of ioctl(2), as asm-generic/ioctl.h lays them out:
 * direction (2 bits), bytes of the argument (14), type (8), number (8).
 */
import { checkInteger, invalidType, outOfRange } from '../errors.js';

/** Which way the argument goes, seen from the program: the driver is read from, or written to. */
export type RequestDirection = 'none' | 'write' | 'read' | 'read-write';

const DIRECTIONS: Readonly<Record<RequestDirection, number>> = { none: 0, write: 1, read: 2, 'read-write': 3 };
const SIZE_SHIFT = 16;
const LARGEST_ANNOUNCED = 0x3fff;

/**
 * Makes a request number, as `_IO`, `_IOW`, `_IOR` and `_IOWR` of C do.
 * @param type the driver's letter, e.g. `'E'`
 * @param number 0 … 255
 * @param bytes size of the argument, 0 … 16383
 */
export function ioctlRequest(direction: RequestDirection, type: string, number: number, bytes = 0): number {
  if (!Object.hasOwn(DIRECTIONS, direction)) throw outOfRange('direction', Object.keys(DIRECTIONS).join(', '), direction);
  if (typeof type !== 'string') throw invalidType('type', 'a letter', type);
  if (type.length !== 1 || type.charCodeAt(0) > 0xff) throw outOfRange('type', 'one letter', type);
  checkInteger('number', number, 0, 0xff);
  checkInteger('bytes', bytes, 0, LARGEST_ANNOUNCED);
  return ((DIRECTIONS[direction] << 30) | (bytes << SIZE_SHIFT) | (type.charCodeAt(0) << 8) | number) >>> 0;
}

/** Bytes of the argument that a request number announces; 0 also for old requests that announce none. */
export function ioctlArgumentBytes(request: number): number {
  return (checkInteger('request', request, 0, 0xffffffff) >>> SIZE_SHIFT) & LARGEST_ANNOUNCED;
}
