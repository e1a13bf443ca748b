#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/**
 * Proves that each committed *.elf and *.srec is what the README beside it says it is made of: runs that README's
 * `epiphany-elf-…` and `epiphany cc` lines in a copy of the directory without these files, and compares byte by byte.
 *
 * Exit code: 0 all equal, 1 a difference or a build that fails, 2 not checked because there is no toolchain. With
 * assembler and linker but without a compiler, what is written in C is not checked, and said so.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEcoreTools } from './tools.mjs';
import { run } from '../lib/run.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const PLACES = ['examples', 'test/bench/chip', 'test/board/system', 'test/ecore'];

const tools = findEcoreTools();
if (tools === undefined) {
  console.error('not checked: no epiphany-elf-as on PATH, none in the cache (npm run ecore:toolchain builds it)');
  process.exit(2);
}
const hasCompiler = fs.existsSync(path.join(tools, 'epiphany-elf-gcc'));
const isImage = (name) => /\.(elf|srec)$/.test(name);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'ecore-check-'));
try {
  const images = PLACES.flatMap((place) => filesBelow(place).filter(isImage)).sort();
  const directories = [...new Set(images.map((image) => path.dirname(image)))];
  const outcomes = directories.flatMap((directory) => check(directory, images.filter((image) => path.dirname(image) === directory)));
  const those = (kind) => outcomes.filter((outcome) => outcome.kind === kind);
  for (const { image, trouble } of those('wrong')) console.error(`${image}: ${trouble}`);
  if (those('unchecked').length > 0) console.log(`not checked, for want of epiphany-elf-gcc: ${those('unchecked').map(({ image }) => image).join(', ')}`);
  if (images.length === 0) console.error('there is no *.elf or *.srec to check');
  if (those('wrong').length > 0) console.error(`built here with ${versions()}`);
  if (images.length === 0 || those('wrong').length > 0) process.exitCode = 1;
  else console.log(`checked: ${those('equal').map(({ image }) => image).join(', ')}`);
} finally {
  fs.rmSync(scratch, { recursive: true });
}

function filesBelow(place) {
  return fs.readdirSync(path.join(repository, place), { recursive: true }).map((name) => path.join(place, name));
}

/** Rebuilds the images of one directory; for each, whether it is equal. */
function check(directory, images) {
  const copy = path.join(scratch, directory);
  fs.cpSync(path.join(repository, directory), copy, { recursive: true, filter: (name) => !isImage(name) });
  const readme = fs.readFileSync(path.join(copy, 'README.md'), 'utf8');
  const lines = readme.split('\n').filter((line) => /^epiphany(-elf-\S+| cc) /.test(line));
  const buildable = hasCompiler ? lines : lines.filter((line) => !line.startsWith('epiphany cc'));
  if (buildable.some((line) => line.startsWith('epiphany cc'))) run(['node', path.join(repository, 'scripts/bootstrap.mjs'), '--quiet']);
  const troubles = buildable.map((line) => build(line, copy)).filter((trouble) => trouble !== undefined);
  return images.map((image) => {
    const isIn = (line) => line.split(/\s+/).includes(path.basename(image));
    const rebuilt = path.join(scratch, image);
    if (!lines.some(isIn)) return { kind: 'wrong', image, trouble: 'no line of its README.md builds it' };
    if (!buildable.some(isIn)) return { kind: 'unchecked', image };
    if (!fs.existsSync(rebuilt)) return { kind: 'wrong', image, trouble: troubles.join('\n') || 'no line of its README.md builds it' };
    const trouble = difference(fs.readFileSync(path.join(repository, image)), fs.readFileSync(rebuilt));
    return trouble === undefined ? { kind: 'equal', image } : { kind: 'wrong', image, trouble };
  });
}

/** Runs a build line; what went wrong, if anything. */
function build(line, cwd) {
  const [tool, ...options] = line.split(/\s+/);
  const command = tool === 'epiphany' ? [process.execPath, path.join(repository, 'dist/cli/main.js')] : [path.join(tools, tool)];
  // The compiler of the tools found here, whatever else is on PATH.
  const env = { ...process.env, PATH: `${tools}:${process.env.PATH}` };
  const { status, error, stderr } = spawnSync(command[0], [...command.slice(1), ...options], { cwd, env, encoding: 'utf8' });
  return status === 0 ? undefined : `"${line}" failed: ${error?.message ?? stderr.trim()}`;
}

/** Where the rebuilt file departs from the committed one, if it does. */
function difference(committed, rebuilt) {
  if (committed.equals(rebuilt)) return undefined;
  const first = committed.findIndex((byte, offset) => byte !== rebuilt[offset]);
  const offset = first < 0 ? committed.length : first;
  return `differs from offset 0x${offset.toString(16)} on: ${committed.length} bytes committed, ${rebuilt.length} rebuilt`;
}

function versions() {
  const programs = ['epiphany-elf-as', ...(hasCompiler ? ['epiphany-elf-gcc'] : [])];
  return programs.map((program) => run([path.join(tools, program), '--version']).split('\n', 1)[0]).join(' and ');
}
