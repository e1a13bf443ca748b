// SPDX-License-Identifier: MIT
/** A program becomes writes: where each byte of it belongs, laying it there, and checking that it is there. */
import { formatCoreId, SRAM_BYTES, splitEmeshAddress } from '../address.js';
import { EpiphanyError, formatHex } from '../errors.js';
import type { CoreMemory, SharedMemory } from '../memory.js';
import type { Program, Segment } from './program.js';

/** A segment, or one core's copy of it, at its place. */
export interface Placement {
  /** Undefined: shared DRAM. */
  readonly core: CoreMemory | undefined;
  /** Local address in the core, or offset in shared DRAM. */
  readonly address: number;
  readonly segment: Segment;
}

/** Bytes that a core's copy of a program has in place of those of the file. */
export interface Patch {
  /** As in {@link Segment}. */
  readonly address: number;
  readonly data: Uint8Array;
}

/** What was done to load a program. */
export interface LoadReport {
  readonly placements: readonly Placement[];
  /** Bytes written: contents of segments, and zeros of what the file leaves empty. */
  readonly bytes: number;
  readonly nanoseconds: number;
}

/** What a check of a loaded program found. */
export interface VerifyReport {
  readonly words: number;
  readonly nanoseconds: number;
  /** Bytes that are not as the program has them; at most {@link LARGEST_DIFFERENCE_LIST} are listed, all are counted. */
  readonly differences: readonly Difference[];
  readonly differing: number;
}

export interface Difference {
  readonly core: CoreMemory | undefined;
  readonly address: number;
  readonly expected: number;
  readonly actual: number;
}

const LARGEST_DIFFERENCE_LIST = 16;

/**
 * Decides where each segment goes; touches nothing.
 *
 * Below 0x8000: SRAM of every core of `cores`. The SRAM of one named core, if it is among them. Shared DRAM:
 * once for all. Any other address is no memory.
 * @throws `ERR_EPIPHANY_BAD_PROGRAM` naming the first segment that does not fit, or that one core would have on top of
 *   another
 */
export function placeProgram(program: Program, board: Pick<SharedMemory, 'sharedDram'>, cores: readonly CoreMemory[]): Placement[] {
  const common = new Uint8Array(SRAM_BYTES); // 1 where every core has something
  return program.segments.flatMap((segment): Placement[] => {
    const { id, local } = splitEmeshAddress(segment.address);
    const end = local + segment.memoryBytes;
    if (id === 0 && end <= SRAM_BYTES) {
      common.fill(1, local, end);
      return cores.map((core) => ({ core, address: local, segment }));
    }
    const named = cores.find((core) => core.id === id);
    if (named && end <= SRAM_BYTES) {
      // Local addresses are the lowest, so that all segments for every core have been seen by now.
      if (common.subarray(local, end).includes(1)) throw unloadable(program, segment, 'overlaps one for the same addresses of every core');
      return [{ core: named, address: local, segment }];
    }
    const dram = board.sharedDram;
    if (dram && segment.address >= dram.address && segment.address + segment.memoryBytes <= dram.address + dram.bytes) {
      return [{ core: undefined, address: segment.address - dram.address, segment }];
    }
    throw misplaced(program, segment, cores);
  });
}

/**
 * Applies what is to be different on each core: in a copy of the segment that has these addresses, or beside all
 * segments. Patches of shared DRAM are the same for all cores, so that the last one counts.
 * @throws `ERR_EPIPHANY_BAD_PROGRAM` if a patch lies partly within a segment
 */
export function patchPlacements(program: Program, placements: readonly Placement[], board: Pick<SharedMemory, 'sharedDram'>, patches: ReadonlyMap<CoreMemory, readonly Patch[]>): Placement[] {
  const patched = new Set<Placement>();
  const byMemory = new Map<Placement['core'], Placement[]>();
  const inMemory = (core: Placement['core']): Placement[] => {
    let list = byMemory.get(core);
    if (!list) byMemory.set(core, (list = []));
    return list;
  };
  for (const placement of placements) inMemory(placement.core).push(placement);
  for (const [core, list] of patches) {
    for (const { address, data } of list) {
      const flags = { read: true, write: true, execute: false };
      const [place] = placeProgram({ ...program, segments: [{ address, data, memoryBytes: data.length, flags }] }, board, [core]);
      if (!place) continue;
      const others = inMemory(place.core);
      const index = others.findIndex((other) => other.address < place.address + data.length && place.address < other.address + other.segment.memoryBytes);
      const around = others[index];
      if (!around) {
        others.push(place);
        continue;
      }
      const { segment } = around;
      const offset = place.address - around.address;
      if (offset < 0 || offset + data.length > segment.memoryBytes) throw straddling(program, place.segment, around.segment);
      if (patched.has(around) && offset + data.length <= segment.data.length) {
        segment.data.set(data, offset); // a copy of ours already
        continue;
      }
      const copy = new Uint8Array(Math.max(segment.data.length, offset + data.length));
      copy.set(segment.data);
      copy.set(data, offset);
      patched.add((others[index] = { ...around, segment: { ...segment, data: copy } }));
    }
  }
  return [...byMemory.values()].flat();
}

