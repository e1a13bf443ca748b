// SPDX-License-Identifier: MIT
// Fair timing. Contestants take turns, sample by sample: what disturbs the machine disturbs all of them alike.

const WARM_UP_NS = 40e6;
const SAMPLE_NS = 0.5e6;
/** Rounds that are thrown away: a contestant may have changed how the library's own code is optimised. */
const SETTLING_ROUNDS = 3;
/** On a machine too busy to get a sample in peace, what comes is taken. */
const ATTEMPTS = 5;

let compilations = 0;

/**
 * The same function compiled once more, from its text alone. V8 optimises a function for what it has met there,
 * so a loop that contestants shared would be optimised for none of them.
 */
export function anew(source) {
  return (0, eval)(`(${source}) // ${++compilations}`); // the number keeps V8 from finding it in its cache
}

/** Does an operation so many times, and answers what came of the last. */
export function repeat(operation, count) {
  let result;
  for (let i = 0; i < count; ++i) result = operation(i);
  return result;
}

/** Does an operation so many times, and adds up what comes of it. */
export function addUp(operation, count) {
  let sum = 0;
  for (let i = 0; i < count; ++i) sum = (sum + operation(i)) | 0;
  return sum;
}

/** Nanoseconds that a contestant takes for `count` times its work. */
function time({ name, run, isRight }, count) {
  const begin = process.hrtime.bigint();
  const result = run(count);
  const nanoseconds = Number(process.hrtime.bigint() - begin);
  if (!isRight(result, count)) throw new Error(`wrong checksum: ${name}`);
  return nanoseconds;
}

const preemptions = () => process.resourceUsage().involuntaryContextSwitches;

/** As `time`, but once more if the processor was given to somebody else meanwhile. */
function sample(contestant, count) {
  for (let attempt = 1; ; ++attempt) {
    const before = preemptions();
    const nanoseconds = time(contestant, count);
    if (preemptions() === before || attempt === ATTEMPTS) return nanoseconds;
  }
}

/** Runs a contestant until it is optimised, and answers how often it does its work in a sample. */
function warmUp(contestant) {
  let count = 1;
  for (let spent = 0; ; ) {
    const nanoseconds = time(contestant, count);
    spent += nanoseconds;
    if (nanoseconds < SAMPLE_NS) count *= 2;
    else if (spent > WARM_UP_NS) return count;
  }
}

function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * fraction)];
}
const median = (values) => quantile(values, 0.5);

/**
 * Measures contestants against one another.
 *
 * A contestant is `{ name, run, isRight, units = 1 }`: `run(count)` does its work `count` times, which is
 * `count * units` of what is counted, and `isRight(result, count)` judges what came of it.
 * @returns for each: nanoseconds of one unit, quartiles of that, and `ratioTo(name)`. A ratio is the median of
 *   the ratios within rounds, in which both met the same machine.
 */
export function contest(contestants, rounds) {
  const counts = contestants.map(warmUp);
  const samples = contestants.map(() => []);
  for (let round = -SETTLING_ROUNDS; round < rounds; ++round) {
    contestants.forEach((contestant, index) => {
      const nanoseconds = sample(contestant, counts[index]) / counts[index] / (contestant.units ?? 1);
      if (round >= 0) samples[index].push(nanoseconds);
    });
  }
  const samplesOf = (name) => samples[contestants.findIndex((contestant) => contestant.name === name)];
  return samples.map((own) => ({
    nanoseconds: median(own),
    quartiles: [quantile(own, 0.25), quantile(own, 0.75)],
    ratioTo(name) {
      const others = samplesOf(name);
      return others && median(own.map((nanoseconds, round) => nanoseconds / others[round]));
    },
  }));
}
