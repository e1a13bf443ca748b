// SPDX-License-Identifier: MIT
/** What the command line says of a board. */
import assert from 'node:assert/strict';
import { dirname } from 'node:path';

import { onBoard, root, run } from './tools.mjs';

/** What a command prints for machines. */
function epiphany(...parameters) {
  const { status, stdout, stderr } = run(process.execPath, `${root}dist/cli/main.js`, ...parameters, '--json');
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  return JSON.parse(stdout);
}

export const cases = [
  onBoard('the command line lists this board, with its chip and its state', [], (board, { path }) => {
    board.core(0, 0).readWord(0); // it has power from now on
    const listed = epiphany('list', dirname(path)).boards.find((each) => each.board === path);
    const { type, rows, columns } = board.chip;
    assert.deepEqual([listed.type, listed.rows, listed.columns, listed.cores], [type, rows, columns, rows * columns]);
    assert.equal(listed.status.powered, board.status().powered);
  }),
];
