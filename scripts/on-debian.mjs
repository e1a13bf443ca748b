// SPDX-License-Identifier: MIT
//
//   node scripts/on-debian.mjs SUITE [OPTION…] -- COMMAND…        e.g. trixie -- npm test
//
//   --node MAJOR           with the newest official Node of that number, instead of the release's own
//   --packages NAME,…      more than what the README demands to build the library
//   --no-terminals         without devpts, as in a bare chroot
//
// Runs a command in a clean clone of what was committed last, on another release of Debian: as a user of its own, with
// that release's programs only. This machine's kernel, network and npm settings serve it. What it keeps in its cache is
// there the next time; all else that it writes is gone with it.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Failure, demandTools } from './lib/cached-build.mjs';
import { debianRoot } from './lib/debian-root.mjs';
import { officialNode } from './lib/official-node.mjs';
import { run } from './lib/run.mjs';

const USAGE = 'Usage: node scripts/on-debian.mjs SUITE [--node MAJOR] [--packages NAME,…] [--no-terminals] -- COMMAND…';

/** As the README has it. Debian's Node comes without npm, and without its headers. */
const PACKAGES = ['nodejs', 'npm', 'libnode-dev', 'python3', 'make', 'g++', 'git', 'ca-certificates'];

const home = '/home/user';
const clone = join(home, 'node-epiphany');
const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** What npm is told by this machine's configuration, as it wants to hear it from the environment. */
const NPM_SETTINGS = ['registry', 'proxy', 'https-proxy', 'noproxy'];
const PASSED_ON = ['CI', 'NO_COLOR', 'TERM', 'http_proxy', 'https_proxy', 'no_proxy'];

function environment(npm, path) {
  const settings = NPM_SETTINGS.map((name) => [`npm_config_${name.replace('-', '_')}`, String(npm[name] ?? '')]).filter(([, value]) => value !== '');
  const passed = PASSED_ON.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]);
  const own = { HOME: home, USER: 'user', LANG: 'C.UTF-8', PATH: path, NODE_EXTRA_CA_CERTS: certificates, npm_config_cafile: certificates };
  return [...Object.entries(own), ...settings, ...passed];
}

/** The command that runs others there. */
async function sandbox(suite, { node, packages, terminals }, folder) {
  const root = await debianRoot(suite, [...PACKAGES, ...packages]);
  const cache = `${root}-cache`;
  mkdirSync(cache, { recursive: true });
  const npm = JSON.parse(run(['npm', 'config', 'list', '--json']));
  const trusted = [npm.cafile, process.env.NODE_EXTRA_CA_CERTS, certificates].find((file) => file && existsSync(file));
  const usual = '/usr/local/bin:/usr/bin:/bin';
  return [
    'bwrap', '--unshare-user', '--uid', '1000', '--gid', '1000', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--hostname', suite,
    '--die-with-parent', '--ro-bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--ro-bind', '/sys', '/sys', '--tmpfs', '/tmp',
    ...(terminals ? [] : ['--tmpfs', '/dev/pts']),
    ...['/etc/hosts', '/etc/resolv.conf'].flatMap((file) => ['--ro-bind-try', file, file]),
    ...(trusted ? ['--ro-bind', trusted, certificates] : []),
    '--bind', folder, home, '--bind', cache, join(home, '.cache'),
    ...(node ? ['--ro-bind', await officialNode(node), join(home, 'node/bin'), '--ro-bind', join(root, 'usr/include'), join(home, 'node/include')] : []),
    '--clearenv', ...environment(npm, node ? `${home}/node/bin:${usual}` : usual).flatMap(([name, value]) => ['--setenv', name, value]),
    '--chdir', clone, '--',
  ];
}

/** The exit code of a command, which ends when this does. */
function outcome([program, ...args]) {
  const child = spawn(program, args, { stdio: 'inherit' });
  let ended;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      ended = signal;
      child.kill('SIGKILL');
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[ended ?? signal]));
  });
}

async function main() {
  const { values, positionals: [suite, ...command] } = parseArgs({
    allowPositionals: true,
    options: { node: { type: 'string' }, packages: { type: 'string' }, 'no-terminals': { type: 'boolean' } },
  });
  if (command.length === 0) throw new Failure(USAGE);
  demandTools({ bwrap: 'bubblewrap', git: 'git' });
  const folder = mkdtempSync(join(tmpdir(), 'on-debian-'));
  try {
    run(['git', 'clone', '--quiet', '--depth=1', new URL('..', import.meta.url).href, join(folder, 'node-epiphany')]);
    const options = { node: values.node, packages: values.packages?.split(',') ?? [], terminals: !values['no-terminals'] };
    process.exitCode = await outcome([...(await sandbox(suite, options, folder)), ...command]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(`on-debian: ${error.message}`);
  process.exitCode = 125;
}
