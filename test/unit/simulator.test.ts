// SPDX-License-Identifier: MIT
/** Programs on simulated cores: by themselves, in steps, traced, counted, strict. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openBoard, type Board, type BoardEvent, type BoardEventType, type Core, type RunOptions, type Simulator, type TraceEntry } from '../../lib/index.js';
import { readElf } from '../../lib/program/elf.js';
import { placeProgram, writePlacements } from '../../lib/program/loader.js';
import { runNode } from '../native/probe.js';
import { add, BKPT, branch, branchIf, GID, GIE, IDLE, load, move, NOP, program, store, trap, WAND, type Instruction } from './encode.js';

const FIRST_LIGHT = fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url));
/** Its outcome: the CRC of its message, and that both ways to it agree. */
const [RESULT, CRC, DONE] = [0x4404, 0x048ca973, 1];

function start(core: Core, bytes: Uint8Array): void {
  core.write(0, bytes);
  core.registers.ILATST.write(1);
}

function simulatorOf(board: Board): Simulator {
  if (!board.simulator) throw new Error('not a simulated board');
  return board.simulator;
}

/** On every core. Its outcome is found at RESULT. */
function startFirstLight(board: Board): void {
  writePlacements(placeProgram(readElf(readFileSync(FIRST_LIGHT), FIRST_LIGHT), board, board.cores), board);
  for (const core of board.cores) core.registers.ILATST.write(1);
}

/** The next event of the board that is of this type. */
async function nextEvent(board: Board, type: BoardEventType): Promise<BoardEvent> {
  for await (const event of board.events) if (event.type === type) return event;
  throw new Error('closed');
}

const ENDLESS = program(branch(0));
const stepped = { stepped: true } as const;

