// SPDX-License-Identifier: MIT
/** What the virtual board starts with: its device tree, and an initial memory file system. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cached } from '../../scripts/lib/cache.mjs';
import { keyOf } from '../../scripts/lib/cached-build.mjs';
import { inFirstSuite, unpack } from '../../scripts/lib/debian.mjs';
import { run } from '../../scripts/lib/run.mjs';

const guest = fileURLToPath(new URL('guest', import.meta.url));

/** Programs of busybox that the first script calls. */
const APPLETS = ['sh', 'mount', 'mkdir', 'cp', 'ln', 'chroot', 'insmod', 'switch_root'];

/** The programs that both take, and the Debian packages that have them. */
export const imageNeeds = {
  cpp: 'cpp', dtc: 'device-tree-compiler', fdtoverlay: 'device-tree-compiler', fdtput: 'device-tree-compiler', cpio: 'cpio',
};

export const chips = ['e16g301', 'e64g401'];

/** A machine's own device tree with these overlays, files, one after the other. Made in `folder`. */
export function deviceTree(own, overlays, folder) {
  const compiled = overlays.map((file) => {
    const [text, made] = ['i', 'dtbo'].map((ending) => join(folder, `${basename(file)}.${ending}`));
    run(['cpp', '-nostdinc', '-undef', '-x', 'assembler-with-cpp', '-P', file, '-o', text]);
    run(['dtc', '-q', '-@', '-i', dirname(file), '-I', 'dts', '-O', 'dtb', '-o', made, text]);
    return made;
  });
  const tree = join(folder, 'board.dtb');
  run(['fdtoverlay', '-i', own, '-o', tree, ...compiled]);
  // Without a seed, programs that want random numbers wait for seconds: nothing here is random.
  run(['fdtput', '-t', 'bx', tree, '/chosen', 'rng-seed', ...randomBytes(64).toString('hex').match(/../g)]);
  return tree;
}

/** The archive of the initial file system. The first program loads `modules`, files, in their order. */
export async function initialFiles(modules = []) {
  const busybox = await inFirstSuite(['bookworm', 'trixie'], 'armhf', async (suite) => {
    const item = await suite.package('busybox-static');
    return cached(`board-busybox-${keyOf(item.sha256)}`, async (scratch) => {
      unpack(await suite.fetch([item]), join(scratch, 'package'));
      return join(scratch, 'package/bin/busybox');
    });
  });
  const scripts = ['init', 'start'].map((name) => join(guest, name));
  const contents = [...scripts, ...modules].flatMap((file) => [basename(file), readFileSync(file)]);
  return cached(`board-initial-${keyOf(APPLETS, basename(busybox), ...contents)}.cpio`, (scratch) => {
    const files = join(scratch, 'files');
    for (const name of ['bin', 'dev', 'proc', 'sys', 'modules']) mkdirSync(join(files, name), { recursive: true });
    copyFileSync(busybox, join(files, 'bin/busybox'));
    for (const name of APPLETS) symlinkSync('busybox', join(files, 'bin', name));
    for (const [i, name] of ['init', 'start'].entries()) copyFileSync(scripts[i], join(files, name));
    for (const file of modules) copyFileSync(file, join(files, 'modules', basename(file)));
    const archive = join(scratch, 'archive');
    run(['sh', '-c', 'find . | cpio --quiet --create --format=newc --owner=0:0 >"$1"', 'sh', archive], { cwd: files });
    return archive;
  });
}
