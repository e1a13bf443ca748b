// SPDX-License-Identifier: MIT
import { formatHex } from '../errors.js';
import { isRegister } from '../register-file.js';
import { parseCore, parseNumber, printJson, UsageError, type Command } from './command.js';

export const write: Command = {
  operands: 'CORE ADDRESS WORD…',
  summary: 'writes words to a core: SRAM from 0x0, registers from 0xf0000',
  examples: ['epiphany write 1,2 0x2000 0xdeadbeef', 'epiphany write 0x84a 0x2000 1 2 3 --board sim:FILE'],
  count: [3, Infinity],
  lasting: true,
  run(context) {
    const [coreText = '', addressText = '', ...wordTexts] = context.operands;
    const address = parseNumber('ADDRESS', addressText);
    if (address % 4 !== 0) throw new UsageError(`ADDRESS must be a multiple of 4, got ${addressText}`);
    const words = wordTexts.map((text) => parseWord(text));
    const core = parseCore(context.board(), coreText);
    if (!isRegister(address)) {
      core.write(address, Uint32Array.from(words));
    } else if (isRegister(address + 4 * (words.length - 1))) {
      words.forEach((word, index) => core.writeRegister(address + 4 * index, word));
    } else {
      throw new UsageError(`${words.length} words from ${formatHex(address)} go beyond the registers`);
    }
    if (context.json) printJson(context, { core: formatHex(core.id), address: formatHex(address), words: words.length });
    return 0;
  },
};

function parseWord(text: string): number {
  const word = parseNumber('WORD', text);
  if (word > 0xffffffff) throw new UsageError(`WORD must be at most 0xffffffff, got ${text}`);
  return word;
}
