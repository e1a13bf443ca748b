// SPDX-License-Identifier: MIT
import { SRAM_BYTES } from '../address.js';
import { formatHex } from '../errors.js';
import type { BoardStatus, Features } from '../transport/transport.js';
import { printJson, type Command } from './command.js';

function driverOf({ abiVersion, driverFeatures }: BoardStatus): string {
  if (abiVersion === undefined) return 'none, as the board is simulated';
  return abiVersion === 0 ? "that of the 5.4 era, or one that speaks only its interface" : ['version ' + String(abiVersion), ...driverFeatures].join(', ');
}

/** What a board is like now. */
export function stateOf({ powered, overheated, vdd, generation }: BoardStatus): string {
  const parts = [
    ...(overheated ? ['switched off because it was too hot'] : powered === undefined ? [] : [powered ? 'powered' : 'not powered before it is used']),
    ...(vdd === undefined ? [] : [`${vdd.toFixed(3)} V`]),
    ...(generation === undefined ? [] : [`generation ${generation}`]),
  ];
  return parts.length > 0 ? parts.join(', ') : 'not known with this driver';
}

/** What people call the features. */
const CAPABILITIES: Readonly<Record<keyof Features, string>> = {
  events: 'mailbox and board events',
  coreEvents: 'events of cores',
  elinkRegisters: 'eLink registers',
  claims: 'work-groups against other programs',
  dram: 'give out shared DRAM',
  dma: 'DMA',
};

function capabilitiesOf(features: Features): string {
  const names = (Object.keys(CAPABILITIES) as (keyof Features)[]).filter((name) => features[name]).map((name) => CAPABILITIES[name]);
  return names.length > 0 ? names.join(', ') : 'memory and registers of cores only';
}

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
      status: board.status(),
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
      ['driver', driverOf(description.status)],
      ['state', stateOf(description.status)],
      ['can', capabilitiesOf(features)],
    ];
    for (const [name, text] of lines) context.print(`${name.padEnd(8)}${text}`);
    return 0;
  },
};
