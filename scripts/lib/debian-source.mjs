// SPDX-License-Identifier: MIT
// Debian's source packages: the very version of a program that is installed here, to build what goes with it.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { aptConfiguration, keptForADay, keyring, parsePackages } from './debian.mjs';
import { run } from './run.mjs';

/**
 * The name and version of the source that an installed package was built from.
 */
export function installedSource(name) {
  const [source, version, architecture] = run(['dpkg-query', '--show', '--showformat', '${source:Package} ${source:Version} ${Architecture}', name]).split(' ');
  return { source, version, architecture };
}

/** The same of the newest version there is to be had, for which the mirrors are asked once a day. */
export async function newestSource(source) {
  const architecture = run(['dpkg', '--print-architecture']).trim();
  const file = await keptForADay(`debian/index/source-${source}`, `the version of ${source}`, async (scratch) => {
    const configuration = configure(scratch, architecture);
    run(['apt-get', '--config-file', configuration, '--quiet', 'update']);
    const newest = parsePackages(run(['apt-cache', '--config-file', configuration, 'showsrc', '--only-source', source]))[source];
    if (!newest) throw new Error(`Debian's mirrors have no source of ${source}`);
    const made = join(scratch, 'version');
    writeFileSync(made, newest.version);
    return made;
  });
  return { source, version: readFileSync(file, 'utf8'), architecture };
}

/** Steps of a build that fetch a source package into `scratch`, and unpack it into `folder`. */
export async function unpackSource(step, { source, version, architecture }, scratch, folder) {
  const configuration = configure(scratch, architecture);
  await step('apt-get', '--config-file', configuration, '--quiet', 'update');
  await step('apt-get', '--config-file', configuration, '--quiet', 'source', '--download-only', '--only-source', `${source}=${version}`);
  const description = readdirSync(scratch).find((name) => name.startsWith(`${source}_`) && name.endsWith('.dsc'));
  rmSync(folder, { recursive: true, force: true }); // what a run left that was broken off here
  await step('dpkg-source', '--extract', join(scratch, description), folder);
}

/**
 * Configuration for an apt that finds source packages in the suites that this machine's has packages of, with lists of
 * its own in `scratch`: few machines have those of sources.
 */
function configure(scratch, architecture) {
  const own = join(scratch, 'apt');
  const configuration = join(own, 'apt.conf');
  const sources = join(own, 'sources');
  mkdirSync(join(own, 'lists/partial'), { recursive: true });
  writeFileSync(join(own, 'status'), '');
  writeFileSync(configuration, `${aptConfiguration(architecture, own)}Dir::Etc::SourceList "${sources}";\nDir::Etc::SourceParts "/dev/null";\n`);
  const known = run(['apt-get', 'indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)', 'Created-By: Packages', 'Origin: Debian']);
  const lines = [...new Set(known.trim().split('\n'))].map((line) => `deb-src [signed-by=${keyring}] ${line}\n`);
  writeFileSync(sources, lines.join(''));
  return configuration;
}
