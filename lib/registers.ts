// SPDX-License-Identifier: MIT
/**
 * Every register of an eCore and of the eLink as data: offset, access, value after reset, fields.
 * The types of the live registers (lib/register-file.ts) are derived from these tables.
 *
 * Sources: Epiphany Architecture Reference, appendix B (core, DMA, memory and mesh registers); Adapteva's
 * e-lib headers (bit positions of DMA and link registers); the open eLink RTL (eLink registers). Values after
 * reset of a core are those of RESETCORE in the GNU simulator, as the manual gives none.
 */
import { REGISTERS_BASE } from './address.js';
import { invalidType, outOfRange } from './errors.js';

/** What can be done with a register. */
export type RegisterAccess = 'read-write' | 'read' | 'write';

/** A field of one or more bits. A single bit reads as a boolean, a named one as its name. */
export interface FieldSpec {
  readonly low: number;
  readonly width: number;
  readonly signed?: boolean;
  /** Names of values; a value without a name reads as a number. */
  readonly names?: Readonly<Record<string, number>>;
}

/** A register of 32 bits. */
export interface RegisterSpec {
  /** Local address. */
  readonly offset: number;
  readonly access: RegisterAccess;
  /** Value after reset; undefined where a reset leaves the register alone, or no source says. */
  readonly reset: number | undefined;
  readonly summary: string;
  readonly fields: Readonly<Record<string, FieldSpec>>;
  /** Where the register exists, if not in every core of every chip; elsewhere a simulated board reads 0. */
  readonly only?: 'E64G401' | 'link cores';
  /** True for R0–R63, which can be read and written only while the core is halted. */
  readonly haltedOnly?: true;
}

interface Bit extends FieldSpec {
  readonly width: 1;
  readonly flag: true;
}
interface Quantity extends FieldSpec {
  readonly number: true;
}
interface Choice<Names extends Readonly<Record<string, number>>> extends FieldSpec {
  readonly names: Names;
}

const bit = (low: number): Bit => ({ low, width: 1, flag: true });
const bits = (high: number, low: number): Quantity => ({ low, width: high - low + 1, number: true });
const signed = (high: number, low: number): Quantity => ({ low, width: high - low + 1, signed: true, number: true });
const choice = <const Names extends Readonly<Record<string, number>>>(high: number, low: number, names: Names): Choice<Names> => ({
  low,
  width: high - low + 1,
  names,
});

const rw = <const Fields extends Readonly<Record<string, FieldSpec>>>(offset: number, reset: number | undefined, summary: string, fields: Fields) => ({ offset, access: 'read-write' as const, reset, summary, fields });
const ro = <const Fields extends Readonly<Record<string, FieldSpec>>>(offset: number, reset: number | undefined, summary: string, fields: Fields) => ({ offset, access: 'read' as const, reset, summary, fields });
const wo = <const Fields extends Readonly<Record<string, FieldSpec>>>(offset: number, reset: number | undefined, summary: string, fields: Fields) => ({ offset, access: 'write' as const, reset, summary, fields });

/** Interrupts, by priority: bit positions of IMASK, ILAT, ILATST, ILATCL and IPEND, and vectors at 4 · n. */
export const INTERRUPTS = ['sync', 'softwareException', 'memoryFault', 'timer0', 'timer1', 'message', 'dma0', 'dma1', 'wand', 'user'] as const;
/** An interrupt of a core. */
export type InterruptName = (typeof INTERRUPTS)[number];

const interrupts = Object.fromEntries(INTERRUPTS.map((name, position) => [name, bit(position)])) as unknown as Readonly<Record<InterruptName, Bit>>;

/** Causes of a software exception (STATUS.excause). Source: manual; the two generations number them apart. */
export const EXCEPTION_CAUSES = {
  E16G301: { none: 0, swi: 1, unaligned: 2, fpu: 3, unimplemented: 4, illegal: 5 },
  E64G401: { none: 0, fpu: 7, illegal: 12, unaligned: 13, swi: 14, unimplemented: 15 },
} as const;

