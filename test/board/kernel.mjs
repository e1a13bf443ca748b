// SPDX-License-Identifier: MIT
/**
 * The virtual board's kernels: Debian's source with our patches, as small as the board allows. A kernel is a folder with
 * its objects: modules are built against it.
 */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cachePath } from '../../scripts/cache.mjs';
import { Failure, built, demandTools, keyOf } from '../../scripts/cached-build.mjs';
import { kernelSource } from '../../scripts/kernel-source.mjs';

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

/**
 * A kernel: its `flavour`; the `machine` it is for; its `image`; the machine's device `tree`, if it brings one;
 * `modules` that the machine cannot be started without, and the command that will `make` more.
 */
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
    flavour, machine: 'parallella', modules: [],
    make: ['make', '-C', objects, ...CROSS],
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
 * The modules of a folder, built for a kernel, in a copy of the folder: whoever wrote them does not want objects there.
 */
export async function kernelModules({ flavour, make }, source) {
  const isFile = (file) => statSync(file).isFile();
  const files = readdirSync(source, { recursive: true }).map((name) => join(source, name)).filter((file) => isFile(file) && !products.test(file)).sort();
  const key = keyOf(make, ...files.flatMap((file) => [relative(source, file), readFileSync(file)]));
  const title = basename(resolve(source));
  const place = join(root, 'build-board', `${title}-${flavour}-${key}`);
  await built(place, `the modules of ${title} for the ${flavour} kernel`, async ({ work, phase }) => {
    const copy = join(work, title);
    for (const file of files) {
      const target = join(copy, relative(source, file));
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(file, target);
    }
    await phase('modules', (step) => step(...make, `M=${copy}`, `-j${availableParallelism()}`, 'modules'));
    return copy;
  });
  return readdirSync(place, { recursive: true }).filter((name) => name.endsWith('.ko')).map((name) => join(place, name));
}
