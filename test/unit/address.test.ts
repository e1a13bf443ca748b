// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
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

  it('are written one way', () => {
    expect(formatCoreId(0x8)).toBe('0x008');
  });
});
