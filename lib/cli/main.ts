#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/** The command line: finds the command, opens the board, and turns errors into one line and an exit code. */
import { once } from 'node:events';
import { constants } from 'node:os';
import { listBoards, openBoard, type Board } from '../board.js';
import { systemError } from '../errors.js';
import { printable } from '../printable.js';
import { simulatorSpec, type SimulatorOptions } from '../transport/simulator.js';
import { cc } from './cc.js';
import { UsageError, warn, type Command, type Context } from './command.js';
import { disasm } from './disasm.js';
import { dma } from './dma.js';
import { doctor } from './doctor.js';
import { dram } from './dram.js';
import { dump } from './dump.js';
import { exitCodeOf, failureJson, failureText } from './failure.js';
import { fleetingReason } from './fleeting.js';
import { overview, usageOf, version } from './help.js';
import { info } from './info.js';
import { list } from './list.js';
import { load } from './load.js';
import { mailbox } from './mailbox.js';
import { hint, parse, type Asked } from './options.js';
import { read } from './read.js';
import { regs } from './regs.js';
import { reset } from './reset.js';
import { run } from './run.js';
import { symbols } from './symbols.js';
import { write } from './write.js';

const COMMANDS: Readonly<Record<string, Command>> = { list, info, read, write, dump, disasm, symbols, regs, load, run, reset, mailbox, dram, dma, doctor, cc };

function print(line: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
  printAsIs(printable(line), stream);
}

function printAsIs(text: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
  process[stream].write(`${text}\n`);
}

async function room(): Promise<void> {
  const { signal } = outputEnd;
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableNeedDrain && !signal.aborted) await once(stream, 'drain', { signal }).catch(() => undefined);
  }
  signal.throwIfAborted();
}

/**
 * The board that the user named, here or in the environment; else the first real one; else, saying so, a simulated one:
 * unless what the command does is meant to last.
 */
function chooseBoard({ lasting }: Command, named = process.env['EPIPHANY_BOARD'], options: SimulatorOptions = {}): Board {
  if (named !== undefined && named !== '') return openBoard(named, simulatorSpec(named) ? options : {});
  const [first] = listBoards();
  if (first) return openBoard(first.path);
  if (lasting) throw systemError(-constants.errno.ENOENT, 'open', { path: '/dev/epiphany/mesh0' }, 'There is no Epiphany board here: load the driver with "modprobe epiphany", or name a simulated board that keeps what is done to it: --board sim:FILE');
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

async function main({ positionals, board: named, json, help, version: versionAsked, own }: Asked): Promise<number> {
  const [first] = positionals;
  if (versionAsked) {
    print(version());
    return 0;
  }
  const isHelp = help || first === 'help' || first === undefined;
  const [name, ...operands] = first === 'help' ? positionals.slice(1) : positionals;
  if (name === undefined || name === 'help') {
    printAsIs(overview(COMMANDS));
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`there is no command '${name}'${hint(name, [...Object.keys(COMMANDS), 'help'])}; "epiphany help" lists them`);
  if (isHelp) {
    printAsIs(usageOf(name, command));
    return 0;
  }
  const [fewest, most] = command.count;
  if (operands.length < fewest || operands.length > most) throw new UsageError(`usage: epiphany ${name} ${command.operands}`);
  const foreign = command.boardless && named !== undefined ? 'board' : Object.keys(own).find((option) => !Object.hasOwn(command.options ?? {}, option));
  if (foreign !== undefined) throw new UsageError(`--${foreign} is no option of ${name}; "epiphany ${name} --help" lists what it has`);
  if (command.boardWith !== undefined && named !== undefined && own[command.boardWith] === undefined) throw new UsageError(`--board goes with --${command.boardWith}: without that, ${name} is about no board`);
  let board: Board | undefined;
  const context: Context = { operands, option: (option) => own[option] as string | undefined, flag: (option) => own[option] === true, json, colour: mayColour(), print, printAsIs, room, outputEnd: outputEnd.signal, board: (options) => (board ??= chooseBoard(command, named, options)) };
  try {
    const code = await command.run(context);
    const reason = command.lasting && board ? fleetingReason(board) : undefined;
    if (reason !== undefined) warn(reason);
    return code;
  } finally {
    board?.close();
  }
}

function complain(error: unknown, json: boolean): void {
  if (json) printAsIs(failureJson(error));
  else process.stderr.write(`${failureText(error)}\n`);
}

for (const [name, stream] of [['output', process.stdout], ['error', process.stderr]] as const) {
  stream.on('error', (error: Error) => {
    error.message += ` to standard ${name}`;
    outputEnd.abort(error);
  });
}

const parameters = process.argv.slice(2);
const end = parameters.indexOf('--');
/** Asked for, whatever else is wrong. */
const json = parameters.slice(0, end < 0 ? undefined : end).includes('--json') && !COMMANDS[parameters[0] ?? '']?.verbatim;
try {
  process.exitCode = await main(parse(parameters, COMMANDS));
} catch (error) {
  if (error !== outputEnd.signal.reason) { // which is told below
    complain(error, json);
    process.exitCode = exitCodeOf(error);
  }
}
await new Promise(setImmediate); // what was written last may still fail
const failure = outputEnd.signal.reason as NodeJS.ErrnoException | undefined;
// The reader of our output may have had enough: "epiphany dump 0,0 | head".
if (failure && failure.code !== 'EPIPE') {
  complain(failure, false);
  process.exitCode = 1;
}
