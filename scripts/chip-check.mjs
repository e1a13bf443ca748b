#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
//   node scripts/chip-check.mjs [part of a name …]        default: all
//
// Builds the native tests of the software chip and runs them: as they are, with the portable form of the execution loop,
// watched by sanitizers, and for ARM under qemu-user. Runs in steps must have the same result on every machine, so their
// digests are compared. What cannot run for lack of a program is named, and is a failure if CI is true.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { run } from './run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const steps = ['fpu_test', 'chip/operations_test', 'chip/system_test', 'chip/scheduling_test'];
const threads = 'chip/free_running_test';
const warnings = ['-Wall', '-Wextra', '-Werror'];
const thorough = ['-g1', '-fno-omit-frame-pointer'];

/** How the model is built, and what runs in each build. `needs` are programs beside the compiler. */
const builds = [
  { name: 'normal', compiler: 'g++', flags: ['-O2'], tests: [...steps, threads] },
  { name: 'plain switch', compiler: 'g++', flags: ['-O2', '-DCHIP_PLAIN_SWITCH'], tests: [...steps, threads] },
  {
    name: 'address and undefined behaviour',
    compiler: 'g++',
    flags: ['-O1', ...thorough, '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
    tests: [...steps, threads],
  },
  { name: 'threads, g++', compiler: 'g++', flags: ['-O1', ...thorough, '-fsanitize=thread'], tests: [threads] },
  { name: 'threads, clang++', compiler: 'clang++', flags: ['-O1', ...thorough, '-fsanitize=thread'], tests: [threads] },
  {
    name: 'arm64',
    compiler: 'aarch64-linux-gnu-g++',
    flags: ['-O2', '-static'],
    needs: ['qemu-aarch64'],
    launcher: ['qemu-aarch64'],
    tests: steps,
  },
  {
    name: 'armhf',
    compiler: 'arm-linux-gnueabihf-g++',
    flags: ['-O2', '-static', '-Wno-psabi'],
    needs: ['qemu-arm'],
    launcher: ['qemu-arm'],
    tests: steps,
  },
];

// The exhaustive part of this test takes long where a processor is emulated, or is being watched.
const operandsOfSlowBuilds = '200000';

function isThere(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Compiles the model and the tests of one build; gives the paths of the programs. */
function build({ compiler, flags, tests }, directory) {
  mkdirSync(directory);
  const sources = readdirSync(join(root, 'native/chip')).filter((name) => name.endsWith('.cc'));
  const all = [
    ...sources.map((name) => join('native/chip', name)),
    ...tests.map((test) => join('test/native', `${test}.cc`)),
  ];
  const objectOf = (source) => join(directory, `${basename(source, '.cc')}.o`);
  for (const source of all) {
    const options = ['-std=c++17', '-pthread', ...warnings, ...flags, '-Inative'];
    run([compiler, ...options, '-c', source, '-o', objectOf(source)], { cwd: root });
  }
  const model = sources.map(objectOf);
  return tests.map((test) => {
    const program = join(directory, basename(test));
    run([compiler, '-pthread', ...flags, objectOf(test), ...model, '-o', program], { cwd: root });
    return program;
  });
}

/** What a test printed, and whether all was well; a test that tells of no cases has not tested anything. */
function test(program, { name, launcher = [] }) {
  const isSlow = name !== 'normal' && name !== 'plain switch';
  const options = basename(program) === 'fpu_test' && isSlow ? [operandsOfSlowBuilds] : [];
  const [command, ...rest] = [...launcher, program, ...options];
  const { error, status, signal, stdout, stderr } = spawnSync(command, rest, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    timeout: 600_000,
  });
  const trouble = error?.message ?? (status === 0 ? undefined : `ended with ${signal ?? status}`);
  return { trouble, output: `${stdout ?? ''}${stderr ?? ''}` };
}

function check(work, directory) {
  const results = [];
  const begun = performance.now();
  let programs;
  try {
    programs = build(work, directory);
  } catch (error) {
    return [{ name: `${work.name}: build`, duration: seconds(begun), trouble: error.message }];
  }
  results.push({ name: `${work.name}: build`, duration: seconds(begun) });
  for (const program of programs) {
    const since = performance.now();
    const { trouble, output } = test(program, work);
    const summary = output.trim().split('\n').at(-1);
    const digest = /^digest ([0-9a-f]{16})$/m.exec(output)?.[1];
    const detail = trouble === undefined ? undefined : `${trouble}\n${output.slice(0, 8000)}`;
    results.push({
      name: `${work.name}: ${basename(program)}`,
      duration: seconds(since),
      trouble: detail,
      summary,
      digest,
    });
  }
  return results;
}

async function main(wanted) {
  const isAsked = ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part));
  const scratch = mkdtempSync(join(tmpdir(), 'epiphany-chip-'));
  const results = [];
  const tell = (result) => {
    results.push(result);
    const verdict = result.trouble === undefined ? 'ok' : 'FAILED';
    console.log(`${verdict} ${result.name} (${result.duration})${result.summary ? `: ${result.summary}` : ''}`);
    if (result.trouble !== undefined) console.log(result.trouble);
  };
  try {
    const queue = [];
    for (const work of builds.filter(isAsked)) {
      const missing = [work.compiler, ...(work.needs ?? [])].filter((program) => !isThere(program));
      if (missing.length === 0) {
        queue.push(work);
      } else if (process.env.CI === 'true') {
        tell({ name: work.name, duration: seconds(performance.now()), trouble: `there is no ${missing.join(', no ')}` });
      } else {
        console.log(`not run ${work.name}: there is no ${missing.join(', no ')}`);
      }
    }
    // Each build on its own, as many at once as there are processors.
    const worker = async () => {
      for (let work = queue.shift(); work !== undefined; work = queue.shift()) {
        const directory = join(scratch, work.name.replaceAll(/\W+/g, '-'));
        for (const result of await inWorker(work, directory)) tell(result);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    const digests = results.filter(({ digest }) => digest !== undefined);
    if (digests.length > 1) {
      const listed = digests.map(({ name, digest }) => `${name} ${digest}`).join('\n');
      const isSame = new Set(digests.map(({ digest }) => digest)).size === 1;
      tell({
        name: `the same digest in ${digests.length} builds: ${digests[0].digest}`,
        duration: '0.0 s',
        trouble: isSame ? undefined : listed,
      });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const failed = results.filter(({ trouble }) => trouble !== undefined).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  if (failed > 0 || results.length === 0) process.exitCode = 1;
}

function inWorker(work, directory) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { work, directory } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (isMainThread) {
  await main(process.argv.slice(2));
} else {
  parentPort.postMessage(check(workerData.work, workerData.directory));
}
