// SPDX-License-Identifier: MIT
/** Finding the addon, and the addon itself against arguments that no caller of ours gives. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { native, type DeviceHandle, type MappingHandle, type SimulatorHandle } from '../../lib/native.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const prebuilt = `prebuilds/${process.platform}-${process.arch}`;

describe('the search for the addon', () => {
  let copy: string;
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'package-'));
    for (const part of ['package.json', 'dist', 'node_modules/bindings', 'node_modules/file-uri-to-path']) cpSync(join(root, part), join(copy, part), { recursive: true });
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  function load(): { status: number | null; text: string } {
    const script = "import('node-epiphany').then(({ openBoard }) => console.log(openBoard('sim').chip.type), (error) => { console.log(error.code + '\\n' + error.message); process.exit(1); })";
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: copy, encoding: 'utf8' });
    return { status, text: stdout.trim() };
  }
  function place(folder: string, content?: string): void {
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
});

describe('the addon, called with nonsense', () => {
  const EBADF = -9;
  const nonsense: unknown[] = [undefined, null, 0, -1, Number.NaN, 2 ** 60, 'x', {}, [], () => 0, Symbol('s'), 1n, new Uint8Array(4), new DataView(new ArrayBuffer(4)), new ArrayBuffer(4)];

  it('answers an error or throws, and never crashes', () => {
    const device = native.open('/dev/zero', 2, false) as DeviceHandle;
    const mapping = native.map(device, 0, 4096, 1) as MappingHandle;
    const simulator = native.simulatorOpen(1) as SimulatorHandle;
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
