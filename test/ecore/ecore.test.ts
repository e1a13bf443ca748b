// SPDX-License-Identifier: MIT
/** The runtime of the cores, by programs in C that use it. Their build lines: programs/README.md. */
import { describe, expect, it } from 'vitest';
import { openBoard } from '../../lib/index.js';
import { fileOf, readProgram, Run, WHOLE_CHIP } from './harness.js';

const PART = { row: 1, column: 1, rows: 2, columns: 3 };
const COREIDS = [0x808, 0x809, 0x80a, 0x80b, 0x848, 0x849, 0x84a, 0x84b, 0x888, 0x889, 0x88a, 0x88b, 0x8c8, 0x8c9, 0x8ca, 0x8cb];

/** Exit codes of all cores, and which checks of the program failed. */
function outcome(run: Run): { exits: unknown[]; failed: number[]; halts: object[] } {
  const hasChecks = run.program.symbolsByName.has('_failed');
  return { exits: run.cores.map((core) => run.exits.get(core.id)), failed: run.cores.map((core) => (hasChecks ? run.word(core, 'failed') : 0)), halts: run.halts };
}
const success = (cores: number): object => ({ exits: Array(cores).fill(0), failed: Array(cores).fill(0), halts: [] });

describe('startup', () => {
  it('gives main its arguments, its variables and its place', async () => {
    using run = new Run('startup', PART, ['one', 'two words', 'Ω']);
    await run.run();
    expect(outcome(run)).toEqual({ ...success(6), exits: Array(6).fill(43) });
    for (const [rank, core] of run.cores.entries()) {
      const report = core.read(run.address('report'), 64);
      const words = Array.from(new Uint32Array(report.buffer, 0, 7));
      expect(words).toEqual([core.id, core.id >> 6, core.id & 63, rank, 6, 0x889, 3]);
      expect(Buffer.from(report.subarray(28, 44)).toString()).toBe(`Ω${'\0'.repeat(14)}`);
      const view = new DataView(report.buffer);
      expect(Array.from({ length: 5 }, (_, index) => view.getUint32(44 + 4 * index, true))).toEqual([0, 0x1234567, 0, 0x1234568, 0x88900000 + run.address('report')]);
    }
    expect([run.word(run.board.core(1, 1), 'report', 16), run.word(run.board.core(1, 1), 'report', 17)]).toEqual([0x40900000, -142 >>> 0]);
  });

  it('clears variables again when a core is started again, also out of an interrupt in progress', async () => {
    using run = new Run('startup');
    await run.run();
    const core = run.board.core(0, 0);
    expect(run.exits.get(core.id)).toBe(40);
    run.exits.clear();
    core.registers.IPEND.write(0x2a0);
    core.registers.CONFIG.update({ arithmode: 'integer', rmode: 'truncate', ctimer0cfg: 'clock', lpmode: true });
    core.registers.ILATST.write(1);
    core.registers.DEBUGCMD.write(0);
    await run.finish();
    expect([...run.exits]).toEqual([[core.id, 40]]);
    expect(run.word(core, 'report', 13)).toBe(0);
    expect(run.word(core, 'report', 16)).toBe(0x40900000);
    expect(core.registers.IPEND.read().value).toBe(0);
    expect(core.registers.CONFIG.read().value).toBe(0x400000); // clock gating is the host's to choose
  });

  it('halts a core with what is known of an exception that nobody handles', async () => {
    using run = new Run('unhandled', { row: 2, column: 3, rows: 1, columns: 1 });
    await run.run();
    expect(run.halts).toMatchObject([{ core: 0x88b, reason: 'breakpoint' }]);
    const { R0, R1 } = run.board.core(2, 3).registers;
    expect((R0.read().value >>> 16) & 0xf).toBe(2);
    expect(R1.read().value).toBe((run.program.symbolsByName.get('unaligned_store')?.address ?? 0) + 2);
  });
});

describe('between cores', () => {
  it.each([1, 7, 100, 1000])('a mutex keeps all others out, and no core passes a barrier before all are there (quantum %i)', async (quantum) => {
    using run = new Run('mutex');
    await run.run({ quantum, seed: quantum });
    expect(outcome(run)).toEqual(success(16));
    expect(run.word(run.board.core(0, 0), 'counter')).toBe(1600);
    if (quantum < 100) expect(run.cores.some((core) => run.word(core, 'refused') > 0)).toBe(true);
  });

  it.each([PART, { row: 3, column: 0, rows: 1, columns: 1 }, { row: 0, column: 2, rows: 4, columns: 2 }])('barriers hold for other groups: %j', async (group) => {
    using run = new Run('mutex', group);
    await run.run({ quantum: 13 });
    expect(outcome(run)).toEqual(success(group.rows * group.columns));
  });

  it('a barrier holds although one core starts when all others wait for it', async () => {
    using run = new Run('mutex');
    const [late, ...others] = run.cores;
    for (const core of others) core.registers.ILATST.write(1);
    await run.board.simulator?.run({ instructions: 500_000 });
    late?.registers.ILATST.write(1);
    await run.finish();
    expect(outcome(run)).toEqual(success(16));
  });
});

describe('to the host', () => {
  it('words arrive in the mailbox, with the sender in them', async () => {
    using run = new Run('mailbox');
    await run.run({ quantum: 5 });
    const words = [];
    for (let i = 0; i < 16 * 12; ++i) words.push((await run.board.mailbox.receive({ timeout: 200_000 })).word);
    for (const id of COREIDS) {
      expect(words.filter((word) => word === ((0xcafe0000 | id) >>> 0))).toHaveLength(1);
      expect(words.filter((word) => word >>> 20 === id).map((word) => word & 0xfffff)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x12345]);
    }
  });
});

