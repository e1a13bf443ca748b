// SPDX-License-Identifier: MIT
/** What would crash Node if we let it: each in a process of its own. */
import { describe, expect, it } from 'vitest';
import { runNode, type Outcome } from '../native/probe.js';
import { itOnTerminals } from './terminals.js';

async function survives(module: string, code = 0): Promise<string> {
  const outcome: Outcome = await runNode(module);
  expect(outcome, outcome.stderr).toMatchObject({ code, signal: null });
  return outcome.stdout.trim();
}

const open = `import { openBoard } from 'node-epiphany'; import { CharDevice } from 'node-epiphany/device'; import assert from 'node:assert/strict';`;
/** The ArrayBuffer that a window hides; a deliberate way round. */
const steal = `const bufferOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint32Array.prototype), 'buffer').get;`;

/** Node 22 and later. */
const canTransfer = 'transfer' in ArrayBuffer.prototype;

describe('windows', () => {
  it('are printed without touching device memory', async () => {
    const text = await survives(`${open}
      import { inspect } from 'node:util';
      const board = openBoard('sim'); const { words, int32 } = board.core(0, 0);
      assert.equal(probe.protect(words, 0), 0); // from here on every access is a SIGSEGV
      console.log(words, int32, [words], { words });
      console.log(inspect(board, { depth: 9, showHidden: true }), inspect(board.core(0, 0), { depth: 9 }));
      console.log('%o %O %s %d %j', words.subarray(1), words, words.constructor, words.length, {});
      probe.protect(words, 3); board.close();`);
    expect(text).toContain("Uint32Window(8192) [device memory at 0x80800000 of 'sim']");
  });

  it('that were touched under that protection would have crashed: the check above can fail', async () => {
    const outcome = await runNode(`${open} const { words } = openBoard('sim').core(0, 0); probe.protect(words, 0); console.log(words[0]);`);
    expect(outcome.signal).toBe('SIGSEGV');
  });

  it('that were cloned are private copies, and stay so after close', async () => {
    await survives(`${open}
      const board = openBoard('sim'); const { words } = board.core(0, 0); words[1] = 5;
      const clone = structuredClone(words);
      assert.equal(clone.constructor, Uint32Array); words[1] = 6; assert.equal(clone[1], 5);
      board.close(); assert.equal(clone[1], 5);`);
  });

  it('cannot take the mapping with them to another thread', async () => {
    await survives(`${open} ${steal}
      import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
      const board = openBoard('sim'); const { words } = board.core(0, 0); words[1] = 5;
      const buffer = bufferOf.call(words); const { port1, port2 } = new MessageChannel();
      // Node 18 and 20 copy instead of transferring, later ones refuse.
      try { port1.postMessage(buffer, [buffer]); } catch (error) { assert.equal(error.name, 'DataCloneError'); }
      try { structuredClone(words, { transfer: [buffer] }); } catch (error) { assert.equal(error.name, 'DataCloneError'); }
      const message = receiveMessageOnPort(port2);
      if (message) { new Uint32Array(message.message)[1] = 9; }
      assert.equal(words[1], 5); assert.equal(words.length, 8192);
      port1.close(); board.close();`);
  });

  it('whose buffer was stolen read zeros after close', async () => {
    await survives(`${open} ${steal}
      const board = openBoard('sim'); const { words } = board.core(0, 0); words[1] = 5;
      const buffer = bufferOf.call(words);
      if (buffer.transfer) { // Node 22 and later
        const stolen = new Uint32Array(buffer.transfer()); assert.equal(stolen[1], 5);
        board.close(); assert.equal(stolen[1], 0); stolen[1] = 7; assert.equal(stolen[1], 7);
      } else board.close();
      gc(); await new Promise(setImmediate); gc();`);
  });

  it('that loops were compiled for are empty after close', async () => {
    await survives(`${open}
      const board = openBoard('sim'); const { words } = board.core(0, 0);
      function sum(array) { let total = 0; for (let i = 0; i < 8192; ++i) total += array[i]; return total; }
      words.fill(1); for (let i = 0; i < 2000; ++i) assert.equal(sum(words), 8192);
      board.close(); assert.ok(Number.isNaN(sum(words))); for (let i = 0; i < 100; ++i) words[i] = 1;`);
  });
});

