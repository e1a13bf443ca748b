// SPDX-License-Identifier: MIT
//
//   node scripts/kernel/parallella.mjs FOLDER
//
// Everything that a Parallella needs to run Linux with the driver, cross-built from Debian's source of the kernel, which
// Debian itself builds for no Zynq. FOLDER then has what is to be copied to the SD card, and nothing else. The kernel is
// kept in the user's cache: with another driver, the second time takes seconds.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { demandTools } from '../lib/cached-build.mjs';
import { CROSS, buildKernel } from './build.mjs';
import { copyDriver } from './headers.mjs';
import { driverFolder } from './patch.mjs';
import { run } from '../lib/run.mjs';

const NEEDED = { mkimage: 'u-boot-tools', depmod: 'kmod' };

/** Boards, by the number of their cores. */
const boards = ['16', '64'];

const advice = (folder) => `
${folder} has, for the SD card of a Parallella:

  boot/              to the first partition, which is FAT. The board's U-Boot looks for uImage and devicetree.dtb:
                       cp ${folder}/boot/* BOOT/
                       cp ${folder}/boot/parallella16.dtb BOOT/devicetree.dtb   # or parallella64.dtb
                     parallella.bit.bin, the FPGA's bitstream, stays as it is there.
  root/              to the second partition, the root file system, as root:
                       cp -a --no-preserve=ownership ${folder}/root/. ROOT/
                     The driver is then loaded by itself, /dev/epiphany is for the group epiphany:
                       groupadd --system epiphany; usermod --append --groups epiphany USER

overlays/ is for those who have a kernel already, whose tree was compiled with symbols:
                       fdtoverlay -i devicetree.dtb -o new.dtb ${folder}/overlays/epiphany-e16.dtbo`;

function installTrees(folder, { objects, source }) {
  const dtc = join(objects, 'scripts/dtc/dtc');
  const trees = join(driverFolder, 'dts');
  const include = ['-i', trees, '-i', join(source, 'arch/arm/boot/dts/xilinx')];
  const quiet = ['-q']; // the kernel's own trees have warnings; scripts/kernel/checks.mjs shows ours
  for (const board of boards) {
    run([dtc, '-@', ...quiet, '-I', 'dts', '-O', 'dtb', ...include, '-o', join(folder, 'boot', `parallella${board}.dtb`), join(trees, `zynq-parallella${board}.dts`)]);
    run([dtc, '-@', ...quiet, '-I', 'dts', '-O', 'dtb', ...include, '-o', join(folder, 'overlays', `epiphany-e${board}.dtbo`), join(trees, `epiphany-e${board}.dtso`)]);
  }
}

function installModules(folder, { objects }) {
  const root = join(folder, 'root');
  // What is below /lib on Debian is below /usr/lib in truth, and a copy must not replace the link.
  const install = [`INSTALL_MOD_PATH=${join(root, 'usr')}`, 'INSTALL_MOD_STRIP=1', '-s'];
  run(['make', '-C', objects, ...CROSS, ...install, 'modules_install']);
  const scratch = mkdtempSync(join(tmpdir(), 'board-kernel-'));
  try {
    const copy = join(scratch, 'epiphany');
    copyDriver(driverFolder, copy);
    const make = ['make', '-C', objects, ...CROSS, `M=${copy}`, ...install, `-j${availableParallelism()}`];
    run([...make, 'modules']);
    run([...make, 'modules_install']);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const modules = join(root, 'usr/lib/modules');
  const [release] = readdirSync(modules);
  for (const link of ['build', 'source']) rmSync(join(modules, release, link), { force: true }); // to places of this machine
  return release;
}

function installRules(folder) {
  const rules = join(folder, 'root/usr/lib/udev/rules.d');
  mkdirSync(rules, { recursive: true });
  cpSync(join(driverFolder, 'udev/70-epiphany.rules'), join(rules, '70-epiphany.rules'));
}

async function main(folder) {
  demandTools(NEEDED);
  if (existsSync(folder) && readdirSync(folder).some((name) => !['boot', 'root', 'overlays'].includes(name))) {
    throw new Error(`${folder} has something else in it`);
  }
  const kernel = await buildKernel({
    name: 'parallella',
    base: 'alldefconfig',
    fragments: [join(driverFolder, 'board/parallella.config')],
    // U-Boot copies it there, which is where it wants to be.
    goals: ['uImage', 'LOADADDR=0x8000'],
  });
  for (const name of ['boot', 'root', 'overlays']) {
    rmSync(join(folder, name), { recursive: true, force: true });
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ['uImage', 'zImage']) cpSync(join(kernel.objects, 'arch/arm/boot', name), join(folder, 'boot', name));
  installTrees(folder, kernel);
  const release = installModules(folder, kernel);
  installRules(folder);
  cpSync(join(kernel.objects, '.config'), join(folder, 'boot', `config-${release}`));
  const symbols = readFileSync(join(folder, 'root/usr/lib/modules', release, 'modules.dep'), 'utf8');
  if (!/epiphany\.ko/.test(symbols)) throw new Error('the driver is not among the modules');
  console.log(`Linux ${release}${advice(folder)}`);
}

try {
  if (!/^[^-]/.test(process.argv[2] ?? '')) throw new Error('into which folder? node scripts/kernel/parallella.mjs FOLDER');
  await main(resolve(process.argv[2]));
} catch (error) {
  console.error(`board-kernel: ${error.message}`);
  process.exitCode = 1;
}