const timerEvent = {
  off: 0, clock: 1, idle: 2, chained: 3, ialu: 4, fpu: 5, dualIssue: 6, loadStalls: 7,
  registerStalls: 8, localFetchStalls: 10, localLoadStalls: 11, externalFetchStalls: 12,
  externalLoadStalls: 13, mesh0: 14, mesh1: 15,
} as const;
const controlMode = { normal: 0, north: 1, multicast: 3, east: 5, south: 9, message: 12, west: 13 } as const;
const meshEvent = {
  off: 0, anyWait: 2, coreWait: 3, southWait: 4, northWait: 5, westWait: 6, eastWait: 7, southEastWait: 8,
  northWestWait: 9, southAccess: 10, northAccess: 11, westAccess: 12, eastAccess: 13, coreAccess: 14, anyAccess: 15,
} as const;
const dmaConfig = {
  dmaen: bit(0), master: bit(1), chainmode: bit(2), startup: bit(3), irqen: bit(4),
  datasize: choice(6, 5, { byte: 0, half: 1, word: 2, double: 3 }),
  msgmode: bit(10), shiftSrcIn: bit(12), shiftDstIn: bit(13), shiftSrcOut: bit(14), shiftDstOut: bit(15),
  nextPtr: bits(31, 16),
};
const dmaStride = { src: signed(15, 0), dst: signed(31, 16) };
const dmaCount = { inner: bits(15, 0), outer: bits(31, 16) };
const dmaStatus = {
  state: choice(3, 0, { idle: 0, active: 5, slaveWaiting: 6, dataWaiting: 10, paused: 11, configurationError: 13 }),
  currPtr: bits(31, 16),
};
const address = { address: bits(31, 0) };
const word = { word: bits(31, 0) };
const coordinate = { column: bits(5, 0), row: bits(11, 6) };
const route = { route: bits(11, 0) };

type GeneralRegister =
  | `R${'' | 1 | 2 | 3 | 4 | 5}${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`
  | `R6${0 | 1 | 2 | 3}`;
const generalRegister = (index: number) => ({ ...rw(REGISTERS_BASE + 4 * index, undefined, `general register ${index}`, word), haltedOnly: true as const });
const generalRegisters = Object.fromEntries(
  Array.from({ length: 64 }, (_, index) => [`R${index}`, generalRegister(index)]),
) as Record<GeneralRegister, ReturnType<typeof generalRegister>>;

const onlyE64 = { only: 'E64G401' as const };
const onlyLinkCores = { only: 'link cores' as const };

