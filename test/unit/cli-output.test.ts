// SPDX-License-Identifier: MIT
/** Commands that have much to say to a reader who takes nothing: they wait, and keep little. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openBoard } from '../../lib/board.js';
import type { Command } from '../../lib/cli/command.js';
import { disasm } from '../../lib/cli/disasm.js';
import { dump } from '../../lib/cli/dump.js';
import { mailbox } from '../../lib/cli/mailbox.js';
import { symbols } from '../../lib/cli/symbols.js';
import { add, branch, branchIf, move, NOP, program, store, trap, type Instruction } from './encode.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const firstLight = fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-output-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of S-records: bytes from an address on. */
function fileOf(name: string, address: number, bytes: Uint8Array): string {
  const record = (type: number, ...content: number[]): string => {
    const all = [content.length + 1, ...content];
    return `S${type}${Buffer.from([...all, ~all.reduce((sum, byte) => sum + byte, 0) & 0xff]).toString('hex').toUpperCase()}\n`;
  };
  const addressed = (at: number): number[] => [at >>> 24, (at >>> 16) & 0xff, (at >>> 8) & 0xff, at & 0xff];
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 128) lines.push(record(3, ...addressed(address + at), ...bytes.subarray(at, at + 128)));
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('')}${record(7, 0, 0, 0, 0)}`);
  return path;
}

const nops = (count: number): Uint8Array => new Uint8Array(new Uint16Array(count).fill(NOP[0]).buffer);
const behindTables = (...instructions: (Instruction | Instruction[])[]): Uint8Array => program(branch(0x58), ...Array<Instruction>(0x56 / 2).fill([0, 2]), ...instructions);
/** Prints so many bytes at once, lines of three characters, for ever, or so many times. */
const printing = (name: string, stream: 1 | 2, times: number): string =>
  fileOf(name, 0, behindTables(move(6, 0x0a616161), move(7, 0x2000), ...Array.from({ length: 16 }, () => [store(6, 7), add(7, 7, 3), add(7, 7, 1)]), move(5, times), move(0, stream), move(1, 0x2000), move(2, 64), move(3, 5), trap(7), add(5, 5, -1), branchIf('ne', -36), move(0, 0), trap(3)));
const shorter = fileOf('shorter.srec', 0x8e000000, nops(2 ** 14));
/** A million instructions. */
const long = fileOf('long.srec', 0x8e000000, nops(2 ** 20));

/** One that keeps all of the disassembly has 290. A sanitizer's allocator keeps what was freed, up to 256 of it. */
const MOST_MEGABYTES = process.env['ASAN_OPTIONS'] === undefined ? 200 : 600;
/** Of one process: memory at its most, in MB, and the time of processors that it has used. */
function usageOf({ pid }: ChildProcess): { peak: number; ticks: number } {
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return { peak, ticks: Number(fields[11]) + Number(fields[12]) };
}

/** Runs a command whose output nobody takes, until it rests or has too much memory; then `use` has the pipe. */
async function stalled(parameters: readonly string[], stream: 1 | 2, use: (child: ChildProcess, pipe: number) => Promise<void>): Promise<void> {
  const path = join(folder, `pipe${Math.random()}`);
  spawnSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const end = openSync(path, 'w'); // one of its own: a child gets its output without O_NONBLOCK
  const child = spawn(process.execPath, [main, ...parameters], { stdio: ['ignore', stream === 1 ? end : 'ignore', stream === 2 ? end : 'ignore'] });
  closeSync(end);
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    let [quiet, before] = [0, 0];
    // Quiet for a while, and not only because others have the processor: it has begun to write, and stopped.
    while (quiet < 8 && child.exitCode === null && child.signalCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      const { peak, ticks } = usageOf(child);
      expect(peak).toBeLessThan(MOST_MEGABYTES);
      quiet = ticks - before <= 2 && ticks > 10 ? quiet + 1 : 0;
      before = ticks;
    }
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    await use(child, pipe);
  } finally {
    child.kill('SIGKILL');
    await ended;
    closeSync(pipe);
  }
}

/** Takes what comes until the command has ended; its length. */
async function drain(child: ChildProcess, pipe: number): Promise<number> {
  const buffer = Buffer.alloc(2 ** 16);
  let total = 0;
  for (;;) {
    const isOver = child.exitCode !== null;
    try {
      for (;;) total += readSync(pipe, buffer);
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAGAIN' });
    }
    if (isOver) return total;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('with a reader who takes nothing', () => {
  it.each([[1, []], [2, []], [2, ['--json']]] as const)('run keeps the program waiting that prints to %i %j', async (stream, options) => {
    await stalled(['run', printing('endless.srec', stream, 0), '--board', 'sim', ...options], stream, () => Promise.resolve());
  });

  it('run prints no further, however many lines the program writes at once', async () => {
    const lines = 2 ** 21;
    const path = join(folder, 'lines.srec');
    const text = (name: string, at: number, bytes: Uint8Array): string => readFileSync(fileOf(name, at, bytes), 'utf8').replace(/^S7.*\n/m, '');
    writeFileSync(path, text('code.srec', 0, behindTables(move(0, 1), move(1, 0x8e100000), move(2, lines), trap(0), move(0, 0), trap(3))) + text('text.srec', 0x8e100000, new Uint8Array(lines).fill(10)) + 'S70500000000FA\n');
    await stalled(['run', path, '--board', 'sim', '--group', '0,0,1,1'], 1, () => Promise.resolve());
  });

  it('run traces no further', async () => {
    await stalled(['run', printing('traced.srec', 1, 0), '--board', 'sim', '--trace', '--group', '0,0,1,1'], 2, () => Promise.resolve());
  });

  it('run goes on when it is read after all, and nothing is lost', async () => {
    await stalled(['run', printing('later.srec', 1, 3000), '--board', 'sim', '--group', '1,2,1,1'], 1, async (child, pipe) => {
      expect(await drain(child, pipe)).toBe(3000 * 16 * '1,2 | aaa\n'.length);
      expect(child.exitCode).toBe(0);
    });
  });

  it.each([[[]], [['--json']]])('disasm %j disassembles no further', async (options) => {
    await stalled(['disasm', long, ...options], 1, () => Promise.resolve());
  });

  it.each([[[]], [['--json']]])('disasm %j goes on when it is read after all', async (options) => {
    await stalled(['disasm', shorter, ...options], 1, async (child, pipe) => {
      expect(await drain(child, pipe)).toBeGreaterThan(2 ** 14 * 20);
      expect(child.exitCode).toBe(0);
    });
  });

  it.each<[string, Command, string[]]>([['mailbox', mailbox, ['50']], ['dump', dump, ['0,0', '0', '0x200']], ['symbols', symbols, [firstLight]], ['disasm', disasm, [firstLight]]])('%s says a line at a time', async (_name, command, operands) => {
    using board = openBoard('sim', { stepped: true });
    for (let word = 0; word < 50; ++word) board.simulator?.pushMailbox(word);
    board.core(0, 0).write(0, Uint8Array.from({ length: 0x200 }, (_, index) => index));
    let [printed, hasRoom] = [0, (): void => undefined];
    const context = { operands, option: () => undefined, flag: () => false, json: false, colour: false, board: () => board, outputEnd: new AbortController().signal };
    let isOver = false;
    const end = Promise.resolve(command.run({ ...context, print: () => void ++printed, printAsIs: () => void ++printed, room: () => new Promise((resolve) => (hasRoom = resolve)) })).then(() => (isOver = true));
    for (let before = -1; !isOver; ) {
      for (let turn = 0; turn < 50 && !isOver; ++turn) await new Promise(setImmediate);
      if (printed > before && before >= 0) expect(printed - before).toBeLessThanOrEqual(4); // a line, its label, a heading, a blank line before that
      before = printed;
      hasRoom();
    }
    await end;
    expect(printed).toBeGreaterThan(20);
  });
});

it('disasm writes one JSON document, as large as it may be', () => {
  const small = fileOf('small.srec', 0x100, nops(0x2000));
  const { status, stdout } = spawnSync(process.execPath, [main, 'disasm', small, '--json'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const { file, sections } = JSON.parse(stdout) as { file: string; sections: { name: string; instructions: { address: string }[] }[] };
  expect([status, file, sections.length, sections[0]?.instructions.length]).toEqual([0, small, 1, 0x2000]);
  expect(sections[0]?.instructions.at(-1)?.address).toBe('0x40fe');
});
