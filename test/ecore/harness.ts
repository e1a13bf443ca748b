// SPDX-License-Identifier: MIT
/** Runs the programs of this directory on simulated cores, and does for them what a loader and a host do. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openBoard, type Board, type BoardEvent, type Core } from '../../lib/index.js';
import { readElf } from '../../lib/program/elf.js';
import { placeProgram, writePlacements } from '../../lib/program/loader.js';
import type { Program } from '../../lib/program/program.js';

/** A work-group: a rectangle of cores, from its north-west corner. */
export interface Group {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

export const WHOLE_CHIP: Group = { row: 0, column: 0, rows: 4, columns: 4 };

const RESUME = 0;
const TRAPS = { exit: 3, systemCall: 7 } as const;
/** By R3. */
const SYSTEM_CALLS = { open: 2, write: 5 } as const;
const [ENOENT, ENOSYS] = [2, 88]; // as newlib numbers them
const MOST_INSTRUCTIONS = 50_000_000;

export function fileOf(name: string): string {
  return fileURLToPath(new URL(`programs/${name}.elf`, import.meta.url));
}

export function readProgram(name: string): Program {
  return readElf(readFileSync(fileOf(name)), fileOf(name));
}

/** A program on the cores of a group of a simulated board that stands still between calls. */
export class Run implements Disposable {
  readonly board: Board = openBoard('sim', { stepped: true });
  readonly program: Program;
  readonly cores: readonly Core[];
  /** What each core has written to its standard output, by core ID. */
  readonly output = new Map<number, string>();
  /** Exit codes by core ID. */
  readonly exits = new Map<number, number>();
  /** Halts that were neither an exit nor a system call. */
  readonly halts: BoardEvent[] = [];

  constructor(name: string, group: Group = WHOLE_CHIP, parameters: readonly string[] = []) {
    this.program = readProgram(name);
    const { row, column, rows, columns } = group;
    this.cores = Array.from({ length: rows * columns }, (_, rank) => this.board.core(row + Math.floor(rank / columns), column + (rank % columns)));
    writePlacements(placeProgram(this.program, this.board, this.cores), this.board);
    for (const [rank, core] of this.cores.entries()) {
      const first = this.cores[0]?.id ?? 0;
      const record = [3, 0, first, first >> 6, first & 63, rows, columns, Math.floor(rank / columns), rank % columns, 0];
      core.write(this.section('workgroup_cfg').address, new Uint32Array(record));
      core.write(this.section('.ecore_arguments').address, this.#argumentBlock(parameters));
    }
  }

  [Symbol.dispose](): void {
    this.board.close();
  }

  section(name: string): Program['sections'][number] {
    const section = this.program.sections.find((candidate) => candidate.name === name);
    if (!section) throw new Error(`no section ${name}`);
    return section;
  }

  /** Where a variable lies. C names begin with an underscore with this compiler. */
  address(variable: string): number {
    const symbol = this.program.symbolsByName.get(`_${variable}`);
    if (!symbol) throw new Error(`no variable ${variable}`);
    return symbol.address;
  }

  /** A word of a variable in a core. */
  word(core: Core, variable: string, index = 0): number {
    return core.readWord(this.address(variable) + 4 * index);
  }

  start(): void {
    for (const core of this.cores) core.registers.ILATST.write(1);
  }

  /** Lets the cores run, and serves their system calls, until all have come to rest. */
  async finish(options: { quantum?: number; seed?: number } = {}): Promise<void> {
    let left = MOST_INSTRUCTIONS;
    for (let busy = true; busy; ) {
      const { instructions, stop } = await (this.board.simulator as NonNullable<Board['simulator']>).run({ instructions: left, ...options });
      if ((left -= instructions) <= 0) throw new Error(`still running after ${MOST_INSTRUCTIONS} instructions (${stop})`);
      busy = false;
      for (const event of await this.#events()) {
        if (event.type === 'halt' && this.#serve(event)) busy = true;
      }
    }
  }

  async run(options: { quantum?: number; seed?: number } = {}): Promise<this> {
    this.start();
    await this.finish(options);
    return this;
  }

  /** What has happened since the last call. */
  async #events(): Promise<BoardEvent[]> {
    const events = [];
    for (;;) {
      try {
        events.push(await this.board.events.receive({ timeout: 0 }));
      } catch (error) {
        if ((error as { code?: string }).code === 'ERR_EPIPHANY_TIMEOUT') return events;
        throw error;
      }
    }
  }

  /** Does what a halted core asks for. Whether it goes on. */
  #serve(event: BoardEvent): boolean {
    const core = this.board.coreById(event.core ?? 0);
    const [r0, r1, r2, r3] = (['R0', 'R1', 'R2', 'R3'] as const).map((name) => core.registers[name].read().value) as [number, number, number, number];
    if (event.trap === TRAPS.exit) {
      this.exits.set(core.id, r0);
      return false;
    }
    if (event.trap !== TRAPS.systemCall) {
      this.halts.push(event);
      return false;
    }
    let [result, error] = [-1, ENOSYS];
    if (r3 === SYSTEM_CALLS.write) {
      const text = Buffer.from(this.#bytes(core, r1, r2)).toString();
      this.output.set(core.id, (this.output.get(core.id) ?? '') + text);
      [result, error] = [r2, 0];
    } else if (r3 === SYSTEM_CALLS.open) error = ENOENT;
    core.registers.R0.write(result >>> 0);
    core.registers.R3.write(error);
    core.registers.DEBUGCMD.write(RESUME);
    return true;
  }

  #bytes(core: Core, address: number, length: number): Uint8Array {
    if (address < 0x100000) return core.read(address, length);
    return this.board.sharedDramMapping().read(address - (this.board.sharedDram?.address ?? 0), length);
  }

  /** argc, the pointers of argv, a null pointer, and then the texts. */
  #argumentBlock(parameters: readonly string[]): Uint8Array {
    const { address, bytes } = this.section('.ecore_arguments');
    const texts = parameters.map((parameter) => Buffer.from(`${parameter}\0`));
    const block = Buffer.alloc(bytes);
    let at = 4 * (parameters.length + 2);
    block.writeUInt32LE(parameters.length, 0);
    for (const [index, text] of texts.entries()) {
      block.writeUInt32LE(address + at, 4 * (index + 1));
      at += text.copy(block, at);
    }
    if (at > bytes) throw new Error('too many arguments');
    return block;
  }
}
