#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/**
 * Gives damaged program files to the readers of ELF files and S-records, as they were compiled last:
 * `node scripts/ecore/fuzz-programs.mjs [--inputs N] [--seed S] [--first I]`. An input that fails is named by seed and number:
 * `--seed S --first I --inputs 1` is that one again.
 *
 * Exit code: 0 each was read or refused as it should be, 1 one was not, or took longer than a second.
 */
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** The readers run in a thread of their own, so that one that never ends is noticed. */
const STUCK_SECONDS = 30;

async function work({ progress, ...inputs }) {
  const { fuzz } = await import('../../test/fixtures/damaged-programs.mjs');
  const [{ readElf }, { readSrec }, { readProgram }] = await Promise.all(['elf', 'srec', 'read'].map((name) => import(`../../dist/program/${name}.js`)));
  parentPort.postMessage(fuzz({ readElf, readSrec, readProgram }, { ...inputs, onInput: (index) => (progress[0] = index) }));
}

async function main() {
  const number = { type: 'string' };
  const { values } = parseArgs({ options: { inputs: { ...number, default: '1000000' }, seed: { ...number, default: '1' }, first: { ...number, default: '0' } } });
  const [count, seed, first] = [values.inputs, values.seed, values.first].map(Number);
  const progress = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  const begin = process.hrtime.bigint();
  const worker = new Worker(new URL(import.meta.url), { workerData: { progress, count, seed, first } });
  let seen = -1;
  const watchdog = setInterval(() => {
    if (progress[0] === seen) {
      console.error(`fuzz-programs: input ${seen} of seed ${seed} takes for ever`);
      process.exit(1);
    }
    seen = progress[0];
  }, STUCK_SECONDS * 1000);
  try {
    const { read, refused, reasons } = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    console.log(`${count} inputs of seed ${seed} in ${seconds.toFixed(0)} s: ${read} read, ${refused} refused for ${reasons.size} reasons`);
  } catch (error) {
    console.error(`fuzz-programs: ${error.message}`, error.cause ?? '');
    process.exitCode = 1;
  } finally {
    clearInterval(watchdog);
  }
}

await (isMainThread ? main() : work(workerData));
