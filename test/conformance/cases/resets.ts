// SPDX-License-Identifier: MIT
/** Resets of the chip and of cores, and what becomes of those who used them. */
import assert from 'node:assert/strict';
import type { Board, BoardEvent } from 'node-epiphany';
import { onBoard, RESET, type Case } from '../case.js';

/** Lets the events of a driver arrive. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

export const resets: Case[] = [
  onBoard('a reset of the chip ends its work-groups, and the board goes on', async (board) => {
    const core = board.core(1, 1);
    const group = board.workgroup({ rows: 1 });
    const member = group.core(0);
    member.writeWord(0, 1);
    core.registers.IRET.write(0x4321);
    const waiting = assert.rejects(group.finished({ timeout: 200_000 }), RESET);
    board.reset();
    await waiting;
    await turn();
    assert.equal(core.registers.IRET.read().value, 0);
    core.writeWord(0, 5);
    assert.equal(core.readWord(0), 5);
    for (const use of [() => group.states(), () => group.start(), () => group.reset(), () => member.readWord(0), () => member.words, () => member.reset()]) assert.throws(use, RESET);
    await assert.rejects(group.load('none.elf'), RESET);
    board.acknowledgeReset(); // there is nothing to acknowledge
    assert.throws(() => group.states(), RESET);
    group.close();
    using again = board.workgroup({ rows: 1 });
    assert.equal(again.states().length, board.chip.columns);
  }, ['registers']),
  onBoard('a core is reset without the others', (board) => {
    const [core, other] = [board.core(0, 2), board.core(0, 3)];
    for (const { registers } of [core, other]) registers.IRET.write(0x77);
    core.writeWord(0x200, 3);
    core.reset();
    assert.deepEqual([core.registers.IRET.read().value, core.registers.DEBUGSTATUS.read().halted, core.readWord(0x200)], [0, false, 3]);
    assert.equal(other.registers.IRET.read().value, 0x77);
    using group = board.workgroup({ column: 3, rows: 1, columns: 1 });
    group.cores[0]?.reset();
    assert.equal(other.registers.IRET.read().value, 0);
  }, ['registers']),
  onBoard('the board tells of resets: of what, and by whatever name', async (board) => {
    board.core(0, 0).readWord(0);
    board.reset();
    const event = await nextReset(board);
    assert.equal(event.scope, 'chip');
  }, ['events']),
  onBoard('what the board is like can be asked', (board) => {
    board.core(0, 0).readWord(0);
    const before = board.status();
    board.reset();
    const after = board.status();
    if (before.generation !== undefined) assert.ok((after.generation ?? 0) > before.generation);
    assert.ok(after.powered !== false && after.overheated !== true);
  }),
  onBoard('a reset by somebody else is told by every call until it is acknowledged', (board) => {
    const core = board.core(0, 0);
    using group = board.workgroup({ rows: 1 });
    board.simulator?.inject({ event: 'reset' });
    for (const use of [() => core.readWord(0), () => core.registers, () => group.states(), () => board.workgroup({ row: 1 }), () => board.dram.alloc(1), () => board.sharedDramMapping(), () => board.reset()]) assert.throws(use, RESET);
    board.acknowledgeReset();
    core.writeWord(0, 1);
    assert.throws(() => group.states(), RESET);
    board.simulator?.inject({ event: 'thermal' });
    for (const use of [() => core.readWord(0), () => board.acknowledgeReset()]) assert.throws(use, { code: 'ERR_EPIPHANY_THERMAL' });
  }, ['scripting']),
  onBoard('of a driver that is gone, every call and every wait tells', async (board) => {
    const core = board.core(0, 0);
    const wait = board.mailbox.receive();
    board.simulator?.inject({ event: 'gone' });
    await assert.rejects(wait, { code: 'ERR_EPIPHANY_GONE' });
    await assert.rejects(board.mailbox.receive({ timeout: 200_000 }), { code: 'ERR_EPIPHANY_GONE' });
    assert.throws(() => core.readWord(0), { code: 'ERR_EPIPHANY_GONE' });
    assert.equal((await board.events.receive()).type, 'gone');
  }, ['scripting']),
];

async function nextReset(board: Board): Promise<BoardEvent> {
  for (;;) {
    const event = await board.events.receive({ timeout: 200_000 });
    if (event.type === 'reset') return event;
  }
}
