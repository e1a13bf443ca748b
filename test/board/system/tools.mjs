// SPDX-License-Identifier: MIT
/** What several system tests do. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const elf = (name) => `${root}${name}`;

/** What `use` returns for what `open` does, which is closed then. */
export async function using(open, use) {
  const opened = open();
  try {
    return await use(opened);
  } finally {
    opened.close();
  }
}

/** A case over an open board. */
export const onBoard = (name, features, run) => ({ name, features, run: (open, tools) => using(open, (board) => run(board, { ...tools, open })) });

/** Runs a command to its end. */
export function run(program, ...args) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  if (error) throw error;
  return { status, signal, stdout, stderr };
}

/** The C programs of clients/, as they were built for this machine. */
export const client = (name) => `${root}build-board/clients-${process.arch}/${name}`;

/**
 * Another process that has the board open, while `use` does something: { say, process }, where `say(text)` gives it a
 * line and resolves to its answer. `script` is the body of an async function of `board`, `library` and `next`, which
 * answers a text and resolves to the next line.
 */
export async function withOther(path, script, use) {
  const code = `
    import * as library from 'node-epiphany';
    import { createInterface } from 'node:readline';
    const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const next = async (text) => { console.log(text); return (await lines.next()).value; };
    const board = library.openBoard(${JSON.stringify(path)});
    await (async () => { ${script} })();
    process.exit();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => (await lines.next()).value;
  try {
    await answer();
    return await use({ process: child, ended, say: (text) => (child.stdin.write(`${text}\n`), answer()) });
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}
