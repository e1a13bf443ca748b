// SPDX-License-Identifier: MIT
// What is compared with what. A comparison is `{ title, loop, rows }`; a row is a contestant as contest.mjs has it, with
// `targets` and `access` for the report, or a text that heads the rows after it. All share the memory of one core, so
// each comparison is prepared when its turn comes, and done with before the next one is asked for.
import { placeProgram, verifyProgram, writePlacements } from '../../dist/program/loader.js';
import { readProgram } from '../../dist/program/read.js';
import { addUp, anew, repeat } from './contest.mjs';
import { largeElf, largeRecords } from './large-programs.mjs';

const C = 'C';
const HEAP = 'array on the heap';

const atMost = (limit) => ({ text: `≤ ${limit} ns`, isMet: ({ nanoseconds }) => nanoseconds <= limit });
const timesAtMost = (limit, name) => ({ text: `≤ ${limit} × ${name}`, isMet: ({ ratioTo }) => ratioTo(name) <= limit });

/** Bytes that look like nothing in particular, the same in every run. */
function pattern(length) {
  const words = new Uint32Array(length / 4);
  for (let i = 0, word = 1; i < words.length; ++i) words[i] = word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
  return new Uint8Array(words.buffer);
}

const bytesOf = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);
const checksum = (view) => bytesOf(view).reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 0);

/** A row that does `operation` again and again. */
const repeating = (name, operation, isRight, details) => {
  const loop = anew(repeat);
  return { name, run: (count) => loop(operation, count), isRight, ...details };
};

/** A row whose operation answers a word, which must be the one that `expected` answers. */
const loading = (name, operation, expected, details) => {
  const loop = anew(addUp);
  return { name, run: (count) => loop(operation, count), isRight: (sum, count) => sum === addUp(expected, count), ...details };
};

// ---- One element of a window

function load(words, rounds) {
  let sum = 0;
  for (let round = 0; round < rounds; ++round) {
    for (let i = 0; i < words.length; ++i) sum = (sum + words[i]) | 0;
  }
  return sum;
}

function loadAtomically(words, rounds) {
  let sum = 0;
  for (let round = 0; round < rounds; ++round) {
    for (let i = 0; i < words.length; ++i) sum = (sum + Atomics.load(words, i)) | 0;
  }
  return sum;
}

function store(words, rounds) {
  for (let round = 0; round < rounds; ++round) {
    for (let i = 0; i < words.length; ++i) words[i] = i + round;
  }
}

function storeAtomically(words, rounds) {
  for (let round = 0; round < rounds; ++round) {
    for (let i = 0; i < words.length; ++i) Atomics.store(words, i, i + round);
  }
}

/** A row for a loop that loads all words of an array in each of its rounds. */
const loadingAll = (name, loop, array, expected, details) => ({
  name,
  run: (rounds) => loop(array, rounds) | 0,
  isRight: (sum, rounds) => sum === Math.imul(load(expected, 1), rounds),
  units: array.length,
  ...details,
});

const storingAll = (name, loop, array, details) => ({
  name,
  run: (rounds) => loop(array, rounds),
  isRight: (_, rounds) => array.every((word, i) => word === i + rounds - 1),
  units: array.length,
  ...details,
});

export function* elements(core, probe) {
  const { words } = core;
  const plain = new Uint32Array(pattern(words.length * 4).buffer);
  words.set(plain);
  const targets = [atMost(2), timesAtMost(1.1, HEAP)];

  yield {
    title: 'Loading one element of core.words',
    loop: load,
    rows: [
      loadingAll(C, probe.loadAll, words, plain),
      loadingAll('core.words', anew(load), words, plain, { targets }),
      loadingAll(HEAP, anew(load), plain, plain),
      loadingAll('core.words by Atomics.load', anew(loadAtomically), words, plain),
    ],
  };

  yield {
    title: 'Storing one element of core.words',
    loop: store,
    rows: [
      storingAll(C, probe.storeAll, words),
      storingAll('core.words', anew(store), words, { targets }),
      storingAll(HEAP, anew(store), plain),
      storingAll('core.words by Atomics.store', anew(storeAtomically), words),
    ],
  };
}

// ---- One word, one register

