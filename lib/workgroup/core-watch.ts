// SPDX-License-Identifier: MIT
/** One owner that looks at cores for everybody who waits for them. */
import type { Transport } from '../transport/transport.js';

/** Milliseconds between looks while nothing changes: each pause is twice as long as the one before. */
const [SHORTEST, LONGEST] = [1, 16];
/** With events that tell when to look, the same for the case that one was lost. */
const LONGEST_WITH_EVENTS = 250;

/** Somebody who is to look at cores now and then. */
export interface Looker {
  /** Looks, and tells whether anything had changed. Deals with its own errors. */
  look(): boolean;
  /** Whether the process is to stay alive for it. */
  readonly holdsProcess: boolean;
}

/** Lets all lookers look: when an event of the board says so, else with growing pauses. */
export class CoreWatch {
  readonly #transport: Transport;
  readonly #lookers = new Set<Looker>();
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #pause = 0;
  #unsubscribe: (() => void) | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  add(looker: Looker): void {
    this.#lookers.add(looker);
    if (this.#transport.features.coreEvents) this.#unsubscribe ??= this.#transport.events().onCores(() => this.#look());
    this.hasten();
  }

  remove(looker: Looker): void {
    if (!this.#lookers.delete(looker) || this.#lookers.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.refresh();
  }

  /** To be called when there is something to see. */
  hasten(): void {
    this.#pause = 0;
    this.refresh();
  }

  /** To be called when a looker's `holdsProcess` has changed. */
  refresh(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    if (this.#lookers.size === 0) return;
    const look = (): void => this.#look();
    // The shortest timeout would be a millisecond.
    const timer = this.#pause === 0 ? (this.#immediate = setImmediate(look)) : (this.#timer = setTimeout(look, this.#pause));
    if (![...this.#lookers].some((looker) => looker.holdsProcess)) timer.unref();
  }

  #look(): void {
    let hasChanged = false;
    for (const looker of [...this.#lookers]) hasChanged = looker.look() || hasChanged;
    const longest = this.#transport.features.coreEvents ? LONGEST_WITH_EVENTS : LONGEST;
    this.#pause = hasChanged ? 0 : Math.min(Math.max(2 * this.#pause, SHORTEST), longest);
    this.refresh();
  }
}
