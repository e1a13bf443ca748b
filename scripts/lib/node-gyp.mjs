// SPDX-License-Identifier: MIT
// What node-gyp takes beside a compiler, and what decides beside the files it is given what it makes of them.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { nodeHeaders, nodeHeadersNeeds } from './node-headers.mjs';

/** The programs and files, and the Debian packages that have them. */
export const gypNeeds = { ...nodeHeadersNeeds, python3: 'python3', make: 'make' };

/** Variables that binding.gyp, node-gyp, gyp, the Makefile that it writes, or the compiler reads. */
const VARIABLES = /^(CI|(npm_config|npm_package_config_node_gyp)_(arch|debug|thin)|GYP_\w+|(CC|CXX|AR|LINK)(_target|_host)?|(CPP|C|CXX|LD)FLAGS|(C|CPLUS_INCLUDE_|LIBRARY_)PATH)$/i;

/** Of the headers of Node: which ones they are, and the options by which that Node was compiled, which node-gyp takes over. */
const HEADERS = ['node_version.h', 'config.gypi'];

/** The setting, as of keepFresh(), for what node-gyp builds in this environment. Without a compiler or headers there is one, too: no product has it. */
export function gypSetting(environment = process.env) {
  const variables = Object.entries(environment).filter(([name]) => VARIABLES.test(name)).sort();
  const compiler = spawnSync('sh', ['-c', `${environment.CXX || 'g++'} --version`], { encoding: 'utf8' }).stdout;
  return JSON.stringify([variables, compiler, headers()]);
}

function headers() {
  try {
    const prefix = nodeHeaders();
    return [prefix, ...HEADERS.map((name) => join(prefix, 'include/node', name)).filter(existsSync).map((file) => readFileSync(file, 'utf8'))];
  } catch (error) {
    return error.message;
  }
}
