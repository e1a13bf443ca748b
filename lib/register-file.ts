// SPDX-License-Identifier: MIT
/** Live registers: reading and writing by field, over whatever reaches a register page. */
import { inspect } from 'node:util';
import { otherPlace, REGISTERS_BASE } from './address.js';
import { checkInteger, EpiphanyError, formatHex, outOfRange } from './errors.js';
import {
  CORE_REGISTERS,
  decodeField,
  encodeFields,
  type FieldSpec,
  type FieldValues,
  type RegisterSpec,
  type RegisterTable,
} from './registers.js';

/** Single words at byte offsets from the start of a page: a mapping is one, and so is a simulated page. */
export interface WordPort {
  readWord(offset: number): number;
  writeWord(offset: number, value: number): void;
}

/** What a register held when it was read. Fields are decoded when they are asked for. */
export type RegisterValue<Spec extends RegisterSpec> = FieldValues<Spec['fields']> & {
  /** All 32 bits. */
  readonly value: number;
  /** All fields decoded, as a plain object. */
  fields(): FieldValues<Spec['fields']>;
};

interface Described<Spec extends RegisterSpec> {
  readonly name: string;
  readonly spec: Spec;
}
interface Readable<Spec extends RegisterSpec> {
  /**
   * Reads the register once.
   * @throws `ERR_EPIPHANY_REGISTER_ACCESS` if it can only be written, `ERR_EPIPHANY_BUSY` for R0 … R63 of a core
   *   that is not halted, `ERR_EPIPHANY_CLOSED`, and `EIO` if a simulated chip does not answer
   */
  read(): RegisterValue<Spec>;
}
interface Writable<Spec extends RegisterSpec> {
  /**
   * Writes the register: all 32 bits as a number, what was read before, or fields, with the bits of those not
   * named zero.
   * @throws RangeError for an unknown field or a value that does not fit, TypeError for a wrong type,
   *   `ERR_EPIPHANY_REGISTER_ACCESS` if it can only be read; see {@link Readable.read} for the others
   */
  write(value: number | Partial<FieldValues<Spec['fields']>>): void;
}
interface Updatable<Spec extends RegisterSpec> {
  /**
   * Reads the register and writes it back with some fields changed. Not atomic towards the core.
   * @throws as `write`, before anything is read
   */
  update(fields: Partial<FieldValues<Spec['fields']>>): void;
}

/** A live register: it can only do what its access allows. */
export type RegisterOf<Spec extends RegisterSpec> = Described<Spec> &
  (Spec['access'] extends 'read' | 'read-write' ? Readable<Spec> : unknown) &
  (Spec['access'] extends 'write' | 'read-write' ? Writable<Spec> : unknown) &
  (Spec['access'] extends 'read-write' ? Updatable<Spec> : unknown);

/** The live registers of a table, by name. */
export type RegisterFile<Table extends RegisterTable> = {
  readonly [Name in keyof Table]: RegisterOf<Table[Name]>;
};

type ValueClass = new (value: number) => { readonly value: number };

/** One class for each register, with a getter for each field, so that reading one decodes no other. */
function valueClass(name: string, spec: RegisterSpec): ValueClass {
  const entries = Object.entries(spec.fields);
  class Value {
    readonly value: number;
    constructor(value: number) {
      this.value = value;
    }
    fields(): Record<string, unknown> {
      return Object.fromEntries(entries.map(([key, field]) => [key, decodeField(field, this.value)]));
    }
    toJSON(): object {
      return { value: this.value, ...this.fields() };
    }
    [inspect.custom](_depth: number, options: object): string {
      return `${name} ${formatHex(this.value, 8)} ${inspect(this.fields(), options)}`;
    }
  }
  for (const [key, field] of entries) {
    Object.defineProperty(Value.prototype, key, { get: fieldGetter(field), enumerable: true });
  }
  return Value;
}

function fieldGetter(field: FieldSpec): (this: { value: number }) => unknown {
  const { low } = field;
  if (field.width === 1 && !field.names) {
    return function () {
      return ((this.value >>> low) & 1) === 1;
    };
  }
  return function () {
    return decodeField(field, this.value);
  };
}

