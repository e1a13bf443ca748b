// SPDX-License-Identifier: MIT
//
// What run.mjs measures under QEMU: every public call that touches device memory, in each of its ways. A sparse file
// stands for the driver's device, with the chip at its eMesh addresses: what lies behind a mapping makes no difference
// to the instructions.

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { Board } from '../../dist/board.js';
import { CharDevice } from '../../dist/device/index.js';
import { systemError } from '../../dist/errors.js';
import { REQUESTS } from '../../dist/transport/abi.js';
import { CharDeviceTransport } from '../../dist/transport/chardev.js';
import { addressOf, measure, watch } from './harness.mjs';

// ---- Controls: plain JavaScript on ordinary memory, where V8 and libc do what must never happen to a device ----

const memory = new ArrayBuffer(0x1000);
const u32 = new Uint32Array(memory);
const f32 = new Float32Array(memory);
const view = new DataView(memory);
const buffer = Buffer.from(memory);
const elsewhere = new Uint32Array(64);
watch(addressOf(u32), memory.byteLength);

const controls = [
  { name: 'u32[i] = value', expect: 'store4=1', run: () => (u32[5] = 7) },
  { name: 'u32[i]', expect: 'load4=1', run: () => u32[5] },
  { name: 'f32[i] = value', expect: 'store4=1', run: () => (f32[5] = 7.5) },
  { name: 'Atomics.load', expect: 'load4=1', run: () => Atomics.load(u32, 5) },
  { name: 'Atomics.store', expect: 'store4=1', run: () => Atomics.store(u32, 5, 7) },
  { name: 'Atomics.add', expect: 'offends', run: () => Atomics.add(u32, 5, 1) },
  { name: 'DataView.setUint32, bytes at first', expect: 'store1 store4', run: () => view.setUint32(20, 7, true) },
  { name: 'DataView.setUint32 at an odd address', expect: 'offends', run: () => view.setUint32(21, 7, true) },
  { name: 'DataView.setFloat64', expect: 'offends', run: () => view.setFloat64(24, 7, true) },
  // Some tiers read back what they wrote.
  { name: 'Buffer.writeUInt32LE, bytes always', expect: 'store1=4 load1', run: () => buffer.writeUInt32LE(7, 20) },
  { name: 'TypedArray.set', expect: 'offends', run: () => u32.set(elsewhere, 16) },
  { name: 'TypedArray.slice', expect: 'offends', run: () => u32.slice(16, 80) },
  { name: 'TypedArray.copyWithin', expect: 'offends', run: () => u32.copyWithin(256, 16, 80) },
  { name: 'Buffer.fill', expect: 'offends', run: () => buffer.fill(1, 64, 320) },
].map((control) => ({ ...control, control: true }));

// ---- node-epiphany/device ----

const folder = mkdtempSync(join(tmpdir(), 'access-width-'));
const path = join(folder, 'device');
writeFileSync(path, '');
truncateSync(path, 0x9000_0000);
const device = CharDevice.open(path, { fileType: 'any' });
const map = (options) => {
  const made = device.map(options);
  watch(addressOf(made.words), made.length);
  return made;
};
const mapping = map({ offset: 0, length: 0x8000 });
const other = map({ offset: 0x8000, length: 0x8000 });
const { words, float32 } = mapping;
const few = other.words.subarray(0, 8);
const many = other.words.subarray(0, 64);
const manyFloats = other.float32.subarray(0, 64);

const bytes = (length) => new Uint8Array(length).fill(0x5a);
const host = {
  bytes7: bytes(7),
  bytes16: bytes(16),
  bytes4096: bytes(4096),
  words8: new Uint32Array(8),
  words64: new Uint32Array(64),
  floats: new Float32Array(8),
};
// A host array at an odd address must not make the device's side odd.
const odd = new Uint8Array(new ArrayBuffer(64), 1, 16);

