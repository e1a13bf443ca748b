// SPDX-License-Identifier: MIT
//
//   node test/board/run-suites.mjs BOARD [TEXT]
//
// Runs all suites on this machine, or those cases that have TEXT in their name, under node:test.

import test from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { lacks } from '../../dist/conformance/needs.js';
import { fullName, isWanted, suites } from './suites.mjs';

/** Longer than the slowest case takes on the slowest kernel. */
const TIMEOUT_IN_MS = 900_000;

const [path, text] = process.argv.slice(2);

/** As a function of node:test. What came of the case before it is reported first, should this one never end. */
const runnable = (each, open) => async (t) => {
  await setImmediate();
  await each.run(open, { path, note: (line) => t.diagnostic(line) });
};

for (const suite of suites) {
  const open = () => suite.open(path);
  const board = open();
  for (const each of suite.cases.filter((some) => isWanted(suite, some, text))) {
    const missing = [...lacks(board, each.needs ?? []), ...(each.features ?? []).filter((name) => !board.features[name])];
    const skip = missing.length > 0 && `this board has no ${missing.join(', ')}`;
    void test(fullName(suite, each), { skip, timeout: TIMEOUT_IN_MS }, runnable(each, open));
  }
  board.close();
}
