// SPDX-License-Identifier: MIT
/** The C programs of clients/ as build-board/clients-ARCHITECTURE/NAME, built where something has changed. */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { run } from '../../scripts/run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'test/board/clients');
const header = join(root, 'kernel/include/uapi');

/** With this compiler, for machines of this name. Linked statically: a board need not have this machine's libraries. */
export function buildClients(compiler, architecture) {
  const target = join(root, `build-board/clients-${architecture}`);
  mkdirSync(target, { recursive: true });
  const changed = Math.max(...[folder, join(header, 'misc')].flatMap((place) => readdirSync(place).map((name) => statSync(join(place, name)).mtimeMs)));
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.c'))) {
    const made = join(target, name.replace(/\.c$/, ''));
    if (existsSync(made) && statSync(made).mtimeMs > changed) continue;
    run([compiler, '-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-pthread', `-I${header}`, join(folder, name), '-o', made]);
  }
}
