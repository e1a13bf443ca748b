// SPDX-License-Identifier: MIT
/** The examples by their own host programs, on this board: what they show must be true. */
import assert from 'node:assert/strict';

import { hello } from '../../../dist/examples/hello/hello.js';
import { mandelbrot } from '../../../dist/examples/mandelbrot/mandelbrot.js';
import * as matmul from '../../../dist/examples/matmul/matmul.js';
import { pingPong } from '../../../dist/examples/ping-pong/ping-pong.js';
import { measure } from '../../../dist/examples/shared-struct/shared-struct.js';
import * as stencil from '../../../dist/examples/stencil/stencil.js';
import { using } from './tools.mjs';

const idsOf = (open) => using(open, ({ cores }) => cores.map(({ id }) => id));

export const cases = [
  {
    name: 'hello is said by every core',
    async run(open, { path }) {
      const ids = await idsOf(open);
      const texts = await hello(path);
      assert.deepEqual(ids.map((id) => texts.get(id)), ids.map((id, index) => `hello from core 0x${id.toString(16)}, number ${index} of ${ids.length}\n`));
    },
  },
  {
    name: 'matmul gives exactly what the host computes',
    async run(open, { path }) {
      for (let time = 0; time < 3; ++time) {
        const [a, b] = [matmul.random(), matmul.random()];
        assert.deepEqual(await matmul.multiply(a, b, path), matmul.expected(a, b));
      }
    },
  },
  {
    name: 'mandelbrot draws every pixel as the host does, and no core is idle',
    run: (open) =>
      using(open, async (board) => {
        const { wrong, loads } = await mandelbrot(board, 256, 192, 64);
        assert.equal(wrong, 0);
        assert.ok(loads.every((load) => load > 0), loads.join());
      }),
  },
  {
    name: 'ping-pong loses no ball',
    features: ['events'],
    async run(open, { path }) {
      const trips = await pingPong(50, path);
      assert.deepEqual([...trips.keys()], await idsOf(open));
      assert.ok([...trips.values()].every((times) => times.length === 50));
    },
  },
  {
    name: 'shared-struct gives back what each core has computed',
    async run(open, { path }) {
      const ids = await idsOf(open);
      const sensors = ids.map((_, sensor) => Array.from({ length: 10 + (sensor % 15) }, (__, time) => 37 * ((sensor + 3 * time) % 11) - 200));
      const results = await measure(sensors, path);
      assert.deepEqual(results.map(({ core, count, sum }) => [core, count, sum]), ids.map((id, index) => [id, sensors[index].length, sensors[index].reduce((sum, sample) => sum + 0.25 * sample - 10, 0)]));
    },
  },
  {
    name: 'stencil gives every bit that the host computes',
    async run(open, { path }) {
      assert.deepEqual(await stencil.heat(60, path), stencil.expected(60));
    },
  },
];
