// SPDX-License-Identifier: MIT
// Checks of how the driver gets onto a machine.

import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { kernelHeaders } from '../headers.mjs';
import { collect, filesIn } from './tools.mjs';

const product = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

/** How DKMS ends where a module is not for a kernel. */
const EXCLUDED = 77;

/** DKMS goes by a version, which is the product's, and builds for kernels that can have the driver, no others. */
export async function packaging({ source, scratch }) {
  const text = readFileSync(join(source, 'dkms.conf'), 'utf8');
  const setting = (name) => new RegExp(`^${name}="(.*)"$`, 'm').exec(text)?.[1];
  const version = setting('PACKAGE_VERSION');
  if (version !== product.version) throw new Error(`dkms.conf is of version ${version}, and package.json of ${product.version}`);
  const conditions = setting('BUILD_EXCLUSIVE_CONFIG')?.split(' ') ?? [];
  const forgotten = demands(readFileSync(join(source, 'Kconfig'), 'utf8')).filter((name) => !conditions.includes(name));
  if (forgotten.length > 0) throw new Error(`Kconfig wants ${forgotten.join(', ')}; BUILD_EXCLUSIVE_CONFIG does not`);

  const { release, command } = await kernelHeaders('6.12', 'armhf');
  const [, , headers, ...variables] = command;
  const dkms = dkmsOf(source, version, scratch, variables);
  const { code, text: log, modules } = await dkms(release, headers);
  if (code !== 0 || modules.join() !== 'epiphany.ko') throw new Error(`DKMS builds ${modules.join(', ') || 'nothing'} for ${release}:\n${log}`);

  // The same kernel without one of the conditions each time, and a real one of a machine that has no device tree.
  const config = readFileSync(join(headers, '.config'), 'utf8');
  for (const condition of conditions) {
    const folder = join(scratch, condition);
    mkdirSync(folder);
    copyFileSync(join(headers, 'Makefile'), join(folder, 'Makefile'));
    const [, not, name] = /^(!?)(.*)$/.exec(condition);
    writeFileSync(join(folder, '.config'), not ? `${config}${name}=y\n` : config.replace(new RegExp(`^${name}=.*$`, 'm'), `# ${name} is not set`));
    await mustExclude(dkms, release, folder, condition);
  }
  const { release: other, command: [, , itsHeaders] } = await kernelHeaders('6.1', 'amd64');
  await mustExclude(dkms, other, itsHeaders, 'a kernel without device trees');
  return `dkms.conf is of version ${version}, as package.json; DKMS builds for ${release}, and not without ${conditions.join(', ')}`;
}

async function mustExclude(dkms, release, headers, reason) {
  const { code, text } = await dkms(release, headers);
  if (code !== EXCLUDED) throw new Error(`DKMS ended with ${code} for ${release} in spite of ${reason}:\n${text}`);
}

/** The symbols that a module's kernel must have, as CONFIG_NAME: alternatives are no demands. */
function demands(kconfig) {
  const [driver] = kconfig.split(/^config (?!EPIPHANY$)/m);
  const lines = [...driver.matchAll(/^\t(?:depends on|select) ([A-Z0-9_&! ]+)$/gm)].map(([, expression]) => expression);
  return lines.flatMap((line) => line.split(' && ')).map((name) => (name.startsWith('!') ? `!CONFIG_${name.slice(1)}` : `CONFIG_${name}`));
}

/** A function that builds the driver as an installed DKMS would, for a release with its headers, but nowhere on this machine. */
function dkmsOf(source, version, scratch, variables) {
  const folder = (name) => join(scratch, name);
  for (const name of ['sources', 'modules']) mkdirSync(folder(name));
  cpSync(source, join(folder('sources'), `epiphany-${version}`), { recursive: true });
  let runs = 0;
  return async (release, headers) => {
    const tree = folder(`tree${++runs}`);
    mkdirSync(tree);
    const where = ['--dkmstree', tree, '--sourcetree', folder('sources'), '--installtree', folder('modules'), '--kernelsourcedir', headers];
    const command = ['dkms', 'build', '-m', 'epiphany', '-v', version, '-k', release, '-a', 'any', ...where];
    // What a native build need not be told.
    const env = { ...process.env, MAKEFLAGS: ` -- ${variables.join(' ')}` };
    const { code, text } = await collect(command, { env });
    const log = filesIn(tree, /make\.log$/).map((name) => readFileSync(join(tree, name), 'utf8'));
    return { code, text: text + log.join(''), modules: filesIn(tree, /\.ko$/).map((name) => name.split('/').at(-1)) };
  };
}
