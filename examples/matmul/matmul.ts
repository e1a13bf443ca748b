// SPDX-License-Identifier: MIT
import { fileURLToPath } from 'node:url';
import { openBoard } from 'node-epiphany';

const PROGRAM = fileURLToPath(new URL('matmul.elf', import.meta.url.replace('/dist/examples/', '/examples/')));
const [SIDE, BLOCK] = [4, 32]; // cores, and numbers in a block, along one edge; as matmul.c has it
const SIZE = SIDE * BLOCK;

/** A matrix of numbers, row by row. */
type Matrix = Float32Array;
const matrix = (at: (row: number, column: number) => number): Matrix =>
  Float32Array.from({ length: SIZE * SIZE }, (_, index) => at(Math.floor(index / SIZE), index % SIZE));

/** For each core, row by row, the block of a matrix that `of` names. */
function blocks(from: Matrix, of: (row: number, column: number) => [row: number, column: number]): Float32Array[] {
  return Array.from({ length: SIDE * SIDE }, (_, core) => {
    const [row, column] = of(Math.floor(core / SIDE), core % SIDE);
    return Float32Array.from({ length: BLOCK * BLOCK }, (_, index) => from[(row * BLOCK + Math.floor(index / BLOCK)) * SIZE + column * BLOCK + (index % BLOCK)] as number);
  });
}

/** A · B by the cores. */
export async function multiply(a: Matrix, b: Matrix, path?: string): Promise<Matrix> {
  using board = openBoard(path);
  using group = board.workgroup({ rows: SIDE, columns: SIDE });
  await group.load(PROGRAM);
  // Row r of A begins r blocks further to the left, and column c of B c blocks further up: blocks that meet then match.
  group.symbol('a').scatter(blocks(a, (row, column) => [row, (column + row) % SIDE]));
  group.symbol('b').scatter(blocks(b, (row, column) => [(row + column) % SIDE, column]));
  group.start();
  for (const { core, exitCode } of await group.finished()) {
    if (exitCode !== 0) throw new Error(`core ${core.row},${core.column} ended with exit code ${exitCode}`);
  }
  const c = group.symbol('c').gather('f32');
  return matrix((row, column) => c[Math.floor(row / BLOCK) * SIDE + Math.floor(column / BLOCK)]?.[(row % BLOCK) * BLOCK + (column % BLOCK)] as number);
}

/** A · B by the host. */
export function expected(a: Matrix, b: Matrix): Matrix {
  return matrix((row, column) => {
    let sum = 0;
    for (let k = 0; k < SIZE; ++k) sum += (a[row * SIZE + k] as number) * (b[k * SIZE + column] as number);
    return sum;
  });
}

/** Multiples of 1/256 from -1 to 1. A sum of 128 of their products fits into the 24 bits of a float: nobody rounds. */
export const random = (): Matrix => matrix(() => (Math.floor(513 * Math.random()) - 256) / 256);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [a, b] = [random(), random()];
  const begin = performance.now();
  const c = await multiply(a, b, process.argv[2]);
  console.log(`${SIZE} × ${SIZE} on ${SIDE * SIDE} cores, loading included: ${(performance.now() - begin).toFixed(0)} ms`);
  const wrong = expected(a, b).filter((value, index) => value !== c[index]).length;
  console.log(wrong === 0 ? 'every number is what the host says' : `${wrong} numbers are wrong`);
}
