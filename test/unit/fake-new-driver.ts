// SPDX-License-Identifier: MIT
/**
 * Version 1 of our driver's interface as a program sees it, without a kernel: what kernel/ioctl.c and kernel/reach.c
 * decide, over the memory of a simulated chip. Every claim is of one family, and there is no DMA engine.
 */
import { constants } from 'node:os';
import { deviceOf, type CharDevice } from '../../lib/device/char-device.js';
import type { Mapping, MapOptions } from '../../lib/device/index.js';
import { systemError } from '../../lib/errors.js';
import { native, type DeviceHandle, type SimulatorHandle } from '../../lib/native.js';
import { CONSTANTS, decode, encode, REQUESTS, type Given, type StructureName, type Values } from '../../lib/transport/abi.js';
import type { DriverFile } from '../../lib/transport/driver.js';
import { DramPool } from '../../lib/transport/dram-pool.js';
import { RECORD_TYPES } from '../../lib/transport/events.js';
import { FakeDriver, ORIGIN } from './fake-driver.js';

/** Node knows no ESHUTDOWN of Linux. */
const errno = { ...constants.errno, ESHUTDOWN: 108 };
const DRAM = { address: 0x8e000000, bytes: 0x2000000 };
const ELINK = { address: 0x81000000, bytes: 0x100000 };

interface Stream {
  readonly mask: number;
  readonly simulator: SimulatorHandle;
}
interface FakeClaim {
  readonly cores: readonly number[];
  readonly exclusive: boolean;
  readonly epoch: number;
}

export class FakeNewDriver extends FakeDriver {
  readonly #type: number;
  readonly #streams: Stream[] = [];
  readonly claims = new Set<FakeClaim>();
  readonly files = new Set<DriverFile>();
  readonly #pool = new DramPool('/dev/epiphany/mesh0', DRAM);
  generation = 5;
  epoch = 0;
  /** What is answered instead, by the name of the error, to all but INFO and EVENTS. */
  failure: keyof typeof errno | undefined;
  /** Whether the caller may map the eLink's registers. */
  mayMapElink = true;

  constructor(type: 1 | 2 = 1) {
    super({ chipType: BigInt(type) });
    this.#type = type;
  }

