// SPDX-License-Identifier: MIT
/** An open character device. */
import { constants as bufferConstants } from 'node:buffer';
import { constants } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { inspect } from 'node:util';
import {
  checkInteger,
  checkPath,
  closedError,
  EpiphanyError,
  formatHex,
  invalidType,
  outOfRange,
  systemError,
} from '../errors.js';
import { MAPPING_KINDS, native, type DeviceHandle, type MappingHandle } from '../native.js';
import { mappingOf, type Mapping, type MappingAccess } from './mapping.js';
import { memoryMappingOf, type MemoryMapping } from './memory-mapping.js';
import { ioctlArgumentBytes } from './request.js';
import { eventBits, watch, type PollEvent, type Watcher } from './watcher.js';
import { byteLengthOf, bytesOf, checkView } from '../view.js';
import { waitFor, type WaitOptions } from '../wait.js';
import { isWindow } from './window.js';

/** How to open a device. */
export interface OpenOptions {
  /** Default `'read-write'`. */
  access?: 'read' | 'write' | 'read-write';
  /** O_NONBLOCK: what would wait gives `EAGAIN` instead. Default true, as a blocked call blocks all of Node. */
  nonBlocking?: boolean;
  /** Refuse what is not a character device with `ENODEV` (default), or open any file. */
  fileType?: 'character' | 'any';
}

/** Which part of a device to map. */
export interface MapOptions {
  /** Bytes from the start of the device; a multiple of the page size, up to 2^53 − 1. */
  offset: number;
  /** Bytes, a multiple of 4. */
  length: number;
  /** Default `'read-write'`. */
  access?: MappingAccess;
  /** Address by which messages and `inspect` call the first byte; default the offset. */
  baseAddress?: number;
}

/** Where a request leaves the descriptor that it makes. */
export interface IoctlOpenOptions {
  /** Bytes from the start of the argument; left out: the descriptor is what the request returns. */
  offset?: number;
  /** What to call the new device in messages; default: as the one that made it. */
  path?: string;
}

/** A device from its handle. */
export let deviceOf: (handle: DeviceHandle, path: string) => CharDevice;

/**
 * ioctl(2) of a request that makes a file descriptor, and what it made as a device: non-blocking, close-on-exec, and
 * closed with `device` at the latest. Only for drivers that are known to make a descriptor there: any other number would
 * be taken for one, so this is not for users.
 * @throws as `CharDevice.ioctl`; SystemError `EBADF` if the request left no descriptor
 */
export let ioctlOpen: (device: CharDevice, request: number, argument: ArrayBufferView | number, options?: IoctlOpenOptions) => CharDevice;

/** What is closed with its device, besides the mappings that the native side knows of. */
type Child = Watcher | CharDevice;

const [EAGAIN, ENODEV] = [-osConstants.errno.EAGAIN, -osConstants.errno.ENODEV];
const MAP_REMEDIES: ReadonlyMap<number, string> = new Map([
  [-osConstants.errno.ENXIO, 'There is nothing at that offset'],
  [-osConstants.errno.ENOMEM, 'If this process has too many mappings: close those that are not needed, and let the event loop turn, so that closed ones whose buffers are collected are given back'],
]);
const ACCESS_FLAGS = { read: constants.O_RDONLY, write: constants.O_WRONLY, 'read-write': constants.O_RDWR } as const;
/**
 * A number as argument of an ioctl must be too small for an address: the zero page is never mapped, so no
 * driver can be made to write to memory of this process.
 */
const LARGEST_PLAIN_ARGUMENT = 4095;
/** Arguments of an ioctl are copied; none is a bulk transfer. */
const LARGEST_ARGUMENT = 2 ** 24;

/**
 * A character device, or any file if so asked. Closed by {@link close}, or when collected.
 *
 * Nothing here can crash Node while the device keeps its promises. What cannot be prevented: a device whose
 * mappings have holes, or which vanishes without revoking them, answers a load with SIGBUS, and no program
 * can catch that in JavaScript; so do files that somebody truncates while they are mapped.
 *
 * @example
 * const device = CharDevice.open('/dev/zero');
 * const mapping = device.map({ offset: 0, length: 4096 });
 * mapping.words[0] = 42;
 * device.close(); // closes its mappings and watchers first
 */
