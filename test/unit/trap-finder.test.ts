// SPDX-License-Identifier: MIT
/** The TRAP at which a core has halted, from PC and memory. */
import { describe, expect, it } from 'vitest';
import { openBoard } from '../../lib/index.js';
import { TrapFinder } from '../../lib/workgroup/trap-finder.js';
import { BKPT, NOP, program as code, trap } from './encode.js';
import type { Code } from './group-programs.js';

describe('the TRAP at which a core of a board has halted', () => {
  /** What is found with PC at each of these places; a finder that was given first knows what came before. */
  function found(instructions: readonly Code[], pcs: readonly number[], finder?: TrapFinder): unknown[] {
    using board = openBoard('sim', { stepped: true });
    const core = board.core(0, 0);
    core.write(0, code(...instructions));
    const traps = finder ?? new TrapFinder(board);
    return pcs.map((pc) => {
      core.registers.PC.write(pc);
      const trap = traps.find(core);
      if (trap) traps.served(core, trap);
      return trap && [trap.number, trap.next];
    });
  }
  const inARow = [NOP, trap(7), trap(3), NOP];

  it('is found, be PC at it or behind, also with another one beside it', () => {
    expect(found(inARow, [4, 6])).toEqual([[7, 4], [3, 6]]); // behind
    expect(found(inARow, [2, 4])).toEqual([[7, 4], [3, 6]]); // at it
    expect(found([trap(7), trap(7), NOP], [2, 4])).toEqual([[7, 2], [7, 4]]);
    expect(found([trap(7), trap(7), NOP], [0, 2])).toEqual([[7, 2], [7, 4]]);
    // Two in a row, the first served, and PC still there: the core has executed the second one, so PC is at it.
    expect(found([trap(7), trap(3)], [2, 2])).toEqual([[7, 2], [3, 4]]);
  });

  it('is known once and for all from one that leaves no doubt', () => {
    const loop = [NOP, trap(7), NOP, trap(1), trap(3), NOP];
    expect(found(loop, [4, 8, 10, 2, 6])).toEqual([[7, 4], [1, 8], [3, 10], undefined, undefined]); // before a TRAP
    expect(found(loop, [2, 6, 8, 4, 10])).toEqual([[7, 4], [1, 8], [3, 10], undefined, undefined]); // past it
  });

  it('is none where there is a breakpoint, or nothing', () => {
    expect(found([BKPT, trap(3)], [0, 2])).toEqual([undefined, undefined]);
    expect(found([trap(7), BKPT], [2, 2])).toEqual([[7, 2], undefined]); // the TRAP, and then what is behind it
    expect(found([NOP, trap(7), BKPT, NOP, trap(7), BKPT], [2, 4, 8, 10])).toEqual([[7, 4], undefined, [7, 10], undefined]);
    expect(found([NOP, NOP], [0, 2, 0x7ffe, 0x8000, 0xfffffffe])).toEqual(Array(5).fill(undefined));
  });

  it('is not guessed of a core that somebody else has halted, unless the chip tells', () => {
    using board = openBoard('sim', { stepped: true });
    const core = board.core(0, 0);
    core.write(0, code(...inARow));
    core.registers.PC.write(4);
    expect(new TrapFinder(board).find(core, false)).toBeUndefined();
    expect(new TrapFinder(board, () => 7).find(core, false)).toEqual({ number: 7, next: 4 });
    expect(new TrapFinder(board, () => undefined).find(core, true)).toBeUndefined();
  });

  it('is looked for anew when the core goes on from somewhere else', () => {
    using board = openBoard('sim', { stepped: true });
    const core = board.core(0, 0);
    core.write(0, code(trap(7), BKPT));
    core.registers.PC.write(2);
    const traps = new TrapFinder(board);
    const trapThere = { number: 7, next: 2 };
    expect(traps.find(core)).toEqual(trapThere);
    traps.served(core, trapThere);
    expect(traps.find(core)).toBeUndefined();
    traps.forget(core);
    expect(traps.find(core)).toEqual(trapThere);
  });
});