const mappingCalls = [
  { name: 'readWord', expect: 'load4=1', run: () => mapping.readWord(0x20) },
  { name: 'writeWord', expect: 'store4=1', run: () => mapping.writeWord(0x20, 7) },
  { name: 'read, 16 bytes at 0', expect: 'load4=4', run: () => mapping.read(0, 16) },
  { name: 'read, 7 bytes at 1', expect: 'load1=1 load2=1 load4=1', run: () => mapping.read(1, 7) },
  { name: 'read, 1 byte at 3', expect: 'load1=1', run: () => mapping.read(3, 1) },
  { name: 'read, 2 bytes at 3', expect: 'load1=2', run: () => mapping.read(3, 2) },
  { name: 'read, 8 bytes at 2', expect: 'load2=2 load4=1', run: () => mapping.read(2, 8) },
  { name: 'read, 0 bytes', expect: '', run: () => mapping.read(8, 0) },
  { name: 'read, all', expect: 'load4=8192', calls: 20, run: () => mapping.read(0, 0x8000) },
  { name: 'readInto bytes', expect: 'load4=4', run: () => mapping.readInto(0, host.bytes16) },
  { name: 'readInto bytes at an odd host address', expect: 'load4=4', run: () => mapping.readInto(0, odd) },
  { name: 'readInto a few words', expect: 'load4=8', run: () => mapping.readInto(0, host.words8) },
  { name: 'readInto many words', expect: 'load4=64', run: () => mapping.readInto(0, host.words64) },
  { name: 'readInto floats', expect: 'load4=8', run: () => mapping.readInto(0, host.floats) },
  { name: 'readInto a DataView', expect: 'load4=4', run: () => mapping.readInto(0, new DataView(host.bytes16.buffer)) },
  { name: 'readInto a window', expect: 'load4=64 store4=64', run: () => mapping.readInto(0, many) },
  { name: 'readInto a short window', expect: 'load4=8 store4=8', run: () => mapping.readInto(0, few) },
  { name: 'write, 16 bytes at 0', expect: 'store4=4', run: () => mapping.write(0, host.bytes16) },
  { name: 'write, 7 bytes at 1', expect: 'store1=1 store2=1 store4=1', run: () => mapping.write(1, host.bytes7) },
  { name: 'write, 7 bytes at 2', expect: 'store1=1 store2=1 store4=1', run: () => mapping.write(2, host.bytes7) },
  { name: 'write, 7 bytes at 3', expect: 'store1=1 store2=1 store4=1', run: () => mapping.write(3, host.bytes7) },
  { name: 'write from an odd host address', expect: 'store4=4', run: () => mapping.write(0, odd) },
  { name: 'write, 4096 bytes', expect: 'store4=1024', calls: 20, run: () => mapping.write(0, host.bytes4096) },
  { name: 'write a few words', expect: 'store4=8', run: () => mapping.write(0, host.words8) },
  { name: 'write many words', expect: 'store4=64', run: () => mapping.write(0, host.words64) },
  { name: 'write floats', expect: 'store4=8', run: () => mapping.write(0, host.floats) },
  { name: 'write from a short window', expect: 'load4=8 store4=8', run: () => mapping.write(0, few) },
  { name: 'write from a window', expect: 'load4=64 store4=64', run: () => mapping.write(0, many) },
  { name: 'fill, 7 bytes at 1', expect: 'store1=1 store2=1 store4=1', run: () => mapping.fill(1, 7, 0x5a) },
  { name: 'fill, 4096 bytes', expect: 'store4=1024', calls: 20, run: () => mapping.fill(0, 4096) },
  { name: 'inspect', expect: '', run: () => inspect(mapping) },
].map((call) => ({ ...call, name: `mapping.${call.name}` }));

