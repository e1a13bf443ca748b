// SPDX-License-Identifier: MIT
/** A real board through a driver's character device, whose file offsets are eMesh addresses: our driver's, or the 5.4-era one. */
import { emeshAddress, REGISTERS_BASE, REGISTERS_BYTES, SRAM_BYTES, type CoreId, type EmeshAddress, type Rectangle } from '../address.js';
import type { Chip, SharedDram } from '../chip.js';
import { CharDevice, type Mapping, type SystemError } from '../device/index.js';
import { closedError, formatHex, outOfRange } from '../errors.js';
import type { WordPort } from '../register-file.js';
import { CONSTANTS, REQUESTS } from './abi.js';
import { Condition, overheatedError } from './condition.js';
import { takenError } from './dram-pool.js';
import { DriverDma } from './driver-dma.js';
import { claimRequest, DriverBlock, DriverClaim } from './driver-files.js';
import { describe, statusOf } from './driver-info.js';
import { Driver, driverDevice, withRemedy, type DriverDevice, type DriverFile } from './driver.js';
import { EventPump, RECORD_TYPES } from './events.js';
import { Lifeline, LIFELINE_TYPES } from './lifeline.js';
import { LocalClaims, overlapError, resetByRegisters, type Host } from './local-claims.js';
import type { BlockOptions, BoardStatus, Claim, ClaimOptions, DmaEngine, DramBlock, Features, Transport } from './transport.js';

