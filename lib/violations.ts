// SPDX-License-Identifier: MIT
/** What a strict simulated board finds. */
import type { CoreId } from './address.js';

/** In the order of native/chip/strict.h. */
export const VIOLATION_KINDS = [
  'unaligned',
  'uninitialised',
  'hole',
  'register-width',
  'general-register',
  'testset',
  'unanswered',
  'mailbox-double',
  'odd-pair',
  'loaded-base',
  'jump-link',
  'undefined',
  'hardware-loop',
  'register-write',
  'dma-busy',
  'dma-alignment',
  'stack-overflow',
  'wand-race',
] as const;

/**
 * - `unaligned`: the address is no multiple of the access's width
 * - `uninitialised`: a load of SRAM that nobody has stored to
 * - `hole`: an access to where there is neither memory nor a register
 * - `register-width`: less than a word of a register
 * - `general-register`: R0 … R63 of another core that runs
 * - `testset`: not at a global address of SRAM
 * - `unanswered`: a load that nobody answers; the core hangs
 * - `mailbox-double`: two words at once to the mailbox
 * - `odd-pair`: a doubleword in registers of which the first is odd
 * - `loaded-base`: a load that moves its base on, and loads over it
 * - `jump-link`: JALR R14
 * - `undefined`: no instruction
 * - `hardware-loop`: against the rules for LS, LE and what is between them
 * - `register-write`: MOVTS to PC, IPEND or IAB
 * - `dma-busy`: DMAxCONFIG written while the channel works
 * - `dma-alignment`: DMA addresses, strides or descriptors that are not aligned
 * - `stack-overflow`: a store by R13, the stack pointer, to where instructions have been executed
 * - `wand-race`: IDLE behind WAND with nothing that keeps the interrupt out between the two: if it comes there, nothing
 *   ends the IDLE
 */
export type ViolationKind = (typeof VIOLATION_KINDS)[number];

/** Something that works on this simulated board, and not on silicon. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly core: CoreId;
  /** Address of the instruction. */
  readonly pc: number;
  /** Address of the access or of the WAND, offset of the register, or the bits of the instruction if it has none of these. */
  readonly value: number;
}
