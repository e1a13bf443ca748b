// SPDX-License-Identifier: MIT
/** When the scripts that set up a clone make something, in a small clone whose compilers are shell scripts. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// @ts-expect-error a script, without types
import { gypSetting as untyped } from '../../scripts/lib/node-gyp.mjs';

const gypSetting = untyped as (environment: object) => string;
const project = fileURLToPath(new URL('../..', import.meta.url));
const BOOTSTRAP = 'scripts/bootstrap.mjs';

let root: string;
const path = (name: string): string => join(root, name);
const read = (name: string): string => readFileSync(path(name), 'utf8');
function write(name: string, text: string): void {
  mkdirSync(dirname(path(name)), { recursive: true });
  writeFileSync(path(name), text);
}

/** What stands for a program. All of them write down that they were called, in the file MADE. */
function program(name: string, script: string): void {
  write(name, `#!/bin/sh\n${script}\n`);
  spawnSync('chmod', ['+x', path(name)]);
}

const TSC = `echo "tsc $2" >>"$MADE"
case $2 in tsconfig.json) product=dist ;; *) product=dist/$(basename "$(dirname "$2")") ;; esac
mkdir -p "$product" && cat lib/index.ts >"$product/index.js"`;

const NODE_GYP = `echo node-gyp >>"$MADE"
for option; do case $option in --directory=*) cd "\${option#*=}" ;; esac; done
mkdir -p build/Release && for name in epiphany probe; do echo "$CXX $CXXFLAGS" >"build/Release/$name.node"; done`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'epiphany-clone-'));
  cpSync(join(project, 'scripts'), path('scripts'), { recursive: true });
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'binding.gyp']) cpSync(join(project, name), path(name));
  for (const name of ['lib/index.ts', 'native/addon.cc', 'examples/one/main.ts', 'test/native/probe.cc', 'test/conformance/cases.ts', 'headers/include/node/node_api.h']) write(name, name);
  write('node_modules/.package-lock.json', '{}');
  for (const name of ['typescript', 'node-addon-api']) write(`node_modules/${name}/package.json`, '{ "main": "napi.h" }');
  for (const name of ['napi.h', 'napi-inl.h', 'LICENSE.md']) write(`node_modules/node-addon-api/${name}`, name);
  program('node_modules/.bin/tsc', TSC);
  program('node_modules/.bin/node-gyp', NODE_GYP);
  for (const name of ['g++', 'x86_64-linux-gnu-g++']) program(`bin/${name}`, 'echo "GCC 12"');
  program('bin/npm', 'echo npm >>"$MADE"; mkdir -p node_modules/typescript; echo "{}" >node_modules/typescript/package.json');
  for (const name of ['python3', 'make', 'readelf', ...['gcc', 'ar', 'strip'].map((tool) => `x86_64-linux-gnu-${tool}`)]) symlinkSync('/bin/true', path(`bin/${name}`));
  for (const name of ['basename', 'cat', 'cp', 'dirname', 'flock', 'mkdir', 'sh', 'sleep']) {
    symlinkSync(spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim(), path(`bin/${name}`));
  }
});
afterEach(() => rmSync(root, { recursive: true }));

const options = (env: object = {}) => ({ cwd: root, env: { PATH: path('bin'), MADE: path('made'), npm_config_nodedir: path('headers'), ...env } });

/** Runs a script: how it ended, what it said, and what was called meanwhile. */
function run(words: string[], env?: object): { status: number | null; said: string; made: string[] } {
  rmSync(path('made'), { force: true });
  const { status, stderr } = spawnSync(process.execPath, words, { ...options(env), encoding: 'utf8' });
  return { status, said: stderr, made: existsSync(path('made')) ? read('made').trim().split('\n') : [] };
}

/** What bootstrap calls to do these steps. */
function madeBy(steps: string[], env?: object): string[] {
  const { status, said, made } = run([BOOTSTRAP, ...steps], env);
  expect({ status, said }).toEqual({ status: 0, said: expect.not.stringContaining('failed') as string });
  return made;
}

