// SPDX-License-Identifier: MIT
/**
 * A real board through a driver's character device: by version 1 of our driver's interface where the driver has it,
 * else by that of the 5.4-era driver. Both are in abi.ts. The file offset of the device is the eMesh address.
 */
import { constants } from 'node:os';
import { coreId, emeshAddress, REGISTERS_BASE, REGISTERS_BYTES, SRAM_BYTES, type CoreId, type EmeshAddress } from '../address.js';
import { CHIP_MODELS, chipTypeOf, type Chip, type SharedDram } from '../chip.js';
import { CharDevice, type Mapping, type MemoryMapping, type SystemError } from '../device/index.js';
import { closedError, EpiphanyError, formatHex, outOfRange, systemError } from '../errors.js';
import type { WordPort } from '../register-file.js';
import type { Rectangle } from '../workgroup/configuration.js';
import { CONSTANTS, decode, encode, offsetOf, REQUESTS, structureBytes, type Given, type StructureName, type Values } from './abi.js';
import { Condition, goneError, overheatedError, resetError } from './condition.js';
import { DriverDma } from './driver-dma.js';
import { EventPump, RECORD_TYPES } from './events.js';
import { Lifeline, LIFELINE_TYPES } from './lifeline.js';
import { takenError } from './dram-pool.js';
import { LocalClaims, overlapError, resetByRegisters, staleError, type Host } from './local-claims.js';
import type { BlockOptions, BoardStatus, Claim, ClaimOptions, DmaEngine, DramBlock, DriverFeature, Features, OnRelease, Transport } from './transport.js';

/** What we use of a file that a driver's request has made. */
export type DriverFile = Pick<CharDevice, 'path' | 'fd' | 'ioctl' | 'map' | 'mapMemory' | 'tryRead' | 'watch' | 'close'>;

/** What we use of a device: everything that reaches the driver goes through these. */
export interface DriverDevice extends Pick<CharDevice, 'path' | 'ioctl' | 'map' | 'close'> {
  ioctlOpen(request: number, argument: ArrayBufferView, options: { offset: number; path: string }): DriverFile;
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Load the driver with "modprobe epiphany", or use the simulator: openBoard(\'sim\'), --board sim',
  EACCES: 'Become a member of the group "epiphany", which the driver\'s udev rule gives this file to, and log in again',
  EPERM: 'Become a member of the group "epiphany", which the driver\'s udev rule gives this file to, and log in again',
  ENOTTY: 'It is no device of the Epiphany driver',
  EISDIR: "Name a device such as /dev/epiphany/mesh0, or 'sim'",
  ENOSPC: 'So much shared DRAM in one piece is not free',
  ENXIO: 'The driver has this device no more; is the board powered?',
};

const ON_RELEASE: Readonly<Record<OnRelease, number>> = {
  leave: CONSTANTS.EPIPHANY_RELEASE_LEAVE,
  halt: CONSTANTS.EPIPHANY_RELEASE_HALT,
  reset: CONSTANTS.EPIPHANY_RELEASE_RESET,
  scrub: CONSTANTS.EPIPHANY_RELEASE_SCRUB,
};

const DRIVER_FEATURES: Readonly<Record<DriverFeature, number>> = {
  'safe-read': CONSTANTS.EPIPHANY_FEATURE_SAFE_READ,
  'dma-copy': CONSTANTS.EPIPHANY_FEATURE_DMA_COPY,
  vdd: CONSTANTS.EPIPHANY_FEATURE_VDD,
};

const OLD_FEATURES: Features = Object.freeze({ events: false, elinkRegisters: false, coreEvents: false, claims: false, dram: false, dma: false });
const eventBits = (types: readonly number[]): number => types.reduce((mask, type) => mask | (1 << type), 0);
const PUMP_MASK = eventBits([RECORD_TYPES.mailbox, RECORD_TYPES.reset, RECORD_TYPES.power, RECORD_TYPES.thermal]);

type Region = Values<'epiphany_region'>;
/** Structures that begin with their size. */
type Sized = Extract<StructureName, `epiphany_${string}`>;

/** A board behind `/dev/epiphany/meshN` or `elinkN`. */
export class CharDeviceTransport implements Transport, Host {
  readonly kind = 'character-device';
  readonly path: string;
  readonly chip: Chip;
  readonly origin: CoreId;
  readonly sharedDram: SharedDram | undefined;
  readonly features: Features;
  readonly elinkVersion: number;
  readonly condition: Condition;
  readonly #device: DriverDevice;
  readonly #sram = new Map<CoreId, Mapping>();
  readonly #registers = new Map<CoreId, Mapping>();
  readonly #claims: LocalClaims;
  /** What our driver says about itself and its regions; undefined: it is the old one. */
  readonly #info: Values<'epiphany_info'> | undefined;
  readonly #elinkRegion: Region | undefined;
  readonly #lifeline: Lifeline | undefined;
  readonly #pump: EventPump | undefined;
  #dma: DriverDma | undefined;
  #dram: Mapping | undefined;
  /** Whether the device itself uses the chip, which then stays on until it is closed. */
  #isUsed = false;
  /** Work-groups that are open; each keeps the chip on. */
  #openClaims = 0;
  #closed = false;

