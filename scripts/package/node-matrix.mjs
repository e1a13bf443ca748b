// SPDX-License-Identifier: MIT
//
//   node scripts/package/node-matrix.mjs [MAJOR…]        default: 18 22 24 26
//
// Runs the conformance suite on the packed package, and in the clone the tests of devices, of what would crash, hang or
// flood, and of what is public, with other versions of Node.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runConformance, withInstalledPackage } from './installed.mjs';
import { officialNode } from '../lib/official-node.mjs';
import { run } from '../lib/run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The first that vitest runs on. */
const oldestForVitest = 20;
const tests = ['device', 'files', 'floods', 'hostile', 'native', 'output', 'program-file', 'public-surface', 'survival'].map((name) => `test/unit/${name}.test.ts`);

async function main(majors) {
  const nodes = new Map();
  for (const major of majors) nodes.set(major, join(await officialNode(major), 'node'));
  withInstalledPackage([process.arch], (folder) => {
    for (const [major, node] of nodes) {
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
  await main(asked.length > 0 ? asked : [18, 22, 24, 26]);
} catch (error) {
  console.error(`node-matrix: ${error.message}`);
  process.exitCode = 1;
}
