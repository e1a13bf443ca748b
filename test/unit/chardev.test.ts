// SPDX-License-Identifier: MIT
/** The old driver's interface, byte for byte, through an injected device. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Board, listBoards, openBoard } from '../../lib/board.js';
import { CharDevice } from '../../lib/device/index.js';
import { CharDeviceTransport, REQUESTS } from '../../lib/transport/chardev.js';
import { FakeDriver, type Answers } from './fake-driver.js';

function transport(answers: Answers = {}): CharDeviceTransport {
  return new CharDeviceTransport(new FakeDriver(answers));
}

describe('the requests of the old driver', () => {
  it('have the numbers that its header gives them', () => {
    expect(REQUESTS).toEqual({ elinkProbe: 0x80884501, getMappings: 0x90084503 });
  });

  it('are sent once each when a board is opened, and nothing else', () => {
    const driver = new FakeDriver();
    using board = new Board(new CharDeviceTransport(driver));
    expect(driver.requests).toEqual([0x80884501, 0x90084503]);
    expect(board.kind).toBe('character-device');
    expect(board.path).toBe('/dev/epiphany/mesh0');
  });
});

describe('what the driver answers', () => {
  it('becomes the description of the chip', () => {
    using board = new Board(transport({ version: 0x1234 }));
    expect(board.chip).toEqual({ type: 'E16G301', rows: 4, columns: 4, origin: 0x808 });
    expect(board.elinkVersion).toBe(0x1234);
    expect(board.sharedDram).toEqual({ address: 0x8e000000, bytes: 0x2000000 });
    expect(board.features).toEqual({ events: false, elinkRegisters: false, coreEvents: false });
    expect(board.simulator).toBeUndefined();
    using large = new Board(transport({ chipType: 2n }));
    expect(large.chip).toEqual({ type: 'E64G401', rows: 8, columns: 8, origin: 0x808 });
  });

  it.each<[string, Answers]>([
    ['an unknown chip', { chipType: 0n }],
    ['a chip of the future', { chipType: 3n }],
    ['no chip at all', { connectionType: 0n }],
    ['another eLink instead of a chip', { connectionType: 1n }],
    ['several chips', { chipRows: 2n }],
    ['several chips side by side', { chipColumns: 3n }],
    ['an origin that is no core ID', { arrayId: 0n }],
    ['an origin beyond the mesh', { arrayId: 0xfffn }],
    ['an origin whose columns leave the mesh', { arrayId: 0x83en }],
    ['an absurd origin', { arrayId: 0xffffffffffffffffn }],
  ])('is refused if it is %s, and the device is closed', (_what, answers) => {
    const driver = new FakeDriver(answers);
    expect(() => new CharDeviceTransport(driver)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_UNSUPPORTED', path: '/dev/epiphany/mesh0' }));
    expect(driver.closed).toBe(true);
  });

  it('may be no DRAM at all, which only matters to whoever wants it', () => {
    using board = new Board(transport({ mappings: [] }));
    expect(board.sharedDram).toBeUndefined();
    expect(() => board.sharedDramMapping()).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_UNSUPPORTED' }));
    board.core(0, 0).writeWord(0, 1);
  });

  it('is not believed if the driver could not copy all of it: a positive result is a failure', () => {
    expect(() => transport({ result: 136 })).toThrow(expect.objectContaining({ code: 'EFAULT', syscall: 'ioctl' }));
  });
});

describe('what the old driver cannot do', () => {
  it('says so, and is never guessed', () => {
    using board = new Board(transport());
    for (const use of [() => board.mailbox, () => board.events, () => board.elink]) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_UNSUPPORTED' }));
    }
  });
});

describe('mappings', () => {
  it('are made at eMesh addresses, one for each core, when they are first needed', () => {
    const driver = new FakeDriver();
    const offsets: number[] = [];
    const original = driver.map.bind(driver);
    driver.map = (options) => {
      offsets.push(options.offset);
      return original(options);
    };
    using board = new Board(new CharDeviceTransport(driver));
    const core = board.coreById(0x8cb);
    expect(offsets).toEqual([]);
    core.writeWord(0, 1);
    core.read(0, 4);
    expect(core.words[0]).toBe(1);
    core.registers.COREID.read();
    core.readRegister(0xf0704);
    board.sharedDramMapping().writeWord(0, 1);
    expect(offsets).toEqual([0x8cb00000, 0x8cbf0000, 0x8e000000]);
  });

  it('that the driver refuses leave the rest usable', () => {
    const driver = new FakeDriver();
    const original = driver.map.bind(driver);
    using board = new Board(new CharDeviceTransport(driver));
    driver.map = () => {
      throw Object.assign(new Error('EINVAL'), { code: 'EINVAL' });
    };
    expect(() => board.core(0, 0).words).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    driver.map = original;
    board.core(0, 0).writeWord(0, 2);
    expect(board.core(0, 0).words[0]).toBe(2);
  });

  it('end with the board', () => {
    const driver = new FakeDriver();
    const board = new Board(new CharDeviceTransport(driver));
    const { words } = board.core(0, 0);
    board.close();
    expect(driver.closed).toBe(true);
    expect(words.length).toBe(0);
  });
});

describe('listing boards', () => {
  it('finds the meshes in order of their numbers, and tells which may be opened', () => {
    const folder = mkdtempSync(join(tmpdir(), 'boards-'));
    for (const name of ['mesh10', 'mesh2', 'mesh0', 'elink0', 'mesh', 'mesh1x']) writeFileSync(join(folder, name), '');
    symlinkSync(join(folder, 'gone'), join(folder, 'mesh3'));
    expect(listBoards(folder)).toEqual([
      { path: `${folder}/mesh0`, accessible: true },
      { path: `${folder}/mesh2`, accessible: true },
      { path: `${folder}/mesh3`, accessible: false, code: 'ENOENT' },
      { path: `${folder}/mesh10`, accessible: true },
    ]);
    rmSync(folder, { recursive: true });
    expect(listBoards(folder)).toEqual([]);
  });
});

describe('opening a path that is no board', () => {
  it('tells what to do about it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'board-'));
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const cases: [path: string, code: string, text: RegExp][] = [
      ['/dev/epiphany/mesh9', 'ENOENT', /modprobe epiphany.*simulator/],
      ['/dev/null', 'ENOTTY', /no device of the Epiphany driver/],
      [folder, 'EISDIR', /directory/],
      [file, 'ENODEV', /not a character device/],
    ];
    for (const [path, code, text] of cases) {
      expect(() => openBoard(path)).toThrow(expect.objectContaining({ code, path, message: expect.stringMatching(text) as string }));
    }
    rmSync(folder, { recursive: true });
  });

  it('names the group to whoever has no permission', () => {
    const denied = Object.assign(new Error("EACCES: permission denied, open '/dev/epiphany/mesh0'"), { code: 'EACCES' });
    const original = CharDevice.open;
    CharDevice.open = () => {
      throw denied;
    };
    try {
      expect(() => openBoard('/dev/epiphany/mesh0')).toThrow(expect.objectContaining({ code: 'EACCES', message: expect.stringMatching(/group "epiphany".*udev rule/) as string }));
    } finally {
      CharDevice.open = original;
    }
  });

  it('checks the path itself', () => {
    for (const bad of [null, 5, {}, true]) expect(() => openBoard(bad as unknown as string)).toThrow(TypeError);
    for (const bad of ['', 'a\0b']) expect(() => openBoard(bad)).toThrow(RangeError);
  });

  it('without a board and without a path never simulates one', () => {
    const boards = listBoards();
    if (boards.length === 0) expect(() => openBoard()).toThrow(expect.objectContaining({ code: 'ENOENT', path: '/dev/epiphany/mesh0' }));
    else expect(boards[0]?.path).toMatch(/^\/dev\/epiphany\/mesh\d+$/);
  });
});
