// SPDX-License-Identifier: MIT
/**
 * The 5.4-era driver as a program sees it, without a kernel: answers requests byte for byte as that driver's
 * user-space header lays them out, and maps eMesh addresses onto the memory of a simulated chip. Register pages
 * are plain memory here, so that registers hold values but have no side effects.
 */
import { CORE_REGISTERS } from '../../lib/registers.js';
import { deviceOf, type CharDevice, type MapOptions } from '../../lib/device/char-device.js';
import type { Mapping } from '../../lib/device/index.js';
import { systemError } from '../../lib/errors.js';
import { native, type DeviceHandle, type SimulatorHandle } from '../../lib/native.js';
import type { DriverDevice, DriverFile } from '../../lib/transport/driver.js';

export interface Answers {
  version?: number;
  connectionType?: bigint;
  arrayId?: bigint;
  chipType?: bigint;
  chipRows?: bigint;
  chipColumns?: bigint;
  mappings?: [address: bigint, size: bigint][];
  /** What each ioctl returns. */
  result?: number;
}

const ENOTTY = -25;
const EINVAL = -22;
export const ORIGIN = 0x808;

export class FakeDriver implements DriverDevice {
  readonly path = '/dev/epiphany/mesh0';
  readonly requests: number[] = [];
  readonly #answers: Answers;
  protected readonly memory: CharDevice;
  readonly #columns: number;
  closed = false;

  constructor(answers: Answers = {}) {
    this.#answers = answers;
    const type = Number(answers.chipType ?? 1n);
    this.#columns = type === 2 ? 8 : 4;
    const simulator = native.simulatorOpen(type === 2 ? 2 : 1, 1000) as SimulatorHandle;
    this.memory = deviceOf(native.simulatorMemory(simulator) as DeviceHandle, this.path);
  }

  ioctl(request: number, argument: ArrayBufferView | number = 0): number {
    this.requests.push(request);
    const view = argument as DataView;
    const { version = 0x0102, connectionType = 2n, arrayId = 0x808n, chipType = 1n, chipRows = 1n, chipColumns = 1n } = this.#answers;
    if (request === 0x80884501) {
      view.setBigUint64(0, 0xf1n << 20n, true); // dev
      view.setUint32(8, version, true);
      view.setBigUint64(16, connectionType, true);
      view.setBigUint64(24, arrayId, true);
      view.setBigUint64(32, chipType, true);
      view.setBigUint64(40, chipRows, true);
      view.setBigUint64(48, chipColumns, true);
      view.setBigUint64(56, 1n, true); // parent side: east
    } else if (request === 0x90084503) {
      const mappings = this.#answers.mappings ?? [[0x8e000000n, 0x2000000n]];
      view.setBigUint64(0, BigInt(mappings.length), true);
      mappings.forEach(([address, size], index) => {
        view.setBigUint64(8 + 16 * index, address, true);
        view.setBigUint64(16 + 16 * index, size, true);
      });
    } else if (request === 0x4500) {
      return 0; // reset
    } else throw systemError(ENOTTY, 'ioctl', { path: this.path, address: request });
    return this.#answers.result ?? 0;
  }

  ioctlOpen(request: number, argument: ArrayBufferView): DriverFile {
    void argument; // is for drivers that know the request
    this.requests.push(request);
    throw systemError(ENOTTY, 'ioctl', { path: this.path, address: request });
  }

  map(options: MapOptions): Mapping {
    const { offset, length } = options;
    const place = this.place(offset, length);
    if (place === undefined) throw systemError(EINVAL, 'mmap', { path: this.path, address: offset });
    const mapping = this.memory.map({ ...options, offset: place, baseAddress: offset });
    const isRegisterPage = (offset & 0xfffff) === 0xf0000;
    if (isRegisterPage) mapping.writeWord(CORE_REGISTERS.COREID.offset - 0xf0000, Math.floor(offset / 2 ** 20));
    return mapping;
  }

  close(): void {
    this.closed = true;
    this.memory.close();
  }

  /** Where an eMesh range lies in the memory: SRAM, then DRAM, the end of which holds the register pages. */
  protected place(address: number, length: number): number | undefined {
    const sramBytes = this.#columns * this.#columns * 0x8000;
    if (address >= 0x8e000000 && address < 0x90000000) return address - 0x8e000000 + sramBytes;
    const id = Math.floor(address / 2 ** 20) - ORIGIN;
    const index = (id >> 6) * this.#columns + (id & 0x3f);
    const local = address & 0xfffff;
    if (local === 0 && length === 0x8000) return index * 0x8000;
    if (local === 0xf0000 && length === 0x1000) return sramBytes + 0x1f00000 + index * 0x1000;
    return undefined;
  }
}