const eventBits = (types: readonly number[]): number => types.reduce((mask, type) => mask | (1 << type), 0);
const PUMP_MASK = eventBits([RECORD_TYPES.mailbox, RECORD_TYPES.reset, RECORD_TYPES.power, RECORD_TYPES.thermal]);

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
  readonly #driver: Driver;
  readonly #sram = new Map<CoreId, Mapping>();
  readonly #registers = new Map<CoreId, Mapping>();
  readonly #claims: LocalClaims;
  readonly #isOld: boolean;
  readonly #elinkAddress: number | undefined;
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
    this.#driver = new Driver(device);
    this.path = device.path;
    this.condition = new Condition(this.path);
    this.#claims = new LocalClaims(this);
    try {
      const { isOld, chip, elinkVersion, sharedDram, features, elinkAddress } = describe(this.#driver);
      this.#isOld = isOld;
      this.chip = chip;
      this.elinkVersion = elinkVersion;
      this.sharedDram = sharedDram;
      this.features = features;
      this.#elinkAddress = elinkAddress;
      if (!isOld) {
        this.#lifeline = new Lifeline(this.#events(eventBits(LIFELINE_TYPES)), this.condition, () => this.#isUsed || this.#openClaims > 0);
        this.#pump = new EventPump(this.#events(PUMP_MASK));
      }
      this.origin = chip.origin;
    } catch (error) {
      device.close();
      throw error;
    }
  }

  /** Opens a device of the driver. */
  static open(path: string): CharDeviceTransport {
    try {
      return new CharDeviceTransport(driverDevice(CharDevice.open(path)));
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
    if (!this.sharedDram) throw this.#driver.unsupported('shared DRAM, of which the device tree names none,');
    // Unlike those of cores this lease is handed out, and may have been closed.
    if (!this.#dram || this.#dram.closed) this.#dram = this.#map(this.sharedDram.address, this.sharedDram.bytes);
    return this.#dram;
  }

  elinkRegisters(): WordPort {
    if (this.#isOld) throw this.#driver.unsupported('the registers of the eLink');
    if (this.#elinkAddress === undefined) throw this.#driver.unsupported('the registers of the eLink', 'They take the capability CAP_SYS_RAWIO, which root has, and a kernel that is not locked down');
    return this.#map((this.#elinkAddress + REGISTERS_BASE) as EmeshAddress, REGISTERS_BYTES);
  }

  events(): EventPump {
    if (!this.#pump) throw this.#driver.unsupported('events and mailbox messages');
    return this.#pump;
  }

  status(): BoardStatus {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    return statusOf(this.#driver, this.#isOld);
  }

  claim(rectangle: Rectangle, options: ClaimOptions): Claim {
    if (this.#isOld) {
      if (options.deadMan) throw this.#driver.unsupported('a dead man, who stores a word when this process dies,');
      return this.#claims.add(rectangle, options);
    }
    this.verify();
    const request = claimRequest(rectangle, options);
    try {
      const { file } = this.#driver.open('epiphany_claim', REQUESTS.EPIPHANY_IOC_CLAIM, request);
      this.#lifeline?.look(); // what happened before is of no concern
      this.#openClaims++;
      return new DriverClaim(this, this.#driver, file, () => this.#openClaims--);
    } catch (error) {
      if ((error as SystemError).code === 'EBUSY') throw overlapError(rectangle, this.path, error);
      throw this.#driver.told(error);
    }
  }

  resetChip(): void {
    this.verify();
    if (!this.#isOld) {
      this.#use();
      const { generation } = this.#driver.request('epiphany_reset', REQUESTS.EPIPHANY_IOC_RESET, { scope: CONSTANTS.EPIPHANY_RESET_CHIP });
      this.#lifeline?.look(generation);
    } else {
      try {
        this.#driver.device.ioctl(REQUESTS.E_IOCTL_RESET);
      } catch (error) {
        // The old driver's way to say that it is too hot.
        throw (error as SystemError).code === 'EACCES' ? overheatedError(this.path, error) : error;
      }
      this.condition.reset(true);
    }
  }

  resetCore(core: CoreId): void {
    this.check();
    if (this.#isOld) {
      resetByRegisters([this.registers(core)]);
      return;
    }
    this.#use();
    this.#driver.request('epiphany_reset', REQUESTS.EPIPHANY_IOC_RESET, { scope: CONSTANTS.EPIPHANY_RESET_CORE, core });
    this.verify();
  }

  acknowledgeReset(): void {
    if (this.#closed) throw closedError(`board '${this.path}'`);
    this.#lifeline?.look();
    this.condition.acknowledge();
    this.check();
  }

  allocate(bytes: number, { align, address, scrub }: BlockOptions): DramBlock {
    if (this.#isOld) throw this.#driver.unsupported('to allocate shared DRAM', 'Use board.sharedDramMapping(), and agree with other programs about its parts');
    if (!this.features.dram) throw this.#driver.unsupported('shared DRAM, of which the device tree names none,');
    const flags = (address === undefined ? 0 : CONSTANTS.EPIPHANY_DRAM_FIXED) | (scrub ? CONSTANTS.EPIPHANY_DRAM_SCRUB : 0);
    try {
      const { file, given } = this.#driver.open('epiphany_dram_alloc', REQUESTS.EPIPHANY_IOC_DRAM_ALLOC, { flags, bytes, align, address: address ?? 0 });
      return new DriverBlock(file, Number(given.address) as EmeshAddress, Number(given.bytes));
    } catch (error) {
      const { code } = error as SystemError;
      if (code === 'ERANGE' && address !== undefined) throw outOfRange('address', 'in shared DRAM', formatHex(address), { address });
      if (code === 'EBUSY' && address !== undefined) throw takenError(address, this.path, error);
      throw this.#driver.told(error);
    }
  }

  dma(): DmaEngine {
    if (!this.features.dma) throw this.#driver.unsupported('a DMA engine of the host', 'Copy with core.read and core.write, or through views of the memory');
    return (this.#dma ??= new DriverDma(this, this.#driver, this.#events(eventBits([RECORD_TYPES.dma])), this.chip.type !== 'E64G401'));
  }

  close(): void {
    if (this.#closed) return;
    this.#pump?.close();
    this.#dma?.close();
    this.#driver.device.close();
    this.#closed = true;
  }

  #leaseOf(leases: Map<CoreId, Mapping>, core: CoreId, local: number, length: number): Mapping {
    let lease = leases.get(core);
    if (!lease) leases.set(core, (lease = this.#map(emeshAddress(core, local), length)));
    return lease;
  }

  #map(address: EmeshAddress, length: number): Mapping {
    this.check();
    try {
      const mapping = this.#driver.device.map({ offset: address, length });
      this.#use();
      return mapping;
    } catch (error) {
      throw this.#driver.told(error);
    }
  }

  /** From the first use on there is something to lose. What happened to the chip before is of no concern. */
  #use(): void {
    if (this.#isUsed) return;
    this.#lifeline?.look();
    this.#isUsed = true;
  }

  #events(mask: number): DriverFile {
    try {
      return this.#driver.open('epiphany_events', REQUESTS.EPIPHANY_IOC_EVENTS, { mask }).file;
    } catch (error) {
      throw this.#driver.told(error);
    }
  }
}
