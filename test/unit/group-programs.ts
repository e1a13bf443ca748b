// SPDX-License-Identifier: MIT
/** Programs of a few instructions for the tests of work-groups, and running them. */
import { openBoard, type CoreState, type WorkGroup } from '../../lib/index.js';
import { indexSymbols, type Program, type ProgramSymbol, type Segment } from '../../lib/program/program.js';
import { move, program as code, store, trap, type Instruction } from './encode.js';

const flags = { read: true, write: true, execute: true };

export type Code = Instruction | readonly Instruction[];

/** A program whose instructions are at 0, with other segments and symbols. */
export function programOf(instructions: readonly Code[], more: { segments?: Omit<Segment, 'flags'>[]; symbols?: Partial<ProgramSymbol>[]; sections?: Program['sections'] } = {}): Program {
  const data = code(...instructions);
  const symbols = (more.symbols ?? []).map((symbol) => ({ name: '', address: 0, bytes: 0, type: 'object' as const, binding: 'global' as const, section: undefined, ...symbol }));
  const segments = [{ address: 0, data, memoryBytes: data.length }, ...(more.segments ?? [])].map((segment) => ({ ...segment, flags }));
  return { path: 'test', entry: 0, segments, sections: more.sections ?? [{ name: '.text', address: 0, bytes: data.length, type: 'progbits', flags: { allocate: true, write: false, execute: true } }], symbols, symbolsByName: indexSymbols(symbols) };
}

/** TRAP 7: a system call with its arguments; R0 is the result, R3 the errno. */
export const call = (number: number, ...values: number[]): Code[] => [...values.map((value, index) => move(index, value)), move(3, number), trap(7)];
export const exit = (status: number): Code[] => [move(0, status), trap(3)];
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const at = (address: number, data: Uint8Array, memoryBytes = data.length): Omit<Segment, 'flags'> => ({ address, data, memoryBytes });
/** Keeps R0 and R3 at an address. */
export const keep = (address: number): Code[] => [move(4, address), store(0, 4), move(4, address + 4), store(3, 4)];

export async function withGroup(program: Program, use: (group: WorkGroup) => void | Promise<void>, rectangle = { row: 1, column: 1, rows: 2, columns: 2 }): Promise<void> {
  using board = openBoard('sim');
  using group = board.workgroup(rectangle);
  await group.load(program);
  await use(group);
}

/** The thread of the cores may have to wait for its turn on a busy machine. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 10_000; !isSo() && performance.now() < deadline; ) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** What it printed, by core, and how it ended. */
export async function run(group: WorkGroup, services = {}): Promise<{ texts: Map<number, string>; states: CoreState[] }> {
  group.start(services);
  const texts = new Map<number, string>();
  for await (const { core, stream, text } of group.output) texts.set(core.id, `${texts.get(core.id) ?? ''}${stream === 'stderr' ? '!' : ''}${text}`);
  return { texts, states: await group.finished() };
}

/** All that is printed, or its first characters. */
export async function textsOf(output: AsyncIterable<{ text: string }>, most = Infinity): Promise<string> {
  let all = '';
  for await (const { text } of output) {
    all += text;
    if (all.length === most) break;
  }
  return all;
}
