// SPDX-License-Identifier: MIT
/** Programs read from paths that lead to anything. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBoard, type Board, type WorkGroup } from '../../lib/index.js';
import { LARGEST_FILE, readProgramFile } from '../../lib/program/file.js';
import { readProgram } from '../../lib/program/read.js';
import { runNode } from '../native/probe.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const FIRST_LIGHT = fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'program-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BAD_PROGRAM = { code: 'ERR_EPIPHANY_BAD_PROGRAM' };
const place = (name: string): string => join(folder, name);
function fifo(name: string): string {
  rmSync(place(name), { force: true });
  spawnSync('mkfifo', [place(name)]);
  return place(name);
}

let board: Board;
let group: WorkGroup;
beforeEach(() => {
  board = openBoard('sim');
  group = board.workgroup();
});
afterEach(() => board.close());

describe('what is no file', () => {
  it.each(['/dev/zero', '/dev/null', '/dev/random', tmpdir(), '/proc/self/fd'])('%s is refused, and the group has its next', async (path) => {
    await expect(group.load(path)).rejects.toMatchObject({ ...BAD_PROGRAM, path });
    await expect(group.load(FIRST_LIGHT)).resolves.toBeDefined();
  });

  it('is refused if it is a socket', async () => {
    const path = place('socket');
    const server = createServer().listen(path);
    await new Promise((resolve) => server.on('listening', resolve));
    await expect(group.load(path)).rejects.toMatchObject({ ...BAD_PROGRAM, message: expect.stringContaining('it is a socket, not a regular file or a pipe') as string });
    server.close();
  });

  it('names the file also if reading it fails', async () => {
    await expect(readProgramFile('/proc/self/mem')).rejects.toMatchObject({ code: 'EIO', errno: -5, syscall: 'read', path: '/proc/self/mem' });
  });

  it('is refused if it is larger than any program, unread', async () => {
    const path = place('large');
    writeFileSync(path, 'S0');
    truncateSync(path, LARGEST_FILE + 1);
    await expect(group.load(path)).rejects.toMatchObject({ ...BAD_PROGRAM, message: expect.stringContaining('more than 128 MiB') as string });
    rmSync(path);
  });

  it('is read, if it does not tell its size, and refused for what it is', async () => {
    await expect(group.load('/proc/version')).rejects.toMatchObject({ ...BAD_PROGRAM, offset: 0 });
  });

  it.each(['symbols', 'disasm', 'load', 'run'])('epiphany %s says so', (command) => {
    for (const path of ['/dev/zero', tmpdir()]) {
      const { status, stderr } = spawnSync(process.execPath, [main, command, path, ...(command === 'load' || command === 'run' ? ['--board', 'sim'] : [])], { encoding: 'utf8' });
      expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringMatching(/^epiphany: '.*' is not read as a program: it is a (character device|directory)/) as string });
    }
  });
});

describe('a pipe', () => {
  it('gives a program, whenever and in whatever pieces it comes', async () => {
    const path = fifo('pieces');
    const loading = group.load(path);
    await new Promise((resolve) => setTimeout(resolve, 20)); // nobody writes yet
    const writer = openSync(path, 'w');
    const bytes = readFileSync(FIRST_LIGHT);
    for (let at = 0; at < bytes.length; at += 1000) {
      writeSync(writer, bytes.subarray(at, at + 1000));
      await new Promise(setImmediate);
    }
    closeSync(writer);
    const { program } = await loading;
    expect(program.segments).toEqual(readProgram(bytes, '').segments);
  });

  it('that nobody writes to keeps nobody waiting who gives a signal', async () => {
    const path = fifo('silent');
    const stop = new AbortController();
    const loading = group.load(path, { signal: stop.signal });
    await expect(group.load(FIRST_LIGHT)).rejects.toMatchObject({ code: 'ERR_EPIPHANY_BUSY' });
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(loading).rejects.toBe(reason);
    await expect(group.load(FIRST_LIGHT, { signal: stop.signal })).rejects.toBe(reason);
    await expect(group.load(FIRST_LIGHT)).resolves.toBeDefined();
  });

  it('that nobody writes to is left when the group is closed', async () => {
    const loading = group.load(fifo('closed'));
    group.close();
    await expect(loading).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
    using other = board.workgroup();
    const next = other.load(fifo('closed'));
    board.close();
    await expect(next).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
  });

  it('that never ends is refused: at once if no program begins like that, else when it is longer than any', async () => {
    const path = fifo('endless');
    for (const [shell, message] of [['cat /dev/zero', 'this is no program'], ["yes S00600004844521B", 'more than 128 MiB']]) {
      const writer = spawn('sh', ['-c', `${shell} > ${path}`]);
      await expect(readProgramFile(path)).rejects.toMatchObject({ ...BAD_PROGRAM, message: expect.stringContaining(message as string) as string });
      await new Promise((resolve) => writer.on('close', resolve)); // SIGPIPE
    }
  });

  it('reaches the commands, as standard input and from the shell', () => {
    const direct = spawnSync(process.execPath, [main, 'symbols', FIRST_LIGHT], { encoding: 'utf8' }).stdout;
    expect(direct).toContain('result');
    for (const shell of [`cat ${FIRST_LIGHT} | "$0" ${main} symbols /dev/stdin`, `"$0" ${main} symbols <(cat ${FIRST_LIGHT})`, `"$0" ${main} symbols /dev/stdin < ${FIRST_LIGHT}`]) {
      expect(spawnSync('bash', ['-c', shell, process.execPath], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: direct });
    }
  });

  it.each([undefined, null, {}, 'x'])('takes no signal that is none: %j', async (signal) => {
    if (signal === undefined) await expect(group.load(FIRST_LIGHT, { signal })).resolves.toBeDefined();
    else await expect(group.load(FIRST_LIGHT, { signal: signal as never })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});

describe('large programs', () => {
  /** All of shared DRAM in S-records of 32 bytes, of which every other word is not zero. */
  function imageOfDram(): string {
    const [bytes, line] = [0x2000000, 79];
    const records = bytes / 32;
    const text = Buffer.alloc(records * line);
    const hex = Array.from({ length: 256 }, (_, byte) => Buffer.from(byte.toString(16).padStart(2, '0').toUpperCase()).readUInt16LE());
    for (let index = 0; index < records; ++index) {
      const at = index * line;
      const address = 0x8e000000 + index * 32;
      const content = [0x25, address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff];
      for (let word = 0; word < 8; ++word) content.push(...(word % 2 ? [index & 0xff, (index >>> 8) & 0xff, 0, word] : [0, 0, 0, 0]));
      let sum = 0;
      for (const byte of content) sum += byte;
      content.push(~sum & 0xff);
      text.writeUInt16LE(0x3353, at); // S3
      for (const [place, byte] of content.entries()) text.writeUInt16LE(hex[byte] as number, at + 2 + 2 * place);
      text[at + line - 1] = 10;
    }
    const path = place('dram.srec');
    writeFileSync(path, text);
    writeFileSync(path, 'S70500000000FA\n', { flag: 'a' });
    return path;
  }

  it('of all shared DRAM are loaded from S-records, in memory that is a small multiple of theirs', async () => {
    const path = imageOfDram();
    const outcome = await runNode(`
      import { openBoard } from 'node-epiphany'; import { readFileSync } from 'node:fs';
      const board = openBoard('sim'); const group = board.workgroup();
      const { bytes } = await group.load(${JSON.stringify(path)});
      const memory = board.sharedDramMapping();
      const words = [memory.readWord(4), memory.readWord(0x1ffffe4), memory.readWord(0x1ffffe0)];
      console.log(JSON.stringify({ bytes, words, peak: Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024 }));`);
    rmSync(path);
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    const { bytes, words, peak } = JSON.parse(outcome.stdout) as { bytes: number; words: number[]; peak: number };
    expect(bytes).toBe(0x2000000 + 16 * 48);
    expect(words).toEqual([0x01000000, 0x0100ffff, 0]);
    expect(peak).toBeLessThan(700); // MB, of a file of 79 MB: it was 2200
  });

  it('of thousands of segments are loaded on 64 cores', async () => {
    using large = openBoard('sim:e64g401');
    using all = large.workgroup();
    const flags = { read: true, write: true, execute: true };
    const segments = Array.from({ length: 4000 }, (_, index) => ({ address: 0x100 + 8 * index, data: Uint8Array.of(index, index >>> 8), memoryBytes: 2, flags }));
    const sections = ['workgroup_cfg', 'ext_mem_cfg', 'loader_cfg'].map((name, index) => ({ name, address: 64 * index, bytes: 40, type: 'progbits' as const, flags: { allocate: true, write: false, execute: false } }));
    const { bytes } = await all.load({ path: 'many', entry: 0, segments, sections, symbols: [], symbolsByName: new Map() });
    expect(bytes).toBe(64 * (2 * segments.length + 40 + 8 + 16));
    expect(all.cores.at(-1)?.read(0x100 + 8 * 3999, 2)).toEqual(Uint8Array.of(3999 & 0xff, 3999 >>> 8));
  });
});
