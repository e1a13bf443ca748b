// SPDX-License-Identifier: MIT
/** Registers of cores. */
import assert from 'node:assert/strict';
import type { Core } from 'node-epiphany';
import { NO_INTEGERS, NO_NUMBERS, onBoard, onCore, OUT_OF_RANGE, WRONG_TYPE, type Case } from '../case.js';

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

export const registers: Case[] = [
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
