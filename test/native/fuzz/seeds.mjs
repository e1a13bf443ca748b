// SPDX-License-Identifier: MIT
// Inputs to begin fuzzing with, one for each thing that a chip can do. What they are made of: execute_fuzz.cc.

/** In the order of `Action` there. */
const ACTIONS =
  'program fillDram general go register dma store load run runCore step interrupt inject mailbox strict trace profile restore disassemble';
const action = (name, ...bytes) => [ACTIONS.split(' ').indexOf(name), ...bytes.flat()];

const half = (value) => [value & 0xff, (value >> 8) & 0xff];
const word = (value) => [...half(value), ...half(value >>> 16)];
const words = (...values) => values.flatMap(word);
const hex = (text) => [...Buffer.from(text.replaceAll(' ', ''), 'hex')];

const START = 0x100;
const program = (core, code, at = START) => action('program', core, half(at), code.length, code);
const registers = (core, first, ...values) => action('general', core, first, values.length - 1, words(...values));
/** Mask of interrupts and STATUS are as after a reset. */
const go = (core, at = START) => action('go', core, half(at), 0, 0);
const register = (core, offset, value) => action('register', core, half(offset), word(value));
const dma = (core, channel, ...values) => action('dma', core, channel, words(...values));
const run = (instructions = 200, quantum = 7, seed = 1) => action('run', half(instructions), quantum, seed);
/** A core runs this code with these values in R0 and on. */
const execute = (code, ...values) => [program(0, hex(code)), values.length > 0 ? registers(0, 0, ...values) : [], go(0), run()];

const ID = 0x80800000;
const NEIGHBOUR = 0x80900000;
const DRAM = 0x8e000000;
const MAILBOX = 0x810f0730;

