// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';

const script = fileURLToPath(new URL('../../.ci/run', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'ci-run-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const NOTHING = '#!/bin/sh\n';
/** A program that is done at once if it is asked for what is in DONE. Else it says which processes it is, and goes on for ever. */
const ENDLESS = '#!/bin/sh\ncase " $DONE " in *" $1 "*) exit ;; esac\nsleep 600 &\necho $$ $! >>"$PIDS"\nwait\n';

const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** Runs a copy of the script in a process group of its own, where what it calls does nothing, or does not end. */
function start(name: string, done: string[]) {
  const folder = join(scratch, name);
  const [programs, temporary, pids] = [join(folder, 'programs'), join(folder, 'tmp'), join(folder, 'pids')];
  for (const path of [join(folder, '.ci'), programs, temporary]) mkdirSync(path, { recursive: true });
  cpSync(script, join(folder, '.ci/run'));
  const stubs = { '.ci/packages': NOTHING, 'programs/git': NOTHING, 'programs/npm': ENDLESS, 'programs/node': ENDLESS };
  for (const [path, text] of Object.entries(stubs)) writeFileSync(join(folder, path), text, { mode: 0o755 });
  const env = { ...process.env, PATH: `${programs}:${process.env['PATH']}`, TMPDIR: temporary, DONE: done.join(' '), PIDS: pids };
  const child = spawn(join(folder, '.ci/run'), { detached: true, stdio: 'ignore', env });
  return {
    pid: child.pid as number,
    ended: once(child, 'exit'),
    begun: () => (existsSync(pids) ? readFileSync(pids, 'utf8').trim().split(/\s+/).map(Number) : []),
    leftFiles: () => readdirSync(temporary),
  };
}

describe('.ci/run ends with all that it has begun', () => {
  const LANES = ['test', 'scripts/prebuild.mjs'];
  it.each([
    ['at Ctrl-C in both lanes', LANES, 4, 'SIGINT', true, 130],
    ['at Ctrl-C before the lanes', [], 2, 'SIGINT', true, 130],
    ['at SIGTERM to it alone', LANES, 4, 'SIGTERM', false, 143],
    ['when its terminal hangs up', LANES, 4, 'SIGHUP', true, 129],
  ] as const)('%s', async (name, done, processes, signal, isForGroup, code) => {
    const { pid, ended, begun, leftFiles } = start(name, [...done]);
    try {
      await vi.waitFor(() => expect(begun()).toHaveLength(processes), { timeout: 30_000 });
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