export class CharDevice implements Disposable {
  /** File that was opened. */
  readonly path: string;
  readonly #handle: DeviceHandle;
  readonly #onClose: (device: CharDevice) => void;
  /** What must be closed before the device is. Weak: it may be collected before its device. */
  readonly #children = new Set<WeakRef<Child>>();
  readonly #tidy = new FinalizationRegistry<WeakRef<Child>>((child) => this.#children.delete(child));
  readonly #pending = new Set<(reason: Error) => void>();
  #closed = false;

  static {
    deviceOf = (handle, path) => new CharDevice(handle, path);
    ioctlOpen = (device, request, argument, options = {}) => device.#ioctlOpen(request, argument, options);
  }

  private constructor(handle: DeviceHandle, path: string, onClose: (device: CharDevice) => void = () => undefined) {
    this.#handle = handle;
    this.#onClose = onClose;
    this.path = path;
    Object.freeze(this);
  }

  /**
   * Opens a device.
   * @throws SystemError with `path`: `ENOENT`, `EACCES`, `ENODEV` for what is no character device, …
   */
  static open(path: string, options: OpenOptions = {}): CharDevice {
    checkPath('path', path);
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { access = 'read-write', nonBlocking = true, fileType = 'character' } = options;
    if (!Object.hasOwn(ACCESS_FLAGS, access)) throw outOfRange('access', Object.keys(ACCESS_FLAGS).join(', '), access);
    if (fileType !== 'character' && fileType !== 'any') throw outOfRange('fileType', 'character, any', fileType);
    if (typeof nonBlocking !== 'boolean') throw invalidType('nonBlocking', 'a boolean', nonBlocking);
    const handle = native.open(path, ACCESS_FLAGS[access] | (nonBlocking ? constants.O_NONBLOCK : 0), fileType === 'any');
    if (typeof handle === 'number') throw systemError(handle, 'open', { path }, handle === ENODEV ? 'It is not a character device, or its driver is gone' : '');
    return new CharDevice(handle, path);
  }

  /** Whether the device was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The file descriptor, which stays owned by this object: do not close it. */
  get fd(): number {
    return this.#check(native.descriptor(this.#open()), 'fcntl');
  }

  /**
   * ioctl(2).
   * @param request number of 32 bits; see `ioctlRequest`
   * @param argument a view with room for what the request announces, which the driver reads and fills; or
   *   0 … 4095 for a request that takes a plain number. What pointers within a structure point to is between
   *   you and the driver.
   * @returns what the driver returns, not negative
   * @throws SystemError as ioctl(2): `ENOTTY` for a request that the driver does not know; RangeError for a view
   *   that is too short or a number that is too large
   */
  ioctl(request: number, argument: ArrayBufferView | number = 0): number {
    const handle = this.#open();
    return this.#check(native.ioctl(handle, request, this.#ioctlArgument(request, argument)), 'ioctl', request);
  }

