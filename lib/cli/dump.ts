// SPDX-License-Identifier: MIT
import { SRAM_BYTES } from '../address.js';
import { formatHex } from '../errors.js';
import { parseCore, parseNumber, printJson, type Command } from './command.js';

const BYTES_PER_LINE = 16;

export const dump: Command = {
  operands: 'CORE [ADDRESS [BYTES]]',
  summary: 'SRAM of a core in hexadecimal and ASCII; default all of it',
  examples: ['epiphany dump 0,0 0x100 64', 'epiphany dump 0x808 --json'],
  count: [1, 3],
  async run(context) {
    const [coreText = '', addressText = '0', bytesText] = context.operands;
    const address = parseNumber('ADDRESS', addressText);
    const length = bytesText === undefined ? Math.max(0, SRAM_BYTES - address) : parseNumber('BYTES', bytesText);
    const core = parseCore(context.board(), coreText);
    const bytes = core.read(address, length);
    if (context.json) {
      printJson(context, { core: formatHex(core.id), address: formatHex(address), bytes: Buffer.from(bytes).toString('hex') });
      return 0;
    }
    let previous = '';
    let repeated = false;
    for (let at = 0; at < length; at += BYTES_PER_LINE) {
      const line = bytes.subarray(at, at + BYTES_PER_LINE);
      const text = format(line);
      const isLast = at + BYTES_PER_LINE >= length;
      if (text === previous && !isLast) {
        if (!repeated) context.print('*'); // as hexdump does for lines that repeat
        repeated = true;
        continue;
      }
      repeated = false;
      previous = text;
      context.print(`${(address + at).toString(16).padStart(5, '0')}  ${text}`);
      await context.room();
    }
    return 0;
  },
};

function format(line: Uint8Array): string {
  const pairs = Array.from({ length: BYTES_PER_LINE }, (_, index) => line[index]?.toString(16).padStart(2, '0') ?? '  ');
  const half = BYTES_PER_LINE / 2;
  const ascii = Array.from(line, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return `${pairs.slice(0, half).join(' ')}  ${pairs.slice(half).join(' ')}  |${ascii}|`;
}
