// SPDX-License-Identifier: MIT
/** How words reach a chip: the one interface below the public classes. */
import type { CoreId, EmeshAddress, Rectangle } from '../address.js';
import type { Chip, SharedDram } from '../chip.js';
import type { Mapping, MemoryMapping } from '../device/index.js';
import type { WordPort } from '../register-file.js';
import type { EventPump } from './events.js';

/** What not every board, or not every driver, can do. */
export interface Features {
  /** Messages of the eLink's mailbox, and events such as a reset by somebody else. */
  readonly events: boolean;
  /** Registers of the eLink. */
  readonly elinkRegisters: boolean;
  /** Events when a core halts by itself or comes to rest. Silicon has none: there, cores have to be looked at. */
  readonly coreEvents: boolean;
  /** Work-groups hold against other programs, and are released also if this one is killed. */
  readonly claims: boolean;
  /** `board.dram.alloc`. */
  readonly dram: boolean;
  /** `board.dma.copy`. */
  readonly dma: boolean;
}

/** What a board and its driver are like at the moment; what is not known is undefined. */
export interface BoardStatus {
  /** Version of the driver's interface; 0: that of the 5.4-era driver, undefined: there is no driver. */
  readonly abiVersion: number | undefined;
  /** What the driver can do beyond its version. */
  readonly driverFeatures: readonly DriverFeature[];
  /** Counts resets of any scope, and changes of power. */
  readonly generation: number | undefined;
  /** Voltage of the chip, in volts. */
  readonly vdd: number | undefined;
  /** Whether the chip is switched on. It is switched on by its first use. */
  readonly powered: boolean | undefined;
  /** Whether it was switched off because it was too hot. */
  readonly overheated: boolean | undefined;
}

/** `safe-read`: a chip that does not answer is an error, not the end of the process; `dma-copy`; `vdd` is known. */
export type DriverFeature = 'safe-read' | 'dma-copy' | 'vdd';

/** What happens to the cores of a work-group when it is released. */
export type OnRelease = 'leave' | 'halt' | 'reset' | 'scrub';

/** How a work-group holds its cores. */
export interface ClaimOptions {
  readonly exclusive: boolean;
  readonly onRelease: OnRelease;
  /** A word that is stored when the group is released, after all else. */
  readonly deadMan: { readonly address: number; readonly value: number; readonly block: DramBlock | undefined } | undefined;
}

/** Cores that can be reached. Core IDs that are given to it have been checked. */
export interface CoreSource {
  /** What was opened: a device's path, or `sim…`. */
  readonly path: string;
  /** Whether {@link check} would pass; asked for at every access. */
  readonly usable: boolean;
  /** @throws `ERR_EPIPHANY_CLOSED`, `_GONE`, `_THERMAL` or `_RESET`: why nothing can be done */
  check(): void;
  /** A lease of all SRAM of a core, 32 KiB; the same one each time. */
  sram(core: CoreId): Mapping;
  /** The register page of a core, local addresses 0xF0000 … 0xF0FFF. */
  registers(core: CoreId): WordPort;
  /** Resets a core by its RESETCORE, halted first. */
  resetCore(core: CoreId): void;
}

/** The cores of a work-group, as long as it has them. */
export interface Claim extends CoreSource {
  /** The transport that it is of. */
  readonly host: object;
  /** As {@link check}, with what the driver knows and this process has not heard of yet. */
  verify(): void;
  /** Resets all its cores at once, if the driver does that; they are halted. */
  resetCores: (() => void) | undefined;
  /** Lets go of the cores. Idempotent. */
  close(): void;
}

/** What a block of shared DRAM is to be like. */
export interface BlockOptions {
  /** A power of two, or 0. */
  readonly align: number;
  /** Where, if it has to be there. */
  readonly address: number | undefined;
  /** Whether it is zeroed when it is given back, too. */
  readonly scrub: boolean;
}

/** Shared DRAM that was given out. */
export interface DramBlock {
  readonly address: EmeshAddress;
  /** Whole pages. */
  readonly memory: MemoryMapping;
  /** Gives it back. Idempotent. */
  close(): void;
}

/** One end of a copy: memory of this process, a block of DRAM, or SRAM of a core of a work-group. */
export type DmaEnd =
  | { readonly kind: 'memory'; readonly memory: MemoryMapping; readonly offset: number }
  | { readonly kind: 'dram'; readonly block: DramBlock; readonly address: number }
  | { readonly kind: 'core'; readonly claim: Claim; readonly core: CoreId; readonly address: number };

/** What copies memory. */
export interface DmaEngine {
  /** Whether it can read SRAM. */
  readonly readsCores: boolean;
  /** Copies at most 1 MiB, a multiple of 4 bytes. Rejects when it is over, and failed: never while it still copies. */
  copy(from: DmaEnd, to: DmaEnd, bytes: number): Promise<void>;
}

/**
 * A way to a chip.
 *
 * What a method returns stays valid until `close`, and then throws `ERR_EPIPHANY_CLOSED`.
 */
export interface Transport extends CoreSource {
  readonly kind: 'character-device' | 'simulator';
  readonly chip: Chip;
  readonly sharedDram: SharedDram | undefined;
  readonly features: Features;
  readonly closed: boolean;
  /** VERSION of the eLink as far as it is known without reading it. */
  readonly elinkVersion: number;

  /** A lease of all shared DRAM; the same one each time. @throws `ERR_EPIPHANY_UNSUPPORTED` on a board that has none */
  sharedDramMapping(): Mapping;
  /** The register page of the eLink. @throws `ERR_EPIPHANY_UNSUPPORTED` without the feature `elinkRegisters` */
  elinkRegisters(): WordPort;
  /** Where events come from. @throws `ERR_EPIPHANY_UNSUPPORTED` without the feature `events` */
  events(): EventPump;
  status(): BoardStatus;
  /** @throws `ERR_EPIPHANY_BUSY` if others hold the cores */
  claim(rectangle: Rectangle, options: ClaimOptions): Claim;
  /** @throws `ERR_EPIPHANY_BUSY` if another program has a work-group */
  resetChip(): void;
  /** Goes on after a reset by somebody else. */
  acknowledgeReset(): void;
  allocate(bytes: number, options: BlockOptions): DramBlock;
  /** @throws `ERR_EPIPHANY_UNSUPPORTED` without the feature `dma` */
  dma(): DmaEngine;
  /**
   * Ends every lease and rejects what waits. Idempotent. If it throws, the transport is open, and can be closed again.
   * @param save whether state that outlives the transport is to be kept
   */
  close(save: boolean): void;
}
