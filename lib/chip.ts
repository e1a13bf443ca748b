// SPDX-License-Identifier: MIT
/** The chips there are, as data. */
import type { CoreId, EmeshAddress } from './address.js';

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

/** Dimensions by type, and the number that drivers know the type by. Source: ABI of the Linux driver. */
export const CHIP_MODELS: Readonly<Record<ChipType, { readonly number: number; readonly rows: number; readonly columns: number }>> = {
  E16G301: { number: 1, rows: 4, columns: 4 },
  E64G401: { number: 2, rows: 8, columns: 8 },
};

/** The type of chip that a driver's number stands for. */
export function chipTypeOf(number: number): ChipType | undefined {
  return (Object.keys(CHIP_MODELS) as ChipType[]).find((type) => CHIP_MODELS[type].number === number);
}
