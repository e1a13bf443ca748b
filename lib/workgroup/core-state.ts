// SPDX-License-Identifier: MIT
/** What a core is doing, as its registers tell. */
import type { ChipType } from '../chip.js';
import type { Core } from '../core.js';
import { EpiphanyError, formatHex } from '../errors.js';
import { EXCEPTION_CAUSES, INTERRUPTS, type InterruptName } from '../registers.js';

/** The instruction that has raised an exception. */
export interface Fault {
  readonly address: number;
  /** Function and offset in bytes, `main+6`, if the program's file has symbols. */
  readonly where?: string;
  /** As the disassembler writes it; undefined if there was none to be fetched. */
  readonly instruction?: string;
  /**
   * Those that it names, and `sp` and `lr`, as they were then. Empty unless the core is halted, and if a handler of the
   * program's own may have changed them since. A base register that it modifies is modified.
   */
  readonly registers: Readonly<Record<string, number>>;
}

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
  /** Function and offset in bytes of `pc`, such as `main+6`, if the program's file has symbols. */
  readonly where?: string;
  /** Of `exited`. */
  readonly exitCode?: number;
  /** A software exception that the program has not dealt with, or `protection`: a memory fault, with which it has not either. */
  readonly exception?: string;
  /** The instruction that has raised it, as long as no handler has returned. */
  readonly fault?: Fault;
  /** Of `idle`: it sleeps in a barrier, having executed WAND, that others of its region have not come to, or have left. Only simulated boards tell. */
  readonly inBarrier?: true;
}

/** What no register tells of a core, where it is known. */
export type Inspect = (core: Core) => { readonly arriving: boolean; readonly inBarrier: boolean };

const [ALL_INTERRUPTS, WAND] = [0x3ff, 1 << 8];
/** What a memory fault is called, beside the causes of software exceptions. */
export const PROTECTION = 'protection';
/** Of CONFIG: what a timer counts while its core sleeps, too. */
const RUNS_ASLEEP: readonly (string | number)[] = ['clock', 'idle'];

/** @param exitCode of a program that has ended on it */
export function stateOf(core: Core, type: ChipType, exitCode: number | undefined, inspect?: Inspect): CoreState {
  const { registers } = core;
  const signals = inspect?.(core); // first: what has arrived since then shows in registers
  const debug = registers.DEBUGSTATUS.read();
  const status = registers.STATUS.read();
  const pc = registers.PC.read().value;
  const exception = exceptionOf(core, type, status.excause);
  const isAsleep = (): boolean =>
    !status.active &&
    !signals?.arriving &&
    (registers.ILAT.read().value & ~registers.IMASK.read().value & ALL_INTERRUPTS) === 0 &&
    !awaitsTimer(core, type) &&
    [registers.DMA0STATUS, registers.DMA1STATUS].every((dma) => dma.read().state !== 'active') &&
    !registers.STATUS.read().active && // an interrupt may have been taken since
    !awaitsTimer(core, type); // whose handler may have started its timer anew
  const state = debug.externalLoadPending ? 'stuck' : exitCode !== undefined ? 'exited' : debug.halted ? 'halted' : isAsleep() ? 'idle' : 'running';
  const inBarrier = state === 'idle' && signals?.inBarrier && (registers.IMASK.read().value & WAND) === 0;
  return { core, state, pc, ...(exitCode === undefined ? {} : { exitCode }), ...(exception === undefined ? {} : { exception }), ...(inBarrier ? { inBarrier } : {}) };
}

/** Of the interrupts that are in progress, the one that came last: each has interrupted those of larger numbers. */
export function innermostInterrupt({ registers }: Core): InterruptName | undefined {
  const pending = registers.IPEND.read().value;
  return INTERRUPTS[31 - Math.clz32(pending & -pending)];
}

/** A memory fault has no cause in STATUS, where that of an earlier exception may still be. */
function exceptionOf(core: Core, type: ChipType, cause: number): string | undefined {
  const { IPEND, ILAT } = core.registers;
  const [name] = Object.entries(EXCEPTION_CAUSES[type]).find(([, number]) => number === cause && number !== 0) ?? [];
  const isInProgress = innermostInterrupt(core) === 'memoryFault';
  return isInProgress || (name === undefined && (IPEND.read().memoryFault || ILAT.read().memoryFault)) ? PROTECTION : name;
}

/** Whether an interrupt of a timer will wake the core. Timers of E64G401 may start over, and count each other's ends. */
function awaitsTimer({ registers }: Core, type: ChipType): boolean {
  const { ctimer0cfg, ctimer1cfg, timerwrap } = registers.CONFIG.read();
  const { timer0, timer1 } = registers.IMASK.read();
  const isE64 = type === 'E64G401';
  const counts = (timer: Core['registers']['CTIMER0']): boolean => (isE64 && timerwrap) || timer.read().value !== 0;
  const runs0 = (): boolean => RUNS_ASLEEP.includes(ctimer0cfg) && counts(registers.CTIMER0);
  const runs1 = (): boolean => (RUNS_ASLEEP.includes(ctimer1cfg) || (isE64 && ctimer1cfg === 'chained' && runs0())) && counts(registers.CTIMER1);
  return (!timer0 && runs0()) || (!timer1 && runs1());
}

/** @param how what the core does, e.g. `waits for a load that nothing answers` */
export function stuckError(core: Core, how: string): EpiphanyError {
  return new EpiphanyError('ERR_EPIPHANY_CORE_STUCK', `Core ${formatHex(core.id, 3)} ${how}; only a reset of the chip helps`, { address: core.address });
}
