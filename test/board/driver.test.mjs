// SPDX-License-Identifier: MIT
/** The driver's own tests: C programs on a virtual board, a board for each set of them. */
import { beforeAll, describe, it } from 'vitest';

import { tail } from './board.mjs';
import { buildClients } from './clients.mjs';
import { runSet, setsFor } from './driver-tests.mjs';

const options = JSON.parse(process.env.BOARD_OPTIONS ?? '{}');
const { kernel = 'plain' } = options;
const wanted = setsFor(options);

describe.skipIf(wanted.length === 0)('driver', () => {
  beforeAll(() => buildClients('arm-linux-gnueabihf-gcc', 'arm'));

  for (const name of wanted) {
    it(name, async () => {
      const { passed, failed, console: log } = await runSet(name, kernel);
      console.log(`${passed} tests of the driver passed`);
      if (failed.length === 0) return;
      const error = new Error(`${failed.join('\n')}\n\nThe end of the board's console:\n${tail(log)}`);
      error.stack = error.message;
      throw error;
    });
  }
});
