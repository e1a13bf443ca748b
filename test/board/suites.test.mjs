// SPDX-License-Identifier: MIT
/** All suites on a virtual board, which runs them by itself: here each case waits for what came of it. */
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { boot, tail } from './board.mjs';
import { buildClients } from './clients.mjs';
import { flavours } from './kernel.mjs';
import { Results } from './results.mjs';
import { fullName, isWanted, suites } from './suites.mjs';

/** A board of which nothing is heard for so long hangs. Longer than a test may take. */
const SILENCE_IN_S = 1000;
const TIMEOUT_IN_S = 7200;

const { text = '', ...options } = JSON.parse(process.env.BOARD_OPTIONS ?? '{}');
const isWantedAtAll = suites.some((suite) => suite.cases.some((each) => isWanted(suite, each, text)));
/** Kernels of our building can do everything, and are asked what they found wrong. */
const isOurs = flavours.includes(options.kernel ?? flavours[0]);
const results = new Results();
let verdict = '';
let hasFailed = false;
let board;
let watchdog;
/** How much of the console belongs to tests that have ended. */
let seen = 0;

beforeAll(async () => {
  if (!isWantedAtAll) return;
  buildClients('arm-linux-gnueabihf-gcc', 'arm');
  const reporter = ['--test-reporter=./test/board/reporter.mjs', '--test-reporter-destination=/run/ports/results'];
  const script = `node --expose-gc ${reporter.join(' ')} test/board/run-suites.mjs /dev/epiphany/mesh0 "$1"
    status=$?
    sh test/board/guest/check-kernel >/run/ports/verdict
    exit $status`;
  const verdicts = new Writable({ write: (chunk, encoding, done) => ((verdict += chunk), done()) });
  board = await boot(['sh', '-c', script, 'sh', text], {
    ...options,
    timeout: TIMEOUT_IN_S,
    outputs: { results, verdict: verdicts, stdout: process.stdout, stderr: process.stderr },
  });
  results.heard = Date.now();
  watchdog = setInterval(() => {
    if (Date.now() - results.heard > 1000 * SILENCE_IN_S) board.kill(`said nothing for ${SILENCE_IN_S} s`);
  }, 1000);
  board.ended.then(() => results.fail(new Error('the board ended without a word about this test')), (error) => results.fail(error));
});

afterAll(async () => {
  clearInterval(watchdog);
  await board?.ended.catch(() => undefined); // told by each test already
});

/** A failure of the board's as our own, with what the kernel had to say meanwhile. */
function failure(error) {
  const console = tail(board.console().slice(seen));
  const shown = new Error(`${error}${console ? `\n\nOn the board's console:\n${console}` : ''}`);
  shown.stack = shown.message;
  return shown;
}

for (const suite of suites) {
  const wanted = suite.cases.filter((each) => isWanted(suite, each, text));
  describe.skipIf(wanted.length === 0)(suite.title, () => {
    for (const each of wanted) {
      it(each.name, async (context) => {
        const { skip, error, notes } = await results.of(fullName(suite, each));
        try {
          for (const note of notes) console.log(note);
          if (error) throw failure(error);
          if (skip && each.features && isOurs) throw failure(`not run: ${skip}`);
        } catch (thrown) {
          hasFailed = true;
          throw thrown;
        } finally {
          seen = board.console().length;
        }
        if (skip) context.skip(skip);
      });
    }
  });
}

describe.skipIf(!isWantedAtAll)('the board', () => {
  it('ends by itself, as it should', async () => {
    const code = await board.ended;
    expect(hasFailed || code === 0, `the suites ended with ${code}`).toBe(true);
  });

  it.skipIf(!isOurs)('has a kernel with nothing to complain of', async () => {
    await board.ended;
    expect(verdict).toMatch(/^ok \d+ - the kernel does not complain$/m);
    expect(verdict).not.toMatch(/^not ok/m);
  });
});
