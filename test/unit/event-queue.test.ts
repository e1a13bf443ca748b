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