export function* words(core, simulated, probe) {
  const SOME = 256;
  const plain = new Uint32Array(pattern(SOME * 4).buffer);
  const [loaded, stored] = [core.words.subarray(0, SOME), core.words.subarray(SOME, 2 * SOME)];
  loaded.set(plain);
  for (const { registers } of [core, simulated]) {
    registers.STATUS.write({ active: true });
    registers.FSTATUS.write({ active: true }); // on the simulated chip, as on silicon, only this one sets it
  }
  const registerRows = ({ registers }, limit) => [
    loading('registers.STATUS.read().value', () => registers.STATUS.read().value, () => 1, { targets: [atMost(limit)] }),
    loading('registers.STATUS.read().active', () => (registers.STATUS.read().active ? 1 : 0), () => 1, { targets: [atMost(limit)] }),
    repeating(
      'registers.CONFIG.update({ rmode })',
      (i) => registers.CONFIG.update({ rmode: i % 2 ? 'truncate' : 'nearest' }),
      (_, count) => registers.CONFIG.read().rmode === (count % 2 ? 'nearest' : 'truncate'),
    ),
  ];
  yield {
    title: 'One word, one register',
    rows: [
      loadingAll(C, probe.loadAll, loaded, plain),
      loading('core.readWord(address)', (i) => core.readWord((i % SOME) * 4), (i) => plain[i % SOME], { targets: [atMost(15)] }),
      repeating(
        'core.writeWord(address, value)',
        (i) => core.writeWord((SOME + (i % SOME)) * 4, i),
        (_, count) => stored[(count - 1) % SOME] === count - 1,
      ),
      ...registerRows(core, 25),
    ],
  };
  yield { title: 'One register of the simulated board', rows: registerRows(simulated, 80) };
}

// ---- Copies

/** Whether the content came to where it belongs. It is then wiped, for the next sample to do its work as well. */
const inMemory = (memory, at, content) => () => {
  const isRight = checksum(memory.read(at, content.length)) === checksum(content);
  memory.fill(at, content.length, 0);
  return isRight;
};
const inArray = (array, content) => () => {
  const isRight = checksum(array) === checksum(content);
  bytesOf(array).fill(0);
  return isRight;
};

