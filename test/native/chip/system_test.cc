// SPDX-License-Identifier: MIT
// What is around the instructions: interrupts, timers, hardware loops, DMA, the mesh, protection, debugging,
// resets, and programs that change themselves or run where programs should not be.
#include <algorithm>
#include <string>

#include "board.h"
#include "programs.h"
#include "testing.h"

namespace {

using namespace encode;
using namespace test;
using chip::RunResult;
using testing::Case;
using testing::Equal;
using testing::True;

constexpr uint32_t kCode = 0x200;
constexpr uint32_t kLog = 0x6000;
constexpr uint32_t kInHandler = kActive | kGidBit | kKm;

// Writes a byte to the log that R50 points behind. R51 is used.
Code& Log(Code& code, unsigned byte) {
  return code << MovImm32(51, byte) << PostDisp32(kStore, kByte, 51, 50, kPlus, 1);
}

std::string LogOf(Board& board, unsigned core = 0) {
  std::string text;
  for (uint32_t i = kLog; board.sram(core)[i] != 0; ++i) text += static_cast<char>(board.sram(core)[i]);
  return text;
}

void EqualText(const char* what, const std::string& got, const std::string& wanted) {
  if (got != wanted) std::printf("%s: got \"%s\", wanted \"%s\"\n", what, got.c_str(), wanted.c_str());
  True(what, got == wanted);
}

// For each interrupt n: a handler that logs the digit n and returns.
void PutHandlers(Board& board) {
  for (unsigned n = 0; n < 10; ++n) {
    Code handler(0x100 + 16 * n);
    Log(handler, '0' + n) << kRti;
    board.Put(0, handler);
    board.Vector(0, n, 0x100 + 16 * n);
  }
  board.SetR(0, 50, kLog);
}

Code IdleLoop(uint32_t origin = kCode) {
  Code code(origin);
  code << kIdle << kIdle << kIdle << kIdle;
  return code.ShortBranch(AL, origin);
}

// --- interrupts

void TestInterrupts() {
  for (unsigned n = 0; n < 10; ++n) {
    Case("interrupt %u wakes a core", n);
    Board board;
    board.PutAndStart(0, IdleLoop());
    board.Run(10);
    Equal("idle", board.Reg(0, at::kStatus), 0);
    board.SetReg(0, at::kIlatst, 1u << n);
    Code vector(4 * n);
    vector << kNop << kNop;
    board.Put(0, vector);
    Equal("one instruction", board.Run(1).instructions, 1);
    Equal("PC", board.Reg(0, at::kPc), 4 * n + 2);
    Equal("IRET", board.Reg(0, at::kIret), kCode + 2);
    Equal("ILAT", board.Reg(0, at::kIlat), 0);
    Equal("IPEND", board.Reg(0, at::kIpend), 1u << n);
    Equal("STATUS", board.Reg(0, at::kStatus), kInHandler);
  }
  {
    Case("masked interrupts stay latched until the mask opens");
    Board board;
    PutHandlers(board);
    board.PutAndStart(0, IdleLoop());
    board.SetReg(0, at::kImask, 0x200);
    board.SetReg(0, at::kIlatst, 0x200);
    True("idle", board.Run(100).stop == RunResult::Stop::kAllIdle);
    Equal("ILAT", board.Reg(0, at::kIlat), 0x200);
    Equal("STATUS", board.Reg(0, at::kStatus), 0);
    board.SetReg(0, at::kImask, 0x1ff);
    board.Run(100);
    EqualText("log", LogOf(board), "9");
    Equal("ILAT", board.Reg(0, at::kIlat), 0);
    Equal("IPEND", board.Reg(0, at::kIpend), 0);
  }
  {
    Case("all at once are taken by priority");
    Board board;
    PutHandlers(board);
    board.PutAndStart(0, IdleLoop());
    board.SetReg(0, at::kIlatst, 0xffffffff);
    board.Run(1000);
    EqualText("log", LogOf(board), "0123456789");
    Equal("IPEND", board.Reg(0, at::kIpend), 0);
  }
  {
    Case("latched twice is taken once; ILATCL forgets");
    Board board;
    PutHandlers(board);
    board.PutAndStart(0, IdleLoop());
    board.SetReg(0, at::kIlatst, 0x90);
    board.SetReg(0, at::kIlatst, 0x90);
    board.SetReg(0, at::kIlatcl, 0x10);
    board.Run(1000);
    EqualText("log", LogOf(board), "7");
  }
  {
    Case("Interrupt latches like ILATST");
    Board board;
    PutHandlers(board);
    board.PutAndStart(0, IdleLoop());
    True("there is one", board.chip().Interrupt(0x808, 0x220));
    True("there is none", !board.chip().Interrupt(0x80c, 1));
    board.Run(1000);
    EqualText("log", LogOf(board), "59");
  }
  {
    // 9 is interrupted by 3, 3 is not by 9 nor by itself, and whatever was latched comes later.
    Case("nesting");
    Board board;
    PutHandlers(board);
    Code nine(0x300);
    Log(nine, 'n');
    nine << Movfs32(20, 0, num::kIret) << kGie;
    nine.Special(num::kIlatst, 1u << 3);
    Log(nine, 'N') << kGid << Movts32(0, num::kIret, 20) << kRti;
    Code three(0x400);
    Log(three, 't');
    three << Movfs32(21, 0, num::kIpend) << Movfs32(22, 0, num::kIret) << kGie;
    three << AluImm32(kSub, 30, 30, 1);
    const uint32_t skip = three.Ahead(NE);
    three.Special(num::kIlatst, 1u << 9 | 1u << 3);
    three.Land(skip);
    Log(three, 'T') << kGid << Movts32(0, num::kIret, 22) << kRti;
    board.Put(0, nine);
    board.Put(0, three);
    board.Vector(0, 9, 0x300);
    board.Vector(0, 3, 0x400);
    board.SetR(0, 30, 1);
    board.PutAndStart(0, IdleLoop());
    board.SetReg(0, at::kIlatst, 1u << 9);
    board.Run(1000);
    // 9; in it 3, which latches both; 3 again, still within 9; the end of 9; 9 again, with a 3 in it.
    EqualText("log", LogOf(board), "ntTtTNntTN");
    Equal("IPEND while nested", board.R(0, 21), 1u << 9 | 1u << 3);
    Equal("IPEND", board.Reg(0, at::kIpend), 0);
    Equal("ILAT", board.Reg(0, at::kIlat), 0);
    Equal("STATUS", board.Reg(0, at::kStatus) & 7, 0);
  }
  {
    Case("GID keeps them out, GIE lets them in");
    Board board;
    PutHandlers(board);
    Code code(kCode);
    code << kGid;
    code.Special(num::kIlatst, 1u << 9);
    Log(code, 'a') << kGie;
    Log(code, 'b') << kIdle;
    board.PutAndStart(0, code);
    board.Run(1000);
    EqualText("log", LogOf(board), "a9b");
  }
  {
    Case("the mask opens from within, between two instructions");
    Board board;
    PutHandlers(board);
    Code code(kCode);
    code.Special(num::kImask, 0x3ff);
    code.Special(num::kIlatst, 1u << 4);
    Log(code, 'a');
    code.Special(num::kImask, 0);
    Log(code, 'b') << kIdle;
    board.PutAndStart(0, code);
    board.Run(1000);
    EqualText("log", LogOf(board), "a4b");
  }
  for (const bool is_aligned : {true, false}) {
    Case("GIE and IDLE, GIE %saligned", is_aligned ? "" : "not ");
    Board board;
    PutHandlers(board);
    Code handler(0x300);
    handler << Movfs32(20, 0, num::kIret);
    Log(handler, 'h') << kRti;
    board.Put(0, handler);
    board.Vector(0, 9, 0x300);
    Code code(kCode);
    code << kGid;
    code.Special(num::kIlatst, 1u << 9);
    code.Align(8);
    if (!is_aligned) code << kNop;
    code << kGie;
    const uint32_t idle = code.here();
    code << kIdle;
    Log(code, 'b') << kBkpt;
    board.PutAndStart(0, code);
    board.Run(1000);
    // The interrupt ends the IDLE if it is taken behind it; else nothing does.
    EqualText("log", LogOf(board), is_aligned ? "hb" : "h");
    Equal("IRET", board.R(0, 20), is_aligned ? idle + 2 : idle);
  }
  {
    Case("GIE and IDLE, and a debugger that halts the core between them");
    Board board;
    PutHandlers(board);
    Code handler(0x300);
    handler << Movfs32(20, 0, num::kIret) << kRti;
    board.Put(0, handler);
    board.Vector(0, 9, 0x300);
    Code code(kCode);
    code << kGie << kIdle << kBkpt;
    board.PutAndStart(0, code, kActive | kGidBit);
    board.Run(1);
    board.SetReg(0, at::kDebugCmd, 1);
    board.SetReg(0, at::kIlatst, 0x200);
    Equal("halted", board.Run(100).instructions, 0);
    board.SetReg(0, at::kDebugCmd, 0);
    board.Run(100);
    Equal("IRET", board.R(0, 20), kCode + 4);
  }
  {
    Case("IDLE with GID goes on at an interrupt, without taking it");
    Board board;
    PutHandlers(board);
    Code code(kCode);
    code << kGid << kIdle;
    Log(code, 'a') << kBkpt;
    board.PutAndStart(0, code);
    board.SetReg(0, at::kImask, 0x1ff);
    board.Run(1000);
    EqualText("log while it sleeps", LogOf(board), "");
    board.SetReg(0, at::kIlatst, 1u << 4);
    board.Run(1000);
    EqualText("log while it is masked", LogOf(board), "");
    board.SetReg(0, at::kIlatst, 1u << 9);
    board.Run(1000);
    EqualText("log", LogOf(board), "a");
    Equal("ILAT", board.Reg(0, at::kIlat), 1u << 9 | 1u << 4);
    Equal("IPEND", board.Reg(0, at::kIpend), 0);
    Equal("PC", board.Reg(0, at::kPc), code.here() - 2);
  }
  {
    Case("a program raises its own interrupt by an address, too");
    Board board;
    PutHandlers(board);
    Code code(kCode);
    code.Set(1, at::kIlatst) << MovImm16(2, 0x80) << Disp16(kStore, kWord, 2, 1, 0);
    Log(code, 'a') << kIdle;
    board.PutAndStart(0, code);
    board.Run(1000);
    EqualText("log", LogOf(board), "7a");
  }
  {
    Case("an interrupt behind a taken branch comes back to its target");
    Board board;
    PutHandlers(board);
    Code handler(0x300);
    handler << Movfs32(20, 0, num::kIret) << kRti;
    board.Put(0, handler);
    board.Vector(0, 3, 0x300);
    Code code(kCode);
    code.Branch(AL, kCode + 0x40);
    board.PutAndStart(0, code);
    Code target(kCode + 0x40);
    target << kNop << kIdle;
    board.Put(0, target);
    board.Run(1);
    board.SetReg(0, at::kIlatst, 8);
    board.Run(1000);
    Equal("IRET", board.R(0, 20), kCode + 0x40);
  }
}

void TestExceptions() {
  struct Row {
    const char* name;
    Insn insn;
    unsigned cause;
  };
  const Row rows[] = {{"SWI", Swi(3), 1},
                      {"unaligned", Ldr(1, 2), 2},
                      {"FPU", Fpu16(kFmul, 3, 4, 4), 3},
                      {"UNIMPL", kUnimpl, 4},
                      {"TESTSET of a local address", Testset(1, 3, kPlus, 3), 5}};
  for (const Row& row : rows) {
    Case("exception: %s", row.name);
    Board board;
    PutHandlers(board);
    Code handler(0x300);
    handler << Movfs32(20, 0, num::kIret) << Movfs32(21, 0, num::kStatus);
    Log(handler, 'h') << kRti;
    board.Put(0, handler);
    board.Vector(0, 1, 0x300);
    Code code(kCode);
    code << row.insn;
    const uint32_t behind = code.here();
    Log(code, 'a') << Movfs32(22, 0, num::kStatus) << kIdle;
    board.SetReg(0, at::kConfig, 0xe);
    board.SetR(0, 2, 0x4001);
    board.SetR(0, 3, 0);
    board.SetR(0, 4, 0x7f000000);
    board.PutAndStart(0, code);
    board.Run(1000);
    EqualText("log", LogOf(board), "ha");
    Equal("IRET", board.R(0, 20), behind);
    Equal("EXCAUSE", board.R(0, 21) >> 16 & 15, row.cause);
    Equal("EXCAUSE after RTI", board.R(0, 22) >> 16 & 15, row.cause);
    Equal("GID and KM", board.R(0, 21) & 6, 6);
  }
  {
    Case("exceptions while GID is set wait, and are one");
    Board board;
    PutHandlers(board);
    Code code(kCode);
    code << kGid << Swi(0) << kUnimpl;
    Log(code, 'a') << kGie;
    Log(code, 'b') << kIdle;
    board.PutAndStart(0, code);
    board.Run(1000);
    EqualText("log", LogOf(board), "a1b");
    Equal("EXCAUSE", board.Reg(0, at::kStatus) >> 16 & 15, 4);
  }
}

// --- timers

// A program that starts timer `timer` with a count, and what happens until its interrupt. The handler is
// vector 3 or 4 and leaves IRET in R20.
struct TimerRun {
  Board board;
  Code code{kCode};
  uint32_t first = 0;  // what is executed first while the timer runs

