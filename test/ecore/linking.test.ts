// SPDX-License-Identifier: MIT
/** What our linker scripts do with sections: those they know are at their places, and no other is put somewhere. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { LINKER_OPTIONS } from '../../lib/cli/cc.js';
import { openBoard } from '../../lib/index.js';
import { readElf } from '../../lib/program/elf.js';
import type { Program } from '../../lib/program/program.js';

/** Assembler and linker that `npm run ecore:toolchain` has built, with or without a compiler. */
const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'node-epiphany');
const tools = (existsSync(cache) ? readdirSync(cache) : [])
  .filter((name) => /^toolchain(-\w+)?$/.test(name))
  .map((name) => join(cache, name, 'bin'))
  .find((bin) => existsSync(join(bin, 'epiphany-elf-ld')));
const runtime = fileURLToPath(new URL('../../ecore', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'linking-'));
afterAll(() => rmSync(folder, { recursive: true }));

const call = (tool: string, ...parameters: string[]): { status: number | null; stdout: string; stderr: string } => spawnSync(tool, parameters, { cwd: folder, encoding: 'utf8' });
const toolOf = (name: string): string => join(tools ?? '', `epiphany-elf-${name}`);

function assemble(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.s`), text);
  expect(call(toolOf('as'), '-o', `${name}.o`, `${name}.s`)).toMatchObject({ status: 0, stderr: '' });
}

/** Links a program of these lines of assembly as `epiphany cc` does; what the linker says, or the program. */
function link(script: 'internal' | 'external', lines: readonly string[], ...options: string[]): { readonly program: Program | undefined; readonly said: string } {
  if (!existsSync(join(folder, 'crt0.o'))) assemble('crt0', call('g++', '-E', '-P', '-x', 'assembler-with-cpp', '-U__USER_LABEL_PREFIX__', '-D__USER_LABEL_PREFIX__=_', join(runtime, 'crt0.S')).stdout);
  const main = lines.some((line) => line.startsWith('_main:')) ? [] : ['.section .text._main,"ax"', '.global _main', '_main: mov r0,#0', 'rts'];
  assemble('program', `${[...main, ...lines].join('\n')}\n`);
  const output = join(folder, 'program.elf');
  rmSync(output, { force: true });
  const { status, stderr } = call(toolOf('ld'), ...LINKER_OPTIONS, '-L', runtime, `--default-script=${join(runtime, `${script}.ld`)}`, ...options, '-o', output, 'crt0.o', 'program.o');
  return { program: status === 0 ? readElf(readFileSync(output), output) : undefined, said: stderr };
}

const addressOf = (program: Program | undefined, name: string): number | undefined => program?.symbolsByName.get(name)?.address;
const word = (section: string, name: string, value: number): string[] => [`.section ${section},"aw"`, '.balign 4', `${name}: .word ${value}`];

describe.skipIf(tools === undefined)('with the linker that is here', () => {
  it.each(['internal', 'external'] as const)('%s.ld puts the sections that it knows at the places of the SDK', async (script) => {
    const { program, said } = link(script, [
      ...word('.data_bank0', 'zero', 10), ...word('.data_bank1', 'one', 11), ...word('.data_bank2', 'two', 12), ...word('.data_bank3', 'three', 13),
      '.section .text_bank2,"ax"', 'code: rts',
      ...word('shared_dram', 'first', 14), ...word('.shared_dram', 'second', 15),
    ]);
    expect(said).toBe('');
    expect(['one', 'two', 'code', 'three', 'first', 'second'].map((name) => addressOf(program, name))).toEqual([0x2000, 0x4000, 0x4004, 0x6000, 0x8f000000, 0x8f000004]);
    expect(addressOf(program, 'zero')).toBeLessThan(0x2000);
    // The heap ends at the first bank that is in use.
    expect((addressOf(program, '__ecore_heap_begin') as number) + (addressOf(program, '__ecore_heap_bytes') as number)).toBe(0x2000);
    // And the host finds them, also those that nothing refers to.
    using board = openBoard('sim');
    using group = board.workgroup({ row: 0, column: 0, rows: 1, columns: 2 });
    await group.load(program as Program);
    for (const core of group.cores) expect([0x2000, 0x4000, 0x6000].map((address) => core.readWord(address))).toEqual([11, 12, 13]);
    expect([...board.sharedDramMapping().words.slice(0x400000, 0x400002)]).toEqual([14, 15]);
  });

  it('the heap of a program without them reaches to the stack', () => {
    const { program } = link('internal', []);
    expect((addressOf(program, '__ecore_heap_begin') as number) + (addressOf(program, '__ecore_heap_bytes') as number)).toBe(0x7ff0 - 0x800);
    const large = link('internal', [], '--defsym=__ecore_stack_bytes=0x6000').program;
    expect((addressOf(large, '__ecore_heap_begin') as number) + (addressOf(large, '__ecore_heap_bytes') as number)).toBe(0x7ff0 - 0x6000);
    expect(link('internal', word('.data_bank1', 'one', 1), '--defsym=__ecore_stack_bytes=0x6000').said).toContain('reaches into the stack');
    const third = link('internal', word('.data_bank3', 'three', 1)).program;
    expect((addressOf(third, '__ecore_heap_begin') as number) + (addressOf(third, '__ecore_heap_bytes') as number)).toBe(0x6000);
  });

  it.each<[string, 'internal' | 'external', string]>([
    ['a section of the program', 'internal', 'my_table'],
    ['the like with code in shared DRAM', 'external', 'my_table'],
    ['a variable for shared DRAM, which has no place with internal.ld', 'internal', '.ecore_dram'],
    ['code for shared DRAM', 'internal', 'code_dram'],
    ['the vector of SYNC, which is that of the startup code', 'external', 'ivt_entry_reset'],
  ])('%s is an error, not put somewhere, nor left out', (_, script, section) => {
    const { program, said } = link(script, word(section, 'mine', 1));
    expect(program).toBeUndefined();
    expect(said).toContain(`error: unplaced orphan section \`${section}' from \`program.o'`);
  });

  it('so is every section that has another name than ours, however like it', () => {
    const ours = ['.text', '.data', '.rodata', '.bss'];
    const like = ours.flatMap((name) => Array.from(name, (_, index) => name.slice(0, index + 1)).flatMap((begin) => [`${begin}_`, `${begin}q`, `${begin}1_table`, ...(begin === name || begin === '.' ? [] : [begin])]));
    const others = ['Table', 'CONFIG', 'C', '.state', '.stack', '.static', '.sram', '.sram_', '.sram_data', '.final', '.fin', '.index', '.instances', '.descriptors', '.events', '.notify', '.not', '.group', '.jobs', '.tmp', '.data_bank4', 'IVT_RESET', '.heap_dram'];
    const names = [...new Set([...like, ...others])].sort();
    const { said } = link('internal', names.flatMap((name, index) => word(name, `mine${index}`, 1)));
    expect(Array.from(said.matchAll(/unplaced orphan section `(.*)' from/g), ([, name]) => name).sort()).toEqual(names);
  });

  it('what nothing refers to is left out if it lies where compilers put it, also with what debuggers want of it', () => {
    const unused = ['.text.unused', '.data.unused', '.rodata.unused', '.bss.unused', '.sram_text.unused,"ax"', '.ecore_shared.unused,"aw",@nobits'];
    const lines = unused.flatMap((name, index) => [`.section ${name}`, `unused${index}: .space 0x100`]);
    const debug = ['.debug_info', '.debug_frame', '.debug_line.unused', '.gnu.build.attributes', '.gcc_except_table'].flatMap((name) => [`.section ${name}`, ...unused.map((_, index) => `.word unused${index}`)]);
    const { program, said } = link('internal', [...lines, ...debug, '.comm _common,0x100,8']);
    expect(said).toBe('');
    const without = link('internal', []).program;
    expect(addressOf(program, '__ecore_heap_begin')).toBe(addressOf(without, '__ecore_heap_begin'));
  });

  it.each(['internal', 'external'] as const)("%s.ld: a vector of GCC's interrupt attribute leads to the handler, the others as before", async (script) => {
    const main = ['.section .sram_text,"ax"', '.global _main', '_main: mov r16,#0', 'mov r0,#0', 'movts imask,r0', 'gie', 'mov r0,#0x200', 'movts ilatst,r0', '.rept 16', 'nop', '.endr', 'mov r0,r16', 'rts'];
    const handler = ['.type _handler,@function', '_handler: mov r16,#77', 'rti', '.section ivt_entry_swi,"ax"', 'b _handler'];
    const attached = link(script, main).program as Program;
    const { program, said } = link(script, [...main, ...handler]);
    expect(said).toBe('');
    const vectors = (of: Program): number[] => Array.from(new Uint32Array(of.segments[0]?.data.slice(0, 40).buffer as ArrayBuffer));
    expect(vectors(program as Program).slice(0, 9)).toEqual(vectors(attached).slice(0, 9));
    for (const [of, code] of [[attached, 0], [program, 77]] as const) {
      using board = openBoard('sim');
      using group = board.workgroup({ row: 0, column: 0, rows: 1, columns: 1 });
      await group.load(of as Program);
      group.start();
      expect((await group.finished()).map(({ exitCode }) => exitCode)).toEqual([code]);
    }
    expect(link('internal', [...main, ...handler, 'b _handler']).said).toContain('two handlers for one interrupt');
  });

  it('what debuggers want, and notes, are no trouble', () => {
    const defaults = Array.from(call(toolOf('ld'), '--verbose').stdout.matchAll(/^ {2}(\.\S+) +(?:0 )?: \{ (?:KEEP \()?\*\((.*?)\)/gm)).filter(([, section]) => /^\.(comment|gnu\.(build|attr)|debug|line)/.test(section as string));
    expect(defaults.length).toBeGreaterThanOrEqual(30);
    const beside = [...new Set([...defaults.flatMap(([, , names]) => (names as string).split(' ').map((name) => name.replace('*', 'x'))), '.debug_gdb_scripts', '.GCC.command.line', '.debug_types', '.note', '.note.gnu.property'])];
    const loaded = ['.eh_frame', '.gcc_except_table', '.gcc_except_table._main', '.note.ABI-tag'];
    const inPlace = ['.gnu.linkonce.t._f,"ax"', '.gnu.linkonce.d.d,"aw"', '.gnu.linkonce.r.r,"a"', '.gnu.linkonce.b.b,"aw",@nobits'];
    const sections = [...beside, ...loaded.map((name) => `${name},"a"`), ...inPlace];
    for (const options of [[], ['--no-gc-sections']]) {
      const { program, said } = link('internal', sections.flatMap((name) => [`.section ${name}`, '.word 0']).concat('.stabs "program.c",100,0,0,0'), ...options);
      expect(said).toBe('');
      const allocated = program?.sections.filter(({ flags }) => flags.allocate).map(({ name }) => name);
      expect(allocated?.filter((name) => !/^\.(ecore_\w+|text|rodata|data|bss)$|_cfg$/.test(name))).toEqual([]);
    }
  });

  it.each([
    ['more than 8 KiB for a bank', ['.section .data_bank1,"aw"', '.space 0x2004'], 'more was put into a bank of SRAM than its 8 KiB'],
    ['a bank that reaches into the stack', ['.section .data_bank3,"aw"', '.space 0x1800'], 'what was put into a bank of SRAM reaches into the stack'],
    ['a program that reaches into a bank', ['.space 0x2000', ...word('.data_bank1', 'one', 1)], 'the program reaches into a bank of SRAM that something was put into'],
  ])('%s is an error', (_, lines, message) => {
    const { program, said } = link('internal', lines);
    expect(program).toBeUndefined();
    expect(said).toContain(message);
  });

  it("a small script gives a program's own section its place", () => {
    writeFileSync(join(folder, 'my.ld'), 'SECTIONS { .my_table 0x8f800000 : { KEEP(*(my_table)) } :shared_dram } INSERT AFTER .shared_dram;\n');
    const { program, said } = link('internal', word('my_table', 'mine', 5), '-T', join(folder, 'my.ld'));
    expect(said).toBe('');
    expect(addressOf(program, 'mine')).toBe(0x8f800000);
    expect(program?.segments.at(-1)).toMatchObject({ address: 0x8f800000, memoryBytes: 4 });
  });
});
