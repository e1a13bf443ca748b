// SPDX-License-Identifier: MIT
/** How a program is laid into the cores of a work-group. */
import type { Rectangle } from '../address.js';
import type { Core } from '../core.js';
import { EpiphanyError, formatHex, invalidType, outOfRange } from '../errors.js';
import type { SharedMemory } from '../memory.js';
import { patchPlacements, placeProgram, verifyProgram, type Placement } from '../program/loader.js';
import type { Program } from '../program/program.js';
import { checkedWaitOptions } from '../wait.js';
import { argumentsOf, configurationOf, type ChipOnBoard } from './configuration.js';

/** How to load a program. */
export interface LoadOptions {
  /** Whether to read everything back and compare it. Default true. */
  readonly verify?: boolean | undefined;
  /** Arguments of `main`, behind the name of the program. Only for programs that have room for them: docs/ecore.md. */
  readonly arguments?: readonly string[] | undefined;
  /** Ends the wait for the file with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called again and again while memory is written: bytes so far, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /**
   * Called, before anything is touched, with what is strange about a program that is loaded all the same. By default
   * it becomes a warning of the process.
   */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** What loading a program did, and how long each part of it took, in milliseconds. */
export interface LoadOutcome {
  readonly program: Program;
  /** Bytes written to all cores and to shared DRAM. */
  readonly bytes: number;
  readonly parse: number;
  readonly reset: number;
  readonly write: number;
  readonly verify: number;
}

/** Options as they are when none is left out. */
export interface CheckedLoadOptions {
  readonly verify: boolean;
  readonly parameters: readonly string[];
  readonly onProgress: LoadOptions['onProgress'];
  readonly onWarning: (message: string) => void;
  readonly signal: LoadOptions['signal'];
}

const emitWarning = (message: string): void => process.emitWarning(message, 'EpiphanyWarning');

export function checkedLoadOptions(options: LoadOptions): CheckedLoadOptions {
  if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
  const { verify = true, onProgress, onWarning = emitWarning, arguments: given = [] } = options;
  // A copy, which the caller cannot change while the file is read; holes are no strings either.
  const parameters: readonly unknown[] = Array.isArray(given) ? Array.from(given as readonly unknown[]) : [];
  if (!Array.isArray(given) || !areStrings(parameters)) throw invalidType('options.arguments', 'an array of strings', given);
  const [cut] = parameters.filter((text) => text.includes('\0'));
  if (cut !== undefined) throw outOfRange('options.arguments', 'texts without NUL characters, with which C ends them', cut);
  if (typeof verify !== 'boolean') throw invalidType('options.verify', 'a boolean', verify);
  if (onProgress !== undefined && typeof onProgress !== 'function') throw invalidType('options.onProgress', 'a function', onProgress);
  if (typeof onWarning !== 'function') throw invalidType('options.onWarning', 'a function', onWarning);
  return { verify, parameters, onProgress, onWarning, signal: checkedWaitOptions({ signal: options.signal }).signal };
}

function areStrings(values: readonly unknown[]): values is readonly string[] {
  return values.every((value) => typeof value === 'string');
}

/** Where each byte of a program belongs, with what the cores are told of their place. Touches nothing. */
export function placementsOf(program: Program, board: ChipOnBoard, group: Rectangle & { readonly cores: readonly Core[] }, parameters: readonly string[] = []): Placement[] {
  const common = argumentsOf(program, parameters);
  const patches = new Map(group.cores.map((core) => [core, [...configurationOf(program, board, group, core), ...common]]));
  return patchPlacements(program, placeProgram(program, board, group.cores), board, patches);
}

/** @throws `ERR_EPIPHANY_VERIFY` if memory does not hold what was written */
export function verifyPlacements(program: Program, placements: readonly Placement[], board: SharedMemory): void {
  const { differing, differences } = verifyProgram(placements, board);
  const [first] = differences;
  if (!first) return;
  const where = first.core ? `core ${formatHex(first.core.id, 3)}` : 'shared DRAM';
  throw new EpiphanyError('ERR_EPIPHANY_VERIFY', `'${program.path}' is not in memory as it was written: ${differing} bytes differ, the first in ${where} at ${formatHex(first.address)}, ${formatHex(first.actual, 2)} instead of ${formatHex(first.expected, 2)}`, { path: program.path, address: first.address });
}
