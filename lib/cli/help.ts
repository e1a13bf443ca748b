// SPDX-License-Identifier: MIT
/** What the command line says of itself. */
import { readFileSync } from 'node:fs';
import type { Command } from './command.js';

const BOARD_HELP = `\
  --board BOARD               a device such as /dev/epiphany/mesh0, or sim, sim:e64g401,
                              sim:FILE (default: EPIPHANY_BOARD of the environment, else
                              the first device there is, else, where nothing is lost by
                              it, sim)
`;

const OPTIONS_HELP = `\
  --json                      one JSON document on standard output, of failures too;
                              mailbox writes one for each message, on a line
  --help, -h                  help, also for each command
  --version, -v               version of this program

CORE is row,column from the chip's north-west core, or a core ID such as 0x84a.
A time has a unit: 500ms, 20s, 3min.
Exit code: 0 done, 1 failed, 2 called wrongly, or with what is not there or cannot be used.`;

const SUMMARY_COLUMN = 32;
const OPTION_COLUMN = 28;

export function overview(commands: Readonly<Record<string, Command>>): string {
  const lines = Object.entries(commands).map(([name, { operands, summary }]) => lineOf(`${name} ${operands}`, summary));
  return `Usage: epiphany COMMAND [options]\n\n${lines.join('\n')}\n${lineOf('help [COMMAND]', 'this, or what a command does')}\n\nOptions:\n${BOARD_HELP}${OPTIONS_HELP}`;
}

function lineOf(call: string, summary: string): string {
  return `  ${call.length < SUMMARY_COLUMN ? call.padEnd(SUMMARY_COLUMN) : `${call}\n  ${''.padEnd(SUMMARY_COLUMN)}`}${summary}`;
}

export function usageOf(name: string, command: Command): string {
  const own = Object.entries(command.options ?? {}).map(([option, { value, summary }]) => `  ${(value === undefined ? `--${option}` : `--${option} ${value}`).padEnd(OPTION_COLUMN)}${summary}\n`);
  return `Usage: epiphany ${`${name} ${command.operands}`.trim()} [options]\n\n${command.summary}\n\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}\n\nOptions:\n${own.join('')}${command.boardless ? '' : BOARD_HELP}${OPTIONS_HELP}`;
}

export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