  TimerRun(const chip::Model& model, unsigned timer, unsigned event, uint32_t count, uint32_t config = 0)
      : board(model) {
    Code handler(0x180);
    handler << Movfs32(20, 0, num::kIret) << kBkpt;
    board.Put(0, handler);
    board.Vector(0, 3 + timer, 0x180);
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

void TestTimers() {
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
  {
    Case("timers and interrupts while the core is halted and stepped");
    TimerRun run(chip::kE16G301, 0, 1, 4);
    for (unsigned i = 0; i < 20; ++i) run.code << kNop;
    run.board.SetReg(0, at::kDebugCmd, 1);
    run.board.PutAndStart(0, run.code);
    for (unsigned i = 0; i < 20; ++i) True("step", run.board.chip().Step(0x808));
    // Four to set up R1 and R63, MOVTS twice and one more, four NOPs, and then the handler.
    Equal("IRET", run.iret(), run.first + 8);
  }
}

// --- hardware loops

void TestLoops() {
  struct Row {
    uint32_t count, passes;
    bool is_global;
  };
  for (const Row row : {Row{0, 1, false}, Row{1, 1, false}, Row{2, 2, false}, Row{3, 3, false},
                        Row{100, 100, false}, Row{5, 5, true}}) {
    for (const unsigned body : {8u, 9u, 70u, 150u}) {
      for (const uint32_t quantum : {1u, 7u, 1000u}) {
        Case("hardware loop of %u instructions, LC %u, quantum %u", body, row.count, quantum);
        Board board;
        Code code(kCode);
        code << kGid << kNop;
        const uint32_t window = row.is_global ? board.Global(0, 0) : 0;
        // LE is known only when the body is.
        const uint32_t setup = 4 * 9;
        uint32_t start = (code.here() + setup + 7) & ~7u;
        if (body % 2 == 1) start += 4;  // that the last but one is aligned is not ours to test
        code.Special(num::kLs, window | start);
        code.Special(num::kLe, window | (start + 4 * (body - 1)));
        code.Special(num::kLc, row.count);
        while (code.here() != start) code << kNop;
        for (unsigned i = 0; i < body; ++i) code << AluImm32(kAdd, 30, 30, 1);
        code << AluImm32(kAdd, 31, 31, 1) << kBkpt;
        board.SetR(0, 30, 0);
        board.SetR(0, 31, 0);
        board.PutAndStart(0, code);
        board.Run(100000, quantum);
        Equal("instructions of the body", board.R(0, 30), uint64_t{row.passes} * body);
        Equal("behind it", board.R(0, 31), 1);
        Equal("CONFIG", board.Reg(0, at::kConfig), 0);
        Equal("PC", board.Reg(0, at::kPc) & 0xfffff, code.here() - 2);
      }
    }
  }
  {
    Case("a loop that its last instruction ends by writing LC");
    Board board;
    Code code(kCode);
    code << kGid << kNop;
    const uint32_t start = kCode + 0x40;
    code.Special(num::kLs, start);
    code.Special(num::kLe, start + 4 * 7);
    code.Special(num::kLc, 10);
    while (code.here() != start) code << kNop;
    for (unsigned i = 0; i < 7; ++i) code << AluImm32(kAdd, 30, 30, 1);
    code << Movts32(0, num::kLc, 40) << kBkpt;
    board.SetR(0, 30, 0);
    board.SetR(0, 40, 0);
    board.PutAndStart(0, code);
    board.Run(10000);
    Equal("instructions of the body", board.R(0, 30), 7);
    Equal("CONFIG", board.Reg(0, at::kConfig), 0);
  }
  {
    Case("a loop whose body stores and has work of its own");
    Board board;
    Code code(kCode);
    code << kGid << kNop;
    const uint32_t start = kCode + 0x40;
    code.Special(num::kLs, start);
    code.Special(num::kLe, start + 4 * 7);
    code.Special(num::kLc, 16);
    while (code.here() != start) code << kNop;
    code << PostDisp32(kStore, kWord, 30, 40, kPlus, 1) << AluImm32(kAdd, 30, 30, 3);
    code << Movfs32(32, 0, num::kLc) << Ldr(33, 41) << Alu32(kAdd, 34, 34, 32);
    code << Str(34, 41) << Mov32(AL, 35, 34) << PostDisp32(kStore, kWord, 32, 42, kPlus, 1) << kBkpt;
    for (const unsigned zero : {30u, 34u}) board.SetR(0, zero, 0);
    board.SetR(0, 40, 0x4000);
    board.SetR(0, 41, 0x5000);
    board.SetR(0, 42, 0x4800);
    board.PutAndStart(0, code);
    board.Run(10000);
    for (unsigned i = 0; i < 16; ++i) {
      Equal("stored", board.Word(0, 0x4000 + 4 * i), 3 * i);
      Equal("LC as the body sees it", board.Word(0, 0x4800 + 4 * i), 16 - i);
    }
    Equal("sum", board.R(0, 35), 136);
  }
}

// --- DMA

struct Descriptor {
  uint32_t config, inner_stride, count, outer_stride, source, destination;
};

void PutDescriptor(Board& board, uint32_t at, const Descriptor& d) {
  const uint32_t words[] = {d.config, d.inner_stride, d.count, d.outer_stride, d.source, d.destination};
  for (unsigned i = 0; i < 6; ++i) board.SetWord(0, at + 4 * i, words[i]);
}

constexpr uint32_t kEnable = 1, kMaster = 2, kChain = 4, kStartup = 8, kIrq = 16, kMessageMode = 1u << 10;
constexpr uint32_t SizeBits(unsigned size) {
  return size << 5;
}
constexpr uint32_t Pair(int high, int low) {
  return static_cast<uint32_t>(high) << 16 | (static_cast<uint32_t>(low) & 0xffff);
}
constexpr uint32_t kChannel = 0x20;  // from one to the other

void StartDma(Board& board, unsigned channel, uint32_t descriptor) {
  board.SetReg(0, at::kDma0Config + kChannel * channel, descriptor << 16 | kStartup);
}

uint32_t DmaState(Board& board, unsigned channel) {
  return board.Reg(0, at::kDma0Status + kChannel * channel) & 15;
}

void FillSource(Board& board, uint32_t from = 0x2000, uint32_t bytes = 0x1000) {
  for (uint32_t i = 0; i < bytes; ++i)
    board.sram()[from + i] = static_cast<unsigned char>(i * 7 + (i >> 8) + 1);
}

void TestDma() {
  for (unsigned channel = 0; channel < 2; ++channel) {
    for (unsigned size = 0; size < 4; ++size) {
      Case("DMA%u in one dimension, %u bytes at a time", channel, 1u << size);
      Board board;
      FillSource(board);
      const int step = 1 << size;
      PutDescriptor(board, 0x100,
                    {kEnable | kMaster | kIrq | SizeBits(size), Pair(step, step), Pair(1, 20),
                     Pair(step, step), 0x2000, 0x4000});
      board.SetReg(0, at::kImask, 0x3ff);
      StartDma(board, channel, 0x100);
      board.Run(1000);
      const uint32_t bytes = 20u << size;
      True("copied", std::memcmp(board.sram() + 0x2000, board.sram() + 0x4000, bytes) == 0);
      Equal("and no more", board.sram()[0x4000 + bytes], 0);
      Equal("STATUS", board.Reg(0, at::kDma0Status + kChannel * channel), 0x100u << 16);
      Equal("ILAT", board.Reg(0, at::kIlat), 0x40u << channel);
      Equal("SRCADDR", board.Reg(0, at::kDma0Source + kChannel * channel), 0x2000 + bytes);
      Equal("DSTADDR", board.Reg(0, at::kDma0Destination + kChannel * channel), 0x4000 + bytes);
      Equal("COUNT", board.Reg(0, at::kDma0Count + kChannel * channel), 20);
      Equal("the other channel", board.Reg(0, at::kDma0Status + kChannel * (1 - channel)), 0);
    }
  }
  {
    Case("DMA in two dimensions: the outer stride stands for the inner one");
    Board board;
    FillSource(board);
    // 4 rows of 3 words: from rows of 32 bytes to rows of 12.
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2), Pair(4, 4), Pair(4, 3), Pair(4, 32 - 8), 0x2000, 0x4000});
    StartDma(board, 0, 0x100);
    board.Run(1000);
    for (unsigned row = 0; row < 4; ++row) {
      for (unsigned i = 0; i < 3; ++i)
        Equal("word", board.Word(0, 0x4000 + 12 * row + 4 * i), board.Word(0, 0x2000 + 32 * row + 4 * i));
    }
    Equal("nothing behind", board.Word(0, 0x4030), 0);
    Equal("STRIDE", board.Reg(0, at::kDma0Stride), Pair(4, 24));
    Equal("COUNT", board.Reg(0, at::kDma0Count), 3);
    Equal("SRCADDR", board.Reg(0, at::kDma0Source), 0x2000 + 4 * 32);
  }
  {
    Case("DMA backwards");
    Board board;
    FillSource(board);
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2), Pair(-4, 4), Pair(1, 8), Pair(-4, 4), 0x2000, 0x401c});
    StartDma(board, 1, 0x100);
    board.Run(1000);
    for (unsigned i = 0; i < 8; ++i)
      Equal("word", board.Word(0, 0x4000 + 4 * i), board.Word(0, 0x2000 + 4 * (7 - i)));
  }
  {
    Case("DMA started by hand");
    Board board;
    FillSource(board);
    board.SetReg(0, at::kDma0Stride, Pair(8, 4));
    board.SetReg(0, at::kDma0Count, Pair(1, 5));
    board.SetReg(0, at::kDma0Source, 0x2000);
    board.SetReg(0, at::kDma0Destination, board.Global(3, 0x4000));
    board.SetReg(0, at::kDma0Config, kEnable | kMaster | SizeBits(2));
    board.Run(1000);
    for (unsigned i = 0; i < 5; ++i)
      Equal("word", board.Word(3, 0x4000 + 8 * i), board.Word(0, 0x2000 + 4 * i));
    Equal("state", DmaState(board, 0), 0);
  }
  {
    Case("a chain of two, with an interrupt of each");
    Board board;
    PutHandlers(board);
    FillSource(board);
    PutDescriptor(board, 0x400,
                  {0x420u << 16 | kEnable | kMaster | kChain | kIrq | SizeBits(2), Pair(4, 4), Pair(1, 40),
                   Pair(4, 4), 0x2000, 0x4000});
    PutDescriptor(
        board, 0x420,
        {kEnable | kMaster | kIrq | SizeBits(3), Pair(8, 8), Pair(1, 40), Pair(8, 8), 0x2800, 0x5000});
    board.PutAndStart(0, IdleLoop());
    StartDma(board, 0, 0x400);
    board.Run(1000);
    True("first", std::memcmp(board.sram() + 0x2000, board.sram() + 0x4000, 160) == 0);
    True("second", std::memcmp(board.sram() + 0x2800, board.sram() + 0x5000, 320) == 0);
    EqualText("log", LogOf(board), "66");
    Equal("CURR_PTR", board.Reg(0, at::kDma0Status), 0x420u << 16);
  }
  {
    // One word a stride of 1 << 16 apart, in another core's megabyte and in DRAM.
    Case("shifted strides");
    Board board;
    for (unsigned i = 0; i < 4; ++i) board.SetWord(0, 0x2000 + 4 * i, 0x11111111 * (i + 1));
    // Inner destination by 0x20000 in DRAM, outer destination by 0x100000, source by 4 each.
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2) | 1u << 13 | 1u << 15, Pair(2, 4), Pair(2, 2), Pair(16, 4),
                   0x2000, kDram});
    StartDma(board, 0, 0x100);
    board.Run(1000);
    Equal("first", board.DramWord(0), 0x11111111);
    Equal("second", board.DramWord(0x20000), 0x22222222);
    Equal("third", board.DramWord(0x120000), 0x33333333);
    Equal("fourth", board.DramWord(0x140000), 0x44444444);
    Case("shifted source strides");
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2) | 1u << 12 | 1u << 14, Pair(4, 2), Pair(2, 2), Pair(4, 16),
                   kDram, 0x3000});
    StartDma(board, 0, 0x100);
    board.Run(1000);
    for (unsigned i = 0; i < 4; ++i) Equal("word", board.Word(0, 0x3000 + 4 * i), 0x11111111 * (i + 1));
  }
  {
    Case("message mode interrupts the receiver at the last datum");
    Board board;
    FillSource(board);
    board.SetReg(2, at::kImask, 0x3ff);
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | kMessageMode | SizeBits(2), Pair(4, 4), Pair(3, 16), Pair(4, 4),
                   0x2000, board.Global(2, 0x4000)});
    StartDma(board, 0, 0x100);
    board.chip().RunCore(0, 16);
    Equal("not before", board.Reg(2, at::kIlat), 0);
    board.Run(1000);
    Equal("ILAT", board.Reg(2, at::kIlat), 0x20);
    True("copied", std::memcmp(board.sram() + 0x2000, board.sram(2) + 0x4000, 192) == 0);
    Equal("own ILAT", board.Reg(0, at::kIlat), 0);
  }
  {
    Case("a read from elsewhere in message mode is over when the data is there");
    Board board;
    std::memset(board.dram() + 0x100, 0x5a, 256);
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | kMessageMode | SizeBits(3), Pair(8, 8), Pair(1, 32), Pair(8, 8),
                   kDram + 0x100, 0x4000});
    StartDma(board, 0, 0x100);
    board.Run(1000);
    Equal("state", DmaState(board, 0), 0);
    True("copied", std::memcmp(board.dram() + 0x100, board.sram() + 0x4000, 256) == 0);
    Equal("ILAT", board.Reg(0, at::kIlat), 0);
  }
  {
    Case("slave mode: words that another core stores to AUTO0");
    Board board;
    board.SetReg(0, at::kImask, 0x3ff);
    PutDescriptor(board, 0x100,
                  {kEnable | kIrq | SizeBits(2), Pair(4, 0), Pair(2, 8), Pair(0x20, 0), 0, 0x4000});
    StartDma(board, 0, 0x100);
    Equal("state", DmaState(board, 0), 6);
    Code code(kCode);
    code.Set(1, board.Global(0, at::kDma0Auto0)) << MovImm16(2, 16);
    const uint32_t loop = code.here();
    code << Disp16(kStore, kWord, 2, 1, 0) << AluImm16(kSub, 2, 2, 1);
    code.ShortBranch(NE, loop) << kIdle;
    board.PutAndStart(9, code);
    board.Run(1000);
    for (unsigned i = 0; i < 16; ++i) {
      const uint32_t where = 0x4000 + 4 * i + (i >= 8 ? 0x1c : 0);
      Equal("word", board.Word(0, where), 16 - i);
    }
    Equal("state", DmaState(board, 0), 0);
    Equal("ILAT", board.Reg(0, at::kIlat), 0x40);
  }
  {
    // AUTO0 is no multiple of 8, so a core cannot store both halves at once.
    Case("slave mode: doublewords, bytes, and by the host");
    Board board;
    PutDescriptor(board, 0x100, {kEnable | SizeBits(3), Pair(8, 0), Pair(1, 2), Pair(8, 0), 0, 0x4000});
    StartDma(board, 0, 0x100);
    Code code(kCode);
    code.Set(1, board.Global(0, at::kDma0Auto0)).Set(2, 0x11223344).Set(3, 0x55667788);
    code << Disp16(kStore, kWord, 3, 1, 1) << Disp16(kStore, kWord, 2, 1, 0) << kIdle;
    board.PutAndStart(9, code);
    board.Run(1000);
    Equal("low", board.Word(0, 0x4000), 0x11223344);
    Equal("high", board.Word(0, 0x4004), 0x55667788);
    board.SetReg(0, at::kDma0Auto1, 0xaaaaaaaa);
    board.SetReg(0, at::kDma0Auto0, 0xbbbbbbbb);
    Equal("low by the host", board.Word(0, 0x4008), 0xbbbbbbbb);
    Equal("high by the host", board.Word(0, 0x400c), 0xaaaaaaaa);
    Equal("state", DmaState(board, 0), 0);
    PutDescriptor(board, 0x100, {kEnable | SizeBits(0), Pair(1, 0), Pair(1, 4), Pair(1, 0), 0, 0x4100});
    StartDma(board, 0, 0x100);
    Code bytes(kCode);
    bytes.Set(1, board.Global(0, at::kDma0Auto0)) << MovImm16(2, 0xa7);
    for (unsigned i = 0; i < 3; ++i) bytes << Disp16(kStore, kByte, 2, 1, 0);
    bytes << kIdle;
    board.PutAndStart(9, bytes);
    board.Run(1000);
    Equal("bytes", board.Word(0, 0x4100), 0x00a7a7a7);
    Equal("state", DmaState(board, 0), 6);
  }
  {
    Case("misprogrammed: a descriptor that is not aligned, and a store to CONFIG of a channel that works");
    Board board;
    StartDma(board, 0, 0x104);
    Equal("state", DmaState(board, 0), 0xd);
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2), Pair(4, 4), Pair(1, 1000), Pair(4, 4), 0x2000, 0x4000});
    StartDma(board, 1, 0x100);
    Equal("state", DmaState(board, 1), 5);
    StartDma(board, 1, 0x100);
    Equal("state", DmaState(board, 1), 0xd);
    True("it ends", board.Run(1000).stop == RunResult::Stop::kAllIdle);
    // It can be started again.
    StartDma(board, 0, 0x100);
    Equal("state", DmaState(board, 0), 5);
    board.Run(10000);
    Equal("state", DmaState(board, 0), 0);
  }
  {
    Case("a source that nobody answers");
    Board board;
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2), Pair(4, 4), Pair(1, 10), Pair(4, 4), 0x00100000, 0x4000});
    StartDma(board, 0, 0x100);
    True("it ends", board.Run(1000).stop == RunResult::Stop::kAllIdle);
    Equal("state", DmaState(board, 0), 0xa);
    Equal("the core itself is not stuck", board.Reg(0, at::kDebugStatus), 0);
  }
  {
    Case("onto itself: a channel that stores to its own registers");
    Board board;
    // Zero to CONFIG of the channel that is at work: an error; that is where it stops.
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2), Pair(0, 0), Pair(1, 10), Pair(0, 0), 0x2000,
                   board.Global(0, at::kDma0Config)});
    StartDma(board, 0, 0x100);
    True("it ends", board.Run(10000).stop == RunResult::Stop::kAllIdle);
    True("state", DmaState(board, 0) != 5);
    Case("onto itself: a channel that feeds its own slave port");
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2), Pair(0, 0), Pair(1, 10), Pair(0, 0), 0x2000,
                   board.Global(0, at::kDma1Config - 0x20 + 0x14)});
    StartDma(board, 1, 0x100);
    True("it ends", board.Run(10000).stop == RunResult::Stop::kAllIdle);
    Case("onto itself: a descriptor that the transfer replaces");
    FillSource(board);
    PutDescriptor(board, 0x2000, {});
    PutDescriptor(board, 0x100,
                  {0x100u << 16 | kEnable | kMaster | kChain | SizeBits(3), Pair(8, 8), Pair(1, 3),
                   Pair(8, 8), 0x2000, 0x100});
    board.SetReg(0, at::kDma1Config, 0);
    StartDma(board, 1, 0x100);
    True("it ends", board.Run(10000).stop == RunResult::Stop::kAllIdle);
    Equal("the new descriptor is zero, so it is over", DmaState(board, 1), 0);
  }
  {
    Case("a slave that feeds itself or the other one comes to an end");
    Board board;
    for (unsigned channel = 0; channel < 2; ++channel) {
      PutDescriptor(board, 0x100 + 0x20 * channel,
                    {kEnable | SizeBits(2), Pair(0, 0), Pair(1, 5), Pair(0, 0), 0,
                     board.Global(0, at::kDma0Auto0 + kChannel * (1 - channel))});
      StartDma(board, channel, 0x100 + 0x20 * channel);
    }
    board.SetReg(0, at::kDma0Auto0, 1);
    True("it ends", board.Run(10000).stop == RunResult::Stop::kAllIdle);
  }
  {
    Case("slaves that feed each other for ever can be survived");
    Board board;
    for (unsigned channel = 0; channel < 2; ++channel) {
      const uint32_t self = 0x100 + 0x20 * channel;
      PutDescriptor(board, self,
                    {self << 16 | kEnable | kChain | SizeBits(2), Pair(0, 0), Pair(0xffff, 0xffff),
                     Pair(0, 0), 0, board.Global(0, at::kDma0Auto0 + kChannel * (1 - channel))});
      StartDma(board, channel, self);
    }
    board.SetReg(0, at::kDma0Auto0, 1);
    board.Run(10000);
    True("the host is answered", board.Reg(0, at::kCoreId) == 0x808);
  }
  {
    Case("a ring of descriptors has no end, and can be stopped");
    Board board;
    FillSource(board);
    for (unsigned i = 0; i < 2; ++i) {
      const uint32_t next = 0x100 + 0x20 * (1 - i);
      PutDescriptor(board, 0x100 + 0x20 * i,
                    {next << 16 | kEnable | kMaster | kChain | kIrq | SizeBits(2), Pair(4, 4), Pair(1, 8),
                     Pair(4, 4), 0x2000, 0x4000 + 0x100 * i});
    }
    board.SetReg(0, at::kImask, 0x3ff);
    StartDma(board, 0, 0x100);
    const RunResult result = board.Run(100000);
    True("it uses up the budget", result.stop == RunResult::Stop::kInstructions);
    Equal("no instructions", result.instructions, 0);
    Equal("state", DmaState(board, 0), 5);
    // As the host library does it.
    board.SetReg(0, at::kConfig, 1u << 24);
    Equal("paused", DmaState(board, 0), 0xb);
    const uint32_t source = board.Reg(0, at::kDma0Source);
    True("nothing moves", board.Run(1000).stop == RunResult::Stop::kAllIdle);
    Equal("SRCADDR", board.Reg(0, at::kDma0Source), source);
    for (uint32_t i = 0; i < 0x40; i += 4) {
      if ((i & 0x1c) < 0x14) board.SetReg(0, at::kDma0Config + i, 0);
    }
    board.SetReg(0, at::kConfig, 0);
    Equal("state", DmaState(board, 0) & 7, 0);
    True("over", board.Run(1000).stop == RunResult::Stop::kAllIdle);
    Case("a pause, and on");
    StartDma(board, 0, 0x100);
    board.Run(100);
    board.SetReg(0, at::kConfig, 1u << 24);
    Equal("paused", DmaState(board, 0), 0xb);
    board.SetReg(0, at::kConfig, 0);
    Equal("on", DmaState(board, 0), 5);
    // And by a reset of the core.
    board.SetReg(0, at::kResetCore, 1);
    board.SetReg(0, at::kResetCore, 0);
    Equal("reset", DmaState(board, 0), 0);
    True("over", board.Run(1000).stop == RunResult::Stop::kAllIdle);
  }
  {
    Case("DMA beside a program, halted or not");
    Board board;
    FillSource(board);
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2), Pair(4, 4), Pair(1, 1000), Pair(4, 4), 0x2000, 0x4000});
    Code code(kCode);
    code.Set(1, 0x100u << 16 | kStartup) << Movts32(1, 0, 1);
    const uint32_t loop = code.here();
    code << AluImm32(kAdd, 40, 40, 1) << Movfs32(2, 1, 7) << MovImm16(3, 15) << Alu16(kAnd, 2, 2, 3);
    code.ShortBranch(NE, loop) << kBkpt;
    board.SetR(0, 40, 0);
    board.PutAndStart(0, code);
    const RunResult result = board.Run(100000);
    True("copied", std::memcmp(board.sram() + 0x2000, board.sram() + 0x4000, 4000) == 0);
    // One transfer a clock at best; it is looked at every so often.
    True("it took its time", result.instructions >= 1000 && result.instructions < 1100);
    std::memset(board.sram() + 0x4000, 0, 4000);
    StartDma(board, 0, 0x100);
    board.Run(10000);
    True("copied while halted", std::memcmp(board.sram() + 0x2000, board.sram() + 0x4000, 4000) == 0);
  }
}

