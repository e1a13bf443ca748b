#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/**
 * Builds the epiphany-elf assembler, linker and disassembler from Debian's own source packages, once, into the
 * user's cache. Debian has no such binaries, and this package does not ship any: they are GPL.
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

const TARGET = 'epiphany-elf';

/**
 * What to build, in this order; a later package finds the tools of the earlier ones on its PATH.
 * `source` is the Debian package that holds the upstream tarball under usr/src, `proof` a program that must exist
 * and answer to --version at the end.
 */
const PACKAGES = [
  {
    name: 'binutils',
    source: 'binutils-source',
    configure: [
      '--disable-nls', '--disable-werror', '--disable-gprof', '--disable-gprofng',
      '--without-zstd', '--without-msgpack', '--without-debuginfod', // the same tools whatever this machine has
      'CFLAGS=-O2', // no -g: nobody debugs these, and it costs time and disk
    ],
    build: ['all'],
    install: ['install-strip'],
    proof: `${TARGET}-as`,
  },
];

/**
 * Debian's tarballs come without the files these generate, and few machines have them. Those that this machine
 * lacks are unpacked from their own packages into the work directory and used from there; nothing is installed.
 */
const HELPERS = ['m4', 'flex', 'bison'];

/** Programs needed, each with the Debian package that brings it. gcc without libc6-dev links nothing. */
const NEEDED = {
  'apt-get': 'apt', 'apt-cache': 'apt', 'dpkg-deb': 'dpkg', flock: 'util-linux', tar: 'tar', xz: 'xz-utils',
  make: 'make', gcc: 'gcc libc6-dev',
};

const USAGE = `Usage: npm run ecore:toolchain             build the ${TARGET} tools, or say where they are
       npm run -s ecore:toolchain -- --print   print the directory to put on PATH; exit code 1 if not built
       npm run -s ecore:toolchain -- --prefix  print the directory they are installed under, likewise
`;

// The recipe is the key: another configure line is another toolchain. The versions are in toolchain.json.
const key = createHash('sha256').update(JSON.stringify([TARGET, process.arch, PACKAGES])).digest('hex').slice(0, 12);
const cache = path.join(cacheHome(), 'node-epiphany');
const prefix = path.join(cache, `toolchain-${key}`);
const bin = path.join(prefix, 'bin');
const work = `${prefix}.partial`;
// DESTDIR of every install: the tools are built for their final place and stand below here until the end.
const root = path.join(work, 'root');
const helpers = path.join(work, 'helpers');
const started = Date.now();

/** Something the user can mend; shown without a stack. */
class Failure extends Error {}

async function main(options) {
  const [option] = options;
  if (options.length > 1 || ![undefined, '--print', '--prefix', '--help'].includes(option)) {
    throw new Failure(`what is "${options.join(' ')}"?\n${USAGE}`);
  }
  if (option === '--help') return void process.stdout.write(USAGE);
  if (option !== undefined) {
    if (!fs.existsSync(prefix)) throw new Failure('not built yet: npm run ecore:toolchain');
    return void console.log(option === '--print' ? bin : prefix);
  }
  if (!fs.existsSync(prefix)) await build();
  const { packages } = JSON.parse(fs.readFileSync(path.join(prefix, 'toolchain.json'), 'utf8'));
  console.log(`${TARGET} ${Object.entries(packages).map((entry) => entry.join(' ')).join(', ')} is in ${bin}`);
}

async function build() {
  demandTools();
  if (/\s/.test(prefix)) throw new Failure(`make cannot work in "${prefix}", which has a space: set XDG_CACHE_HOME`);
  fs.mkdirSync(cache, { recursive: true });
  const lock = takeLock(`${prefix}.lock`);
  if (fs.existsSync(prefix)) return; // another run finished it while this one waited

  console.log(`building ${TARGET} ${PACKAGES.map((item) => item.name).join(', ')} in ${work}`);
  for (const name of ['done', 'logs']) fs.mkdirSync(path.join(work, name), { recursive: true });
  const phase = phaseRunner(lock);
  await phase('helpers', async (step) => {
    const lacking = HELPERS.filter((name) => which(name) === undefined);
    for (const name of lacking) await extract(step, name, await findPackage(name, step), helpers);
    for (const name of lacking) await step(path.join(helpers, 'usr/bin', name), '--version');
  });
  const packages = {};
  for (const item of PACKAGES) packages[item.name] = await buildPackage(item, phase);

  const installed = path.join(root, prefix);
  fs.writeFileSync(path.join(installed, 'toolchain.json'), `${JSON.stringify({ target: TARGET, packages }, null, 2)}\n`);
  fs.renameSync(installed, prefix);
  fs.rmSync(work, { recursive: true });
}

