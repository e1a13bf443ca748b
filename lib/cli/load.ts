// SPDX-License-Identifier: MIT
import { SRAM_BYTES } from '../address.js';
import type { Board, WorkGroup } from '../board.js';
import type { Core } from '../core.js';
import { formatHex } from '../errors.js';
import { readProgramFile } from '../program/file.js';
import { verifyProgram, writePlacements, type LoadReport, type Placement, type VerifyReport } from '../program/loader.js';
import { lastUpTo } from '../program/places.js';
import type { Program, Segment } from '../program/program.js';
import { missingTable } from '../workgroup/configuration.js';
import { placementsOf } from '../workgroup/load.js';
import { parseGroup, printJson, warn, type Command, type Context } from './command.js';

export const load: Command = {
  operands: 'FILE',
  summary: 'resets cores, lays a program into them, reads it back, and shows what lies where',
  examples: ['epiphany load program.elf', 'epiphany load program.elf --board sim:e64g401', 'epiphany load program.srec --group 0,0,2,2'],
  options: { group: { value: 'R,C,ROWS,COLUMNS', summary: 'the cores to load (default: all)' } },
  count: [1, 1],
  lasting: true,
  async run(context) {
    const [file = ''] = context.operands;
    const program = await readProgramFile(file);
    const board = context.board();
    using group = board.workgroup(parseGroup(context.option('group')));
    const placements = placementsOf(program, board, group);
    const warning = missingTable(program, group.cores);
    if (warning !== undefined) warn(warning);
    group.reset();
    const loaded = writePlacements(placements, board);
    const verified = verifyProgram(loaded.placements, board);
    if (context.json) printJson(context, summaryOf(program, group, loaded, verified));
    else show(context, program, group, loaded, verified);
    return verified.differing === 0 ? 0 : 1;
  },
};

/** What a stretch of memory holds. */
type Kind = 'text' | 'data' | 'bss' | 'free';

/** How each kind is drawn: a letter where there is no colour, a background where there is. */
const STYLES: Readonly<Record<Kind, { letter: string; colour: string }>> = {
  text: { letter: 'T', colour: '44' },
  data: { letter: 'D', colour: '42' },
  bss: { letter: 'B', colour: '43' },
  free: { letter: '·', colour: '100' },
};
const CELLS = 64;

function paint(context: Context, colour: string, text: string): string {
  return context.colour ? `\u001b[${colour}m${text}\u001b[0m` : text;
}

function show(context: Context, program: Program, { board, cores }: WorkGroup, loaded: LoadReport, verified: VerifyReport): void {
  context.print(`${program.path} on ${cores.length} cores of ${board.chip.type}, ${board.kind === 'simulator' ? 'simulated' : board.path}`);
  context.print('');
  context.print('segment      in file  in memory  holds');
  const sections = sectionsOf(program);
  for (const segment of program.segments) {
    const names = (sections.get(segment) ?? []).join(' ');
    context.print(`${formatHex(segment.address, 5).padEnd(11)}${count(segment.data.length, 9)}${count(segment.memoryBytes, 11)}  ${kindOf(segment)}${names && `: ${names}`}`);
  }
  context.print('');
  showMesh(context, board, loaded.placements, verified);
  context.print('');
  showMemory(context, board, loaded.placements);
  context.print('');
  showRates(context, loaded, verified);
}

/** The cores as they lie in the mesh, with how full each one's SRAM is. */
function showMesh(context: Context, board: Board, placements: readonly Placement[], verified: VerifyReport): void {
  context.print('mesh: core ID, SRAM in use, state');
  for (let row = 0; row < board.chip.rows; ++row) {
    const cells = Array.from({ length: board.chip.columns }, (_, column) => {
      const core = board.core(row, column);
      const used = usedBytes(core, placements);
      const id = core.registers.COREID.read();
      const { active } = core.registers.STATUS.read();
      const { halted } = core.registers.DEBUGSTATUS.read();
      const isRight = id.value === core.id && !verified.differences.some((difference) => difference.core?.id === core.id);
      const text = ` ${formatHex(id.value)} ${String(Math.round((100 * used) / SRAM_BYTES)).padStart(3)}% ${halted ? 'halted' : active ? 'active' : 'idle  '} `;
      return paint(context, isRight ? '30;46' : '97;41', isRight ? text : text.replace(/ $/, '!'));
    });
    context.printAsIs(`  ${cells.join(' ')}`.trimEnd());
  }
}

