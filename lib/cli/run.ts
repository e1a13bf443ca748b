// SPDX-License-Identifier: MIT
import type { Board } from '../board.js';
import { EpiphanyError, formatHex } from '../errors.js';
import type { Simulator } from '../simulator.js';
import type { Output } from '../workgroup/output.js';
import type { CoreState, WorkGroup } from '../workgroup/workgroup.js';
import { parseGroup, parseNumber, printJson, UsageError, type Command, type Context } from './command.js';

const TIMED_OUT = 124;
const INTERRUPTED = 130;
/** Instructions between two looks of the host at what a traced program wants. */
const TRACED_IN_A_ROW = 4096;

export const run: Command = {
  operands: 'FILE [-- ARGUMENT…]',
  summary: 'loads a program, starts it on every core of a group, prints what it prints, and ends as it does',
  examples: [
    'epiphany run program.elf --board sim',
    'epiphany run program.elf --group 0,0,2,2 -- some arguments',
    'epiphany run program.elf --board sim --stats --timeout 10',
  ],
  options: {
    group: { value: 'R,C,ROWS,COLUMNS', summary: 'the cores to run on (default: all)' },
    timeout: { value: 'SECONDS', summary: `how long it may take; then its cores are halted, and the exit code is ${TIMED_OUT}` },
    directory: { value: 'DIRECTORY', summary: 'the only files that the program can reach (default: none)' },
    trace: { summary: 'every instruction on standard error; simulated boards only' },
    stats: { summary: 'what each core did, on standard error; simulated boards only' },
  },
  count: [1, Infinity],
  async run(context) {
    const [file, ...parameters] = context.operands as [string, ...string[]];
    const timeout = context.option('timeout');
    const milliseconds = timeout === undefined ? undefined : 1000 * parseNumber('--timeout', timeout);
    const traced = context.flag('trace');
    const board = context.board({ stepped: traced });
    const simulator = simulatorOf(context, board);
    using group = board.workgroup(parseGroup(context.option('group')));
    await group.load(file, { arguments: parameters });
    if (context.flag('stats') && simulator) simulator.counting = true;
    const printed = print(context, group, context.option('directory'));
    const words = countWords(board);
    const outcome = await ending(group, milliseconds, traced ? simulator : undefined);
    await printed;
    if (context.flag('stats') && simulator) showStatistics(group, simulator, words());
    if (typeof outcome === 'number') return outcome;
    if (context.json) printJson(context, outcome.map(({ core, state, exitCode, exception }) => ({ core: formatHex(core.id), state, exitCode, exception })));
    return exitCodeOf(outcome);
  },
};

/** Of a program: that of the first core that did not end well. */
function exitCodeOf(states: readonly CoreState[]): number {
  const failed = states.find(({ state, exitCode = 0, exception }) => state === 'halted' || exitCode !== 0 || exception !== undefined);
  if (!failed) return 0;
  const what = failed.exception === undefined ? (failed.state === 'halted' ? 'halted' : undefined) : `${failed.exception} exception`;
  if (what !== undefined) process.stderr.write(`epiphany: core ${formatHex(failed.core.id, 3)}: ${what}, PC ${formatHex(failed.pc)}\n`);
  return (failed.exitCode ?? 0) & 0xff || 1;
}

function simulatorOf(context: Context, board: Board): Simulator | undefined {
  const wanted = ['trace', 'stats'].find((name) => context.flag(name));
  if (wanted !== undefined && !board.simulator) throw new UsageError(`--${wanted} needs a simulated board: --board sim`);
  return board.simulator;
}

