// SPDX-License-Identifier: MIT
/** The Mandelbrot set on all cores of a board, and on the host, to compare. */
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { layout, type Board } from 'node-epiphany';
import { hostRow } from './host.js';
import type { Picture } from './picture.js';

const PROGRAM = fileURLToPath(new URL('mandelbrot.elf', import.meta.url.replace('/dist/examples/', '/examples/')));
const View = layout({ left: 'f32', top: 'f32', step: 'f32', columns: 'u32', rows: 'u32', iterations: 'u32', picture: 'u32' });
const PICTURE_OFFSET = 0x100000;

/** What came of it. */
export interface Drawing {
  readonly picture: Picture;
  /** Of each core: instructions, or on a real board steps. */
  readonly loads: readonly number[];
  readonly milliseconds: number;
  /** Pixels that are not as the host computes them. */
  readonly wrong: number;
}

/** Draws the set, and compares it with the host's. */
export async function mandelbrot(board: Board, columns: number, rows: number, iterations: number, onProgress: (share: number) => void = () => undefined): Promise<Drawing> {
  const memory = board.sharedDramMapping();
  using group = board.workgroup();
  await group.load(PROGRAM);
  const [left, top, step] = [-2.25, -1.171875, 3.125 / 1024].map(Math.fround) as [number, number, number];
  const scale = Math.fround((step * 1024) / columns);
  group.symbol('view').broadcast(View.encode({ left, top, step: scale, columns, rows, iterations, picture: (board.sharedDram?.address ?? 0) + PICTURE_OFFSET }));
  if (board.simulator) board.simulator.counting = true;
  const begin = performance.now();
  group.start();
  let milliseconds = 0;
  const end = group.finished().then(() => {
    milliseconds = performance.now() - begin;
  });
  const expected = new Uint16Array(columns * rows);
  const nextRow = group.symbol('next_row').words(0);
  for (let row = 0; row < rows || milliseconds === 0; ) {
    if (row < rows) expected.set(hostRow(left, top, scale, columns, row, iterations), columns * row++);
    onProgress(Math.min(1, (nextRow[0] as number) / rows));
    await setImmediate();
  }
  await end;
  const steps = memory.readInto(PICTURE_OFFSET, new Uint16Array(columns * rows));
  const { simulator } = board;
  const stepsDone = group.symbol('steps_done').gather('u32').map((each) => each[0] as number);
  const loads = group.cores.map((core, index) => (simulator ? Object.values(simulator.counters(core.id)).reduce((sum, count) => sum + count) : (stepsDone[index] as number)));
  return { picture: { columns, rows, iterations, steps }, loads, milliseconds, wrong: steps.filter((count, index) => count !== expected[index]).length };
}
