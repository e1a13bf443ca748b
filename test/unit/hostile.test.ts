// SPDX-License-Identifier: MIT
/** What a careless or hostile program might do, each found by an attack that once succeeded. */
import { readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { openBoard, type Board } from '../../lib/board.js';
import type { Core } from '../../lib/core.js';
import { CharDevice, ioctlRequest } from '../../lib/device/index.js';
import { layout } from '../../lib/program/layout.js';
import type { Program } from '../../lib/program/program.js';
import { runNode } from '../native/probe.js';
import { itOnTerminals } from './terminals.js';

async function survives(module: string): Promise<string> {
  const outcome = await runNode(`import { openBoard } from 'node-epiphany'; import { CharDevice } from 'node-epiphany/device'; import assert from 'node:assert/strict'; import { spawnSync } from 'node:child_process';\n${module}`);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null });
  return outcome.stdout.trim();
}

describe('a worker', () => {
  for (const what of ['open', 'map', 'board', 'wait']) {
    itOnTerminals(`that is terminated while it does "${what}" over and over takes nobody with it`, async () => {
      await survives(`
        import { Worker } from 'node:worker_threads';
        const library = new URL('dist/', 'file://' + process.cwd() + '/').href;
        const body = \`
          import { openBoard } from '\${library}index.js'; import { CharDevice } from '\${library}device/index.js'; import { parentPort } from 'node:worker_threads';
          const zero = CharDevice.open('/dev/zero'); const terminal = CharDevice.open('/dev/ptmx');
          const act = {
            open: () => CharDevice.open('/dev/null').close(), map: () => zero.map({ offset: 0, length: 4096 }).close(),
            board: () => openBoard('sim').close(), wait: () => terminal.watch('readable', () => {}).close(),
          }['${what}'];
          parentPort.postMessage('ready');
          for (;;) act();\`;
        for (let i = 0; i < 8; ++i) {
          const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(body)));
          await new Promise((resolve, reject) => { worker.on('message', resolve); worker.on('error', reject); });
          await new Promise((resolve) => setTimeout(resolve, 5 + i));
          await worker.terminate();
        }`);
    });
  }
});

