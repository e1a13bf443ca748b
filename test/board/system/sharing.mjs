// SPDX-License-Identifier: MIT
/** Several processes on one chip, and what becomes of each when another one ends or resets it. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { onBoard, using, withOther } from './tools.mjs';

const claims = ['claims'];
const BUSY = { code: 'ERR_EPIPHANY_BUSY' };
const CORNER = { row: 0, column: 0, rows: 2, columns: 2 };
const BESIDE = { row: 2, column: 2, rows: 2, columns: 2 };
/** Longer than the driver leaves a chip on that nobody uses. */
const IDLE_IN_MS = 4000;
/** A case over a board whose chip stays on, as one of its cores is mapped all the time. */
const onUsedBoard = (name, features, run) =>
  onBoard(name, features, (board, tools) => {
    board.core(3, 0).readWord(0);
    return run(board, tools);
  });
const KILLS = 10;
/** What a program may be about when it is killed: everything in use, over and over. */
const WORK = `
  console.log('working');
  for (let round = 0; ; ++round) {
    const group = board.workgroup({ rows: 2, columns: 2 }, { onRelease: ['leave', 'halt', 'reset', 'scrub'][round % 4] });
    const buffer = board.dram.alloc(0x10000);
    group.cores.forEach((core) => core.fill(0, 0x1000, round & 0xff));
    if (board.features.dma) await board.dma.copy(buffer, { core: group.cores[0], address: 0 }, 0x1000);
    await board.mailbox.receive({ timeout: 1 }).catch(() => undefined);
    buffer.close();
    group.close();
  }`;
const HOLD = (options) => `const group = board.workgroup(${JSON.stringify(CORNER)}, ${JSON.stringify(options)}); while (await next('ready')) {}`;

