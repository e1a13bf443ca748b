// SPDX-License-Identifier: MIT
/** A rectangle of cores that run a program together. */
import { inspect } from 'node:util';
import type { Rectangle } from '../address.js';
import { checkInteger } from '../errors.js';
import type { Program } from '../program/program.js';
import type { Claim } from '../transport/transport.js';
import type { WaitOptions } from '../wait.js';
import { Control, type GroupBoard } from './control.js';
import type { CoreState } from './core-state.js';
import type { CoreWatch } from './core-watch.js';
import type { GroupCore } from './group-core.js';
import type { LoadOptions, LoadOutcome } from './load.js';
import type { OutputStream } from './output.js';
import type { HostServices } from './semihosting.js';
import type { Variable } from './variable.js';

/**
 * A work-group; made by `board.workgroup`. Its cores are counted row by row.
 *
 * What programs write with `printf`, the files they use and their exit codes go through traps, at which a core
 * halts until the host has served it. They are served from {@link start} until the program is over, whenever the
 * event loop turns.
 * @example
 * using board = openBoard('sim');
 * using group = board.workgroup({ row: 0, column: 0, rows: 4, columns: 4 });
 * await group.load('program.elf');
 * group.start();
 * for await (const { core, text } of group.output) console.log(core, text);
 * console.log(await group.finished(), group.symbol('result').gather('f32'));
 */
export class WorkGroup<Board extends GroupBoard = GroupBoard> implements Disposable {
  readonly board: Board;
  /** In rows of the chip. */
  readonly row: number;
  /** In columns of the chip. */
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  /** Each can be loaded, started and signalled by itself, too. */
  readonly cores: readonly GroupCore[];
  readonly #control: Control;
  readonly #onClose: () => void;

  /** @internal */
  constructor(board: Board, rectangle: Rectangle, claim: Claim, watch: CoreWatch, onClose: () => void) {
    this.board = board;
    this.row = rectangle.row;
    this.column = rectangle.column;
    this.rows = rectangle.rows;
    this.columns = rectangle.columns;
    this.#control = new Control(board, rectangle, claim, watch, this.toString());
    this.cores = this.#control.cores;
    this.#onClose = onClose;
    Object.freeze(this);
  }

  /** Whether the group was closed. */
  get closed(): boolean {
    return this.#control.closed;
  }

  /** The core with this place in the group, counted row by row from 0. @throws RangeError if there is none */
  core(index: number): GroupCore {
    return this.cores[checkInteger('index', index, 0, this.cores.length - 1)] as GroupCore;
  }

  /** What was loaded last; undefined if nothing was, or not to its end, or if the cores have different programs. */
  get program(): Program | undefined {
    return this.#control.programOf(this.cores);
  }

  /**
   * Resets the cores, and lays a program into them: its SRAM segments on each core, those of shared DRAM once.
   * What its file leaves out is zero. Nothing is touched if the program cannot be loaded. Only the file is waited
   * for: all the rest is done in one go.
   * @param source path of an ELF or S-record file of at most 128 MiB, or of a pipe that gives one, or a program that
   *   was loaded before
   * @throws (rejects) `ERR_EPIPHANY_BAD_PROGRAM` with the reason, `ERR_EPIPHANY_CORE_STUCK`, `ERR_EPIPHANY_VERIFY` if
   *   memory does not hold what was written, `ERR_EPIPHANY_BUSY` while another program is being loaded, SystemError if
   *   the file cannot be read, the signal's reason, `ERR_EPIPHANY_CLOSED` if the group is closed meanwhile
   */
  async load(source: string | Program, options: LoadOptions = {}): Promise<LoadOutcome> {
    return this.#control.load(this.cores, source, options);
  }

  /**
   * Ends whatever the cores are doing, and leaves them as after a reset of the chip; other cores go on.
   * @throws `ERR_EPIPHANY_CORE_STUCK` if a core waits for a load that does not come back: then `board.reset()` helps
   */
  reset(): void {
    this.#control.reset(this.cores);
  }

