// SPDX-License-Identifier: MIT
//
//   node scripts/package/check.mjs
//
// Uses the packed package as a stranger does: what is in it, what runs without a compiler, what is said where nothing
// runs, and whether the remedy named there helps. Each check goes on with what the one before it left behind.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withInstalledPackage } from './installed.mjs';
import { nodeHeaders } from '../lib/node-headers.mjs';
import { run } from '../lib/run.mjs';

const platform = `${process.platform}-${process.arch}`;

const useLibrary = `
  import { openBoard } from 'node-epiphany';
  import { CharDevice } from 'node-epiphany/device';
  const board = openBoard('sim');
  board.core(1, 2).words[0] = 42;
  const device = CharDevice.open('/dev/zero');
  console.log(board.chip.type, board.core(1, 2).readWord(0), device.map({ offset: 0, length: 4096 }).readWord(0));
  device.close();
  board.close();`;

const allowed = [
  /^(README|CHANGELOG)\.md$/,
  /^LICENSES\//,
  /^docs\/.*\.md$/,
  /^package\.json$/,
  /^dist\/(?!conformance\/).*\.(js|d\.ts)$/,
  /^examples\/first-light\/(first-light\.elf|README\.md)$/, // older versions of npm take every README
  /^prebuilds\/linux-(x64|arm|arm64)\/epiphany\.node$/,
  // For `epiphany cc`, and to build the compiler that it needs:
  /^ecore\/(ecore\.h|crt0\.S|(internal|external|ecore-(places|handlers|vectors))\.ld)$/,
  /^scripts\/(ecore\/toolchain|lib\/cache|lib\/cached-build)\.mjs$/,
  // To build the addon from source:
  /^binding\.gyp$/,
  /^native\/.*\.(cc|h)$/,
  /^prebuilds\/include\/(napi\.h|napi-inl\.h|LICENSE\.md)$/,
  /^scripts\/package\/install\.mjs$/,
];

/** The checks, in their order, on the package that is installed in `folder`. */
const checks = (folder, tarball) => {
  const installed = join(folder, 'node_modules/node-epiphany');
  const prebuild = join(installed, 'prebuilds', platform);
  const epiphany = (...args) => run(['npx', '--no-install', 'epiphany', ...args], { cwd: folder });
  const node = (script, cwd = folder) => {
    const command = ['--input-type=module', '--eval', script];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd, encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  const assertWorks = (cwd) => assert.deepEqual(node(useLibrary, cwd), { status: 0, stdout: 'E16G301 42 0\n', stderr: '' });

  return {
    'it holds what it needs, and nothing else'() {
      const names = run(['tar', '-tzf', tarball], { cwd: folder }).trim().split('\n');
      const paths = names.map((name) => name.replace(/^package\//, ''));
      for (const one of allowed) assert.ok(paths.some((path) => one.test(path)), `nothing in it is like ${one}`);
      assert.deepEqual(paths.filter((path) => !allowed.some((one) => one.test(path))), []);
    },
    'both of its entries can be imported, with the prebuilt addon'() {
      assertWorks();
    },
    'the command line works'() {
      assert.equal(JSON.parse(epiphany('info', '--board', 'sim', '--json')).type, 'E16G301');
      assert.match(epiphany('load', 'node_modules/node-epiphany/examples/first-light/first-light.elf', '--board', 'sim'), /^every byte is as the program has it$/m);
    },
    'a build left over from another machine does not keep it from the prebuilt addon'() {
      mkdirSync(join(installed, 'build/Release'), { recursive: true });
      writeFileSync(join(installed, 'build/Release/epiphany.node'), foreignElf());
      assertWorks();
    },
    'an addon that was cut off ends nothing'() {
      const addon = join(installed, 'build/Release/epiphany.node');
      writeFileSync(addon, readFileSync(join(prebuild, 'epiphany.node')).subarray(0, 100_000));
      assertWorks();
      assert.match(epiphany('doctor', '--board', 'sim'), /^ok {3}addon .*prebuilds/m);
      writeFileSync(addon, foreignElf());
    },
    'without an addon that loads, one error tells of each path and why'() {
      renameSync(prebuild, `${prebuild}.away`);
      const { status, stderr } = node(useLibrary);
      assert.equal(status, 1);
      assert.match(stderr, /ERR_EPIPHANY_NO_ADDON/);
      assert.match(stderr, /build\/Release\/epiphany\.node: .*wrong ELF class/);
      assert.match(stderr, /build\/Debug\/epiphany\.node: no such file/);
      assert.match(stderr, new RegExp(`prebuilds/${platform}/epiphany\\.node: no such file`));
    },
    'what that error advises builds the addon from the package alone'() {
      const remedy = /Build it with "([^"]+)"/.exec(node(useLibrary).stderr)?.[1].split(' ');
      run(remedy, { cwd: folder, env: { npm_config_nodedir: nodeHeaders() } });
      assertWorks();
    },
    'npm installs by git what was committed last, and builds it'() {
      const project = join(folder, 'by-git');
      mkdirSync(project);
      writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
      const install = ['npm', 'install', '--no-audit', '--no-fund', `git+${new URL('../..', import.meta.url).href.replace(/\/$/, '')}`];
      run(install, { cwd: project, env: { npm_config_nodedir: nodeHeaders() } });
      assertWorks(project);
    },
  };
};

/** The head of a 32-bit library for a machine that Node knows nothing of. */
function foreignElf() {
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  return head;
}

try {
  withInstalledPackage([process.arch], (folder, tarball) => {
    for (const [name, check] of Object.entries(checks(folder, tarball))) {
      check();
      console.log(`PASS  ${name}`);
    }
  });
} catch (error) {
  console.error(`package-check: ${error.stack}`);
  process.exitCode = 1;
}
