#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/**
 * Builds assembler, linker, C compiler and C library for epiphany-elf from Debian's own source packages, once, into
 * the user's cache. Debian has no such binaries, and this package does not ship any: the tools are GPL.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { cachePath } from '../lib/cache.mjs';
import { Failure, built, demandTools, fresh, hashOf, keyOf, lockNeeds, onlyFile, which } from '../lib/cached-build.mjs';

const TARGET = 'epiphany-elf';

/**
 * What to build, in this order; a later package finds the tools of the earlier ones on its PATH.
 *
 * - `sources` are Debian packages that hold the upstream tarball under usr/src; the first that apt knows is taken.
 * - `tried` has the versions this recipe is known to work for, each with the SHA-256 of its tarball.
 * - `libraries` are Debian packages of static libraries that the tools are to be linked with.
 * - `patch` is one of Debian's patches, from the same package.
 * - `build` and `install` are runs of make, in this order.
 * - `strip` is the name of an archive that what debuggers want is taken out of.
 * - `proof` is a command that must succeed in the end. What it makes goes into the work directory: never to a device, which root might replace.
 */
const PACKAGES = [
  {
    name: 'binutils',
    sources: ['binutils-source'],
    tried: { '2.40-2': '797fbf86910eec8dec1e2815ab3e92b98b9cd8c9ab1a57b216cc97dd90b4df9f' },
    configure: [
      '--disable-nls', '--disable-werror', '--disable-gprof', '--disable-gprofng',
      '--without-zstd', '--without-msgpack', '--without-debuginfod', // the same tools whatever this machine has
      'CFLAGS=-O2', // no -g: nobody debugs these, and it costs time and disk
    ],
    build: [['all']],
    install: [['install-strip']],
    proof: [`${TARGET}-as`, '--version'],
  },
  {
    name: 'gcc',
    // From 16 on, the port wants --enable-obsolete; 17 no longer has it.
    sources: ['gcc-12-source', 'gcc-13-source', 'gcc-14-source', 'gcc-15-source'],
    tried: { '12.2.0-14+deb12u1': '50c63ff82919323c25fbbb4a9eae259edc974118a0fb30c905190cb782ec11c2' },
    libraries: ['libgmp-dev', 'libmpfr-dev', 'libmpc-dev'],
    // Debian took the manual out of the tarball; without this, make wants to check that it is up to date.
    patch: 'gcc-gfdl-build.diff',
    configure: [
      '--enable-languages=c', '--with-newlib', '--without-headers', '--disable-bootstrap', '--disable-shared',
      '--disable-threads', '--disable-nls', '--disable-libssp', '--disable-libquadmath', '--disable-libgomp',
      '--disable-libatomic', '--disable-lto', '--disable-gcov', '--disable-analyzer', '--without-isl', '--without-zstd',
      'CFLAGS=-O1', 'CXXFLAGS=-O1', // half the time of -O2, and compiles our small programs as fast
      'CFLAGS_FOR_TARGET=-O2',
    ],
    build: [['all-gcc'], ['all-target-libgcc']],
    install: [
      ['install-strip-gcc', 'install-target-libgcc'],
      // There was no C library when gcc made its limits.h. There will be one: this makes the kind that includes it.
      ['-C', 'gcc', 'LIMITS_H_TEST=true', '--what-if=fixinc_list', 'install-headers'],
    ],
    // What debuggers want would bring the work directory into every program; its makefiles insist on -g.
    strip: 'libgcc.a',
    proof: [`${TARGET}-gcc`, '--version'],
  },
  {
    name: 'newlib',
    sources: ['newlib-source'],
    tried: { '3.3.0-1.3+deb12u1': 'c6f3a88b9d93420904241b231ca8647303be3bfb3cfef6adc8d1ea9207291033' },
    configure: [
      '--disable-multilib', '--disable-newlib-supplied-syscalls',
      // Sections of their own: a linker script that collects garbage then takes only what a program uses.
      'CFLAGS_FOR_TARGET=-O2 -ffunction-sections -fdata-sections',
    ],
    build: [['all']],
    install: [['install']],
    proof: [`${TARGET}-gcc`, '-nostartfiles', '-Wl,--entry=0', '-x', 'c', '/dev/null', '-o', 'proof.elf'],
  },
];

/**
 * Programs that generate files which Debian's tarballs come without, or apply its patches, and that few machines
 * have. Those that this machine lacks are unpacked from their own packages into the work directory and used from
 * there; nothing is installed.
 */
const HELPERS = ['m4', 'flex', 'bison', 'patch'];

/** Programs needed, each with the Debian package that brings it. gcc without libc6-dev links nothing. */
const NEEDED = {
  'apt-get': 'apt', 'apt-cache': 'apt', 'dpkg-deb': 'dpkg', ...lockNeeds, tar: 'tar', xz: 'xz-utils',
  make: 'make', gcc: 'gcc libc6-dev', 'g++': 'g++',
};

