#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/** Tests of the driver by C programs, each set on a board of its own. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Failure } from '../../scripts/lib/cached-build.mjs';
import { chosen } from '../../scripts/lib/chosen.mjs';
import { boot, demandBoard, tail } from './board.mjs';
import { buildClients } from './clients.mjs';
import { collect, coverage, report } from './coverage.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tree = (name) => join(root, 'test/board/tree', name);

const INTERFACE = ['ioctl_test', 'mapping_test', 'access_test', 'claim_test', 'reset_test', 'dram_test', 'event_test', 'mailbox_test', 'dma_test', 'power_test'];
const FAULTS = ['fault_test', 'module_test'];

/** Sets of programs, by name; `kernels` that can run them, all of them if there are none. */
const sets = {
  interface: { programs: INTERFACE },
  faults: { programs: FAULTS },
  'e64g401': { programs: ['e64_test', 'mailbox_test'], options: { chip: 'e64g401' } },
  // An interrupt that is called an edge, and all else that was otherwise in the trees of the 5.4 era.
  'old tree': { programs: ['access_test', 'reset_test', 'event_test', 'mailbox_test', 'dma_test', 'fault_test'], options: { overlays: [tree('e16g301-old.dtso'), tree('bench.dtso')] } },
  logic: { programs: [], plan: 'kunit', before: 'insmod /run/board/tests/epiphany-kunit.ko; for suite in layout reach pool ring copy; do cat /sys/kernel/debug/kunit/epiphany-$suite/results || echo "  not ok 1 no suite $suite"; done' },
  fpga: { programs: ['fpga_test'], kernels: ['debug'] },
  sleep: { programs: ['suspend_test'], kernels: ['debug'] },
  injection: { programs: ['injection_test'], kernels: ['debug'] },
  survival: { programs: ['survival'], arguments: ({ seed, survival }) => [seed, ...survival] },
};

/** Random operations, killed clients, bindings. */
const SURVIVAL = [200_000, 500, 100];

const USAGE = `Usage: node test/board/driver-tests.mjs [OPTION…] [SET…]

Runs C programs that test the driver: ${Object.keys(sets).join(', ')}; or those sets that are named.

  --kernel NAME         plain or debug; more than once if need be; default: both
  --coverage            tells which lines of the driver ran on the debug kernel; fails if too many did not
  --seed NUMBER         of the random operations; default: 1
  --survival OPERATIONS,KILLS,BINDINGS    how much there is to survive; default: ${SURVIVAL.join()}
  --soak MINUTES        does it all again with other seeds until so much time is over, or something has failed
  --output FOLDER       where the whole output and the console of each board are kept
`;

/** How long a board may take, in seconds: one that looks for mistakes is slow, and so is a busy host. */
const TIMEOUTS = { plain: 1800, debug: 5400 };

/** The share of the driver's lines that all sets together are to run. */
const ENOUGH_COVERAGE = 0.9;

/** Where a set on the debug kernel leaves its counts of lines. */
const countsOf = (name) => join(root, 'build-board/coverage', name.replaceAll(' ', '-'));

/** What the board's shell is to do. */
function script(name, kernel, numbers) {
  const { programs, arguments: words = () => [], before } = sets[name];
  const lines = programs.map((name) => `echo "== ${name}"; build-board/clients-arm/${name} ${words(numbers).join(' ')}`);
  const counts = kernel === 'debug' ? [collect(countsOf(name))] : [];
  return [...(before ? ['echo "== kunit"', before] : []), ...lines, ...counts, 'echo "== kernel"', 'sh test/board/guest/check-kernel'].join('\n');
}

/** { passed, failed: [line] }, of what a board printed: TAP, with notes before what they belong to. */
export function summary(text) {
  const [passed, failed] = [[], []];
  let program = '';
  let notes = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('== ')) program = line.slice(3);
    // KUnit's tests are indented; what is not sums them up.
    const [, not, title] = (program === 'kunit' ? /^\s+(not )?ok \d+ (?:- )?(.*)$/ : /^(not )?ok \d+ (?:- )?(.*)$/).exec(line) ?? [];
    if (title === undefined) {
      if (/^\s*# /.test(line)) notes.push(line);
      continue;
    }
    if (not) failed.push([`${program}: ${title}`, ...notes].join('\n    '));
    else passed.push(title);
    notes = [];
  }
  return { passed: passed.length, failed };
}

