// SPDX-License-Identifier: MIT
//
//   node scripts/native/fuzz.mjs [--seconds 120] [--runs N] [--jobs 1] [--keep]
//
// Fuzzes the chip model with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer: for so many seconds, or until
// so many inputs have been executed, in so many processes. Begins with what test/native/fuzz has; what else it comes
// across stays in build-fuzz/corpus for the next time. A finding ends it, and is kept in build-fuzz.
// --keep: afterwards, what is needed of all that to cover as much becomes test/native/fuzz/corpus.txt, an input a line.
//
// Exit code: 0 no finding, 1 a finding or a build that fails, 2 not run because there is no clang++.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { seeds } from '../../test/native/fuzz/seeds.mjs';

const LONGEST_INPUT = 512;
/** Far longer than any input takes, also on a busy machine. */
const PATIENCE_SECONDS = 20;
/** Of libFuzzer, when it was asked to end. */
const INTERRUPTED = 72;

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = 'test/native/fuzz';
const scratch = 'build-fuzz';
const [corpus, beginning, kept] = ['corpus', 'beginning', 'kept'].map((name) => join(scratch, name));
const committed = join(root, source, 'corpus.txt');

const sanitizers = '-fsanitize=address,undefined';
const compilerFlags = [
  ...['-std=c++17', '-O2', '-g1', '-Wall', '-Wextra', '-ffp-contract=off', '-Inative'],
  ...[sanitizers, '-fno-sanitize-recover=undefined', '-D_GLIBCXX_ASSERTIONS'],
  // Comparisons are not traced: with a dictionary they gain little, and they would take most of the time.
  ...['-fsanitize-coverage=edge,inline-8bit-counters,pc-table', `-fsanitize-coverage-ignorelist=${source}/uncovered.txt`],
  '-mllvm',
  '-inline-threshold=2000', // what sanitizers add makes small functions look large
];

function build() {
  const sources = readdirSync(join(root, 'native/chip')).filter((name) => name.endsWith('.cc') && name !== 'free_runner.cc');
  const program = join(scratch, 'execute_fuzz');
  const files = [join(source, 'execute_fuzz.cc'), ...sources.map((name) => `native/chip/${name}`)];
  const objects = files.map((file) => join(scratch, `${file.replace(/.*\//, '').replace('.cc', '')}.o`));
  const compile = (file, index) => finished('clang++', [...compilerFlags, '-c', file, '-o', objects[index]]);
  return { program, ready: inTurns(files, compile).then(() => finished('clang++', ['-fsanitize=fuzzer,address,undefined', ...objects, '-o', program])) };
}

/** Two at a time. */
async function inTurns(items, use) {
  const queue = items.entries();
  const work = async () => {
    for (const [index, item] of queue) await use(item, index);
  };
  await Promise.all([work(), work()]);
}

function finished(program, parameters) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}`))));
  });
}

/** Runs one process, which prints what it finds; what it counted, and its exit code. */
function fuzz(program, parameters) {
  const child = spawn(program, parameters, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  const result = { executions: 0, edges: 0, all: 0, lines: [] };
  createInterface({ input: child.stderr }).on('line', (line) => {
    const progress = /^#(\d+)\s.*\bcov: (\d+)/.exec(line);
    const end = /^(?:Done (\d+) runs|stat::number_of_executed_units:\s+(\d+))/.exec(line);
    const counters = /^INFO: Loaded .*\((\d+) inline 8-bit counters\)/.exec(line);
    if (progress) [result.executions, result.edges] = progress.slice(1).map(Number);
    else if (end) result.executions = Number(end[1] ?? end[2]);
    else if (counters) result.all = Number(counters[1]);
    if (!progress) result.lines.push(line);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...result, failed: signal !== null || ![0, INTERRUPTED].includes(code) }));
  });
}

function prepare() {
  for (const folder of [corpus, beginning]) mkdirSync(join(root, folder), { recursive: true });
  const lines = existsSync(committed) ? readFileSync(committed, 'ascii').trim().split('\n') : [];
  const inputs = [...seeds(), ...lines.map((line) => Buffer.from(line, 'base64'))];
  for (const [index, input] of inputs.entries()) writeFileSync(join(root, beginning, String(index).padStart(4, '0')), input);
}

async function keep(program) {
  rmSync(join(root, kept), { recursive: true, force: true });
  mkdirSync(join(root, kept));
  // Edges alone, not how often each is passed: that keeps it small.
  const { failed, lines } = await fuzz(program, ['-merge=1', '-use_counters=0', `-max_len=${LONGEST_INPUT}`, kept, beginning, corpus]);
  if (failed) throw new Error(`the corpus could not be made small:\n${lines.join('\n')}`);
  const inputs = readdirSync(join(root, kept)).map((name) => readFileSync(join(root, kept, name)).toString('base64'));
  writeFileSync(committed, `${inputs.sort().join('\n')}\n`);
}

async function main() {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, runs: { type: 'string' }, jobs: { type: 'string', default: '1' }, keep: { type: 'boolean' } },
  });
  const jobs = Number(values.jobs);
  const seconds = values.seconds ?? (values.runs ? '0' : '120');
  const runs = values.runs ? Math.ceil(Number(values.runs) / jobs) : -1;
  if (spawnSync('clang++', ['--version']).error) {
    console.error('not run: there is no clang++; on Debian: apt-get install clang');
    return 2;
  }
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  prepare();
  const { program, ready } = build();
  await ready;
  const parameters = [
    ...[`-max_total_time=${seconds}`, `-runs=${runs}`, `-max_len=${LONGEST_INPUT}`, `-timeout=${PATIENCE_SECONDS}`],
    ...[`-dict=${source}/execute.dict`, `-artifact_prefix=${scratch}/`, '-print_final_stats=1', corpus, beginning],
  ];
  const begin = Date.now();
  const results = await Promise.all(Array.from({ length: jobs }, () => fuzz(program, parameters)));
  const failures = results.filter(({ failed }) => failed);
  for (const { lines } of failures) console.error(lines.join('\n'));
  if (failures.length === 0 && values.keep) await keep(program);
  const executions = results.reduce((sum, result) => sum + result.executions, 0);
  const edges = Math.max(...results.map((result) => result.edges));
  const outcome = failures.length > 0 ? `A FINDING: see above, and ${scratch}/` : 'no finding';
  console.log(`fuzz: ${executions} executions in ${Math.round((Date.now() - begin) / 1000)} s, ${edges} of ${results[0].all} edges covered, ${outcome}`);
  return failures.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`fuzz: ${error.message}`);
  process.exitCode = 1;
}