const USAGE = `Usage: npm run ecore:toolchain             build the ${TARGET} tools, or say where they are
       npm run -s ecore:toolchain -- --print   print the directory to put on PATH; exit code 1 if not built
       npm run -s ecore:toolchain -- --prefix  print the directory they are installed under, likewise
  --only binutils   only assembler, linker and their like: a minute or two instead of a quarter of an hour
`;

// Where the newest whole toolchain is found by those who do not know its recipe, such as `epiphany cc`.
const link = cachePath('toolchain');

async function main(options) {
  const { values } = parse(options);
  if (values.help) return void process.stdout.write(USAGE);
  const whole = placesOf(PACKAGES);
  const small = placesOf([PACKAGES[0]]);
  if (values.only !== undefined && values.only !== PACKAGES[0].name) throw new Failure(`--only knows ${PACKAGES[0].name}\n${USAGE}`);
  // The whole toolchain has what the small one has.
  const wanted = values.only !== undefined && !fs.existsSync(whole.prefix) ? small : whole;
  if (values.print || values.prefix) {
    if (!fs.existsSync(wanted.prefix)) throw new Failure('not built yet: npm run ecore:toolchain');
    return void console.log(values.print ? wanted.bin : wanted.prefix);
  }
  await build(wanted);
  if (wanted === whole) linkTo(wanted.prefix);
  const { packages } = JSON.parse(fs.readFileSync(path.join(wanted.prefix, 'toolchain.json'), 'utf8'));
  const names = Object.entries(packages).map(([name, { version }]) => `${name} ${version}`);
  console.log(`${TARGET} ${names.join(', ')} is in ${wanted.bin}`);
}

function parse(options) {
  const boolean = { type: 'boolean', default: false };
  try {
    return parseArgs({ args: options, options: { print: boolean, prefix: boolean, help: boolean, only: { type: 'string' } } });
  } catch (error) {
    throw new Failure(`${error.message}\n${USAGE}`);
  }
}

/** Where everything of a toolchain of these packages is, built or being built. */
function placesOf(packages) {
  // The recipe is the key: another configure line is another toolchain. The versions are in toolchain.json.
  const recipe = JSON.stringify([TARGET, process.arch, packages], (name, value) => (name === 'tried' ? undefined : value));
  const prefix = cachePath(`toolchain-${keyOf(recipe)}`);
  const work = `${prefix}.partial`;
  return {
    packages, prefix, work,
    bin: path.join(prefix, 'bin'),
    // DESTDIR of every install: the tools are built for their final place and stand below here until the end.
    root: path.join(work, 'root'),
    helpers: path.join(work, 'helpers'),
  };
}

async function build(places) {
  const { packages, prefix, root, helpers } = places;
  if (!fs.existsSync(prefix)) demandTools(NEEDED);
  const title = `${TARGET} ${packages.map((item) => item.name).join(', ')}`;
  await built(prefix, title, async ({ phase }) => {
    await phase('helpers', async (step) => {
      const lacking = HELPERS.filter((name) => which(name) === undefined);
      for (const name of lacking) await extract(step, await findPackage([name], step), helpers);
      for (const name of lacking) await step(path.join(helpers, 'usr/bin', name), '--version');
    });
    const outcomes = {};
    for (const item of packages) outcomes[item.name] = await buildPackage(places, item, phase);

    const installed = path.join(root, prefix);
    fs.writeFileSync(path.join(installed, 'toolchain.json'), `${JSON.stringify({ target: TARGET, packages: outcomes }, null, 2)}\n`);
    return installed;
  }, { environment: () => environment(places) });
}

/** Points the link there, in one step: one who follows it meanwhile finds the old one or the new one. */
function linkTo(prefix) {
  const scratch = `${link}.${process.pid}`;
  fs.symlinkSync(path.basename(prefix), scratch);
  fs.renameSync(scratch, link);
}

