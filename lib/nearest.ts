// SPDX-License-Identifier: MIT
/** What somebody may have meant. */

/** The name that is most like `word`, if that differs in no more than a third of its letters. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const given = word.toLowerCase();
  const [best] = names.map((name) => ({ name, edits: editsBetween(given, name.toLowerCase()) })).sort((a, b) => a.edits - b.edits);
  return best && best.edits <= Math.max(1, Math.floor(given.length / 3)) ? best.name : undefined;
}

/** Letters to insert, delete, replace, or swap with their neighbour, to make one word of the other. */
function editsBetween(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; ++i) {
    const next = [i];
    for (let j = 1; j <= to.length; ++j) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      next[j] = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (isSame ? 0 : 1), isSwapped ? (before[j - 2] as number) + 1 : Infinity);
    }
    [before, row] = [row, next];
  }
  return row[to.length] as number;
}
