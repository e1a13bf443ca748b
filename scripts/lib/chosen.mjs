// SPDX-License-Identifier: MIT
import { Failure } from './cached-build.mjs';

/**
 * What of `names` somebody has asked for by `words`; all of it if there are none. A word that means none of them is
 * refused: nothing would be done for it, and that would look as if all had gone well.
 */
export function chosen(kind, words, names, isMeant = (name, word) => name === word) {
  const unknown = words.filter((word) => !names.some((name) => isMeant(name, word)));
  if (unknown.length > 0) throw new Failure(`no ${kind} ${listed(unknown)}; there are ${listed(names)}`);
  return words.length === 0 ? names : names.filter((name) => words.some((word) => isMeant(name, word)));
}

const listed = (names) => names.map((name) => `'${name}'`).join(', ');
