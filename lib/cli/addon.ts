// SPDX-License-Identifier: MIT
/** Whether the native addon loads: tried in processes of their own, as a damaged one may end the process that loads it. */
import { spawnSync } from 'node:child_process';
import { ADDON_PATHS, noAddon } from '../native.js';

const TRY = `
  const [native, path] = process.argv.slice(1);
  const { addonAt, reasonOf } = await import(native);
  try { addonAt(path); } catch (error) { console.error(reasonOf(error)); process.exitCode = 1; }`;

/** Where the addon is that this package loads. @throws `ERR_EPIPHANY_NO_ADDON` */
export function probeAddon(): string {
  const failures: string[] = [];
  for (const path of ADDON_PATHS) {
    const native = new URL('../native.js', import.meta.url).href;
    const { status, signal, stderr, error } = spawnSync(process.execPath, ['--input-type=module', '--eval', TRY, native, path], { encoding: 'utf8' });
    if (status === 0) return path;
    failures.push(`${path}: ${error?.message ?? (signal ? `it is damaged: to load it ends the process by ${signal}` : stderr.trim().split('\n')[0])}`);
    if (signal) break; // a program that opens a board gets no further
  }
  throw noAddon(failures);
}