// --- protection

void TestProtection() {
  {
    Case("E-III: a page that is protected from its own core");
    Board board;
    PutHandlers(board);
    for (unsigned page = 0; page < 8; ++page) board.SetWord(0, page * 0x1000 + 0xf00, 0x77777777);
    Code code(kCode);
    code.Set(1, 0xf00).Set(3, 0x1000) << MovImm16(2, 0x55) << MovImm16(4, 8);
    const uint32_t loop = code.here();
    code << Disp16(kStore, kWord, 2, 1, 0) << Alu16(kAdd, 1, 1, 3) << AluImm16(kSub, 4, 4, 1);
    code.ShortBranch(NE, loop) << kIdle;
    board.SetReg(0, at::kMemProtect, 0x2a);
    board.PutAndStart(0, code);
    board.Run(1000);
    for (unsigned page = 0; page < 8; ++page)
      Equal("page", board.Word(0, page * 0x1000 + 0xf00), 0x2a >> page & 1 ? 0x77777777 : 0x55);
    Equal("MEMSTATUS", board.Reg(0, at::kMemStatus), 4);
    EqualText("log", LogOf(board), "222");
  }
  for (unsigned size = 0; size < 4; ++size) {
    Case("E-III: a page that is protected from another core, %u bytes, and TESTSET", 1u << size);
    Board board;
    board.SetReg(5, at::kImask, 0x3ff);
    board.SetReg(5, at::kMemProtect, 0x80);
    Code code(kCode);
    code.Set(1, board.Global(5, 0x7f00)).Set(5, board.Global(5, 0x6f00)) << MovImm16(2, 1) << MovImm16(4, 0);
    code << Disp16(kStore, static_cast<Size>(size), 2, 1, 0)
         << Disp16(kStore, static_cast<Size>(size), 2, 5, 0) << Testset(2, 1, kPlus, 4) << kIdle;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("protected", board.Word(5, 0x7f00), 0);
    Equal("not protected", board.Word(5, 0x6f00), 1);
    Equal("MEMSTATUS", board.Reg(5, at::kMemStatus), 4);
    Equal("ILAT", board.Reg(5, at::kIlat), 4);
    Equal("own ILAT", board.Reg(0, at::kIlat), 0);
  }
  {
    Case("E-III: DMA into a protected page, and registers without bits above 7");
    Board board;
    board.SetReg(0, at::kImask, 0x3ff);
    board.SetReg(0, at::kMemProtect, 0xffffff10);
    Equal("MEMPROTECT", board.Reg(0, at::kMemProtect), 0x10);
    FillSource(board);
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2), Pair(4, 4), Pair(1, 4), Pair(4, 4), 0x2000, 0x4000});
    StartDma(board, 0, 0x100);
    board.Run(100);
    Equal("dropped", board.Word(0, 0x4000), 0);
    Equal("ILAT", board.Reg(0, at::kIlat), 4);
  }
  struct Row {
    const char* name;
    bool is_of_target;  // whose MEMPROTECT
    uint32_t bit, breach;
  };
  const Row rows[] = {{"reads from outside", true, 1u << 10, 1u << 10},
                      {"stores to registers from outside", true, 1u << 11, 1u << 11},
                      {"stores to memory from outside", true, 1u << 12, 1u << 11},
                      {"own stores on chip", false, 1u << 13, 1u << 12},
                      {"own stores off chip", false, 1u << 14, 1u << 13}};
  for (const Row& row : rows) {
    for (const uint32_t enable : {0u, 1u << 15}) {
      Case("E-IV: %s, exception %s", row.name, enable ? "on" : "off");
      Board board(chip::kE64G401);
      const unsigned holder = row.is_of_target ? 5 : 0;
      for (const unsigned core : {0u, 5u}) board.SetReg(core, at::kImask, 0x3ff);
      board.SetReg(holder, at::kMemProtect, row.bit | enable);
      board.SetWord(5, 0x4000, 0x12345678);
      Code code(kCode);
      code.Set(1, board.Global(5, 0x4000)).Set(2, board.Global(5, at::kLs)).Set(3, kDram);
      code << MovImm16(4, 0x66) << Disp16(kLoad, kWord, 5, 1, 0) << Disp16(kStore, kWord, 4, 1, 1)
           << Disp16(kStore, kWord, 4, 2, 0) << Disp16(kStore, kWord, 4, 3, 0) << kIdle;
      board.PutAndStart(0, code);
      board.Run(100);
      Equal("load", board.R(0, 5), row.bit == 1u << 10 ? 0 : 0x12345678);
      Equal("memory", board.Word(5, 0x4004), row.bit & (1u << 12 | 1u << 13) ? 0 : 0x66);
      Equal("register", board.Reg(5, at::kLs), row.bit & (1u << 11 | 1u << 13) ? 0 : 0x66);
      Equal("DRAM", board.DramWord(0), row.bit == 1u << 14 ? 0 : 0x66);
      Equal("MEMSTATUS", board.Reg(holder, at::kMemStatus), row.breach);
      Equal("ILAT", board.Reg(holder, at::kIlat), enable ? 4 : 0);
    }
  }
}

