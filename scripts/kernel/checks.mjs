// SPDX-License-Identifier: MIT
//
//   node scripts/kernel/checks.mjs [--source FOLDER] [NAME…]        default: all checks but upstream, of kernel/
//
// What the kernel's own tools say of the driver, its bindings, device trees and patches. A line for each check.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { chosen } from '../lib/chosen.mjs';
import { circles } from './checks/circles.mjs';
import { checkpatch, coccinelle, kernelDoc, sparse, spdx } from './checks/source.mjs';
import { copyDriver } from './headers.mjs';
import { bindings, trees } from './checks/device-tree.mjs';
import { packaging } from './checks/packaging.mjs';
import { patches } from './checks/patches.mjs';
import { upstream } from './checks/upstream.mjs';
import { uapiCompiles, uapiLayout } from './checks/uapi.mjs';

/** Each is given { source, scratch }, what to look at and where to work; it throws what is wrong, or says what it saw. */
const checks = {
  circles, spdx, checkpatch, sparse, coccinelle, 'kernel-doc': kernelDoc,
  uapi: uapiCompiles, 'uapi-layout': uapiLayout,
  bindings, trees, patches, packaging,
};

/** They take their time, and run if they are named. */
const longChecks = { upstream };

async function main() {
  const { values, positionals } = parseArgs({ options: { source: { type: 'string' } }, allowPositionals: true });
  const source = resolve(values.source ?? fileURLToPath(new URL('../../kernel', import.meta.url)));
  const all = { ...checks, ...longChecks };
  const asked = positionals.length === 0 ? Object.keys(checks) : chosen('check', positionals, Object.keys(all));
  const scratch = mkdtempSync(join(tmpdir(), 'kernel-checks-'));
  let failed = 0;
  try {
    const copy = join(scratch, 'kernel');
    copyDriver(source, copy);
    for (const name of asked) {
      const begun = Date.now();
      const own = join(scratch, name);
      mkdirSync(own);
      const verdict = await all[name]({ source: copy, scratch: own }).then(
        (seen) => ['PASS', seen],
        (error) => ['FAIL', error.message],
      );
      if (verdict[0] === 'FAIL') failed++;
      const reason = verdict[1].trim().replaceAll(`${copy}/`, '').replaceAll('\n', '\n     ');
      console.log(`${verdict[0]} ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s): ${reason}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  if (failed > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(`kernel-checks: ${error.message}`);
  process.exitCode = 1;
}