  get #columns(): number {
    return this.#type === 2 ? 8 : 4;
  }

  /** Tells everybody who asked for it. */
  emit(type: keyof typeof RECORD_TYPES, payload = 0): void {
    for (const { mask, simulator } of this.#streams) if (mask & (1 << RECORD_TYPES[type]) || type === 'gone') native.simulatorEmit(simulator, RECORD_TYPES[type], payload);
  }

  /** Somebody else resets the chip. */
  resetChip(): void {
    this.epoch++;
    this.emit('reset', ++this.generation + CONSTANTS.EPIPHANY_RESET_CHIP * 2 ** 48);
  }

  /** Ends the files of events, as an unbound driver does. */
  hangUp(): void {
    for (const { simulator } of this.#streams) native.simulatorClose(simulator);
  }

  override ioctl(request: number, argument: ArrayBufferView | number = 0): number {
    return this.#ioctl(request, argument, undefined);
  }

  override ioctlOpen(request: number, argument: ArrayBufferView): DriverFile {
    this.requests.push(request);
    const view = argument as DataView;
    if (request === REQUESTS.EPIPHANY_IOC_EVENTS) return this.#events(decode('epiphany_events', view).mask);
    this.#mayFail(request);
    if (request === REQUESTS.EPIPHANY_IOC_CLAIM) return this.#claim(decode('epiphany_claim', view));
    if (request === REQUESTS.EPIPHANY_IOC_DRAM_ALLOC) return this.#allocate(view);
    throw this.#error('ENOTTY', request);
  }

  override map(options: MapOptions): Mapping {
    this.#mayFail(options.offset, 'mmap');
    // Registers of the eLink: any page will do.
    if (options.offset === ELINK.address + 0xf0000) return this.memory.map({ ...options, offset: (this.place(DRAM.address, 4) ?? 0) + 0x1ff0000, baseAddress: options.offset });
    return super.map(options);
  }

  override close(): void {
    for (const file of [...this.files]) file.close();
    super.close();
  }

  #ioctl(request: number, argument: ArrayBufferView | number, claim: FakeClaim | undefined): number {
    this.requests.push(request);
    const view = argument as DataView;
    if (request === REQUESTS.EPIPHANY_IOC_INFO) {
      this.#answer(view, 'epiphany_info', {
        abi_version: 1, features: CONSTANTS.EPIPHANY_FEATURE_VDD, chip_type: this.#type, rows: this.#columns, columns: this.#columns, first_core: ORIGIN,
        sram_bytes: 0x8000, region_count: this.#regions().length, generation: this.generation, vdd_microvolt: 950000, state: CONSTANTS.EPIPHANY_STATE_POWERED, version: 0x0102,
      });
      return 0;
    }
    if (request === REQUESTS.EPIPHANY_IOC_REGION) {
      const { index } = decode('epiphany_region', view);
      const region = this.#regions()[index];
      if (!region) throw this.#error('EINVAL', request);
      this.#answer(view, 'epiphany_region', { ...region, index });
      return 0;
    }
    this.#mayFail(request);
    if (request !== REQUESTS.EPIPHANY_IOC_RESET) throw this.#error('ENOTTY', request);
    const { scope, core } = decode('epiphany_reset', view);
    if (claim && claim.epoch !== this.epoch) throw this.#error('ESTALE', request);
    if (scope === CONSTANTS.EPIPHANY_RESET_CHIP) this.resetChip();
    else this.emit('reset', ++this.generation + core * 2 ** 32 + scope * 2 ** 48);
    this.#answer(view, 'epiphany_reset', { scope, core, generation: this.generation });
    return 0;
  }

  #regions(): Given<'epiphany_region'>[] {
    const flags = CONSTANTS.EPIPHANY_REGION_WRITE | CONSTANTS.EPIPHANY_REGION_MMAP | CONSTANTS.EPIPHANY_REGION_DEVICE;
    const cores = Array.from({ length: this.#columns ** 2 }, (_, index) => (ORIGIN + (Math.floor(index / this.#columns) << 6) + (index % this.#columns)) * 2 ** 20);
    return [
      ...cores.flatMap((address) => [
        { kind: CONSTANTS.EPIPHANY_REGION_SRAM, flags, address, bytes: 0x8000 },
        { kind: CONSTANTS.EPIPHANY_REGION_REGISTERS, flags, address: address + 0xf0000, bytes: 0x1000 },
      ]),
      { kind: CONSTANTS.EPIPHANY_REGION_DRAM, flags, ...DRAM },
      { kind: CONSTANTS.EPIPHANY_REGION_ELINK, flags: this.mayMapElink ? flags : CONSTANTS.EPIPHANY_REGION_DEVICE, ...ELINK },
    ];
  }

  #events(mask: number): DriverFile {
    const simulator = native.simulatorOpen(1, 1000) as SimulatorHandle;
    this.#streams.push({ mask, simulator });
    return this.#listed(deviceOf(native.simulatorEvents(simulator) as DeviceHandle, this.path));
  }

  #claim({ row, column, rows, columns, flags }: Values<'epiphany_claim'>): DriverFile {
    const cores = Array.from({ length: rows * columns }, (_, index) => ORIGIN + ((row + Math.floor(index / columns)) << 6) + column + (index % columns));
    const claim = { cores, exclusive: (flags & CONSTANTS.EPIPHANY_CLAIM_EXCLUSIVE) !== 0, epoch: this.epoch };
    if ([...this.claims].some((other) => (other.exclusive || claim.exclusive) && other.cores.some((core) => cores.includes(core)))) throw this.#error('EBUSY', REQUESTS.EPIPHANY_IOC_CLAIM);
    this.claims.add(claim);
    const leases: Mapping[] = [];
    const file: Partial<DriverFile> = {
      path: this.path,
      fd: 1000,
      ioctl: (request, argument) => this.#ioctl(request, argument ?? 0, claim),
      map: (options) => {
        if (claim.epoch !== this.epoch) throw this.#error('ESTALE', options.offset, 'mmap');
        const lease = this.map(options);
        leases.push(lease);
        return lease;
      },
      close: () => {
        for (const lease of leases) lease.close();
        this.claims.delete(claim);
        this.files.delete(file as DriverFile);
      },
    };
    return this.#listed(file as DriverFile);
  }

  #allocate(view: DataView): DriverFile {
    const { bytes, align, address, flags } = decode('epiphany_dram_alloc', view);
    const whole = Math.ceil(Number(bytes) / 4096) * 4096;
    let place: number;
    try {
      place = this.#pool.take(whole, Math.max(Number(align), 4096), flags & CONSTANTS.EPIPHANY_DRAM_FIXED ? Number(address) : undefined);
    } catch (error) {
      const { code } = error as { code: string };
      throw this.#error(code === 'ERR_EPIPHANY_BUSY' ? 'EBUSY' : code === 'ERR_OUT_OF_RANGE' ? 'ERANGE' : 'ENOSPC', REQUESTS.EPIPHANY_IOC_DRAM_ALLOC);
    }
    this.#answer(view, 'epiphany_dram_alloc', { bytes: whole, address: place, fd: 1001 });
    let memory: ReturnType<CharDevice['mapMemory']> | undefined;
    const file: Partial<DriverFile> = {
      path: this.path,
      fd: 1001,
      mapMemory: ({ offset, length }) => {
        memory = this.memory.mapMemory({ offset: this.place(offset, length) ?? 0, length, baseAddress: offset });
        new Uint8Array(memory.buffer).fill(0);
        return memory;
      },
      close: () => {
        memory?.close();
        if (!this.files.delete(file as DriverFile)) return;
        if (flags & CONSTANTS.EPIPHANY_DRAM_SCRUB) {
          const left = this.memory.mapMemory({ offset: this.place(place, whole) ?? 0, length: whole, baseAddress: place });
          new Uint8Array(left.buffer).fill(0);
          left.close();
        }
        this.#pool.give(place);
      },
    };
    return this.#listed(file as DriverFile);
  }

  #listed(file: DriverFile): DriverFile {
    this.files.add(file);
    return file;
  }

  #answer<Name extends StructureName>(view: DataView, name: Name, values: Given<Name>): void {
    const answer = encode(name, values);
    for (let at = 0; at < answer.byteLength; ++at) view.setUint8(at, answer.getUint8(at));
  }

  #mayFail(address: number, syscall = 'ioctl'): void {
    if (this.failure) throw this.#error(this.failure, address, syscall);
  }

  #error(code: keyof typeof errno, address: number, syscall = 'ioctl'): Error {
    return systemError(-errno[code], syscall, { path: this.path, address });
  }
}
