// SPDX-License-Identifier: MIT
// Checks of the patches that the kernel's developers would be sent.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { inParallel } from '../../lib/in-parallel.mjs';
import { applyPatch } from '../patch.mjs';
import { kernelSource } from '../source.mjs';
import { changedFiles, writeSeries } from '../upstream.mjs';
import { collect } from './tools.mjs';

const DRIVER = 'drivers/misc/epiphany';

/** checkpatch asks with each patch that adds a file whether MAINTAINERS has it: the last one adds the folder. */
const ignored = [
  'FILE_PATH_CHANGES',
  'ARCH_INCLUDE_LINUX', // <asm/bug.h> is where ARM, and ARM alone, has hook_fault_code()
  'ALLOC_WITH_SIZEOF', // what 7.0 has for that, 6.12 has not
];
const TRACE = ['PARENTHESIS_ALIGNMENT', 'OPEN_ENDED_LINE', 'LONG_LINE', 'SPACING', 'COMPLEX_MACRO'];

/** What the driver wants beside the machine, and all that it may use, whose absence nobody would notice. Built in, unless it is said. */
const wanted = 'MODULES COMPILE_TEST OF PM COMMON_CLK REGULATOR HWMON FPGA DMADEVICES DEBUG_FS FTRACE KUNIT EPIPHANY EPIPHANY_KUNIT_TEST=m'.split(' ');
const multi = ['MMU', 'ARCH_MULTIPLATFORM', 'ARCH_MULTI_V7'];
const without = (list, ...names) => list.filter((name) => !names.includes(name));

/** Kernels that have the driver, and compile it, by what they are configured with on top of as little as possible. */
const built = {
  ARM: { arch: 'arm', gnu: 'arm-linux-gnueabihf', symbols: [...wanted, ...multi] },
  arm64: { arch: 'arm64', gnu: 'aarch64-linux-gnu', symbols: wanted },
  x86: { arch: 'x86', gnu: 'x86_64-linux-gnu', symbols: [...wanted, '64BIT'] },
};
/** Others: those that are offered it, and those that are not. */
const configured = {
  'a Zynq': { ...built.ARM, symbols: [...without(built.ARM.symbols, 'COMPILE_TEST'), 'ARCH_ZYNQ'], offered: true },
  'an ARM that is no Zynq': { ...built.ARM, symbols: without(built.ARM.symbols, 'COMPILE_TEST'), offered: false },
  'an ARM without an MMU': { ...built.ARM, symbols: without(built.ARM.symbols, 'MMU'), offered: false },
  'arm64 with pages of 16 KiB': { ...built.arm64, symbols: [...wanted, 'ARM64_16K_PAGES'], offered: false },
  'arm64 with pages of 64 KiB': { ...built.arm64, symbols: [...wanted, 'ARM64_64K_PAGES'], offered: false },
  'x86 without device trees': { ...built.x86, symbols: without(built.x86.symbols, 'OF'), offered: false },
};

/** They apply, are as checkpatch would have them, and compile in the tree, wherever Kconfig offers the driver. */
export async function upstream({ source, scratch }) {
  const kernel = await kernelSource('newest');
  const series = join(scratch, 'series');
  writeSeries({ tree: kernel, folder: series, driver: source });
  const files = ['driver', 'arm'].flatMap((name) => readdirSync(join(series, name)).sort().map((file) => join(series, name, file)));
  const tree = await patchedTree(kernel, scratch, files);
  await mustBeClean(tree, files);
  for (const [name, { offered, ...machine }] of Object.entries(configured)) {
    const settings = await configure(tree, join(scratch, name.replaceAll(' ', '-')), machine);
    if (settings.has('EPIPHANY') !== offered) throw new Error(`Kconfig ${offered ? 'does not offer the driver' : 'offers the driver'} to ${name}`);
  }
  for (const [name, machine] of Object.entries(built)) await compile(tree, join(scratch, name.replaceAll(' ', '-')), machine);
  return `${files.length} patches apply to ${/^linux-source-[^-]*-([^-]*)/.exec(kernel.split('/').at(-1))[1]}, checkpatch --strict; ${DRIVER} compiles for ${Object.keys(built).join(', ')}`;
}

/** Links instead of copies, but for what is patched. */
async function patchedTree(kernel, scratch, files) {
  const tree = join(scratch, 'tree');
  await must(['cp', '-rs', kernel, tree]);
  for (const path of [...changedFiles, ...files.flatMap(pathsIn)]) {
    const { code } = await collect(['test', '-L', join(tree, path)]);
    if (code === 0) await must(['cp', '--remove-destination', join(kernel, path), join(tree, path)]);
  }
  for (const file of files) applyPatch(tree, file);
  return tree;
}

const pathsIn = (file) => [...readFileSync(file, 'utf8').matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, path]) => path);

async function mustBeClean(tree, files) {
  const complaints = await inParallel(files, async (file) => {
    const types = [...ignored, ...(pathsIn(file).some((path) => path.endsWith('/trace.h')) ? TRACE : [])].flatMap((type) => ['--ignore', type]);
    const command = ['perl', join(tree, 'scripts/checkpatch.pl'), `--root=${tree}`, '--strict', '--no-summary', '--show-types', '--terse', ...types, file];
    // Not from a git repository: there it has another program look for the licences of that, once for each file.
    const { code, text } = await collect(command, { cwd: tree });
    return code === 0 && text === '' ? '' : text || `checkpatch ended with ${code}`;
  });
  if (complaints.join('') !== '') throw new Error(complaints.join(''));
}

const make = (tree, objects, { arch, gnu }, ...goals) => must(['nice', 'make', '-s', `-j${availableParallelism()}`, '-C', tree, `O=${objects}`, `ARCH=${arch}`, `CROSS_COMPILE=${gnu}-`, ...goals]);

/** What is set, and to what, of all that the kernel has symbols for. */
async function configure(tree, objects, machine) {
  mkdirSync(objects);
  await make(tree, objects, machine, 'tinyconfig');
  const file = join(objects, '.config');
  const tiny = readFileSync(file, 'utf8').split('\n');
  const own = machine.symbols.map((symbol) => `CONFIG_${symbol}${symbol.includes('=') ? '' : '=y'}`);
  const names = own.map((setting) => setting.split('=')[0]);
  writeFileSync(file, [...tiny.filter((line) => !names.includes(/CONFIG_\w+/.exec(line)?.[0])), ...own, ''].join('\n'));
  await make(tree, objects, machine, 'olddefconfig');
  return new Map([...readFileSync(file, 'utf8').matchAll(/^CONFIG_(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

async function compile(tree, objects, machine) {
  const settings = await configure(tree, objects, machine);
  const missing = machine.symbols.filter((symbol) => settings.get(symbol.split('=')[0]) !== (symbol.split('=')[1] ?? 'y'));
  if (missing.length > 0) throw new Error(`the kernel for ${machine.arch} cannot have ${missing.join(', ')}`);
  await make(tree, objects, machine, 'prepare');
  const text = await make(tree, objects, machine, 'W=1', `${DRIVER}/`);
  if (/\bwarning:/.test(text)) throw new Error(text);
  // As a kernel would be linked: nothing of it is there twice.
  await must([`${machine.gnu}-ld`, '-r', '--whole-archive', join(objects, DRIVER, 'built-in.a'), '-o', join(objects, 'whole.o')]);
}

async function must(command) {
  const { code, text } = await collect(command);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${text.split('\n').slice(-40).join('\n')}`);
  return text;
}
