// SPDX-License-Identifier: MIT
//
//   node test/bench/chip.mjs [--quick] [--json] [--check]        --check: fails if a floor is not met
//
// How fast simulated cores execute programs, by themselves: chip/chip_bench.cc measures, without JavaScript. Part of
// `npm run bench`, too. Units: MIPS, millions of instructions of the simulated cores in a second of one processor.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = 'test/bench/chip';

/** As node-gyp compiles the addon, with what binding.gyp adds. */
const FLAGS = '-fPIC -pthread -O3 -fno-omit-frame-pointer -fno-rtti -fno-exceptions -std=c++17 -fvisibility=hidden -ffp-contract=off -Inative'.split(' ');

const MIB = 2 ** 20;

function measure(samples) {
  const folder = mkdtempSync(join(tmpdir(), 'epiphany-chip-bench-'));
  const run = (program, ...parameters) => execFileSync(program, parameters, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  try {
    const model = readdirSync(join(root, 'native/chip')).filter((name) => name.endsWith('.cc') && name !== 'free_runner.cc');
    const inC = ['O1', 'O2'].map((level) => {
      const object = join(folder, `${level}.o`);
      run('gcc', `-${level}`, `-DNAME(x)=x##_${level}`, '-c', `${here}/workloads.c`, '-o', object);
      return object;
    });
    const program = join(folder, 'chip_bench');
    run('g++', ...FLAGS, `${here}/chip_bench.cc`, ...model.map((name) => `native/chip/${name}`), ...inC, '-o', program);
    return JSON.parse(run(program, `${here}/workloads.elf`, String(samples)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
/** Of two ways within the same round, in which both met the same machine. */
const ratio = (above, below) => (above.length > 0 ? median(above.map((value, round) => value / below[round])) : undefined);
const mips = (nanoseconds) => 1000 / nanoseconds;

function figuresOf({ name, ...samples }) {
  const nanoseconds = Object.fromEntries(Object.entries(samples).map(([way, values]) => [way, values.length > 0 ? median(values) : undefined]));
  const { one, all, share, twoThreads, O1, O2 } = samples;
  return { name, nanoseconds, timesO1: ratio(one, O1), timesO2: ratio(one, O2), loss: 1 - ratio(one, all), twoThreads: ratio(share, twoThreads) };
}

const atLeast = (what, value, floor, unit) => ({ what, value, floor: `≥ ${floor}${unit}`, met: value >= floor, unit });
const atMost = (what, value, floor, unit) => ({ what, value, floor: `≤ ${floor}${unit}`, met: value <= floor, unit });

/** What a machine with a core like that of a laptop should come to. */
function floorsOf({ memory }, workloads) {
  const [loop] = workloads;
  const floors = [
    atLeast('integer loop, one core', mips(loop.nanoseconds.one), 400, ' MIPS'),
    atLeast('integer loop, one core, counted', mips(loop.nanoseconds.counted), 300, ' MIPS'),
    atMost('integer loop, what 16 cores lose', 100 * loop.loss, 20, ' %'),
    atMost('memory of an E16G301', memory.E16G301 / MIB, 40, ' MiB'),
    atMost('memory of an E64G401', memory.E64G401 / MIB, 64, ' MiB'),
    { what: 'allocated while cores run', value: memory.later, floor: 'nothing', met: memory.later === 0, unit: ' bytes' },
  ];
  if (loop.twoThreads === undefined) return floors;
  return [...floors, atLeast('integer loop, two threads', loop.twoThreads, 1.7, ' × one')];
}

/** Compiles, measures, and judges. */
export function measureChip(samples) {
  const measured = measure(samples);
  const workloads = measured.workloads.map(figuresOf);
  return { samples, workloads, floors: floorsOf(measured, workloads) };
}

const COLUMNS = [
  ['1 core', ({ nanoseconds }) => mips(nanoseconds.one).toFixed(0)],
  ['ns', ({ nanoseconds }) => nanoseconds.one.toFixed(2)],
  ['× C -O1', ({ timesO1 }) => timesO1.toFixed(1)],
  ['× C -O2', ({ timesO2 }) => timesO2.toFixed(1)],
  ['counted', ({ nanoseconds }) => mips(nanoseconds.counted).toFixed(0)],
  ['16 cores', ({ nanoseconds }) => mips(nanoseconds.all).toFixed(0)],
  ['of 100', ({ nanoseconds }) => mips(nanoseconds.share100).toFixed(0)],
  ['of 16', ({ nanoseconds }) => mips(nanoseconds.share16).toFixed(0)],
  ['2 threads', ({ nanoseconds }) => (nanoseconds.twoThreads ? mips(nanoseconds.twoThreads).toFixed(0) : '')],
  ['stepped', ({ nanoseconds }) => mips(nanoseconds.stepped).toFixed(0)],
  ['traced', ({ nanoseconds }) => mips(nanoseconds.traced).toFixed(1)],
];

export function printChip({ samples, workloads, floors }) {
  console.log(`\nPrograms on simulated cores: MIPS, medians of ${samples} samples, by the processor's time`);
  const width = Math.max(...workloads.map(({ name }) => name.length)) + 2;
  console.log(' '.repeat(width) + COLUMNS.map(([title]) => title.padStart(10)).join(''));
  for (const figures of workloads) console.log(`  ${figures.name.padEnd(width - 2)}${COLUMNS.map(([, text]) => text(figures).padStart(10)).join('')}`);
  console.log('  ns: of one instruction. × C: of the time that the same takes without a simulator. 16 cores: in turns of');
  console.log('  1000, all together; of 100, the default, and 16: in shorter ones. Stepped: an instruction at a time, for a tracer that');
  console.log('  does nothing. Traced: written down.');
  for (const { what, value, floor, met, unit } of floors) console.log(`  ${`${what}: ${Number(value.toPrecision(3))}${unit}`.padEnd(50)} ${floor} ${met ? '✓' : '✗'}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values: options } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, check: { type: 'boolean' } } });
  const report = measureChip(options.quick ? 5 : 15);
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else printChip(report);
  if (options.check && report.floors.some(({ met }) => !met)) process.exitCode = 1;
}
