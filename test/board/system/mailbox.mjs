// SPDX-License-Identifier: MIT
/** Messages of cores, through the eLink's mailbox, its interrupt and the driver, to those who wait for them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { elf, onBoard, root, using } from './tools.mjs';

const MESSAGES = 100_000;
const ROUND_TRIPS = 500;
/** So many the driver keeps for each who listens, at least. */
const KEPT = 1000;
const NO_LIMIT = 0xffffffff;
const events = ['events'];

/** A function that makes core (0,0) send one message, and returns which. */
async function sender(group) {
  await group.load(elf('examples/ping-pong/ping-pong.elf'));
  group.start();
  const [core] = group.cores;
  const ball = group.symbol('ball').words(0);
  return () => {
    ball[0] += 2; // it is thrown back one up, so this is another one
    core.registers.ILATST.write({ user: true });
    return core.id * 2 ** 20 + ball[0] + 1;
  };
}

/** A case with a function that lets one message come. */
const withSender = (name, run) => onBoard(name, events, (board, tools) => using(() => board.workgroup({ rows: 1, columns: 1 }), async (group) => run(board, await sender(group), tools)));

/** Checks that the messages of each core come in its order, and tells how many did. */
class Tally {
  received = 0;
  #next;

  constructor(cores) {
    this.#next = new Map(cores.map(({ id }) => [id, 0]));
  }

  /** Answers whose message it was, and how many there were of that core until it. */
  add({ word }, mayLose) {
    const [id, number] = [word >>> 20, word & 0xfffff];
    const wanted = this.#next.get(id);
    assert.ok(mayLose ? number >= wanted : number === wanted, `core 0x${id.toString(16)} sent ${number} where ${wanted} was to come`);
    this.#next.set(id, number + 1);
    ++this.received;
    return { id, count: number + 1 };
  }
}

/** All cores send so many messages each while `take(limits)` runs, where the limits are words of the cores by their IDs. */
async function flood(board, perCore, limit, take) {
  await using(() => board.workgroup(), async (group) => {
    await group.load(elf('test/board/system/flood/flood.elf'));
    group.symbol('count').broadcast(Uint32Array.of(perCore));
    group.symbol('limit').broadcast(Uint32Array.of(limit));
    group.start();
    await take(new Map(group.cores.map(({ id }, index) => [id, group.symbol('limit').words(index)])));
    await group.finished({ timeout: 60_000 });
  });
}

/** While `use` runs, somebody else wants the processor, too. */
async function underLoad(use) {
  const hog = spawn('sh', ['-c', 'while :; do :; done']);
  try {
    return await use();
  } finally {
    hog.kill('SIGKILL');
  }
}

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

