// SPDX-License-Identifier: MIT
/** What a case is, and what cases are made with. */
import type { Board, Core } from 'node-epiphany';

/** What a transport may lack. Cases that need it are then reported by name as not run. */
export type Need =
  /** Registers that behave as registers do. */
  | 'registers'
  /** Registers of the eLink. */
  | 'elink'
  /** Events of the board. */
  | 'events'
  /** Work-groups that hold against other programs. */
  | 'claims'
  /** Shared DRAM that is given out. */
  | 'dram'
  /** A DMA engine of the host. */
  | 'dma'
  /** Mailbox and board events, and `board.simulator` to cause them. */
  | 'scripting';

export interface Case {
  readonly name: string;
  readonly needs?: readonly Need[];
  run(open: () => Board): void | Promise<void>;
}

export const SRAM_BYTES = 0x8000;
export const OUT_OF_RANGE = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
export const WRONG_TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
export const CLOSED = { code: 'ERR_EPIPHANY_CLOSED' };
export const RESET = { code: 'ERR_EPIPHANY_RESET' };
export const BUSY = { code: 'ERR_EPIPHANY_BUSY' };
export const NO_INTEGERS = [Number.NaN, -1, 0.5, Infinity, -Infinity, 2 ** 53, -(2 ** 31), 1e300];
export const NO_NUMBERS = [undefined, null, '0', true, {}, [], 1n, Symbol('s'), () => 0];

/** A case over an open board, which is closed whatever happens. */
export function onBoard(name: string, run: (board: Board) => void | Promise<void>, needs: readonly Need[] = []): Case {
  return {
    name,
    needs,
    async run(open) {
      const board = open();
      try {
        await run(board);
      } finally {
        board.close();
      }
    },
  };
}

/** A case over one core in the middle of the chip. */
export function onCore(name: string, run: (core: Core, board: Board) => void | Promise<void>, needs: readonly Need[] = []): Case {
  return onBoard(name, (board) => run(board.core(1, 2), board), needs);
}

/** A small generator of repeatable numbers (mulberry32): an integer below `limit`. */
export function generator(seed: number): (limit: number) => number {
  return (limit) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

export function randomBytes(random: (limit: number) => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}
