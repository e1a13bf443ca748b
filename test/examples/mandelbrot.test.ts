// SPDX-License-Identifier: MIT
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openBoard } from 'node-epiphany';
import { mandelbrot } from '../../examples/mandelbrot/mandelbrot.js';
import { heatMap, png, text } from '../../examples/mandelbrot/picture.js';

const PROGRAM = fileURLToPath(new URL('../../examples/mandelbrot/mandelbrot.elf', import.meta.url));

describe('the Mandelbrot set', () => {
  it.each([
    ['sim', 16],
    ['sim:e64g401', 64],
  ])('on %s is as the host computes it, and each of %i cores has a share', async (path, cores) => {
    using board = openBoard(path);
    const shares: number[] = [];
    const { picture, loads, wrong } = await mandelbrot(board, 128, 96, 64, (share) => shares.push(share));
    expect(wrong).toBe(0);
    expect(loads).toHaveLength(cores);
    expect(Math.min(...loads)).toBeGreaterThan(0);
    expect(shares.at(-1)).toBe(1);
    // The middle belongs to the set, the corner is left behind at once.
    expect([picture.steps[48 * 128 + 64], picture.steps[0]]).toEqual([64, 1]);
  });

  it('is computed without a host, too, by all cores together', async () => {
    using board = openBoard('sim');
    using group = board.workgroup();
    await group.load(PROGRAM);
    group.start();
    const texts = new Map<number, string>();
    const output = (async () => {
      for await (const { core, text: part } of group.output) texts.set(core.id, (texts.get(core.id) ?? '') + part);
    })();
    await group.finished({ timeout: 200_000 });
    await output;
    const done = [...texts.values()].map((line) => /^(\d+) rows of the Mandelbrot set, (\d+) steps\n$/.exec(line)!.slice(1).map(Number) as [number, number]);
    expect(done).toHaveLength(16);
    expect(done.reduce((sum, [rows]) => sum + rows, 0)).toBe(256);
    expect(Math.min(...done.map(([, steps]) => steps))).toBeGreaterThan(0);
  });

  it('becomes a file, and text', () => {
    const picture = { columns: 4, rows: 2, iterations: 10, steps: Uint16Array.of(1, 5, 10, 1, 1, 1, 10, 1) };
    expect([...png(picture).subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
    expect(text(picture, 4, false)).toMatch(/^.\S@/);
    expect(text(picture, 4, true).match(/▀/g)).toHaveLength(4);
    expect(heatMap([1, 2, 4, 4], 2, false)).toBe('    25 %   50 % \n   100 %  100 % ');
  });
});
