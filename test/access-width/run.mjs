// SPDX-License-Identifier: MIT
//
//   node test/access-width/run.mjs [x64] [arm] [arm64]        default: x64 arm
//
// Proves that the public calls touch device memory as a device demands: aligned, at most 4 bytes at a time, one access
// per instruction. Each architecture runs twice under QEMU with plugin.c: selftest.c proves the instrument, scenario.mjs
// is the measurement. Needs qemu-user, a compiler per architecture, and for the library its dist/ and addon.

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { foreignNode } from '../../scripts/foreign-node.mjs';
import { nodePrefix } from '../../scripts/prebuild.mjs';

const targets = {
  x64: { qemu: ['qemu-x86_64', '-cpu', 'max'], compiler: 'x86_64-linux-gnu-gcc' },
  arm: { qemu: ['qemu-arm'], compiler: 'arm-linux-gnueabihf-gcc' },
  arm64: { qemu: ['qemu-aarch64'], compiler: 'aarch64-linux-gnu-gcc' },
};

// With those of these that its V8 knows, Node takes a function from the interpreter through every tier within the 1000
// calls that harness.mjs makes of it.
const tiering = { 'interrupt-budget': 1000, 'invocation-count-for-maglev': 100, 'invocation-count-for-turbofan': 300 };

const source = (name) => fileURLToPath(new URL(name, import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'access-width-'));
const built = (name) => join(scratch, name);

function compile(compiler, flags, from, to) {
  execFileSync(compiler, ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', ...flags, source(from), '-o', built(to)]);
}

const run = async (command, environment = {}) => {
  const [program, ...args] = command;
  return (await promisify(execFile)(program, args, { env: { ...process.env, ...environment } })).stdout;
};

/** Runs a program that prints its cases, and answers each with what the plugin saw in its phase. */
async function measure(emulator, command, reportName, environment = {}) {
  const report = built(reportName);
  const plugin = ['-plugin', `${built('plugin.so')},report=${report}`];
  const cases = jsonLines(await run([...emulator, ...plugin, ...command], environment));
  const rows = jsonLines(readFileSync(report, 'utf8'));
  const between = { phase: 0, name: '(between the cases)', calls: 1 };
  return [...cases, between].map((one) => ({ ...one, ...summary(rows.filter(({ phase }) => phase === one.phase)) }));
}

const jsonLines = (text) => text.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));

function summary(rows) {
  const counts = {}; // { load4: 3, store1: 1, misaligned: 1 … }
  const add = (key, count) => count && (counts[key] = (counts[key] ?? 0) + count);
  const offences = [];
  for (const row of rows) {
    if (!('count' in row)) {
      offences.push(row);
      continue;
    }
    add(`${row.store ? 'store' : 'load'}${row.bytes}`, row.count);
    add('misaligned', row.misaligned);
    add('unfit', row.unfit);
  }
  return { counts, offences };
}

function passes({ expect, control, calls, counts, offences }) {
  if (expect === 'offends') return offences.length > 0;
  if (!control && offences.length > 0) return false;
  if (expect === undefined) return true;
  const wanted = expect.split(' ').filter(Boolean).map((token) => token.split('='));
  return (
    wanted.length === Object.keys(counts).length &&
    wanted.every(([key, count]) => key in counts && (count === undefined || counts[key] === count * calls))
  );
}

/** The emulated Node of an architecture, as command, with its V8 in a hurry to optimise. */
async function hastyNode(emulator, node) {
  const known = await run([...emulator, node, '--v8-options']);
  const flags = Object.entries(tiering).filter(([name]) => known.includes(`--${name} `)).map(([name, value]) => `--${name}=${value}`);
  return [node, '--no-concurrent-recompilation', ...flags];
}

async function check(arch) {
  const { qemu, compiler } = targets[arch];
  compile(compiler, ['-static', '-pthread'], 'selftest.c', `selftest-${arch}`);
  compile(compiler, ['-shared', '-fPIC', `-I${nodePrefix()}/include/node`], 'probe.c', `probe-${arch}.node`);
  const { emulator, node } =
    arch === process.arch ? { emulator: qemu, node: process.execPath } : foreignNode(arch);

  return {
    [`${arch}: the instrument`]: await measure(qemu, [built(`selftest-${arch}`)], `selftest-${arch}.report`),
    [`${arch}: JavaScript`]: await measure(emulator, [...(await hastyNode(emulator, node)), source('scenario.mjs')], `scenario-${arch}.report`, {
      ACCESS_WIDTH_PROBE: built(`probe-${arch}.node`),
    }),
  };
}

function print(title, cases) {
  console.log(`\n${title}`);
  const width = Math.max(...cases.map(({ name }) => name.length));
  for (const one of cases) {
    const seen = Object.entries(one.counts).map(([key, count]) => `${key}=${count}`).join(' ') || 'nothing';
    const verdict = passes(one) ? 'PASS' : 'FAIL';
    console.log(`  ${verdict}  ${one.name.padEnd(width)}  ${seen}${one.calls > 1 ? ` in ${one.calls} calls` : ''}`);
    if (verdict === 'PASS') continue;
    console.log(`        expected: ${one.expect ?? 'no offence'}${one.calls > 1 ? ' per call' : ''}`);
    for (const { pc, instruction, store, bytes, address, syscall } of one.offences) {
      const what = syscall === undefined ? `${store ? 'store' : 'load'} of ${bytes} by ${instruction} at ${pc}` : `system call ${syscall}`;
      console.log(`        ${address}: ${what}`);
    }
  }
}

try {
  const archs = process.argv.length > 2 ? process.argv.slice(2) : ['x64', 'arm'];
  compile('gcc', ['-shared', '-fPIC', '-fvisibility=hidden'], 'plugin.c', 'plugin.so');
  const sections = (await Promise.all(archs.map(check))).flatMap((result) => Object.entries(result));
  for (const [title, cases] of sections) print(title, cases);

  const all = sections.flatMap(([, cases]) => cases);
  const passed = all.filter(passes).length;
  console.log(`\n${passed} passed, ${all.length - passed} failed`);
  process.exitCode = passed === all.length ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