/** Takes one package through its phases; returns what was built. */
async function buildPackage({ prefix, work, root, bin }, item, phase) {
  const { name } = item;
  const [unpacked, tree, objects, libraries] = ['package', 'source', 'objects', 'libraries'].map((part) => path.join(work, name, part));

  // apt checks a download against its signed index, by keys this machine already trusts for everything else.
  const fetched = await phase(`${name} fetch`, async (step) => {
    const { name: source, version } = await findPackage(item.sources, step);
    await extract(step, { name: source, version }, fresh(unpacked));
    fs.rmSync(libraries, { recursive: true, force: true });
    for (const library of item.libraries ?? []) await extract(step, await findPackage([library], step), libraries);
    return JSON.stringify({ source, version, sha256: await hashOf(tarballOf(name, unpacked)) });
  });
  const outcome = JSON.parse(fetched);
  const expected = item.tried[outcome.version];
  if (expected === undefined) console.log(`       ${outcome.source} ${outcome.version} has not been tried; ${Object.keys(item.tried).join(', ')} has`);
  else if (expected !== outcome.sha256) throw new Failure(`${outcome.source} ${outcome.version} is not the one that was tried: its tarball has SHA-256 ${outcome.sha256}`);

  await phase(`${name} unpack`, async (step) => {
    await step('tar', '--extract', '--file', tarballOf(name, unpacked), '--strip-components=1', '--directory', fresh(tree));
    if (item.patch === undefined) return;
    const patch = path.join(path.dirname(tarballOf(name, unpacked)), 'debian/patches', item.patch);
    await step('patch', '--strip=2', '--input', patch, { cwd: tree }); // a/src/gcc/… is gcc/… here
  });
  await phase(`${name} configure`, async (step) => {
    // By a relative path, or the work directory would stand in every tool's assertions.
    const script = path.join(path.relative(objects, tree), 'configure');
    const configure = [...item.configure, ...(item.libraries ? librariesIn(libraries) : [])];
    await step(script, `--target=${TARGET}`, `--prefix=${prefix}`, ...configure, { cwd: fresh(objects) });
  });
  // MAKEINFO=true: nobody reads the manuals here, and the program that makes them is large.
  const make = ['make', 'MAKEINFO=true'];
  await phase(`${name} make`, async (step) => {
    const jobs = `-j${os.availableParallelism()}`;
    for (const targets of item.build) await step(...make, jobs, ...targets, { cwd: objects, counts: 'compiled' });
  });
  await phase(`${name} install`, async (step) => {
    for (const targets of item.install) await step(...make, `DESTDIR=${root}`, ...targets, { cwd: objects });
    const installed = path.join(root, prefix);
    const archives = fs.readdirSync(installed, { recursive: true }).filter((file) => path.basename(file) === item.strip);
    const strip = [path.join(root, bin, `${TARGET}-strip`), '--strip-debug', '--enable-deterministic-archives'];
    for (const archive of archives) await step(...strip, path.join(installed, archive));
    const [program, ...options] = item.proof;
    await step(path.join(root, bin, program), ...options);
  });
  return outcome;
}

/** The upstream tarball in an unpacked source package, which may have others beside it. */
function tarballOf(name, unpacked) {
  return onlyFile(path.join(unpacked, 'usr/src'), new RegExp(`^${name}-.*\\.tar\\.xz$`));
}

/** The options that make gcc link with unpacked static libraries, and not with shared ones of this machine. */
function librariesIn(directory) {
  const shared = fs.readdirSync(directory, { recursive: true }).filter((name) => name.endsWith('.so'));
  for (const name of shared) fs.rmSync(path.join(directory, name));
  return ['gmp', 'mpfr', 'mpc'].flatMap((name) => [
    `--with-${name}-include=${path.dirname(onlyFile(directory, new RegExp(`^${name}\\.h$`)))}`,
    `--with-${name}-lib=${path.dirname(onlyFile(directory, new RegExp(`^lib${name}\\.a$`)))}`,
  ]);
}

/** Downloads a Debian package and unpacks it into `directory`, without installing it. */
async function extract(step, { name, version }, directory) {
  const download = fresh(`${directory}.deb`);
  await step('apt-get', 'download', `${name}=${version}`, { cwd: download });
  await step('dpkg-deb', '--extract', onlyFile(download, /\.deb$/), directory);
}

/** The first of these that apt would download, and its version; fetches the package lists if there are none and we may. */
async function findPackage(names, step) {
  const candidate = () => {
    for (const name of names) {
      const { stdout } = spawnSync('apt-cache', ['show', '--no-all-versions', name], { encoding: 'utf8' });
      const version = /^Version: (\S+)$/m.exec(stdout)?.[1];
      if (version !== undefined) return { name, version };
    }
    return undefined;
  };
  const known = candidate();
  if (known !== undefined) return known;
  const unknown = `apt does not know the package ${names.join(' or ')}`;
  if (process.getuid() !== 0) throw new Failure(`${unknown}. Fetch the package lists first: sudo apt-get update`);
  await step('apt-get', 'update');
  const found = candidate();
  if (found === undefined) throw new Failure(`${unknown}: is Debian's "main" among its sources?`);
  return found;
}

/** What the commands of a build see: first the tools built so far, last the helpers. */
function environment({ root, bin, helpers }) {
  const search = [path.join(root, bin), process.env.PATH, path.join(helpers, 'usr/bin')].join(':');
  const env = { ...process.env, LC_ALL: 'C', PATH: search };
  // Should a make have called npm that called this, its options are not meant for ours.
  for (const name of ['MAKEFLAGS', 'MAKELEVEL', 'MFLAGS', 'DESTDIR']) delete env[name];
  // flex and bison look for m4, and bison for its data, where they would be if they were installed.
  env.M4 ??= which('m4', search);
  if (which('bison', search)?.startsWith(helpers)) env.BISON_PKGDATADIR = path.join(helpers, 'usr/share/bison');
  return env;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure) && error.code === undefined) throw error;
  process.stderr.write(`ecore-toolchain: ${error.message}\n`);
  process.exitCode = 1;
}
