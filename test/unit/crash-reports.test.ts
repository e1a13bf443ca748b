// SPDX-License-Identifier: MIT
/** Where a program was when something went wrong: function, offset, line, instruction and registers. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openBoard, type CoreState, type WorkGroup } from '../../lib/index.js';
import { readProgramFile } from '../../lib/program/file.js';
import { registersIn } from '../../lib/program/disassembler.js';
import { indexSymbols, type Program, type ProgramSymbol } from '../../lib/program/program.js';
import { SymbolMap } from '../../lib/program/symbol-map.js';
import { BKPT, branch, IDLE, load, move, NOP, program as code, store, type Instruction } from './encode.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const unhandled = fileURLToPath(new URL('../ecore/programs/unhandled.elf', import.meta.url));
const firstLight = fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-crash-'));
afterAll(() => rmSync(folder, { recursive: true }));
const ONE_CORE = ['--board', 'sim', '--group', '1,2,1,1'];

function epiphany(env: NodeJS.ProcessEnv, ...parameters: string[]): { code: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...parameters], { encoding: 'utf8', env: { ...process.env, XDG_CACHE_HOME: folder, ...env } });
  return { code: status, out: stdout, error: stderr };
}

/** All of it is a function `_work` from 0 on, unless it has no symbols. */
function programOf(instructions: readonly (Instruction | Instruction[])[], hasSymbols = true): Program {
  const data = code(...instructions);
  const flags = { read: true, write: true, execute: true };
  const symbol = (name: string, address: number, bytes: number): ProgramSymbol => ({ name, address, bytes, type: 'function', binding: 'global', section: '.text' });
  const symbols = hasSymbols ? [symbol('_work', 0, data.length), symbol('_main', 0x4000, 2)] : [];
  const sections = [{ name: '.text', address: 0, bytes: data.length, type: 'progbits', flags: { allocate: true, write: false, execute: true } }] as const;
  return { path: 'made.elf', entry: 0, segments: [{ address: 0, data, memoryBytes: data.length, flags }], sections, symbols, symbolsByName: indexSymbols(symbols) };
}

/** The same program, whose `main` has another instruction in place of `mov r1,0x7002`. */
function withInstruction(name: string, bits: number): string {
  const bytes = readFileSync(unhandled);
  bytes.writeUInt32LE(bits, bytes.indexOf(Uint8Array.of(0x4b, 0x20, 0x02, 0x07)));
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}
/** `movts memprotect,r0`, where R0 is 1: page 0, to which the next instruction stores. */
const memoryFault = withInstruction('memory-fault.elf', 0x0022_090f);

const MOVTS_IMASK_R1: Instruction = [0x0402_250f, 4];
const MOVTS_IRET_R0: Instruction = [0x0402_010f, 4];
const MOVTS_MEMPROTECT_R0: Instruction = [0x0022_090f, 4];
const RTI: Instruction = [0x01d2, 2];

/**
 * What a program begins with: vectors, of which that of exceptions rests, and from `start` on the way out of the SYNC
 * interrupt, in which no exception would be taken. 26 bytes behind `start` the rest follows.
 */
function begin(start: number): (Instruction | Instruction[])[] {
  return [branch(start), NOP, IDLE, branch(-2), ...Array<Instruction>((start - 8) / 2).fill(NOP), move(1, 0), MOVTS_IMASK_R1, move(0, start + 26), MOVTS_IRET_R0, RTI];
}

/** A line of a file of S-records. */
function record(type: number, ...content: number[]): string {
  const all = [content.length + 1, ...content];
  return `S${type}${Buffer.from([...all, ~all.reduce((sum, byte) => sum + byte, 0) & 0xff]).toString('hex').toUpperCase()}\n`;
}

async function endOf(program: Program): Promise<CoreState> {
  using board = openBoard('sim');
  using group = board.workgroup({ row: 1, column: 2, rows: 1, columns: 1 });
  await group.load(program);
  group.start();
  const [state] = await group.finished();
  return state as CoreState;
}