  /** Takes over the device: it is closed with the transport, or at once if it is of no use. */
  constructor(device: DriverDevice) {
    this.#device = device;
    this.path = device.path;
    this.condition = new Condition(this.path);
    this.#claims = new LocalClaims(this);
    try {
      this.#info = this.#askInfo();
      if (this.#info) {
        this.chip = this.#chipOfInfo(this.#info);
        this.elinkVersion = this.#info.version;
        const regions = this.#regions(this.#info.region_count);
        const dram = regions.find(({ kind }) => kind === CONSTANTS.EPIPHANY_REGION_DRAM);
        this.sharedDram = dram && Object.freeze({ address: Number(dram.address) as EmeshAddress, bytes: Number(dram.bytes) });
        this.#elinkRegion = regions.find(({ kind, flags }) => kind === CONSTANTS.EPIPHANY_REGION_ELINK && (flags & CONSTANTS.EPIPHANY_REGION_MMAP) !== 0);
        const dma = (Number(this.#info.features) & CONSTANTS.EPIPHANY_FEATURE_DMA_COPY) !== 0;
        this.features = Object.freeze({ events: true, elinkRegisters: this.#elinkRegion !== undefined, coreEvents: false, claims: true, dram: dram !== undefined, dma });
        this.#lifeline = new Lifeline(this.#events(eventBits(LIFELINE_TYPES)), this.condition, () => this.#isUsed || this.#openClaims > 0);
        this.#pump = new EventPump(this.#events(PUMP_MASK));
      } else {
        this.features = OLD_FEATURES;
        const probe = decode('e_elink_info', this.#askOld(REQUESTS.E_IOCTL_ELINK_PROBE, 'e_elink_info'));
        this.chip = this.#chipOfProbe(probe);
        this.elinkVersion = probe.version;
        this.sharedDram = sharedDramOf(decode('e_mappings_info', this.#askOld(REQUESTS.E_IOCTL_GET_MAPPINGS, 'e_mappings_info')));
      }
      this.origin = this.chip.origin;
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

  get usable(): boolean {
    return !this.#closed && this.condition.isGood;
  }

  check(): void {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    this.condition.check();
  }

  /** As `check`, with what the driver has told meanwhile. */
  verify(): void {
    if (!this.#closed) this.#lifeline?.look();
    this.check();
  }

  sram(core: CoreId): Mapping {
    return this.#leaseOf(this.#sram, core, 0, SRAM_BYTES);
  }

  registers(core: CoreId): WordPort {
    return this.#leaseOf(this.#registers, core, REGISTERS_BASE, REGISTERS_BYTES);
  }

  mapSram(core: CoreId): Mapping {
    return this.#map(emeshAddress(core, 0), SRAM_BYTES);
  }

  openRegisters(core: CoreId): Mapping {
    return this.#map(emeshAddress(core, REGISTERS_BASE), REGISTERS_BYTES);
  }

  sharedDramMapping(): Mapping {
    if (!this.sharedDram) throw this.unsupported('shared DRAM, of which the device tree names none,');
    // Unlike those of cores this lease is handed out, and may have been closed.
    if (!this.#dram || this.#dram.closed) this.#dram = this.#map(this.sharedDram.address, this.sharedDram.bytes);
    return this.#dram;
  }

  elinkRegisters(): WordPort {
    if (!this.#info) throw this.unsupported('the registers of the eLink');
    if (!this.#elinkRegion) throw this.unsupported('the registers of the eLink', 'They take the capability CAP_SYS_RAWIO, which root has, and a kernel that is not locked down');
    return this.#map((Number(this.#elinkRegion.address) + REGISTERS_BASE) as EmeshAddress, REGISTERS_BYTES);
  }

  events(): EventPump {
    if (!this.#pump) throw this.unsupported('events and mailbox messages');
    return this.#pump;
  }

  status(): BoardStatus {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    if (!this.#info) return { abiVersion: 0, driverFeatures: [], generation: undefined, vdd: undefined, powered: undefined, overheated: undefined };
    const { abi_version, features, generation, vdd_microvolt, state } = this.request('epiphany_info', REQUESTS.EPIPHANY_IOC_INFO);
    return {
      abiVersion: abi_version,
      driverFeatures: (Object.keys(DRIVER_FEATURES) as DriverFeature[]).filter((name) => (Number(features) & DRIVER_FEATURES[name]) !== 0),
      generation: Number(generation),
      vdd: vdd_microvolt === 0 ? undefined : vdd_microvolt / 1e6,
      powered: (state & CONSTANTS.EPIPHANY_STATE_POWERED) !== 0,
      overheated: (state & CONSTANTS.EPIPHANY_STATE_THERMAL) !== 0,
    };
  }

  claim(rectangle: Rectangle, options: ClaimOptions): Claim {
    if (!this.#info) {
      if (options.deadMan) throw this.unsupported('a dead man, who stores a word when this process dies,');
      return this.#claims.add(rectangle, options);
    }
    this.verify();
    const { row, column, rows, columns } = rectangle;
    const { exclusive, onRelease, deadMan } = options;
    const flags =
      (exclusive ? CONSTANTS.EPIPHANY_CLAIM_EXCLUSIVE : 0) | (deadMan ? CONSTANTS.EPIPHANY_CLAIM_DEAD_MAN : 0) | (deadMan?.block ? CONSTANTS.EPIPHANY_CLAIM_DEAD_MAN_DRAM : 0);
    const request = encode('epiphany_claim', {
      flags, row, column, rows, columns, on_release: ON_RELEASE[onRelease],
      dead_man_fd: deadMan?.block ? fileOf(deadMan.block).fd : 0, dead_man_address: deadMan?.address ?? 0, dead_man_value: deadMan?.value ?? 0,
    });
    try {
      const file = this.#device.ioctlOpen(REQUESTS.EPIPHANY_IOC_CLAIM, request, { offset: offsetOf('epiphany_claim', 'fd'), path: this.path });
      this.#lifeline?.look(); // what happened before is of no concern
      this.#openClaims++;
      return new DriverClaim(this, file, () => this.#openClaims--);
    } catch (error) {
      if ((error as SystemError).code === 'EBUSY') throw overlapError(rectangle, this.path, error);
      throw this.told(error);
    }
  }

  resetChip(): void {
    this.verify();
    if (this.#info) {
      this.#use();
      const { generation } = this.request('epiphany_reset', REQUESTS.EPIPHANY_IOC_RESET, { scope: CONSTANTS.EPIPHANY_RESET_CHIP });
      this.#lifeline?.look(generation);
    } else {
      try {
        this.#device.ioctl(REQUESTS.E_IOCTL_RESET);
      } catch (error) {
        // The old driver's way to say that it is too hot.
        throw (error as SystemError).code === 'EACCES' ? overheatedError(this.path, error) : error;
      }
      this.condition.reset(true);
    }
  }

  resetCore(core: CoreId): void {
    this.check();
    if (!this.#info) {
      resetByRegisters([this.registers(core)]);
      return;
    }
    this.#use();
    this.request('epiphany_reset', REQUESTS.EPIPHANY_IOC_RESET, { scope: CONSTANTS.EPIPHANY_RESET_CORE, core });
    this.verify();
  }

  acknowledgeReset(): void {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    this.#lifeline?.look();
    this.condition.acknowledge();
    this.check();
  }

  allocate(bytes: number, { align, address, scrub }: BlockOptions): DramBlock {
    if (!this.#info) throw this.unsupported('to allocate shared DRAM', 'Use board.sharedDramMapping(), and agree with other programs about its parts');
    if (!this.features.dram) throw this.unsupported('shared DRAM, of which the device tree names none,');
    const flags = (address === undefined ? 0 : CONSTANTS.EPIPHANY_DRAM_FIXED) | (scrub ? CONSTANTS.EPIPHANY_DRAM_SCRUB : 0);
    const request = encode('epiphany_dram_alloc', { flags, bytes, align, address: address ?? 0 });
    try {
      const file = this.#device.ioctlOpen(REQUESTS.EPIPHANY_IOC_DRAM_ALLOC, request, { offset: offsetOf('epiphany_dram_alloc', 'fd'), path: this.path });
      const given = decode('epiphany_dram_alloc', request);
      return new DriverBlock(file, Number(given.address) as EmeshAddress, Number(given.bytes));
    } catch (error) {
      const { code } = error as SystemError;
      if (code === 'ERANGE' && address !== undefined) throw outOfRange('address', 'in shared DRAM', formatHex(address), { address });
      if (code === 'EBUSY' && address !== undefined) throw takenError(address, this.path, error);
      throw this.told(error);
    }
  }

  dma(): DmaEngine {
    if (!this.features.dma) throw this.unsupported('a DMA engine of the host', 'Copy with core.read and core.write, or through views of the memory');
    return (this.#dma ??= new DriverDma(this, this.#device, this.#events(eventBits([RECORD_TYPES.dma])), this.chip.type !== 'E64G401', fileOf));
  }

  close(): void {
    if (this.#closed) return;
    this.#pump?.close();
    this.#dma?.close();
    this.#device.close();
    this.#closed = true;
  }

  /** A request of a structure that begins with its size; answers it as the driver left it. */
  request<Name extends Sized>(name: Name, request: number, values: Given<Name> = {}, file: Pick<DriverFile, 'ioctl'> = this.#device): Values<Name> {
    const view = encode(name, values);
    try {
      file.ioctl(request, view);
    } catch (error) {
      throw this.told(error);
    }
    return decode(name, view);
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

  #leaseOf(leases: Map<CoreId, Mapping>, core: CoreId, local: number, length: number): Mapping {
    let lease = leases.get(core);
    if (!lease) leases.set(core, (lease = this.#map(emeshAddress(core, local), length)));
    return lease;
  }

  #map(address: EmeshAddress, length: number): Mapping {
    this.check();
    try {
      const mapping = this.#device.map({ offset: address, length });
      this.#use();
      return mapping;
    } catch (error) {
      throw this.told(error);
    }
  }

  /** From the first use on there is something to lose. What happened to the chip before is of no concern. */
  #use(): void {
    if (this.#isUsed) return;
    this.#lifeline?.look();
    this.#isUsed = true;
  }

  #askInfo(): Values<'epiphany_info'> | undefined {
    const view = encode('epiphany_info');
    try {
      this.#device.ioctl(REQUESTS.EPIPHANY_IOC_INFO, view);
    } catch (error) {
      const { code } = error as SystemError;
      if (code === 'ENOTTY' || code === 'EINVAL') return undefined; // the old driver
      throw this.told(error);
    }
    return decode('epiphany_info', view);
  }

  #regions(count: number): Region[] {
    return Array.from({ length: count }, (_, index) => this.request('epiphany_region', REQUESTS.EPIPHANY_IOC_REGION, { index }));
  }

  #events(mask: number): DriverFile {
    try {
      return this.#device.ioctlOpen(REQUESTS.EPIPHANY_IOC_EVENTS, encode('epiphany_events', { mask }), { offset: offsetOf('epiphany_events', 'fd'), path: this.path });
    } catch (error) {
      throw this.told(error);
    }
  }

  #askOld(request: number, structure: StructureName): DataView {
    const answer = new DataView(new ArrayBuffer(structureBytes(structure)));
    // The old driver answers a failed copy with the number of bytes that it could not copy.
    if (this.#device.ioctl(request, answer) > 0) throw systemError(-constants.errno.EFAULT, 'ioctl', { path: this.path, address: request });
    return answer;
  }

  #chipOfInfo({ chip_type, rows, columns, first_core }: Values<'epiphany_info'>): Chip {
    if (rows === 0) throw this.unsupported('an eLink that no chip is connected to');
    const chip = this.#chipAt(chip_type, first_core);
    if (chip.rows !== rows || chip.columns !== columns) throw this.unsupported(`an array of ${rows} × ${columns} cores, which is more than one chip`);
    return chip;
  }

  #chipOfProbe({ connection_type, array }: Values<'e_elink_info'>): Chip {
    if (Number(connection_type) !== CONSTANTS.E_CONN_ARRAY) throw this.unsupported('an eLink that no chip is connected to');
    const chip = this.#chipAt(Number(array.chip_type), Number(array.id));
    if (array.chip_rows !== 1n || array.chip_cols !== 1n) throw this.unsupported(`an array of ${array.chip_rows} × ${array.chip_cols} chips`);
    return chip;
  }

  #chipAt(number: number, origin: number): Chip {
    const type = chipTypeOf(number);
    if (!type) throw this.unsupported(`a chip of type ${number}`);
    const { rows, columns } = CHIP_MODELS[type];
    const last = origin + ((rows - 1) << 6) + columns - 1;
    if (origin < 1 || last > 0xfff || (origin & 0x3f) + columns > 64) throw this.unsupported(`a chip at core ID ${formatHex(origin)}`);
    return Object.freeze({ type, rows, columns, origin: coreId(origin) });
  }
}

/** A work-group that the driver keeps: a file that reaches its cores, and no others. */
class DriverClaim implements Claim {
  readonly path: string;
  readonly #transport: CharDeviceTransport;
  readonly #file: DriverFile;
  readonly #onClose: () => void;
  readonly #epoch: number;
  readonly #leases = new Map<number, Mapping>();
  #closed = false;

  constructor(transport: CharDeviceTransport, file: DriverFile, onClose: () => void) {
    this.path = transport.path;
    this.#transport = transport;
    this.#file = file;
    this.#onClose = onClose;
    this.#epoch = transport.condition.epoch;
  }

  get host(): object {
    return this.#transport;
  }

  /** For requests that name the work-group. */
  get file(): DriverFile {
    return this.#file;
  }

  get usable(): boolean {
    return !this.#closed && this.#transport.usable && this.#epoch === this.#transport.condition.epoch;
  }

  check(): void {
    if (this.#closed) throw closedError(`the work-group on '${this.path}'`);
    this.#transport.check();
    if (this.#epoch !== this.#transport.condition.epoch) throw staleError(this.path);
  }

  verify(): void {
    if (!this.#closed) this.#transport.verify();
    this.check();
  }

  sram(core: CoreId): Mapping {
    return this.#leaseOf(emeshAddress(core, 0), SRAM_BYTES);
  }

  registers(core: CoreId): WordPort {
    return this.#leaseOf(emeshAddress(core, REGISTERS_BASE), REGISTERS_BYTES);
  }

  resetCore(core: CoreId): void {
    this.#reset({ scope: CONSTANTS.EPIPHANY_RESET_CORE, core });
  }

  resetCores = (): void => this.#reset({ scope: CONSTANTS.EPIPHANY_RESET_GROUP });

  close(): void {
    if (this.#closed) return;
    this.#file.close();
    this.#closed = true;
    this.#onClose();
  }

  #reset(what: Given<'epiphany_reset'>): void {
    this.check();
    try {
      this.#transport.request('epiphany_reset', REQUESTS.EPIPHANY_IOC_RESET, what, this.#file);
    } catch (error) {
      throw (error as EpiphanyError).code === 'ERR_EPIPHANY_RESET' ? staleError(this.path, error) : error;
    }
    this.verify();
  }

  #leaseOf(address: EmeshAddress, length: number): Mapping {
    let lease = this.#leases.get(address);
    if (!lease) {
      this.check();
      try {
        lease = this.#file.map({ offset: address, length });
      } catch (error) {
        throw (error as SystemError).code === 'ESTALE' ? staleError(this.path, error) : this.#transport.told(error);
      }
      this.#leases.set(address, lease);
    }
    return lease;
  }
}

/** Shared DRAM that the driver gave out: a file that reaches it. */
class DriverBlock implements DramBlock {
  readonly address: EmeshAddress;
  readonly memory: MemoryMapping;
  readonly file: DriverFile;

  constructor(file: DriverFile, address: EmeshAddress, bytes: number) {
    this.file = file;
    this.address = address;
    try {
      this.memory = file.mapMemory({ offset: address, length: bytes });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  close(): void {
    this.file.close();
  }
}

/** The file behind a work-group or a block of DRAM of this driver. */
function fileOf(owner: Claim | DramBlock): DriverFile {
  if (owner instanceof DriverClaim || owner instanceof DriverBlock) return owner.file;
  throw new TypeError('of another board');
}

function sharedDramOf({ nmappings, mappings: [first] }: Values<'e_mappings_info'>): SharedDram | undefined {
  if (nmappings === 0n || !first) return undefined;
  return Object.freeze({ address: Number(first.emesh_addr) as EmeshAddress, bytes: Number(first.size) });
}

/** The same error with one more sentence, which says what to do about it. */
function withRemedy(error: unknown): unknown {
  const remedy = REMEDIES[(error as SystemError).code];
  if (error instanceof Error && remedy && !error.message.endsWith(remedy)) error.message += `. ${remedy}`;
  return error;
}
