// SPDX-License-Identifier: MIT
/** Registers of the eLink, and its mailbox. */
import assert from 'node:assert/strict';
import { onBoard, type Case } from '../case.js';

export const elink: Case[] = [
  onBoard('the static remap keeps the chip in shared DRAM', (board) => {
    const { remapMode, remapSelect, remapPattern, mmu } = board.elink.RXCFG.read();
    assert.deepEqual({ remapMode, remapSelect, remapPattern, mmu }, { remapMode: 'static', remapSelect: 0xfe0, remapPattern: 0x3e0, mmu: false });
  }, ['elink']),
  onBoard('the mailbox holds 31 messages, is half full at 16, and loses what comes when it is full', (board) => {
    board.elink.RXCFG.update({ mailboxInterrupt: false });
    const status = (): object => ({ ...board.elink.MAILBOXSTAT.read().fields() });
    assert.deepEqual(status(), { notEmpty: false, full: false, halfFull: false, count: 0 });
    assert.equal(board.elink.MAILBOXLO.read().value, 0, 'empty');
    for (let word = 1; word <= 31; ++word) {
      assert.equal(board.simulator?.pushMailbox(word), true);
      assert.deepEqual(status(), { notEmpty: true, full: word === 31, halfFull: word >= 16, count: word });
    }
    assert.equal(board.simulator?.pushMailbox(32), false);
    for (let word = 1; word <= 31; ++word) assert.equal(board.elink.MAILBOXLO.read().value, word);
    assert.deepEqual(status(), { notEmpty: false, full: false, halfFull: false, count: 0 });
  }, ['elink', 'scripting']),
  onBoard('messages that wait in the mailbox are delivered when its interrupt is enabled', async (board) => {
    board.elink.RXCFG.update({ mailboxInterrupt: false });
    for (const word of [7, 8]) board.simulator?.pushMailbox(word);
    await assert.rejects(board.mailbox.receive({ timeout: 2 }), { code: 'ERR_EPIPHANY_TIMEOUT' });
    board.elink.RXCFG.update({ mailboxInterrupt: true });
    assert.deepEqual([(await board.mailbox.receive()).word, (await board.mailbox.receive()).word], [7, 8]);
  }, ['elink', 'scripting']),
  onBoard('a reset of the transmitter resets the chip, which answers again when it is released', async (board) => {
    const core = board.core(3, 3);
    core.registers.IRET.write(0x77);
    board.simulator?.inject({ fault: 'core-stuck', core: core.id });
    board.elink.RESET.write({ tx: true, rx: true });
    assert.throws(() => core.registers.IRET.read(), { code: 'EIO' });
    assert.throws(() => board.elink.MAILBOXSTAT.read(), { code: 'EIO' });
    core.registers.IRET.write(0x99); // posted: lost without a word
    board.elink.RESET.write(0);
    assert.equal(core.registers.IRET.read().value, 0);
    assert.equal(core.registers.DEBUGSTATUS.read().value, 0);
    assert.equal((await board.events.receive()).type, 'reset');
  }, ['elink', 'scripting']),
  onBoard('write-only registers of the eLink keep what they hold to themselves', (board) => {
    for (const name of ['RESET', 'CHIPID', 'RXDELAY0'] as const) {
      assert.throws(() => (board.elink[name] as unknown as typeof board.elink.VERSION).read(), { code: 'ERR_EPIPHANY_REGISTER_ACCESS' });
    }
    board.elink.TXSTATUS.write(0x1ff);
    assert.equal(board.elink.TXSTATUS.read().burst, true);
    board.elink.TXSTATUS.write(0);
    assert.equal(board.elink.TXSTATUS.read().value, 0);
  }, ['elink']),
  onBoard('the transmitter counts accesses and remembers the last', (board) => {
    const before = board.elink.TXMONITOR.read().count;
    board.core(0, 0).registers.COREID.read();
    board.core(0, 1).registers.STATUS.read();
    assert.equal(board.elink.TXMONITOR.read().count - before, 2);
    assert.equal(board.elink.TXPACKET.read().address, 0x809f0404);
  }, ['elink', 'scripting']),
];
