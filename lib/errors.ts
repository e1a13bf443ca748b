// SPDX-License-Identifier: MIT
/**
 * Every error this package throws is made here.
 *
 * - A failing system call gives a {@link SystemError}, shaped as `node:fs` shapes its own.
 * - Misuse gives a `TypeError` with code `ERR_INVALID_ARG_TYPE` or a `RangeError` with code
 *   `ERR_OUT_OF_RANGE`, before anything is touched.
 * - A state of the board or of a program gives an {@link EpiphanyError} with one of {@link EpiphanyErrorCode}.
 */
import { inspect } from 'node:util';
import { errnoName, errnoText } from './errno.js';
import { printable } from './printable.js';

/** States of our own, as against errors of the operating system. */
export type EpiphanyErrorCode =
  /** The handle was closed; nothing can be done through it any more. */
  | 'ERR_EPIPHANY_CLOSED'
  /** Somebody else holds what was asked for, or the core runs and must be halted first. */
  | 'ERR_EPIPHANY_BUSY'
  /** A core waits for something that does not come, and cannot be halted; only a reset of the chip helps. */
  | 'ERR_EPIPHANY_CORE_STUCK'
  /** The chip, or the cores, were reset while they were used; what was in them is lost. */
  | 'ERR_EPIPHANY_RESET'
  /** The chip was switched off because it was too hot. */
  | 'ERR_EPIPHANY_THERMAL'
  /** The driver has lost its device: it was unbound. */
  | 'ERR_EPIPHANY_GONE'
  /** Memory does not hold what was written to it; `address` and the message say where. */
  | 'ERR_EPIPHANY_VERIFY'
  /** A wait ended by its own `timeout`. */
  | 'ERR_EPIPHANY_TIMEOUT'
  /** A program file cannot be used; `path`, `offset` and the message say why. */
  | 'ERR_EPIPHANY_BAD_PROGRAM'
  /** A snapshot file cannot be used; `path` and the message say why. */
  | 'ERR_EPIPHANY_BAD_SNAPSHOT'
  /** A register was written that can only be read, or read that can only be written. */
  | 'ERR_EPIPHANY_REGISTER_ACCESS'
  /** This board, or the driver behind it, cannot do what was asked. */
  | 'ERR_EPIPHANY_UNSUPPORTED'
  /** The native addon could not be loaded; the message lists each path tried. */
  | 'ERR_EPIPHANY_NO_ADDON';

/** What an error is about: shown in its message and kept as properties of the same names. */
export interface ErrorSubject {
  /** File that the operation was about. */
  path?: string | undefined;
  /** eMesh address, local address or file offset that the operation was about. */
  address?: number | undefined;
  /** Byte offset within the file `path` at which the trouble was found. */
  offset?: number | undefined;
  /** What made this error. */
  cause?: unknown;
}

/** A state of the board, of a program or of a handle. `code` tells which. */
export class EpiphanyError extends Error {
  static {
    this.prototype.name = 'EpiphanyError'; // not an own property, which would be printed with each error
  }
  readonly code: EpiphanyErrorCode;
  declare readonly path?: string;
  declare readonly address?: number;
  declare readonly offset?: number;

  constructor(code: EpiphanyErrorCode, message: string, subject: ErrorSubject = {}) {
    const { cause, ...properties } = subject;
    // Of several lines is only what is ours in every word.
    super(code === 'ERR_EPIPHANY_NO_ADDON' ? message : printable(message), cause === undefined ? undefined : { cause });
    this.code = code;
    assignDefined(this, properties);
  }
}

/** A failing system call: `code` (`'EACCES'`), `errno` (negative), `syscall`, and what it was about. */
export interface SystemError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
  readonly address?: number;
}

/**
 * Makes the error of a failing system call.
 * @param errno negative error number, as the native layer returns it
 * @param syscall name of the call, e.g. `'open'`
 * @param subject what the call was about
 * @param remedy one sentence telling what to do about it
 */
export function systemError(
  errno: number,
  syscall: string,
  subject: ErrorSubject = {},
  remedy = '',
): SystemError {
  const code = errnoName(errno);
  const { cause, ...properties } = subject;
  const about = [
    subject.path === undefined ? '' : ` '${subject.path}'`,
    subject.address === undefined ? '' : ` at ${formatHex(subject.address)}`,
  ].join('');
  const message = `${code}: ${errnoText(errno)}, ${syscall}${about}${remedy && `. ${remedy}`}`;
  const error = new Error(printable(message), cause === undefined ? undefined : { cause });
  return assignDefined(error, { code, errno, syscall, ...properties }) as SystemError;
}

/** `TypeError` `ERR_INVALID_ARG_TYPE`: `name` is not `expected`. */
export function invalidType(name: string, expected: string, actual: unknown): TypeError {
  const error = new TypeError(printable(`"${name}" must be ${expected}, got ${describe(actual)}`));
  return assignDefined(error, { code: 'ERR_INVALID_ARG_TYPE', actual });
}

/** `RangeError` `ERR_OUT_OF_RANGE`: `name` has the right type and an impossible value. */
export function outOfRange(name: string, expected: string, actual: unknown, subject: ErrorSubject = {}): RangeError {
  const error = new RangeError(printable(`"${name}" must be ${expected}, got ${describe(actual)}`));
  return assignDefined(error, { code: 'ERR_OUT_OF_RANGE', actual, ...subject });
}

/** The same error, with the file that it is about: calls on open files do not tell. */
export function aboutFile(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || 'path' in error || !('syscall' in error)) return error;
  error.message += ` '${printable(path)}'`;
  return assignDefined(error, { path });
}

/** The error of using a handle after its `close()`. */
export function closedError(what: string): EpiphanyError {
  return new EpiphanyError('ERR_EPIPHANY_CLOSED', `${what} is closed`);
}

/**
 * Checks that `value` is an integer of `minimum … maximum` (inclusive) and returns it.
 * @throws TypeError if it is no number, RangeError if it is NaN, fractional or outside
 */
export function checkInteger(name: string, value: unknown, minimum: number, maximum: number): number {
  if (typeof value !== 'number') throw invalidType(name, 'a number', value);
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw outOfRange(name, `an integer from ${formatBound(minimum)} to ${formatBound(maximum)}`, value);
  }
  return value + 0; // never -0
}

/** PATH_MAX of Linux. */
const LONGEST_PATH = 4096;

/** Checks that `value` is a non-empty string without NUL bytes, as a path must be, and returns it. */
export function checkPath(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidType(name, 'a string', value);
  if (value.length > LONGEST_PATH) throw outOfRange(`${name}.length`, `at most ${LONGEST_PATH}`, value.length);
  if (value === '' || value.includes('\0')) throw outOfRange(name, 'a non-empty path without NUL characters', value);
  return value;
}

/** `0x` and lower-case hexadecimal digits, as addresses and core IDs are written everywhere. */
export function formatHex(value: number, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

function formatBound(value: number): string {
  return Math.abs(value) > 9 ? `${value < 0 ? '-' : ''}${formatHex(Math.abs(value))}` : String(value);
}

function describe(value: unknown): string {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > 9) return `${value} (${formatBound(value)})`;
  if (typeof value === 'function') return `function ${value.name}`.trim();
  try {
    return inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 60, maxArrayLength: 4 });
  } catch {
    return typeof value; // it has a way of its own to be shown, which fails
  }
}

function assignDefined<T extends object>(target: T, properties: object): T {
  for (const [key, value] of Object.entries(properties)) {
    if (value !== undefined) Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return target;
}
