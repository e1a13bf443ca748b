#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
//   node scripts/native/chip-check.mjs [part of a build's name …]        default: all
//
// Builds the native tests of the software chip and runs them, with random programs whose outcome is known: as they are,
// with the portable form of the execution loop, watched by sanitizers, and for ARM under qemu-user. Runs in steps must
// have the same result on every machine, so their digests are compared. What cannot run for lack of a program is named,
// and is a failure if CI is true.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chosen } from '../lib/chosen.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const LONGEST_SECONDS = 600;

const warnings = ['-Wall', '-Wextra', '-Werror'];
const watched = ['-O1', '-g1', '-fno-omit-frame-pointer'];

const inChip = (...subjects) => subjects.map((subject) => `chip/${subject}_test.cc`);

/** The programs: sources, and options that make them shorter where a processor is emulated or is being watched. */
const tests = {
  fpu: { sources: ['fpu/fpu_test.cc', 'fpu/reference.cc'], short: ['200000'] },
  operations: { sources: inChip('operations', 'encoder', 'integer', 'branches', 'memory', 'registers', 'control', 'float') },
  system: {
    sources: [
      ...inChip('system', 'interrupts', 'timers', 'loops', 'dma', 'protection'),
      ...inChip('many_cores', 'signals', 'mesh', 'debug', 'resets', 'strange_code'),
    ],
  },
  scheduling: { sources: inChip('scheduling') },
  threads: { sources: inChip('free_running') },
  random: {
    sources: ['replay', 'machine', 'generator', 'instructions', 'control_flow', 'interrupts', 'dma_timers'].map((name) => `differential/${name}.cc`),
    long: ['--seeds', '0', '20000'],
    short: ['--seeds', '0', '2000'],
  },
};
const inSteps = ['fpu', 'operations', 'system', 'scheduling', 'random'];
const all = [...inSteps, 'threads'];

/** How the model is built, and what runs in each build. */
const builds = [
  {
    name: 'arm64',
    compiler: 'aarch64-linux-gnu-g++',
    flags: ['-O2', '-static'],
    launcher: ['qemu-aarch64'],
    runs: inSteps,
    length: 'short',
  },
  {
    name: 'armhf',
    compiler: 'arm-linux-gnueabihf-g++',
    flags: ['-O2', '-static', '-Wno-psabi'],
    launcher: ['qemu-arm'],
    runs: inSteps,
    length: 'short',
  },
  {
    name: 'address and undefined behaviour',
    compiler: 'g++',
    flags: [...watched, '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
    runs: all,
    length: 'short',
  },
  { name: 'threads, clang++', compiler: 'clang++', flags: [...watched, '-fsanitize=thread'], runs: ['threads'] },
  { name: 'threads, g++', compiler: 'g++', flags: [...watched, '-fsanitize=thread'], runs: ['threads'] },
  { name: 'plain switch', compiler: 'g++', flags: ['-O2', '-DCHIP_PLAIN_SWITCH'], runs: all, length: 'long' },
  { name: 'normal', compiler: 'g++', flags: ['-O2'], runs: all, length: 'long' },
];

const isThere = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Lets so many tasks run at once; the others wait for their turn in the order in which they came. */
function pool(size) {
  const waiting = [];
  let free = size;
  return async (task) => {
    if (free === 0) await new Promise((resolve) => waiting.push(resolve));
    else --free;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else ++free;
    }
  };
}

/** What a program printed, and what went wrong if something did. */
function execute([program, ...parameters]) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(program, parameters, { cwd: root, timeout: LONGEST_SECONDS * 1000, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', (error) => resolve({ trouble: `${program} does not run: ${error.message}`, output }));
    child.on('close', (code, signal) => {
      const trouble = code === 0 ? undefined : `${program} ${parameters.join(' ')} ended with ${signal ?? code}`;
      resolve({ trouble, output });
    });
  });
}

/** Builds everything of one build and runs it; `tell` hears of each result. */
async function check({ name, compiler, flags, launcher = [], runs, length }, directory, inTurn, tell) {
  mkdirSync(directory);
  let begun;
  const troubles = [];
  const make = (command) =>
    inTurn(async () => {
      begun ??= performance.now(); // not while it waited for its turn
      if (troubles.length > 0) return;
      const { trouble, output } = await execute(command);
      if (trouble !== undefined) troubles.push(`${trouble}\n${output}`);
    });
  const objectOf = (source) => join(directory, `${source.replaceAll(/\W/g, '_')}.o`);
  const compile = (source) => make([compiler, '-std=c++17', '-pthread', ...warnings, ...flags, '-Inative', '-c', source, '-o', objectOf(source)]);
  const model = readdirSync(join(root, 'native/chip')).filter((file) => file.endsWith('.cc')).map((file) => join('native/chip', file));
  const programs = runs.map((test) => ({ test, path: join(directory, test), sources: tests[test].sources.map((file) => join('test/native', file)) }));
  await Promise.all([...model, ...programs.flatMap(({ sources }) => sources)].map(compile));
  await Promise.all(programs.map(({ path, sources }) => make([compiler, '-pthread', ...flags, ...[...sources, ...model].map(objectOf), '-o', path])));
  tell({ name: `${name}: build`, duration: seconds(begun), trouble: troubles[0] });
  if (troubles.length > 0) return;
  const run = ({ test, path }) =>
    inTurn(async () => {
      const since = performance.now();
      const { trouble, output } = await execute([...launcher, path, ...(tests[test][length] ?? [])]);
      tell({
        name: `${name}: ${test}`,
        duration: seconds(since),
        trouble: trouble && `${trouble}\n${output.slice(0, 8000)}`,
        summary: output.trim().split('\n').at(-1),
        digest: /^digest ([0-9a-f]{16})$/m.exec(output)?.[1],
      });
    });
  await Promise.all(programs.map(run));
}

async function main(words) {
  const wanted = chosen('build', words, builds.map(({ name }) => name), (name, part) => name.includes(part));
  const results = [];
  const tell = (result) => {
    results.push(result);
    const verdict = result.trouble === undefined ? 'ok' : 'FAILED';
    console.log(`${verdict} ${result.name}${result.duration ? ` (${result.duration})` : ''}${result.summary ? `: ${result.summary}` : ''}`);
    if (result.trouble !== undefined) console.log(result.trouble);
  };
  const scratch = mkdtempSync(join(tmpdir(), 'epiphany-chip-'));
  try {
    const inTurn = pool(availableParallelism());
    const checks = [];
    for (const build of builds.filter(({ name }) => wanted.includes(name))) {
      const missing = [build.compiler, ...(build.launcher ?? [])].filter((program) => !isThere(program));
      if (missing.length === 0) checks.push(check(build, join(scratch, build.name.replaceAll(/\W+/g, '-')), inTurn, tell));
      else if (process.env.CI === 'true') tell({ name: build.name, trouble: `there is no ${missing.join(', no ')}` });
      else console.log(`not run ${build.name}: there is no ${missing.join(', no ')}`);
    }
    await Promise.all(checks);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const digests = results.filter(({ digest }) => digest !== undefined);
  if (digests.length > 1) {
    const isSame = new Set(digests.map(({ digest }) => digest)).size === 1;
    const listed = digests.map(({ name, digest }) => `${name} ${digest}`).join('\n');
    tell({ name: `the same digest in ${digests.length} builds: ${digests[0].digest}`, trouble: isSame ? undefined : listed });
  }
  const failed = results.filter(({ trouble }) => trouble !== undefined).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  if (failed > 0 || results.length === 0) process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`chip-check: ${error.message}`);
  process.exitCode = 1;
}
