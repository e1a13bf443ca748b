// SPDX-License-Identifier: MIT
/**
 * The native addon: every function that it has, declared once, and the search for its binary.
 *
 * Functions answer a number: the result if it is not negative, else `-errno`. They check what memory safety
 * needs (that a handle is one of theirs and open, that a range lies within its mapping) and answer `-EBADF` or
 * `-EINVAL`; friendly errors are the caller's work.
 */
import bindings from 'bindings';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debuglog } from 'node:util';
import { EpiphanyError } from './errors.js';
import { printable } from './printable.js';

declare const brand: unique symbol;
interface Handle<Name extends string> {
  readonly [brand]: Name;
}
/** An open file descriptor; closed by `close` or when collected. */
export type DeviceHandle = Handle<'device'>;
/** A lease of mapped memory; ended by `unmap` or when it and its buffer are collected. */
export type MappingHandle = Handle<'mapping'>;
/** A watcher on this environment's event loop; ended by `pollClose` or when collected. */
export type PollHandle = Handle<'poll'>;
/** A simulated chip with its memory; gone when collected. */
export type SimulatorHandle = Handle<'simulator'>;

/** Device memory for reading, the same for reading and writing, or memory like any other. */
export const MAPPING_KINDS = { read: 0, 'read-write': 1, memory: 2 } as const;
type MappingKind = (typeof MAPPING_KINDS)[keyof typeof MAPPING_KINDS];

interface Native {
  /** Bytes of a page of this machine. */
  readonly pageBytes: number;

  // native/device/char_device.cc
  /** open(2) with O_CLOEXEC and O_NOCTTY added to `flags`; `-ENODEV` for what is no character device, unless any file will do. */
  open(path: string, flags: number, anyFile: boolean): DeviceHandle | number;
  close(device: DeviceHandle): number;
  /** Ends the leases of all mappings of the device, and of devices that its requests have made; see `unmap`. */
  endLeases(device: DeviceHandle): number;
  /** The file descriptor, for calls of `node:fs` that take one. */
  descriptor(device: DeviceHandle): number;
  /** flock(2), exclusive, without waiting. */
  lock(device: DeviceHandle): number;
  /** ioctl(2). An array is handed over as a copy with room to spare, and copied back; a number must be 0 … 4095. */
  ioctl(device: DeviceHandle, request: number, argument: number | Uint8Array): number;
  /**
   * As `ioctl`, for a request that makes a descriptor, which becomes a device of its own, non-blocking. `offset`:
   * where in the view it is, as an int of the machine; undefined: it is what the request returns.
   */
  ioctlOpen(device: DeviceHandle, request: number, argument: number | Uint8Array, offset: number | undefined): DeviceHandle | number;
  read(device: DeviceHandle, view: Uint8Array): number;
  write(device: DeviceHandle, view: Uint8Array): number;
  pread(device: DeviceHandle, view: Uint8Array, position: number): number;
  pwrite(device: DeviceHandle, view: Uint8Array, position: number): number;

  // native/device/mapping.cc: offsets and lengths in bytes from the start of the mapping
  /** mmap(2), shared; `-ENXIO` beyond the end of a regular file, `-ENOMEM` also if this process has too many mappings. */
  map(device: DeviceHandle, offset: number, bytes: number, kind: MappingKind): MappingHandle | number;
  /** Ends a lease: its range is covered or given back, and its buffer detached unless it is plain memory. */
  unmap(mapping: MappingHandle): number;
  /** The one ArrayBuffer over the mapping; `-EOPNOTSUPP` where V8 allows no foreign memory. */
  buffer(mapping: MappingHandle): ArrayBuffer | number;
  /** Where the mapping lies in this process: for structures that drivers are given. */
  address(mapping: MappingHandle): number;
  /** Device memory from a whole host array of bytes or words, in aligned words with exact head and tail. */
  copyIn(mapping: MappingHandle, offset: number, from: ArrayBufferView): number;
  /** Device memory into a whole host array of bytes or words. */
  copyOut(mapping: MappingHandle, offset: number, to: ArrayBufferView): number;
  fill(mapping: MappingHandle, offset: number, bytes: number, byte: number): number;
  fillWords(mapping: MappingHandle, offset: number, words: number, word: number): number;
  /** Between two mappings, or within one, where the ranges may overlap. */
  moveWords(to: MappingHandle, toOffset: number, from: MappingHandle, fromOffset: number, words: number): number;

