// SPDX-License-Identifier: MIT
//
//   node scripts/native/sanitize.mjs [--all | arguments of vitest]
//
// Runs the tests with an addon that AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer watch. Node itself
// is as ever, but for the sanitizer's allocator. All this happens in a copy of the tree, because node-gyp builds nowhere
// but in ./build, and the developer's build stays as it is.
//
// Without arguments, two kinds of tests are left out, which take longer than all others: those of the command line, of
// which each starts a Node of its own, and those of scripts, which do not reach the addon.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { nodeHeaders } from '../lib/node-headers.mjs';
import { run } from '../lib/run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

const sanitizers = '-fsanitize=address,undefined';
const buildFlags = {
  CXXFLAGS: `${sanitizers} -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1`,
  LDFLAGS: sanitizers,
};

const withoutAddon = ['architecture', 'bootstrap', 'cached-build', 'debian', 'driver-clients', 'fresh', 'kernel-upstream', 'on-debian', 'readme', 'virtual-board'];
const leftOut = ['test/ci/**', 'test/unit/cli*', ...withoutAddon.map((name) => `test/unit/${name}.test.ts`)];

/** How the sanitizers behave at run time; what they find goes to files in `reports`. */
function runtimeOptions(reports) {
  return [
    ...['segv', 'sigbus'].map((name) => `handle_${name}=0`), // tests want to see the signal itself, and V8 makes its own use of one
    'abort_on_error=1', // an error ends the process by a signal, which is no exit code that a test expects …
    'exitcode=0', // … and leaks do not change that code: Node has some of its own
    `log_path=${join(reports, 'report')}`,
    "stack_trace_format='    #%n %F %L %M'",
    'print_stacktrace=1',
  ].join(':');
}

/** Every error, and every leak of memory that was asked for by our code, or by the C++ library for it. */
function findings(reports) {
  return readdirSync(reports).flatMap((name) => {
    const report = readFileSync(join(reports, name), 'utf8');
    const isOfLeaks = report.includes('ERROR: LeakSanitizer: detected memory leaks');
    return isOfLeaks ? report.split('\n\n').filter(isOurs) : [report];
  });
}

function isOurs(leak) {
  const frames = leak.split('\n').filter((line) => /^ *#\d/.test(line));
  const asker = frames.find((frame) => !/\(lib(asan|stdc\+\+)\.so/.test(frame)) ?? '';
  return /\((epiphany|probe)\.node\+/.test(asker);
}

function copyTree(tree) {
  const made = /(^|\/)(\.git|build(-[^/]*)?|coverage|node_modules|prebuilds)$/;
  cpSync(root, tree, { recursive: true, filter: (path) => !made.test(relative(root, path)) });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
}

function main(words, scratch) {
  const asked = words.length === 0 ? leftOut.map((glob) => `--exclude=${glob}`) : words.filter((word) => word !== '--all');
  const [tree, reports] = [join(scratch, 'tree'), join(scratch, 'reports')];
  run([process.execPath, 'scripts/bootstrap.mjs', '--quiet'], { cwd: root });
  copyTree(tree);
  for (const folder of ['.', 'test/native']) {
    const options = ['--jobs=max', `--directory=${folder}`, `--nodedir=${nodeHeaders()}`];
    run(['node_modules/.bin/node-gyp', 'rebuild', ...options], { cwd: tree, env: buildFlags });
  }

  mkdirSync(reports);
  const runtime = run(['g++', '-print-file-name=libasan.so']).trim();
  const behaviour = runtimeOptions(reports);
  const env = { ...process.env, LD_PRELOAD: runtime, ASAN_OPTIONS: behaviour, UBSAN_OPTIONS: behaviour };
  const passes = (args) => spawnSync(process.execPath, args, { cwd: tree, env, stdio: 'inherit' }).status === 0;
  const results = [
    ['node_modules/vitest/vitest.mjs', 'run', ...asked],
    // vitest kills its workers, and leaks are looked for at the end of a process: these come to theirs.
    ['dist/conformance/run-node.js', 'sim'],
    ['dist/conformance/run-node.js', 'sim:e64g401'],
  ].map(passes);
  const found = findings(reports);
  if (found.length > 0) throw new Error(`the sanitizers found:\n\n${found.join('\n\n')}`);
  if (results.includes(false)) throw new Error('tests failed');
}

const scratch = mkdtempSync(join(tmpdir(), 'epiphany-sanitize-'));
try {
  main(process.argv.slice(2), scratch);
} catch (error) {
  console.error(`sanitize: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