describe('nothing leaks', () => {
  const count = `
    import { readFileSync, readdirSync } from 'node:fs';
    const settle = async () => { for (let i = 0; i < 4; ++i) { gc(); await new Promise(setImmediate); } };
    const maps = () => readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => /zero|memfd:epiphany/.test(line)).length;
    const files = () => readdirSync('/proc/self/fd').length;`;

  it('over 10,000 devices and mappings that nobody closes', async () => {
    const text = await survives(`${open} ${count}
      const before = [maps(), files()];
      for (let batch = 0; batch < 100; ++batch) {
        for (let i = 0; i < 100; ++i) {
          const mapping = CharDevice.open('/dev/zero').map({ offset: 0, length: 65536 });
          mapping.words[i] = i;
        }
        await settle();
      }
      await settle();
      console.log(JSON.stringify({ before, after: [maps(), files()] }));`);
    const { before, after } = JSON.parse(text) as { before: number[]; after: number[] };
    // What the last batch left in registers and on the stack may be still there.
    expect(after[0]).toBeLessThanOrEqual((before[0] ?? 0) + 2);
    expect(after[1]).toBeLessThanOrEqual((before[1] ?? 0) + 2);
  });

  itOnTerminals('over 2,000 devices that requests of another made, closed and not', async () => {
    const text = await survives(`${open} ${count}
      import { ioctlOpen } from './dist/device/char-device.js';
      const master = CharDevice.open('/dev/ptmx'); master.ioctl(0x40045431, new Int32Array(1));
      const before = files();
      for (let i = 0; i < 2000; ++i) {
        const peer = ioctlOpen(master, 0x5441, 0o402);
        if (i % 3 === 0) peer.close(); else if (i % 3 === 1) peer.watch('readable', () => {}).close();
        if (i % 100 === 99) await settle();
      }
      await settle();
      console.log(JSON.stringify({ before, after: files() })); master.close();`);
    const { before, after } = JSON.parse(text) as { before: number; after: number };
    expect(after).toBeLessThanOrEqual(before + 2);
  });

  it('over 10,000 that are closed, whose windows are still held', async () => {
    const text = await survives(`${open} ${count}
      let held = [];
      const before = [maps(), files()];
      for (let i = 0; i < 10000; ++i) {
        const device = CharDevice.open('/dev/zero'); const mapping = device.map({ offset: 0, length: 4096 });
        held.push(mapping.words); device.close();
        if (i % 1000 === 999) { assert.equal(files(), before[1]); held = []; await settle(); }
      }
      console.log(JSON.stringify({ before, after: [maps(), files()] }));`);
    const { before, after } = JSON.parse(text) as { before: number[]; after: number[] };
    expect(after[0]).toBeLessThanOrEqual((before[0] ?? 0) + 2);
  });

  it('over 200 simulated boards, closed and not', async () => {
    const text = await survives(`${open} ${count}
      const before = [maps(), files()];
      for (let i = 0; i < 200; ++i) {
        const board = openBoard('sim'); for (const core of board.cores) core.words[0] = i;
        board.mailbox.receive({ timeout: 60000 }).catch(() => {});
        if (i % 2) board.close(); else { board.simulator.pushMailbox(1); }
        if (i % 20 === 19) await settle();
      }
      await settle();
      console.log(JSON.stringify({ before, after: [maps(), files()] }));`);
    const { before, after } = JSON.parse(text) as { before: number[]; after: number[] };
    expect(after[0]).toBeLessThanOrEqual((before[0] ?? 0) + 34);
    expect(after[1]).toBeLessThanOrEqual((before[1] ?? 0) + 8);
  });

  it('over boards that are forgotten: V8 knows what they weigh', async () => {
    // No gc(). Each has a megabyte in its shared DRAM, and much more reserved.
    const text = await survives(`${open}
      for (let i = 0; i < 300; ++i) { openBoard('sim').sharedDramMapping().fill(0x100000, 0x100000, 1); await new Promise(setImmediate); }
      console.log(process.resourceUsage().maxRSS);`);
    expect(Number(text)).toBeLessThan(400_000); // KiB
  });

  it('when only a window is left of a board: it stays valid', async () => {
    await survives(`${open} ${count}
      let { words } = openBoard('sim').core(0, 0); words[3] = 3;
      for (let i = 0; i < 10; ++i) await settle();
      assert.equal(words[3], 3); words.fill(4); assert.equal(words.slice()[8191], 4);
      words = undefined; await settle(); assert.equal(maps(), 0);`);
  });

  it('of events: a full pipe loses messages, and says how many', async () => {
    await survives(`${open}
      const board = openBoard('sim');
      for (let i = 0; i < 10000; ++i) assert.ok(board.simulator.pushMailbox(i));
      let got = 0, last = -1, gaps = 0;
      for (;;) {
        const message = await board.mailbox.receive({ timeout: 20 }).catch(() => undefined);
        if (!message) break;
        ++got; gaps += message.sequence - last - 1; last = message.sequence;
      }
      board.simulator.pushMailbox(77); // the report of the loss comes before it
      const next = await board.mailbox.receive();
      assert.equal(next.word, 77); assert.ok(got >= 2000);
      assert.equal(board.mailbox.lost, 10000 - got); assert.ok(next.sequence > last + board.mailbox.lost);
      board.close();`);
  });
});

