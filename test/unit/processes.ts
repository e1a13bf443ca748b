// SPDX-License-Identifier: MIT
/** Processes that a test has begun. By /proc, as a machine need not have `ps`. */
import { readFileSync } from 'node:fs';

/** Whether there is such a process, other than one that has ended and is still to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
