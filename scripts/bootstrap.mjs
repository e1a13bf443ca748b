// SPDX-License-Identifier: MIT
// Makes a clone ready: installs packages, builds the addon, compiles the library. Does only what is missing
// or out of date, so it costs little to run it before everything else. --quiet: say nothing unless it fails.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeHeaders } from './lib/node-headers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const quiet = process.argv.includes('--quiet');
const bin = (name) => join('node_modules', '.bin', name);

// Each step: what it is made from, what it makes, and how. Done again when an ingredient changes.
const steps = [
  {
    name: 'packages',
    title: 'installing packages',
    ingredients: ['package.json', 'package-lock.json'],
    product: 'node_modules/.package-lock.json',
    // Scripts of packages are not run: nothing we use needs one, and our own addon is the next step.
    command: () => ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'],
  },
  {
    name: 'addon',
    title: 'building the addon',
    ingredients: ['binding.gyp', 'native', 'package-lock.json'],
    product: 'build/Release/epiphany.node',
    needs: ['python3', 'make', 'g++'],
    setting: process.env.CI, // turns warnings into errors
    command: () => [bin('node-gyp'), 'rebuild', `--nodedir=${nodeHeaders()}`],
  },
  {
    name: 'probe',
    title: 'building the test addon',
    ingredients: ['test/native', 'native/chip', 'native/device', 'package-lock.json'],
    product: 'test/native/build/Release/probe.node',
    needs: ['python3', 'make', 'g++'],
    setting: process.env.CI,
    command: () => [bin('node-gyp'), 'rebuild', '--directory=test/native', `--nodedir=${nodeHeaders()}`],
  },
  {
    name: 'library',
    title: 'compiling the library',
    ingredients: ['lib', 'tsconfig.json', 'package-lock.json'],
    product: 'dist/index.js',
    command: () => {
      rmSync(join(root, 'dist'), { recursive: true, force: true });
      return [bin('tsc'), '-p', 'tsconfig.json'];
    },
  },
  {
    name: 'conformance',
    title: 'compiling the conformance suite',
    ingredients: ['test/conformance', 'lib', 'package-lock.json'],
    product: 'dist/conformance/cases.js',
    command: () => [bin('tsc'), '-p', 'test/conformance/tsconfig.json'],
  },
  {
    name: 'examples',
    title: 'compiling the examples',
    ingredients: ['examples', 'lib', 'package-lock.json'],
    product: 'dist/examples/mandelbrot/main.js',
    command: () => [bin('tsc'), '-p', 'examples/tsconfig.json'],
  },
];

function fail(message) {
  process.stderr.write(`bootstrap: ${message}\n`);
  process.exit(1);
}

function filesUnder(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name !== 'build' && name !== 'node_modules')
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

function fingerprint({ ingredients, setting = '' }) {
  const hash = createHash('sha256').update(`${process.version} ${process.arch} ${setting}`);
  for (const file of ingredients.flatMap((path) => filesUnder(join(root, path)))) {
    hash.update(`${file.slice(root.length)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function isMissing(tool) {
  return spawnSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' }).status !== 0;
}

for (const step of steps) {
  const wanted = fingerprint(step);
  const stamp = join(root, 'node_modules', '.node-epiphany', step.name);
  const isFresh = existsSync(join(root, step.product)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (isFresh) continue;
  const missing = (step.needs ?? []).filter(isMissing);
  if (missing.length > 0) fail(`${step.title} needs ${missing.join(', ')}; on Debian: apt-get install ${missing.join(' ')}`);
  const begin = Date.now();
  let command;
  try {
    command = step.command();
  } catch (error) {
    fail(error.message);
  }
  const [program, ...parameters] = command;
  const result = spawnSync(program, parameters, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error || result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    fail(`${step.title} failed: ${result.error?.message ?? `exit code ${result.status}`} (${command.join(' ')})`);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  if (!quiet) process.stderr.write(`${step.title}: ${((Date.now() - begin) / 1000).toFixed(1)} s\n`);
}
