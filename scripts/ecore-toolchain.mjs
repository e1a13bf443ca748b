#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/**
 * Builds assembler, linker, C compiler and C library for epiphany-elf from Debian's own source packages, once, into
 * the user's cache. Debian has no such binaries, and this package does not ship any: the tools are GPL.
 *
 * Everything happens in a work directory beside the finished place, in phases that leave a stamp behind: a build
 * that was broken off goes on where it stopped. The last step is a rename, so what is found is always whole.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

const TARGET = 'epiphany-elf';

/**
 * What to build, in this order; a later package finds the tools of the earlier ones on its PATH.
 *
 * - `sources` are Debian packages that hold the upstream tarball under usr/src; the first that apt knows is taken.
 * - `tried` has the versions this recipe is known to work for, each with the SHA-256 of its tarball.
 * - `libraries` are Debian packages of static libraries that the tools are to be linked with.
 * - `patch` is one of Debian's patches, from the same package.
 * - `build` and `install` are runs of make, in this order.
 * - `proof` is a command that must succeed in the end.
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
    // Without what debuggers want: it would bring the work directory into every program.
    build: [['all-gcc'], ['all-target-libgcc', 'LIBGCC2_DEBUG_CFLAGS=-g0']],
    install: [
      ['install-strip-gcc', 'install-target-libgcc'],
      // There was no C library when gcc made its limits.h. There will be one: this makes the kind that includes it.
      ['-C', 'gcc', 'LIMITS_H_TEST=true', '--what-if=fixinc_list', 'install-headers'],
    ],
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
    proof: [`${TARGET}-gcc`, '-nostartfiles', '-Wl,--entry=0', '-x', 'c', '/dev/null', '-o', '/dev/null'],
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
  'apt-get': 'apt', 'apt-cache': 'apt', 'dpkg-deb': 'dpkg', flock: 'util-linux', tar: 'tar', xz: 'xz-utils',
  make: 'make', gcc: 'gcc libc6-dev', 'g++': 'g++',
};

const USAGE = `Usage: npm run ecore:toolchain             build the ${TARGET} tools, or say where they are
       npm run -s ecore:toolchain -- --print   print the directory to put on PATH; exit code 1 if not built
       npm run -s ecore:toolchain -- --prefix  print the directory they are installed under, likewise
  --only binutils   only assembler, linker and their like: a minute or two instead of a quarter of an hour
`;

const cache = path.join(cacheHome(), 'node-epiphany');
// Where the newest whole toolchain is found by those who do not know its recipe, such as `epiphany cc`.
const link = path.join(cache, 'toolchain');
const started = Date.now();

/** Something the user can mend; shown without a stack. */
class Failure extends Error {}

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
  if (!fs.existsSync(wanted.prefix)) await build(wanted);
  if (wanted === whole) linkTo(wanted.prefix);
  fs.rmSync(wanted.work, { recursive: true, force: true }); // last: it is large, and whatever is done is done
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
  const prefix = path.join(cache, `toolchain-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`);
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
  const { packages, prefix, work, root, helpers } = places;
  demandTools();
  if (/\s/.test(prefix)) throw new Failure(`make cannot work in "${prefix}", which has a space: set XDG_CACHE_HOME`);
  fs.mkdirSync(cache, { recursive: true });
  const lock = takeLock(`${prefix}.lock`);
  if (fs.existsSync(prefix)) return; // another run finished it while this one waited

  console.log(`building ${TARGET} ${packages.map((item) => item.name).join(', ')} in ${work}`);
  for (const name of ['done', 'logs']) fs.mkdirSync(path.join(work, name), { recursive: true });
  const phase = phaseRunner(places, lock);
  await phase('helpers', async (step) => {
    const lacking = HELPERS.filter((name) => which(name) === undefined);
    for (const name of lacking) await extract(step, await findPackage([name], step), helpers);
    for (const name of lacking) await step(path.join(helpers, 'usr/bin', name), '--version');
  });
  const built = {};
  for (const item of packages) built[item.name] = await buildPackage(places, item, phase);

  const installed = path.join(root, prefix);
  fs.writeFileSync(path.join(installed, 'toolchain.json'), `${JSON.stringify({ target: TARGET, packages: built }, null, 2)}\n`);
  fs.renameSync(installed, prefix);
}

/** Points the link there, in one step: whoever follows it meanwhile finds the old one or the new one. */
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
  const built = JSON.parse(fetched);
  const expected = item.tried[built.version];
  if (expected === undefined) console.log(`       ${built.source} ${built.version} has not been tried; ${Object.keys(item.tried).join(', ')} has`);
  else if (expected !== built.sha256) throw new Failure(`${built.source} ${built.version} is not the one that was tried: its tarball has SHA-256 ${built.sha256}`);

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
    const [program, ...options] = item.proof;
    await step(path.join(root, bin, program), ...options);
  });
  return built;
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

/**
 * Makes the function that runs a phase unless an earlier run finished it. Its steps are commands, all logged to
 * one file; what the phase returns is kept in its stamp, and so outlives a build that was broken off.
 */