/** Starts the program, and prints its output, a line at a time, each with the row and column of its core. */
function print(context: Context, group: WorkGroup, directory: string | undefined): Promise<void> {
  group.start({ directory });
  const rests = new Map<string, string>();
  const width = `${group.board.chip.rows - 1},${group.board.chip.columns - 1}`.length;
  const line = ({ core, stream }: Omit<Output, 'text'>, text: string): void => {
    const prefixed = `${`${core.row},${core.column}`.padEnd(width)} | ${text}`;
    // With --json standard output is one document.
    if (stream === 'stderr' || context.json) process.stderr.write(`${prefixed}\n`);
    else context.print(prefixed);
  };
  return (async () => {
    const last = new Map<string, Output>();
    for await (const piece of group.output) {
      const key = `${piece.core.id} ${piece.stream}`;
      const lines = ((rests.get(key) ?? '') + piece.text).split('\n');
      rests.set(key, lines.pop() ?? '');
      last.set(key, piece);
      for (const text of lines) line(piece, text);
    }
    for (const [key, rest] of rests) if (rest !== '') line(last.get(key) as Output, rest);
  })();
}

/** How the program ends: by itself, by the user, or by the clock; then its cores are halted. */
async function ending(group: WorkGroup, timeout: number | undefined, traced: Simulator | undefined): Promise<CoreState[] | number> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const end = group.finished({ timeout, signal: interruption.signal });
    if (traced) await trace(traced, end);
    return await end;
  } catch (error) {
    if (!interruption.signal.aborted && (error as EpiphanyError).code !== 'ERR_EPIPHANY_TIMEOUT') throw error;
    traced?.stop();
    group.halt();
    const running = group.states().filter(({ state }) => state === 'halted');
    process.stderr.write(`epiphany: ${interruption.signal.aborted ? 'interrupted' : `not over after ${(timeout ?? 0) / 1000} s`}; ${running.length} cores were halted, the first at PC ${formatHex(running[0]?.pc ?? 0)}\n`);
    group.close();
    return interruption.signal.aborted ? INTERRUPTED : TIMED_OUT;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

async function trace(simulator: Simulator, end: Promise<unknown>): Promise<void> {
  let isOver = false;
  void end.catch(() => undefined).then(() => (isOver = true));
  while (!isOver) {
    await simulator.run({
      instructions: TRACED_IN_A_ROW,
      trace: ({ core, pc, text, changes }) => {
        const registers = Object.entries(changes).map(([name, value]) => `${name}=${formatHex(value)}`);
        process.stderr.write(`${formatHex(core, 3)} ${formatHex(pc, 5)}  ${text.padEnd(28)}  ${registers.join(' ')}`.trimEnd() + '\n');
      },
    });
    await new Promise(setImmediate); // the host serves what the program wants
  }
}

/** Counts the words that cores send to the mailbox meanwhile. */
function countWords(board: Board): () => number {
  if (!board.features.events) return () => 0;
  const first = board.mailbox;
  let count = 0;
  void (async () => {
    try {
      for await (const message of first.unref()) count += Number(message.word >= 0);
    } catch {
      // closed with the board
    }
  })();
  return () => count;
}

function showStatistics(group: WorkGroup, simulator: Simulator, words: number): void {
  const totals = group.cores.map((core) => Object.values(simulator.counters(core.id)).reduce((sum, count) => sum + count, 0));
  const most = Math.max(...totals, 1);
  process.stderr.write('core   instructions   idle  integer    float     load    store   branch\n');
  for (const [index, core] of group.cores.entries()) {
    const { integer, float, load, store, branch } = simulator.counters(core.id);
    const total = totals[index] as number;
    const share = (count: number): string => `${((100 * count) / Math.max(total, 1)).toFixed(1)} %`.padStart(8);
    // Cores have no common clock here: the busiest one stands for it.
    const idle = `${(100 * (1 - total / most)).toFixed(0)} %`.padStart(6);
    process.stderr.write(`${formatHex(core.id)}${total.toLocaleString('en').padStart(15)}${idle} ${[integer, float, load, store, branch].map(share).join(' ')}\n`);
  }
  process.stderr.write(`${words} words to the mailbox, ${totals.reduce((sum, count) => sum + count, 0).toLocaleString('en')} instructions in all\n`);
}
