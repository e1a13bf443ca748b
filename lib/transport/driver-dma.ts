// SPDX-License-Identifier: MIT
/** Copies by the DMA engine of the host, through the driver. */
import { emeshAddress } from '../address.js';
import { virtualAddressOf } from '../device/memory-mapping.js';
import type { Watcher } from '../device/index.js';
import { closedError, systemError } from '../errors.js';
import { CONSTANTS, decode, REQUESTS, structureBytes, type Given } from './abi.js';
import { goneError } from './condition.js';
import { fileOf } from './driver-files.js';
import type { Driver, DriverFile } from './driver.js';
import { RECORD_TYPES } from './events.js';
import type { Claim, DmaEnd, DmaEngine } from './transport.js';

interface Pending {
  resolve(): void;
  reject(error: unknown): void;
}

/** Names each copy that is under way by its cookie, and reads how it ended from a file of events of its own. */
export class DriverDma implements DmaEngine {
  readonly readsCores: boolean;
  readonly #board: Pick<Claim, 'verify'>;
  readonly #driver: Driver;
  readonly #events: DriverFile;
  readonly #buffer = new DataView(new ArrayBuffer(structureBytes('epiphany_event') * 16));
  readonly #pending = new Map<bigint, Pending>();
  #watcher: Watcher | undefined;

  /** @param board what tells whether the chip is still what it was */
  constructor(board: Pick<Claim, 'verify'>, driver: Driver, events: DriverFile, readsCores: boolean) {
    this.#board = board;
    this.#driver = driver;
    this.#events = events;
    this.readsCores = readsCores;
  }

  copy(from: DmaEnd, to: DmaEnd, bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#board.verify();
      const request = { source: this.#placeOf(from), destination: this.#placeOf(to), bytes };
      const { cookie } = this.#driver.request('epiphany_dma_copy', REQUESTS.EPIPHANY_IOC_DMA_COPY, request);
      this.#pending.set(cookie, { resolve, reject });
      this.#watcher ??= this.#events.watch('readable', (error) => {
        if (error) this.#watcher = undefined; // it has closed itself
        this.#read();
        if (error) this.#fail(goneError(this.#driver.path, error));
      });
    });
  }

  close(): void {
    this.#fail(closedError(`board '${this.#driver.path}'`));
  }

  #read(): void {
    for (;;) {
      let bytes: number | undefined;
      try {
        bytes = this.#events.tryRead(this.#buffer);
      } catch (error) {
        this.#fail(this.#driver.told(error));
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
    else pending?.reject(this.#driver.told(systemError(-flags, 'ioctl', { path: this.#driver.path }, 'The DMA engine has not copied all of it')));
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
    if (end.kind === 'memory') return { kind: CONSTANTS.EPIPHANY_DMA_USER, fd: 0, address: BigInt(virtualAddressOf(end.memory) + end.offset) };
    const { fd } = fileOf(end.kind === 'dram' ? end.block : end.claim);
    return { kind: CONSTANTS.EPIPHANY_DMA_FILE, fd, address: BigInt(end.kind === 'dram' ? end.address : emeshAddress(end.core, end.address)) };
  }
}
