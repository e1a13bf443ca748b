// SPDX-License-Identifier: MIT
import type { Board } from 'node-epiphany';
import type { Need } from './case.js';

/** Which needs of a case a board does not meet. */
export function lacks(board: Board, needs: readonly Need[]): Need[] {
  const meets: Record<Need, boolean> = {
    registers: true,
    elink: board.features.elinkRegisters,
    events: board.features.events,
    claims: board.features.claims,
    dram: board.features.dram,
    dma: board.features.dma,
    scripting: board.simulator !== undefined && board.features.events,
  };
  return needs.filter((need) => !meets[need]);
}