/** Registers of an eCore, by name. */
export const CORE_REGISTERS = {
  ...generalRegisters,

  // Registers of a chip link: only in the four cores at the middle of a side.
  LINKCFG: { ...rw(0xf0300, 0, 'link configuration', { txDivider: bits(3, 0) }), ...onlyLinkCores },
  LINKTXCFG: { ...rw(0xf0304, 0, 'link transmitter configuration', { off: bits(11, 0) }), ...onlyLinkCores },
  LINKRXCFG: { ...rw(0xf0308, 0, 'link receiver configuration', { off: bits(11, 0) }), ...onlyLinkCores },
  GPIOCFG: { ...rw(0xf030c, 0, 'general-purpose pins', word), ...onlyLinkCores },
  FLAGCFG: { ...rw(0xf0318, 0, 'flag pin', word), ...onlyLinkCores },
  SYNC: { ...rw(0xf031c, 0, 'SYNC interrupt to every core', word), ...onlyLinkCores },
  HALT: { ...rw(0xf0320, 0, 'halt of every core', word), ...onlyLinkCores },
  RESET: { ...rw(0xf0324, 0, 'reset of the chip', word), ...onlyLinkCores },
  LINKDEBUG: { ...rw(0xf0328, 0, 'link debugging', { loopback: bit(1) }), ...onlyLinkCores },

  CONFIG: rw(0xf0400, 0, 'core configuration', {
    rmode: choice(0, 0, { nearest: 0, truncate: 1 }),
    ien: bit(1), oen: bit(2), uen: bit(3),
    ctimer0cfg: choice(7, 4, timerEvent), ctimer1cfg: choice(11, 8, timerEvent),
    ctrlmode: choice(15, 12, controlMode),
    arithmode: choice(19, 17, { float: 0, integer: 4 }),
    lpmode: bit(22), dmaPause: bit(24), userMode: bit(25), timerwrap: bit(26),
  }),
  STATUS: rw(0xf0404, 0, 'core status; a store leaves active, gid and km alone', {
    active: bit(0), gid: bit(1), km: bit(2), wand: bit(3),
    az: bit(4), an: bit(5), ac: bit(6), av: bit(7), bz: bit(8), bn: bit(9), bv: bit(10),
    avs: bit(12), bis: bit(13), bvs: bit(14), bus: bit(15), excause: bits(19, 16),
  }),
  PC: rw(0xf0408, 0, 'program counter', address),
  DEBUGSTATUS: ro(0xf040c, 0, 'debug status', { halted: bit(0), externalLoadPending: bit(1), multicoreBreakpoint: bit(2) }),
  IAB: ro(0xf0410, 0, 'instruction alignment buffer; of no use to programs', word),
  LC: rw(0xf0414, 0, 'hardware loop: count', { count: bits(31, 0) }),
  LS: rw(0xf0418, 0, 'hardware loop: first instruction', address),
  LE: rw(0xf041c, 0, 'hardware loop: last instruction', address),
  IRET: rw(0xf0420, 0, 'interrupt return address', address),
  IMASK: rw(0xf0424, 0, 'interrupt mask, 1 = masked', interrupts),
  ILAT: rw(0xf0428, 0, 'latched interrupts', interrupts),
  ILATST: wo(0xf042c, undefined, 'sets bits of ILAT', interrupts),
  ILATCL: wo(0xf0430, undefined, 'clears bits of ILAT', interrupts),
  IPEND: rw(0xf0434, 0, 'interrupts in progress', interrupts),
  CTIMER0: rw(0xf0438, 0, 'event timer 0, counts down', { count: bits(31, 0) }),
  CTIMER1: rw(0xf043c, 0, 'event timer 1, counts down', { count: bits(31, 0) }),
  FSTATUS: wo(0xf0440, undefined, 'replaces all of STATUS, active, gid and km too', {
    active: bit(0), gid: bit(1), km: bit(2), wand: bit(3),
    az: bit(4), an: bit(5), ac: bit(6), av: bit(7), bz: bit(8), bn: bit(9), bv: bit(10),
    avs: bit(12), bis: bit(13), bvs: bit(14), bus: bit(15), excause: bits(19, 16),
  }),
  DEBUGCMD: wo(0xf0448, undefined, 'debug command', { command: choice(1, 0, { resume: 0, halt: 1 }) }),

  DMA0CONFIG: rw(0xf0500, 0, 'DMA 0 configuration; a store starts a transfer', dmaConfig),
  DMA0STRIDE: rw(0xf0504, undefined, 'DMA 0 strides in bytes', dmaStride),
  DMA0COUNT: rw(0xf0508, 0, 'DMA 0 counts', dmaCount),
  DMA0SRCADDR: rw(0xf050c, undefined, 'DMA 0 source', address),
  DMA0DSTADDR: rw(0xf0510, undefined, 'DMA 0 destination', address),
  DMA0AUTO0: rw(0xf0514, undefined, 'DMA 0 slave data', word),
  DMA0AUTO1: rw(0xf0518, undefined, 'DMA 0 slave data, upper word', word),
  DMA0STATUS: rw(0xf051c, 0, 'DMA 0 status', dmaStatus),
  DMA1CONFIG: rw(0xf0520, 0, 'DMA 1 configuration; a store starts a transfer', dmaConfig),
  DMA1STRIDE: rw(0xf0524, undefined, 'DMA 1 strides in bytes', dmaStride),
  DMA1COUNT: rw(0xf0528, 0, 'DMA 1 counts', dmaCount),
  DMA1SRCADDR: rw(0xf052c, undefined, 'DMA 1 source', address),
  DMA1DSTADDR: rw(0xf0530, undefined, 'DMA 1 destination', address),
  DMA1AUTO0: rw(0xf0534, undefined, 'DMA 1 slave data', word),
  DMA1AUTO1: rw(0xf0538, undefined, 'DMA 1 slave data, upper word', word),
  DMA1STATUS: rw(0xf053c, 0, 'DMA 1 status', dmaStatus),

  MEMCONFIG: ro(0xf0600, 0, 'SRAM test aid', word),
  MEMSTATUS: rw(0xf0604, 0, 'memory protection: what happened', {
    fault: bit(2), readBreach: bit(10), writeBreach: bit(11), onChipWriteBreach: bit(12), offChipWriteBreach: bit(13),
  }),
  MEMPROTECT: rw(0xf0608, 0, 'memory protection: 4 KiB pages that are read-only; the upper bits on E64G401 only', {
    readOnlyPages: bits(7, 0),
    blockExternalReads: bit(10), blockExternalRegisterWrites: bit(11), blockExternalMemoryWrites: bit(12),
    blockOnChipWrites: bit(13), blockOffChipWrites: bit(14), exceptionEnable: bit(15),
  }),

  MESHCONFIG: rw(0xf0700, 0, 'mesh node configuration', {
    lpmode: bit(1), mesh1: choice(7, 4, meshEvent), mesh0: choice(11, 8, meshEvent),
    westEdge: bit(12), eastEdge: bit(13), northEdge: bit(14), southEdge: bit(15),
  }),
  COREID: ro(0xf0704, undefined, 'core ID', coordinate),
  MULTICAST: rw(0xf0708, 0, 'multicast ID that this node accepts', { id: bits(11, 0) }),
  RESETCORE: wo(0xf070c, 0, '1 holds the core in reset, 0 lets go', { reset: bit(0) }),
  CMESHROUTE: { ...rw(0xf0710, 0, 'routing of the on-chip write mesh', route), ...onlyE64 },
  XMESHROUTE: { ...rw(0xf0714, 0, 'routing of the off-chip write mesh', route), ...onlyE64 },
  RMESHROUTE: { ...rw(0xf0718, 0, 'routing of the read mesh', route), ...onlyE64 },
} satisfies Readonly<Record<string, RegisterSpec>>;

