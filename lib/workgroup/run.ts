// SPDX-License-Identifier: MIT
/** What goes on on the cores of a work-group, until none has anything more to do. */
import type { ChipType } from '../chip.js';
import type { Core } from '../core.js';
import { EpiphanyError, formatHex } from '../errors.js';
import { waitFor, type WaitOptions } from '../wait.js';
import { stateOf, stuckError, type CoreState, type Inspect } from './core-state.js';
import type { CoreWatch, Looker } from './core-watch.js';
import type { Diagnosis } from './diagnosis.js';
import { checkNotStuck, haltCore, type Step } from './reset.js';
import type { HostServices, Semihosting } from './semihosting.js';
import { NO_INTERRUPTS, raiseSync, SYNC, whyNoSync } from './sync.js';
import type { TrapFinder } from './trap-finder.js';

/** Somebody who waits until some cores have nothing more to do. */
interface Waiter {
  readonly cores: readonly Core[];
  resolve(states: CoreState[]): void;
  reject(error: unknown): void;
}

/** Serves the traps of a program, and knows what its cores are doing. */
export class Run implements Looker {
  readonly #cores: readonly Core[];
  readonly #chip: ChipType;
  readonly #watch: CoreWatch;
  readonly #check: () => void;
  readonly #traps: TrapFinder;
  readonly #diagnosis: Diagnosis;
  readonly #inspect: Inspect | undefined;
  readonly #exitCodes = new Map<Core, number>();
  /** Cores that the host has halted: a trap that they have behind them is not to be served again. */
  readonly #halted = new Set<Core>();
  /** Cores at a trap that is served when there is standard input, or room for output, or the group goes on. */
  readonly #waiting = new Set<Core>();
  /** Cores that were seen halted by themselves, and not at a trap that is served. */
  readonly #broken = new Set<Core>();
  readonly #waiters = new Set<Waiter>();
  readonly #makeHost: (services: HostServices) => Semihosting;
  #host: Semihosting | undefined;
  /** From a start until no core has anything more to do. */
  #isServing = false;

  /**
   * @param check throws if the group can be used no more: cores that were reset meanwhile look as if they had come to rest
   * @param makeHost makes what serves programs
   */
  constructor(cores: readonly Core[], chip: ChipType, watch: CoreWatch, check: () => void, traps: TrapFinder, makeHost: (services: HostServices) => Semihosting, diagnosis: Diagnosis, inspect: Inspect | undefined) {
    this.#cores = cores;
    this.#chip = chip;
    this.#watch = watch;
    this.#check = check;
    this.#traps = traps;
    this.#makeHost = makeHost;
    this.#diagnosis = diagnosis;
    this.#inspect = inspect;
  }

  /** What serves the program that was started last. */
  get host(): Semihosting | undefined {
    return this.#host;
  }

