// SPDX-License-Identifier: MIT
/**
 * What every board must do, whatever is behind it: the product's definition of right.
 *
 * Cases are plain functions over `node:assert`, registered by vitest or by `node:test`. They leave a real board
 * as they found it, but for SRAM, and start no core.
 */
import assert from 'node:assert/strict';
import type { Board, Core } from 'node-epiphany';

/** What a transport may lack. Cases that need it are then reported by name as not run. */
export type Need =
  /** Registers that behave as registers do. */
  | 'registers'
  /** Registers of the eLink. */
  | 'elink'
  /** Mailbox and board events, and `board.simulator` to cause them. */
  | 'scripting';

export interface Case {
  readonly name: string;
  readonly needs?: readonly Need[];
  run(open: () => Board): void | Promise<void>;
}

const SRAM_BYTES = 0x8000;
const OUT_OF_RANGE = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
const WRONG_TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
const CLOSED = { code: 'ERR_EPIPHANY_CLOSED' };
const NO_INTEGERS = [Number.NaN, -1, 0.5, Infinity, -Infinity, 2 ** 53, -(2 ** 31), 1e300];
const NO_NUMBERS = [undefined, null, '0', true, {}, [], 1n, Symbol('s'), () => 0];

/** A case over an open board, which is closed whatever happens. */
function onBoard(name: string, run: (board: Board) => void | Promise<void>, needs: readonly Need[] = []): Case {
  return {
    name,
    needs,
    async run(open) {
      const board = open();
      try {
        await run(board);
      } finally {
        board.close();
      }
    },
  };
}

/** A case over one core in the middle of the chip. */
function onCore(name: string, run: (core: Core, board: Board) => void | Promise<void>, needs: readonly Need[] = []): Case {
  return onBoard(name, (board) => run(board.core(1, 2), board), needs);
}

