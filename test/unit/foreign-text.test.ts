// SPDX-License-Identifier: MIT
/** Names in files, and of files, may be anything; what is printed of them can neither steer a terminal nor forge a row. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { EpiphanyError, openBoard } from '../../lib/index.js';
import { outOfRange, systemError } from '../../lib/errors.js';
import { printable, printableJson } from '../../lib/printable.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const firstLight = fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-foreign-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Everything but line ends that a terminal could obey. */
const RAW = /[^\P{C}\n]|\p{Zl}|\p{Zp}/u;

function epiphany(...parameters: string[]): { code: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...parameters], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  return { code: status, out: stdout, error: stderr };
}

/** Names of the same length in bytes. */
const NAMES: Readonly<Record<string, string>> = { main: '\u001b[7m', start: 'x\u202ey', next_entry: 'a\n0x0 fake', '.text': '\n\u009bxy', result: '\r12345' };

/** A program whose symbols and sections have such names, in a file of such a name. */
function hostileProgram(): string {
  const bytes = readFileSync(firstLight);
  for (const [name, other] of Object.entries(NAMES)) {
    const replacement = Buffer.from(`\0${other}\0`);
    const place = Buffer.from(`\0${name}\0`);
    expect(replacement.length, name).toBe(place.length);
    let found = 0;
    for (let at = bytes.indexOf(place); at >= 0; at = bytes.indexOf(place, at + 1)) found += replacement.copy(bytes, at);
    expect(found, name).toBeGreaterThan(0);
  }
  const path = join(folder, 'a\u001b[31m\nepiphany: all is well \u202e.elf');
  writeFileSync(path, bytes);
  return path;
}
const hostile = hostileProgram();

describe('text of others', () => {
  it.each([
    ['plain names, with spaces, ümläuts, 漢字 and 😀', 'plain names, with spaces, ümläuts, 漢字 and 😀'],
    ['\u001b]0;title\u0007', '\\u{1b}]0;title\\u{7}'],
    ['a\r\n\tb\u0085\u2028\u2029', 'a\\u{d}\\u{a}\\u{9}b\\u{85}\\u{2028}\\u{2029}'],
    ['\u202ecod.exe\u2066\u200f\u061c', '\\u{202e}cod.exe\\u{2066}\\u{200f}\\u{61c}'],
    ['\u200b\ufeff\u00a0\u{e0041}\ud800', '\\u{200b}\\u{feff}\\u{a0}\\u{e0041}\\u{d800}'],
    ['main\u3164\u115f\u1160\uffa0\u034f\ufe0f\u{e0100}\u17b4\u180b', 'main\\u{3164}\\u{115f}\\u{1160}\\u{ffa0}\\u{34f}\\u{fe0f}\\u{e0100}\\u{17b4}\\u{180b}'],
    ['\u2800\u{1d159}\u{16fe4}', '\\u{2800}\\u{1d159}\\u{16fe4}'],
    ['a backslash, as in \\u{1b}, stays one', 'a backslash, as in \\u{1b}, stays one'],
  ])('%j is shown', (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(printable(shown)).toBe(shown);
    const json = printableJson(JSON.stringify({ text }));
    expect(json).not.toMatch(RAW);
    expect(JSON.parse(json)).toEqual({ text });
  });

  it('in errors stands in one line, and as it is in their properties', () => {
    const path = 'x\u001b[31m\ny\u202e';
    const errors = [systemError(-2, 'open', { path }), new EpiphanyError('ERR_EPIPHANY_BUSY', `'${path}' is busy`, { path }), outOfRange('path', `nothing like '${path}'`, path, { path })];
    for (const error of errors) {
      expect(error.message).not.toMatch(/[\p{C}\n]/u);
      expect(error).toMatchObject({ path });
    }
    expect(() => openBoard(`/nowhere/${path}`)).toThrow(expect.objectContaining({ path: `/nowhere/${path}`, message: expect.not.stringMatching(/[\p{C}\n]/u) as string }));
  });
});

describe('commands, of a program with hostile names', () => {
  it.each([['symbols'], ['disasm'], ['load', '--board', 'sim'], ['run', '--board', 'sim', '--', 'x']])('%s prints what they are', (command, ...options) => {
    for (const json of [[], ['--json']]) {
      const { out, error } = epiphany(command, hostile, ...json, ...options);
      expect(out + error).not.toBe('');
      expect(out + error).not.toMatch(RAW);
      expect(out + error).not.toMatch(/^(epiphany: all is well|0x0 fake)/m);
    }
  });

  it('symbols has a row for each of them, and the true names for machines', () => {
    const [genuine, forged] = [firstLight, hostile].map((file) => epiphany('symbols', file).out.split('\n')) as [string[], string[]];
    expect(forged).toHaveLength(genuine.length);
    expect(forged).toContain('0x0010e           64  function  \\u{a}\\u{9b}xy  \\u{1b}[7m');
    const { symbols } = JSON.parse(epiphany('symbols', hostile, '--json').out) as { symbols: { name: string; section?: string }[] };
    expect(symbols).toContainEqual(expect.objectContaining({ name: NAMES['main'], section: NAMES['.text'] }));
  });

  it('errors about files show their names', () => {
    for (const parameters of [['symbols', `${hostile}x`], ['info', '--board', hostile], ['info', '--board', `sim:${hostile}`], [`\u001b[2J`], ['info', '--\u202e'], ['regs', '\u001b', 'x', '--board', 'sim']]) {
      for (const json of [[], ['--json']]) {
        const { code, out, error } = epiphany(...parameters, ...json);
        expect({ code, raw: RAW.test(out + error) }, parameters.join(' ')).toEqual({ code: 2, raw: false });
        expect((out + error).trimEnd().split('\n')).toHaveLength(1);
      }
    }
  });

  it('warnings show their names', () => {
    const old = join(folder, 'old\u001b[7m\nepiphany: all is well.elf');
    copyFileSync(fileURLToPath(new URL('../ecore/sdk/plain-2012.elf', import.meta.url)), old);
    for (const command of ['load', 'run']) {
      const { error } = epiphany(command, old, '--board', 'sim', ...(command === 'run' ? ['--timeout', '1ms'] : []));
      expect(error).toMatch(/^epiphany: warning: '.*old\\u\{1b\}\[7m\\u\{a\}epiphany: all is well\.elf' has startup code/m);
      expect(error).not.toMatch(RAW);
    }
  });

  it('info shows the name of a state', () => {
    const state = join(folder, 'state\u001b[7m');
    copyFileSync('/dev/null', state);
    expect(epiphany('info', '--board', `sim:${state}`).out).toMatch(/^board {3}sim:.*state\\u\{1b\}\[7m \(simulated\)$/m);
  });
});
