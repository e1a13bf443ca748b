// SPDX-License-Identifier: MIT
//
//   node scripts/kernel/matrix.mjs [--source FOLDER] [KERNEL…]        default: all, of kernel/
//
// Builds the driver as a module for Debian's kernels, with the warnings of W=1, and prints a table. A warning from our
// files is a failure; the newest headers have some of their own.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { chosen } from '../lib/chosen.mjs';
import { inParallel } from '../lib/in-parallel.mjs';
import { copyDriver, kernelHeaders, makeModule } from './headers.mjs';

const cells = [
  ['5.10', 'armhf'], ['6.1', 'armhf'], ['6.12', 'armhf'], ['newest', 'armhf'],
  ['6.1', 'arm64'], ['newest', 'arm64'],
  ['6.1', 'amd64'],
];

const widths = [26, 14, 10, 10, 8];
const row = (...columns) => console.log(columns.map((text, at) => String(text).padEnd(widths[at])).join('').trimEnd());

/** Builds for one cell of the table, and prints its row; whether all is well. */
async function build([kernel, architecture], source, scratch) {
  const begun = Date.now();
  const headers = await kernelHeaders(kernel, architecture);
  const folder = join(scratch, `${kernel}-${architecture}`);
  copyDriver(source, folder);
  const { succeeded, log, warnings } = await makeModule(headers, folder, ['W=1']);
  const modules = readdirSync(folder).filter((name) => name.endsWith('.ko'));
  const built = succeeded && modules.length > 0;
  row(headers.release, architecture, built ? warnings.ours.length : 'broken', warnings.theirs.length, `${((Date.now() - begun) / 1000).toFixed(1)} s`);
  if (!built) console.log(log.trimEnd().split('\n').slice(-20).join('\n'));
  else for (const line of warnings.ours) console.log(`  ${line}`);
  return built && warnings.ours.length === 0;
}

async function main() {
  const { values, positionals } = parseArgs({ options: { source: { type: 'string' } }, allowPositionals: true });
  const source = resolve(values.source ?? fileURLToPath(new URL('../../kernel', import.meta.url)));
  const kernels = chosen('kernel', positionals, [...new Set(cells.map(([kernel]) => kernel))]);
  const asked = cells.filter(([kernel]) => kernels.includes(kernel));
  const scratch = mkdtempSync(join(tmpdir(), 'kernel-matrix-'));
  try {
    row('kernel', 'architecture', 'warnings', 'of theirs', 'time');
    const verdicts = await inParallel(asked, (cell) => build(cell, source, scratch));
    const good = verdicts.filter(Boolean).length;
    console.log(`${good} of ${asked.length} without a warning from our files`);
    if (good < asked.length) process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(`kernel-matrix: ${error.message}`);
  process.exitCode = 1;
}
