// SPDX-License-Identifier: MIT
/** A board: opening one, and what it is made of. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { debuglog, inspect } from 'node:util';
import { coreIdAt, formatCoreId, meshCoordinate, REGISTERS_BASE, REGISTERS_BYTES, splitEmeshAddress, SRAM_BYTES, type CoreId, type EmeshAddress, type Rectangle } from './address.js';
import type { Chip, SharedDram } from './chip.js';
import { coreOf, type Core } from './core.js';
import { Dma } from './dma.js';
import { blockOf, Dram, DramBuffer } from './dram.js';
import type { Mapping } from './device/index.js';
import { checkInteger, checkPath, closedError, invalidType, outOfRange, systemError, type SystemError } from './errors.js';
import { registerFile, type RegisterFile } from './register-file.js';
import { ELINK_REGISTERS } from './registers.js';
import { Simulator } from './simulator.js';
import { CharDeviceTransport } from './transport/chardev.js';
import type { EventQueue } from './transport/event-queue.js';
import type { BoardEvent, MailboxMessage } from './transport/events.js';
import { simulatorSpec, SimulatorTransport, type SimulatorOptions } from './transport/simulator.js';
import type { BoardStatus, ClaimOptions, Features, OnRelease, Transport } from './transport/transport.js';
import { CoreWatch } from './workgroup/core-watch.js';
import { WorkGroup as GroupOf } from './workgroup/workgroup.js';

const DEVICE_FOLDER = '/dev/epiphany';
const trace = debuglog('epiphany');

/** A board that this machine has. */
export interface BoardEntry {
  /** What to give to {@link openBoard}. */
  readonly path: string;
  /** Whether this process may open it. */
  readonly accessible: boolean;
  /** Why it may not, e.g. `'EACCES'`. */
  readonly code?: string;
}

/**
 * The real boards of this machine, in order of their numbers; none if no driver is loaded.
 * @param folder where the driver has its devices
 * @throws SystemError if the folder is there and cannot be read
 */
export function listBoards(folder = DEVICE_FOLDER): BoardEntry[] {
  let names: string[];
  try {
    names = readdirSync(checkPath('folder', folder));
  } catch (error) {
    if ((error as SystemError).code !== 'ENOENT') throw error;
    return []; // no driver, no folder
  }
  return names
    .filter((name) => /^mesh\d+$/.test(name))
    .sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)))
    .map((name) => {
      const path = `${folder}/${name}`;
      try {
        accessSync(path, constants.R_OK | constants.W_OK);
        return { path, accessible: true };
      } catch (error) {
        return { path, accessible: false, code: (error as SystemError).code };
      }
    });
}

/**
 * Opens a board.
 *
 * @param path a device such as `'/dev/epiphany/mesh0'`, or a simulated board: `'sim'` (an E16G301),
 *   `'sim:e64g401'`, or `'sim:FILE'`, which keeps its state in a file from one opening to the next and saves it
 *   at `close`. Default: the first real board; never silently a simulated one.
 * @param options how a simulated board is to behave; a real one takes none
 * @throws SystemError with `path` and a remedy: `ENOENT` without a board, `EACCES` without permission, …
 */
export function openBoard(path?: string, options: SimulatorOptions = {}): Board {
  if (path === undefined) {
    const [first] = listBoards();
    if (!first) {
      throw systemError(-osConstants.errno.ENOENT, 'open', { path: `${DEVICE_FOLDER}/mesh0` }, 'There is no Epiphany board here. Load the driver with "modprobe epiphany", or use the simulator: openBoard(\'sim\')');
    }
    path = first.path;
  }
  checkPath('path', path);
  const spec = simulatorSpec(path);
  const checked = checkedSimulatorOptions(options, spec !== undefined);
  const transport = spec ? new SimulatorTransport(path, spec, checked) : CharDeviceTransport.open(path);
  trace('opened %s: %s', path, transport.chip.type);
  return boardOf(transport);
}

