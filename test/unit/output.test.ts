// SPDX-License-Identifier: MIT
/** Programs that print more than anybody reads. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBoard, type Board, type Output, type WorkGroup } from '../../lib/index.js';
import type { Program } from '../../lib/program/program.js';
import { add, branchIf, move, program, trap } from './encode.js';

const LINES = 300;
/** Writes so many characters, then one fewer, and so on down to one: each piece tells its place. */
const COUNTDOWN = program(move(1, 0x2000), move(5, LINES), move(0, 1), add(2, 5, 0), move(3, 5), trap(7), add(5, 5, -1), branchIf('ne', -22), move(0, 0), trap(3));

function programOf(data: Uint8Array): Program {
  const text = new Uint8Array(LINES).fill(0x61);
  const flags = { read: true, write: true, execute: true };
  const sections: Program['sections'] = [{ name: '.text', address: 0, bytes: data.length, type: 'progbits', flags: { allocate: true, write: false, execute: true } }];
  return { path: 'countdown', entry: 0, segments: [{ address: 0, data, memoryBytes: data.length, flags }, { address: 0x2000, data: text, memoryBytes: LINES, flags }], sections, symbols: [], symbolsByName: new Map() };
}

const LIMIT = 20_000;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const downFrom = (first: number): number[] => Array.from({ length: first }, (_, index) => first - index);
const lengthsOf = async (output: AsyncIterable<Output>): Promise<number[]> => {
  const lengths: number[] = [];
  for await (const { text } of output) lengths.push(text.length);
  return lengths;
};

let board: Board;
let group: WorkGroup;
beforeEach(async () => {
  board = openBoard('sim');
  group = board.workgroup({ rows: 1, columns: 1 });
  await group.load(programOf(COUNTDOWN));
});
afterEach(() => board.close());

/** Until the only core waits for somebody to read. */
async function untilHalted(): Promise<void> {
  for (let turns = 0; turns < 20; turns = group.states()[0]?.state === 'halted' ? turns + 1 : 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('output that nobody reads', () => {
  it('lets the program end, and is there afterwards as far as there is room: the newest of it', async () => {
    group.start({ outputLimit: LIMIT });
    expect(await group.finished()).toMatchObject([{ state: 'exited', exitCode: 0 }]);
    const { lost } = group.output;
    const lengths = await lengthsOf(group.output);
    expect(lengths).toEqual(downFrom(lengths.length));
    expect(lost).toBe(sum(downFrom(LINES)) - sum(lengths));
    expect(lost).toBeGreaterThan(0);
    expect(sum(lengths.map((length) => 128 + 2 * length))).toBeLessThanOrEqual(LIMIT);
    expect(lengths.length).toBeGreaterThan(LIMIT / (128 + 2 * LINES));
  });

  it('is all there if it fits, as by default', async () => {
    group.start();
    await group.finished();
    expect(await lengthsOf(group.output)).toEqual(downFrom(LINES));
    expect(group.output.lost).toBe(0);
  });

  it('is kept for each core that it was asked for', async () => {
    group.start({ outputLimit: LIMIT });
    const own = group.outputOf(0);
    await group.finished();
    expect([own.lost > 0, group.output.lost]).toEqual([true, 0]);
  });

  it('keeps the last piece, however large', async () => {
    group.start({ outputLimit: 1 });
    await group.finished();
    expect(await lengthsOf(group.output)).toEqual([1]);
  });
});

describe('output that somebody reads slowly', () => {
  it('keeps the cores waiting, and nothing of it is lost', async () => {
    group.start({ outputLimit: LIMIT });
    const lengths: number[] = [];
    let isOver = false;
    const end = group.finished().then(() => (isOver = true));
    for await (const { text } of group.output) {
      lengths.push(text.length);
      if (lengths.length > 2) continue;
      await untilHalted();
      expect(isOver).toBe(false);
    }
    await end;
    expect(lengths).toEqual(downFrom(LINES));
    expect(group.output.lost).toBe(0);
  });

  it('of one core keeps that one waiting', async () => {
    group.start({ outputLimit: LIMIT });
    const reading = group.outputOf(0)[Symbol.asyncIterator]();
    const first = await reading.next();
    await untilHalted();
    const rest = await lengthsOf({ [Symbol.asyncIterator]: () => reading });
    expect([first.value?.text.length, ...rest]).toEqual(downFrom(LINES));
  });

  it('is dropped from when they leave', async () => {
    group.start({ outputLimit: LIMIT });
    for await (const { text } of group.output) {
      expect(text).toHaveLength(LINES);
      await untilHalted();
      break;
    }
    expect(await group.finished()).toMatchObject([{ state: 'exited' }]);
    expect(group.output.lost).toBeGreaterThan(0);
    const lengths = await lengthsOf(group.output);
    expect(lengths).toEqual(downFrom(lengths.length));
  });

  it('can be halted, resumed and reset meanwhile', async () => {
    group.start({ outputLimit: LIMIT });
    const reading = group.output[Symbol.asyncIterator]();
    await reading.next();
    await untilHalted();
    group.halt();
    const taken: number[] = [];
    for (let i = 0; i < 20; ++i) taken.push((await reading.next()).value?.text.length ?? 0);
    group.resume();
    const rest = await lengthsOf({ [Symbol.asyncIterator]: () => reading });
    expect([...taken, ...rest]).toEqual(downFrom(LINES - 1));
  });
});

it.each([0, -1, 1.5, NaN, '5', null])('a limit of %j is refused', (outputLimit) => {
  expect(() => group.start({ outputLimit: outputLimit as number })).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/) as string }));
});
