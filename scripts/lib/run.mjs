// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';

/** Runs a command, and returns what it printed; throws with all it had to say if it fails. */
export function run([program, ...args], { cwd, env = {} } = {}) {
  const { error, status, signal, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
  if (error) throw new Error(`${program} does not run: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${signal ?? status}:\n${stdout}${stderr}`);
  return stdout;
}
