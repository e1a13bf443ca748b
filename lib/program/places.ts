// SPDX-License-Identifier: MIT
/** Looking things up by address, where there may be thousands. */

/** Of things in ascending order of address, the last that begins at `address` or before. */
export function lastUpTo<Thing extends { readonly address: number }>(things: readonly Thing[], address: number): Thing | undefined {
  let low = 0;
  let high = things.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((things[middle] as Thing).address <= address) low = middle + 1;
    else high = middle;
  }
  return things[low - 1];
}