/** Each option is read just once. */
function checkedSimulatorOptions(options: SimulatorOptions, isSimulated: boolean): SimulatorOptions {
  if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
  const { stepped = false, strict = false, quantum } = options;
  for (const [name, value] of Object.entries({ stepped, strict })) {
    if (typeof value !== 'boolean') throw invalidType(`options.${name}`, 'a boolean', value);
    if (value && !isSimulated) throw outOfRange(`options.${name}`, 'left out: only a simulated board has it', value);
  }
  if (quantum !== undefined) {
    checkInteger('options.quantum', quantum, 1, 0xffffffff);
    if (!isSimulated) throw outOfRange('options.quantum', 'left out: only a simulated board has it', quantum);
  }
  return quantum === undefined ? { stepped, strict } : { stepped, strict, quantum };
}

/** A work-group of a board, made by {@link Board.workgroup}. */
export type WorkGroup = GroupOf<Board>;

/** How a work-group holds its cores. */
export interface GroupOptions {
  /**
   * `exclusive` (default): no other group has any of these cores, and no other program reaches them. `shared`: groups
   * that are all shared may overlap. With a driver that keeps no work-groups (`features.claims`) this holds for
   * groups of the same board only.
   */
  readonly access?: 'exclusive' | 'shared' | undefined;
  /**
   * What happens to the cores when the group is closed: nothing (`leave`, default), they are halted, they are reset,
   * or reset and their SRAM zeroed (`scrub`). With `features.claims` also if this process dies.
   */
  readonly onRelease?: OnRelease | undefined;
  /**
   * A word that is stored after that: to SRAM or a register of a core of the group, or into a buffer of shared DRAM,
   * which is then to be named. Programs on other cores learn from it that nobody serves them any more.
   */
  readonly deadMan?: { readonly address: EmeshAddress | number; readonly value: number; readonly buffer?: DramBuffer | undefined } | undefined;
}

const ON_RELEASE: readonly OnRelease[] = ['leave', 'halt', 'reset', 'scrub'];

/** The board behind a transport, which is closed with it. */
export let boardOf: (transport: Transport) => Board;

/**
 * An open board. Close it when done: `using board = openBoard()`, or `try … finally { board.close() }`.
 * @example
 * const board = openBoard('sim');
 * const core = board.core(1, 2);
 * core.write(0x2000, new Float32Array([1, 2, 3]));
 * console.log(core.float32[0x2000 / 4 + 1]); // 2, without a copy
 * board.close();
 */
export class Board implements Disposable {
  /** What was opened. */
  readonly path: string;
  /** Whether this is a device of a driver, or a simulated board. */
  readonly kind: Transport['kind'];
  /** The chip: its type, rows, columns and first core ID. */
  readonly chip: Chip;
  /** Where the chip sees memory that it shares with the host; undefined if the board has none. */
  readonly sharedDram: SharedDram | undefined;
  /** What this board, with its driver, can do beyond memory and registers of the cores. */
  readonly features: Features;
  /** The scripting of a simulated board; undefined on a real one. */
  readonly simulator: Simulator | undefined;
  /** Shared DRAM, given out in buffers. */
  readonly dram: Dram;
  /** Copies by the host's DMA engine. */
  readonly dma: Dma;
  readonly #transport: Transport;
  readonly #cores: Core[] = [];
  readonly #groups = new Set<WorkGroup>();
  readonly #watch: CoreWatch;
  #elink: RegisterFile<typeof ELINK_REGISTERS> | undefined;

  static {
    boardOf = (transport) => new Board(transport);
  }

  private constructor(transport: Transport) {
    this.#transport = transport;
    this.#watch = new CoreWatch(transport);
    this.path = transport.path;
    this.kind = transport.kind;
    this.chip = transport.chip;
    this.sharedDram = transport.sharedDram;
    this.features = transport.features;
    this.dram = new Dram(transport);
    this.dma = new Dma(transport);
    this.simulator = transport instanceof SimulatorTransport ? new Simulator(transport) : undefined;
    Object.freeze(this);
  }

  /** Whether the board was closed. */
  get closed(): boolean {
    return this.#transport.closed;
  }

  /** VERSION of the FPGA design: platform in the low byte, revision in the next; 0 in all public bitstreams. */
  get elinkVersion(): number {
    return this.#transport.elinkVersion;
  }