const scripts = [
  // add r0,r0,#1; sub r1,r1,#1; bne; idle
  execute('9300 b324 10fe b201', 0, 10),
  // Every integer operation, then all over again.
  execute('1a05 3f050a49 5a05 7a05 0a05 2a05 6604 ee07 9604 1e04 024c e0f6', 1, 0xffffffff, 31),
  // fadd, fsub, fmul, fmadd, fmsub, float, fix, fabs
  execute('0705 1705 2705 3705 4705 5704 6704 7f040748 e0f7', 0x3f800000, 0x7f7fffff, 0x00800000),
  [register(0, 0x400, 0x80000), execute('0705 1705 2705 3705 4705 e0fb', 1, 2, 3)].flat(),
  [register(0, 0x400, 0xe), program(0, hex('e000'), 4), execute('2705 e0ff', 0, 0x7fc00000, 0x7f800000)].flat(),
  // Loads and stores of all widths, to its own SRAM, to another core's, to DRAM, to a place without alignment.
  ...[0x2000, NEIGHBOUR, DRAM, 0x2001, 0xc0000000, 0x000f0500, MAILBOX].map((address) =>
    execute('4404 5404 ec440002 fc440002 0105 1105 2505 3505 e0f6', 7, address, 8, 0),
  ),
  // testset; jalr; rts
  [program(0, hex('4f190204'), 0x200), registers(0, 20, 1, ID + 0x3000, 0), execute('49972049 5205 e0fd', 0, 0x200)].flat(),
  // A hardware loop: lc, ls, le, and eight long instructions.
  execute('0215 1f190000'.slice(0, 4) + '2219 421d 9203' + '1b004000'.repeat(8) + 'b201', 3, 0x110, 0x12c),
  // gie and idle, which belong together
  [program(0, hex('d201'), 0), action('interrupt', 0, half(1)), execute('9203 9201 b201'), execute('9201 b201')].flat(),
  // Vectors, gie, swi, rti; timers; sync; wand
  [program(0, hex('d201 a201'), 4), execute('9201 e201 a201 e0fd')].flat(),
  [register(0, 0x438, 5), register(0, 0x43c, 9), register(0, 0x400, 0x110), program(0, hex('d201'), 12), execute('9300 e0ff')].flat(),
  [register(0, 0x438, 5), register(0, 0x43c, 9), register(0, 0x400, 0x540), execute('9300 0705 e0fe')].flat(),
  [program(0, hex('d201'), 0), program(0, hex('d201'), 32), execute('f201 8201 9201 b201 e0fc')].flat(),
  [register(0, 0x700, 0xf000), execute('8201 c203 e20f c201 0f000f00 ffff')].flat(),
  // movts and movfs of config, status, imask, ilatst, dma0config, memprotect, meshconfig, coreid
  execute('0201 0205 0f050204 0f0d0204 0f011200 0f092200 0f013200 1f053200 1f190204 e0ee', 0x00080010),
  // DMA: by hand, by a descriptor that goes on with itself, as a slave, to itself, with a message
  [dma(0, 0, 0x00040004, 0x00010010, 0x2000, NEIGHBOUR + 0x2000, 0x43), run()],
  [program(0, words(0x01000057, 0x00040004, 0x00020004, 0x00080008, 0x2000, DRAM)), register(0, 0x500, 0x01000008), run(50, 100)],
  [dma(0, 0, 0x00040000, 0x00010010, 0, 0x3000, 0x41), register(0, 0x514, 7), execute('5404 5404 e0fe', 1, 0x000f0514)].flat(),
  [dma(0, 0, 0, 0x00100010, 0, 0x000f0514, 0x41), register(0, 0x514, 7)],
  [dma(0, 0, 0, 0x00100010, 0, 0x000f0534, 0x41), dma(0, 1, 0, 0x00100010, 0, 0x000f0514, 0x41), register(0, 0x514, 7)],
  [dma(0, 1, 0x00080008, 0x00010004, NEIGHBOUR, 0x2000, 0x473), register(0, 0x400, 0x01000000), run(), register(0, 0x400, 0), run()],
  // Multicast and messages to the neighbour.
  [register(0, 0x400, 0x3000), register(1, 0x708, 0x809), register(0, 0x708, 0x809), execute('5404 e0ff', 1, NEIGHBOUR + 0x100)].flat(),
  [register(0, 0x400, 0xc000), execute('5404 e0ff', 1, NEIGHBOUR + 0x100)].flat(),
  // Two cores, of which one writes into the other's program, registers and interrupts.
  [program(1, hex('9300 e0ff')), go(1), execute('5404 5405 e0fe', 0x01b2, NEIGHBOUR + START)].flat(),
  [program(1, hex('9300 e0ff')), go(1), execute('5404 4404 e0fe', 1, NEIGHBOUR + 0xf042c)].flat(),
  // A program in DRAM, and one in another core.
  [action('fillDram', word(0x100), 6, hex('9300 e0ff a201')), execute('b204'.replace('b204', '4205'), 0, DRAM + 0x100)].flat(),
  [program(1, hex('9300 e0ff')), execute('4205', 0, NEIGHBOUR + START)].flat(),
  // What a host does.
  [register(0, 0x608, 0xffff), execute('5404 e0ff', 1, 0x2000)].flat(),
  [go(0), register(0, 0x448, 1), action('step', 0), action('step', 0), register(0, 0x448, 0), register(0, 0x70c, 1), register(0, 0x70c, 0)],
  [action('interrupt', 0, half(0x3ff)), run(), action('runCore', 0, half(50))],
  [action('mailbox', word(5), 20), action('load', word(MAILBOX), 4), action('store', word(0x810f0300), 4, word(0x10000004)), execute('5404 e0ff', 1, MAILBOX)].flat(),
  [action('store', word(0x810f0200), 4, word(1)), action('store', word(0x810f0200), 4, word(0)), action('load', word(ID + 0xf0404), 4)],
  [action('inject', 1, 0), action('inject', 2, 0), go(0), run(), action('inject', 3, 0), action('inject', 0, 0), run()],
  [action('strict', 0xa5), ...execute('4404 5404 e0fe', 0, 0x2001), action('strict', 1)],
  [action('trace', 1), ...execute('9300 e0ff'), action('trace', 0), action('profile', 1), run()],
  [...execute('9300 e0ff'), action('restore', 0, half(4), word(3)), run()],
  ...[0x049c204c, 0x004402fc, 0x000f000f, 0x0000e1e2].map((bits) => [action('disassemble', word(0x100), word(bits), 0)]),
];

/** Chips and manners of which every script is an input: both chips; once, and compared with all other manners. */
const HEADERS = [
  [0, 0x88],
  [31, 0x04],
  [0, 0x73],
];

export function* seeds() {
  for (const header of HEADERS) for (const script of scripts) yield Uint8Array.from([...header, ...script.flat(Infinity)]);
}
