// SPDX-License-Identifier: MIT
//
// Runs cases under plugin.c, each in a phase of its own, and says on stdout what was expected of each.
//
// A case is { name, run(), calls, expect, control }:
//   run      one call; what it answers is kept, so that no JIT can drop the loads behind it
//   calls    how many of them; fewer than the default leave V8's optimised code out
//   expect   the accesses of one call: 'load4=3 store1=1', '' for none; without a count ('load4') any number of
//            them; 'offends' if only that is certain; left out, anything that a device allows
//   control  true where an offence is what we want to see: the instrument must be able to fail

import { createRequire } from 'node:module';

const [WATCH, FORGET, BEGIN, END] = [1, 2, 3, 4]; // announce.h

const probe = createRequire(import.meta.url)(process.env.ACCESS_WIDTH_PROBE);

// Enough, with the flags that run.mjs gives V8, for a function to go from the interpreter through every tier, the last
// of which asks for 500 quiet calls: each phase has them all.
const manyCalls = 1000;

export const addressOf = (view) => probe.addressOf(view);

/** Accesses to these bytes are recorded from now on. Addresses are numbers. */
export const watch = (address, length) => probe.announce(WATCH, address, length);

export async function measure(cases) {
  for (const [index, { name, run, calls = manyCalls, expect, control = false }] of cases.entries()) {
    const phase = index + 1;
    probe.announce(BEGIN, phase, 0);
    // The await keeps V8 from looking at two calls at once.
    for (let call = 0; call < calls; call++) globalThis.kept = await run();
    probe.announce(END, 0, 0);
    console.log(JSON.stringify({ phase, name, expect, control, calls }));
  }
  probe.announce(FORGET, 0, 0);
}
