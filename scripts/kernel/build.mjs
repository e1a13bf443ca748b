// SPDX-License-Identifier: MIT
/**
 * Kernels for the Zynq of a Parallella, from Debian's source and with our patch of what no module can do. A kernel is a
 * folder with its objects, in the user's cache: modules are built against it.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';

import { cachePath } from '../lib/cache.mjs';
import { Failure, built, demandTools, keyOf } from '../lib/cached-build.mjs';
import { debianNeeds } from '../lib/debian.mjs';
import { applyPatch, builtInPatch } from './patch.mjs';
import { kernelSource, kernelSourcePlace } from './source.mjs';

/** The programs that this takes, and the Debian packages that have them. */
export const kernelNeeds = {
  ...debianNeeds,
  'arm-linux-gnueabihf-gcc': 'gcc-arm-linux-gnueabihf', make: 'make', gcc: 'gcc', flex: 'flex', bison: 'bison', bc: 'bc',
  patch: 'patch', cp: 'coreutils', flock: 'util-linux', perl: 'perl', tar: 'tar', xz: 'xz-utils',
};

export const KERNEL = '6.12';

/** What every make for these kernels is told. */
export const CROSS = ['ARCH=arm', 'CROSS_COMPILE=arm-linux-gnueabihf-'];

/** The board's tree, whose symbols overlays refer to. */
const TREE = ['xilinx/zynq-parallella.dtb', 'DTC_FLAGS=-@'];

/**
 * { objects, source } of the kernel that these configuration fragments make, on top of each other and of the target
 * `base` of make. `goals` is what to make beside zImage, modules and the board's tree; `total`, about how many objects
 * that takes.
 */
export async function buildKernel(recipe) {
  demandTools(kernelNeeds);
  const { name, base, fragments, goals = [], total } = recipe;
  const source = await patchedSource();
  const objects = await built(objectsPlace(source, recipe), `the ${name} kernel`, async ({ work, phase }) => {
    const target = join(work, 'objects');
    const make = ['make', '-C', source, `O=${target}`, ...CROSS];
    await phase('kernel config', async (step) => {
      mkdirSync(target, { recursive: true });
      await step(...make, base);
      await step(join(source, 'scripts/kconfig/merge_config.sh'), '-m', '-O', target, join(target, '.config'), ...fragments, { cwd: source });
      await step(...make, 'olddefconfig');
      checkConfiguration(join(target, '.config'), fragments);
    });
    await phase('kernel', async (step) => {
      await step(...make, `-j${availableParallelism()}`, 'zImage', 'modules', ...goals, ...TREE, { counts: 'compiled', total });
    });
    return target;
  });
  return { objects, source };
}

/** Where the objects of such a kernel are, whether they are there or not. */
export const kernelPlace = async (recipe) => objectsPlace(patchedPlace(await kernelSourcePlace(KERNEL)), recipe);

const objectsPlace = (source, { name, base, fragments, goals = [] }) =>
  cachePath(`kernel-${name}-${keyOf(source, CROSS, base, goals, TREE, ...fragments.map((file) => readFileSync(file)))}`);

/** The source's own name has its release and its hash: when Debian brings a new one, so do we. */
const patchedPlace = (source) => cachePath(`kernel-source-${KERNEL}-${keyOf(basename(source), readFileSync(builtInPatch))}`);

/** The source is shared with others, who want it as it is. Links cost nothing, and patch breaks those it needs to. */
async function patchedSource() {
  const source = await kernelSource(KERNEL);
  return built(patchedPlace(source), 'the patched kernel source', async ({ work, phase }) => {
    const tree = join(work, 'tree');
    await phase('kernel patch', async (step) => {
      await step('rm', '-rf', tree);
      await step('cp', '--archive', '--link', source, tree);
      applyPatch(tree, builtInPatch);
    });
    return tree;
  });
}

/** Kconfig drops what it does not know, and what lacks something, without a word. */
function checkConfiguration(file, fragments) {
  const settings = (path) => [...readFileSync(path, 'utf8').matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, ...pair]) => pair);
  const got = new Map(settings(file));
  const wanted = [...new Map(fragments.flatMap(settings))];
  const missed = wanted.filter(([name, value]) => (got.get(name) ?? 'n') !== value).map(([name, value]) => `${name}=${value}`);
  if (missed.length > 0) throw new Failure(`the kernel cannot be configured with ${missed.join(', ')}`);
}
