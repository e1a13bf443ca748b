// SPDX-License-Identifier: MIT
/** The old driver's interface, byte for byte, through an injected device. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { boardOf, listBoards, type Board, openBoard } from '../../lib/board.js';
import type { Core } from '../../lib/core.js';
import { fleetingReason } from '../../lib/cli/fleeting.js';
import { CharDevice } from '../../lib/device/index.js';
import { encode } from '../../lib/transport/abi.js';
import { CharDeviceTransport } from '../../lib/transport/chardev.js';
import { EventPump, RECORD_TYPES, type EventSource } from '../../lib/transport/events.js';
import { FakeDriver, type Answers } from './fake-driver.js';
import { FakeNewDriver } from './fake-new-driver.js';

function transport(answers: Answers = {}): CharDeviceTransport {
  return new CharDeviceTransport(new FakeDriver(answers));
}

describe('the requests of the old driver', () => {
  it('are sent once each when a board is opened, after it was asked whether it is a newer one', () => {
    const driver = new FakeDriver();
    using board = boardOf(new CharDeviceTransport(driver));
    expect(driver.requests).toEqual([0xc0404510, 0x80884501, 0x90084503]);
    expect(board.kind).toBe('character-device');
    expect(board.path).toBe('/dev/epiphany/mesh0');
  });
});

describe('what the driver answers', () => {
  it('becomes the description of the chip', () => {
    using board = boardOf(transport({ version: 0x1234 }));
    expect(board.chip).toEqual({ type: 'E16G301', rows: 4, columns: 4, origin: 0x808 });
    expect(board.elinkVersion).toBe(0x1234);
    expect(board.sharedDram).toEqual({ address: 0x8e000000, bytes: 0x2000000 });
    expect(board.features).toEqual({ events: false, elinkRegisters: false, coreEvents: false, claims: false, dram: false, dma: false });
    expect(board.simulator).toBeUndefined();
    using large = boardOf(transport({ chipType: 2n }));
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

  it('may be no DRAM at all, which only matters to programs that want it', () => {
    using board = boardOf(transport({ mappings: [] }));
    expect(board.sharedDram).toBeUndefined();
    expect(() => board.sharedDramMapping()).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_UNSUPPORTED' }));
    board.core(0, 0).writeWord(0, 1);
  });

  it('is not believed if the driver could not copy all of it: a positive result is a failure', () => {
    expect(() => transport({ result: 136 })).toThrow(expect.objectContaining({ code: 'EFAULT', syscall: 'ioctl' }));
  });
});

describe('what the old driver cannot do', () => {
  it('says so, and is never guessed', async () => {
    using board = boardOf(transport());
    const deadMan = { address: 0x80800000, value: 1 };
    for (const use of [() => board.mailbox, () => board.events, () => board.elink, () => board.dram.alloc(1), () => board.workgroup({}, { deadMan })]) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_UNSUPPORTED' }));
    }
    using group = board.workgroup();
    await expect(board.dma.copy(new Uint8Array(4), { core: group.cores[0] as Core, address: 0 }, 4)).rejects.toMatchObject({ code: 'ERR_EPIPHANY_UNSUPPORTED' });
    expect(board.status()).toEqual({ abiVersion: 0, driverFeatures: [], generation: undefined, vdd: undefined, powered: undefined, overheated: undefined });
  });

  it('but resetting the chip it can, which ends work-groups', () => {
    const driver = new FakeDriver();
    using board = boardOf(new CharDeviceTransport(driver));
    const group = board.workgroup();
    board.reset();
    expect(driver.requests.at(-1)).toBe(0x4500);
    expect(() => group.states()).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_RESET' }));
    board.core(0, 0).writeWord(0, 1);
  });

  it('is told to a program that leaves something in a chip that is switched off then, unless it is kept on', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chardev-test-'));
    try {
      const nopm = join(folder, 'nopm');
      using board = boardOf(transport());
      expect(fleetingReason(board, nopm)).toMatch(/'\/dev\/epiphany\/mesh0' switches the chip off .* nopm=1/);
      writeFileSync(nopm, 'N\n');
      expect(fleetingReason(board, nopm)).toBeDefined();
      writeFileSync(nopm, 'Y\n');
      expect(fleetingReason(board, nopm)).toBeUndefined();
      using ours = boardOf(new CharDeviceTransport(new FakeNewDriver()));
      using simulated = openBoard('sim');
      for (const each of [ours, simulated]) expect(fleetingReason(each, join(folder, 'none'))).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('our driver', () => {
  const RESET = { code: 'ERR_EPIPHANY_RESET' };
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
  async function withDriver(use: (board: Board, driver: FakeNewDriver) => void | Promise<void>): Promise<void> {
    const driver = new FakeNewDriver();
    using board = boardOf(new CharDeviceTransport(driver));
    await use(board, driver);
  }

  it('describes the chip, its regions and itself', async () => {
    await withDriver((board) => {
      expect(board.chip).toEqual({ type: 'E16G301', rows: 4, columns: 4, origin: 0x808 });
      expect([board.elinkVersion, board.sharedDram]).toEqual([0x0102, { address: 0x8e000000, bytes: 0x2000000 }]);
      expect(board.features).toEqual({ events: true, elinkRegisters: true, coreEvents: false, claims: true, dram: true, dma: false });
      expect(board.status()).toEqual({ abiVersion: 1, driverFeatures: ['vdd'], generation: 5, vdd: 0.95, powered: true, overheated: false });
      board.elink.RXCFG.write(5);
      expect(board.elink.RXCFG.read().value).toBe(5);
    });
  });

  it('gives the registers of the eLink only to processes that may have them', () => {
    const driver = new FakeNewDriver();
    driver.mayMapElink = false;
    using board = boardOf(new CharDeviceTransport(driver));
    expect(board.features.elinkRegisters).toBe(false);
    expect(() => board.elink).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_UNSUPPORTED', message: expect.stringContaining('CAP_SYS_RAWIO') as string }));
  });

  it('tells of messages and of what happens to the board', async () => {
    await withDriver(async (board, driver) => {
      driver.emit('mailbox', 0xfedcba98 + 7 * 2 ** 32);
      driver.emit('reset', 6 + 0x84a * 2 ** 32 + 2 ** 48);
      driver.emit('reset', 7 + 0x808 * 2 ** 32 + 2 * 2 ** 48);
      driver.emit('power', 1);
      driver.emit('thermal', 1);
      expect((await board.mailbox.receive()).word).toBe(0xfedcba98);
      const events = [await board.events.receive(), await board.events.receive(), await board.events.receive(), await board.events.receive()];
      expect(events).toMatchObject([
        { type: 'reset', scope: 'core', core: 0x84a, generation: 6 },
        { type: 'reset', scope: 'group', generation: 7 },
        { type: 'power', powered: true },
        { type: 'thermal', overheated: true },
      ]);
      expect(events[1]).not.toHaveProperty('core');
      driver.emit('overflow', 12);
      driver.emit('mailbox', 1);
      await board.mailbox.receive();
      expect(board.mailbox.lost).toBe(0); // that record was of another file, as none asked for it
    });
  });

  it('resets the chip for us, and only work-groups end', async () => {
    await withDriver(async (board, driver) => {
      const core = board.core(0, 0);
      core.writeWord(0, 1);
      using group = board.workgroup({ rows: 1 });
      group.cores[0]?.writeWord(0, 2);
      board.reset();
      await turn();
      core.writeWord(0, 3);
      expect(() => group.states()).toThrow(expect.objectContaining({ ...RESET, message: expect.stringContaining('make another') as string }));
      expect(() => group.cores[0]?.readWord(0)).toThrow(expect.objectContaining(RESET));
      expect(() => group.cores[1]?.words).toThrow(expect.objectContaining(RESET));
      group.close();
      expect(driver.claims.size).toBe(0);
      using again = board.workgroup({ rows: 1 });
      again.cores[0]?.writeWord(0, 4);
      again.cores[0]?.reset();
      board.core(1, 1).reset();
      again.cores[0]?.writeWord(0, 4);
    });
  });

  it('that somebody else made reset the chip is told by every call, until it is acknowledged', async () => {
    await withDriver(async (board, driver) => {
      const core = board.core(0, 0);
      core.writeWord(0, 1);
      using group = board.workgroup({ rows: 1 });
      const end = expect(group.finished()).rejects.toMatchObject(RESET);
      driver.resetChip();
      expect(() => group.states(), 'at once').toThrow(expect.objectContaining(RESET));
      await turn();
      for (const use of [() => core.readWord(0), () => core.registers, () => core.read(0, 1), () => board.dram.alloc(1), () => board.workgroup(), () => board.sharedDramMapping(), () => board.reset()]) {
        expect(use).toThrow(expect.objectContaining(RESET));
      }
      await end;
      expect(board.status().generation).toBe(6);
      board.acknowledgeReset();
      core.writeWord(0, 1);
      expect(() => group.states()).toThrow(expect.objectContaining(RESET));
    });
  });

  it('tells of lost power only those who have something to lose', async () => {
    await withDriver(async (board, driver) => {
      driver.emit('power', 0);
      await turn();
      driver.emit('power', 0); // not read yet when the chip is first used
      board.core(0, 0).writeWord(0, 1);
      await turn();
      board.core(0, 0).writeWord(0, 1);
      driver.emit('power', 0);
      await turn();
      expect(() => board.core(0, 0).readWord(0)).toThrow(expect.objectContaining(RESET));
    });
  });

  it('tells of heat, and of its end', async () => {
    await withDriver(async (board, driver) => {
      const core = board.core(0, 0);
      core.writeWord(0, 1);
      driver.emit('power', 0);
      driver.emit('thermal', 1);
      await turn();
      expect(() => core.readWord(0)).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_THERMAL' }));
      expect(() => board.acknowledgeReset()).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_THERMAL' }));
      driver.emit('thermal', 0);
      await turn();
      expect(() => core.readWord(0)).not.toThrow(); // acknowledged before
    });
  });

  it.each(['tells that it goes', 'goes without a word'])('%s: who waits is told, once what came before was received', async (how) => {
    await withDriver(async (board, driver) => {
      const core = board.core(0, 0);
      core.writeWord(0, 1);
      driver.emit('mailbox', 9);
      if (how === 'tells that it goes') driver.emit('gone');
      const waits = [board.events.receive(), board.events.receive()];
      if (how === 'goes without a word') driver.hangUp();
      else expect((await waits.shift())?.type).toBe('gone');
      const code = how === 'goes without a word' ? 'ERR_EPIPHANY_CLOSED' : 'ERR_EPIPHANY_GONE';
      for (const wait of waits) await expect(wait).rejects.toMatchObject({ code });
      expect((await board.mailbox.receive()).word).toBe(9);
      await expect(board.mailbox.receive()).rejects.toMatchObject({ code });
      await expect(board.events.receive({ timeout: 200_000 })).rejects.toMatchObject({ code });
      await turn();
      if (how === 'tells that it goes') expect(() => core.readWord(0)).toThrow(expect.objectContaining({ code }));
    });
  });

  it.each([
    ['ENODEV', 'ERR_EPIPHANY_GONE'],
    ['ESHUTDOWN', 'ERR_EPIPHANY_THERMAL'],
    ['ESTALE', 'ERR_EPIPHANY_RESET'],
    ['EBUSY', 'ERR_EPIPHANY_BUSY'],
    ['ENOTSUP', 'ERR_EPIPHANY_UNSUPPORTED'],
    ['EIO', 'EIO'],
  ] as const)('answers %s, which is %s', async (failure, code) => {
    await withDriver((board, driver) => {
      driver.failure = failure;
      for (const use of [() => board.core(0, 0).words, () => board.core(0, 0).reset(), () => board.reset(), () => board.workgroup(), () => board.dram.alloc(1)]) {
        expect(use).toThrow(expect.objectContaining({ code, ...(code === failure ? {} : { cause: expect.objectContaining({ code: failure }) as object }) }));
      }
      driver.failure = undefined;
      board.core(0, 0).writeWord(0, 1);
    });
  });

  it('keeps work-groups, and closing one lets go of it', async () => {
    await withDriver((board, driver) => {
      const group = board.workgroup({ rows: 2 }, { onRelease: 'scrub', deadMan: { address: 0x80800010, value: 7 } });
      expect([...driver.claims]).toMatchObject([{ exclusive: true }]);
      expect(() => board.workgroup({ row: 1 })).toThrow(expect.objectContaining({ code: 'ERR_EPIPHANY_BUSY', cause: expect.objectContaining({ code: 'EBUSY' }) as object }));
      const { words } = group.cores[0] as Core;
      words[1] = 5;
      expect(board.core(0, 0).words[1]).toBe(5);
      group.cores[3]?.reset();
      expect(driver.requests.filter((request) => request === 0xc0184513)).toHaveLength(1);
      group.close();
      expect([driver.claims.size, words.length]).toEqual([0, 0]);
    });
  });

  it('does not keep a board that nobody closes, nor the files of its events', async () => {
    const gc = (globalThis as unknown as { gc: () => void }).gc;
    const driver = new FakeNewDriver();
    const weak = ((): WeakRef<Board> => {
      const board = boardOf(new CharDeviceTransport(driver));
      board.core(0, 0).writeWord(0, 1);
      return new WeakRef(board);
    })();
    const isOpen = (): boolean[] => [...driver.files].map((file) => !(file as CharDevice).closed);
    expect(isOpen()).toEqual([true, true]);
    for (let i = 0; i < 20 && isOpen()[0]; ++i) {
      gc();
      await turn();
    }
    expect([weak.deref(), isOpen()[0]]).toEqual([undefined, false]);
  });

  it('has every file closed with the board', () => {
    const driver = new FakeNewDriver();
    const board = boardOf(new CharDeviceTransport(driver));
    board.workgroup({ rows: 1 });
    const { bytes } = board.dram.alloc(100);
    bytes[0] = 1;
    expect(driver.files.size).toBe(4);
    board.close();
    expect([driver.files.size, driver.closed, bytes[0]]).toEqual([2, true, 0]); // those of events stay in this list
  });
});

describe('a file of events whose driver is unbound', () => {
  it('gives what it has, then the reason, and is not watched again', async () => {
    let records = [...Array(2).keys()].map((index) => encode('epiphany_event', { type: RECORD_TYPES.mailbox, sequence: index, payload: index }));
    let listener: ((error: Error | undefined) => void) | undefined;
    let watched = 0;
    let isClosed = false;
    const watcher = {
      ref: () => {
        if (isClosed) throw new Error('closed');
      },
      unref: () => {
        if (isClosed) throw new Error('closed');
      },
      close: () => void (isClosed = true),
    };
    const source = {
      path: 'events',
      tryRead: (view: DataView) => {
        const [record] = records;
        if (!listener) return undefined;
        if (!record) throw Object.assign(new Error('ENODEV'), { code: 'ENODEV' });
        records = records.slice(1);
        for (let at = 0; at < 32; ++at) view.setUint8(at, record.getUint8(at));
        return 32;
      },
      watch: (_events: string, heard: typeof listener) => {
        watched++;
        isClosed = false;
        listener = heard;
        return watcher;
      },
      close: () => undefined,
    };
    const pump = new EventPump(source as unknown as EventSource);
    const waits = [pump.mailbox.receive(), pump.board.receive(), pump.mailbox.receive(), pump.mailbox.receive()];
    for (let round = 0; round < 3; ++round) {
      isClosed = true; // as a watcher that fails
      listener?.(new Error('EIO'));
    }
    const outcomes = await Promise.allSettled(waits);
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as { code: string }).code))).toMatchObject([{ word: 0 }, 'ERR_EPIPHANY_GONE', { word: 1 }, 'ERR_EPIPHANY_GONE']);
    const before = watched;
    await expect(pump.mailbox.receive()).rejects.toMatchObject({ code: 'ERR_EPIPHANY_GONE' });
    expect(watched).toBe(before);
    pump.close();
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
    using board = boardOf(new CharDeviceTransport(driver));
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
    using board = boardOf(new CharDeviceTransport(driver));
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
    const board = boardOf(new CharDeviceTransport(driver));
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

  it('names the group to users without permission', () => {
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
