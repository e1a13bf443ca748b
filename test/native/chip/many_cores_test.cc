// SPDX-License-Identifier: MIT
// What one core does to many: multicast, WAND, SYNC, MBKPT, and its hands on the registers of others.
#include "system_test.h"

namespace test {
namespace {

using namespace encode;

void TestMulticast() {
  Case("multicast reaches those that listen");
  Board board;
  for (const unsigned core : {1u, 6u, 15u}) board.SetReg(core, at::kMulticast, 0x123);
  board.SetReg(7, at::kMulticast, 0x124);
  Code code(kProgram);
  code.Special(num::kConfig, 3u << 12).Set(1, 0x12304000).Set(2, 0xcafe) << Disp16(kStore, kWord, 2, 1, 0);
  code.Set(1, 0x4100) << Disp16(kStore, kWord, 2, 1, 0) << kIdle;
  board.PutAndStart(0, code);
  board.Run(100);
  for (unsigned core = 0; core < 16; ++core)
    Equal("word", board.Word(core, 0x4000), core == 1 || core == 6 || core == 15 ? 0xcafe : 0);
  Equal("local stores stay local", board.Word(0, 0x4100), 0xcafe);
}

void TestBarriers() {
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
    Code code(kProgram);
    code << kWand << kIdle;
    for (unsigned core = 0; core < 16; ++core) board.SetReg(core, at::kImask, 0x3ff);
    for (unsigned core = 0; core < 15; ++core) board.PutAndStart(core, code);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core) Equal("ILAT", board.Reg(core, at::kIlat), 0);
    board.Reset(3);
    board.SetReg(3, at::kImask, 0x3ff);
    board.PutAndStart(15, code);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core) Equal("ILAT without core 3", board.Reg(core, at::kIlat), 0);
    board.PutAndStart(3, code);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core) Equal("ILAT with it", board.Reg(core, at::kIlat), 0x100);
  }
}

void TestEdges() {
  Case("edges of MESHCONFIG bound WAND, SYNC and MBKPT");
  Board board;
  // Columns 0 and 1 are one group, 2 and 3 another.
  for (unsigned core = 0; core < 16; ++core) {
    board.SetReg(core, at::kImask, 0x3ff);
    if (core % 4 == 1) board.SetReg(core, at::kMeshConfig, 1u << 13);
    if (core % 4 == 2) board.SetReg(core, at::kMeshConfig, 1u << 12);
  }
  Code code(kProgram);
  code << kWand << kSync << kIdle;
  for (unsigned core = 0; core < 16; ++core)
    if (core % 4 < 2) board.PutAndStart(core, code);
  board.Run(1000);
  for (unsigned core = 0; core < 16; ++core)
    Equal("ILAT", board.Reg(core, at::kIlat), core % 4 < 2 ? 0x101 : 0);
  Code stop(kProgram);
  stop << kMbkpt << kIdle;
  board.PutAndStart(14, stop);
  board.Run(1000);
  for (unsigned core = 0; core < 16; ++core)
    Equal("DEBUGSTATUS", board.Reg(core, at::kDebugStatus), core % 4 < 2 ? 0 : 5);
}

void TestReach() {
  {
    Case("message mode of CTRLMODE: a store interrupts its receiver");
    Board board;
    board.SetReg(4, at::kImask, 0x3ff);
    Code code(kProgram);
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
    board.PutHandler(7, 0, handler);
    Code code(kProgram);
    code.Set(1, board.Global(7, at::kIlatst)) << MovImm16(2, 1) << Disp16(kStore, kWord, 2, 1, 0) << kIdle;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("R5 of the other", board.R(7, 5), 0x99);
    Equal("IPEND of the other", board.Reg(7, at::kIpend), 1);
  }
  {
    Case("a core halts another, which stands still then");
    Board board;
    const Code spin = CountingLoop();
    board.SetR(7, 1, 0);
    board.PutAndStart(7, spin);
    Code code(kProgram);
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

}  // namespace

void TestManyCores() {
  TestMulticast();
  TestBarriers();
  TestEdges();
  TestReach();
}

}  // namespace test
