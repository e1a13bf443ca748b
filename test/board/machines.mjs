// SPDX-License-Identifier: MIT
/** The machines of the virtual board: what QEMU is told of each, and what their device trees are made of. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Failure } from '../../scripts/lib/cached-build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const trees = fileURLToPath(new URL('tree', import.meta.url));
const guest = fileURLToPath(new URL('guest', import.meta.url));

/** A network of one. */
const NOWHERE = ['-nic', 'socket,udp=127.0.0.1:9,localaddr=127.0.0.1:0'];

/**
 * By the name that qemu/ gives them:
 * - `options`: of QEMU, before its serial port; `console`: what Linux calls that;
 * - `drivers`: folders of modules, for what no Parallella has;
 * - `tree(kernel, emulator, chip, folder)`: the machine's own device tree; `overlays(chip)`: files of what comes on top of it.
 */
export const machines = {
  parallella: {
    // Nobody uses its two network ports, but QEMU complains of those that are not connected. This every QEMU can.
    options: [...NOWHERE, ...NOWHERE, '-serial', 'null'],
    console: 'ttyPS0,115200',
    drivers: [guest],
    tree: ({ tree }) => tree,
    // The bench last: it replaces the chip's supply.
    overlays: (chip) => [join(root, `kernel/dts/epiphany-${chip.slice(0, 3)}.dtso`), join(trees, 'bench.dtso')],
  },
  'epiphany-virt': {
    options: ['-cpu', 'cortex-a15', '-smp', '2', '-nic', 'none', '-global', 'virtio-mmio.force-legacy=false'],
    console: 'ttyAMA0',
    drivers: [],
    tree: (_, emulator, chip, folder) => dumpedTree('epiphany-virt', emulator, chip, join(folder, 'machine.dtb')),
    overlays: (chip) => [join(trees, `virt-${chip}.dtso`)],
  },
};

/** The beginning of QEMU's options for a machine. */
export const machineOptions = (name, chip, more = '') => ['-machine', `${name},chip=${chip}${more}`, '-m', '1G', ...machines[name].options];

/** The tree that QEMU makes itself. */
function dumpedTree(name, { program, preload }, chip, file) {
  const options = [...machineOptions(name, chip, `,dumpdtb=${file}`), '-display', 'none'];
  const { status, stderr } = spawnSync(program, options, { env: { ...process.env, LD_PRELOAD: preload }, encoding: 'utf8' });
  if (status !== 0) throw new Failure(`QEMU makes no device tree: ${stderr}`);
  return file;
}
