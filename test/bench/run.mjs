// SPDX-License-Identifier: MIT
//
// What this library costs, beside plain C over the same mapping and beside other ways to the same memory; and how fast
// simulated cores are. Figures are printed next to their targets, and none fails the run without --check; a wrong
// checksum does.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { openBoard } from '../../dist/index.js';
import { measureChip, printChip } from './chip.mjs';
import { copies, elements, loads, programs, sameWork, words } from './comparisons.mjs';
import { contest } from './contest.mjs';
import { MEMORY_BYTES, openMemory, openMemoryBoard } from './memory-board.mjs';
import { figures, machine, print, printAccess, printMachine } from './report.mjs';
import { loadRivals, waysTo } from './rivals.mjs';

const USAGE = `Usage: npm run bench -- [OPTION…]

Measures what the library costs, beside plain C over the same memory, and how fast simulated cores are.

  --quick   few samples, to see that it runs
  --json    the figures as one JSON document
  --check   exit code 1 unless all targets are met
`;

const flag = { type: 'boolean', default: false };
const options = parsed();

function parsed() {
  try {
    return parseArgs({ options: { quick: flag, json: flag, check: flag, help: flag } }).values;
  } catch (error) {
    process.stderr.write(`bench: ${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

if (options.help) {
  process.stdout.write(USAGE);
  process.exit();
}
const rounds = options.quick ? 5 : 31;
const probe = createRequire(import.meta.url)('../native/build/Release/probe.node');

const board = openMemoryBoard(probe.memfd(MEMORY_BYTES));
const simulated = openBoard('sim', { stepped: true });
const core = board.core(0, 0);

const descriptor = probe.memfd(MEMORY_BYTES);
const mapping = openMemory(descriptor).map({ offset: 0, length: MEMORY_BYTES });
const at = 0x1000; // leaves room for 32 KiB
const { failures, ...rivals } = await loadRivals();

function* comparisons() {
  yield* elements(core, probe);
  yield* words(core, simulated.core(0, 0), probe);
  yield* copies(core, probe, 32768);
  yield* copies(core, probe, 64);
  yield* loads(simulated);
  yield* programs();
  yield* sameWork(waysTo({ mapping, descriptor, at, ...rivals }), mapping, at, probe);
}

try {
  const report = { machine: machine(), rounds, comparisons: [], failures };
  if (!options.json) printMachine(report.machine, rounds);
  for (const comparison of comparisons()) {
    const contestants = comparison.rows.filter((row) => typeof row !== 'string');
    const rows = figures(contestants, contest(contestants, rounds));
    report.comparisons.push({ title: comparison.title, rows });
    if (!options.json) print(comparison, rows);
  }
  report.chip = measureChip(options.quick ? 3 : 15);
  const targets = [...report.comparisons.flatMap(({ rows }) => rows.flatMap((row) => row.targets)), ...report.chip.floors];
  if (options.check && targets.some(({ met }) => !met)) process.exitCode = 1;
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else {
    printAccess();
    printChip(report.chip);
    for (const failure of failures) console.log(failure);
  }
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
