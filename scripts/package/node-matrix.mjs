// SPDX-License-Identifier: MIT
//
//   node scripts/package/node-matrix.mjs [MAJOR…]        default: 18 22 24 26
//
// Runs the conformance suite on the packed package, and in the clone the tests of devices, of what would crash, hang or
// flood, and of what is public, with other versions of Node: for each major the newest that there is as npm package,
// which holds the official binary.
// Those are kept in the user's cache; deleting one fetches the newest again.

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runConformance, withInstalledPackage } from './installed.mjs';
import { run } from '../lib/run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'node-epiphany');

/** The first that vitest runs on. */
const oldestForVitest = 20;
const tests = ['device', 'files', 'floods', 'hostile', 'native', 'output', 'program-file', 'public-surface', 'survival'].map((name) => `test/unit/${name}.test.ts`);

function fetchNode(major) {
  const folder = join(cache, `node-${process.arch}-${major}`);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const scratch = mkdtempSync(`${folder}.`);
    try {
      const name = `node-linux-${process.arch}@${major}`;
      const tarball = run(['npm', 'pack', '--silent', name], { cwd: scratch }).trim();
      run(['tar', '-xzf', tarball, '--strip-components=1', 'package/bin/node'], { cwd: scratch });
      renameSync(join(scratch, 'bin'), folder);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return join(folder, 'node');
}

function main(majors) {
  withInstalledPackage([process.arch], (folder) => {
    for (const major of majors) {
      const node = fetchNode(major);
      const version = run([node, '--version']).trim();
      for (const board of ['sim', 'sim:e64g401']) {
        console.log(`Node ${version}, ${board}: ${runConformance(folder, [node], board)} cases passed`);
      }
      if (major < oldestForVitest) continue;
      run([node, 'node_modules/vitest/vitest.mjs', 'run', ...tests], { cwd: root });
      console.log(`Node ${version}: ${tests.join(', ')} passed`);
    }
  });
}

try {
  const asked = process.argv.slice(2).map(Number);
  if (!asked.every(Number.isInteger)) throw new Error('which Node? Major versions, such as 22');
  main(asked.length > 0 ? asked : [18, 22, 24, 26]);
} catch (error) {
  console.error(`node-matrix: ${error.message}`);
  process.exitCode = 1;
}
