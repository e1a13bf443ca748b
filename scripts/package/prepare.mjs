// SPDX-License-Identifier: MIT
//
// npm's "prepare": makes of a clone what a package must hold, for users who install it by git or from its folder. The addon
// is then built from source where it is installed, with the headers that are put beside it here.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { bootstrap } from '../bootstrap.mjs';
import { Failure } from '../lib/cached-build.mjs';
import { dropStalePrebuild, freshHeaders, prebuiltArchitectures } from './prebuild.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

try {
  if (existsSync(`${root}node_modules/.bin/tsc`)) {
    bootstrap(['library']);
    freshHeaders();
    prebuiltArchitectures.forEach(dropStalePrebuild);
  } else {
    process.stderr.write('node-epiphany: the packages for development were left out, so the library is not compiled: "npm run bootstrap" does it\n');
  }
} catch (error) {
  process.stderr.write(`prepare: ${error instanceof Failure ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
