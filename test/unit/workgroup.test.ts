// SPDX-License-Identifier: MIT
/** Work-groups: loading, starting, what programs print and want, and how they end. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { boardOf } from '../../lib/board.js';
import { layout, openBoard, type Core, type CoreState, type WorkGroup } from '../../lib/index.js';
import { indexSymbols, type Program, type ProgramSymbol, type Segment } from '../../lib/program/program.js';
import { SimulatorTransport } from '../../lib/transport/simulator.js';
import type { Transport } from '../../lib/transport/transport.js';
import { CoreWatch } from '../../lib/workgroup/core-watch.js';
import { Directory } from '../../lib/workgroup/files.js';
import { Input } from '../../lib/workgroup/input.js';
import { stepByBreakpoints } from '../../lib/workgroup/step.js';
import { TrapFinder } from '../../lib/workgroup/trap-finder.js';
import { add, BKPT, branch, branchIf, GIE, IDLE, load, move, NOP, program as code, store, trap, WAND, type Instruction } from './encode.js';

const folder = mkdtempSync(join(tmpdir(), 'epiphany-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BAD_PROGRAM = { code: 'ERR_EPIPHANY_BAD_PROGRAM' };
const BUSY = { code: 'ERR_EPIPHANY_BUSY' };
const TYPE = { code: 'ERR_INVALID_ARG_TYPE' };
const RANGE = { code: 'ERR_OUT_OF_RANGE' };
const DRAM = 0x8e000000;
const flags = { read: true, write: true, execute: true };

type Code = Instruction | readonly Instruction[];

/** A program whose instructions are at 0, with other segments and symbols. */
function programOf(instructions: readonly Code[], more: { segments?: Omit<Segment, 'flags'>[]; symbols?: Partial<ProgramSymbol>[]; sections?: Program['sections'] } = {}): Program {
  const data = code(...instructions);
  const symbols = (more.symbols ?? []).map((symbol) => ({ name: '', address: 0, bytes: 0, type: 'object' as const, binding: 'global' as const, section: undefined, ...symbol }));
  const segments = [{ address: 0, data, memoryBytes: data.length }, ...(more.segments ?? [])].map((segment) => ({ ...segment, flags }));
  return { path: 'test', entry: 0, segments, sections: more.sections ?? [{ name: '.text', address: 0, bytes: data.length, type: 'progbits', flags: { allocate: true, write: false, execute: true } }], symbols, symbolsByName: indexSymbols(symbols) };
}

/** TRAP 7: a system call with its arguments; R0 is the result, R3 the errno. */
const call = (number: number, ...values: number[]): Code[] => [...values.map((value, index) => move(index, value)), move(3, number), trap(7)];
const exit = (status: number): Code[] => [move(0, status), trap(3)];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const at = (address: number, data: Uint8Array, memoryBytes = data.length): Omit<Segment, 'flags'> => ({ address, data, memoryBytes });
/** Keeps R0 and R3 at an address. */
const keep = (address: number): Code[] => [move(4, address), store(0, 4), move(4, address + 4), store(3, 4)];

async function withGroup(program: Program, use: (group: WorkGroup) => void | Promise<void>, rectangle = { row: 1, column: 1, rows: 2, columns: 2 }): Promise<void> {
  using board = openBoard('sim');
  using group = board.workgroup(rectangle);
  await group.load(program);
  await use(group);
}

