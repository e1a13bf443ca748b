// SPDX-License-Identifier: MIT
//
//   node scripts/package/types.mjs
//
// Compiles programs that use the packed package with the oldest TypeScript that we support, with version 6 and with the
// newest, each as its own "tsc --init" sets a project up and as strictly as they can, for every module setting, with
// Node's types and without any. The example of the README is one of the programs.
//
// It takes the npm registry, for the three of TypeScript and for Node's types, and what a prebuilt addon takes: the package
// is packed with one. 36 compilations, some minutes of one processor. `.ci/long` runs it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { withInstalledPackage } from './installed.mjs';
import { run } from '../lib/run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

const compilers = { oldest: 'typescript@~5.7.0', six: 'typescript@~6.0.0', newest: 'typescript@latest' };
const modules = [['node16', 'node16'], ['nodenext', 'nodenext'], ['esnext', 'bundler']];
const strictest = ['--skipLibCheck', 'false', '--noUncheckedIndexedAccess', 'true', '--exactOptionalPropertyTypes', 'true'];

/** Each part of the API that has types of its own, in one function: what "tsc --init" sets up may allow no await outside. */
const everything = `
import { layout, listBoards, openBoard, EpiphanyError, type BoardEvent, type CoreState, type Output, type SimulatorOptions } from 'node-epiphany';
import { CharDevice, type Mapping, type WaitOptions } from 'node-epiphany/device';

export async function use(signal: AbortSignal): Promise<number> {
  const options: SimulatorOptions = { stepped: true };
  using board = openBoard(listBoards()[0]?.path ?? 'sim', options);
  const wait: WaitOptions = { signal, timeout: 1000 };
  board.core(1, 2).registers.CONFIG.update({ arithmode: 'integer' });
  using group = board.workgroup({ rows: 1 }, { onRelease: 'halt' });
  await group.load('program.elf', { signal, onProgress: (done, total) => console.log(done / total) });
  group.start({ stdin: 'text' });
  for await (const { core, text } of group.output satisfies AsyncIterable<Output>) console.log(core.id, text);
  const [state]: CoreState[] = await group.finished(wait);
  const event: BoardEvent = await board.events.receive(wait);
  await board.dma.copy(new Uint8Array(4), board.dram.alloc(4), 4, { signal });
  const bytes: Uint8Array = board.simulator?.snapshot() ?? new Uint8Array(layout({ x: 'f32' }).bytes);
  using device = CharDevice.open('/dev/zero');
  const ready: ReadonlySet<string> = await device.ready('readable', wait);
  using mapping: Mapping = device.map({ offset: 0, length: 4096 });
  const floats: Float32Array = mapping.float32;
  floats[0] = group.symbol('result').gather('f32')[0]?.[0] ?? 0;
  console.log(new EpiphanyError('ERR_EPIPHANY_BUSY', 'busy').code, state?.fault?.where, event.type, bytes, ready);
  return (await board.mailbox.receive(wait)).word;
}

// @ts-expect-error: types that are missing would allow anything
openBoard(5);
// @ts-expect-error
CharDevice.open('/dev/zero').map({ offset: '0' });
`;

/** The imports of an example stay outside of the function that the rest of it goes into. */
function inFunction(example) {
  const isImport = (line) => line.startsWith('import ');
  const lines = example.split('\n');
  return [...lines.filter(isImport), 'export async function main() {', ...lines.filter((line) => !isImport(line)), '}', ''].join('\n');
}

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const [, example] = /^```ts\n(.*?)^```$/ms.exec(readme);

/** What the compiler says; nothing if all is well. */
function compile(folder, compiler, options) {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [compiler, '-p', '.', '--noEmit', ...options], { cwd: folder, encoding: 'utf8' });
  return error?.message ?? (status === 0 ? '' : `${stdout}${stderr}`);
}

try {
  withInstalledPackage([process.arch], (folder) => {
    writeFileSync(join(folder, 'everything.ts'), everything);
    writeFileSync(join(folder, 'example.ts'), inFunction(example));
    const aliases = Object.entries(compilers).map(([name, wanted]) => `${name}@npm:${wanted}`);
    run(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...aliases], { cwd: folder });
    let count = 0;
    for (const hasNodeTypes of [false, true]) {
      if (hasNodeTypes) run(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '@types/node@20'], { cwd: folder });
      for (const name of Object.keys(compilers)) {
        const compiler = join(folder, 'node_modules', name, 'bin/tsc');
        const { version } = JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
        rmSync(join(folder, 'tsconfig.json'), { force: true });
        run([process.execPath, compiler, '--init'], { cwd: folder });
        for (const [module, resolution] of modules) {
          for (const more of [[], strictest]) {
            const options = ['--module', module, '--moduleResolution', resolution, ...more];
            const said = compile(folder, compiler, options);
            assert.equal(said, '', `TypeScript ${version} ${options.join(' ')}, ${hasNodeTypes ? 'with' : 'without'} @types/node:\n${said}`);
            ++count;
          }
        }
        console.log(`PASS  TypeScript ${version}, ${hasNodeTypes ? 'with' : 'without'} @types/node`);
      }
    }
    console.log(`${count} compilations`);
  });
} catch (error) {
  console.error(`package-types: ${error.stack}`);
  process.exitCode = 1;
}
