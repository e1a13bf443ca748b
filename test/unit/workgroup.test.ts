// SPDX-License-Identifier: MIT
/** Work-groups: loading, starting, what programs print and want, and how they end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { boardOf } from '../../lib/board.js';
import { openBoard, type Core, type CoreState, type WorkGroup } from '../../lib/index.js';
import type { Program } from '../../lib/program/program.js';
import { SimulatorTransport } from '../../lib/transport/simulator.js';
import type { Transport } from '../../lib/transport/transport.js';
import { CoreWatch } from '../../lib/workgroup/core-watch.js';
import { stepByBreakpoints } from '../../lib/workgroup/step.js';
import { add, BKPT, branch, branchIf, GIE, IDLE, load, move, NOP, trap, WAND } from './encode.js';
import { at, bytes, call, exit, keep, programOf, run, textsOf, until, withGroup, type Code } from './group-programs.js';

const folder = mkdtempSync(join(tmpdir(), 'epiphany-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BAD_PROGRAM = { code: 'ERR_EPIPHANY_BAD_PROGRAM' };
const BUSY = { code: 'ERR_EPIPHANY_BUSY' };
const TYPE = { code: 'ERR_INVALID_ARG_TYPE' };
const RANGE = { code: 'ERR_OUT_OF_RANGE' };
const DRAM = 0x8e000000;

describe('a work-group', () => {
  it('is a rectangle of the chip, and has its cores for itself', () => {
    using board = openBoard('sim');
    const group = board.workgroup({ row: 1, column: 2, rows: 2, columns: 1 });
    expect(group.cores.map(({ id }) => id)).toEqual([0x84a, 0x88a]);
    expect(() => board.workgroup()).toThrow(expect.objectContaining(BUSY));
    expect(() => board.workgroup({ row: 2, column: 0, rows: 1 })).toThrow(expect.objectContaining(BUSY));
    const other = board.workgroup({ row: 2, column: 3, rows: 2 });
    expect([other.rows, other.columns]).toEqual([2, 1]);
    group.close();
    group.close();
    expect(group.closed).toBe(true);
    expect(() => group.states()).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_CLOSED' }));
    other.close();
    expect(board.workgroup().cores).toHaveLength(16);
  });

  it.each([
    [{ row: 4 }, RANGE],
    [{ row: 3, rows: 2 }, RANGE],
    [{ columns: 5 }, RANGE],
    [{ rows: 0 }, RANGE],
    [{ column: -1 }, RANGE],
    [{ row: '0' }, TYPE],
    [null, TYPE],
  ])('outside the chip is refused: %j', (rectangle, error) => {
    using board = openBoard('sim');
    expect(() => board.workgroup(rectangle as never)).toThrow(expect.objectContaining(error));
  });

  it('is closed with its board', async () => {
    const board = openBoard('sim');
    const group = board.workgroup({ rows: 1 });
    await group.load(programOf([branch(0)]));
    group.start();
    const end = group.finished();
    board.close();
    await expect(end).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
    expect(group.closed).toBe(true);
  });
});

describe('loading', () => {
  it('lays SRAM into each core, shared DRAM once, and zeroes what the file leaves out', async () => {
    using board = openBoard('sim');
    board.sharedDramMapping().fill(0, 64, 9);
    for (const core of board.cores) core.fill(0x2000, 64, 9);
    using group = board.workgroup({ rows: 1, columns: 2 });
    const progress: number[] = [];
    const program = programOf([IDLE], { segments: [at(0x2000, bytes('local'), 16), at(0x80900000 + 0x3000, bytes('one core')), at(DRAM, bytes('all'), 8)] });
    const outcome = await group.load(program, { onProgress: (done, total) => void progress.push(done, total) });
    expect(outcome.bytes).toBe(2 * (2 + 16) + 8 + 8);
    expect(progress.slice(-2)).toEqual([outcome.bytes, outcome.bytes]);
    for (const core of group.cores) expect(core.read(0x2000, 17)).toEqual(Uint8Array.from([...bytes('local'), ...Array<number>(11).fill(0), 9]));
    expect(board.core(0, 1).read(0x3000, 8)).toEqual(bytes('one core'));
    expect(board.sharedDramMapping().read(0, 9)).toEqual(Uint8Array.from([...bytes('all'), 0, 0, 0, 0, 0, 9]));
    expect(board.core(0, 2).read(0x2000, 2)).toEqual(Uint8Array.of(9, 9));
  });

  it('tells each core its place in the group, where a program asks for it', async () => {
    const section = (name: string, address: number, size: number): Program['sections'][number] => ({ name, address, bytes: size, type: 'progbits', flags: { allocate: true, write: true, execute: false } });
    const program = programOf([IDLE], { segments: [at(0x28, new Uint8Array(0x40))], sections: [section('workgroup_cfg', 0x28, 40), section('ext_mem_cfg', 0x50, 8), section('loader_cfg', 0x58, 16)] });
    await withGroup(program, (group) => {
      const [, , , last] = group.cores;
      expect([...(last?.words.slice(0x28 / 4, 0x68 / 4) ?? [])]).toEqual([3, 0, 0x849, 33, 9, 2, 2, 1, 1, 0xdeadbeef, 5, DRAM, 1, 0, 0, 0]);
    });
    // Before 2016 there was no loader_cfg, and code began in its place.
    const older = programOf([IDLE], { segments: [at(0x28, new Uint8Array(0x30)), at(0x58, bytes('code'))], sections: [section('workgroup_cfg', 0x28, 40)] });
    await withGroup(older, (group) => {
      expect(group.cores[0]?.read(0x58, 4)).toEqual(bytes('code'));
      expect(group.cores[0]?.words[0x50 / 4]).toBe(0);
    });
    // A file without sections: where they have always been.
    await withGroup({ ...older, sections: [] }, (group) => {
      expect([group.cores[0]?.words[0x28 / 4], group.cores[0]?.words[0x50 / 4], group.cores[0]?.read(0x58, 4)]).toEqual([3, 5, bytes('code')]);
    });
  });

  it.each([
    ['more than SRAM', at(0x7ff0, new Uint8Array(17))],
    ['a hole', at(0x8000, new Uint8Array(4))],
    ['registers', at(0xf0400, new Uint8Array(4))],
    ['a core outside the group', at(0x80a00000, new Uint8Array(4))],
    ['the end of shared DRAM', at(0x8fffffff, new Uint8Array(2))],
    ['no memory at all', at(0x10000000, new Uint8Array(4))],
  ])('a program that wants %s is refused before anything is written', async (_, segment) => {
    using board = openBoard('sim');
    using group = board.workgroup({ rows: 1, columns: 2 });
    const [core] = group.cores;
    core?.fill(0, 0x8000, 7);
    core?.registers.LC.write(5);
    await expect(group.load(programOf([NOP], { segments: [segment] }))).rejects.toMatchObject(BAD_PROGRAM);
    expect(core?.read(0, 0x8000).every((byte) => byte === 7)).toBe(true);
    expect(core?.registers.LC.read().value).toBe(5);
    expect(group.program).toBeUndefined();
  });

  it('refuses wrong arguments and files', async () => {
    using board = openBoard('sim');
    using group = board.workgroup();
    await expect(group.load(join(folder, 'none.elf'))).rejects.toMatchObject({ code: 'ENOENT' });
    writeFileSync(join(folder, 'text'), 'no program');
    await expect(group.load(join(folder, 'text'))).rejects.toMatchObject(BAD_PROGRAM);
    await expect(group.load('')).rejects.toMatchObject(RANGE);
    for (const source of [undefined, null, 42, {}, [], { segments: [] }, new Uint8Array(4)]) await expect(group.load(source as never)).rejects.toMatchObject(TYPE);
    await expect(group.load(programOf([IDLE]), { arguments: ['a\0b'] })).rejects.toMatchObject(RANGE);
    for (const options of [null, { verify: 1 }, { onProgress: 1 }, { arguments: 'x' }, { arguments: [1] }]) await expect(group.load(programOf([IDLE]), options as never)).rejects.toMatchObject(TYPE);
    expect(() => group.symbol('x')).toThrow(expect.objectContaining(BUSY));
    expect(() => group.output).toThrow(expect.objectContaining(BUSY));
    const detached = new Uint8Array(8);
    structuredClone(detached, { transfer: [detached.buffer] });
    for (const services of [null, { directory: 5 }, { stdin: 5 }, { stdin: null }, { stdin: {} }, { stdin: ['a'] }, { stdin: detached }]) expect(() => group.start(services as never)).toThrow(expect.objectContaining(TYPE));
    expect(() => group.start({ directory: join(folder, 'none') })).toThrow(expect.objectContaining({ code: 'ENOENT', path: join(folder, 'none') }));
    expect(() => group.start({ directory: join(folder, 'text') })).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
    expect(group.states().every(({ state }) => state === 'idle')).toBe(true);
  });

  it('takes arguments as they were when it was called', async () => {
    using board = openBoard('sim');
    using group = board.workgroup({ rows: 1, columns: 1 });
    const file = fileURLToPath(new URL('../ecore/programs/startup.elf', import.meta.url));
    const given: unknown[] = ['one', 'two'];
    const loaded = group.load(file, { arguments: given as string[] });
    given[0] = 'a\0b';
    given.push({ toString: () => { throw new Error('not asked for'); } });
    const { program } = await loaded;
    const section = program.sections.find(({ name }) => name === '.ecore_arguments');
    const memory = group.cores[0]?.read(section?.address ?? 0, section?.bytes ?? 0) ?? new Uint8Array();
    expect(new DataView(memory.buffer, memory.byteOffset).getUint32(0, true)).toBe(3);
    expect(Buffer.from(memory).toString('latin1')).toContain('startup.elf\0one\0two\0\0');
    for (const wrong of [[, 'b'], Object.assign(['a'], { length: 2 })]) await expect(group.load(file, { arguments: wrong as string[] })).rejects.toMatchObject(TYPE); // eslint-disable-line no-sparse-arrays
  });

  it('finds out whether memory holds what was written, unless it is told not to', async () => {
    using board = openBoard('sim');
    using group = board.workgroup();
    const program = programOf([IDLE], { segments: [at(0x2001, bytes('some'), 8), at(DRAM + 0x100, bytes('more'))] });
    await group.load(program);
    const spoil = (place: () => void) => ({
      onProgress: (done: number, total: number) => {
        if (done === total) place();
      },
    });
    const inSram = spoil(() => board.core(3, 3).fill(0x2008, 1, 0x80)); // beyond the file's bytes, where zeros belong
    await expect(group.load(program, inSram)).rejects.toMatchObject({ code: 'ERR_EPIPHANY_VERIFY', path: 'test', address: 0x2008, message: expect.stringMatching(/1 bytes differ.*core 0x8cb at 0x2008, 0x80 instead of 0x00/) as string });
    expect(group.program).toBeUndefined();
    const inDram = spoil(() => board.sharedDramMapping().fill(0x100, 4, 1));
    await expect(group.load(program, inDram)).rejects.toMatchObject({ code: 'ERR_EPIPHANY_VERIFY', address: 0x100, message: expect.stringMatching(/4 bytes differ.*shared DRAM/) as string });
    const outcome = await group.load(program, { ...inSram, verify: false });
    expect(group.program).toStrictEqual(program);
    expect(outcome.verify).toBeLessThan(outcome.write);
  });

  it('is done by one at a time, and nothing is started meanwhile', async () => {
    using board = openBoard('sim');
    using group = board.workgroup();
    const codes: unknown[] = [];
    const codeOf = (use: () => unknown): unknown => {
      try {
        return use();
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const file = fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url));
    const first = group.load(file, { onProgress: () => void codes.push(codeOf(() => group.start())) });
    await expect(group.load(programOf([IDLE]))).rejects.toMatchObject(BUSY);
    expect(() => group.start()).toThrow(expect.objectContaining(BUSY));
    const { program } = await first;
    expect(new Set(codes)).toEqual(new Set([BUSY.code]));
    expect(group.program).toBe(program);
    await group.load(programOf([IDLE])); // it was not locked for ever
  });

  it('ends as soon as somebody closes the group, or has had enough', async () => {
    using board = openBoard('sim');
    const program = programOf([IDLE], { segments: [at(0x2000, bytes('rest'))] });
    const group = board.workgroup();
    await group.load(program);
    await expect(group.load(program, { onProgress: () => { throw new Error('enough'); } })).rejects.toThrow('enough');
    expect(group.program).toBeUndefined(); // it is there in part
    for (const core of group.cores) core.fill(0, 0x4000, 7);
    await expect(group.load(program, { onProgress: () => group.close() })).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
    expect(board.cores.filter((core) => core.readWord(0) !== 0x07070707)).toHaveLength(1);
    const next = board.workgroup();
    const load = next.load(fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url)));
    next.close();
    await expect(load).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
  });
});

describe('a program', () => {
  it('prints, and exits with its code', async () => {
    const program = programOf([move(0, 1), ...call(5, 1, 0x1000, 5), ...call(5, 2, 0x1005, 5), ...exit(-7), IDLE], { segments: [at(0x1000, bytes('grüßerr\n'))] });
    await withGroup(program, async (group) => {
      const { texts, states } = await run(group);
      // The ß was cut in two, one half to each stream: half a character is none. Whether the rest comes is known at the end.
      expect(states.map(({ state, exitCode }) => [state, exitCode])).toEqual(Array(4).fill(['exited', -7]));
      expect([...texts.keys()].sort()).toEqual(group.cores.map(({ id }) => id));
      expect(new Set(texts.values())).toEqual(new Set(['grü!\ufffderr\n\ufffd']));
      expect(() => group.start()).toThrow(expect.objectContaining(BUSY)); // its data are no longer what they were
    });
  });

  it('that would exit twice has exited once: the first time', async () => {
    await withGroup(programOf([...exit(4), ...call(5, 1, 0x1000, 5), ...exit(9)], { segments: [at(0x1000, bytes('again'))] }), async (group) => {
      group.start();
      const codes = (states: CoreState[]): unknown[] => states.map(({ state, exitCode }) => [state, exitCode]);
      expect(codes(await group.finished())).toEqual(Array(4).fill(['exited', 4]));
      group.resume(); // not those that have exited
      expect(group.cores.every((core) => core.registers.DEBUGSTATUS.read().halted)).toBe(true);
      for (const core of group.cores) core.registers.DEBUGCMD.write(0); // behind the group's back
      expect(codes(await group.finished())).toEqual(Array(4).fill(['exited', 4]));
      for await (const { text } of group.output) expect(text).toBe('');
      await group.load(group.program as Program);
      group.start();
      expect(codes(await group.finished())).toEqual(Array(4).fill(['exited', 4]));
    });
  });

  it('learns of errors in R3 behind every TRAP that asks for something, as behind TRAP 7', async () => {
    const wanted = 0x2000;
    // R3 is what the program had in it before; then it writes, and closes what is open, and what is not.
    const asks = [[0, 1, 0x1000, 2], [6, 1], [6, 99]].map(([number = 0, ...values], index) => [...values.map((value, at) => move(at, value)), move(3, 0xbad), trap(number), ...keep(wanted + 8 * index)]);
    await withGroup(programOf([...asks.flat(), ...exit(0)], { segments: [at(0x1000, bytes('ok'))] }), async (group) => {
      const { texts } = await run(group);
      expect([...texts.values()]).toEqual(Array(4).fill('ok'));
      const words = Array.from(group.cores[0]?.words.slice(wanted / 4, wanted / 4 + 6) ?? []);
      expect(words).toEqual([2, 0, 0, 0, 0xffffffff, 9]);
    });
  });

  it('is served at each of two TRAPs in a row', async () => {
    for (const [last, exitCode] of [[3, 5], [4, 0], [5, 1]] as const) {
      await withGroup(programOf([...call(5, 1, 0x1000, 5), trap(last)], { segments: [at(0x1000, bytes('twice'))] }), async (group) => {
        const { texts, states } = await run(group);
        expect([...texts.values()]).toEqual(Array(4).fill('twice'));
        expect(states.map(({ state, exitCode: code }) => [state, code])).toEqual(Array(4).fill(['exited', exitCode]));
      });
    }
    // One that nobody serves, right before one that would be, and behind a breakpoint.
    for (const instructions of [[trap(9), trap(3)], [...call(5, 1, 0x1000, 5), BKPT, trap(3)]]) {
      await withGroup(programOf(instructions, { segments: [at(0x1000, bytes('twice'))] }), async (group) => {
        const { states } = await run(group);
        expect(states.map(({ state }) => state)).toEqual(Array(4).fill('halted'));
      });
    }
  });

  describe('that is halted at a TRAP', () => {
    const program = programOf([...call(5, 1, 0x1000, 4), ...exit(6)], { segments: [at(0x1000, bytes('late'))] });
    async function waits(group: WorkGroup, proceed: () => Promise<void> | undefined): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, 50)); // long enough for looks at its cores
      expect(group.states().map(({ state }) => state)).toEqual(['halted']);
      let text = '';
      const printed = (async () => { for await (const piece of group.output) text += piece.text; })();
      group.resume();
      const end = group.finished({ timeout: 5000 });
      await proceed();
      expect((await end).map(({ exitCode }) => exitCode)).toEqual([6]);
      await printed;
      expect(text).toBe('late');
    }

    it('by the host is served when it goes on, and not before', async () => {
      await withGroup(program, async (group) => {
        group.start();
        const { DEBUGSTATUS } = (group.cores[0] as Core).registers;
        while (!DEBUGSTATUS.read().halted); // no look at it comes in between
        group.halt();
        await waits(group, () => undefined);
      }, { row: 0, column: 0, rows: 1, columns: 1 });
    });

    it('in steps is served when it goes on', async () => {
      using board = openBoard('sim', { stepped: true });
      using group = board.workgroup({ rows: 1, columns: 1 });
      await group.load(program);
      group.start();
      await board.simulator?.run({ instructions: 1 });
      group.halt();
      while (board.simulator?.inspect(0x808).trap === undefined) group.step(0);
      const proceed = async (): Promise<void> => {
        for (let i = 0; i < 2; ++i) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          await board.simulator?.run({ instructions: 100 });
        }
      };
      await waits(group, proceed);
    });
  });

  it('that sleeps until a timer wakes it is not over', async () => {
    for (const path of ['sim', 'sim:e64g401']) {
      using board = openBoard(path, { stepped: true });
      using group = board.workgroup({ rows: 1, columns: 1 });
      const { CONFIG, CTIMER0, CTIMER1, IMASK } = (group.cores[0] as Core).registers;
      await group.load(programOf([IDLE, ...exit(4)]));
      group.start();
      await board.simulator?.run({ instructions: 1 });
      const stateWith = (config: number, mask: number, [count0, count1]: number[]): string | undefined => {
        CTIMER0.write(count0 as number);
        CTIMER1.write(count1 as number);
        IMASK.write(mask);
        CONFIG.write(config);
        return group.states()[0]?.state;
      };
      const [CLOCK0, IDLE0, FLOAT0, IDLE1, CARRY1, WRAP] = [0x10, 0x20, 0x50, 0x200, 0x300, 1 << 26];
      const [OPEN0, OPEN1, MASKED] = [0x3f6, 0x3ee, 0x3fe];
      const onE64 = path === 'sim' ? 'idle' : 'running';
      expect(stateWith(0, OPEN0, [1000, 0])).toBe('idle');
      expect(stateWith(CLOCK0, MASKED, [1000, 0])).toBe('idle');
      expect(stateWith(CLOCK0, OPEN1, [1000, 0])).toBe('idle');
      expect(stateWith(CLOCK0, OPEN0, [0, 1000])).toBe('idle');
      expect(stateWith(FLOAT0, OPEN0, [1000, 0])).toBe('idle'); // it counts nothing that a core does asleep
      expect(stateWith(CLOCK0, OPEN0, [1000, 0])).toBe('running');
      expect(stateWith(IDLE0, OPEN0, [1000, 0])).toBe('running');
      expect(stateWith(IDLE1, OPEN1, [0, 1000])).toBe('running');
      expect(stateWith(CLOCK0 | CARRY1, OPEN1, [1000, 1])).toBe(onE64);
      expect(stateWith(CARRY1, OPEN1, [1000, 1])).toBe('idle');
      expect(stateWith(CLOCK0 | WRAP, OPEN0, [0, 0])).toBe(onE64);
      expect(stateWith(CLOCK0, OPEN0, [1000, 0])).toBe('running');
      const end = group.finished({ timeout: 5000 });
      await new Promise((resolve) => setTimeout(resolve, 50)); // long enough for looks at its cores
      await board.simulator?.run({ instructions: 5000 });
      expect((await end).map(({ state, exitCode }) => [state, exitCode])).toEqual([['exited', 4]]);
    }
  });

  it('that sleeps in a barrier is over, and said to be in it, if others do not come', async () => {
    const barrier = programOf([WAND, IDLE, ...exit(0)]);
    const openToWand = (group: WorkGroup): void => group.cores.forEach((core) => core.registers.IMASK.write(0x2fe));
    await withGroup(barrier, async (group) => {
      group.start();
      // Masked, it has nothing to do with the sleep.
      expect((await group.finished({ timeout: 5000 })).map(({ state, inBarrier }) => [state, inBarrier])).toEqual(Array(4).fill(['idle', undefined]));
    });
    await withGroup(barrier, async (group) => {
      openToWand(group);
      group.start();
      expect(await group.finished({ timeout: 5000 })).toMatchObject(Array(4).fill({ state: 'idle', inBarrier: true }));
    });
    await withGroup(barrier, async (group) => {
      openToWand(group);
      group.start();
      const states = await group.finished({ timeout: 5000 });
      expect(states.map(({ state, inBarrier }) => [state, inBarrier])).toEqual(Array(16).fill(['exited', undefined]));
    }, { row: 0, column: 0, rows: 4, columns: 4 });
  });

  it('forgets the barriers that its cores were in when it is reset, and when it gets another program', async () => {
    const ways: [string, (group: WorkGroup) => unknown][] = [
      ['group.reset', (group) => group.reset()],
      ['group.load', (group) => group.load(programOf([IDLE]))],
      ['core.reset', (group) => group.cores.forEach((core) => core.reset())],
      ['core.load', (group) => Promise.all(group.cores.map((_, index) => group.core(index).load(programOf([IDLE]))))],
    ];
    for (const [name, forget] of ways) {
      await withGroup(programOf([WAND, IDLE, ...exit(0)]), async (group) => {
        group.start();
        await group.finished({ timeout: 5000 });
        const waiting = (): number => group.cores.filter(({ id }) => group.board.simulator?.inspect(id).inBarrier).length;
        expect([name, waiting()]).toEqual([name, 4]);
        await forget(group);
        expect([name, waiting()]).toEqual([name, 0]);
      });
    }
  });

  it('is not blamed by a strict board for a WAND of the program before', async () => {
    using board = openBoard('sim', { stepped: true, strict: true });
    using group = board.workgroup({ row: 0, column: 0, rows: 1, columns: 1 });
    for (const instructions of [[GIE, WAND, ...exit(0)], [NOP, IDLE]]) {
      await group.load(programOf(instructions));
      group.core(0).registers.IMASK.write(0x2fe);
      group.start();
      await board.simulator?.run({ instructions: 100 });
      expect(board.simulator?.violations()).toEqual([]);
    }
  });

  it('that comes to rest without an exit is over, too', async () => {
    await withGroup(programOf([NOP, IDLE]), async (group) => {
      group.start();
      expect((await group.finished({ timeout: 200_000 })).map(({ state }) => state)).toEqual(Array(4).fill('idle'));
    });
  });

  it('that is halted goes on an instruction at a time, on a simulated board as on others', async () => {
    const instructions = [move(1, 3), add(1, 1, -1), [[0xff10, 2]] as const, branch(4), NOP, move(2, 0x1c), [[0x0952, 2]] as const, IDLE, [[0x1942, 2]] as const];
    const paths = await Promise.all(
      [false, true].map(async (byBreakpoints) => {
        using board = openBoard('sim');
        using group = board.workgroup({ rows: 1, columns: 1 });
        await group.load(programOf(instructions));
        const core = group.cores[0] as Core;
        expect(() => group.step(0)).toThrow(expect.objectContaining(BUSY));
        core.registers.DEBUGCMD.write(1);
        core.registers.FSTATUS.write(1);
        const path: number[][] = [];
        const image = core.read(0, 0x40);
        while (path.length < 14 && core.registers.STATUS.read().active) {
          path.push([core.registers.PC.read().value, core.registers.R1.read().value]);
          if (path.length === 14) break;
          if (byBreakpoints) stepByBreakpoints(board, core);
          else group.step(0);
        }
        expect(core.read(0, 0x40)).toEqual(image);
        expect(() => group.step(1)).toThrow(expect.objectContaining(RANGE));
        return path;
      }),
    );
    expect(paths[0]?.length).toBeGreaterThan(10);
    expect(paths[1]).toEqual(paths[0]);
  });

  it('that comes upon a breakpoint is over as it stands there', async () => {
    await withGroup(programOf([move(0, 0x1001), load(1, 0), BKPT]), async (group) => {
      for (const core of group.cores) core.registers.IMASK.write(0x3fe);
      group.start();
      const states = await group.finished({ timeout: 200_000 });
      expect(states.map(({ state, pc, exception }) => [state, pc, exception])).toEqual(Array(4).fill(['halted', 10, 'unaligned']));
    });
  });

  it('that sleeps until the host wakes it is served then, too', async () => {
    const program = programOf([IDLE, NOP, ...call(5, 1, 0x1000, 2), ...exit(3)], { segments: [at(0x1000, bytes('up'))] });
    await withGroup(program, async (group) => {
      group.start();
      await until(() => group.states().every(({ state }) => state === 'idle'));
      await new Promise((resolve) => setTimeout(resolve, 50)); // long enough for the group to see it, too
      for (const core of group.cores) core.registers.FSTATUS.write(1); // on behind the IDLE
      const { output } = group;
      let text = '';
      for await (const piece of output) text += piece.text;
      expect(text).toBe('up'.repeat(4));
      expect((await group.finished()).map(({ exitCode }) => exitCode)).toEqual([3, 3, 3, 3]);
    });
  });

  it('that never ends can be waited for, halted, looked at, resumed and reset', async () => {
    await withGroup(programOf([move(2, 0), add(2, 2, 1), branch(-2)]), async (group) => {
      group.start();
      await expect(group.finished({ timeout: 20 })).rejects.toMatchObject({ code: 'ERR_EPIPHANY_TIMEOUT' });
      await expect(group.finished({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
      expect(() => group.start()).toThrow(expect.objectContaining(BUSY));
      expect(group.states().map(({ state }) => state)).toEqual(Array(4).fill('running'));
      group.halt();
      expect(group.states().map(({ state }) => state)).toEqual(Array(4).fill('halted'));
      const before = group.cores[0]?.registers.R2.read().value;
      // On a busy machine the core's thread may not get its turn for a while.
      for (let after = before; after === before; after = group.cores[0]?.registers.R2.read().value) {
        group.resume();
        await new Promise((resolve) => setTimeout(resolve, 5));
        group.halt();
      }
      const end = group.finished();
      group.reset();
      await expect(end).rejects.toMatchObject({ code: 'ERR_EPIPHANY_RESET' });
      expect(group.states().map(({ state, pc }) => [state, pc])).toEqual(Array(4).fill(['idle', 0]));
    });
  });

  it('in the midst of interrupts is brought out of them by a reset', async () => {
    // Interrupt 9 comes while 0 is in progress, and both have handlers without end.
    const vectors = [branch(0x30), NOP, ...Array<Code>(16).fill(NOP), branch(0)];
    const program = programOf([...vectors, ...Array<Code>(5).fill(NOP), [[0x0192, 2]], branch(0)]);
    for (const stepped of [false, true]) {
      using board = openBoard('sim', { stepped });
      using group = board.workgroup({ rows: 1, columns: 1 });
      const [core] = group.cores;
      await group.load(program);
      core?.registers.IMASK.write(0);
      core?.registers.ILATST.write(1);
      if (stepped) await board.simulator?.run({ instructions: 100 });
      else await until(() => core?.registers.IPEND.read().value === 1);
      expect(core?.registers.IPEND.read().value).toBe(1);
      group.reset();
      expect(core?.registers.IPEND.read().value).toBe(0);
      expect(core?.registers.STATUS.read()).toMatchObject({ active: false, gid: false });
      expect(core?.registers.IMASK.read().value).toBe(0x3fe);
    }
  });

  it('that waits for a load that nothing answers is named', async () => {
    await withGroup(programOf([move(0, 0x10000000), load(1, 0), IDLE]), async (group) => {
      group.start();
      const STUCK = { code: 'ERR_EPIPHANY_CORE_STUCK', message: expect.stringMatching(/Core 0x8[48][9a] .*PC 0x8/) as string };
      await expect(group.finished()).rejects.toMatchObject(STUCK);
      expect(group.states()[0]?.state).toBe('stuck');
      expect(() => group.halt()).toThrow(expect.objectContaining({ code: STUCK.code }));
      await expect(group.load(programOf([IDLE]))).rejects.toMatchObject({ code: STUCK.code });
    });
  });

  it('says what does not fit: a table that would be torn', async () => {
    const section = { name: 'workgroup_cfg', address: 0x28, bytes: 40, type: 'progbits', flags: { allocate: true, write: false, execute: false } } as const;
    using board = openBoard('sim');
    using group = board.workgroup();
    const torn = programOf([IDLE], { segments: [at(0x40, new Uint8Array(8))], sections: [section] });
    await expect(group.load(torn)).rejects.toMatchObject({ ...BAD_PROGRAM, address: 0x28, message: expect.stringMatching(/the table of 40 bytes at 0x28, which the loader fills in, lies partly within the segment of 8 bytes at 0x40$/) as string });
  });

  it('says what did not come in time', async () => {
    await withGroup(programOf([branch(0)]), async (group) => {
      group.start();
      await expect(group.finished({ timeout: 10 })).rejects.toMatchObject({ code: 'ERR_EPIPHANY_TIMEOUT', message: 'no end of the program within 10 ms' });
    });
  });

  it('is not started with a core that is stuck, which is not stepped either', () => {
    using board = openBoard('sim');
    using group = board.workgroup({ row: 1, column: 1, rows: 1, columns: 2 });
    board.simulator?.inject({ fault: 'core-stuck', core: 0x84a });
    const STUCK = expect.objectContaining({ code: 'ERR_EPIPHANY_CORE_STUCK', message: expect.stringMatching(/^Core 0x84a waits for a load .*; only a reset of the chip helps$/) as string }) as Error;
    expect(() => group.start()).toThrow(STUCK);
    expect(() => group.step(1)).toThrow(STUCK);
    board.simulator?.inject({ fault: 'core-stuck', core: 0x84a, active: false });
    group.start();
  });

  it('gets the user interrupt, and tells of an exception that it did not deal with', async () => {
    // Vector 9 ends the program; an unaligned load is latched, but masked.
    const program = programOf([branch(0x30), NOP, ...Array<Code>(16).fill(NOP), ...exit(9), ...Array<Code>(1).fill(NOP), move(0, 0x1001), load(1, 0), [[0x0192, 2]], branch(0)]);
    await withGroup(program, async (group) => {
      for (const core of group.cores) core.registers.IMASK.write(0x1fe);
      group.start();
      await expect(group.finished({ timeout: 20 })).rejects.toMatchObject({ code: 'ERR_EPIPHANY_TIMEOUT' });
      await until(() => group.states()[0]?.exception === 'unaligned');
      expect(group.states()[0]?.exception).toBe('unaligned');
      group.signal();
      // Nested in the SYNC interrupt it is not taken: 0 comes before 9.
      expect(group.states()[0]?.state).toBe('running');
    });
  });

  it('reads its standard input, and sees its end', async () => {
    const program = programOf([...call(4, 0, 0x1000, 3), ...call(5, 1, 0x1000, 3), ...call(4, 0, 0x1000, 8), ...keep(0x2000), ...exit(0)], { segments: [at(0x1000, new Uint8Array(16))] });
    await withGroup(program, async (group) => {
      const { texts } = await run(group, { stdin: 'abcde' });
      expect([...texts.values()]).toEqual(['abc']);
      expect(group.cores[0]?.words[0x800]).toBe(2);
    }, { row: 0, column: 0, rows: 1, columns: 1 });
  });

  it('prints 10 MB, each core for itself', async () => {
    // 160 writes of 32 KiB from shared DRAM on each of two cores.
    const program = programOf([move(5, 160), ...call(5, 1, DRAM, 0x8000), add(5, 5, -1), branchIf('ne', -36), ...exit(0)], { segments: [at(DRAM, new Uint8Array(0x8000).fill(0x61))] });
    await withGroup(program, async (group) => {
      group.start();
      const lengths = await Promise.all(
        [0, 1].map(async (index) => {
          let length = 0;
          for await (const { text } of group.outputOf(index)) length += text.length;
          return length;
        }),
      );
      expect(lengths).toEqual([160 * 0x8000, 160 * 0x8000]);
      expect(() => group.outputOf(2)).toThrow(expect.objectContaining(RANGE));
    }, { row: 0, column: 0, rows: 1, columns: 2 });
  });
});

describe('output', () => {
  const program = programOf([...call(5, 1, 0x1000, 1), ...call(5, 1, 0x1001, 1), ...call(5, 1, 0x1002, 1), ...exit(0)], { segments: [at(0x1000, bytes('abc'))] });
  const ONE_CORE = { row: 0, column: 0, rows: 1, columns: 1 };

  it('that a loop has not come to is there for the next one', async () => {
    await withGroup(program, async (group) => {
      group.start();
      await group.finished();
      expect(await textsOf(group.output, 1)).toBe('a');
      expect(await textsOf(group.output)).toBe('bc');
      expect(await textsOf(group.output)).toBe('');
    }, ONE_CORE);
  });

  it('is received once, by the one who waited longest, and no longer by one who has left', async () => {
    await withGroup(program, async (group) => {
      group.start();
      const [first, second, third] = Array.from({ length: 3 }, () => group.output[Symbol.asyncIterator]());
      const received = [first, second, third].map((iterator) => iterator?.next());
      const [left, right] = [second?.next(), first?.next()];
      await second?.return?.();
      expect(await Promise.all([...received, left, right])).toEqual([
        { done: false, value: expect.objectContaining({ text: 'a' }) as object },
        { done: true, value: undefined },
        { done: false, value: expect.objectContaining({ text: 'b' }) as object },
        { done: true, value: undefined },
        { done: false, value: expect.objectContaining({ text: 'c' }) as object },
      ]);
      expect(await second?.next()).toEqual({ done: true, value: undefined });
    }, ONE_CORE);
  });

  it('is all that was written, the half of a character at its end and a mark at its beginning, too', async () => {
    const text = programOf([...call(5, 1, 0x1000, 3), ...call(5, 1, 0x1003, 0), ...call(5, 1, 0x1003, 2), ...exit(0)], { segments: [at(0x1000, Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xc3))] });
    await withGroup(text, async (group) => {
      group.start();
      const pieces: string[] = [];
      for await (const piece of group.output) pieces.push(piece.text);
      expect(pieces).toEqual(['\ufeff', 'a', '\ufffd']);
    }, ONE_CORE);
  });

  it('ends when the group is closed', async () => {
    await withGroup(programOf([branch(0)]), async (group) => {
      group.start();
      const text = textsOf(group.output);
      group.close();
      expect(await text).toBe('');
    });
  });
});

describe('waiting', () => {
  /** A board that does not tell what its cores do, as one behind today's driver. */
  class SilentTransport extends SimulatorTransport {
    override readonly features = Object.freeze({ events: true, elinkRegisters: true, coreEvents: false, claims: true, dram: true, dma: true });
  }

  it('goes without events of cores, too', async () => {
    using board = boardOf(new SilentTransport('sim', { chip: undefined, file: undefined }));
    using group = board.workgroup();
    await group.load(programOf([...call(5, 1, 0x1000, 5), ...exit(6)], { segments: [at(0x1000, bytes('quiet'))] }));
    const { texts, states } = await run(group);
    expect([...texts.values()]).toEqual(Array(16).fill('quiet'));
    expect(states.map(({ exitCode }) => exitCode)).toEqual(Array(16).fill(6));
  });

  it('is one look for all who wait, with pauses that grow up to 16 ms', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
    try {
      const watch = new CoreWatch({ features: { coreEvents: false } } as Transport);
      const looks = [0, 0];
      let hasChanged = false;
      const lookers = looks.map((_, index) => ({ holdsProcess: true, look: () => (++(looks as [number, number])[index as 0 | 1], hasChanged) }));
      for (const looker of lookers) watch.add(looker);
      const pauses: number[] = [];
      for (let last = 0, passed = 0, before = 0; pauses.length < 8; ++passed) {
        vi.advanceTimersByTime(1);
        if (looks[0] === before) continue;
        before = looks[0] as number;
        pauses.push(passed - last);
        last = passed;
      }
      expect(pauses.slice(1)).toEqual([2, 4, 8, 16, 16, 16, 16]); // behind one at once, and one after 1 ms
      expect(looks[1]).toBe(looks[0]);
      hasChanged = true;
      vi.advanceTimersByTime(16);
      expect(vi.getTimerCount()).toBe(1); // at once
      for (const looker of lookers) watch.remove(looker);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('of a thousand ends for each as it wants', async () => {
    await withGroup(programOf([branch(0)]), async (group) => {
      group.start();
      const stop = new AbortController();
      const outcomes = Array.from({ length: 1000 }, (_, index) => group.finished(index % 2 ? { timeout: 10 } : {}).catch((error: unknown) => (error as { code: string }).code));
      const stopped = group.finished({ signal: stop.signal });
      stop.abort(new Error('enough'));
      await expect(stopped).rejects.toThrow('enough');
      expect(new Set(await Promise.all(outcomes.filter((_, index) => index % 2)))).toEqual(new Set(['ERR_EPIPHANY_TIMEOUT']));
      group.close();
      expect(new Set(await Promise.all(outcomes.filter((_, index) => !(index % 2))))).toEqual(new Set(['ERR_EPIPHANY_CLOSED']));
    });
  });
});
