// SPDX-License-Identifier: MIT
import { parseGroup, printJson, UsageError, type Command } from './command.js';

export const reset: Command = {
  operands: '',
  summary: 'ends whatever cores are doing, and leaves them as after a reset; SRAM is kept',
  examples: ['epiphany reset', 'epiphany reset --group 0,0,2,2', 'epiphany reset --chip --board sim:FILE'],
  options: {
    group: { value: 'R,C,ROWS,COLUMNS', summary: 'the cores to reset (default: all)' },
    chip: { summary: 'the whole chip, whatever it does; everything in it is lost' },
  },
  count: [0, 0],
  lasting: true,
  run(context) {
    if (context.flag('chip')) {
      if (context.option('group') !== undefined) throw new UsageError('--chip resets all cores: there is no --group then');
      const board = context.board();
      board.reset();
      if (context.json) printJson(context, { cores: board.cores.length });
      else context.print('the chip is reset');
      return 0;
    }
    using group = context.board().workgroup(parseGroup(context.option('group')));
    group.reset();
    if (context.json) printJson(context, { cores: group.cores.length });
    else context.print(`${group.cores.length} cores are reset`);
    return 0;
  },
};
