// SPDX-License-Identifier: MIT
/** A simulated board in this process: the chip model of native/chip, its memory mapped as a device's is. */
import { constants } from 'node:os';
import { emeshAddress, REGISTERS_BASE, SHARED_DRAM_BASE, SHARED_DRAM_BYTES, SRAM_BYTES, coreId, ELINK_ID, type CoreId, type EmeshAddress, type Rectangle } from '../address.js';
import { CHIP_MODELS, chipTypeOf, mistypedChip, type Chip, type ChipType, type SharedDram } from '../chip.js';
import { deviceOf, type CharDevice } from '../device/char-device.js';
import type { Mapping, MemoryMapping } from '../device/index.js';
import { endOf } from '../device/memory-mapping.js';
import { closedError, EpiphanyError, outOfRange, systemError } from '../errors.js';
import { nearest } from '../nearest.js';
import { native, type DeviceHandle, type SimulatorHandle } from '../native.js';
import type { WordPort } from '../register-file.js';
import { ELINK_REGISTERS } from '../registers.js';
import { EventPump } from './events.js';
import { decodeSnapshot, encodeSnapshot, PAGE_BYTES, type Snapshot } from './snapshot.js';
import { SnapshotFile } from './snapshot-file.js';
import { Condition } from './condition.js';
import { DramPool } from './dram-pool.js';
import { LocalClaims, resetByRegisters, type Host } from './local-claims.js';
import type { BlockOptions, BoardStatus, Claim, ClaimOptions, DmaEnd, DmaEngine, DramBlock, Features, Transport } from './transport.js';

const { errno } = constants;
const ORIGIN = coreId(0x808);
/**
 * What a driver writes to the eLink before it lets anybody use the chip: all that the chip sends to the host
 * falls into shared DRAM, and a message in the mailbox raises the interrupt.
 */
const BRING_UP: readonly (readonly [offset: number, value: number])[] = [
  [ELINK_REGISTERS.CHIPID.offset, ORIGIN],
  [ELINK_REGISTERS.RXDELAY0.offset, 0xaaaaaaaa],
  [ELINK_REGISTERS.RXDELAY1.offset, 0xa],
  [ELINK_REGISTERS.TXCFG.offset, 0x1],
  [ELINK_REGISTERS.RXCFG.offset, 0x13e0fe04],
];
/** Memory is read in pieces of so many bytes when a snapshot is made. */
const PIECE_BYTES = 0x100000;

/** Which simulated board to make. */
export interface SimulatorSpec {
  /** `undefined`: that of the snapshot, else E16G301. */
  readonly chip: ChipType | undefined;
  /** File that keeps the state from one opening to the next. */
  readonly file: string | undefined;
}

/** Whether `path` names a simulated board: `sim`, `sim:e64g401`, `sim:FILE`, `sim:e64g401:FILE`. */
export function simulatorSpec(path: string): SimulatorSpec | undefined {
  const [scheme = '', ...rest] = path.split(':');
  if (scheme !== 'sim') {
    const chip = mistypedChip(scheme);
    const meant = chip ? `sim:${chip.toLowerCase()}` : !/[./]/.test(scheme) && nearest(scheme, ['sim', 'simulator']) ? ['sim', ...rest].join(':') : undefined;
    if (meant !== undefined) throw outOfRange('path', `a device or a simulated board (did you mean ${meant}?)`, path);
    return undefined;
  }
  const [name = ''] = rest;
  const chip = (Object.keys(CHIP_MODELS) as ChipType[]).find((type) => type.toLowerCase() === name.toLowerCase());
  const meant = chip ? undefined : mistypedChip(name);
  if (meant) throw outOfRange('path', `sim:e16g301, sim:e64g401, or sim:./${rest.join(':')} for a file of that name (did you mean sim:${meant.toLowerCase()}?)`, path);
  const file = (chip ? rest.slice(1) : rest).join(':');
  return { chip, file: file === '' ? undefined : file };
}

