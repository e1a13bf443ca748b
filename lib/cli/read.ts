// SPDX-License-Identifier: MIT
import { formatHex } from '../errors.js';
import { isRegister } from '../register-file.js';
import { parseCore, parseNumber, printJson, UsageError, type Command } from './command.js';

/** What one command prints at most: all SRAM of a core. */
const MOST_WORDS = 8192;

export const read: Command = {
  operands: 'CORE ADDRESS [WORDS]',
  summary: 'words of a core: SRAM from 0x0, registers from 0xf0000',
  examples: ['epiphany read 1,2 0x2000', 'epiphany read 0x84a 0x2000 16 --json'],
  count: [2, 3],
  run(context) {
    const [coreText = '', addressText = '', countText = '1'] = context.operands;
    const address = parseNumber('ADDRESS', addressText);
    const count = parseNumber('WORDS', countText);
    if (count < 1 || count > MOST_WORDS) throw new UsageError(`WORDS must be 1 to ${MOST_WORDS}, got ${countText}`);
    const core = parseCore(context.board(), coreText);
    const words = Array.from({ length: count }, (_, index) => {
      const at = address + 4 * index;
      return isRegister(at) ? core.readRegister(at) : core.readWord(at);
    });
    if (context.json) {
      printJson(context, { core: formatHex(core.id), address: formatHex(address), words: words.map((word) => formatHex(word, 8)) });
    } else {
      words.forEach((word, index) => context.print(`${formatHex(address + 4 * index, 5)}  ${formatHex(word, 8)}`));
    }
    return 0;
  },
};
