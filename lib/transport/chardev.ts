// SPDX-License-Identifier: MIT
/**
 * A real board through the driver's character device, by the interface of the 5.4-era driver.
 *
 * Byte layouts: the driver's user-space header of that time. All structures are packed little-endian words,
 * the same on 32 and 64 bits. The file offset of the device is the eMesh address.
 */
import { constants } from 'node:os';
import { coreId, emeshAddress, REGISTERS_BASE, REGISTERS_BYTES, SRAM_BYTES, type CoreId, type EmeshAddress } from '../address.js';
import { CHIP_MODELS, chipTypeOf, type Chip, type SharedDram } from '../chip.js';
import { CharDevice, ioctlRequest, type Mapping, type SystemError } from '../device/index.js';
import { closedError, EpiphanyError, formatHex, systemError } from '../errors.js';
import type { WordPort } from '../register-file.js';
import type { EventPump } from './events.js';
import type { Features, Transport } from './transport.js';

/** What we use of a device: everything that reaches the driver goes through these. */
export type DriverDevice = Pick<CharDevice, 'path' | 'ioctl' | 'map' | 'close'>;

const PROBE_BYTES = 136;
const LARGEST_MAPPING_COUNT = 256;
const MAPPINGS_BYTES = 8 + 16 * LARGEST_MAPPING_COUNT;
/** Struct e_elink_info: what we use of it, by byte offset. */
const PROBE = { version: 8, connectionType: 16, arrayId: 24, chipType: 32, chipRows: 40, chipColumns: 48 } as const;
const CONNECTED_TO_ARRAY = 2;

/** Requests of the old driver that this library uses. */
export const REQUESTS = {
  elinkProbe: ioctlRequest('read', 'E', 1, PROBE_BYTES),
  getMappings: ioctlRequest('read', 'E', 3, MAPPINGS_BYTES),
} as const;

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Load the driver with "modprobe epiphany", or use the simulator: openBoard(\'sim\'), --board sim',
  EACCES: 'Become a member of the group "epiphany", which the driver\'s udev rule gives this file to, and log in again',
  EPERM: 'Become a member of the group "epiphany", which the driver\'s udev rule gives this file to, and log in again',
  ENOTTY: 'It is no device of the Epiphany driver',
  EISDIR: "Name a device such as /dev/epiphany/mesh0, or 'sim'",
  ENXIO: 'The driver has this device no more; is the board powered?',
};

/** A board behind `/dev/epiphany/meshN` or `elinkN`. */
export class CharDeviceTransport implements Transport {
  readonly kind = 'character-device';
  readonly path: string;
  readonly chip: Chip;
  readonly sharedDram: SharedDram | undefined;
  // The old driver can neither be polled nor asked for its own registers.
  readonly features: Features = Object.freeze({ events: false, elinkRegisters: false, coreEvents: false });
  readonly elinkVersion: number;
  readonly #device: DriverDevice;
  readonly #sram = new Map<CoreId, Mapping>();
  readonly #registers = new Map<CoreId, Mapping>();
  #dram: Mapping | undefined;
  #closed = false;

  /** Takes over the device: it is closed with the transport, or at once if it is of no use. */
  constructor(device: DriverDevice) {
    this.#device = device;
    this.path = device.path;
    try {
      const probe = this.#ask(REQUESTS.elinkProbe, PROBE_BYTES);
      this.chip = this.#chipOf(probe);
      this.elinkVersion = probe.getUint32(PROBE.version, true);
      this.sharedDram = sharedDramOf(this.#ask(REQUESTS.getMappings, MAPPINGS_BYTES));
    } catch (error) {
      device.close();
      throw error;
    }
  }

  /** Opens a device of the driver. */
  static open(path: string): CharDeviceTransport {
    try {
      return new CharDeviceTransport(CharDevice.open(path));
    } catch (error) {
      throw withRemedy(error);
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  sram(core: CoreId): Mapping {
    return this.#leaseOf(this.#sram, core, 0, SRAM_BYTES);
  }

  registers(core: CoreId): WordPort {
    return this.#leaseOf(this.#registers, core, REGISTERS_BASE, REGISTERS_BYTES);
  }

  sharedDramMapping(): Mapping {
    if (!this.sharedDram) throw this.#unsupported('shared DRAM, of which the device tree names none,');
    // Unlike those of cores this lease is handed out, and may have been closed.
    if (!this.#dram || this.#dram.closed) this.#dram = this.#map(this.sharedDram.address, this.sharedDram.bytes);
    return this.#dram;
  }

  elinkRegisters(): WordPort {
    throw this.#unsupported('the registers of the eLink');
  }

  events(): EventPump {
    throw this.#unsupported('events and mailbox messages');
  }

  close(): void {
    if (this.#closed) return;
    this.#device.close();
    this.#closed = true;
  }

  #leaseOf(leases: Map<CoreId, Mapping>, core: CoreId, local: number, length: number): Mapping {
    let lease = leases.get(core);
    if (!lease) leases.set(core, (lease = this.#map(emeshAddress(core, local), length)));
    return lease;
  }

  #map(address: EmeshAddress, length: number): Mapping {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    try {
      return this.#device.map({ offset: address, length });
    } catch (error) {
      throw withRemedy(error);
    }
  }

  #ask(request: number, bytes: number): DataView {
    const answer = new DataView(new ArrayBuffer(bytes));
    // The old driver answers a failed copy with the number of bytes that it could not copy.
    if (this.#device.ioctl(request, answer) > 0) throw systemError(-constants.errno.EFAULT, 'ioctl', { path: this.path, address: request });
    return answer;
  }

  #chipOf(probe: DataView): Chip {
    const field = (offset: number): number => Number(probe.getBigUint64(offset, true));
    if (field(PROBE.connectionType) !== CONNECTED_TO_ARRAY) throw this.#unsupported('an eLink that no chip is connected to');
    const type = chipTypeOf(field(PROBE.chipType));
    if (!type) throw this.#unsupported(`a chip of type ${field(PROBE.chipType)}`);
    if (field(PROBE.chipRows) !== 1 || field(PROBE.chipColumns) !== 1) {
      throw this.#unsupported(`an array of ${field(PROBE.chipRows)} × ${field(PROBE.chipColumns)} chips`);
    }
    const { rows, columns } = CHIP_MODELS[type];
    const origin = field(PROBE.arrayId);
    const last = origin + ((rows - 1) << 6) + columns - 1;
    if (origin < 1 || last > 0xfff || (origin & 0x3f) + columns > 64) throw this.#unsupported(`a chip at core ID ${formatHex(origin)}`);
    return Object.freeze({ type, rows, columns, origin: coreId(origin) });
  }

  #unsupported(what: string): EpiphanyError {
    return new EpiphanyError('ERR_EPIPHANY_UNSUPPORTED', `${what}: not supported with this driver, '${this.path}'`, { path: this.path });
  }
}

function sharedDramOf(mappings: DataView): SharedDram | undefined {
  const count = mappings.getBigUint64(0, true);
  if (count === 0n) return undefined;
  return Object.freeze({ address: Number(mappings.getBigUint64(8, true)) as EmeshAddress, bytes: Number(mappings.getBigUint64(16, true)) });
}

/** The same error with one more sentence, which says what to do about it. */
function withRemedy(error: unknown): unknown {
  const remedy = REMEDIES[(error as SystemError).code];
  if (error instanceof Error && remedy) error.message += `. ${remedy}`;
  return error;
}
