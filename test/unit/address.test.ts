// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { openBoard } from '../../lib/index.js';
import { checkSramRange, coreId, coreIdAt, emeshAddress, formatCoreId, localAddress, meshCoordinate, splitEmeshAddress } from '../../lib/address.js';

describe('addresses', () => {
  it('take core IDs apart and put them together', () => {
    expect(coreIdAt(32, 8)).toBe(0x808);
    expect(meshCoordinate(coreId(0x8cb))).toEqual({ row: 35, column: 11 });
    for (let id = 1; id <= 0xfff; ++id) {
      const { row, column } = meshCoordinate(coreId(id));
      expect(coreIdAt(row, column)).toBe(id);
    }
  });

  it('stay unsigned above 2 GiB', () => {
    expect(emeshAddress(coreId(0x8cb), 0xf0400)).toBe(0x8cbf0400);
    expect(splitEmeshAddress(0xffffffff)).toEqual({ id: 0xfff, local: 0xfffff });
    expect(splitEmeshAddress(0x7fff)).toEqual({ id: 0, local: 0x7fff });
  });

  it('refuse what is none', () => {
    for (const bad of [0, -1, 0x1000, 1.5, Number.NaN]) expect(() => coreId(bad)).toThrow(RangeError);
    for (const bad of [-1, 64, 0.5]) {
      expect(() => coreIdAt(bad, 0)).toThrow(RangeError);
      expect(() => coreIdAt(0, bad)).toThrow(RangeError);
    }
    expect(() => localAddress(0x100000)).toThrow(RangeError);
    expect(() => splitEmeshAddress(2 ** 32)).toThrow(RangeError);
    expect(() => coreId('0x808' as unknown as number)).toThrow(TypeError);
  });

  it('name the end of SRAM when a range passes it', () => {
    expect(() => checkSramRange(0x7fff, 1)).not.toThrow();
    expect(() => checkSramRange(0x8000, 0)).not.toThrow();
    expect(() => checkSramRange(0x7fff, 2)).toThrow('at most 1 bytes from 0x7fff: SRAM ends at 0x8000');
  });

  it('say of what lies elsewhere where that is, and nothing of what is no address', () => {
    using board = openBoard('sim');
    const core = board.core(0, 0);
    expect(() => core.readWord(0x80002000)).toThrow('0x80002000 is an address of the whole mesh: 0x2000 of core 0x800, got');
    for (const [address, shown] of [[Number.NaN, 'NaN'], [2147483648.5, '2147483648.5'], [0x8e000000 + 0.5, '2382364672.5'], [Infinity, 'Infinity'], [-Infinity, '-Infinity'], [0xf0000 + 0.1, '983040.1']] as const) {
      for (const call of [() => core.readWord(address), () => core.writeWord(address, 0), () => core.read(address, 4), () => core.write(address, new Uint8Array(4))]) {
        expect(call, `${call} ${address}`).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', message: expect.stringMatching(new RegExp(`^"address" must be [^;]*, got ${shown}$`)) as string }));
      }
    }
  });

  it('are written one way', () => {
    expect(formatCoreId(0x8)).toBe('0x008');
  });
});
