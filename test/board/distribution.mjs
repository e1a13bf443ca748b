// SPDX-License-Identifier: MIT
/** Debian's own kernels, for a machine that they know: as `kernel` of kernel.mjs gives those of our building. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';

import { cached } from '../../scripts/lib/cache.mjs';
import { keyOf } from '../../scripts/lib/cached-build.mjs';
import { inFirstSuite, unpack } from '../../scripts/lib/debian.mjs';
import { kernelHeaders, kernels } from '../../scripts/kernel/headers.mjs';
import { run } from '../../scripts/lib/run.mjs';

/** What the first program on the board cannot do without. */
const WANTED = ['virtio_mmio', '9p', '9pnet_virtio', 'overlay', 'virtio_console'];

export const distributions = Object.keys(kernels);

/** Of a kernel by its name in scripts/kernel/headers.mjs. Headers and image are of the same release. */
export async function distributionKernel(name) {
  const { release, command } = await kernelHeaders(name, 'armhf');
  const folder = await inFirstSuite(kernels[name], 'armhf', async (suite) => {
    const packages = await suite.closure([`linux-image-${release}`], (each) => /^linux-(base|binary|modules)-\d/.test(each));
    return cached(`kernel-${release}-${keyOf(WANTED, packages.map(({ sha256 }) => sha256))}`, async (scratch) => {
      unpack(await suite.fetch(packages), join(scratch, 'packages'));
      return reduced(join(scratch, 'packages'), release, join(scratch, 'kernel'));
    });
  });
  const modules = readdirSync(folder).filter((file) => file.endsWith('.ko')).sort().map((file) => join(folder, file));
  return { flavour: name, machine: 'epiphany-virt', make: command, image: join(folder, 'vmlinuz'), modules };
}

/** The image, and the wanted modules with all they need, in the order in which they can be loaded. */
function reduced(packages, release, folder) {
  mkdirSync(folder);
  const image = [`boot/vmlinuz-${release}`, `usr/lib/modules/${release}/vmlinuz`].map((file) => join(packages, file)).find(existsSync);
  copyFileSync(image, join(folder, 'vmlinuz'));
  const library = ['lib/modules', 'usr/lib/modules'].map((path) => join(packages, path, release)).find(existsSync);
  const files = new Map(readdirSync(library, { recursive: true }).filter((file) => /\.ko(\.xz)?$/.test(file)).map((file) => [nameOf(file), join(library, file)]));
  const builtIn = new Set(readFileSync(join(library, 'modules.builtin'), 'utf8').split('\n').map(nameOf));
  const loaded = new Set();
  const load = (name) => {
    if (loaded.has(name) || builtIn.has(name)) return;
    if (!files.has(name)) throw new Error(`Linux ${release} has no module ${name}`);
    const plain = join(folder, `${name}.unpacked`);
    unpackModule(files.get(name), plain);
    for (const needed of /\0depends=([^\0]*)\0/.exec(readFileSync(plain, 'latin1'))[1].split(',').filter(Boolean)) load(nameOf(needed));
    renameSync(plain, join(folder, `${String(loaded.size).padStart(2, '0')}-${name}.ko`));
    loaded.add(name);
  };
  WANTED.forEach(load);
  return folder;
}

function unpackModule(from, to) {
  if (from.endsWith('.xz')) run(['sh', '-c', 'xz --decompress --stdout "$1" >"$2"', 'sh', from, to]);
  else copyFileSync(from, to);
}

const nameOf = (file) => basename(file).replace(/\.ko(\.xz)?$/, '').replaceAll('-', '_');
