// SPDX-License-Identifier: MIT
import { inspect } from 'node:util';
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import { openBoard } from '../../lib/board.js';
import { CHIP_MODELS } from '../../lib/chip.js';
import { CORE_REGISTERS, decodeField, ELINK_REGISTERS, encodeFields, EXCEPTION_CAUSES, INTERRUPTS, type RegisterSpec } from '../../lib/registers.js';

const tables = Object.entries({ core: CORE_REGISTERS, elink: ELINK_REGISTERS }).flatMap(([table, registers]) =>
  (Object.entries(registers) as [string, RegisterSpec][]).map(([name, spec]) => ({ table, name, spec })),
);

describe('the register tables', () => {
  it('have every register at an aligned offset of its own', () => {
    for (const table of [CORE_REGISTERS, ELINK_REGISTERS]) {
      const offsets = Object.values(table).map(({ offset }) => offset);
      expect(new Set(offsets).size).toBe(offsets.length);
      for (const offset of offsets) expect(offset % 4).toBe(0);
    }
    expect(Object.keys(CORE_REGISTERS)).toHaveLength(64 + 9 + 44);
    expect(CORE_REGISTERS.R63.offset).toBe(0xf00fc);
  });

  it.each(tables)('$table $name has fields that fit and do not overlap', ({ spec }) => {
    let taken = 0n;
    for (const { low, width, names = {} } of Object.values(spec.fields)) {
      expect(low).toBeGreaterThanOrEqual(0);
      expect(low + width).toBeLessThanOrEqual(32);
      const mask = ((1n << BigInt(width)) - 1n) << BigInt(low);
      expect(taken & mask).toBe(0n);
      taken |= mask;
      for (const value of Object.values(names)) expect(value).toBeLessThan(2 ** width);
      expect(new Set(Object.values(names)).size).toBe(Object.values(names).length);
    }
  });

  it.each(tables)('$table $name decodes what it encodes, for every field', ({ name, spec }) => {
    for (const [key, field] of Object.entries(spec.fields)) {
      const smallest = field.signed ? -(2 ** (field.width - 1)) : 0;
      const values: unknown[] = field.width === 1 && !field.names ? [true, false] : [smallest, smallest + 2 ** field.width - 1, ...Object.keys(field.names ?? {})];
      for (const value of values) {
        const { bits, mask } = encodeFields(name, spec, { [key]: value });
        const word = ((0xffffffff & ~mask) | bits) >>> 0;
        const decoded = decodeField(field, word);
        const named = Object.entries(field.names ?? {}).find(([, number]) => number === value)?.[0];
        expect(decoded).toBe(named ?? value);
        const outside = field.width === 32 ? 0 : ~(((1 << field.width) - 1) << field.low);
        expect((word & outside) >>> 0).toBe(outside >>> 0);
      }
    }
  });

  it('know the codes that the manual gives', () => {
    expect([...INTERRUPTS]).toEqual(['sync', 'softwareException', 'memoryFault', 'timer0', 'timer1', 'message', 'dma0', 'dma1', 'wand', 'user']);
    expect(EXCEPTION_CAUSES).toEqual({
      E16G301: { none: 0, swi: 1, unaligned: 2, fpu: 3, unimplemented: 4, illegal: 5 },
      E64G401: { none: 0, fpu: 7, illegal: 12, unaligned: 13, swi: 14, unimplemented: 15 },
    });
  });
});

/** Bits of named fields that a store leaves alone. */
const KEPT: Readonly<Record<string, number>> = { STATUS: 0x7, DMA0STATUS: 0xf, DMA1STATUS: 0xf };
const ONLY_ON_E64: Readonly<Record<string, number>> = { MEMSTATUS: 0x3c00, MEMPROTECT: 0xfc00 };

function fieldBits(spec: RegisterSpec): number {
  return Object.values(spec.fields).reduce((bits, { low, width }) => (bits | ((2 ** width - 1) * 2 ** low)) >>> 0, 0);
}

function writableBits(type: string, name: string, spec: RegisterSpec): number {
  return (fieldBits(spec) & ~(KEPT[name] ?? 0) & ~(type === 'E64G401' ? 0 : (ONLY_ON_E64[name] ?? 0))) >>> 0;
}