export const cases = [
  onUsedBoard('the driver tells its version, its power and its voltage', claims, (board) => {
    const { abiVersion, generation, vdd, powered, overheated } = board.status();
    assert.equal(abiVersion, 1);
    assert.ok(generation >= 0);
    assert.deepEqual([powered, overheated], [true, false]);
    assert.ok(vdd === undefined || (vdd > 0.85 && vdd < 1.25), `${vdd} V`);
  }),
  onUsedBoard('cores of an exclusive group are nobody else’s until it is closed', claims, (board, { path }) =>
    withOther(path, `let group = board.workgroup(${JSON.stringify(CORNER)}); await next('ready'); group.close(); await next('closed');`, async (other) => {
      assert.throws(() => board.workgroup(CORNER), BUSY);
      assert.throws(() => board.workgroup(CORNER, { access: 'shared' }), BUSY);
      assert.throws(() => board.core(1, 1).readWord(0), BUSY);
      await using(() => board.workgroup(BESIDE), (group) => group.cores[0].writeWord(0, 1));
      assert.equal(await other.say('go on'), 'closed');
      await using(() => board.workgroup(CORNER), (group) => group.cores[0].writeWord(0, 1));
    }),
  ),
  onUsedBoard('groups that are all shared may overlap', claims, (board, { path }) =>
    withOther(path, HOLD({ access: 'shared' }), () =>
      using(() => board.workgroup(CORNER, { access: 'shared' }), (group) => {
        group.cores[0].writeWord(0, 77);
        assert.throws(() => board.workgroup(CORNER), BUSY);
      }),
    ),
  ),
  onUsedBoard('a process that is killed leaves no cores behind, and they are scrubbed if it wanted that', claims, async (board, { path }) => {
    await using(() => board.workgroup(CORNER), (group) => group.cores.forEach((core) => core.fill(0, 0x8000, 0xaa)));
    await withOther(path, HOLD({ onRelease: 'scrub', deadMan: { address: 0x80807000, value: 0xdead } }), async (other) => {
      assert.throws(() => board.workgroup(CORNER), BUSY);
      other.process.kill('SIGKILL');
      await other.ended;
      await using(() => board.workgroup(CORNER), ({ cores }) => {
        assert.equal(cores[0].readWord(0x7000), 0xdead);
        for (const [at, core] of cores.entries()) assert.ok(core.words.every((word, index) => word === (at === 0 && index === 0x1c00 ? 0xdead : 0)));
      });
    });
  }),
  onUsedBoard(`${KILLS} processes that are killed at a random moment of their work leave nothing behind`, ['claims', 'dram'], async (board, { path, note }) => {
    const moments = Array.from({ length: KILLS }, () => Math.round(Math.random() * 200));
    note(`killed after ${moments.join(', ')} ms`);
    for (const [time, moment] of moments.entries()) {
      await withOther(path, `await next('ready'); ${WORK}`, async (other) => {
        assert.equal(await other.say('go on'), 'working');
        await sleep(moment);
        other.process.kill('SIGKILL');
        assert.deepEqual(await other.ended, [null, 'SIGKILL']);
      });
      // All cores and all of shared DRAM are free.
      await using(() => board.workgroup(), ({ cores }) => cores.forEach((core) => core.writeWord(0, time)));
      board.dram.alloc(board.sharedDram.bytes).close();
    }
  }),
  onUsedBoard('a reset by another process ends groups, is told, and counts', claims, (board, { path }) =>
    withOther(path, `await next('ready'); board.reset(); await next('reset');`, (other) =>
      using(() => board.workgroup(CORNER), async (group) => {
        const { generation } = board.status();
        const [core] = group.cores;
        core.writeWord(0, 1);
        assert.equal(await other.say('go on'), 'reset'); // as root it may
        let event;
        do event = await board.events.receive({ timeout: 10_000 });
        while (event.type === 'power'); // of its first use
        assert.deepEqual([event.type, event.scope], ['reset', 'chip']);
        assert.throws(() => core.readWord(0), { code: 'ERR_EPIPHANY_RESET' });
        assert.throws(() => board.core(0, 0).readWord(0), { code: 'ERR_EPIPHANY_RESET' });
        board.acknowledgeReset();
        assert.throws(() => core.readWord(0), { code: 'ERR_EPIPHANY_RESET' }, 'a group is not revived');
        board.core(0, 0).readWord(0);
        assert.ok(board.status().generation > generation);
      }),
    ),
  ),
  onBoard('a chip that was switched off for want of users can be used again', claims, async (board) => {
    for (let time = 0; time < 2; ++time) {
      await using(() => board.workgroup(CORNER), ({ cores }) => {
        cores[0].writeWord(0, time);
        assert.equal(cores[0].readWord(0), time);
      });
      await sleep(IDLE_IN_MS);
    }
  }),
  onUsedBoard('DRAM is zero at first, belongs to one, and is given back by the dead', ['dram'], async (board, { path }) => {
    const { address, bytes } = board.sharedDram;
    const fixed = address + bytes - 0x10000;
    await withOther(path, `const buffer = board.dram.alloc(0x10000, { address: ${fixed} }); buffer.bytes.fill(0x55); while (await next('ready')) {}`, async (other) => {
      assert.throws(() => board.dram.alloc(4096, { address: fixed }), BUSY);
      await using(() => board.dram.alloc(0x20000), ({ address: mine, bytes: memory }) => {
        assert.ok(mine + memory.length <= fixed || mine >= fixed + 0x10000);
        assert.ok(memory.every((byte) => byte === 0));
      });
      other.process.kill('SIGKILL');
      await other.ended;
      await using(() => board.dram.alloc(0x10000, { address: fixed }), ({ bytes: memory }) => assert.ok(memory.every((byte) => byte === 0)));
    });
  }),
  onBoard('the host’s DMA engine copies memory, DRAM and SRAM', ['dma', 'dram', 'claims'], (board) =>
    using(() => board.workgroup(CORNER), (group) =>
      using(() => board.dram.alloc(0x40000), async (buffer) => {
        const [core] = group.cores;
        const content = Uint8Array.from({ length: 0x40000 }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
        await board.dma.copy(content, buffer, content.length);
        assert.deepEqual(Buffer.compare(buffer.bytes, content), 0);
        await board.dma.copy(buffer, { core, address: 0x1000 }, 0x4000);
        assert.deepEqual(core.read(0x1000, 0x4000), content.slice(0, 0x4000));
        if (board.chip.type === 'E64G401') return;
        const back = new Uint8Array(0x4000);
        await board.dma.copy({ core, address: 0x1000 }, back, back.length);
        assert.deepEqual(back, content.slice(0, 0x4000));
      }),
    ),
  ),
];
