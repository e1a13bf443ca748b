// SPDX-License-Identifier: MIT
/**
 * Large things that are built once, into the user's cache, and found there ever after.
 *
 * Everything happens in a work directory beside the finished place, in phases that leave a stamp behind: a build
 * that was broken off goes on where it stopped. The last step is a rename, so what is found is always whole.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

import { cachePath } from './cache.mjs';

/** Something the user can mend; shown without a stack. */
export class Failure extends Error {}

/** A name for whatever is made of these; strings, buffers, or anything of JSON. */
export function keyOf(...ingredients) {
  const hash = createHash('sha256');
  for (const [i, item] of ingredients.entries()) {
    if (i > 0) hash.update('\0');
    hash.update(Buffer.isBuffer(item) || typeof item === 'string' ? item : JSON.stringify(item));
  }
  return hash.digest('hex').slice(0, 12);
}

/**
 * `place`, a path in the cache or another that may be deleted, once `build` has made it. `build` is given the work directory, a function that runs
 * phases in it, and returns what is to be renamed to `place`.
 */
export async function built(place, title, build, options = {}) {
  const work = `${place}.partial`;
  if (fs.existsSync(place)) {
    fs.rmSync(work, { recursive: true, force: true }); // a run may have been killed just before it did this
    return place;
  }
  if (/\s/.test(place)) throw new Failure(`make cannot work in "${place}", which has a space: ${adviceFor(place)}`);
  fs.mkdirSync(path.dirname(place), { recursive: true });
  const lock = takeLock(`${place}.lock`, title);
  try {
    if (fs.existsSync(place)) return place; // another run finished it while this one waited
    console.error(`building ${title} in ${work}`);
    for (const name of ['done', 'logs']) fs.mkdirSync(path.join(work, name), { recursive: true });
    const outcome = await build({ work, phase: phaseRunner({ work, lock, environment: () => process.env, ...options }) });
    fs.renameSync(outcome, place);
    fs.rmSync(work, { recursive: true, force: true }); // last: it is large, and whatever is done is done
    return place;
  } finally {
    fs.closeSync(lock);
  }
}

/** Things of this clone are kept in it, all others in the cache. */
const adviceFor = (place) => (place.startsWith(cachePath()) ? 'let XDG_CACHE_HOME name a folder without, for the cache' : 'move the clone to a folder without');

/**
 * Makes the function that runs a phase unless an earlier run finished it. Its steps are commands, all logged to
 * one file; what the phase returns is kept in its stamp, and so outlives a build that was broken off.
 *
 * `environment` makes what the commands see.
 */
function phaseRunner({ work, lock, environment }) {
  const started = Date.now();
  return async (name, steps) => {
    const file = name.replaceAll(' ', '-');
    const stamp = path.join(work, 'done', file);
    if (fs.existsSync(stamp)) return fs.readFileSync(stamp, 'utf8');
    const log = path.join(work, 'logs', `${file}.log`);
    fs.rmSync(log, { force: true });
    const progress = new Progress(name, started);
    try {
      const outcome = (await steps((command, ...rest) => run(command, rest, { work, log, lock, progress, environment }))) ?? '';
      fs.writeFileSync(stamp, outcome);
      progress.end('done');
      return outcome;
    } catch (error) {
      progress.end('failed');
      throw error;
    }
  };
}

/**
 * Runs a command to its end, its output going to the log. The last argument may be `{ cwd, env, counts, total }`: what
 * it has done to so many objects is counted, of about so many.
 */
