// SPDX-License-Identifier: MIT
// What takes long to make and is the same in every clone is kept in the user's cache. All of it may be deleted.

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

// By the XDG rule a relative path counts as unset.
const { XDG_CACHE_HOME = '' } = process.env;
const cache = join(isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache'), 'node-epiphany');

/** Where `name` is in the cache, if it is there. */
export const cachePath = (...name) => join(cache, ...name);

/**
 * The file or folder `name` of the cache. If absent, `make(scratch, place)` returns it, made in the folder `scratch`;
 * moving it to its `place` is the last step: what is found there is always whole.
 */
export async function cached(name, make) {
  const place = cachePath(name);
  if (!existsSync(place)) await replaceCached(name, make);
  return place;
}

/** The same, whether there is an older one or not. Only a file can be replaced; of two folders the first one stays. */
export async function replaceCached(name, make) {
  const place = cachePath(name);
  mkdirSync(dirname(place), { recursive: true });
  const scratch = mkdtempSync(`${place}.`);
  try {
    publish(await make(scratch, place), place);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return place;
}

function publish(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error; // else another process was faster, and its own is as good as ours
  }
}
