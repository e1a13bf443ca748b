// SPDX-License-Identifier: MIT
// What people and programs are shown.
import { availableParallelism, cpus, loadavg } from 'node:os';

/** How a way touches memory, and what that does if the memory is a device's. */
const ACCESS = {
  words: 'aligned, at most 4 bytes at a time, as a device wants it (in a plain Uint32Array only elements are: its set is memcpy)',
  bytes: 'four loads of a byte for a word: a register is read four times',
  memcpy: 'of any width, unaligned, some bytes twice: fast on the plain memory here, a fault or corruption on a device',
  driver: 'a system call, if the driver has it, which accesses as the driver likes',
};

/** The machine that the figures are of. */
export function machine() {
  const { model } = cpus()[0] ?? { model: 'unknown CPU' };
  const [load] = loadavg();
  return { cpu: model.trim(), cores: availableParallelism(), load, node: process.version, platform: `${process.platform} ${process.arch}` };
}

export function printMachine({ cpu, cores, load, node, platform }, rounds) {
  console.log(`${cpu}, ${cores} cores, load ${load.toFixed(1)}, Node ${node}, ${platform}`);
  console.log(`Medians of ${rounds} samples, taken in turn. C: volatile loops of words over the same mapping, in this process.`);
}

/** What contest.mjs measured, as data. */
export function figures(contestants, results) {
  return contestants.map(({ name, access, targets = [] }, index) => {
    const { nanoseconds, quartiles, ratioTo } = results[index];
    const judged = targets.map(({ text, isMet }) => ({ text, met: isMet(results[index]) }));
    return { name, access, nanoseconds, quartiles, timesC: ratioTo('C'), targets: judged };
  });
}

const NAME_WIDTH = 40;
const digits = (value) => (value === undefined ? '' : value < 100 ? value.toPrecision(3) : value.toFixed(0)).padStart(9);

/** Prints a comparison with its figures. */
export function print({ title, loop, rows }, figures) {
  console.log(`\n${title}`);
  if (loop) console.log(String(loop).replace(/^/gm, '    '));
  console.log(`${' '.repeat(NAME_WIDTH)}${'ns'.padStart(9)}${'× C'.padStart(9)}`);
  const pending = [...figures];
  for (const row of rows) {
    if (typeof row === 'string') {
      console.log(`  ${row}:`);
      continue;
    }
    const { name, access, nanoseconds, timesC, targets } = pending.shift();
    const remarks = [access, ...targets.map(({ text, met }) => `${text} ${met ? '✓' : '✗'}`)].filter(Boolean).join('   ');
    console.log(`  ${name.padEnd(NAME_WIDTH - 2)}${digits(nanoseconds)}${digits(timesC)}   ${remarks}`.trimEnd());
  }
}

/** Explains what `print` says of accesses. */
export function printAccess() {
  console.log('');
  for (const [name, meaning] of Object.entries(ACCESS)) console.log(`${name.padEnd(8)}${meaning}`);
}
