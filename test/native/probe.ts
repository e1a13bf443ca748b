// SPDX-License-Identifier: MIT
/** The test addon, and programs run in a Node of their own. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Decoded {
  readonly bits: number;
  readonly length: number;
  /** Number of the operation; 0 if the bits are undefined to the hardware. */
  readonly operation: number;
  readonly rd: number;
  readonly rn: number;
  readonly rm: number;
  readonly immediate: number;
  readonly condition: number;
  readonly size: number;
  readonly hasImmediate: number;
  readonly subtract: number;
  readonly postModify: number;
  readonly exact: number;
}

interface Probe {
  /** mprotect of the pages that an array lies in: 0 none, 1 read, 3 both. */
  protect(array: ArrayBufferView, protection: number): number;
  /** A descriptor of a memfd of so many bytes. */
  memfd(bytes: number): number;
  /** What the chip model takes bits for: the fields of `Instruction` in native/chip/isa.h, flags as 0 or 1. */
  decode(bits: number): Decoded;
}

export const probe = createRequire(import.meta.url)('./build/Release/probe.node') as Probe;

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Below the time that a test has: a process that hangs, even in native code, is not to outlive its test. */
const LONGEST_MS = 250_000;

/**
 * Runs a module in a Node of its own, where it may crash or hang. It finds the compiled library as `node-epiphany`, and
 * this addon as the global `probe`. `cwd`: where it runs, if not in the clone.
 */
export function runNode(module: string, options: { flags?: string[]; cwd?: string } = {}): Promise<Outcome> {
  const prelude = `import { createRequire } from 'node:module'; globalThis.probe = createRequire(${JSON.stringify(import.meta.url)})('./build/Release/probe.node');\n`;
  const child = spawn(process.execPath, [...(options.flags ?? ['--expose-gc']), '--input-type=module', '--eval', prelude + module], { cwd: options.cwd ?? root, timeout: LONGEST_MS, killSignal: 'SIGKILL' });
  const outcome: Outcome = { code: null, signal: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (outcome.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (outcome.stderr += String(chunk)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...outcome, code, signal }));
  });
}
