// SPDX-License-Identifier: MIT
//
//   node test/access-width/run.mjs [x64] [arm] [arm64]        default: x64 arm
//
// Proves that the public calls touch device memory as a device demands: aligned, at most 4 bytes at a time, one access
// per instruction. Each architecture runs twice under QEMU with plugin.c: selftest.c proves the instrument,
// scenario.mjs is the measurement. Needs dist/ and, for this machine's architecture, ./build; a compiler per
// architecture; and a qemu-user that loads plugins of ABI 1 (QEMU 6 to 8; Debian 12 has it).

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { demandTools } from '../../scripts/lib/cached-build.mjs';
import { chosen } from '../../scripts/lib/chosen.mjs';
import { foreignNode } from '../../scripts/package/foreign-node.mjs';
import { nodeHeaders } from '../../scripts/lib/node-headers.mjs';
import { freshPrebuild } from '../../scripts/package/prebuild.mjs';

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

async function run(command, environment = {}) {
  const [program, ...args] = command;
  return (await promisify(execFile)(program, args, { env: { ...process.env, ...environment } })).stdout;
}

// ---- Measuring ----

async function measure(arch) {
  const { qemu, compiler } = targets[arch];
  demandTools({ [qemu[0]]: 'qemu-user', [compiler]: `gcc-${compiler.replace('_', '-').replace('-gcc', '')}` });
  if (!(await run([qemu[0], '--help'])).includes('-plugin')) {
    throw new Error(`${qemu[0]} loads no plugins: statically linked ones, such as Debian 13's, cannot`);
  }
  compile(compiler, ['-static', '-pthread'], 'selftest.c', `selftest-${arch}`);
  compile(compiler, ['-shared', '-fPIC', `-I${nodeHeaders()}/include/node`], 'probe.c', `probe-${arch}.node`);
  const { emulator, node } = arch === process.arch ? { emulator: qemu, node: process.execPath } : await foreignNode(arch);
  if (arch !== process.arch) freshPrebuild(arch);

  return [
    {
      title: `${arch}: the instrument`,
      cases: await observe(qemu, [built(`selftest-${arch}`)], `selftest-${arch}.report`),
    },
    {
      title: `${arch}: JavaScript`,
      cases: await observe(
        emulator,
        [...(await hastyNode(emulator, node)), source('scenario.mjs')],
        `scenario-${arch}.report`,
        { ACCESS_WIDTH_PROBE: built(`probe-${arch}.node`) },
      ),
    },
  ];
}

/** The command for an emulated Node whose V8 is in a hurry to optimise. */
async function hastyNode(emulator, node) {
  const options = await run([...emulator, node, '--v8-options']);
  const known = Object.entries(tiering).filter(([name]) => options.includes(`--${name} `));
  return [node, '--no-concurrent-recompilation', ...known.map(([name, value]) => `--${name}=${value}`)];
}

/** Runs a program that prints its cases, and answers each with what the plugin saw in its phase. */
async function observe(emulator, command, reportName, environment) {
  const report = built(reportName);
  const plugin = ['-plugin', `${built('plugin.so')},report=${report}`];
  const cases = jsonLines(await run([...emulator, ...plugin, ...command], environment));
  const rows = jsonLines(readFileSync(report, 'utf8'));
  const between = { phase: 0, name: '(between the cases)', calls: 1 };
  return [...cases, between].map((one) => ({ ...one, ...summary(rows.filter(({ phase }) => phase === one.phase)) }));
}

const jsonLines = (text) => text.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));

/** `counts` as in { load4: 3, store1: 1, misaligned: 1 }, and the first offences. */
function summary(rows) {
  const counts = {};
  const add = (key, count) => count > 0 && (counts[key] = (counts[key] ?? 0) + count);
  for (const { store, bytes, count, misaligned, unfit } of rows) {
    if (count === undefined) continue;
    add(`${store ? 'store' : 'load'}${bytes}`, count);
    add('misaligned', misaligned);
    add('unfit', unfit);
  }
  return { counts, offences: rows.filter(({ count }) => count === undefined) };
}

// ---- Judging ----

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

function print({ title, cases }) {
  console.log(`\n${title}`);
  const width = Math.max(...cases.map(({ name }) => name.length));
  for (const one of cases) {
    const seen = Object.entries(one.counts).map((entry) => entry.join('=')).join(' ') || 'nothing';
    const calls = one.calls > 1 ? ` in ${one.calls} calls` : '';
    console.log(`  ${passes(one) ? 'PASS' : 'FAIL'}  ${one.name.padEnd(width)}  ${seen}${calls}`);
    if (!passes(one)) explain(one);
  }
}

function explain({ expect, offences }) {
  console.log(`        expected of a call: ${expect === undefined ? 'no offence' : expect || 'nothing'}`);
  for (const { address, pc, instruction, store, bytes, syscall } of offences) {
    const access = `${store ? 'store' : 'load'} of ${bytes} by "${instruction}" at ${pc}`;
    console.log(`        ${address}: ${instruction ? access : `system call ${syscall}`}`);
  }
}

try {
  const words = process.argv.slice(2);
  const asked = chosen('architecture', words.length > 0 ? words : ['x64', 'arm'], Object.keys(targets));
  compile('gcc', ['-shared', '-fPIC', '-fvisibility=hidden'], 'plugin.c', 'plugin.so');
  const sections = (await Promise.all(asked.map(measure))).flat();
  sections.forEach(print);

  const all = sections.flatMap(({ cases }) => cases);
  const passed = all.filter(passes).length;
  console.log(`\n${passed} passed, ${all.length - passed} failed`);
  if (passed < all.length) process.exitCode = 1;
} catch (error) {
  console.error(`access-width: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
