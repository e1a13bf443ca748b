// SPDX-License-Identifier: MIT
import { describe, it } from 'vitest';
import { boardOf, openBoard, type Board } from '../../lib/board.js';
import { CharDeviceTransport } from '../../lib/transport/chardev.js';
import { FakeDriver } from '../unit/fake-driver.js';
import { FakeNewDriver } from '../unit/fake-new-driver.js';
import type { Need } from './case.js';
import { cases } from './cases.js';
import { lacks } from './needs.js';

/** Each way to a chip, and what cannot be asked of it. Register pages of injected drivers are plain memory. */
const transports: { name: string; open: () => Board; without?: Need[] }[] = [
  { name: 'simulated E16G301', open: () => openBoard('sim') },
  { name: 'simulated E64G401', open: () => openBoard('sim:e64g401') },
  { name: 'character device of the old driver, injected, E16G301', open: () => boardOf(new CharDeviceTransport(new FakeDriver())), without: ['registers'] },
  { name: 'character device of the old driver, injected, E64G401', open: () => boardOf(new CharDeviceTransport(new FakeDriver({ chipType: 2n }))), without: ['registers'] },
  { name: 'character device of our driver, injected, E16G301', open: () => boardOf(new CharDeviceTransport(new FakeNewDriver())), without: ['registers', 'elink'] },
  { name: 'character device of our driver, injected, E64G401', open: () => boardOf(new CharDeviceTransport(new FakeNewDriver(2))), without: ['registers', 'elink'] },
];

describe.each(transports)('$name', ({ open, without = [] }) => {
  const board = open();
  for (const { name, needs = [], run } of cases) {
    const missing = [...lacks(board, needs), ...needs.filter((need) => without.includes(need))];
    // Reported by name as not run: what a transport lacks by its nature cannot be asked of it.
    it.skipIf(missing.length > 0)(missing.length > 0 ? `${name} (needs ${missing.join(', ')})` : name, () => run(open));
  }
  board.close();
});