describe('bootstrap', () => {
  it('waits for a compiler that outlives the process that started it', async () => {
    program('node_modules/.bin/tsc', `echo begin >>"$MADE"
text=$(cat lib/index.ts)
while [ -e wait ]; do sleep 0.05; done
mkdir -p dist && echo "$text" >dist/index.js
echo end >>"$MADE"`);
    write('wait', '');
    const first = spawn(process.execPath, [BOOTSTRAP, 'library'], { ...options(), stdio: 'ignore' });
    await vi.waitFor(() => expect(existsSync(path('made'))).toBe(true), { timeout: 200_000 });
    first.kill('SIGKILL');
    await once(first, 'exit');
    write('lib/index.ts', 'another');
    const second = spawn(process.execPath, [BOOTSTRAP, 'library'], { ...options(), stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    second.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(second, 'exit');
    // It says that it waits, or compiles beside the other.
    await vi.waitFor(() => expect(said).not.toBe(''), { timeout: 200_000 });
    rmSync(path('wait'));
    await ended;
    await vi.waitFor(() => expect(read('made').match(/end/g)).toHaveLength(2), { timeout: 200_000 });
    expect(read('made')).toBe('begin\nend\nbegin\nend\n');
    expect(said).toMatch(/^another run makes something in this clone; waiting for it\n/);
    expect({ made: madeBy(['library']).length, product: read('dist/index.js') }).toEqual({ made: 0, product: 'another\n' });
  });

  it('makes nothing without a lock, and says what it lacks', () => {
    rmSync(path('bin/flock'));
    expect(run([BOOTSTRAP, 'library'])).toEqual({ status: 1, said: 'bootstrap: missing: flock. Install what brings them: sudo apt-get install util-linux\n', made: [] });
    program('bin/flock', 'exit 71');
    expect(run([BOOTSTRAP, 'library'])).toEqual({ status: 1, said: `bootstrap: cannot lock ${root}/: flock ended with 71\n`, made: [] });
    rmSync(path('bin/flock'));
    mkdirSync(path('bin/flock'));
    expect(run([BOOTSTRAP, 'library'])).toMatchObject({ status: 1, said: expect.stringMatching(/^bootstrap: cannot lock .*: flock does not run: /) as string, made: [] });
  });

  it('names what a step takes with the lock, all at once', () => {
    for (const name of ['flock', 'g++', 'make']) rmSync(path(`bin/${name}`));
    expect(run([BOOTSTRAP, 'addon'])).toEqual({ status: 1, said: 'bootstrap: missing: flock, make, g++. Install what brings them: sudo apt-get install util-linux make g++\n', made: [] });
  });

  it('builds the addons anew for another compiler, or other options and headers of it', () => {
    const built = (env?: object): number => madeBy(['addon', 'probe'], env).length;
    expect([built(), built()]).toEqual([2, 0]);
    program('bin/g++', 'echo "GCC 14"');
    expect(built()).toBe(2);
    expect(built({ CXXFLAGS: '-O0' })).toBe(2);
    cpSync(path('headers'), path('others'), { recursive: true });
    expect(built({ CXXFLAGS: '-O0', npm_config_nodedir: path('others') })).toBe(2);
    write('others/include/node/config.gypi', '{}');
    expect(built({ CXXFLAGS: '-O0', npm_config_nodedir: path('others') })).toBe(2);
    expect(built({ CXXFLAGS: '-O0', npm_config_nodedir: path('others'), HOME: '/nowhere', npm_config_user_agent: 'npm/11' })).toBe(0);
  });

  it.each(['CC', 'CXX', 'AR', 'LINK', 'CXX_target', 'CPPFLAGS', 'CFLAGS', 'CXXFLAGS', 'LDFLAGS', 'GYP_DEFINES', 'npm_config_debug', 'npm_package_config_node_gyp_arch', 'CPATH', 'CPLUS_INCLUDE_PATH', 'LIBRARY_PATH', 'CI'])('takes %s for something that decides what node-gyp builds', (name) => {
    const environment = { CXX: 'true', HOME: '/' };
    expect(gypSetting({ ...environment, [name]: 'false' })).not.toBe(gypSetting(environment));
    expect(gypSetting({ ...environment, [`NOT_${name}`]: 'false' })).toBe(gypSetting(environment));
  });

  it('demands a compiler for an addon that was built by one', () => {
    madeBy(['addon']);
    rmSync(path('bin/g++'));
    expect(run([BOOTSTRAP, 'addon'])).toMatchObject({ status: 1, said: expect.stringMatching(/^bootstrap: missing: g\+\+\. /) as string });
  });

  it('compiles what goes by package.json anew for another one', () => {
    const steps = ['library', 'conformance', 'examples'];
    expect([madeBy(steps).length, madeBy(steps).length]).toEqual([3, 0]);
    write('package.json', read('package.json').replace('./dist/index.js', './dist/other.js'));
    expect([madeBy(steps).length, madeBy(steps).length]).toEqual([3, 0]);
  });

  it('installs the packages anew when one of them is gone, or is another', () => {
    expect([madeBy(['packages']), madeBy(['packages'])]).toEqual([['npm'], []]);
    rmSync(path('node_modules/typescript'), { recursive: true });
    expect([madeBy(['packages']), madeBy(['packages'])]).toEqual([['npm'], []]);
    write('node_modules/node-addon-api/package.json', '{ "version": "0.1.0" }');
    expect([madeBy(['packages']), madeBy(['packages'])]).toEqual([['npm'], []]);
  });
});

describe('a package', () => {
  const [PREPARE, PREBUILD] = ['scripts/package/prepare.mjs', 'scripts/package/prebuild.mjs'];
  const addon = (arch: string): string => `prebuilds/linux-${arch}/epiphany.node`;

  it('is prepared with the library as its sources are, however it was before', () => {
    madeBy(['library']);
    write('lib/index.ts', 'newer');
    expect(run([PREPARE])).toMatchObject({ status: 0, made: ['tsc tsconfig.json'] });
    expect(read('dist/index.js')).toBe('newer');
    expect(run([PREPARE])).toEqual({ status: 0, said: '', made: [] });
    rmSync(path('prebuilds/include/napi.h'));
    expect(run([PREPARE])).toEqual({ status: 0, said: '', made: [] });
    expect(read('prebuilds/include/napi.h')).toBe('napi.h');
  });

  it('is not prepared with a library that does not compile', () => {
    program('node_modules/.bin/tsc', 'echo "index.ts(1,1): error"; exit 2');
    expect(run([PREPARE])).toMatchObject({ status: 1, said: expect.stringContaining('index.ts(1,1): error') as string });
  });

  it('needs no compiler where packages for development were left out', () => {
    rmSync(path('node_modules/.bin/tsc'));
    expect(run([PREPARE])).toMatchObject({ status: 0, said: expect.stringContaining('"npm run bootstrap" does it') as string, made: [] });
  });

  it('gets no prebuild that is out of date, and no compiler can make anew', () => {
    for (const arch of ['x64', 'arm', 'arm64']) write(addon(arch), 'of long ago');
    expect(run([PREBUILD])).toMatchObject({ status: 0, said: expect.stringMatching(/^prebuild: prebuilds\/linux-arm\/epiphany\.node was out of date, and is deleted$/m) as string, made: ['node-gyp'] });
    expect({ x64: read(addon('x64')), arm: existsSync(path(addon('arm'))), arm64: existsSync(path(addon('arm64'))) }).toEqual({ x64: 'x86_64-linux-gnu-g++ \n', arm: false, arm64: false });
    expect(run([PREPARE]).status).toBe(0);
    expect(existsSync(path(addon('x64')))).toBe(true);
    write('native/addon.cc', 'newer');
    expect(run([PREPARE]).said).toMatch(/linux-x64.* is deleted$/m);
    expect(existsSync(path(addon('x64')))).toBe(false);
  });

  it('brings what it takes to build the addon, also when no prebuild was made', () => {
    rmSync(path('bin/x86_64-linux-gnu-g++'));
    expect(run([PREBUILD])).toMatchObject({ status: 0, made: [] });
    expect(['napi.h', 'napi-inl.h', 'LICENSE.md'].map((name) => read(`prebuilds/include/${name}`))).toEqual(['napi.h', 'napi-inl.h', 'LICENSE.md']);
  });

  it('keeps what an architecture that was not asked for has', () => {
    write(addon('arm'), 'of long ago');
    expect(run([PREBUILD, 'x64'])).toMatchObject({ status: 0, made: ['node-gyp'] });
    expect(read(addon('arm'))).toBe('of long ago');
  });
});
