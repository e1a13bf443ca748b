// SPDX-License-Identifier: MIT
/** What our linker scripts do with sections: those they know are at their places, and no other is put somewhere. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
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

/** Links a program of these lines of assembly as `epiphany cc` does; what the linker says, or the program. */
function link(script: 'internal' | 'external', lines: readonly string[], ...options: string[]): { readonly program: Program | undefined; readonly said: string } {
  const call = (tool: string, ...parameters: string[]): { status: number | null; stderr: string } => spawnSync(join(tools ?? '', `epiphany-elf-${tool}`), parameters, { cwd: folder, encoding: 'utf8' });
  const vectors = ['.section .ecore_vectors,"ax"', '.global __ecore_vectors', '__ecore_vectors: b.l main', '.section .ecore_text,"ax"', '.global main', 'main: idle'];
  writeFileSync(join(folder, 'program.s'), `${[...vectors, ...lines].join('\n')}\n`);
  expect(call('as', '-o', 'program.o', 'program.s')).toMatchObject({ status: 0, stderr: '' });
  const output = join(folder, 'program.elf');
  rmSync(output, { force: true });
  const { status, stderr } = call('ld', '--gc-sections', '--nmagic', '--orphan-handling=error', '-L', runtime, `--default-script=${join(runtime, `${script}.ld`)}`, ...options, '-o', output, 'program.o');
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
    ['a vector that only the SDK has a place for', 'external', 'ivt_entry_message'],
  ])('%s is an error, not put somewhere', (_, script, section) => {
    const { program, said } = link(script, word(section, 'mine', 1), '--no-gc-sections');
    expect(program).toBeUndefined();
    expect(said).toContain(`error: unplaced orphan section \`${section}' from \`program.o'`);
  });

  it('what debuggers want, and notes, are no trouble', () => {
    const beside = ['.debug_info', '.debug_str', '.debug_rnglists', '.debug_line_str', '.comment', '.note.GNU-stack', '.note.gnu.property', '.gnu.attributes'];
    const { program, said } = link('internal', [...beside.flatMap((name) => [`.section ${name}`, '.word 1']), '.section .eh_frame,"a"', '.word 0'], '--no-gc-sections');
    expect(said).toBe('');
    expect(program?.sections.filter(({ flags }) => flags.allocate).map(({ name }) => name)).not.toEqual(expect.arrayContaining(['.debug_info']));
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