// --- what one core does to many

void TestManyCores() {
  {
    Case("multicast reaches those that listen");
    Board board;
    for (const unsigned core : {1u, 6u, 15u}) board.SetReg(core, at::kMulticast, 0x123);
    board.SetReg(7, at::kMulticast, 0x124);
    Code code(kCode);
    code.Special(num::kConfig, 3u << 12).Set(1, 0x12304000).Set(2, 0xcafe) << Disp16(kStore, kWord, 2, 1, 0);
    code.Set(1, 0x4100) << Disp16(kStore, kWord, 2, 1, 0) << kIdle;
    board.PutAndStart(0, code);
    board.Run(100);
    for (unsigned core = 0; core < 16; ++core)
      Equal("word", board.Word(core, 0x4000), core == 1 || core == 6 || core == 15 ? 0xcafe : 0);
    Equal("local stores stay local", board.Word(0, 0x4100), 0xcafe);
  }
  {
    Case("WAND: a barrier of 16 cores, a hundred times");
    Board board;
    for (unsigned core = 0; core < 16; ++core) PutBarrierProgram(board, core, 100);
    board.Run(10000000, 37, 5);
    for (unsigned core = 0; core < 16; ++core) {
      Equal("halted at the end", board.Reg(core, at::kDebugStatus), 1);
      Equal("rounds", board.R(core, 11), 100);
      Equal("too early", board.R(core, 20), 0);
      Equal("WAND is cleared by the program", board.Reg(core, at::kStatus) & kWandBit, 0);
    }
  }
  {
    Case("WAND needs all; a reset takes a core's flag back");
    Board board;
    Code code(kCode);
    code << kWand << kIdle;
    for (unsigned core = 0; core < 16; ++core) board.SetReg(core, at::kImask, 0x3ff);
    for (unsigned core = 0; core < 15; ++core) board.PutAndStart(core, code);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core) Equal("ILAT", board.Reg(core, at::kIlat), 0);
    board.SetReg(3, at::kResetCore, 1);
    board.SetReg(3, at::kResetCore, 0);
    board.SetReg(3, at::kImask, 0x3ff);
    board.PutAndStart(15, code);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core) Equal("ILAT without core 3", board.Reg(core, at::kIlat), 0);
    board.PutAndStart(3, code);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core) Equal("ILAT with it", board.Reg(core, at::kIlat), 0x100);
  }
  {
    Case("edges of MESHCONFIG bound WAND, SYNC, MBKPT and multicast");
    Board board;
    // Columns 0 and 1 are one group, 2 and 3 another.
    for (unsigned core = 0; core < 16; ++core) {
      board.SetReg(core, at::kImask, 0x3ff);
      if (core % 4 == 1) board.SetReg(core, at::kMeshConfig, 1u << 13);
      if (core % 4 == 2) board.SetReg(core, at::kMeshConfig, 1u << 12);
    }
    Code code(kCode);
    code << kWand << kSync << kIdle;
    for (unsigned core = 0; core < 16; ++core)
      if (core % 4 < 2) board.PutAndStart(core, code);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core)
      Equal("ILAT", board.Reg(core, at::kIlat), core % 4 < 2 ? 0x101 : 0);
    Code stop(kCode);
    stop << kMbkpt << kIdle;
    board.PutAndStart(14, stop);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core)
      Equal("DEBUGSTATUS", board.Reg(core, at::kDebugStatus), core % 4 < 2 ? 0 : 5);
  }
  {
    Case("message mode of CTRLMODE: a store interrupts its receiver");
    Board board;
    board.SetReg(4, at::kImask, 0x3ff);
    Code code(kCode);
    code.Special(num::kConfig, 12u << 12).Set(1, board.Global(4, 0x4000)).Set(2, 0xcafe);
    code << Disp16(kStore, kWord, 2, 1, 0) << kIdle;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("word", board.Word(4, 0x4000), 0xcafe);
    Equal("ILAT", board.Reg(4, at::kIlat), 0x20);
    Equal("own ILAT", board.Reg(0, at::kIlat), 0);
  }
  {
    Case("one core starts another, and signals it");
    Board board;
    Code handler(0x180);
    handler << MovImm16(5, 0x99) << kIdle;
    board.Put(7, handler);
    board.Vector(7, 0, 0x180);
    Code code(kCode);
    code.Set(1, board.Global(7, at::kIlatst)) << MovImm16(2, 1) << Disp16(kStore, kWord, 2, 1, 0) << kIdle;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("R5 of the other", board.R(7, 5), 0x99);
    Equal("IPEND of the other", board.Reg(7, at::kIpend), 1);
  }
  {
    Case("a core halts, changes, resumes and resets another");
    Board board;
    Code spin(kCode);
    spin << AluImm16(kAdd, 1, 1, 1);
    spin.ShortBranch(AL, kCode);
    board.SetR(7, 1, 0);
    board.PutAndStart(7, spin);
    Code code(kCode);
    code.Set(1, board.Global(7, at::kDebugCmd)) << MovImm16(2, 1) << Str(2, 1);
    code.Set(3, board.Global(7, at::kR0 + 4)) << Ldr(4, 3);
    for (unsigned i = 0; i < 100; ++i) code << kNop;
    code << Ldr(5, 3) << kBkpt;
    board.PutAndStart(0, code);
    board.Run(2000, 10);
    Equal("it stands still", board.R(0, 4), board.R(0, 5));
    Equal("DEBUGSTATUS", board.Reg(7, at::kDebugStatus), 1);
  }
}

