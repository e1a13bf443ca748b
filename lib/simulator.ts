// SPDX-License-Identifier: MIT
/** What a simulated board has and a real one has not: control of time, a look inside, and bad luck to order. */
import { inspect, types } from 'node:util';
import type { CoreId } from './address.js';
import { checkInteger, closedError, EpiphanyError, formatHex, invalidType, outOfRange } from './errors.js';
import { native, type SimulatorHandle } from './native.js';
import { INTERRUPTS, type InterruptName } from './registers.js';
import { traceEntries, type TraceEntry } from './trace.js';
import { RECORD_TYPES } from './transport/events.js';
import type { SimulatorTransport } from './transport/simulator.js';
import { bytesOf, checkView } from './view.js';
import { VIOLATION_KINDS, type Violation } from './violations.js';
import { checkedWaitOptions, ignoreSignal, throwIfAborted } from './wait.js';

/** Something to happen to a simulated board. */
export type Injection =
  /** Latches an interrupt in a core, as its source would. */
  | { readonly interrupt: InterruptName; readonly core: CoreId | number }
  /**
   * Reports an event of the whole board, as its driver would: `reset` by somebody else, `power` lost, `thermal` the
   * chip too hot, `gone` the driver unbound. The board is then in that state; the chip itself goes on.
   */
  | { readonly event: (typeof INJECTABLE_EVENTS)[number] }
  /** The chip stops answering: registers cannot be read, stores to them vanish. Ends with `active: false`. */
  | { readonly fault: 'dead-link'; readonly active?: boolean }
  /** The core waits for an external load that never returns; only a reset of the chip, or `active: false`, helps. */
  | { readonly fault: 'core-stuck'; readonly core: CoreId | number; readonly active?: boolean };

const INJECTABLE_EVENTS = ['reset', 'power', 'thermal', 'gone'] as const;
const FAULTS = { 'dead-link': 0, 'core-stuck': 1 } as const;

/** How far to run, and in which order. */
export interface RunOptions {
  /** At most so many, all cores together: 1 … 2^53 - 1. */
  readonly instructions: number;
  /** Instructions of one core before the next one's turn: 1 … 2^32 - 1. Default: the board's, of `openBoard`. */
  readonly quantum?: number | undefined;
  /** Of the order in which cores take turns: 0 … 2^53 - 1. Default 0. */
  readonly seed?: number | undefined;
  /**
   * Ends the run as soon as a core halts by itself. What the host does then, a work-group that serves a trap for one, it
   * does at the same place each time. Default false.
   */
  readonly untilHalt?: boolean | undefined;
  /** Ends the run with the signal's reason; what has been executed stays so. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each instruction, somewhat after it was executed. Makes the run slow. */
  readonly trace?: ((entry: TraceEntry) => void) | undefined;
}

/** How a run ended. */
export interface RunOutcome {
  /** Executed. */
  readonly instructions: number;
  /**
   * - `instructions`: as many as were asked for
   * - `idle`: no core has anything to do
   * - `blocked`: a core would go on if the host emptied the mailbox
   * - `stopped`: by {@link Simulator.stop}
   * - `halt`: as `untilHalt` asks for
   */
  readonly stop: (typeof STOPS)[number];
}

/** In the order of native/chip/chip.h. */
const STOPS = ['instructions', 'idle', 'blocked', 'stopped', 'halt'] as const;

/** What no register tells of a core. */
export interface CoreInspection {
  /** A signal of WAND, SYNC, MBKPT or of its own ILATST is on its way to it: it does not rest, even if it sleeps. */
  readonly arriving: boolean;
  /** It has executed WAND, and others of its region have not yet; or they have left it asleep there, as the interrupt came before its IDLE. */
  readonly inBarrier: boolean;
  /** The number of the TRAP by which it is halted, 0 … 63; PC is behind that. Undefined if it is not halted by one. */
  readonly trap: number | undefined;
}

/** Instructions that a core has executed while `simulator.counting` was on, by what they are. */
export type InstructionCounts = Readonly<Record<(typeof INSTRUCTION_CLASSES)[number], number>>;
/** In the order of native/chip/code_cache.h. */
const INSTRUCTION_CLASSES = ['integer', 'float', 'load', 'store', 'branch', 'move', 'control'] as const;

/** As many as the native side takes at once. */
const TRACED_AT_ONCE = 4096;
/** As many as native/chip/strict.h keeps. */
const VIOLATIONS_KEPT = 256;

/** The simulated chip behind a board; `board.simulator`. */
export class Simulator {
  readonly #transport: SimulatorTransport;
  #counting = false;

  /** @internal */
  constructor(transport: SimulatorTransport) {
    this.#transport = transport;
  }

  /** Whether the cores run by themselves, on a thread of their own, as those of a board do. */
  get running(): boolean {
    return this.#transport.running;
  }