/** Registers of the FPGA's eLink, by name. Local addresses within core ID 0x810. */
export const ELINK_REGISTERS = {
  RESET: wo(0xf0200, 0, 'reset of the two sides, 1 = held; the transmitter\'s is the chip\'s too', { tx: bit(0), rx: bit(1) }),
  CLK: wo(0xf0204, 0x573, 'clocks; not connected in the open RTL', {
    cclkEnable: bit(0), lclkEnable: bit(1), cclkBypass: bit(2), lclkBypass: bit(3),
    cclkDivider: bits(7, 4), lclkDivider: bits(11, 8), pllFrequency: bits(15, 12),
  }),
  CHIPID: wo(0xf0208, 0x808, 'core ID that the chip\'s pins are given', coordinate),
  VERSION: rw(0xf020c, 0, 'version of the FPGA design', { platform: bits(7, 0), revision: bits(15, 8) }),
  TXCFG: rw(0xf0210, 0, 'transmitter configuration', {
    enable: bit(0), mmu: bit(1), remap: bits(3, 2), ctrlmode: choice(7, 4, controlMode),
    ctrlmodeBypass: bit(9), burst: bit(10), gpioMode: bits(12, 11),
  }),
  TXSTATUS: rw(0xf0214, 0, 'transmitter events so far; a store replaces them', {
    writeFifoFull: bit(0), readFifoFull: bit(1), responseFifoFull: bit(2), writeWait: bit(3), readWait: bit(4),
    responseWait: bit(5), writeWaitPin: bit(6), readWaitPin: bit(7), burst: bit(8),
  }),
  TXGPIO: rw(0xf0218, 0, 'transmitter pins in GPIO mode', { data: bits(7, 0), frame: bit(8) }),
  TXMONITOR: rw(0xf021c, 0, 'count of accesses sent to the chip', { count: bits(31, 0) }),
  TXPACKET: ro(0xf0220, undefined, 'address of the last access sent', address),
  RXCFG: rw(0xf0300, 0, 'receiver configuration; the remap is what keeps the chip out of the host\'s memory', {
    testMode: bit(0), mmu: bit(1), remapMode: choice(3, 2, { off: 0, static: 1, dynamic: 2 }),
    remapSelect: bits(15, 4), remapPattern: bits(27, 16), mailboxInterrupt: bit(28),
  }),
  RXSTATUS: rw(0xf0304, 0, 'receiver events so far; a store replaces them', {
    writeWait: bit(0), readWait: bit(1), responseWait: bit(2), writeWaitPin: bit(3), readWaitPin: bit(4),
  }),
  RXGPIO: ro(0xf0308, undefined, 'receiver pins', { data: bits(7, 0), frame: bit(8) }),
  RXOFFSET: rw(0xf030c, 0, 'base of the dynamic remap', address),
  RXDELAY0: wo(0xf0310, 0, 'low four bits of the data lanes\' delays', word),
  RXDELAY1: wo(0xf0314, 0, 'the rest of the delays; a store loads all', { frame: bits(3, 0), highBits: bits(12, 4) }),
  RXTESTDATA: rw(0xf0318, 0, 'words received in test mode', word),
  MAILBOXLO: ro(0xf0730, undefined, 'takes the oldest message: its word', word),
  MAILBOXHI: ro(0xf0734, undefined, 'upper half of the message taken last', word),
  MAILBOXSTAT: ro(0xf0738, 0, 'mailbox status', { notEmpty: bit(0), full: bit(1), halfFull: bit(2), count: bits(20, 16) }),
} satisfies Readonly<Record<string, RegisterSpec>>;

