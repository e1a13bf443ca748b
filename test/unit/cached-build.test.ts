// SPDX-License-Identifier: MIT
/** What scripts/lib/cached-build.mjs tells those who can mend something. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/lib/cached-build.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'epiphany built '));
afterAll(() => rmSync(folder, { recursive: true }));

/** What it says of `call`, with a cache in our folder. */
function complaint(call: string): string {
  const code = `import(process.argv[1]).then(async ({ built, demandTools }) => ${call}).catch(({ message }) => console.log(message))`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', code, script], { encoding: 'utf8', env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') } });
  expect(stderr).toBe('');
  return stdout.trim();
}

const buildIn = (place: string): string => `built(${JSON.stringify(place)}, 'something', () => { throw new Error('it builds') })`;

describe('a build for the cache', () => {
  it('advises those with a space in a path on what helps there, and makes nothing', () => {
    const [cache, clone] = ['cache/node-epiphany/kernel', 'clone/build-board/modules'].map((name) => join(folder, name)) as [string, string];
    expect(complaint(buildIn(cache))).toBe(`make cannot work in "${cache}", which has a space: let XDG_CACHE_HOME name a folder without, for the cache`);
    expect(complaint(buildIn(clone))).toBe(`make cannot work in "${clone}", which has a space: move the clone to a folder without`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('tells how many of about how many objects are compiled', () => {
    const place = mkdtempSync(join(tmpdir(), 'epiphany-built-'));
    const code = `import(process.argv[1]).then(({ built }) => built('${place}/thing', 'a thing', async ({ phase }) => {
      for (const total of [60, 20]) await phase('part ' + total, (step) => step('sh', '-c', 'for i in $(seq 30); do echo "  CC x.o"; done; touch thing', { counts: 'compiled', total }));
      return '${place}/thing.partial/thing';
    }))`;
    const { status, stderr } = spawnSync(process.execPath, ['--eval', code, script], { encoding: 'utf8' });
    rmSync(place, { recursive: true });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/part 60 .* 30 of about 60 compiled +done$/m) as string });
    expect(stderr).toMatch(/part 20 .* 30 compiled +done$/m); // there were more than was thought
  });

  it('tells by what is done how long the others may take, once there is enough of it', () => {
    const left = (...numbers: number[]): string => complaint(`{ const { timeLeft } = await import(process.argv[1]); console.log(timeLeft(${numbers.join()})); }`);
    expect([left(60_000, 250, 1000), left(60_000, 3, 1000), left(60_000, 1000, 1000), left(60_000, 250)]).toEqual(['about 3:00 left', '', '', '']);
  });

  it('names the packages of programs that are missing, each once', () => {
    expect(complaint("demandTools({ sh: 'dash', none1: 'nothing', none2: 'nothing' })")).toBe('missing: none1, none2. Install what brings them: sudo apt-get install nothing');
  });
});
