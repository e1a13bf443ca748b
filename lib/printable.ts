// SPDX-License-Identifier: MIT
/** Text of others, which may be anything, for a terminal, which may obey it. */

/**
 * Characters that are not seen, or that change how others are seen: controls, line ends, marks of direction and other
 * formats, odd spaces, halves of pairs, what Unicode gives no meaning, what it says is ignored where it has no effect, such as
 * fillers and variation selectors, and the letters and symbols that are blank.
 */
const UNSEEN = /[\u{16fe4}\p{C}\p{Zl}\p{Zp}\p{DI}\u2800\u{1d159}]|(?! )\p{Zs}/gu;

/**
 * Foreign text as one line that shows what it holds: names in files, paths, messages of others. Doing it again
 * changes nothing, as messages may come here more than once; so a backslash stays one, and a name that has `\u{1b}` in it
 * looks like one with that character. As JSON the two differ.
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}

/** The same for a JSON document: its strings stay what they are, as JSON has escapes of its own. */
export function printableJson(json: string): string {
  return json.replace(UNSEEN, (character) => Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''));
}
