// SPDX-License-Identifier: MIT
//
//   node scripts/bootstrap.mjs [--quiet] [STEP…]       default: all of them
//
// Makes a clone ready: installs packages, builds the addon, compiles the library. Does only what is missing
// or out of date, so it costs little to run it before everything else. --quiet: say nothing unless it fails.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Failure } from './lib/cached-build.mjs';
import { chosen } from './lib/chosen.mjs';
import { keepFresh } from './lib/fresh.mjs';
import { gypNeeds, gypSetting } from './lib/node-gyp.mjs';
import { nodeHeaders } from './lib/node-headers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join('node_modules', '.bin', name);

/** Who names another compiler knows where it is. */
const COMPILERS = { ...gypNeeds, ...(process.env.CXX ? {} : { 'g++': 'g++' }) };
const rebuild = (...options) => [bin('node-gyp'), 'rebuild', '--jobs=max', `--nodedir=${nodeHeaders()}`, ...options];

/** What TypeScript goes by, beside the sources: package.json tells modules from scripts, and what the name of the package means. */
const COMPILED_BY = ['tsconfig.json', 'package.json', 'package-lock.json'];

/** What was made of files that are gone, goes. */
const compile = (project, product) => {
  rmSync(join(root, product), { recursive: true, force: true });
  return [bin('tsc'), '-p', project];
};

/** The file that names it, of each package that may be installed. */
function packageFiles() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.keys(packages).map((folder) => join(folder, 'package.json'));
}

/** What is made, in this order: as of keepFresh(); and how, as a command. */
const steps = [
  {
    name: 'packages',
    title: 'installing packages',
    ingredients: ['package.json', 'package-lock.json'],
    product: 'node_modules/.package-lock.json',
    parts: packageFiles,
    // Scripts of packages are not run: nothing we use needs one, and our own addon is the next step.
    command: () => ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'],
  },
  {
    name: 'addon',
    title: 'building the addon',
    ingredients: ['binding.gyp', 'native', 'package-lock.json'],
    product: 'build/Release/epiphany.node',
    needs: COMPILERS,
    get setting() {
      return gypSetting();
    },
    command: () => rebuild(),
  },
  {
    name: 'probe',
    title: 'building the test addon',
    ingredients: ['test/native', 'native', 'package-lock.json'],
    apart: ['test/native/build'],
    product: 'test/native/build/Release/probe.node',
    needs: COMPILERS,
    get setting() {
      return gypSetting();
    },
    command: () => rebuild('--directory=test/native'),
  },
  {
    name: 'library',
    title: 'compiling the library',
    ingredients: ['lib', ...COMPILED_BY],
    product: 'dist',
    apart: ['dist/conformance', 'dist/examples'],
    command: () => compile('tsconfig.json', 'dist'), // with what others compile against it
  },
  {
    name: 'conformance',
    title: 'compiling the conformance suite',
    ingredients: ['test/conformance', 'lib', ...COMPILED_BY],
    product: 'dist/conformance',
    command: () => compile('test/conformance/tsconfig.json', 'dist/conformance'),
  },
  {
    name: 'examples',
    title: 'compiling the examples',
    ingredients: ['examples', 'lib', ...COMPILED_BY],
    product: 'dist/examples',
    command: () => compile('examples/tsconfig.json', 'dist/examples'),
  },
];

function work({ title, command }, lock, isQuiet) {
  const begin = Date.now();
  const say = (text) => !isQuiet && process.stderr.write(text);
  say(title);
  const [program, ...parameters] = command();
  const { error, status, stdout, stderr } = spawnSync(program, parameters, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe', lock] });
  if (error || status !== 0) {
    say('\n');
    throw new Failure(`${stdout ?? ''}${stderr ?? ''}${title} failed: ${error?.message ?? `exit code ${status}`} (${program} ${parameters.join(' ')})`);
  }
  say(`: ${((Date.now() - begin) / 1000).toFixed(1)} s\n`);
}

/** Does these steps, by their names, as far as they have to be done. Throws a Failure. */
export function bootstrap(words = [], { isQuiet = false } = {}) {
  const names = chosen('step', words, steps.map(({ name }) => name));
  for (const step of steps.filter(({ name }) => names.includes(name))) keepFresh(root, step, (lock) => work(step, lock, isQuiet));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2);
  try {
    bootstrap(words.filter((word) => word !== '--quiet'), { isQuiet: words.includes('--quiet') });
  } catch (error) {
    process.stderr.write(`bootstrap: ${error instanceof Failure ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
