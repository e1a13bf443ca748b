// SPDX-License-Identifier: MIT
//
//   node scripts/kernel/source.mjs 5.10|6.1|6.12|newest
//
// Debian's source of a kernel, unpacked in the user's cache. It is shared: nobody writes there; builds have their O=.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cached, cachePath } from '../lib/cache.mjs';
import { chosen } from '../lib/chosen.mjs';
import { inFirstSuite, unpack } from '../lib/debian.mjs';
import { kernels } from './headers.mjs';
import { run } from '../lib/run.mjs';

/** The folder with the source of a kernel, or with no more of it than these `paths`. */
export function kernelSource(kernel, paths = []) {
  return withSource(kernel, paths, (suite, item, name) =>
    cached(name, async (scratch) => {
      const folder = join(scratch, 'tree');
      mkdirSync(folder);
      const files = await suite.fetch([item]);
      process.stderr.write(`kernel-source: unpacking ${item.name} ${item.version}\n`);
      unpack(files, scratch);
      const sources = join(scratch, 'usr/src');
      const tarball = readdirSync(sources).find((file) => /^linux-source-[\d.]+\.tar\.xz$/.test(file));
      const members = paths.map((path) => `${tarball.replace('.tar.xz', '')}/${path}`);
      run(['tar', '-xf', join(sources, tarball), '-C', folder, '--strip-components=1', ...members]);
      rmSync(sources, { recursive: true });
      return folder;
    }),
  );
}

/** Where that is, whether it is there or not. */
export const kernelSourcePlace = (kernel, paths = []) => withSource(kernel, paths, (suite, item, name) => cachePath(name));

/** What `use` returns, which is given the suite, the package and its name in the cache. */
function withSource(kernel, paths, use) {
  return inFirstSuite(kernels[kernel], 'armhf', async (suite) => {
    const [, item] = await suite.closure(['linux-source'], (name) => name.startsWith('linux-source-'));
    const key = createHash('sha256').update([item.sha256, ...paths].join()).digest('hex').slice(0, 12);
    return use(suite, item, `${item.name}-${item.version}-${key}`);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const [name] = chosen('kernel', [process.argv[2] ?? ''], Object.keys(kernels));
    console.log(await kernelSource(name));
  } catch (error) {
    console.error(`kernel-source: ${error.message}`);
    process.exitCode = 1;
  }
}
