// SPDX-License-Identifier: MIT
/** Cores of a work-group by themselves: loaded, started and started again one at a time. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openBoard, type CoreState, type OutputStream, type Program, type WorkGroup } from '../../lib/index.js';
import { add, BKPT, branch, branchIf, GID, GIE, IDLE, load, move, NOP, program as code, store, trap, type Instruction } from './encode.js';

const BUSY = { code: 'ERR_EPIPHANY_BUSY' };
const GROUP = { row: 1, column: 1, rows: 2, columns: 2 };
const AT = 0x2000;
const USER = 1 << 9;

/** A C program that returns 40 and the number of its arguments, its own name counted in; it can be started again. */
const startup = fileURLToPath(new URL('../ecore/programs/startup.elf', import.meta.url));

const programOf = (...instructions: (Instruction | readonly Instruction[])[]): Program => {
  const data = code(...instructions);
  const flags = { read: true, write: true, execute: true };
  const section = { name: '.text', address: 0, bytes: data.length, type: 'progbits', flags: { allocate: true, write: false, execute: true } } as const;
  return { path: 'test', entry: 0, segments: [{ address: 0, data, memoryBytes: data.length, flags }], sections: [section], symbols: [], symbolsByName: new Map() };
};
const ends = (status: number): Program => programOf(move(0, status), trap(3));
/** Prints the letter that is at AT. */
const prints = programOf(move(0, 1), move(1, AT), move(2, 1), move(3, 5), trap(7), move(0, 0), trap(3));
/** Stores 1 at AT, and goes on for ever. */
const runsForEver = programOf(move(1, AT), move(0, 1), store(0, 1), add(0, 0, 1), branch(-2));
const allRun = (group: WorkGroup): Promise<unknown> => Promise.all(group.cores.map((core) => core.waitForWord(AT)));
const [MOVTS_IRET_R0, RTI]: Instruction[] = [[0x0402010f, 4], [0x01d2, 2]];
/** Leaves the interrupt that has started it, counts its starts at AT, and goes on for ever. */
const counts = programOf(move(0, 14), MOVTS_IRET_R0 as Instruction, RTI as Instruction, move(1, AT), load(0, 1), add(0, 0, 1), store(0, 1), branch(0));

/** Leaves the interrupt that has started it, and goes on with all interrupts off. */
const withInterruptsOff = (...rest: (Instruction | readonly Instruction[])[]): Program => programOf(move(0, 14), MOVTS_IRET_R0 as Instruction, RTI as Instruction, GID, move(1, AT), move(0, 1), store(0, 1), ...rest);
/** Waits for a load that nothing answers. */
const getsStuck = programOf(move(0, 0x10000000), load(1, 0), IDLE);
/** Counts, long enough for many a look at the cores, and then prints a letter and exits. */
const takesItsTime = programOf(move(4, 0x100000), add(4, 4, -1), branchIf('ne', -2), move(0, 1), move(1, AT), move(2, 1), move(3, 5), trap(7), move(0, 9), trap(3));
const STUCK = { code: 'ERR_EPIPHANY_CORE_STUCK' };

async function withGroup(source: string | Program | undefined, use: (group: WorkGroup) => Promise<void> | void): Promise<void> {
  using board = openBoard('sim');
  using group = board.workgroup(GROUP);
  if (source !== undefined) await group.load(source);
  await use(group);
}

const ending = ({ state, exitCode }: CoreState): unknown[] => [state, exitCode];
async function textOf(output: OutputStream): Promise<string> {
  let text = '';
  for await (const piece of output) text += piece.text;
  return text;
}

