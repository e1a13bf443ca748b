// SPDX-License-Identifier: MIT
/**
 * Serves the traps of programs: a core that executes TRAP halts, and what it wants is in its registers.
 * Source: the traps of libgloss for the Epiphany, with which newlib's programs are linked.
 */
import type { Stats } from 'node:fs';
import { TextDecoder } from 'node:util';
import type { Core } from '../core.js';
import { placeOf, type AddressSpace } from '../memory.js';
import { Directory, Files, SyscallError } from './files.js';
import { Input, type InputSource } from './input.js';
import { openOutput, OUTPUT_LIMIT, type Output, type OutputInlet, type OutputStream } from './output.js';
import type { TrapFinder } from './trap-finder.js';

/** What programs may use of the host. */
export interface HostServices {
  /** The directory that is `/` to programs. By default they have no files. */
  readonly directory?: string | undefined;
  /**
   * What standard input gives, to whichever core reads first: all of it, or what comes piece by piece, such as
   * `process.stdin`. Nothing is asked of that before a core reads; then it is closed when the program cannot go on any
   * more, as a loop over it would do. Empty by default.
   */
  readonly stdin?: InputSource | undefined;
  /**
   * Memory that output takes until it is read, in bytes, about, for `output` and for each core of `outputOf`:
   * 1 … 2^53 - 1. Default 4194304 (4 MiB). See {@link OutputStream} for what happens there.
   */
  readonly outputLimit?: number | undefined;
}

/** What became of a trap. `waiting`: it is to be served again when standard input has something, or output has room. */
export type TrapOutcome = { readonly exitCode: number } | 'served' | 'waiting' | 'unknown';

/** What a group does for the host of its traps. */
export interface Listener {
  waitersChanged(): void;
  /** There is something for which a core may wait: standard input, or room for output. */
  servable(): void;
}

const TRAP = { write: 0, read: 1, open: 2, exit: 3, pass: 4, fail: 5, close: 6, syscall: 7 } as const;
const EXITS: readonly (number | undefined)[] = [TRAP.exit, TRAP.pass, TRAP.fail];
/** R3 of TRAP 7. */
const SYSCALL = { open: 2, close: 3, read: 4, write: 5, lseek: 6, unlink: 7, fstat: 10, stat: 15, gettimeofday: 19, link: 21 } as const;
/** TRAPs that are a system call themselves. */
const DIRECT: Readonly<Record<number, number>> = { [TRAP.write]: SYSCALL.write, [TRAP.read]: SYSCALL.read, [TRAP.open]: SYSCALL.open, [TRAP.close]: SYSCALL.close };

const [STDIN, STDOUT, STDERR] = [0, 1, 2];
const [EBADF, EFAULT, ENAMETOOLONG, ENOSYS] = [9, 14, 91, 88];
const LONGEST_PATH = 1024;
/** Bytes of output that are taken at once: a core can write all of DRAM by one call, and writes on with what is left. */
const LONGEST_WRITE = 2 ** 16;
const STAT_BYTES = 40;
const CHARACTER_DEVICE = 0o020000;

/** The traps of one work-group. */
export class Semihosting {
  readonly #output: OutputInlet;
  readonly #space: AddressSpace;
  readonly #traps: TrapFinder;
  readonly #services: HostServices;
  readonly #input: Input;
  readonly #consoles = new Map<Core, OutputInlet>();
  /** Cores whose program is over while others go on. */
  readonly #left = new Set<Core>();
  #isOver = false;
  readonly #listener: Listener;
  #directory: Directory | undefined;
  readonly #files = new Map<Core, Files>();
  readonly #decoders = new Map<string, { readonly core: Core; readonly stream: Output['stream']; readonly decoder: TextDecoder }>();

  /** @throws SystemError if the directory cannot be opened */
  constructor(space: AddressSpace, traps: TrapFinder, services: HostServices, listener: Listener) {
    this.#listener = listener;
    this.#space = space;
    this.#traps = traps;
    this.#services = services;
    this.#output = this.#newStream();
    this.#input = new Input(services.stdin ?? '', () => listener.servable());
    this.#openDirectory();
  }

