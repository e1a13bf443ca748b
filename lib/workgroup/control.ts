// SPDX-License-Identifier: MIT
/** What a work-group does to its cores: to all of them, or to some. */
import { coreIdAt, meshCoordinate, type Rectangle } from '../address.js';
import type { Chip } from '../chip.js';
import type { Core } from '../core.js';
import { checkInteger, checkPath, closedError, EpiphanyError, invalidType, outOfRange } from '../errors.js';
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
import { Diagnosis } from './diagnosis.js';
import { GroupCore, type GroupControl } from './group-core.js';
import { checkInputSource } from './input.js';
import { checkedLoadOptions, placementsOf, verifyPlacements, type LoadOptions, type LoadOutcome } from './load.js';
import type { OutputStream } from './output.js';
import { resetCores, type Step } from './reset.js';
import { Run } from './run.js';
import { Semihosting, type HostServices } from './semihosting.js';
import { stepCore } from './step.js';
import { TrapFinder } from './trap-finder.js';
import { Variable } from './variable.js';

/** What a group needs of its board. */
export interface GroupBoard extends AddressSpace {
  readonly path: string;
  readonly chip: Chip;
  readonly closed: boolean;
  readonly simulator: Pick<Simulator, 'running' | 'inspect' | 'step'> | undefined;
}

const USER = 1 << 9;

export class Control implements GroupControl {
  readonly cores: readonly GroupCore[];
  readonly #board: GroupBoard;
  readonly #rectangle: Rectangle;
  readonly #claim: Claim;
  /** The group, in messages. */
  readonly #name: string;
  readonly #run: Run;
  readonly #diagnosis: Diagnosis;
  readonly #programs = new Map<Core, Program>();
  /** Programs that are being loaded now: into which cores, and what ends the reading of the file. */
  readonly #loads = new Map<AbortController, readonly Core[]>();
  #closed = false;

