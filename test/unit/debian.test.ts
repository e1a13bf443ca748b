// SPDX-License-Identifier: MIT
/** Downloads of scripts/lib/debian.mjs from a mirror of our own: broken off, and damaged in the cache. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/lib/debian.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany-debian-'));
const cache = join(folder, 'node-epiphany/debian');

const content = randomBytes(2_000_000);
const sha256 = createHash('sha256').update(content).digest('hex');
const file = join(cache, 'packages', `${sha256.slice(0, 16)}-hello.deb`);
const partial = `${file}.partial`;

const modified = 'Fri, 01 Mar 2024 00:00:00 GMT';

/** How much of the package the mirror sends before it falls silent, and where its answers began. */
let sent = content.length;
const starts: number[] = [];

const mirror = createServer((request, response) => {
  const range = request.headers['if-range'] === modified ? /\d+/.exec(request.headers.range ?? '') : null;
  const start = Number(range?.[0] ?? 0);
  starts.push(start);
  response.writeHead(range ? 206 : 200, {
    'Last-Modified': modified, 'Accept-Ranges': 'bytes', 'Content-Length': content.length - start,
    ...(range && { 'Content-Range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  });
  response.write(content.subarray(start, sent));
  if (sent === content.length) response.end();
});

/** In a group of its own, as on a terminal. */
const fetching = (): ChildProcess =>
  spawn(process.execPath, [script, 'suite', 'all', 'hello'], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, XDG_CACHE_HOME: folder, APT_CONFIG: join(folder, 'apt.conf') },
  });

/** Where the answers began that it took to have the whole package. */
async function fetched(): Promise<number[]> {
  starts.length = 0;
  expect(await once(fetching(), 'close')).toEqual([0, null]);
  expect(readFileSync(file).equals(content)).toBe(true);
  expect(existsSync(partial)).toBe(false);
  return starts;
}

beforeAll(async () => {
  await once(mirror.listen(0, '127.0.0.1'), 'listening');
  const { port } = mirror.address() as AddressInfo;
  const hello = { version: '1', depends: [], file: 'pool/hello.deb', size: content.length, sha256 };
  mkdirSync(join(cache, 'index'), { recursive: true });
  writeFileSync(join(cache, 'index/suite-all.json'), JSON.stringify({ mirror: `http://127.0.0.1:${port}/`, packages: { hello } }));
  writeFileSync(join(folder, 'apt.conf'), 'Acquire::http::Proxy::127.0.0.1 "DIRECT";\n');
});

afterAll(() => {
  mirror.close();
  mirror.closeAllConnections();
  rmSync(folder, { recursive: true });
});

describe.skipIf(!existsSync('/usr/lib/apt/apt-helper'))('a package of Debian', () => {
  it('is gone on with where its download was interrupted', async () => {
    sent = 1_000_000;
    const child = fetching();
    while (!existsSync(partial) || statSync(partial).size < sent) await sleep(20);
    process.kill(-(child.pid ?? NaN), 'SIGINT');
    await once(child, 'close');
    while (statSync(partial).mtime.getFullYear() !== 2024) await sleep(20); // apt's last act: by this time it asks for the rest
    sent = content.length;
    expect(await fetched()).toEqual([1_000_000]);
  });

  it('is fetched once, and again if it was damaged', async () => {
    expect(await fetched()).toEqual([]);
    truncateSync(file, 1000);
    expect(await fetched()).toEqual([0]);
    writeFileSync(file, randomBytes(content.length));
    expect(await fetched()).toEqual([0]);
  });

  it('is fetched anew if what there is of it is damaged', async () => {
    rmSync(file);
    writeFileSync(partial, randomBytes(1_000_000));
    utimesSync(partial, new Date(modified), new Date(modified)); // as apt leaves it, and so it asks for the rest
    expect(await once(fetching(), 'close')).toEqual([1, null]);
    expect(existsSync(file)).toBe(false);
    expect(await fetched()).toEqual([0]);
  });
});
