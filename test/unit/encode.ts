// SPDX-License-Identifier: MIT
/** Instructions for small programs of tests, as bits. Source: Epiphany Architecture Reference, decode table. */

export type Instruction = readonly [bits: number, bytes: 2 | 4];

const low = (register: number): number => register & 7;
const high = (register: number): number => register >> 3;

/** MOV or MOVT of 16 bits. */
function moveImmediate(rd: number, value: number, top: 0 | 1): Instruction {
  const upper = (high(rd) << 13) | (top << 12) | ((value >> 8) << 4) | 2;
  return [(upper * 0x10000 + ((low(rd) << 13) | ((value & 0xff) << 5) | 0xb)) >>> 0, 4];
}

/** LDR or STR of a word at [RN]; registers below 8. */
const word = (rd: number, rn: number, store: 0 | 1): Instruction => [(rd << 13) | (rn << 10) | (2 << 5) | (store << 4) | 4, 2];

export const NOP: Instruction = [0x01a2, 2];
export const IDLE: Instruction = [0x01b2, 2];
export const BKPT: Instruction = [0x01c2, 2];
export const GIE: Instruction = [0x0192, 2];
export const GID: Instruction = [0x0392, 2];
export const RTI: Instruction = [0x01d2, 2];
export const WAND: Instruction = [0x0182, 2];
export const trap = (number: number): Instruction => [0x03e2 | (number << 10), 2];
/** To `bytes` from itself. */
export const branch = (bytes: number): Instruction => [(((bytes >> 1) & 0xff) << 8) | 0xe0, 2];
/** The same if the last result was not 0, or was 0 or more. */
export const branchIf = (condition: 'ne' | 'gte', bytes: number): Instruction => [branch(bytes)[0] & ~0xf0 | ({ ne: 1, gte: 7 }[condition] << 4), 2];
export const load = (rd: number, rn: number): Instruction => word(rd, rn, 0);
export const store = (rd: number, rn: number): Instruction => word(rd, rn, 1);
/** RD = RN + value, -4 … 3; registers below 8. */
export const add = (rd: number, rn: number, value: number): Instruction => [(rd << 13) | (rn << 10) | ((value & 7) << 7) | 0x13, 2];
/** A word into a register. */
export const move = (rd: number, value: number): Instruction[] => [moveImmediate(rd, value & 0xffff, 0), moveImmediate(rd, value >>> 16, 1)];

/** A program, to be written to address 0: interrupt 0, with which a core is started, has its vector there. */
export function program(...instructions: readonly (Instruction | readonly Instruction[])[]): Uint8Array {
  const bytes: number[] = [];
  for (const [bits, length] of instructions.flatMap((one) => (typeof one[0] === 'number' ? [one as Instruction] : (one as Instruction[])))) {
    for (let byte = 0; byte < length; byte += 1) bytes.push((bits >>> (8 * byte)) & 0xff);
  }
  return Uint8Array.from(bytes);
}
