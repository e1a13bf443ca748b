// SPDX-License-Identifier: MIT
// Checks of how the driver gets onto a machine.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const product = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** DKMS goes by a version: it is the product's. */
export async function packaging({ source }) {
  const text = readFileSync(join(source, 'dkms.conf'), 'utf8');
  const version = /^PACKAGE_VERSION="(.*)"$/m.exec(text)?.[1];
  if (version !== product.version) throw new Error(`dkms.conf is of version ${version}, and package.json of ${product.version}`);
  return `dkms.conf is of version ${version}, as package.json`;
}
