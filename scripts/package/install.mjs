// SPDX-License-Identifier: MIT
// The package's install script: does nothing if an addon that loads is there, else builds one from source.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Tried in a process of its own: a file that is damaged may end the process that loads it. */
function stateOf(folder) {
  const path = `${root}${folder}/epiphany.node`;
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return 'none';
  const { status, signal } = spawnSync(process.execPath, ['--eval', 'require(process.argv[1])', path], { stdio: 'ignore' });
  if (signal) process.stderr.write(`node-epiphany: ${path} is damaged: to load it ends the process by ${signal}\n`);
  return signal ? 'damaged' : status === 0 ? 'loads' : 'none'; // one for another machine harms nobody
}

function build() {
  process.stderr.write(`node-epiphany has no prebuilt addon for ${process.platform}-${process.arch} that loads; building it\n`);
  // npm puts its own node-gyp first on the path of install scripts.
  const result = spawnSync('node-gyp', ['rebuild'], { cwd: root, stdio: 'inherit' });
  if (result.error || result.status !== 0) {
    process.stderr.write('node-epiphany: the addon could not be built; it needs python3, make, g++ and the headers of Node\n');
    process.exit(1);
  }
}

const isClone = existsSync(`${root}lib`); // where "npm run bootstrap" builds everything, and says so
if (!isClone) {
  // In the order in which the library tries them.
  const found = ['build/Release', `prebuilds/${process.platform}-${process.arch}`].map(stateOf).find((state) => state !== 'none');
  if (found !== 'loads') build();
}
