// SPDX-License-Identifier: MIT
import { listBoards, openBoard, type Board, type BoardEntry } from '../board.js';
import { formatHex, type SystemError } from '../errors.js';
import type { BoardStatus } from '../transport/transport.js';
import { printJson, UsageError, type Command } from './command.js';
import { stateOf } from './info.js';

/** A board of this machine: what it is, or why that cannot be told. */
interface Listed {
  readonly board: string;
  /** Whether this user may open it. */
  readonly accessible: boolean;
  readonly type?: string;
  readonly rows?: number;
  readonly columns?: number;
  readonly cores?: number;
  readonly origin?: string;
  readonly status?: BoardStatus;
  readonly code?: string;
  readonly error?: string;
}

export const list: Command = {
  operands: '[FOLDER]',
  summary: 'the boards of this machine; FOLDER is where their devices are (default: /dev/epiphany)',
  examples: ['epiphany list', 'epiphany list --json'],
  count: [0, 1],
  boardless: true,
  run(context) {
    const [folder] = context.operands;
    const boards = listBoards(folder).map((entry) => describeBoard(entry));
    // A machine may have no board; who names a folder says that there is one.
    if (folder !== undefined && boards.length === 0) throw new UsageError(`no board in '${folder}': devices of the driver are called mesh0, mesh1, …`);
    if (context.json) {
      printJson(context, { boards });
      return 0;
    }
    if (boards.length === 0) context.print('no board in /dev/epiphany: "modprobe epiphany" loads the driver');
    const width = Math.max(...boards.map(({ board }) => board.length));
    for (const listed of boards) context.print(`${listed.board.padEnd(width)}  ${lineOf(listed)}`);
    context.print('without a board: --board sim, sim:e64g401 or sim:FILE is a simulated one');
    return 0;
  },
};

/**
 * Opens a board to see what it is, which switches a chip on with the 5.4-era driver alone; one that cannot be opened is
 * listed all the same. That is tried also if it is known to fail, as the error says what to do.
 */
export function describeBoard({ path, accessible }: BoardEntry, open: (path: string) => Board = openBoard): Listed {
  try {
    using board = open(path);
    const { type, rows, columns, origin } = board.chip;
    return { board: path, accessible, type, rows, columns, cores: board.cores.length, origin: formatHex(origin), status: board.status() };
  } catch (error) {
    const { code, message } = error as SystemError;
    return { board: path, accessible, code, error: message };
  }
}

function lineOf({ type, cores, origin, status, error }: Listed): string {
  return status ? `${type}  ${cores} cores from core ID ${origin}  ${stateOf(status)}` : `cannot be opened: ${error}`;
}
