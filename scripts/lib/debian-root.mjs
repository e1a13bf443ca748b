// SPDX-License-Identifier: MIT
/** Roots of other releases of Debian: all the files of such a machine, in a folder of the user's cache. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { cachePath } from './cache.mjs';
import { built, demandTools, fresh, keyOf } from './cached-build.mjs';
import { debianNeeds, inFirstSuite, keyring } from './debian.mjs';
import { run } from './run.mjs';

/** The programs that this takes, and the Debian packages that have them. */
const needs = {
  ...debianNeeds, mmdebstrap: 'mmdebstrap', tar: 'tar', find: 'findutils',
  ...(process.getuid() === 0 ? {} : { newuidmap: 'uidmap' }), // by which others than root have users of their own
};

/** Without device nodes, which only root may make, and manuals; with apt's lists, by which programs find sources. */
const OPTIONS = [
  '--variant=minbase', '--skip=output/dev', '--skip=cleanup/apt/lists', '--customize-hook=chroot "$1" useradd --create-home user',
  '--aptopt=Acquire::GzipIndexes "true"', '--dpkgopt=force-unsafe-io', ...['doc', 'info', 'locale', 'man'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
];

/** How this machine's apt reaches its mirror, proxies and all: mmdebstrap's own is not told. */
const aptOptions = () => run(['apt-config', 'dump', '--no-empty', 'Acquire']).trim().split('\n').filter((line) => !line.startsWith('Acquire::IndexTargets')).map((line) => `--aptopt=${line}`);

/** Where others put what this machine has: a folder, and files. */
const MOUNT_POINTS = ['dev/', 'etc/hosts', 'etc/resolv.conf'];

/**
 * The folder with a root of `suite`, with these packages and what they depend on, and a user "user". It is made anew
 * when the suite has changed. Nobody writes there.
 */
export async function debianRoot(name, packages) {
  demandTools(needs);
  const architecture = run(['dpkg', '--print-architecture']).trim();
  const { mirror, key } = await inFirstSuite([name], architecture, (suite) => suite.state());
  const place = cachePath(`root-${name}-${keyOf(key, packages, OPTIONS, MOUNT_POINTS)}`);
  return built(place, `a root of ${name}`, async ({ work, phase }) => {
    const [tree, archive] = ['tree', 'root.tar'].map((file) => join(work, file));
    await phase('packages', async (step) => {
      rmSync(archive, { force: true });
      const source = `deb [signed-by=${keyring}] ${mirror} ${name} main`;
      await step('mmdebstrap', ...OPTIONS, ...aptOptions(), `--include=${packages.join(',')}`, name, archive, source);
    });
    await phase('unpacking', async (step) => {
      await step('tar', '--extract', '--file', archive, '--directory', fresh(tree), '--no-same-owner', '--preserve-permissions');
      await step('find', tree, '-perm', '/6000', '-exec', 'chmod', 'ug-s', '{}', '+'); // here they belong to the user who runs this
      for (const name of MOUNT_POINTS) {
        if (name.endsWith('/')) mkdirSync(join(tree, name), { recursive: true });
        else writeFileSync(join(tree, name), '');
      }
    });
    return tree;
  });
}
