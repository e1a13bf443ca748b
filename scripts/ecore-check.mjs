#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/**
 * Proves that each committed *.elf and *.srec of the examples and of the benchmark is what its README says it is made
 * of: runs the README's `epiphany-elf-…` lines in a copy of the directory without these files, and compares byte by byte.
 *
 * Exit code: 0 all equal, 1 a difference or a build that fails, 2 not checked because there is no toolchain.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEcoreTools } from './ecore-tools.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const folders = ['examples', 'test/bench/chip'];

const tools = findEcoreTools();
if (tools === undefined) {
  console.error('not checked: no epiphany-elf-as on PATH, none in the cache (npm run ecore:toolchain builds it)');
  process.exit(2);
}
const isImage = (name) => /\.(elf|srec)$/.test(name);
const imagesOf = (folder) => fs.readdirSync(path.join(repository, folder), { recursive: true }).filter(isImage).sort();
const images = folders.flatMap((folder) => imagesOf(folder).map((image) => path.join(folder, image)));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'ecore-check-'));
try {
  const wrong = images.map((image) => [image, check(image)]).filter(([, trouble]) => trouble !== undefined);
  for (const [image, trouble] of wrong) console.error(`${image}: ${trouble}`);
  if (images.length === 0) console.error('there is no *.elf or *.srec to check');
  if (wrong.length > 0) console.error(`built here with ${version()}`);
  if (images.length === 0 || wrong.length > 0) process.exitCode = 1;
  else console.log(`checked: ${images.join(', ')}`);
} finally {
  fs.rmSync(scratch, { recursive: true });
}

/** Rebuilds one image; what is wrong with it, if anything. */
function check(image) {
  const committed = path.join(repository, image);
  const directory = path.join(scratch, path.dirname(image));
  fs.cpSync(path.dirname(committed), directory, { recursive: true, filter: (name) => !isImage(name) });
  const readme = fs.readFileSync(path.join(directory, 'README.md'), 'utf8');
  const lines = readme.split('\n').filter((line) => line.startsWith('epiphany-elf-'));
  for (const line of lines) {
    const [tool, ...options] = line.split(/\s+/);
    const { status, error, stderr } = spawnSync(path.join(tools, tool), options, { cwd: directory, encoding: 'utf8' });
    if (status !== 0) return `"${line}" failed: ${error?.message ?? stderr.trim()}`;
  }
  const rebuilt = path.join(scratch, image);
  if (!fs.existsSync(rebuilt)) return 'no line of its README.md builds it';
  return difference(fs.readFileSync(committed), fs.readFileSync(rebuilt));
}

/** Where the rebuilt file departs from the committed one, if it does. */
function difference(committed, rebuilt) {
  if (committed.equals(rebuilt)) return undefined;
  const first = committed.findIndex((byte, offset) => byte !== rebuilt[offset]);
  const offset = first < 0 ? committed.length : first;
  return `differs from offset 0x${offset.toString(16)} on: ${committed.length} bytes committed, ${rebuilt.length} rebuilt`;
}

function version() {
  return spawnSync(path.join(tools, 'epiphany-elf-as'), ['--version'], { encoding: 'utf8' }).stdout.split('\n', 1)[0];
}
