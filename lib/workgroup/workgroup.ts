// SPDX-License-Identifier: MIT
/** A rectangle of cores that run one program together. */
import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { coreIdAt, meshCoordinate, type Rectangle } from '../address.js';
import type { Chip } from '../chip.js';
import { Core } from '../core.js';
import { checkInteger, checkPath, closedError, EpiphanyError, formatHex, invalidType, outOfRange } from '../errors.js';
import { placeOf, type AddressSpace, type Place } from '../memory.js';
import { readProgram } from '../program/read.js';
import { patchPlacements, placeProgram, verifyProgram, writePlacements, type Placement } from '../program/loader.js';
import { checkProgram, type Program } from '../program/program.js';
import { EXCEPTION_CAUSES } from '../registers.js';
import type { Simulator } from '../simulator.js';
import type { Claim } from '../transport/transport.js';
import { waitFor, type WaitOptions } from '../wait.js';
import { argumentsOf, configurationOf } from './configuration.js';
import type { CoreWatch, Looker } from './core-watch.js';
import { checkInputSource } from './input.js';
import type { OutputStream } from './output.js';
import { haltCore, resetCores } from './reset.js';
import { Semihosting, type HostServices } from './semihosting.js';
import { stepCore } from './step.js';
import { Variable } from './variable.js';

/** How to load a program. */
export interface LoadOptions {
  /** Whether to read everything back and compare it. Default true. */
  readonly verify?: boolean | undefined;
  /** Arguments of `main`, behind the name of the program. Only for programs that have room for them: docs/ecore.md. */
  readonly arguments?: readonly string[] | undefined;
  /** Called again and again while memory is written: bytes so far, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What loading a program did, and how long each part of it took, in milliseconds. */
export interface LoadOutcome {
  readonly program: Program;
  /** Bytes written to all cores and to shared DRAM. */
  readonly bytes: number;
  readonly parse: number;
  readonly reset: number;
  readonly write: number;
  readonly verify: number;
}

/** What a core is doing. */
export interface CoreState {
  readonly core: Core;
  /**
   * - `running`: it executes, or is about to
   * - `idle`: it has come to rest, and so has its DMA
   * - `halted`: by its DEBUGCMD, a breakpoint, or a trap that nobody serves, or while it waits for standard input
   * - `exited`: its program has ended
   * - `stuck`: it waits for a load that nothing answers
   */
  readonly state: 'running' | 'idle' | 'halted' | 'exited' | 'stuck';
  readonly pc: number;
  /** Of `exited`. */
  readonly exitCode?: number;
  /** A software exception that the program has not dealt with. */
  readonly exception?: string;
}

/** What a group needs of its board. */
export interface GroupBoard extends AddressSpace {
  readonly path: string;
  readonly chip: Chip;
  readonly closed: boolean;
  readonly simulator: Pick<Simulator, 'running' | 'step'> | undefined;
}

const SYNC = 1;
const USER = 1 << 9;
const INTERRUPTS = 0x3ff;

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
export class WorkGroup<Board extends GroupBoard = GroupBoard> implements Disposable, Looker {
  readonly board: Board;
  /** In rows of the chip. */
  readonly row: number;
  /** In columns of the chip. */
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  readonly cores: readonly Core[];
  readonly #claim: Claim;
  readonly #watch: CoreWatch;
  readonly #onClose: () => void;
  readonly #exitCodes = new Map<Core, number>();
  /** Cores that the host has halted: a trap that they have behind them is not to be served again. */
  readonly #halted = new Set<Core>();
  /** Cores at a trap that is served when there is standard input. */
  readonly #waiting = new Set<Core>();
  /** Cores that were seen halted by themselves, and not at a trap that is served. */
  readonly #broken = new Set<Core>();
  readonly #waiters = new Set<{ resolve: (states: CoreState[]) => void; reject: (error: unknown) => void }>();
  #host: Semihosting | undefined;
  #program: Program | undefined;
  #loading = false;
  #closed = false;

  /** @internal */
  constructor(board: Board, { row, column, rows, columns }: Rectangle, claim: Claim, watch: CoreWatch, onClose: () => void) {
    this.board = board;
    this.row = row;
    this.column = column;
    this.rows = rows;
    this.columns = columns;
    const origin = meshCoordinate(board.chip.origin);
    this.cores = Object.freeze(Array.from({ length: rows * columns }, (_, index) => {
      const place = { row: row + Math.floor(index / columns), column: column + (index % columns) };
      return new Core(claim, coreIdAt(origin.row + place.row, origin.column + place.column), place);
    }));
    this.#claim = claim;
    this.#watch = watch;
    this.#onClose = onClose;
    Object.freeze(this);
  }

  /** Whether the group was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** What was loaded last; undefined if nothing was, or not to its end. */
  get program(): Program | undefined {
    return this.#program;
  }

