// SPDX-License-Identifier: MIT
import { parseNumber, printJson, UsageError, type Command } from './command.js';

const DEFAULT_BYTES = 4 * 2 ** 20;
const MOST_BYTES = 16 * 2 ** 20;

export const dma: Command = {
  operands: '[BYTES]',
  summary: 'copies by the DMA engine to shared DRAM and back, compares, and says how fast it was',
  examples: ['epiphany dma', 'epiphany dma 65536 --json'],
  count: [0, 1],
  async run(context) {
    const [text] = context.operands;
    const bytes = text === undefined ? DEFAULT_BYTES : parseNumber('BYTES', text);
    if (bytes < 4 || bytes > MOST_BYTES || bytes % 4 !== 0) throw new UsageError(`BYTES must be a multiple of 4 from 4 to ${MOST_BYTES}, got ${text}`);
    const board = context.board();
    const sent = new Uint32Array(bytes / 4).map((_, index) => Math.imul(index + 1, 0x9e3779b1));
    const received = new Uint32Array(bytes / 4);
    using buffer = board.dram.alloc(bytes);
    const seconds: number[] = [];
    for (const [from, to] of [[sent, buffer], [buffer, received]] as const) {
      const begin = performance.now();
      await board.dma.copy(from, to, bytes);
      seconds.push((performance.now() - begin) / 1000);
    }
    const isRight = received.every((word, index) => word === sent[index]);
    const [write = 0, read = 0] = seconds.map((time) => bytes / 1e6 / time);
    if (context.json) printJson(context, { bytes, right: isRight, write, read, simulated: board.kind === 'simulator' });
    else {
      context.print(`${bytes} bytes: ${write.toFixed(1)} MB/s to shared DRAM, ${read.toFixed(1)} MB/s back${board.kind === 'simulator' ? ', by the simulator, which has no DMA engine of a host' : ''}`);
      context.print(isRight ? 'what came back is what was sent' : 'WHAT CAME BACK IS NOT WHAT WAS SENT');
    }
    return isRight ? 0 : 1;
  },
};
