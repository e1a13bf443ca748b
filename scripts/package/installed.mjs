// SPDX-License-Identifier: MIT
// The package as a user gets it: packed, and installed by npm into an empty folder outside of the clone.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freshPrebuild } from './prebuild.mjs';
import { run } from '../lib/run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Packs the tree with prebuilds for `architectures`, installs that and its dependencies without running any script, and
 * calls `use` with the folder, which is gone afterwards, and the name of the tarball in it.
 */
export function withInstalledPackage(architectures, use) {
  run([process.execPath, 'scripts/bootstrap.mjs', '--quiet'], { cwd: root });
  architectures.forEach(freshPrebuild);
  const folder = mkdtempSync(join(tmpdir(), 'epiphany-installed-'));
  try {
    const pack = ['npm', 'pack', '--silent', '--ignore-scripts', `--pack-destination=${folder}`];
    const tarball = run(pack, { cwd: root }).trim();
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
    run(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder });
    use(folder, tarball);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the conformance suite on an installed package; `node` is a command. Returns how many cases there were. */
export function runConformance(folder, node, board) {
  cpSync(join(root, 'dist/conformance'), join(folder, 'conformance'), { recursive: true });
  const report = run([...node, 'conformance/run-node.js', board], { cwd: folder });
  // Older versions of Node report in TAP, newer ones in prose.
  const count = (what) => Number(new RegExp(`^\\S+ ${what} (\\d+)$`, 'm').exec(report)?.[1]);
  if (!(count('pass') > 0) || count('skipped') !== 0) throw new Error(`cases of ${board} were left out:\n${report}`);
  return count('pass');
}
