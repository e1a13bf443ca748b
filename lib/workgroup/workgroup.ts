// SPDX-License-Identifier: MIT
/** A rectangle of cores that run one program together. */
import { inspect } from 'node:util';
import { coreIdAt, meshCoordinate, type Rectangle } from '../address.js';
import type { Chip } from '../chip.js';
import { coreOf, type Core } from '../core.js';
import { checkInteger, checkPath, closedError, EpiphanyError, formatHex, invalidType, outOfRange } from '../errors.js';
import { placeOf, type AddressSpace, type Place } from '../memory.js';
import { readProgramFile } from '../program/file.js';
import { writePlacements } from '../program/loader.js';
import { checkProgram, type Program } from '../program/program.js';
import type { Simulator } from '../simulator.js';
import type { Claim } from '../transport/transport.js';
import { throwIfAborted, waitFor, type WaitOptions } from '../wait.js';
import { missingTable } from './configuration.js';
import type { CoreState } from './core-state.js';
import type { CoreWatch } from './core-watch.js';
import { checkInputSource } from './input.js';
import { checkedLoadOptions, placementsOf, verifyPlacements, type LoadOptions, type LoadOutcome } from './load.js';
import type { OutputStream } from './output.js';
import { resetCores } from './reset.js';
import { Run } from './run.js';
import { Semihosting, type HostServices } from './semihosting.js';
import { stepCore } from './step.js';
import { Variable } from './variable.js';

/** What a group needs of its board. */
export interface GroupBoard extends AddressSpace {
  readonly path: string;
  readonly chip: Chip;
  readonly closed: boolean;
  readonly simulator: Pick<Simulator, 'running' | 'step'> | undefined;
}

