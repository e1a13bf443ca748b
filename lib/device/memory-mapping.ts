// SPDX-License-Identifier: MIT
/** A lease of mapped memory that is like any other memory, and may be viewed in any way. */
import { inspect } from 'node:util';
import { constants } from 'node:os';
import { closedError, formatHex, systemError } from '../errors.js';
import { native, type MappingHandle } from '../native.js';

interface Origin {
  readonly path: string;
  readonly length: number;
  /** Address of the first byte, for messages. */
  readonly baseAddress: number;
  /** Called once, when the mapping is closed. */
  readonly onClose: (mapping: MemoryMapping) => void;
}

const EBADF = -constants.errno.EBADF;

/** Memory of a device mapped into this process, without rules about how it is accessed; made by `CharDevice.mapMemory`. */
export class MemoryMapping implements Disposable {
  /** File that is mapped. */
  readonly path: string;
  /** Bytes. */
  readonly length: number;
  /** Address by which messages call the first byte. */
  readonly baseAddress: number;
  readonly #handle: MappingHandle;
  readonly #buffer: ArrayBuffer;
  readonly #onClose: Origin['onClose'];
  #closed = false;

  /** @internal Use `CharDevice.mapMemory`. */
  constructor(handle: MappingHandle, { path, length, baseAddress, onClose }: Origin) {
    const buffer = native.buffer(handle);
    if (typeof buffer === 'number') {
      native.unmap(handle);
      throw systemError(buffer, 'mmap', { path, address: baseAddress }, 'This JavaScript engine allows no memory that it did not allocate itself');
    }
    this.path = path;
    this.length = length;
    this.baseAddress = baseAddress;
    this.#handle = handle;
    this.#buffer = buffer;
    this.#onClose = onClose;
    Object.freeze(this);
  }

  /** Whether the lease is over. */
  get closed(): boolean {
    return this.#closed;
  }

  /** All of it, zero-copy; other views can be made over the same buffer. @throws `ERR_EPIPHANY_CLOSED` */
  get buffer(): ArrayBuffer {
    if (this.#closed) throw closedError(`the mapping of '${this.path}'`);
    return this.#buffer;
  }

  /** @internal Where it lies in this process, for structures that drivers are given. */
  get virtualAddress(): number {
    const address = native.address(this.#handle);
    if (address < 0) throw closedError(`the mapping of '${this.path}'`);
    return address;
  }

  /**
   * Ends the lease: the buffer and every view of it are empty afterwards. Doing it again does nothing.
   * @throws SystemError if the kernel refuses; the mapping is then as open as before
   */
  close(): void {
    if (this.#closed) return;
    const status = native.unmap(this.#handle);
    if (status < 0 && status !== EBADF) throw systemError(status, 'mmap', { path: this.path, address: this.baseAddress });
    this.#closed = true;
    this.#onClose(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [inspect.custom](): string {
    return `MemoryMapping(${this.length} bytes at ${formatHex(this.baseAddress)} of '${this.path}'${this.#closed ? ', closed' : ''})`;
  }
}
