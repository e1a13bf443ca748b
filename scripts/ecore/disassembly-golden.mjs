#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/**
 * Asks GNU objdump for what test/unit/disassembler.test.ts expects, and writes hashes of it to
 * test/fixtures/disassembly.json: `node scripts/ecore/disassembly-golden.mjs`, after `npm run ecore:toolchain`.
 *
 * With --compare it writes nothing, but compares line by line with our disassembler, as it was built last, and shows
 * where they differ. Exit code: 0 done or equal, 1 a difference, 2 not done because there is no toolchain.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BLOCK_BYTES, digest, ends, parts } from '../../test/fixtures/disassembly.mjs';
import { findEcoreTools } from './tools.mjs';

const FIXTURE = new URL('../../test/fixtures/disassembly.json', import.meta.url);
/** Names of registers that are older than the manual, and what we print. */
const RENAMED = { hstatus: 'fstatus', swreset: 'resetcore' };
const MOST_DIFFERENCES = 20;

const tools = findEcoreTools();
if (tools === undefined) {
  console.error('not done: no epiphany-elf-objdump on PATH, none in the cache (npm run ecore:toolchain builds it)');
  process.exit(2);
}
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'disassembly-'));
try {
  await (process.argv.includes('--compare') ? compare() : write());
} finally {
  fs.rmSync(scratch, { recursive: true });
}

function write() {
  const blocks = [...parts()].flatMap((part) => {
    const lines = linesOfPart(part);
    const count = part.bytes.length / BLOCK_BYTES;
    return Array.from({ length: count }, (_, block) => digest(lines.filter(({ address }) => Math.floor((address - part.address) / BLOCK_BYTES) === block)));
  });
  const [objdump] = tool('objdump', '--version').split('\n', 1);
  fs.writeFileSync(FIXTURE, `${JSON.stringify({ objdump, blocks, ends: digest(linesOfEnds()) }, null, 1)}\n`);
}

async function compare() {
  const { disassemble } = await import('../../dist/program/disassembler.js');
  let lines = 0;
  let differences = 0;
  const check = (theirs, ours) => {
    ++lines;
    const [expected, actual] = [theirs, ours].map((line) => line && `${line.address.toString(16)} ${line.length} ${line.text}`);
    if (expected !== actual && ++differences <= MOST_DIFFERENCES) console.log(`objdump: ${expected}\n   ours: ${actual}`);
  };
  for (const part of parts()) {
    const ours = [...disassemble(part.bytes, part.address)];
    const theirs = linesOfPart(part);
    for (let i = 0; i < Math.max(ours.length, theirs.length); ++i) check(theirs[i], ours[i]);
  }
  const theirs = linesOfEnds();
  ends().forEach((halfword, index) => check(theirs[index], [...disassemble(Uint8Array.of(halfword & 0xff, halfword >> 8), 0)][0]));
  console.log(`${lines} lines compared, ${differences} differ`);
  if (differences > 0) process.exitCode = 1;
}

function linesOfPart({ address, bytes }) {
  const file = path.join(scratch, 'part');
  fs.writeFileSync(file, bytes);
  return parse(tool('objdump', '--disassemble-all', '--disassemble-zeroes', '--target=binary', '--architecture=epiphany32', `--adjust-vma=${address}`, file));
}

function linesOfEnds() {
  const [source, object] = ['ends.s', 'ends.o'].map((name) => path.join(scratch, name));
  fs.writeFileSync(source, ends().map((halfword, index) => `.section .end${index}, "ax"\n.short ${halfword}\n`).join(''));
  tool('as', source, '-o', object);
  tool('strip', object); // or branches would be shown with the symbols of the sections
  return parse(tool('objdump', '--disassemble', '--disassemble-zeroes', object));
}

/** Lines such as `  10c:<tab>01d2      <tab>rti`. */
function parse(output) {
  return Array.from(output.matchAll(/^ *([0-9a-f]+):\t([0-9a-f ]+)\t(.*)$/gm), ([, address, bytes, text]) => ({
    address: parseInt(address, 16),
    length: bytes.replaceAll(' ', '').length / 2,
    text: text.replace(/\b(hstatus|swreset)\b/, (name) => RENAMED[name]),
  }));
}

function tool(name, ...parameters) {
  const { status, error, stdout, stderr } = spawnSync(path.join(tools, `epiphany-elf-${name}`), parameters, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw error ?? new Error(`${name} failed: ${stderr.trim()}`);
  return stdout;
}
