// SPDX-License-Identifier: MIT
// What a debugger does: halting, steps, breakpoints.
#include <cstring>
#include <vector>

#include "system_test.h"

namespace test {
namespace {

using namespace encode;

void TestHalting() {
  {
    Case("halt, step, resume");
    Board board;
    Code code(kProgram);
    code << AluImm16(kAdd, 1, 1, 1) << AluImm32(kAdd, 2, 2, 1);
    code.ShortBranch(AL, kProgram);
    board.SetR(0, 1, 0);
    board.SetR(0, 2, 0);
    board.PutAndStart(0, code);
    True("not halted", !board.chip().Step(0x808));
    board.SetReg(0, at::kDebugCmd, 1);
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 1);
    Equal("nothing runs", board.Run(100).instructions, 0);
    const uint32_t pcs[] = {kProgram + 2, kProgram + 6, kProgram, kProgram + 2};
    for (const uint32_t pc : pcs) {
      True("step", board.chip().Step(0x808));
      Equal("PC", board.Reg(0, at::kPc), pc);
      Equal("still halted", board.Reg(0, at::kDebugStatus), 1);
    }
    Equal("R1", board.R(0, 1), 2);
    board.SetReg(0, at::kDebugCmd, 0);
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 0);
    Equal("it runs", board.Run(100).instructions, 100);
    Equal("told", board.Told(chip::Event::Kind::kCoreHalted), 1);
    Equal("told", board.Told(chip::Event::Kind::kCoreResumed), 1);
    True("no such core", !board.chip().Step(0x80c));
    board.SetReg(1, at::kDebugCmd, 1);
    True("not active", !board.chip().Step(0x809));
  }
  {
    Case("DEBUGCMD knows 0 and 1 only");
    Board board;
    board.SetReg(0, at::kDebugCmd, 3);
    board.SetReg(0, at::kDebugCmd, 2);
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 0);
    board.SetReg(0, at::kDebugCmd, 1);
    board.SetReg(0, at::kDebugCmd, 2);
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 1);
  }
}

void TestSteps() {
  Case("steps into an interrupt, and out of it");
  Board board;
  PutHandlers(board);
  board.PutAndStart(0, IdleLoop());
  Code code(kProgram);
  code << kNop << kNop << kNop;
  board.Put(0, code);
  board.SetReg(0, at::kDebugCmd, 1);
  board.chip().Step(0x808);
  board.SetReg(0, at::kIlatst, 1u << 5);
  board.chip().Step(0x808);
  Equal("the vector's branch", board.Reg(0, at::kPc), 0x150);
  for (unsigned i = 0; i < 3; ++i) board.chip().Step(0x808);
  Equal("behind RTI", board.Reg(0, at::kPc), kProgram + 2);
  board.chip().Step(0x808);
  Equal("on", board.Reg(0, at::kPc), kProgram + 4);
  EqualText("log", LogOf(board), "5");
}

void TestBreakpoints() {
  Case("breakpoints as a debugger sets them");
  Board board;
  Code code(kProgram);
  for (unsigned i = 0; i < 4; ++i) code << AluImm16(kAdd, 1, 1, 1);
  code.ShortBranch(AL, kProgram);
  board.SetR(0, 1, 0);
  board.PutAndStart(0, code);
  board.Run(7);
  Equal("R1", board.R(0, 1), 6);
  board.SetReg(0, at::kDebugCmd, 1);
  uint16_t old;
  std::memcpy(&old, board.sram() + kProgram + 4, 2);
  Code bkpt(kProgram + 4);
  bkpt << kBkpt;
  board.Put(0, bkpt);
  board.SetReg(0, at::kDebugCmd, 0);
  board.Run(100);
  Equal("PC", board.Reg(0, at::kPc), kProgram + 4);
  Equal("R1", board.R(0, 1), 6);
  // On a breakpoint that is still there a core halts again.
  board.SetReg(0, at::kDebugCmd, 0);
  Equal("once", board.Run(100).instructions, 1);
  Equal("PC", board.Reg(0, at::kPc), kProgram + 4);
  std::memcpy(board.sram() + kProgram + 4, &old, 2);
  True("step", board.chip().Step(0x808));
  Equal("PC", board.Reg(0, at::kPc), kProgram + 6);
  board.Put(0, bkpt);
  board.SetReg(0, at::kDebugCmd, 0);
  board.Run(100);
  Equal("R1", board.R(0, 1), 10);
}

void TestTraps() {
  Case("the TRAP by which a core is halted is known until it goes on");
  Board board;
  Code code(kProgram);
  code << Trap(7) << Trap(63) << kNop << kBkpt;
  board.PutAndStart(0, code);
  const auto trap = [&board] { return board.chip().trap(0x808); };
  Equal("runs", trap(), -1);
  board.Run(100);
  Equal("PC", board.Reg(0, at::kPc), kProgram + 2);
  Equal("trap", trap(), 7);
  board.SetReg(0, at::kDebugCmd, 1);  // is halted anyway
  Equal("trap", trap(), 7);
  const std::vector<uint32_t> words = board.Save();
  Board other;
  True("restored", other.chip().Restore(words.data(), words.size()));
  Equal("trap", other.chip().trap(0x808), 7);
  board.SetReg(0, at::kDebugCmd, 0);
  Equal("goes on", trap(), -1);
  board.SetReg(0, at::kDebugCmd, 1);
  Equal("halted by a command", trap(), -1);
  True("step", board.chip().Step(0x808));
  Equal("stepped over it", trap(), 63);
  True("step", board.chip().Step(0x808));
  Equal("stepped on", trap(), -1);
  board.SetReg(0, at::kDebugCmd, 0);
  board.Run(100);
  Equal("at a breakpoint", trap(), -1);
  Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 1);
  board.PutAndStart(1, code);
  board.Run(100);
  Equal("trap", board.chip().trap(0x809), 7);
  board.Reset(1);
  Equal("reset", board.chip().trap(0x809), -1);
  Equal("no such core", board.chip().trap(0x80c), -1);
}

}  // namespace

void TestDebug() {
  TestTraps();
  TestHalting();
  TestSteps();
  TestBreakpoints();
}

}  // namespace test
