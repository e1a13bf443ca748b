// SPDX-License-Identifier: MIT
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { kernelSource } from '../source.mjs';

/** What the checks want of a kernel's source. */
const parts = [
  'Makefile', 'Kconfig', 'scripts', 'include', 'Documentation/devicetree', 'arch/Kconfig', 'arch/arm', 'drivers/misc',
];

export const kernelParts = (kernel) => kernelSource(kernel, parts);

/** { code, text } of a command, whose complaints are among the text; `code` is null if it does not run at all. */
export function collect([program, ...args], options = {}) {
  return new Promise((fulfil, reject) => {
    execFile(program, args, { ...options, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') reject(new Error(`${program} is missing: see .ci/packages`));
      else fulfil({ code: error ? error.code : 0, text: stdout + stderr });
    });
  });
}

/** Files below a folder, as paths from there, whose names fit. */
export function filesIn(folder, pattern) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  return files.map((file) => file.slice(folder.length + 1)).filter((name) => pattern.test(name)).sort();
}