const windowCalls = [
  { name: '[i]', expect: 'load4=1', run: () => words[5] },
  { name: '[i] = value', expect: 'store4=1', run: () => (words[5] = 7) },
  { name: '[i] |= bits', expect: 'load4=1 store4=1', run: () => (words[5] |= 7) },
  { name: '[i], floats', expect: 'load4=1', run: () => float32[5] },
  { name: '[i] = value, floats', expect: 'store4=1', run: () => (float32[5] = 7.5) },
  { name: '.at', expect: 'load4=1', run: () => words.at(-1) },
  { name: '.subarray()[i]', expect: 'load4=1', run: () => words.subarray(8, 16)[3] },
  { name: '.set(words)', expect: 'store4=64', run: () => words.set(host.words64, 3) },
  { name: '.set(bytes)', expect: 'store4=7', run: () => words.set(host.bytes7) },
  { name: '.set(array)', expect: 'store4=3', run: () => words.set([1, 2, 3]) },
  { name: '.set(window)', expect: 'load4=64 store4=64', run: () => words.set(many, 1) },
  { name: '.set(overlapping window)', expect: 'load4=64 store4=64', run: () => words.set(words.subarray(0, 64), 1) },
  { name: '.set(window of floats)', expect: 'load4=64 store4=64', run: () => words.set(manyFloats) },
  { name: '.fill', expect: 'store4=64', run: () => words.fill(7, 16, 80) },
  { name: '.fill, floats', expect: 'store4=64', run: () => float32.fill(7.5, 16, 80) },
  { name: '.copyWithin', expect: 'load4=64 store4=64', run: () => words.copyWithin(17, 16, 80) },
  { name: '.slice', expect: 'load4=64', run: () => words.slice(16, 80) },
  { name: '.slice, floats', expect: 'load4=64', run: () => float32.slice(16, 80) },
  { name: '.sort', expect: 'load4=64 store4=64', run: () => words.subarray(0, 64).sort() },
  { name: '.reverse', expect: 'load4=64 store4=64', run: () => words.subarray(0, 64).reverse() },
  { name: '.map', expect: 'load4=64', run: () => words.subarray(0, 64).map((word) => word + 1) },
  { name: '.filter', expect: 'load4=64', run: () => words.subarray(0, 64).filter((word) => word > 1) },
  { name: '.reduce', expect: 'load4=64', run: () => words.subarray(0, 64).reduce((a, b) => a + b) },
  {
    name: '.forEach',
    expect: 'load4=64',
    run: () => words.subarray(0, 64).forEach((word) => (globalThis.kept = word)),
  },
  { name: '.indexOf', expect: 'load4=64', run: () => words.subarray(0, 64).indexOf(0xdead) },
  { name: '.includes', expect: 'load4=64', run: () => words.subarray(0, 64).includes(0xdead) },
  { name: '.join', expect: 'load4=64', run: () => words.subarray(0, 64).join() },
  {
    name: ' in a for … of',
    expect: 'load4=64',
    run() {
      for (const word of words.subarray(0, 64)) globalThis.kept = word;
    },
  },
  { name: ' spread', expect: 'load4=64', run: () => [...words.subarray(0, 64)] },
  { name: ' to Array.from', expect: 'load4=64', run: () => Array.from(words.subarray(0, 64)) },
  { name: ' to JSON', expect: 'load4=64', run: () => JSON.stringify(words.subarray(0, 64)) },
  { name: ' to inspect', expect: '', run: () => inspect(words) },
  { name: ' to Atomics.load', expect: 'load4=1', run: () => Atomics.load(words, 5) },
  { name: ' to Atomics.store', expect: 'store4=1', run: () => Atomics.store(words, 5, 7) },
].map((call) => ({ ...call, name: `window${call.name}` }));

// ---- node-epiphany: a board with the old driver, whose every answer but two is the file's ----

