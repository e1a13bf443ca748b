// SPDX-License-Identifier: MIT
/** Which parts of shared DRAM are given out, as the driver's own pool decides: the first place that fits. */
import { constants } from 'node:os';
import { EpiphanyError, formatHex, outOfRange, systemError } from '../errors.js';

interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** Part of shared DRAM that somebody else has. */
export function takenError(address: number, path: string, cause?: unknown): EpiphanyError {
  return new EpiphanyError('ERR_EPIPHANY_BUSY', `Shared DRAM at ${formatHex(address)} has been given out, in part at least: close that buffer, or let the address be chosen`, { address, path, cause });
}

export function fullError(path: string): Error {
  return systemError(-constants.errno.ENOSPC, 'ioctl', { path }, 'So much shared DRAM in one piece is not free');
}

/** Places in a range of addresses. Sizes and addresses are those of pages. */
export class DramPool {
  readonly #path: string;
  readonly #range: Block;
  /** In order of their addresses. */
  readonly #blocks: Block[] = [];

  constructor(path: string, range: Block) {
    this.#path = path;
    this.#range = range;
  }

  /** @returns an address, to be given back once */
  take(bytes: number, align: number, fixed: number | undefined): number {
    const { address: first, bytes: room } = this.#range;
    if (fixed !== undefined && (fixed < first || fixed + bytes > first + room)) throw outOfRange('address', 'in shared DRAM, with all of the buffer', formatHex(fixed), { address: fixed });
    const ends = [...this.#blocks.map((block) => block.address), first + room];
    let at = first;
    for (const [index, end] of ends.entries()) {
      const place = fixed ?? Math.ceil(at / align) * align;
      if (place >= at && place + bytes <= end) {
        this.#blocks.splice(index, 0, { address: place, bytes });
        return place;
      }
      const next = this.#blocks[index];
      if (next) at = next.address + next.bytes;
    }
    throw fixed === undefined ? fullError(this.#path) : takenError(fixed, this.#path);
  }

  give(address: number): void {
    const index = this.#blocks.findIndex((block) => block.address === address);
    if (index >= 0) this.#blocks.splice(index, 1);
  }
}
