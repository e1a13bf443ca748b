// SPDX-License-Identifier: MIT
import { fileURLToPath } from 'node:url';
import { layout, openBoard } from 'node-epiphany';

const PROGRAM = fileURLToPath(new URL('shared-struct.elf', import.meta.url.replace('/dist/examples/', '/examples/')));
const SAMPLES = 25;
/** Sizes and alignments are mixed: there is padding in it, which nobody here has to know of. */
export const Measurement = layout({
  sensor: 'u8',
  count: 'u16',
  calibration: layout({ gain: 'f32', offset: 'f32' }),
  samples: ['i16', SAMPLES],
  // By the core:
  core: 'u16',
  smallest: 'f32',
  largest: 'f32',
  sum: 'f64',
});
export type MeasurementValue = ReturnType<typeof Measurement.decode>;

/** measurement.h: the same structure in C. */
export const header = `// SPDX-License-Identifier: MIT
// Made by "npm run -s example -- shared-struct --header" of what is in shared-struct.ts.
#pragma once
${Measurement.header('measurement_t')}`;

/** Has each core measure what one sensor gave, so many samples of it. */
export async function measure(sensors: readonly (readonly number[])[], path?: string): Promise<MeasurementValue[]> {
  using board = openBoard(path);
  using group = board.workgroup();
  await group.load(PROGRAM);
  const measurement = group.symbol('measurement');
  for (const [index, given] of sensors.slice(0, group.cores.length).entries()) {
    const samples = Array.from({ length: SAMPLES }, (_, at) => given[at] ?? 0);
    // What is left out is zero.
    measurement.write(index, Measurement, { sensor: index + 1, count: given.length, calibration: { gain: 0.25, offset: -10 }, samples });
  }
  group.start();
  const states = await group.finished();
  return measurement.read(Measurement).filter((_, index) => states[index]?.exitCode === 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === '--header') process.stdout.write(header);
  else {
    const sensors = Array.from({ length: 16 }, (_, sensor) => Array.from({ length: 10 + (sensor % 16) }, (_, time) => Math.round(100 + 40 * Math.sin(sensor + time / 4))));
    for (const { sensor, core, count, smallest, largest, sum } of await measure(sensors, process.argv[2])) {
      console.log(`sensor ${String(sensor).padStart(2)}, core 0x${core.toString(16)}: ${count} samples from ${smallest} to ${largest}, mean ${(sum / count).toFixed(3)}`);
    }
  }
}
