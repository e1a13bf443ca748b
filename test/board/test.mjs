#!/usr/bin/env node
// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { bootstrap } from '../../scripts/bootstrap.mjs';
import { Failure } from '../../scripts/lib/cached-build.mjs';

const USAGE = `Usage: npm run test:board -- [OPTION…] [TEXT]

Runs the conformance suite, the system tests and those of the driver on a virtual board, or those that have TEXT in
their name, such as "mailbox:".

  --here                on this machine instead, which is a Parallella
  --device PATH         its board; default: /dev/epiphany/mesh0
  --kernel, --chip, --node NAME    as of npm run board
`;

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parsed();

function parsed() {
  const options = {
    here: { type: 'boolean', default: false },
    device: { type: 'string', default: '/dev/epiphany/mesh0' },
    kernel: { type: 'string' },
    chip: { type: 'string' },
    node: { type: 'string' },
    help: { type: 'boolean', default: false },
  };
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    process.stderr.write(`test:board: ${error.message}\n`);
    process.exit(2);
  }
}

/** Whether there are such a kernel, chip and Node; a real board has those that it has. */
async function areKnown() {
  if (values.here) return true;
  const [{ boardKernels }, { chips }, { foreignVersions }] = await Promise.all([import('./board.mjs'), import('./image.mjs'), import('../../scripts/package/foreign-node.mjs')]);
  const known = { kernel: boardKernels, chip: chips, node: foreignVersions };
  return Object.entries(known).every(([name, all]) => values[name] === undefined || all.includes(values[name]));
}

/** Whatever is missing is told before anything is built. By itself, on a board without compilers, it takes what is there. */
async function prepare({ here, kernel }) {
  if (here && process.env.npm_lifecycle_event === undefined) return;
  if (!here) (await import('./board.mjs')).demandBoard(kernel);
  bootstrap(['packages', 'addon', 'library', 'conformance', 'examples']);
}

/** Whether there is a test to be run; if none has `text` in its name, none would fail. */
async function hasTests({ here, kernel, chip }, [text = '']) {
  const { isWanted, suites } = await import('./suites.mjs');
  if (suites.some((suite) => suite.cases.some((each) => isWanted(suite, each, text)))) return true;
  const { setsFor } = here ? { setsFor: () => [] } : await import('./driver-tests.mjs');
  if (setsFor({ kernel, chip, text }).length > 0) return true;
  const titles = [...suites.map(({ title }) => title), ...(here ? [] : ['driver'])];
  process.stderr.write(`test:board: no test has '${text}' in its name; they begin with ${titles.map((title) => `'${title}: '`).join(', ')}\n`);
  return false;
}

/** Vitest wants a newer Node than a board may have. */
async function onThisMachine([text = ''], device) {
  const { buildClients } = await import('./clients.mjs');
  buildClients('cc', process.arch);
  return [process.execPath, ['--expose-gc', '--test-reporter=spec', 'test/board/run-suites.mjs', device, text], {}];
}

function onVirtualBoard([text], { kernel, chip, node }) {
  const environment = { ...process.env, BOARD_OPTIONS: JSON.stringify({ text, kernel, chip, node }) };
  return [process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/board/vitest.config.mjs', '--reporter=verbose'], { env: environment }];
}

async function main() {
  if (values.help) return void process.stdout.write(USAGE);
  if (positionals.length > 1 || !(await areKnown())) throw new Failure(USAGE);
  await prepare(values);
  if (!(await hasTests(values, positionals))) return void (process.exitCode = 2);
  const [program, options, settings] = values.here ? await onThisMachine(positionals, values.device) : onVirtualBoard(positionals, values);
  process.exitCode = spawnSync(program, options, { cwd: root, stdio: 'inherit', ...settings }).status ?? 1;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`test:board: ${error.message}\n`);
  process.exitCode = 2;
}
