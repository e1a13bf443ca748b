// SPDX-License-Identifier: MIT
/** Files that the programs of a work-group reach. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { WorkGroup } from '../../lib/index.js';
import type { Segment } from '../../lib/program/program.js';
import { Directory } from '../../lib/workgroup/files.js';
import { add, branchIf, move, store } from './encode.js';
import { at, bytes, call, exit, keep, programOf, run, withGroup } from './group-programs.js';

const folder = mkdtempSync(join(tmpdir(), 'epiphany-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('files of programs', () => {
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(folder, 'secret'), 'secret');
  writeFileSync(join(data, 'in'), 'content');
  symlinkSync('../secret', join(data, 'link'));
  symlinkSync('..', join(data, 'up'));
  const NAME = 0x1000;
  const READ_ONLY = 0;
  const WRITE_CREATE = 1 | 0x200;

  /** What this process has open there. */
  const openBelow = (directory: string): string[] =>
    readdirSync('/proc/self/fd').flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/self/fd/${descriptor}`)].filter((path) => path.startsWith(directory));
      } catch {
        return []; // that of readdirSync itself
      }
    });

  /** Result and errno of one call. */
  const outcomeOf = async (name: string, number: number, values: readonly number[], directory?: string): Promise<[result: number, errno: number]> => {
    let outcome: [number, number] = [0, 0];
    const program = programOf([...call(number, ...values), ...keep(0x2000), ...exit(0)], { segments: [at(NAME, bytes(`${name}\0`))] });
    await withGroup(program, async (group) => {
      await run(group, directory === undefined ? {} : { directory });
      outcome = [group.cores[0]?.int32[0x800] as number, group.cores[0]?.words[0x801] as number];
    }, { row: 0, column: 0, rows: 1, columns: 1 });
    return outcome;
  };

  it('are there below the directory that the user names', async () => {
    expect(await outcomeOf('in', 2, [NAME, READ_ONLY, 0], data)).toEqual([3, 0]);
    expect(await outcomeOf('/in', 2, [NAME, READ_ONLY, 0], data)).toEqual([3, 0]);
    expect(await outcomeOf('../../in', 2, [NAME, READ_ONLY, 0], data)).toEqual([3, 0]);
    expect(await outcomeOf('none', 2, [NAME, READ_ONLY, 0], data)).toEqual([-1, 2]);
    const program = programOf([...call(2, NAME, WRITE_CREATE, 0o644), ...call(5, 3, 0x1100, 5), ...call(6, 3, 1, 0), ...call(5, 3, 0x1104, 1), ...call(3, 3), ...call(3, 3), ...keep(0x2000), ...exit(0)], { segments: [at(NAME, bytes('out\0')), at(0x1100, bytes('hello'))] });
    await withGroup(program, async (group) => {
      await run(group, { directory: data });
      expect(readFileSync(join(data, 'out'), 'utf8')).toBe('hollo');
      expect([group.cores[0]?.int32[0x800], group.cores[0]?.words[0x801]]).toEqual([-1, 9]); // closed twice
    }, { row: 0, column: 0, rows: 1, columns: 1 });
  });

  /** Results and error numbers of calls, one after the other, with data for them. */
  const outcomesOf = async (calls: readonly (readonly number[])[], data_: readonly Omit<Segment, 'flags'>[], use: (group: WorkGroup) => void = () => undefined): Promise<number[][]> => {
    const program = programOf([...calls.flatMap(([number, ...values], index) => [...call(number as number, ...values), ...keep(0x2000 + 8 * index)]), ...exit(0)], { segments: [...data_] });
    let outcomes: number[][] = [];
    await withGroup(program, async (group) => {
      await run(group, { directory: data });
      outcomes = calls.map((_, index) => [...(group.cores[0]?.int32.slice(0x800 + 2 * index, 0x802 + 2 * index) ?? [])]);
      use(group);
    }, { row: 0, column: 0, rows: 1, columns: 1 });
    return outcomes;
  };
  const [OPEN, CLOSE, READ, WRITE, LSEEK, UNLINK, FSTAT, STAT, TIME, LINK] = [2, 3, 4, 5, 6, 7, 10, 15, 19, 21] as const;

  it('can be appended to, cut, read, sought in, and made only if they are not there', async () => {
    writeFileSync(join(data, 'log'), 'first');
    const [APPEND, TRUNCATE, EXCLUSIVE] = [1 | 0x8, 2 | 0x400, 1 | 0x200 | 0x800] as const;
    const buffer = at(0x1100, bytes(' then!  '), 64);
    const outcomes = await outcomesOf(
      [[OPEN, NAME, APPEND, 0], [WRITE, 3, 0x1100, 5], [LSEEK, 3, 0, 0], [WRITE, 3, 0x1105, 1], [CLOSE, 3],
        [OPEN, NAME, READ_ONLY, 0], [LSEEK, 3, -6, 2], [READ, 3, 0x1110, 32], [READ, 3, 0x1110, 32], [WRITE, 3, 0x1100, 1], [LSEEK, 3, -1, 0], [LSEEK, 3, 0, 3], [LSEEK, 1, 0, 0],
        [OPEN, NAME, EXCLUSIVE, 0o600], [OPEN, NAME, TRUNCATE, 0], [FSTAT, 4, 0x1140], [CLOSE, 9]],
      [at(NAME, bytes('log\0')), buffer, at(0x1140, new Uint8Array(40))],
      (group) => expect(Buffer.from(group.cores[0]?.read(0x1110, 6) ?? []).toString()).toBe(' then!'),
    );
    expect(outcomes).toEqual([[3, 0], [5, 0], [0, 0], [1, 0], [0, 0], [3, 0], [5, 0], [6, 0], [0, 0], [-1, 9], [-1, 22], [-1, 22], [-1, 29], [-1, 17], [4, 0], [0, 0], [-1, 9]]);
    expect(readFileSync(join(data, 'log'), 'utf8')).toBe(''); // cut in the end
  });

  it('can be looked at, linked and unlinked', async () => {
    writeFileSync(join(data, 'one'), '12345', { mode: 0o640 });
    const begin = Math.floor(Date.now() / 1000);
    const outcomes = await outcomesOf(
      [[LINK, NAME, 0x1010], [LINK, NAME, 0x1010], [STAT, 0x1010, 0x1100], [UNLINK, NAME], [UNLINK, NAME], [UNLINK, 0x1020], [TIME, 0x1200]],
      [at(NAME, bytes('one\0')), at(0x1010, bytes('two\0')), at(0x1020, bytes('/\0')), at(0x1100, new Uint8Array(40))],
      (group) => {
        const [modeAndLinks, size, modified] = [0x1104, 0x1110, 0x111c].map((address) => group.cores[0]?.readWord(address) ?? 0) as [number, number, number];
        expect([modeAndLinks & 0o777, size]).toEqual([0o640, 5]);
        expect(group.cores[0]?.read(0x1108, 2)).toEqual(Uint8Array.of(2, 0));
        for (const seconds of [modified, group.cores[0]?.readWord(0x1200) ?? 0]) expect(Math.abs(seconds - begin)).toBeLessThan(60);
      },
    );
    expect(outcomes.slice(0, 5)).toEqual([[0, 0], [-1, 17], [0, 0], [0, 0], [-1, 2]]);
    expect(outcomes[5]?.[0]).toBe(-1);
    expect(readdirSync(data)).toEqual(expect.arrayContaining(['two']));
    expect(existsSync(join(data, 'one'))).toBe(false);
  });

  it('are no pipes, and 64 at once at most', async () => {
    spawnSync('mkfifo', [join(data, 'pipe')]);
    expect(await outcomeOf('pipe', OPEN, [NAME, 1, 0], data)).toEqual([-1, 6]); // ENXIO: without a reader
    expect(await outcomeOf('pipe', OPEN, [NAME, READ_ONLY, 0], data)).toEqual([-1, 13]);
    // Opens until it fails: the count in R5, the error number at 0x2004.
    const program = programOf([move(5, 0), ...call(OPEN, NAME, READ_ONLY, 0), add(5, 5, 1), add(0, 0, 0), branchIf('gte', -38), ...keep(0x2000), move(4, 0x2008), store(5, 4), ...exit(0)], { segments: [at(NAME, bytes('in\0'))] });
    await withGroup(program, async (group) => {
      await run(group, { directory: data });
      expect([...(group.cores[3]?.int32.slice(0x800, 0x803) ?? [])]).toEqual([-1, 24, 65]);
    });
  });

  it('are nowhere else', async () => {
    const EACCES = [-1, 13];
    expect(await outcomeOf('in', 2, [NAME, READ_ONLY, 0])).toEqual(EACCES);
    expect(await outcomeOf('link', 2, [NAME, READ_ONLY, 0], data)).toEqual([-1, 92]);
    const ENOTDIR = [-1, 20];
    expect(await outcomeOf('up/secret', 2, [NAME, READ_ONLY, 0], data)).toEqual(ENOTDIR);
    expect(await outcomeOf('up/secret', 7, [NAME], data)).toEqual(ENOTDIR);
    expect(await outcomeOf('up/secret', 15, [NAME, 0x3000], data)).toEqual(ENOTDIR);
    expect(await outcomeOf('/', 2, [NAME, READ_ONLY, 0], data)).toEqual(EACCES);
    expect(await outcomeOf('..', 15, [NAME, 0x3000], data)).toEqual([0, 0]);
    expect(await outcomeOf('', 2, [NAME, READ_ONLY, 0], data)).toEqual([-1, 2]);
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('secret');
  });

  it('are not left while somebody replaces directories by links', () => {
    for (const name of ['inner', 'outer']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'file'), name);
    }
    mkdirSync(join(data, 'sub'));
    writeFileSync(join(data, 'sub', 'file'), 'inner');
    const directory = new Directory(data);
    const open = readdirSync('/proc/self/fd').length;
    const text = directory.lookUp('sub/file', (host) => {
      renameSync(join(data, 'sub'), join(data, 'moved'));
      symlinkSync(join(folder, 'outer'), join(data, 'sub'));
      return readFileSync(host, 'utf8');
    });
    expect(text).toBe('inner');
    expect(() => directory.lookUp('sub/file', (host) => readFileSync(host))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
    expect(() => directory.lookUp('moved/none/file', (host) => readFileSync(host))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(readdirSync('/proc/self/fd')).toHaveLength(open);
    renameSync(data, join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'outer'), data);
    expect(directory.lookUp('in', (host) => readFileSync(host, 'utf8'))).toBe('content');
    expect(directory.lookUp('/../file', existsSync)).toBe(false);
    rmSync(data);
    renameSync(join(folder, 'elsewhere'), data);
    directory.close();
  });

  it('are closed with the program', async () => {
    const program = programOf([...call(2, NAME, READ_ONLY, 0), ...exit(0)], { segments: [at(NAME, bytes('in\0'))] });
    await withGroup(program, async (group) => {
      group.start({ directory: data });
      expect(openBelow(data)).toEqual([data]);
      await group.finished();
      expect(openBelow(data)).toEqual([]);
    });
  });

  it('and calls with pointers to nowhere fail', async () => {
    const EFAULT = [-1, 14];
    expect(await outcomeOf('in', 5, [1, 0x7fff, 2], data)).toEqual(EFAULT);
    expect(await outcomeOf('in', 5, [1, 0x1000, 0xffffffff], data)).toEqual(EFAULT);
    expect(await outcomeOf('in', 4, [0, 0xf0000, 4], data)).toEqual(EFAULT);
    expect(await outcomeOf('in', 10, [1, 0x7ff0], data)).toEqual(EFAULT);
    expect(await outcomeOf('in', 99, [1, 2, 3], data)).toEqual([-1, 88]);
    expect(await outcomeOf('in', 10, [1, 0x3000], data)).toEqual([0, 0]);
    expect(await outcomeOf('in', 19, [0x3000], data)).toEqual([0, 0]);
  });
});
