// SPDX-License-Identifier: MIT
// DMA: both channels as master and slave, errors, and transfers without an end.
#include <cstring>

#include "system_test.h"

namespace test {
namespace {

using namespace encode;
using chip::RunResult;

void TestTransfers() {
  for (unsigned channel = 0; channel < 2; ++channel) {
    for (unsigned size = 0; size < 4; ++size) {
      Case("DMA%u in one dimension, %u bytes at a time", channel, 1u << size);
      Board board;
      FillSource(board);
      PutDescriptor(board, 0x100, Copy(size, 20, 0x2000, 0x4000, kIrq));
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
    PutDescriptor(board, 0x400, Copy(2, 40, 0x2000, 0x4000, 0x420u << 16 | kChain | kIrq));
    PutDescriptor(board, 0x420, Copy(3, 40, 0x2800, 0x5000, kIrq));
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
}

void TestMessages() {
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
    PutDescriptor(board, 0x100, Copy(3, 32, kDram + 0x100, 0x4000, kMessageMode));
    StartDma(board, 0, 0x100);
    board.Run(1000);
    Equal("state", DmaState(board, 0), 0);
    True("copied", std::memcmp(board.dram() + 0x100, board.sram() + 0x4000, 256) == 0);
    Equal("ILAT", board.Reg(0, at::kIlat), 0);
  }
}

void TestSlaves() {
  {
    Case("slave mode: words that another core stores to AUTO0");
    Board board;
    board.SetReg(0, at::kImask, 0x3ff);
    PutDescriptor(board, 0x100,
                  {kEnable | kIrq | SizeBits(2), Pair(4, 0), Pair(2, 8), Pair(0x20, 0), 0, 0x4000});
    StartDma(board, 0, 0x100);
    Equal("state", DmaState(board, 0), 6);
    Code code(kProgram);
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
    Code code(kProgram);
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
    Code bytes(kProgram);
    bytes.Set(1, board.Global(0, at::kDma0Auto0)) << MovImm16(2, 0xa7);
    for (unsigned i = 0; i < 3; ++i) bytes << Disp16(kStore, kByte, 2, 1, 0);
    bytes << kIdle;
    board.PutAndStart(9, bytes);
    board.Run(1000);
    Equal("bytes", board.Word(0, 0x4100), 0x00a7a7a7);
    Equal("state", DmaState(board, 0), 6);
  }
}

void TestErrors() {
  {
    Case("misprogrammed: a descriptor that is not aligned, and a store to CONFIG of a channel that works");
    Board board;
    StartDma(board, 0, 0x104);
    Equal("state", DmaState(board, 0), 0xd);
    PutDescriptor(board, 0x100, Copy(2, 1000, 0x2000, 0x4000));
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
    PutDescriptor(board, 0x100, Copy(2, 10, 0x00100000, 0x4000));
    StartDma(board, 0, 0x100);
    True("it ends", board.Run(1000).stop == RunResult::Stop::kAllIdle);
    Equal("state", DmaState(board, 0), 0xa);
    Equal("the core itself is not stuck", board.Reg(0, at::kDebugStatus), 0);
  }
}

void TestOntoItself() {
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
                   board.Global(0, at::kDma1Config + 0x14)});
    StartDma(board, 1, 0x100);
    True("it ends", board.Run(10000).stop == RunResult::Stop::kAllIdle);
    Case("onto itself: a descriptor that the transfer replaces");
    FillSource(board);
    PutDescriptor(board, 0x2000, {});
    PutDescriptor(board, 0x100, Copy(3, 3, 0x2000, 0x100, 0x100u << 16 | kChain));
    board.SetReg(0, at::kDma1Config, 0);
    StartDma(board, 1, 0x100);
    True("it ends", board.Run(10000).stop == RunResult::Stop::kAllIdle);
    Equal("the new descriptor is zero, so it is over", DmaState(board, 1), 0);
  }
  {
    Case("two slaves that feed each other come to an end");
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
}

void TestStopping() {
  Case("a ring of descriptors has no end, and can be stopped");
  Board board;
  FillSource(board);
  for (unsigned i = 0; i < 2; ++i) {
    const uint32_t next = 0x100 + 0x20 * (1 - i);
    PutDescriptor(board, 0x100 + 0x20 * i,
                  Copy(2, 8, 0x2000, 0x4000 + 0x100 * i, next << 16 | kChain | kIrq));
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
  board.Reset(0);
  Equal("reset", DmaState(board, 0), 0);
  True("over", board.Run(1000).stop == RunResult::Stop::kAllIdle);
}

void TestBesideProgram() {
  Case("DMA beside a program, halted or not");
  Board board;
  FillSource(board);
  PutDescriptor(board, 0x100, Copy(2, 1000, 0x2000, 0x4000));
  Code code(kProgram);
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

}  // namespace

void TestDma() {
  TestTransfers();
  TestMessages();
  TestSlaves();
  TestErrors();
  TestOntoItself();
  TestStopping();
  TestBesideProgram();
}

}  // namespace test
