// SPDX-License-Identifier: MIT
/** Variables of programs, by their symbols. */
import { describe, expect, it } from 'vitest';
import { layout } from '../../lib/index.js';
import { IDLE } from './encode.js';
import { at, bytes, programOf, withGroup } from './group-programs.js';

const TYPE = { code: 'ERR_INVALID_ARG_TYPE' };
const RANGE = { code: 'ERR_OUT_OF_RANGE' };
const DRAM = 0x8e000000;

describe('variables', () => {
  const program = programOf([IDLE], {
    segments: [at(0x2000, new Uint8Array(64)), at(DRAM, new Uint8Array(16))],
    symbols: [
      { name: '_words', address: 0x2000, bytes: 16 },
      { name: 'odd', address: 0x2011, bytes: 3 },
      { name: 'shared', address: DRAM, bytes: 8 },
      { name: 'outside', address: 0x9000, bytes: 4 },
    ],
  });

  it('are one on each core, live', async () => {
    await withGroup(program, (group) => {
      const variable = group.symbol('words');
      expect(variable).toMatchObject({ name: '_words', address: 0x2000, bytes: 16 });
      const words = variable.words(2);
      words[1] = 0xffffffff;
      expect([group.cores[2]?.words[0x801], variable.int32(2)[1], variable.words(1)[1]]).toEqual([0xffffffff, -1, 0]);
      variable.float32(3)[0] = 1.5;
      expect(variable.gather('f32').map((each) => each[0])).toEqual([0, 0, 0, 1.5]);
      variable.scatter([1, 2, 3, 4].map((value) => Uint32Array.of(value)));
      expect(variable.gather('u32').map((each) => each[0])).toEqual([1, 2, 3, 4]);
      variable.broadcast(Uint32Array.of(9, 8, 7, 6));
      expect(variable.gather('i32').map((each) => [...each])).toEqual(Array(4).fill([9, 8, 7, 6]));
      const odd = group.symbol('odd');
      odd.broadcast(bytes('abc'));
      expect(odd.gather('u8').map((each) => new TextDecoder().decode(each))).toEqual(Array(4).fill('abc'));
    });
  });

  it('in shared DRAM are one for all', async () => {
    await withGroup(program, (group) => {
      const shared = group.symbol('shared');
      shared.words(0)[1] = 5;
      expect(shared.words(3)[1]).toBe(5);
      expect(group.board.sharedDramMapping().readWord(4)).toBe(5);
    });
  });

  it('are refused where they are not, or not as asked for', async () => {
    await withGroup(program, (group) => {
      for (const name of ['none', 'outside', 'constructor']) expect(() => group.symbol(name)).toThrow(expect.objectContaining(RANGE));
      expect(() => group.symbol(5 as never)).toThrow(expect.objectContaining(TYPE));
      const words = group.symbol('words');
      const odd = group.symbol('odd');
      for (const use of [() => odd.words(0), () => words.words(4), () => words.words(-1), () => words.words(NaN), () => odd.gather('u16'), () => words.gather('x' as never), () => words.scatter([]), () => words.broadcast(new Uint8Array(17)), () => words.read(layout({ x: 'u8' }))]) {
        expect(use).toThrow(expect.objectContaining(RANGE));
      }
      for (const use of [() => words.scatter(4 as never), () => words.scatter(Array(4) as never), () => words.broadcast(5 as never), () => words.words('length' as never), () => words.read(undefined as never), () => words.read({ bytes: 16 } as never), () => words.write(0, layout({ x: ['u8', 16] }), null as never)]) {
        expect(use).toThrow(expect.objectContaining(TYPE));
      }
      expect(words.gather('u32').flatMap((each) => [...each])).toEqual(Array(16).fill(0));
    });
  });

  it('can be structures', async () => {
    const State = layout({ seq: 'u16', at: ['i16', 4], flag: 'i32' });
    expect([State.bytes, State.alignment, State.offsetOf('at')]).toEqual([16, 8, 2]);
    await withGroup(program, (group) => {
      const variable = group.symbol('words');
      variable.write(1, State, { seq: 7, at: [-1, 2, 3, 4], flag: 255 });
      expect(variable.read(State)[1]).toEqual({ seq: 7, at: [-1, 2, 3, 4], flag: 255 });
      expect(variable.gather('u32')[1]).toEqual(Uint32Array.of(0xffff0007, 0x00030002, 4, 255));
      expect(() => variable.write(0, State, { seq: 65536 })).toThrow(expect.objectContaining({ ...RANGE, message: expect.stringContaining('field seq') as string }));
    });
  });
});
