// SPDX-License-Identifier: MIT
//
//   node scripts/foreign-node.mjs arm|arm64
//
// Debian's own Node for another architecture, to be run with qemu-user: a folder with /usr/bin/node and every library
// it needs. The last line on stdout is that folder.
//
// The host's apt fetches it, so signatures and hashes are verified and the sources are the user's own, but with private
// lists, cache and package status: the machine's apt never learns of it, and root is not needed. The empty status is
// also what makes apt download the whole closure, down to libc.
//
// A root is never updated in place: other apt sources give another root, and deleting one fetches the newest packages.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { aptConfiguration } from './debian.mjs';

const targets = {
  arm: { debian: 'armhf', qemu: 'qemu-arm' },
  arm64: { debian: 'arm64', qemu: 'qemu-aarch64' },
};

const packages = ['nodejs'];

const remedies = {
  'apt-get': 'it is part of Debian and its derivatives, the only hosts this works on',
  'dpkg-deb': 'apt-get install dpkg',
  'qemu-arm': 'apt-get install qemu-user',
  'qemu-aarch64': 'apt-get install qemu-user',
};

/** Makes the root for `arch` if it is absent. `[...emulator, node]` is the command that runs its Node here. */
export function foreignNode(arch) {
  const target = targets[arch];
  if (!target) throw new Error(`for which architecture? ${Object.keys(targets).join(' or ')}`);

  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'node-epiphany');
  const root = join(cache, `node-${target.debian}-${recipeKey()}`);
  if (!existsSync(root)) {
    mkdirSync(cache, { recursive: true });
    const scratch = mkdtempSync(`${root}.`);
    try {
      fetchRoot(target, scratch);
      publish(join(scratch, 'root'), root);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return describe(target, root);
}

const describe = ({ qemu }, root) => ({ root, emulator: [qemu, '-L', root], node: join(root, 'usr/bin/node') });

function fetchRoot(target, scratch) {
  const root = join(scratch, 'root');
  const archives = join(scratch, 'archives');
  for (const folder of [root, join(scratch, 'lists/partial'), join(archives, 'partial')]) {
    mkdirSync(folder, { recursive: true });
  }
  writeFileSync(join(scratch, 'status'), '');
  writeFileSync(join(scratch, 'apt.conf'), aptConfiguration(target.debian, scratch));
  const apt = (...args) => run('apt-get', ['-q', '-c', join(scratch, 'apt.conf'), ...args]);

  say(`fetching Debian's Node for ${target.debian} with apt`);
  // A source that cannot be read (a mirror in mid-sync, one without this architecture) is apt's error but need not be
  // ours: what apt did verify decides whether Node can be had.
  const update = apt('update');
  const download = apt('install', '--yes', '--no-install-recommends', '--download-only', ...packages);
  if (download.status !== 0) {
    throw new Error(`apt-get cannot fetch Node for ${target.debian}:\n${update.stderr}${download.stderr}`);
  }

  const debs = readdirSync(archives).filter((name) => name.endsWith('.deb')).sort();
  say(`unpacking ${debs.length} packages, ${debs.find((name) => name.startsWith('nodejs_'))} among them`);
  for (const deb of debs) mustRun('dpkg-deb', ['-x', join(archives, deb), root]);
  // Where all packages ship only /usr/lib, the link /lib, by which programs name their dynamic loader, comes from a
  // package that Node does not need.
  if (!existsSync(join(root, 'lib'))) symlinkSync('usr/lib', join(root, 'lib'));

  const { emulator: [qemu, ...options], node } = describe(target, root);
  const answer = mustRun(qemu, [...options, node, '-p', 'process.arch + " " + process.version']).stdout.trim();
  say(`it runs: ${answer}`);
}

function recipeKey() {
  const hash = createHash('sha256').update(packages.join(' '));
  const folder = '/etc/apt/sources.list.d';
  const parts = existsSync(folder) ? readdirSync(folder).sort().map((name) => join(folder, name)) : [];
  for (const file of ['/etc/apt/sources.list', ...parts]) {
    if (/\.(list|sources)$/.test(file) && existsSync(file)) hash.update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}

function publish(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error; // else another process was faster, and its root is as good as ours
  }
}

function run(program, args) {
  const result = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  if (result.error?.code === 'ENOENT') throw new Error(`${program} is missing: ${remedies[program]}`);
  if (result.error) throw result.error;
  return result;
}

function mustRun(program, args) {
  const result = run(program, args);
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${result.stderr}`);
  return result;
}

function say(line) {
  process.stderr.write(`foreign-node: ${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(foreignNode(process.argv[2]).root);
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
