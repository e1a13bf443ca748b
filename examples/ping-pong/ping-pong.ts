// SPDX-License-Identifier: MIT
import { fileURLToPath } from 'node:url';
import { openBoard } from 'node-epiphany';

const PROGRAM = fileURLToPath(new URL('ping-pong.elf', import.meta.url.replace('/dist/examples/', '/examples/')));
const END = 0;

/** Throws a ball to each core, and again whenever it comes back. Microseconds of each round trip, by core ID. */
export async function pingPong(rounds: number, path?: string): Promise<Map<number, number[]>> {
  using board = openBoard(path);
  using group = board.workgroup();
  await group.load(PROGRAM);
  group.start();

  const ball = group.symbol('ball');
  const players = new Map(group.cores.map((core, index) => [core.id as number, { core, word: ball.words(index), thrown: 0, trips: [] as number[] }]));
  const play = (id: number, value: number): void => {
    const player = players.get(id);
    if (!player) throw new Error(`there is no core 0x${id.toString(16)} in this game`);
    player.thrown = performance.now();
    player.word[0] = value;
    player.core.registers.ILATST.write({ user: true });
  };

  for (const id of players.keys()) play(id, 1);
  let playing = players.size;
  // The mailbox does not tell who sent a word; ecore_mailbox_send_tagged() puts the core ID above 20 bits of its own.
  for await (const { word } of board.mailbox) {
    const [id, value] = [word >>> 20, word & 0xfffff];
    const player = players.get(id);
    if (value !== (player?.word[0] ?? 0) + 1) throw new Error(`0x${id.toString(16)} threw back ${value}`);
    player?.trips.push(1000 * (performance.now() - player.thrown));
    play(id, value <= rounds ? value : END);
    if (value > rounds && --playing === 0) break;
  }
  await group.finished();
  return new Map([...players].map(([id, { trips }]) => [id, trips]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [id, trips] of await pingPong(200, process.argv[2])) {
    const [median = 0, slowest = 0] = trips.sort((a, b) => a - b).filter((_, index) => index === trips.length >> 1 || index === trips.length - 1);
    console.log(`core 0x${id.toString(16)}: ${trips.length} round trips, median ${median.toFixed(0)} µs, slowest ${slowest.toFixed(0)} µs`);
  }
}