describe('a read-only mapping stays one', () => {
  it('whatever is assigned to it', () => {
    using device = CharDevice.open('/dev/zero', { access: 'read' });
    const mapping = device.map({ offset: 0, length: 4096, access: 'read' });
    expect(() => ((mapping as { access: string }).access = 'read-write')).toThrow(TypeError);
    expect(() => mapping.writeWord(0, 1)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_UNSUPPORTED' }));
  });

  it('whatever globals are replaced', async () => {
    await survives(`
      const Original = Uint32Array; const seen = [];
      globalThis.Uint32Array = class extends Original { constructor(...parameters) { super(...parameters); seen.push(this); } };
      const prototype = Object.getPrototypeOf(Original.prototype); const { get } = Object.getOwnPropertyDescriptor(prototype, 'length');
      const mapping = CharDevice.open('/dev/zero', { access: 'read' }).map({ offset: 0, length: 4096, access: 'read' });
      Object.defineProperty(prototype, 'length', { configurable: true, get() { if (this.byteLength === 4096) seen.push(this); return get.call(this); } });
      const load = Atomics.load; Atomics.load = (array, index) => { seen.push(array); return load(array, index); };
      mapping.readWord(0); mapping.read(0, 8); mapping.readInto(0, new Original(4)); try { mapping.write(0, new Original(4)); } catch {}
      assert.equal(seen.filter((array) => array.byteLength === 4096).length, 0);`);
  });
});

describe('waiting', () => {
  itOnTerminals('hands nothing to libuv that would make it abort', async () => {
    await survives(`
      const { reduce } = Array.prototype; Array.prototype.reduce = () => 64; Object.prototype.strange = 64;
      const device = CharDevice.open('/dev/ptmx');
      let turn = 0; const events = Object.defineProperty(['readable'], 0, { get: () => (turn++ ? 'strange' : 'readable') });
      try { device.watch(events, () => {}).close(); } catch (error) { assert.equal(error.code, 'ERR_OUT_OF_RANGE'); }
      device.watch('readable', () => {}).close(); Array.prototype.reduce = reduce; device.close();`);
  });

  it('with no descriptor left fails, and loses no event', async () => {
    await survives(`
      import { openSync } from 'node:fs';
      const board = openBoard('sim'); board.simulator.pushMailbox(1); assert.equal((await board.mailbox.receive()).word, 1);
      spawnSync('prlimit', ['--pid', process.pid, '--nofile=64']);
      const files = []; try { for (;;) files.push(openSync('/dev/null')); } catch (error) { assert.equal(error.code, 'EMFILE'); }
      await assert.rejects(board.mailbox.receive(), { code: 'EMFILE', syscall: 'poll' });
      assert.equal(board.mailbox.waiting, 0);
      board.simulator.pushMailbox(2); assert.equal((await board.mailbox.receive()).word, 2);`);
  });

  it('inside of waiting keeps the order of events', async () => {
    using board = openBoard('sim');
    const got: number[] = [];
    const take = (): void => void board.mailbox.receive().then(({ word }) => got.push(word));
    const signal = new AbortController().signal;
    Object.defineProperty(signal, 'removeEventListener', { value: take }); // runs while events are dealt
    const first = board.mailbox.receive({ signal }).then(({ word }) => got.push(word));
    for (let word = 0; word < 300; ++word) board.simulator?.pushMailbox(word);
    await first;
    while (got.length < 300) got.push((await board.mailbox.receive()).word);
    expect(got.sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, index) => index));
  });

  it('settles although the caller\'s signal throws', async () => {
    using board = openBoard('sim');
    const signal = new AbortController().signal;
    Object.defineProperty(signal, 'removeEventListener', { value: () => { throw new Error('mine'); } });
    const wait = board.mailbox.receive({ signal });
    board.simulator?.pushMailbox(5);
    expect((await wait).word).toBe(5);
  });

  /** Whose methods throw once something listens. */
  const throwing = (): AbortSignal => Object.defineProperty(new AbortController().signal, 'removeEventListener', { value: () => { throw new Error('mine'); } });

  itOnTerminals('with a signal that throws keeps nothing from being closed', async () => {
    const board = openBoard('sim');
    const group = board.workgroup();
    const device = CharDevice.open('/dev/ptmx');
    const waits = [board.mailbox.receive({ signal: throwing() }), group.finished({ signal: throwing() }), device.ready('priority', { signal: throwing() })];
    const ends = Promise.allSettled(waits);
    group.close();
    device.close();
    board.close();
    expect([board.closed, device.closed]).toEqual([true, true]);
    expect((await ends).map((end) => (end as PromiseRejectedResult).reason as object)).toEqual(waits.map(() => expect.objectContaining({ code: 'ERR_EPIPHANY_CLOSED' }) as object));
    expect(() => readlinkSync(`/proc/self/fd/${(device as unknown as { fd: number }).fd}`)).toThrow();
  });

  it('takes a signal that can be listened to, and left, of whatever class', async () => {
    using board = openBoard('sim');
    using group = board.workgroup();
    const wait = (signal: object): Promise<unknown>[] => [
      board.mailbox.receive({ timeout: 5, signal: signal as AbortSignal }),
      board.simulator!.run({ instructions: 1, signal: signal as AbortSignal }),
      group.load('/nowhere', { signal: signal as AbortSignal }),
      board.dma.copy(new Uint32Array(1), { core: group.cores[0]!, address: 0 }, 4, { signal: signal as AbortSignal }),
    ];
    const halves = [{ aborted: false, addEventListener() {} }, { aborted: false, removeEventListener() {} }];
    for (const end of await Promise.allSettled(halves.flatMap(wait))) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'ERR_INVALID_ARG_TYPE' } });
    const whole = { aborted: true, reason: 'enough', addEventListener() {}, removeEventListener() {} };
    for (const end of await Promise.allSettled(wait(whole))) expect(end).toEqual({ status: 'rejected', reason: 'enough' });
  });

  it('ends when its loop is left, and takes no event along', async () => {
    using board = openBoard('sim');
    const iterator = board.mailbox[Symbol.asyncIterator]();
    const next = iterator.next();
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    board.simulator?.pushMailbox(9);
    expect((await board.mailbox.receive()).word).toBe(9);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('for a stream that never runs dry lets timers fire', async () => {
    using board = openBoard('sim');
    let fired = false;
    setTimeout(() => (fired = true), 5);
    let received = 0;
    board.simulator?.pushMailbox(0);
    for await (const { word } of board.mailbox) {
      board.simulator?.pushMailbox(word + 1);
      if (fired || ++received > 2_000_000) break;
    }
    expect(fired).toBe(true);
  });
});