/** Takes one package through its phases; returns the version built. */
async function buildPackage({ name, source, configure, build, install, proof }, phase) {
  const [unpacked, tree, objects] = ['package', 'source', 'objects'].map((part) => path.join(work, name, part));

  // apt checks a download against its signed index, by keys this machine already trusts for everything else.
  const version = await phase(`${name} fetch`, async (step) => {
    const candidate = await findPackage(source, step);
    await extract(step, source, candidate, fresh(unpacked));
    return candidate;
  });
  await phase(`${name} unpack`, async (step) => {
    const tarball = onlyFile(path.join(unpacked, 'usr/src'), /\.tar\.xz$/);
    await step('tar', '--extract', '--file', tarball, '--strip-components=1', '--directory', fresh(tree));
  });
  await phase(`${name} configure`, async (step) => {
    // By a relative path, or the work directory would stand in every tool's assertions.
    const script = path.join(path.relative(objects, tree), 'configure');
    await step(script, `--target=${TARGET}`, `--prefix=${prefix}`, ...configure, { cwd: fresh(objects) });
  });
  await phase(`${name} make`, async (step) => {
    // MAKEINFO=true: nobody reads the manuals here, and the program that makes them is large.
    const options = [`-j${os.availableParallelism()}`, 'MAKEINFO=true'];
    await step('make', ...options, ...build, { cwd: objects, counts: 'compiled' });
  });
  await phase(`${name} install`, async (step) => {
    await step('make', 'MAKEINFO=true', `DESTDIR=${root}`, ...install, { cwd: objects });
    await step(path.join(root, bin, proof), '--version');
  });
  return version;
}

/**
 * Makes the function that runs a phase unless an earlier run finished it. Its steps are commands, all logged to
 * one file; what the phase returns is kept in its stamp, and so outlives a build that was broken off.
 */
function phaseRunner(lock) {
  return async (name, steps) => {
    const file = name.replace(' ', '-');
    const stamp = path.join(work, 'done', file);
    if (fs.existsSync(stamp)) return fs.readFileSync(stamp, 'utf8');
    const log = path.join(work, 'logs', `${file}.log`);
    fs.rmSync(log, { force: true });
    const progress = new Progress(name);
    try {
      const outcome = (await steps((command, ...rest) => run(command, rest, { log, lock, progress }))) ?? '';
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
async function extract(step, name, version, directory) {
  const download = fresh(`${directory}.deb`);
  await step('apt-get', 'download', `${name}=${version}`, { cwd: download });
  await step('dpkg-deb', '--extract', onlyFile(download, /\.deb$/), directory);
}

/** The version that apt would download; fetches the package lists first if there are none and we may. */
async function findPackage(name, step) {
  const candidate = () => {
    const { stdout } = spawnSync('apt-cache', ['show', '--no-all-versions', name], { encoding: 'utf8' });
    return /^Version: (\S+)$/m.exec(stdout)?.[1];
  };
  const known = candidate();
  if (known !== undefined) return known;
  const unknown = `apt does not know the package ${name}`;
  if (process.getuid() !== 0) throw new Failure(`${unknown}. Fetch the package lists first: sudo apt-get update`);
  await step('apt-get', 'update');
  const found = candidate();
  if (found === undefined) throw new Failure(`${unknown}: is Debian's "main" among its sources?`);
  return found;
}

/** Runs a command to its end, its output going to the log. The last argument may be `{ cwd, counts }`. */
async function run(command, rest, { log, lock, progress }) {
  const { cwd = work, counts } = typeof rest.at(-1) === 'object' ? rest.pop() : {};
  const output = fs.createWriteStream(log, { flags: 'a' });
  output.write(`$ ${[command, ...rest].join(' ')}\n`);
  // The child inherits the lock: should this process be killed, no second build starts beside a make that lives on.
  const child = spawn(command, rest, { cwd, env: environment(), stdio: ['ignore', 'pipe', 'pipe', lock] });
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
function environment() {
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
  const found = fs.readdirSync(directory, { recursive: true }).filter((name) => pattern.test(name));
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
