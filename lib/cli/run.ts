// SPDX-License-Identifier: MIT
import { fstatSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import type { Board, WorkGroup } from '../board.js';
import { EpiphanyError, formatHex } from '../errors.js';
import type { InstructionCounts, Simulator } from '../simulator.js';
import type { TraceEntry } from '../trace.js';
import type { Output, OutputStream } from '../workgroup/output.js';
import type { CoreState, Fault } from '../workgroup/core-state.js';
import { parseGroup, parseNumber, printJson, UsageError, warn, type Command, type Context } from './command.js';
import { parseDuration } from './options.js';
import { SourceLines } from './toolchain.js';

const STDIN = 0;
const TIMED_OUT = 124;
/** What a shell says of a process that a signal ended. */
const codeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];
/** The user has had enough, or somebody else, or the terminal is gone. */
const INTERRUPTIONS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Instructions that are run in a row, unless the program wants something of the host. */
const [STEPS, TRACED_STEPS] = [2 ** 20, 4096];
/** Characters of a line that are kept until it ends; what goes on longer is printed as several. */
const LONGEST_LINE = 2 ** 20;
const PIECES_OF_LINE = 4096;
/** Lines that are printed before it is seen whether they can be taken. */
const LINES_IN_A_ROW = 256;

export const run: Command = {
  operands: 'FILE [-- ARGUMENT…]',
  summary: 'loads a program, starts it on every core of a group, prints what it prints, and ends as it does',
  examples: [
    'epiphany run program.elf --board sim',
    'epiphany run program.elf --group 0,0,2,2 -- some arguments',
    'epiphany run program.elf --board sim --stats --timeout 2.5s',
    'epiphany run program.elf --board sim --quantum 16 --seed 7',
    'echo hello | epiphany run program.elf --group 0,0,1,1',
  ],
  options: {
    group: { value: 'R,C,ROWS,COLUMNS', summary: 'the cores to run on (default: all)' },
    timeout: { value: 'TIME', summary: `how long it may take, such as 20s; then its cores are halted, and the exit code is ${TIMED_OUT}` },
    directory: { value: 'DIRECTORY', summary: 'the only files that the program can reach (default: none)' },
    quantum: { value: 'INSTRUCTIONS', summary: "how many a core executes before the next one's turn; simulated boards only" },
    seed: { value: 'NUMBER', summary: 'of the order of turns, which then is the same each time; simulated boards only' },
    trace: { summary: 'every instruction on standard error; simulated boards only' },
    stats: { summary: 'what each core did, on standard error; simulated boards only' },
  },
  count: [1, Infinity],
  async run(context) {
    const [file, ...parameters] = context.operands as [string, ...string[]];
    const timeout = timeoutOf(context.option('timeout'));
    const rectangle = parseGroup(context.option('group'));
    const traced = context.flag('trace');
    const quantum = parseWhole(context, 'quantum', 1, 0xffffffff);
    const seed = parseWhole(context, 'seed', 0, Number.MAX_SAFE_INTEGER);
    const stepped = traced || seed !== undefined;
    const board = context.board({ stepped, ...(quantum === undefined ? {} : { quantum }) });
    const simulator = simulatorOf(context, board);
    using stdin = new StandardInput();
    using group = board.workgroup(rectangle);
    await group.load(file, { arguments: parameters, onWarning: warn });
    const counted = context.flag('stats') ? simulator : undefined;
    if (counted) counted.counting = true;
    const wordsBefore = counted?.mailboxWords ?? 0;
    group.start({ directory: context.option('directory'), stdin });
    // What output fails with ends the run in another way.
    const printed = printLines(context, group).catch((error: unknown) => {
      if (error !== context.outputEnd.reason) throw error;
    });
    const lines = new SourceLines(file);
    const inSteps = simulator && stepped ? (end: Promise<unknown>) => runInSteps(context, group, simulator, end, seed, traced) : undefined;
    const { states, code, failure } = await ending(context, group, timeout, lines, inSteps);
    await printed;
    const statistics = counted && statisticsOf(group, counted, counted.mailboxWords - wordsBefore);
    if (context.json) {
      printJson(context, summaryOf({ states, code, failure }, statistics));
      return code;
    }
    if (failure !== undefined) context.print(`epiphany: ${failure}`, 'stderr');
    if (statistics) showStatistics(group, statistics);
    return code;
  },
};