describe('opening', () => {
  it('a FIFO waits for nobody', async () => {
    await survives(`
      import { mkdtempSync, rmSync } from 'node:fs'; import { join } from 'node:path'; import { tmpdir } from 'node:os';
      const folder = mkdtempSync(join(tmpdir(), 'fifo-')); const fifo = join(folder, 'fifo'); spawnSync('mkfifo', [fifo]);
      assert.throws(() => CharDevice.open(fifo, { access: 'read', nonBlocking: false }), { code: 'ENODEV' });
      assert.throws(() => openBoard(fifo), { code: 'ENODEV' });
      CharDevice.open(fifo, { access: 'read', fileType: 'any', nonBlocking: false }).close();
      rmSync(folder, { recursive: true });`);
  });

  it('and closing boards in a row keeps nothing, also when opening fails', async () => {
    await survives(`
      import { mkdtempSync, rmSync, readFileSync, writeFileSync } from 'node:fs'; import { join } from 'node:path'; import { tmpdir } from 'node:os';
      const folder = mkdtempSync(join(tmpdir(), 'fail-')); const path = join(folder, 'state'); openBoard('sim:' + path).close();
      const bytes = readFileSync(path); bytes.writeUInt32LE(0, 24); writeFileSync(path, bytes); // no state of a chip
      spawnSync('prlimit', ['--pid', process.pid, '--nofile=64']);
      for (let i = 0; i < 200; ++i) openBoard('sim').close();
      for (let i = 0; i < 200; ++i) assert.throws(() => openBoard('sim:' + path), { code: 'ERR_EPIPHANY_BAD_SNAPSHOT' });
      rmSync(folder, { recursive: true });`);
  });
});

describe('closing', () => {
  itOnTerminals('lets go of the device at once, also when it was watched', () => {
    const path = '/dev/ptmx';
    for (let i = 0; i < 2000; ++i) {
      const device = CharDevice.open(path);
      device.watch('readable', () => undefined);
      device.close();
    }
  });

  it('one lease of shared DRAM leaves the board its next', () => {
    using board = openBoard('sim');
    board.sharedDramMapping().writeWord(0, 5);
    board.sharedDramMapping().close();
    expect(board.sharedDramMapping().readWord(0)).toBe(5);
  });
});

