// SPDX-License-Identifier: MIT
// Control instructions, exceptions, and bits that are ignored.
#include "operations_test.h"

namespace test {
namespace {

using namespace encode;

void TestControlInstructions(Board& board) {
  {
    Case("NOP");
    Probe probe(board);
    probe.status = kBefore[1];
    probe.Execute(kNop);
    probe.Compare();
  }
  {
    Case("IDLE");
    Probe probe(board);
    probe.Execute(kIdle);
    probe.status &= ~kActive;
    probe.Compare();
    Equal("nothing more happens", board.Run(10).instructions, 0);
  }
  {
    Case("GID");
    Probe probe(board);
    probe.Execute(kGid);
    probe.status |= kGidBit;
    probe.Compare();
  }
  {
    Case("GIE");
    Probe probe(board);
    probe.status |= kGidBit;
    probe.Execute(kGie);
    probe.status &= ~kGidBit;
    probe.Compare();
  }
  {
    Case("RTI outside of an interrupt goes to IRET");
    board.SetReg(0, at::kIret, 0x1234);
    Probe probe(board);
    probe.status |= kGidBit | kKm;
    probe.Execute(kRti);
    probe.status = kActive;
    probe.pc = 0x1234;
    probe.Compare();
    board.SetReg(0, at::kIret, 0);
  }
  {
    Case("WAND sets its flag");
    Probe probe(board);
    probe.Execute(kWand);
    probe.status |= kWandBit;
    probe.Compare();
  }
  {
    Case("SYNC latches interrupt 0");
    Probe probe(board);
    probe.Execute(kSync);
    probe.ilat = 1;
    probe.Compare();
    for (unsigned core = 1; core < 16; ++core) {
      Equal("ILAT of the others", board.Reg(core, at::kIlat), 1);
      board.SetReg(core, at::kIlat, 0);
    }
  }
  {
    Case("BKPT halts, and PC stays");
    Probe probe(board);
    probe.Execute(kBkpt);
    probe.pc = kAt;
    probe.Compare();
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 1);
    board.SetReg(0, at::kDebugCmd, 0);
  }
  for (const unsigned number : {0u, 7u, 63u}) {
    Case("TRAP %u halts behind itself", number);
    board.events.clear();
    Probe probe(board);
    probe.Execute(Trap(number));
    probe.Compare();
    Equal("DEBUGSTATUS", board.Reg(0, at::kDebugStatus), 1);
    Equal("events", board.events.size(), 1);
    if (!board.events.empty()) {
      True("kind", board.events[0].kind == chip::Event::Kind::kCoreHalted);
      Equal("core", board.events[0].core, 0x808);
      Equal("number", board.events[0].value >> 8, number);
    }
    board.SetReg(0, at::kDebugCmd, 0);
  }
  {
    Case("MBKPT halts all cores");
    Probe probe(board);
    probe.Execute(kMbkpt);
    probe.Compare();
    for (unsigned core = 0; core < 16; ++core) {
      Equal("DEBUGSTATUS", board.Reg(core, at::kDebugStatus), 5);
      board.SetReg(core, at::kDebugCmd, 0);
      Equal("DEBUGSTATUS after", board.Reg(core, at::kDebugStatus), 0);
    }
  }
  // The upper bits of control instructions are ignored.
  for (const uint32_t upper : {0x0400u, 0xfc00u}) {
    Case("NOP and GID with upper bits %04x", upper);
    Probe nop(board);
    nop.Execute(Short(kNop.bits | upper));
    nop.Compare();
    Probe gid(board);
    gid.Execute(Short(kGid.bits | upper));
    gid.status |= kGidBit;
    gid.Compare();
  }
}

void TestExceptions() {
  for (const chip::Model* model : chip::kModels) {
    Board board(*model);
    const bool is_3 = model->generation == chip::Generation::kEpiphany3;
    struct Row {
      const char* name;
      Insn insn;
      unsigned epiphany3, epiphany4;
    };
    const Row rows[] = {
        {"SWI 0", Swi(0), 1, 14},
        {"SWI 63", Swi(63), 1, 14},
        {"UNIMPL", kUnimpl, 4, 15},
        // Of each family that has holes, one; and those that only binutils have.
        {"undefined 16-bit move", Short(0x00f2), 4, 15},
        {"undefined 16-bit control", Short(0x0162), 4, 15},
        {"undefined of family 3", Short(0x0053), 4, 15},
        {"undefined of family E", Short(0x003e), 4, 15},
        {"SNOP", Short(0x03a2), 4, 15},
        {"undefined of family 9", Long(0x00400009), 4, 15},
        {"TESTSETB", Long(0x00200009), 4, 15},
        {"undefined of family B", Long(0x0000005b), 4, 15},
        {"undefined of family D", Long(0x0020000d), 4, 15},
        {"undefined of family F", Long(0x0000000f), 4, 15},
        {"FRECIP", Long(0x0017000f), 4, 15},
        {"FEXT", Long(0x001a000f), 4, 15},
        {"LFSR", Long(0x001a002f), 4, 15},
    };
    for (const Row& row : rows) {
      Case("%s: %s", model->name, row.name);
      Probe probe(board);
      probe.status |= kAz | 0xf0000;
      probe.Execute(row.insn);
      probe.Except(is_3 ? row.epiphany3 : row.epiphany4);
      probe.Compare();
    }
  }
}

// Bits that assemblers leave zero and that the hardware does not look at.
void TestIgnoredBits(Board& board) {
  for (const uint32_t bits : {0x00010000u, 0x000d0000u, 0x000f0000u}) {
    Case("MOV imm16 with other bits [19:16], %08x", bits);
    Probe probe(board);
    probe.Execute(Long((MovImm32(38, 0x1234).bits & ~0x000f0000u) | bits));
    probe.r[38] = 0x1234;
    probe.Compare();
  }
  struct Row {
    const char* name;
    Insn insn;
    uint32_t ignored;
  };
  // All of these put R18 + R33, or R18, into R60, or R3 into R5.
  const Row rows[] = {{"ADD.l", Alu32(kAdd, 60, 18, 33), 0x00400000},
                      {"ADD.l imm11", AluImm32(kAdd, 60, 18, 5), 0x03000000},
                      {"LSL.l", Shift32(kLsl, 60, 18, 3), 0x03f00000},
                      {"ASR.l", Shift32(kAsr, 60, 18, 3), 0x03f00000},
                      {"BITR.l", Bitr32(60, 18), 0x03f00000},
                      {"FADD.l", Fpu32(kFadd, 60, 18, 33), 0x00400000},
                      {"FABS.l", Fpu32(kFabs, 60, 18), 0x03c00380},
                      {"FIX.l", Fpu32(kFix, 60, 18), 0x03c00380},
                      {"FABS", Fpu16(kFabs, 5, 3), 0x0380},
                      {"FLOAT", Fpu16(kFloat, 5, 3), 0x0380},
                      {"MOV", Mov16(AL, 5, 3), 0x0200},
                      {"MOV.l", Mov32(AL, 60, 18), 0x03f00200},
                      {"MOVFS", Movfs16(5, 6), 0x0200},
                      {"MOVFS.l", Movfs32(60, 0, 6), 0x03c00200},
                      {"JR", Jr16(3), 0xe200},
                      {"JR.l", Jr32(18), 0xe3f0e200}};
  for (const Row& row : rows) {
    Case("%s with bits that are ignored", row.name);
    // The same instruction as assemblers write it leaves the same state.
    const auto execute = [&](Insn insn, uint32_t* result, uint32_t* status, uint32_t* pc) {
      Probe probe(board);
      probe.r[3] = probe.r[18] = 0x3f801234;
      probe.Execute(insn);
      *result = board.R(0, row.insn.length == 4 ? 60 : 5);
      *status = board.Reg(0, at::kStatus);
      *pc = board.Reg(0, at::kPc);
    };
    uint32_t result, status, pc;
    execute(row.insn, &result, &status, &pc);
    Equal("EXCAUSE", status >> 16 & 15, 0);
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
      if (!(row.ignored & bit)) continue;
      uint32_t other, other_status, other_pc;
      execute({row.insn.bits | bit, row.insn.length}, &other, &other_status, &other_pc);
      Equal("result", other, result);
      Equal("STATUS", other_status, status);
      Equal("PC", other_pc, pc);
    }
  }
}

}  // namespace

void TestControl(Board& board) {
  TestControlInstructions(board);
  TestExceptions();
  TestIgnoredBits(board);
}

}  // namespace test
