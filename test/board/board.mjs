// SPDX-License-Identifier: MIT
/** A virtual board that runs one command. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Failure, demandTools } from '../../scripts/lib/cached-build.mjs';
import { headersNeeds } from '../../scripts/kernel/headers.mjs';
import { kernelNeeds } from '../../scripts/kernel/build.mjs';
import { foreignNode } from '../../scripts/package/foreign-node.mjs';
import { freshPrebuild, prebuildNeeds } from '../../scripts/package/prebuild.mjs';
import { distributionKernel, distributions } from './distribution.mjs';
import { firstBoot } from './first-boot.mjs';
import { emulator, emulatorNeeds } from './hardware.mjs';
import { deviceTree, imageNeeds, initialFiles } from './image.mjs';
import { flavours, kernelModules, kernel as ownKernel } from './kernel.mjs';
import { machineOptions, machines } from './machines.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const driver = join(root, 'kernel');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** How much of the console is shown when something went wrong. */
const TAIL_LINES = 60;

/** The kernels there are: ours, for a Parallella, and Debian's, for another machine. */
export const boardKernels = [...flavours, ...distributions];

/** Kernels of which it was told what is to be built for them. */
const told = new Set();

/** Throws, before anything is fetched or built, unless this machine has all programs that a board with this kernel takes. */
export function demandBoard(kernel = boardKernels[0]) {
  const needed = flavours.includes(kernel) ? kernelNeeds : headersNeeds('armhf');
  demandTools({ ...prebuildNeeds('arm'), ...emulatorNeeds(), ...imageNeeds, ...needed });
}

/** Tells what is to come, once. */
async function tellFirstBoot(kernel) {
  if (told.has(kernel)) return;
  told.add(kernel);
  process.stderr.write(await firstBoot(kernel));
}

/**
 * Boots a board that runs `command`, an array of words; without one there is a shell on the terminal.
 *
 * - `kernel`, `chip`, `node`: which one of each.
 * - `modules`: folders of kernel modules, built and loaded in this order, after the driver unless `hasDriver` is false.
 * - `overlays`: files of what the device tree gets, instead of what the chip has in kernel/dts.
 * - `append`: more of a kernel command line.
 * - `timeout`: seconds; a board that takes longer is taken for dead. 0: never.
 * - `stdin`: a stream; `outputs`: streams by the name of the board's port, `stdout` and `stderr` at least.
 *
 * Returns { ended, console, kill }: a promise of the command's exit code, which is rejected if the board goes down
 * before; a function that gives what is on the console so far; and one that switches the board off, for a reason.
 */