  /**
   * Starts programs, for the first time or again, by their SYNC interrupt. Some of the cores join the others, if those are
   * served already and no services are named; all of them begin something new, with a host of its own.
   * @param step executes one instruction of a halted core, if cores do not run by themselves
   */
  start(cores: readonly Core[], services: HostServices | undefined, step: Step | undefined): void {
    for (const core of cores) if (this.#host?.isAtExit(core)) this.#serve(core); // nobody may have looked yet
    const states = this.states(cores);
    for (const state of states) this.#checkTakesSync(state);
    const others = this.#cores.filter((core) => !cores.includes(core));
    const joins = this.#isServing && others.length > 0 && services === undefined;
    if (!joins && this.#isServing && this.#over(this.states(others)).size < others.length) {
      throw new EpiphanyError('ERR_EPIPHANY_BUSY', 'Other cores of the group run: what a core that joins them may use of the host is what the first start has said');
    }
    const host = joins ? undefined : this.#makeHost(services ?? {});
    // Halted until SYNC is latched, a core comes upon no trap that would be nobody's.
    const awake = states.filter(({ state }) => state !== 'idle').map(({ core }) => core);
    const running = states.filter(({ state }) => state === 'running').map(({ core }) => core);
    let stilled: readonly Core[] = [];
    let begun: readonly Core[] = [];
    try {
      this.still(running);
      stilled = running;
      // Of a program that has interrupts off for now, only trying tells. What comes of it is seen at once.
      const doubtful = cores.filter((core) => core.registers.STATUS.read().gid);
      const refusing = raiseSync(doubtful, step, (core) => this.#traps.find(core) !== undefined);
      begun = doubtful.filter((core) => !refusing.includes(core));
      forAll(refusing, (core) => this.#withdrawSync(core, awake.includes(core)));
      const first = states.find(({ core }) => refusing.includes(core));
      if (first) throw notTaken(first, NO_INTERRUPTS);
      if (host) this.#host?.end(false); // which may throw what the source of its standard input does
    } catch (error) {
      this.resume(stilled.filter((core) => !begun.includes(core))); // a trap that one has come to meanwhile is still to be served
      host?.end(false);
      this.forget(begun);
      this.halt(begun);
      throw error;
    }
    if (host) {
      this.#host = host;
      this.#isServing = true;
    }
    this.forget(cores);
    for (const core of cores) this.#host?.admit(core);
    const ready = cores.filter((core) => !begun.includes(core));
    for (const core of ready) core.registers.ILATST.write(SYNC);
    for (const core of ready) if (awake.includes(core)) core.registers.DEBUGCMD.write(0);
    this.#watch.add(this);
  }

  /** Halts cores: all of them, or, if one of them is stuck, none. @throws `ERR_EPIPHANY_CORE_STUCK` */
  still(cores: readonly Core[]): void {
    for (const core of cores) checkNotStuck(core, this.#diagnosis.placeName);
    const awake = cores.filter((core) => !core.registers.DEBUGSTATUS.read().halted);
    try {
      forAll(awake, (core) => haltCore(core, this.#diagnosis.placeName));
    } catch (error) {
      this.resume(awake);
      throw error;
    }
  }

  /** @throws `ERR_EPIPHANY_CORE_STUCK` if one cannot be halted; the others are then halted */
  halt(cores: readonly Core[]): void {
    forAll(cores, (core) => {
      const wasHalted = core.registers.DEBUGSTATUS.read().halted;
      haltCore(core, this.#diagnosis.placeName);
      // One that has just come to a trap does not go on before the others.
      const isByItself = wasHalted && !this.#halted.has(core);
      if (!this.#exitCodes.has(core) && this.#host?.isWanted(core, isByItself)) this.#waiting.add(core);
      if (!wasHalted || this.#waiting.has(core)) this.#halted.add(core);
    });
  }

  /** Lets halted cores go on; those whose program has ended stay as they are. */
  resume(cores: readonly Core[]): void {
    for (const core of cores) {
      if (this.#exitCodes.has(core)) continue;
      this.#halted.delete(core);
      if (this.#waiting.has(core) || this.#host?.isWanted(core, false)) {
        this.#watch.add(this); // it goes on when it has been served
        continue;
      }
      this.#traps.forget(core);
      core.registers.DEBUGCMD.write(0);
    }
    this.#watch.hasten();
  }

  /** The core has executed an instruction more, though it is halted. */
  stepped(core: Core): void {
    this.#waiting.delete(core);
    this.#traps.forget(core);
  }

  /** What these cores are doing, and what their PCs mean. */
  explained(cores: readonly Core[]): CoreState[] {
    return this.#explain(this.states(cores));
  }

  states(cores: readonly Core[]): CoreState[] {
    return cores.map((core) => stateOf(core, this.#chip, this.#exitCodes.get(core), this.#inspect));
  }

  /** Waits until none of these cores has anything more to do. */
  finished(cores: readonly Core[], options: WaitOptions): Promise<CoreState[]> {
    return waitFor('end of the program', options, (resolve, reject) => {
      const waiter = { cores, resolve, reject };
      this.#waiters.add(waiter);
      this.#watch.add(this);
      return () => {
        this.#waiters.delete(waiter);
        this.#watch.refresh();
      };
    });
  }

  /** The programs of these cores are gone: who waits for one of them is told why. */
  interrupt(cores: readonly Core[], error: unknown): void {
    if (cores.length === this.#cores.length) {
      this.end(error);
      return;
    }
    const waiters = [...this.#waiters].filter((waiter) => waiter.cores.some((core) => cores.includes(core)));
    for (const waiter of waiters) waiter.reject(error);
  }

  /** The program is over: by itself, or by an error. */
  end(error: unknown, states: readonly CoreState[] = []): void {
    this.#watch.remove(this);
    this.#isServing = false;
    // Cores that rest, or stand at a breakpoint, can be woken; those that have exited, or are stuck, cannot.
    try {
      this.#host?.end(states.some(({ state }) => state !== 'exited' && state !== 'stuck'));
    } finally {
      const waiters = [...this.#waiters];
      this.#waiters.clear();
      for (const waiter of waiters) {
        if (error === undefined) waiter.resolve(statesOf(waiter, states));
        else waiter.reject(error);
      }
    }
  }

  /** Nothing is left of what these cores did. */
  forget(cores: readonly Core[]): void {
    for (const core of cores) {
      for (const kept of [this.#exitCodes, this.#halted, this.#waiting, this.#broken]) kept.delete(core);
      this.#traps.forget(core);
      if (this.#isServing) this.#host?.leave(core);
    }
  }

  get holdsProcess(): boolean {
    return this.#waiters.size > 0 || (this.#host?.hasWaiters ?? false);
  }

  /** Serves traps, and finds out whether the program is over. */
  look(): boolean {
    try {
      this.#check();
      const served = this.#cores.filter((core) => this.#serve(core)).length;
      if (served > 0) return true;
      const states = this.states(this.#cores);
      const areTold = this.#tellOfStuck(states);
      const over = this.#over(states);
      const told = [...this.#waiters].filter(({ cores }) => cores.every((core) => over.has(core)));
      if (over.size < this.#cores.length && told.length === 0) return areTold;
      // Between two looks at two cores one may have woken the other.
      const again = this.#over(this.states(this.#cores));
      if (again.size < this.#cores.length || over.size < this.#cores.length) {
        this.#check();
        const certain = told.filter(({ cores }) => cores.every((core) => again.has(core)));
        for (const waiter of certain) waiter.resolve(this.#explain(statesOf(waiter, states)));
        return areTold || certain.length > 0;
      }
      // A program whose cores sleep may be woken again, and want something, as long as nobody has asked for its end.
      if (!this.holdsProcess && states.some(({ state }) => state === 'idle')) return areTold;
      this.#check();
      this.end(undefined, this.#explain(states));
    } catch (error) {
      this.end(error);
    }
    return true;
  }

  /** Those who wait for a core that is stuck are told; others are served on. Whether there were some. */
  #tellOfStuck(states: readonly CoreState[]): boolean {
    let areTold = false;
    for (const state of states.filter((each) => each.state === 'stuck')) {
      this.#host?.leave(state.core);
      const waiters = [...this.#waiters].filter(({ cores }) => cores.includes(state.core));
      for (const waiter of waiters) waiter.reject(this.#stuckError(state));
      areTold ||= waiters.length > 0;
    }
    return areTold;
  }

  /** Those of the cores that do nothing any more, or nothing more by themselves. */
  #over(states: readonly CoreState[]): Set<Core> {
    const isOver = ({ core, state }: CoreState): boolean => state === 'idle' || state === 'exited' || state === 'stuck' || (state === 'halted' && this.#broken.has(core));
    return new Set(states.filter(isOver).map(({ core }) => core));
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
    if (outcome !== 'served') {
      this.#exitCodes.set(core, outcome.exitCode);
      this.#host.leave(core);
    }
    return true;
  }

  /** @throws if the core cannot be started, for what its registers tell */
  #checkTakesSync(found: CoreState): void {
    const { core, state } = found;
    if (state === 'stuck') throw this.#stuckError(found);
    const isByItself = !this.#halted.has(core) || this.#waiting.has(core);
    const why = whyNoSync(core, state === 'halted' && isByItself);
    if (why !== undefined) throw notTaken(found, why);
  }

  /** It does as it did before, as far as that can be. */
  #withdrawSync(core: Core, wasAwake: boolean): void {
    core.registers.ILATCL.write(SYNC);
    if (wasAwake) this.halt([core]);
    else core.registers.DEBUGCMD.write(0);
  }

  #stuckError({ core, pc }: CoreState): EpiphanyError {
    return stuckError(core, `waits for a load that nothing answers, at ${this.#diagnosis.placeName(core, pc)}`);
  }

  #explain(states: readonly CoreState[]): CoreState[] {
    return states.map((state) => this.#diagnosis.explained(state));
  }
}

function notTaken({ core, state }: CoreState, why: string): EpiphanyError {
  const what = state === 'exited' ? 'has ended its program' : `is ${state}`;
  return new EpiphanyError('ERR_EPIPHANY_BUSY', `Core ${formatHex(core.id, 3)} ${what}, and does not take SYNC, as ${why}: load a program, or reset the core, before it is started`, { address: core.address });
}

/** Does it to every core. @throws what was thrown first, when it has been done to the others */
function forAll(cores: readonly Core[], action: (core: Core) => void): void {
  const failures: unknown[] = [];
  for (const core of cores) {
    try {
      action(core);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Those of the cores that somebody waits for. */
function statesOf({ cores }: Waiter, states: readonly CoreState[]): CoreState[] {
  return states.filter(({ core }) => cores.includes(core));
}
