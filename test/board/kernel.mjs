// SPDX-License-Identifier: MIT
/**
 * The virtual board's kernels: as small as it allows.
 */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { built, keyOf } from '../../scripts/lib/cached-build.mjs';
import { CROSS, buildKernel, kernelPlace } from '../../scripts/kernel/build.mjs';

/** What each kernel is configured by, one on top of the other; about how many objects it has; and how modules for it are built. */
const FLAVOURS = {
  plain: { fragments: ['plain.config'], total: 1000, modules: [] },
  debug: { fragments: ['plain.config', 'debug.config'], total: 1050, modules: ['GCOV_PROFILE=y'] },
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = fileURLToPath(new URL('kernel', import.meta.url));

export const flavours = Object.keys(FLAVOURS);

/** About how many objects a kernel has. */
export const objectsOf = (flavour) => FLAVOURS[flavour].total;

/** Where its objects are, whether they are there or not. */
export const objectsPlace = (flavour) => kernelPlace(recipeOf(flavour));

/** As of buildKernel(). */
function recipeOf(flavour) {
  const { fragments, total } = FLAVOURS[flavour];
  return { name: flavour, base: 'tinyconfig', fragments: fragments.map((name) => join(folder, name)), total };
}

/**
 * A kernel: its `flavour`; the `machine` it is for; its `image`; the machine's device `tree`, if it brings one;
 * `modules` that the machine cannot be started without, and the command that will `make` more.
 */
export async function kernel(flavour) {
  const { modules } = FLAVOURS[flavour];
  const { objects } = await buildKernel(recipeOf(flavour));
  return {
    flavour, machine: 'parallella', modules: [],
    make: ['make', '-C', objects, ...CROSS, ...modules],
    image: join(objects, 'arch/arm/boot/zImage'),
    tree: join(objects, 'arch/arm/boot/dts/xilinx/zynq-parallella.dtb'),
  };
}

/** What somebody's own make may have left beside the sources, for another kernel. */
const products = /\.(o|ko|mod|mod\.c|cmd|d)$|\/(Module\.symvers|modules\.order)$/;

/** The modules of a folder, built for a kernel. */
export async function kernelModules(kernel, source) {
  const place = await builtModules(kernel, source);
  return readdirSync(place, { recursive: true }).filter((name) => name.endsWith('.ko')).map((name) => join(place, name));
}

/** Where they and all that belongs to them are: a copy of the folder, as their authors do not want objects there. */
export async function builtModules({ flavour, make }, source) {
  const isFile = (file) => statSync(file).isFile();
  const files = readdirSync(source, { recursive: true }).map((name) => join(source, name)).filter((file) => isFile(file) && !products.test(file)).sort();
  const key = keyOf(make, ...files.flatMap((file) => [relative(source, file), readFileSync(file)]));
  const title = basename(resolve(source));
  const place = join(root, 'build-board', `${title}-${flavour}-${key}`);
  return built(place, `the modules of ${title} for the ${flavour} kernel`, async ({ work, phase }) => {
    const copy = join(work, title);
    for (const file of files) {
      const target = join(copy, relative(source, file));
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(file, target);
    }
    await phase('modules', (step) => step(...make, `M=${copy}`, `-j${availableParallelism()}`, 'modules'));
    return copy;
  });
}
