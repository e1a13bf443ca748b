// SPDX-License-Identifier: MIT
// Checks of the bindings, and of the trees against them.

import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { collect, filesIn, kernelParts } from './tools.mjs';

const schemas = 'Documentation/devicetree/bindings';
const boards = ['16', '64'];

/** Nodes of our trees; those of the kernel's have complaints of their own. */
const ourNodes = /\/?\b(elink|array|emem|reserved-memory|iio-hwmon|isl9305|regulators|dcd1|ldo1)\b/;

/** The kernel's own target, in a tree that has ours among its bindings. */
export async function bindings({ source, scratch }) {
  const { out, text, names } = await checkBindings(source, scratch);
  if (text.trim() !== '') throw new Error(text.replaceAll(`${scratch}/`, ''));
  const examples = filesIn(out, /adapteva.*\.example\.dtb$/);
  if (examples.length !== names.length) throw new Error(`${names.length} bindings, but ${examples.length} examples were checked`);
  return `${names.join(', ')} by dt_binding_check`;
}

/** Trees and overlays compile without a warning of ours, say the same, and fit the bindings. */
export async function trees({ source, scratch }) {
  const { out } = await checkBindings(source, scratch);
  const folder = join(source, 'dts');
  const complaints = [];
  const must = async (command) => {
    const { code, text } = await collect(command, { cwd: folder });
    if (code !== 0) throw new Error(`${command.join(' ')}:\n${text}`);
    return text;
  };
  for (const [kernel, where] of [['6.1', 'arch/arm/boot/dts'], ['6.12', 'arch/arm/boot/dts/xilinx']]) {
    const kernels = join(await kernelParts(kernel), where);
    const made = (name) => join(scratch, `${kernel}-${name}`);
    const compile = async (name, input) => {
      const text = await must(['dtc', '-@', '-I', 'dts', '-O', 'dtb', '-i', kernels, '-o', made(name), input]);
      complaints.push(...text.split('\n').filter((line) => line !== '' && !line.includes(kernels)));
    };
    await compile('base.dtb', join(kernels, 'zynq-parallella.dts'));
    for (const board of boards) {
      await compile(`tree${board}.dtb`, `zynq-parallella${board}.dts`);
      await compile(`overlay${board}.dtbo`, `epiphany-e${board}.dtso`);
      await must(['fdtoverlay', '-i', made('base.dtb'), '-o', made(`overlaid${board}.dtb`), made(`overlay${board}.dtbo`)]);
    }
  }
  const schema = join(out, schemas, 'processed-schema.json');
  const text = await must(['dt-validate', '-s', schema, ...filesIn(scratch, /^[^/]*(tree|overlaid)\d+\.dtb$/).map((name) => join(scratch, name))]);
  complaints.push(...text.split('\n').filter((line) => !line.startsWith('\t') && ourNodes.test(line)));
  if (complaints.length > 0) throw new Error(complaints.join('\n').replaceAll(`${scratch}/`, ''));
  return `trees and overlays of ${boards.length} boards, on those of Linux 6.1 and 6.12`;
}

let checked;

/** Both checks want it, and it takes half a minute. */
const checkBindings = (source, scratch) => (checked ??= makeBindings(source, scratch));

async function makeBindings(source, scratch) {
  const kernel = await kernelParts('6.1');
  const [tree, out] = [join(scratch, 'tree'), join(scratch, 'out')];
  mkdirSync(tree);
  // Links instead of copies: only our own files are added.
  for (const part of ['Makefile', 'Kconfig', 'scripts', 'include', 'Documentation', 'arch']) {
    await collect(['cp', '-rs', join(kernel, part), tree]);
  }
  const names = filesIn(join(source, 'bindings'), /\.yaml$/);
  for (const name of names) {
    const place = join(tree, schemas, 'misc', name);
    mkdirSync(dirname(place), { recursive: true });
    cpSync(join(source, 'bindings', name), place);
  }
  const command = ['nice', 'make', '-s', '-C', tree, `O=${out}`, 'ARCH=arm', 'DT_SCHEMA_FILES=adapteva,', 'dt_binding_check'];
  const { code, text } = await collect(command);
  if (code !== 0) throw new Error(`dt_binding_check ended with ${code}:\n${text}`);
  return { out, text, names };
}
