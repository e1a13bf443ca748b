// SPDX-License-Identifier: MIT
/** How the command line treats people, and scripts, who are new to it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const firstLight = fileURLToPath(new URL('../../examples/first-light/first-light.elf', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-manners-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Result {
  code: number | null;
  out: string;
  error: string;
}

function epiphanyWith(env: NodeJS.ProcessEnv, ...parameters: string[]): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...parameters], { encoding: 'utf8', cwd: folder, env: { ...process.env, EPIPHANY_BOARD: '', ...env } });
  return { code: status, out: stdout, error: stderr };
}
const epiphany = (...parameters: string[]): Result => epiphanyWith({}, ...parameters);

describe('help', () => {
  it.each([[], ['help'], ['--help'], ['-h']])('%j is an overview', (...parameters) => {
    expect(epiphany(...parameters)).toMatchObject({ code: 0, error: '', out: expect.stringMatching(/^Usage: epiphany COMMAND(.|\n)* {2}run FILE(.|\n)*EPIPHANY_BOARD(.|\n)*500ms/) as string });
  });

  it.each([['help', 'run'], ['run', '--help'], ['run', '-h'], ['--help', 'run']])('%j is about one command', (...parameters) => {
    expect(epiphany(...parameters)).toMatchObject({ code: 0, error: '', out: expect.stringMatching(/^Usage: epiphany run FILE(.|\n)*--timeout TIME .*20s/) as string });
  });

  it.each([['help', 'help'], ['help', '--help'], ['--help', 'help'], ['help', 'help', 'help'], ['-h', 'help', 'help']])('%j is about all of them', (...parameters) => {
    expect(epiphany(...parameters)).toEqual(epiphany('help'));
  });

  it('says of commands that are about no board that they are not, if one is named', () => {
    for (const board of ['sim', 'nosuch']) {
      expect(epiphany('symbols', firstLight, '--board', board)).toEqual({ code: 2, out: '', error: 'epiphany: --board is no option of symbols; "epiphany symbols --help" lists what it has\n' });
      expect(epiphany('--board', board, 'disasm', firstLight)).toEqual({ code: 2, out: '', error: 'epiphany: --board goes with --core: without that, disasm is about no board\n' });
    }
    expect(epiphany('disasm', '--core', '0,0', '0', '1', '--board', 'nosuch')).toMatchObject({ code: 2, out: '', error: expect.stringContaining("'nosuch'") as string });
    for (const command of ['symbols', 'disasm']) expect(epiphanyWith({ EPIPHANY_BOARD: 'nosuch' }, command, firstLight).code).toBe(0);
    expect(epiphany('help', 'symbols').out).not.toContain('--board BOARD');
  });

  it('tells the version', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect([epiphany('-v'), epiphany('--version')]).toEqual([{ code: 0, error: '', out: `${version}\n` }, { code: 0, error: '', out: `${version}\n` }]);
  });

  it.each([
    [['mailbax'], 'did you mean mailbox?'],
    [['hepl'], 'did you mean help?'],
    [['info', '--bord', 'sim'], 'did you mean --board?'],
    [['run', firstLight, '--timout', '5s'], 'did you mean --timeout?'],
    [['--jsno', 'info'], 'did you mean --json?'],
    [['regs', '0,0', 'STATSU', '--board', 'sim'], 'did you mean STATUS?'],
    [['info', '--board', 'sim:e64'], 'did you mean sim:e64g401?'],
    [['info', '--board', 'simm'], 'did you mean sim?'],
    [['help', 'hepl'], 'did you mean help?'],
  ])('guesses what %j was to be', (parameters, guess) => {
    expect(epiphany(...parameters)).toMatchObject({ code: 2, out: '', error: expect.stringContaining(guess) as string });
  });

  it('does not guess what is like nothing', () => {
    for (const parameters of [['xyzzy'], ['info', '--wings'], ['regs', '0,0', 'FROBNICATE', '--board', 'sim']]) expect(epiphany(...parameters).error).not.toContain('did you mean');
  });
});

describe('a time', () => {
  it.each([['500', '500ms, 500s or 500min'], ['2.5', '2.5ms, 2.5s or 2.5min'], ['5h', 'must have a unit'], ['soon', 'must be a time such as 500ms'], ['-5s', 'needs a value'], ['99999999s', 'must be from']])('of %s is refused, with what to write', (time, hint) => {
    for (const parameters of [['run', firstLight], ['mailbox', '1']]) expect(epiphany(...parameters, '--timeout', time, '--board', 'sim')).toMatchObject({ code: 2, out: '', error: expect.stringContaining(hint) as string });
  });

  it.each([['20ms', 20], ['0.03s', 30], ['0.001min', 60]])('of %s is understood by every command', (time, milliseconds) => {
    expect(epiphany('mailbox', '1', '--timeout', time, '--board', 'sim')).toEqual({ code: 1, out: '', error: `epiphany: no mailbox message within ${milliseconds} ms\n` });
    expect(epiphany('run', firstLight, '--timeout', time.replace(/\d/, '9'), '--board', 'sim').code).not.toBe(2);
  });
});

describe('without a board', () => {
  it.skipIf(existsSync('/dev/epiphany')).each([[['write', '0,0', '0', '1']], [['load', firstLight]], [['reset']], [['reset', '--chip']], [['mailbox', '1', '--timeout', '1ms']]])('%j is not done for nothing', (parameters) => {
    expect(epiphany(...parameters)).toEqual({ code: 2, out: '', error: expect.stringMatching(/^epiphany: ENOENT.* There is no Epiphany board here: .*--board sim:FILE\n$/) as string });
  });

  it.skipIf(existsSync('/dev/epiphany'))('what is only looked at, or prints what it does, is simulated', () => {
    expect(epiphany('read', '0,0', '0')).toMatchObject({ code: 0, out: '0x00000  0x00000000\n', error: expect.stringContaining('this is the simulator') as string });
    expect(epiphany('run', firstLight)).toMatchObject({ code: 0, error: expect.stringContaining('this is the simulator') as string });
  });

  it('one of the environment is used, unless another one is named', () => {
    const state = `sim:${join(folder, 'environment')}`;
    expect(epiphanyWith({ EPIPHANY_BOARD: state }, 'write', '0,0', '0x2000', '7')).toEqual({ code: 0, out: '', error: '' });
    expect(epiphanyWith({ EPIPHANY_BOARD: state }, 'read', '0,0', '0x2000').out).toBe('0x02000  0x00000007\n');
    expect(epiphanyWith({ EPIPHANY_BOARD: state }, 'read', '0,0', '0x2000', '--board', 'sim').out).toBe('0x02000  0x00000000\n');
    expect(epiphanyWith({ EPIPHANY_BOARD: 'sim:e64' }, 'info')).toMatchObject({ code: 2, error: expect.stringContaining('sim:e64g401') as string });
    expect(epiphanyWith({ EPIPHANY_BOARD: 'sim:e64' }, 'list').code).toBe(0);
  });
});

describe('failures with --json', () => {
  it.each<[string[], number, object]>([
    [['info', '--board', '/nowhere'], 2, { code: 'ENOENT', syscall: 'open', path: '/nowhere' }],
    [['read', '4,0', '0', '--board', 'sim'], 2, { code: 'ERR_OUT_OF_RANGE' }],
    [['symbols', main], 2, { code: 'ERR_EPIPHANY_BAD_PROGRAM', path: main, offset: 0 }],
    [['disasm', '/nowhere.elf'], 2, { code: 'ENOENT', syscall: 'stat', path: '/nowhere.elf' }],
    [['fly'], 2, { code: 'ERR_USAGE' }],
    [['info', '--wings'], 2, { code: 'ERR_USAGE' }],
    [['read', '0,0', 'x', '--board', 'sim'], 2, { code: 'ERR_USAGE' }],
    [['list', '/nowhere'], 2, { code: 'ERR_USAGE' }],
    [['mailbox', '1', '--timeout', '1ms', '--board', 'sim'], 1, { code: 'ERR_EPIPHANY_TIMEOUT' }],
    [['regs', '0,0', 'R1', '--board', 'sim'], 1, { code: 'ERR_EPIPHANY_BUSY' }],
  ])('%j is one document', (parameters, code, error) => {
    const result = epiphany(...parameters, '--json');
    expect({ code: result.code, error: result.error }).toEqual({ code, error: '' });
    expect(JSON.parse(result.out)).toEqual({ error: { message: expect.any(String) as string, ...error } });
  });
});