  /**
   * The core at a row and column of the chip, counted from its north-west core.
   * @throws RangeError outside the chip
   */
  core(row: number, column: number): Core {
    this.#checkOpen();
    const { rows, columns, origin } = this.chip;
    checkInteger('row', row, 0, rows - 1);
    checkInteger('column', column, 0, columns - 1);
    const first = meshCoordinate(origin);
    return (this.#cores[row * columns + column] ??= coreOf(this.#transport, coreIdAt(first.row + row, first.column + column), { row, column }));
  }

  /** The core with a mesh-absolute ID. @throws RangeError if the chip has no such core */
  coreById(id: CoreId | number): Core {
    this.#checkOpen();
    checkInteger('id', id, 0, 0xfff);
    const first = meshCoordinate(this.chip.origin);
    const { row, column } = meshCoordinate(id as CoreId);
    const { rows, columns, type } = this.chip;
    if (row < first.row || row >= first.row + rows || column < first.column || column >= first.column + columns) {
      const last = coreIdAt(first.row + rows - 1, first.column + columns - 1);
      throw outOfRange('id', `a core ID of this ${type}, in the rectangle from ${formatCoreId(this.chip.origin)} to ${formatCoreId(last)}`, formatCoreId(id));
    }
    return this.core(row - first.row, column - first.column);
  }

  /** All cores, row by row. */
  get cores(): readonly Core[] {
    const { rows, columns } = this.chip;
    return Array.from({ length: rows * columns }, (_, index) => this.core(Math.floor(index / columns), index % columns));
  }

  /**
   * A rectangle of cores to run a program on; all of the chip by default. Its cores are reached through the group:
   * windows over their memory end with it.
   * @param rectangle in rows and columns of the chip; what is left out reaches as far as the chip does
   * @throws RangeError if it does not lie within the chip, `ERR_EPIPHANY_BUSY` if others have some of its cores,
   *   `ERR_EPIPHANY_UNSUPPORTED` for a dead man with a driver without `features.claims`
   */
  workgroup(rectangle: Partial<Rectangle> = {}, options: GroupOptions = {}): WorkGroup {
    this.#checkOpen();
    if (typeof rectangle !== 'object' || rectangle === null) throw invalidType('rectangle', 'an object', rectangle);
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { chip } = this;
    const { row = 0, column = 0 } = rectangle;
    checkInteger('row', row, 0, chip.rows - 1);
    checkInteger('column', column, 0, chip.columns - 1);
    const { rows = chip.rows - row, columns = chip.columns - column } = rectangle;
    checkInteger('rows', rows, 1, chip.rows - row);
    checkInteger('columns', columns, 1, chip.columns - column);
    const whole = { row, column, rows, columns };
    const claim = this.#transport.claim(whole, this.#claimOptions(whole, options));
    const group: WorkGroup = new GroupOf<Board>(this, whole, claim, this.#watch, () => this.#groups.delete(group));
    this.#groups.add(group);
    return group;
  }

  #claimOptions({ row, column, rows, columns }: Rectangle, { access = 'exclusive', onRelease = 'leave', deadMan }: GroupOptions): ClaimOptions {
    if (access !== 'exclusive' && access !== 'shared') throw outOfRange('options.access', 'exclusive, shared', access);
    if (!ON_RELEASE.includes(onRelease)) throw outOfRange('options.onRelease', ON_RELEASE.join(', '), onRelease);
    if (deadMan === undefined) return { exclusive: access === 'exclusive', onRelease, deadMan: undefined };
    if (typeof deadMan !== 'object' || (deadMan as unknown) === null) throw invalidType('options.deadMan', 'an object', deadMan);
    const { address, value, buffer } = deadMan;
    checkInteger('options.deadMan.address', address, 0, 0xfffffffc);
    if (address % 4 !== 0) throw outOfRange('options.deadMan.address', 'a multiple of 4', address);
    checkInteger('options.deadMan.value', value, 0, 0xffffffff);
    if (buffer !== undefined) {
      if (!((buffer as unknown) instanceof DramBuffer)) throw invalidType('options.deadMan.buffer', 'a buffer of shared DRAM', buffer);
      const block = blockOf(buffer, this.#transport);
      if (!block) throw outOfRange('options.deadMan.buffer', 'a buffer of the same board', buffer);
      if (buffer.closed) throw closedError(String(buffer));
      if (address < buffer.address || address + 4 > buffer.address + buffer.length) throw outOfRange('options.deadMan.address', 'in options.deadMan.buffer', address);
      return { exclusive: access === 'exclusive', onRelease, deadMan: { address, value, block } };
    }
    const { id, local } = splitEmeshAddress(address);
    const [atRow, atColumn] = [(id >> 6) - (this.chip.origin >> 6) - row, (id & 0x3f) - (this.chip.origin & 0x3f) - column];
    const isMine = atRow >= 0 && atRow < rows && atColumn >= 0 && atColumn < columns;
    if (!isMine || !(local < SRAM_BYTES || (local >= REGISTERS_BASE && local < REGISTERS_BASE + REGISTERS_BYTES))) {
      throw outOfRange('options.deadMan.address', 'in SRAM or registers of a core of the group, or in options.deadMan.buffer', address, { address });
    }
    return { exclusive: access === 'exclusive', onRelease, deadMan: { address, value, block: undefined } };
  }

  /** What the board and its driver are like now: driver's version, power, voltage. @throws `ERR_EPIPHANY_CLOSED`, `ERR_EPIPHANY_GONE` */
  status(): BoardStatus {
    return this.#transport.status();
  }

  /**
   * Resets the whole chip, also cores that are stuck. Everything in it is lost, and every work-group on it ends: its
   * calls throw `ERR_EPIPHANY_RESET`. Cores of the board can be used at once.
   * @throws `ERR_EPIPHANY_BUSY` if another program has a work-group, unless this one has CAP_SYS_ADMIN;
   *   `ERR_EPIPHANY_THERMAL`, `ERR_EPIPHANY_RESET`, `ERR_EPIPHANY_GONE`, `ERR_EPIPHANY_CLOSED`
   */
  reset(): void {
    this.#transport.resetChip();
  }

  /**
   * Goes on after the chip was reset, or has lost its power, by somebody else's doing. From then on calls throw
   * `ERR_EPIPHANY_RESET` until this is called, or the board is opened again, because whatever the program believed
   * to be in the chip is gone. Work-groups are not revived. If there was no reset this does nothing.
   * @throws `ERR_EPIPHANY_THERMAL` while the chip is too hot, `ERR_EPIPHANY_GONE`, `ERR_EPIPHANY_CLOSED`
   */
  acknowledgeReset(): void {
    this.#transport.acknowledgeReset();
  }

  /**
   * All shared DRAM as one mapping; its offset 0 is `sharedDram.address` to the chip.
   * @throws `ERR_EPIPHANY_UNSUPPORTED` on a board without
   */
  sharedDramMapping(): Mapping {
    this.#transport.check();
    return this.#transport.sharedDramMapping();
  }

  /**
   * Registers of the FPGA's eLink.
   * @throws `ERR_EPIPHANY_UNSUPPORTED` without `features.elinkRegisters`
   */
  get elink(): RegisterFile<typeof ELINK_REGISTERS> {
    this.#transport.check();
    return (this.#elink ??= registerFile(ELINK_REGISTERS, this.#transport.elinkRegisters()));
  }

  /**
   * Words that cores send to the host.
   * @throws `ERR_EPIPHANY_UNSUPPORTED` without `features.events`
   */
  get mailbox(): EventQueue<MailboxMessage> {
    this.#checkOpen();
    return this.#transport.events().mailbox;
  }

  /**
   * What happens to the board as a whole: a reset by somebody else, power, heat, its end.
   * @throws `ERR_EPIPHANY_UNSUPPORTED` without `features.events`
   */
  get events(): EventQueue<BoardEvent> {
    this.#checkOpen();
    return this.#transport.events().board;
  }

  /**
   * Ends everything that came from this board; what waits is rejected. Doing it again does nothing.
   * @param options.save false to leave the file of a `sim:FILE` as it was
   * @throws SystemError if the state cannot be saved: the board is then still open; what closing a work-group throws: all
   *   is closed then
   */
  close(options: { save?: boolean } = {}): void {
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { save = true } = options;
    if (typeof save !== 'boolean') throw invalidType('options.save', 'a boolean', save);
    const failures: unknown[] = [];
    // Before anything is saved: it may change the cores. One that fails keeps neither the others nor the board open.
    for (const group of [...this.#groups]) {
      try {
        group.close();
      } catch (error) {
        failures.push(error);
      }
    }
    this.#transport.close(save);
    if (failures.length > 0) throw failures[0];
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  [inspect.custom](): string {
    return `Board('${this.path}', ${this.chip.type}${this.closed ? ', closed' : ''})`;
  }

  #checkOpen(): void {
    if (this.closed) throw closedError(`board '${this.path}'`);
  }
}
