// SPDX-License-Identifier: MIT
/** Copies by the host's DMA engine. */
import assert from 'node:assert/strict';
import type { Board, Core } from 'node-epiphany';
import { everyView } from '../views.js';
import { CLOSED, generator, NO_INTEGERS, NO_NUMBERS, onBoard, OUT_OF_RANGE, randomBytes, RESET, SRAM_BYTES, WRONG_TYPE, type Case } from '../case.js';

/** A case over a core of a group and a buffer of shared DRAM of 3 MiB. */
function onPlaces(name: string, run: (board: Board, core: Core, buffer: ReturnType<Board['dram']['alloc']>) => Promise<void>): Case {
  return onBoard(
    name,
    async (board) => {
      using group = board.workgroup({ row: 1, column: 1, rows: 1, columns: 1 });
      using buffer = board.dram.alloc(3 * 2 ** 20);
      await run(board, group.cores[0] as Core, buffer);
    },
    ['dma', 'dram'],
  );
}

export const dma: Case[] = [
  onPlaces('DMA copies between host memory, shared DRAM and SRAM', async (board, core, buffer) => {
    const random = generator(6);
    const content = randomBytes(random, 2 * 2 ** 20 + 4096 + 4);
    const progress: number[][] = [];
    await board.dma.copy(content, buffer, content.length, { onProgress: (...step) => progress.push(step) });
    assert.deepEqual(buffer.bytes.slice(0, content.length), content);
    assert.deepEqual(progress.at(-1), [content.length, content.length]);
    assert.ok(progress.length > 1);
    await board.dma.copy({ buffer, offset: 64 }, { core, address: 0x1000 }, 0x3000);
    assert.deepEqual(core.read(0x1000, 0x3000), content.slice(64, 64 + 0x3000));
    await board.dma.copy({ buffer, offset: 0 }, { buffer, offset: 2 ** 21 + 8192 }, 4096);
    assert.deepEqual(buffer.bytes.slice(2 ** 21 + 8192, 2 ** 21 + 12288), content.slice(0, 4096));
    const host = new Uint8Array(1003).fill(0xee);
    await board.dma.copy(buffer, host.subarray(1), 1000);
    assert.deepEqual([...host], [0xee, ...content.slice(0, 1000), 0xee, 0xee]);
    const words = new Float64Array(8);
    await board.dma.copy(words.fill(1.5), { core, address: SRAM_BYTES - 64 }, 64);
    assert.deepEqual(core.read(SRAM_BYTES - 64, 64), new Uint8Array(words.buffer));
    await board.dma.copy(buffer, buffer, 0);
    if (board.chip.type === 'E16G301') {
      await board.dma.copy({ core, address: 0x1000 }, host, 400);
      assert.deepEqual(host.slice(0, 400), content.slice(64, 464));
    } else {
      await assert.rejects(board.dma.copy({ core, address: 0x1000 }, host, 400), { code: 'ERR_EPIPHANY_UNSUPPORTED' });
    }
  }),
  onPlaces('DMA takes views of every class, and touches nothing around them', async (board, _core, buffer) => {
    const random = generator(8);
    for (const { name, view, bytes, isBroken } of everyView(64)) {
      const [source, target] = [randomBytes(random, 64), randomBytes(random, 64)];
      buffer.bytes.fill(0xee, 0, 256);
      bytes.set(source);
      await board.dma.copy(view, { buffer, offset: 64 }, 64);
      assert.deepEqual(buffer.bytes.slice(64, 128), source, name);
      assert.ok(buffer.bytes.subarray(128, 256).every((byte) => byte === 0xee), name);
      buffer.bytes.set(target);
      await board.dma.copy(buffer, view, 64);
      assert.deepEqual(Uint8Array.from(bytes), target, name);
      assert.ok(!isBroken(), name);
      await assert.rejects(board.dma.copy(buffer, view, 68), OUT_OF_RANGE, name);
    }
  }),
  onPlaces('copies by DMA that were asked for at once are all made', async (board, core, buffer) => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => board.dma.copy(new Uint32Array(256).fill(index), { buffer, offset: 1024 * index }, 1024)));
    const words = new Uint32Array(buffer.bytes.buffer, 0, 20 * 256);
    assert.ok(words.every((word, index) => word === Math.floor(index / 256)));
    await board.dma.copy(Uint32Array.of(9), { core, address: 0 }, 4);
    assert.equal(core.readWord(0), 9);
  }),
  onPlaces('a copy by DMA ends by its signal, with the reason', async (board, _core, buffer) => {
    const reason = new Error('enough');
    await assert.rejects(board.dma.copy(buffer, new Uint8Array(4), 4, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
    const controller = new AbortController();
    let done = 0;
    const copy = board.dma.copy(new Uint8Array(3 * 2 ** 20).fill(1), buffer, 3 * 2 ** 20, {
      signal: controller.signal,
      onProgress: (bytes) => {
        done = bytes;
        controller.abort(reason);
      },
    });
    await assert.rejects(copy, (error) => error === reason);
    assert.ok(done > 0 && done < 3 * 2 ** 20);
    assert.deepEqual([buffer.bytes[done - 1], buffer.bytes[done]], [1, 0]);
  }),
  onPlaces('what DMA cannot copy is refused', async (board, core, buffer) => {
    const host = new Uint8Array(64);
    const copy = (...parameters: unknown[]): Promise<void> => board.dma.copy(...(parameters as [Uint8Array, Uint8Array, number]));
    for (const bad of [...NO_NUMBERS]) await assert.rejects(copy(host, buffer, bad), WRONG_TYPE);
    for (const bad of [...NO_INTEGERS, 3, 68]) await assert.rejects(copy(host, buffer, bad), OUT_OF_RANGE);
    for (const bad of [undefined, null, 5, {}, new ArrayBuffer(8), core.words, { buffer: host, offset: 0 }, { core: {}, address: 0 }, { buffer, offset: '0' }, { core }]) {
      await assert.rejects(copy(bad, buffer, 4), WRONG_TYPE);
      await assert.rejects(copy(buffer, bad, 4), WRONG_TYPE);
    }
    for (const bad of [{ buffer, offset: 2 }, { buffer, offset: buffer.length }, { core, address: 0x7ffe }, { core, address: SRAM_BYTES }, { core: board.core(1, 1), address: 0 }]) await assert.rejects(copy(host, bad, 4), OUT_OF_RANGE);
    await assert.rejects(copy(host, new Uint8Array(64), 4), OUT_OF_RANGE);
    for (const options of [null, { signal: {} }, { onProgress: 1 }]) await assert.rejects(copy(host, buffer, 4, options), WRONG_TYPE);
    const closed = board.dram.alloc(16);
    closed.close();
    await assert.rejects(copy(host, closed, 4), CLOSED);
  }),
  onPlaces('a copy by DMA ends with the work-group, and with the board', async (board, core, buffer) => {
    board.reset();
    await assert.rejects(board.dma.copy(buffer, { core, address: 0 }, 64), RESET);
    const late = board.dma.copy(new Uint8Array(3 * 2 ** 20), buffer, 3 * 2 ** 20);
    board.close();
    await assert.rejects(late, CLOSED);
  }),
];
