// SPDX-License-Identifier: MIT
/** What is built before a virtual board boots for the first time: told beforehand, as it takes a while. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { KERNEL } from '../../scripts/kernel/build.mjs';
import { kernelSourcePlace } from '../../scripts/kernel/source.mjs';
import { cachePath } from '../../scripts/lib/cache.mjs';
import { emulatorParts } from './hardware.mjs';
import { flavours, objectsOf, objectsPlace } from './kernel.mjs';

/**
 * The parts of a board with this kernel, as { title, minutes, place }: minutes that one processor of 2020 takes for each,
 * and where those who build it will look for it. Debian's mirrors are asked for that, once a day.
 */
async function partsFor(kernel) {
  const parts = await emulatorParts();
  if (!flavours.includes(kernel)) return parts;
  return [
    ...parts,
    { title: 'the source of Linux, unpacked', minutes: 1, place: await kernelSourcePlace(KERNEL) },
    { title: `the ${kernel} kernel, about ${objectsOf(kernel)} objects`, minutes: kernel === 'debug' ? 15 : 7, place: await objectsPlace(kernel) },
  ];
}

/** A line of what is to come, and how long that may take; empty if there is all of it. */
export async function firstBoot(kernel = flavours[0]) {
  const absent = (await partsFor(kernel)).filter(({ place }) => place === undefined || !existsSync(place));
  if (absent.length === 0) return '';
  const minutes = absent.reduce((sum, part) => sum + part.minutes, 0);
  const processors = availableParallelism();
  return `to be built first, once, and kept in ${cachePath()}: ${absent.map(({ title }) => title).join('; ')}. ` +
    `That is about ${minutes} minutes of one processor; here are ${processors}: about ${Math.ceil(minutes / processors)}, and longer if they have other work.\n`;
}