describe('cores that run by themselves', () => {
  it('run while JavaScript goes on, and their stores appear in its windows', async () => {
    using board = openBoard('sim');
    const core = board.core(2, 1);
    const { words } = core;
    // R2 counts into 0x1000 for ever.
    start(core, program(move(0, 0x1000), move(2, 0), add(2, 2, 1), store(2, 0), branch(-4)));
    const seen: number[] = [];
    while (new Set(seen).size < 20) {
      seen.push(words[0x1000 / 4] as number);
      await new Promise(setImmediate);
    }
    assert(seen.every((value, index) => index === 0 || value >= (seen[index - 1] as number)));
    words[0] = 0x01b2_01b2; // where nothing looks at it any more
    words[0x14 / 4] = 0x01b2_01b2; // IDLE, in the midst of the loop
    await nextEvent(board, 'idle');
    expect(core.registers.STATUS.read().active).toBe(false);
  });

  it('tell of traps and breakpoints, where PC then is, and go on when resumed', async () => {
    using board = openBoard('sim');
    const core = board.core(0, 3);
    start(core, program(NOP, trap(7), BKPT, IDLE));
    expect(await nextEvent(board, 'halt')).toMatchObject({ core: core.id, reason: 'trap', trap: 7 });
    expect(core.registers.PC.read().value).toBe(4);
    expect(core.registers.DEBUGSTATUS.read().halted).toBe(true);
    core.registers.DEBUGCMD.write(0);
    expect(await nextEvent(board, 'halt')).toMatchObject({ core: core.id, reason: 'breakpoint' });
    expect(core.registers.PC.read().value).toBe(4);
    core.words[1] = 0x01b2_01a2; // NOP in place of the breakpoint
    core.registers.DEBUGCMD.write(0);
    await nextEvent(board, 'idle');
  });

  it('send words to the mailbox, in order, and none is lost', async () => {
    using board = openBoard('sim');
    const [first, count] = [0x80800000, 1500]; // the driver keeps so many
    const core = board.core(0, 0);
    // R1 = first; do { mailbox = R1; R1 += 1; R3 -= 1 } while (R3 != 0)
    const notEqual = [[(0xfd << 8) | 0x10, 2]] as const;
    start(core, program(move(0, 0x810f0730), move(1, first), move(3, count), store(1, 0), add(1, 1, 1), add(3, 3, -1), notEqual, IDLE));
    const words: number[] = [];
    for await (const { word } of board.mailbox) if (words.push(word) === count) break;
    expect(words).toEqual(Array.from({ length: count }, (_, index) => first + index));
  });

  it('can be halted, looked at and resumed at any time', async () => {
    using board = openBoard('sim');
    const core = board.core(1, 1);
    start(core, program(move(2, 0), add(2, 2, 1), branch(-2)));
    while (core.registers.PC.read().value < 8) await new Promise(setImmediate);
    let before = 0;
    for (let round = 0; round < 50; round += 1) {
      core.registers.DEBUGCMD.write(1);
      const [now, pc] = [core.registers.R2.read().value, core.registers.PC.read().value];
      expect([8, 10]).toContain(pc);
      expect(core.registers.R2.read().value).toBe(now);
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
      core.registers.DEBUGCMD.write(0);
      await new Promise(setImmediate);
    }
    expect(before).toBeGreaterThan(0);
  });

  it('come to the same as cores that take turns', async () => {
    using free = openBoard('sim');
    using inSteps = openBoard('sim', stepped);
    startFirstLight(inSteps);
    const outcome = await simulatorOf(inSteps).run({ instructions: 1e9, quantum: 17, seed: 5 });
    expect(outcome).toEqual({ instructions: 16 * 30449, stop: 'idle' });
    const idle = nextEvent(free, 'idle');
    startFirstLight(free);
    await idle;
    while (free.cores.some((core) => core.registers.STATUS.read().active)) await nextEvent(free, 'idle');
    for (const [index, core] of free.cores.entries()) {
      expect(core.words.slice(RESULT / 4, RESULT / 4 + 2)).toEqual(Uint32Array.of(CRC, DONE));
      expect(core.read(0, 0x8000)).toEqual(inSteps.cores[index]?.read(0, 0x8000));
    }
  });

  it('stand still while a snapshot is made, and go on from it', async () => {
    using board = openBoard('sim');
    const simulator = simulatorOf(board);
    const core = board.core(3, 3);
    start(core, program(move(0, 0x1000), move(2, 0), add(2, 2, 1), store(2, 0), branch(-4)));
    while (core.words[0x400] === 0) await new Promise(setImmediate);
    const snapshot = simulator.snapshot();
    expect(simulator.running).toBe(true);
    simulator.stop();
    core.words.fill(0);
    simulator.restore(snapshot);
    const then = core.words[0x400] as number;
    expect(then).toBeGreaterThan(0);
    simulator.start();
    while (core.words[0x400] === then) await new Promise(setImmediate);
  });

  it('do not keep a process alive that has nothing else to do', async () => {
    const outcome = await runNode(`import { openBoard } from 'node-epiphany'; const board = openBoard('sim');
      board.core(0, 0).words[0] = 0xe0; board.core(0, 0).registers.ILATST.write(1); console.log('ran');`);
    expect(outcome).toMatchObject({ code: 0, signal: null, stdout: 'ran\n' });
  });
});

