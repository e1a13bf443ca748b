// SPDX-License-Identifier: MIT
import { fileURLToPath } from 'node:url';
import { openBoard } from 'node-epiphany';

const PROGRAM = fileURLToPath(new URL('hello.elf', import.meta.url.replace('/dist/examples/', '/examples/')));

/** Runs hello.elf on all cores. What each of them printed, by core ID. */
export async function hello(path?: string): Promise<Map<number, string>> {
  using board = openBoard(path);
  using group = board.workgroup(); // all cores of the chip
  await group.load(PROGRAM);
  group.start();
  const texts = new Map<number, string>();
  // Cores run at the same time: which one is heard first is anybody's guess.
  for await (const { core, text } of group.output) texts.set(core.id, (texts.get(core.id) ?? '') + text);
  for (const { core, exitCode } of await group.finished()) {
    if (exitCode !== 0) throw new Error(`core ${core.row},${core.column} ended with exit code ${exitCode}`);
  }
  return texts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const texts = await hello(process.argv[2]);
  for (const [, text] of [...texts].sort()) process.stdout.write(text);
}