/** What a register allows, and when, is decided by these tables: nobody may change them. */
function freeze(value: object): void {
  Object.freeze(value);
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null && !Object.isFrozen(part)) freeze(part as object);
}
for (const table of [CORE_REGISTERS, ELINK_REGISTERS, INTERRUPTS, EXCEPTION_CAUSES]) freeze(table);

export type CoreRegisterName = keyof typeof CORE_REGISTERS;
export type ElinkRegisterName = keyof typeof ELINK_REGISTERS;
export type RegisterTable = Readonly<Record<string, RegisterSpec>>;

/** What a field reads as. */
export type FieldValue<Field extends FieldSpec> =
  Field extends Choice<infer Names> ? (keyof Names & string) | number : Field extends Bit ? boolean : number;

/** Values of fields, by name. */
export type FieldValues<Fields extends Readonly<Record<string, FieldSpec>>> = {
  readonly [Name in keyof Fields]: FieldValue<Fields[Name]>;
};

/** The value of one field within a register's word. */
export function decodeField(field: FieldSpec, value: number): boolean | number | string {
  // A shift by 32 is none in JavaScript, so the mask of a whole word is made in another way.
  const mask = field.width === 32 ? 0xffffffff : (1 << field.width) - 1;
  const raw = ((value >>> field.low) & mask) >>> 0;
  if (field.names) {
    for (const name in field.names) if (field.names[name] === raw) return name;
    return raw;
  }
  if (field.width === 1) return raw === 1;
  return field.signed && raw >= 2 ** (field.width - 1) ? raw - 2 ** field.width : raw;
}

/**
 * Fields as bits of a register's word, and the mask of all bits that are theirs.
 * @throws RangeError for a field that the register does not have, or a value that the field cannot hold
 */
export function encodeFields(name: string, spec: RegisterSpec, values: Readonly<Record<string, unknown>>): { bits: number; mask: number } {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw invalidType('value', 'a number or an object of fields', values);
  let bits = 0;
  let mask = 0;
  for (const key of Object.keys(values)) {
    if (!Object.hasOwn(spec.fields, key)) throw outOfRange('field', `one of ${name}: ${Object.keys(spec.fields).join(', ')}`, key);
    const field = spec.fields[key] as FieldSpec;
    const own = (field.width === 32 ? 0xffffffff : (1 << field.width) - 1) << field.low;
    bits |= (encodeField(name, key, field, values[key]) << field.low) & own;
    mask |= own;
  }
  return { bits: bits >>> 0, mask: mask >>> 0 };
}

function encodeField(register: string, key: string, field: FieldSpec, value: unknown): number {
  if (typeof value === 'string' && field.names) {
    const named = Object.hasOwn(field.names, value) ? field.names[value] : undefined;
    if (named === undefined) throw outOfRange(`${register}.${key}`, Object.keys(field.names).join(', '), value);
    return named;
  }
  if (typeof value === 'boolean' && field.width === 1 && !field.names) return value ? 1 : 0;
  if (typeof value !== 'number') throw invalidType(`${register}.${key}`, field.names ? 'a number or a name' : field.width === 1 ? 'a boolean' : 'a number', value);
  const minimum = field.signed ? -(2 ** (field.width - 1)) : 0;
  const maximum = minimum + 2 ** field.width - 1;
  if (!Number.isInteger(value) || value < minimum || value > maximum) throw outOfRange(`${register}.${key}`, `an integer from ${minimum} to ${maximum}`, value);
  return value;
}
