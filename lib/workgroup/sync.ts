// SPDX-License-Identifier: MIT
/** The interrupt that starts a core, and whether the core takes it. */
import type { Core } from '../core.js';
import type { Step } from './reset.js';

export const SYNC = 1;
/** Why a core does not take it that could. */
export const NO_INTERRUPTS = 'it has all interrupts off';
/** How often it is looked whether a core takes it: at once, and then every millisecond. On a busy host a simulated core needs its turn. */
const [LOOKS_AT_ONCE, LOOKS] = [1000, 1250];
/** Instructions that a core gets for it which does not run by itself. */
const MOST_INSTRUCTIONS = 10_000;
/** Of DEBUGCMD. */
const [RESUME, HALT] = [0, 1];

/**
 * Why a core will not take it; undefined if it will, or if only trying tells, as its program has interrupts off and goes on:
 * our startup code has, when a program has ended, and so has each handler.
 * @param stays whether the core has halted by itself
 */
export function whyNoSync({ registers }: Core, stays: boolean): string | undefined {
  const pending = registers.IPEND.read().value;
  if ((pending & SYNC) !== 0) return 'it is still in the interrupt that started it';
  if ((registers.IMASK.read().value & SYNC) !== 0) return 'it has masked it';
  const { gid, active } = registers.STATUS.read();
  return gid && (stays || (!active && pending !== 0)) ? NO_INTERRUPTS : undefined;
}

/**
 * Raises it in cores that have interrupts off for now, and lets them go on until they have taken it, or halt by themselves.
 * @param step executes one instruction of a halted core, if cores do not run by themselves
 * @param isAtTrap whether a core has come to a trap, behind which it must not be stepped
 * @returns those that have not taken it, where it is still latched
 */
export function raiseSync(cores: readonly Core[], step: Step | undefined, isAtTrap: (core: Core) => boolean): Core[] {
  // With interrupts on it will be taken, also by a core that has come to rest before.
  const waits = ({ registers }: Core): boolean => (registers.ILAT.read().value & SYNC) !== 0 && registers.STATUS.read().gid;
  const goesOn = (core: Core): boolean => waits(core) && !core.registers.DEBUGSTATUS.read().halted;
  for (const { registers } of cores) registers.ILATST.write(SYNC); // which wakes those that sleep
  for (const { registers } of cores) registers.DEBUGCMD.write(step ? HALT : RESUME);
  if (step) {
    for (const core of cores) {
      for (let count = 0; count < MOST_INSTRUCTIONS && waits(core) && !(count > 0 && isAtTrap(core)); ++count) step(core);
      if (!waits(core)) core.registers.DEBUGCMD.write(RESUME);
    }
  } else {
    for (let look = 0; look < LOOKS && cores.some(goesOn); ++look) {
      if (look >= LOOKS_AT_ONCE) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
  return cores.filter(waits);
}
