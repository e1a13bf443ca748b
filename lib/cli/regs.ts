// SPDX-License-Identifier: MIT
import type { Board } from '../board.js';
import { CHIP_MODELS, type ChipType } from '../chip.js';
import type { Core } from '../core.js';
import { formatHex } from '../errors.js';
import { readProgramFile } from '../program/file.js';
import { SymbolMap } from '../program/symbol-map.js';
import { CORE_REGISTERS, decodeField, EXCEPTION_CAUSES, type CoreRegisterName, type RegisterSpec } from '../registers.js';
import { parseCore, printJson, UsageError, type Command } from './command.js';
import { hint } from './options.js';
import { SourceLines } from './toolchain.js';

/** Registers that hold addresses of instructions. */
const PLACES = new Set<CoreRegisterName>(['PC', 'IRET', 'LS', 'LE', 'R14']);

export const regs: Command = {
  operands: 'CORE [REGISTER…]',
  summary: 'registers of a core with their fields; R0 … R63 only while it is halted',
  examples: ['epiphany regs 0,0', 'epiphany regs 0,0 STATUS CONFIG --json', 'epiphany regs 0,0 --program program.elf'],
  options: { program: { value: 'FILE', summary: 'the program in the core: names the places that registers such as PC hold' } },
  count: [1, Infinity],
  async run(context) {
    const [coreText = '', ...names] = context.operands;
    const file = context.option('program');
    const placeOf = file === undefined ? undefined : await placesIn(file);
    const board = context.board();
    const core = parseCore(board, coreText);
    const halted = core.registers.DEBUGSTATUS.read().halted;
    const wanted = names.length > 0 ? names.map(registerName) : everyReadable(board, core, halted);
    const values = wanted.map((name) => {
      const value = core.readRegister(CORE_REGISTERS[name].offset);
      return { name, spec: CORE_REGISTERS[name], value, where: PLACES.has(name) ? placeOf?.(value) : undefined };
    });
    if (context.json) {
      const registers = values.map(({ name, spec, value, where }) => [name, { value: formatHex(value, 8), where, ...fieldsOf(spec, value) }]);
      printJson(context, { core: formatHex(core.id), halted, registers: Object.fromEntries(registers) as object });
      return 0;
    }
    for (const { name, spec, value, where } of values) {
      context.print(`${name.padEnd(12)} ${formatHex(value, 8)}  ${where ?? describe(board.chip.type, spec, value)}`.trimEnd());
    }
    if (names.length === 0 && !halted) context.print(`R0 … R63: the core is not halted (halt it: epiphany write ${coreText} 0xf0448 1)`);
    return 0;
  },
};

/** What tells where in a program an address is: `main+6, main.c:12`. */
async function placesIn(file: string): Promise<(address: number) => string | undefined> {
  const symbols = new SymbolMap(await readProgramFile(file));
  const lines = new SourceLines(file);
  return (address) => {
    const known = [symbols.locate(address), lines.of(address)].filter((text) => text !== undefined);
    return known.length > 0 ? known.join(', ') : undefined;
  };
}

function registerName(text: string): CoreRegisterName {
  const name = text.toUpperCase();
  if (!Object.hasOwn(CORE_REGISTERS, name)) throw new UsageError(`there is no register '${text}'${hint(name, Object.keys(CORE_REGISTERS))}`);
  if ((CORE_REGISTERS[name as CoreRegisterName] as RegisterSpec).access === 'write') throw new UsageError(`${name} is write-only: it cannot be read`);
  return name as CoreRegisterName;
}

function everyReadable(board: Board, core: Core, halted: boolean): CoreRegisterName[] {
  return (Object.entries(CORE_REGISTERS) as [CoreRegisterName, RegisterSpec][])
    .filter(([, spec]) => spec.access !== 'write')
    .filter(([, spec]) => halted || !spec.haltedOnly)
    .filter(([, spec]) => spec.only === undefined || spec.only === board.chip.type || (spec.only === 'link cores' && isLinkCore(board, core)))
    .map(([name]) => name);
}

function isLinkCore(board: Board, { row, column }: Core): boolean {
  return CHIP_MODELS[board.chip.type].linkCores.some((place) => place[0] === row && place[1] === column);
}

function fieldsOf(spec: RegisterSpec, value: number): Record<string, unknown> {
  return Object.fromEntries(Object.entries(spec.fields).map(([name, field]) => [name, decodeField(field, value)]));
}

/** The fields that say something: flags that are set, and values that are not zero. */
function describe(type: ChipType, spec: RegisterSpec, value: number): string {
  const entries = Object.entries(spec.fields);
  if (entries.length === 1 && entries[0]?.[1].width === 32) return '';
  return entries
    .map(([name, field]) => {
      const decoded = decodeField(field, value);
      if (decoded === false || decoded === 0) return '';
      if (name === 'excause') return `excause=${causeOf(type, decoded as number)}`;
      return decoded === true ? name : `${name}=${String(decoded)}`;
    })
    .filter((text) => text !== '')
    .join(' ');
}

function causeOf(type: ChipType, code: number): string {
  return Object.entries(EXCEPTION_CAUSES[type]).find(([, number]) => number === code)?.[0] ?? String(code);
}