const USER = 1 << 9;

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
  readonly cores: readonly Core[];
  readonly #claim: Claim;
  readonly #watch: CoreWatch;
  readonly #onClose: () => void;
  readonly #run: Run;
  #program: Program | undefined;
  /** Ends the reading of a program's file; as long as a program is being loaded. */
  #loading: AbortController | undefined;
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
      return coreOf(claim, coreIdAt(origin.row + place.row, origin.column + place.column), place);
    }));
    this.#claim = claim;
    this.#watch = watch;
    this.#run = new Run(this.cores, board.chip.type, watch, () => this.#checkOpen());
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
   * @param source path of an ELF or S-record file of at most 128 MiB, or of a pipe that gives one, or a program that
   *   was loaded before
   * @throws (rejects) `ERR_EPIPHANY_BAD_PROGRAM` with the reason, `ERR_EPIPHANY_CORE_STUCK`, `ERR_EPIPHANY_VERIFY` if
   *   memory does not hold what was written, `ERR_EPIPHANY_BUSY` while another program is being loaded, SystemError if
   *   the file cannot be read, the signal's reason, `ERR_EPIPHANY_CLOSED` if the group is closed meanwhile
   */
  async load(source: string | Program, options: LoadOptions = {}): Promise<LoadOutcome> {
    this.#checkOpen();
    const { verify, parameters, onProgress, onWarning, signal } = checkedLoadOptions(options);
    throwIfAborted(signal);
    this.#checkNotLoading();
    this.#loading = new AbortController();
    try {
      const begin = performance.now();
      const program = typeof source === 'string' ? await this.#read(checkPath('source', source), this.#loading, signal) : checkProgram('source', source);
      const parse = performance.now() - begin;
      this.#checkOpen(); // it may have been closed while the file was read
      const placements = placementsOf(program, this.board, this, parameters);
      const warning = missingTable(program);
      if (warning !== undefined) onWarning(warning);
      const bytes = placements.reduce((sum, { segment }) => sum + segment.memoryBytes, 0);
      const report = (done: number): void => {
        onProgress?.(done, bytes);
        this.#checkOpen(); // the cores may be somebody else's by now
      };
      const reset = millisecondsOf(() => this.reset());
      this.#program = undefined;
      const write = millisecondsOf(() => writePlacements(placements, this.board, report));
      const verified = millisecondsOf(() => verify && verifyPlacements(program, placements, this.board));
      this.#program = program;
      return { program, bytes, parse, reset, write, verify: verified };
    } finally {
      this.#loading = undefined;
    }
  }

  /**
   * Ends whatever the cores are doing, and leaves them as after a reset of the chip; other cores go on.
   * @throws `ERR_EPIPHANY_CORE_STUCK` if a core waits for a load that does not come back: then `board.reset()` helps
   */
  reset(): void {
    this.#checkOpen();
    this.#run.end(new EpiphanyError('ERR_EPIPHANY_RESET', 'The cores were reset before their program was over'));
    const { simulator } = this.board;
    resetCores(this.cores, this.#claim.resetCores, simulator && !simulator.running ? (core) => simulator.step(core.id) : undefined);
    this.#run.forget();
  }

  /**
   * Starts the program on every core, by its SYNC interrupt.
   * @param services what the program may use of the host, apart from its standard output and error
   * @throws `ERR_EPIPHANY_BUSY` if a core has not come to rest, or its program has exited; {@link load} one first.
   *   SystemError if the directory of `services` cannot be opened
   */
  start(services: HostServices = {}): void {
    this.#checkOpen();
    const checked = checkedServices(services);
    this.#checkNotLoading();
    for (const { core, state } of this.states()) {
      if (state === 'idle') continue;
      const what = state === 'exited' ? 'has ended its program' : `is ${state}`;
      throw new EpiphanyError('ERR_EPIPHANY_BUSY', `Core ${formatHex(core.id, 3)} ${what}: load a program before the group is started`, { address: core.address });
    }
    const host = new Semihosting(this.board, checked, { waitersChanged: () => this.#watch.refresh(), servable: () => this.#watch.hasten() });
    try {
      this.#run.start(host);
    } catch (error) {
      host.end(false);
      throw error;
    }
  }

  /** Raises the user interrupt of every core. */
  signal(): void {
    this.#checkOpen();
    for (const core of this.cores) core.registers.ILATST.write(USER);
  }

  /** Halts every core. @throws `ERR_EPIPHANY_CORE_STUCK` if one cannot be halted; the others are then halted */
  halt(): void {
    this.#checkOpen();
    this.#run.halt();
  }

  /** Lets halted cores go on; those whose program has ended stay as they are. */
  resume(): void {
    this.#checkOpen();
    this.#run.resume();
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
    return this.#run.states();
  }

  /**
   * Waits until no core has anything more to do: each has come to rest, has exited, or has halted by itself, at a
   * breakpoint or at a trap that nobody serves.
   * @throws (rejects) `ERR_EPIPHANY_TIMEOUT`, the signal's reason, `ERR_EPIPHANY_CORE_STUCK` if a core is stuck,
   *   `ERR_EPIPHANY_RESET` if the group is reset meanwhile, `ERR_EPIPHANY_CLOSED`
   */
  async finished(options: WaitOptions = {}): Promise<CoreState[]> {
    this.#checkOpen();
    return this.#run.finished(options);
  }

  /** What the program prints, on all cores whose output was not asked for by {@link outputOf}; ends with the program. */
  get output(): OutputStream {
    return this.#host().output;
  }

  /** What the program prints on one core of the group, counted row by row. */
  outputOf(index: number): OutputStream {
    return this.#host().consoleOf(this.#core(index));
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
    const closed = closedError(String(this));
    this.#closed = true;
    try {
      this.#run.end(closed); // closes standard input, whose source is the caller's, and may throw
    } finally {
      this.#loading?.abort(closed);
      this.#onClose();
      this.#claim.close();
    }
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

  /** A signal ends it at once; whatever the file system is at goes on by itself, as far as that cannot be ended. */
  #read(path: string, leave: AbortController, signal: AbortSignal | undefined): Promise<Program> {
    return waitFor('program', { signal }, (resolve, reject) => {
      leave.signal.addEventListener('abort', () => reject(leave.signal.reason), { once: true });
      readProgramFile(path, leave.signal).then(resolve, reject);
      return () => leave.abort();
    });
  }

  #host(): Semihosting {
    this.#checkOpen();
    if (!this.#run.host) throw new EpiphanyError('ERR_EPIPHANY_BUSY', 'There is no output before the group is started');
    return this.#run.host;
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

/** Taken just once: what getters say later does not count. */
function checkedServices(services: HostServices): HostServices {
  if (typeof services !== 'object' || services === null) throw invalidType('services', 'an object', services);
  const { directory, stdin, outputLimit } = services;
  if (directory !== undefined) checkPath('services.directory', directory);
  if (stdin !== undefined) checkInputSource('services.stdin', stdin);
  if (outputLimit !== undefined) checkInteger('services.outputLimit', outputLimit, 1, Number.MAX_SAFE_INTEGER);
  return { directory, stdin, outputLimit };
}

/** How long a step takes. */
function millisecondsOf(step: () => void): number {
  const begin = performance.now();
  step();
  return performance.now() - begin;
}
