// SPDX-License-Identifier: MIT
/** What a command of the command line is, and what it is given. */
import type { Board } from '../board.js';
import type { Core } from '../core.js';

/** A mistake in how the command was called: one line, and exit code 2. */
export class UsageError extends Error {}

/** What a command works with. */
export interface Context {
  /** What stands behind the command's name. */
  readonly operands: readonly string[];
  /** The value of one of the command's own options, if it was given. */
  option(name: string): string | undefined;
  /** Whether output is for machines: then one JSON document and nothing else. */
  readonly json: boolean;
  /** Whether output may be coloured. */
  readonly colour: boolean;
  /** The board that was asked for; opened when this is first called, and closed when the command is done. */
  board(): Board;
  /** Writes a line of output. */
  print(line: string): void;
}

export interface Command {
  /** Operands, as the usage shows them. */
  readonly operands: string;
  readonly summary: string;
  readonly examples: readonly string[];
  /** Options that only this command has, by name; each takes a value, which the usage calls `value`. */
  readonly options?: Readonly<Record<string, { readonly value: string; readonly summary: string }>>;
  /** Smallest and largest number of operands. */
  readonly count: readonly [minimum: number, maximum: number];
  /** Does it, and returns the exit code. */
  run(context: Context): number;
}

/** A number as C writes it: decimal, or hexadecimal behind 0x. Ranges are checked by whoever takes it. */
export function parseNumber(name: string, text: string): number {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw new UsageError(`${name} must be a number such as 42 or 0x2a, got '${text}'`);
  return Number(text);
}

/** A core of a board, written `row,column` or as core ID `0x84a`. */
export function parseCore(board: Board, text: string): Core {
  const pair = /^(\d+),(\d+)$/.exec(text);
  if (pair) return board.core(Number(pair[1]), Number(pair[2]));
  if (/^0x[0-9a-f]+$/i.test(text)) return board.coreById(Number(text));
  throw new UsageError(`CORE must be row,column such as 1,2 or a core ID such as 0x84a, got '${text}'`);
}

/** A value as JSON, addresses and words as text: JSON has no hexadecimal numbers. */
export function printJson(context: Context, value: object): void {
  context.print(JSON.stringify(value));
}