/** What a Parallella's driver says of it, as 64-bit words by byte offset. */
const answers = new Map([
  [REQUESTS.E_IOCTL_ELINK_PROBE, { 16: 2, 24: 0x808, 32: 1, 40: 1, 48: 1 }],
  [REQUESTS.E_IOCTL_GET_MAPPINGS, { 0: 1, 8: 0x8e00_0000, 16: 0x200_0000 }],
]);
const driver = {
  path,
  ioctl(request, view) {
    if (!answers.has(request)) throw systemError(-constants.errno.ENOTTY, 'ioctl', { path, address: request });
    for (const [offset, value] of Object.entries(answers.get(request))) {
      view.setBigUint64(Number(offset), BigInt(value), true);
    }
    return 0;
  },
  map,
  close: () => device.close(),
};
const board = new Board(new CharDeviceTransport(driver));
const core = board.core(1, 2);
const { CONFIG, STATUS, R0 } = core.registers;
const dram = board.sharedDramMapping();
const DEBUGSTATUS = 0xf040c;
core.writeRegister(DEBUGSTATUS, 1); // the core is halted, so that R0 can be read

const coreCalls = [
  { name: 'words[i]', expect: 'load4=1', run: () => core.words[5] },
  { name: 'words[i] = value', expect: 'store4=1', run: () => (core.words[5] = 7) },
  { name: 'int32[i]', expect: 'load4=1', run: () => core.int32[5] },
  { name: 'float32[i] = value', expect: 'store4=1', run: () => (core.float32[5] = 7.5) },
  { name: 'readWord', expect: 'load4=1', run: () => core.readWord(0x2000) },
  { name: 'writeWord', expect: 'store4=1', run: () => core.writeWord(0x2000, 7) },
  { name: 'read, 7 bytes at 1', expect: 'load1=1 load2=1 load4=1', run: () => core.read(1, 7) },
  { name: 'readInto, words', expect: 'load4=8', run: () => core.readInto(0x2000, host.words8) },
  { name: 'write, 7 bytes at 1', expect: 'store1=1 store2=1 store4=1', run: () => core.write(1, host.bytes7) },
  { name: 'write, floats', expect: 'store4=8', run: () => core.write(0x2000, host.floats) },
  { name: 'fill, 7 bytes at 1', expect: 'store1=1 store2=1 store4=1', run: () => core.fill(1, 7) },
  { name: 'registers.STATUS.read', expect: 'load4=1', run: () => STATUS.read().active },
  { name: 'registers.CONFIG.write', expect: 'store4=1', run: () => CONFIG.write(0) },
  { name: 'registers.CONFIG.update', expect: 'load4=1 store4=1', run: () => CONFIG.update({ rmode: 'truncate' }) },
  { name: 'registers.R0.read', expect: 'load4=2', run: () => R0.read() },
  { name: 'readRegister', expect: 'load4=1', run: () => core.readRegister(DEBUGSTATUS) },
  { name: 'writeRegister', expect: 'store4=1', run: () => core.writeRegister(DEBUGSTATUS, 1) },
  { name: 'inspect', expect: '', run: () => inspect(core, { showHidden: true }) + inspect(STATUS) },
].map((call) => ({ ...call, name: `core.${call.name}` }));

const dramCalls = [
  { name: 'sharedDramMapping().read', expect: 'load1=1 load2=1 load4=1', run: () => dram.read(1, 7) },
  { name: 'sharedDramMapping().words[i]', expect: 'load4=1', run: () => dram.words[5] },
].map((call) => ({ ...call, name: `board.${call.name}` }));

// What the documentation warns of; were it harmless, the warning could go.
const bypasses = [
  { name: 'bypass: new Uint32Array(window)', run: () => new Uint32Array(words.subarray(0, 64)) },
  { name: 'bypass: plain.set(window)', run: () => host.words64.set(words.subarray(0, 64)) },
].map((call) => ({ ...call, expect: 'offends', control: true }));

const leases = [
  { name: 'map and close', expect: '', calls: 20, run: () => map({ offset: 0, length: 0x8000 }).close() },
];

try {
  await measure([...controls, ...mappingCalls, ...windowCalls, ...coreCalls, ...dramCalls, ...bypasses, ...leases]);
} finally {
  board.close();
  rmSync(folder, { recursive: true });
}
