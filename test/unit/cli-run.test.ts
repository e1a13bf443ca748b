// SPDX-License-Identifier: MIT
/** `epiphany run` and `epiphany reset`, each in a process of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { add, branch, IDLE, load, move, program, trap, type Instruction } from './encode.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const hello = fileURLToPath(new URL('../ecore/programs/hello.elf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of S-records, of instructions from address 0 on. */
function fileOf(name: string, ...instructions: (Instruction | Instruction[])[]): string {
  const bytes = program(...instructions);
  const record = (type: number, ...content: number[]): string => {
    const all = [content.length + 1, ...content];
    return `S${type}${Buffer.from([...all, ~all.reduce((sum, byte) => sum + byte, 0) & 0xff]).toString('hex').toUpperCase()}\n`;
  };
  const path = join(folder, name);
  writeFileSync(path, `${record(0, 0, 0)}${record(1, 0, 0, ...bytes)}${record(9, 0, 0)}`);
  return path;
}

function epiphany(...parameters: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...parameters, '--board', 'sim'], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

const endless = fileOf('endless.srec', add(1, 1, 1), branch(-2));
const ONE_CORE = ['--group', '1,2,1,1'];

describe('epiphany run', () => {
  it('ends with the exit code of the program, of the first core that has one', () => {
    expect(epiphany('run', fileOf('five.srec', move(0, 5), trap(3)))).toEqual({ code: 5, out: '', err: '' });
    expect(epiphany('run', fileOf('fail.srec', trap(5))).code).toBe(1);
    expect(epiphany('run', fileOf('rest.srec', IDLE))).toEqual({ code: 0, out: '', err: '' });
    expect(epiphany('run', fileOf('large.srec', move(0, 256), trap(3))).code).toBe(1); // not 0
  });

  it('gives the program its arguments, and refuses those that it has no room for', () => {
    const { code, out } = epiphany('run', hello, ...ONE_CORE, '--', 'one', '--two');
    expect(code).toBe(7);
    expect(out).toContain('1,2 | argument 1: one\n1,2 | argument 2: --two\n');
    expect(epiphany('run', endless, '--', 'x')).toMatchObject({ code: 1, err: expect.stringContaining('no room for arguments') as string });
  });

  it('says what has become of a core that did not end well', () => {
    const unaligned = fileOf('unaligned.srec', move(0, 0x1001), [[0x0502, 2]], load(1, 0), IDLE);
    const { code, err } = epiphany('run', fileOf('stuck.srec', move(0, 0x10000000), load(1, 0)), ...ONE_CORE);
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringMatching(/^epiphany: Core 0x84a waits for a load .* at PC 0x8;/) as string });
    expect(epiphany('run', unaligned, ...ONE_CORE, '--timeout', '1').code).not.toBe(0);
  });

  it('halts a program that takes too long', () => {
    const { code, err } = epiphany('run', endless, '--timeout', '1');
    expect({ code, err }).toMatchObject({ code: 124, err: expect.stringMatching(/^epiphany: not over after 1 s; 16 cores were halted, the first at PC 0x[02]\n$/) as string });
  });

  it('halts it when the user has had enough', async () => {
    const child = spawn(process.execPath, [main, 'run', endless, '--board', 'sim', ...ONE_CORE], { stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    const ended = new Promise((resolve) => child.on('close', resolve));
    const impatience = setInterval(() => child.kill('SIGINT'), 700); // Node may not listen yet at first
    expect(await ended).toBe(130);
    clearInterval(impatience);
    expect(err).toContain('interrupted; 1 cores were halted');
  });

  it('traces and counts', () => {
    const file = fileOf('short.srec', move(1, 7), IDLE);
    const traced = epiphany('run', file, ...ONE_CORE, '--trace');
    expect(traced.err).toMatch(/^0x84a 0x00000 {2}mov r1,0x7 +R1=0x7$/m);
    expect(traced.code).toBe(0);
    const counted = epiphany('run', file, ...ONE_CORE, '--stats');
    expect(counted.err).toMatch(/^0x84a {14}3 +0 %/m);
  });

  it('is called wrongly in so many ways', () => {
    for (const parameters of [['run'], ['run', endless, '--group', '0,0'], ['run', endless, '--timeout', 'soon'], ['run', endless, '--core', '0,0'], ['reset', 'x']]) {
      expect(epiphany(...parameters)).toMatchObject({ code: 2, out: '' });
    }
    expect(epiphany('run', endless, '--group', '3,3,2,2').code).toBe(1);
    expect(epiphany('run', join(folder, 'none.elf'))).toMatchObject({ code: 1, err: expect.stringContaining('ENOENT') as string });
  });
});

it('epiphany reset leaves cores at rest', () => {
  expect(epiphany('reset', '--group', '0,0,2,2')).toEqual({ code: 0, out: '4 cores are reset\n', err: '' });
  expect(JSON.parse(epiphany('reset', '--json').out)).toEqual({ cores: 16 });
});
