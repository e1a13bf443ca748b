// SPDX-License-Identifier: MIT
//
//   node test/board/matrix.mjs [KERNEL…]        default: all of Debian's
//
// Boots Debian's own kernels with the driver, built against their headers, and has a C program reach the chip through
// it: memory, registers, a message of a core by its interrupt, and revocation. Prints a table.

import { chosen } from '../../scripts/lib/chosen.mjs';
import { boot, demandBoard } from './board.mjs';
import { buildClients } from './clients.mjs';
import { distributions } from './distribution.mjs';

const COMMAND = 'uname -r && build-board/clients-arm/first_light';

const collector = () => ({ text: '', write(data) { this.text += data; } });

/** One row of the table; whether all is well. */
async function check(kernel) {
  const begun = Date.now();
  const [stdout, stderr] = [collector(), collector()];
  const { ended, console: log } = await boot(['sh', '-c', COMMAND], { kernel, timeout: 300, outputs: { stdout, stderr } });
  const status = await ended.catch(({ message }) => message);
  const passed = stdout.text.match(/^ok /gm)?.length ?? 0;
  const isWell = status === 0 && passed > 0;
  const [release] = stdout.text.split('\n');
  console.log(`${kernel.padEnd(8)}${release.padEnd(24)}${isWell ? `${passed} steps` : 'FAILED'}  ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  if (!isWell) console.log(stdout.text + stderr.text + (typeof status === 'string' ? status : log()));
  return isWell;
}

try {
  const asked = chosen('kernel', process.argv.slice(2), distributions);
  asked.forEach((kernel) => demandBoard(kernel));
  buildClients('arm-linux-gnueabihf-gcc', 'arm');
  const verdicts = [];
  for (const kernel of asked) verdicts.push(await check(kernel));
  const passed = verdicts.filter(Boolean).length;
  console.log(`${passed} passed, ${verdicts.length - passed} failed`);
  if (passed < verdicts.length) process.exitCode = 1;
} catch (error) {
  console.error(`matrix: ${error.message}`);
  process.exitCode = 1;
}
