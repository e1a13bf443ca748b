// SPDX-License-Identifier: MIT
/** SRAM of cores: copies, and windows over it. */
import assert from 'node:assert/strict';
import { everyView } from '../views.js';
import { generator, NO_INTEGERS, NO_NUMBERS, onBoard, onCore, OUT_OF_RANGE, randomBytes, SRAM_BYTES, WRONG_TYPE, type Case } from '../case.js';

export const memory: Case[] = [
  onCore('a word is waited for, by its bits, with an end', async (core) => {
    core.writeWord(0x100, 0x12);
    const wait = core.waitForWord(0x100, { mask: 0xff00, value: 0x300 });
    assert.equal(await core.waitForWord(0x100, { mask: 2, timeout: 0 }), 0x12);
    await assert.rejects(core.waitForWord(0x100, { value: 0x13, timeout: 2 }), { code: 'ERR_EPIPHANY_TIMEOUT' });
    core.writeWord(0x100, 0x312);
    assert.equal(await wait, 0x312);
    await assert.rejects(core.waitForWord(0x102), OUT_OF_RANGE);
    await assert.rejects(core.waitForWord(0x100, { mask: '1' as unknown as number }), WRONG_TYPE);
  }),
  onCore('bytes at any address and of any length are read as they were written', (core) => {
    const random = generator(1);
    const model = randomBytes(random, SRAM_BYTES);
    core.write(0, model);
    for (let step = 0; step < 1000; ++step) {
      const length = random(step % 10 === 0 ? 5000 : 40);
      const address = random(SRAM_BYTES - length + 1);
      const bytes = randomBytes(random, length);
      switch (random(5)) {
        case 0:
          core.write(address, bytes);
          model.set(bytes, address);
          break;
        case 1: {
          const byte = random(256);
          core.fill(address, length, byte);
          model.fill(byte, address, address + length);
          break;
        }
        case 2:
          assert.deepEqual(core.read(address, length), model.slice(address, address + length));
          break;
        case 3:
          assert.equal(core.readInto(address, bytes), bytes);
          assert.deepEqual(bytes, model.slice(address, address + length));
          break;
        default: {
          const word = random(2 ** 32);
          core.writeWord(address & ~3 & (SRAM_BYTES - 4), word);
          new DataView(model.buffer).setUint32(address & ~3 & (SRAM_BYTES - 4), word, true);
        }
      }
    }
    assert.deepEqual(core.read(0, SRAM_BYTES), model);
  }),
  onCore('every alignment of the core, of the host and of the length copies exactly', (core) => {
    const random = generator(2);
    for (let at = 0; at < 8; ++at) {
      for (let from = 0; from < 4; ++from) {
        for (let length = 0; length < 12; ++length) {
          core.fill(0x100, 32, 0xee);
          const source = randomBytes(random, 16).subarray(from, from + length);
          core.write(0x100 + at, source);
          const wanted = new Uint8Array(32).fill(0xee);
          wanted.set(source, at);
          assert.deepEqual(core.read(0x100, 32), wanted, `${length} bytes from ${from} to ${at}`);
          const target = new Uint8Array(16).fill(0x55);
          core.readInto(0x100 + at, target.subarray(from, from + length));
          const expected = new Uint8Array(16).fill(0x55);
          expected.set(source, from);
          assert.deepEqual(target, expected, `${length} bytes from ${at} to ${from}`);
        }
      }
    }
  }),
  onCore('views of every class copy exactly, and nothing around them is touched', (core) => {
    const random = generator(7);
    for (const length of [64, 256]) {
      for (const { name, view, bytes, isBroken } of everyView(length)) {
        for (const address of [0x1000, 0x1003]) {
          const [source, target] = [randomBytes(random, length), randomBytes(random, length)];
          core.fill(0xf00, 0x400, 0xee);
          bytes.set(source);
          core.write(address, view);
          assert.deepEqual(core.read(address, length), source, name);
          assert.ok(core.read(address + length, 0x100).every((byte) => byte === 0xee), name);
          assert.ok(core.read(address - 0x100, 0x100).every((byte) => byte === 0xee), name);
          core.write(address, target);
          assert.equal(core.readInto(address, view), view, name);
          assert.deepEqual(Uint8Array.from(bytes), target, name);
          assert.ok(!isBroken(), name);
        }
        assert.throws(() => core.write(SRAM_BYTES - length + 1, view), OUT_OF_RANGE, name);
        assert.throws(() => core.readInto(SRAM_BYTES - length + 1, view), OUT_OF_RANGE, name);
      }
    }
  }),
  onCore('windows are set from arrays of every class, element by element', (core) => {
    for (const { name, view, bytes } of everyView(64)) {
      if (!('length' in view)) continue; // a DataView is no array
      const array = view as unknown as ArrayLike<number>;
      bytes.forEach((_, index) => (bytes[index] = index));
      for (const [window, Plain] of [[core.words, Uint32Array], [core.int32, Int32Array], [core.float32, Float32Array]] as const) {
        core.fill(0, 0x400, 0xee);
        if (name.startsWith('Big')) {
          assert.throws(() => window.set(array, 8), TypeError, name);
          continue;
        }
        window.set(array, 8);
        assert.deepEqual(window.slice(8, 8 + array.length), Plain.from(array), name);
        assert.ok([...core.read(0, 32), ...core.read(32 + 4 * array.length, 32)].every((byte) => byte === 0xee), name);
      }
    }
  }),
  onCore('arrays of words copy exactly at any aligned address and of any length', (core) => {
    const random = generator(5);
    for (const Words of [Uint32Array, Int32Array, Float32Array]) {
      for (let length = 0; length < 40; ++length) {
        const address = 4 * random(64);
        core.fill(0, 0x400, 0xee);
        const words = new Words(randomBytes(random, 4 * length).map((byte) => byte & 0x7f).buffer);
        core.write(address, words);
        const wanted = new Uint8Array(0x400).fill(0xee);
        wanted.set(new Uint8Array(words.buffer), address);
        assert.deepEqual(core.read(0, 0x400), wanted, `${length} of ${Words.name}`);
        assert.deepEqual(core.readInto(address, new Words(length)), words);
      }
    }
    for (const length of [2, 40]) {
      assert.throws(() => core.write(SRAM_BYTES - 4, new Uint32Array(length)), OUT_OF_RANGE);
      assert.throws(() => core.readInto(SRAM_BYTES - 4, new Int32Array(length)), OUT_OF_RANGE);
    }
  }),
  onCore('any view of memory can be written and read into', (core) => {
    const content = Uint8Array.from({ length: 24 }, (_, index) => index * 7 + 1);
    const views = [
      new Int8Array(24), new Uint8ClampedArray(24), new Uint16Array(12), new Int16Array(12), new Uint32Array(6), new Int32Array(6),
      new Float32Array(6), new Float64Array(3), new BigInt64Array(3), new BigUint64Array(3), new DataView(new ArrayBuffer(24)),
      Buffer.alloc(24), new Uint8Array(new SharedArrayBuffer(24)), new DataView(new ArrayBuffer(40), 5, 24),
    ];
    for (const view of views) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      bytes.set(content);
      core.fill(0x200, 32);
      core.write(0x201, view);
      assert.deepEqual(core.read(0x201, 24), content, `write ${view.constructor.name}`);
      bytes.fill(0);
      assert.equal(core.readInto(0x201, view), view);
      assert.deepEqual(new Uint8Array(bytes), content, `readInto ${view.constructor.name}`);
    }
  }),
  onCore('not-a-numbers keep their bits', (core) => {
    const bits = Uint32Array.of(0x7f800001, 0xffbfffff, 0x7fc12345);
    core.write(0x40, new Float32Array(bits.buffer));
    assert.deepEqual(new Uint32Array(core.read(0x40, 12).buffer), bits);
  }),
  onCore('words, int32 and float32 are live windows over the same memory', (core) => {
    const { words, int32, float32 } = core;
    assert.equal(words.length, SRAM_BYTES / 4);
    assert.equal(core.words, words, 'the same window each time');
    words[0x800] = 0xbf800000;
    assert.equal(int32[0x800], 0xbf800000 | 0);
    assert.equal(float32[0x800], -1);
    assert.equal(core.readWord(0x2000), 0xbf800000);
    core.write(0x2001, Uint8Array.of(1, 2));
    assert.equal(words[0x800], 0xbf020100);
    words[SRAM_BYTES / 4] = 1; // beyond the end: ignored, as with any typed array
    assert.equal(words[SRAM_BYTES / 4], undefined);
  }),
  onCore('the bulk methods of a window do what those of a plain array do', (core) => {
    const random = generator(3);
    const names = ['words', 'int32', 'float32'] as const;
    for (const name of names) {
      const window = core[name].subarray(0x10, 0x30) as Uint32Array;
      const Plain = { words: Uint32Array, int32: Int32Array, float32: Float32Array }[name];
      window.fill(0);
      const plain = new Plain(32) as Uint32Array;
      const indices = [undefined, 0, 1, 5, 31, 32, 40, -1, -5, -32, -99, Number.NaN];
      const index = (): number | undefined => indices[random(indices.length)];
      for (let step = 0; step < 400; ++step) {
        const values = Array.from({ length: random(8) }, () => random(2 ** 31) - 2 ** 30);
        const [a, b, c] = [index(), index(), index()];
        for (const array of [window, plain]) {
          switch (step % 8) {
            case 0: array.set(values, random(1) + (step % 20)); break;
            case 1: array.set(Float64Array.from(values), step % 20); break;
            case 2: array.fill(values.length * 1000 + 0.5, a ?? 0, b); break; // V8 ignores an end without a beginning
            case 3: array.copyWithin(a as number, b as number, c); break;
            case 4: array.subarray(a, b).fill(step); break;
            case 5: array.subarray(a, b).reverse(); break;
            case 6: array.sort(); break;
            default: array.set(array.slice(0, 8), 3);
          }
        }
        assert.deepEqual(window.slice(), plain, `${name}, step ${step}: ${String([a, b, c])}`);
        assert.deepEqual(window.slice(a, b), plain.slice(a, b));
        assert.equal(window.indexOf(plain[7] as number), plain.indexOf(plain[7] as number));
        assert.equal(window.includes(12345.5), false);
        assert.equal(window.join('-'), plain.join('-'));
        assert.equal(String(window), String(plain));
        assert.deepEqual(window.map((value) => value + 1), plain.map((value) => value + 1));
        assert.deepEqual([...window], [...plain]);
      }
    }
  }),
  onCore('what a window makes is either a window or a plain copy', (core) => {
    const window = core.words;
    assert.equal(window.slice(0, 4).constructor, Uint32Array);
    assert.equal(window.map((word) => word).constructor, Uint32Array);
    assert.equal(window.filter(() => false).constructor, Uint32Array);
    const part = window.subarray(4, 8);
    part[0] = 77;
    assert.equal(window[4], 77);
    assert.notEqual(part.constructor, Uint32Array);
    assert.throws(() => part.buffer, { code: 'ERR_EPIPHANY_UNSUPPORTED' });
    assert.throws(() => new DataView(window.buffer), { code: 'ERR_EPIPHANY_UNSUPPORTED' });
    const Window = window.constructor as unknown as new (length: number) => Uint32Array;
    assert.throws(() => new Window(4), WRONG_TYPE);
  }),
  onBoard('a window can be copied from core to core, and within one where ranges overlap', (board) => {
    const [from, to] = [board.core(0, 0), board.core(1, 1)];
    const content = randomBytes(generator(4), 256);
    from.write(0x300, content);
    to.write(0x402, from.words.subarray(0xc0, 0x100));
    assert.deepEqual(to.read(0x402, 256), content);
    to.fill(0x400, 512);
    to.words.set(from.words.subarray(0xc0, 0x100), 0x100);
    assert.deepEqual(to.read(0x400, 256), content);
    to.readInto(0x400, from.words.subarray(0, 64));
    assert.deepEqual(from.read(0, 256), content);
    from.words.set(from.words.subarray(0, 64), 3);
    assert.deepEqual(from.read(12, 256), content);
    to.int32.set(from.float32.subarray(0, 2).fill(3.9), 0);
    assert.deepEqual([...to.int32.subarray(0, 2)], [3, 3]);
  }),
  onCore('what does not fit into SRAM is refused before anything is touched', (core) => {
    const before = core.read(0, SRAM_BYTES);
    for (const address of [...NO_INTEGERS, SRAM_BYTES + 1, 0x8001, 0xeffff, 0xf0000, 0xf1000, 0x80800000]) {
      assert.throws(() => core.read(address, 1), OUT_OF_RANGE, `read ${address}`);
      assert.throws(() => core.readInto(address, new Uint8Array(1)), OUT_OF_RANGE, `readInto ${address}`);
      assert.throws(() => core.write(address, new Uint8Array(1)), OUT_OF_RANGE, `write ${address}`);
      assert.throws(() => core.fill(address, 1), OUT_OF_RANGE, `fill ${address}`);
      assert.throws(() => core.readWord(address), OUT_OF_RANGE, `readWord ${address}`);
      assert.throws(() => core.writeWord(address, 0), OUT_OF_RANGE, `writeWord ${address}`);
    }
    for (const address of [1, 2, 3, 0x1fff, SRAM_BYTES - 3, SRAM_BYTES]) {
      assert.throws(() => core.readWord(address), OUT_OF_RANGE);
      assert.throws(() => core.writeWord(address, 1), OUT_OF_RANGE);
    }
    for (const length of [...NO_INTEGERS, SRAM_BYTES + 1]) {
      assert.throws(() => core.read(0, length), OUT_OF_RANGE);
      assert.throws(() => core.fill(0, length), OUT_OF_RANGE);
    }
    assert.throws(() => core.read(SRAM_BYTES - 4, 5), OUT_OF_RANGE);
    assert.throws(() => core.write(1, new Uint8Array(SRAM_BYTES)), OUT_OF_RANGE);
    assert.throws(() => core.fill(SRAM_BYTES, 1, 1), OUT_OF_RANGE);
    for (const byte of [...NO_INTEGERS, 256]) assert.throws(() => core.fill(0, 1, byte), OUT_OF_RANGE);
    for (const word of [...NO_INTEGERS, 2 ** 32]) assert.throws(() => core.writeWord(0, word), OUT_OF_RANGE);
    assert.throws(() => core.words.set([1, 2], SRAM_BYTES / 4 - 1), OUT_OF_RANGE);
    for (const bad of NO_NUMBERS) {
      assert.throws(() => core.read(bad as number, 1), WRONG_TYPE);
      assert.throws(() => core.read(0, bad as number), WRONG_TYPE);
      assert.throws(() => core.readWord(bad as number), WRONG_TYPE);
      assert.throws(() => core.writeWord(0, bad as number), WRONG_TYPE);
      if (bad !== undefined) assert.throws(() => core.fill(0, 1, bad as number), WRONG_TYPE);
      assert.throws(() => core.write(0, bad as Uint8Array), WRONG_TYPE);
      assert.throws(() => core.readInto(0, bad as Uint8Array), WRONG_TYPE);
    }
    assert.throws(() => core.write(0, new ArrayBuffer(4) as unknown as Uint8Array), WRONG_TYPE);
    assert.deepEqual(core.read(0, SRAM_BYTES), before);
  }),
  onCore('the ends of SRAM and empty ranges are within it', (core) => {
    core.writeWord(SRAM_BYTES - 4, 0x01020304);
    assert.equal(core.readWord(SRAM_BYTES - 4), 0x01020304);
    assert.deepEqual(core.read(SRAM_BYTES - 1, 1), Uint8Array.of(1));
    assert.equal(core.read(SRAM_BYTES, 0).length, 0);
    core.write(SRAM_BYTES, new Uint8Array(0));
    core.fill(0, 0);
    core.write(0, new Uint8Array(SRAM_BYTES));
    assert.ok(core.words.every((word) => word === 0));
  }),
];
