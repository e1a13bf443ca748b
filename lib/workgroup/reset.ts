// SPDX-License-Identifier: MIT
/**
 * Brings cores into the state in which a program can be loaded, without a reset of the chip: other work-groups
 * go on. Source of the order and of the values: what the 2016 host library does to the registers of a core.
 */
import type { Core } from '../core.js';
import type { EpiphanyError } from '../errors.js';
import { stuckError } from './core-state.js';
import { plainPlace, type PlaceNamer } from './diagnosis.js';

/** Longest time that a core gets for each step. */
const PATIENCE_MS = 100;

const PAUSE_DMA = 1 << 24;
const ALL_INTERRUPTS = 0x3ff;
const ONLY_SYNC_OPEN = 0x3fe;
/** Clock gating while idle, of the core and of its mesh node. */
const [LOW_POWER_CORE, LOW_POWER_MESH] = [0x00400000, 0x2];
const GENERAL_REGISTERS = 64;

/** Where the helper program begins, behind vectors that all lead there. */
const HELPER = 0x2c;
/**
 * Nobody but the core itself can end interrupts that are in progress. This program does, and then idles.
 * `movfs r0,ipend; orr r0,r0,r0; beq 1f; rti; 1: gie; 2: idle; b 2b`; RTI comes back to its beginning.
 */
const HELPER_WORDS = [0x0402151f, 0x0200007a, 0x019201d2, 0xffe001b2];
const HELPER_PROGRAM = Uint32Array.from([
  ...Array.from({ length: HELPER / 4 }, (_, slot) => (((HELPER - 4 * slot) >> 1) << 8) | 0xe8), // b HELPER
  ...HELPER_WORDS,
]);
/** Of the helper, all ten interrupts being in progress. */
const MOST_INSTRUCTIONS = 100;

/** Executes one instruction of a halted core: of a simulated board whose cores do not run by themselves. */
export type Step = (core: Core) => void;

/** @throws `ERR_EPIPHANY_CORE_STUCK` if the core waits for a load that does not come back */
export function checkNotStuck(core: Core, placeName: PlaceNamer = plainPlace): void {
  if (!waitUntil(() => !core.registers.DEBUGSTATUS.read().externalLoadPending)) throw waiting(core, placeName);
}

/**
 * Halts a core. Doing it again does nothing.
 * @throws as {@link checkNotStuck}
 */
export function haltCore(core: Core, placeName: PlaceNamer = plainPlace): void {
  const { DEBUGCMD, DEBUGSTATUS } = core.registers;
  if (!DEBUGSTATUS.read().halted) DEBUGCMD.write(1);
  const halted = waitUntil(() => {
    const status = DEBUGSTATUS.read();
    return status.halted && !status.externalLoadPending;
  });
  if (!halted) throw waiting(core, placeName);
}

/**
 * Resets cores that are halted, all of them, so that none disturbs another: each is brought to rest, with its registers as
 * after a reset and only the SYNC interrupt open. If interrupts were in progress, the first 60 bytes of SRAM are
 * overwritten.
 * @param hardReset what a driver can do to all of them at once, and tell others of; it leaves nothing in progress
 * @param step for cores that do not run by themselves
 * @throws `ERR_EPIPHANY_CORE_STUCK`
 */
export function resetCores(cores: readonly Core[], hardReset?: () => void, step?: Step): void {
  if (hardReset) {
    hardReset(); // which ends the halts, too
    for (const core of cores) haltCore(core);
  }
  for (const core of cores) {
    stopDma(core);
    const { CONFIG, ILATCL, IMASK, IPEND } = core.registers;
    CONFIG.write(0); // timers, too
    IMASK.write(ALL_INTERRUPTS);
    ILATCL.write(ALL_INTERRUPTS);
    if (IPEND.read().value !== 0) endInterrupts(core, step);
    setRegisters(core);
  }
}

function stopDma(core: Core): void {
  const { registers } = core;
  registers.CONFIG.write(PAUSE_DMA);
  for (const { CONFIG, STRIDE, COUNT, SRCADDR, DSTADDR, STATUS } of [
    { CONFIG: registers.DMA0CONFIG, STRIDE: registers.DMA0STRIDE, COUNT: registers.DMA0COUNT, SRCADDR: registers.DMA0SRCADDR, DSTADDR: registers.DMA0DSTADDR, STATUS: registers.DMA0STATUS },
    { CONFIG: registers.DMA1CONFIG, STRIDE: registers.DMA1STRIDE, COUNT: registers.DMA1COUNT, SRCADDR: registers.DMA1SRCADDR, DSTADDR: registers.DMA1DSTADDR, STATUS: registers.DMA1STATUS },
  ]) {
    for (const register of [CONFIG, STRIDE, COUNT, SRCADDR, DSTADDR, STATUS]) register.write(0);
  }
  registers.CONFIG.write(0);
  if (!waitUntil(() => [registers.DMA0STATUS, registers.DMA1STATUS].every((status) => (status.read().value & 7) === 0))) {
    throw stuckError(core, 'has a DMA channel that does not stop');
  }
}

function endInterrupts(core: Core, step: Step | undefined): void {
  const { registers } = core;
  core.write(0, HELPER_PROGRAM);
  registers.IRET.write(HELPER);
  registers.PC.write(HELPER);
  registers.FSTATUS.write(1);
  const isDone = (): boolean => registers.IPEND.read().value === 0 && !registers.STATUS.read().active;
  if (step) {
    for (let count = 0; count < MOST_INSTRUCTIONS && !isDone(); ++count) step(core);
  } else {
    registers.DEBUGCMD.write(0);
  }
  if (!waitUntil(isDone)) throw stuckError(core, 'does not end its interrupts');
  haltCore(core);
}

function setRegisters(core: Core): void {
  const { registers } = core;
  for (let index = 0; index < GENERAL_REGISTERS; ++index) core.writeRegister(0xf0000 + 4 * index, 0);
  registers.CONFIG.write(LOW_POWER_CORE);
  for (const register of [registers.FSTATUS, registers.PC, registers.LC, registers.LS, registers.LE, registers.IRET]) register.write(0);
  for (const register of [registers.CTIMER0, registers.CTIMER1, registers.MEMSTATUS, registers.MEMPROTECT]) register.write(0);
  registers.MESHCONFIG.write(LOW_POWER_MESH);
  registers.IMASK.write(ONLY_SYNC_OPEN);
  registers.ILATCL.write(ALL_INTERRUPTS);
  registers.DEBUGCMD.write(0);
}

function waiting(core: Core, placeName: PlaceNamer): EpiphanyError {
  return stuckError(core, `waits for a load that nothing answers, at ${placeName(core, core.registers.PC.read().value)}`);
}

/** Looks again and again, as what is waited for takes microseconds. */
function waitUntil(isSo: () => boolean): boolean {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    if (isSo()) return true;
    if (performance.now() > deadline) return isSo();
  }
}