/** The thread of the cores may have to wait for its turn on a busy machine. */
async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 10_000; !isSo() && performance.now() < deadline; ) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** What it printed, by core, and how it ended. */
async function run(group: WorkGroup, services = {}): Promise<{ texts: Map<number, string>; states: CoreState[] }> {
  group.start(services);
  const texts = new Map<number, string>();
  for await (const { core, stream, text } of group.output) texts.set(core.id, `${texts.get(core.id) ?? ''}${stream === 'stderr' ? '!' : ''}${text}`);
  return { texts, states: await group.finished() };
}

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

  describe('of standard input that comes piece by piece', () => {
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

/** All that is printed, or its first characters. */
async function textsOf(output: AsyncIterable<{ text: string }>, most = Infinity): Promise<string> {
  let all = '';
  for await (const { text } of output) {
    all += text;
    if (all.length === most) break;
  }
  return all;
}

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

  it('is received once, by whoever waited longest, and no longer by who has left', async () => {
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

describe('the TRAP at which a core of a board has halted', () => {
  /** What is found with PC at each of these places; a finder that was given first knows what came before. */
  function found(instructions: readonly Code[], pcs: readonly number[], finder?: TrapFinder): unknown[] {
    using board = openBoard('sim', { stepped: true });
    const core = board.core(0, 0);
    core.write(0, code(...instructions));
    const traps = finder ?? new TrapFinder(board);
    return pcs.map((pc) => {
      core.registers.PC.write(pc);
      const trap = traps.find(core);
      if (trap) traps.served(core, trap);
      return trap && [trap.number, trap.next];
    });
  }
  const inARow = [NOP, trap(7), trap(3), NOP];

  it('is found, be PC at it or behind, also with another one beside it', () => {
    expect(found(inARow, [4, 6])).toEqual([[7, 4], [3, 6]]); // behind
    expect(found(inARow, [2, 4])).toEqual([[7, 4], [3, 6]]); // at it
    expect(found([trap(7), trap(7), NOP], [2, 4])).toEqual([[7, 2], [7, 4]]);
    expect(found([trap(7), trap(7), NOP], [0, 2])).toEqual([[7, 2], [7, 4]]);
    // Two in a row, the first served, and PC still there: the core has executed the second one, so PC is at it.
    expect(found([trap(7), trap(3)], [2, 2])).toEqual([[7, 2], [3, 4]]);
  });

  it('is known once and for all from one that leaves no doubt', () => {
    const loop = [NOP, trap(7), NOP, trap(1), trap(3), NOP];
    expect(found(loop, [4, 8, 10, 2, 6])).toEqual([[7, 4], [1, 8], [3, 10], undefined, undefined]); // before a TRAP
    expect(found(loop, [2, 6, 8, 4, 10])).toEqual([[7, 4], [1, 8], [3, 10], undefined, undefined]); // past it
  });

  it('is none where there is a breakpoint, or nothing', () => {
    expect(found([BKPT, trap(3)], [0, 2])).toEqual([undefined, undefined]);
    expect(found([trap(7), BKPT], [2, 2])).toEqual([[7, 2], undefined]); // the TRAP, and then what is behind it
    expect(found([NOP, trap(7), BKPT, NOP, trap(7), BKPT], [2, 4, 8, 10])).toEqual([[7, 4], undefined, [7, 10], undefined]);
    expect(found([NOP, NOP], [0, 2, 0x7ffe, 0x8000, 0xfffffffe])).toEqual(Array(5).fill(undefined));
  });

  it('is not guessed of a core that somebody else has halted, unless the chip tells', () => {
    using board = openBoard('sim', { stepped: true });
    const core = board.core(0, 0);
    core.write(0, code(...inARow));
    core.registers.PC.write(4);
    expect(new TrapFinder(board).find(core, false)).toBeUndefined();
    expect(new TrapFinder(board, () => 7).find(core, false)).toEqual({ number: 7, next: 4 });
    expect(new TrapFinder(board, () => undefined).find(core, true)).toBeUndefined();
  });

  it('is looked for anew when the core goes on from somewhere else', () => {
    using board = openBoard('sim', { stepped: true });
    const core = board.core(0, 0);
    core.write(0, code(trap(7), BKPT));
    core.registers.PC.write(2);
    const traps = new TrapFinder(board);
    const trapThere = { number: 7, next: 2 };
    expect(traps.find(core)).toEqual(trapThere);
    traps.served(core, trapThere);
    expect(traps.find(core)).toBeUndefined();
    traps.forget(core);
    expect(traps.find(core)).toEqual(trapThere);
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

describe('variables', () => {
  const program = programOf([IDLE], {
    segments: [at(0x2000, new Uint8Array(64)), at(DRAM, new Uint8Array(16))],
    symbols: [
      { name: '_words', address: 0x2000, bytes: 16 },
      { name: 'odd', address: 0x2011, bytes: 3 },
      { name: 'shared', address: DRAM, bytes: 8 },
      { name: 'outside', address: 0x9000, bytes: 4 },
    ],
  });

  it('are one on each core, live', async () => {
    await withGroup(program, (group) => {
      const variable = group.symbol('words');
      expect(variable).toMatchObject({ name: '_words', address: 0x2000, bytes: 16 });
      const words = variable.words(2);
      words[1] = 0xffffffff;
      expect([group.cores[2]?.words[0x801], variable.int32(2)[1], variable.words(1)[1]]).toEqual([0xffffffff, -1, 0]);
      variable.float32(3)[0] = 1.5;
      expect(variable.gather('f32').map((each) => each[0])).toEqual([0, 0, 0, 1.5]);
      variable.scatter([1, 2, 3, 4].map((value) => Uint32Array.of(value)));
      expect(variable.gather('u32').map((each) => each[0])).toEqual([1, 2, 3, 4]);
      variable.broadcast(Uint32Array.of(9, 8, 7, 6));
      expect(variable.gather('i32').map((each) => [...each])).toEqual(Array(4).fill([9, 8, 7, 6]));
      const odd = group.symbol('odd');
      odd.broadcast(bytes('abc'));
      expect(odd.gather('u8').map((each) => new TextDecoder().decode(each))).toEqual(Array(4).fill('abc'));
    });
  });

  it('in shared DRAM are one for all', async () => {
    await withGroup(program, (group) => {
      const shared = group.symbol('shared');
      shared.words(0)[1] = 5;
      expect(shared.words(3)[1]).toBe(5);
      expect(group.board.sharedDramMapping().readWord(4)).toBe(5);
    });
  });

  it('are refused where they are not, or not as asked for', async () => {
    await withGroup(program, (group) => {
      for (const name of ['none', 'outside', 'constructor']) expect(() => group.symbol(name)).toThrow(expect.objectContaining(RANGE));
      expect(() => group.symbol(5 as never)).toThrow(expect.objectContaining(TYPE));
      const words = group.symbol('words');
      const odd = group.symbol('odd');
      for (const use of [() => odd.words(0), () => words.words(4), () => words.words(-1), () => words.words(NaN), () => odd.gather('u16'), () => words.gather('x' as never), () => words.scatter([]), () => words.broadcast(new Uint8Array(17)), () => words.read(layout({ x: 'u8' }))]) {
        expect(use).toThrow(expect.objectContaining(RANGE));
      }
      for (const use of [() => words.scatter(4 as never), () => words.scatter(Array(4) as never), () => words.broadcast(5 as never), () => words.words('length' as never), () => words.read(undefined as never), () => words.read({ bytes: 16 } as never), () => words.write(0, layout({ x: ['u8', 16] }), null as never)]) {
        expect(use).toThrow(expect.objectContaining(TYPE));
      }
      expect(words.gather('u32').flatMap((each) => [...each])).toEqual(Array(16).fill(0));
    });
  });

  it('can be structures', async () => {
    const State = layout({ seq: 'u16', at: ['i16', 4], flag: 'i32' });
    expect([State.bytes, State.alignment, State.offsetOf('at')]).toEqual([16, 8, 2]);
    await withGroup(program, (group) => {
      const variable = group.symbol('words');
      variable.write(1, State, { seq: 7, at: [-1, 2, 3, 4], flag: 255 });
      expect(variable.read(State)[1]).toEqual({ seq: 7, at: [-1, 2, 3, 4], flag: 255 });
      expect(variable.gather('u32')[1]).toEqual(Uint32Array.of(0xffff0007, 0x00030002, 4, 255));
      expect(() => variable.write(0, State, { seq: 65536 })).toThrow(expect.objectContaining({ ...RANGE, message: expect.stringContaining('field seq') as string }));
    });
  });
});
