// SPDX-License-Identifier: MIT
/** Looking things up by address, where there may be thousands. */

interface Placed {
  readonly address: number;
}

/** Of things in ascending order of address, the last that begins at `address` or before. */
export function lastUpTo<Thing extends Placed>(things: readonly Thing[], address: number): Thing | undefined {
  return things[indexUpTo(things, address)];
}

/** Its index; -1 if there is none. */
export function indexUpTo(things: readonly Placed[], address: number): number {
  let low = 0;
  let high = things.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((things[middle] as Placed).address <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
