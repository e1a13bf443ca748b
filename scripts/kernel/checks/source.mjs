// SPDX-License-Identifier: MIT
// Checks of the driver's sources.

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { inParallel } from '../../lib/in-parallel.mjs';
import { copyDriver, kernelHeaders, makeModule } from '../headers.mjs';
import { collect, filesIn, kernelParts } from './tools.mjs';

/** The licence of a file is that of the first pattern that fits its path. */
const licences = [
  [/^include\/uapi\//, 'GPL-2.0-only WITH Linux-syscall-note'],
  [/^bindings\//, '(GPL-2.0-only OR BSD-2-Clause)'],
  [/\.(patch|md)$/, undefined], // a patch is a letter, whose files say it; a document is no part of a build
  [/./, 'GPL-2.0-only'],
];

/** Types of checkpatch's complaints about what is meant so, everywhere and by file. */
const excusedEverywhere = [
  'FILE_PATH_CHANGES', // MAINTAINERS is not ours to change
  'ALLOC_WITH_SIZEOF', // kzalloc_obj() and its like are of 7.0
];
const excused = {
  // Out of the tree, one source has to do for several kernels.
  'compat.h': ['LINUX_VERSION_CODE', 'CONSTANT_COMPARISON', 'DEPRECATED_API'],
  // The form that TRACE_EVENT() has everywhere.
  'trace.h': ['PARENTHESIS_ALIGNMENT', 'OPEN_ENDED_LINE', 'LONG_LINE', 'SPACING', 'COMPLEX_MACRO'],
};

/** OCaml is a large thing to install for a script about one battery charger and one that finds 0 for NULL, as sparse does. */
const needsOcaml = /\bocaml\b/;

export async function spdx({ source }) {
  const names = filesIn(source, /./);
  const wrong = names.filter((name) => {
    const [, licence] = licences.find(([pattern]) => pattern.test(name));
    const said = /SPDX-License-Identifier: (.*?)(?: \*\/| -->)?$/m.exec(readFileSync(join(source, name), 'utf8'));
    return licence !== undefined && said?.[1].replace(/^\(|\)$/g, '') !== licence.replace(/^\(|\)$/g, '');
  });
  if (wrong.length > 0) throw new Error(`not the licence that their place asks for: ${wrong.join(', ')}`);
  return `${names.length} files`;
}

export async function checkpatch({ source }) {
  const script = join(await kernelParts('newest'), 'scripts/checkpatch.pl');
  const names = filesIn(source, /(\.[ch]|Kconfig|\.patch)$/);
  const complaints = await inParallel(names, async (name) => {
    const asFile = name.endsWith('.patch') ? [] : ['--file'];
    const ignored = [...excusedEverywhere, ...(excused[basename(name)] ?? [])].flatMap((type) => ['--ignore', type]);
    const command = [script, '--strict', '--no-tree', '--no-summary', '--show-types', '--terse', ...ignored, ...asFile, name];
    const { code, text } = await collect(['perl', ...command], { cwd: source });
    return code === 0 && text === '' ? '' : text || `checkpatch ended with ${code}`;
  });
  const all = complaints.join('');
  if (all !== '') throw new Error(all);
  return `${names.length} files, --strict`;
}

export async function sparse({ source, scratch }) {
  // The kernel of the same Debian: sparse must know what its headers are written in.
  const headers = await kernelHeaders('6.1', 'armhf');
  const folder = join(scratch, 'kernel');
  copyDriver(source, folder);
  const { succeeded, log, warnings } = await makeModule(headers, folder, ['C=2', 'CHECK=sparse']);
  const complaints = [...warnings.ours, ...log.split('\n').filter((line) => /\berror:/.test(line))];
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  if (!succeeded) throw new Error(log.trimEnd().split('\n').slice(-20).join('\n'));
  return `C=2 against ${headers.release}`;
}

export async function coccinelle({ source }) {
  const folder = join(await kernelParts('6.1'), 'scripts/coccinelle');
  const scripts = filesIn(folder, /\.cocci$/).filter((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return /^virtual report/m.test(text) && !needsOcaml.test(text);
  });
  const reports = await inParallel(scripts, async (name) => {
    const script = join(folder, name);
    const options = /^\/\/ Options:(.*)$/m.exec(readFileSync(script, 'utf8'))?.[1].trim().split(/\s+/) ?? [];
    const command = ['spatch', '-D', 'report', '--very-quiet', '--no-show-diff', '--cocci-file', script];
    const { code, text } = await collect([...command, ...options, '--dir', source]);
    if (code !== 0) return `${name} ended with ${code}: ${text}`;
    return text.split('\n').filter((line) => line.startsWith(`${source}/`)).map((line) => `${line} (${name})\n`).join('');
  });
  const all = reports.join('');
  if (all !== '') throw new Error(all);
  return `${scripts.length} scripts`;
}

export async function kernelDoc({ source }) {
  const script = join(await kernelParts('6.12'), 'scripts/kernel-doc');
  const names = filesIn(source, /\.[ch]$/);
  const { text } = await collect(['perl', script, '-none', '-Wall', ...names], { cwd: source });
  if (text !== '') throw new Error(text);
  return `${names.length} files, -Wall`;
}
