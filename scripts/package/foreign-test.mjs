// SPDX-License-Identifier: MIT
//
//   node scripts/package/foreign-test.mjs [arm] [arm64]        default: both
//
// Runs the conformance suite on the packed package with Debian's own Node of each architecture, under qemu-user.

import { demandTools } from '../lib/cached-build.mjs';
import { chosen } from '../lib/chosen.mjs';
import { foreignNeeds, foreignNode } from './foreign-node.mjs';
import { runConformance, withInstalledPackage } from './installed.mjs';
import { prebuildNeeds } from './prebuild.mjs';
import { run } from '../lib/run.mjs';

async function main(architectures) {
  demandTools(Object.assign({}, ...architectures.flatMap((arch) => [foreignNeeds(arch), prebuildNeeds(arch)])));
  const nodes = new Map();
  for (const arch of architectures) nodes.set(arch, await foreignNode(arch));
  withInstalledPackage(architectures, (folder) => {
    for (const [arch, { emulator, node }] of nodes) {
      const version = run([...emulator, node, '--version']).trim();
      for (const board of ['sim', 'sim:e64g401']) {
        const passed = runConformance(folder, [...emulator, node], board);
        console.log(`${arch}, Node ${version}, ${board}: ${passed} cases passed`);
      }
    }
  });
}

try {
  await main(chosen('architecture', process.argv.slice(2), ['arm', 'arm64']));
} catch (error) {
  console.error(`foreign-test: ${error.message}`);
  process.exitCode = 1;
}
