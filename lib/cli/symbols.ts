// SPDX-License-Identifier: MIT
import { formatHex } from '../errors.js';
import { readProgramFile } from '../program/file.js';
import { printable } from '../printable.js';
import type { ProgramSymbol } from '../program/program.js';
import { lazily, printLargeJson, type Command } from './command.js';

/** Letters that the column of sections has room for; a longer name is told all the same. */
const WIDEST_SECTION = 40;

export const symbols: Command = {
  operands: 'FILE',
  summary: 'names of a program: functions, objects and labels, by address',
  examples: ['epiphany symbols program.elf', 'epiphany symbols program.elf --json'],
  count: [1, 1],
  boardless: true,
  async run(context) {
    const [file = ''] = context.operands;
    const program = await readProgramFile(file);
    const named = program.symbols
      .filter(({ type }) => type !== 'section' && type !== 'file')
      .sort((a, b) => a.address - b.address);
    if (context.json) {
      await printLargeJson(context, { file, symbols: lazily(named, describe) });
    } else if (named.length === 0) {
      context.print(`${file} has no symbols: it was stripped of them, or it is S-records, which have none`);
    } else {
      const width = Math.min(named.reduce((widest, symbol) => Math.max(widest, place(symbol).length), 'section'.length), WIDEST_SECTION);
      context.print(`address        bytes  type      ${'section'.padEnd(width)}  name`);
      for (const symbol of named) {
        context.print(format(symbol, width));
        await context.room();
      }
    }
    return 0;
  },
};

function describe({ name, address, bytes, type, section }: ProgramSymbol): object {
  return { name, address: formatHex(address), bytes, type, ...(section === undefined ? {} : { section }) };
}

/** What the file does not tell stays empty. The name comes last: it may have any length. */
function format(symbol: ProgramSymbol, width: number): string {
  const { name, address, bytes, type } = symbol;
  const size = bytes === 0 ? '' : String(bytes);
  return `${formatHex(address, 5).padEnd(10)}${size.padStart(10)}  ${(type === 'none' ? '' : type).padEnd(8)}  ${place(symbol).padEnd(width)}  ${name}`;
}

/** An absolute symbol is a number, and in no section. */
function place({ section }: ProgramSymbol): string {
  return section === undefined ? '(absolute)' : printable(section);
}