  constructor(board: GroupBoard, rectangle: Rectangle, claim: Claim, watch: CoreWatch, name: string) {
    this.#board = board;
    this.#rectangle = rectangle;
    this.#claim = claim;
    this.#name = name;
    const { row, column, rows, columns } = rectangle;
    const origin = meshCoordinate(board.chip.origin);
    this.cores = Object.freeze(Array.from({ length: rows * columns }, (_, index) => {
      const place = { row: row + Math.floor(index / columns), column: column + (index % columns) };
      return new GroupCore(claim, coreIdAt(origin.row + place.row, origin.column + place.column), place, index, this);
    }));
    const { simulator } = board;
    const inspect = simulator && ((core: Core) => simulator.inspect(core.id));
    const traps = new TrapFinder(board, inspect && ((core) => inspect(core).trap));
    const serve = (services: HostServices): Semihosting => new Semihosting(board, traps, services, { waitersChanged: () => watch.refresh(), servable: () => watch.hasten() });
    this.#diagnosis = new Diagnosis(board, (core) => this.#programs.get(core));
    this.#run = new Run(this.cores, board.chip.type, watch, () => this.check(), traps, serve, this.#diagnosis, inspect);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The one that all these cores have. */
  programOf(cores: readonly Core[]): Program | undefined {
    const [first] = cores;
    const program = first && this.#programs.get(first);
    return cores.every((core) => this.#programs.get(core) === program) ? program : undefined;
  }

  async load(cores: readonly Core[], source: string | Program, options: LoadOptions): Promise<LoadOutcome> {
    this.check();
    const { verify, parameters, onProgress, onWarning, signal } = checkedLoadOptions(options);
    throwIfAborted(signal);
    this.#checkNotLoading(cores);
    const load = new AbortController();
    this.#loads.set(load, cores);
    try {
      const begin = performance.now();
      const program = typeof source === 'string' ? await read(checkPath('source', source), load, signal) : checkProgram('source', source);
      const parse = performance.now() - begin;
      this.check(); // it may have been closed while the file was read
      const placements = placementsOf(program, this.#board, { ...this.#rectangle, cores }, parameters);
      const warning = missingTable(program, cores);
      if (warning !== undefined) onWarning(warning);
      const bytes = placements.reduce((sum, { segment }) => sum + segment.memoryBytes, 0);
      const report = (done: number): void => {
        onProgress?.(done, bytes);
        this.check(); // the cores may be somebody else's by now
      };
      const reset = millisecondsOf(() => this.reset(cores));
      for (const core of cores) this.#programs.delete(core);
      const write = millisecondsOf(() => writePlacements(placements, this.#board, report));
      const verified = millisecondsOf(() => verify && verifyPlacements(program, placements, this.#board));
      for (const core of cores) this.#programs.set(core, program);
      return { program, bytes, parse, reset, write, verify: verified };
    } finally {
      this.#loads.delete(load);
    }
  }

  reset(cores: readonly Core[]): void {
    this.check();
    this.#run.still(cores); // before anybody is told: a core that is stuck is in the way of all
    try {
      this.#run.interrupt(cores, interrupted()); // which may throw what the source of standard input does
    } finally {
      // What a driver does at once it does to all cores of the group.
      resetCores(cores, cores.length === this.cores.length ? this.#claim.resetCores : undefined, this.#step());
      this.#run.forget(cores);
    }
  }

  resetCore(core: Core): void {
    this.#claim.resetCore(core.id);
    this.#run.interrupt([core], interrupted());
    this.#run.forget([core]);
  }

  start(cores: readonly Core[], services: HostServices | undefined): void {
    this.check();
    const checked = services === undefined ? undefined : checkedServices(services);
    this.#checkNotLoading(cores);
    this.#run.start(cores, checked, this.#step());
  }

  signal(cores: readonly Core[]): void {
    this.check();
    for (const core of cores) core.registers.ILATST.write(USER);
  }

  halt(cores: readonly Core[]): void {
    this.check();
    this.#run.halt(cores);
  }

  resume(cores: readonly Core[]): void {
    this.check();
    this.#run.resume(cores);
  }

  step(core: Core): void {
    this.check();
    stepCore(this.#board, core, this.#diagnosis.placeName);
    this.#run.stepped(core);
  }

  states(cores: readonly Core[]): CoreState[] {
    this.check();
    return this.#run.explained(cores);
  }

  async finished(cores: readonly Core[], options: WaitOptions): Promise<CoreState[]> {
    this.check();
    return this.#run.finished(cores, options);
  }

  output(): OutputStream {
    return this.#host().output;
  }

  outputOf(core: Core): OutputStream {
    return this.#host().consoleOf(core);
  }

  symbol(cores: readonly Core[], name: string): Variable {
    this.check();
    if (typeof name !== 'string') throw invalidType('name', 'a string', name);
    const program = this.programOf(cores);
    if (!program) throw new EpiphanyError('ERR_EPIPHANY_BUSY', cores.some((core) => this.#programs.has(core)) ? 'The cores have different programs: ask one of them, group.core(index).symbol(name)' : 'There are no symbols before a program is loaded');
    const symbol = program.symbolsByName.get(name) ?? program.symbolsByName.get(`_${name}`);
    if (!symbol) throw outOfRange('name', `a symbol of '${program.path}', which has ${program.symbols.length}`, name);
    const places = cores.map((core) => placeOf(this.#board, core, symbol.address, symbol.bytes));
    if (places.some((place) => place === undefined)) throw outOfRange('name', 'a symbol in SRAM or shared DRAM', name, { address: symbol.address });
    return new Variable(symbol, places as Place[]);
  }

  locate(cores: readonly Core[], address: number): string | undefined {
    this.check();
    checkInteger('address', address, 0, 0xffffffff);
    const core = cores.find(({ id }) => id === Math.floor(address / 2 ** 20)) ?? (this.programOf(cores) && cores[0]);
    return core && this.#diagnosis.locate(core, address);
  }

  /** @throws why the group can be used no more */
  check(): void {
    if (this.#closed || this.#board.closed) throw closedError(this.#name);
    this.#claim.verify();
  }

  /** Ends waiting, serving and loading, and lets go of the cores. `onClose` is called before that. */
  close(onClose: () => void): void {
    if (this.#closed) return;
    const closed = closedError(this.#name);
    this.#closed = true;
    try {
      this.#run.end(closed); // closes standard input, whose source is the caller's, and may throw
    } finally {
      for (const load of this.#loads.keys()) load.abort(closed);
      onClose();
      this.#claim.close();
    }
  }

  /** For cores that do not run by themselves. */
  #step(): Step | undefined {
    const { simulator } = this.#board;
    return simulator && !simulator.running ? (core) => simulator.step(core.id) : undefined;
  }

  #host(): Semihosting {
    this.check();
    if (!this.#run.host) throw new EpiphanyError('ERR_EPIPHANY_BUSY', 'There is no output before the group is started');
    return this.#run.host;
  }

  #checkNotLoading(cores: readonly Core[]): void {
    const isBusy = [...this.#loads.values()].some((others) => others.some((other) => cores.includes(other)));
    if (isBusy) throw new EpiphanyError('ERR_EPIPHANY_BUSY', `A program is being loaded into the ${this.#name}`);
  }
}

function interrupted(): EpiphanyError {
  return new EpiphanyError('ERR_EPIPHANY_RESET', 'The cores were reset before their program was over');
}

/** A signal ends it at once; whatever the file system is at goes on by itself, as far as that cannot be ended. */
function read(path: string, leave: AbortController, signal: AbortSignal | undefined): Promise<Program> {
  return waitFor('program', { signal }, (resolve, reject) => {
    leave.signal.addEventListener('abort', () => reject(leave.signal.reason), { once: true });
    readProgramFile(path, leave.signal).then(resolve, reject);
    return () => leave.abort();
  });
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