export async function boot(command, { kernel: name = 'plain', chip = 'e16g301', node, hasDriver = true, modules = [], overlays, append = '', timeout = 600, stdin, outputs = {}, keep = false }) {
  demandBoard(name);
  await tellFirstBoot(name);
  freshPrebuild('arm');
  const isOurs = flavours.includes(name);
  const [qemu, kernel, files] = [await emulator(), await (isOurs ? ownKernel : distributionKernel)(name), await foreignNode('arm', node)];
  const folder = mkdtempSync(join(tmpdir(), 'board-'));
  const remove = () => {
    if (keep) process.stderr.write(`board: its files are in ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true });
  };
  try {
    const shared = await shareFiles(folder, command, kernel, [...machines[kernel.machine].drivers, ...(hasDriver ? [driver] : []), ...modules]);
    const log = join(folder, 'console');
    const options = await boardOptions({ folder, shared, log, qemu, kernel, files, chip, overlays, append, isInteractive: command.length === 0, stdin, outputs });
    const { ending, kill, signal } = emulate(qemu, options, timeout);
    let last = '';
    const console = () => (existsSync(log) ? (last = readFileSync(log, 'utf8')) : last);
    const ended = ending
      .then((end) => {
        const status = join(shared, 'status');
        const code = existsSync(status) ? readFileSync(status, 'utf8').trim() : '';
        const isWhole = !console().includes('Kernel panic'); // it may panic on its way down, too
        if (/^\d+$/.test(code) && end === undefined && isWhole) return Number(code);
        throw new Failure(`the board ${end ?? (isWhole ? 'went down before the command had ended' : 'panicked')}. The end of its console:\n${tail(console())}`);
      })
      .finally(() => {
        console(); // the last of it
        remove();
        // A signal that ends the board is meant for what runs it, too.
        if (signal()) process.kill(process.pid, signal());
      });
    return { ended, console, kill };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Puts the command, and modules built from these folders, where the board finds them: the folder that it shares. */
async function shareFiles(folder, command, kernel, sources) {
  const shared = join(folder, 'run');
  for (const name of ['modules', 'tests']) mkdirSync(join(shared, name), { recursive: true });
  const loaded = [];
  for (const source of sources) loaded.push(...(await kernelModules(kernel, source)));
  // Modules of tests run when they are loaded: a test that wants that does it.
  for (const [i, file] of loaded.entries()) {
    const place = file.endsWith('-kunit.ko') ? join('tests', basename(file)) : join('modules', `${String(i).padStart(2, '0')}-${basename(file)}`);
    copyFileSync(file, join(shared, place));
  }
  const isInteractive = command.length === 0;
  if (isInteractive) writeFileSync(join(shared, 'interactive'), '');
  writeFileSync(join(shared, 'command'), script(isInteractive ? ['sh', '-i'] : command));
  return shared;
}

/** QEMU's options for a board. */
async function boardOptions({ folder, shared, log, qemu, kernel, files, chip, overlays, append, isInteractive, stdin, outputs }) {
  const machine = machines[kernel.machine];
  const wires = isInteractive
    ? [['-chardev', 'stdio,id=terminal,signal=off', '-device', 'virtconsole,chardev=terminal']]
    : [await plug(folder, 'stdin', stdin), ...(await Promise.all(Object.entries(outputs).map(([port, output]) => plug(folder, port, undefined, output))))];
  const share = (tag, path, options = '') => [
    '-fsdev', `local,id=${tag},path=${path.replaceAll(',', ',,')},security_model=none,multidevs=remap${options}`,
    '-device', `virtio-9p-device,fsdev=${tag},mount_tag=${tag}`,
  ];
  const tree = machine.tree(kernel, qemu, chip, folder);
  return [
    ...machineOptions(kernel.machine, chip), '-accel', 'tcg,thread=multi', '-display', 'none', '-no-reboot',
    '-kernel', kernel.image, '-dtb', deviceTree(tree, overlays ?? machine.overlays(chip), folder), '-initrd', await initialFiles(kernel.modules),
    // What a kernel finds wrong must not be pushed out of its log by hundreds of faults that a test wants.
    '-append', `console=${machine.console} panic=-1 oops=panic log_buf_len=4M ${append}`,
    '-serial', `file:${log}`, '-monitor', 'none',
    ...share('root', files.root, ',readonly=on'), ...share('project', root), ...share('run', shared),
    '-device', 'virtio-serial-device', ...wires.flat(),
  ];
}

/** What the board's shell is to do: where we are, if that is a folder of the project. */
function script(command) {
  const inside = relative(root, process.cwd());
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return `cd '/project/${inside.startsWith('..') ? '' : inside}'\nexec ${words.join(' ')}\n`;
}

/** A port of the board, and the streams at its other end. */
async function plug(folder, name, input, output) {
  const path = join(folder, name);
  const server = net.createServer((socket) => {
    server.close();
    socket.on('data', (data) => output?.write(data));
    socket.on('error', () => {}); // the board ends when it likes
    if (output === undefined) {
      if (input) input.pipe(socket);
      else socket.end();
    }
  });
  server.unref(); // QEMU may end before it connects
  await new Promise((resolve) => server.listen(path, resolve));
  return ['-chardev', `socket,id=${name},path=${path}`, '-device', `virtserialport,chardev=${name},name=${name}`];
}

/**
 * Runs QEMU: { ending, kill, signal }; the first says what was wrong with its end, if anything was, the last answers
 * which signal wanted it, if any did.
 */
function emulate({ program, preload }, options, timeout) {
  // Only QEMU is to have the board loaded.
  const child = spawn(program, options, { stdio: 'inherit', env: { ...process.env, LD_PRELOAD: preload } });
  let reason;
  let signalled;
  const kill = (why) => {
    reason ??= why;
    child.kill('SIGKILL');
  };
  const timer = timeout && setTimeout(() => kill(`was not done after ${timeout} s`), timeout * 1000);
  const stop = (signal) => {
    signalled = signal;
    kill(`was ended by ${signal}`);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const ending = new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Failure(`cannot run ${program}: ${error.message}`)));
    child.on('close', (code, signal) => resolve(reason ?? (code === 0 ? undefined : `broke: QEMU ended with ${signal ?? code}`)));
  }).finally(() => {
    clearTimeout(timer);
    for (const name of SIGNALS) process.off(name, stop);
  });
  return { ending, kill, signal: () => signalled };
}

/** The last lines of a console. */
export const tail = (text) => text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
