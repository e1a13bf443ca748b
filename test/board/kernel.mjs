// SPDX-License-Identifier: MIT
/**
 * The virtual board's kernels: Debian's source with our patches, as small as the board allows. A kernel is a folder with
 * its objects: modules are built against it.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cachePath } from '../../scripts/cache.mjs';
import { Failure, built, demandTools, keyOf } from '../../scripts/cached-build.mjs';
import { kernelSource } from '../../scripts/kernel-source.mjs';
import { run } from '../../scripts/run.mjs';

const NEEDED = {
  'arm-linux-gnueabihf-gcc': 'gcc-arm-linux-gnueabihf', make: 'make', gcc: 'gcc', flex: 'flex', bison: 'bison', bc: 'bc',
  patch: 'patch', cp: 'coreutils', flock: 'util-linux',
};

const VERSION = '6.12';

/** What each kernel is configured by, one on top of the other. */
const FLAVOURS = { plain: ['plain.config'], debug: ['plain.config', 'debug.config'] };

const CROSS = ['ARCH=arm', 'CROSS_COMPILE=arm-linux-gnueabihf-'];

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = fileURLToPath(new URL('kernel', import.meta.url));
const patchFolder = join(root, 'kernel/patches');

export const flavours = Object.keys(FLAVOURS);

/** The folder of a kernel: { objects, image, tree, release } */
export async function kernel(flavour) {
  demandTools(NEEDED);
  const patches = readdirSync(patchFolder).filter((name) => name.endsWith('.patch')).sort().map((name) => join(patchFolder, name));
  const fragments = FLAVOURS[flavour].map((name) => join(folder, name));
  const patched = await patchedSource(patches);
  const place = cachePath(`kernel-${flavour}-${keyOf(patched, ...fragments.map((file) => readFileSync(file)))}`);
  const objects = await built(place, `the ${flavour} kernel`, async ({ work, phase }) => {
    const target = join(work, 'objects');
    const make = ['make', '-C', patched, `O=${target}`, ...CROSS];
    await phase('kernel config', async (step) => {
      mkdirSync(target, { recursive: true });
      await step(...make, 'tinyconfig');
      await step(join(patched, 'scripts/kconfig/merge_config.sh'), '-m', '-O', target, join(target, '.config'), ...fragments, { cwd: patched });
      await step(...make, 'olddefconfig');
      checkConfiguration(join(target, '.config'), fragments);
    });
    await phase('kernel', async (step) => {
      const targets = ['zImage', 'modules', 'xilinx/zynq-parallella.dtb', 'DTC_FLAGS=-@'];
      await step(...make, `-j${availableParallelism()}`, ...targets, { counts: 'compiled' });
    });
    return target;
  });
  return {
    flavour, objects,
    image: join(objects, 'arch/arm/boot/zImage'),
    tree: join(objects, 'arch/arm/boot/dts/xilinx/zynq-parallella.dtb'),
  };
}

/**
 * The source is shared with others, who want it as it is. Links cost nothing, and patch breaks those it needs to.
 *
 * The patches are the key: which release of the source it is was decided when it was fetched.
 */
async function patchedSource(patches) {
  const place = cachePath(`kernel-source-${VERSION}-${keyOf(...patches.map((file) => readFileSync(file)))}`);
  return built(place, 'the patched kernel source', async ({ work, phase }) => {
    const tree = join(work, 'tree');
    const source = await kernelSource(VERSION);
    await phase('kernel patches', async (step) => {
      await step('rm', '-rf', tree);
      await step('cp', '--archive', '--link', source, tree);
      for (const patch of patches) await step('patch', '--strip=1', '--input', patch, { cwd: tree });
    });
    return tree;
  });
}

/** Kconfig drops what it does not know, and what lacks something, without a word. */
function checkConfiguration(file, fragments) {
  const got = new Map(readFileSync(file, 'utf8').split('\n').map((line) => /^(CONFIG_\w+)=(.*)$/.exec(line)).filter(Boolean).map(([, ...pair]) => pair));
  const wanted = new Map(fragments.flatMap((fragment) => [...readFileSync(fragment, 'utf8').matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, ...pair]) => pair)));
  const missed = [...wanted].filter(([name, value]) => (got.get(name) ?? 'n') !== value).map(([name, value]) => `${name}=${value}`);
  if (missed.length > 0) throw new Failure(`the kernel cannot be configured with ${missed.join(', ')}`);
}

/** What somebody's own make may have left beside the sources, for another kernel. */
const products = /\.(o|ko|mod|mod\.c|cmd|d)$|\/(Module\.symvers|modules\.order)$/;

/**
 * Builds the modules of a folder for a kernel, in a copy of it: whoever wrote them does not want objects there. What has
 * not changed since the last time is not built again. Returns the files.
 */
export function buildModules({ flavour, objects }, source) {
  const copy = join(root, 'build-board', flavour, keyOf(objects, source));
  cpSync(source, copy, { recursive: true, preserveTimestamps: true, filter: (file) => !products.test(file) });
  run(['make', '-s', '-C', objects, ...CROSS, `M=${copy}`, 'modules']);
  const modules = readdirSync(copy, { recursive: true }).filter((name) => name.endsWith('.ko'));
  return modules.map((name) => join(copy, name)).filter((file) => statSync(file).isFile());
}
