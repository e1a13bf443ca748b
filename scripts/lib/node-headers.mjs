// SPDX-License-Identifier: MIT
// Where the headers of the running Node are: node-gyp would otherwise download them.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Failure } from './cached-build.mjs';

/** The file, and the Debian package that has it: only Debian's own Node comes without. */
export const nodeHeadersNeeds = realpathSync(process.execPath) === '/usr/bin/node' && !process.env.npm_config_nodedir ? { '/usr/include/node/node_api.h': 'libnode-dev' } : {};

/** The prefix under which include/node lies. Throws, saying what to install, if there is none. */
export function nodeHeaders() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const candidates = [process.env.npm_config_nodedir, prefix].filter(Boolean);
  const found = candidates.find((candidate) => existsSync(join(candidate, 'include', 'node', 'node_api.h')));
  if (found) return found;
  throw new Failure(
    `the headers of Node ${process.version} are not under ${candidates.map((candidate) => join(candidate, 'include', 'node')).join(' or ')}; ` +
      'with the Node of Debian: apt-get install libnode-dev; with another one: set npm_config_nodedir to its prefix',
  );
}
