// SPDX-License-Identifier: MIT
/** Finding the addon, and the addon itself against arguments that no caller of ours gives. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { native, type DeviceHandle, type MappingHandle, type SimulatorHandle } from '../../lib/native.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const prebuilt = `prebuilds/${process.platform}-${process.arch}`;

/** A library's bytes without those that are not loaded: debug information may be most of a file, and nobody misses it. */
function stripped(path: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'stripped-'));
  try {
    execFileSync('strip', ['-o', join(folder, 'copy'), path]);
    return readFileSync(join(folder, 'copy'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the search for the addon', () => {
  let copy: string;
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'package-'));
    for (const part of ['package.json', 'dist', 'node_modules/bindings', 'node_modules/file-uri-to-path']) cpSync(join(root, part), join(copy, part), { recursive: true });
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  function load(): { status: number | null; text: string } {
    const script = "import('node-epiphany').then(({ openBoard }) => console.log(openBoard('sim').chip.type)).catch((error) => { console.log(error.code + '\\n' + error.message); process.exit(1); })";
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: copy, encoding: 'utf8' });
    return { status, text: stdout.trim() };
  }
  function run(...parameters: string[]): { code: number | null; signal: string | null; out: string; error: string } {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, parameters, { cwd: copy, encoding: 'utf8', env: { ...process.env, EPIPHANY_BOARD: '', PATH: copy } });
    return { code: status, signal, out: stdout, error: stderr };
  }
  const epiphany = (...parameters: string[]): ReturnType<typeof run> => run('dist/cli/main.js', ...parameters);

  /** What the install script does, with a node-gyp that prints what it is to do. */
  function installs(): { code: number | null; signal: string | null; out: string } {
    const [, script = ''] = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { install: string } }).scripts.install.split(' ');
    cpSync(join(root, script), join(copy, script), { recursive: true });
    writeFileSync(join(copy, 'node-gyp'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const { code, signal, out } = run(script);
    return { code, signal, out };
  }

  function place(folder: string, content?: string | Uint8Array): void {
    mkdirSync(join(copy, folder), { recursive: true });
    const target = join(copy, folder, 'epiphany.node');
    if (content === undefined) cpSync(join(root, 'build/Release/epiphany.node'), target);
    else writeFileSync(target, content);
  }

  it('takes what was built here', () => {
    place('build/Release');
    expect(load()).toEqual({ status: 0, text: 'E16G301' });
  });

  it('takes the prebuilt one, also behind a build that does not load', () => {
    place(prebuilt);
    expect(load()).toEqual({ status: 0, text: 'E16G301' });
    place('build/Release', 'built for another machine');
    expect(load()).toEqual({ status: 0, text: 'E16G301' });
  });

  it('fails with one error that lists every path and why', () => {
    place('build/Release', 'built for another machine');
    const { status, text } = load();
    expect(status).toBe(1);
    expect(text).toMatch(/^ERR_EPIPHANY_NO_ADDON\nThe native addon of node-epiphany could not be loaded for /);
    expect(text).toMatch(/\/build\/Release\/epiphany\.node: .*(too short|invalid ELF)/);
    expect(text).toContain('/build/Debug/epiphany.node: no such file');
    expect(text).toContain(`/${prebuilt}/epiphany.node: no such file`);
    expect(text).toContain('npm explore node-epiphany -- npm run install');
  });

  it('is made only for what needs it', () => {
    expect(run('--input-type=module', '--eval', "import { listBoards } from 'node-epiphany'; import { CharDevice } from 'node-epiphany/device'; console.log(listBoards('/nowhere'), typeof CharDevice.open)")).toEqual({ code: 0, signal: null, out: '[] function\n', error: '' });
    const firstLight = join(root, 'examples/first-light/first-light.elf');
    for (const parameters of [['--help'], ['help', 'run'], ['-v'], ['symbols', firstLight], ['symbols', firstLight, '--json']]) expect(epiphany(...parameters), parameters.join(' ')).toMatchObject({ code: 0, signal: null, error: '' });
    for (const [command, ...parameters] of [['info', '--board', 'sim'], ['disasm', firstLight], ['run', firstLight, '--board', 'sim']] as const) {
      expect(epiphany(command, ...parameters)).toMatchObject({ code: 1, out: command === 'disasm' ? '.ivt\n' : '', error: expect.stringMatching(/^epiphany: The native addon (.|\n)*no such file(.|\n)*npm run bootstrap"\.\n$/) as string });
      expect(JSON.parse(epiphany(command, '--json', ...parameters).out)).toMatchObject({ error: { code: 'ERR_EPIPHANY_NO_ADDON' } });
    }
  });

  const good = stripped(join(root, 'build/Release/epiphany.node'));

  it('refuses a file that was cut off, wherever that was, and goes on', () => {
    mkdirSync(join(copy, 'build/Release'), { recursive: true });
    writeFileSync(join(copy, 'good.node'), good);
    const script = `
      import { readFileSync, writeFileSync } from 'node:fs';
      import { openBoard } from 'node-epiphany';
      const good = readFileSync('good.node');
      for (const share of [0, 1e-5, 1e-4, 2e-4, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9]) {
        writeFileSync('build/Release/epiphany.node', good.subarray(0, share * good.length));
        try { openBoard('sim'); console.log('opened'); } catch ({ code, message }) { console.log(share, code, /Release.epiphany.node: (.*)/.exec(message)[1].replace(/^.*file too short$/, 'too short').replace(/\\d+/g, 'N')); }
      }`;
    const { code, signal, out } = run('--input-type=module', '--eval', script);
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(out.trimEnd().split('\n').slice(-5)).toEqual([0.1, 0.3, 0.5, 0.7, 0.9].map((share) => `${share} ERR_EPIPHANY_NO_ADDON it was cut off: it has N bytes of at least N`));
    expect(out).not.toContain('opened');
    place(prebuilt);
    expect(load()).toEqual({ status: 0, text: 'E16G301' });
    expect(epiphany('doctor', '--board', 'sim')).toMatchObject({ code: 0, out: expect.stringContaining('ok   addon    loads: ') as string });
  });

  it('waits for nothing where something else than a file is in its place', () => {
    mkdirSync(join(copy, 'build/Release/epiphany.node'), { recursive: true });
    mkdirSync(join(copy, prebuilt), { recursive: true });
    execFileSync('mkfifo', [join(copy, prebuilt, 'epiphany.node')]);
    const { status, text } = load();
    expect([status, text.match(/epiphany\.node: it is no regular file/g)?.length]).toEqual([1, 2]);
    expect(epiphany('doctor').out).toMatch(/^BAD {2}addon .*Release\/epiphany\.node: it is no regular file; /m);
    expect(installs()).toEqual({ code: 0, signal: null, out: 'rebuild\n' });
  });

  /** Whole to look at, and no code in it. */
  const damaged = Buffer.from(good).fill(0xcc, good.length >> 3, good.length - (good.length >> 3));

  it.each<[string, string | Uint8Array | undefined, RegExp]>([
    ['is missing', undefined, /build\/Release\/epiphany\.node: no such file; /],
    ['was cut off', good.subarray(0, good.length / 2), /epiphany\.node: it was cut off: it has \d+ bytes of at least \d+; /],
    ['is of another machine', 'no ELF at all, but long enough for that', /epiphany\.node: .*(invalid ELF|too short).*; /],
    ['is damaged inside', damaged, /epiphany\.node: it is damaged: to load it ends the process by SIG[A-Z]+\. Build/],
  ])('is what doctor does in another process, and says that the addon %s', (_what, content, message) => {
    if (content !== undefined) place('build/Release', content);
    const { code, signal, out, error } = epiphany('doctor');
    expect({ code, signal, error }).toEqual({ code: 1, signal: null, error: '' });
    expect(out).toMatch(/^ok {3}system(.|\n)*^BAD {2}addon(.|\n)*^(-|ok) +boards/m);
    expect(out).toMatch(message);
    const { findings } = JSON.parse(epiphany('doctor', '--json').out) as { findings: { name: string; state: string }[] };
    expect(findings.map(({ name, state }) => `${name} ${state}`).slice(0, 2)).toEqual(['system ok', 'addon bad']);
  });

  it('knows another addon of the same name', () => {
    const others = join(root, 'node_modules/@rolldown');
    const [folder = ''] = readdirSync(others).filter((name) => name.startsWith('binding-'));
    const [addon = ''] = readdirSync(join(others, folder)).filter((name) => name.endsWith('.node'));
    place('build/Release', readFileSync(join(others, folder, addon)));
    expect(load()).toEqual({ status: 1, text: expect.stringContaining('build/Release/epiphany.node: it is an addon, but not that of this version of node-epiphany') as string });
  });

  it.each<[string, string | Uint8Array | undefined, boolean]>([
    ['is missing', undefined, true], ['was cut off', good.subarray(0, good.length / 2), true], ['is damaged inside', damaged, true], ['is of another machine', 'no ELF at all', true], ['loads', good, false],
  ])('is tried by the install script, which builds one if the addon %s', (_what, content, builds) => {
    if (content !== undefined) place(prebuilt, content);
    expect(installs()).toEqual({ code: 0, signal: null, out: builds ? 'rebuild\n' : '' });
  });
});

describe('the addon, called with nonsense', () => {
  const EBADF = -9;
  const nonsense: unknown[] = [undefined, null, 0, -1, Number.NaN, 2 ** 60, 'x', {}, [], () => 0, Symbol('s'), 1n, new Uint8Array(4), new DataView(new ArrayBuffer(4)), new ArrayBuffer(4)];

  it('answers an error or throws, and never crashes', () => {
    const device = native.open('/dev/zero', 2, false) as DeviceHandle;
    const mapping = native.map(device, 0, 4096, 1) as MappingHandle;
    const simulator = native.simulatorOpen(1, 1000) as SimulatorHandle;
    const handles: unknown[] = [device, mapping, simulator];
    const functions = Object.entries(native).filter((entry): entry is [string, (...parameters: unknown[]) => unknown] => typeof entry[1] === 'function');
    expect(functions.length).toBeGreaterThan(25);
    let seed = 1;
    const pick = (list: unknown[]): unknown => list[(seed = (seed * 48271) % 0x7fffffff) % list.length];
    for (const [name, call] of functions) {
      if (name === 'close' || name === 'unmap') continue;
      for (let round = 0; round < 300; ++round) {
        const parameters = [round % 3 === 0 ? pick(nonsense) : pick(handles), ...Array.from({ length: round % 5 }, () => pick([...nonsense, ...handles]))];
        // Reading a terminal or a pipe may wait; these handles cannot.
        try {
          call(...parameters);
        } catch (error) {
          expect(error, name).toBeInstanceOf(Error);
        }
      }
    }
    native.unmap(mapping);
    native.close(device);
  });

  it('refuses a handle of another kind, and a closed one', () => {
    const device = native.open('/dev/zero', 2, false) as DeviceHandle;
    const mapping = native.map(device, 0, 4096, 1) as MappingHandle;
    expect(native.map(mapping as unknown as DeviceHandle, 0, 4096, 1)).toBe(EBADF);
    expect(native.unmap(device as unknown as MappingHandle)).toBe(EBADF);
    expect(native.simulatorLoad(device as unknown as SimulatorHandle, 0)).toBe(EBADF);
    expect(native.copyIn(device as unknown as MappingHandle, 0, new Uint8Array(1))).toBe(EBADF);
    expect(native.close(device)).toBe(0);
    expect(native.close(device)).toBe(EBADF);
    expect(native.map(device, 0, 4096, 1)).toBe(EBADF);
    expect(native.unmap(mapping)).toBe(0);
    expect(native.unmap(mapping)).toBe(EBADF);
    expect(native.copyOut(mapping, 0, new Uint8Array(1))).toBe(EBADF);
    expect(native.buffer(mapping)).toBe(EBADF);
  });

  it('refuses arrays whose elements it does not know', async () => {
    const { everyView } = await import('../conformance/views.js');
    const device = native.open('/dev/zero', 2, false) as DeviceHandle;
    const mapping = native.map(device, 0, 4096, 1) as MappingHandle;
    for (const { name, view } of everyView(8)) {
      const known = /^(Uint8|Uint32|Int32|Float32)Array |^Buffer /.test(name) ? 0 : -22;
      expect([native.copyIn(mapping, 0, view), native.copyOut(mapping, 0, view)], name).toEqual([known, known]);
      expect(native.read(device, view as Uint8Array), name).toBe(/^(Uint8Array|Buffer) /.test(name) ? 8 : -22);
    }
    native.unmap(mapping);
    native.close(device);
  });

  it('refuses ranges outside a mapping, whatever their arithmetic', () => {
    const device = native.open('/dev/zero', 2, false) as DeviceHandle;
    const mapping = native.map(device, 0, 4096, 1) as MappingHandle;
    const EINVAL = -22;
    for (const offset of [-1, 4097, 4093, 2 ** 32, 2 ** 63, -(2 ** 63), Number.NaN, Infinity]) {
      expect(native.copyIn(mapping, offset, new Uint32Array(1)), String(offset)).toBe(EINVAL);
      expect(native.copyOut(mapping, offset, new Uint32Array(1))).toBe(EINVAL);
      expect(native.fill(mapping, offset, 4, 0)).toBe(EINVAL);
      expect(native.fillWords(mapping, offset, 1, 0)).toBe(EINVAL);
      expect(native.moveWords(mapping, offset, mapping, 0, 1)).toBe(EINVAL);
      expect(native.moveWords(mapping, 0, mapping, offset, 1)).toBe(EINVAL);
    }
    for (const words of [-1, 1025, 2 ** 30, 2 ** 62, Number.NaN, Infinity]) {
      expect(native.fillWords(mapping, 0, words, 0)).toBe(EINVAL);
      expect(native.moveWords(mapping, 0, mapping, 0, words)).toBe(EINVAL);
    }
    expect(native.fillWords(mapping, 2, 1, 0)).toBe(EINVAL);
    const readOnly = native.map(device, 0, 4096, 0) as MappingHandle;
    expect(native.copyIn(readOnly, 0, new Uint8Array(1))).toBe(EINVAL);
    expect(native.fill(readOnly, 0, 1, 0)).toBe(EINVAL);
    expect(native.fillWords(readOnly, 0, 1, 0)).toBe(EINVAL);
    expect(native.moveWords(readOnly, 0, mapping, 0, 1)).toBe(EINVAL);
    for (const handle of [mapping, readOnly]) native.unmap(handle);
    native.close(device);
  });
});
