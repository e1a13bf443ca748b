// SPDX-License-Identifier: MIT
// Other versions of Node: the newest of a major that there is as npm package, which holds the official binary.

import { join } from 'node:path';

import { cached } from './cache.mjs';
import { run } from './run.mjs';

/** The folder with its `node` and nothing else. It is kept in the user's cache; deleting it fetches the newest again. */
export const officialNode = (major) =>
  cached(`node-${process.arch}-${major}`, (scratch) => {
    const tarball = run(['npm', 'pack', '--silent', `node-linux-${process.arch}@${major}`], { cwd: scratch }).trim();
    run(['tar', '-xzf', tarball, '--strip-components=1', 'package/bin/node'], { cwd: scratch });
    return join(scratch, 'bin');
  });
