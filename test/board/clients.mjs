// SPDX-License-Identifier: MIT
/** The C programs of clients/ as build-board/clients-ARCHITECTURE/NAME, built where something has changed. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { demandTools, keyOf } from '../../scripts/lib/cached-build.mjs';
import { run } from '../../scripts/lib/run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'test/board/clients');
const header = join(root, 'kernel/include/uapi');

/** With this compiler, for machines of this name. Linked statically: a board need not have this machine's libraries. */
export function buildClients(compiler, architecture) {
  demandTools({ [compiler]: compiler === 'cc' ? 'gcc' : compiler.replace(/(.*)-gcc$/, 'gcc-$1') });
  const target = join(root, `build-board/clients-${architecture}`);
  mkdirSync(target, { recursive: true });
  const headers = [folder, join(header, 'misc')].flatMap((place) => readdirSync(place).filter((name) => name.endsWith('.h')).sort().map((name) => join(place, name)));
  const common = [run([compiler, '--version']), ...[fileURLToPath(import.meta.url), ...headers].map((file) => readFileSync(file))];
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.c'))) {
    const source = join(folder, name);
    const made = join(target, name.replace(/\.c$/, ''));
    const key = keyOf(...common, readFileSync(source));
    if (hasKey(made, key)) continue;
    const scratch = mkdtempSync(`${made}.`);
    try {
      // The key is the program's build ID, of whole words: it comes with the program, also if others make one meanwhile.
      const program = join(scratch, 'program');
      run([compiler, '-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-pthread', `-Wl,--build-id=0x0000${key}`, `-I${header}`, source, '-o', program]);
      renameSync(program, made);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  }
}

const hasKey = (program, key) => existsSync(program) && readFileSync(program).includes(Buffer.from(key, 'hex'));
