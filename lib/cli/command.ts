// SPDX-License-Identifier: MIT
/** What a command of the command line is, and what it is given. */
import type { Rectangle } from '../address.js';
import type { Board } from '../board.js';
import type { Core } from '../core.js';
import { printableJson } from '../printable.js';
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
  /** Writes a line of output, which shows whatever is in it. A command that prints many gives {@link room} its turn. */
  print(line: string, stream?: 'stdout' | 'stderr'): void;
  /** The same for text that a terminal may obey: our own, with colours, or what a program on cores says. */
  printAsIs(text: string, stream?: 'stdout' | 'stderr'): void;
  /**
   * Waits until output has room for more, so that what its reader does not take is not kept here.
   * @throws (rejects) what output has failed with
   */
  room(): Promise<void>;
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
  /** The option that makes it be about a board; without that, to name one is a mistake. */
  readonly boardWith?: string;
  /** Done to a simulated board that keeps nothing it would be for nothing, so one must be there, or be named. */
  readonly lasting?: boolean;
  /** Does it, and returns the exit code. */
  run(context: Context): number | Promise<number>;
}

/** Tells, on standard error, what the user may not have meant. */
export function warn(message: string): void {
  process.stderr.write(`epiphany: warning: ${message}\n`);
}

/** A number as C writes it: decimal, or hexadecimal behind 0x. Its user checks the range. */
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
  context.printAsIs(printableJson(JSON.stringify(value)));
}

/** Text of a large document is written in pieces of about so many characters. */
const PIECE_CHARACTERS = 2 ** 16;

/** As {@link printJson}, for what may be large: a generator becomes an array, its elements made as there is room. */
export async function printLargeJson(context: Context, value: object): Promise<void> {
  let piece = '';
  for (const part of partsOf(value)) {
    piece += part;
    if (piece.length < PIECE_CHARACTERS) continue;
    context.printAsIs(printableJson(piece)); // between two parts JSON may have an end of line
    piece = '';
    await context.room();
  }
  context.printAsIs(printableJson(piece));
}

/** `make` of each value, when it is asked for. */
export function* lazily<Value, Result>(values: Iterable<Value>, make: (value: Value) => Result): Generator<Result, void> {
  for (const value of values) yield make(value);
}

const isGenerator = (value: unknown): value is Iterable<unknown> => typeof value === 'object' && value !== null && Symbol.iterator in value && !Array.isArray(value);

function* partsOf(value: unknown): Generator<string, void> {
  let separator = '';
  if (isGenerator(value)) {
    yield '[';
    for (const element of value) {
      yield separator;
      yield* partsOf(element);
      separator = ',';
    }
    yield ']';
  } else if (typeof value === 'object' && value !== null && Object.values(value).some(isGenerator)) {
    yield '{';
    for (const [name, member] of Object.entries(value)) {
      yield `${separator}${JSON.stringify(name)}:`;
      yield* partsOf(member);
      separator = ',';
    }
    yield '}';
  } else {
    yield JSON.stringify(value);
  }
}
