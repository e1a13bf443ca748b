// SPDX-License-Identifier: MIT
/** What goes on on the cores of a work-group, until none has anything more to do. */
import type { ChipType } from '../chip.js';
import type { Core } from '../core.js';
import { EpiphanyError, formatHex } from '../errors.js';
import { waitFor, type WaitOptions } from '../wait.js';
import { stateOf, type CoreState } from './core-state.js';
import type { CoreWatch, Looker } from './core-watch.js';
import { haltCore } from './reset.js';
import type { Semihosting } from './semihosting.js';

const SYNC = 1;

/** Serves the traps of a program, and knows what its cores are doing. */
export class Run implements Looker {
  readonly #cores: readonly Core[];
  readonly #chip: ChipType;
  readonly #watch: CoreWatch;
  readonly #check: () => void;
  readonly #exitCodes = new Map<Core, number>();
  /** Cores that the host has halted: a trap that they have behind them is not to be served again. */
  readonly #halted = new Set<Core>();
  /** Cores at a trap that is served when there is standard input, or room for output. */
  readonly #waiting = new Set<Core>();
  /** Cores that were seen halted by themselves, and not at a trap that is served. */
  readonly #broken = new Set<Core>();
  readonly #waiters = new Set<{ resolve: (states: CoreState[]) => void; reject: (error: unknown) => void }>();
  #host: Semihosting | undefined;

  /** @param check throws if the group can be used no more: cores that were reset meanwhile look as if they had come to rest */
  constructor(cores: readonly Core[], chip: ChipType, watch: CoreWatch, check: () => void) {
    this.#cores = cores;
    this.#chip = chip;
    this.#watch = watch;
    this.#check = check;
  }

  /** What serves the program that was started last. */
  get host(): Semihosting | undefined {
    return this.#host;
  }

  /** Starts the program on every core, by its SYNC interrupt. */
  start(host: Semihosting): void {
    this.end(undefined);
    this.#host = host;
    this.#exitCodes.clear();
    for (const core of this.#cores) core.registers.ILATST.write(SYNC);
    this.#watch.add(this);
  }

  /** Halts every core. @throws `ERR_EPIPHANY_CORE_STUCK` if one cannot be halted; the others are then halted */
  halt(): void {
    const failures: unknown[] = [];
    for (const core of this.#cores) {
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
    for (const core of this.#cores) {
      if (this.#exitCodes.has(core)) continue;
      this.#halted.delete(core);
      if (!this.#waiting.has(core)) core.registers.DEBUGCMD.write(0);
    }
    this.#watch.hasten();
  }

  states(): CoreState[] {
    return this.#cores.map((core) => stateOf(core, this.#chip, this.#exitCodes.get(core)));
  }

  /** Waits until no core has anything more to do. */
  finished(options: WaitOptions): Promise<CoreState[]> {
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

  /** The program is over: by itself, or by an error. */
  end(error: unknown, states: CoreState[] = []): void {
    this.#watch.remove(this);
    // Cores that rest, or stand at a breakpoint, can be woken; those that have exited cannot.
    try {
      this.#host?.end(states.some(({ state }) => state !== 'exited'));
    } finally {
      const waiters = [...this.#waiters];
      this.#waiters.clear();
      for (const { resolve, reject } of waiters) {
        if (error === undefined) resolve(states);
        else reject(error);
      }
    }
  }

  /** The cores were reset. */
  forget(): void {
    this.#exitCodes.clear();
    this.#halted.clear();
    this.#waiting.clear();
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
      const states = this.states();
      const stuck = states.find(({ state }) => state === 'stuck');
      if (stuck) throw new EpiphanyError('ERR_EPIPHANY_CORE_STUCK', `Core ${formatHex(stuck.core.id, 3)} waits for a load that nothing answers, at PC ${formatHex(stuck.pc)}; only a reset of the chip helps`, { address: stuck.core.address });
      // Between two looks at two cores one may have woken the other.
      if (!this.#isOver(states) || !this.#isOver(this.states())) return false;
      // A program whose cores sleep may be woken again, and want something, as long as nobody has asked for its end.
      if (!this.holdsProcess && states.some(({ state }) => state === 'idle')) return false;
      this.#check();
      this.end(undefined, states);
    } catch (error) {
      this.end(error);
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
}
