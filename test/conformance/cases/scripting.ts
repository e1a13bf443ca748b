// SPDX-License-Identifier: MIT
/** Mailbox and board events, and what else `board.simulator` can cause. */
import assert from 'node:assert/strict';
import { CLOSED, NO_INTEGERS, onBoard, OUT_OF_RANGE, WRONG_TYPE, type Case } from '../case.js';

export const scripting: Case[] = [
  onBoard('mailbox messages arrive once each, in order, for each who waits', async (board) => {
    const early = Promise.all([board.mailbox.receive(), board.mailbox.receive()]);
    for (let word = 0; word < 500; ++word) assert.equal(board.simulator?.pushMailbox(word), true);
    const [first, second] = await early;
    const received = [first, second];
    for await (const message of board.mailbox) {
      received.push(message);
      if (received.length === 500) break;
    }
    assert.deepEqual(received.map(({ word }) => word), Array.from({ length: 500 }, (_, index) => index));
    assert.deepEqual(received.map(({ sequence }) => sequence - first.sequence), Array.from({ length: 500 }, (_, index) => index));
    assert.ok(received.every(({ timestamp }, index) => index === 0 || timestamp >= (received[index - 1]?.timestamp ?? 0n)));
    assert.equal(board.mailbox.lost, 0);
  }, ['scripting']),
  onBoard('a wait ends by its timeout, by its signal or by closing, and takes no message with it', async (board) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const aborted = board.mailbox.receive({ signal: controller.signal });
    const late = board.mailbox.receive({ timeout: 5 });
    controller.abort(reason);
    await assert.rejects(aborted, (error) => error === reason);
    await assert.rejects(late, { code: 'ERR_EPIPHANY_TIMEOUT' });
    await assert.rejects(board.mailbox.receive({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
    board.simulator?.pushMailbox(42);
    assert.equal((await board.mailbox.receive({ timeout: 200_000 })).word, 42);
    const pending = [board.mailbox.receive(), board.events.receive(), board.mailbox.receive({ timeout: 60_000 })];
    board.close();
    for (const wait of pending) await assert.rejects(wait, CLOSED);
  }, ['scripting']),
  onBoard('messages one after the other end by a signal or a time limit, and take none with them', async (board) => {
    const controller = new AbortController();
    for (const word of [1, 2]) board.simulator?.pushMailbox(word);
    const words: number[] = [];
    await assert.rejects(async () => {
      for await (const { word } of board.mailbox.messages({ signal: controller.signal })) {
        words.push(word);
        if (words.length === 2) setImmediate(() => controller.abort(new Error('enough')));
      }
    }, /^Error: enough$/);
    assert.deepEqual(words, [1, 2]);
    await assert.rejects(board.mailbox.messages({ timeout: 2 }).next(), { code: 'ERR_EPIPHANY_TIMEOUT' });
    board.simulator?.pushMailbox(3);
    assert.equal((await board.mailbox.receive({ timeout: 1000 })).word, 3);
    assert.throws(() => board.mailbox.messages({ timeout: -1 }), OUT_OF_RANGE);
  }, ['scripting']),
  onBoard('wait options are checked before anything is waited for', async (board) => {
    for (const timeout of [...NO_INTEGERS, 2 ** 31]) await assert.rejects(board.mailbox.receive({ timeout }), OUT_OF_RANGE);
    for (const bad of [null, '1', {}]) await assert.rejects(board.mailbox.receive({ timeout: bad as unknown as number }), WRONG_TYPE);
    await assert.rejects(board.mailbox.receive({ signal: {} as AbortSignal }), WRONG_TYPE);
    await assert.rejects(board.mailbox.receive(null as unknown as object), WRONG_TYPE);
  }, ['scripting']),
  onBoard('events of the board are told apart from messages', async (board) => {
    board.simulator?.inject({ event: 'thermal' });
    board.simulator?.pushMailbox(1);
    board.simulator?.inject({ event: 'gone' });
    assert.equal((await board.events.receive()).type, 'thermal');
    assert.equal((await board.mailbox.receive()).word, 1);
    assert.equal((await board.events.receive()).type, 'gone');
  }, ['scripting']),
  onBoard('an injected interrupt is latched, a stuck core cannot be halted, a dead link answers nothing', (board) => {
    const core = board.core(0, 1);
    core.registers.IMASK.write(0x3ff);
    board.simulator?.inject({ interrupt: 'dma0', core: core.id });
    assert.equal(core.registers.ILAT.read().dma0, true);
    board.simulator?.inject({ fault: 'core-stuck', core: core.id });
    core.registers.DEBUGCMD.write({ command: 'halt' });
    assert.deepEqual({ ...core.registers.DEBUGSTATUS.read().fields() }, { halted: false, externalLoadPending: true, multicoreBreakpoint: false });
    core.registers.RESETCORE.write(1);
    core.registers.RESETCORE.write(0);
    assert.equal(core.registers.DEBUGSTATUS.read().externalLoadPending, true, 'only a reset of the chip helps');
    board.simulator?.inject({ fault: 'dead-link' });
    assert.throws(() => core.registers.STATUS.read(), { code: 'EIO', syscall: 'load', errno: -5 });
    assert.throws(() => board.elink.VERSION.read(), { code: 'EIO' });
    board.simulator?.inject({ fault: 'dead-link', active: false });
    assert.equal(core.registers.COREID.read().value, core.id);
  }, ['scripting']),
  onBoard('what cannot be injected is refused', (board) => {
    const inject = (what: unknown) => () => board.simulator?.inject(what as never);
    for (const bad of [null, undefined, 1, 'thermal']) assert.throws(inject(bad), WRONG_TYPE);
    for (const bad of [{}, { event: 'party' }, { fault: 'toString' }, { interrupt: 'nmi', core: 0x808 }, { interrupt: 'user', core: 0x123 }, { fault: 'core-stuck', core: 0xfff }]) {
      assert.throws(inject(bad), OUT_OF_RANGE, JSON.stringify(bad));
    }
    assert.throws(inject({ interrupt: 'user' }), WRONG_TYPE);
    assert.throws(inject({ fault: 'dead-link', active: 1 }), WRONG_TYPE);
    for (const bad of [...NO_INTEGERS, 2 ** 32]) assert.throws(() => board.simulator?.pushMailbox(bad), OUT_OF_RANGE);
  }, ['scripting']),
  onBoard('a snapshot brings back memory, registers and mailbox', (board) => {
    const core = board.core(1, 0);
    board.elink.RXCFG.update({ mailboxInterrupt: false });
    core.words.set([1, 2, 3], 100);
    core.registers.IRET.write(0x1234);
    board.sharedDramMapping().writeWord(0x1000000, 0xfeed);
    board.simulator?.pushMailbox(55);
    const snapshot = board.simulator?.snapshot() as Uint8Array;
    const { words } = core;
    words.fill(9);
    core.registers.IRET.write(0);
    board.sharedDramMapping().fill(0, 0x1001000, 7);
    board.elink.MAILBOXLO.read();
    board.simulator?.restore(snapshot);
    assert.deepEqual([...words.slice(99, 104)], [0, 1, 2, 3, 0], 'a window shows it at once');
    assert.equal(core.registers.IRET.read().value, 0x1234);
    assert.deepEqual([0, 0x1000000].map((offset) => board.sharedDramMapping().readWord(offset)), [0, 0xfeed]);
    assert.equal(board.elink.MAILBOXLO.read().value, 55);
    assert.throws(() => board.simulator?.restore(snapshot.slice(1)), { code: 'ERR_EPIPHANY_BAD_SNAPSHOT' });
    assert.throws(() => board.simulator?.restore('x' as unknown as Uint8Array), WRONG_TYPE);
  }, ['scripting']),
];
