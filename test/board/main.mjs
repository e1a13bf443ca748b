#!/usr/bin/env node
// SPDX-License-Identifier: MIT
import { parseArgs } from 'node:util';

import { bootstrap } from '../../scripts/bootstrap.mjs';
import { Failure } from '../../scripts/lib/cached-build.mjs';
import { foreignVersions } from '../../scripts/package/foreign-node.mjs';
import { boardKernels, boot, demandBoard } from './board.mjs';
import { chips } from './image.mjs';

const USAGE = `Usage: npm run -s board -- [OPTION…] [COMMAND…]

Boots a virtual Parallella and runs a command on it, or a shell. Its exit code is the command's, or 125 if the board
went down. The project is in /project there, and what is written to it stays.

  --kernel NAME         ${boardKernels.join(', ')}; default: ${boardKernels[0]}. Debian's, those with a number and newest,
                        run on another machine with the same chip: no Debian has one for a Parallella
  --chip NAME           ${chips.join(', ')}; default: ${chips[0]}
  --node VERSION        ${foreignVersions.join(', ')}; default: ${foreignVersions[0]}
  --module FOLDER       builds kernel modules, and loads them before the command; more than once if need be
  --overlay FILE        of the device tree, instead of those of the chip; more than once if need be
  --no-driver           leaves the driver out, which is loaded otherwise
  --append TEXT         more of a kernel command line
  --timeout SECONDS     when a board is taken for dead, at most a week; default: 600, for a shell never
  --keep                leaves the board's console and its files where they are
`;

const WEEK_IN_S = 7 * 24 * 3600;

const OPTIONS = {
  kernel: { type: 'string', default: boardKernels[0] },
  chip: { type: 'string', default: chips[0] },
  node: { type: 'string', default: foreignVersions[0] },
  module: { type: 'string', multiple: true, default: [] },
  overlay: { type: 'string', multiple: true },
  'no-driver': { type: 'boolean', default: false },
  append: { type: 'string', default: '' },
  timeout: { type: 'string' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

/** Ours end where the command's begin: at the first word that is no option, and no option's value. */
function split(words) {
  let at = 0;
  while (at < words.length && words[at].startsWith('--') && words[at] !== '--') {
    const { type } = OPTIONS[words[at].slice(2)] ?? {};
    at += type === 'string' ? 2 : 1;
  }
  return [words.slice(0, at), words.slice(words[at] === '--' ? at + 1 : at)];
}

async function main(words) {
  const [options, command] = split(words);
  const { values } = parseArgs({ args: options, options: OPTIONS });
  if (values.help) return void process.stdout.write(USAGE);
  const isKnown = boardKernels.includes(values.kernel) && chips.includes(values.chip) && foreignVersions.includes(values.node);
  const timeout = Number(values.timeout ?? (command.length > 0 ? 600 : 0));
  if (!isKnown || !(timeout >= 0 && timeout <= WEEK_IN_S)) throw new Failure(USAGE);
  demandBoard(values.kernel);
  bootstrap(['packages', 'library', 'examples']); // the addon there is another one
  const { ended } = await boot(command, {
    kernel: values.kernel,
    chip: values.chip,
    node: values.node,
    hasDriver: !values['no-driver'],
    modules: values.module,
    overlays: values.overlay,
    append: values.append,
    timeout,
    keep: values.keep,
    stdin: process.stdin,
    outputs: { stdout: process.stdout, stderr: process.stderr },
  });
  process.exitCode = await ended;
  process.stdin.destroy();
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isTold = error instanceof Failure || error.code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`board: ${isTold ? error.message : error.stack}\n`);
  process.exitCode = 125;
}
