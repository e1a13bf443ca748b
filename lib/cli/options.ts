// SPDX-License-Identifier: MIT
/** What was asked for on the command line, taken apart. */
import { parseArgs } from 'node:util';
import { nearest } from '../nearest.js';
import { UsageError, type Command } from './command.js';

/** Options of every command. */
const OPTIONS = {
  board: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

type Values = Readonly<Record<string, string | boolean | undefined>>;

export interface Asked {
  /** The command and its operands. */
  readonly positionals: readonly string[];
  readonly board: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
  /** Options that the command has for itself. */
  readonly own: Values;
}

/**
 * Takes the command line apart. Options may stand before the command, so those of all commands are known.
 * @throws UsageError
 */
export function parse(parameters: readonly string[], commands: Readonly<Record<string, Command>>): Asked {
  const ofCommands = Object.values(commands).flatMap(({ options = {} }) => Object.entries(options).map(([name, { value }]) => [name, { type: value === undefined ? ('boolean' as const) : ('string' as const) }] as const));
  const known: Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string }>> = { ...Object.fromEntries(ofCommands), ...OPTIONS };
  // Not strict, because its errors are no sentences, and guess nothing.
  const { values, positionals, tokens } = parseArgs({ args: withoutOptionsOfOthers(parameters, commands), options: known, allowPositionals: true, strict: false, tokens: true });
  const [command] = positionals;
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!option) throw new UsageError(unknownOption(rawName, command, commands));
    if (option.type === 'boolean' && value !== undefined) throw new UsageError(`${rawName} takes no value, got '${value}'`);
    if (option.type === 'string' && (value === undefined || value === '')) throw new UsageError(`${rawName} needs a value`);
    if (option.type === 'string' && !inlineValue && value?.startsWith('-')) throw new UsageError(`${rawName} needs a value, got '${value}'; one that begins so is given as ${rawName}=${value}`);
  }
  const { board, json, help, version, ...own } = values as Values;
  return { positionals, board: board as string | undefined, json: json === true, help: help === true, version: version === true, own };
}

/** Keeps the parser from what a verbatim command hands on; to ask for help on the command is possible all the same. */
function withoutOptionsOfOthers(parameters: readonly string[], commands: Readonly<Record<string, Command>>): string[] {
  const [name = '', ...rest] = parameters;
  const isVerbatim = Object.hasOwn(commands, name) && commands[name]?.verbatim;
  return isVerbatim && rest[0] !== '--help' && rest[0] !== '-h' ? [name, '--', ...rest] : [...parameters];
}

function unknownOption(rawName: string, name: string | undefined, commands: Readonly<Record<string, Command>>): string {
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  const names = [...Object.keys(OPTIONS), ...(command ? Object.keys(command.options ?? {}) : Object.values(commands).flatMap(({ options = {} }) => Object.keys(options)))];
  return `there is no option ${rawName}${hint(rawName.replace(/^-+/, ''), names, '--')}; "epiphany ${command ? `${name} ` : ''}--help" lists what there is`;
}

/** `, did you mean …?`, if one of the names is like the word. */
export function hint(word: string, names: readonly string[], prefix = ''): string {
  const meant = nearest(word, names);
  return meant === undefined ? '' : `, did you mean ${prefix}${meant}?`;
}

/** The value of an option that is a duration in milliseconds, written with its unit. */
export function parseDuration(name: string, text: string, least: number): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  const factor = UNITS[unit ?? ''];
  if (digits === undefined) throw new UsageError(`${name} must be a time such as 500ms, 2.5s or 3min, got '${text}'`);
  if (factor === undefined) throw new UsageError(`${name} must have a unit, as in ${digits}ms, ${digits}s or ${digits}min, got '${text}'`);
  const milliseconds = Math.ceil(Number(digits) * factor);
  if (!(milliseconds >= least && milliseconds <= LONGEST_MS)) throw new UsageError(`${name} must be from ${least}ms to ${Math.floor(LONGEST_MS / 1000)}s, got '${text}'`);
  return milliseconds;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 };
/** Longest time that a timer of Node keeps. */
const LONGEST_MS = 0x7fffffff;
