// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory with the epiphany-elf tools: whatever is on PATH, else what `npm run ecore:toolchain` built, with a compiler rather than without. */
export function findEcoreTools() {
  const search = (process.env.PATH ?? '').split(':');
  const onPath = search.find((directory) => fs.existsSync(path.join(directory, 'epiphany-elf-as')));
  if (onPath !== undefined) return path.resolve(onPath);
  const script = fileURLToPath(new URL('toolchain.mjs', import.meta.url));
  for (const which of [[], ['--only', 'binutils']]) {
    const { status, stdout } = spawnSync(process.execPath, [script, '--print', ...which], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  return undefined;
}
