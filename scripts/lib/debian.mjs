// SPDX-License-Identifier: MIT
//
//   node scripts/lib/debian.mjs SUITE[,SUITE…] ARCHITECTURE PACKAGE…      e.g. trixie,bookworm-backports all linux-source
//
// Fetches packages of any suite of Debian, for any architecture, from the mirror that this machine's apt uses. Nothing
// is installed, apt's own state stays as it is, and root is not needed. Prints the files.
//
// apt does the fetching: with its proxies, with retries, and going on where a download was broken off, but for one by
// SIGKILL. It checks the suite's signature by Debian's own keys, the index by the hash that was signed, and each package
// by the hash in the index. Packages are kept in the user's cache under that hash, by which every use checks them again,
// and indexes for a day.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cached, cachePath, replaceCached } from './cache.mjs';
import { demandTools, hashOf, keyOf, lockNeeds } from './cached-build.mjs';
import { run } from './run.mjs';

/** Debian's own keys. */
export const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const aptHelper = '/usr/lib/apt/apt-helper';
const dayInMs = 24 * 3600 * 1000;

/**
 * Configuration for an apt with a state of its own in `folder`, whose packages are those of `architecture`. It comes
 * after the user's own (sources, keys, proxies). The hooks are the desktop's: they announce the machine's new lists,
 * which these are not. Sandboxed downloads would need a folder that the user _apt can reach.
 */
export const aptConfiguration = (architecture, folder) => `
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architecture "${architecture}";
APT::Architectures "${architecture}";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "${folder}";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}";
`;

/** The programs that this takes, and files, and the Debian packages that have them. */
export const debianNeeds = {
  'apt-get': 'apt', [aptHelper]: 'apt', 'dpkg-deb': 'dpkg', ...lockNeeds, [keyring]: 'debian-archive-keyring',
};

/** Promises, by suite and architecture. */
const indexes = new Map();

/** One suite's packages for one architecture, those for all among them. */
export class Suite {
  constructor(name, architecture) {
    this.name = name;
    this.architecture = architecture;
  }

  /** Read once in a process: it has 20 MB. */
  get #index() {
    const key = `${this.name} ${this.architecture}`;
    if (!indexes.has(key)) indexes.set(key, readIndex(this.name, this.architecture));
    return indexes.get(key);
  }

  /** { mirror, key }: where its packages are, and what changes whenever one of them does. */
  async state() {
    const { mirror, packages } = await this.#index;
    return { mirror, key: keyOf(Object.values(packages).map(({ sha256 }) => sha256)) };
  }

  /** { name, version, depends: names, file, size, sha256 } of the newest version. */
  async package(name) {
    const found = (await this.#index).packages[name];
    if (!found) throw new Error(`${this.name} has no ${name} for ${this.architecture}`);
    return { name, ...found };
  }

  /** These packages and what they depend on, as far as `follow(name)` says. */
  async closure(names, follow) {
    const found = new Map();
    for (const queue = [...names]; queue.length > 0; ) {
      const name = queue.shift();
      if (found.has(name)) continue;
      found.set(name, await this.package(name));
      queue.push(...found.get(name).depends.filter(follow));
    }
    return [...found.values()];
  }

  /** The .deb files of these packages. */
  async fetch(packages) {
    const { mirror } = await this.#index;
    const files = [];
    for (const item of packages) files.push(await fetchPackage(mirror, item));
    return files;
  }
}

/**
 * What `use(suite)` returns for the first of these suites with which it succeeds: mirrors are partial at times, and the
 * same kernel is in several suites.
 */
export async function inFirstSuite(names, architecture, use) {
  demandTools(debianNeeds);
  const failures = [];
  for (const name of names) {
    try {
      return await use(new Suite(name, architecture));
    } catch (error) {
      failures.push(error.message);
      if (name !== names.at(-1)) say(`${error.message.trim()}; trying the next suite`);
    }
  }
  throw new Error(failures.join('\n'));
}

/** Unpacks .deb files, one over the other. */
export function unpack(files, folder) {
  mkdirSync(folder, { recursive: true });
  for (const file of files) run(['dpkg-deb', '--extract', file, folder]);
}

async function readIndex(suite, architecture) {
  const name = `debian/index/${suite}-${architecture}.json`;
  const make = (scratch) => makeIndex(suite, architecture, scratch);
  return JSON.parse(readFileSync(await keptForADay(name, suite, make), 'utf8'));
}