const sizeText = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${bytes / 1024} KiB`);

/** By bytes and class of an array that serves all calls. */
const COPY_TARGETS = {
  64: { Uint32Array: [atMost(100)] },
  32768: { Uint8Array: [timesAtMost(1.1, C)], Uint32Array: [timesAtMost(1.1, C)] },
};

/** So many bytes into SRAM and out of it. */
export function* copies(core, probe, bytes) {
  const targets = COPY_TARGETS[bytes];
  const content = pattern(bytes);
  const isContent = (array) => checksum(array) === checksum(content);
  const isEmpty = (array) => array.byteLength === bytes && checksum(array) === 0;
  const kinds = [Uint8Array, Uint32Array, Float32Array];
  const array = content.slice(); // one for all, as its place in the caches matters
  const oddArray = array.subarray(4); // shorter: all of SRAM is too long for an odd address
  const words = new Uint32Array(array.buffer);

  yield {
    title: `${sizeText(bytes)} in: core.write(address, array)`,
    rows: [
      { name: C, run: (count) => probe.copyIn(core.words, array, count), isRight: inMemory(core, 0, content) },
      'one array for all calls',
      ...kinds.map((Kind) => {
        const own = new Kind(array.buffer);
        return repeating(Kind.name, () => core.write(0, own), inMemory(core, 0, content), { targets: targets[Kind.name] });
      }),
      repeating('Uint8Array to an odd address', () => core.write(1, oddArray), inMemory(core, 1, oddArray)),
      'a new array for each call',
      repeating('new Uint8Array', () => core.write(0, new Uint8Array(array)), inMemory(core, 0, content)),
      repeating('new Uint32Array', () => core.write(0, new Uint32Array(words)), inMemory(core, 0, content)),
      repeating('the new Uint8Array alone', () => new Uint8Array(array), isContent),
      repeating('the new Uint32Array alone', () => new Uint32Array(words), isContent),
    ],
  };

  core.write(0, content);
  yield {
    title: `${sizeText(bytes)} out: core.readInto(address, array)`,
    rows: [
      { name: C, run: (count) => probe.copyOut(core.words, array, count), isRight: inArray(array, content) },
      'one array for all calls',
      ...kinds.map((Kind) => {
        const own = new Kind(array.buffer);
        return repeating(Kind.name, () => core.readInto(0, own), inArray(own, content), { targets: targets[Kind.name] });
      }),
      repeating('Uint8Array from an odd address', () => core.readInto(1, oddArray), inArray(oddArray, content.subarray(1, bytes - 3))),
      'a new array for each call',
      repeating('new Uint8Array', () => core.readInto(0, new Uint8Array(bytes)), isContent),
      repeating('new Uint32Array', () => core.readInto(0, new Uint32Array(bytes / 4)), isContent),
      repeating('the new Uint8Array alone', () => new Uint8Array(bytes), isEmpty),
      repeating('the new Uint32Array alone', () => new Uint32Array(bytes / 4), isEmpty),
    ],
  };
}

// ---- The same work by other means

/** `ways` as rivals.mjs has them, over the memory of `mapping` from its offset `at`. */
export function* sameWork(ways, mapping, at, probe) {
  const WORDS = 16;
  const device = mapping.words.subarray(at / 4);
  const some = device.subarray(0, WORDS);
  const plain = new Uint32Array(pattern(some.byteLength).buffer);
  some.set(plain);
  yield {
    title: 'The same by other means: one word',
    rows: [
      loadingAll(C, probe.loadAll, some, plain),
      ...ways.filter(({ load }) => load).map(({ name, access, load }) => loading(name, load, (i) => plain[i % WORDS], { access })),
    ],
  };
  for (const bytes of [64, 32768]) {
    const content = pattern(bytes);
    const array = content.slice();
    const words = new Uint32Array(array.buffer);
    yield {
      title: `The same by other means: ${sizeText(bytes)} in`,
      rows: [
        { name: C, run: (count) => probe.copyIn(device, array, count), isRight: inMemory(mapping, at, content) },
        ...ways
          .filter(({ write }) => write)
          .map(({ name, access, write }) => repeating(name, () => write(array, words), inMemory(mapping, at, content), { access })),
      ],
    };
    mapping.write(at, content);
    yield {
      title: `The same by other means: ${sizeText(bytes)} out`,
      rows: [
        { name: C, run: (count) => probe.copyOut(device, array, count), isRight: inArray(array, content) },
        ...ways
          .filter(({ read }) => read)
          .map(({ name, access, read }) => repeating(name, () => read(array, words), inArray(array, content), { access })),
      ],
    };
  }
}

// ---- Loading

const SRAM_BYTES = 0x8000;

function writeAndCompare(windows, words) {
  let wrong = 0;
  for (const window of windows) for (let i = 0; i < words.length; ++i) window[i] = words[i];
  for (const window of windows) for (let i = 0; i < words.length; ++i) wrong += window[i] === words[i] ? 0 : 1;
  return wrong;
}

/** What `group.load` does to memory, on all cores of a board, with a program that fills SRAM. */
export function* loads(board) {
  const data = pattern(SRAM_BYTES);
  const words = new Uint32Array(data.buffer);
  const segment = { address: 0, data, memoryBytes: SRAM_BYTES, flags: { read: true, write: true, execute: true } };
  const placements = placeProgram({ path: 'program', segments: [segment] }, board, board.cores);
  const windows = board.cores.map((core) => core.words);
  const loop = 'word loop, there and back';
  yield {
    title: `Loading 32 KiB onto each of ${windows.length} cores, and reading it back`,
    rows: [
      repeating(loop, () => writeAndCompare(windows, words), (wrong) => wrong === 0),
      repeating('as group.load does it', () => (writePlacements(placements, board), verifyProgram(placements, board)), ({ differing }) => differing === 0, { targets: [timesAtMost(1.5, loop)] }),
    ],
  };
}

// ---- Program files

/** What the command line does before it loads anything. */
export function* programs() {
  const { elf, symbols } = largeElf();
  const { records, bytes } = largeRecords();
  const megabytes = ({ length }) => `${(length / 1e6).toFixed(2)} MB`;
  const targets = [{ text: '≤ 10 ms', isMet: ({ nanoseconds }) => nanoseconds <= 10e6 }];
  yield {
    title: 'Reading a program file',
    rows: [
      repeating(`ELF, ${megabytes(elf)}, ${symbols} symbols`, () => readProgram(elf, ''), (program) => program.symbolsByName.size === symbols, { targets }),
      repeating(`S-records, ${megabytes(records)}`, () => readProgram(records, ''), ({ segments }) => segments[0].memoryBytes === bytes),
    ],
  };
}
