// SPDX-License-Identifier: MIT
// Interrupts and exceptions: when they are taken, by which priority, and where they return to.
#include "system_test.h"

namespace test {
namespace {

using namespace encode;
using chip::RunResult;

void TestTaking() {
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
    Equal("IRET", board.Reg(0, at::kIret), kProgram + 2);
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
    Case("an interrupt behind a taken branch comes back to its target");
    Board board;
    PutHandlers(board);
    Code handler(0x300);
    handler << Movfs32(20, 0, num::kIret) << kRti;
    board.PutHandler(0, 3, handler);
    Code code(kProgram);
    code.Branch(AL, kProgram + 0x40);
    board.PutAndStart(0, code);
    Code target(kProgram + 0x40);
    target << kNop << kIdle;
    board.Put(0, target);
    board.Run(1);
    board.SetReg(0, at::kIlatst, 8);
    board.Run(1000);
    Equal("IRET", board.R(0, 20), kProgram + 0x40);
  }
}

void TestNesting() {
  // 9 is interrupted by 3, 3 is not by 9 nor by itself, and whatever was latched comes later.
  Case("nesting");
  Board board;
  PutHandlers(board);
  Code nine(0x300);
  Log(nine, 'n');
  nine << Movfs32(20, 0, num::kIret) << kGie;
  Raise(nine, 1u << 3);
  Log(nine, 'N') << kGid << Movts32(0, num::kIret, 20) << kRti;
  Code three(0x400);
  Log(three, 't');
  three << Movfs32(21, 0, num::kIpend) << Movfs32(22, 0, num::kIret) << kGie;
  three << AluImm32(kSub, 30, 30, 1);
  const uint32_t skip = three.Ahead(NE);
  Raise(three, 1u << 9 | 1u << 3);
  three.Land(skip);
  Log(three, 'T') << kGid << Movts32(0, num::kIret, 22) << kRti;
  board.PutHandler(0, 9, nine);
  board.PutHandler(0, 3, three);
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

void TestEnabling() {
  {
    Case("GID keeps them out, GIE lets them in");
    Board board;
    PutHandlers(board);
    Code code(kProgram);
    code << kGid;
    Raise(code, 1u << 9);
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
    Code code(kProgram);
    code.Special(num::kImask, 0x3ff);
    Raise(code, 1u << 4);
    Log(code, 'a');
    code.Special(num::kImask, 0);
    Log(code, 'b') << kIdle;
    board.PutAndStart(0, code);
    board.Run(1000);
    EqualText("log", LogOf(board), "a4b");
  }
  {
    Case("a program raises its own interrupt by an address, too");
    Board board;
    PutHandlers(board);
    Code code(kProgram);
    code.Set(1, at::kIlatst) << MovImm16(2, 0x80) << Disp16(kStore, kWord, 2, 1, 0);
    for (unsigned i = 0; i < chip::DelayLine::kClocks; ++i) code << kNop;
    Log(code, 'a') << kIdle;
    board.PutAndStart(0, code);
    board.Run(1000);
    EqualText("log", LogOf(board), "7a");
  }
}

void TestIdle() {
  for (const bool is_aligned : {true, false}) {
    Case("GIE and IDLE, GIE %saligned", is_aligned ? "" : "not ");
    Board board;
    PutHandlers(board);
    Code handler(0x300);
    handler << Movfs32(20, 0, num::kIret);
    Log(handler, 'h') << kRti;
    board.PutHandler(0, 9, handler);
    Code code(kProgram);
    code << kGid;
    Raise(code, 1u << 9);
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
    board.PutHandler(0, 9, handler);
    Code code(kProgram);
    code << kGie << kIdle << kBkpt;
    board.PutAndStart(0, code, kActive | kGidBit);
    board.Run(1);
    board.SetReg(0, at::kDebugCmd, 1);
    board.SetReg(0, at::kIlatst, 0x200);
    Equal("halted", board.Run(100).instructions, 0);
    board.SetReg(0, at::kDebugCmd, 0);
    board.Run(100);
    Equal("IRET", board.R(0, 20), kProgram + 4);
  }
  {
    Case("IDLE with GID goes on at an interrupt, without taking it");
    Board board;
    PutHandlers(board);
    Code code(kProgram);
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
    board.PutHandler(0, 1, handler);
    Code code(kProgram);
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
    Code code(kProgram);
    code << kGid << Swi(0) << kUnimpl;
    Log(code, 'a') << kGie;
    Log(code, 'b') << kIdle;
    board.PutAndStart(0, code);
    board.Run(1000);
    EqualText("log", LogOf(board), "a1b");
    Equal("EXCAUSE", board.Reg(0, at::kStatus) >> 16 & 15, 4);
  }
}

}  // namespace

void TestInterrupts() {
  TestTaking();
  TestNesting();
  TestEnabling();
  TestIdle();
  TestExceptions();
}

}  // namespace test
