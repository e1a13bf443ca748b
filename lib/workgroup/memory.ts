// SPDX-License-Identifier: MIT
/** Memory as a core sees it: its own SRAM, that of others, and shared DRAM, by one 32-bit address. */
import { SRAM_BYTES, splitEmeshAddress } from '../address.js';
import type { Board } from '../board.js';
import type { Core } from '../core.js';
import type { Mapping } from '../device/index.js';

/** Where a stretch of memory is: in what, and from which offset. */
export interface Place {
  readonly memory: Core | Mapping;
  readonly offset: number;
  /** The core whose SRAM it is; undefined: shared DRAM. */
  readonly core: Core | undefined;
}

/**
 * Where `bytes` bytes from `address` on are, as `core` addresses them: below 0x100000 its own. Undefined if they
 * are not all in SRAM of one core of the chip, or in shared DRAM.
 */
export function placeOf(board: Board, core: Core, address: number, bytes: number): Place | undefined {
  const dram = board.sharedDram;
  if (dram && address >= dram.address && address + bytes <= dram.address + dram.bytes) {
    return { memory: board.sharedDramMapping(), offset: address - dram.address, core: undefined };
  }
  const { id, local } = splitEmeshAddress(address);
  if (local + bytes > SRAM_BYTES) return undefined;
  const owner = id === 0 || id === core.id ? core : board.cores.find((candidate) => candidate.id === id);
  return owner && { memory: owner, offset: local, core: owner };
}
