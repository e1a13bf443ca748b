// SPDX-License-Identifier: MIT
/** What is built before a virtual board boots for the first time: told beforehand, as it takes a while. */
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { cachePath } from '../../scripts/lib/cache.mjs';
import { flavours, objectsOf } from './kernel.mjs';

/** Parts by what their names in the cache begin with, and minutes that one processor of 2020 takes for each. */
const PARTS = [
  { title: 'headers of the installed QEMU', prefix: 'qemu-', minutes: 2 },
  { title: 'the hardware of the board, 30 objects', prefix: 'board-', minutes: 1 },
  { title: 'the source of Linux, unpacked', prefix: 'kernel-source-', minutes: 1, kernels: flavours },
  ...flavours.map((flavour) => ({ title: `the ${flavour} kernel, about ${objectsOf(flavour)} objects`, prefix: `kernel-${flavour}-`, minutes: flavour === 'debug' ? 15 : 7, kernels: [flavour] })),
];

/** A line of what is to come, and how long that may take; empty if there is all of it. What is out of date is not known yet. */
export function firstBoot(kernel = flavours[0]) {
  const folder = cachePath();
  const kept = existsSync(folder) ? readdirSync(folder).filter((name) => !/\.(lock|partial)$/.test(name)) : [];
  const absent = PARTS.filter(({ prefix, kernels = [kernel] }) => kernels.includes(kernel) && !kept.some((name) => name.startsWith(prefix)));
  if (absent.length === 0) return '';
  const minutes = absent.reduce((sum, part) => sum + part.minutes, 0);
  const processors = availableParallelism();
  return `to be built first, once, and kept in ${folder}: ${absent.map(({ title }) => title).join('; ')}. ` +
    `That is about ${minutes} minutes of one processor; here are ${processors}: about ${Math.ceil(minutes / processors)}, and longer if they have other work.\n`;
}
