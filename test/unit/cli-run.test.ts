// SPDX-License-Identifier: MIT
/** `epiphany run` and `epiphany reset`, each in a process of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { add, BKPT, branch, branchIf, IDLE, load, move, NOP, program, RTI, store, trap, WAND, type Instruction } from './encode.js';
import { itOnTerminals } from './terminals.js';

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
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...parameters, '--board', 'sim'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return { code: status, out: stdout, err: stderr };
}

const endless = fileOf('endless.srec', add(1, 1, 1), branch(-2));
const ONE_CORE = ['--group', '1,2,1,1'];
/** Behind what a loader of S-records writes into the first bytes. */
const behindTables = (...instructions: (Instruction | Instruction[])[]): (Instruction | Instruction[])[] => [branch(0x58), ...Array<Instruction>(0x56 / 2).fill([0, 2]), ...instructions];
/** Writes a word and NULs behind it, `bytes` bytes in all, so many times; without end if `times` is 0. */
const writing = (name: string, word: number, bytes: number, times: number): string =>
  fileOf(name, ...behindTables(move(6, word), move(7, 0x2000), store(6, 7), move(5, times), move(0, 1), move(1, 0x2000), move(2, bytes), move(3, 5), trap(7), add(5, 5, -1), branchIf('ne', -36), move(0, 0), trap(3)));

