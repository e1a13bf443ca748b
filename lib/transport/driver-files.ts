// SPDX-License-Identifier: MIT
/** What our driver gives a file for: work-groups, and blocks of shared DRAM. */
import { emeshAddress, REGISTERS_BASE, REGISTERS_BYTES, SRAM_BYTES, type CoreId, type EmeshAddress, type Rectangle } from '../address.js';
import type { Mapping, MemoryMapping, SystemError } from '../device/index.js';
import { closedError, type EpiphanyError } from '../errors.js';
import type { WordPort } from '../register-file.js';
import { CONSTANTS, REQUESTS, type Given } from './abi.js';
import type { Condition } from './condition.js';
import type { Driver, DriverFile } from './driver.js';
import { staleError } from './local-claims.js';
import type { Claim, ClaimOptions, CoreSource, DramBlock, OnRelease } from './transport.js';

const ON_RELEASE: Readonly<Record<OnRelease, number>> = {
  leave: CONSTANTS.EPIPHANY_RELEASE_LEAVE,
  halt: CONSTANTS.EPIPHANY_RELEASE_HALT,
  reset: CONSTANTS.EPIPHANY_RELEASE_RESET,
  scrub: CONSTANTS.EPIPHANY_RELEASE_SCRUB,
};

/** How a work-group is asked for. */
export function claimRequest({ row, column, rows, columns }: Rectangle, { exclusive, onRelease, deadMan }: ClaimOptions): Given<'epiphany_claim'> {
  const flags =
    (exclusive ? CONSTANTS.EPIPHANY_CLAIM_EXCLUSIVE : 0) | (deadMan ? CONSTANTS.EPIPHANY_CLAIM_DEAD_MAN : 0) | (deadMan?.block ? CONSTANTS.EPIPHANY_CLAIM_DEAD_MAN_DRAM : 0);
  return {
    flags, row, column, rows, columns, on_release: ON_RELEASE[onRelease],
    dead_man_fd: deadMan?.block ? fileOf(deadMan.block).fd : 0, dead_man_address: deadMan?.address ?? 0, dead_man_value: deadMan?.value ?? 0,
  };
}

/** The board of a work-group. */
interface Host extends Pick<CoreSource, 'usable' | 'check'>, Pick<Claim, 'verify'> {
  readonly condition: Condition;
}

/** A work-group that the driver keeps: a file that reaches its cores, and no others. */
export class DriverClaim implements Claim {
  readonly path: string;
  readonly host: Host;
  /** For requests that name the work-group. */
  readonly file: DriverFile;
  readonly #driver: Driver;
  readonly #onClose: () => void;
  readonly #epoch: number;
  readonly #leases = new Map<number, Mapping>();
  #closed = false;

  constructor(host: Host, driver: Driver, file: DriverFile, onClose: () => void) {
    this.path = driver.path;
    this.host = host;
    this.file = file;
    this.#driver = driver;
    this.#onClose = onClose;
    this.#epoch = host.condition.epoch;
  }

  get usable(): boolean {
    return !this.#closed && this.host.usable && this.#epoch === this.host.condition.epoch;
  }

  check(): void {
    if (this.#closed) throw closedError(`the work-group on '${this.path}'`);
    this.host.check();
    if (this.#epoch !== this.host.condition.epoch) throw staleError(this.path);
  }

  verify(): void {
    if (!this.#closed) this.host.verify();
    this.check();
  }

  sram(core: CoreId): Mapping {
    return this.#leaseOf(emeshAddress(core, 0), SRAM_BYTES);
  }

  registers(core: CoreId): WordPort {
    return this.#leaseOf(emeshAddress(core, REGISTERS_BASE), REGISTERS_BYTES);
  }

  resetCore(core: CoreId): void {
    this.#reset({ scope: CONSTANTS.EPIPHANY_RESET_CORE, core });
  }

  resetCores = (): void => this.#reset({ scope: CONSTANTS.EPIPHANY_RESET_GROUP });

  close(): void {
    if (this.#closed) return;
    this.file.close();
    this.#closed = true;
    this.#onClose();
  }

  #reset(what: Given<'epiphany_reset'>): void {
    this.check();
    try {
      this.#driver.request('epiphany_reset', REQUESTS.EPIPHANY_IOC_RESET, what, this.file);
    } catch (error) {
      throw (error as EpiphanyError).code === 'ERR_EPIPHANY_RESET' ? staleError(this.path, error) : error;
    }
    this.verify();
  }

  #leaseOf(address: EmeshAddress, length: number): Mapping {
    let lease = this.#leases.get(address);
    if (!lease) {
      this.check();
      try {
        lease = this.file.map({ offset: address, length });
      } catch (error) {
        throw (error as SystemError).code === 'ESTALE' ? staleError(this.path, error) : this.#driver.told(error);
      }
      this.#leases.set(address, lease);
    }
    return lease;
  }
}

/** Shared DRAM that the driver gave out: a file that reaches it. */
export class DriverBlock implements DramBlock {
  readonly address: EmeshAddress;
  readonly memory: MemoryMapping;
  readonly file: DriverFile;

  constructor(file: DriverFile, address: EmeshAddress, bytes: number) {
    this.file = file;
    this.address = address;
    try {
      this.memory = file.mapMemory({ offset: address, length: bytes });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  close(): void {
    this.file.close();
  }
}

/** The file behind a work-group or a block of DRAM of this driver. */
export function fileOf(owner: Claim | DramBlock): DriverFile {
  if (owner instanceof DriverClaim || owner instanceof DriverBlock) return owner.file;
  throw new TypeError('of another board');
}