  /** Output of one core only; from the first call on it no longer appears in {@link output}. */
  consoleOf(core: Core): OutputStream {
    let console = this.#consoles.get(core);
    if (!console) this.#consoles.set(core, (console = this.#newStream()));
    if (this.#isOver || this.#left.has(core)) console.end();
    return console.stream;
  }

  /** Of all cores, but for those that have a console of their own. */
  get output(): OutputStream {
    return this.#output.stream;
  }

  /** Whether somebody waits for output. */
  get hasWaiters(): boolean {
    return [this.#output, ...this.#consoles.values()].some((stream) => stream.hasWaiters);
  }

  /**
   * Serves the trap at which a core has halted, and lets it go on unless it was an exit. `'unknown'`: it was no trap.
   * @throws what standard input has failed with: its source is the host's, and so is the error
   */
  serve(core: Core): TrapOutcome {
    const trap = this.#traps.find(core);
    if (trap === undefined) return 'unknown';
    const { number, next } = trap;
    const argument = (index: number): number => core.readRegister(0xf0000 + 4 * index);
    if (number === TRAP.exit) return { exitCode: argument(0) | 0 };
    if (number === TRAP.pass || number === TRAP.fail) return { exitCode: number === TRAP.pass ? 0 : 1 };
    const call = number === TRAP.syscall ? argument(3) : DIRECT[number];
    if (call === undefined) return 'unknown';
    this.#input.check();
    let errno = 0;
    let result: number | undefined;
    try {
      result = this.#call(core, call, argument(0), argument(1), argument(2));
    } catch (error) {
      result = -1;
      ({ errno } = SyscallError.from(error));
    }
    if (result === undefined) return 'waiting';
    core.writeRegister(0xf0000, result >>> 0);
    core.writeRegister(0xf000c, errno); // libgloss looks at it behind every TRAP of these, not only behind 7
    const { PC, DEBUGCMD } = core.registers;
    if (PC.read().value !== next) PC.write(next);
    this.#traps.served(core, trap);
    DEBUGCMD.write(0);
    return 'served';
  }

  /** One core begins a program, maybe anew. */
  admit(core: Core): void {
    this.#left.delete(core);
    this.#consoles.delete(core);
  }

  /** The program of one core is over, or gone, and those of others go on: its files are closed, and what it prints ends. */
  leave(core: Core): void {
    if (this.#left.has(core)) return;
    this.#left.add(core);
    this.#files.get(core)?.closeAll();
    this.#files.delete(core);
    for (const [key, { core: of, stream, decoder }] of this.#decoders) {
      if (of !== core) continue;
      this.#decoders.delete(key);
      this.#print(core, stream, decoder.decode());
    }
    this.#consoles.get(core)?.end();
  }

  /** Whether a halted core is at a trap that is yet to be served. `isByItself`: see {@link TrapFinder.find}. */
  isWanted(core: Core, isByItself: boolean): boolean {
    const number = this.#traps.find(core, isByItself)?.number;
    return number !== undefined && number <= TRAP.syscall;
  }

  /** Whether a core has halted at the end of its program. */
  isAtExit(core: Core): boolean {
    return core.registers.DEBUGSTATUS.read().halted && EXITS.includes(this.#traps.find(core)?.number);
  }

  /** The program is over: streams end, files are closed, and standard input unless it may go on. */
  end(mayGoOn: boolean): void {
    this.#isOver = true;
    for (const files of this.#files.values()) files.closeAll();
    this.#files.clear();
    this.#directory?.close();
    this.#directory = undefined;
    // Of characters that were never written to their end.
    for (const { core, stream, decoder } of this.#decoders.values()) this.#print(core, stream, decoder.decode());
    this.#decoders.clear();
    for (const stream of [this.#output, ...this.#consoles.values()]) stream.end();
    if (!mayGoOn) this.#input.close(); // last, because its source is the caller's, and may throw
  }

  /** The result; undefined if there is none yet. */
  #call(core: Core, call: number, a: number, b: number, c: number): number | undefined {
    switch (call) {
      case SYSCALL.open:
        return this.#filesOf(core).open(this.#path(core, a), b, c);
      case SYSCALL.close:
        return a <= STDERR ? 0 : this.#filesOf(core).close(a);
      case SYSCALL.read:
        return this.#read(core, a, b, c);
      case SYSCALL.write:
        return this.#write(core, a, b, c);
      case SYSCALL.lseek:
        return this.#filesOf(core).seek(a, b | 0, c);
      case SYSCALL.unlink:
        return this.#filesOf(core).unlink(this.#path(core, a));
      case SYSCALL.link:
        return this.#filesOf(core).link(this.#path(core, a), this.#path(core, b));
      case SYSCALL.fstat:
        return this.#giveStat(core, b, a <= STDERR ? undefined : this.#filesOf(core).fstat(a));
      case SYSCALL.stat:
        return this.#giveStat(core, b, this.#filesOf(core).stat(this.#path(core, a)));
      case SYSCALL.gettimeofday: {
        const now = Date.now();
        this.#put(core, a, Uint32Array.of(Math.floor(now / 1000), (now % 1000) * 1000));
        return 0;
      }
      default:
        throw new SyscallError(ENOSYS);
    }
  }

  #read(core: Core, file: number, address: number, length: number): number | undefined {
    const place = placeOf(this.#space, core, address, length);
    if (!place) throw new SyscallError(EFAULT);
    if (file === STDIN) {
      const bytes = this.#input.take(length);
      if (bytes) place.memory.write(place.offset, bytes);
      return bytes?.length;
    }
    const bytes = new Uint8Array(length);
    const count = this.#filesOf(core).read(file, bytes);
    place.memory.write(place.offset, bytes.subarray(0, count));
    return count;
  }

  #write(core: Core, file: number, address: number, length: number): number | undefined {
    if (file === STDIN) throw new SyscallError(EBADF);
    if (file !== STDOUT && file !== STDERR) return this.#filesOf(core).write(file, this.#bytes(core, address, length));
    if (!this.#streamOf(core).hasRoom) return undefined;
    const bytes = this.#bytes(core, address, Math.min(length, LONGEST_WRITE));
    const stream = file === STDOUT ? 'stdout' : 'stderr';
    const key = `${core.id} ${stream}`;
    // A mark of the byte order is a character like others.
    const { decoder } = this.#decoders.get(key) ?? { decoder: new TextDecoder('utf-8', { ignoreBOM: true }) };
    this.#decoders.set(key, { core, stream, decoder });
    this.#print(core, stream, decoder.decode(bytes, { stream: true }));
    return bytes.length;
  }

  #print(core: Core, stream: Output['stream'], text: string): void {
    if (text !== '') this.#streamOf(core).push({ core, stream, text });
  }

  #streamOf(core: Core): OutputInlet {
    return this.#consoles.get(core) ?? this.#output;
  }

  #newStream(): OutputInlet {
    return openOutput(this.#services.outputLimit ?? OUTPUT_LIMIT, { waitersChanged: () => this.#listener.waitersChanged(), roomChanged: () => this.#listener.servable() });
  }

  #filesOf(core: Core): Files {
    let files = this.#files.get(core);
    if (!files) this.#files.set(core, (files = new Files(this.#openDirectory())));
    return files;
  }

  /** Anew for a program that goes on after its end. */
  #openDirectory(): Directory | undefined {
    const { directory } = this.#services;
    if (directory !== undefined) this.#directory ??= new Directory(directory);
    return this.#directory;
  }

  #bytes(core: Core, address: number, length: number): Uint8Array {
    const place = placeOf(this.#space, core, address, length);
    if (!place) throw new SyscallError(EFAULT);
    return place.memory.read(place.offset, length);
  }

  /** A string that ends with a NUL character. */
  #path(core: Core, address: number): string {
    const bytes: number[] = [];
    while (bytes.length < LONGEST_PATH) {
      const [byte] = this.#bytes(core, address + bytes.length, 1);
      if (byte === 0) return Buffer.from(bytes).toString();
      bytes.push(byte as number);
    }
    throw new SyscallError(ENAMETOOLONG);
  }

  #put(core: Core, address: number, view: ArrayBufferView): void {
    const place = placeOf(this.#space, core, address, view.byteLength);
    if (!place) throw new SyscallError(EFAULT);
    place.memory.write(place.offset, view);
  }

  /** newlib's struct stat; without one, that of a terminal. */
  #giveStat(core: Core, address: number, stats: Stats | undefined): number {
    const view = new DataView(new ArrayBuffer(STAT_BYTES));
    const put16 = (at: number, value = 0): void => view.setUint16(at, value, true);
    const put32 = (at: number, value = 0): void => view.setUint32(at, value, true);
    put16(0, stats?.dev);
    put16(2, stats?.ino);
    put32(4, stats ? stats.mode : CHARACTER_DEVICE | 0o620);
    put16(8, stats?.nlink ?? 1);
    put32(16, stats?.size);
    for (const [at, time] of [[20, stats?.atimeMs], [28, stats?.mtimeMs], [36, stats?.ctimeMs]] as const) put32(at, Math.floor((time ?? 0) / 1000));
    this.#put(core, address, view);
    return 0;
  }
}
