// SPDX-License-Identifier: MIT
//
//   node scripts/kernel/upstream.mjs FOLDER [--author 'NAME <ADDRESS>']
//
// The driver as its patches to the kernel would be, against the newest one: without what is there for older kernels
// and for old programs alone. kernel/UPSTREAM.md has what is to be said of them.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { applyPatch, builtInPatch, driverFiles, driverFolder, hookPatch } from './patch.mjs';
import { kernelSource } from './source.mjs';

/** The sender of the patches signs them, and is no such address. */
const NOBODY = 'The node-epiphany authors <authors@node-epiphany.invalid>';

/** The kernel's own files that the patches change. */
export const changedFiles = ['MAINTAINERS', 'Documentation/userspace-api/ioctl/ioctl-number.rst', 'drivers/misc/Kconfig', 'drivers/misc/Makefile'];
const [maintainers, ioctlNumbers] = changedFiles;

/** What stays here: the file itself, and every line that names it or what is in it. Such a line is a whole statement. */
const leftOut = { files: /^(compat\.h|legacy\w*\.[ch]|epiphany_legacy\.h)$/, lines: /"compat\.h"|legacy/i };

/** What only a driver that is built by itself, or for an older kernel, says otherwise. By file: what, and what instead. */
const replaced = {
  Kbuild: [[/\n# Out of tree[^]*?\nendif\nendif\n/, ''], [/ legacy\w*\.o/g, '']],
  Kconfig: [[/\t# Before 6\.9 .*\n.*\n/, '\tdepends on PAGE_SIZE_4KB\n']],
  'class.c': [['EPI_DEVNODE_CONST', 'const']],
};

/** The patches, in their order. A file is in the first that its path fits; nothing is built before the last. */
const series = [
  {
    subject: 'dt-bindings: misc: add the Adapteva eLink and its chips',
    text: `The Parallella board has an Adapteva Epiphany, a many-core chip, behind an
eLink in the FPGA of its Zynq-7000. Describe both.

Trees that were written for the driver of the vendor's kernels are valid.`,
    files: /^Documentation\/devicetree\//,
  },
  {
    subject: 'misc: epiphany: add the interface to user space',
    text: `A character device gives the chip's whole address space: the offset of a
file is the address. Requests claim cores as a file that reaches those
alone, allocate memory that chip and host share as a file, copy by the
host's DMA engine, reset, and make files of events.

Structures begin with their size, so that they can grow.`,
    files: /^(include\/uapi|Documentation\/userspace-api)\//,
  },
  {
    subject: 'misc: epiphany: add address layout, pools and rings',
    text: `Arithmetic on addresses of the chip's mesh, the allocator of shared memory,
and the rings of events: all that needs no hardware.`,
    files: /\/epiphany\/(layout|pool|reach|ring)\.[ch]$/,
  },
  {
    subject: 'misc: epiphany: add copies by the DMA engine',
    text: `Cores are slow to read from the host: a load takes a round trip through two
buses. Let the host's DMA engine copy, one job after the other, in the
order in which they came.`,
    files: /\/epiphany\/(job|dma|copy|engine)\.[ch]$/,
  },
  {
    subject: 'misc: epiphany: add power, mailbox, claims and files',
    text: `Runtime PM switches the chip on for the first file that uses it, and off
after the last. A reset takes all mappings away, and ends claims. The
mailbox, by which cores send to the host, is emptied at once: full, it
would stall the chip.`,
    files: /\/epiphany\/(?!kunit)\w+(?<!_test)\.[ch]$/,
  },
  {
    subject: 'misc: epiphany: add KUnit tests',
    text: `They are of what is logic alone: addresses, who may reach what, pools of
shared memory, rings of events, and the steps of a copy.`,
    files: /\/epiphany\/(kunit\.[ch]|\w+_test\.c)$/,
  },
  {
    subject: 'misc: epiphany: build the driver',
    text: 'Everything is in place: add it to Kconfig, Makefile and MAINTAINERS.',
    files: /^(drivers|MAINTAINERS)/,
  },
];

/** Files of the driver in a kernel's tree: [path, text]. */
export function upstreamFiles(driver = driverFolder) {
  const files = driverFiles(driver).filter(({ from }) => !leftOut.files.test(basename(from)));
  return files.map(({ from, to }) => [to, upstreamText(basename(from), readFileSync(from, 'utf8'))]);
}

function upstreamText(name, text) {
  for (const [what, instead] of replaced[name] ?? []) {
    const result = text.replace(what, instead);
    if (result === text) throw new Error(`${name} has nothing like ${what}`);
    text = result;
  }
  if (/\.[ch]$/.test(name)) mustBeStatements(name, text);
  return text.split('\n').filter((line) => !leftOut.lines.test(line)).join('\n').replace(/\n{3,}/g, '\n\n');
}

/** What stands before a line that is left out must not go on with what comes after it. */
function mustBeStatements(name, text) {
  const lines = text.split('\n');
  const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, (comment) => comment.replace(/[^\n]/g, '')).split('\n');
  let open = '';
  for (const [index, line] of lines.entries()) {
    const isLeft = leftOut.lines.test(line);
    if (open !== '' && isLeft !== leftOut.lines.test(lines[index - 1]))
      throw new Error(`${name}:${index + 1}: what is left out is no statement of its own: ${(isLeft ? line : lines[index - 1]).trim()}`);
    open += code[index].trim();
    const isBalanced = open.split('(').length === open.split(')').length;
    const isComplete = open.startsWith('#') ? !open.endsWith('\\') : /[;{}:]$/.test(open) || (isBalanced && open.endsWith(','));
    if (isComplete) open = '';
  }
}

/** Writes the driver's patches to folder/driver, and the one of the architecture, which goes to others, to folder/arm. */
export function writeSeries({ tree, folder, driver = driverFolder, author = NOBODY }) {
  const work = mkdtempSync(join(tmpdir(), 'kernel-upstream-'));
  const git = gitIn(work, author);
  const put = (path, text) => {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
  };
  try {
    git('init', '--quiet');
    for (const path of changedFiles) put(path, readFileSync(join(tree, path)));
    git('add', '.');
    git('commit', '--quiet', '--message', 'base');
    git('tag', 'base');
    for (const [path, text] of upstreamFiles(driver)) put(path, text);
    applyPatch(work, join(driver, 'patches', basename(hookPatch)));
    for (const [path, change] of [[maintainers, withMaintainer], [ioctlNumbers, withIoctls]]) put(path, change(readFileSync(join(work, path), 'utf8'), author));

    const changed = git('status', '--porcelain', '--untracked-files=all', '-z').split('\0').filter(Boolean).map((line) => line.slice(3));
    for (const { subject, text, files } of series) {
      const own = changed.filter((path) => series.find((each) => each.files.test(path)).files === files);
      git('add', '--', ...own);
      git('commit', '--quiet', '--signoff', '--message', subject, '--message', text);
    }
    for (const name of ['driver', 'arm']) rmSync(join(folder, name), { recursive: true, force: true });
    git('format-patch', '--quiet', '--zero-commit', '--no-signature', '--output-directory', join(folder, 'driver'), 'base');
    mkdirSync(join(folder, 'arm'), { recursive: true });
    copyFileSync(join(driver, 'patches', basename(builtInPatch)), join(folder, 'arm', basename(builtInPatch).replace(/^\d+/, '0001')));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** git as it is without anybody's settings. */
function gitIn(work, author) {
  const [, name, email] = /^(.+) <(.+)>$/.exec(author) ?? [];
  if (name === undefined) throw new Error(`the author is 'NAME <ADDRESS>', not '${author}'`);
  const env = {
    ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email,
  };
  return (...words) => {
    const { status, stdout, stderr, error } = spawnSync('git', words, { cwd: work, env, encoding: 'utf8', maxBuffer: 1 << 26 });
    if (status !== 0) throw new Error(`git ${words[0]}: ${error?.message ?? stderr}`);
    return stdout;
  };
}

/** Its sections are in the order of the alphabet. */
function withMaintainer(text, author) {
  const title = 'ADAPTEVA EPIPHANY DRIVER';
  const own = [
    title, `M:\t${author}`, 'S:\tMaintained',
    'F:\tDocumentation/devicetree/bindings/misc/adapteva,*.yaml', 'F:\tdrivers/misc/epiphany/', 'F:\tinclude/uapi/misc/epiphany.h',
  ].join('\n');
  const titles = [...text.matchAll(/(?<=\n\n)([^\n\t]+)\n(?=[A-Z]:\t)/g)];
  const next = titles.find(([, other]) => other > title);
  if (!next) throw new Error('MAINTAINERS has no sections');
  return `${text.slice(0, next.index)}${own}\n\n${text.slice(next.index)}`;
}

/** Its rows are in the order of the letters; the letter is that of old programs, also if others have it. */
function withIoctls(text) {
  const last = [...text.matchAll(/^('E' +)(\S+ +)(\S+ +)(conflict!)$/gm)].at(-1);
  if (!last) throw new Error('ioctl-number.rst has no row that conflicts');
  const [row, letter, numbers, file] = last;
  const own = letter + '10-16'.padEnd(numbers.length) + 'misc/epiphany.h'.padEnd(file.length) + 'conflict!';
  return text.replace(row, `${row}\n${own}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { values, positionals } = parseArgs({ options: { author: { type: 'string' } }, allowPositionals: true });
    if (positionals.length !== 1) throw new Error('into which folder?');
    const folder = resolve(positionals[0]);
    writeSeries({ tree: await kernelSource('newest'), folder, author: values.author });
    console.log(`${folder}: driver/ and arm/, for different lists`);
  } catch (error) {
    console.error(`kernel-upstream: ${error.message}`);
    process.exitCode = 1;
  }
}
