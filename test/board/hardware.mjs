// SPDX-License-Identifier: MIT
/**
 * The virtual board's hardware: this machine's own qemu-system-arm, with the parts of a Parallella that it lacks loaded
 * into it. They are compiled against the headers of the very version that is installed, with its kind of configuration.
 * Where that one will not have them, or where its source is to be had no more, we build one that will.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cachePath } from '../../scripts/lib/cache.mjs';
import { Failure, built, demandTools, fresh, keyOf } from '../../scripts/lib/cached-build.mjs';
import { debianNeeds } from '../../scripts/lib/debian.mjs';
import { installedSource, newestSource, unpackSource } from '../../scripts/lib/debian-source.mjs';

const NEEDED = {
  ...debianNeeds, python3: 'python3',
  gcc: 'gcc', 'g++': 'g++', ninja: 'ninja-build', meson: 'meson', 'pkg-config': 'pkg-config',
  '/usr/include/glib-2.0/glib.h': 'libglib2.0-dev', '/usr/include/pixman-1/pixman.h': 'libpixman-1-dev', '/usr/include/libfdt.h': 'libfdt-dev',
  'dpkg-source': 'dpkg-dev',
};

/** Newer ones are configured in a Python environment, for which Debian's Python lacks a part. */
const pythonNeeds = () => (spawnSync('python3', ['-c', 'import ensurepip'], { stdio: 'ignore' }).status === 0 ? {} : { ensurepip: 'python3-venv' });

/** What of Debian's configuration changes the headers' structures, or whether anything can be loaded at all. */
const CONFIGURE = [
  '--target-list=arm-softmmu', '--without-default-features', '--enable-tcg', '--enable-modules', '--enable-plugins',
  '--enable-fdt=system', '--disable-docs', '--disable-tools', '--disable-guest-agent',
  '--disable-werror', '--disable-install-blobs', '--disable-debug-info',
];

/** Debian's, whatever else is on the search path. */
const INSTALLED = '/usr/bin/qemu-system-arm';

/** With which the board was run. Others may have other headers. */
const TRIED = '7.2';

/** How our parts are compiled, beside what the device they are made of is, and linked. */
const WARNINGS = ['-fPIC', '-Wall', '-Werror'];
const PLUS = ['-std=c++17', '-O2', '-ffp-contract=off', '-fvisibility=hidden'];
const LINKED = ['-shared', '-pthread'];

/**
 * The QEMUs to try, the first one first:
 * - `minutes` of one processor of 2020 that it takes; `needed`: what else it does; `source()`: which one, with its version; `options`: how it is configured;
 * - `make(step, objects)`: what is made of it; `program(objects)`: the command.
 */