describe('close ends every lease', () => {
  const settle = 'const settle = async () => { for (let i = 0; i < 4; ++i) { gc(); await new Promise(setImmediate); } };';

  it('also of memory that an asynchronous read has, which goes nowhere then', async () => {
    await survives(`${open} ${settle}
      import { promisify } from 'node:util'; import { spawnSync } from 'node:child_process';
      import { mkdtempSync, openSync, read, rmSync, writeSync } from 'node:fs'; import { join } from 'node:path'; import { tmpdir } from 'node:os';
      const folder = mkdtempSync(join(tmpdir(), 'read-')); const fifo = join(folder, 'fifo'); spawnSync('mkfifo', [fifo]); const file = openSync(fifo, 'r+');
      const zero = CharDevice.open('/dev/zero');
      for (const close of ['buffer', 'board', 'neither']) {
        const board = openBoard('sim'); let buffer = board.dram.alloc(65536);
        const done = promisify(read)(file, buffer.bytes, 0, 65536, null); await new Promise(setImmediate);
        if (close === 'buffer') buffer.close(); buffer = undefined; if (close === 'board') board.close();
        await settle();
        // Had the range been given back, one of these would have got it.
        const others = Array.from({ length: 64 }, () => new Uint32Array(zero.mapMemory({ offset: 0, length: 65536 }).buffer));
        writeSync(file, Buffer.alloc(65536, 7)); await done;
        assert.ok(others.every((words) => words.every((word) => word === 0)), close);
      }
      rmSync(folder, { recursive: true });`);
  });

  it('also of those of which only a view is left', async () => {
    await survives(`${open} ${steal} ${settle}
      const board = openBoard('sim'); const zero = CharDevice.open('/dev/zero'); const address = board.sharedDram.address + 0x10000;
      const all = board.sharedDramMapping();
      const views = [board.dram.alloc(4096, { address }).bytes, new Uint8Array(zero.mapMemory({ offset: 0, length: 4096 }).buffer)];
      const windows = [board.core(0, 0).words, board.workgroup({ rows: 1, columns: 1 }).cores[0].int32, all.float32, zero.map({ offset: 0, length: 4096 }).words];
      const bare = bufferOf.call(zero.map({ offset: 0, length: 4096 }).words);
      for (const view of [...views, ...windows]) view[0] = 1;
      await settle();
      for (const view of [...views, ...windows]) assert.equal(view[0], 1);
      board.close(); zero.close();
      for (const view of views) assert.equal(view[0], 0);
      for (const window of windows) { assert.equal(window.length, 0); assert.throws(() => window.slice(), { code: 'ERR_EPIPHANY_CLOSED' }); }
      assert.equal(bare.byteLength, 0);`);
  });

  it.skipIf(!canTransfer)('also of memory that was taken by transfer(), when nothing else is left of its mapping', async () => {
    await survives(`${open} ${settle}
      const zero = CharDevice.open('/dev/zero'); const stolen = new Uint8Array(zero.mapMemory({ offset: 0, length: 4096 }).buffer.transfer());
      stolen[0] = 1; await settle(); await settle(); assert.equal(stolen[0], 1); zero.close(); assert.equal(stolen[0], 0); stolen[0] = 2;`);
  });

  it.skipIf(!canTransfer).each(['before it is taken', 'after it is taken', 'never', 'with its buffer still there', 'after it was collected'])(
    'and what was taken by transfer() twice, with a read under way, is nobody else\'s: closed %s',
    async (when) => {
      await survives(`${open} ${settle}
        import { promisify } from 'node:util'; import { spawnSync } from 'node:child_process';
        import { mkdtempSync, openSync, read, rmSync, writeSync } from 'node:fs'; import { join } from 'node:path'; import { tmpdir } from 'node:os';
        const folder = mkdtempSync(join(tmpdir(), 'taken-')); const fifo = join(folder, 'fifo'); spawnSync('mkfifo', [fifo]); const file = openSync(fifo, 'r+');
        const zero = CharDevice.open('/dev/zero'); const length = 1234 * 4096; const when = ${JSON.stringify(when)};
        let mapping = zero.mapMemory({ offset: 0, length }); let first = mapping.buffer;
        if (when === 'before it is taken') mapping.close();
        let second = first.transfer();
        const done = promisify(read)(file, new Uint8Array(second), 0, length, null);
        let third = second.transfer(); second = undefined;
        if (when === 'after it is taken' || when === 'with its buffer still there') mapping.close();
        if (when !== 'with its buffer still there') first = undefined;
        mapping = undefined;
        await settle(); await settle();
        assert.equal(third.byteLength, length); third = undefined;
        await settle(); await settle();
        if (when === 'after it was collected') zero.close();
        // Had the range been given back, one of these would have got it.
        const other = CharDevice.open('/dev/zero');
        const others = Array.from({ length: 8 }, () => new Uint8Array(other.mapMemory({ offset: 0, length }).buffer));
        writeSync(file, Buffer.alloc(4096, 7)); assert.equal((await done).bytesRead, 4096);
        assert.ok(others.every((bytes) => !bytes.includes(7)));
        rmSync(folder, { recursive: true }); assert.ok(first === undefined || first.byteLength === 0);`);
    },
  );

  it.skipIf(!canTransfer)('and shared DRAM that was taken by transfer() has one owner', async () => {
    await survives(`${open} ${settle}
      const board = openBoard('sim'); let address;
      const take = () => { const buffer = board.dram.alloc(4096); address = buffer.address; buffer.bytes[0] = 1; return new Uint8Array(buffer.bytes.buffer.transfer()); };
      const taken = take(); await settle(); await settle();
      const next = board.dram.alloc(4096, { address }); // it has been given back
      taken.fill(7); assert.equal(next.bytes[0], 0); next.bytes.fill(5); assert.equal(taken[0], 7);
      board.close(); assert.equal(taken[0], 7);`);
  });

  it('and the board holds none that nobody holds', async () => {
    await survives(`${open} ${settle}
      const board = openBoard('sim');
      for (let i = 0; i < 8; ++i) { board.dram.alloc(board.sharedDram.bytes).bytes[0] = 1; await settle(); }`);
  });
});