export const cases = [
  onBoard(`${MESSAGES} messages of all cores arrive once each, in the order of each core`, events, (board, { note }) =>
    underLoad(async () => {
      const { mailbox, cores } = board;
      const perCore = Math.ceil(MESSAGES / cores.length);
      const total = perCore * cores.length;
      const window = Math.floor(KEPT / cores.length);
      const step = window >> 1; // to let many go at once costs less than one after the other
      const tally = new Tally(cores);
      const begin = performance.now();
      // Nobody may be ahead by more than the driver keeps.
      await flood(board, perCore, window, async (limits) => {
        for await (const message of mailbox) {
          const { id, count } = tally.add(message);
          if (count % step === 0) limits.get(id)[0] = count + window;
          if (tally.received === total) break;
        }
      });
      const seconds = (performance.now() - begin) / 1000;
      note(`${tally.received} messages in ${seconds.toFixed(1)} s: ${Math.round(total / seconds)} in a second`);
      assert.equal(mailbox.lost, 0);
      await assert.rejects(mailbox.receive({ timeout: 200 }), { code: 'ERR_EPIPHANY_TIMEOUT' });
    }),
  ),
  onBoard(`of ${MESSAGES} messages that nobody waits for, each arrives once, in order, or is told as lost`, events, (board, { note }) =>
    underLoad(async () => {
      const { mailbox } = board;
      const perCore = Math.ceil(MESSAGES / board.cores.length);
      const total = perCore * board.cores.length;
      const tally = new Tally(board.cores);
      const messages = mailbox[Symbol.asyncIterator]();
      // What was lost is told, but it is no message: somebody has to see that no other will come.
      const isDone = () => tally.received + mailbox.lost >= total;
      const timer = setInterval(() => isDone() && messages.return(), 100);
      let last = -1;
      await flood(board, perCore, NO_LIMIT, async () => {
        for await (const message of messages) {
          tally.add(message, true);
          assert.ok(message.sequence > last);
          last = message.sequence;
          if (isDone()) break;
        }
      }).finally(() => clearInterval(timer));
      note(`${tally.received} messages received, ${mailbox.lost} told as lost`);
      assert.equal(tally.received + mailbox.lost, total);
      assert.ok(tally.received > 0);
    }),
  ),
  onBoard('none is lost of what the driver can keep, while the receiver sleeps', events, async (board) => {
    const tally = new Tally(board.cores);
    const perCore = Math.floor(KEPT / board.cores.length);
    await flood(board, perCore, NO_LIMIT, async () => {
      await board.mailbox.receive({ timeout: 10_000 }).then((message) => tally.add(message));
      await sleep(500);
      while (tally.received < perCore * board.cores.length) tally.add(await board.mailbox.receive({ timeout: 10_000 }));
    });
    assert.equal(board.mailbox.lost, 0);
  }),
  withSender('everybody who has the board open gets every message', (board, send, { open }) =>
    using(open, async (other) => {
      const wanted = [send(), (await board.mailbox.receive({ timeout: 5000 })) && send()];
      const theirs = [await other.mailbox.receive({ timeout: 5000 }), await other.mailbox.receive({ timeout: 5000 })];
      assert.deepEqual(theirs.map(({ word }) => word), wanted);
      assert.equal((await board.mailbox.receive({ timeout: 5000 })).word, wanted[1]);
    }),
  ),
  withSender('for await gives each message as it comes, and takes none with it when it is left', async (board, send) => {
    let wanted = send();
    let rounds = 0;
    for await (const { word } of board.mailbox) {
      assert.equal(word, wanted);
      wanted = send();
      if (++rounds === 20) break;
    }
    assert.equal((await board.mailbox.receive({ timeout: 5000 })).word, wanted);
  }),
  withSender('a wait ends by its timeout or by its signal, and takes no message with it', async (board, send) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const aborted = board.mailbox.receive({ signal: controller.signal });
    const late = board.mailbox.receive({ timeout: 20 });
    setTimeout(() => controller.abort(reason), 10);
    // Both at once: on a slow board either may come first, and a rejection that nobody waits for yet ends the test.
    await Promise.all([assert.rejects(aborted, (error) => error === reason), assert.rejects(late, { code: 'ERR_EPIPHANY_TIMEOUT' })]);
    const wanted = send();
    assert.equal((await board.mailbox.receive({ timeout: 5000 })).word, wanted);
  }),
  withSender('closing the board ends every wait', async (board) => {
    const pending = [board.mailbox.receive(), board.mailbox.receive({ timeout: 60_000 })];
    const ends = Promise.all(pending.map((wait) => assert.rejects(wait, { code: 'ERR_EPIPHANY_CLOSED' })));
    setTimeout(() => board.close(), 20);
    await ends;
  }),
  withSender('the command line prints each message as it comes', async (board, send, { path }) => {
    const command = spawn(process.execPath, [`${root}dist/cli/main.js`, 'mailbox', '3', '--json', '--timeout', '60s', '--board', path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    command.stdout.on('data', (text) => (printed += text));
    const sent = [];
    let code;
    command.on('close', (status) => (code = status));
    // Nobody tells when it has begun to listen, and what was sent before it does not get.
    while (code === undefined) {
      sent.push(send());
      await board.mailbox.receive({ timeout: 5000 });
      await sleep(20);
    }
    assert.equal(code, 0);
    const words = printed.trimEnd().split('\n').map((line) => Number(JSON.parse(line).word));
    const first = sent.indexOf(words[0]);
    assert.deepEqual(words, sent.slice(first, first + 3));
  }),
  withSender('a message wakes its receiver', async (board, send, { note }) => {
    const [latencies, trips] = [[], []];
    for (let round = 0; round < ROUND_TRIPS; ++round) {
      const begin = process.hrtime.bigint();
      const wanted = send();
      const { word, timestamp } = await board.mailbox.receive({ timeout: 5000 });
      const end = process.hrtime.bigint();
      assert.equal(word, wanted);
      assert.ok(timestamp >= begin && timestamp <= end, `${begin} <= ${timestamp} <= ${end}`);
      latencies.push(Number(end - timestamp) / 1000);
      trips.push(Number(end - begin) / 1000);
    }
    for (const [what, values] of [['from interrupt to callback', latencies], ['from store to callback', trips]]) {
      values.sort((a, b) => a - b);
      const line = [['least', 0], ['median', 0.5], ['90 %', 0.9], ['99 %', 0.99], ['most', 1]].map(([name, share]) => `${name} ${percentile(values, share).toFixed(0)}`);
      note(`${what}, ${ROUND_TRIPS} times, in µs: ${line.join(', ')}`);
    }
  }),
];
