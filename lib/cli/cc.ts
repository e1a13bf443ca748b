// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.js';
import { findTool } from './toolchain.js';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const RUNTIME = join(PACKAGE, 'ecore');

/** Options of gcc that make it stop before it links, or that have it do nothing but answer. */
const NO_LINKING = /^(-c|-S|-E|-M|-MM|-fsyntax-only|-r|--version|--help(=.*)?|--target-help|-dump.*|-print-.*|-###)$/;

/**
 * Sections one behind the other, as no page is ever mapped. What no script has a place for would be put somewhere, without a
 * word.
 */
export const LINKER_OPTIONS = ['--gc-sections', '--nmagic', '--orphan-handling=error'] as const;

/** What CONFIG must begin with for code that is compiled for one arithmetic mode, instead of for any. */
const CONFIG_OF_MODE: Readonly<Record<string, string>> = { '-mfp-mode=int': '0x80000', '-mfp-mode=truncate': '1' };

export const cc: Command = {
  operands: '[--external] GCC-ARGUMENT…',
  summary: 'compiles a C program for the cores, with our startup code and <ecore.h>',
  examples: [
    'epiphany cc -O2 -o program.elf program.c               all in SRAM',
    'epiphany cc --external -O2 -o program.elf program.c    code in shared DRAM: for printf and the like',
    'epiphany cc -O2 -c part.c',
    'epiphany cc -Wl,--defsym=__ecore_stack_bytes=0x1000 -o program.elf program.c part.o',
  ],
  count: [1, Infinity],
  verbatim: true,
  run({ operands }) {
    const compiler = findCompiler();
    const parameters = operands.filter((operand) => operand !== '--external');
    const script = parameters.length === operands.length ? 'internal.ld' : 'external.ld';
    const { status, error } = spawnSync(compiler, compilerParameters(parameters, script), { stdio: 'inherit' });
    if (error) throw new Error(`${compiler} does not run: ${error.message}`);
    return status === 0 ? 0 : 1;
  },
};

/** All that the compiler is called with: ours before the user's, so that the user's have the last word. */
function compilerParameters(parameters: readonly string[], script: string): string[] {
  const include = `-I${RUNTIME}`;
  if (parameters.some((parameter) => NO_LINKING.test(parameter))) return [include, ...parameters];
  const config = parameters.flatMap((parameter) => CONFIG_OF_MODE[parameter] ?? []).at(-1);
  return [
    include,
    // The script by default only, and so read last: the user may have another one, or symbols that change what is in ours.
    ...['-nostartfiles', `-Wl,${LINKER_OPTIONS.join(',')}`, `-L${RUNTIME}`, `-Wl,--default-script=${join(RUNTIME, script)}`],
    ...(config === undefined ? [] : [`-Wl,--defsym=__ecore_config=${config}`]),
    ...['-x', 'assembler-with-cpp', join(RUNTIME, 'crt0.S'), '-x', 'none'],
    ...parameters,
  ];
}

function findCompiler(): string {
  const found = findTool('gcc');
  if (found !== undefined) return found;
  const remedy = `node ${relative('.', join(PACKAGE, 'scripts/ecore/toolchain.mjs'))}`;
  throw new Error(`there is no C compiler for the Epiphany: no epiphany-elf-gcc or e-gcc on PATH, and none built. Build one from Debian's sources, in about 12 minutes: ${remedy}`);
}
