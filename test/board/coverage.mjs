// SPDX-License-Identifier: MIT
/**
 * Which lines of the driver ran on boards with the debug kernel, whose modules count them for gcov. A board leaves its
 * counts in a folder; those of all boards are added up.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, copyFileSync, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Failure } from '../../scripts/lib/cached-build.mjs';
import { builtModules, kernel } from './kernel.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const driver = join(root, 'kernel');
const GCOV = 'arm-linux-gnueabihf-gcov';

/** Sources whose lines are not the driver's own: tests. */
const TESTS = /^kunit\.|_test\.c$/;

/** What a board's shell is to do at the end, for its counts to be in a folder of the project. */
export const collect = (folder) =>
  `mkdir -p /project/${relative(root, folder)}
   for file in $(find /sys/kernel/debug/gcov -name '*.gcda'); do cat "$file" >"/project/${relative(root, folder)}/\${file##*/}"; done`;

/** { file: Map of line number to how often it ran }, of all boards whose counts are in `folders`. */
export async function coverage(folders) {
  const objects = await builtModules(await kernel('debug'), driver);
  const work = mkdtempSync(join(tmpdir(), 'coverage-'));
  const files = {};
  try {
    for (const file of readdirSync(objects).filter((name) => name.endsWith('.gcno'))) copyFileSync(join(objects, file), join(work, file));
    for (const folder of folders) {
      for (const counts of existsSync(folder) ? readdirSync(folder).filter((name) => existsSync(join(work, name.replace('.gcda', '.gcno')))) : []) {
        copyFileSync(join(folder, counts), join(work, counts));
        add(files, linesOf(join(work, counts)));
      }
    }
  } finally {
    rmSync(work, { recursive: true });
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What gcov makes of the counts of one object: [file, line, times]. */
function linesOf(file) {
  const { status, stdout, stderr } = spawnSync(GCOV, ['--json-format', '--stdout', file], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0 || stderr.includes('stamp mismatch')) throw new Failure(`${GCOV} cannot read ${basename(file)}: ${stderr}`);
  return JSON.parse(stdout).files.flatMap(({ file: source, lines }) => lines.map(({ line_number: line, count }) => [source, line, count]));
}

function add(files, lines) {
  for (const [source, line, times] of lines) {
    const name = basename(source);
    // The kernel's own headers, whose functions are inlined, have folders of their own.
    if (!existsSync(join(driver, name)) || /\binclude\b/.test(source) || TESTS.test(name)) continue;
    const counts = (files[name] ??= new Map());
    counts.set(line, (counts.get(line) ?? 0) + times);
  }
}

/** A table of the files, every line that never ran, and the sum: { text, share }, the latter from 0 to 1. */
export function report(files) {
  const rows = [];
  const missed = [];
  const total = { lines: 0, covered: 0 };
  for (const [name, counts] of Object.entries(files)) {
    const source = readFileSync(join(driver, name), 'utf8').split('\n');
    const covered = [...counts.values()].filter((times) => times > 0).length;
    rows.push(row(name, covered, counts.size));
    total.lines += counts.size;
    total.covered += covered;
    for (const [line, times] of [...counts].sort(([a], [b]) => a - b)) if (times === 0) missed.push(`  ${name}:${line}  ${source[line - 1].trim()}`);
  }
  rows.push(row('all', total.covered, total.lines));
  const text = ['Lines of the driver that ran:', ...rows, missed.length > 0 ? 'Lines that never ran:' : 'None is left.', ...missed].join('\n');
  return { text, share: total.lines === 0 ? 0 : total.covered / total.lines };
}

const row = (name, covered, lines) => `  ${name.padEnd(14)}${String(covered).padStart(6)} of ${String(lines).padStart(4)}  ${((100 * covered) / lines).toFixed(1).padStart(5)} %`;