describe('the address space', () => {
  const maps = `import { readFileSync } from 'node:fs'; const maps = () => readFileSync('/proc/self/maps', 'utf8').split('\\n').length;`;

  it.each([
    ['buffers of shared DRAM', "const board = openBoard('sim');", 'board.dram.alloc(4096).close();'],
    ['mappings', "const zero = CharDevice.open('/dev/zero');", 'zero.map({ offset: 0, length: 4096 }).close();'],
    ['mappings that were copied from', "const zero = CharDevice.open('/dev/zero');", 'const mapping = zero.map({ offset: 0, length: 4096 }); mapping.fill(0, 4096); mapping.read(0, 64); mapping.close();'],
    ['boards', '', "openBoard('sim').close();"],
  ])('is given back at once by %s whose buffer nobody asked for', async (what, before, act) => {
    const times = what === 'boards' ? 100 : 5000;
    const text = await survives(`${open} ${maps} ${before} ${act}
      const first = maps(); for (let i = 0; i < ${times}; ++i) { ${act} } console.log(maps() - first);`);
    expect(Number(text)).toBeLessThan(times / 2); // an allocator may map a few things more
  });

  it.each([
    ['buffers that are closed', "const board = openBoard('sim');", 'const buffer = board.dram.alloc(4096); buffer.bytes[0] = 1; buffer.close();'],
    ['windows that are closed', "const zero = CharDevice.open('/dev/zero');", 'const mapping = zero.map({ offset: 0, length: 4096 }); mapping.words[0] = 1; mapping.close();'],
    ['mappings that are forgotten', "const zero = CharDevice.open('/dev/zero');", 'zero.map({ offset: 0, length: 4096 }).writeWord(0, 1);'],
  ])('runs out in a loop of %s with an error, and is there again after some turns', async (_what, before, act) => {
    // No gc(): it is for the library to see to it.
    await survives(`${open} ${before} let refused = 0;
      for (let i = 0; i < 20000; ++i) {
        for (let tries = 0; ; ++tries) {
          try { ${act} break; } catch (error) {
            assert.equal(error.code, 'ENOMEM'); assert.equal(error.syscall, 'mmap'); assert.ok(tries < 100);
            refused++; await new Promise((resolve) => setTimeout(resolve, 10));
          }
        }
      }
      assert.ok(refused > 0);`);
  });

  it('runs out for all threads at a part of what V8 needs', async () => {
    await survives(`${open} import { Worker } from 'node:worker_threads'; import { readFileSync } from 'node:fs';
      const device = new URL('dist/device/index.js', 'file://' + process.cwd() + '/').href;
      const body = \`import { CharDevice } from '\${device}'; import { parentPort } from 'node:worker_threads';
        const zero = CharDevice.open('/dev/zero'); globalThis.kept = []; let code;
        while (!code) try { kept.push(zero.map({ offset: 0, length: 4096 })); } catch (error) { code = error.code; }
        parentPort.postMessage([kept.length, code]); parentPort.on('message', () => process.exit());\`;
      const workers = Array.from({ length: 2 }, () => new Worker(new URL('data:text/javascript,' + encodeURIComponent(body))));
      const told = await Promise.all(workers.map((worker) => new Promise((resolve, reject) => { worker.on('message', resolve); worker.on('error', reject); })));
      const limit = Number(readFileSync('/proc/sys/vm/max_map_count')) / 4;
      const sum = told.reduce((sum, [count, code]) => { assert.equal(code, 'ENOMEM'); return sum + count; }, 0);
      assert.ok(sum <= limit && sum > limit - 100, String(sum));
      assert.throws(() => openBoard('sim'), { code: 'ENOMEM' });
      const heap = Array.from({ length: 1e6 }, (_, index) => ({ index })); assert.equal(heap.length, 1e6); // V8 has room
      for (const worker of workers) worker.postMessage('end');
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('exit', resolve))));
      openBoard('sim').close();`);
  });
});