/** Writes every byte of each placement, the zeros too. `onProgress` is called after each one. */
export function writePlacements(placements: readonly Placement[], board: SharedMemory, onProgress: (done: number) => void = () => undefined): LoadReport {
  for (const { core } of placements) void (core ?? board.sharedDramMapping()).words; // mapped before, so that only copies are timed
  const begin = process.hrtime.bigint();
  let bytes = 0;
  for (const { core, address, segment } of placements) {
    const memory = core ?? board.sharedDramMapping();
    memory.write(address, segment.data);
    memory.fill(address + segment.data.length, segment.memoryBytes - segment.data.length);
    bytes += segment.memoryBytes;
    onProgress(bytes);
  }
  return { placements, bytes, nanoseconds: Number(process.hrtime.bigint() - begin) };
}

/** Reads a loaded program back, word by word through the zero-copy windows, and compares every byte. */
export function verifyProgram(placements: readonly Placement[], board: SharedMemory): VerifyReport {
  const begin = process.hrtime.bigint();
  const differences: Difference[] = [];
  let words = 0;
  let differing = 0;
  for (const { core, address, segment } of placements) {
    const window = (core ?? board.sharedDramMapping()).words;
    const first = address >>> 2;
    const { expected, masks } = imageOf(segment, address & 3);
    words += expected.length;
    for (let i = 0; i < expected.length; ++i) {
      const wrong = ((window[first + i] as number) ^ (expected[i] as number)) & (masks[i] as number);
      if (wrong === 0) continue;
      for (let byte = 0; byte < 4; ++byte) {
        const wrongBits = (wrong >>> (8 * byte)) & 0xff;
        if (wrongBits === 0) continue;
        const should = ((expected[i] as number) >>> (8 * byte)) & 0xff;
        if (differing++ < LARGEST_DIFFERENCE_LIST) differences.push({ core, address: (first + i) * 4 + byte, expected: should, actual: should ^ wrongBits });
      }
    }
  }
  return { words, nanoseconds: Number(process.hrtime.bigint() - begin), differences, differing };
}

/** A segment as the words that its memory is to hold, and which bits of each belong to it. */
function imageOf(segment: Segment, skew: number): { expected: Uint32Array; masks: Uint32Array } {
  const words = Math.ceil((skew + segment.memoryBytes) / 4);
  const expected = new Uint32Array(words);
  const masks = new Uint32Array(words);
  new Uint8Array(expected.buffer).set(segment.data, skew);
  new Uint8Array(masks.buffer).fill(0xff, skew, skew + segment.memoryBytes);
  return { expected, masks };
}

function misplaced(program: Program, segment: Segment, cores: readonly CoreMemory[]): EpiphanyError {
  const { id } = splitEmeshAddress(segment.address);
  const isCore = id === 0 || cores.some((core) => core.id === id);
  const reason = isCore
    ? `does not fit into SRAM, which ends at ${formatHex(SRAM_BYTES)}`
    : `is neither in shared DRAM nor in one of the ${cores.length} cores (core ID ${formatCoreId(id)})`;
  return unloadable(program, segment, reason);
}

/** What the loader fills in for a core must not be torn from what the file has around it. */
function straddling({ path }: Program, { address, memoryBytes }: Segment, around: Segment): EpiphanyError {
  const message = `'${path}' cannot be loaded: the table of ${memoryBytes} bytes at ${formatHex(address)}, which the loader fills in, lies partly within the segment of ${around.memoryBytes} bytes at ${formatHex(around.address)}`;
  return new EpiphanyError('ERR_EPIPHANY_BAD_PROGRAM', message, { path, address });
}

function unloadable({ path }: Program, { address, memoryBytes }: Segment, reason: string): EpiphanyError {
  const message = `'${path}' cannot be loaded: the segment of ${memoryBytes} bytes at ${formatHex(address)} ${reason}`;
  return new EpiphanyError('ERR_EPIPHANY_BAD_PROGRAM', message, { path, address });
}
