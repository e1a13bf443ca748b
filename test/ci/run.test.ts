// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { isAlive } from '../unit/processes.js';

const scripts = fileURLToPath(new URL('../../.ci', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'ci-run-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const NOTHING = '#!/bin/sh\n';
/** A program that is done at once if it is asked for what is in DONE. Else it says which processes it is, and goes on for ever. */
const ENDLESS = '#!/bin/sh\ncase " $DONE " in *" $1 "*) exit ;; esac\nsleep 600 &\necho $$ $! >>"$PIDS"\nwait\n';

/** Writes down what it is asked for; fails at what is in FAILING. */
const RECORDING = '#!/bin/sh\necho "$*" >>"$PIDS"\ncase " $FAILING " in *" $1 "*) exit 7 ;; esac\n';

/** A copy of the scripts, where what they call are `programs`. */
function copyOf(name: string, program: string) {
  const folder = join(scratch, name);
  const [programs, temporary, pids] = [join(folder, 'programs'), join(folder, 'tmp'), join(folder, 'pids')];
  for (const path of [programs, temporary]) mkdirSync(path, { recursive: true });
  cpSync(scripts, join(folder, '.ci'), { recursive: true });
  const stubs = { '.ci/packages': NOTHING, 'programs/git': NOTHING, 'programs/npm': program, 'programs/node': program };
  for (const [path, text] of Object.entries(stubs)) writeFileSync(join(folder, path), text, { mode: 0o755 });
  const env = { ...process.env, PATH: `${programs}:${process.env['PATH']}`, TMPDIR: temporary, PIDS: pids };
  return { run: join(folder, '.ci/run'), env, temporary, pids };
}

/** Runs a copy of the script in a process group of its own, where what it calls does nothing, or does not end. */
function start(name: string, done: string[]) {
  const { run, env, temporary, pids } = copyOf(name, ENDLESS);
  const child = spawn(run, { detached: true, stdio: 'ignore', env: { ...env, DONE: done.join(' ') } });
  return {
    pid: child.pid as number,
    ended: once(child, 'exit'),
    begun: () => (existsSync(pids) ? readFileSync(pids, 'utf8').trim().split(/\s+/).map(Number) : []),
    leftFiles: () => readdirSync(temporary),
  };
}

describe('.ci/run ends with all that it has begun', () => {
  const LANES = ['test', 'scripts/package/prebuild.mjs'];
  it.each([
    ['at Ctrl-C in both lanes', LANES, 4, 'SIGINT', true, 130],
    ['at Ctrl-C before the lanes', [], 2, 'SIGINT', true, 130],
    ['at SIGTERM to it alone', LANES, 4, 'SIGTERM', false, 143],
    ['when its terminal hangs up', LANES, 4, 'SIGHUP', true, 129],
  ] as const)('%s', async (name, done, processes, signal, isForGroup, code) => {
    const { pid, ended, begun, leftFiles } = start(name, [...done]);
    try {
      await vi.waitFor(() => expect(begun()).toHaveLength(processes), { timeout: 200_000 });
      process.kill(isForGroup ? -pid : pid, signal);
      expect(await ended).toEqual([code, null]);
      expect(begun().filter(isAlive)).toEqual([]);
      expect(begun()).toHaveLength(processes); // no further step was begun
      expect(leftFiles()).toEqual([]);
    } finally {
      for (const each of [pid, ...begun()].filter(isAlive)) process.kill(each, 'SIGKILL');
    }
  });
});

describe('.ci/run', () => {
  it('runs each step once, whichever lane comes to it first, names those that fail, and counts', () => {
    const { run, env, pids } = copyOf('counting', RECORDING);
    const { stdout, status } = spawnSync(run, { encoding: 'utf8', env: { ...env, FAILING: 'scripts/native/sanitize.mjs' } });
    const called = readFileSync(pids, 'utf8').trim().split('\n');
    expect(called.length).toBeGreaterThan(20);
    expect([...new Set(called)]).toEqual(called);
    const steps = readFileSync(run, 'utf8').match(/^ *step '.*$/gm) as string[];
    const begun = stdout.match(/^== .*$/gm) as string[];
    expect(begun).toHaveLength(steps.length + 1); // and whether anything was left behind
    // Neither a build nor a copy of the tests is there.
    const failures = ['FAIL with exit code 2 warnings of the compiler are errors', 'FAIL with exit code 127 commands of the README', 'FAIL with exit code 7 sanitizers'];
    expect((stdout.match(/^FAIL .*$/gm) as string[]).sort()).toEqual([...failures].sort());
    expect(stdout.match(/^ *\d+ s {2}\S.*$/gm)).toHaveLength(begun.length);
    expect(stdout).toMatch(/Not run here: npm run check:long/);
    expect(stdout.endsWith(`\n${begun.length - 3} passed, 3 failed\n`)).toBe(true);
    expect(status).toBe(1);
  });
});
