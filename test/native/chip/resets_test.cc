// SPDX-License-Identifier: MIT
// Starts, stops and resets.
#include "system_test.h"

namespace test {
namespace {

using namespace encode;

Code EndlessLoop() {
  Code code(kProgram);
  code << kNop;
  return code.ShortBranch(AL, kProgram);
}

void TestStarts() {
  Case("FSTATUS starts and stops a core; STATUS does neither");
  Board board;
  const Code code = EndlessLoop();
  board.Put(0, code);
  board.SetReg(0, at::kPc, kProgram);
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

void TestCoreReset() {
  {
    Case("RESETCORE");
    Board board;
    const Code code = EndlessLoop();
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
    Code code(kProgram);
    code << MovImm16(1, 1) << Movts32(3, 3, 1) << MovImm16(1, 2) << kBkpt;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("R1", board.R(0, 1), 1);
    Equal("STATUS", board.Reg(0, at::kStatus), kGidBit);
  }
}

void ResetChip(Board& board) {
  board.chip().Store(kElinkReset, 3, 4);
  board.chip().Store(kElinkReset, 0, 4);
  board.chip().Store(kRxConfig, kRxConfigOfDriver, 4);
}

void TestChipReset() {
  constexpr uint32_t kWithoutValue[] = {at::kR0,         at::kR0 + 4 * 63,     at::kDma0Stride,
                                        at::kDma0Source, at::kDma0Destination, at::kDma0Auto0,
                                        at::kDma0Auto1,  at::kDma1Config + 0xc};
  const auto sram = [](Board& board) {
    return std::vector<unsigned char>(board.sram(), board.sram() + board.sram_bytes());
  };
  for (const chip::Model* model : chip::kModels) {
    Case("%s: a reset of the chip leaves nothing in SRAM and in the registers", model->name);
    Board board(*model);
    Board other(*model);
    for (unsigned core = 0; core < board.cores(); ++core) {
      board.SetWord(core, 0x4000, 0x12345678);
      board.PutAndStart(core, CountingLoop());
      for (const uint32_t offset : {at::kConfig, at::kLc, at::kLs, at::kLe, at::kIret, at::kImask, at::kIlat,
                                    at::kIpend, at::kDma0Count, at::kMemProtect, at::kMulticast})
        board.SetReg(core, offset, 0x55);
      for (const uint32_t offset : kWithoutValue) board.SetReg(core, offset, 0x55);
    }
    board.Run(1000);
    const std::vector<unsigned char> before = sram(board);
    ResetChip(board);
    Equal("nothing runs", board.Run(1000).instructions, 0);
    size_t kept = 0;
    for (size_t i = 0; i < before.size(); i += 4) kept += std::memcmp(&before[i], board.sram() + i, 4) == 0;
    Equal("words kept", kept, 0);
    for (unsigned core = 0; core < board.cores(); ++core) {
      for (const uint32_t offset : kWithoutValue)
        True("another value", board.Reg(core, offset) != 0x55 && board.Reg(core, offset) != 0);
      for (const uint32_t offset :
           {at::kConfig, at::kStatus, at::kPc, at::kLc, at::kLs, at::kLe, at::kIret, at::kImask, at::kIlat,
            at::kIpend, at::kCtimer0, at::kCtimer1, at::kDma0Config, at::kDma0Count, at::kDma0Status,
            at::kMemProtect, at::kMulticast, at::kDebugStatus})
        Equal("register", board.Reg(core, offset), 0);
      Equal("COREID", board.Reg(core, at::kCoreId), board.Id(core));
    }
    True("cores differ", std::memcmp(board.sram(0), board.sram(1), chip::kSramBytes) != 0);

    Case("%s: the same after the same resets, and another thing after each", model->name);
    ResetChip(other);
    True("the same", sram(other) == sram(board));
    const std::vector<uint32_t> saved = board.Save();
    const std::vector<unsigned char> first = sram(board);
    ResetChip(board);
    const std::vector<unsigned char> second = sram(board);
    True("another", second != first);
    // The count is part of the state.
    True("restored", board.chip().Restore(saved.data(), saved.size()));
    ResetChip(board);
    True("the second again", sram(board) == second);
  }
  {
    Case("a reset of a core keeps its memory");
    Board board;
    board.SetWord(0, 0x4000, 0x12345678);
    board.Reset(0);
    Equal("word", board.Word(0, 0x4000), 0x12345678);
  }
  {
    Case("a chip without power loses everything, too");
    Board board;
    board.SetWord(3, 0x4000, 0x12345678);
    board.chip().Inject(chip::Fault::kNoPower, 0, true);
    board.chip().Inject(chip::Fault::kNoPower, 0, false);
    True("word", board.Word(3, 0x4000) != 0x12345678 && board.Word(3, 0x4000) != 0);
  }
}

void TestStrictAfterReset() {
  Case("a strict chip tells of loads of what a reset has left");
  Board board;
  board.chip().SetStrict(true, false);
  Code code(kProgram);
  code << MovImm32(1, 0x4000) << Ldr(2, 1) << Str(2, 1) << Ldr(2, 1) << kBkpt;
  const auto found = [&] {
    board.SetReg(0, at::kImask, 0x3ff);
    board.PutAndStart(0, code);
    board.Run(100);
    unsigned count = 0;
    for (chip::Violation violation; board.chip().TakeViolation(&violation); ++count) {
      True("kind", violation.kind == chip::Violation::Kind::kUninitialised);
      Equal("address", violation.address, 0x4000);
    }
    return count;
  };
  Equal("before", found(), 0);
  ResetChip(board);
  Equal("after", found(), 1);
  Equal("what it has stored is its own", found(), 0);
  ResetChip(board);
  Equal("and lost with the next reset", found(), 1);
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
    board.PutHandler(0, 9, nine);
    board.PutHandler(0, 3, three);
    PutDescriptor(board, 0x400, Copy(2, 100, 0x2000, 0x4000, 0x400u << 16 | kChain | kIrq));
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
    Code bkpt(kProgram);
    bkpt << kBkpt;
    board.PutAndStart(0, bkpt);
    board.Run(10);
    soft_reset(board);
    Code spin(kProgram);
    spin << kNop << kNop << kNop << kNop << kNop << kNop << kNop << kNop << kIdle;
    board.SetReg(0, at::kLs, kProgram);
    board.SetReg(0, at::kLe, kProgram + 14);
    board.SetReg(0, at::kLc, 1000000);
    board.PutAndStart(0, spin, kActive | kGidBit);
    board.Run(100);
    soft_reset(board);
    soft_reset(board);
  }
}

}  // namespace

void TestResets() {
  TestStarts();
  TestCoreReset();
  TestChipReset();
  TestStrictAfterReset();
  TestSoftReset();
}

}  // namespace test
