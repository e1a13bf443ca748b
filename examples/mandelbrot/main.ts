// SPDX-License-Identifier: MIT
/** Draws the Mandelbrot set: `npm start [-- BOARD [FILE.png]]`. */
import { writeFileSync } from 'node:fs';
import { listBoards, openBoard } from 'node-epiphany';
import { mandelbrot } from './mandelbrot.js';
import { heatMap, png, text } from './picture.js';

const USAGE = `Usage: npm start [-- BOARD [FILE.png]]

Draws the Mandelbrot set on all cores, on the terminal and into a file, and compares every pixel with the host's.

  BOARD      sim, sim:e64g401 or the path of a device; default: the first real board, else a simulated one
  FILE.png   default: mandelbrot.png`;

const words = process.argv.slice(2);
if (words.length > 2 || words.some((word) => word.startsWith('-'))) {
  const isAsked = words.includes('--help');
  console[isAsked ? 'log' : 'error'](USAGE);
  process.exit(isAsked ? 0 : 2);
}
const [path = listBoards()[0]?.path ?? 'sim', file = 'mandelbrot.png'] = words;
using board = openBoard(path);
const { isTTY } = process.stdout;
const { picture, loads, milliseconds, wrong } = await mandelbrot(board, 1024, 768, 256, (share) => {
  if (isTTY) process.stdout.write(`\r[${'#'.repeat(Math.round(40 * share)).padEnd(40)}] ${(100 * share).toFixed(0)} %`);
});
writeFileSync(file, png(picture));
const total = loads.reduce((sum, load) => sum + load);
console.log(`${isTTY ? '\r\u001b[K' : ''}${text(picture, Math.min(96, process.stdout.columns || 96), isTTY)}\n\nload of each core:\n${heatMap(loads, board.chip.columns, isTTY)}\n`);
console.log(`${picture.columns} × ${picture.rows} pixels, ${picture.iterations} iterations, on ${loads.length} cores of ${board.chip.type}${board.simulator ? ', simulated' : ''}: ${file}`);
console.log(`${total.toLocaleString('en')} ${board.simulator ? 'instructions' : 'steps'} in ${(milliseconds / 1000).toFixed(1)} s, ${(total / milliseconds / 1000).toFixed(0)} million per second`);
console.log(wrong === 0 ? 'every pixel is as the host computes it' : `${wrong} pixels are not as the host computes them`);
if (loads.some((load) => load === 0)) console.log('a core has done nothing');
if (wrong > 0 || loads.some((load) => load === 0)) process.exitCode = 1;
