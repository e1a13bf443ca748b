// SPDX-License-Identifier: MIT
/** How words reach a chip: the one interface below the public classes. */
import type { CoreId } from '../address.js';
import type { Chip, SharedDram } from '../chip.js';
import type { Mapping } from '../device/index.js';
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
}

/**
 * A way to a chip.
 *
 * Core IDs that reach a transport have been checked: they are cores of its chip. What a method returns stays
 * valid until `close`, and then throws `ERR_EPIPHANY_CLOSED`.
 */
export interface Transport {
  readonly kind: 'character-device' | 'simulator';
  /** What was opened: a device's path, or `sim…`. */
  readonly path: string;
  readonly chip: Chip;
  readonly sharedDram: SharedDram | undefined;
  readonly features: Features;
  readonly closed: boolean;
  /** VERSION of the eLink as far as it is known without reading it. */
  readonly elinkVersion: number;

  /** A lease of all SRAM of a core, 32 KiB; the same one each time. */
  sram(core: CoreId): Mapping;
  /** The register page of a core, local addresses 0xF0000 … 0xF0FFF. */
  registers(core: CoreId): WordPort;
  /** A lease of all shared DRAM; the same one each time. @throws `ERR_EPIPHANY_UNSUPPORTED` on a board that has none */
  sharedDramMapping(): Mapping;
  /** The register page of the eLink. @throws `ERR_EPIPHANY_UNSUPPORTED` without the feature `elinkRegisters` */
  elinkRegisters(): WordPort;
  /** Where events come from. @throws `ERR_EPIPHANY_UNSUPPORTED` without the feature `events` */
  events(): EventPump;
  /**
   * Ends every lease and rejects what waits. Idempotent. If it throws, the transport is open, and can be closed again.
   * @param save whether state that outlives the transport is to be kept
   */
  close(save: boolean): void;
}