/** How a simulated board is to behave. */
export interface SimulatorOptions {
  /** Cores execute only in `simulator.run()`, not by themselves. Default false. */
  readonly stepped?: boolean;
  /** See `simulator.strict`. Set here, loads of SRAM that nobody has stored to are found, too. Default false. */
  readonly strict?: boolean;
  /**
   * Instructions of one core before the next one's turn: 1 … 2^32 - 1. No core that works gets further ahead of another
   * than two of these. Default 100.
   */
  readonly quantum?: number;
}

/** See {@link SimulatorOptions.quantum}. */
const DEFAULT_QUANTUM = 100;

export class SimulatorTransport implements Transport, Host {
  readonly kind = 'simulator';
  readonly path: string;
  readonly chip: Chip;
  readonly sharedDram: SharedDram = Object.freeze({ address: SHARED_DRAM_BASE, bytes: SHARED_DRAM_BYTES });
  readonly features: Features = Object.freeze({ events: true, elinkRegisters: true, coreEvents: true, claims: true, dram: true, dma: true });
  readonly origin = ORIGIN;
  readonly condition: Condition;
  readonly elinkVersion = 0;
  readonly quantum: number;
  readonly #handle: SimulatorHandle;
  readonly #memory: CharDevice;
  readonly #pump: EventPump;
  readonly #file: SnapshotFile | undefined;
  readonly #sram = new Map<CoreId, Mapping>();
  readonly #claims: LocalClaims;
  readonly #pool: DramPool;
  /** Bytes of blocks that are zeroed when they are given back, by address. */
  readonly #scrubbed = new Map<number, number>();
  #generation = 0;
  #dram: Mapping | undefined;
  #running = false;
  #strict = false;
  #closed = false;

