// SPDX-License-Identifier: MIT
/** The chips there are, as data. */
import type { CoreId, EmeshAddress } from './address.js';
import { nearest } from './nearest.js';

/** The chips there are: Epiphany-III with 16 cores, Epiphany-IV with 64. */
export type ChipType = 'E16G301' | 'E64G401';

/** A chip as it sits on a board. */
export interface Chip {
  readonly type: ChipType;
  readonly rows: number;
  readonly columns: number;
  /** Core ID of the north-west core. */
  readonly origin: CoreId;
}

/** Shared DRAM of a board, as the chip addresses it. */
export interface SharedDram {
  readonly address: EmeshAddress;
  readonly bytes: number;
}

/** What is fixed by a chip's type. */
interface ChipModel {
  /** As drivers number chips. */
  readonly number: number;
  readonly rows: number;
  readonly columns: number;
  /** Row and column of the cores that hold the registers of the north, east, south and west link. */
  readonly linkCores: readonly (readonly [row: number, column: number])[];
}

/** Source: ABI and tables of the Linux driver. */
export const CHIP_MODELS: Readonly<Record<ChipType, ChipModel>> = {
  E16G301: { number: 1, rows: 4, columns: 4, linkCores: [[0, 2], [2, 3], [3, 2], [2, 0]] },
  E64G401: { number: 2, rows: 8, columns: 8, linkCores: [[0, 2], [2, 7], [7, 2], [2, 0]] },
};

/** The type of chip that a driver's number stands for. */
export function chipTypeOf(number: number): ChipType | undefined {
  return (Object.keys(CHIP_MODELS) as ChipType[]).find((type) => CHIP_MODELS[type].number === number);
}

/** How a chip is written by somebody who does not quite remember its name, or wants "the one with 64 cores". */
const LIKE_A_CHIP = /^((e|epiphany)[-_ ]?(\d+|iii|iv)|16|64)([-_ ]?cores?|g\w*)?$|^epiphany$/i;

/** The chip whose mistyped name this seems to be. What has a dot or a slash in it is a file of some name. */
export function mistypedChip(name: string): ChipType | undefined {
  const types = Object.keys(CHIP_MODELS) as ChipType[];
  name = name.trim(); // blanks about a chip's name are a mistake, too
  if (/[./]/.test(name)) return undefined;
  const similar = nearest(name, types) as ChipType | undefined;
  if (similar || !LIKE_A_CHIP.test(name)) return similar;
  return /^\D*[46]|iv/i.test(name) ? 'E64G401' : 'E16G301';
}
