// SPDX-License-Identifier: MIT
/** Waiting until a word of SRAM is as wanted. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBoard, type Board, type Core } from '../../lib/index.js';
import { branch, move, program, store } from './encode.js';

const AT = 0x2000;
const RANGE = { code: 'ERR_OUT_OF_RANGE' };
const TYPE = { code: 'ERR_INVALID_ARG_TYPE' };

let board: Board;
let core: Core;
beforeEach(() => {
  board = openBoard('sim');
  core = board.core(1, 2);
});
afterEach(() => board.close());

describe('a wait for a word', () => {
  it('ends at once with what is there', async () => {
    core.writeWord(AT, 0x80000012);
    expect(await core.waitForWord(AT, { timeout: 0 })).toBe(0x80000012);
    expect(await core.waitForWord(AT, { mask: 0x80000000, value: 0x80000000, timeout: 0 })).toBe(0x80000012);
    expect(await core.waitForWord(AT, { mask: 0xf0, value: 0x10, timeout: 0 })).toBe(0x80000012);
    expect(await core.waitForWord(AT, { mask: 1, value: 0, timeout: 0 })).toBe(0x80000012);
  });

  it('ends when a core has stored it', async () => {
    core.write(0, program(move(0, 7), move(1, AT), store(0, 1), branch(0)));
    const wait = core.waitForWord(AT, { value: 7 });
    core.registers.ILATST.write(1);
    expect(await wait).toBe(7);
  });

  it('tells what did not come', async () => {
    core.writeWord(AT, 2);
    await expect(core.waitForWord(AT, { mask: 1, timeout: 3 })).rejects.toMatchObject({ code: 'ERR_EPIPHANY_TIMEOUT', message: 'no bit of 0x1 at 0x2000 of core 0x84a within 3 ms' });
    await expect(core.waitForWord(AT, { value: 3, timeout: 3 })).rejects.toThrow('no value 0x3 of 0xffffffff at 0x2000');
  });

  it('ends with its signal, and with its board', async () => {
    const stop = new AbortController();
    const first = core.waitForWord(AT, { signal: stop.signal });
    const second = core.waitForWord(AT);
    stop.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    board.close();
    await expect(second).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
  });

  it.each<[unknown, unknown, object]>([
    [AT + 1, {}, RANGE], [0x8000, {}, RANGE], ['0', {}, TYPE], [AT, null, TYPE], [AT, { mask: 0 }, RANGE], [AT, { mask: 2 ** 32 }, RANGE],
    [AT, { value: -1 }, RANGE], [AT, { mask: 1, value: 2 }, RANGE], [AT, { mask: '1' }, TYPE], [AT, { timeout: -1 }, RANGE], [AT, { signal: 5 }, TYPE],
  ])('at %j with %j is refused', async (address, options, error) => {
    await expect(core.waitForWord(address as number, options as never)).rejects.toMatchObject(error);
  });
});
