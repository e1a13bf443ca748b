// SPDX-License-Identifier: MIT
// Every operation in every form, executed one instruction at a time: which registers, flags and bytes of
// memory it changes, and that it changes no others. What is wanted is worked out from the reference.
#include "operations_test.h"

int main() {
  test::TestEncoder();
  test::Board board;
  // One core executes; whatever it signals to the others, they stay asleep.
  for (unsigned core = 0; core < board.cores(); ++core) board.SetReg(core, test::at::kImask, 0x3ff);
  test::TestInteger(board);
  test::TestBranches(board);
  test::TestMemory(board);
  test::TestRegisters(board);
  test::TestControl(board);
  test::TestFloat(board);
  return test::Finish("operations_test");
}
