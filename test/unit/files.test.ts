// SPDX-License-Identifier: MIT
/** Descriptors of the host that programs have: none is lost on any way to fail, and they are never all of them. */
import { closeSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Directory, Files } from '../../lib/workgroup/files.js';
import { runNode } from '../native/probe.js';
import { add, branchIf, move, program, store, trap } from './encode.js';

const [READ, WRITE, NEITHER] = [0, 1, 3];
const [CREATE, TRUNCATE, EXCLUSIVE] = [0x200, 0x400, 0x800] as const;

let folder: string;
let directory: Directory;
let files: Files;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
  writeFileSync(join(folder, 'file'), 'content');
  mkdirSync(join(folder, 'inner'));
  directory = new Directory(folder);
  files = new Files(directory);
});
afterEach(() => {
  files.closeAll();
  directory.close();
  rmSync(folder, { recursive: true });
});

/** Descriptors that this process has of files and directories there. */
const openBelow = (): number[] =>
  readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder) ? [Number(descriptor)] : [];
    } catch {
      return []; // that of readdirSync itself
    }
  });

describe('opening', () => {
  it.each<[what: string, path: string, flags: number, errno: number]>([
    ['with no access that there is', 'file', NEITHER, 22],
    ['and cutting with no access that there is', 'file', NEITHER | TRUNCATE, 22],
    ['and making with no access that there is', 'new', NEITHER | CREATE | TRUNCATE, 22],
    ['what is not there', 'none', READ, 2],
    ['behind what is not there', 'none/file', READ, 2],
    ['nothing', '', READ, 2],
    ['what must not be there', 'file', WRITE | CREATE | EXCLUSIVE, 17],
    ['behind a file', 'file/file', READ, 20],
    ['a directory to read', 'inner', READ, 13],
    ['a directory to write', 'inner', WRITE | TRUNCATE, 21],
    ['the root', '/', READ, 13],
    ['a name that is too long', 'x'.repeat(300), WRITE | CREATE, 91],
    ['behind a name that is too long', `${'x'.repeat(300)}/file`, READ, 91],
  ])('%s fails, again and again, and keeps no descriptor', (_what, path, flags, errno) => {
    const before = openBelow();
    for (let i = 0; i < 100; ++i) {
      try {
        files.open(path, flags, 0o600);
        expect.unreachable();
      } catch (error) {
        expect(error instanceof Error && 'code' in error ? errnoOf(error.code as string) : (error as { errno: number }).errno).toBe(errno);
      }
    }
    expect(openBelow()).toEqual(before);
    expect(readdirSync(folder).sort()).toEqual(['file', 'inner']);
    expect(files.open('file', READ, 0)).toBe(3);
  });

  it('is answered from where the host has closed a file, and forgets it', () => {
    const before = openBelow();
    expect([files.open('file', READ, 0), files.open('file', WRITE, 0)]).toEqual([3, 4]);
    const [first] = openBelow().filter((descriptor) => !before.includes(descriptor)) as [number];
    closeSync(first); // as a close that reports an error leaves it
    expect(() => files.close(3)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => files.close(3)).toThrow(expect.objectContaining({ errno: 9 })); // and not that of another by now
    expect(files.open('file', READ, 0)).toBe(3);
    const [second] = openBelow().filter((descriptor) => !before.includes(descriptor)) as [number];
    closeSync(second);
    files.closeAll(); // all, although one fails
    expect(openBelow()).toEqual(before);
  });

  it('takes 64 files at most, and has room again when one is closed', () => {
    for (let i = 0; i < 64; ++i) expect(files.open('file', READ, 0)).toBe(3 + i);
    expect(() => files.open('new', WRITE | CREATE, 0o600)).toThrow(expect.objectContaining({ errno: 24 }));
    files.close(40);
    expect(files.open('file', READ, 0)).toBe(40);
    expect(readdirSync(folder)).not.toContain('new');
  });
});

/** What an error of the host becomes is tested with whole programs; here only which one it is. */
function errnoOf(code: string): number | undefined {
  return { ENOENT: 2, EEXIST: 17, ENOTDIR: 20, EISDIR: 21, ENAMETOOLONG: 91 }[code];
}

describe('cores that open files without end', () => {
  // Opens until it fails; then the result, the error number, and how often from 0x2000 on, and stays until it is woken.
  const OPENING = program(move(5, 0), move(0, 0x1000), move(1, WRITE | CREATE), move(2, 0o600), move(3, 2), trap(7), add(5, 5, 1), add(0, 0, 0), branchIf('gte', -38), move(4, 0x2000), store(0, 4), move(4, 0x2004), store(3, 4), move(4, 0x2008), store(5, 4), [0x01b2, 2]);

  it('leave half of what this process may have to the host', async () => {
    linkSync(join(folder, 'file'), join(folder, 'other'));
    const { code, stdout, stderr } = await runNode(`
      import { openBoard } from 'node-epiphany'; import { spawnSync } from 'node:child_process'; import { closeSync, existsSync, openSync, readdirSync, readlinkSync } from 'node:fs';
      spawnSync('prlimit', ['--pid', process.pid, '--nofile=128:128']);
      const flags = { read: true, write: true, execute: true };
      const segment = (address, data) => ({ address, data, memoryBytes: data.length, flags });
      const segments = [segment(0, Uint8Array.of(${OPENING.join()})), segment(0x1000, Buffer.from('other\\0'))];
      const sections = [{ name: '.text', address: 0, bytes: 4, type: 'progbits', flags: { allocate: true, write: false, execute: true } }];
      const opened = () => readdirSync('/proc/self/fd').length - 1;
      const board = openBoard('sim'); const before = opened();
      // Two groups, because the limit is not of one alone.
      const groups = [0, 2].map((row) => board.workgroup({ row, rows: 2 }));
      for (const group of groups) await group.load({ path: 'opening', entry: 0, segments, sections, symbols: [], symbolsByName: new Map() });
      for (const group of groups) group.start({ directory: ${JSON.stringify(folder)} });
      const outcomes = () => groups.flatMap(({ cores }) => cores.map((core) => [...core.int32.slice(0x800, 0x803)]));
      while (outcomes().some(([result]) => result !== -1)) await new Promise((resolve) => setTimeout(resolve, 5));
      const most = opened(); const own = [];
      const theirs = readdirSync('/proc/self/fd').filter((descriptor) => { try { return readlinkSync('/proc/self/fd/' + descriptor).endsWith('/other'); } catch { return false; } }).length;
      try { for (;;) own.push(openSync('/dev/null')); } catch {}
      for (const descriptor of own) closeSync(descriptor);
      const found = outcomes();
      for (const group of groups) group.close();
      for (let turn = 0; turn < 10; ++turn) await new Promise(setImmediate); // watchers go with the loop
      console.log(JSON.stringify({ before, most, theirs, own: own.length, found, after: opened() }));`);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { before, most, theirs, own, found, after } = JSON.parse(stdout) as { before: number; most: number; theirs: number; own: number; found: number[][]; after: number };
    expect(found.map(([, errno]) => errno)).toEqual(Array(16).fill(23)); // ENFILE
    expect(most).toBeLessThanOrEqual(64 + 2);
    expect(theirs).toBeGreaterThan(10);
    expect(own).toBeGreaterThanOrEqual(60);
    expect(found.reduce((sum, [, , tries]) => sum + (tries as number) - 1, 0)).toBe(theirs);
    expect(after).toBe(before);
  });
});
