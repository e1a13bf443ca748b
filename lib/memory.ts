// SPDX-License-Identifier: MIT
/** Memory as a core sees it: its own SRAM, that of others, and shared DRAM, by one 32-bit address. */
import { SRAM_BYTES, splitEmeshAddress, type CoreId } from './address.js';
import type { SharedDram } from './chip.js';
import type { Mapping } from './device/index.js';

/** A stretch of device memory, addressed by offsets in bytes. */
export type Memory = Pick<Mapping, 'words' | 'int32' | 'float32' | 'read' | 'readInto' | 'write' | 'fill'>;

/** SRAM of one core; its offsets are local addresses. */
export interface CoreMemory extends Memory {
  readonly id: CoreId;
}

/** Shared DRAM of a board, if it has any. */
export interface SharedMemory {
  readonly sharedDram: SharedDram | undefined;
  sharedDramMapping(): Memory;
}

/** All memory that the cores of a board can address. */
export interface AddressSpace extends SharedMemory {
  readonly cores: readonly CoreMemory[];
}

/** Where a stretch of memory is: in what, and from which offset. */
export interface Place {
  readonly memory: Memory;
  readonly offset: number;
}

/**
 * Where `bytes` bytes from `address` on are, as `core` addresses them: below 0x100000 its own. Undefined if they
 * are not all in SRAM of one core of the chip, or in shared DRAM.
 */
export function placeOf(space: AddressSpace, core: CoreMemory, address: number, bytes: number): Place | undefined {
  const dram = space.sharedDram;
  if (dram && address >= dram.address && address + bytes <= dram.address + dram.bytes) {
    return { memory: space.sharedDramMapping(), offset: address - dram.address };
  }
  const { id, local } = splitEmeshAddress(address);
  if (local + bytes > SRAM_BYTES) return undefined;
  const memory = id === 0 || id === core.id ? core : space.cores.find((candidate) => candidate.id === id);
  return memory && { memory, offset: local };
}
