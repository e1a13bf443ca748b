// SPDX-License-Identifier: MIT
/** Text of others, which may be anything, for a terminal, which may obey it. */

/**
 * Characters that are not seen, or that change how others are seen: controls, line ends, marks of direction and other
 * formats, odd spaces, halves of pairs, and what Unicode gives no meaning.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Foreign text as one line that shows what it holds: names in files, paths, messages of others. Doing it again changes nothing. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}

/** The same for a JSON document: its strings stay what they are, as JSON has escapes of its own. */
export function printableJson(json: string): string {
  return json.replace(UNSEEN, (character) => Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''));
}
