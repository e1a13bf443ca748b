// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import type { Board } from '../board.js';

/** The parameter of the 5.4-era driver that keeps the chip on. */
const NOPM = '/sys/module/epiphany/parameters/nopm';

/**
 * Why what was done to a board is lost when this process ends, if it is: the 5.4-era driver switches the chip off when the
 * last program closes it.
 * @param nopm where that driver says whether it was told not to
 */
export function fleetingReason(board: Board, nopm = NOPM): string | undefined {
  if (board.kind !== 'character-device' || board.features.claims || isYes(nopm)) return undefined;
  return `the driver of '${board.path}' switches the chip off when the last program closes it: what was done is lost now, unless another one has it open. Loaded with nopm=1 it keeps the chip on`;
}

function isYes(parameter: string): boolean {
  try {
    return readFileSync(parameter, 'latin1').startsWith('Y');
  } catch {
    return false;
  }
}
