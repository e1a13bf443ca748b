#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// node scripts/example.mjs NAME [BOARD]: runs the host program of an example; scripts/bootstrap.mjs has compiled it.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const compiled = fileURLToPath(new URL('../dist/examples', import.meta.url));
const names = readdirSync(compiled);
const [name, ...parameters] = process.argv.slice(2);
if (!names.includes(name)) {
  process.stderr.write(`usage: npm run -s example -- NAME [BOARD], with one of: ${names.join(', ')}\n`);
  process.exit(2);
}
const file = [`${compiled}/${name}/main.js`, `${compiled}/${name}/${name}.js`].find(existsSync);
// The program is to find itself called, and its arguments where it looks for them.
process.argv.splice(1, process.argv.length, file, ...parameters);
try {
  await import(pathToFileURL(file).href);
} catch (error) {
  process.stderr.write(`${name}: ${error.code ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
