// SPDX-License-Identifier: MIT
/** What a command of the command line is, and what it is given. */
import type { Rectangle } from '../address.js';
import type { Board } from '../board.js';
import type { Core } from '../core.js';
import type { SimulatorOptions } from '../transport/simulator.js';

/** A mistake in how the command was called: one line, and exit code 2. */
export class UsageError extends Error {}

/** What a command works with. */
export interface Context {
  /** What stands behind the command's name. */
  readonly operands: readonly string[];
  /** The value of one of the command's own options, if it was given. */
  option(name: string): string | undefined;
  /** Whether one of the command's own options without a value was given. */
  flag(name: string): boolean;
  /** Whether output is for machines: then one JSON document and nothing else. */
  readonly json: boolean;
  /** Whether output may be coloured. */
  readonly colour: boolean;
  /**
   * The board that was asked for; opened when this is first called, and closed when the command is done.
   * @param options if it is a simulated one
   */
  board(options?: SimulatorOptions): Board;
  /** Writes a line of output. */
  print(line: string): void;
  /** Aborts when output goes nowhere any more, because its reader has left or its disk is full. */
  readonly outputEnd: AbortSignal;
}

export interface Command {
  /** Operands, as the usage shows them. */
  readonly operands: string;
  readonly summary: string;
  readonly examples: readonly string[];
  /** Options that only this command has, by name; those that take a value have a word for it. */
  readonly options?: Readonly<Record<string, { readonly value?: string; readonly summary: string }>>;
  /** Smallest and largest number of operands. */
  readonly count: readonly [minimum: number, maximum: number];
  /** Everything behind the command's name is an operand, what looks like an option too. */
  readonly verbatim?: boolean;
  /** It is about no board in particular: to name one is a mistake. */
  readonly boardless?: boolean;
  /** Does it, and returns the exit code. */
  run(context: Context): number | Promise<number>;
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

/** A rectangle of cores, written `row,column,rows,columns`; all of the chip if it is left out. */
export function parseGroup(text: string | undefined): Partial<Rectangle> {
  if (text === undefined) return {};
  const [, row, column, rows, columns] = /^(\d+),(\d+),(\d+),(\d+)$/.exec(text) ?? [];
  if (row === undefined) throw new UsageError(`--group must be row,column,rows,columns such as 0,0,4,4, got '${text}'`);
  return { row: Number(row), column: Number(column), rows: Number(rows), columns: Number(columns) };
}

/** A value as JSON, addresses and words as text: JSON has no hexadecimal numbers. */
export function printJson(context: Context, value: object): void {
  context.print(JSON.stringify(value));
}