/** Runs a program that prints without end, until `stop` has its effect; called when so many cores have printed something. */
async function interrupted(stop: (child: ChildProcess) => void, cores: number, ...parameters: string[]): Promise<{ code: unknown; out: string; err: string }> {
  const child = spawn(process.execPath, [main, 'run', writing('chatter.srec', 0x0a0a0a0a, 4, 0), '--board', 'sim', ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err, isStopped] = ['', '', false];
  const look = (): void => {
    if (isStopped || new Set((out + err).match(/^\d,\d(?= \|)/gm)).size < cores) return;
    isStopped = true;
    stop(child);
  };
  child.stdout.on('data', (chunk) => (out += String(chunk))).on('data', look);
  child.stderr.on('data', (chunk) => (err += String(chunk))).on('data', look);
  const patience = setTimeout(() => child.kill('SIGKILL'), 50_000);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(patience);
  return { code, out, err };
}

describe('a program of the SDK that cannot be told its place', () => {
  const file = fileURLToPath(new URL('../ecore/sdk/plain-2012.elf', import.meta.url));
  it.each([['load', []], ['run', ['--group', '0,0,1,1']]])('is loaded by epiphany %s with a warning', (command, options) => {
    const { code, err } = epiphany(command, file, ...options);
    expect(err).toMatch(/^epiphany: warning: '.*plain-2012\.elf' has startup code of the Epiphany SDK, but no section/);
    if (command === 'load') expect(code).toBe(0);
  });
});

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
    expect(epiphany('run', endless, '--', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('no room for arguments') as string });
  });

  it('says what has become of a core that did not end well', () => {
    const { code, err } = epiphany('run', fileOf('stuck.srec', move(0, 0x10000000), load(1, 0)), ...ONE_CORE);
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringMatching(/^epiphany: Core 0x84a waits for a load .* at PC 0x8;/) as string });
    const unaligned = [move(0, 0x1001), load(1, 0), move(0, 0)];
    expect(epiphany('run', fileOf('rest.srec', ...unaligned, IDLE), ...ONE_CORE)).toMatchObject({ code: 1, err: expect.stringMatching(/^epiphany: core 0x84a: unaligned exception, PC 0x/) as string });
    expect(epiphany('run', fileOf('exit.srec', ...unaligned, trap(3)), ...ONE_CORE)).toEqual({ code: 0, out: '', err: '' }); // it has dealt with it
    expect(epiphany('run', fileOf('breakpoint.srec', BKPT), ...ONE_CORE)).toMatchObject({ code: 1, err: expect.stringMatching(/^epiphany: core 0x84a: halted, PC 0x0\n/) as string });
  });

  it('fails if cores are left in a barrier', () => {
    // A loader leaves interrupts masked, all but SYNC; this one's mask is at 0xf0424.
    const file = fileOf('barrier.srec', ...behindTables(move(0, 0xf0424), move(1, 0x2fe), store(1, 0), WAND, IDLE, move(0, 0), trap(3)));
    expect(epiphany('run', file)).toEqual({ code: 0, out: '', err: '' });
    expect(epiphany('run', file, '--seed', '3')).toEqual({ code: 0, out: '', err: '' });
    expect(epiphany('run', file, ...ONE_CORE)).toEqual({ code: 1, out: '', err: 'epiphany: core 0x84a sleeps in a barrier (WAND) that others do not come to or have left, PC 0x6e\n' });
    expect(epiphany('run', file, '--group', '0,0,2,2').err).toBe('epiphany: 4 cores, the first 0x808, sleep in a barrier (WAND) that others do not come to or have left, PC 0x6e\n');
    expect(JSON.parse(epiphany('run', file, ...ONE_CORE, '--json').out)).toMatchObject({ exitCode: 1, cores: [{ state: 'idle', inBarrier: true }] });
    // The one that comes last is answered before its IDLE, and the others go on without it.
    const leaveSync = [move(0, 0xf0420), move(1, 0x6c), store(1, 0), RTI];
    const late = behindTables(...leaveSync, move(0, 0xf0424), move(1, 0x2ff), store(1, 0), WAND, ...Array<Instruction>(8).fill(NOP), IDLE, move(0, 0), trap(3));
    late[0x20 / 2] = RTI; // the handler
    for (const parameters of [[], ['--seed', '3']]) {
      expect(epiphany('run', fileOf('late.srec', ...late), ...parameters)).toMatchObject({ code: 1, err: expect.stringMatching(/^epiphany: core 0x[0-9a-f]{3} sleeps in a barrier \(WAND\) that others .* have left, PC 0x92\n$/) as string });
    }
  });

  it('lets cores take turns in an order that a seed repeats', () => {
    const file = writing('line.srec', 0x0a, 1, 3);
    const orders = ['1', '1', '2', '3'].map((seed) => epiphany('run', file, '--seed', seed, '--quantum', '50'));
    for (const { code, out, err } of orders) expect({ code, err, lines: out.split('\n').length }).toEqual({ code: 0, err: '', lines: 16 * 3 + 1 });
    expect(orders[1]).toEqual(orders[0]);
    expect(new Set(orders.map(({ out }) => out)).size).toBe(3);
    expect(epiphany('run', file, '--quantum', '50').code).toBe(0);
  });

  describe('and its standard input', () => {
    /** Prints what it reads, up to 1 KiB at a time, until there is no more. */
    const echo = fileOf('echo.srec', ...behindTables(move(0, 0), move(1, 0x2000), move(2, 0x400), move(3, 4), trap(7), add(2, 0, 0), branchIf('ne', 12), move(0, 0), trap(3), move(0, 1), move(1, 0x2000), move(3, 5), trap(7), branch(-74)));
    const runEcho = [main, 'run', echo, '--board', 'sim', ...ONE_CORE];
    const silent = fileOf('silent.srec', move(0, 5), trap(3));

    it('lets a core read what is piped in, to its end', () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, runEcho, { encoding: 'utf8', input: 'hello\nthere\n' });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '1,2 | hello\n1,2 | there\n', stderr: '' });
      const long = 'a line of some length\n'.repeat(10_000);
      expect(spawnSync(process.execPath, runEcho, { encoding: 'utf8', input: long }).stdout.replaceAll('1,2 | ', '') === long).toBe(true);
      expect(spawnSync(process.execPath, [...runEcho, '--trace'], { encoding: 'utf8', input: 'traced\n' }).stdout).toBe('1,2 | traced\n');
    });

    it('lets a core read a file, and nothing', () => {
      const file = openSync(echo, 'r');
      const { stdout } = spawnSync(process.execPath, runEcho, { encoding: 'utf8', stdio: [file, 'pipe', 'inherit'] });
      closeSync(file);
      expect(stdout.replaceAll('1,2 | ', '')).toBe(readFileSync(echo, 'utf8'));
      expect(spawnSync(process.execPath, runEcho, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })).toMatchObject({ status: 0, stdout: '' });
    });

    itOnTerminals('lets a core read what is typed', () => {
      const terminal = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)';
      const { status, stdout } = spawnSync('python3', ['-c', terminal, process.execPath, ...runEcho], { encoding: 'utf8', input: 'typed\n\x04' });
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^1,2 \| typed\r$/m) as string });
    });

    it('leaves alone what no core reads, and waits for none of it', async () => {
      const both = spawnSync('sh', ['-c', '"$@"; cat', 'sh', process.execPath, main, 'run', silent, '--board', 'sim'], { encoding: 'utf8', input: 'for the next\n' });
      expect(both.stdout).toBe('for the next\n');
      const child = spawn(process.execPath, [main, 'run', silent, '--board', 'sim'], { stdio: ['pipe', 'inherit', 'inherit'] }); // and nothing comes
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(5);
    });

    it('does not wait for it when it has waited long enough', async () => {
      const child = spawn(process.execPath, [...runEcho, '--timeout', '0.5s'], { stdio: ['pipe', 'inherit', 'pipe'] });
      let err = '';
      child.stderr.on('data', (chunk) => (err += String(chunk)));
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(124);
      expect(err).toMatch(/^epiphany: not over after 0.5s; 1 cores were halted, the first at PC 0x[0-9a-f]+\n$/);
    });

    it('fails if that cannot be read', () => {
      const unreadable = openSync('/proc/self/mem', 'r'); // nothing is mapped at address 0
      const { status, stderr } = spawnSync(process.execPath, runEcho, { encoding: 'utf8', stdio: [unreadable, 'pipe', 'pipe'] });
      closeSync(unreadable);
      expect({ status, stderr }).toEqual({ status: 1, stderr: 'epiphany: EIO: i/o error, read of standard input\n' });
      const directory = openSync(folder, 'r');
      expect(spawnSync(process.execPath, runEcho, { encoding: 'utf8', stdio: [directory, 'pipe', 'pipe'] }).stderr).toBe('epiphany: EISDIR: illegal operation on a directory, read of standard input\n');
      closeSync(directory);
    });
  });

  it('halts a program that takes too long', () => {
    const { code, err } = epiphany('run', endless, '--timeout', '500ms');
    expect({ code, err }).toMatchObject({ code: 124, err: expect.stringMatching(/^epiphany: not over after 500ms; 16 cores were halted, the first at PC 0x[02]\n$/) as string });
  });

  it.each([['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const)('halts it at %s', async (signal, code) => {
    expect(await interrupted((child) => child.kill(signal), 1, ...ONE_CORE)).toMatchObject({ code, err: expect.stringContaining('interrupted; 1 cores were halted') as string });
  });

  it('halts it when nobody reads what it prints any more', async () => {
    expect(await interrupted((child) => child.stdout?.destroy(), 1, ...ONE_CORE)).toMatchObject({ code: 141, err: expect.stringContaining('nobody takes the output; 1 cores were halted') as string });
  });

  it('prints 10 MB in a line as well', () => {
    const { code, out } = epiphany('run', writing('line.srec', 0, 0x400, 10 * 1024), ...ONE_CORE);
    expect(code).toBe(0);
    expect(out.replaceAll(/^1,2 \| |\n/gm, '')).toHaveLength(10 * 2 ** 20);
    expect(out.split('\n').length).toBeLessThan(12);
  });

  it('fails if there is no room for what is printed', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [main, 'run', hello, '--board', 'sim', ...ONE_CORE], { encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringMatching(/^epiphany: ENOSPC: no space left on device, write to standard output$/m) as string });
    expect(stderr).not.toContain('    at ');
  });

  it('traces and counts', () => {
    const file = fileOf('short.srec', move(1, 7), IDLE);
    const traced = epiphany('run', file, ...ONE_CORE, '--trace');
    expect(traced.err).toMatch(/^0x84a 0x00000 {2}mov r1,0x7 +R1=0x7$/m);
    expect(traced.code).toBe(0);
    const counted = epiphany('run', file, ...ONE_CORE, '--stats');
    expect(counted.err).toMatch(/^0x84a {14}3 +0 %/m);
  });

  it('counts words to the mailbox, all of them', () => {
    const file = fileOf('words.srec', move(5, 500), move(1, 0x810f0730), store(5, 1), add(5, 5, -1), branchIf('ne', -4), move(0, 0), trap(3));
    expect(epiphany('run', file, '--stats').err).toMatch(/^8000 words to the mailbox, /m);
  });

  it('tells machines how it went', async () => {
    const five = fileOf('five.srec', move(0, 5), trap(3));
    expect(JSON.parse(epiphany('run', five, ...ONE_CORE, '--json').out)).toEqual({ exitCode: 5, cores: [{ core: '0x84a', state: 'exited', pc: '0xa', exitCode: 5 }] });
    const { code, out } = await interrupted((child) => child.kill('SIGINT'), 16, '--stats', '--json');
    expect(code).toBe(130);
    const { exitCode, cores, mailboxWords } = JSON.parse(out) as { exitCode: number; mailboxWords: number; cores: { state: string; instructions: number; idle: number; classes: object }[] };
    expect([exitCode, mailboxWords, cores.length]).toEqual([130, 0, 16]);
    for (const core of cores) expect(core).toMatchObject({ state: 'halted', classes: { float: 0 } });
    expect(Math.min(...cores.map(({ instructions }) => instructions))).toBeGreaterThan(0);
    expect(Math.min(...cores.map(({ idle }) => idle))).toBe(0);
  });

  it('tells machines what went wrong, and people nothing then', () => {
    for (const [parameters, code, message] of [[[endless, '--timeout', '200ms'], 124, /^not over after 200ms; 1 cores were halted/], [[fileOf('breakpoint.srec', BKPT)], 1, /^core 0x84a: halted, PC 0x0/], [[fileOf('stuck.srec', move(0, 0x10000000), load(1, 0))], 1, /^Core 0x84a waits for a load/]] as const) {
      const { err, ...rest } = epiphany('run', ...parameters, ...ONE_CORE, '--json');
      expect({ code: rest.code, err }).toEqual({ code, err: '' });
      expect((JSON.parse(rest.out) as { error: object }).error).toMatchObject({ message: expect.stringMatching(message) as string });
    }
  });

  it('is called wrongly in so many ways', () => {
    for (const parameters of [['run'], ['run', endless, '--group', '0,0'], ['run', endless, '--timeout', 'soon'], ['run', endless, '--timeout', '5'], ['run', endless, '--timeout', '0s'], ['run', endless, '--timeout', '5h'], ['run', endless, '--timeout', '99999999s'], ['run', endless, '--group', '3,3,2,2'], ['run', join(folder, 'none.elf')], ['run', endless, '--directory', join(folder, 'none')], ['run', endless, '--core', '0,0'], ['run', endless, '--quantum', '0'], ['run', endless, '--seed', '-1'], ['run', endless, '--seed', '1e3'], ['reset', 'x']]) {
      expect(epiphany(...parameters)).toMatchObject({ code: 2, out: '' });
    }
  });
});

it('epiphany reset leaves cores at rest', () => {
  expect(epiphany('reset', '--group', '0,0,2,2')).toEqual({ code: 0, out: '4 cores are reset\n', err: '' });
  expect(JSON.parse(epiphany('reset', '--json').out)).toEqual({ cores: 16 });
});
