// SPDX-License-Identifier: MIT
// Checks of what is added to a kernel's source.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { kernelHeaders, kernels, makeModule } from '../headers.mjs';
import { patchKernel } from '../patch.mjs';
import { kernelParts } from './tools.mjs';

const touched = ['drivers/misc', 'arch/arm/mm'];
const builtIn = 'arch/arm/mm/external-abort';

/** They apply to every kernel, twice without harm, and what they build into it compiles without a warning. */
export async function patches({ source, scratch }) {
  const names = Object.keys(kernels);
  for (const name of names) {
    const parts = await kernelParts(name);
    const tree = join(scratch, name, 'tree');
    for (const path of touched) cpSync(join(parts, path), join(tree, path), { recursive: true });
    patchKernel(tree, source);
    patchKernel(tree, source);

    // Where modules are built, but not as part of one: a whole kernel would take minutes.
    const folder = join(scratch, name, 'module');
    mkdirSync(folder);
    cpSync(join(tree, `${builtIn}.c`), join(folder, 'external-abort.c'));
    writeFileSync(join(folder, 'Kbuild'), 'obj-m := external-abort.o\n');
    const headers = await kernelHeaders(name, 'armhf');
    const { succeeded, log, warnings } = await makeModule(headers, folder, ['W=1', 'KBUILD_CFLAGS_MODULE='], 'external-abort.o');
    if (!succeeded || warnings.ours.length > 0) throw new Error(`${builtIn}.c on ${name}:\n${log}`);
  }
  return `apply to ${names.join(', ')}; ${builtIn}.c compiles there`;
}