describe('processes and threads', () => {
  it('a process ends although a board is open and nobody waits', async () => {
    expect(await survives(`${open} openBoard('sim').core(0, 0).words[0] = 1; console.log('end');`)).toBe('end');
  });

  it('a process waits for a message, and ends when it has come', async () => {
    expect(await survives(`${open} const board = openBoard('sim'); setTimeout(() => board.simulator.pushMailbox(5), 50).unref();
      console.log((await board.mailbox.receive()).word);`, 0)).toBe('5');
  });

  it('a wait keeps its board alive when nothing else does', async () => {
    await survives(`${open}
      let { simulator, mailbox } = openBoard('sim');
      // Had the chip gone, it would be ERR_EPIPHANY_CLOSED.
      const wait = assert.rejects(mailbox.receive({ timeout: 100 }), { code: 'ERR_EPIPHANY_TIMEOUT' }); mailbox = undefined;
      const weak = new WeakRef(simulator); simulator = undefined;
      for (let i = 0; i < 5; ++i) { gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
      assert.equal(weak.deref(), undefined);
      await wait;
    `);
  });

  it('a wait that is not to keep the process lets it end', async () => {
    await survives(`${open} const board = openBoard('sim'); board.mailbox.unref().receive(); board.events.receive({ signal: AbortSignal.abort() }).catch(() => {});
      const other = openBoard('sim'); other.mailbox.receive(); other.mailbox.unref();`);
    await survives(`${open} const board = openBoard('sim'); setTimeout(() => board.simulator.pushMailbox(3), 30).unref();
      board.mailbox.unref().ref(); assert.equal((await board.mailbox.receive()).word, 3); console.log('done');`);
  });

  itOnTerminals('process.exit() in mid-wait is clean', async () => {
    await survives(`${open} const board = openBoard('sim'); board.mailbox.receive(); board.events.receive();
      CharDevice.open('/dev/ptmx').ready('readable'); setTimeout(() => process.exit(7), 20);`, 7);
  });

  itOnTerminals('an exception in a listener is an ordinary uncaught exception', async () => {
    const outcome = await runNode(`${open} process.on('uncaughtException', (error) => { console.log('caught', error.message); process.exit(3); });
      CharDevice.open('/dev/ptmx').watch('writable', () => { throw new Error('mine'); });`);
    expect(outcome).toMatchObject({ code: 3, stdout: 'caught mine\n' });
  });

  const worker = (body: string, main: string): string => `
    import { Worker } from 'node:worker_threads';
    const start = () => new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(body)}.replaceAll('LIBRARY', new URL('dist/index.js', 'file://' + process.cwd() + '/').href).replaceAll('DEVICE', new URL('dist/device/index.js', 'file://' + process.cwd() + '/').href).replaceAll('INTERNAL', new URL('dist/device/char-device.js', 'file://' + process.cwd() + '/').href))));
    ${main}`;

  it('two threads have boards of their own at the same time', async () => {
    const text = await survives(worker(
      `import { openBoard } from 'LIBRARY'; import { parentPort } from 'node:worker_threads';
       const board = openBoard('sim'); let sum = 0;
       for (let round = 0; round < 200; ++round) { board.simulator.pushMailbox(round); board.core(0, 0).words[round] = round; sum += (await board.mailbox.receive()).word + board.core(0, 0).readWord(4 * round); }
       board.close(); parentPort.postMessage(sum);`,
      `const sums = await Promise.all([start(), start()].map((thread) => new Promise((resolve, reject) => { thread.on('message', resolve); thread.on('error', reject); })));
       console.log(sums.join());`));
    expect(text).toBe('39800,39800');
  });

  itOnTerminals('worker.terminate() in mid-wait and process.exit() in a worker are clean, twenty times', async () => {
    await survives(worker(
      `import { openBoard } from 'LIBRARY'; import { CharDevice } from 'DEVICE'; import { ioctlOpen } from 'INTERNAL'; import { parentPort } from 'node:worker_threads';
       const board = openBoard('sim'); const { words } = board.core(0, 0); board.mailbox.receive(); board.events.receive();
       const terminal = CharDevice.open('/dev/ptmx'); terminal.ready('readable'); words[0] = 1;
       terminal.ioctl(0x40045431, new Int32Array(1)); const peer = ioctlOpen(terminal, 0x5441, 0o402); peer.ready('readable');
       globalThis.kept = [board, words, terminal, peer];
       parentPort.postMessage('waiting'); parentPort.on('message', () => process.exit(0));`,
      `for (let i = 0; i < 20; ++i) {
         const thread = start();
         await new Promise((resolve, reject) => { thread.on('message', resolve); thread.on('error', reject); });
         if (i % 2) await thread.terminate(); else { thread.postMessage('exit'); await new Promise((resolve) => thread.on('exit', resolve)); }
       }
       gc(); await new Promise(setImmediate);`));
  });

  it('processes that create one snapshot file at the same time take turns', async () => {
    const { mkdtempSync, readdirSync, rmSync } = await import('node:fs');
    const { join } = await import('node:path');
    const { tmpdir } = await import('node:os');
    const folder = mkdtempSync(join(tmpdir(), 'turns-'));
    const path = JSON.stringify(`sim:${join(folder, 'state')}`);
    const add = `${open}
      for (;;) {
        try { const board = openBoard(${path}); board.core(0, 0).words[0]++; board.close(); break; }
        catch (error) { assert.equal(error.code, 'ERR_EPIPHANY_BUSY'); await new Promise((resolve) => setTimeout(resolve, 1)); }
      }`;
    await Promise.all(Array.from({ length: 6 }, () => survives(add)));
    expect(await survives(`${open} const board = openBoard(${path}); console.log(board.core(0, 0).words[0]); board.close();`)).toBe('6');
    expect(readdirSync(folder)).toEqual(['state']);
    rmSync(folder, { recursive: true });
  });

  it('a killed process leaves nothing locked', async () => {
    const { mkdtempSync, rmSync } = await import('node:fs');
    const { join } = await import('node:path');
    const { tmpdir } = await import('node:os');
    const folder = mkdtempSync(join(tmpdir(), 'kill-'));
    const path = JSON.stringify(`sim:${join(folder, 'state')}`);
    const outcome = await runNode(`${open} const board = openBoard(${path}); board.core(0, 0).words[0] = 1; process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`);
    expect(outcome.signal).toBe('SIGKILL');
    expect(await survives(`${open} const board = openBoard(${path}); console.log(board.core(0, 0).words[0]); board.close();`)).toBe('0');
    rmSync(folder, { recursive: true });
  });
});
