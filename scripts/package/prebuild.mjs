// SPDX-License-Identifier: MIT
//
//   node scripts/package/prebuild.mjs [x64] [arm] [arm64]        default: each whose compiler is here
//
// Makes what a package has beside the library, before it is packed: prebuilt addons, and what it takes to build another.
//
// Builds the addon, stripped, into prebuilds/linux-<architecture>/epiphany.node where something has changed, and refuses
// it if it would not load on the oldest systems we support. Node-API is the same for every Node and architecture, so the
// headers of the running Node serve all three. node-gyp knows no build folder but ./build: it works on a copy of what the package brings for
// building from source, and the developer's stays as it is. The headers of node-addon-api are part of that, in
// prebuilds/include: users who install the package do not have them. A prebuild that is out of date, and that cannot be
// made anew, is deleted: npm packs whatever is there.

import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { lockNeeds } from '../lib/cached-build.mjs';
import { chosen } from '../lib/chosen.mjs';
import { dropStale, keepFresh } from '../lib/fresh.mjs';
import { gypNeeds, gypSetting } from '../lib/node-gyp.mjs';
import { nodeHeaders } from '../lib/node-headers.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

const triplets = {
  x64: 'x86_64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
  arm64: 'aarch64-linux-gnu',
};

// What both Ubuntu 22.04 (glibc 2.35, GCC 12's libraries) and Debian 12, the first whose own Node is new enough, have.
// Older systems compile the addon themselves. Linking libstdc++ statically would make it worse: Debian 12's asks for
// glibc 2.36.
const newest = { GLIBC: '2.35', GLIBCXX: '3.4.30', CXXABI: '1.3.13', GCC: '12.0.0' };
const libraries = /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libstdc\+\+\.so\.6|libgcc_s\.so\.1|ld-linux.*)$/;

const headers = 'prebuilds/include';

export const prebuiltArchitectures = Object.keys(triplets);

const addonOf = (arch) => join(root, 'prebuilds', `linux-${arch}`, 'epiphany.node');

/** The programs that this takes, and the Debian packages that have them. */
export const prebuildNeeds = (arch) => {
  const gnu = triplets[arch];
  const [compiler, binutils] = ['g++', 'binutils'].map((name) => `${name}-${gnu.replace('_', '-')}`);
  return { ...gypNeeds, ...lockNeeds, [`${gnu}-gcc`]: compiler.replace('g++', 'gcc'), [`${gnu}-g++`]: compiler, [`${gnu}-ar`]: binutils, [`${gnu}-strip`]: binutils, readelf: 'binutils' };
};

/** What node-gyp takes for an architecture's compiler. */
const toolsOf = (arch) => {
  const [CC, CXX, AR] = ['gcc', 'g++', 'ar'].map((tool) => `${triplets[arch]}-${tool}`);
  return { CC, CXX, AR, LINK: CXX };
};

/** Builds and checks one prebuild unless it is fresh; says whether it had to. */
export function freshPrebuild(arch) {
  freshHeaders();
  return keepFresh(root, stepOf(arch), () => prebuild(arch));
}

/** Deletes a prebuild that is out of date, and those of which nobody knows what they were made of. */
export function dropStalePrebuild(arch) {
  const step = stepOf(arch);
  if (dropStale(root, step)) say(`${step.product} was out of date, and is deleted`);
}

/** As of keepFresh(). */
const stepOf = (arch) => ({
  name: `prebuild-${arch}`,
  title: `the prebuilt addon for ${arch}`,
  ingredients: ['binding.gyp', 'native', 'package-lock.json', relative(root, fileURLToPath(import.meta.url))],
  product: relative(root, addonOf(arch)),
  needs: prebuildNeeds(arch),
  setting: gypSetting({ ...process.env, ...toolsOf(arch) }),
});

