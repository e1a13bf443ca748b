// SPDX-License-Identifier: MIT
/** Decoding as an executor needs it. That every encoding is found, the comparison with objdump shows: disassembler.test.ts. */
import { describe, expect, it } from 'vitest';
import { probe, type Decoded } from '../native/probe.js';

const decode = (bits: number): Decoded => probe.decode(bits);
const UNDEFINED = 0;

describe('a decoded instruction', () => {
  it.each<[string, number, Partial<Decoded>]>([
    ['beq.s backwards', 0xff00, { length: 2, condition: 0, immediate: -2 }],
    ['b.l backwards', 0xfffffee8, { length: 4, condition: 14, immediate: -4 }],
    ['b.l as far as it goes', 0x7fffffe8, { immediate: 0xfffffe }],
    ['bl.s', 0x0af0, { length: 2, immediate: 20 }],
    ['moveq.s r2,r1', 0x4402, { condition: 0, rd: 2, rn: 1, hasImmediate: 0 }],
    ['movblte.l r33,r10', 0x840228df, { condition: 13, rd: 33, rn: 10 }],
    ['mov.b r1,0xff', 0x3fe3, { rd: 1, immediate: 0xff, hasImmediate: 1 }],
    ['mov.l r63,0xffff', 0xeff2ffeb, { rd: 63, immediate: 0xffff, hasImmediate: 1 }],
    ['add.s r0,r1,-4', 0x0613, { rd: 0, rn: 1, immediate: -4, hasImmediate: 1 }],
    ['sub.l r0,r1,1023', 0x007f07bb, { immediate: 1023, hasImmediate: 1 }],
    ['add.l r62,r53,r44', 0xfa8ad61f, { rd: 62, rn: 53, rm: 44, hasImmediate: 0 }],
    ['lsr.l r0,r0,0x1f', 0x000603ef, { immediate: 31, hasImmediate: 1 }],
    ['ldr.s r0,[r1,0x7]', 0x07c4, { rd: 0, rn: 1, size: 2, immediate: 28, hasImmediate: 1, subtract: 0, postModify: 0 }],
    ['ldr.s r0,[r1]', 0x0444, { rd: 0, rn: 1, immediate: 0, hasImmediate: 1 }],
    ['str.l r0,[r1]', 0x0000045c, { rd: 0, rn: 1, immediate: 0, hasImmediate: 1 }],
    ['strd.l r4,[sp],-0x1', 0x070094fc, { rd: 4, rn: 13, size: 3, immediate: -8, hasImmediate: 1, subtract: 1, postModify: 1 }],
    ['ldrb.l r0,[r0,-0x7ff]', 0x01ff038c, { size: 0, immediate: -2047, subtract: 1, postModify: 0 }],
    ['ldr.l r0,[r0,-0x0]', 0x0100004c, { immediate: 0, subtract: 1 }],
    ['strh.l r1,[r2,-r3]', 0x001029b9, { rd: 1, rn: 2, rm: 3, size: 1, hasImmediate: 0, subtract: 1, postModify: 0 }],
    ['ldr.l r1,[r2],+r3', 0x000029cd, { rd: 1, rn: 2, rm: 3, size: 2, hasImmediate: 0, subtract: 0, postModify: 1 }],
    ['ldr.s r1,[r2],r3', 0x29c5, { rd: 1, rn: 2, rm: 3, size: 2, hasImmediate: 0, postModify: 1 }],
    ['movts.s status,r1', 0x2502, { rd: 1, immediate: 0x404 }],
    ['movfs.l r0,coreid', 0x0032051f, { rd: 0, immediate: 0x704 }],
    ['movts.l with the last register of the last group', 0x1c321d0f, { immediate: 0x7fc }],
    ['trap 0x3f', 0xffe2, { immediate: 63 }],
  ])('has operands ready for use: %s', (_text, bits, fields) => {
    const decoded = decode(bits);
    expect(decoded).toMatchObject({ ...fields, bits, exact: 1 });
    expect(decoded.operation).not.toBe(UNDEFINED);
  });

  it('keeps the bits that it came from, and of a short one only those', () => {
    expect(decode(0xffff01a2)).toEqual(decode(0x01a2));
    expect(decode(0xffff01a2).bits).toBe(0x01a2);
  });

  it.each<[string, number, number]>([
    ['nop', 0x01a2, 0xfc00], ['wand', 0x0182, 0xfe00], ['mbkpt', 0x03c2, 0xfc00], ['jr.s', 0x0142, 0xe200], ['movts.s', 0x0102, 0x0200], ['mov.s', 0x00e2, 0x0200],
    ['mov.l', 0x000200ef, 0x03f00200], ['jalr.l', 0x0002015f, 0xe3f0e200], ['rts', 0x0402194f, 0xe3f0e200], ['movfs.l', 0x0002011f, 0x03c00200], ['orr.l', 0x000a007f, 0x00400000],
    ['add.l imm', 0x0000001b, 0x03000000], ['lsl.l imm', 0x0006001f, 0x03f00000], ['bitr.l', 0x000e001f, 0x03f00000], ['movt.l', 0x1002000b, 0x000f0000], ['fix.l', 0x0007006f, 0x00400000],
  ])('is the same whatever the bits are that the hardware ignores: %s', (_text, bits, ignored) => {
    const { operation, length } = decode(bits);
    expect(operation).not.toBe(UNDEFINED);
    for (let bit = 1; bit !== 0; bit <<= 1) {
      if ((ignored & bit) !== 0) expect(decode((bits ^ bit) >>> 0), bit.toString(16)).toMatchObject({ operation, length, exact: 0 });
    }
    expect(decode((bits ^ ignored) >>> 0)).toMatchObject({ operation, length, exact: 0 });
  });

  it('is one operation in all its encodings', () => {
    const same = (...all: number[]): Set<number> => new Set(all.map((bits) => decode(bits).operation));
    expect(same(0x001a, 0x0013, 0x000a001f, 0x0000001b).size).toBe(1); // ADD
    expect(same(0x0001, 0x0005, 0x0004, 0x0024, 0x00000009, 0x0000000d, 0x0000000c, 0x0200006c).size).toBe(1); // LDR
    expect(same(0x00f0, 0x000000f8).size).toBe(1); // BL
    expect(same(0x0142, 0x0002014f, 0x0402194f).size).toBe(1); // JR
    expect(same(0x001a, 0x003a, 0x0001, 0x0011, 0x0000, 0x00f0, 0x0142, 0x01a2, 0x01b2).size).toBe(9); // nine different ones
  });

  it.each<[string, number, number]>([
    ['snop', 0x03a2, 2], ['testsetb', 0x00200009, 4], ['testseth', 0x00200029, 4], ['a testset of doublewords', 0x00200069, 4], ['frecip', 0x0017000f, 4], ['fext', 0x001a000f, 4],
    ['a move on condition F', 0x00f2, 2], ['a long one', 0x000200ff, 4], ['bitr with a count', 0x003e, 2], ['no family', 0x0001000f, 4],
  ])('is undefined if the chip does not have it, and has the length of its family: %s', (_text, bits, length) => {
    expect(decode(bits)).toMatchObject({ operation: UNDEFINED, length });
  });

  it('has a length for any bits, which the family tells', () => {
    const [short, long] = [new Set<number>(), new Set<number>()];
    for (let bits = 0, i = 0; i < 100_000; ++i, bits = (bits + 0x9e3779b9) >>> 0) (decode(bits).length === 2 ? short : long).add(bits & 15);
    expect([...short].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 10, 14]);
    expect([...long].sort((a, b) => a - b)).toEqual([8, 9, 11, 12, 13, 15]);
  });
});
