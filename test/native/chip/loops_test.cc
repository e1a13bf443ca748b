// SPDX-License-Identifier: MIT
// Hardware loops.
#include "system_test.h"

namespace test {
namespace {

using namespace encode;

// What comes before a body of long instructions that is executed `count` times. LE is its last instruction.
Code UpToLoop(uint32_t start, unsigned body, uint32_t count, uint32_t window = 0) {
  Code code(kProgram);
  code << kGid << kNop;
  code.Special(num::kLs, window | start);
  code.Special(num::kLe, window | (start + 4 * (body - 1)));
  code.Special(num::kLc, count);
  while (code.here() != start) code << kNop;
  return code;
}

void TestPasses() {
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
        uint32_t start = kProgram + 0x28;
        if (body % 2 == 1) start += 4;  // that the last but one is aligned is not ours to test
        Code code = UpToLoop(start, body, row.count, row.is_global ? board.Global(0, 0) : 0);
        for (unsigned i = 0; i < body; ++i) code << AluImm32(kAdd, 30, 30, 1);
        code << AluImm32(kAdd, 31, 31, 1) << kBkpt;
        board.SetR(0, 30, 0);
        board.SetR(0, 31, 0);
        board.PutAndStart(0, code);
        board.Run(100000, quantum);
        Equal("instructions of the body", board.R(0, 30), uint64_t{row.passes} * body);
        Equal("behind it", board.R(0, 31), 1);
        Equal("LC", board.Reg(0, at::kLc), 0);
        Equal("PC", board.Reg(0, at::kPc) & 0xfffff, code.here() - 2);
      }
    }
  }
}

void TestBodies() {
  {
    Case("a loop that its last instruction ends by writing LC");
    Board board;
    Code code = UpToLoop(kProgram + 0x40, 8, 10);
    for (unsigned i = 0; i < 7; ++i) code << AluImm32(kAdd, 30, 30, 1);
    code << Movts32(0, num::kLc, 40) << kBkpt;
    board.SetR(0, 30, 0);
    board.SetR(0, 40, 0);
    board.PutAndStart(0, code);
    board.Run(10000);
    Equal("instructions of the body", board.R(0, 30), 7);
    Equal("LC", board.Reg(0, at::kLc), 0);
  }
  {
    Case("a loop whose body stores and has work of its own");
    Board board;
    Code code = UpToLoop(kProgram + 0x40, 8, 16);
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

}  // namespace

void TestLoops() {
  TestPasses();
  TestBodies();
}

}  // namespace test
