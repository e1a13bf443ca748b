// SPDX-License-Identifier: MIT
/** Shared DRAM that is given out. */
import assert from 'node:assert/strict';
import { promisify } from 'node:util';
import { deflate, inflateSync } from 'node:zlib';
import { BUSY, CLOSED, NO_INTEGERS, NO_NUMBERS, onBoard, OUT_OF_RANGE, WRONG_TYPE, type Case } from '../case.js';

const PAGE = 4096;

export const dram: Case[] = [
  onBoard('buffers of shared DRAM are zero, apart from each other, and where they say', (board) => {
    const { address, bytes } = board.sharedDram ?? { address: 0, bytes: 0 };
    const lengths = [1, 4, PAGE, PAGE + 1, 100_000];
    const buffers = lengths.map((length) => board.dram.alloc(length));
    for (const [index, buffer] of buffers.entries()) {
      assert.deepEqual([buffer.length, buffer.bytes.length], [lengths[index], lengths[index]]);
      assert.equal(buffer.address % PAGE, 0);
      assert.ok(buffer.address >= address && buffer.address + buffer.length <= address + bytes);
      assert.ok(buffer.bytes.every((byte) => byte === 0));
      buffer.bytes.fill(index + 1);
    }
    for (const [index, buffer] of buffers.entries()) assert.ok(buffer.bytes.every((byte) => byte === index + 1));
    const places = buffers.map((buffer) => [buffer.address, buffer.address + buffer.length] as const).sort(([a], [b]) => a - b);
    for (const [index, [, end]] of places.entries()) assert.ok(end <= (places[index + 1]?.[0] ?? Infinity));
    for (const buffer of buffers) buffer.close();
    using again = board.dram.alloc(200_000);
    assert.ok(again.bytes.every((byte) => byte === 0), 'what the last owner left');
  }, ['dram']),
  onBoard('nothing is left of a buffer that is scrubbed', (board) => {
    const base = board.sharedDram?.address ?? 0;
    const all = board.sharedDramMapping();
    for (const length of [1, PAGE, 3 * 2 ** 20 + 5]) {
      const buffer = board.dram.alloc(length, { scrub: true });
      buffer.bytes.fill(0xa5);
      buffer.close();
      const left = all.read(buffer.address - base, Math.ceil(length / PAGE) * PAGE);
      assert.ok(left.every((byte) => byte === 0));
    }
    const kept = board.dram.alloc(PAGE, { scrub: false });
    kept.bytes.fill(0x5a);
    kept.close();
    using next = board.dram.alloc(PAGE, { address: kept.address });
    assert.ok(next.bytes.every((byte) => byte === 0), 'the next owner finds nothing either way');
  }, ['dram']),
  onBoard('a buffer can be viewed as anything, and is one memory for all its views', (board) => {
    using buffer = board.dram.alloc(64);
    const { buffer: memory } = buffer.bytes;
    const view = new DataView(memory);
    view.setFloat64(3, Math.PI);
    assert.equal(view.getFloat64(3), Math.PI);
    new BigUint64Array(memory)[2] = 0x0102030405060708n;
    assert.deepEqual([...buffer.bytes.subarray(16, 24)], [8, 7, 6, 5, 4, 3, 2, 1]);
    Buffer.from(memory).write('text', 40);
    assert.equal(Buffer.from(buffer.bytes.slice(40, 44)).toString(), 'text');
    assert.equal(Atomics.add(new Int32Array(memory), 12, 5), 0);
    assert.equal(new Int32Array(memory)[12], 5);
  }, ['dram']),
  onBoard('a buffer lies where it must', (board) => {
    const base = board.sharedDram?.address ?? 0;
    using aligned = board.dram.alloc(100, { align: 0x100000 });
    assert.equal(aligned.address % 0x100000, 0);
    using fixed = board.dram.alloc(2 * PAGE, { address: base + 0x1000000 });
    assert.equal(fixed.address, base + 0x1000000);
    for (const address of [base + 0x1000000, base + 0x1000000 - PAGE, base + 0x1001000]) assert.throws(() => board.dram.alloc(2 * PAGE, { address }), BUSY);
    fixed.close();
    using again = board.dram.alloc(2 * PAGE, { address: base + 0x1000000 - PAGE });
    assert.equal(again.closed, false);
  }, ['dram']),
  onBoard('a buffer that was given back says so, and its views reach it no more', (board) => {
    const address = (board.sharedDram?.address ?? 0) + 0x1000000;
    const buffer = board.dram.alloc(100, { address });
    const { bytes } = buffer;
    const floats = new Float32Array(bytes.buffer);
    bytes.fill(1);
    buffer.close();
    buffer.close();
    assert.equal(buffer.closed, true);
    assert.deepEqual([bytes[0], floats[1]], [0, 0]);
    assert.throws(() => buffer.bytes, CLOSED);
    const late = board.dram.alloc(100, { address });
    const { bytes: lateBytes } = late;
    bytes.fill(2);
    assert.equal(lateBytes[0], 0);
    lateBytes.fill(3);
    assert.equal(bytes[0], 2);
    board.close();
    assert.deepEqual([late.closed, lateBytes[0]], [true, 0]);
    assert.throws(() => late.bytes, CLOSED);
    assert.throws(() => board.dram.alloc(1), CLOSED);
    late.close();
  }, ['dram']),
  onBoard('an asynchronous call goes on with memory that was given back meanwhile', async (board) => {
    // Several pieces of output: Node looks at the view again after each.
    const compressed = Array.from({ length: 3 }, () => {
      const buffer = board.dram.alloc(2 ** 22);
      const { bytes } = buffer;
      for (let at = 0; at < 2 ** 20; ++at) bytes[at] = (at * 2654435761) >>> 13;
      const result = promisify(deflate)(bytes, { level: 1 });
      buffer.close();
      return result;
    });
    for (let turn = 0; turn < 3; ++turn) await new Promise(setImmediate);
    for (const buffer of await Promise.all(compressed)) assert.equal(inflateSync(buffer).length, 2 ** 22);
  }, ['dram']),
  onBoard('what cannot be given out is refused', (board) => {
    const base = board.sharedDram?.address ?? 0;
    for (const bad of [...NO_INTEGERS, 0, 2 ** 31 + 1]) assert.throws(() => board.dram.alloc(bad), OUT_OF_RANGE);
    for (const bad of NO_NUMBERS) assert.throws(() => board.dram.alloc(bad as number), WRONG_TYPE);
    for (const options of [null, 5, { align: '4' }, { address: '0' }, { scrub: 1 }, { scrub: null }]) assert.throws(() => board.dram.alloc(1, options as object), WRONG_TYPE);
    for (const options of [{ align: 3 }, { align: 0 }, { align: 2 ** 31 }, { address: base + 1 }, { address: base - PAGE }, { address: 2 ** 32 }, { address: 0 }, { address: base + PAGE, align: 0x10000 }]) {
      assert.throws(() => board.dram.alloc(1, options), OUT_OF_RANGE, JSON.stringify(options));
    }
    assert.throws(() => board.dram.alloc(2 ** 30), { code: 'ENOSPC' });
    const all = board.dram.alloc(board.sharedDram?.bytes ?? 0);
    assert.throws(() => board.dram.alloc(1), { code: 'ENOSPC' });
    all.close();
    board.dram.alloc(1).close();
  }, ['dram']),
];
