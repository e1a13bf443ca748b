// SPDX-License-Identifier: MIT
/** A virtual Parallella that runs one command. */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Failure } from '../../scripts/cached-build.mjs';
import { foreignNode } from '../../scripts/foreign-node.mjs';
import { emulator } from './hardware.mjs';
import { deviceTree, initialFiles } from './image.mjs';
import { kernel, kernelModules } from './kernel.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guest = fileURLToPath(new URL('guest', import.meta.url));
const driver = join(root, 'kernel');

const BOOT = 'console=ttyPS0,115200 panic=-1 oops=panic';
/** Nobody uses its two ports, but QEMU complains of those that are not connected. */
const NETWORK = ['-nic', 'user,restrict=on', '-nic', 'user,restrict=on'];
/** How much of the console is shown when something went wrong. */
const TAIL_LINES = 60;

/**
 * Boots a board, runs `command`, an array of words, and resolves to its exit code; without a command, there is a shell
 * on the terminal.
 *
 * - `flavour`, `chip`: which kernel, which hardware.
 * - `modules`: folders of kernel modules, built and loaded in this order, after the driver unless `hasDriver` is false.
 * - `append`: more of a kernel command line.
 * - `timeout`: seconds; a board that takes longer is taken for dead.
 * - `stdin`, `stdout`, `stderr`: streams.
 */
export async function runOnBoard(command, { flavour = 'plain', chip = 'e16g301', hasDriver = true, modules = [], append = '', timeout = 600, stdin, stdout, stderr, keep = false }) {
  const [{ program, preload }, built, initial] = [await emulator(), await kernel(flavour), await initialFiles()];
  const folder = mkdtempSync(join(tmpdir(), 'board-'));
  try {
    const shared = join(folder, 'run');
    mkdirSync(join(shared, 'modules'), { recursive: true });
    const folders = [guest, ...(hasDriver && existsSync(join(driver, 'Kbuild')) ? [driver] : []), ...modules];
    const files = [];
    for (const source of folders) files.push(...(await kernelModules(built, source)));
    mkdirSync(join(shared, 'tests'));
    // Modules of tests run when they are loaded: whoever wants that does it.
    for (const [i, file] of files.entries()) {
      const name = file.endsWith('-kunit.ko') ? join('tests', basename(file)) : join('modules', `${String(i).padStart(2, '0')}-${basename(file)}`);
      copyFileSync(file, join(shared, name));
    }
    const isInteractive = command.length === 0;
    if (isInteractive) writeFileSync(join(shared, 'interactive'), '');
    writeFileSync(join(shared, 'command'), script(isInteractive ? ['sh', '-i'] : command));
    const wires = isInteractive
      ? ['-chardev', 'stdio,id=terminal,signal=off', '-device', 'virtconsole,chardev=terminal']
      : await Promise.all([plug(folder, 'stdin', stdin), plug(folder, 'stdout', undefined, stdout), plug(folder, 'stderr', undefined, stderr)]);
    const share = (tag, path, options = '') => [
      '-fsdev', `local,id=${tag},path=${path.replaceAll(',', ',,')},security_model=none,multidevs=remap${options}`,
      '-device', `virtio-9p-device,fsdev=${tag},mount_tag=${tag}`,
    ];
    const options = [
      '-machine', `parallella,chip=${chip}`, '-m', '1G', '-accel', 'tcg,thread=multi', '-display', 'none', '-no-reboot', ...NETWORK,
      '-kernel', built.image, '-dtb', deviceTree(built.tree, chip, folder), '-initrd', initial, '-append', `${BOOT} ${append}`,
      '-serial', 'null', '-serial', `file:${join(folder, 'console')}`, '-monitor', 'none',
      '-qmp', `unix:${join(folder, 'qmp')},server=on,wait=off`,
      ...share('root', foreignNode('arm').root, ',readonly=on'), ...share('project', root), ...share('run', shared),
      '-device', 'virtio-serial-device', ...wires.flat(),
    ];
    const ending = await emulate(program, options, preload, timeout);
    const status = join(shared, 'status');
    if (existsSync(status)) return Number(readFileSync(status, 'utf8'));
    throw new Failure(`the board ${ending}. The end of its console:\n${tail(join(folder, 'console'))}`);
  } finally {
    if (keep) console.error(`board: its files are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
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
  await new Promise((resolve) => server.listen(path, resolve));
  return ['-chardev', `socket,id=${name},path=${path}`, '-device', `virtserialport,chardev=${name},name=${name}`];
}

/** Runs QEMU to its end, and says how it came. */
function emulate(program, options, preload, timeout) {
  return new Promise((resolve, reject) => {
    // Only QEMU is to have the board loaded.
    const child = spawn(program, options, { stdio: 'inherit', env: { ...process.env, LD_PRELOAD: preload } });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeout * 1000);
    const stop = () => child.kill('SIGKILL');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, stop);
      if (isLate) resolve(`was not done after ${timeout} s`);
      else resolve(code === 0 ? 'went down before the command had ended' : `broke: QEMU ended with ${signal ?? code}`);
    });
  });
}

const tail = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n') : '(nothing)');
