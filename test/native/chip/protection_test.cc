// SPDX-License-Identifier: MIT
// Protected memory.
#include "system_test.h"

namespace test {
namespace {

using namespace encode;

void TestPages() {
  {
    Case("E-III: a page that is protected from its own core");
    Board board;
    PutHandlers(board);
    for (unsigned page = 0; page < 8; ++page) board.SetWord(0, page * 0x1000 + 0xf00, 0x77777777);
    Code code(kProgram);
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
    Code code(kProgram);
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
    PutDescriptor(board, 0x100, Copy(2, 4, 0x2000, 0x4000));
    StartDma(board, 0, 0x100);
    board.Run(100);
    Equal("dropped", board.Word(0, 0x4000), 0);
    Equal("ILAT", board.Reg(0, at::kIlat), 4);
  }
}

void TestSources() {
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
      Code code(kProgram);
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

}  // namespace

void TestProtection() {
  TestPages();
  TestSources();
}

}  // namespace test