const QEMUS = {
  installed: {
    title: 'headers of the installed QEMU',
    minutes: 2,
    needed: { [INSTALLED]: 'qemu-system-arm' },
    source: () => installedSource('qemu-system-arm'),
    options: CONFIGURE,
    make: makeHeaders,
    program: () => INSTALLED,
  },
  own: {
    title: 'a QEMU of our own',
    minutes: 6,
    needed: { '/usr/include/cap-ng.h': 'libcap-ng-dev' }, // its 9p wants that, for a program that nobody builds here
    source: () => newestSource('qemu'),
    options: [...CONFIGURE, '--enable-attr', '--enable-cap-ng', '--enable-virtfs'],
    make: (step, objects) => step('ninja', 'qemu-system-arm', { cwd: objects, counts: 'compiled' }),
    program: (objects) => join(objects, 'qemu-system-arm'),
  },
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const glue = join(root, 'test/board/qemu');
const chip = join(root, 'native/chip');

/** Where in its source a QEMU is configured. */
const OBJECTS = 'build-board';

/** A QEMU that cannot be had, or does not take the board. */
class Unfit extends Failure {}

/** The QEMUs to try, by name. */
function wanted() {
  const { BOARD_QEMU: asked } = process.env;
  const names = asked ? [asked] : Object.keys(QEMUS);
  if (!QEMUS[names[0]]) throw new Failure(`which QEMU? BOARD_QEMU is ${Object.keys(QEMUS).join(' or ')}`);
  return names;
}

/** The programs and files that the first one of them takes, and the Debian packages that have them. */
export const emulatorNeeds = () => needsOf(QEMUS[wanted()[0]]);

const needsOf = ({ needed }) => ({ ...NEEDED, ...pythonNeeds(), ...needed });

let found;

/** The command of a QEMU that knows the board, as { program, preload }. */
export const emulator = () => (found ??= firstFit());

async function firstFit() {
  const names = wanted();
  for (const name of names) {
    try {
      return await withBoard(QEMUS[name]);
    } catch (error) {
      if (!(error instanceof Unfit) || name === names.at(-1)) throw error;
      console.error(`${error.message}\nThe board gets another QEMU.`);
    }
  }
}

async function withBoard(qemu) {
  demandTools(needsOf(qemu));
  const source = await qemu.source();
  const tree = await configuredTree(qemu, source);
  const preload = await compiledBoard(tree, source.version);
  const program = qemu.program(join(tree, OBJECTS));
  const { error, stdout, stderr } = spawnSync(program, ['-machine', 'help'], { env: { ...process.env, LD_PRELOAD: preload }, encoding: 'utf8' });
  if (error) throw new Unfit(`${program} does not run: ${error.message}`);
  if (!/^parallella /m.test(stdout)) throw new Unfit(`${program} does not take the board: ${stderr.trim()}`);
  return { program, preload };
}

/**
 * What is made for the QEMU that is tried first, as { title, minutes, place }. Where the hardware for it will be is not
 * known before that QEMU is there.
 */
export async function emulatorParts() {
  const qemu = QEMUS[wanted()[0]];
  const tree = treePlace(qemu, await qemu.source());
  return [
    { title: qemu.title, minutes: qemu.minutes, place: tree },
    { title: `the hardware of the board, ${sourcesOfBoard().filter(isCompiled).length} objects`, minutes: 1, place: existsSync(tree) ? boardPlace(tree) : undefined },
  ];
}

const treePlace = ({ options }, { version }) => cachePath(`qemu-${version.replace(/^\d+:/, '')}-${keyOf(options)}`);

const boardPlace = (tree) => cachePath(`board-${keyOf(tree, deviceOptions(tree), WARNINGS, PLUS, LINKED, ...sourcesOfBoard().map((file) => readFileSync(file)))}.so`);

const sourcesOfBoard = () => [glue, chip].flatMap((folder) => readdirSync(folder).filter((name) => /\.(c|cc|h)$/.test(name)).sort().map((name) => join(folder, name)));

const isCompiled = (file) => !file.endsWith('.h');

/** QEMU's source with all generated headers, the commands by which it compiles devices, and whatever else is made of it. */
async function configuredTree(qemu, source) {
  const { title, options, make } = qemu;
  try {
    return await built(treePlace(qemu, source), title, async ({ work, phase }) => {
      const tree = join(work, 'tree');
      const objects = join(tree, OBJECTS);
      await phase('qemu source', (step) => unpackSource(step, source, work, tree));
      await phase('qemu configure', (step) => step('../configure', ...options, { cwd: fresh(objects) }));
      await phase('qemu', (step) => make(step, objects));
      return tree;
    });
  } catch (error) {
    throw error instanceof Failure ? new Unfit(error.message) : error;
  }
}

async function makeHeaders(step, objects) {
  const rules = readFileSync(join(objects, 'build.ninja'), 'utf8');
  const headers = [...rules.matchAll(/^build ([^:]*): CUSTOM_COMMAND/gm)].flatMap(([, made]) => made.split(' ').filter((name) => name.endsWith('.h')));
  await step('ninja', ...headers.filter((name) => !/^tests|^storage-daemon/.test(name)), { cwd: objects });
}

/** The options with which QEMU compiles the board that ours is made of. */
function deviceOptions(tree) {
  const objects = join(tree, OBJECTS);
  const commands = JSON.parse(readFileSync(join(objects, 'compile_commands.json'), 'utf8'));
  const { command } = commands.find(({ file }) => file.endsWith('hw/arm/xilinx_zynq.c'));
  const options = command.replace(/ -MD .*/, '').replaceAll(`${tree}.partial/tree`, tree).replace('-fPIE', '-fPIC').split(' ').slice(1);
  return options.map((option) => option.replace(/^'(.*)'$/, '$1'));
}

/** @throws Failure if it does not compile: that is for us to mend, and no reason to take another QEMU */
async function compiledBoard(tree, version) {
  try {
    return await linkedBoard(tree);
  } catch (error) {
    throw error instanceof Failure ? new Failure(`the board cannot be made for QEMU ${version}; ${TRIED} is what was tried.\n${error.message}`) : error;
  }
}

async function linkedBoard(tree) {
  const device = deviceOptions(tree);
  return built(boardPlace(tree), 'the board', async ({ work, phase }) => {
    const made = join(work, 'board.so');
    await phase('board', async (step) => {
      const queue = sourcesOfBoard().filter(isCompiled).map((file, number) => [file, number]);
      const total = queue.length;
      const compile = async (file, number) => {
        const object = join(work, `${number}.o`);
        const [compiler, ...options] = file.endsWith('.cc')
          ? ['g++', ...PLUS, `-I${join(root, 'native')}`]
          : ['gcc', ...device, `-I${glue}`];
        await step(compiler, ...options, ...WARNINGS, '-c', file, '-o', object, { cwd: join(tree, OBJECTS), counts: 'compiled', total });
        return object;
      };
      const objects = [];
      const worker = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) objects.push(await compile(...next));
      };
      await Promise.all(Array.from({ length: availableParallelism() }, worker));
      await step('g++', ...LINKED, '-o', made, ...objects);
    });
    return made;
  });
}
