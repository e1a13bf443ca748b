// SPDX-License-Identifier: MIT
import { EpiphanyError, formatHex, outOfRange } from '../errors.js';
import { parseNumber, printJson, UsageError, type Command } from './command.js';

/** What one command prints at most. */
const MOST_WORDS = 8192;

export const dram: Command = {
  operands: '[ADDRESS [WORDS]]',
  summary: 'shared DRAM: where it is, or words of it; what programs have been given reads as zeros',
  examples: ['epiphany dram', 'epiphany dram 0x8e000000 16 --json'],
  count: [0, 2],
  run(context) {
    const [addressText, countText = '1'] = context.operands;
    const board = context.board();
    const { sharedDram, features } = board;
    if (addressText === undefined) {
      if (context.json) printJson(context, { ...(sharedDram ? { address: formatHex(sharedDram.address), bytes: sharedDram.bytes } : { address: null, bytes: 0 }), allocates: features.dram });
      else context.print(sharedDram ? `${sharedDram.bytes / 2 ** 20} MiB at ${formatHex(sharedDram.address)}; ${features.dram ? 'programs are given parts of it' : 'this driver gives out no parts of it'}` : 'none');
      return 0;
    }
    const address = parseNumber('ADDRESS', addressText);
    const count = parseNumber('WORDS', countText);
    if (count < 1 || count > MOST_WORDS) throw new UsageError(`WORDS must be 1 to ${MOST_WORDS}, got ${countText}`);
    if (!sharedDram) throw new EpiphanyError('ERR_EPIPHANY_UNSUPPORTED', `'${board.path}' has no shared DRAM`, { path: board.path });
    const { address: first, bytes } = sharedDram;
    if (address % 4 !== 0 || address < first || address + 4 * count > first + bytes) throw outOfRange('ADDRESS', `a multiple of 4 in shared DRAM, from ${formatHex(first)}, and all words within its ${bytes} bytes`, formatHex(address));
    const memory = board.sharedDramMapping();
    const words = Array.from({ length: count }, (_, index) => memory.readWord(address - first + 4 * index));
    if (context.json) printJson(context, { address: formatHex(address), words: words.map((word) => formatHex(word, 8)) });
    else words.forEach((word, index) => context.print(`${formatHex(address + 4 * index)}  ${formatHex(word, 8)}`));
    return 0;
  },
};
