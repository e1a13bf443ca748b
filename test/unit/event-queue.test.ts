// SPDX-License-Identifier: MIT
/** A queue of events by itself: what it keeps for nobody, and how those who wait leave. */
import { describe, expect, it } from 'vitest';
import { openQueue, type EventQueue, type Inlet } from '../../lib/transport/event-queue.js';

const CAPACITY = 65536;

const newQueue = (): { queue: EventQueue<number>; inlet: Inlet<number> } => openQueue<number>('number', { poll: () => undefined, waitersChanged: () => undefined });

describe('a queue that nobody reads', () => {
  it('keeps the newest, counts what it drops, and gives the rest in order', async () => {
    const { queue, inlet } = newQueue();
    for (let event = 0; event < CAPACITY; ++event) inlet.push(event);
    expect(queue.lost).toBe(0); // so many there is room for
    for (let event = CAPACITY; event < CAPACITY + 3; ++event) inlet.push(event);
    expect(queue.lost).toBe(3);
    inlet.end(new Error('no more'));
    const received: number[] = [];
    await expect((async () => {
      for (;;) received.push(await queue.receive());
    })()).rejects.toThrow('no more');
    expect(received).toEqual(Array.from({ length: CAPACITY }, (_, index) => index + 3));
  });

  it('has room again for what was taken', async () => {
    const { queue, inlet } = newQueue();
    for (let event = 0; event < CAPACITY; ++event) inlet.push(event);
    expect(await queue.receive()).toBe(0);
    inlet.push(CAPACITY);
    expect(queue.lost).toBe(0);
    inlet.push(CAPACITY + 1);
    expect([queue.lost, await queue.receive()]).toEqual([1, 2]);
  });
});

describe('an event that is there', () => {
  const EVENTS = 1000;
  /** So that whatever was due after no time at all is overdue when the event loop has its next turn. */
  const letTimePass = (): void => {
    for (const end = performance.now() + 3; performance.now() < end; ) continue;
  };

  it.each<[string, (queue: EventQueue<number>) => () => Promise<number>]>([
    ['receive', (queue) => () => queue.receive({ timeout: 0 })],
    ['messages', (queue) => {
      const messages = queue.messages({ timeout: 0 });
      return async () => (await messages.next()).value as number;
    }],
  ])('is received by %s at once, whatever time there is for it', async (_name, receiverOf) => {
    const { queue, inlet } = newQueue();
    for (let event = 0; event < EVENTS; ++event) inlet.push(event);
    const receive = receiverOf(queue);
    for (let event = 0; event < EVENTS; ++event) {
      const received = receive();
      if (event % 8 === 7) letTimePass();
      expect(await received).toBe(event);
    }
    await expect(receive()).rejects.toMatchObject({ code: 'ERR_EPIPHANY_TIMEOUT' });
  });

  it('is not lost to a signal that comes after it', async () => {
    const { queue, inlet } = newQueue();
    for (let event = 0; event < EVENTS; ++event) inlet.push(event);
    for (let event = 0; event < EVENTS; ++event) {
      const stop = new AbortController();
      const received = queue.receive({ signal: stop.signal });
      stop.abort();
      expect(await received).toBe(event);
    }
  });

  it('is received in order, and does not keep timers from firing', async () => {
    const { queue, inlet } = newQueue();
    for (let event = 0; event < EVENTS; ++event) inlet.push(event);
    let turns = 0;
    const turn = (): void => void (++turns, (running = setImmediate(turn)));
    let running = setImmediate(turn);
    const received: number[] = [];
    await Promise.all(Array.from({ length: 300 }, async () => received.push(await queue.receive())));
    for await (const event of queue) {
      received.push(event);
      if (event === EVENTS - 1) break;
    }
    clearImmediate(running);
    expect(received).toEqual(Array.from({ length: EVENTS }, (_, event) => event));
    expect(turns).toBeGreaterThan(3);
  });
});

describe('messages of a queue', () => {
  it('are waited for by many at once, without a warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const { queue, inlet } = newQueue();
    const messages = queue.messages();
    const all = Promise.all(Array.from({ length: 50 }, () => messages.next()));
    for (let event = 0; event < 20; ++event) inlet.push(event);
    await messages.return?.();
    expect((await all).map(({ value }) => value as number | undefined)).toEqual(Array.from({ length: 50 }, (_, index) => (index < 20 ? index : undefined)));
    await new Promise(setImmediate);
    process.off('warning', note);
    expect([warnings, queue.waiting]).toEqual([[], 0]);
  });

  it('end with what the signal says, and take none with them', async () => {
    const { queue, inlet } = newQueue();
    inlet.push(1);
    const stop = new AbortController();
    const received: number[] = [];
    const loop = (async () => {
      for await (const event of queue.messages({ signal: stop.signal })) received.push(event);
    })();
    while (queue.waiting === 0) await new Promise(setImmediate);
    stop.abort(new Error('enough'));
    await expect(loop).rejects.toThrow('enough');
    inlet.push(2);
    expect([received, queue.waiting, await queue.receive()]).toEqual([[1], 0, 2]);
  });

  it('may take so long each, and can be asked for again', async () => {
    const { queue, inlet } = newQueue();
    const messages = queue.messages({ timeout: 1 });
    await expect(messages.next()).rejects.toMatchObject({ code: 'ERR_EPIPHANY_TIMEOUT' });
    inlet.push(5);
    expect(await messages.next()).toEqual({ done: false, value: 5 });
    expect(queue.waiting).toBe(0);
  });

  it('are left while one is waited for', async () => {
    const { queue, inlet } = newQueue();
    const messages = queue.messages({ timeout: 60_000 });
    const next = messages.next();
    await messages.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
    inlet.push(1);
    expect([queue.waiting, await messages.next(), await queue.receive()]).toEqual([0, { done: true, value: undefined }, 1]);
  });

  it.each([null, 5, { timeout: -1 }, { timeout: '1' }, { signal: {} }])('are refused with %j', (options) => {
    expect(() => newQueue().queue.messages(options as never)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/) as string }));
  });
});
