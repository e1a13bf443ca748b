// SPDX-License-Identifier: MIT
/** The device layer on devices that every machine has. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ioctlOpen } from '../../lib/device/char-device.js';
import { virtualAddressOf } from '../../lib/device/memory-mapping.js';
import { CharDevice, ioctlArgumentBytes, ioctlRequest, isWindow, Mapping } from '../../lib/device/index.js';
import { everyView } from '../conformance/views.js';
import { probe } from '../native/probe.js';
import { itOnTerminals } from './terminals.js';

const CLOSED = { code: 'ERR_EPIPHANY_CLOSED' };
const GET_PTY_NUMBER = ioctlRequest('read', 'T', 0x30, 4);
const LOCK_PTY = ioctlRequest('write', 'T', 0x31, 4);
const TCGETS = 0x5401; // an old request, which does not announce its size

function error(run: () => unknown): Error & { code?: string } {
  try {
    run();
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error('nothing was thrown');
}

describe('opening', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'device-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('a device that is not there tells ENOENT as node:fs does', () => {
    const path = join(folder, 'none');
    expect(error(() => CharDevice.open(path))).toMatchObject({ code: 'ENOENT', errno: -2, syscall: 'open', path, message: `ENOENT: no such file or directory, open '${path}'` });
  });

  it('a directory, a regular file and a socketless path are refused', () => {
    writeFileSync(join(folder, 'file'), 'x');
    expect(error(() => CharDevice.open(folder))).toMatchObject({ code: 'EISDIR', syscall: 'open' });
    expect(error(() => CharDevice.open(join(folder, 'file')))).toMatchObject({ code: 'ENODEV', syscall: 'open', message: expect.stringContaining('not a character device') });
    expect(error(() => CharDevice.open(join(folder, 'file', 'below')))).toMatchObject({ code: 'ENOTDIR' });
    CharDevice.open(join(folder, 'file'), { fileType: 'any' }).close();
  });

  it('without permission tells EACCES', () => {
    const path = '/proc/sys/kernel/ostype'; // where root may not write either
    expect(error(() => CharDevice.open(path, { fileType: 'any' }))).toMatchObject({ code: 'EACCES', errno: -13, path });
    CharDevice.open(path, { fileType: 'any', access: 'read' }).close();
  });

  it('checks its arguments before it opens anything', () => {
    for (const bad of [undefined, null, 5, {}, ['/dev/null']]) expect(() => CharDevice.open(bad as string)).toThrow(TypeError);
    for (const bad of ['', '/dev/null\0x']) expect(() => CharDevice.open(bad)).toThrow(RangeError);
    expect(() => CharDevice.open('/dev/null', { access: 'toString' as 'read' })).toThrow(RangeError);
    expect(() => CharDevice.open('/dev/null', { fileType: 'block' as 'any' })).toThrow(RangeError);
    expect(() => CharDevice.open('/dev/null', { nonBlocking: 1 as unknown as boolean })).toThrow(TypeError);
    expect(() => CharDevice.open('/dev/null', null as unknown as object)).toThrow(TypeError);
  });
});

describe('mapping /dev/zero', () => {
  it('gives memory that windows show and that copies change', () => {
    using device = CharDevice.open('/dev/zero');
    const mapping = device.map({ offset: 0, length: 8192 });
    mapping.words[5] = 0xdeadbeef;
    expect(mapping.readWord(20)).toBe(0xdeadbeef);
    mapping.write(21, Uint8Array.of(1, 2));
    expect(mapping.words[5]).toBe(0xde0201ef);
    expect(mapping.read(19, 6)).toEqual(Uint8Array.of(0, 0xef, 1, 2, 0xde, 0));
    mapping.fill(0, 8192, 0x11);
    expect(mapping.words.every((word) => word === 0x11111111)).toBe(true);
    expect(isWindow(mapping.words)).toBe(true);
    expect(isWindow(new Uint32Array(1))).toBe(false);
  });

  it('for reading only has no way to write', () => {
    using device = CharDevice.open('/dev/zero', { access: 'read' });
    const mapping = device.map({ offset: 0, length: 4096, access: 'read' });
    expect(mapping.readWord(0)).toBe(0);
    expect(mapping.read(1, 3)).toEqual(new Uint8Array(3));
    expect(mapping.readInto(0, new Uint32Array(4))).toEqual(new Uint32Array(4));
    const refused = { code: 'ERR_EPIPHANY_UNSUPPORTED' };
    for (const use of [() => mapping.words, () => mapping.int32, () => mapping.float32, () => mapping.writeWord(0, 1), () => mapping.write(0, new Uint32Array(1)), () => mapping.write(0, new Uint8Array(100)), () => mapping.fill(0, 4)]) {
      expect(error(use)).toMatchObject(refused);
    }
    expect(error(() => device.map({ offset: 0, length: 4096 }))).toMatchObject({ code: 'EACCES', syscall: 'mmap', path: '/dev/zero' });
  });

  it('refuses offsets and lengths that make no sense', () => {
    using device = CharDevice.open('/dev/zero');
    for (const offset of [-4096, 1, 4095, 0.5, Number.NaN, 2 ** 53]) expect(() => device.map({ offset, length: 4096 }), String(offset)).toThrow(RangeError);
    for (const length of [0, -4, 3, 4097, 1e300, Number.NaN]) expect(() => device.map({ offset: 0, length }), String(length)).toThrow(RangeError);
    for (const bad of [undefined, null, '0', 0n]) {
      expect(() => device.map({ offset: bad as unknown as number, length: 4096 })).toThrow(TypeError);
      expect(() => device.map({ offset: 0, length: bad as unknown as number })).toThrow(TypeError);
      expect(() => device.map(bad as unknown as { offset: number; length: number })).toThrow(TypeError);
    }
    expect(() => device.map({ offset: 0, length: 4096, access: 'exec' as 'read' })).toThrow(RangeError);
  });

  it('is over when it is closed, and closing is idempotent', () => {
    using device = CharDevice.open('/dev/zero');
    const [first, second] = [device.map({ offset: 0, length: 4096 }), device.map({ offset: 0, length: 4096 })];
    const { words } = first;
    first.close();
    first.close();
    first[Symbol.dispose]();
    expect(first.closed).toBe(true);
    expect(words.length).toBe(0);
    expect(() => first.words).toThrow(expect.objectContaining(CLOSED));
    expect(() => words.slice()).toThrow(expect.objectContaining(CLOSED));
    expect(inspect(words)).toBe("Uint32Window [closed] '/dev/zero'");
    second.words[0] = 7;
    expect(second.readWord(0)).toBe(7);
    device.close();
    expect(second.closed).toBe(true);
    for (const use of [() => device.map({ offset: 0, length: 4096 }), () => device.fd, () => device.ioctl(0), () => device.read(new Uint8Array(1)), () => device.write(new Uint8Array(1)), () => device.pread(new Uint8Array(1), 0), () => device.pwrite(new Uint8Array(1), 0), () => device.lock(), () => device.watch('readable', () => undefined)]) {
      expect(error(use)).toMatchObject(CLOSED);
    }
    expect(inspect(device)).toBe("CharDevice('/dev/zero', closed)");
  });

  it('cannot be made by hand', () => {
    expect(() => new (Mapping as unknown as new (...parameters: unknown[]) => Mapping)({}, {}).closed).toThrow(Error);
    expect(() => new (CharDevice as unknown as new (...parameters: unknown[]) => CharDevice)({}, 'x').fd).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });
});

describe('a memfd beyond 2 GiB', () => {
  const BYTES = 5 * 2 ** 30;

  it.each([0x8_0800_000, 2 ** 32 + 0x1000])('is mapped, read and written at %d', (offset) => {
    const descriptor = probe.memfd(BYTES);
    using device = CharDevice.open(`/proc/self/fd/${descriptor}`, { fileType: 'any' });
    const mapping = device.map({ offset, length: 4096 });
    mapping.words[1] = 0x12345678;
    const buffer = Buffer.alloc(4);
    readSync(descriptor, buffer, 0, 4, offset + 4);
    expect(buffer.readUInt32LE()).toBe(0x12345678);
    expect(device.pread(buffer, offset + 5)).toBe(4);
    expect(buffer.toString('hex')).toBe('56341200');
    expect(device.pwrite(Uint8Array.of(9, 8), offset + 8)).toBe(2);
    expect(mapping.readWord(8)).toBe(0x0809);
    expect(inspect(mapping.words)).toContain(`0x${offset.toString(16)}`);
    closeSync(descriptor);
  });

  it('is not mapped beyond its end, where every access would be a SIGBUS', () => {
    const descriptor = probe.memfd(4096 + 100);
    using device = CharDevice.open(`/proc/self/fd/${descriptor}`, { fileType: 'any' });
    device.map({ offset: 0, length: 4196 }).close();
    expect(error(() => device.map({ offset: 0, length: 4200 }))).toMatchObject({ code: 'ENXIO', syscall: 'mmap' });
    expect(error(() => device.map({ offset: 8192, length: 4 }))).toMatchObject({ code: 'ENXIO' });
    closeSync(descriptor);
  });
});

describe('views of every class that this Node has', () => {
  const views = everyView(64).map((guarded) => [guarded.name, guarded] as const);
  const counted = Uint8Array.from({ length: 128 }, (_, index) => index);

  it('are there', () => expect(views.length).toBeGreaterThanOrEqual(3 * 13));

  it.each(views)('%s is read and written whole, and nothing around it', (_name, { view, bytes, isBroken }) => {
    const descriptor = probe.memfd(256);
    const path = `/proc/self/fd/${descriptor}`;
    using device = CharDevice.open(path, { fileType: 'any' });
    const content = (position: number): Uint8Array => {
      const copy = new Uint8Array(64);
      device.pread(copy, position);
      return copy;
    };
    device.pwrite(counted, 0);
    expect([device.read(view), bytes[63]]).toEqual([64, 63]);
    expect([device.tryRead(view), bytes[63]]).toEqual([64, 127]);
    expect([device.pread(view, 1), bytes[63]]).toEqual([64, 64]);
    expect([device.pwrite(view, 64), content(64), content(128)]).toEqual([64, counted.slice(1, 65), new Uint8Array(64)]);
    using second = CharDevice.open(path, { fileType: 'any' });
    expect([second.write(view), content(0), content(64)]).toEqual([64, counted.slice(1, 65), counted.slice(1, 65)]);
    const mapping = device.map({ offset: 0, length: 256 });
    mapping.fill(0, 256, 0xee);
    mapping.write(5, view);
    expect(mapping.read(5, 64)).toEqual(counted.slice(1, 65));
    expect(mapping.read(69, 100)).toEqual(new Uint8Array(100).fill(0xee));
    mapping.write(8, counted);
    mapping.readInto(8, view);
    expect([bytes[0], bytes[63], isBroken()]).toEqual([0, 63, false]);
    closeSync(descriptor);
  });

  for (const [name, { view, bytes, isBroken }] of views) {
    itOnTerminals(`${name} is the argument of a request`, () => {
      using terminal = CharDevice.open('/dev/ptmx');
      bytes.fill(0xff);
      expect(terminal.ioctl(GET_PTY_NUMBER, view)).toBe(0);
      const number = new Int32Array(1);
      terminal.ioctl(GET_PTY_NUMBER, number);
      expect([...bytes.subarray(0, 5)]).toEqual([...new Uint8Array(number.buffer), 0xff]);
      expect(isBroken()).toBe(false);
      expect(error(() => terminal.ioctl(ioctlRequest('read', 'T', 0x30, 65), view))).toMatchObject({ code: 'ERR_OUT_OF_RANGE', actual: 64 });
    });
  }
});

describe('ioctl', () => {
  it('numbers are made as C makes them', () => {
    expect(ioctlRequest('none', 'E', 0)).toBe(0x4500);
    expect(ioctlRequest('read', 'E', 1, 136)).toBe(0x80884501);
    expect(ioctlRequest('read-write', 'E', 4, 8)).toBe(0xc0084504);
    expect(ioctlArgumentBytes(0x90084503)).toBe(4104);
    expect(() => ioctlRequest('both' as 'read', 'E', 1)).toThrow(RangeError);
    expect(() => ioctlRequest('read', 'E', 256)).toThrow(RangeError);
    expect(() => ioctlRequest('read', 'E', 1, 0x4000)).toThrow(RangeError);
    expect(() => ioctlRequest('read', '', 1)).toThrow(RangeError);
  });

  it('of a device that does not know the request tells ENOTTY', () => {
    using device = CharDevice.open('/dev/null');
    expect(error(() => device.ioctl(0x80884501, new Uint8Array(136)))).toMatchObject({ code: 'ENOTTY', errno: -25, syscall: 'ioctl', path: '/dev/null', address: 0x80884501 });
  });

  itOnTerminals('reads and writes the argument in place', () => {
    using terminal = CharDevice.open('/dev/ptmx');
    const number = new Int32Array(1).fill(-1);
    expect(terminal.ioctl(GET_PTY_NUMBER, number)).toBe(0);
    expect(number[0]).toBeGreaterThanOrEqual(0);
    expect(terminal.ioctl(LOCK_PTY, new DataView(new ArrayBuffer(4)))).toBe(0);
  });

  itOnTerminals('refuses a view shorter than the request announces, and numbers that could be addresses', () => {
    using terminal = CharDevice.open('/dev/ptmx');
    expect(error(() => terminal.ioctl(GET_PTY_NUMBER, new Uint8Array(3)))).toMatchObject({ code: 'ERR_OUT_OF_RANGE', actual: 3 });
    for (const bad of [4096, -1, 0.5, 2 ** 32, Number.NaN]) expect(() => terminal.ioctl(TCGETS, bad)).toThrow(RangeError);
    for (const bad of [-1, 2 ** 32, 1.5]) expect(() => terminal.ioctl(bad)).toThrow(RangeError);
    for (const bad of ['x', null, {}, 1n]) expect(() => terminal.ioctl(GET_PTY_NUMBER, bad as unknown as number)).toThrow(TypeError);
    expect(error(() => terminal.ioctl(GET_PTY_NUMBER, 0))).toMatchObject({ code: 'EFAULT' });
  });

  itOnTerminals('of an old request cannot write past a view that is too short', () => {
    using terminal = CharDevice.open('/dev/ptmx');
    const memory = new Uint8Array(64).fill(0xee); // struct termios has 36 bytes and more
    expect(terminal.ioctl(TCGETS, memory.subarray(0, 8))).toBe(0);
    expect(memory.subarray(0, 8).some((byte) => byte !== 0xee)).toBe(true);
    expect(memory.subarray(8).every((byte) => byte === 0xee)).toBe(true);
  });

  it('and other calls of the kernel do not take windows over device memory', () => {
    using device = CharDevice.open('/dev/zero');
    const { words } = device.map({ offset: 0, length: 4096 });
    for (const use of [() => device.ioctl(TCGETS, words), () => device.read(words), () => device.write(words), () => device.pread(words, 0), () => device.pwrite(words, 0)]) {
      expect(use).toThrow(TypeError);
    }
  });
});

describe('a descriptor that a request makes', () => {
  const GET_PTY_PEER = ioctlRequest('none', 'T', 0x41);
  const BYTES_TO_READ = 0x541b;
  const openFlags = constants.O_RDWR | constants.O_NOCTTY;
  const isOpen = (fd: number): boolean => existsSync(`/proc/self/fd/${fd}`);

  function terminal(): CharDevice {
    const master = CharDevice.open('/dev/ptmx');
    master.ioctl(LOCK_PTY, new Int32Array(1));
    return master;
  }

  itOnTerminals('is a device of its own: to be read, watched and closed', async () => {
    using master = terminal();
    const peer = ioctlOpen(master, GET_PTY_PEER, openFlags, { path: 'peer' });
    const { fd } = peer;
    expect([peer.path, isOpen(fd)]).toEqual(['peer', true]);
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1');
    expect(parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? '', 8) & 0o2004000).toBe(0o2004000); // O_CLOEXEC, O_NONBLOCK
    expect(error(() => peer.read(new Uint8Array(1)))).toMatchObject({ code: 'EAGAIN', path: 'peer' });
    const ready = peer.ready('readable');
    master.write(new TextEncoder().encode('hi\n'));
    await ready;
    expect(peer.read(new Uint8Array(8))).toBe(3);
    peer.close();
    peer.close();
    expect([peer.closed, isOpen(fd), master.closed]).toEqual([true, false, false]);
  });

  itOnTerminals('is closed with the device that made it, and its waits are rejected', async () => {
    const master = terminal();
    const peer = ioctlOpen(master, GET_PTY_PEER, openFlags);
    const { fd } = peer;
    const pending = peer.ready('readable');
    master.close();
    await expect(pending).rejects.toMatchObject(CLOSED);
    expect([peer.closed, isOpen(fd)]).toEqual([true, false]);
  });

  it('is found at its place in the argument, too, and can be mapped', () => {
    const folder = mkdtempSync(join(tmpdir(), 'adopt-'));
    const path = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    using pipe = CharDevice.open(path, { fileType: 'any' });
    // A request that leaves in its argument how many bytes a pipe holds: as many as the number of a descriptor.
    const fd = probe.memfd(4096);
    pipe.write(new Uint8Array(fd));
    const adopted = ioctlOpen(pipe, BYTES_TO_READ, new Int32Array(2), { offset: 0 });
    expect(adopted.fd).toBe(fd);
    const mapping = adopted.mapMemory({ offset: 0, length: 4096 });
    const bytes = new Uint8Array(mapping.buffer);
    new DataView(mapping.buffer).setUint16(1, 0x1234);
    const content = new Uint8Array(4);
    adopted.pread(content, 0);
    expect([...content]).toEqual([0, 0x12, 0x34, 0]);
    adopted.close();
    expect([isOpen(fd), mapping.closed, bytes[1]]).toEqual([false, true, 0]);
    expect(error(() => mapping.buffer)).toMatchObject(CLOSED);
    expect(error(() => virtualAddressOf(mapping))).toMatchObject(CLOSED);
    rmSync(folder, { recursive: true });
  });

  itOnTerminals('that is none is an error, and so is a request that fails', () => {
    using device = CharDevice.open('/dev/null');
    expect(error(() => ioctlOpen(device, GET_PTY_PEER, 0))).toMatchObject({ code: 'ENOTTY', path: '/dev/null' });
    using master = terminal();
    const settings = new Int32Array(16);
    master.ioctl(TCGETS, settings);
    settings[0] = -1;
    expect(error(() => ioctlOpen(master, 0x5402, settings, { offset: 0 }))).toMatchObject({ code: 'EBADF' }); // TCSETS leaves it as it is
    expect(() => ioctlOpen(master, 0x5402, settings, { offset: 61 })).toThrow(RangeError);
    expect(() => ioctlOpen(master, 0x5402, 0, { offset: 0 })).toThrow(TypeError);
    expect(() => ioctlOpen(master, 0x5402, 0, null as unknown as object)).toThrow(TypeError);
  });
});

describe('waiting', () => {
  function terminalPair(): { master: CharDevice; slave: CharDevice } {
    const master = CharDevice.open('/dev/ptmx');
    const number = new Int32Array(1);
    master.ioctl(GET_PTY_NUMBER, number);
    master.ioctl(LOCK_PTY, new Int32Array(1));
    return { master, slave: CharDevice.open(`/dev/pts/${number[0]}`) };
  }
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  itOnTerminals('ends when the device is readable, and reading takes what came', async () => {
    const { master, slave } = terminalPair();
    using _master = master;
    using _slave = slave;
    expect(error(() => master.read(new Uint8Array(1)))).toMatchObject({ code: 'EAGAIN' });
    const ready = master.ready('readable');
    slave.write(bytes('hello'));
    expect([...(await ready)]).toEqual(['readable']);
    const buffer = new Uint8Array(16);
    expect(master.read(buffer)).toBe(5);
    expect(new TextDecoder().decode(buffer.subarray(0, 5))).toBe('hello');
    expect([...(await master.ready(['readable', 'writable']))]).toEqual(['writable']);
    expect(error(() => master.pread(buffer, 0))).toMatchObject({ code: 'ESPIPE' });
  });

  itOnTerminals('tells of a hangup', async () => {
    const { master, slave } = terminalPair();
    using _master = master;
    slave.close();
    expect((await master.ready(['readable', 'hangup'])).size).toBeGreaterThan(0);
    expect(error(() => master.read(new Uint8Array(1)))).toMatchObject({ code: 'EIO' });
  });

  itOnTerminals('ends by a timeout, a signal, or the close of the device', async () => {
    const { master, slave } = terminalPair();
    using _slave = slave;
    await expect(master.ready('readable', { timeout: 5 })).rejects.toMatchObject({ code: 'ERR_EPIPHANY_TIMEOUT' });
    await expect(master.ready('readable', { signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(master.ready('readable', { signal: AbortSignal.abort('why') })).rejects.toBe('why');
    const pending = [master.ready('readable'), master.ready('readable', { timeout: 60_000 })];
    master.close();
    for (const wait of pending) await expect(wait).rejects.toMatchObject(CLOSED);
    await expect(master.ready('readable')).rejects.toMatchObject(CLOSED);
  });

  itOnTerminals('goes on with a watcher until it is closed', async () => {
    const { master, slave } = terminalPair();
    using _slave = slave;
    const seen: string[] = [];
    const watcher = master.watch('readable', (failure, events) => {
      expect(failure).toBeUndefined();
      expect([...events]).toEqual(['readable']);
      const buffer = Buffer.alloc(16);
      seen.push(buffer.toString('utf8', 0, master.read(buffer)));
    });
    expect(watcher.unref().ref()).toBe(watcher);
    for (const text of ['a', 'b', 'c']) {
      slave.write(bytes(text));
      await expect.poll(() => seen.join('')).toContain(text);
    }
    expect(seen.join('')).toBe('abc');
    watcher.close();
    watcher.close();
    expect(watcher.closed).toBe(true);
    expect(() => watcher.ref()).toThrow(expect.objectContaining(CLOSED));
    slave.write(bytes('d'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(seen).toHaveLength(3);
    const other = master.watch(['readable', 'priority'], () => undefined);
    master.close();
    expect(other.closed).toBe(true);
  });

  it('tells of an error condition, and has ended then', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fifo-'));
    const path = join(folder, 'fifo');
    spawnSync('mkfifo', [path]);
    using reader = CharDevice.open(path, { access: 'read', fileType: 'any' });
    using writer = CharDevice.open(path, { access: 'write', fileType: 'any' });
    writer.write(new Uint8Array(65536)); // full: not writable, so that only the error can end the wait
    const failure = new Promise<Error | undefined>((resolve) => {
      const watcher = writer.watch('writable', (thrown) => {
        expect(watcher.closed).toBe(true);
        resolve(thrown);
      });
    });
    reader.close();
    expect(await failure).toMatchObject({ code: 'EIO', syscall: 'poll', path });
    rmSync(folder, { recursive: true });
  });

  it('refuses what cannot be waited for', async () => {
    using device = CharDevice.open('/dev/null');
    await expect(device.ready('readable')).rejects.toMatchObject({ code: 'EPERM', syscall: 'poll', path: '/dev/null' });
    expect(() => device.watch('sometimes' as 'readable', () => undefined)).toThrow(RangeError);
    expect(() => device.watch([], () => undefined)).toThrow(RangeError);
    expect(() => device.watch(5 as unknown as 'readable', () => undefined)).toThrow(TypeError);
    expect(() => device.watch('readable', undefined as unknown as () => void)).toThrow(TypeError);
    await expect(device.ready('readable', { timeout: -1 })).rejects.toThrow(RangeError);
  });
});

describe('the lock of a file', () => {
  it('is held by one until it is closed', () => {
    const descriptor = probe.memfd(16);
    const path = `/proc/self/fd/${descriptor}`;
    const first = CharDevice.open(path, { fileType: 'any' });
    using second = CharDevice.open(path, { fileType: 'any' });
    first.lock();
    first.lock();
    expect(error(() => second.lock())).toMatchObject({ code: 'EAGAIN', syscall: 'flock' });
    first.close();
    second.lock();
    closeSync(descriptor);
  });
});
