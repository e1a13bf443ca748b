// SPDX-License-Identifier: MIT
/**
 * Work-groups where no driver keeps them: on simulated boards and with the 5.4-era driver. They hold within one
 * board; what is to happen at their release happens when they are closed, not when the process dies.
 */
import { coreIdAt, meshCoordinate, SRAM_BYTES, REGISTERS_BASE, splitEmeshAddress, type CoreId, type Rectangle } from '../address.js';
import { closedError, EpiphanyError } from '../errors.js';
import { CORE_REGISTERS } from '../registers.js';
import type { Mapping } from '../device/index.js';
import type { WordPort } from '../register-file.js';
import { resetError, type Condition } from './condition.js';
import type { Claim, ClaimOptions, CoreSource, OnRelease, Transport } from './transport.js';

/** What a board gives its work-groups. */
export interface Host extends Pick<CoreSource, 'path' | 'usable' | 'check'>, Pick<Transport, 'sharedDramMapping'> {
  readonly condition: Condition;
  /** The core in the north-west of the chip. */
  readonly origin: CoreId;
  /** A new lease of SRAM, which ends with the group. */
  mapSram(core: CoreId): Mapping;
  openRegisters(core: CoreId): WordPort;
}

/** Clock gating while idle, of the core and of its mesh node: what a driver sets after a reset. */
const [LOW_POWER_CORE, LOW_POWER_MESH] = [0x00400000, 0x2];
const offsetOf = (name: 'DEBUGCMD' | 'RESETCORE' | 'CONFIG' | 'MESHCONFIG'): number => CORE_REGISTERS[name].offset - REGISTERS_BASE;

/** Resets cores by their RESETCORE, halted first; it only ever writes. */
export function resetByRegisters(pages: readonly WordPort[]): void {
  for (const page of pages) page.writeWord(offsetOf('DEBUGCMD'), 1);
  for (const page of pages) {
    page.writeWord(offsetOf('RESETCORE'), 1);
    page.writeWord(offsetOf('RESETCORE'), 0);
    page.writeWord(offsetOf('CONFIG'), LOW_POWER_CORE);
    page.writeWord(offsetOf('MESHCONFIG'), LOW_POWER_MESH);
  }
}

/** Work-groups of one board. */
export class LocalClaims {
  readonly #host: Host;
  readonly #claims = new Set<LocalClaim>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Two work-groups may share cores if neither wants them for itself. */
  add(rectangle: Rectangle, options: ClaimOptions): Claim {
    const claim = new LocalClaim(this.#host, rectangle, options, () => this.#claims.delete(claim));
    const obstacle = [...this.#claims].find((other) => (claim.exclusive || other.exclusive) && claim.cores.some((core) => other.cores.includes(core)));
    if (obstacle) throw overlapError(rectangle, this.#host.path);
    this.#claims.add(claim);
    return claim;
  }
}

export function overlapError({ row, column, rows, columns }: Rectangle, path: string, cause?: unknown): EpiphanyError {
  return new EpiphanyError('ERR_EPIPHANY_BUSY', `The rectangle ${row},${column},${rows},${columns} overlaps another work-group on '${path}', or cores that another program uses: close that one, choose other cores, or let both be { access: 'shared' }`, { path, cause });
}

class LocalClaim implements Claim {
  readonly path: string;
  readonly cores: readonly CoreId[];
  readonly exclusive: boolean;
  readonly resetCores = undefined;
  readonly #host: Host;
  readonly #onRelease: OnRelease;
  readonly #deadMan: ClaimOptions['deadMan'];
  readonly #epoch: number;
  readonly #drop: () => void;
  readonly #sram = new Map<CoreId, Mapping>();
  readonly #registers = new Map<CoreId, WordPort>();
  #closed = false;

  constructor(host: Host, { row, column, rows, columns }: Rectangle, { exclusive, onRelease, deadMan }: ClaimOptions, drop: () => void) {
    const first = meshCoordinate(host.origin);
    this.path = host.path;
    this.cores = Array.from({ length: rows * columns }, (_, index) => coreIdAt(first.row + row + Math.floor(index / columns), first.column + column + (index % columns)));
    this.exclusive = exclusive;
    this.#host = host;
    this.#onRelease = onRelease;
    this.#deadMan = deadMan;
    this.#epoch = host.condition.epoch;
    this.#drop = drop;
  }

  get host(): object {
    return this.#host;
  }

  get usable(): boolean {
    return !this.#closed && this.#host.usable && this.#epoch === this.#host.condition.epoch;
  }

  check(): void {
    if (this.#closed) throw closedError(`the work-group on '${this.path}'`);
    this.#host.check();
    if (this.#epoch !== this.#host.condition.epoch) throw staleError(this.path);
  }

  verify(): void {
    this.check();
  }

  sram(core: CoreId): Mapping {
    let lease = this.#sram.get(core);
    if (!lease) this.#sram.set(core, (lease = this.#host.mapSram(core)));
    return lease;
  }

  registers(core: CoreId): WordPort {
    let page = this.#registers.get(core);
    if (!page) this.#registers.set(core, (page = this.#host.openRegisters(core)));
    return page;
  }

  resetCore(core: CoreId): void {
    this.check();
    resetByRegisters([this.registers(core)]);
  }

  close(): void {
    if (this.#closed) return;
    try {
      if (this.usable) this.#release();
    } finally {
      this.#closed = true;
      for (const lease of [...this.#sram.values(), ...this.#registers.values()]) if ('close' in lease) (lease as Mapping).close();
      this.#drop();
    }
  }

  #release(): void {
    if (this.#onRelease !== 'leave') {
      const pages = this.cores.map((core) => this.registers(core));
      if (this.#onRelease === 'halt') for (const page of pages) page.writeWord(offsetOf('DEBUGCMD'), 1);
      else resetByRegisters(pages);
      if (this.#onRelease === 'scrub') for (const core of this.cores) this.sram(core).fill(0, SRAM_BYTES);
    }
    if (!this.#deadMan) return;
    const { address, value, block } = this.#deadMan;
    if (block) {
      // By way of the board's own mapping: the program may have taken the memory of the buffer away by transfer().
      const dram = this.#host.sharedDramMapping();
      if (!block.memory.closed) dram.writeWord(address - dram.baseAddress, value);
      return;
    }
    const { id, local } = splitEmeshAddress(address);
    if (local < SRAM_BYTES) this.sram(id as CoreId).writeWord(local, value);
    else this.registers(id as CoreId).writeWord(local - REGISTERS_BASE, value);
  }
}

/** What a group says when the chip was reset after it was made. */
export function staleError(path: string, cause?: unknown): EpiphanyError {
  return resetError(`a work-group on '${path}'`, 'Close the group, make another, and load its program again', path, cause);
}
