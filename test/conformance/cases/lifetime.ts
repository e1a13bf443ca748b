// SPDX-License-Identifier: MIT
/** What is left of a board when it is closed, and of methods without theirs. */
import assert from 'node:assert/strict';
import { CLOSED, onBoard, WRONG_TYPE, type Case } from '../case.js';

export const lifetime: Case[] = [
  {
    name: 'after close everything says so, and closing again does nothing',
    run(open) {
      const board = open();
      const core = board.core(0, 0);
      const { words, registers: file } = core;
      const dram = board.sharedDramMapping();
      const part = words.subarray(0, 4);
      assert.equal(board.closed, false);
      board.close();
      board.close();
      board[Symbol.dispose]();
      assert.equal(board.closed, true);
      const uses: Record<string, () => unknown> = {
        'board.core': () => board.core(0, 0),
        'board.coreById': () => board.coreById(0x808),
        'board.cores': () => board.cores,
        'board.elink': () => board.elink,
        'board.mailbox': () => board.mailbox,
        'board.events': () => board.events,
        'board.sharedDramMapping': () => board.sharedDramMapping(),
        'core.words': () => core.words,
        'core.int32': () => core.int32,
        'core.float32': () => core.float32,
        'core.readWord': () => core.readWord(0),
        'core.writeWord': () => core.writeWord(0, 0),
        'core.read': () => core.read(0, 1),
        'core.read of nothing': () => core.read(0, 0),
        'core.readInto': () => core.readInto(0, new Uint32Array(1)),
        'core.write': () => core.write(0, new Uint32Array(1)),
        'core.fill': () => core.fill(0, 1),
        'core.readRegister': () => core.readRegister(0xf0400),
        'core.writeRegister': () => core.writeRegister(0xf0400, 0),
        'register.read': () => file.STATUS.read(),
        'register.write': () => file.STATUS.write(0),
        'register.update': () => file.STATUS.update({}),
        'dram.read': () => dram.read(0, 1),
        'dram.words': () => dram.words,
        'window.slice': () => words.slice(),
        'window.set': () => words.set([]),
        'window.fill': () => words.fill(0),
        'window.copyWithin': () => words.copyWithin(0, 1),
        'window.subarray': () => part.subarray(0),
        'window.sort': () => part.sort(),
      };
      for (const [name, use] of Object.entries(uses)) assert.throws(use, CLOSED, name);
      if (board.simulator) {
        assert.throws(() => board.simulator?.pushMailbox(1), CLOSED);
        assert.throws(() => board.simulator?.inject({ event: 'power' }), CLOSED);
        assert.throws(() => board.simulator?.snapshot(), CLOSED);
        assert.throws(() => board.simulator?.restore(new Uint8Array(0)), CLOSED);
      }
      assert.equal(words.length, 0);
      assert.equal(words[0], undefined);
      words[0] = 1;
    },
  },
  {
    name: 'close takes an object with a boolean, or nothing',
    run(open) {
      const board = open();
      for (const bad of [null, 1, 'no']) assert.throws(() => board.close(bad as unknown as object), WRONG_TYPE);
      for (const save of [null, 1, 'no']) assert.throws(() => board.close({ save } as unknown as { save: boolean }), WRONG_TYPE);
      assert.equal(board.closed, false);
      board.close({ save: true });
    },
  },
  onBoard('methods called on something else throw a TypeError and do no harm', async (board) => {
    const core = board.core(0, 0);
    // What any typed array may be asked, and what only prints or returns.
    const harmless = new Set(['includes', 'indexOf', 'lastIndexOf', 'join', 'toLocaleString', 'toReversed', 'toSorted', 'toString', 'with', 'reverse', 'sort', 'Symbol(Symbol.asyncIterator)', 'Symbol(nodejs.util.inspect.custom)']);
    const objects = [board, core, core.words, core.registers.STATUS, board.sharedDramMapping(), board.dram, board.dma, ...(board.simulator ? [board.mailbox, board.simulator] : [])];
    let calls = 0;
    for (const object of objects) {
      const prototype = Object.getPrototypeOf(object) as object;
      for (const key of Reflect.ownKeys(prototype)) {
        const { value, get, set } = Object.getOwnPropertyDescriptor(prototype, key) ?? {};
        if (key === 'constructor' || harmless.has(String(key)) || (object === core.words && key === 'buffer')) continue;
        for (const method of [value, get, set] as unknown[]) {
          if (typeof method !== 'function') continue;
          for (const self of [{}, null, 42, Object.create(prototype), new Uint32Array(2), function f() {}]) {
            ++calls;
            const call = (): Promise<unknown> => Promise.resolve().then(() => Reflect.apply(method, self, [0, 1, 2]) as unknown);
            await assert.rejects(call, TypeError, `${prototype.constructor.name} ${String(key)}`);
          }
        }
      }
    }
    assert.ok(calls > 200, `${calls} calls`);
    assert.equal(core.readWord(0), core.words[0]);
  }),
];