/** That of this process, which is left as it is for the next reader unless a core reads. */
class StandardInput implements AsyncIterable<Uint8Array>, Disposable {
  #stream: NodeJS.ReadStream | undefined;

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const name = (error: Error): void => void (error.message += ' of standard input');
    try {
      if (fstatSync(STDIN).isDirectory()) readSync(STDIN, new Uint8Array(1)); // which fails; Node's stream would be an empty one
    } catch (error) {
      name(error as Error);
      throw error;
    }
    return (this.#stream = process.stdin.once('error', name))[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  /** An open one would keep this process alive. */
  [Symbol.dispose](): void {
    this.#stream?.destroy();
  }
}

/** How a program ended. */
interface Ending {
  readonly states: readonly CoreState[];
  readonly code: number;
  /** What went wrong, if the program did not end by itself. */
  readonly failure?: string | undefined;
}

/** Why a program is not run to its end. */
interface Interruption {
  readonly what: string;
  readonly code: number;
}

/** With how it was written. */
interface Timeout {
  readonly text: string;
  readonly milliseconds: number;
}

function timeoutOf(text: string | undefined): Timeout | undefined {
  return text === undefined ? undefined : { text, milliseconds: parseDuration('--timeout', text, 1) };
}

function parseWhole(context: Context, name: string, least: number, most: number): number | undefined {
  const text = context.option(name);
  const value = text === undefined ? undefined : parseNumber(`--${name}`, text);
  if (value !== undefined && !(value >= least && value <= most)) throw new UsageError(`--${name} must be from ${least} to ${most}, got '${text}'`);
  return value;
}

function simulatorOf(context: Context, board: Board): Simulator | undefined {
  const wanted = ['trace', 'stats'].find((name) => context.flag(name)) ?? ['quantum', 'seed'].find((name) => context.option(name) !== undefined);
  if (wanted !== undefined && !board.simulator) throw new UsageError(`--${wanted} needs a simulated board: --board sim`);
  return board.simulator;
}

/** Prints what the program prints, a line at a time, each with the row and column of its core. */
async function printLines(context: Context, { board, output }: { board: Board; output: OutputStream }): Promise<void> {
  const width = `${board.chip.rows - 1},${board.chip.columns - 1}`.length;
  const print = ({ core, stream }: Output, text: string): void => {
    const prefixed = `${`${core.row},${core.column}`.padEnd(width)} | ${text}`;
    // With --json standard output is one document.
    context.printAsIs(prefixed, context.json ? 'stderr' : stream);
  };
  /** Lines that go on, by core and stream. */
  const begun = new Map<string, { readonly of: Output; pieces: string[]; length: number }>();
  for await (const piece of output) {
    const key = `${piece.core.id} ${piece.stream}`;
    const line = begun.get(key) ?? { of: piece, pieces: [], length: 0 };
    const end = piece.text.lastIndexOf('\n');
    const rest = piece.text.slice(end + 1);
    if (end >= 0) {
      for (const [index, whole] of (line.pieces.join('') + piece.text.slice(0, end)).split('\n').entries()) {
        print(piece, whole);
        if (index % LINES_IN_A_ROW === LINES_IN_A_ROW - 1) await context.room();
      }
      begun.set(key, { of: piece, pieces: [rest], length: rest.length });
    } else if (line.length + rest.length > LONGEST_LINE) {
      print(piece, line.pieces.join('') + rest);
      begun.delete(key);
    } else {
      // Joined each time it would take for ever, and never, for a program that writes single characters, too much memory.
      line.pieces.push(rest);
      if (line.pieces.length === PIECES_OF_LINE) line.pieces = [line.pieces.join('')];
      line.length += rest.length;
      begun.set(key, line);
    }
    await context.room();
  }
  for (const { of, pieces } of begun.values()) {
    const text = pieces.join('');
    if (text !== '') print(of, text);
  }
}

/** Waits until the program is over: by itself, or because somebody or the clock has had enough. Then its cores are halted. */
async function ending(context: Context, group: WorkGroup, timeout: Timeout | undefined, lines: SourceLines, inSteps: ((end: Promise<unknown>) => Promise<void>) | undefined): Promise<Ending> {
  const stop = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => stop.abort({ what: 'interrupted', code: codeOf(signal) } satisfies Interruption);
  const leave = (): void => stop.abort({ what: 'nobody takes the output', code: codeOf('SIGPIPE') } satisfies Interruption);
  for (const signal of INTERRUPTIONS) process.once(signal, interrupt);
  context.outputEnd.addEventListener('abort', leave);
  if (context.outputEnd.aborted) leave();
  try {
    const end = group.finished({ timeout: timeout?.milliseconds, signal: stop.signal });
    await inSteps?.(end);
    const states = await end;
    return endOf(group, states, lines);
  } catch (error) {
    if (inSteps) group.board.simulator?.stop();
    const interruption = interruptionOf(error, stop.signal, timeout);
    if (!interruption) {
      haltWhatCan(group);
      throw withLine(error, group, lines);
    }
    group.halt();
    const states = group.states();
    const halted = states.filter(({ state }) => state === 'halted');
    const where = halted[0] === undefined ? '' : `, the first at ${placeOf(halted[0].pc, halted[0].where, lines)}`;
    // Of programs that have masked an exception, or go on in its handler, nothing else tells.
    const excepted = states.find(({ state, exception }) => state !== 'exited' && exception !== undefined);
    const why = excepted === undefined ? '' : `; ${mishapOf(group, excepted, lines)}`;
    group.close();
    return { states, code: interruption.code, failure: `${interruption.what}; ${halted.length} cores were halted${where}${why}` };
  } finally {
    for (const signal of INTERRUPTIONS) process.off(signal, interrupt);
    context.outputEnd.removeEventListener('abort', leave);
  }
}

function interruptionOf(error: unknown, stop: AbortSignal, timeout: Timeout | undefined): Interruption | undefined {
  if (stop.aborted) return stop.reason as Interruption;
  return (error as EpiphanyError).code === 'ERR_EPIPHANY_TIMEOUT' ? { what: `not over after ${timeout?.text}`, code: TIMED_OUT } : undefined;
}

/** The error of a core that is stuck, with the line of source that it is stuck in. */
function withLine(error: unknown, group: WorkGroup, lines: SourceLines): unknown {
  if (!(error instanceof EpiphanyError) || error.code !== 'ERR_EPIPHANY_CORE_STUCK') return error;
  try {
    const stuck = group.states().find(({ state }) => state === 'stuck');
    const line = stuck && lines.of(stuck.pc);
    return line === undefined ? error : new EpiphanyError(error.code, `${error.message}. Its line is ${line}`, { address: error.address, cause: error });
  } catch {
    return error; // which counts more than why its core is out of reach by now
  }
}

/** Before an error is told: it counts more than what else fails. */
function haltWhatCan(group: WorkGroup): void {
  try {
    group.halt();
  } catch {
    // a core that is stuck, or a chip that does not answer
  }
}

/** Of a program: as the first core ended that did not end well. A core that gets to its exit has dealt with its exceptions. */
function endOf(group: WorkGroup, states: readonly CoreState[], lines: SourceLines): Ending {
  const failed = states.find(({ state, exitCode = 0, exception }) => state === 'halted' || exitCode !== 0 || (state === 'idle' && exception !== undefined));
  if (!failed) {
    const failure = missedBarrier(states, lines);
    return { states, code: failure === undefined ? 0 : 1, failure };
  }
  const { exitCode = 0 } = failed;
  return { states, code: exitCode & 0xff || 1, failure: failed.state === 'exited' ? undefined : mishapOf(group, failed, lines) };
}

/** Cores that sleep for good in a barrier are no end of a program, though nothing has any more to do. */
function missedBarrier(states: readonly CoreState[], lines: SourceLines): string | undefined {
  const waiting = states.filter(({ inBarrier }) => inBarrier);
  const [first] = waiting;
  if (!first) return undefined;
  const who = waiting.length === 1 ? `core ${formatHex(first.core.id, 3)} sleeps` : `${waiting.length} cores, the first ${formatHex(first.core.id, 3)}, sleep`;
  return `${who} in a barrier (WAND) that others do not come to or have left, ${placeOf(first.pc, first.where, lines)}`;
}

/** What has become of a core that did not get to its exit. */
function mishapOf(group: WorkGroup, failed: CoreState, lines: SourceLines): string {
  const { core, state, pc, where, exception, fault } = failed.state === 'idle' ? whileHalted(group, failed) : failed;
  const name = `core ${formatHex(core.id, 3)}`;
  const rest = placeOf(pc, where, lines);
  if (exception === undefined) return `${name}: ${state}, ${rest}`;
  if (!fault) return `${name}: ${exception} exception, ${rest}`;
  const values = Object.entries(fault.registers).map(([register, value]) => `${register}=${formatHex(value)}`);
  const instruction = fault.instruction === undefined ? ', where no instruction can be fetched' : `: ${fault.instruction}`;
  return `${name}: ${exception} exception at ${placeOf(fault.address, fault.where, lines)}${instruction}${values.length > 0 ? `, ${values.join(' ')}` : ''}; ${failed.state} at ${rest}`;
}

/** The same core with its general registers, which only a halted one shows. */
function whileHalted(group: WorkGroup, failed: CoreState): CoreState {
  const { DEBUGCMD } = failed.core.registers;
  DEBUGCMD.write(1);
  try {
    return group.states().find(({ core }) => core === failed.core) ?? failed;
  } finally {
    DEBUGCMD.write(0);
  }
}

/** `PC 0x388 (main+6, main.c:12)`. */
function placeOf(pc: number, where: string | undefined, lines: SourceLines): string {
  const known = [where, lines.of(pc)].filter((text) => text !== undefined);
  return `PC ${formatHex(pc)}${known.length > 0 ? ` (${known.join(', ')})` : ''}`;
}

async function runInSteps(context: Context, group: WorkGroup, simulator: Simulator, end: Promise<unknown>, seed: number | undefined, traced: boolean): Promise<void> {
  const trace = ({ core, pc, text, changes }: TraceEntry): void => {
    const registers = Object.entries(changes).map(([name, value]) => `${name}=${formatHex(value)}`);
    const where = group.locate(pc);
    context.print(`${formatHex(core, 3)} ${formatHex(pc, 5)}  ${where === undefined ? '' : `${where.padEnd(20)}  `}${text.padEnd(28)}  ${registers.join(' ')}`.trimEnd(), 'stderr');
  };
  let isOver = false;
  const over = end.catch(() => undefined).then(() => void (isOver = true));
  while (!isOver) {
    const options = traced ? { instructions: TRACED_STEPS, trace } : { instructions: STEPS };
    const { instructions } = await simulator.run({ ...options, seed, untilHalt: true });
    await Promise.race([context.room(), over]);
    // The host serves what the program wants, which may be something that somebody has yet to type.
    await new Promise((resolve) => (instructions > 0 ? setImmediate(resolve) : setTimeout(resolve, 1)));
  }
}

interface Statistics {
  readonly cores: readonly { readonly instructions: number; readonly idle: number; readonly classes: InstructionCounts }[];
  readonly mailboxWords: number;
}

function statisticsOf(group: WorkGroup, simulator: Simulator, mailboxWords: number): Statistics {
  const counts = group.cores.map((core) => {
    const classes = simulator.counters(core.id);
    return { classes, instructions: Object.values(classes).reduce((sum, count) => sum + count, 0) };
  });
  // Cores have no common clock here: the busiest one stands for it.
  const most = Math.max(...counts.map(({ instructions }) => instructions), 1);
  return { cores: counts.map((core) => ({ ...core, idle: 1 - core.instructions / most })), mailboxWords };
}

function showStatistics(group: WorkGroup, { cores, mailboxWords }: Statistics): void {
  process.stderr.write('core   instructions   idle  integer    float     load    store   branch\n');
  for (const [index, { instructions, idle, classes }] of cores.entries()) {
    const share = (count: number): string => `${((100 * count) / Math.max(instructions, 1)).toFixed(1)} %`.padStart(8);
    const { integer, float, load, store, branch } = classes;
    const id = formatHex((group.cores[index] as (typeof group.cores)[number]).id);
    process.stderr.write(`${id}${instructions.toLocaleString('en').padStart(15)}${`${(100 * idle).toFixed(0)} %`.padStart(6)} ${[integer, float, load, store, branch].map(share).join(' ')}\n`);
  }
  const total = cores.reduce((sum, { instructions }) => sum + instructions, 0);
  process.stderr.write(`${mailboxWords} words to the mailbox, ${total.toLocaleString('en')} instructions in all\n`);
}

function summaryOf({ states, code, failure }: Ending, statistics: Statistics | undefined): object {
  const cores = states.map(({ core, state, pc, where, exitCode, exception, fault, inBarrier }, index) => {
    const { instructions, idle, classes } = statistics?.cores[index] ?? {};
    return { core: formatHex(core.id), state, pc: formatHex(pc), where, exitCode, exception, fault: fault && describeFault(fault), inBarrier, instructions, idle, classes };
  });
  return { exitCode: code, error: failure === undefined ? undefined : { message: failure }, cores, mailboxWords: statistics?.mailboxWords };
}

function describeFault({ address, where, instruction, registers }: Fault): object {
  return { address: formatHex(address), where, instruction, registers: Object.fromEntries(Object.entries(registers).map(([name, value]) => [name, formatHex(value)])) };
}
