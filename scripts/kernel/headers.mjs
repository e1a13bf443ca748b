// SPDX-License-Identifier: MIT
// Builds a module against the headers of a Debian kernel, of any suite and architecture, without installing anything.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, cpSync, existsSync, openSync, readdirSync, readFileSync, readSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

import { cached } from '../lib/cache.mjs';
import { demandTools } from '../lib/cached-build.mjs';
import { debianNeeds, inFirstSuite, unpack } from '../lib/debian.mjs';

/** By Debian's name: the kernel's own, whose headers, the compiler's prefix, and what runs its programs here. */
const architectures = {
  armhf: { arch: 'arm', flavour: 'armmp', gnu: 'arm-linux-gnueabihf', qemu: 'qemu-arm', modpost: 'modpost.real-lsb-32' },
  arm64: { arch: 'arm64', flavour: 'arm64', gnu: 'aarch64-linux-gnu', qemu: 'qemu-aarch64', modpost: 'modpost.real-lsb-64' },
  amd64: { arch: 'x86', flavour: 'amd64', gnu: 'x86_64-linux-gnu', qemu: 'qemu-x86_64', modpost: 'modpost.real-lsb-64' },
};

/** The programs that it takes to build a module for an architecture, and the Debian packages that have them. */
export const headersNeeds = (architecture) => {
  const { gnu, qemu } = architectures[architecture];
  return { ...debianNeeds, make: 'make', [`${gnu}-gcc`]: `gcc-${gnu.replace('_', '-')}`, [qemu]: 'qemu-user' };
};

/** The Debian suites with the kernel, best first. "newest" is what distributions come to next. */
export const kernels = {
  '5.10': ['bullseye'],
  '6.1': ['bookworm'],
  6.12: ['trixie', 'bookworm-backports'],
  newest: ['sid', 'forky', 'trixie-backports'],
};

/** Options of newer compilers than this machine may have, which a kernel that was configured with such a one then uses. */
const newerOptions = {
  CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT: '-fmin-function-alignment=8',
};

/** The headers of a kernel: { release, command }, where `command` is a make that wants M=… and goals. */
export function kernelHeaders(kernel, architecture) {
  demandTools(headersNeeds(architecture));
  const { arch, flavour, gnu } = architectures[architecture];
  return inFirstSuite(kernels[kernel], architecture, async (suite) => {
    const follow = (name) => /^(linux-(headers|kbuild)-|lib)/.test(name);
    const packages = await suite.closure([`linux-headers-${flavour}`], follow);
    const files = await suite.fetch(packages);
    const release = packages[1].name.replace('linux-headers-', '');
    const key = createHash('sha256').update([...packages.map(({ sha256 }) => sha256), makeRoot, runEmulated].join());
    const root = await cached(`kernel-headers-${release}-${key.digest('hex').slice(0, 12)}`, (scratch, place) =>
      makeRoot(files, architecture, scratch, place),
    );
    const command = [
      'make', '-C', join(root, 'usr/src', `linux-headers-${release}`), `ARCH=${arch}`, `CROSS_COMPILE=${gnu}-`,
      `CC=${gnu}-gcc`, 'DEB_BUILD_ARCH=none', `DEB_HOST_ARCH=${architecture}`, `DEB_HOST_GNU_TYPE=${gnu}`,
      ...withoutUnknownOptions(`${gnu}-gcc`),
      'CONFIG_DEBUG_INFO_BTF_MODULES=', // wants the pahole of its own suite; only tracers read what that adds
    ];
    return { release, command };
  });
}

function withoutUnknownOptions(compiler) {
  const knows = (option) => spawnSync(compiler, [option, '-fsyntax-only', '-x', 'c', '/dev/null']).status === 0;
  return Object.keys(newerOptions).filter((name) => !knows(newerOptions[name])).map((name) => `${name}=`);
}

/** What make leaves beside sources. */
const products = /(\.(o|ko|mod|mod\.c|cmd|a|dtbo?)|\/(Module\.symvers|modules\.order|\.tmp_versions))$/;

/** Copies the driver to where it may be built: its own folder stays as it is, whatever was built there before. */
export function copyDriver(source, folder) {
  cpSync(source, folder, { recursive: true, filter: (path) => !products.test(path) });
}

/**
 * Makes the module in `folder`, and whatever `variables` and `goal` ask for: { succeeded, log, warnings }, the latter
 * as { ours, theirs }.
 */
export async function makeModule({ command }, folder, variables = [], goal = 'modules') {
  const { code, log } = await collect('nice', [...command, `M=${folder}`, ...variables, goal]);
  const warnings = log.split('\n').filter((line) => /\bwarning:/i.test(line));
  const ours = warnings.filter((line) => isOurs(line, folder));
  return { succeeded: code === 0, log, warnings: { ours, theirs: warnings.filter((line) => !ours.includes(line)) } };
}

/** Kernels name our files by their full path or, from 6.13, from the module's folder. modpost speaks of nobody else. */
function isOurs(line, folder) {
  if (/\bmodpost:/.test(line)) return true;
  const file = resolve(folder, /^([^:\s]+):/.exec(line)?.[1] ?? '/');
  return !relative(folder, file).startsWith('..') && existsSync(file);
}

/**
 * The programs among the headers are those of the target, and emulated: what modpost reads has the target's sizes in
 * it, and a newer Debian's programs want a newer libc than this machine has. Makefiles name their neighbours by where
 * they would be installed.
 */
function makeRoot(files, architecture, scratch, place) {
  const { qemu, modpost } = architectures[architecture];
  const root = join(scratch, 'root');
  unpack(files, root);
  // Where all packages ship only /usr/lib, the link by which programs name their loader comes from yet another one.
  if (!existsSync(join(root, 'lib'))) symlinkSync('usr/lib', join(root, 'lib'));
  for (const name of readdirSync(join(root, 'usr/src'))) {
    const makefile = join(root, 'usr/src', name, 'Makefile');
    if (/-common$/.test(name) || !existsSync(makefile)) continue;
    writeFileSync(makefile, readFileSync(makefile, 'utf8').replaceAll('/usr/src/', `${place}/usr/src/`));
  }
  const library = join(root, 'usr/lib');
  const kbuild = readdirSync(library).find((name) => name.startsWith('linux-kbuild-'));
  for (const name of readdirSync(join(library, kbuild), { recursive: true })) {
    const file = join('usr/lib', kbuild, name);
    // modpost itself only looks for the one that fits.
    if (isProgram(join(root, file))) runEmulated(root, place, file, qemu, basename(name) === 'modpost' ? modpost : undefined);
  }
  return root;
}

function isProgram(file) {
  const start = Buffer.alloc(4);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, start);
  } catch {
    return false; // a folder
  } finally {
    closeSync(descriptor);
  }
  return start.equals(Buffer.from('\x7fELF', 'latin1')) && !/\.real-/.test(file);
}

function runEmulated(root, place, file, qemu, instead) {
  const program = instead === undefined ? `${file}.program` : join(file, '..', instead);
  if (instead === undefined) renameSync(join(root, file), join(root, program));
  writeFileSync(join(root, file), `#!/bin/sh\nexec ${qemu} -L ${place} ${join(place, program)} "$@"\n`, { mode: 0o755 });
}

function collect(program, args) {
  return new Promise((fulfil, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));
    child.on('error', reject);
    child.on('close', (code) => fulfil({ code, log }));
  });
}
