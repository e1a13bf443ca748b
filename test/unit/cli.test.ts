// SPDX-License-Identifier: MIT
/** The command line as a user calls it: the compiled program in a process of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBoard } from '../../lib/cli/list.js';
import { boardOf } from '../../lib/board.js';
import { openBoard, type Board } from '../../lib/index.js';
import { CharDeviceTransport } from '../../lib/transport/chardev.js';
import { branch, move, program, store } from './encode.js';
import { FakeNewDriver } from './fake-new-driver.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const firstLight = fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url));
const records = firstLight.replace(/elf$/, 'srec');
let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'cli-'))));
afterAll(() => rmSync(folder, { recursive: true }));

interface Result {
  code: number | null;
  out: string;
  error: string;
}

function epiphany(...parameters: string[]): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...parameters], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '', FORCE_COLOR: '0' } });
  return { code: status, out: stdout, error: stderr };
}

const json = (result: Result): unknown => JSON.parse(result.out);

describe('epiphany', () => {
  it('list shows the boards there are, and what to do without one', () => {
    const devices = join(folder, 'devices');
    const none = { code: 2, out: '', error: `epiphany: no board in '${devices}': devices of the driver are called mesh0, mesh1, …\n` };
    expect(epiphany('list', devices)).toEqual(none);
    mkdirSync(devices);
    writeFileSync(join(devices, 'elink0'), '');
    expect(epiphany('list', devices)).toEqual(none);
    for (const name of ['mesh10', 'mesh2']) writeFileSync(join(devices, name), '');
    const { code, out } = epiphany('list', devices);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\S+\/mesh2 {3}cannot be opened: ENODEV: .* not a character device.*\n\S+\/mesh10 {2}cannot be opened: .*\nwithout a board: .*\n$/) as string });
    expect(json(epiphany('list', devices, '--json'))).toMatchObject({ boards: ['mesh2', 'mesh10'].map((name) => ({ board: join(devices, name), accessible: true, code: 'ENODEV' })) });
    expect(epiphany('list', '--board', 'sim')).toEqual({ code: 2, out: '', error: 'epiphany: --board is no option of list; "epiphany list --help" lists what it has\n' });
    expect(epiphany('list', '--help').out).not.toContain('--board BOARD');
  });

  it.skipIf(existsSync('/dev/epiphany'))('list finds no board on a machine without one', () => {
    expect(epiphany('list')).toEqual({ code: 0, error: '', out: 'no board in /dev/epiphany: "modprobe epiphany" loads the driver\nwithout a board: --board sim, sim:e64g401 or sim:FILE is a simulated one\n' });
    expect(json(epiphany('list', '--json'))).toEqual({ boards: [] });
  });

  it('list tells what a board is, and closes it', () => {
    const boards: Board[] = [];
    const open = (): Board => (boards.push(boardOf(new CharDeviceTransport(new FakeNewDriver(2)))), boards[0] as Board);
    expect(describeBoard({ path: '/dev/epiphany/mesh5', accessible: true }, open)).toMatchObject({ board: '/dev/epiphany/mesh5', accessible: true, type: 'E64G401', rows: 8, columns: 8, cores: 64, origin: '0x808', status: { abiVersion: 1, powered: expect.any(Boolean) as boolean } });
    expect(boards[0]?.closed).toBe(true);
    const refuse = (): never => { throw Object.assign(new Error('join the group epiphany'), { code: 'EACCES' }); };
    expect(describeBoard({ path: '/dev/epiphany/mesh5', accessible: false, code: 'EACCES' }, refuse)).toEqual({ board: '/dev/epiphany/mesh5', accessible: false, code: 'EACCES', error: 'join the group epiphany' });
  });

  it('info tells of the driver, and of what the board is like', () => {
    expect(epiphany('info', '--board', 'sim').out).toMatch(/^driver {2}none.*\nstate {3}powered, generation 0\ncan {5}mailbox.*DMA$/m);
    expect(json(epiphany('info', '--board', 'sim', '--json'))).toMatchObject({ status: { driverFeatures: [], generation: 0, powered: true, overheated: false }, features: { dram: true, dma: true } });
  });

  it('doctor finds a simulated board well', () => {
    const { code, out } = epiphany('doctor', '--board', 'sim:e64g401');
    expect(code, out).toBe(0);
    expect(out).toMatch(/^ok {3}chip {5}64 cores answer with their IDs$/m);
    const { findings } = json(epiphany('doctor', '--board', 'sim', '--json')) as { findings: { name: string; state: string }[] };
    expect(findings.filter(({ state }) => state === 'ok').map(({ name }) => name)).toEqual(['system', 'addon', 'open', 'chip', 'SRAM', 'events', 'DRAM', 'DMA']);
    const missing = epiphany('doctor', '--board', '/dev/epiphany/mesh7');
    expect([missing.code, missing.out]).toEqual([1, expect.stringMatching(/^BAD {2}open {5}ENOENT.*modprobe/m)]);
  });

  it('dma copies and compares, dram shows words, mailbox waits', () => {
    expect(json(epiphany('dma', '65536', '--board', 'sim', '--json'))).toMatchObject({ bytes: 65536, right: true, simulated: true });
    expect(epiphany('dma', '--board', 'sim').out).toMatch(/what came back is what was sent/);
    expect(epiphany('dram', '--board', 'sim').out).toBe('32 MiB at 0x8e000000; programs are given parts of it\n');
    expect(epiphany('dram', '0x8e000004', '2', '--board', 'sim').out).toBe('0x8e000004  0x00000000\n0x8e000008  0x00000000\n');
    expect(json(epiphany('dram', '0x8e000000', '--board', 'sim', '--json'))).toEqual({ address: '0x8e000000', words: ['0x00000000'] });
    for (const bad of ['0x8dfffffc', '0x8e000001', '0x90000000']) expect(epiphany('dram', bad, '--board', 'sim')).toMatchObject({ code: 2, error: expect.stringMatching(/shared DRAM/) as string });
    expect(epiphany('mailbox', '1', '--timeout', '10ms', '--board', 'sim')).toMatchObject({ code: 1, out: '', error: 'epiphany: no mailbox message within 10 ms\n' });
    expect(epiphany('reset', '--chip', '--board', 'sim').out).toBe('the chip is reset\n');
    for (const bad of [['dma', '3'], ['mailbox', '0'], ['dram', '0x8e000000', '0'], ['reset', '--chip', '--group', '0,0,1,1']]) expect(epiphany(...bad, '--board', 'sim').code, bad.join(' ')).toBe(2);
  });

  it('info describes the board, for people and for machines', () => {
    expect(epiphany('info', '--board', 'sim').out).toContain('chip    E16G301, 4 × 4 cores from core ID 0x808\n');
    const { code, out, error } = epiphany('info', '--board', 'sim', '--json');
    expect([code, error]).toEqual([0, '']);
    expect(out).toMatch(/^\{"type":"E16G301","rows":4,"columns":4,"origin":"0x808",.*\}\n$/);
    expect(json(epiphany('info', '--board', 'sim:e64g401', '--json'))).toMatchObject({ type: 'E64G401', rows: 8, cores: 64 });
  });

  it('write then read over a snapshot file finds the word', () => {
    const board = `sim:${join(folder, 'state')}`;
    expect(epiphany('write', '1,2', '0x2000', '0xdeadbeef', '7', '--board', board)).toEqual({ code: 0, out: '', error: '' });
    expect(epiphany('read', '1,2', '0x2000', '--board', board)).toEqual({ code: 0, out: '0x02000  0xdeadbeef\n', error: '' });
    expect(json(epiphany('read', '0x84a', '0x2000', '2', '--board', board, '--json'))).toEqual({ core: '0x84a', address: '0x2000', words: ['0xdeadbeef', '0x00000007'] });
    expect(epiphany('read', '1,2', '0xf0704', '--board', board).out).toBe('0xf0704  0x0000084a\n');
    expect(epiphany('write', '1,2', '0xf0420', '0x100', '--board', board).code).toBe(0);
    expect(epiphany('regs', '1,2', 'iret', '--board', board).out).toBe('IRET         0x00000100\n');
  });

  it('dump shows hexadecimal and ASCII, and folds lines that repeat', () => {
    const board = `sim:${join(folder, 'dump')}`;
    epiphany('write', '0,0', '0x10', '0x6c6c6548', '0x0000006f', '--board', board);
    const { out } = epiphany('dump', '0,0', '0x10', '100', '--board', board);
    expect(out).toBe(
      '00010  48 65 6c 6c 6f 00 00 00  00 00 00 00 00 00 00 00  |Hello...........|\n' +
        '00020  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n' +
        '00070  00 00 00 00                                       |....|\n',
    );
    expect(json(epiphany('dump', '0,0', '0x10', '5', '--board', board, '--json'))).toEqual({ core: '0x808', address: '0x10', bytes: '48656c6c6f' });
    expect(epiphany('dump', '0,0', '--board', 'sim').out.trimEnd().split('\n').at(-1)).toMatch(/^07ff0 /);
  });

  it('disasm shows the code of a program, by sections and with its symbols', () => {
    const { code, out, error } = epiphany('disasm', firstLight);
    expect([code, error]).toEqual([0, '']);
    expect(out).toMatch(/^\.ivt\n {7}0: {2}80e8 0000 {2}b 100 <start>\n/);
    expect(out).toContain('\n\n.text\n00000100 <start>:\n     100:  be0b 27f2  mov sp,0x7ff0\n');
    expect(out).toContain('\n     10c:  01d2       rti\n0000010e <main>:\n');
    const { file, sections } = json(epiphany('disasm', firstLight, '--json')) as { file: string; sections: { name: string; address: string; instructions: object[] }[] };
    expect([file, ...sections.map(({ name, address }) => `${name} ${address}`)]).toEqual([firstLight, '.ivt 0x0', '.text 0x100']);
    expect(sections[1]?.instructions.slice(0, 2)).toEqual([
      { address: '0x100', label: 'start', bits: '0x27f2be0b', text: 'mov sp,0x7ff0' },
      { address: '0x104', bits: '0x001201cb', text: 'mov r0,0x10e' },
    ]);
  });

  it('disasm without section headers shows executable segments', () => {
    const stripped = Buffer.from(readFileSync(firstLight));
    stripped.fill(0, 48, 52); // number of section headers, and which one has their names
    const file = join(folder, 'stripped.elf');
    writeFileSync(file, stripped);
    const { code, out } = epiphany('disasm', file);
    expect(code).toBe(0);
    expect(out).toMatch(/^segment at 0x0\n {7}0: {2}80e8 0000 {2}b 0x100\n/);
    expect(out).toContain('\n\nsegment at 0x100\n     100:  be0b 27f2  mov sp,0x7ff0\n');
  });

  it('disasm and load take S-records as well', () => {
    const disassembled = epiphany('disasm', records);
    expect(disassembled.code).toBe(0);
    expect(disassembled.out).toMatch(/^segment at 0x0\n {7}0: {2}80e8 0000 {2}b 0x100\n/);
    // The 48 are tables that tell a core its place.
    expect(json(epiphany('load', records, '--board', 'sim', '--json'))).toMatchObject({ cores: 16, bytesWritten: 16 * (40 + 424 + 360 + 48), bytesDiffering: 0 });
  });

  it('symbols lists the names of a program by address', () => {
    const { code, out, error } = epiphany('symbols', firstLight);
    expect([code, error]).toEqual([0, '']);
    const lines = out.trimEnd().split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'address        bytes  type      section     name',
      '0x00100           14  function  .text       start',
      '0x0010e           64  function  .text       main',
    ]);
    expect(lines).toContain('0x0016a                         .text       next_entry');
    expect(lines).toContain('0x04404            4  object    .bss        result');
    expect(lines.at(-1)).toBe('0xedb88320                      (absolute)  POLYNOMIAL');
    const { file, symbols } = json(epiphany('symbols', firstLight, '--json')) as { file: string; symbols: { address: string }[] };
    expect([file, symbols.length]).toEqual([firstLight, lines.length - 1]);
    expect(symbols[0]).toEqual({ name: 'start', address: '0x100', bytes: 14, type: 'function', section: '.text' });
    expect(symbols.at(-1)).toEqual({ name: 'POLYNOMIAL', address: '0xedb88320', bytes: 0, type: 'none' });
    const addresses = symbols.map(({ address }) => Number(address));
    expect(addresses).toEqual([...addresses].sort((a, b) => a - b));
  });

  it('symbols says so if there are none', () => {
    const stripped = Buffer.from(readFileSync(firstLight));
    stripped.fill(0, 46, 52); // no section headers
    const file = join(folder, 'nameless.elf');
    writeFileSync(file, stripped);
    expect(epiphany('symbols', file)).toMatchObject({ code: 0, out: expect.stringContaining('has no symbols: it was stripped of them') });
    expect(epiphany('symbols', records)).toEqual({ code: 0, out: `${records} has no symbols: it was stripped of them, or it is S-records, which have none\n`, error: '' });
    expect(json(epiphany('symbols', records, '--json'))).toEqual({ file: records, symbols: [] });
  });

  it('disasm --core shows what SRAM of a core holds, to its end', () => {
    const board = `sim:${join(folder, 'disasm')}`;
    epiphany('write', '1,2', '0x7ff8', '0x01a20002', '0xbe0b01d2', '--board', board);
    expect(epiphany('disasm', '--core', '1,2', '0x7ff8', '2', '--board', board).out).toBe('    7ff8:  0002       moveq r0,r0\n    7ffa:  01a2       nop\n');
    // The last one is long, and SRAM ends within it.
    expect(epiphany('--core', '0x84a', 'disasm', '0x7ffc', '--board', board).out).toBe('    7ffc:  01d2       rti\n    7ffe:  be0b       *unknown*\n');
    expect(json(epiphany('disasm', '0x7ffa', '1', '--core=1,2', '--board', board, '--json'))).toEqual({
      core: '0x84a', address: '0x7ffa', instructions: [{ address: '0x7ffa', bits: '0x01a2', text: 'nop' }],
    });
    expect(epiphany('disasm', '--core', '0,0', '0', '--board', 'sim').out.trimEnd().split('\n')).toHaveLength(16);
  });

  it('regs decodes fields, and shows general registers of a halted core only', () => {
    const board = `sim:${join(folder, 'regs')}`;
    const running = epiphany('regs', '0,0', '--board', board);
    expect(running.out).toContain('COREID       0x00000808  column=8 row=32\n');
    expect(running.out).toContain('R0 … R63: the core is not halted (halt it: epiphany write 0,0 0xf0448 1)\n');
    expect(running.out).not.toContain('LINKCFG');
    epiphany('write', '0,0', '0xf0448', '1', '--board', board);
    const halted = epiphany('regs', '0,0', '--board', board);
    expect(halted.out).toMatch(/^R63 {10}0x00000000$/m);
    expect(halted.out).toContain('DEBUGSTATUS  0x00000001  halted\n');
    expect(json(epiphany('regs', '0,0', 'STATUS', 'COREID', '--board', board, '--json'))).toMatchObject({ core: '0x808', halted: true, registers: { STATUS: { value: '0x00000000', active: false }, COREID: { row: 32 } } });
    expect(epiphany('regs', '0,2', '--board', 'sim').out).toContain('LINKCFG');
    expect(epiphany('regs', '0,0', 'R5', '--board', 'sim')).toMatchObject({ code: 1, out: '' });
  });

  it('load lays the first program into all cores and shows what lies where', () => {
    const { code, out } = epiphany('load', firstLight, '--board', 'sim');
    expect(code).toBe(0);
    expect(out).toContain('0x00100          424        424  text: .text');
    expect(out).toMatch(/ {2}0x8cb T[T·]+D+·+B+·+\n/);
    expect(out).toContain('every byte is as the program has it\n');
    expect(json(epiphany('load', firstLight, '--board', 'sim', '--json'))).toMatchObject({ cores: 16, bytesWritten: 29824, bytesDiffering: 0 });
    const coloured = spawnSync(process.execPath, [main, 'load', firstLight, '--board', 'sim'], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '', FORCE_COLOR: '1' } });
    expect(coloured.stdout).toContain('\u001b[30;46m 0x808');
  });

  it('without a board to be found uses the simulator, and says so', () => {
    const { code, error } = epiphany('info');
    expect(code).toBe(0);
    expect(error).toMatch(/^epiphany: no board under \/dev\/epiphany, so this is the simulator, which keeps nothing .*\n$/);
  });

  it.each<[string, string[], RegExp]>([
    ['a core outside the chip', ['read', '4,0', '0', '--board', 'sim'], /"row" must be an integer from 0 to 3, got 4/],
    ['a core ID outside the chip', ['read', '0x123', '0', '--board', 'sim'], /0x808 to 0x8cb, got '0x123'/],
    ['an address past SRAM', ['read', '0,0', '0x8000', '--board', 'sim'], /a multiple of 4 in SRAM, 0x0 to 0x7ffc; registers are from 0xf0000/],
    ['an address of another core', ['read', '1,2', '0x80802000', '--board', 'sim'], /0x80802000 is an address of the whole mesh: 0x2000 of core 0x808, got/],
    ['an address of shared DRAM', ['read', '1,2', '0x8e000010', '--board', 'sim'], /0x8e000010 is in shared DRAM, got/],
    ['another core to be written', ['write', '1,2', '0x80802000', '1', '--board', 'sim'], /0x2000 of core 0x808/],
    ['another core to be dumped', ['dump', '1,2', '0x80802000', '4', '--board', 'sim'], /0x2000 of core 0x808/],
    ['instructions of another core', ['disasm', '--core', '1,2', '0x80802000', '--board', 'sim'], /0x2000 of core 0x808/],
    ['words past the registers', ['write', '0,0', '0xf07fc', '1', '2', '--board', 'sim'], /2 words from 0xf07fc go beyond the registers/],
    ['words that run past SRAM', ['write', '0,0', '0x7ffc', '1', '2', '--board', 'sim'], /SRAM ends at 0x8000/],
    ['a board that is not there', ['info', '--board', '/dev/epiphany/mesh7'], /ENOENT.*modprobe/],
    ['a file that is no program', ['load', main, '--board', 'sim'], /main\.js/],
    ['a file that is not there', ['load', '/nowhere.elf', '--board', 'sim'], /ENOENT/],
    ['a file without instructions', ['disasm', main], /main\.js.*this is no program/],
    ['a file without symbols', ['symbols', main], /main\.js.*this is no program/],
    ['instructions past SRAM', ['disasm', '--core', '0,0', '0x8000', '--board', 'sim'], /SRAM ends at 0x8000/],
    ['instructions of a core outside the chip', ['disasm', '--core', '4,0', '0', '--board', 'sim'], /"row" must be/],
    ['a board that is no device', ['info', '--board', main], /ENODEV.*not a character device/],
    ['a board that is a folder', ['info', '--board', '/tmp'], /EISDIR|ENODEV/],
    ['a device that is no board', ['info', '--board', '/dev/null'], /It is no device of the Epiphany driver/],
    ['a chip that is none', ['info', '--board', 'sim:e64'], /did you mean sim:e64g401\?/],
    ['a state that is none', ['info', '--board', `sim:${main}`], /is no snapshot that can be used/],
    ['a group outside the chip', ['reset', '--group', '3,3,2,2', '--board', 'sim'], /"rows" must be/],
  ])('fails for %s with one line and exit code 2', (_what, parameters, message) => {
    const { code, out, error } = epiphany(...parameters);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
    expect(error).toMatch(/^epiphany: [^\n]+\n$/);
  });

  it.each<[string, string[]]>([
    ['an unknown command', ['fly']],
    ['a property of objects as command', ['toString']],
    ['an unknown option', ['info', '--wings']],
    ['an option without its value', ['info', '--board']],
    ['too few operands', ['read', '0,0']],
    ['too many operands', ['info', 'x']],
    ['a core that is none', ['read', 'zero', '0', '--board', 'sim']],
    ['a number that is none', ['read', '0,0', '12x', '--board', 'sim']],
    ['a negative number', ['dump', '0,0', '-5', '--board', 'sim']],
    ['too many words', ['read', '0,0', '0', '99999', '--board', 'sim']],
    ['a word that is too large', ['write', '0,0', '0', '0x100000000', '--board', 'sim']],
    ['a misaligned write', ['write', '0,0', '2', '1', '--board', 'sim']],
    ['no file', ['symbols']],
    ['an unknown register', ['regs', '0,0', 'nosuch', '--board', 'sim']],
    ['an option of another command', ['info', '--core', '0,0', '--board', 'sim']],
    ['an option of its own without value', ['disasm', '0', '--core']],
    ['an address without a core', ['disasm', '0x100', '4']],
    ['an odd address', ['disasm', '--core', '0,0', '1', '--board', 'sim']],
    ['no instructions', ['disasm', '--core', '0,0', '0', '0', '--board', 'sim']],
    ['a file for a core', ['disasm', '--core', '0,0', 'program.elf', '--board', 'sim']],
    ['no program', ['load', '--board', 'sim']],
    ['a time without a unit', ['mailbox', '--timeout', '500', '--board', 'sim']],
    ['help on nothing that there is', ['help', 'fly']],
    ['a value for what takes none', ['info', '--json=yes']],
    ['a write-only register', ['regs', '0,0', 'ILATST', '--board', 'sim']],
  ])('called with %s says how in one line, exit code 2', (_what, parameters) => {
    const { code, out, error } = epiphany(...parameters);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(/^epiphany: [^\n]+\n$/);
  });

  it('names a file that cannot be read', () => {
    expect(epiphany('load', '/proc/self/mem', '--board', 'sim')).toEqual({ code: 1, out: '', error: "epiphany: EIO: i/o error, read '/proc/self/mem'\n" });
  });

  it('helps, overall and for each command, with examples that work', () => {
    const overview = epiphany('--help');
    expect(overview.code).toBe(0);
    for (const name of ['list', 'info', 'read', 'write', 'dump', 'disasm', 'symbols', 'regs', 'load', 'run', 'reset', 'mailbox', 'dram', 'dma', 'doctor']) {
      expect(overview.out).toContain(`  ${name} `);
      const help = epiphany(name, '--help');
      expect(help.code).toBe(0);
      expect(help.out).toContain(`Usage: epiphany ${name}`);
      expect(help.out).toContain('Examples:\n  epiphany ');
    }
    expect(epiphany('disasm', '--help').out).toMatch(/^ {2}--core CORE {17}\S/m);
    expect(epiphany('info', '--help').out).not.toContain('--core');
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(epiphany('--version').out).toBe(`${version}\n`);
  });

  it('cc calls the compiler that it finds first, with our part before what the user says', () => {
    const compiler = join(folder, 'epiphany-elf-gcc');
    writeFileSync(compiler, '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 3\n', { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    const cc = (...parameters: string[]): string[] => {
      const { status, stdout } = spawnSync(process.execPath, [main, 'cc', ...parameters], { encoding: 'utf8', env });
      expect(status).toBe(1);
      return stdout.trimEnd().split('\n').map((line) => line.replace(runtime, 'ECORE'));
    };
    const runtime = fileURLToPath(new URL('../../ecore', import.meta.url));
    expect(cc('-c', '--json', '-I.', 'a b.c')).toEqual(['-IECORE', '-c', '--json', '-I.', 'a b.c']);
    const startup = ['-x', 'assembler-with-cpp', 'ECORE/crt0.S', '-x', 'none'];
    expect(cc('-o', 'a.elf', 'a.c')).toEqual(['-IECORE', '-nostartfiles', '-Wl,--gc-sections,--nmagic,--orphan-handling=error', '-LECORE', '-Wl,--default-script=ECORE/internal.ld', ...startup, '-o', 'a.elf', 'a.c']);
    expect(cc('a.c', '--external')).toContain('-Wl,--default-script=ECORE/external.ld');
    expect(cc('-mfp-mode=truncate', 'a.c', '-mfp-mode=int')).toContain('-Wl,--defsym=__ecore_config=0x80000');
  });

  it('cc takes no directory for the compiler', () => {
    const [first, second] = ['first', 'second'].map((name) => join(folder, name)) as [string, string];
    mkdirSync(join(first, 'epiphany-elf-gcc'), { recursive: true });
    mkdirSync(second);
    writeFileSync(join(second, 'epiphany-elf-gcc'), '#!/bin/sh\necho "second: $2"\n', { mode: 0o755 });
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'cc', '-c', 'a.c'], { encoding: 'utf8', env: { ...process.env, PATH: `${first}:${second}:${process.env['PATH'] ?? ''}` } });
    expect([status, stdout, stderr]).toEqual([0, 'second: -c\n', '']);
  });

  it('cc says what to do where there is no compiler', () => {
    const env = { ...process.env, PATH: '', XDG_CACHE_HOME: folder };
    const { status, stderr } = spawnSync(process.execPath, [main, 'cc', 'a.c'], { encoding: 'utf8', env });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^epiphany: there is no C compiler for the Epiphany: .* node \S*scripts\/ecore\/toolchain\.mjs\n$/)]);
  });

  it('ends quietly when its reader has had enough', () => {
    const child = spawnSync('sh', ['-c', `"$0" "$1" dump 0,0 --board sim --json | head -c 1; "$0" "$1" regs 0,0 --board sim | head -1 > ${join(folder, 'head')}`, process.execPath, main], { encoding: 'utf8' });
    expect(child.stderr).toBe('');
    expect(readFileSync(join(folder, 'head'), 'utf8')).toMatch(/^CONFIG/);
  });

  it('load fails with exit code 1 if one byte differs', () => {
    const path = `sim:${join(folder, 'running')}`;
    const board = openBoard(path);
    // A core of nobody's stores without end into what will be loaded: 16 MB of zeros, so that it gets its turn meanwhile.
    const core = board.core(3, 3);
    core.write(0, program(move(0, 0x8efffffc), move(1, 0xff), store(1, 0), branch(-2)));
    core.registers.ILATST.write(1);
    board.close();
    const elf = Buffer.from(readFileSync(firstLight));
    const dataSegment = elf.readUInt32LE(28) + 32 * 2;
    elf.writeUInt32LE(0x8e000000, dataSegment + 8);
    elf.writeUInt32LE(0x1000000, dataSegment + 20);
    const file = join(folder, 'large.elf');
    writeFileSync(file, elf);
    // All of it may happen before that core's thread has its turn on a busy machine: then it is for the next time.
    let { code, out } = epiphany('load', file, '--board', path, '--group', '0,0,2,2');
    for (let turn = 0; turn < 10 && code === 0; ++turn) ({ code, out } = epiphany('load', file, '--board', path, '--group', '0,0,2,2'));
    expect(code).toBe(1);
    expect(out).toMatch(/ on 4 cores of E16G301, .* 0x8cb {3}0% active/s);
    expect(out).toContain('1 bytes differ:\n  DRAM 0xfffffc: 0xff instead of 0x00\n');
  });
});
