// SPDX-License-Identifier: MIT
// Other ways to the same memory, each as somebody who knows it well would write it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nodeHeaders } from '../../scripts/lib/node-headers.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The line that tells why: warnings of npm may come before it. */
function reasonOf(error) {
  const lines = String(error.stderr || error.message).trim().split('\n');
  return lines.find((line) => /\b(error|ERR!)/.test(line)) ?? lines[0];
}

/** The packages, installed if need be; and for each one that cannot be had, a line that says why. */
export async function loadRivals() {
  const failures = [];
  let failed;
  try {
    install();
  } catch (error) {
    failed = error;
  }
  const load = async (name) => {
    try {
      return (await import(name)).default;
    } catch (error) {
      failures.push(`${name} is left out: ${reasonOf(failed ?? error)}`);
      return undefined;
    }
  };
  return { mmap: await load('@riaskov/mmap-io'), koffi: await load('koffi'), failures };
}

function install() {
  const stamp = here('node_modules/.installed');
  const wanted = createHash('sha256').update(process.version).update(readFileSync(here('package-lock.json'))).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('installing what to compare with into test/bench/node_modules\n');
  const run = (command, parameters, cwd, env) => execFileSync(command, parameters, { cwd: here(cwd), env: { ...process.env, ...env }, stdio: 'pipe' });
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0'], '.');
  // koffi brings binaries along; the install script of mmap-io would fetch one, and is not asked.
  run(here('node_modules/.bin/node-pre-gyp'), ['install', '--build-from-source'], 'node_modules/@riaskov/mmap-io', { npm_config_nodedir: nodeHeaders() });
  writeFileSync(stamp, wanted);
}

/** Loads take turns among so many words: the same word again and again might be loaded but once. */
const WORDS = 16;

/**
 * Every way to memory that is both `mapping` and the file behind `descriptor`, from its offset `at`: `load(i)`
 * answers word i % 16 there; `write(bytes, words)` and `read(bytes, words)` copy an array, of which they take the
 * view that they like. `access` says how the memory is touched, as report.mjs explains.
 */
export function waysTo({ mapping, descriptor, at, mmap, koffi }) {
  const first = at / 4;
  const window = mapping.words;
  return [
    { name: 'node-epiphany: words[i]', access: 'words', load: (i) => window[first + (i % WORDS)] },
    { name: 'node-epiphany: readWord', access: 'words', load: (i) => mapping.readWord(at + (i % WORDS) * 4) },
    {
      name: 'node-epiphany: Uint8Array',
      access: 'words',
      write: (bytes) => mapping.write(at, bytes),
      read: (bytes) => mapping.readInto(at, bytes),
    },
    {
      name: 'node-epiphany: Uint32Array',
      access: 'words',
      write: (_, words) => mapping.write(at, words),
      read: (_, words) => mapping.readInto(at, words),
    },
    ...(mmap ? byMmapIo(mmap, mapping.length, descriptor, at) : []),
    ...(koffi ? byKoffi(koffi, mapping.length, descriptor, at) : []),
    ...byNode(descriptor, at),
  ];
}

function byMmapIo(mmap, length, descriptor, at) {
  const buffer = mmap.map(length, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, descriptor);
  const plain = new Uint32Array(buffer.buffer, buffer.byteOffset + at, WORDS);
  return [
    { name: 'mmap-io: Uint32Array over its Buffer', access: 'words', load: (i) => plain[i % WORDS] },
    { name: 'mmap-io: Buffer.readUInt32LE', access: 'bytes', load: (i) => buffer.readUInt32LE(at + (i % WORDS) * 4) },
    {
      name: 'mmap-io: Buffer.set, Buffer.copy',
      access: 'memcpy',
      write: (bytes) => buffer.set(bytes, at),
      read: (bytes) => buffer.copy(bytes, 0, at, at + bytes.length),
    },
  ];
}

function byKoffi(koffi, length, descriptor, at) {
  const libc = koffi.load(null);
  const map = libc.func('void *mmap(void *address, size_t length, int protection, int flags, int descriptor, int64_t offset)');
  const memcpy = libc.func('void memcpy(void *to, const void *from, size_t bytes)');
  const address = map(null, length, 3, 1, descriptor, 0) + BigInt(at); // readable and writable, shared
  const addresses = Array.from({ length: WORDS }, (_, i) => address + BigInt(i * 4));
  return [
    { name: 'koffi: decode.uint32', access: 'words', load: (i) => koffi.decode.uint32(addresses[i % WORDS]) },
    {
      name: 'koffi: memcpy of libc',
      access: 'memcpy',
      write: (bytes) => memcpy(address, bytes, bytes.length),
      read: (bytes) => memcpy(bytes, address, bytes.length),
    },
  ];
}

function byNode(descriptor, at) {
  const word = new Uint32Array(1);
  return [
    {
      name: 'node:fs: readSync, writeSync',
      access: 'driver',
      load(i) {
        readSync(descriptor, word, 0, 4, at + (i % WORDS) * 4);
        return word[0];
      },
      write: (bytes) => writeSync(descriptor, bytes, 0, bytes.length, at),
      read: (bytes) => readSync(descriptor, bytes, 0, bytes.length, at),
    },
  ];
}