async function run(command, rest, { work, log, lock, progress, environment }) {
  const { cwd = work, env = {}, counts, total } = typeof rest.at(-1) === 'object' ? rest.pop() : {};
  const output = fs.createWriteStream(log, { flags: 'a' });
  output.write(`$ ${[command, ...rest].join(' ')}\n`);
  // The child inherits the lock: should this process be killed, no second build starts beside a make that lives on.
  const child = spawn(command, rest, { cwd, env: { ...environment(), ...env }, stdio: ['ignore', 'pipe', 'pipe', lock] });
  for (const input of [child.stdout, child.stderr]) {
    readline.createInterface({ input }).on('line', (line) => {
      output.write(`${line}\n`);
      if (counts && /^\s+(CC|AS|HOSTCC)\s|\s-c\s|^\[\d+\/\d+\] Compiling/.test(line)) progress.count(counts, total); // make's quiet rules, the others, ninja
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

/** So many objects, by which it can be guessed how long the others will take. */
const ENOUGH_TO_TELL = 20;

/** One line per phase: rewritten every second on a terminal, repeated every quarter of a minute elsewhere. */
class Progress {
  #name;
  #started;
  #begun = Date.now();
  #what = '';
  #total;
  #number = 0;
  #timer;

  constructor(name, started) {
    this.#name = name;
    this.#started = started;
    const { isTTY } = process.stderr;
    if (isTTY) this.#show('\r');
    this.#timer = setInterval(() => this.#show(isTTY ? '\r' : '\n'), isTTY ? 1000 : 15_000);
  }

  count(what, total) {
    this.#what = what;
    this.#total = total;
    this.#number += 1;
  }

  end(remark) {
    clearInterval(this.#timer);
    this.#show('\n', remark);
  }

  #show(end, remark = '') {
    const inAll = clock(Date.now() - this.#started);
    const phase = clock(Date.now() - this.#begun);
    const line = `${inAll}  ${this.#name.padEnd(20)} ${phase}  ${this.#counted().padEnd(14)} ${remark || this.#left()}`;
    process.stderr.write(`${line.trimEnd()}${end}`);
  }

  #counted() {
    if (this.#number === 0) return '';
    return `${this.#number} ${this.#total > this.#number ? `of about ${this.#total} ` : ''}${this.#what}`;
  }

  #left() {
    return timeLeft(Date.now() - this.#begun, this.#number, this.#total);
  }
}

/** How long the others of `total` objects may take, by how long `number` of them took, in words; empty if nobody knows. */
export function timeLeft(milliseconds, number, total) {
  if (number < ENOUGH_TO_TELL || !(total > number)) return '';
  return `about ${clock((milliseconds * (total - number)) / number)} left`;
}

function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function takeLock(file, title) {
  const descriptor = fs.openSync(file, 'w');
  lock(descriptor, file, `another run is building ${title}; waiting for it`);
  return descriptor;
}

/** The program by which lock() locks, and the Debian package that has it. */
export const lockNeeds = { flock: 'util-linux' };

/**
 * Waits for and takes the lock of an open file, `title`; one who has to wait is told so. The kernel ties it to that, which
 * flock(1) shares with this process through fd 3: it stays ours when flock ends and is released with the last process
 * that has it, however that ends. Throws unless the lock is taken.
 */
export function lock(descriptor, title, notice) {
  demandTools(lockNeeds);
  // Short options: busybox knows no others.
  const flock = (...options) => spawnSync('flock', [...options, '3'], { stdio: ['ignore', 'inherit', 'inherit', descriptor] });
  let { error, status } = flock('-n');
  if (status === IS_LOCKED) {
    console.error(notice);
    ({ error, status } = flock());
  }
  if (status !== 0) throw new Failure(`cannot lock ${title}: flock ${error ? `does not run: ${error.message}` : `ended with ${status}`}`);
}

/** What flock ends with when another process has the lock, and it was not to wait. */
const IS_LOCKED = 1;

/** Throws unless all programs are there, and all files with a full path. `needed` has the Debian package of each. */
export function demandTools(needed) {
  const missing = Object.keys(needed).filter((name) => which(name) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => needed[name]))];
  const hint = packages.includes('apt')
    ? 'The sources come from Debian: run this on Debian, on a derivative, or in a container of one.'
    : `Install what brings them: sudo apt-get install ${packages.join(' ')}`;
  throw new Failure(`missing: ${missing.join(', ')}. ${hint}`);
}

/** Where on the search path a program is. */
export function which(name, search = process.env.PATH ?? '') {
  const candidates = search.split(':').map((directory) => path.resolve(directory, name));
  return candidates.find((file) => fs.existsSync(file));
}

/** An empty directory, whatever was there before. */
export function fresh(directory) {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  return directory;
}

/** The one file below `directory` whose name fits. */
export function onlyFile(directory, pattern) {
  const found = fs.readdirSync(directory, { recursive: true }).filter((name) => pattern.test(path.basename(name)));
  if (found.length !== 1) throw new Failure(`expected one file like ${pattern} in ${directory}, found ${found.length}`);
  return path.join(directory, found[0]);
}

export async function hashOf(file) {
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
