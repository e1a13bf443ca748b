// SPDX-License-Identifier: MIT
/** Whether a board is still what it was when it was opened. */
import { EpiphanyError } from '../errors.js';

/**
 * What has happened to a board. A reset of the whole chip, and loss of its power, end its work-groups, no matter which process did it;
 * if it was somebody else, the board itself cannot be used either until that is acknowledged.
 */
export class Condition {
  readonly #path: string;
  #epoch = 0;
  #isReset = false;
  #isOverheated = false;
  #isGone = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Counts what ends work-groups. */
  get epoch(): number {
    return this.#epoch;
  }

  get isGood(): boolean {
    return !this.#isReset && !this.#isOverheated && !this.#isGone;
  }

  get isOverheated(): boolean {
    return this.#isOverheated;
  }

  /** The chip was reset, or has lost its power. */
  reset(byUs: boolean): void {
    this.#epoch++;
    if (!byUs) this.#isReset = true;
  }

  overheat(isTooHot: boolean): void {
    this.#isOverheated = isTooHot;
  }

  /** The driver has no device any more. */
  go(): void {
    this.#isGone = true;
  }

  acknowledge(): void {
    this.#isReset = false;
  }

  /** @throws why the board cannot be used */
  check(): void {
    if (this.#isGone) throw goneError(this.#path);
    if (this.#isOverheated) throw overheatedError(this.#path);
    if (this.#isReset) throw resetError(`'${this.#path}'`, 'Open the board again, or call board.acknowledgeReset() and load everything anew', this.#path);
  }
}

export function goneError(path: string, cause?: unknown): EpiphanyError {
  return new EpiphanyError('ERR_EPIPHANY_GONE', `The driver has no device behind '${path}' any more: it was unbound, or unloaded. Close the board, and open it when the device is back`, { path, cause });
}

export function overheatedError(path: string, cause?: unknown): EpiphanyError {
  return new EpiphanyError('ERR_EPIPHANY_THERMAL', `The chip behind '${path}' was switched off because it was too hot. It is allowed again by the program that watches the temperature; its memory is lost`, { path, cause });
}

export function resetError(what: string, remedy: string, path: string, cause?: unknown): EpiphanyError {
  return new EpiphanyError('ERR_EPIPHANY_RESET', `The chip was reset, or has lost its power, under ${what}: what was in it is lost. ${remedy}`, { path, cause });
}
