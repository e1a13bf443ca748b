// SPDX-License-Identifier: MIT
import { EpiphanyError, formatHex } from '../errors.js';
import { parseNumber, printJson, UsageError, type Command } from './command.js';
import { parseDuration } from './options.js';

export const mailbox: Command = {
  operands: '[COUNT]',
  summary: 'words that cores send to the host, as they come',
  examples: ['epiphany mailbox', 'epiphany mailbox 1 --timeout 5s --json'],
  options: { timeout: { value: 'TIME', summary: 'how long to wait for each, such as 500ms (default: for ever)' } },
  count: [0, 1],
  lasting: true, // nobody would ever send anything to another board
  async run(context) {
    const [countText] = context.operands;
    const count = countText === undefined ? Infinity : parseNumber('COUNT', countText);
    const timeoutText = context.option('timeout');
    const timeout = timeoutText === undefined ? undefined : parseDuration('--timeout', timeoutText, 0);
    if (count < 1) throw new UsageError(`COUNT must be at least 1, got ${countText}`);
    const queue = context.board().mailbox;
    let lost = 0;
    for (let received = 0; received < count; ++received) {
      try {
        const { word, timestamp, sequence } = await queue.receive({ timeout });
        if (context.json) printJson(context, { word: formatHex(word, 8), nanoseconds: String(timestamp), sequence, lost: queue.lost });
        else context.print(`${formatHex(word, 8)}  ${(Number(timestamp) / 1e9).toFixed(6)} s${queue.lost > lost ? `  (${queue.lost - lost} events were lost before)` : ''}`);
        lost = queue.lost;
        await context.room();
      } catch (error) {
        const isLate = error instanceof EpiphanyError && error.code === 'ERR_EPIPHANY_TIMEOUT';
        if (!isLate || count !== Infinity || received === 0) throw error; // the user asked for some and has not got them
        return 0;
      }
    }
    return 0;
  },
};
