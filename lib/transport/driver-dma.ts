// SPDX-License-Identifier: MIT
/** Copies by the DMA engine of the host, through the driver. */
import { emeshAddress } from '../address.js';
import type { Watcher } from '../device/index.js';
import { closedError, systemError } from '../errors.js';
import { CONSTANTS, decode, REQUESTS, structureBytes, type Given } from './abi.js';
import type { CharDeviceTransport, DriverDevice, DriverFile } from './chardev.js';
import { goneError } from './condition.js';
import { RECORD_TYPES } from './events.js';
import type { Claim, DmaEnd, DmaEngine, DramBlock } from './transport.js';

interface Pending {
  resolve(): void;
  reject(error: unknown): void;
}

/** Names each copy that is under way by its cookie, and reads how it ended from a file of events of its own. */
export class DriverDma implements DmaEngine {
  readonly readsCores: boolean;
  readonly #transport: CharDeviceTransport;
  readonly #device: DriverDevice;
  readonly #events: DriverFile;
  readonly #buffer = new DataView(new ArrayBuffer(structureBytes('epiphany_event') * 16));
  readonly #pending = new Map<bigint, Pending>();
  #watcher: Watcher | undefined;

  readonly #fileOf: (owner: Claim | DramBlock) => DriverFile;

  /** @param fileOf the file by which the driver knows a work-group or a block */
  constructor(transport: CharDeviceTransport, device: DriverDevice, events: DriverFile, readsCores: boolean, fileOf: (owner: Claim | DramBlock) => DriverFile) {
    this.#fileOf = fileOf;
    this.#transport = transport;
    this.#device = device;
    this.#events = events;
    this.readsCores = readsCores;
  }

  copy(from: DmaEnd, to: DmaEnd, bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#transport.verify();
      const request = { source: this.#placeOf(from), destination: this.#placeOf(to), bytes };
      const { cookie } = this.#transport.request('epiphany_dma_copy', REQUESTS.EPIPHANY_IOC_DMA_COPY, request, this.#device);
      this.#pending.set(cookie, { resolve, reject });
      this.#watcher ??= this.#events.watch('readable', (error) => {
        if (error) this.#watcher = undefined; // it has closed itself
        this.#read();
        if (error) this.#fail(goneError(this.#transport.path, error));
      });
    });
  }

  close(): void {
    this.#fail(closedError(`board '${this.#transport.path}'`));
  }

  #read(): void {
    for (;;) {
      let bytes: number | undefined;
      try {
        bytes = this.#events.tryRead(this.#buffer);
      } catch (error) {
        this.#fail(this.#transport.told(error));
        return;
      }
      if (bytes === undefined) return;
      for (let at = 0; at + structureBytes('epiphany_event') <= bytes; at += structureBytes('epiphany_event')) this.#take(at);
      if (bytes < this.#buffer.byteLength) return;
    }
  }

  #take(at: number): void {
    const { type, flags, payload } = decode('epiphany_event', this.#buffer, at);
    if (type !== RECORD_TYPES.dma) return;
    const pending = this.#pending.get(payload);
    this.#pending.delete(payload);
    if (this.#pending.size === 0) this.#unwatch();
    if (flags === 0) pending?.resolve();
    else pending?.reject(this.#transport.told(systemError(-flags, 'ioctl', { path: this.#transport.path }, 'The DMA engine has not copied all of it')));
  }

  #fail(error: unknown): void {
    this.#unwatch();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #placeOf(end: DmaEnd): Given<'epiphany_dma_place'> {
    if (end.kind === 'memory') return { kind: CONSTANTS.EPIPHANY_DMA_USER, fd: 0, address: BigInt(end.memory.virtualAddress + end.offset) };
    const { fd } = this.#fileOf(end.kind === 'dram' ? end.block : end.claim);
    return { kind: CONSTANTS.EPIPHANY_DMA_FILE, fd, address: BigInt(end.kind === 'dram' ? end.address : emeshAddress(end.core, end.address)) };
  }
}