/** Runs one set on one kernel: as summary(), and `console`. */
export async function runSet(name, kernel, { seed = 1, survival = SURVIVAL } = {}) {
  const set = sets[name];
  let text = '';
  const collected = () => new Writable({ write: (chunk, encoding, done) => ((text += chunk), done()) });
  if (kernel === 'debug') rmSync(countsOf(name), { recursive: true, force: true });
  const board = await boot(['sh', '-c', script(name, kernel, { seed, survival })], {
    kernel, ...set.options, timeout: TIMEOUTS[kernel], outputs: { stdout: collected(), stderr: collected() },
  });
  const { failure, code } = await board.ended.then((code) => ({ code }), (error) => ({ failure: error.message }));
  const result = summary(text);
  if (failure) result.failed.push(failure);
  // The last to run is check-kernel.
  else if (code !== 0 && result.failed.length === 0) result.failed.push(`the board's commands ended with ${code}`);
  // A program that dies without a word has no plan at its end.
  for (const program of [...set.programs, ...(set.plan ? [set.plan] : [])])
    if (!new RegExp(`== ${program}\\n(?:(?!== )[^])*^\\s*1\\.\\.[1-9]\\d*$`, 'm').test(text)) result.failed.push(`${program}: not all of it ran`);
  return { ...result, text, console: board.console() };
}

export const setsOf = (kernel) => Object.keys(sets).filter((name) => !sets[name].kernels || sets[name].kernels.includes(kernel));

/** The sets for `npm run test:board`. They name the chip they are for, so there are none for another one; Debian's kernels have no test bench. */
export const setsFor = ({ kernel = 'plain', chip, text = '' }) => (chip === undefined && Object.hasOwn(TIMEOUTS, kernel) ? setsOf(kernel).filter((name) => `driver: ${name}`.includes(text)) : []);

function show(title, { passed, failed, console }, begin) {
  process.stdout.write(`${title}: ${passed} passed, ${failed.length} failed, ${Math.round((Date.now() - begin) / 1000)} s\n`);
  for (const each of failed) process.stdout.write(`  not ok: ${each}\n`);
  if (failed.length > 0) process.stdout.write(`  The end of the console:\n${tail(console).replace(/^/gm, '    ')}\n`);
}

function keep(file, { text, console }) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tap`, text);
  writeFileSync(`${file}.console`, console);
}

async function main(words) {
  const { values, positionals } = parseArgs({
    args: words,
    options: {
      kernel: { type: 'string', multiple: true, default: ['plain', 'debug'] },
      seed: { type: 'string', default: '1' },
      survival: { type: 'string', default: SURVIVAL.join() },
      soak: { type: 'string', default: '0' },
      coverage: { type: 'boolean', default: false },
      output: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) return void process.stdout.write(USAGE);
  const isWrong = values.kernel.some((name) => !Object.hasOwn(TIMEOUTS, name)) || [values.seed, values.soak].some((text) => !/^\d+$/.test(text)) || !/^\d+,\d+,\d+$/.test(values.survival);
  if (isWrong || (values.coverage && !values.kernel.includes('debug'))) throw new Failure(USAGE);
  const wanted = chosen(`set for ${values.kernel.join(', ')}:`, positionals, [...new Set(values.kernel.flatMap(setsOf))]);
  const isWanted = (name) => wanted.includes(name);
  values.kernel.forEach((kernel) => demandBoard(kernel));
  buildClients('arm-linux-gnueabihf-gcc', 'arm');
  const total = { passed: 0, failed: 0 };
  const end = Date.now() + 60_000 * Number(values.soak);
  for (let seed = Number(values.seed); ; ++seed) {
    for (const kernel of values.kernel) {
      for (const name of setsOf(kernel).filter(isWanted)) {
        const begin = Date.now();
        const result = await runSet(name, kernel, { seed, survival: values.survival.split(',').map(Number) });
        show(`${kernel}, ${name}`, result, begin);
        if (values.output) keep(join(values.output, `${kernel}-${name.replaceAll(' ', '-')}`), result);
        total.passed += result.passed;
        total.failed += result.failed.length;
      }
    }
    if (total.failed > 0 || Date.now() >= end) break;
    process.stdout.write(`again, with seed ${seed + 1}\n`);
  }
  if (values.coverage) {
    const { text, share } = report(await coverage(setsOf('debug').filter(isWanted).map(countsOf)));
    process.stdout.write(`${text}\n`);
    if (share >= ENOUGH_COVERAGE) total.passed += 1;
    else total.failed += 1;
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Failure) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
    process.stderr.write(`driver-tests: ${error.message}\n`);
    process.exitCode = 2;
  }
}
