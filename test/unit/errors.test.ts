// SPDX-License-Identifier: MIT
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { checkInteger, checkPath, EpiphanyError, invalidType, outOfRange, systemError } from '../../lib/errors.js';
import { byteLengthOf, checkView } from '../../lib/view.js';

describe('errors', () => {
  it('of system calls look as those of node:fs do', () => {
    const error = systemError(-13, 'open', { path: '/dev/x', address: 0x80800000 }, 'Do something');
    expect(error).toMatchObject({ code: 'EACCES', errno: -13, syscall: 'open', path: '/dev/x', address: 0x80800000 });
    expect(error.message).toBe("EACCES: permission denied, open '/dev/x' at 0x80800000. Do something");
  });

  it('have a name for every errno of this system', () => {
    for (const [name, errno] of Object.entries(constants.errno)) {
      expect(constants.errno).toHaveProperty(systemError(-errno, 'x').code, errno);
      expect(systemError(-errno, 'x').message).toContain(systemError(-errno, 'x').code);
      expect(name).toMatch(/^E/);
    }
    expect(systemError(-constants.errno.ESTALE, 'read').code).toBe('ESTALE');
    // Those that Node has no name for, and that drivers return all the same.
    expect(systemError(-77, 'ioctl', { path: '/dev/x' })).toMatchObject({ code: 'EBADFD', errno: -77, message: "EBADFD: file descriptor in bad state, ioctl '/dev/x'" });
    for (let errno = 1; errno <= 133; ++errno) {
      if (errno !== 41 && errno !== 58) expect(systemError(-errno, 'x').message, String(errno)).toMatch(/^E[A-Z0-9]+: [a-zA-Z].*[a-z], x$/); // Linux has none for these two
    }
    expect(systemError(-512, 'x').message).toBe('errno 512: an error that Linux has no name for, x');
  });

  it('of misuse name the argument and the offending value', () => {
    expect(invalidType('length', 'a number', 'ten')).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', actual: 'ten', message: `"length" must be a number, got 'ten'` });
    expect(outOfRange('row', '0 to 3', 4)).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE', actual: 4 });
    expect(outOfRange('address', 'smaller', 0x8000).message).toBe('"address" must be smaller, got 32768 (0x8000)');
    expect(invalidType('x', 'a number', function tricky() {}).message).toContain('function tricky');
  });

  it('carry their cause and subject', () => {
    const cause = new Error('why');
    expect(new EpiphanyError('ERR_EPIPHANY_BUSY', 'busy', { path: 'p', cause })).toMatchObject({ name: 'EpiphanyError', code: 'ERR_EPIPHANY_BUSY', path: 'p', cause });
    expect(Object.keys(new EpiphanyError('ERR_EPIPHANY_CLOSED', 'closed'))).not.toContain('path');
  });

  it('are thrown by the checks for all that does not pass', () => {
    expect(checkInteger('n', 5, 0, 5)).toBe(5);
    for (const bad of [6, -1, 0.1, Number.NaN, Infinity]) expect(() => checkInteger('n', bad, 0, 5)).toThrow(RangeError);
    for (const bad of ['5', null, undefined, 5n, {}]) expect(() => checkInteger('n', bad, 0, 5)).toThrow(TypeError);
    expect(() => checkPath('p', '')).toThrow(RangeError);
    expect(() => checkPath('p', 'a\0b')).toThrow(RangeError);
    expect(() => checkPath('p', 5)).toThrow(TypeError);
    expect(() => checkPath('p', 'x'.repeat(5000))).toThrow(RangeError);
    for (const bad of [new ArrayBuffer(4), [1], 'x', Object.create(Uint8Array.prototype)]) {
      expect(() => checkView('v', bad)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE', actual: bad }));
    }
    for (const good of [new Uint8Array(3), new DataView(new ArrayBuffer(3)), new Float64Array(0)]) expect(byteLengthOf(checkView('v', good))).toBe(good.byteLength);
  });
});