  /** Lets the cores run by themselves. @throws `ERR_EPIPHANY_BUSY` during a {@link run} */
  start(): void {
    this.#transport.start();
  }

  /** Makes the cores stand still, and ends a {@link run}. When it returns, no core runs by itself. */
  stop(): void {
    native.simulatorStopRun(this.#transport.handle);
    this.#transport.stop();
  }

  /**
   * Lets the cores of a board that stands still take turns, on another thread. As long as nobody touches the
   * board meanwhile, the result depends on its state, `quantum` and `seed` alone, on every machine.
   * @throws (rejects) `ERR_EPIPHANY_BUSY` if they run already, `ERR_EPIPHANY_CLOSED` if the board is closed meanwhile
   * @example
   * using board = openBoard('sim', { stepped: true });
   * board.core(0, 0).registers.ILATST.write(1); // SYNC: start
   * const { instructions, stop } = await board.simulator.run({ instructions: 1e6 });
   */
  async run(options: RunOptions): Promise<RunOutcome> {
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { quantum = this.#transport.quantum, seed = 0, untilHalt = false, signal, trace } = options;
    const wanted = checkInteger('instructions', options.instructions, 1, Number.MAX_SAFE_INTEGER);
    checkInteger('quantum', quantum, 1, 0xffffffff);
    checkInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER);
    if (typeof untilHalt !== 'boolean') throw invalidType('untilHalt', 'a boolean', untilHalt);
    throwIfAborted(checkedWaitOptions({ signal }).signal);
    if (trace !== undefined && typeof trace !== 'function') throw invalidType('trace', 'a function', trace);
    let executed = 0;
    for (;;) {
      const step = trace ? Math.min(wanted - executed, TRACED_AT_ONCE) : wanted;
      const [instructions, stop, records] = await this.#runOnce(step, { quantum, seed, untilHalt, signal }, trace !== undefined);
      executed += instructions;
      if (trace) for (const entry of traceEntries(records)) trace(entry);
      if (stop !== 'instructions' || executed === wanted || instructions === 0) return { instructions: executed, stop };
    }
  }

  /**
   * Executes one instruction of a halted core.
   * @throws `ERR_EPIPHANY_BUSY` if the core is not halted, or has nothing to execute: not active, or stuck
   */
  step(core: CoreId | number): void {
    const id = this.#knownCore(core);
    if (native.simulatorStep(this.#transport.handle, id) !== 1) {
      throw new EpiphanyError('ERR_EPIPHANY_BUSY', `Core ${formatHex(id, 3)} cannot be stepped: it must be halted, active, and not wait for a load`);
    }
  }

  /** What no register tells of a core. */
  inspect(core: CoreId | number): CoreInspection {
    const bits = native.simulatorInspect(this.#transport.handle, this.#knownCore(core));
    return { arriving: (bits & 1) !== 0, inBarrier: (bits & 2) !== 0, trap: bits & 4 ? bits >> 3 : undefined };
  }

  /** Whether instructions are counted. Off by default; a running chip is slowed down by it. */
  get counting(): boolean {
    return this.#counting;
  }

  set counting(counting: boolean) {
    if (typeof counting !== 'boolean') throw invalidType('counting', 'a boolean', counting);
    native.simulatorSetCounting(this.#transport.handle, counting);
    this.#counting = counting;
  }

  /** What a core has executed while {@link counting} was on. */
  counters(core: CoreId | number): InstructionCounts {
    const counts = native.simulatorCounters(this.#transport.handle, this.#knownCore(core)) as number[];
    return Object.fromEntries(INSTRUCTION_CLASSES.map((name, index) => [name, counts[index]])) as InstructionCounts;
  }

  /** Words that have gone through the eLink's mailbox since the board was opened, whether or not anybody received them. */
  get mailboxWords(): number {
    return native.simulatorMailboxWords(this.#transport.handle);
  }

  /**
   * Whether to look for what programs get away with here, and not on silicon: {@link violations} tells. Programs
   * are slow then. A board that was opened with `strict: true` also notices loads of SRAM that nobody has stored
   * to; its SRAM does not begin as zeros. What JavaScript does to a zero-copy window cannot be seen.
   */
  get strict(): boolean {
    return this.#transport.strict;
  }

  set strict(strict: boolean) {
    if (typeof strict !== 'boolean') throw invalidType('strict', 'a boolean', strict);
    this.#transport.setStrict(strict, false);
  }

  /** What was found since the last call, the oldest first; at most 256, further ones are not kept. */
  violations(): Violation[] {
    const found: Violation[] = [];
    while (found.length < VIOLATIONS_KEPT) { // cores that run may violate without end
      const fields = native.simulatorTakeViolation(this.#transport.handle);
      if (fields === 0) break;
      const [kind, core, pc, value] = fields;
      found.push({ kind: VIOLATION_KINDS[kind] as Violation['kind'], core: core as CoreId, pc, value });
    }
    return found;
  }

  /**
   * Sends a word, 0 … 0xFFFFFFFF, to the eLink's mailbox, as a core does by a store to 0x810F0730.
   * @returns false if the word is lost: the mailbox was full (31 words, which needs its interrupt to be off), or the
   *   link is dead or held in reset
   */
  pushMailbox(word: number): boolean {
    checkInteger('word', word, 0, 0xffffffff);
    return native.simulatorPushMailbox(this.#transport.handle, word) === 1;
  }

  /** Makes something happen. @throws TypeError or RangeError for what cannot be injected */
  inject(injection: Injection): void {
    if (typeof injection !== 'object' || injection === null) throw invalidType('injection', 'an object', injection);
    // Each is read once, and the handle is asked for last: a getter may close the board.
    if ('interrupt' in injection) {
      const { interrupt, core } = injection;
      const position = INTERRUPTS.indexOf(interrupt);
      if (position < 0) throw outOfRange('interrupt', INTERRUPTS.join(', '), interrupt);
      const id = coreNumber(core);
      this.#checkCore(native.simulatorInterrupt(this.#transport.handle, id, 1 << position), id);
    } else if ('event' in injection) {
      const { event } = injection;
      if (!INJECTABLE_EVENTS.includes(event)) throw outOfRange('event', INJECTABLE_EVENTS.join(', '), event);
      this.#inject(event, this.#transport.handle);
    } else if ('fault' in injection) {
      const { fault, active = true } = injection;
      if (!Object.hasOwn(FAULTS, fault)) throw outOfRange('fault', Object.keys(FAULTS).join(', '), fault);
      if (typeof active !== 'boolean') throw invalidType('active', 'a boolean', active);
      const core = fault === 'core-stuck' ? coreNumber((injection as { core?: unknown }).core) : 0;
      this.#checkCore(native.simulatorInject(this.#transport.handle, FAULTS[fault], core, active), core);
    } else {
      throw outOfRange('injection', 'an object with interrupt, event or fault', injection);
    }
  }

  #inject(event: (typeof INJECTABLE_EVENTS)[number], handle: SimulatorHandle): void {
    const { condition } = this.#transport;
    native.simulatorEmit(handle, RECORD_TYPES[event], event === 'thermal' ? 1 : 0);
    if (event === 'thermal') condition.overheat(true);
    else if (event === 'gone') condition.go();
    else this.#transport.noteReset(false);
  }

  /** The whole state of the chip and its memory, to be kept and given to {@link restore}. */
  snapshot(): Uint8Array {
    return this.#transport.snapshot();
  }

  /** Goes back to a snapshot. @throws `ERR_EPIPHANY_BAD_SNAPSHOT`, with nothing changed */
  restore(snapshot: Uint8Array): void {
    if (!types.isUint8Array(snapshot)) throw invalidType('snapshot', 'a Uint8Array', snapshot);
    this.#transport.restore(bytesOf(checkView('snapshot', snapshot)));
  }

  /** @internal */
  [inspect.custom](): string {
    return `Simulator of ${this.#transport.chip.type} '${this.#transport.path}'`;
  }

  #runOnce(instructions: number, { quantum, seed, untilHalt, signal }: { quantum: number; seed: number; untilHalt: boolean; signal: AbortSignal | undefined }, traced: boolean): Promise<[number, RunOutcome['stop'], Uint32Array]> {
    const { handle, path } = this.#transport;
    return new Promise((resolve, reject) => {
      const abort = (): void => void native.simulatorStopRun(handle);
      const begun = native.simulatorRun(handle, instructions, quantum, seed, untilHalt, traced, (executed, stop, records) => {
        ignoreSignal(signal, abort);
        if (!this.#transport.closed) this.#transport.events().catchUp(); // what has halted is served before the next run
        if (signal?.aborted) reject(signal.reason);
        else if (this.#transport.closed) reject(closedError(`board '${path}'`));
        else resolve([executed, STOPS[stop] as RunOutcome['stop'], records]);
      });
      this.#transport.checkResult(begun, 'run');
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Latching nothing tells whether there is such a core. */
  #knownCore(core: CoreId | number): number {
    const id = coreNumber(core);
    this.#checkCore(native.simulatorInterrupt(this.#transport.handle, id, 0), id);
    return id;
  }

  #checkCore(known: number, core: number): void {
    if (known === 0) throw outOfRange('core', `a core ID of this ${this.#transport.chip.type}`, formatHex(core));
  }
}

function coreNumber(core: unknown): number {
  return checkInteger('core', core, 0, 0xfff);
}
