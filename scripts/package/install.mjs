// SPDX-License-Identifier: MIT
// The package's install script: does nothing if an addon that loads is there, else builds one from source.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);

function loads(path) {
  try {
    require(`${root}${path}/epiphany.node`);
    return true;
  } catch {
    return false;
  }
}

const isClone = existsSync(`${root}lib`); // where "npm run bootstrap" builds everything, and says so
const hasAddon = loads(`prebuilds/${process.platform}-${process.arch}`) || loads('build/Release');
if (!isClone && !hasAddon) {
  process.stderr.write(`node-epiphany has no prebuilt addon for ${process.platform}-${process.arch}; building it\n`);
  // npm puts its own node-gyp first on the path of install scripts.
  const result = spawnSync('node-gyp', ['rebuild'], { cwd: root, stdio: 'inherit' });
  if (result.error || result.status !== 0) {
    process.stderr.write('node-epiphany: the addon could not be built; it needs python3, make, g++ and the headers of Node\n');
    process.exit(1);
  }
}