/** A small generator of repeatable numbers (mulberry32): an integer below `limit`. */
function generator(seed: number): (limit: number) => number {
  return (limit) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

function randomBytes(random: (limit: number) => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

const addressing: Case[] = [
  onBoard('the chip is one that exists, with its cores in a rectangle from its origin', (board) => {
    const { type, rows, columns, origin } = board.chip;
    assert.deepEqual([rows, columns], { E16G301: [4, 4], E64G401: [8, 8] }[type]);
    assert.equal(board.cores.length, rows * columns);
    assert.equal(board.core(0, 0).id, origin);
    for (const core of board.cores) {
      assert.equal(core.id, origin + (core.row << 6) + core.column);
      assert.equal(core.address, core.id * 2 ** 20);
    }
  }),
  onBoard('a core is one and the same by coordinate, by core ID and in the list', (board) => {
    for (const core of board.cores) {
      assert.equal(board.core(core.row, core.column), core);
      assert.equal(board.coreById(core.id), core);
    }
  }),
  onBoard('coordinates and core IDs outside the chip are refused', (board) => {
    const { rows, columns, origin } = board.chip;
    for (const bad of [...NO_INTEGERS, rows]) assert.throws(() => board.core(bad, 0), OUT_OF_RANGE, `row ${bad}`);
    for (const bad of [...NO_INTEGERS, columns]) assert.throws(() => board.core(0, bad), OUT_OF_RANGE, `column ${bad}`);
    for (const bad of NO_NUMBERS) {
      assert.throws(() => board.core(bad as number, 0), WRONG_TYPE);
      assert.throws(() => board.core(0, bad as number), WRONG_TYPE);
      assert.throws(() => board.coreById(bad as number), WRONG_TYPE);
    }
    const outside = [0, origin - 1, origin - 64, origin + columns, origin + rows * 64, 0xfff, 0x1000];
    for (const bad of [...NO_INTEGERS, ...outside]) assert.throws(() => board.coreById(bad), OUT_OF_RANGE, `core ID ${bad}`);
  }),
  onBoard('each core has SRAM of its own', (board) => {
    for (const core of board.cores) core.write(0, new Uint32Array(SRAM_BYTES / 4).fill(core.id));
    for (const core of board.cores) assert.ok(core.words.every((word) => word === core.id), `core ${core.id}`);
  }),
];

const memory: Case[] = [
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

/** Registers that hold any value without doing anything, and which bits of them. */
const PLAIN_REGISTERS = {
  LC: 0xffffffff, LS: 0xffffffff, LE: 0xffffffff, IRET: 0xffffffff, IMASK: 0x3ff, CTIMER0: 0xffffffff, CTIMER1: 0xffffffff,
  DMA0STRIDE: 0xffffffff, DMA0COUNT: 0xffffffff, DMA0SRCADDR: 0xffffffff, DMA0DSTADDR: 0xffffffff,
  DMA1STRIDE: 0xffffffff, DMA1COUNT: 0xffffffff, DMA1SRCADDR: 0xffffffff, DMA1DSTADDR: 0xffffffff, MULTICAST: 0xfff,
} as const;

/** A case over a core that is halted with every interrupt masked, and put back into its reset state afterwards. */
function onHaltedCore(name: string, run: (core: Core) => void): Case {
  return onCore(
    name,
    (core) => {
      core.registers.DEBUGCMD.write({ command: 'halt' });
      core.registers.IMASK.write(0x3ff);
      try {
        run(core);
      } finally {
        core.registers.ILATCL.write(0x3ff);
        core.registers.RESETCORE.write(1);
        core.registers.RESETCORE.write(0);
      }
    },
    ['registers'],
  );
}

const registers: Case[] = [
  onBoard('COREID tells each core who it is', (board) => {
    for (const core of board.cores) {
      const { value, row, column } = core.registers.COREID.read();
      assert.equal(value, core.id);
      assert.deepEqual([row, column], [core.id >> 6, core.id & 0x3f]);
    }
  }, ['registers']),
  onHaltedCore('registers without side effects hold every bit they have', (core) => {
    for (const [name, mask] of Object.entries(PLAIN_REGISTERS)) {
      const register = core.registers[name as keyof typeof PLAIN_REGISTERS];
      for (const value of [0xffffffff, 0xa5a5a5a5, 0x5a5a5a5a, 0]) {
        register.write(value);
        assert.equal(register.read().value, (value & mask) >>> 0, name);
      }
    }
  }),
  onHaltedCore('ILATST sets, ILATCL clears and ILAT replaces latched interrupts', (core) => {
    const { ILAT, ILATST, ILATCL } = core.registers;
    ILAT.write(0);
    ILATST.write({ user: true, timer0: true });
    ILATST.write({ dma1: true });
    assert.equal(ILAT.read().value, (1 << 9) | (1 << 3) | (1 << 7));
    ILATCL.write({ user: true, sync: true });
    assert.equal(ILAT.read().value, (1 << 3) | (1 << 7));
    ILAT.write({ message: true });
    assert.equal(ILAT.read().value, 1 << 5);
    ILATST.write(0xffffffff);
    assert.equal(ILAT.read().value, 0x3ff);
    ILATCL.write(0xffffffff);
    assert.equal(ILAT.read().value, 0);
  }),
  onHaltedCore('a store to STATUS leaves active, gid and km alone; FSTATUS reaches gid', (core) => {
    const { STATUS, FSTATUS } = core.registers;
    FSTATUS.write({ gid: true });
    STATUS.write({ az: true, bus: true, excause: 5 });
    assert.deepEqual([STATUS.read().gid, STATUS.read().az, STATUS.read().bus, STATUS.read().excause], [true, true, true, 5]);
    STATUS.write(0);
    assert.equal(STATUS.read().gid, true);
    FSTATUS.write(0);
    assert.equal(STATUS.read().value, 0);
  }),
  onHaltedCore('CONFIG is updated by field, the others kept', (core) => {
    const { CONFIG } = core.registers;
    CONFIG.write({ rmode: 'truncate', arithmode: 'integer' });
    CONFIG.update({ ctimer0cfg: 'idle', rmode: 'nearest' });
    const { value, rmode, arithmode, ctimer0cfg } = CONFIG.read();
    assert.deepEqual([rmode, arithmode, ctimer0cfg], ['nearest', 'integer', 'idle']);
    assert.equal(value, (4 << 17) | (2 << 4));
  }),
  onCore('DEBUGCMD halts and resumes', (core) => {
    const { DEBUGCMD, DEBUGSTATUS } = core.registers;
    DEBUGCMD.write({ command: 'halt' });
    assert.equal(DEBUGSTATUS.read().halted, true);
    DEBUGCMD.write({ command: 'resume' });
    assert.equal(DEBUGSTATUS.read().halted, false);
  }, ['registers']),
  onCore('general registers are reached only while the core is halted', (core) => {
    const { R0, R63, DEBUGCMD } = core.registers;
    assert.throws(() => R0.read(), { code: 'ERR_EPIPHANY_BUSY' });
    assert.throws(() => R63.write(1), { code: 'ERR_EPIPHANY_BUSY' });
    assert.throws(() => core.readRegister(0xf0000), { code: 'ERR_EPIPHANY_BUSY' });
    assert.throws(() => core.writeRegister(0xf00fc, 1), { code: 'ERR_EPIPHANY_BUSY' });
    DEBUGCMD.write({ command: 'halt' });
    try {
      for (let index = 0; index < 64; ++index) core.writeRegister(0xf0000 + 4 * index, 0xc0de0000 + index);
      assert.equal(R0.read().value, 0xc0de0000);
      assert.equal(R63.read().word, 0xc0de003f);
    } finally {
      DEBUGCMD.write({ command: 'resume' });
    }
  }, ['registers']),
  onHaltedCore('RESETCORE brings the registers back, and COREID stays', (core) => {
    const { CONFIG, IRET, ILAT, IMASK, DEBUGSTATUS, COREID, RESETCORE } = core.registers;
    for (const register of [CONFIG, IRET, ILAT]) register.write(0x155);
    RESETCORE.write({ reset: true });
    RESETCORE.write({ reset: false });
    for (const register of [CONFIG, IRET, ILAT, IMASK, DEBUGSTATUS]) assert.equal(register.read().value, 0, register.name);
    assert.equal(COREID.read().value, core.id);
  }),
  onCore('a register cannot be used against its access, or with fields that it does not have', (core) => {
    const { COREID, ILATST, CONFIG, LC } = core.registers;
    const REFUSED = { code: 'ERR_EPIPHANY_REGISTER_ACCESS' };
    const writable = COREID as unknown as typeof CONFIG;
    const readable = ILATST as unknown as typeof CONFIG;
    assert.throws(() => writable.write(1), REFUSED);
    assert.throws(() => writable.update({}), REFUSED);
    assert.throws(() => readable.read(), REFUSED);
    assert.throws(() => readable.update({}), REFUSED);
    assert.throws(() => CONFIG.write({ nonsense: 1 } as object), OUT_OF_RANGE);
    assert.throws(() => CONFIG.update({ toString: 1 } as object), OUT_OF_RANGE);
    assert.throws(() => CONFIG.write({ rmode: 'upwards' } as object), OUT_OF_RANGE);
    assert.throws(() => CONFIG.write({ rmode: 2 }), OUT_OF_RANGE);
    assert.throws(() => CONFIG.write({ ien: 'yes' } as object), WRONG_TYPE);
    assert.throws(() => CONFIG.update({ ctimer0cfg: 16 }), OUT_OF_RANGE);
    for (const bad of [...NO_INTEGERS, 2 ** 32]) assert.throws(() => LC.write(bad), OUT_OF_RANGE);
    for (const bad of [undefined, null, '1', 1n]) assert.throws(() => LC.write(bad as unknown as number), WRONG_TYPE);
  }, ['registers']),
  onCore('register addresses are words of the register page', (core) => {
    for (const bad of [...NO_INTEGERS, 0, 0x7ffc, 0xeffff, 0xf0001, 0xf0402, 0xf0403, 0xf0800, 0xf1000, 0xffffc]) {
      assert.throws(() => core.readRegister(bad), OUT_OF_RANGE, `read ${bad}`);
      assert.throws(() => core.writeRegister(bad, 0), OUT_OF_RANGE, `write ${bad}`);
    }
    for (const bad of NO_NUMBERS) assert.throws(() => core.readRegister(bad as number), WRONG_TYPE);
    for (const bad of [...NO_INTEGERS, 2 ** 32]) assert.throws(() => core.writeRegister(0xf0424, bad), OUT_OF_RANGE);
  }),
];

const scripting: Case[] = [
  onBoard('mailbox messages arrive once each, in order, whoever waits', async (board) => {
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
    assert.equal((await board.mailbox.receive({ timeout: 1000 })).word, 42);
    const pending = [board.mailbox.receive(), board.events.receive(), board.mailbox.receive({ timeout: 60_000 })];
    board.close();
    for (const wait of pending) await assert.rejects(wait, CLOSED);
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

const elink: Case[] = [
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

const lifetime: Case[] = [
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
    const objects = [board, core, core.words, core.registers.STATUS, board.sharedDramMapping(), ...(board.simulator ? [board.mailbox, board.simulator] : [])];
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

/** All cases, in reading order. */
export const cases: readonly Case[] = [...addressing, ...memory, ...registers, ...scripting, ...elink, ...lifetime];
