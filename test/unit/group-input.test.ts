// SPDX-License-Identifier: MIT
/** Standard input of the programs of a work-group. */
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Input } from '../../lib/workgroup/input.js';
import { add, BKPT, branch, branchIf, IDLE } from './encode.js';
import { bytes, call, exit, keep, programOf, run, textsOf, until, withGroup } from './group-programs.js';

const TYPE = { code: 'ERR_INVALID_ARG_TYPE' };

describe('standard input of a program that comes piece by piece', () => {
  const ONE_CORE = { row: 0, column: 0, rows: 1, columns: 1 };
  /** Prints what it reads, 8 bytes at a time, until there is no more. */
  const echo = programOf([...call(4, 0, 0x1000, 8), add(2, 0, 0), branchIf('ne', 12), ...exit(0), ...call(5, 1, 0x1000), branch(-74)]);

  it('reads all pieces, each when it comes, and sees the end', async () => {
    await withGroup(echo, async (group) => {
      const asked: number[] = [];
      async function* pieces(): AsyncGenerator<string | Uint8Array> {
        for (const [index, piece] of ['one, ', '', bytes('two, '), 'three is longer'].entries()) {
          asked.push(index);
          await new Promise((resolve) => setTimeout(resolve, 5));
          yield piece;
        }
      }
      const { texts, states } = await run(group, { stdin: pieces() });
      expect([...texts.values()]).toEqual(['one, two, three is longer']);
      expect(states.map(({ exitCode }) => exitCode)).toEqual([0]);
      expect(asked).toEqual([0, 1, 2, 3]);
    }, ONE_CORE);
  });

  it('gives each byte to one core, whichever reads first', async () => {
    await withGroup(echo, async (group) => {
      const { texts } = await run(group, { stdin: Readable.from(['abcdefgh', 'ijklmnop', 'qrstuvwx']) });
      expect([...texts.values()].join('').match(/.{8}/g)?.sort()).toEqual(['abcdefgh', 'ijklmnop', 'qrstuvwx']);
    });
  });

  it('asks for nothing before a core reads, and then closes nothing either', async () => {
    let isTouched = false;
    const touch = (): never => { throw new Error(String((isTouched = true))); };
    const untouched = { [Symbol.asyncIterator]: touch };
    const stream = new Readable({ read: touch });
    for (const stdin of [untouched, stream]) {
      await withGroup(programOf([...call(4, 0, 0x1000, 0), ...exit(0)]), async (group) => {
        await run(group, { stdin });
      });
    }
    expect([isTouched, stream.destroyed]).toEqual([false, false]);
  });

  /** Reads 8 bytes and ends. */
  const reader = programOf([...call(4, 0, 0x1000, 8), ...exit(0)]);
  /** Letters for ever, and whether somebody has put an end to them. */
  function letters(): { readonly stdin: AsyncGenerator<string>; isClosed: boolean } {
    async function* pieces(): AsyncGenerator<string> {
      try {
        for (;;) yield await Promise.resolve('abcdefgh');
      } finally {
        source.isClosed = true;
      }
    }
    const source = { stdin: pieces(), isClosed: false };
    return source;
  }

  it('closes a source that is not read to its end: by a program that exits, and with the group', async () => {
    const [exited, endless, stream] = [letters(), letters(), Readable.from(['one', 'two'])];
    await withGroup(reader, async (group) => {
      await run(group, { stdin: exited.stdin });
      await until(() => exited.isClosed);
      expect(exited.isClosed).toBe(true);
    }, ONE_CORE);
    await withGroup(reader, async (group) => {
      await run(group, { stdin: stream });
      await until(() => stream.destroyed);
      expect(stream.destroyed).toBe(true);
    }, ONE_CORE);
    await withGroup(echo, async (group) => {
      group.start({ stdin: endless.stdin });
      await group.output[Symbol.asyncIterator]().next();
      expect(endless.isClosed).toBe(false);
    }, ONE_CORE);
    await until(() => endless.isClosed);
    expect(endless.isClosed).toBe(true);
  });

  it('closes a stream from which nothing comes, with the group', async () => {
    const stdin = new PassThrough();
    await withGroup(echo, async (group) => {
      group.start({ stdin });
      await until(() => stdin.listenerCount('readable') > 0); // somebody waits for it
      expect(stdin.destroyed).toBe(false);
    }, ONE_CORE);
    expect(stdin.destroyed).toBe(true);
  });

  it('is not closed for a program that rests, and reads on when it is woken, before the next one is started', async () => {
    const { stdin } = letters();
    const source = letters();
    const twice = programOf([...call(4, 0, 0x1000, 8), BKPT, ...call(4, 0, 0x1000, 8), ...keep(0x2000), IDLE]);
    await withGroup(twice, async (group) => {
      group.start({ stdin: source.stdin });
      expect((await group.finished({ timeout: 200_000 })).map(({ state }) => state)).toEqual(['halted']);
      group.cores[0]?.registers.PC.write((group.states()[0]?.pc ?? 0) + 2);
      group.resume();
      expect((await group.finished({ timeout: 200_000 })).map(({ state }) => state)).toEqual(['idle']);
      expect(group.cores[0]?.words[0x800]).toBe(8);
      expect(source.isClosed).toBe(false);
      await group.load(reader);
      await until(() => source.isClosed);
      expect(source.isClosed).toBe(true);
      await run(group, { stdin });
    }, ONE_CORE);
  });

  it('closes a source that gives what is no piece, and asks one that has failed no more', async () => {
    let isClosed = false;
    let asked = 0;
    const source = (next: () => Promise<IteratorResult<unknown>>): AsyncIterable<Uint8Array> =>
      ({ [Symbol.asyncIterator]: () => ({ next, return: () => ((isClosed = true), Promise.reject(new Error('nor can it be closed'))) }) }) as AsyncIterable<Uint8Array>;
    const failed = async (stdin: AsyncIterable<Uint8Array>): Promise<Input> => {
      const input = await new Promise<Input>((resolve) => {
        const made = new Input(stdin, () => resolve(made));
        made.take(1);
      });
      expect(input.take(1)).toEqual(new Uint8Array());
      input.close();
      return input;
    };
    const wrong = await failed(source(() => Promise.resolve({ value: 5 })));
    expect(() => wrong.check()).toThrow(expect.objectContaining(TYPE));
    expect(isClosed).toBe(true);
    isClosed = false;
    const broken = await failed(source(() => (++asked, Promise.reject(new Error('unplugged')))));
    expect(() => broken.check()).toThrow('unplugged');
    expect([asked, isClosed]).toEqual([1, false]);
  });

  it('takes no offence at a source that cannot be closed', async () => {
    const failing = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ value: 'abcdefgh' }), return: () => Promise.reject(new Error('jammed')) }) };
    await withGroup(reader, async (group) => {
      const { states } = await run(group, { stdin: failing as AsyncIterable<string> });
      expect(states.map(({ exitCode }) => exitCode)).toEqual([0]);
    }, ONE_CORE);
  });

  it('ends with the error of its source', async () => {
    const failing = new Readable({ read() { this.destroy(new Error('unplugged')); } });
    for (const [stdin, error] of [[failing, { message: 'unplugged' }], [Readable.from([5]), TYPE]] as const) {
      await withGroup(echo, async (group) => {
        group.start({ stdin });
        await expect(group.finished({ timeout: 200_000 })).rejects.toMatchObject(error);
        await expect(group.finished({ timeout: 200_000 })).rejects.toMatchObject(error);
      });
    }
  });

  it('halts a core that waits, and lets it go on with what came meanwhile', async () => {
    await withGroup(echo, async (group) => {
      const stdin = new PassThrough();
      group.start({ stdin });
      const text = textsOf(group.output);
      await until(() => stdin.listenerCount('readable') > 0); // somebody waits for it
      group.halt();
      stdin.end('typed');
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(group.states().map(({ state }) => state)).toEqual(['halted']);
      group.resume();
      expect(await text).toBe('typed');
      await group.finished({ timeout: 200_000 });
    }, ONE_CORE);
  });
});