/** Each core's SRAM as a row of cells: what most of the bytes of a cell hold. */
function showMemory(context: Context, board: Board, placements: readonly Placement[]): void {
  const legend = (Object.keys(STYLES) as Kind[]).map((kind) => `${paint(context, STYLES[kind].colour, context.colour ? '  ' : STYLES[kind].letter)} ${kind}`);
  context.printAsIs(`SRAM, ${SRAM_BYTES / CELLS} bytes a cell: ${legend.join('  ')}`);
  for (const core of board.cores) {
    const kinds = pictureOf(core, placements);
    const bar = kinds.map((kind) => paint(context, STYLES[kind].colour, context.colour ? ' ' : STYLES[kind].letter)).join('');
    context.printAsIs(`  ${formatHex(core.id)} ${bar}`);
  }
}

function showRates(context: Context, loaded: LoadReport, verified: VerifyReport): void {
  const megabytes = (bytes: number, nanoseconds: number): string => `${((bytes * 1000) / nanoseconds).toFixed(0)} MB/s`;
  const dram = loaded.placements.filter((placement) => !placement.core).reduce((sum, { segment }) => sum + segment.memoryBytes, 0);
  if (dram > 0) context.print(`shared DRAM  ${count(dram)} bytes, written once`);
  context.print(`written      ${count(loaded.bytes)} bytes by bulk copies, ${megabytes(loaded.bytes, loaded.nanoseconds)}`);
  context.print(`read back    ${count(verified.words)} words through zero-copy windows, ${megabytes(verified.words * 4, verified.nanoseconds)}`);
  if (verified.differing === 0) {
    context.print('every byte is as the program has it');
    return;
  }
  context.print(`${count(verified.differing)} bytes differ:`);
  for (const { core, address, expected, actual } of verified.differences) {
    context.print(`  ${core ? formatHex(core.id) : 'DRAM'} ${formatHex(address, 5)}: ${formatHex(actual, 2)} instead of ${formatHex(expected, 2)}`);
  }
}

function summaryOf(program: Program, { board, cores }: WorkGroup, loaded: LoadReport, verified: VerifyReport): object {
  return {
    file: program.path,
    type: board.chip.type,
    cores: cores.length,
    segments: program.segments.map((segment) => ({ address: formatHex(segment.address), fileBytes: segment.data.length, memoryBytes: segment.memoryBytes, kind: kindOf(segment) })),
    bytesWritten: loaded.bytes,
    writeNanoseconds: loaded.nanoseconds,
    wordsRead: verified.words,
    readNanoseconds: verified.nanoseconds,
    bytesDiffering: verified.differing,
  };
}

function kindOf(segment: Segment): Kind {
  if (segment.data.length === 0) return 'bss';
  return segment.flags.execute ? 'text' : 'data';
}

/** The names of the sections that each segment holds. */
function sectionsOf({ segments, sections }: Program): Map<Segment, string[]> {
  const names = new Map<Segment, string[]>(segments.map((segment) => [segment, []]));
  for (const { name, flags, address, bytes } of sections) {
    const segment = lastUpTo(segments, address);
    if (segment && flags.allocate && bytes > 0 && address + bytes <= segment.address + segment.memoryBytes) names.get(segment)?.push(name);
  }
  return names;
}

function usedBytes(core: Core, placements: readonly Placement[]): number {
  return placements.filter((placement) => placement.core?.id === core.id).reduce((sum, { segment }) => sum + segment.memoryBytes, 0);
}

function pictureOf(core: Core, placements: readonly Placement[]): Kind[] {
  const cellBytes = SRAM_BYTES / CELLS;
  const kinds = new Array<Kind>(CELLS).fill('free');
  for (const { core: owner, address, segment } of placements) {
    if (owner?.id !== core.id) continue;
    const filled = address + segment.data.length;
    const end = address + segment.memoryBytes;
    for (let at = address; at < end; at += cellBytes - (at % cellBytes)) {
      kinds[Math.floor(at / cellBytes)] = at < filled ? kindOf(segment) : 'bss';
    }
  }
  return kinds;
}

function count(value: number, width = 0): string {
  return value.toLocaleString('en').padStart(width);
}
