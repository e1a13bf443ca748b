// SPDX-License-Identifier: MIT
import { accessSync, constants } from 'node:fs';
import { Board, listBoards } from '../board.js';
import { EpiphanyError, formatHex } from '../errors.js';
import { probeAddon } from './addon.js';
import { printJson, type Command, type Context } from './command.js';

interface Finding {
  readonly name: string;
  /** `none`: it is not there, and need not be. */
  readonly state: 'ok' | 'none' | 'bad';
  readonly text: string;
}

/** A check: what it found, or what it throws if that is bad. */
type Check = () => string | { readonly none: string } | Promise<string | { readonly none: string }>;

export const doctor: Command = {
  operands: '',
  summary: 'checks addon, driver, permissions, chip, mailbox, shared DRAM and DMA, and says what to do',
  examples: ['epiphany doctor', 'epiphany doctor --board /dev/epiphany/mesh0 --json'],
  count: [0, 0],
  async run(context) {
    const findings: Finding[] = [];
    const check = async (name: string, run: Check): Promise<boolean> => {
      try {
        const found = await run();
        findings.push(typeof found === 'string' ? { name, state: 'ok', text: found } : { name, state: 'none', text: found.none });
        return true;
      } catch (error) {
        findings.push({ name, state: 'bad', text: textOf(error) });
        return false;
      }
    };
    await check('system', () => `Node ${process.version} on ${process.arch}`);
    const hasAddon = await check('addon', () => `loads: ${probeAddon()}`);
    await check('boards', devices);
    let board: Board | undefined;
    if (hasAddon && await check('open', () => describe((board = context.board()))) && board) await checkBoard(context.board(), check);
    report(context, findings);
    return findings.some(({ state }) => state === 'bad') ? 1 : 0;
  },
};

/** Of an error of several lines, in one. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof EpiphanyError && error.code === 'ERR_EPIPHANY_NO_ADDON' ? error.message.replaceAll('\n  ', '; ').replace(':; ', ': ').replaceAll('\n', '. ') : error.message;
}

function devices(): string | { none: string } {
  const boards = listBoards();
  if (boards.length === 0) return { none: 'no driver: "modprobe epiphany" loads it; without a board there is the simulator, --board sim' };
  for (const { path } of boards) accessSync(path, constants.R_OK | constants.W_OK);
  return boards.map(({ path }) => path).join(', ');
}

function describe(board: Board): string {
  const { type, origin } = board.chip;
  return `${board.path}: ${type} from core ID ${formatHex(origin)}${board.kind === 'simulator' ? ', simulated' : ''}`;
}

async function checkBoard(board: Board, check: (name: string, run: Check) => Promise<boolean>): Promise<void> {
  const { features } = board;
  await check('driver', () => {
    const { abiVersion, driverFeatures } = board.status();
    if (abiVersion === undefined) return { none: 'simulated boards have none' };
    if (abiVersion === 0) return { none: 'that of the 5.4 era: memory and registers work; no events, no DRAM to be given out, no DMA' };
    return `version ${abiVersion}${driverFeatures.map((name) => `, ${name}`).join('')}`;
  });
  const isAlive = await check('chip', () => {
    for (const core of board.cores) {
      const { value } = core.registers.COREID.read();
      if (value !== core.id) throw new Error(`core ${core.row},${core.column} says that it is ${formatHex(value)}, not ${formatHex(core.id)}: the link to the chip is broken`);
    }
    return `${board.cores.length} cores answer with their IDs`;
  });
  if (isAlive) {
    await check('SRAM', () => {
      using group = board.workgroup({ rows: 1, columns: 1 }, { access: 'shared' });
      const [core] = group.cores;
      if (!core) return { none: 'no core' };
      const before = core.readWord(0x7ffc);
      for (const word of [0xa5a5a5a5, 0x5a5a5a5a, before]) {
        core.writeWord(0x7ffc, word);
        const seen = core.readWord(0x7ffc);
        if (seen !== word) throw new Error(`${formatHex(word, 8)} was written and ${formatHex(seen, 8)} read`);
      }
      return 'holds what is written to it';
    });
  }
  await check('events', () => (features.events ? `${String(board.mailbox.lost)} lost` : { none: 'not with this driver' }));
  await check('DRAM', () => {
    if (!features.dram) return { none: 'parts of it are not given out by this driver' };
    using buffer = board.dram.alloc(4096);
    return `${formatHex(buffer.address)} was given out, and back`;
  });
  await check('DMA', async () => {
    if (!features.dma || !features.dram) return { none: 'the driver has no DMA engine' };
    using buffer = board.dram.alloc(4096);
    const sent = new Uint8Array(4096).map((_, index) => index * 7);
    await board.dma.copy(sent, buffer, 4096);
    if (Buffer.compare(sent, buffer.bytes) !== 0) throw new Error('what was copied is not what has arrived');
    return 'copies';
  });
}

const MARKS = { ok: 'ok  ', none: '-   ', bad: 'BAD ' } as const;

function report(context: Context, findings: readonly Finding[]): void {
  if (context.json) printJson(context, { findings });
  else for (const { name, state, text } of findings) context.print(`${MARKS[state]} ${name.padEnd(8)} ${text}`);
}