  // native/device/event_poll.cc: events are libuv's UV_READABLE 1, UV_WRITABLE 2, UV_DISCONNECT 4, UV_PRIORITIZED 8
  pollCreate(device: DeviceHandle): PollHandle | number;
  pollStart(poll: PollHandle, events: number, listener: (status: number, events: number) => void): number;
  /** Whether a started watcher keeps the process alive. */
  pollReference(poll: PollHandle, referenced: boolean): number;
  pollClose(poll: PollHandle): number;

  // native/simulator: `type` as the driver numbers chips, addresses on the eMesh
  /** `quantum`: instructions of a core before the next one's turn, while they run by themselves. */
  simulatorOpen(type: number, quantum: number): SimulatorHandle | number;
  /** Gives back all that the chip has, now rather than when it is collected. */
  simulatorClose(simulator: SimulatorHandle): number;
  /** The chip's memory as a device to be mapped: SRAM of all cores in row-major order, then shared DRAM. */
  simulatorMemory(simulator: SimulatorHandle): DeviceHandle | number;
  /** Makes whole pages of that memory zero, and gives them back to the system. */
  simulatorClear(simulator: SimulatorHandle, offset: number, bytes: number): number;
  /** Where event records are read; given once, `-EBUSY` afterwards. */
  simulatorEvents(simulator: SimulatorHandle): DeviceHandle | number;
  /** A word as the host's bus loads it; `-EIO` if nothing answers. */
  simulatorLoad(simulator: SimulatorHandle, address: number): number;
  simulatorStore(simulator: SimulatorHandle, address: number, value: number): number;
  /** 1 if the eLink's mailbox took the word, 0 if it was full or does not answer. */
  simulatorPushMailbox(simulator: SimulatorHandle, word: number): number;
  /** Latches interrupts of a core; 0 if there is no such core. */
  simulatorInterrupt(simulator: SimulatorHandle, coreId: number, latched: number): number;
  /** Starts or ends a fault (0 dead link, 1 core stuck); 0 if there is no such core. */
  simulatorInject(simulator: SimulatorHandle, fault: number, coreId: number, on: boolean): number;
  /** Writes an event record as a driver would. */
  simulatorEmit(simulator: SimulatorHandle, type: number, payload: number): number;
  /** Lets the cores run by themselves; `-EBUSY` during a run. */
  simulatorStart(simulator: SimulatorHandle): number;
  /** Returns when no core runs by itself any more. */
  simulatorStop(simulator: SimulatorHandle): number;
  /**
   * Lets the cores take turns on another thread; `-EBUSY` if they run already. With a trace, at most 4096
   * instructions; its records are those of native/chip/trace_recorder.h.
   */
  simulatorRun(
    simulator: SimulatorHandle,
    instructions: number,
    quantum: number,
    seed: number,
    untilHalt: boolean,
    traced: boolean,
    done: (instructions: number, stop: number, trace: Uint32Array) => void,
  ): number;
  /** Ends a run soon. */
  simulatorStopRun(simulator: SimulatorHandle): number;
  /**
   * Bit 0: a signal is on its way to the core, so that it does not rest. Bit 1: it waits for others in a barrier. Bit 2: it
   * is halted by a TRAP, and its number is above.
   */
  simulatorInspect(simulator: SimulatorHandle, coreId: number): number;
  /** Executes one instruction of a halted core; 0 if it has none to execute. */
  simulatorStep(simulator: SimulatorHandle, coreId: number): number;
  simulatorSetCounting(simulator: SimulatorHandle, counting: boolean): number;
  /** Instructions of each class, in the order of native/chip/code_cache.h. */
  simulatorCounters(simulator: SimulatorHandle, coreId: number): number[] | number;
  /** Taken out of the eLink's mailbox so far. */
  simulatorMailboxWords(simulator: SimulatorHandle): number;
  /** `-EBUSY` while cores run. `fill`: SRAM is to hold garbage first, as after a reset. */
  simulatorSetStrict(simulator: SimulatorHandle, strict: boolean, fill: boolean): number;
  /** The oldest violation not taken yet: kind (native/chip/strict.h), core ID, PC, address; 0 if there is none. */
  simulatorTakeViolation(simulator: SimulatorHandle): [kind: number, core: number, pc: number, address: number] | 0;
  simulatorStateWords(simulator: SimulatorHandle): number;
  /** `-EBUSY` while cores run, as `simulatorRestore` does. */
  simulatorSave(simulator: SimulatorHandle, words: Uint32Array): number;
  simulatorRestore(simulator: SimulatorHandle, words: Uint32Array): number;