describe('copies', () => {
  it('of short windows that overlap are exact', () => {
    using board = openBoard('sim');
    const memory = board.sharedDramMapping();
    memory.words.set([1, 2, 3, 4, 5]);
    memory.write(4, memory.words.subarray(0, 4));
    expect([...memory.words.subarray(0, 5)]).toEqual([1, 1, 2, 3, 4]);
    memory.words.set([1, 2, 3, 4, 5]);
    memory.readInto(0, memory.words.subarray(1, 5));
    expect([...memory.words.subarray(0, 5)]).toEqual([1, 1, 2, 3, 4]);
  });

  it('believe no length that a program puts on an array', () => {
    using board = openBoard('sim');
    const core = board.core(0, 0);
    core.fill(0, 256, 0xee);
    const liar = Object.defineProperties(new Uint32Array(4), { length: { value: 12 }, byteLength: { value: 48 } });
    core.write(0, liar);
    expect(core.read(16, 240).every((byte) => byte === 0xee)).toBe(true);
    const shy = Object.defineProperties(new Uint8Array(64), { length: { value: 1 }, byteLength: { value: 1 } });
    expect(() => core.write(0x8000 - 4, shy)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    core.words.subarray(0, 8).set({ length: 1, *[Symbol.iterator]() { for (;;) yield 1; } } as unknown as number[]);
  });

  it('refuse views whose memory is gone', () => {
    using board = openBoard('sim');
    const core = board.core(0, 0);
    const gone = new Uint8Array(8);
    structuredClone(gone, { transfer: [gone.buffer] });
    for (const use of [() => core.write(0, gone), () => core.readInto(0, gone)]) expect(use).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    const other = openBoard('sim');
    const { words, int32, float32 } = other.core(0, 0);
    other.close();
    for (const window of [words, int32, float32]) {
      expect(() => core.write(0, window)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_CLOSED' }));
      expect(() => core.readInto(0, window)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_CLOSED' }));
      expect(() => core.words.set(window)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_CLOSED' }));
    }
  });

  it('read the length of a view from the engine, also of a DataView', () => {
    using board = openBoard('sim');
    const core = board.core(0, 0);
    core.fill(0, 64, 0xee);
    const memory = new Uint8Array(64).fill(0x11);
    const lies = { byteLength: { value: 32 }, byteOffset: { value: 0 }, length: { value: 32 }, buffer: { value: new ArrayBuffer(64) } };
    const liar = Object.defineProperties(new DataView(memory.buffer, 16, 4), lies);
    core.write(0, liar);
    expect(core.read(0, 8)).toEqual(Uint8Array.of(0x11, 0x11, 0x11, 0x11, 0xee, 0xee, 0xee, 0xee));
    core.readInto(4, liar);
    expect([...memory.subarray(14, 22)]).toEqual([0x11, 0x11, 0xee, 0xee, 0xee, 0xee, 0x11, 0x11]);
    const state = layout({ a: 'u32', b: 'u32' });
    const short = Object.defineProperties(new Uint8Array(memory.buffer, 0, 4), lies);
    expect(() => state.decode(short)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', actual: 4 }));
    expect(() => board.simulator?.restore(Object.defineProperties(new Uint8Array(8), lies))).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_BAD_SNAPSHOT' }));
  });

  it('refuse views whose memory has shrunk below them', () => {
    if (!('resize' in ArrayBuffer.prototype)) return; // Node 20 and later
    using board = openBoard('sim');
    const core = board.core(0, 0);
    const memory = new (ArrayBuffer as unknown as new (bytes: number, options: object) => ArrayBuffer & { resize(bytes: number): void })(64, { maxByteLength: 64 });
    const views = [new Uint8Array(memory, 32, 16), new Uint32Array(memory, 32, 4), new Float64Array(memory, 32, 2), new DataView(memory, 32, 16)];
    memory.resize(16);
    for (const view of views) {
      for (const use of [() => core.write(0, view), () => core.readInto(0, view)]) expect(use).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    }
    core.write(0, new Uint8Array(memory, 16, 0)); // empty, and there
  });

  it('use no method that a program puts on a window', () => {
    using board = openBoard('sim');
    const core = board.core(0, 0);
    core.fill(0, 1024, 0xee);
    for (const Words of ['words', 'int32', 'float32'] as const) {
      const own = Object.assign(core[Words].subarray(0, 1), { slice: () => new Uint32Array(64).fill(9), set: () => undefined, subarray: () => 5 }) as Uint32Array;
      core.write(0x100, own);
      expect(core.read(0x100, 256).every((byte) => byte === 0xee)).toBe(true);
      core.writeWord(0x200, 77);
      core.readInto(0x200, own);
      expect(core.readWord(0)).toBe(77);
      for (const window of [core.words, core.int32, core.float32]) window.subarray(4, 5).set(own);
      expect(core.readWord(0x14)).toBe(0xeeeeeeee);
      expect([own.indexOf(5), own.sort()]).toEqual([-1, own]);
      core.fill(0, 1024, 0xee);
    }
  });

  it.each([
    ['a proxy of a view', (view: ArrayBufferView) => new Proxy(view, {})],
    ['an object with the prototype of a view', (view: ArrayBufferView) => Object.create(Object.getPrototypeOf(view) as object) as ArrayBufferView],
  ])('refuse %s', async (_what, forge) => {
    using board = openBoard('sim');
    const core = board.core(0, 0);
    using buffer = board.dram.alloc(64);
    using zero = CharDevice.open('/dev/zero');
    const type = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }) as Error;
    for (const view of [new Uint8Array(8), new Uint32Array(2), new Float64Array(1), new DataView(new ArrayBuffer(8))]) {
      const forged = forge(view);
      for (const use of [() => core.write(0, forged), () => core.readInto(0, forged), () => core.words.set(forged as Uint32Array), () => layout({ a: ['u8', 8] }).encode({ a: forged as unknown as number[] })]) expect(use).toThrow(type);
      await expect(board.dma.copy(forged, buffer, 4)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
      await expect(board.dma.copy(buffer, forged, 4)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    }
    const mapping = Object.create(Object.getPrototypeOf(zero.mapMemory({ offset: 0, length: 4096 })) as object) as ArrayBufferView;
    await expect(board.dma.copy(mapping, buffer, 4)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    for (const method of ['slice', 'subarray', 'indexOf', 'sort'] as const) expect(() => (core.words[method] as () => void).call({})).toThrow(type);
  });

  it('by DMA notice that their memory shrinks, or goes, under way', async () => {
    using board = openBoard('sim');
    using buffer = board.dram.alloc(3 * 2 ** 20);
    const gone = new Uint8Array(3 * 2 ** 20);
    const onProgress = (): void => void (gone.byteLength > 0 && structuredClone(gone, { transfer: [gone.buffer] }));
    await expect(board.dma.copy(gone, buffer, gone.length, { onProgress })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    if (!('resize' in ArrayBuffer.prototype)) return;
    const memory = new (ArrayBuffer as unknown as new (bytes: number, options: object) => ArrayBuffer & { resize(bytes: number): void })(3 * 2 ** 20, { maxByteLength: 3 * 2 ** 20 });
    const shrinking = new Uint8Array(memory);
    await expect(board.dma.copy(buffer, shrinking, 3 * 2 ** 20, { onProgress: () => memory.resize(2 ** 20 + 8) })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  it('take numbers as indices, any of them, and nothing that would be made one', () => {
    using board = openBoard('sim');
    const { words, float32 } = board.core(0, 0);
    words.set([10, 11, 12, 13, 14]);
    const window = words.subarray(0, 5);
    const plain = Uint32Array.of(10, 11, 12, 13, 14);
    for (const begin of [undefined, 0, -0, 1, -2, 2.9, -1.5, Number.NaN, Infinity, -Infinity, 2 ** 60]) {
      for (const end of [undefined, 3, -1, 4.7, Number.NaN, Infinity]) {
        expect([...window.subarray(begin, end)], `${begin} ${end}`).toEqual([...plain.subarray(begin, end)]);
        expect([...window.slice(begin, end)]).toEqual([...plain.slice(begin, end)]);
      }
    }
    let asked = 0;
    const number = { valueOf: () => ++asked, toString: () => `${++asked}`, [Symbol.toPrimitive]: () => ++asked };
    const wrong = expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }) as Error;
    for (const index of [Symbol('s'), 1n, number, '1', null, true, [], () => 1] as unknown as number[]) {
      const calls = [
        () => words.subarray(index), () => words.subarray(0, index), () => float32.slice(index), () => words.slice(0, index), () => words.fill(7, index), () => words.fill(7, 0, index),
        () => words.copyWithin(index, 0), () => words.copyWithin(0, index), () => words.copyWithin(0, 1, index),
      ];
      for (const call of calls) expect(call, `${call} ${typeof index}`).toThrow(wrong);
    }
    for (const value of [Symbol('s'), 1n] as unknown as number[]) {
      for (const call of [() => words.fill(value), () => words.set([1, value]), () => float32.set([value])]) expect(call, `${call} ${typeof value}`).toThrow(wrong);
    }
    expect([asked, [...window]]).toEqual([0, [10, 11, 12, 13, 14]]);
  });

  it('ask each value and length once, and then whether the board is still there', () => {
    const closed = expect.objectContaining({ code: 'ERR_EPIPHANY_CLOSED' }) as Error;
    const attacks: ((words: Uint32Array, closing: number) => unknown)[] = [
      (words, closing) => words.fill(closing),
      (words, closing) => words.set([closing]),
      (words, closing) => words.set({ get length() { return closing + 1; }, 0: 1 }),
    ];
    for (const attack of attacks) {
      const board = openBoard('sim');
      const { words } = board.core(0, 0);
      const closing = { valueOf: () => (board.close(), 0) } as unknown as number;
      expect(() => attack(words, closing), String(attack)).toThrow(closed);
    }
    using board = openBoard('sim');
    let asked = 0;
    const growing = { get length() { return asked++ === 0 ? 2 : 100; }, 0: 1, 1: 2 };
    const { words } = board.core(0, 0);
    words.fill(7);
    words.set(growing);
    expect([...words.subarray(0, 4)]).toEqual([1, 2, 7, 7]);
    words.set(Object.setPrototypeOf(new Uint8Array([1, 2, 3, 4]), Uint32Array.prototype) as Uint32Array);
    expect([...words.subarray(0, 5)]).toEqual([1, 2, 3, 4, 7]);
  });

  it('whose source closes the board in mid-call say so', () => {
    const board = openBoard('sim');
    const source = { length: 2, get 0() { board.close(); return 1; }, 1: 2 };
    const { words } = board.core(0, 0);
    expect(() => words.set(source as unknown as number[])).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_CLOSED' }));
  });
});

describe('a structure', () => {
  type Sequence = number[];
  const Inner = layout({ v: 'u32' });
  const Scalars = layout({ a: ['u32', 1], b: 'u32' });
  const Nested = layout({ a: [Inner, 1], b: 'u32' });
  const withBytes = (bytes: number): { all: Uint8Array; part: Uint8Array } => {
    const all = new Uint8Array(64).fill(0xaa);
    return { all, part: all.subarray(8, 8 + bytes) };
  };
  const typed = expect.objectContaining({ code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/) as string }) as Error;

  it('is written within its bytes, whatever an array says of itself', () => {
    let asked = 0;
    const endless = { length: 1, 0: 7, *[Symbol.iterator]() { for (;;) yield 7; } } as unknown as Sequence;
    const growing = { get length() { return asked++ === 0 ? 1 : 5; }, 0: { v: 7 }, 1: { v: 7 }, 2: { v: 7 } } as unknown as { v: number }[];
    const endlessInner = { length: 1, 0: { v: 7 }, *[Symbol.iterator]() { for (;;) yield { v: 7 }; } } as unknown as { v: number }[];
    for (const encode of [(bytes: Uint8Array) => Scalars.encodeInto(bytes, { a: endless }), (bytes: Uint8Array) => Nested.encodeInto(bytes, { a: growing }), (bytes: Uint8Array) => Nested.encodeInto(bytes, { a: endlessInner })]) {
      const { all, part } = withBytes(8);
      encode(part);
      const expected = new Uint8Array(64).fill(0xaa);
      expected.set([7, 0, 0, 0], 8);
      expect(all).toEqual(expected);
    }
  });

  it('is not changed at all by a value of which a part is wrong, and only in the fields that are given', () => {
    const { all, part } = withBytes(8);
    for (const value of [{ a: [1], b: -1 }, { a: [1], b: 'x' }, { a: [1], c: 1 }, { b: 1, a: [1, 2] }, { b: 1, a: Symbol('s') }]) expect(() => Scalars.encodeInto(part, value as never)).toThrow(typed);
    const frozen: Error = Object.freeze(new Error('mine'));
    expect(() => Nested.encodeInto(part, { b: 1, a: [{ get v(): number { throw frozen; } }] })).toThrow(frozen);
    expect(all.every((byte) => byte === 0xaa)).toBe(true);
    // What a core wrote meanwhile to another field stays.
    Scalars.encodeInto(part, { get b() { part[0] = 5; return 1; } });
    expect([...part]).toEqual([5, 0xaa, 0xaa, 0xaa, 1, 0, 0, 0]);
  });

  it('says so when a getter of the value takes its bytes away', () => {
    const gone = new Uint8Array(8);
    expect(() => Scalars.encodeInto(gone, { get b() { structuredClone(gone, { transfer: [gone.buffer] }); return 1; } })).toThrow(typed);
    if (!('resize' in ArrayBuffer.prototype)) return; // Node 20 and later
    const memory = new (ArrayBuffer as unknown as new (bytes: number, options: object) => ArrayBuffer & { resize(bytes: number): void })(8, { maxByteLength: 8 });
    expect(() => Scalars.encodeInto(new Uint8Array(memory), { get b() { memory.resize(4); return 1; } })).toThrow(typed);
  });

  it('has an end to its depth, and is made of structures only', () => {
    let deep: ReturnType<typeof layout> = layout({ v: 'u8' });
    expect(() => { for (let depth = 0; depth < 100_000; ++depth) deep = layout({ v: deep }); }).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    expect(deep.decode(deep.encode({}))).toBeTypeOf('object');
    expect(deep.header('deep')).toContain('uint8_t v;');
    expect(() => layout({ a: Object.create(Object.getPrototypeOf(Inner) as object) as typeof Inner })).toThrow(typed);
  });
});

describe('shared DRAM', () => {
  it.skipIf(!('transfer' in ArrayBuffer.prototype))('whose memory was taken by transfer() says so, and the word of a dead man is stored nevertheless', async () => {
    const board = openBoard('sim');
    const take = (): ReturnType<Board['dram']['alloc']> => {
      const buffer = board.dram.alloc(4096);
      (buffer.bytes.buffer as ArrayBuffer & { transfer(): ArrayBuffer }).transfer();
      return buffer;
    };
    const taken = take();
    const closed = expect.objectContaining({ code: 'ERR_EPIPHANY_CLOSED' }) as Error;
    expect(() => taken.bytes).toThrow(closed);
    await expect(board.dma.copy(new Uint8Array(4), taken, 4)).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
    await expect(board.dma.copy({ buffer: taken, offset: 0 }, new Uint8Array(4), 4)).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
    const group = board.workgroup({ rows: 1, columns: 1 }, { deadMan: { address: taken.address + 8, value: 5, buffer: taken } });
    group.close();
    expect(board.sharedDramMapping().readWord(taken.address + 8 - (board.sharedDram?.address ?? 0))).toBe(5);
    board.workgroup({ rows: 1, columns: 1 }, { deadMan: { address: taken.address, value: 5, buffer: taken } });
    board.close();
    expect(board.closed).toBe(true);
  });

  it('ends with the board, as every work-group does, although one of these fails to close', () => {
    const board = openBoard('sim', { stepped: true });
    const { address } = board.sharedDram ?? { address: 0 };
    const buffer = board.dram.alloc(4096, { address });
    const bad = board.workgroup({ rows: 1, columns: 1 });
    const other = board.workgroup({ row: 1, rows: 1, columns: 1 }, { deadMan: { address, value: 5, buffer } });
    const close = vi.spyOn(Object.getPrototypeOf(bad) as typeof bad, 'close').mockImplementationOnce(() => { throw new Error('mine'); });
    expect(() => board.close()).toThrow('mine');
    close.mockRestore();
    expect([board.closed, other.closed, buffer.closed]).toEqual([true, true, true]);
    board.close();
  });
});

describe('what decides over addresses', () => {
  it('cannot be changed', () => {
    using board = openBoard('sim');
    const core = board.core(0, 0);
    const changes = [
      () => ((board.chip as { rows: number }).rows = 1000),
      () => ((board as { chip: unknown }).chip = {}),
      () => ((core as { id: number }).id = 0x809),
      () => delete (core.registers.R5.spec as { haltedOnly?: true }).haltedOnly,
      () => ((core.registers as { STATUS: unknown }).STATUS = null),
    ];
    for (const change of changes) expect(change).toThrow(TypeError);
  });
});

describe('options', () => {
  itOnTerminals('whose getters close the device are told that it is closed', async () => {
    const device = CharDevice.open('/dev/ptmx');
    const options = { get timeout() { device.close(); return 5; } };
    await expect(device.ready('readable', options)).rejects.toMatchObject({ code: 'ERR_EPIPHANY_CLOSED' });
  });
});

describe('objects with getters', () => {
  /** An object each of whose properties closes the board when it is read. */
  function closing<Properties extends object>(close: () => void, properties: Properties): Properties {
    const object = Object.create(null) as Properties;
    for (const [name, value] of Object.entries(properties)) Object.defineProperty(object, name, { enumerable: true, get: () => (close(), value as unknown) });
    return object;
  }

  itOnTerminals('that close what they are for are told that it is closed, and nothing is done', async () => {
    const closed = { code: 'ERR_EPIPHANY_CLOSED' };
    const calls: ((board: Board, close: () => void) => unknown)[] = [
      (board, close) => board.dram.alloc(4, closing(close, { align: 4096 })),
      (board, close) => board.workgroup(closing(close, { row: 0 })),
      (board, close) => board.workgroup({}, closing(close, { access: 'shared' as const })),
      (board, close) => board.simulator?.inject(closing(close, { interrupt: 'sync' as const, core: 0x808 })),
      (board, close) => board.simulator?.inject(closing(close, { event: 'reset' as const })),
      (board, close) => board.simulator?.inject(closing(close, { fault: 'dead-link' as const })),
      (board, close) => board.simulator?.run(closing(close, { instructions: 1 })),
      (board, close) => board.dma.copy(closing(close, { buffer: board.dram.alloc(4), offset: 0 }), new Uint8Array(4), 4),
      (board, close) => board.mailbox.receive(closing(close, { timeout: 5 })),
      (board, close) => board.core(0, 0).registers.CONFIG.update(closing(close, { rmode: 'truncate' as const })),
    ];
    for (const call of calls) {
      const board = openBoard('sim', { stepped: true });
      await expect(Promise.resolve().then(() => call(board, () => board.close())), String(call)).rejects.toMatchObject(closed);
      board.close();
    }
    const device = CharDevice.open('/dev/ptmx');
    expect(() => device.map(closing(() => device.close(), { offset: 0, length: 4096 }))).toThrow(expect.objectContaining(closed));
    const watched = CharDevice.open('/dev/ptmx');
    const events = Object.defineProperty(['readable'], 0, { get: () => (watched.close(), 'readable') });
    expect(() => watched.watch(events as ['readable'], () => undefined)).toThrow(expect.objectContaining(closed));
  });

  it('that say something else the second time are asked once', () => {
    let asked = 0;
    const turning = { get stepped() { return asked++ === 0 ? true : ({} as boolean); } };
    using board = openBoard('sim', turning);
    expect([asked, board.simulator?.running]).toEqual([1, false]);
  });

  it('without a prototype are options like any other, and what cannot be shown is still named', () => {
    const bare = <Properties extends object>(properties: Properties): Properties => Object.assign(Object.create(null) as Properties, properties);
    using board = openBoard('sim', bare({ stepped: true }));
    using group = board.workgroup(bare({ rows: 1, columns: 1 }), bare({ access: 'shared' as const }));
    expect(group.cores).toHaveLength(1);
    board.dram.alloc(4, bare({ align: 4096 })).close();
    expect(() => board.dram.alloc(bare({}) as unknown as number)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    const shy = { [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('mine'); } };
    expect(() => board.core(shy as unknown as number, 0)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  });

  it('that only inherit from what a board makes are refused', async () => {
    using board = openBoard('sim');
    const type = { code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/) as string };
    const core = Object.create(Object.getPrototypeOf(board.core(0, 0)) as object) as Core;
    await expect(board.dma.copy({ core, address: 0 }, new Uint8Array(4), 4)).rejects.toMatchObject(type);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- a forgery is what this is about
    const buffer = Object.assign(Object.create(Object.getPrototypeOf(board.dram.alloc(4)) as object) as object, { length: 4, address: 0x8e000000 }) as ReturnType<Board['dram']['alloc']>;
    await expect(board.dma.copy({ buffer, offset: 0 }, new Uint8Array(4), 4)).rejects.toMatchObject(type);
  });
});

describe('a program that is no file', () => {
  const good = { address: 0x2000, data: new Uint8Array(4), memoryBytes: 4, flags: { read: true, write: true, execute: false } };
  const programOf = (segments: unknown, more: object = {}): Program => ({ path: 'mine', entry: 0, segments, sections: [], symbols: [], symbolsByName: new Map(), ...more }) as Program;

  it.each([
    ['null', [null]],
    ['a number', [5]],
    ['no data', [{ ...good, data: undefined }]],
    ['data that is an array', [{ ...good, data: [1, 2] }]],
    ['data of words', [{ ...good, data: new Uint32Array(1) }]],
    ['fewer bytes in memory than data', [{ ...good, memoryBytes: 2 }]],
    ['a negative size', [{ ...good, memoryBytes: -1 }]],
    ['no size', [{ ...good, memoryBytes: Number.NaN }]],
    ['a broken address', [{ ...good, address: 0.5 }]],
    ['an address as text', [{ ...good, address: '0x2000' }]],
    ['an end beyond all addresses', [{ ...good, address: 0xfffffffc, memoryBytes: 8 }]],
    ['a hole', Array(1)],
    ['what another has, too', [good, { ...good, address: 0x2002 }]],
    ['4096 others', Array.from({ length: 4097 }, (_, index) => ({ ...good, address: 4 * index }))],
  ])('with a segment that is, or has, %s is refused before anything is touched', async (_what, segments) => {
    using board = openBoard('sim');
    using group = board.workgroup({ rows: 1, columns: 1 });
    const core = group.core(0);
    core.registers.IMASK.write(0x55);
    core.writeWord(0x2000, 0x1234);
    await expect(group.load(programOf(segments))).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/) as string });
    expect([core.registers.IMASK.read().value, core.readWord(0x2000)]).toEqual([0x55, 0x1234]);
  });

  const section = { name: 'workgroup_cfg', address: 0x28, bytes: 64, type: 'progbits', flags: { allocate: true, write: true, execute: false } };
  const symbol = { name: 'x', address: 0x2000, bytes: 4, type: 'object', binding: 'global', section: '.data' };
  it.each([
    ['section without a name', { sections: [{ ...section, name: undefined }] }],
    ['section without flags', { sections: [{ ...section, flags: undefined }] }],
    ['section of less than nothing', { sections: [{ ...section, bytes: -4 }] }],
    ['symbol without a name', { symbols: [{ ...symbol, name: null }] }],
    ['symbol of less than nothing', { symbols: [{ ...symbol, bytes: -4 }] }],
    ['symbol of less than nothing, by name', { symbolsByName: new Map([['x', { ...symbol, bytes: -4 }]]) }],
    ['symbol nowhere', { symbols: [{ ...symbol, address: undefined }] }],
    ['null for a symbol', { symbolsByName: new Map([['x', null]]) }],
    ['text for an entry', { entry: 'main' }],
  ])('with a %s is refused', async (_what, more) => {
    using board = openBoard('sim');
    using group = board.workgroup({ rows: 1, columns: 1 });
    await expect(group.load(programOf([good], more))).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/) as string });
  });

  it('is taken as it is at first, whatever it says later', async () => {
    using board = openBoard('sim');
    using group = board.workgroup({ rows: 1, columns: 1 });
    let asked = 0;
    const segment = { ...good, get memoryBytes() { return asked++ === 0 ? 4 : 0x10000; } };
    await group.load(programOf([segment]));
    expect(asked).toBe(1);
  });
});

describe('what a program is started with', () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;

  it('is asked for once, and costs no descriptor if it cannot be had', () => {
    using board = openBoard('sim');
    using group = board.workgroup();
    let asked = 0;
    const twice = { directory: '/tmp', get stdin(): string { if (asked++ % 2 === 1) throw new Error('mine'); return ''; } };
    group.start(twice);
    expect(asked).toBe(1);
    group.reset();
    const before = descriptors();
    for (let i = 0; i < 5; ++i) {
      asked = 1;
      expect(() => group.start(twice)).toThrow('mine');
    }
    expect(descriptors()).toBe(before);
  });
});

describe('ioctl', () => {
  it('takes letters for what they are, and only letters', () => {
    for (const bad of [69, {}, null]) expect(() => ioctlRequest('read', bad as unknown as string, 1, 136)).toThrow(TypeError);
    for (const bad of ['', 'EX', 'Ж']) expect(() => ioctlRequest('read', bad, 1, 136)).toThrow(RangeError);
  });

  it('takes no argument larger than any driver wants', () => {
    using device = CharDevice.open('/dev/null');
    expect(() => device.ioctl(0x5401, new Uint8Array(2 ** 24 + 1))).toThrow(RangeError);
    expect(() => device.ioctl(0x5401, new Uint8Array(2 ** 24))).toThrow(expect.objectContaining({ code: 'ENOTTY' }));
  });
});
