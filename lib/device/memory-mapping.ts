// SPDX-License-Identifier: MIT
/** A lease of mapped memory that is like any other memory, and may be viewed in any way. */
import { constants } from 'node:os';
import { inspect } from 'node:util';
import { closedError, EpiphanyError, formatHex, systemError } from '../errors.js';
import { native, type MappingHandle } from '../native.js';
import { byteLengthOfBuffer } from '../view.js';
import { bufferOfMapping } from './mapping.js';

interface Origin {
  readonly path: string;
  readonly length: number;
  /** Address of the first byte, for messages. */
  readonly baseAddress: number;
  /** What is mapped; its end is that of the lease. */
  readonly device: { readonly closed: boolean };
}

/** A mapping from its handle. */
export let memoryMappingOf: (handle: MappingHandle, origin: Origin) => MemoryMapping;

/** Where a mapping lies in this process, for structures that drivers are given. @throws `ERR_EPIPHANY_CLOSED` */
export let virtualAddressOf: (mapping: MemoryMapping) => number;

/** How to end a lease when the mapping itself has been collected; false if the kernel refuses. Must not be called before. */
export let endOf: (mapping: MemoryMapping) => () => boolean;

/** A view keeps its mapping, and what is done when nothing is left of that waits for the view. */
const mappings = new WeakMap<ArrayBuffer, MemoryMapping>();

/** Memory of a device mapped into this process, without rules about how it is accessed; made by `CharDevice.mapMemory`. */
export class MemoryMapping implements Disposable {
  /** File that is mapped. */
  readonly path: string;
  /** Bytes. */
  readonly length: number;
  /** Address by which messages call the first byte. */
  readonly baseAddress: number;
  readonly #handle: MappingHandle;
  #buffer: ArrayBuffer | undefined;
  readonly #device: Origin['device'];
  #closed = false;

  static {
    memoryMappingOf = (handle, origin) => new MemoryMapping(handle, origin);
    virtualAddressOf = (mapping) => {
      const address = native.address(mapping.#handle);
      if (address < 0) throw closedError(`the mapping of '${mapping.path}'`);
      return address;
    };
    endOf = (mapping) => endOfHandle(mapping.#handle);
  }

  private constructor(handle: MappingHandle, { path, length, baseAddress, device }: Origin) {
    this.path = path;
    this.length = length;
    this.baseAddress = baseAddress;
    this.#handle = handle;
    this.#device = device;
    Object.freeze(this);
  }

  /** Whether the lease is over. */
  get closed(): boolean {
    return this.#closed || this.#device.closed;
  }

  /** All of it, zero-copy; other views can be made over the same buffer. @throws `ERR_EPIPHANY_CLOSED`, also if transfer() took its memory away */
  get buffer(): ArrayBuffer {
    if (this.closed) throw closedError(`the mapping of '${this.path}'`);
    if (!this.#buffer) {
      this.#buffer = bufferOfMapping(this.#handle, this.path, this.baseAddress);
      mappings.set(this.#buffer, this);
    }
    // No mapping is empty.
    if (byteLengthOfBuffer(this.#buffer) === 0) throw new EpiphanyError('ERR_EPIPHANY_CLOSED', `the buffer of the mapping of '${this.path}' is gone: transfer() took its memory`, { path: this.path, address: this.baseAddress });
    return this.#buffer;
  }

  /**
   * Ends the lease: the buffer and every view of it reach the memory no more. They are as long as before, because
   * asynchronous calls may be using them, and show memory of no meaning, zero at first. Doing it again does nothing.
   * @throws SystemError if the kernel refuses; the mapping is then as open as before
   */
  close(): void {
    if (this.closed) return;
    const status = native.unmap(this.#handle);
    if (status < 0) throw systemError(status, 'mmap', { path: this.path, address: this.baseAddress });
    this.#closed = true;
    this.#buffer = undefined; // the range is kept for who has the buffer, which is not us
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  [inspect.custom](): string {
    return `MemoryMapping(${this.length} bytes at ${formatHex(this.baseAddress)} of '${this.path}'${this.closed ? ', closed' : ''})`;
  }
}

/** Closes over the handle alone: an owner of this must not hold the mapping. */
function endOfHandle(handle: MappingHandle): () => boolean {
  return () => {
    const status = native.unmap(handle);
    return status >= 0 || status === -constants.errno.EBADF; // which is closed
  };
}
