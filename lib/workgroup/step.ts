// SPDX-License-Identifier: MIT
/**
 * One instruction of a halted core. The hardware has no single step: breakpoints are put wherever the instruction
 * may lead, the core is let go, and they are taken away again. Source: the way of Adapteva's debugger server.
 */
import type { CoreId } from '../address.js';
import type { Core } from '../core.js';
import { EpiphanyError, formatHex } from '../errors.js';
import { placeOf, type AddressSpace, type Place } from '../memory.js';
import { native } from '../native.js';
import { registerNumber } from '../program/disassembler.js';
import { stuckError } from './core-state.js';
import { plainPlace, type PlaceNamer } from './diagnosis.js';

const BKPT = 0x01c2;
const PATIENCE_MS = 100;

/** A board whose cores are stepped; a simulated chip does it by itself. */
export interface SteppedBoard extends AddressSpace {
  readonly simulator: { step(core: CoreId): void } | undefined;
}

/**
 * Executes the instruction at PC of a core that is halted and active. An interrupt that comes just then is not waited for.
 * @throws `ERR_EPIPHANY_BUSY` if the core is not halted, or not active; `ERR_EPIPHANY_UNSUPPORTED` if the instruction,
 *   or one that it may lead to, is not in memory that can be written; `ERR_EPIPHANY_CORE_STUCK` if it does not end
 */
export function stepCore(board: SteppedBoard, core: Core, placeName: PlaceNamer = plainPlace): void {
  const { registers } = core;
  const { halted, externalLoadPending } = registers.DEBUGSTATUS.read();
  if (externalLoadPending) throw stuckError(core, `waits for a load that nothing answers, at ${placeName(core, registers.PC.read().value)}`);
  if (!halted || !registers.STATUS.read().active) {
    throw new EpiphanyError('ERR_EPIPHANY_BUSY', `Core ${formatHex(core.id, 3)} must be halted, and active, to be stepped`, { address: core.address });
  }
  if (board.simulator) {
    board.simulator.step(core.id);
    return;
  }
  stepByBreakpoints(board, core, placeName);
}

/** Exported for the test that compares it with what a simulated core does by itself. */
export function stepByBreakpoints(space: AddressSpace, core: Core, placeName: PlaceNamer = plainPlace): void {
  const { PC, DEBUGCMD, DEBUGSTATUS } = core.registers;
  const pc = PC.read().value;
  const places = successors(space, core, pc).map((address) => halfwordAt(space, core, address));
  const saved = places.map(({ memory, offset }) => memory.readInto(offset, new Uint16Array(1)));
  for (const { memory, offset } of places) memory.write(offset, Uint16Array.of(BKPT));
  try {
    DEBUGCMD.write(0);
    const deadline = performance.now() + PATIENCE_MS;
    while (!DEBUGSTATUS.read().halted) {
      if (performance.now() < deadline) continue;
      DEBUGCMD.write(1);
      throw new EpiphanyError('ERR_EPIPHANY_CORE_STUCK', `Core ${formatHex(core.id, 3)} does not end the instruction at ${placeName(core, pc)}`, { address: pc });
    }
  } finally {
    for (const [index, { memory, offset }] of places.entries()) memory.write(offset, saved[index] as Uint16Array);
  }
}

/** Where execution may be after the instruction at `pc`. */
function successors(space: AddressSpace, core: Core, pc: number): number[] {
  const half = (address: number): number => {
    const { memory, offset } = halfwordAt(space, core, address);
    return memory.readInto(offset, new Uint16Array(1))[0] as number;
  };
  const [length, text, target] = native.disassemble(half(pc) + half(pc + 2) * 0x10000, 4, pc);
  const next = pc + length;
  const [, mnemonic, register] = /^(jr|jalr|rts|rti)(?: (\w+))?/.exec(text) ?? [];
  if (mnemonic === 'rti') return [core.registers.IRET.read().value];
  if (mnemonic === 'rts') return [core.registers.R14.read().value];
  if (register !== undefined) return [core.readRegister(0xf0000 + 4 * registerNumber(register))];
  if (target === undefined) {
    const { LC, LS, LE } = core.registers;
    const loops = LC.read().value > 1 && LE.read().value === pc;
    return [loops ? LS.read().value : next];
  }
  return /^(b|bl) /.test(text) ? [target] : [...new Set([next, target])];
}

function halfwordAt(space: AddressSpace, core: Core, address: number): Place {
  const place = placeOf(space, core, address, 2);
  if (!place) throw new EpiphanyError('ERR_EPIPHANY_UNSUPPORTED', `Core ${formatHex(core.id, 3)} cannot be stepped through ${formatHex(address)}: there is no memory for a breakpoint`, { address });
  return place;
}