  // native/disassembler.cc
  /**
   * The instruction whose first halfword is the low one of `bits`: bytes that it takes, its text, and where it
   * branches to, if it does. `available` is 2 if memory ends behind that halfword, else 4.
   */
  disassemble(bits: number, available: number, address: number): [length: number, text: string, target?: number];
}

const trace = debuglog('epiphany');

/**
 * Loads the addon: what was built here if that works, else the prebuilt binary of this architecture.
 *
 * `bindings` stops at the first file that exists, and a build left over from another architecture exists
 * without loading. So each place is tried by itself, and the error at the end tells of all of them.
 */
function loadAddon(): Native {
  const failures: string[] = [];
  for (const path of ADDON_PATHS) {
    try {
      const addon = addonAt(path);
      trace('addon loaded from %s', path);
      return addon;
    } catch (error) {
      failures.push(`${path}: ${reasonOf(error)}`);
    }
  }
  throw noAddon(failures);
}

/** The addon in one file. @throws why it is none; a file that is damaged inside may end the process, too */
export function addonAt(path: string): Native {
  checkWhole(path);
  const addon = bindings({ bindings: basename(path), module_root: dirname(path), try: [['module_root', 'bindings']] }) as Partial<Native> | undefined;
  if (ESSENTIALS.some((name) => typeof addon?.[name] !== 'function')) throw new Error('it is an addon, but not that of this version of node-epiphany');
  return addon as Native;
}

/** One function of each of its parts: another addon of the name, or an old one, does not have them all. */
const ESSENTIALS = ['ioctlOpen', 'map', 'pollCreate', 'simulatorOpen', 'disassemble'] as const;

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Where the addon may be, in the order in which it is tried. */
export const ADDON_PATHS: readonly string[] = [['build', 'Release'], ['build', 'Debug'], ['prebuilds', `${process.platform}-${process.arch}`]].map((folder) => [ROOT, ...folder, 'epiphany.node'].join('/'));

/** The error of an addon that does not load. @param failures a line for each place */
export function noAddon(failures: readonly string[]): EpiphanyError {
  return new EpiphanyError(
    'ERR_EPIPHANY_NO_ADDON',
    `The native addon of node-epiphany could not be loaded for ${process.platform}-${process.arch}, Node ${process.version}. Tried:\n` +
      `${failures.map((line) => `  ${printable(line)}`).join('\n')}\nBuild it with "npm explore node-epiphany -- npm run install" (needs python3, make and g++), ` +
      'or in a clone with "npm run bootstrap".',
  );
}

/**
 * Keeps a file from being loaded that was cut off: the system maps what is not there, and ends the process by SIGBUS
 * when that is touched. Whatever else is wrong with a file, the loader says so itself.
 */
function checkWhole(path: string): void {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // not to wait for the other end of what is a pipe
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is no regular file');
    const { size } = stats;
    const head = Buffer.alloc(64);
    const is64 = readSync(file, head, 0, 64, 0) >= 52 && head.readUInt32BE(0) === 0x7f454c46 ? head[4] === 2 : undefined;
    if (is64 === undefined || head[5] !== 1) return;
    const [tableAt, entryBytes, count] = is64 ? [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)] : [head.readUInt32LE(28), head.readUInt16LE(42), head.readUInt16LE(44)];
    if (entryBytes !== (is64 ? 56 : 32)) return;
    const table = Buffer.alloc(entryBytes * count);
    let needed = tableAt + table.length;
    if (readSync(file, table, 0, table.length, tableAt) === table.length) {
      for (let at = 0; at < table.length; at += entryBytes) {
        if (table.readUInt32LE(at) !== PT_LOAD) continue;
        needed = Math.max(needed, is64 ? Number(table.readBigUInt64LE(at + 8) + table.readBigUInt64LE(at + 32)) : table.readUInt32LE(at + 4) + table.readUInt32LE(at + 16));
      }
    }
    if (needed > size) throw new Error(`it was cut off: it has ${size} bytes of at least ${needed}`);
  } finally {
    closeSync(file);
  }
}

const PT_LOAD = 1;

/** Why an addon does not load, in one line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : (error.message.split('\n')[0] ?? '');
}

/**
 * The addon of this environment. It is loaded when something of it is used for the first time, so that what needs none
 * of it works without; from then on this is the addon itself.
 * @throws `ERR_EPIPHANY_NO_ADDON` by any use, if it cannot be loaded
 */
export let native: Native = new Proxy({} as Native, { get: (_none, name) => Reflect.get((native = loadAddon()), name) as unknown });
