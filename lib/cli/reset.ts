// SPDX-License-Identifier: MIT
import { parseGroup, printJson, type Command } from './command.js';

export const reset: Command = {
  operands: '',
  summary: 'ends whatever cores are doing, and leaves them as after a reset; SRAM is kept',
  examples: ['epiphany reset', 'epiphany reset --group 0,0,2,2'],
  options: { group: { value: 'R,C,ROWS,COLUMNS', summary: 'the cores to reset (default: all)' } },
  count: [0, 0],
  run(context) {
    using group = context.board().workgroup(parseGroup(context.option('group')));
    group.reset();
    if (context.json) printJson(context, { cores: group.cores.length });
    else context.print(`${group.cores.length} cores are reset`);
    return 0;
  },
};
