// SPDX-License-Identifier: MIT
// Checks of the header that programs include.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { collect, filesIn } from './tools.mjs';

/** Compilers' prefixes; the sizes of pointers and what is aligned how differ between them. */
const machines = ['x86_64-linux-gnu', 'aarch64-linux-gnu', 'arm-linux-gnueabihf'];

const languages = [
  { name: 'C', compiler: 'gcc', extension: 'c', standard: 'c11' },
  { name: 'C++', compiler: 'g++', extension: 'cc', standard: 'c++11' },
];

const folderOf = (source) => join(source, 'include/uapi');

const includes = (source) => filesIn(folderOf(source), /\.h$/).map((name) => `#include <${name}>\n`).join('');

/** As the strictest program would include it. A structure with bytes that no field names is a warning, too. */
export async function uapiCompiles({ source, scratch }) {
  const complaints = [];
  for (const machine of machines) {
    for (const { name, compiler, extension, standard } of languages) {
      const file = join(scratch, `program.${extension}`);
      writeFileSync(file, includes(source));
      const warnings = ['-pedantic', '-Wall', '-Wextra', '-Wpadded', '-Werror'];
      const command = [`${machine}-${compiler}`, `-std=${standard}`, ...warnings, '-fsyntax-only', '-I', folderOf(source), file];
      const { code, text } = await collect(command);
      if (code !== 0) complaints.push(`${machine}, ${name}: ${text}`);
    }
  }
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return `C and C++ for ${machines.join(', ')}, -pedantic -Wpadded`;
}

/** pahole sees what the compilers made of it: the same bytes everywhere, all of them named. */
export async function uapiLayout({ source, scratch }) {
  const file = join(scratch, 'program.c');
  writeFileSync(file, includes(source));
  const layouts = [];
  for (const machine of machines) {
    const object = join(scratch, `${machine}.o`);
    const command = [`${machine}-gcc`, '-c', '-g', '-fno-eliminate-unused-debug-types', '-I', folderOf(source), '-o', object, file];
    const { code, text } = await collect(command);
    if (code !== 0) throw new Error(text);
    // The system's own types are in there, too, and may differ.
    const { text: structures } = await collect(['pahole', '--show_decl_info', object]);
    layouts.push(ownStructures(structures));
  }
  const [first, ...others] = layouts;
  if (first.length === 0) throw new Error('pahole shows no structure');
  if (others.some((other) => other.join() !== first.join())) throw new Error(`not the same everywhere:\n${layouts.map((layout) => layout.join('\n')).join('\n--\n')}`);
  const holed = first.filter((text) => /\bhole|padding:/.test(text));
  if (holed.length > 0) throw new Error(`bytes that no field names:\n${holed.join('\n')}`);
  return `${first.length} structures, the same on ${machines.length} machines, no holes`;
}

function ownStructures(text) {
  const own = (structure) => /^\/\* Used at: .*\n\/\* <[0-9a-f]+> (\S+):\d+ \*\//m.exec(structure)?.[1].includes('/include/uapi/');
  const structures = text.split(/(?=^\/\* Used at: )/m).filter(own);
  return structures.map((structure) => structure.replace(/^\/\* (Used at|<).*\n/gm, '').trim());
}
