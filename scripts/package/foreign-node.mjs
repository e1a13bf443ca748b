// SPDX-License-Identifier: MIT
//
//   node scripts/package/foreign-node.mjs arm|arm64 [18|20]
//
// Debian's own Node for another architecture, to be run with qemu-user or on the virtual board: a folder with
// /usr/bin/node and every library it needs. The last line on stdout is that folder.

import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cached, cachePath } from '../lib/cache.mjs';
import { keyOf } from '../lib/cached-build.mjs';
import { inFirstSuite, unpack } from '../lib/debian.mjs';
import { run } from '../lib/run.mjs';

const targets = {
  arm: { debian: 'armhf', qemu: 'qemu-arm' },
  arm64: { debian: 'arm64', qemu: 'qemu-aarch64' },
};

/** The Debian suite that has a version of Node. */
const suites = { 18: 'bookworm', 20: 'trixie' };

export const foreignVersions = Object.keys(suites);

/** The program that runs it here, and the Debian package that has it. */
export const foreignNeeds = (arch) => ({ [targets[arch].qemu]: 'qemu-user' });

/** Makes the root of a Node for `arch` if it is absent. `[...emulator, node]` is the command that runs it here. */
export async function foreignNode(arch, version = foreignVersions[0]) {
  const target = targets[arch];
  if (!target) throw new Error(`for which architecture? ${Object.keys(targets).join(' or ')}`);
  if (!suites[version]) throw new Error(`which Node? ${foreignVersions.join(' or ')}`);
  return inFirstSuite([suites[version]], target.debian, async (suite) => {
    const packages = await suite.closure(['nodejs'], () => true);
    const name = `node-${version}-${target.debian}-${keyOf(packages.map(({ sha256 }) => sha256))}`;
    await cached(name, async (scratch) => {
      const root = join(scratch, 'root');
      unpack(await suite.fetch(packages), root);
      // Where all packages ship only /usr/lib, the link /lib, by which programs name their dynamic loader, comes from a
      // package that Node does not need.
      if (!existsSync(join(root, 'lib'))) symlinkSync('usr/lib', join(root, 'lib'));
      return root;
    });
    return describe(target, cachePath(name));
  });
}

const describe = ({ qemu }, root) => ({ root, emulator: [qemu, '-L', root], node: join(root, 'usr/bin/node') });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { root, emulator, node } = await foreignNode(...process.argv.slice(2));
    process.stderr.write(`foreign-node: ${run([...emulator, node, '-p', 'process.arch + " " + process.version'])}`);
    console.log(root);
  } catch (error) {
    process.stderr.write(`foreign-node: ${error.message}\n`);
    process.exitCode = 1;
  }
}
