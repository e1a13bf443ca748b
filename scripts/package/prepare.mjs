// SPDX-License-Identifier: MIT
//
// npm's "prepare": makes of a clone what a package must hold, for whoever installs it by git. The addon is then built from
// source where it is installed, with the headers that are put beside it here.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { copyHeaders } from './prebuild.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compiler = `${root}node_modules/.bin/tsc`;

if (existsSync(`${root}node_modules/.node-epiphany/library`)) {
  // "npm run bootstrap" has compiled the library, and does so again when that is out of date.
} else if (!existsSync(compiler)) {
  process.stderr.write('node-epiphany: the packages for development were left out, so the library is not compiled: "npm run bootstrap" does it\n');
} else {
  copyHeaders();
  const { status } = spawnSync(compiler, ['-p', 'tsconfig.json'], { cwd: root, stdio: ['ignore', 2, 2] });
  process.exitCode = status ?? 1;
}