  constructor(path: string, spec: SimulatorSpec, { stepped = false, strict = false, quantum = DEFAULT_QUANTUM }: SimulatorOptions = {}) {
    this.path = path;
    this.quantum = quantum;
    this.condition = new Condition(path);
    this.#claims = new LocalClaims(this);
    this.#pool = new DramPool(path, this.sharedDram);
    const file = spec.file === undefined ? undefined : new SnapshotFile(spec.file);
    const opened: (() => void)[] = [() => file?.close()];
    try {
      const saved = file?.read();
      const snapshot = file && saved && saved.length > 0 ? decodeSnapshot(saved, file.path) : undefined;
      const type = spec.chip ?? (snapshot && chipTypeOf(snapshot.chipNumber)) ?? 'E16G301';
      const { number, rows, columns } = CHIP_MODELS[type];
      this.chip = Object.freeze({ type, rows, columns, origin: ORIGIN });
      this.#handle = this.#checked(native.simulatorOpen(number, quantum));
      opened.push(() => native.simulatorClose(this.#handle));
      this.#memory = deviceOf(this.#checked(native.simulatorMemory(this.#handle)), path);
      opened.push(() => this.#memory.close());
      this.#pump = new EventPump(deviceOf(this.#checked(native.simulatorEvents(this.#handle)), path), this.#handle);
      opened.push(() => this.#pump.close());
      if (snapshot && file) this.#apply(snapshot, file.path);
      else for (const [offset, value] of BRING_UP) native.simulatorStore(this.#handle, emeshAddress(ELINK_ID, offset), value);
      if (strict) this.setStrict(true, !snapshot);
      if (!stepped) this.start();
    } catch (error) {
      for (const close of opened.reverse()) close();
      throw error;
    }
    this.#file = file;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The simulated chip, for scripting. @throws `ERR_EPIPHANY_CLOSED` */
  get handle(): SimulatorHandle {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    return this.#handle;
  }

  get usable(): boolean {
    return !this.#closed && this.condition.isGood;
  }

  check(): void {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    this.condition.check();
  }

  sram(core: CoreId): Mapping {
    let lease = this.#sram.get(core);
    if (!lease) this.#sram.set(core, (lease = this.mapSram(core)));
    return lease;
  }

  mapSram(core: CoreId): Mapping {
    return this.#memory.map({ offset: this.#indexOf(core) * SRAM_BYTES, length: SRAM_BYTES, baseAddress: emeshAddress(core, 0) });
  }

  openRegisters(core: CoreId): WordPort {
    return this.registers(core);
  }

  sharedDramMapping(): Mapping {
    // Unlike those of cores this lease is handed out, and may have been closed.
    if (!this.#dram || this.#dram.closed) this.#dram = this.#memory.map({ offset: this.#sramBytes, length: SHARED_DRAM_BYTES, baseAddress: SHARED_DRAM_BASE });
    return this.#dram;
  }

  registers(core: CoreId): WordPort {
    return new SimulatedPage(this, emeshAddress(core, REGISTERS_BASE));
  }

  elinkRegisters(): WordPort {
    return new SimulatedPage(this, emeshAddress(ELINK_ID, REGISTERS_BASE));
  }

  events(): EventPump {
    return this.#pump;
  }

  status(): BoardStatus {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    return { abiVersion: undefined, driverFeatures: [], generation: this.#generation, vdd: undefined, powered: true, overheated: this.condition.isOverheated };
  }

  claim(rectangle: Rectangle, options: ClaimOptions): Claim {
    this.check();
    return this.#claims.add(rectangle, options);
  }

  /** As a driver does it: both sides of the eLink are held in reset, and then brought up. */
  resetChip(): void {
    this.check();
    const reset = emeshAddress(ELINK_ID, ELINK_REGISTERS.RESET.offset);
    native.simulatorStore(this.handle, reset, 3);
    native.simulatorStore(this.handle, reset, 0);
    for (const [offset, value] of BRING_UP) native.simulatorStore(this.handle, emeshAddress(ELINK_ID, offset), value);
    this.noteReset(true);
  }

  resetCore(core: CoreId): void {
    this.check();
    resetByRegisters([this.registers(core)]);
    this.#generation++;
  }

  /** The chip was reset, be it that somebody else did it in a script. */
  noteReset(byUs: boolean): void {
    this.#generation++;
    this.condition.reset(byUs);
  }

  acknowledgeReset(): void {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    this.condition.acknowledge();
    this.check();
  }

  allocate(bytes: number, { align, address, scrub }: BlockOptions): DramBlock {
    this.check();
    const whole = Math.ceil(bytes / native.pageBytes) * native.pageBytes;
    const place = this.#pool.take(whole, Math.max(align, native.pageBytes), address);
    try {
      this.#clear(place, whole);
      const memory = this.#memory.mapMemory({ offset: this.#sramBytes + place - SHARED_DRAM_BASE, length: whole, baseAddress: place });
      if (scrub) this.#scrubbed.set(place, whole);
      return new SimulatedBlock(place as EmeshAddress, memory, () => this.#giveBack(place));
    } catch (error) {
      this.#pool.give(place);
      throw error;
    }
  }

  #giveBack(place: number): void {
    const bytes = this.#scrubbed.get(place);
    try {
      if (bytes !== undefined && !this.#closed) this.#clear(place, bytes);
    } finally {
      this.#scrubbed.delete(place);
      this.#pool.give(place);
    }
  }

  #clear(place: number, bytes: number): void {
    this.checkResult(native.simulatorClear(this.#handle, this.#sramBytes + place - SHARED_DRAM_BASE, bytes), 'fallocate');
  }

  dma(): DmaEngine {
    return new SimulatedDma(this, this.chip.type !== 'E64G401');
  }

  /** Whether the cores run by themselves. */
  get running(): boolean {
    return this.#running;
  }

  /** @throws `ERR_EPIPHANY_BUSY` during a run in steps */
  start(): void {
    this.checkResult(native.simulatorStart(this.handle), 'start');
    this.#running = true;
  }

  stop(): void {
    native.simulatorStop(this.handle);
    this.#running = false;
  }

  get strict(): boolean {
    return this.#strict;
  }

  setStrict(strict: boolean, fill: boolean): void {
    this.whileStopped(() => this.checkResult(native.simulatorSetStrict(this.handle, strict, fill), 'strict'));
    this.#strict = strict;
  }

  /** Does something for which the chip must stand still. */
  whileStopped<Result>(use: () => Result): Result {
    const { running } = this;
    if (running) this.stop();
    try {
      return use();
    } finally {
      if (running) this.start();
    }
  }

  /** @throws what a negative answer of the native side means */
  checkResult(result: number, syscall: string): void {
    if (result === -errno.EBUSY) throw new EpiphanyError('ERR_EPIPHANY_BUSY', `The cores of '${this.path}' run: by themselves, until simulator.stop(), or in a simulator.run() that is under way`, { path: this.path });
    if (result < 0) throw systemError(result, syscall, { path: this.path });
  }

  /** The whole state of the chip and its memory; the `last` one, before the board is closed, without blocks that are to be zeroed. */
  snapshot(last = false): Uint8Array {
    return this.whileStopped(() => {
      const state = new Uint32Array(native.simulatorStateWords(this.handle));
      this.checkResult(native.simulatorSave(this.#handle, state), 'snapshot');
      const pages = this.#usedPages();
      if (last) for (const page of pages.keys()) if (this.#isScrubbed(page)) pages.delete(page);
      return encodeSnapshot({ chipNumber: CHIP_MODELS[this.chip.type].number, state, pages });
    });
  }

  #isScrubbed(page: number): boolean {
    const address = SHARED_DRAM_BASE + page * PAGE_BYTES - this.#sramBytes;
    for (const [place, bytes] of this.#scrubbed) if (address >= place && address < place + bytes) return true;
    return false;
  }

  /**
   * Goes back to a snapshot of the same type of chip; memory that windows show changes with it.
   * @throws `ERR_EPIPHANY_BAD_SNAPSHOT`, with nothing changed
   */
  restore(bytes: Uint8Array): void {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    const snapshot = decodeSnapshot(bytes, 'snapshot');
    this.whileStopped(() => this.#apply(snapshot, 'snapshot'));
  }

  close(save: boolean): void {
    if (this.#closed) return;
    if (save) this.#file?.save(this.snapshot(true)); // first: if the disk is full, the board is still there to try again
    this.stop();
    this.#memory.close();
    this.#pump.close();
    native.simulatorClose(this.#handle);
    this.#closed = true;
    this.#file?.close();
  }

  /** `path` is for messages. */
  #apply({ chipNumber, state, pages }: Snapshot, path: string): void {
    const bad = (reason: string): EpiphanyError => new EpiphanyError('ERR_EPIPHANY_BAD_SNAPSHOT', `'${path}' cannot be restored: ${reason}`, { path });
    if (chipNumber !== CHIP_MODELS[this.chip.type].number) throw bad(`it is not of an ${this.chip.type}`);
    const last = [...pages.keys()].pop() ?? -1;
    if (last >= this.#memoryBytes / PAGE_BYTES) throw bad('it has more memory than the chip');
    const restored = native.simulatorRestore(this.#handle, state);
    if (restored === -errno.EINVAL) throw bad('its registers make no sense');
    this.checkResult(restored, 'restore');
    const zeros = Buffer.alloc(PAGE_BYTES);
    for (const index of this.#usedPages().keys()) if (!pages.has(index)) this.#memory.pwrite(zeros, index * PAGE_BYTES);
    for (const [index, page] of pages) this.#memory.pwrite(page, index * PAGE_BYTES);
  }

  /** Every page of memory that is not all zero. */
  #usedPages(): Map<number, Uint8Array> {
    const pages = new Map<number, Uint8Array>();
    const zeros = Buffer.alloc(PAGE_BYTES);
    for (let at = 0; at < this.#memoryBytes; at += PIECE_BYTES) {
      const piece = Buffer.alloc(PIECE_BYTES);
      const bytes = this.#memory.pread(piece, at);
      for (let page = 0; page < bytes; page += PAGE_BYTES) {
        const content = piece.subarray(page, page + PAGE_BYTES);
        if (!content.equals(zeros)) pages.set((at + page) / PAGE_BYTES, content);
      }
    }
    return pages;
  }

  get #sramBytes(): number {
    return this.chip.rows * this.chip.columns * SRAM_BYTES;
  }

  get #memoryBytes(): number {
    return this.#sramBytes + SHARED_DRAM_BYTES;
  }

  #checked<Handle extends DeviceHandle | SimulatorHandle>(result: Handle | number): Handle {
    if (typeof result === 'number') throw systemError(result, 'open', { path: this.path });
    return result;
  }

  #indexOf(core: CoreId): number {
    const row = (core >> 6) - (this.chip.origin >> 6);
    const column = (core & 0x3f) - (this.chip.origin & 0x3f);
    return row * this.chip.columns + column;
  }
}

/** Of blocks that nobody closed: what becomes of their places when neither they nor their buffers are left. */
const abandoned = new FinalizationRegistry<{ readonly end: () => boolean; readonly giveBack: () => void }>(({ end, giveBack }) => {
  if (end()) giveBack();
});

/** Shared DRAM of a simulated board that was given out. */
class SimulatedBlock implements DramBlock {
  readonly address: EmeshAddress;
  readonly memory: MemoryMapping;
  readonly #giveBack: () => void;

  constructor(address: EmeshAddress, memory: MemoryMapping, giveBack: () => void) {
    this.address = address;
    this.memory = memory;
    this.#giveBack = giveBack;
    // Its memory may have been taken by transfer(), or be in use by a call of Node: that ends before the next block begins.
    abandoned.register(memory, { end: endOf(memory), giveBack }, this);
  }

  close(): void {
    if (!this.memory.closed) this.memory.close();
    if (abandoned.unregister(this)) this.#giveBack();
  }
}

/** Copies word by word, in the place of an engine that a simulated board does not have. */
class SimulatedDma implements DmaEngine {
  readonly readsCores: boolean;
  readonly #transport: SimulatorTransport;

  constructor(transport: SimulatorTransport, readsCores: boolean) {
    this.#transport = transport;
    this.readsCores = readsCores;
  }

  async copy(from: DmaEnd, to: DmaEnd, bytes: number): Promise<void> {
    await new Promise(setImmediate); // as an engine would, it goes on while JavaScript does
    this.#transport.check();
    for (const end of [from, to]) if (end.kind === 'core') end.claim.verify();
    const source = from.kind === 'core' ? from.claim.sram(from.core).read(from.address, bytes) : viewOf(from, bytes);
    if (to.kind === 'core') to.claim.sram(to.core).write(to.address, source);
    else viewOf(to, bytes).set(source);
  }
}

function viewOf(end: Exclude<DmaEnd, { kind: 'core' }>, bytes: number): Uint8Array {
  return end.kind === 'dram' ? new Uint8Array(end.block.memory.buffer, end.address - end.block.address, bytes) : new Uint8Array(end.memory.buffer, end.offset, bytes);
}

/** A page of registers of the simulated chip, reached word by word over its bus. */
class SimulatedPage implements WordPort {
  readonly #transport: SimulatorTransport;
  readonly #handle: SimulatorHandle;
  readonly #address: number;

  constructor(transport: SimulatorTransport, address: number) {
    this.#transport = transport;
    this.#handle = transport.handle;
    this.#address = address;
  }

  readWord(offset: number): number {
    if (this.#transport.closed) throw closedError(`board '${this.#transport.path}'`);
    const value = native.simulatorLoad(this.#handle, this.#address + offset);
    if (value < 0) throw this.#busError(value, 'load', offset);
    return value;
  }

  writeWord(offset: number, value: number): void {
    if (this.#transport.closed) throw closedError(`board '${this.#transport.path}'`);
    const status = native.simulatorStore(this.#handle, this.#address + offset, value);
    if (status < 0) throw this.#busError(status, 'store', offset);
  }

  #busError(result: number, syscall: string, offset: number): Error {
    const address = this.#address + offset;
    return systemError(result, syscall, { path: this.#transport.path, address }, 'The chip did not answer: its link is dead or held in reset');
  }
}