const valueClasses = new Map<RegisterSpec, ValueClass>();

function valueClassOf(name: string, spec: RegisterSpec): ValueClass {
  let known = valueClasses.get(spec);
  if (!known) valueClasses.set(spec, (known = valueClass(name, spec)));
  return known;
}

const DEBUGSTATUS = CORE_REGISTERS.DEBUGSTATUS.offset - REGISTERS_BASE;

/** One register of one page. At run time it has every method, and refuses what its access forbids. */
class Register {
  readonly name: string;
  readonly spec: RegisterSpec;
  readonly #port: WordPort;
  readonly #offset: number;
  readonly #Value: ValueClass;

  constructor(name: string, spec: RegisterSpec, port: WordPort) {
    this.name = name;
    this.spec = spec;
    this.#port = port;
    this.#offset = spec.offset - REGISTERS_BASE;
    this.#Value = valueClassOf(name, spec);
  }

  read(): object {
    return new this.#Value(this.#load());
  }

  write(value: number | Record<string, unknown>): void {
    const word = value instanceof this.#Value ? value.value : value;
    this.#store(typeof word === 'number' ? checkInteger('value', word, 0, 0xffffffff) : encodeFields(this.name, this.spec, word).bits);
  }

  update(fields: Record<string, unknown>): void {
    const { bits, mask } = encodeFields(this.name, this.spec, fields); // refuses nonsense before anything is read
    this.#store(((this.#load() & ~mask) | bits) >>> 0);
  }

  /** @internal */
  [inspect.custom](): string {
    return `Register ${this.name} at ${formatHex(this.spec.offset)} (${this.spec.access})`;
  }

  #load(): number {
    if (this.spec.access === 'write') throw this.#forbidden('write-only: it cannot be read');
    if (this.spec.haltedOnly) checkHalted(this.#port, this.name);
    return this.#port.readWord(this.#offset);
  }

  #store(value: number): void {
    if (this.spec.access === 'read') throw this.#forbidden('read-only: it cannot be written');
    if (this.spec.haltedOnly) checkHalted(this.#port, this.name);
    this.#port.writeWord(this.#offset, value);
  }

  #forbidden(why: string): EpiphanyError {
    return new EpiphanyError('ERR_EPIPHANY_REGISTER_ACCESS', `${this.name} is ${why}`, { address: this.spec.offset });
  }
}

/** Reading a general register of a running core corrupts it on silicon, so the core must be halted. */
function checkHalted(port: WordPort, name: string): void {
  if ((port.readWord(DEBUGSTATUS) & 1) === 0) {
    throw new EpiphanyError('ERR_EPIPHANY_BUSY', `${name} can be accessed only while the core is halted; write DEBUGCMD { command: 'halt' } first`);
  }
}

/** Makes the live registers of a table. */
export function registerFile<Table extends RegisterTable>(table: Table, port: WordPort): RegisterFile<Table> {
  const file = Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, new Register(name, spec, port)]));
  return Object.freeze(file) as unknown as RegisterFile<Table>;
}

const GENERAL_REGISTERS_END = REGISTERS_BASE + 4 * 64;
const PAGE_END = 0xf0800;

/** Whether a local address is that of a register, as against SRAM. */
export const isRegister = (address: number): boolean => address >= REGISTERS_BASE && address < PAGE_END;

/**
 * Checks a local address as that of a register word, 0xF0000 … 0xF07FC, and gives its offset in the page.
 * General registers need a halted core.
 */
export function registerOffset(port: WordPort, address: number): number {
  if (Number.isInteger(address) && !isRegister(address)) {
    throw outOfRange('address', `of a register, ${formatHex(REGISTERS_BASE)} to ${formatHex(PAGE_END - 4)}${address >= PAGE_END ? otherPlace(address) : ''}`, address, { address });
  }
  checkInteger('address', address, REGISTERS_BASE, PAGE_END - 4);
  if (address % 4 !== 0) throw outOfRange('address', 'a multiple of 4', address, { address });
  if (address < GENERAL_REGISTERS_END) checkHalted(port, `R${(address - REGISTERS_BASE) / 4}`);
  return address - REGISTERS_BASE;
}
