// SPDX-License-Identifier: MIT
/** Tests that take a terminal for a device. Without devpts, as in a bare chroot, they are skipped, and say so. */
import { closeSync, openSync } from 'node:fs';
import { it } from 'vitest';

function opens(path: string): boolean {
  try {
    closeSync(openSync(path, 'r+'));
    return true;
  } catch {
    return false;
  }
}

/** As `it`, where there are terminals. */
export function itOnTerminals(name: string, run: () => void | Promise<void>, timeout?: number): void {
  if (opens('/dev/ptmx')) it(name, run, timeout);
  else it.skip(`${name} [no devpts]`, run);
}
