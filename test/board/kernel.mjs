// SPDX-License-Identifier: MIT
/**
 * The virtual board's kernels: as small as it allows.
 */
import { cpSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { keyOf } from '../../scripts/cached-build.mjs';
import { CROSS, buildKernel } from '../../scripts/kernel-build.mjs';
import { run } from '../../scripts/run.mjs';

/** What each kernel is configured by, one on top of the other. */
const FLAVOURS = { plain: ['plain.config'], debug: ['plain.config', 'debug.config'] };

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = fileURLToPath(new URL('kernel', import.meta.url));

export const flavours = Object.keys(FLAVOURS);

/** The folder of a kernel: { objects, image, tree, release } */
export async function kernel(flavour) {
  const fragments = FLAVOURS[flavour].map((name) => join(folder, name));
  const { objects } = await buildKernel({ name: flavour, base: 'tinyconfig', fragments });
  return {
    flavour, objects,
    image: join(objects, 'arch/arm/boot/zImage'),
    tree: join(objects, 'arch/arm/boot/dts/xilinx/zynq-parallella.dtb'),
  };
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
