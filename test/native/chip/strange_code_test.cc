// SPDX-License-Identifier: MIT
// Programs that change themselves, are changed, or run where programs should not be.
#include "system_test.h"

namespace test {
namespace {

using namespace encode;
using chip::RunResult;

void TestOwnChanges() {
  {
    Case("a store changes the next instruction, within the same straight run");
    Board board;
    Code code(kProgram);
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
      Code code(kProgram);
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
      board.Start(0, kProgram);
      board.Run(1000);
      // A byte holds three bits of the immediate, which is enough for 1 + 2 + 3.
      Equal("R6", board.R(0, 6), 6);
    }
  }
  {
    Case("the upper half of a 32-bit instruction changes");
    Board board;
    Code code(kProgram);
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
    Code code(kProgram);
    code << Long(MovImm16(5, 0x10).bits << 16 | 0x000b) << kBkpt;
    board.SetR(0, 5, 0);
    board.SetR(0, 40, 0);
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("R40 of the whole", board.R(0, 40), 0x2000);
    Equal("R5 of the whole", board.R(0, 5), 0);
    Equal("PC", board.Reg(0, at::kPc), kProgram + 4);
    board.SetR(0, 40, 0);
    board.SetReg(0, at::kDebugCmd, 0);
    board.Start(0, kProgram + 2);
    board.Run(100);
    Equal("R40 of the half", board.R(0, 40), 0);
    Equal("R5 of the half", board.R(0, 5), 0x10);
    Equal("PC", board.Reg(0, at::kPc), kProgram + 4);
  }
  {
    Case("a program stores to its own code by its global address, and by TESTSET");
    Board board;
    Code code(kProgram);
    code << Disp32(kStore, kHalf, 20, 21, kPlus, 0) << MovImm16(5, 0x11);
    const uint32_t target = kProgram + 4;
    code << MovImm16(0, 0) << Testset(22, 23, kPlus, 24) << Short(0) << Short(0) << kBkpt;
    // A word of zeros is two branches to themselves while AZ is set; TESTSET stores two MOVs instead.
    const uint32_t zeros = kProgram + 4 + 2 + 2 + 4;
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
}

void TestForeignChanges() {
  {
    Case("the host changes a program between runs");
    Board board;
    const Code loop = CountingLoop();
    board.SetR(0, 1, 0);
    board.PutAndStart(0, loop);
    board.Run(10);
    Code other(kProgram);
    other << AluImm16(kAdd, 1, 1, 3);
    board.Put(0, other);
    board.Run(10);
    Equal("R1", board.R(0, 1), 5 + 15);
    // By one byte, too.
    board.sram()[kProgram] = AluImm16(kSub, 1, 1, 3).bits & 0xff;
    board.Run(10);
    Equal("R1", board.R(0, 1), 5);
  }
  {
    Case("another core, and its DMA, change a program");
    Board board;
    const Code loop = CountingLoop();
    board.SetR(0, 1, 0);
    board.PutAndStart(0, loop);
    board.Run(100);
    Code patch(kProgram);
    patch.Set(1, board.Global(0, kProgram)).Set(2, kBkpt.bits) << Disp16(kStore, kHalf, 2, 1, 0) << kBkpt;
    board.PutAndStart(3, patch);
    board.Run(1000, 5);
    Equal("halted", board.Reg(0, at::kDebugStatus), 1);
    Equal("PC", board.Reg(0, at::kPc), kProgram);
    board.Put(0, loop);
    board.SetReg(0, at::kDebugCmd, 0);
    board.SetWord(0, 0x4000, kBkpt.bits | kBkpt.bits << 16);
    PutDescriptor(board, 0x100, Copy(2, 1, 0x4000, kProgram));
    StartDma(board, 0, 0x100);
    board.Run(1000);
    Equal("halted", board.Reg(0, at::kDebugStatus), 1);
  }
}

void TestPlaces() {
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
    Code code(board.Global(0, kProgram));
    code << MovImm16(1, 7) << kIdle;
    Log(code, 'a') << kBkpt;
    Board::PutAt(board.sram() + kProgram, code);
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
}

void TestJumps() {
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
    board.PutHandler(0, 1, handler);
    Code code(kProgram);
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

void TestStrangeCode() {
  TestOwnChanges();
  TestForeignChanges();
  TestPlaces();
  TestJumps();
}

}  // namespace test
