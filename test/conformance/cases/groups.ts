// SPDX-License-Identifier: MIT
/** Work-groups: whose cores are whose. */
import assert from 'node:assert/strict';
import { BUSY, CLOSED, onBoard, OUT_OF_RANGE, SRAM_BYTES, WRONG_TYPE, type Case } from '../case.js';

export const groups: Case[] = [
  onBoard('work-groups that want their cores for themselves do not overlap; shared ones may', (board) => {
    using first = board.workgroup({ row: 1, column: 1, rows: 2, columns: 2 });
    for (const access of ['exclusive', 'shared'] as const) assert.throws(() => board.workgroup({ row: 2, column: 2, rows: 1, columns: 1 }, { access }), BUSY);
    using beside = board.workgroup({ row: 3, column: 0, rows: 1, columns: 4 });
    assert.equal(beside.cores.length, 4);
    first.close();
    using one = board.workgroup({ rows: 2 }, { access: 'shared' });
    using two = board.workgroup({ row: 1, rows: 2 }, { access: 'shared' });
    assert.throws(() => board.workgroup({ row: 2, rows: 1 }), BUSY);
    assert.deepEqual([one.cores.length, two.cores.length], [2 * board.chip.columns, 2 * board.chip.columns]);
  }),
  onBoard('the cores of a group are those of the board, and their windows end with it', (board) => {
    const group = board.workgroup({ row: 1, column: 2, rows: 1, columns: 1 });
    const core = group.core(0);
    const own = board.core(1, 2);
    assert.deepEqual([core.id, core.row, core.column, core.address], [own.id, 1, 2, own.address]);
    core.writeWord(0x100, 0x1234);
    assert.equal(own.readWord(0x100), 0x1234);
    own.words[0x41] = 0x5678;
    assert.equal(core.words[0x41], 0x5678);
    const { words } = core;
    group.close();
    group.close();
    assert.equal(words.length, 0);
    for (const use of [() => core.readWord(0), () => core.words, () => core.registers, () => core.read(0, 1), () => core.reset(), () => words.slice(), () => group.states()]) assert.throws(use, CLOSED);
    assert.equal(own.readWord(0x100), 0x1234);
  }),
  onBoard('what is to happen to the cores of a group happens when it is closed', (board) => {
    const core = board.core(0, 1);
    const rectangle = { row: 0, column: 1, rows: 1, columns: 1 };
    const { DEBUGCMD, DEBUGSTATUS, IRET } = core.registers;
    core.writeWord(0x40, 7);
    IRET.write(0x1234);
    board.workgroup(rectangle).close();
    assert.deepEqual([core.readWord(0x40), IRET.read().value, DEBUGSTATUS.read().halted], [7, 0x1234, false]);
    board.workgroup(rectangle, { onRelease: 'halt' }).close();
    assert.equal(DEBUGSTATUS.read().halted, true);
    DEBUGCMD.write({ command: 'resume' });
    board.workgroup(rectangle, { onRelease: 'reset' }).close();
    assert.deepEqual([core.readWord(0x40), IRET.read().value], [7, 0]);
    board.workgroup(rectangle, { onRelease: 'scrub' }).close();
    assert.ok(core.words.every((word) => word === 0));
  }, ['registers']),
  onBoard('a dead man stores his word when the group is let go of', (board) => {
    const core = board.core(2, 1);
    core.writeWord(0x80, 0);
    const rectangle = { row: 2, column: 1, rows: 1, columns: 1 };
    board.workgroup(rectangle, { onRelease: 'scrub', deadMan: { address: core.address + 0x80, value: 0xdeadbeef } }).close();
    assert.equal(core.readWord(0x80), 0xdeadbeef);
    using buffer = board.dram.alloc(4096);
    board.workgroup(rectangle, { deadMan: { address: buffer.address + 12, value: 5, buffer } }).close();
    assert.equal(new Uint32Array(buffer.bytes.buffer)[3], 5);
  }, ['claims', 'dram', 'registers']),
  onBoard('options of a group are checked before anything is done', (board) => {
    const { address } = board.core(0, 0);
    const one = { rows: 1, columns: 1 };
    const make = (options: unknown) => () => board.workgroup(one, options as object);
    for (const bad of [null, 1, { deadMan: 5 }, { deadMan: null }, { deadMan: {} }, { deadMan: { address, value: '1' } }, { deadMan: { address, value: 1, buffer: {} } }]) assert.throws(make(bad), WRONG_TYPE);
    for (const bad of [{ access: 'mine' }, { onRelease: 'explode' }, { onRelease: 'toString' }]) assert.throws(make(bad), OUT_OF_RANGE);
    for (const place of [address + 1, address + SRAM_BYTES, address + 2 ** 20, 0x100, 0x8e000000, -4, 2 ** 32]) assert.throws(make({ deadMan: { address: place, value: 1 } }), OUT_OF_RANGE);
    board.workgroup(one).close();
  }),
];