  /**
   * Resets the cores, and lays a program into them: its SRAM segments on each core, those of shared DRAM once.
   * What its file leaves out is zero. Nothing is touched if the program cannot be loaded. Only the file is waited
   * for: all the rest is done in one go.
   * @param source path of an ELF or S-record file, or a program that was loaded before
   * @throws (rejects) `ERR_EPIPHANY_BAD_PROGRAM` with the reason, `ERR_EPIPHANY_CORE_STUCK`, `ERR_EPIPHANY_VERIFY` if
   *   memory does not hold what was written, `ERR_EPIPHANY_BUSY` while another program is being loaded, SystemError if
   *   the file cannot be read
   */
  async load(source: string | Program, options: LoadOptions = {}): Promise<LoadOutcome> {
    this.#checkOpen();
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { verify = true, onProgress, arguments: parameters = [] } = options;
    if (!Array.isArray(parameters) || !parameters.every((text) => typeof text === 'string')) throw invalidType('options.arguments', 'an array of strings', parameters);
    const [cut] = parameters.filter((text) => text.includes('\0'));
    if (cut !== undefined) throw outOfRange('options.arguments', 'texts without NUL characters, with which C ends them', cut);
    if (typeof verify !== 'boolean') throw invalidType('options.verify', 'a boolean', verify);
    if (onProgress !== undefined && typeof onProgress !== 'function') throw invalidType('options.onProgress', 'a function', onProgress);
    this.#checkNotLoading();
    this.#loading = true;
    try {
      const begin = performance.now();
      const program = typeof source === 'string' ? readProgram(await readFile(checkPath('source', source)), source) : checkProgram('source', source);
      const parse = performance.now() - begin;
      this.#checkOpen(); // it may have been closed while the file was read
      const placements = this.placementsOf(program, parameters);
      const bytes = placements.reduce((sum, { segment }) => sum + segment.memoryBytes, 0);
      const report = (done: number): void => {
        onProgress?.(done, bytes);
        this.#checkOpen(); // the cores may be somebody else's by now
      };
      const reset = millisecondsOf(() => this.reset());
      this.#program = undefined;
      const write = millisecondsOf(() => writePlacements(placements, this.board, report));
      const verified = millisecondsOf(() => verify && this.#verify(program, placements));
      this.#program = program;
      return { program, bytes, parse, reset, write, verify: verified };
    } finally {
      this.#loading = false;
    }
  }

  /**
   * Ends whatever the cores are doing, and leaves them as after a reset of the chip; other cores go on.
   * @throws `ERR_EPIPHANY_CORE_STUCK` if a core waits for a load that does not come back: then `board.reset()` helps
   */
  reset(): void {
    this.#checkOpen();
    this.#end(new EpiphanyError('ERR_EPIPHANY_RESET', 'The cores were reset before their program was over'));
    const { simulator } = this.board;
    resetCores(this.cores, this.#claim.resetCores, simulator && !simulator.running ? (core) => simulator.step(core.id) : undefined);
    this.#exitCodes.clear();
    this.#halted.clear();
    this.#waiting.clear();
  }

  /**
   * Starts the program on every core, by its SYNC interrupt.
   * @param services what the program may use of the host, apart from its standard output and error
   * @throws `ERR_EPIPHANY_BUSY` if a core has not come to rest, or its program has exited; {@link load} one first.
   *   SystemError if the directory of `services` cannot be opened
   */
  start(services: HostServices = {}): void {
    this.#checkOpen();
    checkServices(services);
    this.#checkNotLoading();
    for (const { core, state } of this.states()) {
      if (state === 'idle') continue;
      const what = state === 'exited' ? 'has ended its program' : `is ${state}`;
      throw new EpiphanyError('ERR_EPIPHANY_BUSY', `Core ${formatHex(core.id, 3)} ${what}: load a program before the group is started`, { address: core.address });
    }
    const host = new Semihosting(this.board, services, { waitersChanged: () => this.#watch.refresh(), inputChanged: () => this.#watch.hasten() });
    this.#end(undefined);
    this.#host = host;
    this.#exitCodes.clear();
    for (const core of this.cores) core.registers.ILATST.write(SYNC);
    this.#watch.add(this);
  }

  /** Raises the user interrupt of every core. */
  signal(): void {
    this.#checkOpen();
    for (const core of this.cores) core.registers.ILATST.write(USER);
  }

  /** Halts every core. @throws `ERR_EPIPHANY_CORE_STUCK` if one cannot be halted; the others are then halted */
  halt(): void {
    this.#checkOpen();
    const failures: unknown[] = [];
    for (const core of this.cores) {
      const wasHalted = core.registers.DEBUGSTATUS.read().halted;
      try {
        haltCore(core);
      } catch (error) {
        failures.push(error);
        continue;
      }
      if (!wasHalted || this.#waiting.has(core)) this.#halted.add(core);
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Lets halted cores go on; those whose program has ended stay as they are. */
  resume(): void {
    this.#checkOpen();
    for (const core of this.cores) {
      if (this.#exitCodes.has(core)) continue;
      this.#halted.delete(core);
      if (!this.#waiting.has(core)) core.registers.DEBUGCMD.write(0);
    }
    this.#watch.hasten();
  }

  /**
   * Executes one instruction of a halted core, `index` counting row by row.
   * @throws `ERR_EPIPHANY_BUSY` if it is not halted, or has nothing to execute; `ERR_EPIPHANY_UNSUPPORTED` on a real
   *   board if there is no place for a breakpoint behind the instruction
   */
  step(index: number): void {
    this.#checkOpen();
    stepCore(this.board, this.#core(index));
  }

  /** What each core is doing. */
  states(): CoreState[] {
    this.#checkOpen();
    return this.cores.map((core) => this.#stateOf(core));
  }

  /**
   * Waits until no core has anything more to do: each has come to rest, has exited, or has halted by itself, at a
   * breakpoint or at a trap that nobody serves.
   * @throws (rejects) `ERR_EPIPHANY_TIMEOUT`, the signal's reason, `ERR_EPIPHANY_CORE_STUCK` if a core is stuck,
   *   `ERR_EPIPHANY_RESET` if the group is reset meanwhile, `ERR_EPIPHANY_CLOSED`
   */
  async finished(options: WaitOptions = {}): Promise<CoreState[]> {
    this.#checkOpen();
    return waitFor('the end of a program', options, (resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiters.add(waiter);
      this.#watch.add(this);
      return () => {
        this.#waiters.delete(waiter);
        this.#watch.refresh();
      };
    });
  }

  /** What the program prints, on all cores whose output was not asked for by {@link outputOf}; ends with the program. */
  get output(): OutputStream {
    return this.#running().output;
  }

  /** What the program prints on one core of the group, counted row by row. */
  outputOf(index: number): OutputStream {
    return this.#running().consoleOf(this.#core(index));
  }

  /**
   * A variable of the loaded program, by its name in the program's file. Compilers of GCC's own put `_` before a
   * name of C; both spellings are found.
   * @throws RangeError if there is none, or if it is neither in SRAM nor in shared DRAM
   */
  symbol(name: string): Variable {
    this.#checkOpen();
    if (typeof name !== 'string') throw invalidType('name', 'a string', name);
    const program = this.#program;
    if (!program) throw new EpiphanyError('ERR_EPIPHANY_BUSY', 'There are no symbols before a program is loaded');
    const symbol = program.symbolsByName.get(name) ?? program.symbolsByName.get(`_${name}`);
    if (!symbol) throw outOfRange('name', `a symbol of '${program.path}', which has ${program.symbols.length}`, name);
    const places = this.cores.map((core) => placeOf(this.board, core, symbol.address, symbol.bytes));
    if (places.some((place) => place === undefined)) throw outOfRange('name', 'a symbol in SRAM or shared DRAM', name, { address: symbol.address });
    return new Variable(symbol, places as Place[]);
  }

  /**
   * Lets go of the cores, which may then belong to another group, and ends waiting and serving. What becomes of the
   * cores, the option `onRelease` says; windows over their memory are empty afterwards. Doing it again does nothing.
   */
  close(): void {
    if (this.#closed) return;
    this.#end(closedError(String(this)));
    this.#closed = true;
    this.#onClose();
    this.#claim.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toString(): string {
    return `work-group ${this.row},${this.column},${this.rows},${this.columns} of '${this.board.path}'`;
  }

  [inspect.custom](): string {
    return `WorkGroup(${this.toString()}${this.#closed ? ', closed' : ''})`;
  }

  /** @internal Where each byte of a program belongs, with what the cores are told of their place. Touches nothing. */
  placementsOf(program: Program, parameters: readonly string[] = []): Placement[] {
    let placements = placeProgram(program, this.board, this.cores);
    const common = argumentsOf(program, parameters);
    for (const core of this.cores) placements = patchPlacements(program, placements, this.board, core, [...configurationOf(program, this.board, this, core), ...common]);
    return placements;
  }

  /** @internal */
  get holdsProcess(): boolean {
    return this.#waiters.size > 0 || (this.#host?.hasWaiters ?? false);
  }

  /** @internal Serves traps, and finds out whether the program is over. */
  look(): boolean {
    try {
      if (this.board.closed) throw closedError(String(this));
      const served = this.cores.filter((core) => this.#serve(core)).length;
      if (served > 0) return true;
      const states = this.states();
      const stuck = states.find(({ state }) => state === 'stuck');
      if (stuck) throw new EpiphanyError('ERR_EPIPHANY_CORE_STUCK', `Core ${formatHex(stuck.core.id, 3)} waits for a load that nothing answers, at PC ${formatHex(stuck.pc)}; only a reset of the chip helps`, { address: stuck.core.address });
      // Between two looks at two cores one may have woken the other.
      if (!this.#isOver(states) || !this.#isOver(this.states())) return false;
      // A program whose cores sleep may be woken again, and want something, as long as nobody has asked for its end.
      if (!this.holdsProcess && states.some(({ state }) => state === 'idle')) return false;
      this.#claim.verify(); // cores that were reset meanwhile look as if they had come to rest
      this.#end(undefined, states);
    } catch (error) {
      this.#end(error);
    }
    return true;
  }

  /** Nobody has anything more to do. */
  #isOver(states: readonly CoreState[]): boolean {
    return states.every(({ core, state }) => state === 'idle' || state === 'exited' || (state === 'halted' && this.#broken.has(core)));
  }

  /** Whether a trap of this core was served. */
  #serve(core: Core): boolean {
    this.#broken.delete(core);
    if (!this.#host || this.#halted.has(core) || this.#exitCodes.has(core)) return false;
    this.#waiting.delete(core);
    if (!core.registers.DEBUGSTATUS.read().halted) return false;
    const outcome = this.#host.serve(core);
    if (outcome === 'unknown' || outcome === 'waiting') {
      (outcome === 'unknown' ? this.#broken : this.#waiting).add(core);
      return false;
    }
    if (outcome !== 'served') this.#exitCodes.set(core, outcome.exitCode);
    return true;
  }

  #stateOf(core: Core): CoreState {
    const { registers } = core;
    const debug = registers.DEBUGSTATUS.read();
    const status = registers.STATUS.read();
    const pc = registers.PC.read().value;
    const exitCode = this.#exitCodes.get(core);
    const cause = status.excause;
    const [exception] = Object.entries(EXCEPTION_CAUSES[this.board.chip.type]).find(([, number]) => number === cause && number !== 0) ?? [];
    const isAsleep = (): boolean =>
      !status.active &&
      (registers.ILAT.read().value & ~registers.IMASK.read().value & INTERRUPTS) === 0 &&
      [registers.DMA0STATUS, registers.DMA1STATUS].every((dma) => dma.read().state !== 'active');
    const state = debug.externalLoadPending ? 'stuck' : exitCode !== undefined ? 'exited' : debug.halted ? 'halted' : isAsleep() ? 'idle' : 'running';
    return { core, state, pc, ...(exitCode === undefined ? {} : { exitCode }), ...(exception === undefined ? {} : { exception }) };
  }

  /** The program is over: by itself, or by an error. */
  #end(error: unknown, states: CoreState[] = []): void {
    this.#watch.remove(this);
    // Cores that rest, or stand at a breakpoint, can be woken; those that have exited cannot.
    this.#host?.end(states.some(({ state }) => state !== 'exited'));
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const { resolve, reject } of waiters) {
      if (error === undefined) resolve(states);
      else reject(error);
    }
  }

  #verify(program: Program, placements: readonly Placement[]): void {
    const { differing, differences } = verifyProgram(placements, this.board);
    const [first] = differences;
    if (!first) return;
    const where = first.core ? `core ${formatHex(first.core.id, 3)}` : 'shared DRAM';
    throw new EpiphanyError('ERR_EPIPHANY_VERIFY', `'${program.path}' is not in memory as it was written: ${differing} bytes differ, the first in ${where} at ${formatHex(first.address)}, ${formatHex(first.actual, 2)} instead of ${formatHex(first.expected, 2)}`, { path: program.path, address: first.address });
  }

  #running(): Semihosting {
    this.#checkOpen();
    if (!this.#host) throw new EpiphanyError('ERR_EPIPHANY_BUSY', 'There is no output before the group is started');
    return this.#host;
  }

  #core(index: number): Core {
    return this.cores[checkInteger('index', index, 0, this.cores.length - 1)] as Core;
  }

  #checkNotLoading(): void {
    if (this.#loading) throw new EpiphanyError('ERR_EPIPHANY_BUSY', `A program is being loaded into the ${String(this)}`);
  }

  #checkOpen(): void {
    if (this.#closed || this.board.closed) throw closedError(String(this));
    this.#claim.verify();
  }
}

function checkServices(services: HostServices): void {
  if (typeof services !== 'object' || services === null) throw invalidType('services', 'an object', services);
  const { directory, stdin } = services;
  if (directory !== undefined) checkPath('services.directory', directory);
  if (stdin !== undefined) checkInputSource('services.stdin', stdin);
}

/** How long a step takes. */
function millisecondsOf(step: () => void): number {
  const begin = performance.now();
  step();
  return performance.now() - begin;
}
