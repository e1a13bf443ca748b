// SPDX-License-Identifier: MIT
import { otherPlace, SRAM_BYTES } from '../address.js';
import { formatHex, outOfRange } from '../errors.js';
import { disassemble, type Line } from '../program/disassembler.js';
import { readProgramFile } from '../program/file.js';
import { lastUpTo } from '../program/places.js';
import type { Program } from '../program/program.js';
import { SymbolMap } from '../program/symbol-map.js';
import { lazily, parseCore, parseNumber, printLargeJson, UsageError, type Command, type Context } from './command.js';

/** All SRAM of a core, in the shortest instructions. */
const MOST_INSTRUCTIONS = SRAM_BYTES / 2;

export const disasm: Command = {
  operands: 'FILE | --core CORE ADDRESS [COUNT]',
  summary: 'instructions of a program, or in SRAM of a core: default 16 of those',
  options: { core: { value: 'CORE', summary: 'the core whose SRAM to disassemble, from ADDRESS' } },
  examples: ['epiphany disasm program.elf', 'epiphany disasm --core 1,2 0x100 8', 'epiphany disasm --core 0x84a 0x100 --json'],
  count: [1, 2],
  boardWith: 'core',
  async run(context) {
    const coreText = context.option('core');
    if (coreText === undefined) await disassembleFile(context);
    else await disassembleCore(context, coreText);
    return 0;
  },
};

async function disassembleFile(context: Context): Promise<void> {
  const [file = '', surplus] = context.operands;
  if (surplus !== undefined) throw new UsageError('an ADDRESS is in the SRAM of a core: name it with --core');
  const program = await readProgramFile(file);
  const symbols = new SymbolMap(program);
  const sections = codeOf(program).map(({ name, address, data }) => ({ name, address, lines: disassemble(data, address, symbols) }));
  if (context.json) {
    await printLargeJson(context, { file, sections: lazily(sections, ({ name, address, lines }) => ({ name, address: formatHex(address), instructions: lazily(lines, describe) })) });
    return;
  }
  for (const [index, { name, lines }] of sections.entries()) {
    if (index > 0) context.print('');
    context.print(name);
    await show(context, lines);
  }
}

async function disassembleCore(context: Context, coreText: string): Promise<void> {
  const [addressText = '', countText = '16'] = context.operands;
  const address = parseNumber('ADDRESS', addressText);
  if (address % 2 !== 0) throw new UsageError(`ADDRESS must be a multiple of 2, got ${addressText}`);
  if (address >= SRAM_BYTES) throw outOfRange('ADDRESS', `in SRAM: SRAM ends at ${formatHex(SRAM_BYTES)}${otherPlace(address)}`, address);
  const count = parseNumber('COUNT', countText);
  if (count < 1 || count > MOST_INSTRUCTIONS) throw new UsageError(`COUNT must be 1 to ${MOST_INSTRUCTIONS}, got ${countText}`);
  const core = parseCore(context.board(), coreText);
  // As much as so many of the longest take, up to the end of SRAM.
  const bytes = core.read(address, Math.min(4 * count, SRAM_BYTES - address));
  const lines = first(count, disassemble(bytes, address));
  if (context.json) await printLargeJson(context, { core: formatHex(core.id), address: formatHex(address), instructions: lazily(lines, describe) });
  else await show(context, lines);
}

interface Code {
  readonly name: string;
  readonly address: number;
  readonly data: Uint8Array;
}

/** What of a program is executed: by sections, else, if its file has none, by segments. No byte is shown twice. */
function codeOf({ sections, segments }: Program): Code[] {
  const code = segments.filter(({ flags }) => flags.execute);
  if (sections.length === 0) return code.map(({ address, data }) => ({ name: `segment at ${formatHex(address)}`, address, data }));
  let shown = 0;
  return sections
    .filter(({ flags, type, bytes }) => flags.allocate && flags.execute && type === 'progbits' && bytes > 0)
    .sort((a, b) => a.address - b.address)
    .flatMap(({ name, address, bytes }) => {
      const segment = lastUpTo(code, address);
      if (!segment || address < shown || address + bytes > segment.address + segment.data.length) return [];
      shown = address + bytes;
      return [{ name, address, data: segment.data.subarray(address - segment.address, shown - segment.address) }];
    });
}

async function show(context: Context, lines: Iterable<Line>): Promise<void> {
  for (const { address, label, length, bits, text } of lines) {
    if (label !== undefined) context.print(`${address.toString(16).padStart(8, '0')} <${label}>:`);
    context.print(`${address.toString(16).padStart(8)}:  ${halfwords(bits, length).padEnd(9)}  ${text}`);
    await context.room();
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
