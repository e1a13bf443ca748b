// SPDX-License-Identifier: MIT
/** That test/board/clients/client.h, which runs the driver's tests on a board, leaves no process of a test to the next. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from './processes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-client-'));
const client = join(folder, 'late_client');

beforeAll(() => {
  const { status, stderr } = spawnSync('gcc', ['-std=gnu17', '-Wall', '-Wextra', `-I${root}/kernel/include/uapi`, `${root}/test/fixtures/late_client.c`, '-o', client], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('tests of the driver on a board', () => {
  it('meet nothing that the test before has begun, if it was late, gave up or died', () => {
    const names = ['late', 'nothing_is_left_of_one_that_was_late', 'nothing_is_left_of_one_that_gave_up', 'nothing_is_left_of_one_that_died'];
    const { stdout, status } = spawnSync(client, names, { encoding: 'utf8' });
    expect(stdout.split('\n').filter((line) => line !== '').map((line) => line.replace(/line \d+: (.*) \(errno.*/, '$1'))).toEqual([
      '# not done after 1 s',
      'not ok 1 - late',
      '# !"given up"',
      'not ok 2 - nothing is left of one that was late',
      '# killed by signal 6',
      'not ok 3 - nothing is left of one that gave up',
      'ok 4 - nothing is left of one that died',
      '1..4',
    ]);
    expect(status).toBe(1);
  });

  it('leave nothing when somebody ends them all', async () => {
    const running = spawn(client, ['interrupted'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(running, 'exit');
    const [line] = (await once(createInterface(running.stdout), 'line')) as [string];
    const pids = line.slice(2).split(' ').map(Number);
    const existed = pids.map(isAlive);
    running.kill('SIGINT');
    expect({ existed, ended: await ended }).toEqual({ existed: [true, true], ended: [130, null] });
    while (pids.some(isAlive)) await new Promise((done) => setTimeout(done, 10));
  });
});
