// SPDX-License-Identifier: MIT
//
//   node scripts/kernel/patch.mjs TREE
//
// Makes the driver part of a kernel's source: applies kernel/patches, and copies the driver to drivers/misc/epiphany.
// A second time it brings the tree up to date.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const driverFolder = fileURLToPath(new URL('../../kernel', import.meta.url));

/** How the kernel's build finds the driver. */
export const hookPatch = join(driverFolder, 'patches/0001-misc-epiphany-add-to-Kconfig-and-Makefile.patch');

/** What no module can do. The driver can be built as one beside a kernel that has this. */
export const builtInPatch = join(driverFolder, 'patches/0002-ARM-mm-survive-external-aborts.patch');

/** What of kernel/ goes where in a kernel's tree. The Makefile is for building out of one. */
const places = [
  { from: '.', pattern: /^(Kbuild|Kconfig|.*\.[ch])$/, to: 'drivers/misc/epiphany' },
  { from: 'include/uapi/misc', pattern: /\.h$/, to: 'include/uapi/misc' },
  { from: 'bindings', pattern: /\.yaml$/, to: 'Documentation/devicetree/bindings/misc' },
];

export function patchKernel(tree, driver = driverFolder) {
  if (!existsSync(join(tree, 'drivers/misc/Kconfig'))) throw new Error(`${tree} is not the source of a kernel`);
  for (const file of patchesIn(driver)) applyPatch(tree, file);
  for (const { from, to } of driverFiles(driver)) copyIfNewer(from, join(tree, to));
}

/** The driver's files that a kernel's tree has: each `from` where, and `to` where in the tree. */
export const driverFiles = (driver) =>
  places.filter(({ from }) => existsSync(join(driver, from))).flatMap(({ from, pattern, to }) =>
    readdirSync(join(driver, from)).filter((name) => pattern.test(name)).sort().map((name) => ({ from: join(driver, from, name), to: join(to, name) })),
  );

/** Does nothing where it was applied before: it can be taken back there. */
export function applyPatch(tree, file) {
  if (patch(tree, file, '--reverse', '--dry-run').status === 0) return;
  const { status, stdout, stderr } = patch(tree, file);
  if (status !== 0) throw new Error(`${basename(file)} does not apply to ${tree}:\n${stdout}${stderr}`);
}

const patchesIn = (driver) =>
  readdirSync(join(driver, 'patches')).filter((name) => name.endsWith('.patch')).sort().map((name) => join(driver, 'patches', name));

/** Not git apply: that leaves out all that is not below the repository it is in, if it is in any. */
function patch(tree, file, ...options) {
  const fixed = ['--directory', tree, '--strip=1', '--forward', '--fuzz=0', '--batch', '--silent', '--reject-file=-', '--no-backup-if-mismatch'];
  const result = spawnSync('patch', [...fixed, ...options, '--input', file], { encoding: 'utf8' });
  if (result.error) throw new Error('patch is missing: apt-get install patch');
  return result;
}

/** make goes by the times of files. */
function copyIfNewer(from, to) {
  if (existsSync(to) && statSync(to).mtimeMs === statSync(from).mtimeMs) return;
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { preserveTimestamps: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    if (process.argv[2] === undefined) throw new Error('which tree?');
    const tree = resolve(process.argv[2]);
    patchKernel(tree);
    console.log(`${tree} has the driver; its options are CONFIG_EPIPHANY and CONFIG_ARM_EXTERNAL_ABORT_FIXUP`);
  } catch (error) {
    console.error(`kernel-patch: ${error.message}`);
    process.exitCode = 1;
  }
}
