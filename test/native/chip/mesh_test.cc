// SPDX-License-Identifier: MIT
// The mesh and the eLink: who answers which address, and nobody; the mailbox.
#include "system_test.h"

namespace test {
namespace {

using namespace encode;
using chip::RunResult;

void TestAddresses() {
  {
    Case("every core stores to every core, and reads back");
    Board board;
    for (unsigned core = 0; core < 16; ++core) {
      Code code(kProgram);
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
    Code code(kProgram);
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
    Code code(kProgram);
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
    Code code(kProgram);
    code.Set(1, kDram + 0x1fffffc).Set(2, 0x600df00d) << Str(2, 1);
    // 0x8fe… and 0x9fe… fall on the same megabyte.
    code.Set(1, 0x9fffffff & ~3u) << Ldr(3, 1) << kBkpt;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("DRAM", board.DramWord(0x1fffffc), 0x600df00d);
    Equal("alias", board.R(0, 3), 0x600df00d);
  }
}

void TestNoAnswer() {
  for (const bool is_load : {true, false}) {
    // North of the chip, in its own columns, there is nobody; nor west of it.
    for (const uint32_t address : {0x40800000u, 0x80000000u, 0xc8804000u}) {
      Case("%s %08x, where nobody answers", is_load ? "a load from" : "a store to", address);
      Board board;
      Code code(kProgram);
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
      board.Reset(0);
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
    Code code(kProgram);
    code.Set(1, kMailboxLow) << Ldr(2, 1) << kBkpt;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 2);
  }
  {
    Case("a link that is dead");
    Board board;
    Code code(kProgram);
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
    board.Start(0, kProgram);
    Equal("nothing runs", board.Run(100).instructions, 0);
    board.chip().Inject(chip::Fault::kCoreStuck, 0x808, false);
    Equal("it runs", board.Run(100).instructions, 1);
  }
}

void TestMailbox() {
  Case("messages come in order, and the line rises and falls");
  Board board;
  Code code(kProgram);
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
  Code dram(kProgram);
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
  Code both(kProgram);
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

void TestMailboxOfEmbedder() {
  Case("each message is told of, also while the line is up, and taken in one step");
  Board board;
  constexpr auto kLine = chip::Event::Kind::kInterruptLine;
  uint32_t low = 0;
  uint32_t high = 0;
  const auto next = [&] { return board.chip().PopMailbox(&low, &high); };
  True("none", !next());
  for (uint32_t i = 1; i <= 3; ++i) {
    True("accepted", board.chip().PushMailbox(i, 0x100 + i));
    Equal("told", board.Told(kLine), i);
  }
  for (uint32_t i = 1; i <= 3; ++i) {
    True("line", board.chip().interrupt_line());
    True("taken", next());
    Equal("low", low, i);
    Equal("high", high, 0x100 + i);
    Equal("MAILBOXHI", board.chip().Load(kMailboxHigh, 4).value, 0x100 + i);
  }
  True("line", !board.chip().interrupt_line());
  True("none is left", !next());

  Case("behind a dead link messages stay, and are told of when it is back");
  board.chip().PushMailbox(7, 0);
  board.chip().Inject(chip::Fault::kDeadLink, 0, true);
  True("line", board.chip().interrupt_line());
  True("not to be had", !next() && !board.chip().PushMailbox(8, 0));
  const unsigned told = board.Told(kLine);
  board.chip().Inject(chip::Fault::kDeadLink, 0, false);
  Equal("told", board.Told(kLine), told + 1);
  True("there", next() && low == 7);

  Case("a link that was held in reset tells, too");
  board.chip().PushMailbox(9, 0);
  board.chip().Store(0x810f0200, 1, 4);  // the side to the chip: the mailbox is on the other one
  True("not to be had", !next());
  const unsigned before = board.Told(kLine);
  board.chip().Store(0x810f0200, 0, 4);
  Equal("told", board.Told(kLine), before + 1);
  True("there", next() && low == 9);
}

}  // namespace

void TestMesh() {
  TestAddresses();
  TestNoAnswer();
  TestMailbox();
  TestMailboxOfEmbedder();
}

}  // namespace test