  /**
   * Starts the program on every core, by its SYNC interrupt. What had been started goes on from its beginning, whether
   * it runs, rests or has exited, with the variables that it left: {@link load} it for those of the file.
   * @param services what the program may use of the host, apart from its standard output and error
   * @throws `ERR_EPIPHANY_BUSY` if a core does not take SYNC, because its program has masked it, was started by it and has
   *   never left that interrupt, or keeps all interrupts off: {@link load} or {@link reset} it first. Cores that had them off
   *   for a while only may then stand, halted, at the beginning of their program. `ERR_EPIPHANY_CORE_STUCK`. SystemError if
   *   the directory of `services` cannot be opened
   */
  start(services: HostServices = {}): void {
    this.#control.start(this.cores, services);
  }

  /** Raises the user interrupt of every core. */
  signal(): void {
    this.#control.signal(this.cores);
  }

  /** Halts every core. @throws `ERR_EPIPHANY_CORE_STUCK` if one cannot be halted; the others are then halted */
  halt(): void {
    this.#control.halt(this.cores);
  }

  /** Lets halted cores go on; those whose program has ended stay as they are. */
  resume(): void {
    this.#control.resume(this.cores);
  }

  /**
   * Executes one instruction of a halted core, `index` counting row by row.
   * @throws `ERR_EPIPHANY_BUSY` if it is not halted, or has nothing to execute; `ERR_EPIPHANY_UNSUPPORTED` on a real
   *   board if there is no place for a breakpoint behind the instruction
   */
  step(index: number): void {
    this.#control.step(this.core(index));
  }

  /** What each core is doing. */
  states(): CoreState[] {
    return this.#control.states(this.cores);
  }

  /**
   * Waits until no core has anything more to do: each has come to rest, has exited, or has halted by itself, at a
   * breakpoint or at a trap that nobody serves.
   * @throws (rejects) `ERR_EPIPHANY_TIMEOUT`, the signal's reason, `ERR_EPIPHANY_CORE_STUCK` if one of them is stuck,
   *   `ERR_EPIPHANY_RESET` if a core is reset meanwhile, `ERR_EPIPHANY_CLOSED`
   */
  async finished(options: WaitOptions = {}): Promise<CoreState[]> {
    return this.#control.finished(this.cores, options);
  }

  /** What the program prints, on all cores whose output was not asked for by {@link outputOf}; ends with the program. */
  get output(): OutputStream {
    return this.#control.output();
  }

  /** What the program prints on one core of the group, counted row by row. */
  outputOf(index: number): OutputStream {
    return this.#control.outputOf(this.core(index));
  }

  /**
   * A variable of the loaded program, by its name in the program's file. Compilers of GCC's own put `_` before a
   * name of C; both spellings are found.
   * @throws RangeError if there is none, or if it is neither in SRAM nor in shared DRAM; `ERR_EPIPHANY_BUSY` if nothing
   *   is loaded, or not the same into every core
   */
  symbol(name: string): Variable {
    return this.#control.symbol(this.cores, name);
  }

  /**
   * What of the loaded program is at an address, such as that of a trace: function and offset in bytes, `main+6`, else
   * the last label before it. Undefined if nothing is, if the program's file has no symbols, or for a local address while
   * the cores have different programs: then ask one of them, `group.core(index).locate(address)`.
   * @throws RangeError if it is no address, 0 … 0xFFFFFFFF
   */
  locate(address: number): string | undefined {
    return this.#control.locate(this.cores, address);
  }

  /**
   * Lets go of the cores, which may then belong to another group, and ends waiting and serving. What becomes of the
   * cores, the option `onRelease` says; windows over their memory are empty afterwards. Doing it again does nothing.
   */
  close(): void {
    this.#control.close(this.#onClose);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toString(): string {
    return `work-group ${this.row},${this.column},${this.rows},${this.columns} of '${this.board.path}'`;
  }

  /** @internal */
  [inspect.custom](): string {
    return `WorkGroup(${this.toString()}${this.closed ? ', closed' : ''})`;
  }
}
