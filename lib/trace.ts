// SPDX-License-Identifier: MIT
/** What each instruction did: the records of native/chip/trace_recorder.h. */
import { REGISTERS_BASE, type CoreId } from './address.js';
import { native } from './native.js';
import { CORE_REGISTERS } from './registers.js';

/** One executed instruction. */
export interface TraceEntry {
  readonly core: CoreId;
  /** Its address. */
  readonly pc: number;
  /** What it is, as {@link https://sourceware.org/binutils/ objdump} writes it. */
  readonly text: string;
  /** Registers that it changed (R0 … R63, STATUS, CONFIG, LC, IRET, IMASK, ILAT, IPEND, timers), with their new values. */
  readonly changes: Readonly<Record<string, number>>;
}

const NAMES = new Map(Object.entries(CORE_REGISTERS).map(([name, { offset }]) => [offset, name]));

/** Decodes records one after the other. */
export function* traceEntries(words: Uint32Array): Generator<TraceEntry, void> {
  for (let at = 0; at < words.length; ) {
    const [head, pc, bits] = words.subarray(at, at + 3) as unknown as [number, number, number];
    const changes: Record<string, number> = {};
    const end = at + 3 + 2 * (head >>> 16);
    for (at += 3; at < end; at += 2) {
      const offset = words[at] as number;
      changes[NAMES.get(REGISTERS_BASE + offset) ?? `R${offset / 4}`] = words[at + 1] as number;
    }
    yield { core: (head & 0xffff) as CoreId, pc, text: native.disassemble(bits, 4, pc)[1], changes };
  }
}