// --- the mesh

void TestMesh() {
  {
    Case("every core stores to every core, and reads back");
    Board board;
    for (unsigned core = 0; core < 16; ++core) {
      Code code(kCode);
      for (unsigned other = 0; other < 16; ++other) {
        code.Set(1, board.Global(other, 0x5000 + 4 * core)).Set(2, core << 8 | other | 0x5000000);
        code << Str(2, 1) << Ldr(3, 1) << Alu32(kSub, 4, 3, 2) << Alu32(kOrr, 30, 30, 4);
      }
      code << kBkpt;
      board.SetR(core, 30, 0);
      board.PutAndStart(core, code);
    }
    board.Run(100000, 11, 3);
    for (unsigned core = 0; core < 16; ++core) {
      Equal("read back", board.R(core, 30), 0);
      for (unsigned other = 0; other < 16; ++other)
        Equal("word", board.Word(other, 0x5000 + 4 * core), core << 8 | other | 0x5000000);
    }
  }
  {
    Case("registers of another core");
    Board board;
    Code code(kCode);
    code.Set(1, board.Global(6, at::kR0 + 4 * 22)).Set(2, 0x1234) << Str(2, 1) << Ldr(3, 1);
    code.Set(1, board.Global(6, at::kCoreId)) << Ldr(4, 1) << kBkpt;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("R22", board.R(6, 22), 0x1234);
    Equal("read back", board.R(0, 3), 0x1234);
    Equal("COREID", board.R(0, 4), 0x84a);
  }
  {
    Case("holes: loads are zero, stores vanish");
    Board board;
    Code code(kCode);
    for (const uint32_t address : {0x8000u, 0xeffffu & ~3u, 0xf0800u, 0xffffcu, 0xf0444u, 0xf0410u}) {
      for (const uint32_t window : {0u, board.Global(5, 0)})
        code.Set(1, window | address) << Str(1, 1) << Ldr(2, 1) << Alu32(kOrr, 30, 30, 2);
    }
    code << kBkpt;
    board.SetR(0, 30, 0);
    board.PutAndStart(0, code);
    board.Run(1000);
    Equal("loaded", board.R(0, 30), 0);
    Equal("PC", board.Reg(0, at::kPc), code.here() - 2);
    Equal("EXCAUSE", board.Reg(0, at::kStatus) >> 16 & 15, 0);
  }
  {
    Case("shared DRAM by the remap of the eLink");
    Board board;
    Code code(kCode);
    code.Set(1, kDram + 0x1fffffc).Set(2, 0x600df00d) << Str(2, 1);
    // 0x8fe… and 0x9fe… fall on the same megabyte.
    code.Set(1, 0x9fffffff & ~3u) << Ldr(3, 1) << kBkpt;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("DRAM", board.DramWord(0x1fffffc), 0x600df00d);
    Equal("alias", board.R(0, 3), 0x600df00d);
  }
  for (const bool is_load : {true, false}) {
    // North of the chip, in its own columns, there is nobody; nor west of it.
    for (const uint32_t address : {0x40800000u, 0x80000000u, 0xc8804000u}) {
      Case("%s %08x, where nobody answers", is_load ? "a load from" : "a store to", address);
      Board board;
      Code code(kCode);
      code.Set(1, address);
      const uint32_t where = code.here();
      code << (is_load ? Ldr(2, 1) : Str(2, 1)) << MovImm16(5, 0x77) << kBkpt;
      board.SetR(0, 5, 0);
      board.PutAndStart(0, code);
      const RunResult result = board.Run(100);
      True("it ends", result.stop == RunResult::Stop::kAllIdle);
      Equal("R5", board.R(0, 5), is_load ? 0 : 0x77);
      Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), is_load ? 2 : 1);
      if (!is_load) continue;
      Equal("PC", board.Reg(0, at::kPc), where);
      // It cannot be halted, nor resumed, nor interrupted, nor stepped; a reset of the core does not help.
      board.SetReg(0, at::kDebugCmd, 1);
      Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 2);
      board.SetReg(0, at::kIlatst, 0x3ff);
      True("no step", !board.chip().Step(0x808));
      Equal("nothing runs", board.Run(100).instructions, 0);
      Equal("ILAT", board.Reg(0, at::kIlat), 0x3ff);
      board.SetReg(0, at::kResetCore, 1);
      board.SetReg(0, at::kResetCore, 0);
      Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 2);
      board.chip().Store(kElinkReset, 1, 4);
      board.chip().Store(kElinkReset, 0, 4);
      Equal("DEBUGSTATUS after a reset of the chip", board.Reg(0, at::kDebugStatus), 0);
      board.PutAndStart(0, IdleLoop());
      Equal("it runs", board.Run(100).instructions, 1);
    }
  }
  {
    Case("the eLink's registers cannot be read by a core");
    Board board;
    Code code(kCode);
    code.Set(1, kMailboxLow) << Ldr(2, 1) << kBkpt;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 2);
  }
  {
    Case("a link that is dead");
    Board board;
    Code code(kCode);
    code.Set(1, kDram) << MovImm16(2, 1) << Str(2, 1) << MovImm16(5, 0x77) << Ldr(3, 1) << kBkpt;
    board.SetR(0, 5, 0);
    board.PutAndStart(0, code);
    True("injected", board.chip().Inject(chip::Fault::kDeadLink, 0, true));
    board.Run(100);
    True("nobody answers", board.chip().Load(board.Global(0, at::kPc), 4).bus == chip::Bus::kNoAnswer);
    board.chip().Inject(chip::Fault::kDeadLink, 0, false);
    Equal("the store is lost", board.DramWord(0), 0);
    Equal("R5", board.R(0, 5), 0x77);
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 2);
  }
  {
    Case("a supply that goes off and comes back");
    Board board;
    board.SetReg(0, at::kConfig, 1);
    True("it answers", board.chip().answers());
    True("injected", board.chip().Inject(chip::Fault::kNoPower, 0, true));
    True("nobody answers", board.chip().Load(board.Global(0, at::kR0), 4).bus == chip::Bus::kNoAnswer);
    True("and this is known without a load", !board.chip().answers());
    board.chip().Inject(chip::Fault::kDeadLink, 0, true);
    board.chip().Inject(chip::Fault::kNoPower, 0, false);
    True("a dead link is another matter", !board.chip().answers());
    board.chip().Inject(chip::Fault::kDeadLink, 0, false);
    True("it answers again", board.chip().answers());
    Equal("CONFIG", board.Reg(0, at::kConfig), 0);
  }
  {
    Case("a fault by injection, and without it the load is made again");
    Board board;
    board.Put(0, IdleLoop());
    True("injected", board.chip().Inject(chip::Fault::kCoreStuck, 0x808, true));
    True("there is no such core", !board.chip().Inject(chip::Fault::kCoreStuck, 0x8ff, true));
    board.Start(0, kCode);
    Equal("nothing runs", board.Run(100).instructions, 0);
    board.chip().Inject(chip::Fault::kCoreStuck, 0x808, false);
    Equal("it runs", board.Run(100).instructions, 1);
  }
}

