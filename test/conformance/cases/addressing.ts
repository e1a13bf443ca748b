// SPDX-License-Identifier: MIT
/** The chip, and how its cores are found. */
import assert from 'node:assert/strict';
import { NO_INTEGERS, NO_NUMBERS, onBoard, OUT_OF_RANGE, SRAM_BYTES, WRONG_TYPE, type Case } from '../case.js';

export const addressing: Case[] = [
  onBoard('the chip is one that exists, with its cores in a rectangle from its origin', (board) => {
    const { type, rows, columns, origin } = board.chip;
    assert.deepEqual([rows, columns], { E16G301: [4, 4], E64G401: [8, 8] }[type]);
    assert.equal(board.cores.length, rows * columns);
    assert.equal(board.core(0, 0).id, origin);
    for (const core of board.cores) {
      assert.equal(core.id, origin + (core.row << 6) + core.column);
      assert.equal(core.address, core.id * 2 ** 20);
    }
  }),
  onBoard('a core is one and the same by coordinate, by core ID and in the list', (board) => {
    for (const core of board.cores) {
      assert.equal(board.core(core.row, core.column), core);
      assert.equal(board.coreById(core.id), core);
    }
  }),
  onBoard('coordinates and core IDs outside the chip are refused', (board) => {
    const { rows, columns, origin } = board.chip;
    for (const bad of [...NO_INTEGERS, rows]) assert.throws(() => board.core(bad, 0), OUT_OF_RANGE, `row ${bad}`);
    for (const bad of [...NO_INTEGERS, columns]) assert.throws(() => board.core(0, bad), OUT_OF_RANGE, `column ${bad}`);
    for (const bad of NO_NUMBERS) {
      assert.throws(() => board.core(bad as number, 0), WRONG_TYPE);
      assert.throws(() => board.core(0, bad as number), WRONG_TYPE);
      assert.throws(() => board.coreById(bad as number), WRONG_TYPE);
    }
    const outside = [0, origin - 1, origin - 64, origin + columns, origin + rows * 64, 0xfff, 0x1000];
    for (const bad of [...NO_INTEGERS, ...outside]) assert.throws(() => board.coreById(bad), OUT_OF_RANGE, `core ID ${bad}`);
  }),
  onBoard('each core has SRAM of its own', (board) => {
    for (const core of board.cores) core.write(0, new Uint32Array(SRAM_BYTES / 4).fill(core.id));
    for (const core of board.cores) assert.ok(core.words.every((word) => word === core.id), `core ${core.id}`);
  }),
];
