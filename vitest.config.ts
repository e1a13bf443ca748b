// SPDX-License-Identifier: MIT
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes with real garbage collection: tests of leaks and of exits need both.
    pool: 'forks',
    execArgv: ['--expose-gc'],
    testTimeout: 300_000, // for what hangs, not for a busy machine
    coverage: { include: ['lib/**/*.ts'], exclude: ['lib/cli/**'], reporter: ['text'] },
  },
});
