// SPDX-License-Identifier: MIT
/** What the virtual board says before anything is fetched or built. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
const { afterAll, beforeAll, describe, expect, it } = globalThis.__vitestShim;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-board-'));
const [bin, cache] = ['bin', 'cache'].map((name) => join(folder, name));
beforeAll(() => {
    mkdirSync(bin);
    mkdirSync(cache);
    symlinkSync(process.execPath, join(bin, 'node'));
});
afterAll(() => rmSync(folder, { recursive: true }));
/** On a search path that has Node, and files of these names. */
function run(words, programs = []) {
    for (const name of programs)
        symlinkSync('/bin/true', join(bin, name));
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8', env: { PATH: bin, XDG_CACHE_HOME: cache } });
    for (const name of programs)
        rmSync(join(bin, name));
    return { status, stdout, stderr };
}
const namesIn = (text) => /missing: (.*?)\. /.exec(text)?.[1]?.split(', ') ?? [];
describe('the virtual board', () => {
    const commands = [
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
        // Whoever has no apt is told to use Debian instead.
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
            expect(run([`test/board/${command}.mjs`, '--help'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: /), stderr: '' });
        }
    });
    it('says beforehand what is to be built, how much that is, and how long it may take', () => {
        const say = (kernel) => run(['--input-type=module', '--eval', `import { firstBoot } from '${root}test/board/first-boot.mjs'; process.stdout.write(firstBoot('${kernel}'));`]).stdout;
        const parts = ['qemu-7.2-0123', 'board-0123.so', 'kernel-source-6.12-0123', 'kernel-plain-0123'];
        expect(say('plain')).toMatch(/^to be built first, once, and kept in .*: headers of the installed QEMU; .*; the plain kernel, about \d+ objects\. That is about \d+ minutes of one processor; here are \d+: about \d+,/);
        expect(say('6.12')).not.toMatch(/source of Linux|kernel, about/);
        mkdirSync(join(cache, 'node-epiphany'));
        for (const name of parts.slice(0, 3))
            mkdirSync(join(cache, 'node-epiphany', name));
        mkdirSync(join(cache, 'node-epiphany', 'kernel-plain-0123.partial'));
        expect(say('plain')).toMatch(/: the plain kernel, about \d+ objects\. /);
        mkdirSync(join(cache, 'node-epiphany', 'kernel-plain-0123'));
        expect(say('plain')).toBe('');
        expect(say('debug')).toMatch(/: the debug kernel, about \d+ objects\. /);
        rmSync(join(cache, 'node-epiphany'), { recursive: true });
    });
});