/** What it calls writes nowhere but to the scratch folder: should it outlive this process, it harms nobody. */
function prebuild(arch) {
  const scratch = mkdtempSync(join(tmpdir(), 'epiphany-prebuild-'));
  try {
    for (const name of ['binding.gyp', 'package.json', 'native', headers]) {
      cpSync(join(root, name), join(scratch, name), { recursive: true });
    }
    const nodeGyp = join(root, 'node_modules/.bin/node-gyp');
    run(nodeGyp, ['rebuild', '--jobs=max', `--directory=${scratch}`, `--arch=${arch}`, `--nodedir=${nodeHeaders()}`], toolsOf(arch));

    const built = join(scratch, 'build/Release/epiphany.node');
    run(`${triplets[arch]}-strip`, [built]);
    const needs = checkedNeeds(arch, built);

    const addon = addonOf(arch);
    mkdirSync(dirname(addon), { recursive: true });
    const copy = `${addon}.${randomUUID()}`; // two processes may find the same one out of date
    copyFileSync(built, copy);
    renameSync(copy, addon); // never half a file, and never into one that a process has loaded
    say(`${relative(root, addon)}: ${statSync(addon).size} bytes, needs ${needs.join(', ')}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Puts the headers of node-addon-api beside the prebuilds. */
export function freshHeaders() {
  const from = dirname(createRequire(import.meta.url).resolve('node-addon-api'));
  const names = ['napi.h', 'napi-inl.h', 'LICENSE.md'];
  const step = { name: 'headers', title: 'the headers of node-addon-api', ingredients: names.map((name) => relative(root, join(from, name))), product: headers };
  keepFresh(root, step, () => {
    rmSync(join(root, headers), { recursive: true, force: true });
    for (const name of names) cpSync(join(from, name), join(root, headers, name));
  });
}

/** The newest version of each library interface that a binary asks for; throws if one is too new. */
function checkedNeeds(arch, binary) {
  const dynamic = run('readelf', ['--wide', '--dynamic', '--version-info', binary]);
  const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
  const foreign = needed.filter((name) => !libraries.test(name));
  if (foreign.length > 0) throw new Error(`${arch}: the addon needs ${foreign.join(', ')}, which a board may not have`);

  const needs = {};
  for (const [, name] of dynamic.matchAll(/Name: (\S+)/g)) {
    const [family, version = 'any'] = name.split(/_(?=\d)/);
    if (!needs[family] || isNewer(version, needs[family])) needs[family] = version;
  }
  for (const [family, version] of Object.entries(needs)) {
    if (!newest[family] || isNewer(version, newest[family])) {
      const limit = newest[family] ?? 'none';
      throw new Error(`${arch}: the addon needs ${family}_${version}, and ${limit} is the newest allowed`);
    }
  }
  return Object.entries(needs).map((need) => need.join('_'));
}

function isNewer(version, than) {
  const [left, right] = [version, than].map((text) => text.split('.').map(Number));
  const differing = left.findIndex((part, i) => part !== (right[i] ?? 0));
  return differing >= 0 && left[differing] > (right[differing] ?? 0);
}

function run(program, args, environment = {}) {
  const options = { encoding: 'utf8', maxBuffer: 1 << 26, env: { ...process.env, ...environment } };
  const result = spawnSync(program, args, options);
  if (result.error) throw new Error(`${program} does not run: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

const hasCompiler = (arch) => spawnSync(`${triplets[arch]}-g++`, ['--version']).status === 0;

function say(line) {
  process.stderr.write(`prebuild: ${line}\n`);
}

function main(asked) {
  freshHeaders();
  for (const arch of chosen('architecture', asked, prebuiltArchitectures)) {
    if (hasCompiler(arch)) {
      if (!freshPrebuild(arch)) say(`${relative(root, addonOf(arch))} is up to date`);
    } else {
      const debianPackage = `g++-${triplets[arch].replace('_', '-')}`;
      say(`${arch} left out: ${triplets[arch]}-g++ is missing (apt-get install ${debianPackage})`);
      dropStalePrebuild(arch);
      if (asked.length > 0) process.exitCode = 1;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