describe.each(['sim', 'sim:e64g401'])('the chip model of %s agrees with the tables', (path) => {
  const board = openBoard(path);
  afterAll(() => board.close());
  const linkCores = new Set(CHIP_MODELS[board.chip.type].linkCores.map(([row, column]) => row * board.chip.columns + column));
  const exists = (spec: RegisterSpec, index: number): boolean =>
    spec.only === undefined || spec.only === board.chip.type || (spec.only === 'link cores' && linkCores.has(index));

  it('in what is read after reset', () => {
    for (const core of board.cores) {
      for (const spec of Object.values(CORE_REGISTERS) as RegisterSpec[]) {
        if (spec.access !== 'write' && spec.reset !== undefined && !spec.haltedOnly) expect(core.readRegister(spec.offset)).toBe(spec.reset);
      }
    }
  });

  it('in which registers hold what is written to them, bit by bit', () => {
    board.cores.forEach((core, index) => {
      core.registers.DEBUGCMD.write({ command: 'halt' });
      for (const [name, spec] of Object.entries(CORE_REGISTERS) as [string, RegisterSpec][]) {
        if (spec.access !== 'read-write') continue;
        core.writeRegister(spec.offset, 0xffffffff);
        const held = core.readRegister(spec.offset);
        core.writeRegister(spec.offset, 0);
        if (!exists(spec, index)) expect(held, name).toBe(0);
        // More than its named fields may be there: CONFIG keeps reserved bits.
        else expect((held & writableBits(board.chip.type, name, spec)) >>> 0, name).toBe(writableBits(board.chip.type, name, spec));
        expect(core.readRegister(spec.offset), name).toBe(0);
      }
    });
  });

  it('in which can only be read and which only be written', () => {
    const core = board.core(0, 0);
    for (const spec of Object.values(CORE_REGISTERS) as RegisterSpec[]) {
      if (spec.access === 'write') expect(core.readRegister(spec.offset)).toBe(0);
      if (spec.access !== 'read') continue;
      const before = core.readRegister(spec.offset);
      core.writeRegister(spec.offset, ~before >>> 0);
      expect(core.readRegister(spec.offset)).toBe(before);
    }
  });

  it('in the registers of the eLink: what is read after reset, and which hold what is written', () => {
    using fresh = openBoard(path);
    const DRIVEN = new Set(['TXCFG', 'RXCFG', 'TXMONITOR']); // by the driver's part of the simulator, and by every access
    for (const [name, spec] of Object.entries(ELINK_REGISTERS) as [keyof typeof ELINK_REGISTERS, RegisterSpec][]) {
      if (spec.access === 'write') continue;
      const register = fresh.elink[name] as typeof fresh.elink.VERSION;
      if (spec.reset !== undefined && !DRIVEN.has(name)) expect(register.read().value, name).toBe(spec.reset);
      if (spec.access !== 'read-write' || name === 'TXMONITOR') continue;
      register.write(0xffffffff);
      expect((register.read().value & fieldBits(spec)) >>> 0, name).toBe(fieldBits(spec));
      register.write(0);
      expect(register.read().value, name).toBe(0);
    }
  });

  it('in offsets that hold no register: they read zero and ignore stores', () => {
    const core = board.core(1, 1);
    const known = new Set(Object.values(CORE_REGISTERS).map(({ offset }) => offset));
    for (let offset = 0xf0100; offset < 0xf0800; offset += 4) {
      if (known.has(offset)) continue;
      core.writeRegister(offset, 0xffffffff);
      expect(core.readRegister(offset)).toBe(0);
    }
  });
});

describe('live registers', () => {
  const board = openBoard('sim');
  afterAll(() => board.close());
  const { registers } = board.core(0, 0);

  it('print their fields, and serialise them', () => {
    registers.CONFIG.write({ arithmode: 'integer' });
    expect(inspect(registers.CONFIG.read(), { breakLength: Infinity, compact: true })).toContain("CONFIG 0x00080000 { rmode: 'nearest'");
    expect(JSON.parse(JSON.stringify(registers.CONFIG.read()))).toMatchObject({ value: 0x80000, arithmode: 'integer', lpmode: false });
    expect(inspect(registers.STATUS)).toBe('Register STATUS at 0xf0404 (read-write)');
    registers.CONFIG.write(0);
  });

  it('take back what was read of them', () => {
    registers.CONFIG.write({ arithmode: 'integer', ctimer1cfg: 'idle' });
    const before = registers.CONFIG.read();
    registers.CONFIG.write(0);
    registers.CONFIG.write(before);
    expect(registers.CONFIG.read().value).toBe(before.value);
    expect(() => registers.CONFIG.write(registers.STATUS.read() as never)).toThrow(RangeError);
    registers.CONFIG.write(0);
  });

  it('are typed: unknown fields, wrong values and wrong accesses do not compile', () => {
    expectTypeOf(registers.STATUS.read().active).toEqualTypeOf<boolean>();
    expectTypeOf(registers.STATUS.read().excause).toEqualTypeOf<number>();
    expectTypeOf(registers.CONFIG.read().rmode).toEqualTypeOf<'nearest' | 'truncate' | number>();
    // Compiled, never called.
    const misuse = (): void => {
      // @ts-expect-error COREID is read-only
      registers.COREID.write(1);
      // @ts-expect-error ILATST is write-only
      registers.ILATST.read();
      // @ts-expect-error ILATST is write-only
      registers.ILATST.update({ sync: true });
      // @ts-expect-error STATUS has no such field
      registers.STATUS.write({ nonsense: true });
      // @ts-expect-error no such name
      registers.CONFIG.update({ rmode: 'upwards' });
      // @ts-expect-error a flag is a boolean
      registers.STATUS.update({ active: 1 });
      // @ts-expect-error what was read of another register
      registers.CONFIG.write(registers.STATUS.read());
      // @ts-expect-error there is no such register
      registers.NOSUCH.read();
      // @ts-expect-error values are read-only
      registers.STATUS.read().active = true;
    };
    expect(misuse).toBeTypeOf('function');
  });
});
