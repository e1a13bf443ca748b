#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/** The command line: finds the command, opens the board, and turns errors into one line and an exit code. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { listBoards, openBoard, type Board } from '../board.js';
import { simulatorSpec, type SimulatorOptions } from '../transport/simulator.js';
import { cc } from './cc.js';
import { UsageError, type Command, type Context } from './command.js';
import { disasm } from './disasm.js';
import { dma } from './dma.js';
import { doctor } from './doctor.js';
import { dram } from './dram.js';
import { dump } from './dump.js';
import { info } from './info.js';
import { list } from './list.js';
import { load } from './load.js';
import { mailbox } from './mailbox.js';
import { read } from './read.js';
import { regs } from './regs.js';
import { reset } from './reset.js';
import { run } from './run.js';
import { symbols } from './symbols.js';
import { write } from './write.js';

const COMMANDS: Readonly<Record<string, Command>> = { list, info, read, write, dump, disasm, symbols, regs, load, run, reset, mailbox, dram, dma, doctor, cc };

const OPTIONS = {
  board: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', default: false },
} as const;

/** The options of every command, because they are parsed before it is known which command it is. */
const COMMAND_OPTIONS = Object.fromEntries(
  Object.values(COMMANDS).flatMap(({ options = {} }) => Object.entries(options).map(([name, { value }]) => [name, { type: value === undefined ? ('boolean' as const) : ('string' as const) }])),
);

const BOARD_HELP = `\
  --board BOARD               a device such as /dev/epiphany/mesh0, or sim, sim:e64g401,
                              sim:FILE (default: the first device there is, else sim)
`;

const OPTIONS_HELP = `\
  --json                      one JSON document on standard output
  --help, -h                  help, also for each command
  --version                   version of this program

CORE is row,column from the chip's north-west core, or a core ID such as 0x84a.
Exit code: 0 done, 1 failed, 2 called wrongly.`;

const SUMMARY_COLUMN = 32;
const OPTION_COLUMN = 28;

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { operands, summary }]) => {
    const call = `${name} ${operands}`;
    return `  ${call.length < SUMMARY_COLUMN ? call.padEnd(SUMMARY_COLUMN) : `${call}\n  ${''.padEnd(SUMMARY_COLUMN)}`}${summary}`;
  });
  return `Usage: epiphany COMMAND [options]\n\n${lines.join('\n')}\n\nOptions:\n${BOARD_HELP}${OPTIONS_HELP}`;
}

function usageOf(name: string, command: Command): string {
  const own = Object.entries(command.options ?? {}).map(([option, { value, summary }]) => `  ${(value === undefined ? `--${option}` : `--${option} ${value}`).padEnd(OPTION_COLUMN)}${summary}\n`);
  return `Usage: epiphany ${`${name} ${command.operands}`.trim()} [options]\n\n${command.summary}\n\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}\n\nOptions:\n${own.join('')}${command.boardless ? '' : BOARD_HELP}${OPTIONS_HELP}`;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function print(line: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
  process[stream].write(`${line}\n`);
}

async function room(): Promise<void> {
  const { signal } = outputEnd;
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableNeedDrain && !signal.aborted) await once(stream, 'drain', { signal }).catch(() => undefined);
  }
  signal.throwIfAborted();
}

/** The board that the user named; else the first real one; else, saying so, a simulated one. */
function chooseBoard(named: string | undefined, options: SimulatorOptions = {}): Board {
  if (named !== undefined) return openBoard(named, simulatorSpec(named) ? options : {});
  if (listBoards().length > 0) return openBoard();
  process.stderr.write('epiphany: no board under /dev/epiphany, so this is the simulator, which keeps nothing (--board sim:FILE does)\n');
  return openBoard('sim', options);
}

/** Aborted by the first error of standard output or standard error. */
const outputEnd = new AbortController();

function mayColour(): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return FORCE_COLOR !== undefined ? FORCE_COLOR !== '0' : process.stdout.isTTY;
}

function complain(error: unknown): void {
  process.stderr.write(`epiphany: ${error instanceof Error ? error.message : String(error)}\n`);
}

async function main(parameters: string[]): Promise<number> {
  const asked = parse(parameters);
  const { json, help, own } = asked;
  const [name, ...operands] = asked.positionals;
  if (asked.version) {
    print(version());
    return 0;
  }
  if (name === undefined) {
    if (!help) throw new UsageError('which command? "epiphany --help" lists them');
    print(overview());
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`there is no command '${name}'; "epiphany --help" lists them`);
  if (help) {
    print(usageOf(name, command));
    return 0;
  }
  const [fewest, most] = command.count;
  if (operands.length < fewest || operands.length > most) throw new UsageError(`usage: epiphany ${name} ${command.operands}`);
  const foreign = command.boardless && asked.board !== undefined ? 'board' : Object.keys(own).find((option) => !Object.hasOwn(command.options ?? {}, option));
  if (foreign !== undefined) throw new UsageError(`--${foreign} is no option of ${name}; "epiphany ${name} --help" lists what it has`);
  let board: Board | undefined;
  const context: Context = { operands, option: (option) => own[option] as string | undefined, flag: (option) => own[option] === true, json, colour: mayColour(), print, room, outputEnd: outputEnd.signal, board: (options) => (board ??= chooseBoard(asked.board, options)) };
  try {
    return await command.run(context);
  } finally {
    board?.close();
  }
}

/** What was asked for; `own` is what was given of {@link COMMAND_OPTIONS}. */
function parse(parameters: string[]) {
  try {
    const { values, positionals } = parseArgs({ args: withoutOptionsOfOthers(parameters), options: { ...COMMAND_OPTIONS, ...OPTIONS }, allowPositionals: true });
    const { board, json, help, version, ...own } = values;
    return { board, json, help, version, own: own as Readonly<Record<string, string | boolean | undefined>>, positionals };
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
}

/** Keeps parseArgs from what a verbatim command hands on; to ask for help on the command is possible all the same. */
function withoutOptionsOfOthers(parameters: string[]): string[] {
  const [name = '', ...rest] = parameters;
  const isVerbatim = Object.hasOwn(COMMANDS, name) && COMMANDS[name]?.verbatim;
  return isVerbatim && rest[0] !== '--help' && rest[0] !== '-h' ? [name, '--', ...rest] : parameters;
}

for (const stream of [process.stdout, process.stderr]) stream.on('error', (error) => outputEnd.abort(error));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error !== outputEnd.signal.reason) { // which is told below
    complain(error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
await new Promise(setImmediate); // what was written last may still fail
const failure = outputEnd.signal.reason as NodeJS.ErrnoException | undefined;
// Whoever reads our output may have had enough: "epiphany dump 0,0 | head".
if (failure && failure.code !== 'EPIPE') {
  complain(failure);
  process.exitCode = 1;
}