describe('simulator.run', () => {
  it('is repeatable: what happens depends on quantum and seed alone', async () => {
    const states = await Promise.all(
      [{ seed: 1 }, { seed: 1 }, { seed: 2 }].map(async ({ seed }) => {
        using board = openBoard('sim', stepped);
        startFirstLight(board);
        await simulatorOf(board).run({ instructions: 100_001, quantum: 33, seed });
        return Buffer.from(simulatorOf(board).snapshot());
      }),
    );
    expect(states[0]?.equals(states[1] as Buffer)).toBe(true);
    expect(states[0]?.equals(states[2] as Buffer)).toBe(false);
  });

  it('comes to the same in pieces, and from a snapshot', async () => {
    using whole = openBoard('sim', stepped);
    using pieces = openBoard('sim', stepped);
    using restored = openBoard('sim', stepped);
    const options = { quantum: 100, seed: 3 };
    for (const board of [whole, pieces]) startFirstLight(board);
    await simulatorOf(whole).run({ instructions: 30_000, ...options });
    for (const instructions of [1, 99, 9_900, 7]) await simulatorOf(pieces).run({ instructions, ...options });
    simulatorOf(restored).restore(simulatorOf(pieces).snapshot());
    await simulatorOf(restored).run({ instructions: 30_000 - 10_007, ...options });
    expect(Buffer.from(simulatorOf(restored).snapshot()).equals(simulatorOf(whole).snapshot())).toBe(true);
  });

  it('says why it ended', async () => {
    using board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    expect(await simulator.run({ instructions: 10 })).toEqual({ instructions: 0, stop: 'idle' });
    board.elink.RXCFG.update({ mailboxInterrupt: false });
    start(board.core(0, 0), program(move(0, 0x810f0730), store(0, 0), branch(-2)));
    expect(await simulator.run({ instructions: 10 })).toEqual({ instructions: 10, stop: 'instructions' });
    // The eLink takes 16 words, and then no more: 2 · 2 moves, 16 stores, 16 branches.
    expect(await simulator.run({ instructions: 1000 })).toEqual({ instructions: 2 + 32 - 10, stop: 'blocked' });
    board.elink.MAILBOXLO.read();
    expect(await simulator.run({ instructions: 1000 })).toEqual({ instructions: 2, stop: 'blocked' });
    start(board.core(1, 0), ENDLESS);
    const run = simulator.run({ instructions: Number.MAX_SAFE_INTEGER });
    simulator.stop();
    expect(await run).toMatchObject({ stop: 'stopped' });
  });

  it('takes the quantum of its board, unless it is given another one', async () => {
    const states = await Promise.all(
      [{ board: {}, run: { quantum: 7 } }, { board: { quantum: 7 }, run: {} }, { board: { quantum: 8 }, run: {} }].map(async (options) => {
        using board = openBoard('sim', { stepped: true, ...options.board });
        startFirstLight(board);
        await simulatorOf(board).run({ instructions: 10_000, ...options.run });
        return Buffer.from(simulatorOf(board).snapshot());
      }),
    );
    expect(states[0]?.equals(states[1] as Buffer)).toBe(true);
    expect(states[0]?.equals(states[2] as Buffer)).toBe(false);
  });

  it('ends as soon as a core has halted by itself, if that is asked for', async () => {
    using board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    start(board.core(0, 0), program(NOP, NOP, trap(9), NOP, BKPT));
    start(board.core(0, 1), ENDLESS);
    const halt = { instructions: 1000, quantum: 1, untilHalt: true };
    expect(await simulator.run(halt)).toMatchObject({ stop: 'halt' });
    expect(board.core(0, 0).registers.PC.read().value).toBe(6);
    expect(await simulator.run(halt)).toEqual({ instructions: 1000, stop: 'instructions' }); // it halts no second time
    board.core(0, 0).registers.DEBUGCMD.write(0);
    expect(await simulator.run(halt)).toMatchObject({ stop: 'halt' });
    board.core(0, 0).registers.DEBUGCMD.write(1); // by the host's doing
    expect(await simulator.run(halt)).toMatchObject({ stop: 'instructions' });
  });

  it('tells of cores that sleep what their registers do not: a signal on its way, and a barrier', async () => {
    using board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    const ids = board.cores.map(({ id }) => id);
    for (const core of board.cores) start(core, program(WAND, IDLE, trap(3)));
    expect(simulator.inspect(0x808)).toEqual({ arriving: false, inBarrier: false });
    // All have come to it with their second instruction, when the signal is on its way.
    await simulator.run({ instructions: 31, quantum: 1 });
    expect(ids.filter((id) => simulator.inspect(id).arriving)).toHaveLength(16);
    expect(ids.filter((id) => simulator.inspect(id).inBarrier)).toEqual([]);
    expect(await simulator.run({ instructions: 100, quantum: 1 })).toMatchObject({ stop: 'idle', instructions: 17 });
    for (const core of board.cores) expect(core.registers.DEBUGSTATUS.read().halted).toBe(true);
    expect(ids.map((id) => simulator.inspect(id).trap)).toEqual(Array(16).fill(3));
    board.reset();
    expect(simulator.inspect(0x808).trap).toBeUndefined();
    start(board.core(0, 0), program(WAND, IDLE));
    expect(await simulator.run({ instructions: 100 })).toMatchObject({ stop: 'idle' });
    expect(ids.filter((id) => simulator.inspect(id).inBarrier)).toEqual([0x808]);
    expect(() => simulator.inspect(0x80c)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  });

  it('ends, if cores only wait for a DMA transfer that never does', async () => {
    using board = openBoard('sim:e64g401', stepped);
    const core = board.core(0, 0);
    const [descriptor, ends] = [0x1000, { stop: 'instructions', instructions: 0 }];
    // One word, and then the same descriptor again.
    core.write(descriptor, Uint32Array.of((descriptor << 16) | 0x47, 0, 0x10001, 0, 0x2000, 0x3000));
    core.registers.DMA0CONFIG.write((descriptor << 16) | 8);
    expect(await simulatorOf(board).run({ instructions: 100_000, quantum: 1 })).toEqual(ends);
    expect(core.registers.DMA0STATUS.read().value & 15).toBe(5);
  });

  it('ends at once by a signal or by closing', async () => {
    const board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    start(board.core(0, 0), ENDLESS);
    const controller = new AbortController();
    const aborted = simulator.run({ instructions: 1e15, quantum: 0xffffffff, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(simulator.run({ instructions: 1, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await simulator.run({ instructions: 3 })).toEqual({ instructions: 3, stop: 'instructions' });
    const closed = simulator.run({ instructions: 1e15 });
    board.close();
    await expect(closed).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
    await expect(simulator.run({ instructions: 1 })).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
  });

  it('refuses what would disturb another run', async () => {
    using board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    start(board.core(0, 0), ENDLESS);
    const BUSY = { code: 'ERR_EPIPHANY_BUSY' };
    const run = simulator.run({ instructions: 1e15 });
    await expect(simulator.run({ instructions: 1 })).rejects.toMatchObject(BUSY);
    for (const use of [() => simulator.start(), () => simulator.snapshot(), () => void (simulator.strict = true)]) {
      expect(use).toThrow(expect.objectContaining(BUSY));
    }
    simulator.stop();
    await run;
    simulator.start();
    await expect(simulator.run({ instructions: 1 })).rejects.toMatchObject(BUSY);
    expect(simulator.running).toBe(true);
  });

  it('refuses wrong options before anything runs', async () => {
    using board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    const RANGE = { code: 'ERR_OUT_OF_RANGE' };
    const TYPE = { code: 'ERR_INVALID_ARG_TYPE' };
    for (const [options, error] of [
      [undefined, TYPE],
      [{}, TYPE],
      [{ instructions: 0 }, RANGE],
      [{ instructions: 2 ** 53 }, RANGE],
      [{ instructions: 1, quantum: 0 }, RANGE],
      [{ instructions: 1, quantum: 2 ** 32 }, RANGE],
      [{ instructions: 1, seed: -1 }, RANGE],
      [{ instructions: 1, seed: '1' }, TYPE],
      [{ instructions: 1, signal: {} }, TYPE],
      [{ instructions: 1, trace: true }, TYPE],
      [{ instructions: 1, untilHalt: 1 }, TYPE],
    ] as const) {
      await expect(simulator.run(options as unknown as RunOptions)).rejects.toMatchObject(error);
    }
    for (const [options, error] of [[null, TYPE], [{ stepped: 1 }, TYPE], [{ strict: 'yes' }, TYPE], [{ quantum: '16' }, TYPE], [{ quantum: 0 }, RANGE], [{ quantum: 2 ** 32 }, RANGE], [{ quantum: 1.5 }, RANGE]] as const) {
      expect(() => openBoard('sim', options as never)).toThrow(expect.objectContaining(error));
    }
    for (const options of [{ stepped: true }, { quantum: 16 }]) expect(() => openBoard('/dev/null', options)).toThrow(expect.objectContaining(RANGE));
    for (const use of [() => void (simulator.counting = 1 as never), () => void (simulator.strict = 1 as never)]) {
      expect(use).toThrow(expect.objectContaining(TYPE));
    }
    for (const use of [() => simulator.counters(0), () => simulator.step(0x80c)]) expect(use).toThrow(expect.objectContaining(RANGE));
  });

  it('lets a thread be terminated in its midst', async () => {
    const outcome = await runNode(`import { Worker } from 'node:worker_threads';
      const worker = new Worker(\`Promise.all([import('node-epiphany'), import('node:worker_threads')]).then(([{ openBoard }, { parentPort }]) => {
        const board = openBoard('sim', { stepped: true });
        board.core(0, 0).words[0] = 0xe0; board.core(0, 0).registers.ILATST.write(1);
        board.simulator.run({ instructions: 1e15 });
        const free = openBoard('sim'); free.core(0, 0).words[0] = 0xe0; free.core(0, 0).registers.ILATST.write(1);
        parentPort.postMessage('running');
        setInterval(() => {}, 1000);
      })\`, { eval: true });
      worker.on('message', () => setTimeout(() => worker.terminate().then((code) => console.log('terminated', code)), 50));`);
    expect(outcome).toMatchObject({ code: 0, signal: null, stdout: 'terminated 1\n' });
  });
});

describe('a look inside', () => {
  it('a trace has each instruction with what it changed', async () => {
    using board = openBoard('sim', stepped);
    const entries: TraceEntry[] = [];
    start(board.core(0, 1), program(move(0, 0x12345678), add(1, 0, -1), IDLE));
    const outcome = await simulatorOf(board).run({ instructions: 100, trace: (entry) => entries.push(entry) });
    expect(outcome).toEqual({ instructions: 4, stop: 'idle' });
    expect(entries.map(({ core, pc, text }) => [core, pc, text])).toEqual([
      [0x809, 0, 'mov r0,0x5678'],
      [0x809, 4, 'movt r0,0x1234'],
      [0x809, 8, 'add r1,r0,-1'],
      [0x809, 10, 'idle'],
    ]);
    // STATUS from 7 on: active, in an interrupt; a carry, because nothing was borrowed.
    expect(entries.map(({ changes }) => changes)).toEqual([{ R0: 0x5678 }, { R0: 0x12345678 }, { R1: 0x12345677, STATUS: 0x47 }, { STATUS: 0x46 }]);
  });

  it('a trace longer than one piece is whole', async () => {
    using board = openBoard('sim', stepped);
    start(board.core(0, 0), program(add(1, 1, 1), branch(-2)));
    let count = 0;
    await simulatorOf(board).run({ instructions: 10_000, trace: ({ changes }) => void (count += Number('R1' in changes)) });
    expect(count).toBe(5_000);
  });

  it('counters tell how many instructions of each kind a core has executed', async () => {
    using board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    const none = { integer: 0, float: 0, load: 0, store: 0, branch: 0, move: 0, control: 0 };
    start(board.core(0, 0), program(move(0, 0x1000), add(1, 1, 1), store(1, 0), load(2, 0), NOP, branch(2), IDLE));
    await simulator.run({ instructions: 3 });
    expect(simulator.counters(0x808)).toEqual(none);
    simulator.counting = true;
    await simulator.run({ instructions: 100 });
    expect(simulator.counters(0x808)).toEqual({ ...none, store: 1, load: 1, branch: 1, control: 2 });
    expect(simulator.counters(0x809)).toEqual(none);
  });

  it('timers count instructions of their kind, and no others', async () => {
    using board = openBoard('sim', stepped);
    const core = board.core(0, 0);
    core.registers.CTIMER0.write(100);
    core.registers.CONFIG.write({ ctimer0cfg: 'ialu' });
    start(core, program(add(2, 2, 1), branch(-2)));
    await simulatorOf(board).run({ instructions: 20 });
    expect(core.registers.CTIMER0.read().value).toBe(90);
  });

  it('a halted core goes one instruction at a time', async () => {
    using board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    const core = board.core(0, 0);
    core.registers.DEBUGCMD.write(1);
    expect(() => simulator.step(core.id)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_BUSY' }));
    start(core, program(move(0, 7), add(0, 0, 1), IDLE));
    core.registers.FSTATUS.write(1);
    const seen: (readonly number[])[] = [];
    for (let step = 0; step < 3; step += 1) {
      simulator.step(core.id);
      seen.push([core.registers.PC.read().value, core.registers.R0.read().value]);
    }
    expect(seen).toEqual([[4, 7], [8, 7], [10, 8]]);
    expect(await simulator.run({ instructions: 10 })).toEqual({ instructions: 0, stop: 'idle' });
  });
});

describe('a strict board', () => {
  const run = async (bytes: Uint8Array, prepare: (core: Core) => void = () => undefined, open = 1): Promise<unknown[]> => {
    using board = openBoard('sim', { stepped: true, strict: true });
    const core = board.core(0, 0);
    prepare(core);
    core.registers.IMASK.write(0x3ff & ~open); // exceptions have no handlers here
    start(core, bytes);
    await simulatorOf(board).run({ instructions: 1000 });
    return simulatorOf(board).violations().map(({ kind, core: id, pc, value }) => ({ kind, id, pc, value }));
  };

  it('finds nothing in a program that is as it should be', async () => {
    expect(await run(program(move(0, 0x1000), store(0, 0), load(1, 0), IDLE))).toEqual([]);
    expect(await run(program(move(0, 0x1000), load(1, 0), IDLE), (core) => core.words.set([0], 0x400))).toEqual([]);
  });

  it('finds what silicon would punish', async () => {
    const at = (pc: number, value: number): object => ({ id: 0x808, pc, value });
    expect(await run(program(move(0, 0x1000), load(1, 0), IDLE))).toEqual([{ kind: 'uninitialised', ...at(8, 0x1000) }]);
    expect(await run(program(move(0, 0x1002), load(1, 0), IDLE))).toEqual([{ kind: 'unaligned', ...at(8, 0x1002) }]);
    expect(await run(program(move(0, 0x9000), store(1, 0), IDLE))).toEqual([{ kind: 'hole', ...at(8, 0x9000) }]);
    expect(await run(program(move(0, 0x10000000), load(1, 0), IDLE))).toEqual([{ kind: 'unanswered', ...at(8, 0x10000000) }]);
    expect(await run(program([[0x0017_000f, 4]], IDLE))).toEqual([{ kind: 'undefined', ...at(0, 0x0017_000f) }]);
  });

  it('finds a stack that has grown into the program', async () => {
    // SP = 0x24; str r0,[sp],-1 again and again: it comes down to the loop at 8.
    const push: [number, 4] = [0x0700_14dc, 4];
    const found = await run(program(move(13, 0x24), push, branch(-4), ...Array<typeof NOP>(12).fill(NOP)));
    expect(found[0]).toEqual({ kind: 'stack-overflow', id: 0x808, pc: 8, value: 0xc });
  });

  it('finds an IDLE before which the interrupt of a WAND may come', async () => {
    const barrier = async (...instructions: Instruction[]): Promise<unknown[]> => run(program(...instructions), undefined, 0x101);
    const race = (pc: number, wand: number): object => ({ kind: 'wand-race', id: 0x808, pc, value: wand });
    expect(await barrier(GIE, WAND, IDLE)).toEqual([race(4, 2)]);
    expect(await barrier(GIE, WAND, NOP, NOP, branch(2), IDLE)).toEqual([race(10, 2)]);
    expect(await barrier(GID, WAND, GIE, IDLE)).toEqual([race(6, 2)]); // this GIE keeps nothing out
    expect(await barrier(GID, WAND, NOP, NOP, GIE, IDLE)).toEqual([]);
    expect(await barrier(GIE, WAND, add(1, 1, 1), branchIf('ne', 2), IDLE)).toEqual([]); // it has looked at something
    expect(await barrier(GIE, WAND, branch(0))).toEqual([]);
    expect(await run(program(GIE, WAND, IDLE))).toEqual([]); // WAND is masked, and means something else
  });

  it('finds loads of what a reset of the chip has left', async () => {
    using board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    const core = board.core(0, 0);
    simulator.strict = true;
    const found = async (): Promise<unknown[]> => {
      core.registers.IMASK.write(0x3fe);
      start(core, program(move(0, 0x1000), load(1, 0), store(1, 0), load(1, 0), trap(3)));
      await simulator.run({ instructions: 100 });
      return simulator.violations().map(({ kind, pc }) => [kind, pc]);
    };
    expect(await found()).toEqual([]); // SRAM of this board began as zeros
    board.reset();
    expect(await found()).toEqual([['uninitialised', 8]]);
  });

  it('can be had, and got rid of, at any time', async () => {
    using board = openBoard('sim', stepped);
    const simulator = simulatorOf(board);
    const core = board.core(0, 0);
    core.registers.IMASK.write(0x3fe);
    start(core, program(move(0, 0x1002), load(1, 0), load(1, 0), load(1, 0), IDLE));
    await simulator.run({ instructions: 3 });
    expect([simulator.strict, simulator.violations()]).toEqual([false, []]);
    simulator.strict = true;
    await simulator.run({ instructions: 1 });
    simulator.strict = false;
    await simulator.run({ instructions: 1 });
    expect(simulator.violations()).toMatchObject([{ kind: 'unaligned', pc: 10 }]);
  });
});

describe('programs that go wrong', () => {
  it.each([
    ['runs off into zeros', program(NOP)],
    ['jumps into its registers', program(move(0, 0xf0000), [[0x0142, 2]])],
    ['jumps to where nothing answers', program(move(0, 0x10000000), [[0x0142, 2]])],
    ['loads from where nothing answers', program(move(0, 0x10000000), load(1, 0), IDLE)],
    ['disables interrupts and halts', program(GID, BKPT)],
  ])('a core that %s harms nobody', async (_, bytes) => {
    using board = openBoard('sim', stepped);
    const other = board.core(0, 1);
    start(board.core(0, 0), bytes);
    start(other, program(move(0, 0x1000), move(1, 5), store(1, 0), IDLE));
    await simulatorOf(board).run({ instructions: 100_000 });
    expect(other.words[0x400]).toBe(5);
  });

  it('a DMA channel that feeds itself loses what comes back', () => {
    using board = openBoard('sim', stepped);
    const { registers } = board.core(0, 0);
    registers.DMA0COUNT.write(0x10003);
    registers.DMA0DSTADDR.write(0xf0514); // where a datum comes in
    registers.DMA0CONFIG.write(0x41); // slave, words
    registers.DMA0AUTO0.write(7);
    expect(registers.DMA0COUNT.read().value).toBe(0x10002);
  });

  it('one that waits for ever is stuck until the chip is reset', async () => {
    using board = openBoard('sim', stepped);
    const core = board.core(0, 0);
    start(core, program(move(0, 0x10000000), load(1, 0), IDLE));
    await simulatorOf(board).run({ instructions: 100 });
    expect(core.registers.DEBUGSTATUS.read()).toMatchObject({ externalLoadPending: true, halted: false });
    expect(core.registers.PC.read().value).toBe(8);
    core.registers.DEBUGCMD.write(1);
    expect(core.registers.DEBUGSTATUS.read()).toMatchObject({ externalLoadPending: true, halted: false });
    board.elink.RESET.write(3);
    board.elink.RESET.write(0);
    expect(core.registers.DEBUGSTATUS.read().value).toBe(0);
  });
});
