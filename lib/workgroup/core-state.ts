// SPDX-License-Identifier: MIT
/** What a core is doing, as its registers tell. */
import type { ChipType } from '../chip.js';
import type { Core } from '../core.js';
import { EXCEPTION_CAUSES } from '../registers.js';

/** What a core is doing. */
export interface CoreState {
  readonly core: Core;
  /**
   * - `running`: it executes, or is about to
   * - `idle`: it has come to rest, and so has its DMA
   * - `halted`: by its DEBUGCMD, a breakpoint, or a trap that nobody serves, or while it waits for standard input or
   *   for somebody to read its output
   * - `exited`: its program has ended
   * - `stuck`: it waits for a load that nothing answers
   */
  readonly state: 'running' | 'idle' | 'halted' | 'exited' | 'stuck';
  readonly pc: number;
  /** Of `exited`. */
  readonly exitCode?: number;
  /** A software exception that the program has not dealt with. */
  readonly exception?: string;
}

const INTERRUPTS = 0x3ff;

/** @param exitCode of a program that has ended on it */
export function stateOf(core: Core, type: ChipType, exitCode: number | undefined): CoreState {
  const { registers } = core;
  const debug = registers.DEBUGSTATUS.read();
  const status = registers.STATUS.read();
  const pc = registers.PC.read().value;
  const cause = status.excause;
  const [exception] = Object.entries(EXCEPTION_CAUSES[type]).find(([, number]) => number === cause && number !== 0) ?? [];
  const isAsleep = (): boolean =>
    !status.active &&
    (registers.ILAT.read().value & ~registers.IMASK.read().value & INTERRUPTS) === 0 &&
    [registers.DMA0STATUS, registers.DMA1STATUS].every((dma) => dma.read().state !== 'active');
  const state = debug.externalLoadPending ? 'stuck' : exitCode !== undefined ? 'exited' : debug.halted ? 'halted' : isAsleep() ? 'idle' : 'running';
  return { core, state, pc, ...(exitCode === undefined ? {} : { exitCode }), ...(exception === undefined ? {} : { exception }) };
}
