// SPDX-License-Identifier: MIT
/** A device of the driver: requests to it, and what its errors mean. */
import { ioctlOpen, type CharDevice } from '../device/char-device.js';
import { EpiphanyError, type SystemError } from '../errors.js';
import { decode, encode, offsetOf, type Given, type StructureName, type Values } from './abi.js';
import { goneError, overheatedError, resetError } from './condition.js';

/** What we use of a file that a driver's request has made. */
export type DriverFile = Pick<CharDevice, 'path' | 'fd' | 'ioctl' | 'map' | 'mapMemory' | 'tryRead' | 'watch' | 'close'>;

/** What we use of a device: everything that reaches the driver goes through these. */
export interface DriverDevice extends Pick<CharDevice, 'path' | 'ioctl' | 'map' | 'close'> {
  ioctlOpen(request: number, argument: ArrayBufferView, options: { offset: number; path: string }): DriverFile;
}

/** An open device as a driver's. */
export function driverDevice(device: CharDevice): DriverDevice {
  return {
    path: device.path,
    ioctl: (request, argument) => device.ioctl(request, argument),
    map: (options) => device.map(options),
    close: () => device.close(),
    ioctlOpen: (request, argument, options) => ioctlOpen(device, request, argument, options),
  };
}

/** Structures that begin with their size. */
type Sized = Extract<StructureName, `epiphany_${string}`>;
/** Structures in which the driver gives a file. */
type Opening = 'epiphany_claim' | 'epiphany_dram_alloc' | 'epiphany_events';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Load the driver with "modprobe epiphany", or use the simulator: openBoard(\'sim\'), --board sim',
  EACCES: 'Become a member of the group "epiphany", which the driver\'s udev rule gives this file to, and log in again',
  EPERM: 'Become a member of the group "epiphany", which the driver\'s udev rule gives this file to, and log in again',
  ENOTTY: 'It is no device of the Epiphany driver',
  EISDIR: "Name a device such as /dev/epiphany/mesh0, or 'sim'",
  ENOSPC: 'So much shared DRAM in one piece is not free',
  ENXIO: 'The driver has this device no more; is the board powered?',
};

export class Driver {
  readonly path: string;
  readonly device: DriverDevice;

  constructor(device: DriverDevice) {
    this.path = device.path;
    this.device = device;
  }

  /** A request of a structure that begins with its size; answers it as the driver left it. */
  request<Name extends Sized>(name: Name, request: number, values: Given<Name> = {}, file: Pick<DriverFile, 'ioctl'> = this.device): Values<Name> {
    const view = encode(name, values);
    try {
      file.ioctl(request, view);
    } catch (error) {
      throw this.told(error);
    }
    return decode(name, view);
  }

  /** A request that makes a file; answers the structure, too. @throws SystemError as the driver gave it */
  open<Name extends Opening>(name: Name, request: number, values: Given<Name>): { file: DriverFile; given: Values<Name> } {
    const view = encode(name, values);
    const file = this.device.ioctlOpen(request, view, { offset: offsetOf(name, 'fd'), path: this.path });
    return { file, given: decode(name, view) };
  }

  /** What an error of the driver means; others are as they were. */
  told(error: unknown): unknown {
    const { code, message } = error as SystemError;
    if (code === 'ENODEV') return goneError(this.path, error);
    if (code === 'ESHUTDOWN') return overheatedError(this.path, error);
    if (code === 'ESTALE') return resetError(`'${this.path}'`, 'Open what is stale anew', this.path, error);
    if (code === 'EBUSY') return new EpiphanyError('ERR_EPIPHANY_BUSY', `Another program has a work-group of these cores of '${this.path}' (${message}). Wait until it has closed it, or choose other cores`, { path: this.path, cause: error });
    if (code === 'ENOTSUP' || code === 'ENOTTY') return new EpiphanyError('ERR_EPIPHANY_UNSUPPORTED', `The driver of '${this.path}' cannot do that (${message})`, { path: this.path, cause: error });
    return withRemedy(error);
  }

  unsupported(what: string, remedy = ''): EpiphanyError {
    return new EpiphanyError('ERR_EPIPHANY_UNSUPPORTED', `${what}: not supported with this driver, '${this.path}'${remedy && `. ${remedy}`}`, { path: this.path });
  }
}

/** The same error with one more sentence, which says what to do about it. */
export function withRemedy(error: unknown): unknown {
  const remedy = REMEDIES[(error as SystemError).code];
  if (error instanceof Error && remedy && !error.message.endsWith(remedy)) error.message += `. ${remedy}`;
  return error;
}