void TestMailbox() {
  Case("messages come in order, and the line rises and falls");
  Board board;
  Code code(kCode);
  code.Set(1, kMailboxLow) << MovImm16(2, 0);
  const uint32_t loop = code.here();
  code << AluImm16(kAdd, 2, 2, 1) << Disp16(kStore, kWord, 2, 1, 0) << AluImm32(kSub, 3, 2, 100);
  code.ShortBranch(NE, loop) << kBkpt;
  board.PutAndStart(0, code);
  const RunResult first = board.Run(100000);
  True("blocked", first.stop == RunResult::Stop::kBlocked);
  True("line", board.chip().interrupt_line());
  Equal("STAT at 16: not empty, half full", board.chip().Load(kMailboxStatus, 4).value, 16u << 16 | 5);
  // All stores that leave the chip wait, not only messages.
  Code dram(kCode);
  dram.Set(1, kDram) << MovImm16(2, 7) << Disp16(kStore, kWord, 2, 1, 0) << kBkpt;
  board.PutAndStart(1, dram);
  board.Run(1000);
  Equal("store to DRAM", board.DramWord(0), 0);
  unsigned messages = 0;
  for (unsigned i = 0; i < 1000 && messages < 100; ++i) {
    while (board.chip().Load(kMailboxStatus, 4).value & 1) {
      Equal("message", board.chip().Load(kMailboxLow, 4).value, messages + 1);
      board.chip().Load(kMailboxHigh, 4);
      ++messages;
    }
    True("line while it is empty", !board.chip().interrupt_line());
    board.Run(10000);
  }
  Equal("messages", messages, 100);
  Equal("store to DRAM", board.DramWord(0), 7);
  Equal("halted at the end", board.Reg(0, at::kDebugStatus), 1);
  Equal("empty", board.chip().Load(kMailboxLow, 4).value, 0);

  Case("a doubleword fills both halves; smaller stores, and other registers, are ignored");
  Code both(kCode);
  both.Set(1, kMailboxLow).Set(2, 0x1111).Set(3, 0x2222) << Disp16(kStore, kByte, 2, 1, 0);
  both << Disp16(kStore, kHalf, 2, 1, 0) << Disp16(kStore, kDouble, 2, 1, 0)
       << Disp16(kStore, kWord, 2, 1, 1);
  both << Disp16(kStore, kWord, 2, 1, 2) << kBkpt;
  board.SetReg(0, at::kDebugCmd, 0);
  board.PutAndStart(0, both);
  board.Run(1000);
  Equal("STAT", board.chip().Load(kMailboxStatus, 4).value, 1u << 16 | 1);
  Equal("low", board.chip().Load(kMailboxLow, 4).value, 0x1111);
  Equal("high", board.chip().Load(kMailboxHigh, 4).value, 0x2222);

  Case("31 messages, and no more");
  for (unsigned i = 0; i < 31; ++i) True("accepted", board.chip().PushMailbox(i, 0));
  True("lost", !board.chip().PushMailbox(31, 0));
  Equal("STAT", board.chip().Load(kMailboxStatus, 4).value, 31u << 16 | 7);
}

// --- debugging and resets

