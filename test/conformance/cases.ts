// SPDX-License-Identifier: MIT
/**
 * What every board must do, whatever is behind it: the product's definition of right.
 *
 * Cases are plain functions over `node:assert`, registered by vitest or by `node:test`. They start no core of a real
 * board; some of them reset it, so nobody else should use it meanwhile.
 */
import type { Case } from './case.js';
import { addressing } from './cases/addressing.js';
import { dma } from './cases/dma.js';
import { dram } from './cases/dram.js';
import { elink } from './cases/elink.js';
import { groups } from './cases/groups.js';
import { lifetime } from './cases/lifetime.js';
import { memory } from './cases/memory.js';
import { registers } from './cases/registers.js';
import { resets } from './cases/resets.js';
import { scripting } from './cases/scripting.js';

/** All cases, in reading order. */
export const cases: readonly Case[] = [...addressing, ...memory, ...registers, ...scripting, ...elink, ...groups, ...resets, ...dram, ...dma, ...lifetime];
