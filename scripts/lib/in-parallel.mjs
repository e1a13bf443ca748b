// SPDX-License-Identifier: MIT
import { availableParallelism } from 'node:os';

/** What `work(item)` resolves to for each of the items, of which as many are under way as there are processors. */
export async function inParallel(items, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}
