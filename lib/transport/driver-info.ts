// SPDX-License-Identifier: MIT
/** What a driver says about its board: by version 1 of our driver's interface, else by that of the 5.4-era driver. */
import { constants } from 'node:os';
import { coreId, type EmeshAddress } from '../address.js';
import { CHIP_MODELS, chipTypeOf, type Chip, type SharedDram } from '../chip.js';
import type { SystemError } from '../device/index.js';
import { formatHex, systemError } from '../errors.js';
import { CONSTANTS, decode, encode, REQUESTS, structureBytes, type StructureName, type Values } from './abi.js';
import type { Driver } from './driver.js';
import type { BoardStatus, DriverFeature, Features } from './transport.js';

/** A board as it is when it is opened. */
export interface Description {
  /** Whether this is the 5.4-era driver. */
  readonly isOld: boolean;
  readonly chip: Chip;
  readonly elinkVersion: number;
  readonly sharedDram: SharedDram | undefined;
  readonly features: Features;
  /** The eLink's registers, if they may be mapped. */
  readonly elinkAddress: number | undefined;
}

const DRIVER_FEATURES: Readonly<Record<DriverFeature, number>> = {
  'safe-read': CONSTANTS.EPIPHANY_FEATURE_SAFE_READ,
  'dma-copy': CONSTANTS.EPIPHANY_FEATURE_DMA_COPY,
  vdd: CONSTANTS.EPIPHANY_FEATURE_VDD,
};

const OLD_FEATURES: Features = Object.freeze({ events: false, elinkRegisters: false, coreEvents: false, claims: false, dram: false, dma: false });
const OLD_STATUS: BoardStatus = { abiVersion: 0, driverFeatures: [], generation: undefined, vdd: undefined, powered: undefined, overheated: undefined };

/** @throws `ERR_EPIPHANY_UNSUPPORTED` if there is no chip that we know */
export function describe(driver: Driver): Description {
  const info = askInfo(driver);
  return info ? describeByInfo(driver, info) : describeByProbe(driver);
}

export function statusOf(driver: Driver, isOld: boolean): BoardStatus {
  if (isOld) return { ...OLD_STATUS };
  const { abi_version, features, generation, vdd_microvolt, state } = driver.request('epiphany_info', REQUESTS.EPIPHANY_IOC_INFO);
  return {
    abiVersion: abi_version,
    driverFeatures: (Object.keys(DRIVER_FEATURES) as DriverFeature[]).filter((name) => (Number(features) & DRIVER_FEATURES[name]) !== 0),
    generation: Number(generation),
    vdd: vdd_microvolt === 0 ? undefined : vdd_microvolt / 1e6,
    powered: (state & CONSTANTS.EPIPHANY_STATE_POWERED) !== 0,
    overheated: (state & CONSTANTS.EPIPHANY_STATE_THERMAL) !== 0,
  };
}

function askInfo(driver: Driver): Values<'epiphany_info'> | undefined {
  const view = encode('epiphany_info');
  try {
    driver.device.ioctl(REQUESTS.EPIPHANY_IOC_INFO, view);
  } catch (error) {
    const { code } = error as SystemError;
    if (code === 'ENOTTY' || code === 'EINVAL') return undefined; // the old driver
    throw driver.told(error);
  }
  return decode('epiphany_info', view);
}

function describeByInfo(driver: Driver, info: Values<'epiphany_info'>): Description {
  const { chip_type, rows, columns, first_core, region_count, features } = info;
  if (rows === 0) throw driver.unsupported('an eLink that no chip is connected to');
  const chip = chipAt(driver, chip_type, first_core);
  if (chip.rows !== rows || chip.columns !== columns) throw driver.unsupported(`an array of ${rows} × ${columns} cores, which is more than one chip`);
  const regions = Array.from({ length: region_count }, (_, index) => driver.request('epiphany_region', REQUESTS.EPIPHANY_IOC_REGION, { index }));
  const dram = regions.find(({ kind }) => kind === CONSTANTS.EPIPHANY_REGION_DRAM);
  const elink = regions.find(({ kind, flags }) => kind === CONSTANTS.EPIPHANY_REGION_ELINK && (flags & CONSTANTS.EPIPHANY_REGION_MMAP) !== 0);
  const dma = (Number(features) & CONSTANTS.EPIPHANY_FEATURE_DMA_COPY) !== 0;
  return {
    isOld: false,
    chip,
    elinkVersion: info.version,
    sharedDram: dram && Object.freeze({ address: Number(dram.address) as EmeshAddress, bytes: Number(dram.bytes) }),
    features: Object.freeze({ events: true, elinkRegisters: elink !== undefined, coreEvents: false, claims: true, dram: dram !== undefined, dma }),
    elinkAddress: elink && Number(elink.address),
  };
}

function describeByProbe(driver: Driver): Description {
  const { connection_type, array, version } = decode('e_elink_info', askOld(driver, REQUESTS.E_IOCTL_ELINK_PROBE, 'e_elink_info'));
  if (Number(connection_type) !== CONSTANTS.E_CONN_ARRAY) throw driver.unsupported('an eLink that no chip is connected to');
  const chip = chipAt(driver, Number(array.chip_type), Number(array.id));
  if (array.chip_rows !== 1n || array.chip_cols !== 1n) throw driver.unsupported(`an array of ${array.chip_rows} × ${array.chip_cols} chips`);
  const { nmappings, mappings: [first] } = decode('e_mappings_info', askOld(driver, REQUESTS.E_IOCTL_GET_MAPPINGS, 'e_mappings_info'));
  const sharedDram = nmappings === 0n || !first ? undefined : Object.freeze({ address: Number(first.emesh_addr) as EmeshAddress, bytes: Number(first.size) });
  return { isOld: true, chip, elinkVersion: version, sharedDram, features: OLD_FEATURES, elinkAddress: undefined };
}

function askOld({ device, path }: Driver, request: number, structure: StructureName): DataView {
  const answer = new DataView(new ArrayBuffer(structureBytes(structure)));
  // The old driver answers a failed copy with the number of bytes that it could not copy.
  if (device.ioctl(request, answer) > 0) throw systemError(-constants.errno.EFAULT, 'ioctl', { path, address: request });
  return answer;
}

function chipAt(driver: Driver, number: number, origin: number): Chip {
  const type = chipTypeOf(number);
  if (!type) throw driver.unsupported(`a chip of type ${number}`);
  const { rows, columns } = CHIP_MODELS[type];
  const last = origin + ((rows - 1) << 6) + columns - 1;
  if (origin < 1 || last > 0xfff || (origin & 0x3f) + columns > 64) throw driver.unsupported(`a chip at core ID ${formatHex(origin)}`);
  return Object.freeze({ type, rows, columns, origin: coreId(origin) });
}
