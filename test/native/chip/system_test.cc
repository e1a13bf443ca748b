// SPDX-License-Identifier: MIT
// What is around the instructions: interrupts, timers, hardware loops, DMA, the mesh, protection, debugging,
// resets, and programs that change themselves or run where programs should not be.
#include "system_test.h"

int main() {
  test::TestInterrupts();
  test::TestTimers();
  test::TestLoops();
  test::TestDma();
  test::TestProtection();
  test::TestManyCores();
  test::TestSignals();
  test::TestMesh();
  test::TestDebug();
  test::TestResets();
  test::TestStrangeCode();
  return test::Finish("system_test");
}
