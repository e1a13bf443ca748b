// SPDX-License-Identifier: MIT
// Timers: what they count, and what happens at zero.
#include "system_test.h"

namespace test {
namespace {

using namespace encode;

// A program that starts timer `timer` with a count, and what happens until its interrupt. The handler is
// vector 3 or 4 and leaves IRET in R20.
struct TimerRun {
  Board board;
  Code code{kProgram};
  uint32_t first = 0;  // what is executed first while the timer runs

  TimerRun(const chip::Model& model, unsigned timer, unsigned event, uint32_t count, uint32_t config = 0)
      : board(model) {
    Code handler(0x180);
    handler << Movfs32(20, 0, num::kIret) << kBkpt;
    board.PutHandler(0, 3 + timer, handler);
    board.SetR(0, 20, 0xffffffff);
    code.Set(1, config | event << (4 + 4 * timer));
    code.Special(num::kCtimer0 + timer, count);
    code << Movts32(0, num::kConfig, 1);
    first = code.here();
  }
  void Run(uint64_t instructions = 100000, uint32_t quantum = 100) {
    board.PutAndStart(0, code);
    board.Run(instructions, quantum);
  }
  uint32_t iret() { return board.R(0, 20); }
};

void TestClocks() {
  for (unsigned timer = 0; timer < 2; ++timer) {
    for (const uint32_t count : {1u, 2u, 7u, 63u, 64u, 65u, 200u}) {
      for (const uint32_t quantum : {1u, 3u, 100u}) {
        Case("timer %u counts %u clocks, quantum %u", timer, count, quantum);
        TimerRun run(chip::kE16G301, timer, 1, count);
        for (unsigned i = 0; i < 300; ++i) run.code << kNop;
        run.code << kIdle;
        run.Run(100000, quantum);
        // It begins with the instruction behind the MOVTS.
        Equal("IRET", run.iret(), run.first + 2 * count);
        Equal("timer", run.board.Reg(0, at::kCtimer0 + 4 * timer), 0);
        Equal("IPEND", run.board.Reg(0, at::kIpend), 8u << timer);
      }
    }
  }
  {
    Case("a timer that is read while it counts");
    TimerRun run(chip::kE16G301, 0, 1, 1000);
    run.code << Movfs32(30, 0, num::kCtimer0);
    for (unsigned i = 0; i < 9; ++i) run.code << kNop;
    run.code << Movfs32(31, 0, num::kCtimer0) << kBkpt;
    run.Run();
    Equal("at once", run.board.R(0, 30), 1000);
    Equal("ten instructions later", run.board.R(0, 31), 990);
  }
  {
    Case("a timer that is stopped keeps its count");
    TimerRun run(chip::kE16G301, 0, 1, 1000);
    run.code << kNop << kNop << kNop << MovImm16(2, 0) << Movts16(num::kConfig, 2) << kNop << kNop;
    run.code << Movfs32(31, 0, num::kCtimer0) << kBkpt;
    run.Run();
    Equal("the MOVTS that stops it is the last to be counted", run.board.R(0, 31), 995);
  }
  {
    Case("a timer goes on in IDLE by the clock, and ends it");
    TimerRun run(chip::kE16G301, 1, 1, 5000);
    run.code << kNop << kIdle << kBkpt;
    run.Run();
    Equal("IRET", run.iret(), run.first + 4);
  }
  {
    Case("idle cycles");
    TimerRun run(chip::kE16G301, 0, 2, 700);
    for (unsigned i = 0; i < 50; ++i) run.code << kNop;
    run.code << Movfs32(31, 0, num::kCtimer0) << kIdle << kBkpt;
    run.Run();
    Equal("none while it runs", run.board.R(0, 31), 700);
    Equal("IRET", run.iret(), run.code.here() - 2);
  }
  {
    Case("a timer at zero is silent");
    TimerRun run(chip::kE16G301, 0, 1, 3);
    for (unsigned i = 0; i < 50; ++i) run.code << kNop;
    run.code << kIdle;
    run.Run();
    run.board.SetReg(0, at::kDebugCmd, 0);
    Equal("ILAT", run.board.Reg(0, at::kIlat), 0);
  }
}

void TestEvents() {
  for (const uint32_t quantum : {1u, 100u}) {
    {
      Case("instructions of the IALU, in a loop of branches, loads and moves, quantum %u", quantum);
      TimerRun run(chip::kE16G301, 0, 4, 10);
      // 3 of 8 in each round are for the IALU.
      const uint32_t loop = run.code.here();
      run.code << Alu32(kAdd, 30, 30, 31) << Ldr(32, 33) << MovImm16(2, 1) << Fpu16(kFadd, 3, 3, 3)
               << Alu16(kEor, 4, 4, 4) << kNop << AluImm32(kAdd, 34, 34, 1);
      run.code.Branch(AL, loop);
      run.board.SetR(0, 33, 0x4000);
      run.board.SetR(0, 34, 0);
      run.Run(1000, quantum);
      Equal("IRET", run.iret(), loop + 4);
      Equal("rounds", run.board.R(0, 34), 3);
    }
    {
      Case("a branch by itself is none of the IALU, quantum %u", quantum);
      TimerRun run(chip::kE16G301, 0, 4, 5);
      const uint32_t loop = run.code.here();
      run.code << AluImm32(kAdd, 34, 34, 1);
      const uint32_t over = run.code.Ahead(AL);
      run.code << kNop;
      run.code.Land(over);
      run.code.Branch(AL, loop);
      run.board.SetR(0, 34, 0);
      run.Run(1000, quantum);
      Equal("rounds", run.board.R(0, 34), 5);
    }
    {
      Case("instructions of the FPU, quantum %u", quantum);
      TimerRun run(chip::kE16G301, 1, 5, 7);
      const uint32_t loop = run.code.here();
      run.code << Fpu32(kFadd, 3, 3, 3) << Fpu16(kFix, 4, 3) << kNop << AluImm32(kAdd, 34, 34, 1);
      run.code.Branch(AL, loop);
      run.board.SetR(0, 34, 0);
      run.Run(1000, quantum);
      Equal("IRET", run.iret(), loop + 4);
      Equal("rounds", run.board.R(0, 34), 3);
    }
  }
  {
    Case("both timers at once");
    TimerRun run(chip::kE16G301, 0, 1, 40, 4u << 8);
    run.board.SetReg(0, at::kCtimer1, 1000);
    for (unsigned i = 0; i < 20; ++i) run.code << Alu16(kEor, 4, 4, 4) << kNop;
    run.code << kNop << kNop;
    run.Run();
    Equal("IRET", run.iret(), run.first + 80);
    Equal("the other one", run.board.Reg(0, at::kCtimer1), 980);
  }
  for (const unsigned event : {3u, 6u, 7u, 8u, 9u, 10u, 11u, 12u, 13u, 14u, 15u}) {
    Case("event %u never happens here", event);
    TimerRun run(chip::kE16G301, 0, event, 1);
    for (unsigned i = 0; i < 50; ++i) run.code << kNop;
    run.code << kIdle;
    run.Run();
    Equal("IRET", run.iret(), 0xffffffff);
    Equal("timer", run.board.Reg(0, at::kCtimer0), 1);
  }
}

void TestEpiphany4() {
  {
    Case("E-IV: a timer wraps, E-III's does not");
    for (const chip::Model* model : chip::kModels) {
      TimerRun run(*model, 0, 1, 5, 1u << 26);
      Code handler(0x180);
      handler << Movfs32(21, 0, num::kCtimer0) << kNop << kNop << kNop << Movfs32(20, 0, num::kCtimer0)
              << kBkpt;
      run.board.Put(0, handler);
      for (unsigned i = 0; i < 20; ++i) run.code << kNop;
      run.Run();
      const bool wraps = model->generation == chip::Generation::kEpiphany4;
      // In the handler's first slot a branch has been executed: one clock.
      Equal("behind zero", run.board.R(0, 21), wraps ? 0xffffffff : 0);
      Equal("later", run.board.R(0, 20), wraps ? 0xfffffffb : 0);
    }
  }
  {
    Case("E-IV: CTIMER1 counts the ends of CTIMER0");
    TimerRun run(chip::kE64G401, 0, 1, 5, 3u << 8);
    run.board.SetReg(0, at::kCtimer1, 2);
    for (unsigned i = 0; i < 20; ++i) run.code << kNop;
    run.Run();
    Equal("CTIMER1", run.board.Reg(0, at::kCtimer1), 1);
  }
}

void TestSteps() {
  Case("timers and interrupts while the core is halted and stepped");
  TimerRun run(chip::kE16G301, 0, 1, 4);
  for (unsigned i = 0; i < 20; ++i) run.code << kNop;
  run.board.SetReg(0, at::kDebugCmd, 1);
  run.board.PutAndStart(0, run.code);
  for (unsigned i = 0; i < 20; ++i) True("step", run.board.chip().Step(0x808));
  // Four to set up R1 and R63, MOVTS twice and one more, four NOPs, and then the handler.
  Equal("IRET", run.iret(), run.first + 8);
}

}  // namespace

void TestTimers() {
  TestClocks();
  TestEvents();
  TestEpiphany4();
  TestSteps();
}

}  // namespace test