describe('DMA, timers and interrupts', () => {
  it.each([WHOLE_CHIP, PART])('copies arrive whole and at their place: %j', async (group) => {
    using run = new Run('dma', group);
    await run.run({ quantum: 10 });
    expect(outcome(run)).toEqual(success(group.rows * group.columns));
  });

  it.each([WHOLE_CHIP, PART])('interrupts come by priority, and leave what they interrupt as it was: %j', async (group) => {
    using run = new Run('interrupts', group);
    await run.run({ quantum: 50 });
    expect(outcome(run)).toEqual(success(group.rows * group.columns));
  });
});

describe('the C library', () => {
  it('prints, allocates, and knows its errors, with its code in shared DRAM', async () => {
    using run = new Run('hello', { row: 0, column: 1, rows: 2, columns: 2 }, ['hello.elf', '-x']);
    await run.run();
    const output = (id: number): string =>
      `hello from core 0x${id.toString(16)}: fib(20)=6765 sqrt(2)=1.414214\nargument 0: hello.elf\nargument 1: -x\n` +
      'heap at a local address, checksum 0xdda33eb6, PATH_MAX 1024\ntoo much: ENOMEM\nopen: -1, No such file or directory\ngoodbye';
    expect([...run.output].sort()).toEqual([0x809, 0x80a, 0x849, 0x84a].map((id) => [id, output(id)]));
    expect([...run.exits].sort()).toEqual([0x809, 0x80a, 0x849, 0x84a].map((id) => [id, 7]));
    const greeted = run.board.sharedDramMapping().read(run.address('greeted') - 0x8e000000, 16);
    expect([...new Uint32Array(greeted.buffer)]).toEqual([0x809, 0x80a, 0x849, 0x84a]);
  });
});

describe('as work-groups, by themselves', () => {
  it.each(['mutex', 'dma', 'interrupts'])('%s finds nothing wrong', async (name) => {
    using board = openBoard('sim');
    using group = board.workgroup();
    await group.load(fileOf(name));
    group.start();
    const states = await group.finished({ timeout: 200_000 });
    expect(states.map(({ exitCode }) => exitCode)).toEqual(Array(16).fill(0));
  });

  it('hello prints, and ends with its exit code', async () => {
    using board = openBoard('sim');
    using group = board.workgroup({ row: 3, column: 3, rows: 1, columns: 1 });
    await group.load(fileOf('hello'), { arguments: ['two words'] });
    group.start();
    let output = '';
    for await (const { text } of group.output) output += text;
    expect(output).toMatch(/^hello from core 0x8cb: fib\(20\)=6765 sqrt\(2\)=1\.414214\nargument 0: hello\.elf\nargument 1: two words\n.*goodbye$/s);
    expect((await group.finished()).map(({ exitCode }) => exitCode)).toEqual([7]);
  });
});

describe('programs that end badly', () => {
  it('exit twice: the exit code is that of the second, as newlib has it, and nothing comes behind it', async () => {
    using board = openBoard('sim');
    using group = board.workgroup();
    await group.load(fileOf('endings'), { arguments: ['twice'] });
    group.start();
    const texts: string[] = [];
    for await (const { text } of group.output) texts.push(text);
    expect(texts).toEqual(Array(16).fill('again\n'));
    const states = await group.finished();
    expect(states.map(({ state, exitCode }) => [state, exitCode])).toEqual(Array(16).fill(['exited', 9]));
    group.resume();
    expect(group.states()).toEqual(states);
  });

  it('let their stack come down upon their code: a strict board says so', async () => {
    using board = openBoard('sim', { strict: true, stepped: true });
    using group = board.workgroup({ row: 2, column: 1, rows: 1, columns: 1 });
    const { program } = await group.load(fileOf('endings'), { arguments: ['deep'] });
    group.start();
    await board.simulator?.run({ instructions: 20_000 });
    const [first] = board.simulator?.violations() ?? [];
    const dig = program.symbolsByName.get('_dig');
    expect(first).toMatchObject({ kind: 'stack-overflow', core: 0x889 });
    expect(first?.pc).toBeGreaterThanOrEqual(dig?.address ?? Infinity);
    expect(first?.pc).toBeLessThan((dig?.address ?? 0) + (dig?.bytes ?? 0));
  });
});

describe('every program', () => {
  it.each(['startup', 'mutex', 'mailbox', 'dma', 'interrupts', 'unhandled', 'endings', 'hello'])('%s has the records of a loader where hosts expect them', (name) => {
    const { sections } = readProgram(name);
    const place = (section: string): unknown => sections.filter((candidate) => candidate.name === section).map(({ address, bytes }) => [address, bytes])[0];
    expect(['workgroup_cfg', 'ext_mem_cfg', 'loader_cfg', '.ecore_vectors'].map(place)).toEqual([[0x28, 40], [0x50, 8], [0x58, 16], [0, 40]]);
  });

  it.each(['dma', 'interrupts'])('%s gets to sleep by way of NOPs, not of zeros, which are a branch to itself', (name) => {
    const code = Buffer.concat(readProgram(name).segments.filter(({ flags }) => flags.execute).map(({ data }) => data));
    const GIE_IDLE = Buffer.of(0x92, 0x01, 0xb2, 0x01);
    const waits: number[] = [];
    for (let at = code.indexOf(GIE_IDLE); at >= 0; at = code.indexOf(GIE_IDLE, at + 1)) waits.push(code.readUInt16LE(at - 2));
    expect(waits.length).toBeGreaterThan(1);
    expect(waits).not.toContain(0);
  });
});
