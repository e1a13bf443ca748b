// SPDX-License-Identifier: MIT
/** Programs that know nothing of this library. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { client, onBoard, run } from './tools.mjs';

const BLOCK = 4096;
/** A user who may do nothing in particular. */
const NOBODY = '65534';

/** A program that reports in TAP. */
const tapClient = (name, program, ...options) => ({
  name,
  run(open, { path, note }) {
    const { status, signal, stdout, stderr } = run(client(program), path, ...options);
    for (const line of stdout.split('\n').filter((each) => each.startsWith('#'))) note(line);
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, stdout + stderr);
    assert.match(stdout, /^ok /m);
  },
});

export const cases = [
  tapClient('a C program finds the 5.4-era interface as it was', 'old_abi'),
  tapClient('and the same as a user who is not root', 'old_abi', NOBODY),
  onBoard('dd reads what a core has, and writes it', ['claims'], (board, { path, note }) => {
    const folder = mkdtempSync(join(tmpdir(), 'dd-'));
    try {
      const core = board.core(1, 2);
      core.write(0, Uint8Array.from({ length: 2 * BLOCK }, (_, index) => (index * 7) & 0xff));
      const [file, place] = [join(folder, 'sram'), core.address / BLOCK];
      const reading = run('dd', `if=${path}`, `of=${file}`, `bs=${BLOCK}`, 'count=2', `skip=${place}`);
      if (reading.status === 0) assert.deepEqual(new Uint8Array(readFileSync(file)), core.read(0, 2 * BLOCK));
      else {
        assert.match(reading.stderr, /Operation not supported/);
        note('this kernel cannot survive a chip that does not answer, so the driver reads no cores for others');
      }
      const content = Uint8Array.from({ length: BLOCK }, (_, index) => (index * 13) & 0xff);
      writeFileSync(file, content);
      const writing = run('dd', `if=${file}`, `of=${path}`, `bs=${BLOCK}`, 'count=1', `seek=${place + 2}`, 'conv=notrunc');
      assert.equal(writing.status, 0, writing.stderr);
      assert.deepEqual(core.read(2 * BLOCK, BLOCK), content);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }),
  {
    name: 'an address that is no core and no memory is refused, or ends only the process that uses it',
    run(open, { path }) {
      const script = `
        import { CharDevice } from 'node-epiphany/device';
        try {
          CharDevice.open(${JSON.stringify(path)}).map({ offset: 0x80000000, length: 4096 }).readWord(0);
          console.log('read');
        } catch (error) {
          console.log(error.code);
        }`;
      const { signal, stdout } = run(process.execPath, '--input-type=module', '--eval', script);
      assert.ok(signal === 'SIGBUS' || /^E(INVAL|NXIO)$/.test(stdout.trim()), `${signal} ${stdout}`);
    },
  },
];