void TestDebug() {
  {
    Case("halt, step, resume");
    Board board;
    Code code(kCode);
    code << AluImm16(kAdd, 1, 1, 1) << AluImm32(kAdd, 2, 2, 1);
    code.ShortBranch(AL, kCode);
    board.SetR(0, 1, 0);
    board.SetR(0, 2, 0);
    board.PutAndStart(0, code);
    True("not halted", !board.chip().Step(0x808));
    board.SetReg(0, at::kDebugCmd, 1);
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 1);
    Equal("nothing runs", board.Run(100).instructions, 0);
    const uint32_t pcs[] = {kCode + 2, kCode + 6, kCode, kCode + 2};
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
    Case("steps into an interrupt, and out of it");
    Board board;
    PutHandlers(board);
    board.PutAndStart(0, IdleLoop());
    Code code(kCode);
    code << kNop << kNop << kNop;
    board.Put(0, code);
    board.SetReg(0, at::kDebugCmd, 1);
    board.chip().Step(0x808);
    board.SetReg(0, at::kIlatst, 1u << 5);
    board.chip().Step(0x808);
    Equal("the vector's branch", board.Reg(0, at::kPc), 0x150);
    for (unsigned i = 0; i < 3; ++i) board.chip().Step(0x808);
    Equal("behind RTI", board.Reg(0, at::kPc), kCode + 2);
    board.chip().Step(0x808);
    Equal("on", board.Reg(0, at::kPc), kCode + 4);
    EqualText("log", LogOf(board), "5");
  }
  {
    Case("breakpoints as a debugger sets them");
    Board board;
    Code code(kCode);
    for (unsigned i = 0; i < 4; ++i) code << AluImm16(kAdd, 1, 1, 1);
    code.ShortBranch(AL, kCode);
    board.SetR(0, 1, 0);
    board.PutAndStart(0, code);
    board.Run(7);
    Equal("R1", board.R(0, 1), 6);
    board.SetReg(0, at::kDebugCmd, 1);
    uint16_t old;
    std::memcpy(&old, board.sram() + kCode + 4, 2);
    Code bkpt(kCode + 4);
    bkpt << kBkpt;
    board.Put(0, bkpt);
    board.SetReg(0, at::kDebugCmd, 0);
    board.Run(100);
    Equal("PC", board.Reg(0, at::kPc), kCode + 4);
    Equal("R1", board.R(0, 1), 6);
    // On a breakpoint that is still there a core halts again.
    board.SetReg(0, at::kDebugCmd, 0);
    Equal("once", board.Run(100).instructions, 1);
    Equal("PC", board.Reg(0, at::kPc), kCode + 4);
    std::memcpy(board.sram() + kCode + 4, &old, 2);
    True("step", board.chip().Step(0x808));
    Equal("PC", board.Reg(0, at::kPc), kCode + 6);
    board.Put(0, bkpt);
    board.SetReg(0, at::kDebugCmd, 0);
    board.Run(100);
    Equal("R1", board.R(0, 1), 10);
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
  {
    Case("FSTATUS starts and stops a core; STATUS does neither");
    Board board;
    Code code(kCode);
    code << kNop;
    code.ShortBranch(AL, kCode);
    board.Put(0, code);
    board.SetReg(0, at::kPc, kCode);
    board.SetReg(0, at::kStatus, 0xffffffff);
    Equal("STATUS", board.Reg(0, at::kStatus), 0xfffff7f8);
    Equal("nothing runs", board.Run(10).instructions, 0);
    board.SetReg(0, at::kFstatus, 1);
    Equal("STATUS", board.Reg(0, at::kStatus), 1);
    Equal("it runs", board.Run(10).instructions, 10);
    board.SetReg(0, at::kStatus, 0);
    Equal("it still runs", board.Run(10).instructions, 10);
    board.SetReg(0, at::kFstatus, 0);
    Equal("nothing runs", board.Run(10).instructions, 0);
  }
  {
    Case("RESETCORE");
    Board board;
    Code code(kCode);
    code << kNop;
    code.ShortBranch(AL, kCode);
    board.PutAndStart(0, code);
    board.SetR(0, 7, 0x77);
    for (const uint32_t offset : {at::kConfig, at::kLc, at::kLs, at::kLe, at::kIret, at::kImask, at::kIlat,
                                  at::kIpend, at::kCtimer0, at::kCtimer1, at::kMemProtect, at::kMulticast})
      board.SetReg(0, offset, 0x55);
    board.SetReg(0, at::kResetCore, 1);
    Equal("STATUS", board.Reg(0, at::kStatus), kGidBit);
    Equal("nothing runs", board.Run(10).instructions, 0);
    board.SetReg(0, at::kFstatus, 1);
    Equal("nothing runs, whatever STATUS is", board.Run(10).instructions, 0);
    board.SetReg(0, at::kResetCore, 0);
    for (const uint32_t offset :
         {at::kConfig, at::kStatus, at::kPc, at::kLc, at::kLs, at::kLe, at::kIret, at::kImask, at::kIlat,
          at::kIpend, at::kCtimer0, at::kCtimer1, at::kMemProtect, at::kMulticast, at::kDebugStatus})
      Equal("register", board.Reg(0, offset), 0);
    Equal("R7", board.R(0, 7), 0x77);
    Equal("COREID", board.Reg(0, at::kCoreId), 0x808);
    Equal("nothing runs", board.Run(10).instructions, 0);
    Equal("told", board.Told(chip::Event::Kind::kCoreReset), 1);
  }
  {
    Case("a core that resets itself needs another one");
    Board board;
    Code code(kCode);
    code << MovImm16(1, 1) << Movts32(3, 3, 1) << MovImm16(1, 2) << kBkpt;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("R1", board.R(0, 1), 1);
    Equal("STATUS", board.Reg(0, at::kStatus), kGidBit);
  }
}

// The host library's soft reset, as hardware.md describes its program: eleven calls in the place of the
// vectors; then returns from interrupts until none is pending; then interrupts are let in, and the core
// sleeps.
void TestSoftReset() {
  Code payload(0);
  for (unsigned i = 0; i < 11; ++i) payload.Branch(LINK, 0x2c);
  payload << Movfs32(0, 0, num::kIpend) << Alu16(kOrr, 0, 0, 0) << B16(EQ, 6) << kRti;
  payload.ShortBranch(AL, 0x2c);
  const uint32_t enable = payload.here();
  payload << kGie << kIdle;
  payload.ShortBranch(AL, enable);

  Case("the payload has the size that is told of it");
  Equal("bytes", payload.here(), 62);

  const auto soft_reset = [&](Board& board) {
    if (!(board.Reg(0, at::kDebugStatus) & 1)) board.SetReg(0, at::kDebugCmd, 1);
    Equal("no load is pending", board.Reg(0, at::kDebugStatus) & 2, 0);
    board.SetReg(0, at::kConfig, board.Reg(0, at::kConfig) | 1u << 24);
    for (uint32_t channel = 0; channel < 2; ++channel) {
      for (const uint32_t offset : {0u, 4u, 8u, 12u, 16u, 0x1cu})
        board.SetReg(0, at::kDma0Config + kChannel * channel + offset, 0);
    }
    board.SetReg(0, at::kConfig, board.Reg(0, at::kConfig) & ~(1u << 24));
    for (unsigned channel = 0; channel < 2; ++channel) Equal("DMA", DmaState(board, channel) & 7, 0);
    board.SetReg(0, at::kConfig, 0);
    board.SetReg(0, at::kIlatcl, 0xffffffff);
    board.SetReg(0, at::kImask, 0);
    board.SetReg(0, at::kIret, 0x2c);
    board.SetReg(0, at::kPc, 0x2c);
    board.Put(0, payload);
    board.SetReg(0, at::kFstatus, 1);
    board.SetReg(0, at::kDebugCmd, 0);
    board.Run(10000);
    Equal("IPEND", board.Reg(0, at::kIpend), 0);
    Equal("ILAT", board.Reg(0, at::kIlat), 0);
    Equal("ACTIVE", board.Reg(0, at::kStatus) & 1, 0);
  };
  for (const uint32_t ipend : {0u, 1u, 0x2a0u, 0x200u, 0x3ffu}) {
    for (const uint32_t ilat : {0u, 0x3ffu}) {
      Case("soft reset with IPEND %03x, ILAT %03x", ipend, ilat);
      Board board;
      board.SetReg(0, at::kIpend, ipend);
      board.SetReg(0, at::kImask, 0x3ff);
      board.SetReg(0, at::kIlat, ilat);
      board.SetReg(0, at::kFstatus, ipend ? kInHandler : 0);
      soft_reset(board);
    }
  }
  {
    Case("soft reset in the middle of a nested interrupt, with timers and DMA at work");
    Board board;
    Code nine(0x300);
    nine << kGie;
    nine.ShortBranch(AL, nine.here());
    Code three(0x340);
    three << kGie;
    three.ShortBranch(AL, three.here());
    board.Put(0, nine);
    board.Put(0, three);
    board.Vector(0, 9, 0x300);
    board.Vector(0, 3, 0x340);
    PutDescriptor(board, 0x400,
                  {0x400u << 16 | kEnable | kMaster | kChain | kIrq | SizeBits(2), Pair(4, 4), Pair(1, 100),
                   Pair(4, 4), 0x2000, 0x4000});
    board.SetReg(0, at::kImask, 0x3f & ~8u);
    board.PutAndStart(0, IdleLoop());
    board.SetReg(0, at::kIlatst, 1u << 9);
    board.Run(50);
    board.SetReg(0, at::kCtimer0, 20);
    board.SetReg(0, at::kConfig, 0x10);
    StartDma(board, 0, 0x400);
    board.Run(50);
    Equal("nested", board.Reg(0, at::kIpend) & 0x208, 0x208);
    soft_reset(board);
  }
  {
    Case("soft reset of a core in a breakpoint, of one in a hardware loop, of one that sleeps");
    Board board;
    Code bkpt(kCode);
    bkpt << kBkpt;
    board.PutAndStart(0, bkpt);
    board.Run(10);
    soft_reset(board);
    Code spin(kCode);
    spin << kNop << kNop << kNop << kNop << kNop << kNop << kNop << kNop << kIdle;
    board.SetReg(0, at::kLs, kCode);
    board.SetReg(0, at::kLe, kCode + 14);
    board.SetReg(0, at::kLc, 1000000);
    board.PutAndStart(0, spin, kActive | kGidBit);
    board.Run(100);
    soft_reset(board);
    soft_reset(board);
  }
}

// --- where programs should not be, or should not stay as they are

