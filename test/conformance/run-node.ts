// SPDX-License-Identifier: MIT
/**
 * Runs the conformance suite under node:test, which also runs on boards with Node 18.
 * Usage: node dist/conformance/run-node.js [BOARD]; default: the first real board.
 */
import test from 'node:test';
import { openBoard } from 'node-epiphany';
import { cases } from './cases.js';
import { lacks } from './needs.js';

const path = process.argv[2];

for (const { name, needs = [], run } of cases) {
  const board = openBoard(path);
  const missing = lacks(board, needs);
  board.close();
  const skip = missing.length > 0 && `this board has no ${missing.join(', ')}`;
  void test(name, { skip }, () => run(() => openBoard(path)));
}
