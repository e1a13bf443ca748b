// SPDX-License-Identifier: MIT
/** Cores that send without end: nothing that JavaScript calls waits for them to stop. */
import { describe, expect, it } from 'vitest';
import { runNode } from '../native/probe.js';
import { add, branch, move, program, store } from './encode.js';

async function ends(module: string): Promise<void> {
  const outcome = await runNode(`import { openBoard } from 'node-epiphany'; import assert from 'node:assert/strict';\n${module}`);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null });
}

/** Sends 1, 2, 3 … to the mailbox for ever. */
const FLOOD = program(move(0, 0x810f0730), move(1, 0), add(1, 1, 1), store(1, 0), branch(-4));
/** Interrupts core 0,1 for ever. */
const NAG = program(move(0, 0x809f042c), move(1, 0x200), store(1, 0), branch(-2));

/** A board whose mailbox has messages that its driver could not take: the link was dead when they came. */
const UNHEARD = `
  const board = openBoard('sim', { stepped: true }); const { simulator } = board;
  const state = Buffer.from(simulator.snapshot());
  const wordAt = (index) => 24 + 4 * (9 + index); // behind the headers of file and chip: the eLink
  state.writeUInt32LE(0x80000000 + 31, wordAt(16)); // dead, 31 messages
  for (let i = 0; i < 31; ++i) state.writeUInt32LE(100 + i, wordAt(17 + 2 * i));
  simulator.restore(state);`;

describe('a mailbox that nobody can empty', () => {
  it('takes no more messages, and says so', async () => {
    await ends(`${UNHEARD} for (let i = 0; i < 3; ++i) assert.equal(simulator.pushMailbox(i), false); board.close();`);
  });

  it('is emptied when its link is back', async () => {
    await ends(`${UNHEARD} simulator.inject({ fault: 'dead-link', active: false });
      for (let i = 0; i < 31; ++i) assert.equal((await board.mailbox.receive({ timeout: 200_000 })).word, 100 + i);
      assert.equal(simulator.mailboxWords, 31); assert.equal(simulator.pushMailbox(7), true);
      assert.equal((await board.mailbox.receive({ timeout: 200_000 })).word, 7);`);
  });

  it('is emptied by the next sender, if it was half full', async () => {
    await ends(`${UNHEARD} state.writeUInt32LE(0x80000000 + 3, wordAt(16)); simulator.restore(state);
      assert.equal(simulator.pushMailbox(1), false);
      simulator.inject({ fault: 'dead-link', active: false }); assert.equal(simulator.pushMailbox(1), true);
      for (const word of [100, 101, 102, 1]) assert.equal((await board.mailbox.receive({ timeout: 200_000 })).word, word);`);
  });
});

describe('a core that floods the mailbox', () => {
  const start = (cores: number): string => `
    const board = openBoard('sim'); const { simulator } = board; const flood = Uint8Array.of(${FLOOD.join()});
    for (const core of board.cores.slice(0, ${cores})) { core.write(0, flood); core.registers.ILATST.write(1); }`;

  it.each([1, 16])('and %d of them let every call of JavaScript return', async (cores) => {
    await ends(`${start(cores)}
      const other = board.core(3, 3); let words = 0;
      for (let i = 0; i < 300; ++i) {
        simulator.pushMailbox(i);
        if (i % 20 === 0) simulator.inject({ fault: 'dead-link' });
        simulator.pushMailbox(i); simulator.inject({ fault: 'dead-link', active: false });
        other.registers.STATUS.read(); other.registers.ILATST.write(0);
        const now = simulator.mailboxWords; assert.ok(now >= words); words = now;
      }
      simulator.snapshot(); simulator.stop();
      const sent = simulator.mailboxWords; assert.equal(simulator.mailboxWords, sent); // none was left in the mailbox
      assert.equal(simulator.pushMailbox(1), true); assert.equal(simulator.mailboxWords, sent + 1);
      board.close();`);
  });

  it('lets a worker be terminated', async () => {
    await ends(`
      import { Worker } from 'node:worker_threads';
      const body = \`import { openBoard } from '\${new URL('dist/index.js', 'file://' + process.cwd() + '/').href}'; import { parentPort } from 'node:worker_threads';
        ${start(4).replaceAll('`', '\\`').replaceAll('${', '\\${')} parentPort.postMessage('ready'); for (;;) simulator.pushMailbox(1);\`;
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(body)));
      await new Promise((resolve, reject) => { worker.on('message', resolve); worker.on('error', reject); });
      await worker.terminate();`);
  });

  it('and its receivers let timers fire, and messages are in order', async () => {
    await ends(`${start(1)}
      let fired = false; setTimeout(() => (fired = true), 50);
      let last = 0;
      for await (const { word } of board.mailbox) { assert.ok(word > last); last = word; if (fired) break; }
      const other = board.events.receive({ timeout: 100 }).catch((error) => error.code);
      assert.equal(await other, 'ERR_EPIPHANY_TIMEOUT');
      board.close();`);
  });
});

describe('a core that is interrupted without end', () => {
  it('can be stepped, read, and halted', async () => {
    await ends(`
      const board = openBoard('sim'); const { simulator } = board; const nag = Uint8Array.of(${NAG.join()});
      for (const core of [board.core(0, 0), board.core(1, 1)]) { core.write(0, nag); core.registers.ILATST.write(1); }
      const core = board.core(0, 1); core.write(0x24, Uint8Array.of(${program(branch(0)).join()})); // the interrupt's vector
      core.registers.ILATST.write(0x200);
      while (!core.registers.STATUS.read().active) await new Promise(setImmediate); // until it has had a turn there is nothing to step
      core.registers.DEBUGCMD.write(1);
      for (let i = 0; i < 200; ++i) { core.registers.PC.read(); simulator.step(core.id); }
      core.registers.DEBUGCMD.write(0); simulator.stop(); board.close();`);
  });
});

describe('a core that does what it should not, without end', () => {
  it('lets its violations be taken', async () => {
    await ends(`
      const board = openBoard('sim', { strict: true }); const { simulator } = board;
      // Unaligned loads: each is a violation.
      const bad = Uint8Array.of(${program(move(0, 0x1001), [(1 << 13) | (0 << 10) | (2 << 5) | 4, 2], branch(-2)).join()});
      for (const core of board.cores) { core.write(0, bad); core.registers.IMASK.write(0x3fe); core.registers.ILATST.write(1); }
      for (let i = 0; i < 200; ++i) assert.ok(simulator.violations().length <= 256);
      board.close();`);
  });
});