void TestStrangeCode() {
  {
    Case("a store changes the next instruction, within the same straight run");
    Board board;
    Code code(kCode);
    code.Set(1, MovImm16(5, 0x22).bits);
    const uint32_t target = code.here() + 8;
    code << MovImm32(2, target) << Disp32(kStore, kHalf, 1, 2, kPlus, 0);
    code << MovImm16(5, 0x11) << kBkpt;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("R5", board.R(0, 5), 0x22);
  }
  for (unsigned ahead = 0; ahead < 70; ahead += 23) {
    for (const Size size : {kByte, kHalf, kWord, kDouble}) {
      Case("a store of %u bytes changes what is %u instructions ahead, in a loop", 1u << size, ahead);
      Board board;
      Code code(kCode);
      const uint32_t loop = code.here();
      // Counts in the immediate of a MOV that is yet to come.
      code << AluImm32(kAdd, 4, 4, 0x20) << Disp32(kStore, size, 4, 2, kPlus, 0);
      for (unsigned i = 0; i < ahead; ++i) code << kNop;
      while (code.here() % 8 != 0) code << kNop;
      const uint32_t target = code.here();
      code << MovImm16(3, 0) << kNop << kNop << kNop << Alu16(kAdd, 6, 6, 3) << AluImm16(kSub, 7, 7, 1);
      code.Branch(NE, loop) << kBkpt;
      board.Put(0, code);
      const uint32_t nops = kNop.bits << 16 | kNop.bits;
      board.SetR(0, 2, target);
      board.SetR(0, 4, kNop.bits << 16 | MovImm16(3, 0).bits);
      board.SetR(0, 5, nops);
      board.SetR(0, 6, 0);
      board.SetR(0, 7, 3);
      board.Start(0, kCode);
      board.Run(1000);
      // A byte holds three bits of the immediate, which is enough for 1 + 2 + 3.
      Equal("R6", board.R(0, 6), 6);
    }
  }
  {
    Case("the upper half of a 32-bit instruction changes");
    Board board;
    Code code(kCode);
    code << MovImm16(0, 0);
    const uint32_t loop = code.here();
    const uint32_t target = loop + 4;
    code << Disp32(kStore, kHalf, 1, 2, kPlus, 0) << MovImm32(3, 0x1134) << AluImm16(kAdd, 0, 0, 1);
    code << AluImm32(kSub, 4, 0, 2);
    code.ShortBranch(LT, loop) << kBkpt;
    board.SetR(0, 1, MovImm32(3, 0x7734).bits >> 16);
    board.SetR(0, 2, target + 2);
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("R3", board.R(0, 3), 0x7734);
  }
  {
    Case("a jump into the middle of an instruction");
    Board board;
    // The upper half of this MOV R40 is a MOV of R5 by itself.
    Code code(kCode);
    code << Long(MovImm16(5, 0x10).bits << 16 | 0x000b) << kBkpt;
    board.SetR(0, 5, 0);
    board.SetR(0, 40, 0);
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("R40 of the whole", board.R(0, 40), 0x2000);
    Equal("R5 of the whole", board.R(0, 5), 0);
    Equal("PC", board.Reg(0, at::kPc), kCode + 4);
    board.SetR(0, 40, 0);
    board.SetReg(0, at::kDebugCmd, 0);
    board.Start(0, kCode + 2);
    board.Run(100);
    Equal("R40 of the half", board.R(0, 40), 0);
    Equal("R5 of the half", board.R(0, 5), 0x10);
    Equal("PC", board.Reg(0, at::kPc), kCode + 4);
  }
  {
    Case("the host changes a program between runs");
    Board board;
    Code loop(kCode);
    loop << AluImm16(kAdd, 1, 1, 1);
    loop.ShortBranch(AL, kCode);
    board.SetR(0, 1, 0);
    board.PutAndStart(0, loop);
    board.Run(10);
    Code other(kCode);
    other << AluImm16(kAdd, 1, 1, 3);
    board.Put(0, other);
    board.Run(10);
    Equal("R1", board.R(0, 1), 5 + 15);
    // By one byte, too.
    board.sram()[kCode] = AluImm16(kSub, 1, 1, 3).bits & 0xff;
    board.Run(10);
    Equal("R1", board.R(0, 1), 5);
  }
  {
    Case("another core, and its DMA, change a program");
    Board board;
    Code loop(kCode);
    loop << AluImm16(kAdd, 1, 1, 1);
    loop.ShortBranch(AL, kCode);
    board.SetR(0, 1, 0);
    board.PutAndStart(0, loop);
    board.Run(100);
    Code patch(kCode);
    patch.Set(1, board.Global(0, kCode)).Set(2, kBkpt.bits) << Disp16(kStore, kHalf, 2, 1, 0) << kBkpt;
    board.PutAndStart(3, patch);
    board.Run(1000, 5);
    Equal("halted", board.Reg(0, at::kDebugStatus), 1);
    Equal("PC", board.Reg(0, at::kPc), kCode);
    board.Put(0, loop);
    board.SetReg(0, at::kDebugCmd, 0);
    board.SetWord(0, 0x4000, kBkpt.bits | kBkpt.bits << 16);
    PutDescriptor(board, 0x100,
                  {kEnable | kMaster | SizeBits(2), Pair(4, 4), Pair(1, 1), Pair(4, 4), 0x4000, kCode});
    StartDma(board, 0, 0x100);
    board.Run(1000);
    Equal("halted", board.Reg(0, at::kDebugStatus), 1);
  }
  {
    Case("a program stores to its own code by its global address, and by TESTSET");
    Board board;
    Code code(kCode);
    code << Disp32(kStore, kHalf, 20, 21, kPlus, 0) << MovImm16(5, 0x11);
    const uint32_t target = kCode + 4;
    code << MovImm16(0, 0) << Testset(22, 23, kPlus, 24) << Short(0) << Short(0) << kBkpt;
    // A word of zeros is two branches to themselves while AZ is set; TESTSET stores two MOVs instead.
    const uint32_t zeros = kCode + 4 + 2 + 2 + 4;
    board.SetR(0, 20, MovImm16(5, 0x22).bits);
    board.SetR(0, 21, board.Global(0, target));
    board.SetR(0, 22, MovImm16(6, 0x33).bits | MovImm16(7, 0x44).bits << 16);
    board.SetR(0, 23, board.Global(0, zeros));
    board.SetR(0, 24, 0);
    board.PutAndStart(0, code, kActive | kAz);
    Equal("aligned", zeros % 4, 0);
    board.Run(100);
    Equal("R5", board.R(0, 5), 0x22);
    Equal("R6", board.R(0, 6), 0x33);
    Equal("R7", board.R(0, 7), 0x44);
  }
  for (const bool is_dram : {true, false}) {
    Case("code in %s", is_dram ? "shared DRAM" : "another core's SRAM");
    Board board;
    const uint32_t origin = is_dram ? kDram + 0x1000 : board.Global(9, 0x1000);
    Code code(origin);
    code << MovImm16(1, 0) << MovImm32(2, 10);
    const uint32_t loop = code.here();
    code << Alu16(kAdd, 1, 1, 2) << AluImm16(kSub, 2, 2, 1);
    code.ShortBranch(NE, loop) << B32(LINK, 8) << kNop << kNop << MovImm16(3, 3) << kBkpt;
    Board::PutAt(is_dram ? board.dram() + 0x1000 : board.sram(9) + 0x1000, code);
    board.Start(0, origin);
    board.Run(1000);
    Equal("R1", board.R(0, 1), 55);
    Equal("R3", board.R(0, 3), 3);
    Equal("LR", board.R(0, 14), code.here() - 8);
    Equal("PC", board.Reg(0, at::kPc), code.here() - 2);
  }
  {
    Case("PC as the core's own global address, interrupts included");
    Board board;
    PutHandlers(board);
    Code code(board.Global(0, kCode));
    code << MovImm16(1, 7) << kIdle;
    Log(code, 'a') << kBkpt;
    Board::PutAt(board.sram() + kCode, code);
    board.Start(0, code.origin());
    board.Run(100);
    board.SetReg(0, at::kIlatst, 0x200);
    board.Run(100);
    EqualText("log", LogOf(board), "9a");
    Equal("PC", board.Reg(0, at::kPc), code.here() - 2);
  }
  {
    Case("off the end of SRAM: by a short instruction, and by half of a long one");
    Board board;
    board.SetReg(0, at::kImask, 0x3ff);
    Code end(0x7ffe);
    end << kNop;
    board.PutAndStart(0, end);
    board.Run(2);
    Equal("PC", board.Reg(0, at::kPc), 0x8000);
    Equal("EXCAUSE", board.Reg(0, at::kStatus) >> 16 & 15, 5);
    Equal("ILAT", board.Reg(0, at::kIlat), 2);
    board.Start(0, 0x7ffe);
    board.SetReg(0, at::kIlat, 0);
    board.sram()[0x7ffe] = 0x0b;
    board.Run(1);
    Equal("PC", board.Reg(0, at::kPc), 0x7ffe);
    Equal("EXCAUSE", board.Reg(0, at::kStatus) >> 16 & 15, 5);
    // Other cores' memory begins where this one's ends, and must not be what is executed.
    Equal("the neighbour", board.Word(1, 0), 0);
    // It goes on like that until somebody does something about it.
    True("budget", board.Run(1000).stop == RunResult::Stop::kInstructions);
  }
  {
    Case("off into zeros: branches to themselves, or past each other");
    Board board;
    board.Start(0, 0x4000, kActive | kAz);
    Equal("it hangs", board.Run(100).instructions, 100);
    Equal("PC", board.Reg(0, at::kPc), 0x4000);
    board.Start(0, 0x4000, kActive);
    board.Run(100);
    Equal("PC", board.Reg(0, at::kPc), 0x4000 + 200);
  }
  struct Target {
    const char* name;
    uint32_t address;
    unsigned cause;
    bool is_stuck;
  };
  const Target targets[] = {
      {"its registers", 0xf0000, 5, false},       {"a hole", 0x9000, 5, false},
      {"other registers", 0x809f0000, 5, false},  {"another's hole", 0x80908000, 5, false},
      {"nowhere", 0x40800000, 0, true},           {"the eLink", 0x81000000, 0, true},
      {"the last halfword", 0xfffffffe, 0, false}};
  for (const Target& target : targets) {
    Case("a jump to %s", target.name);
    Board board;
    PutHandlers(board);
    Code handler(0x300);
    handler << Movfs32(20, 0, num::kIret) << Movfs32(21, 0, num::kStatus) << kBkpt;
    board.Put(0, handler);
    board.Vector(0, 1, 0x300);
    Code code(kCode);
    code.Set(1, target.address) << Jr16(1);
    board.PutAndStart(0, code);
    board.Run(100);
    if (target.cause != 0) {
      Equal("IRET", board.R(0, 20), target.address);
      Equal("EXCAUSE", board.R(0, 21) >> 16 & 15, target.cause);
    } else if (target.is_stuck) {
      Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 2);
      Equal("PC", board.Reg(0, at::kPc), target.address);
    }
    True("the host is answered", board.Reg(0, at::kCoreId) == 0x808);
  }
}

}  // namespace

int main() {
  TestInterrupts();
  TestExceptions();
  TestTimers();
  TestLoops();
  TestDma();
  TestProtection();
  TestManyCores();
  TestMesh();
  TestMailbox();
  TestDebug();
  TestSoftReset();
  TestStrangeCode();
  return testing::Finish("system_test");
}