/** As `cached`, but made anew when it is older than a day, if that succeeds: there may be no network. */
export async function keptForADay(name, title, make) {
  const file = await cached(name, make);
  if (Date.now() - statSync(file).mtimeMs > dayInMs) {
    try {
      await replaceCached(name, make);
    } catch (error) {
      say(`${title} cannot be refreshed, and stays as it was: ${error.message.trim()}`);
    }
  }
  return file;
}

function makeIndex(suite, architecture, scratch) {
  const mirror = findMirror();
  const configuration = join(scratch, 'apt.conf');
  const sources = join(scratch, 'sources');
  const own = `Dir::Etc::SourceList "${sources}";\nDir::Etc::SourceParts "/dev/null";\n`;
  mkdirSync(join(scratch, 'lists/partial'), { recursive: true });
  writeFileSync(join(scratch, 'status'), '');
  // dpkg has no architecture "all", but indexes of every architecture have these packages.
  writeFileSync(configuration, aptConfiguration(architecture === 'all' ? 'amd64' : architecture, scratch) + own);
  writeFileSync(sources, `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`);
  say(`index of ${suite} for ${architecture}`);
  run(['apt-get', '--config-file', configuration, '--quiet', 'update', '--error-on=any']);
  const lists = run(['apt-get', '--config-file', configuration, 'indextargets', '--format', '$(FILENAME)', 'Created-By: Packages']);
  const text = run([aptHelper, 'cat-file', ...lists.trim().split('\n')]);
  const made = join(scratch, 'index.json');
  writeFileSync(made, JSON.stringify({ mirror, packages: parsePackages(text) }));
  return made;
}

/** The URI of the mirror that apt already uses for this machine. */
function findMirror() {
  const ask = ['apt-get', 'indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian', 'Label: Debian'];
  const [mirror] = run(ask).trim().split('\n');
  if (mirror === '') throw new Error('apt knows no mirror of Debian: it needs one in its sources, and an apt-get update');
  return mirror;
}

/** The fields we want of the newest version, by name, of a file in Debian's control format. */
export function parsePackages(text) {
  const packages = {};
  for (const paragraph of text.split('\n\n')) {
    const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1];
    const [name, version] = [field('Package'), field('Version')];
    if (name === undefined || isOlder(version, packages[name]?.version)) continue;
    packages[name] = {
      version,
      // Of alternatives the first one is what Debian's own builds take.
      depends: (field('Depends') ?? '').split(',').map((item) => /^[^\s:|]*/.exec(item.trim())[0]).filter(Boolean),
      file: field('Filename'),
      size: Number(field('Size')),
      sha256: field('SHA256'),
    };
  }
  return packages;
}

const isOlder = (version, than) =>
  than !== undefined && spawnSync('dpkg', ['--compare-versions', version, 'lt', than]).status === 0;

async function fetchPackage(mirror, { name, version, file, size, sha256 }) {
  const place = cachePath('debian/packages', `${sha256.slice(0, 16)}-${basename(file)}`);
  if (existsSync(place) && (await hashOf(place)) === sha256) return place;
  mkdirSync(dirname(place), { recursive: true });
  const partial = `${place}.partial`;
  const title = `${name} ${version}`;
  const show = () => say(`${title}, ${inMb(existsSync(partial) ? statSync(partial).size : 0)} of ${inMb(size)} MB`);
  if (size > 1e6) show();
  const timer = setInterval(show, process.stderr.isTTY ? 2000 : 15_000);
  try {
    // Under a lock: another process that wants the same file waits, and then finds it.
    const script = `echo "$4  $1" | sha256sum --check --status 2>/dev/null ||
      { "$2" -o Acquire::Retries=3 -o APT::Sandbox::User=root download-file "$3" "$1.partial" "SHA256:$4" && mv "$1.partial" "$1"; }`;
    const lock = cachePath('debian/packages.lock');
    await finish('flock', [lock, 'sh', '-c', script, 'sh', place, aptHelper, `${mirror}${file}`, sha256], title);
  } finally {
    clearInterval(timer);
  }
  return place;
}

function finish(program, args, title) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (complaint += text));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${title} cannot be fetched:\n${complaint}`))));
  });
}

const inMb = (bytes) => (bytes / 1e6).toFixed(1);

function say(line) {
  process.stderr.write(`debian: ${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [suites = '', architecture, ...names] = process.argv.slice(2);
  try {
    const files = await inFirstSuite(suites.split(','), architecture, async (suite) =>
      suite.fetch(await Promise.all(names.map((name) => suite.package(name)))),
    );
    console.log(files.join('\n'));
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
