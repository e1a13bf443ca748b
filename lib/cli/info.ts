// SPDX-License-Identifier: MIT
import { SRAM_BYTES } from '../address.js';
import { formatHex } from '../errors.js';
import { printJson, type Command } from './command.js';

export const info: Command = {
  operands: '',
  summary: 'what board this is',
  examples: ['epiphany info', 'epiphany info --board sim:e64g401 --json'],
  count: [0, 0],
  run(context) {
    const board = context.board();
    const { type, rows, columns, origin } = board.chip;
    const { sharedDram, elinkVersion, features } = board;
    const description = {
      type,
      rows,
      columns,
      origin: formatHex(origin),
      cores: rows * columns,
      sramBytes: SRAM_BYTES,
      sharedDram: sharedDram ? { address: formatHex(sharedDram.address), bytes: sharedDram.bytes } : null,
      board: board.path,
      kind: board.kind,
      elinkVersion,
      features,
    };
    if (context.json) {
      printJson(context, description);
      return 0;
    }
    const lines: [string, string][] = [
      ['board', `${board.path} (${board.kind === 'simulator' ? 'simulated' : 'character device'})`],
      ['chip', `${type}, ${rows} × ${columns} cores from core ID ${formatHex(origin)}`],
      ['SRAM', `${SRAM_BYTES / 1024} KiB in each core, ${(rows * columns * SRAM_BYTES) / 1024} KiB in all`],
      ['DRAM', sharedDram ? `${sharedDram.bytes / 2 ** 20} MiB shared at ${formatHex(sharedDram.address)}` : 'none shared'],
      ['eLink', `version ${formatHex(elinkVersion, 4)}`],
      ['events', features.events ? 'mailbox and board events' : 'not with this driver'],
    ];
    for (const [name, text] of lines) context.print(`${name.padEnd(8)}${text}`);
    return 0;
  },
};
