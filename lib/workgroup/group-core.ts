// SPDX-License-Identifier: MIT
/** One core of a work-group, with all that can be done to it without the others. */
import type { Coordinate, CoreId } from '../address.js';
import { Core } from '../core.js';
import type { Program } from '../program/program.js';
import type { CoreSource } from '../transport/transport.js';
import type { WaitOptions } from '../wait.js';
import type { CoreState } from './core-state.js';
import type { LoadOptions, LoadOutcome } from './load.js';
import type { OutputStream } from './output.js';
import type { HostServices } from './semihosting.js';
import type { Variable } from './variable.js';

/** What a group does to any of its cores. */
export interface GroupControl {
  programOf(cores: readonly Core[]): Program | undefined;
  load(cores: readonly Core[], source: string | Program, options: LoadOptions): Promise<LoadOutcome>;
  resetCore(core: Core): void;
  start(cores: readonly Core[], services: HostServices | undefined): void;
  signal(cores: readonly Core[]): void;
  halt(cores: readonly Core[]): void;
  resume(cores: readonly Core[]): void;
  step(core: Core): void;
  states(cores: readonly Core[]): CoreState[];
  finished(cores: readonly Core[], options: WaitOptions): Promise<CoreState[]>;
  outputOf(core: Core): OutputStream;
  symbol(cores: readonly Core[], name: string): Variable;
  locate(cores: readonly Core[], address: number): string | undefined;
}

/**
 * A core of a work-group: `group.core(index)`, and each of `group.cores`. What it does here concerns no other core.
 * @example
 * await group.load('worker.elf');
 * await group.core(0).load('leader.elf');
 * for (const core of group.cores.slice(1)) core.start();
 * group.core(0).start();
 * await group.core(0).finished({ timeout: 5000 });
 */
export class GroupCore extends Core {
  /** Its place in the group, counted row by row from 0. */
  readonly index: number;
  readonly #control: GroupControl;

  /** @internal */
  constructor(source: CoreSource, id: CoreId, place: Coordinate, index: number, control: GroupControl) {
    super(source, id, place);
    this.index = index;
    this.#control = control;
    Object.freeze(this);
  }

  /** What was loaded last into this core; undefined if nothing was, or not to its end. */
  get program(): Program | undefined {
    return this.#control.programOf([this]);
  }

  /**
   * Resets this core, and lays a program into it. It is told its place in the whole group. What the program has in shared
   * DRAM is written, too: programs that are to be there together are linked to different places.
   * @param source as of `group.load`
   * @throws (rejects) as `group.load`
   */
  async load(source: string | Program, options: LoadOptions = {}): Promise<LoadOutcome> {
    return this.#control.load([this], source, options);
  }

  /** Resets it as any core, and ends what its program had begun. @throws as {@link Core.reset} */
  override reset(): void {
    this.#control.resetCore(this);
  }

  /**
   * Starts its program, or starts it again, by the SYNC interrupt. While other cores of the group run it joins them: it is
   * served as they are, and prints into the same stream.
   * @param services as of `group.start`; to be left out while others run
   * @throws as `group.start`, `ERR_EPIPHANY_BUSY` for services of its own while others run
   */
  start(services?: HostServices): void {
    this.#control.start([this], services);
  }

  /** Raises its user interrupt. */
  signal(): void {
    this.#control.signal([this]);
  }

  /** @throws `ERR_EPIPHANY_CORE_STUCK` if it cannot be halted */
  halt(): void {
    this.#control.halt([this]);
  }

  /** Lets it go on if it is halted, and its program has not ended. */
  resume(): void {
    this.#control.resume([this]);
  }

  /** Executes one instruction, if it is halted. @throws as `group.step` */
  step(): void {
    this.#control.step(this);
  }

  /** What it is doing. */
  state(): CoreState {
    return this.#control.states([this])[0] as CoreState;
  }

  /** Waits until it has nothing more to do, whatever the others do. @throws (rejects) as `group.finished` */
  async finished(options: WaitOptions = {}): Promise<CoreState> {
    const [state] = await this.#control.finished([this], options);
    return state as CoreState;
  }

  /**
   * What its program prints, until it ends; each start has a new one. From the first use after it on that no longer appears in
   * `group.output`.
   */
  get output(): OutputStream {
    return this.#control.outputOf(this);
  }

  /** A variable of its program, with this core as the only one. @throws as `group.symbol` */
  symbol(name: string): Variable {
    return this.#control.symbol([this], name);
  }

  /** What of its program is at an address: function and offset in bytes, such as `main+6`. @throws as `group.locate` */
  locate(address: number): string | undefined {
    return this.#control.locate([this], address);
  }
}