describe('a core of a group', () => {
  it('is one of its cores, by its number', () =>
    withGroup(undefined, (group) => {
      expect(group.core(2)).toBe(group.cores[2]);
      expect(group.cores.map(({ index, id }) => [index, id])).toEqual([[0, 0x849], [1, 0x84a], [2, 0x889], [3, 0x88a]]);
      for (const index of [-1, 4, 0.5]) expect(() => group.core(index)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
      expect(() => group.core('0' as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    }));

  it('is started by itself, and the others rest', () =>
    withGroup(startup, async (group) => {
      group.core(1).start();
      expect(ending(await group.core(1).finished())).toEqual(['exited', 41]);
      expect(group.states().map(({ state }) => state)).toEqual(['idle', 'exited', 'idle', 'idle']);
      expect(ending(group.core(1).state())).toEqual(['exited', 41]);
      const ranks = group.symbol('report').gather('u32').map((words) => words[3]);
      expect(ranks).toEqual([0, 1, 0, 0]);
    }));

  it('has another program than the others, and all of them are told the same group', () =>
    withGroup(startup, async (group) => {
      await group.core(2).load(ends(5));
      await group.core(3).load(startup, { arguments: ['one', 'two'] });
      expect(group.program).toBeUndefined();
      expect(group.core(2).program?.path).toBe('test');
      expect(() => group.symbol('report')).toThrow(expect.objectContaining({ ...BUSY, message: expect.stringContaining('different programs') as string }));
      group.start();
      expect((await group.finished()).map(ending)).toEqual([['exited', 41], ['exited', 41], ['exited', 5], ['exited', 43]]);
      // Its rank among four, though it was loaded alone.
      expect(group.core(3).symbol('report').gather('u32').map((words) => [words[3], words[4]])).toEqual([[3, 4]]);
      await group.load(startup);
      expect(group.program).toBe(group.core(2).program);
    }));

  it('names places by its own program; the group names local ones as long as all have the same', () =>
    withGroup(startup, async (group) => {
      const main = group.program?.symbolsByName.get('_main')?.address ?? NaN;
      expect([group.locate(main), group.core(3).locate(main)]).toEqual(['main', 'main']);
      await group.core(3).load(ends(0));
      const [own, other] = [group.core(0).address + main, group.core(3).address + main];
      expect([group.core(0).locate(main), group.locate(own), group.locate(main), group.core(3).locate(main), group.locate(other)]).toEqual(['main', 'main', undefined, undefined, undefined]);
      for (const address of [-1, 0.5, 2 ** 32]) expect(() => group.core(0).locate(address)).toThrow(RangeError);
    }));

  it('joins others that run: one stream of output for all of them', () =>
    withGroup(prints, async (group) => {
      for (const core of group.cores) {
        core.writeWord(AT, 0x61 + core.index);
        core.start();
        if (core.index === 0) expect(() => group.core(1).start({ stdin: 'x' })).toThrow(expect.objectContaining(BUSY));
      }
      const { output } = group;
      expect((await group.finished()).map(ending)).toEqual(Array(4).fill(['exited', 0]));
      expect(Array.from(await textOf(output)).sort().join('')).toBe('abcd');
    }));

  it('has services of its own when the others have nothing more to do', () =>
    withGroup(prints, async (group) => {
      group.core(0).start();
      await group.core(0).finished();
      group.core(1).writeWord(AT, 0x62);
      group.core(1).start({ outputLimit: 1000 });
      const { output } = group.core(1);
      expect(ending(await group.core(1).finished())).toEqual(['exited', 0]);
      expect(await textOf(output)).toBe('b');
      expect(ending(group.core(0).state())).toEqual(['exited', 0]);
    }));

  it('is waited for by itself, whatever the others do', () =>
    withGroup(runsForEver, async (group) => {
      await group.core(3).load(ends(7));
      group.start();
      expect(ending(await group.core(3).finished())).toEqual(['exited', 7]);
      await expect(group.finished({ timeout: 5 })).rejects.toMatchObject({ code: 'ERR_EPIPHANY_TIMEOUT' });
      await expect(group.core(0).finished({ timeout: 5 })).rejects.toMatchObject({ code: 'ERR_EPIPHANY_TIMEOUT' });
    }));

  it('is reset by itself: who waits for it is told, and the others go on', () =>
    withGroup(counts, async (group) => {
      group.start();
      await allRun(group);
      const reset = expect(group.core(1).finished()).rejects.toMatchObject({ code: 'ERR_EPIPHANY_RESET' });
      const all = expect(group.finished()).rejects.toMatchObject({ code: 'ERR_EPIPHANY_RESET' });
      const stop = new AbortController();
      const other = expect(group.core(0).finished({ signal: stop.signal })).rejects.toThrow('enough');
      group.core(1).reset();
      await Promise.all([reset, all]);
      expect(group.states().map(({ state }) => state)).toEqual(['running', 'idle', 'running', 'running']);
      stop.abort(new Error('enough'));
      await other;
      // What it had done is forgotten.
      await group.core(1).load(ends(3));
      group.core(1).start();
      expect(ending(await group.core(1).finished())).toEqual(['exited', 3]);
      group.core(1).reset();
      expect(group.core(1).state().state).toBe('idle');
    }));

  it('is halted, stepped, resumed and signalled by itself', () =>
    withGroup(runsForEver, async (group) => {
      group.start();
      await allRun(group);
      const core = group.core(2);
      core.halt();
      expect(group.states().map(({ state }) => state)).toEqual(['running', 'running', 'halted', 'running']);
      const pc = core.state().pc;
      core.step();
      expect(core.state().pc).not.toBe(pc);
      core.resume();
      expect(core.state().state).toBe('running');
      core.signal();
      expect(group.cores.map(({ registers }) => registers.ILAT.read().value & USER)).toEqual([0, 0, USER, 0]);
    }));

  it('is loaded while others are, but by one at a time', () =>
    withGroup(undefined, async (group) => {
      const loads = group.cores.map((core) => core.load(startup));
      await expect(group.core(0).load(startup)).rejects.toMatchObject(BUSY);
      await expect(group.load(startup)).rejects.toMatchObject(BUSY);
      expect(() => group.core(3).start()).toThrow(expect.objectContaining(BUSY));
      await Promise.all(loads);
      group.start();
      expect((await group.finished()).map(ending)).toEqual(Array(4).fill(['exited', 41]));
    }));
});

describe('a program', () => {
  it('that has exited is started again', () =>
    withGroup(startup, async (group) => {
      for (let times = 0; times < 3; ++times) {
        group.start();
        expect((await group.finished()).map(ending)).toEqual(Array(4).fill(['exited', 41]));
      }
      group.core(3).symbol('report').broadcast(new Uint8Array(4));
      group.core(3).start();
      expect(ending(await group.core(3).finished())).toEqual(['exited', 41]);
      expect(group.core(3).symbol('report').gather('u32')[0]?.[0]).toBe(0x88a);
    }));

  it('is started again while it runs', () =>
    withGroup(counts, async (group) => {
      group.start();
      for (const core of group.cores) await core.waitForWord(AT, { value: 1 });
      group.start();
      for (const core of group.cores) await core.waitForWord(AT, { value: 2 });
      group.core(0).start();
      await group.core(0).waitForWord(AT, { value: 3 });
      group.core(1).halt();
      group.core(1).start();
      await group.core(1).waitForWord(AT, { value: 3 });
      expect(group.states().map(({ state }) => state)).toEqual(Array(4).fill('running'));
      expect(group.cores.map((core) => core.readWord(AT))).toEqual([3, 3, 2, 2]);
    }));

  it.each([
    ['has ended, and never left the interrupt that started it', ends(0), 'has ended its program, and does not take SYNC, as it is still in the interrupt'],
    ['rests in it', programOf(IDLE), 'is idle, and does not take SYNC, as it is still in the interrupt'],
    ['runs in it', runsForEver, 'is running, and does not take SYNC'],
  ])('that %s is not started again', (_, source, message) =>
    withGroup(source, async (group) => {
      group.start();
      if (source === runsForEver) await allRun(group);
      else await group.finished();
      for (const start of [() => group.start(), () => group.core(1).start()]) expect(start).toThrow(expect.objectContaining({ ...BUSY, message: expect.stringContaining(message) as string }));
    }));

  it('that has masked SYNC is not started', () =>
    withGroup(programOf(NOP, IDLE), (group) => {
      group.core(3).registers.IMASK.write(0x3ff);
      expect(() => group.start()).toThrow(expect.objectContaining({ ...BUSY, address: group.core(3).address, message: expect.stringContaining('as it has masked it') as string }));
      expect(group.states().map(({ state }) => state)).toEqual(Array(4).fill('idle')); // none was
      group.core(0).start();
    }));

  it.each([
    ['goes round', withInterruptsOff(branch(0)), 'running'],
    ['rests', withInterruptsOff(IDLE, branch(-2)), 'idle'],
    ['has ended, and goes round behind that', withInterruptsOff(move(0, 5), trap(3), branch(0)), 'has ended its program'],
    ['has halted', withInterruptsOff(BKPT, branch(-2)), 'halted'],
  ])('that %s with all interrupts off is not started again, and goes on as it did', (_, source, message) =>
    withGroup(counts, async (group) => {
      const core = group.core(1);
      await core.load(source);
      group.start();
      await allRun(group);
      if (message !== 'running') await core.finished();
      const before = ending(core.state());
      for (const start of [() => core.start(), () => group.start()]) {
        expect(start).toThrow(expect.objectContaining({ ...BUSY, address: core.address, message: expect.stringMatching(new RegExp(`${message}.*, and does not take SYNC, as it has all interrupts off`)) as string }));
        expect(core.registers.ILAT.read().sync).toBe(false);
        if (message !== 'running') await core.finished();
        expect(ending(core.state())).toEqual(before);
      }
      // The others were not started again, and go on.
      for (const index of [0, 2, 3]) expect([group.core(index).readWord(AT), group.core(index).state().state]).toEqual([1, 'running']);
    }));

  it('that has interrupts off for a while only is started again', () =>
    withGroup(withInterruptsOff(move(4, 0x1000), add(4, 4, -1), branchIf('ne', -2), GIE, branch(-2)), async (group) => {
      group.start();
      await allRun(group);
      for (let times = 0; times < 3; ++times) {
        for (const core of group.cores) core.writeWord(AT, 0);
        group.start();
        await allRun(group);
      }
    }));

  it('that an exception has stopped in our startup code is not started again', async () => {
    const unhandled = fileURLToPath(new URL('../ecore/programs/unhandled.elf', import.meta.url));
    await withGroup(unhandled, async (group) => {
      group.start();
      const before = (await group.finished()).map(({ state, pc }) => [state, pc]);
      expect(() => group.start()).toThrow(expect.objectContaining({ ...BUSY, message: expect.stringContaining('is halted, and does not take SYNC, as it has all interrupts off') as string }));
      expect(group.states().map(({ state, pc }) => [state, pc])).toEqual(before);
      await group.load(unhandled);
      group.start();
      await group.finished();
    });
  });

  it('is started again in steps, too, if it takes SYNC', async () => {
    using board = openBoard('sim', { stepped: true });
    using group = board.workgroup({ rows: 1, columns: 2 });
    await group.load(startup);
    await group.core(1).load(withInterruptsOff(move(0, 5), trap(3), branch(0)));
    const end = async (): Promise<unknown> => {
      const finished = group.finished();
      let isOver = false;
      void finished.finally(() => (isOver = true));
      while (!isOver) {
        await board.simulator?.run({ instructions: 10_000 });
        await new Promise(setImmediate);
      }
      return (await finished).map(ending);
    };
    group.start();
    expect(await end()).toEqual([['exited', 41], ['exited', 5]]);
    expect(() => group.core(1).start()).toThrow(expect.objectContaining(BUSY));
    group.core(0).start();
    expect(await end()).toEqual([['exited', 41], ['exited', 5]]);
  });

  it('of one core that is stuck leaves the others alone: they are waited for, served, and not halted by a load that fails', () =>
    withGroup(counts, async (group) => {
      await group.core(0).load(getsStuck);
      await group.core(1).load(takesItsTime);
      group.core(1).writeWord(AT, 0x73);
      group.start();
      const { output } = group.core(1);
      const other = group.core(2).finished();
      const all = expect(group.finished()).rejects.toMatchObject(STUCK);
      await expect(group.core(0).finished()).rejects.toMatchObject(STUCK);
      await all;
      expect(ending(await group.core(1).finished())).toEqual(['exited', 9]);
      expect(await textOf(output)).toBe('s');
      await expect(group.load(startup)).rejects.toMatchObject(STUCK);
      expect(() => group.reset()).toThrow(expect.objectContaining(STUCK));
      expect(group.states().map(({ state }) => state)).toEqual(['stuck', 'exited', 'running', 'running']);
      // Nobody was told that the cores were reset.
      group.core(2).reset();
      await expect(other).rejects.toMatchObject({ code: 'ERR_EPIPHANY_RESET' });
      await group.core(3).load(ends(4));
      group.core(3).start();
      expect(ending(await group.core(3).finished())).toEqual(['exited', 4]);
    }));

  it('ends the output of its core, and each start has a new one', () =>
    withGroup(counts, async (group) => {
      const core = group.core(0);
      await core.load(prints);
      core.writeWord(AT, 0x61);
      group.start();
      const first = core.output;
      expect(await textOf(first)).toBe('a'); // though the others run
      expect(core.output).toBe(first);
      await core.load(prints);
      core.writeWord(AT, 0x62);
      core.start();
      const second = core.output;
      expect(second).not.toBe(first);
      expect(await textOf(second)).toBe('b');
      // One that was not asked for before has nothing, and ends, too.
      await group.core(1).load(prints);
      group.core(1).writeWord(AT, 0x63);
      group.core(1).start();
      await group.core(1).finished();
      expect(await textOf(group.core(1).output)).toBe('');
      group.core(2).reset();
      expect(await textOf(group.core(2).output)).toBe('');
    }));

  it('that is stuck is named as such', () =>
    withGroup(programOf(move(0, 0x10000000), load(1, 0), IDLE), async (group) => {
      group.start();
      await expect(group.finished()).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CORE_STUCK' });
      expect(() => group.start()).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_CORE_STUCK' }));
    }));
});