describe('the state of a core', () => {
  it('names the place of its PC', async () => {
    const BEHIND = [NOP, NOP, BKPT];
    expect(await endOf(programOf(BEHIND))).toMatchObject({ state: 'halted', where: expect.stringMatching(/^work\+[46]$/) as string });
    expect(await endOf(programOf(BEHIND, false))).not.toHaveProperty('where');
  });

  it('names the instruction of an exception that our startup code has stopped at, and registers as they were', async () => {
    using board = openBoard('sim');
    using group = board.workgroup({ row: 1, column: 2, rows: 1, columns: 1 });
    await group.load(unhandled);
    group.start();
    const [state] = await group.finished();
    // The startup code has overwritten R0 and R1.
    expect(group.cores[0]?.registers.R1.read().value).not.toBe(0x7002);
    const fault = { address: 0x396, where: 'main+6', instruction: 'str r0,[r1]', registers: { r0: 1, r1: 0x7002, sp: 0x7ff0, lr: expect.any(Number) as number } };
    expect(state).toMatchObject({ state: 'halted', exception: 'unaligned', where: '__ecore_unhandled+4', fault });
    expect(group.states()[0]).toMatchObject({ fault });
    expect(group.locate(0x396)).toBe('main+6');
    expect(group.locate(0x84a00396)).toBe('main+6');
    expect(group.locate(0x5000)).toBeUndefined();
    for (const bad of [-1, 2 ** 32, 0.5, Number.NaN]) expect(() => group.locate(bad)).toThrow(RangeError);
    expect(() => group.locate('0' as never)).toThrow(TypeError);
  });

  it('names the instruction of a memory fault, too', async () => {
    using board = openBoard('sim');
    using group = board.workgroup({ row: 1, column: 2, rows: 1, columns: 1 });
    await group.load(memoryFault);
    group.start();
    const [state] = await group.finished();
    const r1 = group.program?.sections.find(({ name }) => name === '.ecore_arguments')?.address;
    const registers = { r0: 1, r1: r1 === undefined ? NaN : r1 + 4, sp: 0x7ff0, lr: expect.any(Number) as number };
    expect(state).toMatchObject({ state: 'halted', exception: 'protection', where: '__ecore_unhandled+4', fault: { address: 0x396, where: 'main+6', instruction: 'str r0,[r1]', registers } });
  });

  it('tells of a memory fault that the program has masked, and names no instruction', async () => {
    const start = 0x30;
    // SYNC and exceptions are open.
    const instructions = [...begin(start).slice(0, -5), move(1, 0x3fc), MOVTS_IMASK_R1, move(0, start + 26), MOVTS_IRET_R0, RTI, move(0, 1), MOVTS_MEMPROTECT_R0, move(1, 0x100), store(0, 1), IDLE];
    const state = await endOf(programOf(instructions));
    expect(state).toMatchObject({ state: 'idle', exception: 'protection' });
    expect(state).not.toHaveProperty('fault');
  });

  it('names no instruction of a memory fault that another core has caused', async () => {
    using board = openBoard('sim');
    using group = board.workgroup({ row: 1, column: 2, rows: 1, columns: 2 });
    const [victim, other] = [group.core(0), group.core(1)];
    // Its handler rests at the vector of memory faults.
    await group.core(0).load(programOf([branch(0x30), NOP, NOP, NOP, IDLE, branch(-2), ...Array<Instruction>(18).fill(NOP), move(1, 0), MOVTS_IMASK_R1, move(0, 0x30 + 26), MOVTS_IRET_R0, RTI, move(0, 1), MOVTS_MEMPROTECT_R0, branch(0)]));
    await group.core(1).load(programOf([move(0, 1), move(1, victim.address + 0x100), store(0, 1), IDLE]));
    group.core(0).start();
    while (victim.registers.MEMPROTECT.read().value === 0) await new Promise(setImmediate);
    group.core(1).start();
    const [state] = await group.finished();
    expect(other.registers.IPEND.read().memoryFault).toBe(false);
    expect(state).toMatchObject({ state: 'idle', exception: 'protection', where: expect.stringMatching(/^work\+(8|10)$/) as string });
    expect(state).not.toHaveProperty('fault');
  });

  it.each(['unaligned', 'protection'])('shows registers of an exception (%s) that our startup code has stopped at without symbols, too', async (exception) => {
    const program = await readProgramFile(exception === 'unaligned' ? unhandled : memoryFault);
    const whole = await endOf(program);
    const { fault, ...state } = await endOf({ ...program, symbols: [], symbolsByName: new Map() });
    expect(state).toMatchObject({ state: 'halted', pc: 0x388, exception });
    expect(fault).toEqual({ address: 0x396, instruction: 'str r0,[r1]', registers: whole.fault?.registers });
    expect(fault?.registers).toMatchObject({ r0: 1, sp: 0x7ff0 });
  });

  it('shows no registers where its handler may have changed them', async () => {
    const endWith = (...handler: (Instruction | Instruction[])[]): Promise<CoreState> => {
      const start = 0x30 - 4 - code(...handler).length;
      // The vector of exceptions, and the handler behind it, in place of the one that rests.
      return endOf(programOf([branch(0x30), NOP, ...handler, ...Array<Instruction>(start / 2).fill(NOP), ...begin(0x30).slice(-5), move(0, 0x1001), load(1, 0), NOP]));
    };
    const known = { registers: { r0: 0x1001, r1: expect.any(Number) as number, sp: expect.any(Number) as number, lr: expect.any(Number) as number } };
    for (const handler of [[BKPT], [branch(8), NOP, NOP, NOP, BKPT]]) expect(await endWith(...handler)).toMatchObject({ state: 'halted', exception: 'unaligned', fault: known });
    expect(await endWith(move(0, 5), BKPT)).toMatchObject({ state: 'halted', exception: 'unaligned', fault: { address: 0x52, registers: {} } });
  });

  /** LDR R1,[R0,#+0x101], whose upper half could be an instruction itself. */
  const longLoad: Instruction = [0x0020_20cc, 4];

  it.each([['a short load', load(1, 0)], ['a long load', longLoad]] as const)('finds the start of %s, with symbols and without', async (_what, instruction) => {
    const instructions = [...begin(0x30), move(0, 0x1001), instruction, NOP];
    const fault = { address: 0x52, instruction: expect.stringMatching(/^ldr r1,\[r0/) as string, registers: {} };
    expect(await endOf(programOf(instructions))).toMatchObject({ state: 'idle', exception: 'unaligned', fault: { ...fault, where: 'work+82' } });
    const nameless = await endOf(programOf(instructions, false));
    expect(nameless).toMatchObject({ exception: 'unaligned', fault });
    expect(nameless.fault).not.toHaveProperty('where');
  });
});

describe('errors of stuck cores', () => {
  it('name function and offset', async () => {
    using board = openBoard('sim');
    using group: WorkGroup = board.workgroup({ row: 1, column: 2, rows: 1, columns: 1 });
    await group.load(programOf([move(0, 0x10000000), load(1, 0), IDLE]));
    group.start();
    const STUCK = { code: 'ERR_EPIPHANY_CORE_STUCK', message: expect.stringMatching(/ at PC 0x8 \(work\+8\)/) as string };
    await expect(group.finished()).rejects.toMatchObject(STUCK);
    for (const call of [() => group.halt(), () => group.start(), () => group.step(0), () => group.reset()]) expect(call).toThrow(expect.objectContaining(STUCK));
    await expect(group.load(unhandled)).rejects.toMatchObject(STUCK);
  });
});

describe('symbols', () => {
  it('give places by the function around them, else by the last label', () => {
    const symbol = (name: string, address: number, bytes: number, type: ProgramSymbol['type']): ProgramSymbol => ({ name, address, bytes, type, binding: 'global', section: '.text' });
    const sections = [{ name: '.text', address: 0, bytes: 0x100, type: 'progbits', flags: { allocate: true, write: false, execute: true } }] as const;
    const symbols = [symbol('_main', 0x10, 0x20, 'none'), symbol('inner', 0x18, 0, 'none'), symbol('_end', 0x40, 0, 'none'), symbol('__start', 0x80, 4, 'function')];
    const map = new SymbolMap({ sections, symbols });
    expect([0, 0x10, 0x18, 0x2e, 0x30, 0x42, 0x80, 0x82, 0x84, 0x100].map((address) => map.locate(address))).toEqual([undefined, 'main', 'main+8', 'main+30', 'inner+24', 'end+2', '__start', '__start+2', '__start+4', undefined]);
    expect(new SymbolMap({ sections, symbols: [symbol('_x', 0, 4, 'function')] }).locate(2)).toBe('_x+2');
  });

  it('are not taken for registers', () => {
    expect([...registersIn('strd r4,[sp,-0x1]')]).toEqual([['r4', 4], ['sp', 13], ['r5', 5]]);
    expect([...registersIn('b 100 <r1>')]).toEqual([]);
    expect([...registersIn('fmadd r63,fp,lr')]).toEqual([['r63', 63], ['fp', 11], ['lr', 14]]);
  });
});

describe('epiphany run', () => {
  it('says which instruction it was, in which function, and with which registers', () => {
    const message = 'core 0x84a: unaligned exception at PC 0x396 (main+6): str r0,[r1], r0=0x1 r1=0x7002 sp=0x7ff0 lr=0x1a8; halted at PC 0x388 (__ecore_unhandled+4)';
    expect(epiphany({ PATH: '' }, 'run', unhandled, ...ONE_CORE)).toEqual({ code: 1, out: '', error: `epiphany: ${message}\n` });
    const { out } = epiphany({ PATH: '' }, 'run', unhandled, ...ONE_CORE, '--json');
    expect(JSON.parse(out)).toMatchObject({ error: { message }, cores: [{ pc: '0x388', where: '__ecore_unhandled+4', fault: { address: '0x396', where: 'main+6', instruction: 'str r0,[r1]', registers: { r0: '0x1', r1: '0x7002' } } }] });
  });

  it('says the same of a memory fault', () => {
    const message = /^core 0x84a: protection exception at PC 0x396 \(main\+6\): str r0,\[r1\], r0=0x1 r1=0x\w+ sp=0x7ff0 lr=0x1a8; halted at PC 0x388 \(__ecore_unhandled\+4\)$/;
    const { code: exitCode, error } = epiphany({ PATH: '' }, 'run', memoryFault, ...ONE_CORE);
    expect([exitCode, error.replace(/^epiphany: |\n$/g, '')]).toEqual([1, expect.stringMatching(message)]);
    const { out } = epiphany({ PATH: '' }, 'run', memoryFault, ...ONE_CORE, '--json');
    expect(JSON.parse(out)).toMatchObject({ error: { message: expect.stringMatching(message) as string }, cores: [{ exception: 'protection', fault: { address: '0x396', where: 'main+6' } }] });
  });

  it('says in which line, if a tool tells', () => {
    const tool = (text: string, code = 0): void => writeFileSync(join(folder, 'epiphany-elf-addr2line'), `#!/bin/sh\n[ "$1 $2 $3" = "-s -e ${unhandled}" ] || exit 9\n${text}\nexit ${code}\n`, { mode: 0o755 });
    const run = (): string => epiphany({ PATH: `${folder}:${process.env['PATH'] ?? ''}` }, 'run', unhandled, ...ONE_CORE).error;
    tool('[ $4 = 0x396 ] && echo "unhandled.c:4 (discriminator 2)" || echo "crt0.S:?"');
    expect(run()).toContain('at PC 0x396 (main+6, unhandled.c:4): str r0,[r1], ');
    expect(run()).toMatch(/halted at PC 0x388 \(__ecore_unhandled\+4\)\n$/);
    tool('printf "a\\033[7m.c:1\\n"');
    expect(run()).toContain('(main+6, a\\u{1b}[7m.c:1)');
    for (const [text, code] of [['echo "??:0"', 0], ['echo "??:?"', 0], ['echo "x.c:1"', 1], ['true', 0]] as const) {
      tool(text, code);
      expect(run()).toContain('(main+6): str');
    }
  });

  it('shows registers of a core that has come to rest, and leaves it so', () => {
    const path = `sim:${join(folder, 'rest')}`;
    // Behind the tables that a loader of S-records writes.
    const bytes = code(...begin(0x58), move(0, 0x1001), load(1, 0), NOP);
    const file = join(folder, 'rest.srec');
    writeFileSync(file, `${record(1, 0, 0, ...bytes)}${record(9, 0, 0)}`);
    expect(epiphany({}, 'run', file, '--board', path, '--group', '1,2,1,1')).toMatchObject({ code: 1, error: expect.stringMatching(/unaligned exception at PC 0x7a: ldr r1,\[r0.*\], r1=\w+ r0=0x1001 sp=0x0 lr=0x0; idle at PC 0x/) as string });
    expect(epiphany({}, 'regs', '1,2', 'DEBUGSTATUS', '--board', path).out).toBe('DEBUGSTATUS  0x00000000\n');
  });

  it('names an exception that the program has masked when its time is over', () => {
    // In the SYNC interrupt no exception is taken, and there is none of the program's own to name its cause.
    const bytes = code(move(0, 0x1001), load(1, 0), branch(0));
    const file = join(folder, 'masked.srec');
    writeFileSync(file, `${record(1, 0, 0, ...bytes)}${record(9, 0, 0)}`);
    const { code: exitCode, error } = epiphany({}, 'run', file, ...ONE_CORE, '--timeout', '200ms');
    expect(exitCode).toBe(124);
    expect(error).toMatch(/^epiphany: not over after 200ms; 1 cores were halted, the first at PC 0xa; core 0x84a: unaligned exception, PC 0xa\n$/);
    const { out } = epiphany({}, 'run', file, ...ONE_CORE, '--timeout', '200ms', '--json');
    expect(JSON.parse(out)).toMatchObject({ error: { message: expect.stringContaining('unaligned exception') as string }, cores: [{ exception: 'unaligned' }] });
  });

  it('names places in a trace, and when it is halted', () => {
    expect(epiphany({}, 'run', unhandled, ...ONE_CORE, '--trace').error).toMatch(/^0x84a 0x00396 {2}main\+6 +str r0,\[r1\]/m);
  });
});

it('epiphany regs names places of a program', () => {
  const path = `sim:${join(folder, 'regs')}`;
  expect(epiphany({}, 'write', '1,2', '0xf0408', '0x112', '--board', path).code).toBe(0);
  const { out, code: exitCode } = epiphany({}, 'regs', '1,2', 'PC', 'COREID', '--program', firstLight, '--board', path);
  expect({ exitCode, out }).toEqual({ exitCode: 0, out: 'PC           0x00000112  main+4\nCOREID       0x0000084a  column=10 row=33\n' });
  expect(JSON.parse(epiphany({}, 'regs', '1,2', 'PC', '--program', firstLight, '--board', path, '--json').out)).toMatchObject({ registers: { PC: { value: '0x00000112', where: 'main+4' } } });
});
