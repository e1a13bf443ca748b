// SPDX-License-Identifier: MIT
/** State that a simulated board keeps in a file. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBoard } from '../../lib/board.js';

const BAD = { code: 'ERR_EPIPHANY_BAD_SNAPSHOT' };
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
  file = join(folder, 'state');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file with a little state in it. */
function save(path = `sim:${file}`): Buffer {
  using board = openBoard(path);
  board.core(1, 2).write(0x1ffe, Uint8Array.of(1, 2, 3, 4));
  board.core(3, 3).registers.IRET.write(0xabc);
  board.sharedDramMapping().writeWord(0x1fffffc, 5);
  board.close();
  return readFileSync(file);
}

describe('a snapshot file', () => {
  it('keeps memory and registers from one opening to the next', () => {
    save();
    using board = openBoard(`sim:${file}`);
    expect(board.core(1, 2).read(0x1ffd, 6)).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 0));
    expect(board.core(3, 3).registers.IRET.read().value).toBe(0xabc);
    expect(board.sharedDramMapping().readWord(0x1fffffc)).toBe(5);
    expect(board.path).toBe(`sim:${file}`);
  });

  it('remembers the type of the chip, and refuses to be another', () => {
    save(`sim:E64G401:${file}`);
    openBoard(`sim:${file}`).close();
    using board = openBoard(`sim:${file}`);
    expect(board.chip.type).toBe('E64G401');
    board.close();
    expect(() => openBoard(`sim:e16g301:${file}`)).toThrow(expect.objectContaining(BAD));
    expect(() => openBoard(`sim:${file}`).close()).not.toThrow();
  });

  it('holds only the pages that are not zero', () => {
    expect(save().length).toBeLessThan(60_000);
    expect(readdirSync(folder)).toEqual(['state']);
  });

  it('has no buffer that is scrubbed, though it was open to the end', () => {
    using board = openBoard(`sim:${file}`);
    const buffers = [false, true].map((scrub) => board.dram.alloc(10_000, { scrub }));
    for (const { bytes } of buffers) bytes.fill(0xa5);
    expect(board.simulator?.snapshot().length).toBeGreaterThan(20_000);
    board.close();
    using again = openBoard(`sim:${file}`);
    const left = buffers.map(({ address }) => again.sharedDramMapping().read(address - (again.sharedDram?.address ?? 0), 10_000));
    expect(left.map((bytes) => bytes.every((byte) => byte === 0xa5))).toEqual([true, false]);
    expect(left[1]?.every((byte) => byte === 0)).toBe(true);
  });

  it('is unchanged by opening and closing', () => {
    const bytes = save();
    openBoard(`sim:${file}`).close();
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('keeps its mode, and is found behind a symbolic link', () => {
    save();
    chmodSync(file, 0o640);
    const link = join(folder, 'link');
    symlinkSync(file, link);
    using board = openBoard(`sim:${link}`);
    board.core(0, 0).writeWord(0, 1);
    board.close();
    expect(statSync(file).mode & 0o777).toBe(0o640);
    using again = openBoard(`sim:${file}`);
    expect(again.core(0, 0).readWord(0)).toBe(1);
  });

  it('belongs to one board at a time', () => {
    using board = openBoard(`sim:${file}`);
    expect(() => openBoard(`sim:${file}`)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_BUSY', path: file }));
    board.close();
    openBoard(`sim:${file}`).close();
  });

  it('that is cut short anywhere is refused, and left as it is', () => {
    const bytes = save();
    for (let length = 1; length < bytes.length; length += length < 100 ? 1 : 997) {
      writeFileSync(file, bytes.subarray(0, length));
      expect(() => openBoard(`sim:${file}`), `${length} bytes`).toThrow(expect.objectContaining({ ...BAD, path: file }));
      expect(statSync(file).size).toBe(length);
    }
  });

  it('of another version is refused, and named', () => {
    const bytes = save();
    expect(bytes.readUInt32LE(8)).toBe(3);
    bytes.writeUInt32LE(2, 8); // before barriers that were missed were part of it
    writeFileSync(file, bytes);
    expect(() => openBoard(`sim:${file}`)).toThrow(expect.objectContaining({ ...BAD, message: expect.stringContaining('it has version 2, this library reads 3') as string }));
  });

  it('knows how often the chip was reset: what the next reset leaves in memory follows from that', () => {
    const afterReset = (): Uint8Array => {
      using board = openBoard(`sim:${file}`);
      board.reset();
      const bytes = board.core(1, 2).read(0, 0x8000);
      board.close();
      return bytes;
    };
    save();
    const [first, second] = [afterReset(), afterReset()];
    expect(Buffer.from(first).equals(second)).toBe(false);
    using whole = openBoard('sim');
    whole.reset();
    expect(Buffer.from(whole.core(1, 2).read(0, 0x8000)).equals(first)).toBe(true);
    whole.reset();
    expect(Buffer.from(whole.core(1, 2).read(0, 0x8000)).equals(second)).toBe(true);
  });

  it('with any word of its head or of the mailbox changed is either refused or a board that works', () => {
    const bytes = save();
    for (let at = 0; at < 24 + 4 * 120; at += 4) {
      for (const word of [0xffffffff, 32]) {
        const mangled = Buffer.from(bytes);
        mangled.writeUInt32LE(word, at);
        writeFileSync(file, mangled);
        try {
          const board = openBoard(`sim:${file}`);
          expect(board.core(0, 0).words.length).toBe(8192);
          board.simulator?.inject({ fault: 'dead-link', active: false });
          board.elink.RESET.write(0);
          for (let i = 0; i < 40; ++i) board.elink.MAILBOXLO.read();
          expect(board.elink.MAILBOXSTAT.read().count).toBe(0);
          board.close();
        } catch (error) {
          expect(error, `word ${at}`).toMatchObject(BAD);
        }
      }
    }
  });

  it('with extra bytes, pages out of order or out of memory is refused', () => {
    const bytes = save();
    const stateWords = bytes.readUInt32LE(16);
    const firstPage = 24 + 4 * stateWords;
    const mangle = (change: (copy: Buffer) => Buffer | void): void => {
      const copy = Buffer.from(bytes);
      writeFileSync(file, change(copy) ?? copy);
      expect(() => openBoard(`sim:${file}`)).toThrow(expect.objectContaining(BAD));
    };
    mangle((copy) => Buffer.concat([copy, Buffer.of(0)]));
    mangle((copy) => void copy.writeUInt32LE(copy.readUInt32LE(firstPage + 4100), firstPage));
    mangle((copy) => void copy.writeUInt32LE(0xffffffff, copy.length - 4100));
    mangle((copy) => void copy.writeUInt32LE(9, 8));
    mangle(() => Buffer.from('#!/bin/sh\necho this is a script of yours\n'));
  });

  it('that is no regular file is never replaced by one', () => {
    expect(() => openBoard('sim:/dev/null')).toThrow(expect.objectContaining(BAD));
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    expect(() => openBoard(`sim:${folder}`)).toThrow(expect.objectContaining(BAD));
    const fifo = join(folder, 'fifo');
    spawnSync('mkfifo', [fifo]);
    expect(() => openBoard(`sim:${fifo}`)).toThrow(expect.objectContaining(BAD));
    expect(() => openBoard(`sim:${join(folder, 'no', 'such', 'folder')}`)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  it('is not saved if its board is closed so', () => {
    const bytes = save();
    const board = openBoard(`sim:${file}`);
    board.core(0, 0).writeWord(0, 7);
    board.close({ save: false });
    expect(readFileSync(file).equals(bytes)).toBe(true);
    rmSync(file);
    const orphan = openBoard(`sim:${file}`);
    rmSync(folder, { recursive: true });
    expect(() => orphan.close()).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(orphan.closed).toBe(false);
    orphan.close({ save: false });
    mkdirSync(folder);
  });

  it('that is larger than any snapshot is not even read', () => {
    writeFileSync(file, '');
    truncateSync(file, 2 ** 33);
    expect(() => openBoard(`sim:${file}`)).toThrow(expect.objectContaining(BAD));
  });

  it('that cannot be saved leaves the old one, no litter, and a board to try again with', () => {
    const bytes = save();
    const script = `import { openBoard } from 'node-epiphany';
      import { spawnSync } from 'node:child_process';
      const board = openBoard('sim:${file}'); spawnSync('prlimit', ['--pid', process.pid, '--fsize=8192']);
      board.core(0, 0).writeWord(0, 99); board.core(0, 1).fill(0, 32768, 1);
      try { board.close(); } catch (error) { console.log(error.code, board.closed, board.core(0, 0).readWord(0)); }`;
    // A limit on the size of files stands for a full disk.
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const child = spawnSync('sh', ['-c', `trap '' XFSZ; exec "$0" --input-type=module --eval "$1"`, process.execPath, script], { cwd: root, encoding: 'utf8' });
    expect(child.stdout.trim(), child.stderr).toBe('EFBIG false 99');
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(readdirSync(folder)).toEqual(['state']);
  });
});

describe('names of simulated boards', () => {
  it('that are chips mistyped make no file', () => {
    const meant = (chip: string): unknown => expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', message: expect.stringContaining(`did you mean sim:${chip}?`) as string });
    for (const path of ['sim:e64g4x', 'sim:e64', 'sim:64', 'sim:E64G', 'sim:eg64401', 'sim:epiphany-iv', 'sim:e64g4x:file', 'e64g401', 'E64', 'sim:e64 ', 'sim: e64', 'sim:e64g401 ', 'sim:\te64g401', 'sim:epiphany4', 'sim:e4', 'sim:E4', 'sim:epiphany-4', 'sim:epiphany 64', 'e64 ']) expect(() => openBoard(path), path).toThrow(meant('e64g401'));
    for (const path of ['sim:E16G302', 'sim:e16', 'sim:16cores', 'sim:16', 'sim:e16g31', 'sim:epiphany', 'sim:Epiphany-III', 'e16g301:file', 'sim:e16 ', 'sim: 16', 'sim:epiphany3', 'sim:e3', 'sim:epiphany ']) expect(() => openBoard(path), path).toThrow(meant('e16g301'));
  });

  it.each([['Sim', 'sim'], ['SIM', 'sim'], ['simm', 'sim'], ['sin', 'sim'], ['smi', 'sim'], ['sim ', 'sim'], [' sim', 'sim'], ['simulator', 'sim'], ['Simulator:e64g401', 'sim:e64g401'], ['simm:state', 'sim:state']])('%j is none: %s is', (path, meant) => {
    expect(() => openBoard(path)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', message: expect.stringContaining(`(did you mean ${meant}?)`) as string }));
  });

  it.each(['mesh0', './simm', './simulator', '/dev/sim', 'board', 's'])('%j is like none of them', (path) => {
    expect(() => openBoard(path)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  it('may be files that are called like one, if that is said', () => {
    for (const name of ['./e64', 'state', 'e64.state', '2', 'elephant']) {
      const path = join(folder, name);
      openBoard(`sim:${path}`).close();
      expect(existsSync(path), name).toBe(true);
    }
    expect(() => openBoard('sim:e64')).toThrow("sim:./e64 for a file of that name");
  });

  it.each([
    ['sim', 'E16G301'],
    ['sim:', 'E16G301'],
    ['sim:e16g301', 'E16G301'],
    ['sim:E64G401', 'E64G401'],
    ['sim:e64g401:', 'E64G401'],
  ])('%s is an %s', (path, type) => {
    using board = openBoard(path);
    expect(board.chip.type).toBe(type);
  });
});
