// SPDX-License-Identifier: MIT
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/board/suites.test.mjs', 'test/board/driver.test.mjs'],
    // Boards want the whole machine.
    fileParallelism: false,
    pool: 'forks',
    // How long a test may take is the board's business, and whether it lives, its watchdog's.
    testTimeout: 0,
    hookTimeout: 0,
  },
});
