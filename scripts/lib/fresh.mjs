// SPDX-License-Identifier: MIT
/**
 * Products of this clone that are made anew when a file that they are made from has changed, or they themselves.
 *
 * Contents are compared, never times: git, cp and clocks set those as they like, and what was deleted has none.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Failure, demandTools, keyOf, lock, lockNeeds } from './cached-build.mjs';

/** While one makes something, the files that it is made from may change: so often it is begun again. */
const MOST_ATTEMPTS = 3;

/**
 * Does `make` unless the product of `step` is fresh; says whether it had to. One at a time in a clone: `make` is given
 * the descriptor of the lock, for the commands that write the product to inherit. Should this process be killed, no other
 * run begins beside a compiler that lives on. A step is
 * - its `name` and its `title`;
 * - `ingredients` and `product`: files and folders, from `root` on; `apart`: folders in them that belong to others;
 * - `parts()`: files beside the product without which it is not whole;
 * - `needs`: the programs that making it takes, as of demandTools();
 * - `setting`: whatever else decides what is made, as a string.
 */
export function keepFresh(root, step, make) {
  if (isFresh(root, step)) return false;
  demandTools({ ...lockNeeds, ...step.needs });
  return alone(root, (clone) => {
    const stamp = stampOf(root, step);
    for (let attempt = 0; attempt < MOST_ATTEMPTS; ++attempt) {
      if (isFresh(root, step)) return attempt > 0;
      const key = ingredientsKey(root, step);
      rmSync(stamp, { force: true });
      make(clone);
      if (!existsSync(join(root, step.product))) throw new Failure(`${step.title}: there is no ${step.product} now`);
      mkdirSync(dirname(stamp), { recursive: true });
      writeFileSync(stamp, stampText(root, step, key));
    }
    if (!isFresh(root, step)) throw new Failure(`${step.title}: the files that it takes do not stay as they are`);
    return true;
  });
}

/** Deletes the product of a step unless it is fresh; says whether it did. */
export function dropStale(root, step) {
  const product = join(root, step.product);
  if (!existsSync(product) || isFresh(root, step)) return false;
  return alone(root, () => {
    if (isFresh(root, step)) return false; // it was just being made
    rmSync(product, { recursive: true, force: true });
    return true;
  });
}

/** What `use` returns, which is given the descriptor of the clone's lock. */
function alone(root, use) {
  const clone = openSync(root, 'r');
  try {
    lock(clone, root, 'another run makes something in this clone; waiting for it');
    return use(clone);
  } finally {
    closeSync(clone);
  }
}

/** Asked without the lock, too: another run may delete what is being looked at. */
function isFresh(root, step) {
  if (!existsSync(join(root, step.product))) return false;
  const stamp = ifThere(() => readFileSync(stampOf(root, step), 'utf8'));
  return stamp !== undefined && stamp === stampText(root, step, ingredientsKey(root, step));
}

const stampOf = (root, { name }) => join(root, 'node_modules/.node-epiphany', name);

const stampText = (root, { product, parts = () => [], apart = [] }, key) => `${key} ${contentKey(root, [product, ...parts()], apart)}`;

const ingredientsKey = (root, { ingredients, setting = '', apart }) => keyOf(process.version, process.arch, setting, contentKey(root, ingredients, apart));

/** Of names and contents of all files there. One that is deleted meanwhile is not among them. */
function contentKey(root, paths, apart = []) {
  const files = paths.flatMap((path) => filesUnder(root, path, apart)).map((file) => [file, ifThere(() => readFileSync(join(root, file)))]);
  return keyOf(...files.filter(([, content]) => content !== undefined).flat());
}

/** The files of a folder, in a fixed order; a file itself, or what is not there. */
function filesUnder(root, path, apart) {
  const names = ifThere(() => readdirSync(join(root, path)).sort());
  return names?.map((name) => join(path, name)).filter((inner) => !apart.includes(inner)).flatMap((inner) => filesUnder(root, inner, apart)) ?? [path];
}

/** What `read` returns; undefined if there is no such file or folder. */
function ifThere(read) {
  try {
    return read();
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes(error.code)) throw error;
  }
}
