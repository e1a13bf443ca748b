// SPDX-License-Identifier: MIT
/** How a command that failed says so: to people, to machines, and by its exit code. */
import { errnoName, errnoText } from '../errno.js';
import { EpiphanyError, type SystemError } from '../errors.js';
import { printable, printableJson } from '../printable.js';
import { UsageError } from './command.js';

/** What tells that the caller has to change something: what was given is wrong, or is not there. All else is a state of the board or of the machine. */
const WRONG_INPUT = new Set([
  'ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE', 'ERR_EPIPHANY_BAD_PROGRAM', 'ERR_EPIPHANY_BAD_SNAPSHOT', 'ERR_EPIPHANY_REGISTER_ACCESS',
  'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENODEV', 'ENOENT', 'ENOTDIR', 'ENOTTY',
]);

export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError || WRONG_INPUT.has((error as SystemError | undefined)?.code ?? '') ? 2 : 1;
}

/** For people: a line, or as many as an error of ours has. */
export function failureText(error: unknown): string {
  const message = messageOf(error);
  // The lines of one of ours are ours. Those of others may be those of a file's name.
  const lines = error instanceof EpiphanyError && error.code === 'ERR_EPIPHANY_NO_ADDON' ? message.split('\n') : [message];
  return `epiphany: ${lines.map(printable).join('\n')}`;
}

/** For machines: the code of the error, and what it is about. */
export function failureJson(error: unknown): string {
  const { code = error instanceof UsageError ? 'ERR_USAGE' : undefined, syscall, path, address, offset } = (error ?? {}) as Partial<SystemError & EpiphanyError>;
  return printableJson(JSON.stringify({ error: { code, message: messageOf(error), syscall, path, address, offset } }));
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, errno } = error as Partial<SystemError> & Error;
  // Where Node has no name for what the system says.
  return errno === undefined ? message : message.replace(/Unknown system error -?\d+: Unknown system error -?\d+/, `${errnoName(errno)}: ${errnoText(errno)}`);
}
