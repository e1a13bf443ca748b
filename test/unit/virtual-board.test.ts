// SPDX-License-Identifier: MIT
/** What the virtual board says before anything is fetched or built. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-board-'));
const [bin, cache] = ['bin', 'cache'].map((name) => join(folder, name)) as [string, string];

beforeAll(() => {
  mkdirSync(bin);
  mkdirSync(cache);
  symlinkSync(process.execPath, join(bin, 'node'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** On a search path that has Node, and files of these names. */
function run(words: string[], programs: string[] = []): { status: number | null; stdout: string; stderr: string } {
  for (const name of programs) symlinkSync('/bin/true', join(bin, name));
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8', env: { PATH: bin, XDG_CACHE_HOME: cache } });
  for (const name of programs) rmSync(join(bin, name));
  return { status, stdout, stderr };
}

const namesIn = (text: string): string[] => /missing: (.*?)\. /.exec(text)?.[1]?.split(', ') ?? [];

describe('the virtual board', () => {
  const commands: [string, string[], number][] = [
    ['npm run board', ['test/board/main.mjs', 'true'], 125],
    ['npm run test:board', ['test/board/test.mjs'], 2],
    ['the tests of the driver', ['test/board/driver-tests.mjs', 'interface'], 2],
  ];
  it.each(commands)('names all programs that are missing at once, and builds nothing: %s', (_, words, code) => {
    const { status, stdout, stderr } = run(words);
    expect({ status, stdout, lines: stderr.trim().split('\n').length }).toEqual({ status: code, stdout: '', lines: 1 });
    expect(namesIn(stderr)).toEqual(expect.arrayContaining(['arm-linux-gnueabihf-gcc', 'arm-linux-gnueabihf-g++', 'make', 'python3', 'ninja', 'meson', 'dtc', 'cpio', 'flex', 'bison', 'bc']));
    expect(readdirSync(cache)).toEqual([]);
  });

  it.skipIf(!existsSync('/usr/lib/apt/apt-helper'))('names the packages that bring them, on Debian', () => {
    // A user without apt is told to use Debian instead.
    const { stderr } = run(['test/board/main.mjs', 'true'], ['apt-get', 'make']);
    expect(stderr).toMatch(/Install what brings them: sudo apt-get install .*\bgcc-arm-linux-gnueabihf g\+\+-arm-linux-gnueabihf\b.*\bninja-build\b.*\bflex bison bc\b/);
    expect(namesIn(stderr)).not.toContain('make');
    const packages = /apt-get install (.*)/.exec(stderr)?.[1]?.split(' ') ?? [];
    const document = readFileSync(join(root, 'docs/board.md'), 'utf8');
    expect(packages.filter((name) => !document.includes(name))).toEqual([]);
  });

  it('takes another kernel’s programs for that', () => {
    expect(namesIn(run(['test/board/main.mjs', '--kernel', '6.12', 'true']).stderr)).toContain('qemu-arm');
    expect(namesIn(run(['test/board/main.mjs', 'true']).stderr)).not.toContain('qemu-arm');
  });

  it('helps without any of them', () => {
    for (const command of ['main', 'test']) {
      expect(run([`test/board/${command}.mjs`, '--help'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: /) as string, stderr: '' });
    }
  });

  describe.skipIf(!['/usr/lib/apt/apt-helper', '/usr/share/keyrings/debian-archive-keyring.gpg'].every(existsSync))('says beforehand', () => {
    const [board, kernels, places] = [join(root, 'test/board'), join(root, 'scripts/kernel'), join(cache, 'node-epiphany')];
    const installQemu = (version: string): void => writeFileSync(join(bin, 'dpkg-query'), `#!/bin/sh\necho qemu ${version} amd64\n`, { mode: 0o755 });
    const ask = (script: string): { stdout: string; stderr: string } => run(['--input-type=module', '--eval', script], ['apt-get', 'dpkg-deb', 'flock']);
    const said = (kernel: string): string => {
      const { stdout, stderr } = ask(`import { firstBoot } from '${board}/first-boot.mjs'; process.stdout.write(await firstBoot('${kernel}'));`);
      expect(stderr).toBe('');
      return stdout;
    };
    /** Where those who build the parts will look for them. */
    const partPlaces = (): Record<'qemu' | 'hardware' | 'source' | 'plain', string> => {
      const { stdout } = ask(`import { emulatorParts } from '${board}/hardware.mjs'; import { objectsPlace } from '${board}/kernel.mjs'; import { kernelSourcePlace } from '${kernels}/source.mjs';
        const [qemu, hardware] = (await emulatorParts()).map(({ place }) => place);
        console.log(JSON.stringify({ qemu, hardware, source: await kernelSourcePlace('6.12'), plain: await objectsPlace('plain') }));`);
      return JSON.parse(stdout) as ReturnType<typeof partPlaces>;
    };

    beforeAll(() => {
      installQemu('1:7.2+dfsg-0');
      // What Debian has: it was asked today.
      const source = { version: '6.12.1-1', file: 'none', size: 1 };
      const packages = { 'linux-source': { ...source, depends: ['linux-source-6.12'], sha256: '01' }, 'linux-source-6.12': { ...source, depends: [], sha256: '02' } };
      mkdirSync(join(places, 'debian/index'), { recursive: true });
      writeFileSync(join(places, 'debian/index/trixie-armhf.json'), JSON.stringify({ mirror: 'none', packages }));
    });
    afterAll(() => rmSync(places, { recursive: true }));

    it('what is to be built, how much that is, and how long it may take, until it is there', () => {
      expect(said('plain')).toMatch(/^to be built first, once, and kept in .*: headers of the installed QEMU; the hardware of the board, \d+ objects; the source of Linux, unpacked; the plain kernel, about \d+ objects\. That is about 11 minutes of one processor; here are \d+: about \d+,/);
      expect(said('6.12')).not.toMatch(/source of Linux|kernel, about/);
      const { qemu, source } = partPlaces();
      for (const folder of [`${qemu}/build-board`, source]) mkdirSync(folder, { recursive: true });
      writeFileSync(`${qemu}/build-board/compile_commands.json`, JSON.stringify([{ file: '../hw/arm/xilinx_zynq.c', command: 'cc -O2 -MD -c xilinx_zynq.c' }]));
      // With other keys, half made, and what only begins like it.
      for (const name of ['board-0123456789ab.so', 'board-busybox-0123456789ab', 'board-initial-0123456789ab.cpio', 'kernel-plain-0123456789ab', 'kernel-source-6.12-0123456789ab']) mkdirSync(join(places, name));
      const { hardware, plain } = partPlaces();
      mkdirSync(`${plain}.partial`);
      expect(said('plain')).toMatch(/: the hardware of the board, \d+ objects; the plain kernel, about \d+ objects\. /);
      mkdirSync(hardware);
      expect(said('6.12')).toBe('');
      mkdirSync(plain);
      expect(said('plain')).toBe('');
      expect(said('debug')).toMatch(/: the debug kernel, about \d+ objects\. /);
      installQemu('1:7.2+dfsg-1');
      expect(said('plain')).toMatch(/: headers of the installed QEMU; the hardware of the board, \d+ objects\. /);
    });
  });
});
