// SPDX-License-Identifier: MIT
/** The examples, by their own host programs: what they show must be true. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hello } from '../../examples/hello/hello.js';
import * as matmul from '../../examples/matmul/matmul.js';
import { pingPong } from '../../examples/ping-pong/ping-pong.js';
import { header, measure } from '../../examples/shared-struct/shared-struct.js';
import * as stencil from '../../examples/stencil/stencil.js';

const examples = new URL('../../examples/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, examples), 'utf8');
const COREIDS = [0x808, 0x809, 0x80a, 0x80b, 0x848, 0x849, 0x84a, 0x84b, 0x888, 0x889, 0x88a, 0x88b, 0x8c8, 0x8c9, 0x8ca, 0x8cb];

describe('hello', () => {
  it.each([['sim', 16], ['sim:e64g401', 64]])('is said by all cores of %s', async (path, cores) => {
    const texts = [...(await hello(path))].sort();
    expect(texts).toHaveLength(cores);
    for (const [index, [id, text]] of texts.entries()) expect(text).toBe(`hello from core 0x${id.toString(16)}, number ${index} of ${cores}\n`);
  });

  it('is printed by `epiphany run`, each line with the place of its core', () => {
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const elf = fileURLToPath(new URL('hello/hello.elf', examples));
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'run', elf, '--board', 'sim', '--group', '0,0,4,4'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trimEnd().split('\n').sort()).toEqual(COREIDS.map((id, index) => `${index >> 2},${index & 3} | hello from core 0x${id.toString(16)}, number ${index} of 16`).sort());
  });
});

describe('matmul', () => {
  it('gives exactly what the host computes, again and again', async () => {
    for (let time = 0; time < 5; ++time) {
      const [a, b] = [matmul.random(), matmul.random()];
      expect(await matmul.multiply(a, b, 'sim')).toEqual(matmul.expected(a, b));
    }
  });

  it('leaves a matrix as it is if the other one is the identity', async () => {
    const a = matmul.random();
    const size = Math.sqrt(a.length);
    const identity = a.map((_, index) => (index % (size + 1) === 0 ? 1 : 0));
    expect(await matmul.multiply(a, identity, 'sim')).toEqual(a);
    expect(await matmul.multiply(identity, a, 'sim')).toEqual(a);
  });
});

describe('ping-pong', () => {
  it('loses no ball', async () => {
    const trips = await pingPong(50, 'sim');
    expect([...trips.keys()]).toEqual(COREIDS);
    for (const times of trips.values()) {
      expect(times).toHaveLength(50);
      expect(Math.min(...times)).toBeGreaterThan(0);
    }
  });
});

describe('shared-struct', () => {
  it('has a header that is made of the description', () => {
    expect(read('shared-struct/measurement.h')).toBe(header);
  });

  it('gives back what each core has computed', async () => {
    const sensors = COREIDS.map((_, sensor) => Array.from({ length: 10 + sensor }, (__, time) => 37 * ((sensor + 3 * time) % 11) - 200));
    const values = sensors.map((samples) => samples.map((sample) => 0.25 * sample - 10));
    expect(await measure(sensors, 'sim')).toEqual(
      COREIDS.map((core, index) => ({
        sensor: index + 1,
        count: 10 + index,
        calibration: { gain: 0.25, offset: -10 },
        samples: Array.from({ length: 25 }, (_, at) => sensors[index]?.[at] ?? 0),
        core,
        smallest: Math.min(...values[index]!),
        largest: Math.max(...values[index]!),
        sum: values[index]?.reduce((sum, value) => sum + value, 0),
      })),
    );
  });

  it('says nothing of cores that had nothing to compute', async () => {
    expect((await measure([[4], [], [8, 12]], 'sim')).map(({ core, sum }) => [core, sum])).toEqual([[0x808, -9], [0x80a, -15]]);
  });
});

describe('stencil', () => {
  it.each([0, 1, 2, 33, 300])('gives after %i steps every bit that the host computes', async (steps) => {
    expect(await stencil.heat(steps, 'sim')).toEqual(stencil.expected(steps));
  });

  it('shows the hot edge on top', () => {
    const lines = stencil.picture(stencil.expected(100)).split('\n');
    expect(lines).toHaveLength(32);
    expect(lines[0]).toContain('%%%%%%%%');
    expect(lines[31]).toBe('');
  });
});

describe('every example', () => {
  const names = readdirSync(examples).filter((name) => !name.includes('.') && name !== 'first-light');

  it.each(names)('%s has what readers look for, and a host program of less than 60 lines', (name) => {
    expect(readdirSync(new URL(name, examples))).toEqual(expect.arrayContaining(['README.md', `${name}.c`, `${name}.elf`, `${name}.ts`]));
    expect(read(`${name}/${name}.ts`).trimEnd().split('\n').length).toBeLessThan(60);
    expect(read('README.md')).toContain(`[${name}](${name}/README.md)`);
    expect(read(`${name}/README.md`)).toMatch(new RegExp(`^epiphany cc .*-o ${name}\\.elf ${name}\\.c`, 'm'));
  });

  it('says what to do where there is no board', async () => {
    await expect(hello(undefined)).rejects.toThrow("openBoard('sim')");
  });
});