function phaseRunner(places, lock) {
  return async (name, steps) => {
    const file = name.replace(' ', '-');
    const stamp = path.join(places.work, 'done', file);
    if (fs.existsSync(stamp)) return fs.readFileSync(stamp, 'utf8');
    const log = path.join(places.work, 'logs', `${file}.log`);
    fs.rmSync(log, { force: true });
    const progress = new Progress(name);
    try {
      const outcome = (await steps((command, ...rest) => run(command, rest, { places, log, lock, progress }))) ?? '';
      fs.writeFileSync(stamp, outcome);
      progress.end('done');
      return outcome;
    } catch (error) {
      progress.end('failed');
      throw error;
    }
  };
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

async function hashOf(file) {
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

/** Runs a command to its end, its output going to the log. The last argument may be `{ cwd, counts }`. */
async function run(command, rest, { places, log, lock, progress }) {
  const { cwd = places.work, counts } = typeof rest.at(-1) === 'object' ? rest.pop() : {};
  const output = fs.createWriteStream(log, { flags: 'a' });
  output.write(`$ ${[command, ...rest].join(' ')}\n`);
  // The child inherits the lock: should this process be killed, no second build starts beside a make that lives on.
  const child = spawn(command, rest, { cwd, env: environment(places), stdio: ['ignore', 'pipe', 'pipe', lock] });
  for (const input of [child.stdout, child.stderr]) {
    readline.createInterface({ input }).on('line', (line) => {
      output.write(`${line}\n`);
      if (counts && /^\s+CC\s|\s-c\s/.test(line)) progress.count(counts); // make's quiet rules, and the others
    });
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...how) => resolve(how));
  });
  await new Promise((resolve) => output.end(resolve));
  if (code === 0) return;
  const tail = fs.readFileSync(log, 'utf8').trimEnd().split('\n').slice(-20).join('\n  ');
  const end = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
  throw new Failure(`${path.basename(command)} ${end}. The last lines of its log:\n  ${tail}\nThe whole log: ${log}`);
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

/** One line per phase: rewritten every second on a terminal, repeated every quarter of a minute elsewhere. */
class Progress {
  #name;
  #begun = Date.now();
  #what = '';
  #number = 0;
  #timer;

  constructor(name) {
    this.#name = name;
    const { isTTY } = process.stdout;
    if (isTTY) this.#show('\r');
    this.#timer = setInterval(() => this.#show(isTTY ? '\r' : '\n'), isTTY ? 1000 : 15_000);
  }

  count(what) {
    this.#what = what;
    this.#number += 1;
  }

  end(remark) {
    clearInterval(this.#timer);
    this.#show('\n', remark);
  }

  #show(end, remark = '') {
    const total = clock(Date.now() - started);
    const phase = clock(Date.now() - this.#begun);
    const number = this.#number > 0 ? `${this.#number} ${this.#what}` : '';
    const line = `${total}  ${this.#name.padEnd(20)} ${phase}  ${number.padEnd(14)} ${remark}`;
    process.stdout.write(`${line.trimEnd()}${end}`);
  }
}

/**
 * Waits for and takes the lock. The kernel ties it to the open file, which flock(1) shares with this process
 * through fd 3: it stays ours when flock ends and is released with the last process that has it, however that ends.
 */
function takeLock(file) {
  const descriptor = fs.openSync(file, 'w');
  const stdio = ['ignore', 'inherit', 'inherit', descriptor];
  if (spawnSync('flock', ['--nonblock', '3'], { stdio }).status === 0) return descriptor;
  console.log('another run is building the toolchain; waiting for it');
  if (spawnSync('flock', ['3'], { stdio }).status !== 0) throw new Failure(`cannot lock ${file}`);
  return descriptor;
}

function demandTools() {
  const missing = Object.keys(NEEDED).filter((name) => which(name) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => NEEDED[name]))];
  const hint = packages.includes('apt')
    ? 'The sources come from Debian: run this on Debian, on a derivative, or in a container of one.'
    : `Install what brings them: sudo apt-get install ${packages.join(' ')}`;
  throw new Failure(`missing: ${missing.join(', ')}. ${hint}`);
}

/** Where on the search path a program is. */
function which(name, search = process.env.PATH ?? '') {
  const candidates = search.split(':').map((directory) => path.join(directory, name));
  return candidates.find((file) => fs.existsSync(file));
}

/** An empty directory, whatever was there before. */
function fresh(directory) {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  return directory;
}

/** The one file below `directory` whose name fits. */
function onlyFile(directory, pattern) {
  const found = fs.readdirSync(directory, { recursive: true }).filter((name) => pattern.test(path.basename(name)));
  if (found.length !== 1) throw new Failure(`expected one file like ${pattern} in ${directory}, found ${found.length}`);
  return path.join(directory, found[0]);
}

/** The XDG rule: a relative path there counts as unset. */
function cacheHome() {
  const set = process.env.XDG_CACHE_HOME ?? '';
  return path.isAbsolute(set) ? set : path.join(os.homedir(), '.cache');
}

function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure) && error.code === undefined) throw error;
  process.stderr.write(`ecore-toolchain: ${error.message}\n`);
  process.exitCode = 1;
}
