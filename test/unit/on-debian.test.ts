// SPDX-License-Identifier: MIT
/** scripts/on-debian.mjs, where programs of ours stand in for mmdebstrap and bwrap. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/on-debian.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-on-debian-'));
const [programs, cache, temporary] = ['programs', 'cache', 'tmp'].map((name) => join(folder, name)) as [string, string, string];
const index = join(cache, 'node-epiphany/debian/index');
const calls = join(folder, 'calls');
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes down what it is asked for, then does the rest. */
function program(name: string, rest: string): void {
  writeFileSync(join(programs, name), `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>'${calls}'\n${rest}`, { mode: 0o755 });
}

/** A release whose one package has this hash. */
function release(sha256: string): void {
  const hello = { version: '1', depends: [], file: 'pool/hello.deb', size: 1, sha256 };
  writeFileSync(join(index, `suite-${spawnSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).stdout.trim()}.json`), JSON.stringify({ mirror: 'http://mirror.invalid/debian/', packages: { hello } }));
}

const env = { PATH: `${programs}:${process.env['PATH']}`, HOME: folder, XDG_CACHE_HOME: cache, TMPDIR: temporary, SECRET: 'of this machine', CI: 'true' };
const onDebian = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env });
const called = (): string[] => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []);
const made = (): string[] => called().filter((line) => line.startsWith('mmdebstrap '));
const roots = (): string[] => readdirSync(join(cache, 'node-epiphany')).filter((name) => /^root-suite-[0-9a-f]{12}$/.test(name));

/** Makes an archive of a root whose only file is one that gives rights away. */
const MAKE_ROOT = `
for word; do case $word in *.tar) archive=$word ;; esac; done
made=$(mktemp -d)
mkdir -p "$made/etc" "$made/bin" && echo su >"$made/bin/su" && chmod 6755 "$made/bin/su"
tar -cf "$archive" -C "$made" . && rm -r "$made"
`;

describe.skipIf(!existsSync('/usr/share/keyrings/debian-archive-keyring.gpg') || !existsSync('/usr/lib/apt/apt-helper'))('a command on another release of Debian', () => {
  beforeEach(() => {
    for (const path of [cache, temporary]) rmSync(path, { recursive: true, force: true });
    for (const path of [programs, index, temporary]) mkdirSync(path, { recursive: true });
    rmSync(calls, { force: true });
    release('a'.repeat(64));
    program('mmdebstrap', MAKE_ROOT);
    program('bwrap', 'exit 7\n');
    program('newuidmap', 'exit 1\n'); // that others than root need, who have it or not
  });

  it('runs in a root from the mirror of this machine, made once and again when the release has changed', () => {
    for (let i = 0; i < 2; ++i) expect(onDebian('suite', '--', 'npm', 'test').status).toBe(7);
    expect(made()).toHaveLength(1);
    expect(made()[0]).toMatch(/--include=nodejs,npm,libnode-dev,python3,make,g\+\+,git,ca-certificates suite \S+\.tar deb \[signed-by=\S+\] http:\/\/mirror\.invalid\/debian\/ suite main$/);
    release('b'.repeat(64));
    onDebian('suite', '--', 'npm', 'test');
    expect(made()).toHaveLength(2);
    onDebian('suite', '--packages', 'gdb,bc', '--', 'npm', 'test');
    expect(made()).toHaveLength(3);
    expect(made()[2]).toMatch(/ca-certificates,gdb,bc suite /);
    expect(roots()).toHaveLength(3);
  });

  it('finds a root whole, whatever became of an earlier attempt, and no program in it that gives rights away', () => {
    program('mmdebstrap', `${MAKE_ROOT}truncate -s 1000 "$archive"\nexit 1\n`);
    const { status, stderr } = onDebian('suite', '--', 'npm', 'test');
    expect(status).toBe(125);
    expect(stderr).toMatch(/mmdebstrap exited with 1/);
    expect(roots()).toEqual([]);
    program('mmdebstrap', MAKE_ROOT);
    expect(onDebian('suite', '--', 'npm', 'test').status).toBe(7);
    const [root] = roots().map((name) => join(cache, 'node-epiphany', name)) as [string];
    expect(statSync(join(root, 'bin/su')).mode & 0o7777).toBe(0o755);
    expect([readdirSync(root), readdirSync(join(root, 'etc'))]).toEqual([['bin', 'dev', 'etc'], ['hosts', 'resolv.conf']]);
  });

  it('sees a clean clone and little else of this machine, and leaves nothing behind', () => {
    program('bwrap', 'while [ "$1" != --bind ]; do shift; done; git -C "$2/node-epiphany" status --porcelain --ignored; git -C "$2/node-epiphany" rev-parse HEAD\n');
    const { status, stdout } = onDebian('suite', '--no-terminals', '--', 'npm', 'test');
    expect(status).toBe(0);
    expect(stdout.trim()).toBe(spawnSync('git', ['rev-parse', 'HEAD'], { cwd: join(script, '..'), encoding: 'utf8' }).stdout.trim());
    const command = called().find((line) => line.startsWith('bwrap ')) as string;
    expect(command).toMatch(/ --dev \/dev .*--tmpfs \/dev\/pts .* --clearenv .* --setenv CI true .*-- npm test$/);
    expect(command).not.toMatch(/SECRET/);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('ends with what it has begun', async () => {
    program('bwrap', 'exec sleep 600\n');
    const child = spawn(process.execPath, [script, 'suite', '--', 'npm', 'test'], { env, stdio: 'ignore' });
    while (!called().some((line) => line.startsWith('bwrap '))) {
      expect(child.exitCode).toBeNull();
      await sleep(20);
    }
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([143, null]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('wants a release and a command', () => {
    for (const args of [[], ['suite'], ['--', 'npm'], ['suite', '--release', 'x', '--', 'npm']]) {
      const { status, stderr } = onDebian(...args);
      expect({ args, status }).toEqual({ args, status: 125 });
      expect(stderr).toMatch(/^on-debian: (Usage: |Unknown option)/);
    }
    expect(called()).toEqual([]);
  });
});
