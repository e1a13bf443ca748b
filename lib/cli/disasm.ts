// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { SRAM_BYTES } from '../address.js';
import { formatHex, outOfRange } from '../errors.js';
import { disassemble, type Line } from '../program/disassembler.js';
import type { Program } from '../program/program.js';
import { readProgram } from '../program/read.js';
import { SymbolMap } from '../program/symbol-map.js';
import { parseCore, parseNumber, printJson, UsageError, type Command, type Context } from './command.js';

/** All SRAM of a core, in the shortest instructions. */
const MOST_INSTRUCTIONS = SRAM_BYTES / 2;

export const disasm: Command = {
  operands: 'FILE | --core CORE ADDRESS [COUNT]',
  summary: 'instructions of a program, or in SRAM of a core: default 16 of those',
  options: { core: { value: 'CORE', summary: 'the core whose SRAM to disassemble, from ADDRESS' } },
  examples: ['epiphany disasm program.elf', 'epiphany disasm --core 1,2 0x100 8', 'epiphany disasm --core 0x84a 0x100 --json'],
  count: [1, 2],
  run(context) {
    const coreText = context.option('core');
    if (coreText === undefined) disassembleFile(context);
    else disassembleCore(context, coreText);
    return 0;
  },
};

function disassembleFile(context: Context): void {
  const [file = '', surplus] = context.operands;
  if (surplus !== undefined) throw new UsageError('an ADDRESS is in the SRAM of a core: name it with --core');
  const program = readProgram(readFileSync(file), file);
  const symbols = new SymbolMap(program);
  const sections = codeOf(program).map(({ name, address, data }) => ({ name, address, lines: disassemble(data, address, symbols) }));
  if (context.json) {
    printJson(context, { file, sections: sections.map(({ name, address, lines }) => ({ name, address: formatHex(address), instructions: Array.from(lines, describe) })) });
    return;
  }
  sections.forEach(({ name, lines }, index) => {
    context.print(`${index > 0 ? '\n' : ''}${name}`);
    show(context, lines);
  });
}

function disassembleCore(context: Context, coreText: string): void {
  const [addressText = '', countText = '16'] = context.operands;
  const address = parseNumber('ADDRESS', addressText);
  if (address % 2 !== 0) throw new UsageError(`ADDRESS must be a multiple of 2, got ${addressText}`);
  if (address >= SRAM_BYTES) throw outOfRange('address', `an address in SRAM: SRAM ends at ${formatHex(SRAM_BYTES)}`, address);
  const count = parseNumber('COUNT', countText);
  if (count < 1 || count > MOST_INSTRUCTIONS) throw new UsageError(`COUNT must be 1 to ${MOST_INSTRUCTIONS}, got ${countText}`);
  const core = parseCore(context.board(), coreText);
  // As much as so many of the longest take, up to the end of SRAM.
  const bytes = core.read(address, Math.min(4 * count, SRAM_BYTES - address));
  const lines = first(count, disassemble(bytes, address));
  if (context.json) printJson(context, { core: formatHex(core.id), address: formatHex(address), instructions: Array.from(lines, describe) });
  else show(context, lines);
}

interface Code {
  readonly name: string;
  readonly address: number;
  readonly data: Uint8Array;
}

/** What of a program is executed: by sections, else, if its file has none, by segments. */
function codeOf({ sections, segments }: Program): Code[] {
  const code = segments.filter(({ flags }) => flags.execute);
  if (sections.length === 0) return code.map(({ address, data }) => ({ name: `segment at ${formatHex(address)}`, address, data }));
  return sections
    .filter(({ flags, type, bytes }) => flags.allocate && flags.execute && type === 'progbits' && bytes > 0)
    .flatMap(({ name, address, bytes }) => {
      const segment = code.find((candidate) => address >= candidate.address && address + bytes <= candidate.address + candidate.data.length);
      return segment ? [{ name, address, data: segment.data.subarray(address - segment.address, address - segment.address + bytes) }] : [];
    });
}

function show(context: Context, lines: Iterable<Line>): void {
  for (const { address, label, length, bits, text } of lines) {
    if (label !== undefined) context.print(`${address.toString(16).padStart(8, '0')} <${label}>:`);
    context.print(`${address.toString(16).padStart(8)}:  ${halfwords(bits, length).padEnd(9)}  ${text}`);
  }
}

/** The bits in the order in which they lie in memory, first halfword first. */
function halfwords(bits: number, length: number): string {
  const digits = bits.toString(16).padStart(2 * length, '0');
  return length < 4 ? digits : `${digits.slice(4)} ${digits.slice(0, 4)}`;
}

function describe({ address, label, length, bits, text }: Line): object {
  return { address: formatHex(address), ...(label === undefined ? {} : { label }), bits: formatHex(bits, 2 * length), text };
}

function* first<Value>(count: number, values: Iterable<Value>): Generator<Value, void> {
  for (const value of values) {
    yield value;
    if (--count === 0) return;
  }
}