  #ioctlOpen(request: number, argument: ArrayBufferView | number, options: IoctlOpenOptions): CharDevice {
    const handle = this.#open();
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { offset, path = this.path } = options;
    checkPath('options.path', path);
    const given = this.#ioctlArgument(request, argument);
    if (offset !== undefined) {
      if (typeof given === 'number') throw invalidType('argument', 'a view, as there is an offset', argument);
      checkInteger('options.offset', offset, 0, byteLengthOf(given) - 4);
    }
    const made = native.ioctlOpen(handle, request, given, offset);
    if (typeof made === 'number') throw systemError(made, 'ioctl', { path: this.path, address: request });
    return this.#adopt((onClose) => new CharDevice(made, path, onClose));
  }

  #ioctlArgument(request: number, argument: ArrayBufferView | number): Uint8Array | number {
    checkInteger('request', request, 0, 0xffffffff);
    if (typeof argument === 'number') return checkInteger('argument', argument, 0, LARGEST_PLAIN_ARGUMENT);
    const given = this.#hostBytes('argument', argument);
    const announced = ioctlArgumentBytes(request);
    const bytes = byteLengthOf(given);
    if (bytes < announced) throw outOfRange('argument', `a view of at least ${announced} bytes for request ${formatHex(request)}`, bytes);
    if (bytes > LARGEST_ARGUMENT) throw outOfRange('argument', `a view of at most ${LARGEST_ARGUMENT} bytes`, bytes);
    return given;
  }

  /**
   * Maps a part of the device. The mapping is a lease, closed with the device at the latest.
   * @throws RangeError if the offset is not page-aligned or the length no positive multiple of 4; SystemError as
   *   mmap(2): `ENOMEM` also if this process has too many mappings, `ENXIO` for what lies beyond the end of a regular file
   */
  map(options: MapOptions): Mapping {
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { access = 'read-write' } = options;
    if (access !== 'read' && access !== 'read-write') throw outOfRange('access', 'read, read-write', access);
    const { mapped, ...origin } = this.#map(options, access);
    return mappingOf(mapped, { ...origin, access, path: this.path, device: this });
  }

  /**
   * Maps a part of the device that is memory like any other: any view of it may be made, and any function may
   * copy from it and to it, in any width. For device memory this is wrong; use {@link map}.
   * @throws as {@link map}
   */
  mapMemory(options: Omit<MapOptions, 'access'>): MemoryMapping {
    if (typeof options !== 'object' || options === null) throw invalidType('options', 'an object', options);
    const { mapped, length, baseAddress } = this.#map(options, 'memory');
    return memoryMappingOf(mapped, { path: this.path, length, baseAddress, device: this });
  }

  #map({ offset, length, baseAddress = offset }: MapOptions, kind: keyof typeof MAPPING_KINDS): Required<Omit<MapOptions, 'access'>> & { mapped: MappingHandle } {
    checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    if (offset % native.pageBytes !== 0) throw outOfRange('offset', `a multiple of the page size, ${native.pageBytes}`, offset);
    checkInteger('length', length, 4, bufferConstants.MAX_LENGTH);
    if (length % 4 !== 0) throw outOfRange('length', 'a multiple of 4', length);
    checkInteger('baseAddress', baseAddress, 0, Number.MAX_SAFE_INTEGER);
    const mapped = native.map(this.#open(), offset, length, MAPPING_KINDS[kind]);
    if (typeof mapped === 'number') throw systemError(mapped, 'mmap', { path: this.path, address: offset }, MAP_REMEDIES.get(mapped));
    return { mapped, offset, length, baseAddress };
  }

  /** read(2) into a view; returns how many bytes came, 0 at the end. @throws SystemError: `EAGAIN` if there is nothing yet */
  read(view: ArrayBufferView): number {
    const handle = this.#open();
    return this.#check(native.read(handle, this.#hostBytes('view', view)), 'read');
  }

  /** As {@link read}, but gives undefined instead of the error `EAGAIN` if there is nothing yet. */
  tryRead(view: ArrayBufferView): number | undefined {
    const count = native.read(this.#open(), this.#hostBytes('view', view));
    return count === EAGAIN ? undefined : this.#check(count, 'read');
  }

  /** write(2) from a view; returns how many bytes were taken. */
  write(view: ArrayBufferView): number {
    const handle = this.#open();
    return this.#check(native.write(handle, this.#hostBytes('view', view)), 'write');
  }

  /** pread(2): as {@link read}, at a position of up to 2^53 − 1, leaving the device's own position alone. */
  pread(view: ArrayBufferView, position: number): number {
    const handle = this.#open();
    checkInteger('position', position, 0, Number.MAX_SAFE_INTEGER);
    return this.#check(native.pread(handle, this.#hostBytes('view', view), position), 'pread', position);
  }

  /** pwrite(2). */
  pwrite(view: ArrayBufferView, position: number): number {
    const handle = this.#open();
    checkInteger('position', position, 0, Number.MAX_SAFE_INTEGER);
    return this.#check(native.pwrite(handle, this.#hostBytes('view', view), position), 'pwrite', position);
  }

  /**
   * Takes the advisory lock of the file, as flock(2) has it; held until the device is closed.
   * @throws SystemError `EAGAIN` if somebody else holds it
   */
  lock(): void {
    this.#check(native.lock(this.#open()), 'flock');
  }

  /**
   * Calls `listener` whenever one of `events` holds, again and again while it does, until the watcher or the
   * device is closed. Makes the device non-blocking. A watcher keeps the process alive; see `unref`.
   * @throws SystemError `EPERM` if the device cannot be waited for
   */
  watch(events: PollEvent | readonly PollEvent[], listener: (error: Error | undefined, events: ReadonlySet<PollEvent>) => void): Watcher {
    const wanted = eventBits(events);
    if (typeof listener !== 'function') throw invalidType('listener', 'a function', listener);
    return this.#watch(this.#open(), wanted, listener);
  }

  /**
   * Waits until one of `events` holds, and tells which do.
   * @throws (rejects) `ERR_EPIPHANY_TIMEOUT`, the signal's reason, or `ERR_EPIPHANY_CLOSED` if the device is
   *   closed meanwhile
   */
  async ready(events: PollEvent | readonly PollEvent[], options: WaitOptions = {}): Promise<ReadonlySet<PollEvent>> {
    this.#open();
    const wanted = eventBits(events);
    return waitFor(`event of '${this.path}'`, options, (resolve, reject) => {
      const watcher = this.#watch(this.#open(), wanted, (error, happened) => {
        if (error) reject(error);
        else resolve(happened);
      });
      this.#pending.add(reject);
      return () => {
        this.#pending.delete(reject);
        watcher.close();
      };
    });
  }

  /**
   * Closes the device, after its mappings, its watchers, and the devices that it made; pending waits are rejected. Doing it again does nothing.
   * @throws SystemError if a mapping cannot be given up: the device then stays open, to try again; or the error
   *   of close(2), when the device is closed all the same
   */
  close(): void {
    if (this.#closed) return;
    this.#check(native.endLeases(this.#handle), 'mmap');
    this.#closed = true;
    for (const child of [...this.#children]) child.deref()?.close();
    this.#onClose(this);
    for (const reject of [...this.#pending]) reject(this.#closedError());
    const status = native.close(this.#handle);
    if (status < 0) throw systemError(status, 'close', { path: this.path });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  [inspect.custom](): string {
    return `CharDevice('${this.path}'${this.#closed ? ', closed' : ''})`;
  }

  #open(): DeviceHandle {
    if (this.#closed) throw this.#closedError();
    return this.#handle;
  }

  #watch(handle: DeviceHandle, events: number, listener: (error: Error | undefined, events: ReadonlySet<PollEvent>) => void): Watcher {
    return this.#adopt((onClose) => watch(handle, this.path, events, listener, onClose));
  }

  #closedError(): EpiphanyError {
    return closedError(`'${this.path}'`);
  }

  #adopt<Made extends Child>(make: (onClose: (child: Child) => void) => Made): Made {
    const registration: { reference?: WeakRef<Child> } = {};
    const child = make((closed) => {
      if (registration.reference) this.#children.delete(registration.reference);
      this.#tidy.unregister(closed);
    });
    registration.reference = new WeakRef<Child>(child);
    this.#children.add(registration.reference);
    this.#tidy.register(child, registration.reference, child);
    return child;
  }

  /** System calls copy in their own way, which device memory does not allow. */
  #hostBytes(name: string, view: unknown): Uint8Array {
    const checked = checkView(name, view);
    if (isWindow(checked)) throw invalidType(name, 'in host memory, not a window over device memory', view);
    return bytesOf(checked);
  }

  #check(status: number, syscall: string, address?: number): number {
    if (status < 0) throw systemError(status, syscall, { path: this.path, address });
    return status;
  }
}
