// SPDX-License-Identifier: MIT
import { fileURLToPath } from 'node:url';
import { openBoard } from 'node-epiphany';

const PROGRAM = fileURLToPath(new URL('stencil.elf', import.meta.url.replace('/dist/examples/', '/examples/')));
const [SIDE, TILE, HOT, COLD] = [4, 16, 100, 20]; // cores along one edge; the others as stencil.c has them
const SIZE = SIDE * TILE;

/** Temperatures of the plate, row by row, after so many steps by the cores. */
export async function heat(steps: number, path?: string): Promise<Float32Array> {
  using board = openBoard(path);
  using group = board.workgroup({ rows: SIDE, columns: SIDE });
  await group.load(PROGRAM);
  group.symbol('steps').broadcast(Uint32Array.of(steps));
  group.start();
  for (const { core, exitCode } of await group.finished()) {
    if (exitCode !== 0) throw new Error(`core ${core.row},${core.column} ended with exit code ${exitCode}`);
  }
  const plate = new Float32Array(SIZE * SIZE);
  for (const [core, tile] of group.symbol('result').gather('f32').entries()) {
    const corner = Math.floor(core / SIDE) * TILE * SIZE + (core % SIDE) * TILE;
    for (let row = 0; row < TILE; ++row) plate.set(tile.subarray(row * TILE, (row + 1) * TILE), corner + row * SIZE);
  }
  return plate;
}

/** The same by the host. Each sum is rounded to a float, as on the cores: not one bit may differ. */
export function expected(steps: number): Float32Array {
  const { fround } = Math;
  let plate = new Float32Array(SIZE * SIZE).fill(COLD);
  for (let step = 0; step < steps; ++step) {
    const before = plate;
    const at = (row: number, column: number): number => (row < 0 ? HOT : row === SIZE || column < 0 || column === SIZE ? COLD : (before[row * SIZE + column] as number));
    plate = Float32Array.from(before, (_, index) => {
      const [row, column] = [Math.floor(index / SIZE), index % SIZE];
      return fround(fround(fround(at(row - 1, column) + at(row + 1, column)) + at(row, column - 1)) + at(row, column + 1)) / 4;
    });
  }
  return plate;
}

/** The plate from above, every other row of it: the hotter, the darker. */
export function picture(plate: Float32Array): string {
  const shades = ' .:-=+*#%@';
  const shade = (value: number): string => shades[Math.min(Math.floor(((value - COLD) / (HOT - COLD)) * shades.length), shades.length - 1)] as string;
  return Array.from({ length: SIZE / 2 }, (_, line) => Array.from(plate.subarray(2 * line * SIZE, (2 * line + 1) * SIZE), shade).join('').trimEnd()).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const steps = 1000;
  const begin = performance.now();
  const plate = await heat(steps, process.argv[2]);
  console.log(picture(plate).trimEnd());
  console.log(`${steps} steps of ${SIZE} × ${SIZE} points, loading included: ${(performance.now() - begin).toFixed(0)} ms`);
  const wrong = expected(steps).filter((value, index) => value !== plate[index]).length;
  console.log(wrong === 0 ? 'every bit is what the host says' : `${wrong} points are wrong`);
}
