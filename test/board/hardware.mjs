// SPDX-License-Identifier: MIT
/**
 * The virtual board's hardware: this machine's own qemu-system-arm, with the parts of a Parallella that it lacks loaded
 * into it. They are compiled against the headers of the very version that is installed, with its kind of configuration.
 * A QEMU that will not have them is replaced by one of our own building, from the same source.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cachePath } from '../../scripts/cache.mjs';
import { Failure, built, demandTools, fresh, keyOf } from '../../scripts/cached-build.mjs';
import { installedSource, unpackSource } from '../../scripts/debian-source.mjs';

const NEEDED = {
  'qemu-system-arm': 'qemu-system-arm', gcc: 'gcc', 'g++': 'g++', ninja: 'ninja-build', meson: 'meson', 'pkg-config': 'pkg-config',
  'apt-get': 'apt', 'dpkg-source': 'dpkg-dev', flock: 'util-linux',
};

/** What of Debian's configuration changes the headers' structures, or whether anything can be loaded at all. */
const CONFIGURE = [
  '--target-list=arm-softmmu', '--without-default-features', '--enable-tcg', '--enable-modules', '--enable-plugins',
  '--enable-fdt=system', '--disable-docs', '--disable-tools', '--disable-guest-agent',
  '--disable-werror', '--disable-install-blobs', '--disable-debug-info',
];

/** What a QEMU of our own has to have besides, and needs libcap-ng-dev and libattr1-dev for. */
const CONFIGURE_OWN = [...CONFIGURE, '--enable-virtfs', '--enable-attr', '--enable-cap-ng'];

const root = fileURLToPath(new URL('../..', import.meta.url));
const glue = join(root, 'test/board/qemu');
const chip = join(root, 'native/chip');

/** The command of a QEMU that knows the board, as { program, preload }. */
export async function emulator() {
  demandTools(NEEDED);
  const source = installedSource('qemu-system-arm');
  const tree = await configuredTree(source);
  const preload = await compiledBoard(tree);
  const program = knowsBoard('qemu-system-arm', preload) ? 'qemu-system-arm' : await ownQemu(source, tree);
  if (!knowsBoard(program, preload)) throw new Failure(`neither this machine's QEMU nor ${program} knows the board`);
  return { program, preload };
}

const knowsBoard = (program, preload) =>
  /^parallella /m.test(spawnSync(program, ['-machine', 'help'], { env: { ...process.env, LD_PRELOAD: preload }, encoding: 'utf8' }).stdout);

/** QEMU's source with all generated headers, and the command by which it compiles a device. */
function configuredTree(source) {
  const place = cachePath(`qemu-${source.version.replace(/^\d+:/, '')}-${keyOf(CONFIGURE)}`);
  return built(place, `headers of QEMU ${source.version}`, async ({ work, phase }) => {
    const tree = join(work, 'tree');
    const objects = join(tree, 'build-board');
    await phase('qemu source', (step) => unpackSource(step, source, work, tree));
    await phase('qemu configure', (step) => step('../configure', ...CONFIGURE, { cwd: fresh(objects) }));
    await phase('qemu headers', async (step) => {
      const rules = readFileSync(join(objects, 'build.ninja'), 'utf8');
      const headers = [...rules.matchAll(/^build ([^:]*): CUSTOM_COMMAND/gm)].flatMap(([, made]) => made.split(' ').filter((name) => name.endsWith('.h')));
      await step('ninja', ...headers.filter((name) => !/^tests|^storage-daemon/.test(name)), { cwd: objects });
    });
    return tree;
  });
}

/** The options with which QEMU compiles the board that ours is made of. */
function deviceOptions(tree) {
  const objects = join(tree, 'build-board');
  const commands = JSON.parse(readFileSync(join(objects, 'compile_commands.json'), 'utf8'));
  const { command } = commands.find(({ file }) => file.endsWith('hw/arm/xilinx_zynq.c'));
  const options = command.replace(/ -MD .*/, '').replaceAll(`${tree}.partial/tree`, tree).replace('-fPIE', '-fPIC').split(' ').slice(1);
  return options.map((option) => option.replace(/^'(.*)'$/, '$1'));
}

async function compiledBoard(tree) {
  const sources = [glue, chip].flatMap((folder) => readdirSync(folder).filter((name) => /\.(c|cc|h)$/.test(name)).sort().map((name) => join(folder, name)));
  const place = cachePath(`board-${keyOf(tree, ...sources.map((file) => readFileSync(file)))}.so`);
  return built(place, 'the board', async ({ work, phase }) => {
    const made = join(work, 'board.so');
    await phase('board', async (step) => {
      const compile = async (file, number) => {
        const object = join(work, `${number}.o`);
        const [compiler, ...options] = file.endsWith('.cc')
          ? ['g++', '-std=c++17', '-O2', '-ffp-contract=off', '-fvisibility=hidden', `-I${join(root, 'native')}`]
          : ['gcc', ...deviceOptions(tree), `-I${glue}`];
        await step(compiler, ...options, '-fPIC', '-Wall', '-Werror', '-c', file, '-o', object, { cwd: join(tree, 'build-board'), counts: 'compiled' });
        return object;
      };
      const queue = sources.filter((file) => !file.endsWith('.h')).map((file, number) => [file, number]);
      const objects = [];
      const worker = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) objects.push(await compile(...next));
      };
      await Promise.all(Array.from({ length: availableParallelism() }, worker));
      await step('g++', '-shared', '-pthread', '-o', made, ...objects);
    });
    return made;
  });
}

/** A qemu-system-arm built from the tree, for machines whose own does not take the board. */
async function ownQemu({ version }, tree) {
  const place = cachePath(`qemu-system-arm-${version.replace(/^\d+:/, '')}-${keyOf(CONFIGURE_OWN)}`);
  return built(place, `QEMU ${version}`, async ({ phase }) => {
    const objects = join(tree, 'build-board');
    await phase('qemu', async (step) => {
      await step('../configure', ...CONFIGURE_OWN, { cwd: objects });
      await step('ninja', 'qemu-system-arm', { cwd: objects, counts: 'compiled' });
    });
    return join(objects, 'qemu-system-arm');
  });
}
