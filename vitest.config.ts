// SPDX-License-Identifier: MIT
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes with real garbage collection: tests of leaks and of exits need both.
    pool: 'forks',
    execArgv: ['--expose-gc'],
    // For what hangs, not for a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    coverage: { include: ['lib/**/*.ts'], exclude: ['lib/cli/**'], reporter: ['text'] },
  },
});
