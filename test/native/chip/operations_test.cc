// SPDX-License-Identifier: MIT
// Every operation in every form, executed one instruction at a time: which registers, flags and bytes of
// memory it changes, and that it changes no others. What is wanted is worked out from the reference.
#include <cstring>
#include <string>

#include "board.h"
#include "chip/disassemble.h"
#include "testing.h"

namespace {

using namespace encode;
using namespace test;

constexpr uint32_t kAt = 0x0400;    // where the instruction is
constexpr uint32_t kData = 0x4000;  // where it finds data
constexpr uint32_t kFlags = 0xf7f0;
constexpr uint32_t kException = 1u << 1;  // of ILAT

// The state of a core. It is filled in, one instruction is executed, what should have changed is filled in,
// and everything is compared.
class Probe {
 public:
  explicit Probe(Board& board) : board_(board), memory_(board.sram(), board.sram() + chip::kSramBytes) {
    uint32_t value = 0x9e3779b9;
    for (uint32_t& word : r) word = value *= 0x01000193;
    for (unsigned i = 0; i < 64; i += 4) SetMemory(kData + i, 0x03020100 + 0x04040404 * (i / 4) + 0x80808080);
  }

  uint32_t r[64];
  uint32_t status = kActive;
  uint32_t config = 0;
  uint32_t pc = kAt;
  uint32_t ilat = 0;

  void SetMemory(uint32_t offset, uint32_t word) { std::memcpy(&memory_[offset], &word, 4); }
  void SetByte(uint32_t offset, unsigned byte) { memory_[offset] = static_cast<unsigned char>(byte); }
  uint32_t Memory(uint32_t offset) const {
    uint32_t word;
    std::memcpy(&word, &memory_[offset], 4);
    return word;
  }
  unsigned Byte(uint32_t offset) const { return memory_[offset]; }

  void Execute(Insn insn) {
    SetByte(kAt, insn.bits & 0xff);
    SetByte(kAt + 1, insn.bits >> 8 & 0xff);
    // The bits behind a short instruction are those of an undefined one, which would be noticed.
    SetByte(kAt + 2, insn.length == 4 ? insn.bits >> 16 & 0xff : 0xff);
    SetByte(kAt + 3, insn.length == 4 ? insn.bits >> 24 : 0x7f);
    std::memcpy(board_.sram(), memory_.data(), memory_.size());
    for (unsigned i = 0; i < 64; ++i) board_.SetR(0, i, r[i]);
    board_.SetReg(0, at::kConfig, config);
    board_.SetReg(0, at::kImask, 0x3ff);
    board_.SetReg(0, at::kIlat, ilat);
    board_.SetReg(0, at::kIpend, 0);
    board_.Start(0, pc, status);
    const chip::RunResult result = board_.Run(1, 1);
    Equal("instructions", result.instructions, 1);
    pc += insn.length;
  }
  void Compare() {
    for (unsigned i = 0; i < 64; ++i) {
      if (board_.R(0, i) != r[i]) Fail(("R" + std::to_string(i)).c_str(), board_.R(0, i), r[i]);
    }
    Equal("STATUS", board_.Reg(0, at::kStatus), status);
    Equal("PC", board_.Reg(0, at::kPc), pc);
    Equal("ILAT", board_.Reg(0, at::kIlat), ilat);
    Equal("IPEND", board_.Reg(0, at::kIpend), 0);
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (board_.sram()[i] == memory_[i]) continue;
      Fail(("byte at " + std::to_string(i)).c_str(), board_.sram()[i], memory_[i]);
      break;
    }
  }
  // What a software exception does while interrupts are masked. E-III's causes.
  void Except(unsigned cause) {
    status = (status & ~0xf0000u) | cause << 16;
    ilat |= kException;
  }

 private:
  Board& board_;
  std::vector<unsigned char> memory_;
};

// --- the encoder, compared once with the disassembler, which was compared with binutils

void TestEncoder() {
  struct Row {
    Insn insn;
    const char* text;
  };
  const Row rows[] = {
      {B16(BLTE, -2), "bblte 0xffe"},
      {B16(EQ, 254), "beq 0x10fe"},
      {B32(LTE, -0x800), "blte 0x800"},
      {B32(LINK, 0x20000), "bl 0x21000"},
      {B16(LINK, 8), "bl 0x1008"},
      {B16(AL, 8), "b 0x1008"},
      {Jr16(3), "jr r3"},
      {Jalr16(7), "jalr r7"},
      {Jr32(33), "jr r33"},
      {Jalr32(63), "jalr r63"},
      {Rts(), "rts"},
      {Index16(kLoad, kHalf, 1, 5, 4), "ldrh r1,[r5,r4]"},
      {Post16(kStore, kByte, 2, 3, 7), "strb r2,[r3],r7"},
      {Disp16(kLoad, kDouble, 6, 1, 7), "ldrd r6,[r1,0x7]"},
      {Disp16(kStore, kWord, 1, 2, 0), "str r1,[r2]"},
      {Index32(kLoad, kWord, 43, 54, kMinus, 55), "ldr r43,[r54,-r55]"},
      {Index32(kStore, kHalf, 1, 2, kPlus, 3), "strh r1,[r2,+r3]"},
      {Post32(kLoad, kByte, 30, 43, kPlus, 40), "ldrb r30,[r43],+r40"},
      {Post32(kStore, kDouble, 34, 8, kMinus, 9), "strd r34,[r8],-r9"},
      {Disp32(kStore, kDouble, 34, 2, kMinus, 0x99), "strd r34,[r2,-0x99]"},
      {PostDisp32(kLoad, kWord, 6, 62, kPlus, 0x60e), "ldr r6,[r62],+0x60e"},
      {Testset(40, 2, kMinus, 50), "testset r40,[r2,-r50]"},
      {Mov16(GTEU, 1, 2), "movgteu r1,r2"},
      {Mov32(BLT, 20, 63), "movblt r20,r63"},
      {MovImm16(7, 0xa5), "mov r7,0xa5"},
      {MovImm32(60, 0xbeef), "mov r60,0xbeef"},
      {Movt(33, 0x1234), "movt r33,0x1234"},
      {Movts16(1, 6), "movts status,r6"},
      {Movfs16(5, 7), "movfs r5,le"},
      {Movts32(0, 13, 50), "movts ipend,r50"},
      {Movts32(1, 8, 3), "movts dma1config,r3"},
      {Movfs32(1, 3, 1), "movfs r1,coreid"},
      {Movfs32(62, 2, 1), "movfs r62,memstatus"},
      {Alu16(kEor, 1, 2, 3), "eor r1,r2,r3"},
      {Alu32(kAsr, 16, 33, 60), "asr r16,r33,r60"},
      {AluImm16(kAdd, 1, 2, -4), "add r1,r2,-4"},
      {AluImm16(kSub, 1, 2, 3), "sub r1,r2,3"},
      {AluImm32(kAdd, 40, 2, -1024), "add r40,r2,-1024"},
      {AluImm32(kSub, 4, 52, 1023), "sub r4,r52,1023"},
      {Shift16(kLsl, 1, 2, 31), "lsl r1,r2,0x1f"},
      {Shift16(kAsr, 1, 2, 1), "asr r1,r2,0x1"},
      {Shift32(kLsr, 31, 20, 17), "lsr r31,r20,0x11"},
      {Shift32(kAsr, 31, 20, 17), "asr r31,r20,0x11"},
      {Bitr16(4, 5), "bitr r4,r5"},
      {Bitr32(44, 55), "bitr r44,r55"},
      {Fpu16(kFmsub, 1, 2, 3), "fmsub r1,r2,r3"},
      {Fpu32(kFmadd, 61, 52, 43), "fmadd r61,r52,r43"},
      {Fpu32(kFabs, 61, 52), "fabs r61,r52"},
      {Fpu16(kFix, 6, 5), "fix r6,r5"},
      {kNop, "nop"},
      {kIdle, "idle"},
      {kBkpt, "bkpt"},
      {kMbkpt, "mbkpt"},
      {kRti, "rti"},
      {kWand, "wand"},
      {kSync, "sync"},
      {kGie, "gie"},
      {kGid, "gid"},
      {kUnimpl, "unimpl"},
      {Swi(0), "swi"},
      {Swi(9), "swi 0x9"},
      {Trap(63), "trap 0x3f"},
  };
  for (const Row& row : rows) {
    Case("encoder: %s", row.text);
    const chip::Line line = chip::Disassemble(0x1000, row.insn.bits, 4);
    if (std::strcmp(line.text, row.text) != 0) std::printf("%s is shown as %s\n", row.text, line.text);
    True("text", std::strcmp(line.text, row.text) == 0);
    Equal("length", line.length, row.insn.length);
  }
}

// --- integer unit

constexpr uint32_t kEdges[] = {0,          1,          2,          0x7fffffff, 0x80000000, 0x80000001,
                               0xfffffffe, 0xffffffff, 0x12345678, 0xedcba988, 0x55555555, 33};

// From the definitions, in wide arithmetic.
struct Outcome {
  uint32_t value, flags;  // AZ, AN, AC, AV
};

Outcome Integer(Alu op, uint32_t n, uint32_t b) {
  const int64_t sn = static_cast<int32_t>(n);
  const int64_t sb = static_cast<int32_t>(b);
  uint32_t value = 0;
  bool carry = false;
  bool overflow = false;
  switch (op) {
    case kAdd:
      value = static_cast<uint32_t>(uint64_t{n} + b);
      carry = uint64_t{n} + b > 0xffffffffu;
      overflow = sn + sb < INT32_MIN || sn + sb > INT32_MAX;
      break;
    case kSub:
      value = static_cast<uint32_t>(uint64_t{n} - b);
      carry = n >= b;  // AC is "no borrow"
      overflow = sn - sb < INT32_MIN || sn - sb > INT32_MAX;
      break;
    case kAnd:
    case kOrr:
    case kEor:
      for (unsigned i = 0; i < 32; ++i) {
        const bool x = n >> i & 1;
        const bool y = b >> i & 1;
        const bool bit = op == kAnd ? x && y : op == kOrr ? x || y : x != y;
        value |= static_cast<uint32_t>(bit) << i;
      }
      break;
    case kLsl:
      value = static_cast<uint32_t>(uint64_t{n} * (uint64_t{1} << b % 32));
      break;
    case kLsr:
      value = static_cast<uint32_t>(uint64_t{n} / (uint64_t{1} << b % 32));
      break;
    case kAsr: {
      const int64_t divisor = int64_t{1} << b % 32;
      value = static_cast<uint32_t>((sn - ((sn % divisor) + divisor) % divisor) / divisor);  // rounds down
      break;
    }
  }
  return {value, (value == 0 ? kAz : 0) | (value & 0x80000000 ? kAn : 0) | (carry ? kAc : 0) |
                     (overflow ? kAv | kAvs : 0)};
}

constexpr const char* kAluNames[] = {"EOR", "ADD", "LSL", "SUB", "LSR", "AND", "ASR", "ORR"};
// Before each instruction: no flag, and all of them.
constexpr uint32_t kBefore[] = {kActive, kActive | kWandBit | kFlags | 0x50000};

void WantInteger(Probe& probe, unsigned rd, Outcome outcome) {
  probe.r[rd] = outcome.value;
  probe.status = (probe.status & ~(kAz | kAn | kAc | kAv)) | outcome.flags;
}

void TestAlu(Board& board) {
  struct Registers {
    unsigned rd, rn, rm;
    bool is_long;
  };
  constexpr Registers kForms[] = {{1, 2, 3, false}, {0, 7, 5, false}, {4, 4, 4, false},   {2, 2, 6, false},
                                  {3, 6, 3, false}, {1, 2, 3, true},  {60, 33, 18, true}, {63, 63, 63, true},
                                  {9, 9, 41, true}, {41, 9, 41, true}};
  for (unsigned op = 0; op < 8; ++op) {
    for (const Registers& form : kForms) {
      for (const uint32_t n : kEdges) {
        for (const uint32_t m : kEdges) {
          for (const uint32_t before : kBefore) {
            Case("%s%s r%u,r%u,r%u of %08x and %08x, STATUS %05x", kAluNames[op], form.is_long ? ".l" : "",
                 form.rd, form.rn, form.rm, n, m, before);
            Probe probe(board);
            probe.r[form.rn] = n;
            if (form.rm != form.rn) probe.r[form.rm] = m;
            probe.status = before;
            const auto alu = static_cast<Alu>(op);
            probe.Execute(form.is_long ? Alu32(alu, form.rd, form.rn, form.rm)
                                       : Alu16(alu, form.rd, form.rn, form.rm));
            WantInteger(probe, form.rd, Integer(alu, n, probe.r[form.rm]));
            probe.Compare();
          }
        }
      }
    }
  }
}

void TestAluImmediate(Board& board) {
  constexpr int kImmediates[] = {-4, -1, 0, 1, 3, -1024, -513, -5, 4, 7, 8, 512, 1023};
  for (const Alu op : {kAdd, kSub}) {
    for (const int immediate : kImmediates) {
      for (const bool is_long : {false, true}) {
        if (!is_long && (immediate < -4 || immediate > 3)) continue;
        for (const uint32_t n : kEdges) {
          for (const uint32_t before : kBefore) {
            Case("%s%s of %08x and %d", kAluNames[op], is_long ? ".l" : "", n, immediate);
            Probe probe(board);
            const unsigned rd = is_long ? 50 : 3;
            const unsigned rn = is_long ? 21 : 6;
            probe.r[rn] = n;
            probe.status = before;
            probe.Execute(is_long ? AluImm32(op, rd, rn, immediate) : AluImm16(op, rd, rn, immediate));
            WantInteger(probe, rd, Integer(op, n, static_cast<uint32_t>(immediate)));
            probe.Compare();
          }
        }
      }
    }
  }
  for (const Alu op : {kLsl, kLsr, kAsr}) {
    for (unsigned by = 0; by < 32; ++by) {
      for (const bool is_long : {false, true}) {
        for (const uint32_t n : {0x80000001u, 0x7ffffffeu, 0x12345678u}) {
          Case("%s%s of %08x by %u", kAluNames[op], is_long ? ".l" : "", n, by);
          Probe probe(board);
          const unsigned rd = is_long ? 8 : 7;
          const unsigned rn = is_long ? 56 : 0;
          probe.r[rn] = n;
          probe.status = kBefore[1];
          probe.Execute(is_long ? Shift32(op, rd, rn, by) : Shift16(op, rd, rn, by));
          WantInteger(probe, rd, Integer(op, n, by));
          probe.Compare();
        }
      }
    }
  }
  struct Row {
    uint32_t value, reversed;
  };
  for (const Row row : {Row{0, 0}, Row{1, 0x80000000}, Row{0x80000000, 1}, Row{0x00000012, 0x48000000},
                        Row{0x12345678, 0x1e6a2c48}, Row{0xffffffff, 0xffffffff}}) {
    for (const bool is_long : {false, true}) {
      Case("BITR%s of %08x", is_long ? ".l" : "", row.value);
      Probe probe(board);
      probe.r[is_long ? 40 : 4] = row.value;
      probe.status = kBefore[1];
      probe.Execute(is_long ? Bitr32(30, 40) : Bitr16(3, 4));
      WantInteger(probe, is_long ? 30 : 3,
                  {row.reversed, (row.reversed == 0 ? kAz : 0) | (row.reversed >> 31 ? kAn : 0)});
      probe.Compare();
    }
  }
}

// Some results by hand, so that not everything rests on one formula.
void TestFlagsByHand(Board& board) {
  struct Row {
    Alu op;
    uint32_t n, m, value, flags;
  };
  constexpr Row kRows[] = {
      {kAdd, 0x7fffffff, 1, 0x80000000, kAn | kAv | kAvs},
      {kAdd, 0x80000000, 0x80000000, 0, kAz | kAc | kAv | kAvs},
      {kAdd, 0xffffffff, 1, 0, kAz | kAc},
      {kAdd, 0xffffffff, 0xffffffff, 0xfffffffe, kAn | kAc},
      {kSub, 0, 1, 0xffffffff, kAn},
      {kSub, 1, 1, 0, kAz | kAc},
      {kSub, 0x80000000, 1, 0x7fffffff, kAc | kAv | kAvs},
      {kSub, 0x7fffffff, 0xffffffff, 0x80000000, kAn | kAv | kAvs},
      {kSub, 5, 3, 2, kAc},
      {kLsl, 1, 31, 0x80000000, kAn},
      {kLsl, 1, 32, 1, 0},
      {kLsr, 0x80000000, 63, 1, 0},
      {kAsr, 0x80000000, 31, 0xffffffff, kAn},
      {kAnd, 0xf0f0f0f0, 0x0f0f0f0f, 0, kAz},
      {kOrr, 0x80000000, 1, 0x80000001, kAn},
      {kEor, 0xffffffff, 0xffffffff, 0, kAz},
  };
  for (const Row& row : kRows) {
    Case("by hand: %s of %08x and %08x", kAluNames[row.op], row.n, row.m);
    Probe probe(board);
    probe.r[1] = row.n;
    probe.r[2] = row.m;
    probe.Execute(Alu16(row.op, 0, 1, 2));
    WantInteger(probe, 0, {row.value, row.flags});
    probe.Compare();
  }
}

// --- conditions

bool Holds(unsigned cond, uint32_t status) {
  const bool z = status & kAz, n = status & kAn, c = status & kAc, v = status & kAv;
  const bool bz = status & kBz, bn = status & kBn;
  const bool table[] = {z,      !z,          c && !z, c,   z || !c,   !c,       !z && v == n, v == n,
                        v != n, z || v != n, bz,      !bz, bn && !bz, bn || bz, true};
  return table[cond];
}

void TestConditions(Board& board) {
  for (uint32_t flags = 0; flags < 64; ++flags) {
    const uint32_t status = kActive | flags << 4;
    for (unsigned number = EQ; number <= AL; ++number) {
      const auto cond = static_cast<Cond>(number);
      const bool holds = Holds(number, status);
      for (const bool is_long : {false, true}) {
        for (const int distance : {-0x40, 0x7e}) {
          Case("B%u%s by %d with STATUS %03x", number, is_long ? ".l" : "", distance, status);
          Probe probe(board);
          probe.status = status;
          const int far = is_long ? distance * 16 : distance;
          probe.Execute(is_long ? B32(cond, far) : B16(cond, far));
          if (holds) probe.pc = kAt + static_cast<uint32_t>(far);
          probe.Compare();
        }
        Case("MOV%u%s with STATUS %03x", number, is_long ? ".l" : "", status);
        Probe probe(board);
        probe.status = status;
        const unsigned rd = is_long ? 59 : 5;
        const unsigned rn = is_long ? 10 : 2;
        probe.Execute(is_long ? Mov32(cond, rd, rn) : Mov16(cond, rd, rn));
        if (holds) probe.r[rd] = probe.r[rn];
        probe.Compare();
      }
    }
  }
}

void TestJumps(Board& board) {
  for (const bool is_long : {false, true}) {
    for (const int distance : {-0x80, -2, 0, 2, 0xfe}) {
      Case("BL%s by %d", is_long ? ".l" : "", distance);
      Probe probe(board);
      probe.Execute(is_long ? B32(LINK, distance) : B16(LINK, distance));
      probe.r[14] = probe.pc;
      probe.pc = kAt + static_cast<uint32_t>(distance);
      probe.Compare();
    }
    const unsigned rn = is_long ? 45 : 6;
    {
      Case("JR%s", is_long ? ".l" : "");
      Probe probe(board);
      probe.r[rn] = 0x1234;
      probe.Execute(is_long ? Jr32(rn) : Jr16(rn));
      probe.pc = 0x1234;
      probe.Compare();
    }
    {
      Case("JALR%s", is_long ? ".l" : "");
      Probe probe(board);
      probe.r[rn] = 0x1234;
      probe.Execute(is_long ? Jalr32(rn) : Jalr16(rn));
      probe.r[14] = probe.pc;
      probe.pc = 0x1234;
      probe.Compare();
    }
  }
  {
    Case("RTS");
    Probe probe(board);
    probe.r[14] = 0x2468;
    probe.Execute(Rts());
    probe.pc = 0x2468;
    probe.Compare();
  }
  {
    Case("JALR R14 reads R14 first");
    Probe probe(board);
    probe.r[14] = 0x2468;
    probe.Execute(Jalr32(14));
    probe.r[14] = probe.pc;
    probe.pc = 0x2468;
    probe.Compare();
  }
  {
    Case("B.l as far as it goes, from the core's own global address");
    Probe probe(board);
    probe.pc = board.Global(0, kAt);
    probe.Execute(B32(AL, 0x2000));
    probe.pc = board.Global(0, kAt + 0x2000);
    probe.Compare();
  }
  {
    Case("BL from the core's own global address");
    Probe probe(board);
    probe.pc = board.Global(0, kAt);
    probe.Execute(B16(LINK, 16));
    probe.r[14] = board.Global(0, kAt + 2);
    probe.pc = board.Global(0, kAt + 16);
    probe.Compare();
  }
}

void TestMoves(Board& board) {
  for (const unsigned immediate : {0u, 1u, 0x80u, 0xffu, 0x5au}) {
    Case("MOV imm8 %x", immediate);
    Probe probe(board);
    probe.status = kBefore[1];
    probe.Execute(MovImm16(6, immediate));
    probe.r[6] = immediate;
    probe.Compare();
  }
  for (const unsigned immediate : {0u, 1u, 0x00ffu, 0x0100u, 0x8000u, 0xffffu, 0xa55au}) {
    {
      Case("MOV imm16 %x", immediate);
      Probe probe(board);
      probe.Execute(MovImm32(38, immediate));
      probe.r[38] = immediate;
      probe.Compare();
    }
    {
      Case("MOVT %x", immediate);
      Probe probe(board);
      probe.r[38] = 0x89abcdef;
      probe.Execute(Movt(38, immediate));
      probe.r[38] = 0xcdef | immediate << 16;
      probe.Compare();
    }
  }
}

// --- loads and stores

enum class Form { kDisp, kIndex, kPostIndex, kPostDisp };
constexpr const char* kFormNames[] = {"disp", "index", "post index", "post disp"};

struct AccessCase {
  Form form;
  bool is_long;
  Sign sign;
  unsigned offset;  // displacement, or what is in RM
};

Insn Encode(Direction direction, Size size, const AccessCase& c, unsigned rd, unsigned rn, unsigned rm) {
  switch (c.form) {
    case Form::kDisp:
      return c.is_long ? Disp32(direction, size, rd, rn, c.sign, c.offset)
                       : Disp16(direction, size, rd, rn, c.offset);
    case Form::kIndex:
      return c.is_long ? Index32(direction, size, rd, rn, c.sign, rm) : Index16(direction, size, rd, rn, rm);
    case Form::kPostIndex:
      return c.is_long ? Post32(direction, size, rd, rn, c.sign, rm) : Post16(direction, size, rd, rn, rm);
    default:
      return PostDisp32(direction, size, rd, rn, c.sign, c.offset);
  }
}

// `window` is what has to be added to a local address: another way to the same memory.
void TestAccess(Board& board, Size size, const AccessCase& c, uint32_t window) {
  const unsigned rd = c.is_long ? 36 : 4;
  const unsigned rn = c.is_long ? 51 : 1;
  const unsigned rm = c.is_long ? 17 : 7;
  const unsigned bytes = 1u << size;
  const bool has_register = c.form == Form::kIndex || c.form == Form::kPostIndex;
  const bool is_post = c.form == Form::kPostIndex || c.form == Form::kPostDisp;
  const uint32_t scaled = has_register ? c.offset : c.offset * bytes;
  const uint32_t moved = c.sign == kMinus ? 0 - scaled : scaled;
  // The address is to be the same in every case: 16 bytes into the data.
  const uint32_t address = window + kData + 16;
  const uint32_t base = is_post ? address : address - moved;
  const uint32_t local = kData + 16;

  Case("LDR of %u bytes, %s%s %c%u, window %08x", bytes, kFormNames[static_cast<int>(c.form)],
       c.is_long ? ".l" : "", c.sign == kMinus ? '-' : '+', c.offset, window);
  {
    Probe probe(board);
    probe.status = kBefore[1];
    probe.r[rn] = base;
    if (has_register) probe.r[rm] = c.offset;
    probe.Execute(Encode(kLoad, size, c, rd, rn, rm));
    uint32_t value = 0;
    for (unsigned i = bytes < 4 ? bytes : 4; i-- > 0;) value = value << 8 | probe.Byte(local + i);
    probe.r[rd] = value;
    if (size == kDouble) probe.r[rd + 1] = probe.Memory(local + 4);
    if (is_post) probe.r[rn] = base + moved;
    probe.Compare();
  }
  Case("STR of %u bytes, %s%s %c%u, window %08x", bytes, kFormNames[static_cast<int>(c.form)],
       c.is_long ? ".l" : "", c.sign == kMinus ? '-' : '+', c.offset, window);
  {
    Probe probe(board);
    probe.status = kBefore[1];
    probe.r[rn] = base;
    if (has_register) probe.r[rm] = c.offset;
    probe.Execute(Encode(kStore, size, c, rd, rn, rm));
    for (unsigned i = 0; i < bytes; ++i)
      probe.SetByte(local + i, probe.r[i < 4 ? rd : rd + 1] >> 8 * (i % 4) & 0xff);
    if (is_post) probe.r[rn] = base + moved;
    probe.Compare();
  }
}

void TestAccesses(Board& board) {
  const uint32_t own = board.Global(0, 0);
  std::vector<AccessCase> cases;
  for (const unsigned offset : {0u, 1u, 7u}) cases.push_back({Form::kDisp, false, kPlus, offset});
  for (const Sign sign : {kPlus, kMinus}) {
    for (const unsigned offset : {0u, 1u, 8u, 0x155u, 0x7ffu}) {
      cases.push_back({Form::kDisp, true, sign, offset});
      cases.push_back({Form::kPostDisp, true, sign, offset});
    }
    for (const unsigned offset : {0u, 1u, 2u, 3u, 4u, 8u, 0x100u, 0x80000000u, 0xfffffff8u}) {
      if (sign == kPlus) {
        cases.push_back({Form::kIndex, false, sign, offset});
        cases.push_back({Form::kPostIndex, false, sign, offset});
      }
      cases.push_back({Form::kIndex, true, sign, offset});
      cases.push_back({Form::kPostIndex, true, sign, offset});
    }
  }
  for (const Size size : {kByte, kHalf, kWord, kDouble}) {
    for (const AccessCase& c : cases) {
      TestAccess(board, size, c, 0);
      TestAccess(board, size, c, own);
    }
  }
  // Each byte of a word, and each half of it.
  for (unsigned i = 0; i < 8; ++i) {
    Case("LDRB at byte %u", i);
    Probe probe(board);
    probe.r[1] = kData + i;
    probe.Execute(Disp16(kLoad, kByte, 0, 1, 0));
    probe.r[0] = 0x80 + i;  // not extended by its sign
    probe.Compare();
  }
  for (unsigned i = 0; i < 8; i += 2) {
    Case("LDRH at byte %u", i);
    Probe probe(board);
    probe.r[1] = kData + i;
    probe.Execute(Disp16(kLoad, kHalf, 0, 1, 0));
    probe.r[0] = 0x8180 + 0x202 * (i / 2);
    probe.Compare();
  }
}

void TestOverlaps(Board& board) {
  for (const uint32_t window : {0u, board.Global(0, 0)}) {
    {
      Case("STR RD==RN, post-modify: stores the old RN, window %08x", window);
      Probe probe(board);
      probe.r[9] = window + kData;
      probe.Execute(PostDisp32(kStore, kWord, 9, 9, kPlus, 4));
      probe.SetMemory(kData, window + kData);
      probe.r[9] = window + kData + 16;
      probe.Compare();
    }
    {
      Case("STR RM==RN, post-modify: adds the old RN, window %08x", window);
      Probe probe(board);
      probe.r[3] = window + kData;
      probe.Execute(Post16(kStore, kWord, 2, 3, 3));
      probe.SetMemory(kData, probe.r[2]);
      probe.r[3] = 2 * (window + kData);
      probe.Compare();
    }
    {
      Case("LDR RM==RD, post-modify: moves by the old RM, window %08x", window);
      Probe probe(board);
      probe.r[3] = window + kData;
      probe.r[2] = 0x24;
      probe.Execute(Post16(kLoad, kWord, 2, 3, 2));
      probe.r[2] = 0x83828180;
      probe.r[3] = window + kData + 0x24;
      probe.Compare();
    }
    {
      Case("LDR RD==RN without post-modify, window %08x", window);
      Probe probe(board);
      probe.r[3] = window + kData;
      probe.Execute(Disp16(kLoad, kWord, 3, 3, 1));
      probe.r[3] = 0x87868584;
      probe.Compare();
    }
    {
      Case("LDR RD==RN==RM by index, window %08x", window);
      Probe probe(board);
      probe.r[3] = (window + kData) / 2;
      probe.Execute(Index16(kLoad, kWord, 3, 3, 3));
      probe.r[3] = 0x83828180;
      probe.Compare();
    }
    {
      Case("LDRD whose second register is RN, window %08x", window);
      Probe probe(board);
      probe.r[3] = window + kData;
      probe.Execute(Disp16(kLoad, kDouble, 2, 3, 1));
      probe.r[2] = 0x8b8a8988;
      probe.r[3] = 0x8f8e8d8c;
      probe.Compare();
    }
    {
      Case("STRD RD==RN, post-modify, window %08x", window);
      Probe probe(board);
      probe.r[10] = window + kData;
      probe.Execute(PostDisp32(kStore, kDouble, 10, 10, kMinus, 1));
      probe.SetMemory(kData, window + kData);
      probe.SetMemory(kData + 4, probe.r[11]);
      probe.r[10] = window + kData - 8;
      probe.Compare();
    }
    {
      // No source settles it, and the assembler rejects it; this is what the model does.
      Case("LDR RD==RN, post-modify: the moved address wins, window %08x", window);
      Probe probe(board);
      probe.r[9] = window + kData;
      probe.Execute(PostDisp32(kLoad, kWord, 9, 9, kPlus, 4));
      probe.r[9] = window + kData + 16;
      probe.Compare();
    }
  }
}

void TestUnaligned() {
  for (const chip::Model* model : chip::kModels) {
    Board board(*model);
    const unsigned cause = model->generation == chip::Generation::kEpiphany3 ? 2 : 13;
    for (const uint32_t window : {0u, board.Global(0, 0), board.Global(1, 0), kDram}) {
      for (const Size size : {kHalf, kWord, kDouble}) {
        for (uint32_t off = 1; off < 1u << size; ++off) {
          for (const Direction direction : {kLoad, kStore}) {
            Case("%s: %s of %u bytes at %u from alignment, window %08x", model->name,
                 direction == kLoad ? "LDR" : "STR", 1u << size, off, window);
            {
              Probe probe(board);
              probe.r[20] = window + kData + off;
              probe.Execute(Disp32(direction, size, 18, 20, kPlus, 3));
              probe.Except(cause);
              probe.Compare();
            }
            {
              Probe probe(board);
              probe.r[20] = window + kData + off;
              probe.Execute(PostDisp32(direction, size, 18, 20, kPlus, 3));
              probe.r[20] += 3u << size;
              probe.Except(cause);
              probe.Compare();
            }
          }
        }
      }
    }
    for (const Direction direction : {kLoad, kStore}) {
      Case("%s: doubleword %s with an odd RD", model->name, direction == kLoad ? "LDR" : "STR");
      Probe probe(board);
      probe.r[20] = kData;
      probe.Execute(Disp32(direction, kDouble, 19, 20, kPlus, 0));
      probe.Except(cause);
      probe.Compare();
    }
    Case("%s: TESTSET not aligned", model->name);
    Probe probe(board);
    probe.r[20] = board.Global(0, kData + 2);
    probe.r[21] = 0;
    probe.Execute(Testset(18, 20, kPlus, 21));
    probe.Except(cause);
    probe.Compare();
  }
}

void TestElsewhere(Board& board) {
  for (const Size size : {kByte, kHalf, kWord, kDouble}) {
    const uint64_t mask = size == kDouble ? ~uint64_t{0} : (uint64_t{1} << (8u << size)) - 1;
    struct Place {
      const char* name;
      uint32_t address;
      unsigned char* memory;
    };
    const Place places[] = {{"another core", board.Global(5, 0x2340), board.sram(5) + 0x2340},
                            {"DRAM", kDram + 0x123458, board.dram() + 0x123458}};
    for (const Place& place : places) {
      const uint64_t old = 0x8877665544332211;
      {
        Case("LDR of %u bytes from %s", 1u << size, place.name);
        std::memcpy(place.memory, &old, 8);
        Probe probe(board);
        probe.r[8] = place.address;
        probe.Execute(PostDisp32(kLoad, size, 2, 8, kPlus, 1));
        probe.r[2] = static_cast<uint32_t>(old & mask);
        if (size == kDouble) probe.r[3] = 0x88776655;
        probe.r[8] += 1u << size;
        probe.Compare();
      }
      {
        Case("STR of %u bytes to %s", 1u << size, place.name);
        Probe probe(board);
        probe.r[8] = place.address;
        const uint64_t value = probe.r[2] | uint64_t{probe.r[3]} << 32;
        probe.Execute(PostDisp32(kStore, size, 2, 8, kMinus, 1));
        probe.r[8] -= 1u << size;
        probe.Compare();
        uint64_t got;
        std::memcpy(&got, place.memory, 8);
        Equal("memory", got, (old & ~mask) | (value & mask));
      }
    }
  }
}

void TestTestset(Board& board) {
  for (const uint32_t window : {board.Global(0, 0), board.Global(7, 0)}) {
    for (const uint32_t old : {0u, 1u, 0xffffffffu}) {
      for (const Sign sign : {kPlus, kMinus}) {
        Case("TESTSET of %08x, window %08x", old, window);
        Probe probe(board);
        const uint32_t index = 0x24;
        probe.r[40] = window + kData + (sign == kPlus ? 0 - index : index);
        probe.r[41] = index;
        probe.status = kBefore[1];
        const bool is_own = window == board.Global(0, 0);
        if (is_own) probe.SetMemory(kData, old);
        if (!is_own) board.SetWord(7, kData, old);
        const uint32_t value = probe.r[33];
        probe.Execute(Testset(33, 40, sign, 41));
        probe.r[33] = old;
        if (is_own && old == 0) probe.SetMemory(kData, value);
        probe.Compare();
        if (!is_own) Equal("memory", board.Word(7, kData), old == 0 ? value : old);
      }
    }
  }
  Case("TESTSET through a local address is an illegal access");
  Probe probe(board);
  probe.r[40] = kData;
  probe.r[41] = 0;
  probe.Execute(Testset(33, 40, kPlus, 41));
  probe.Except(5);
  probe.Compare();
}

// The core's own registers by address.
void TestOwnRegisters(Board& board) {
  for (const uint32_t window : {0u, board.Global(0, 0)}) {
    for (const unsigned number : {0u, 5u, 31u, 63u}) {
      {
        Case("LDR of R%u by address, window %08x", number, window);
        Probe probe(board);
        probe.r[20] = window + at::kR0 + 4 * number;
        probe.Execute(Ldr(21, 20));
        probe.r[21] = probe.r[number];
        probe.Compare();
      }
      {
        Case("STR to R%u by address, window %08x", number, window);
        Probe probe(board);
        probe.r[20] = window + at::kR0 + 4 * number;
        probe.Execute(Str(21, 20));
        probe.r[number] = probe.r[21];
        probe.Compare();
      }
    }
    Case("LDRD of R30 and R31 by address");
    Probe probe(board);
    probe.r[20] = window + at::kR0 + 4 * 30;
    probe.Execute(Disp32(kLoad, kDouble, 22, 20, kPlus, 0));
    probe.r[22] = probe.r[30];
    probe.r[23] = probe.r[31];
    probe.Compare();
    Case("STR to STATUS by address");
    Probe status(board);
    status.r[20] = window + at::kStatus;
    status.r[21] = 0xffffffff;
    status.Execute(Str(21, 20));
    status.status = 0xfffff7f8 | kActive;
    status.Compare();
    Case("LDR of STATUS by address sees the flags of the instruction before");
    Probe flags(board);
    flags.status = kActive | kAz | kBn;
    flags.r[20] = window + at::kStatus;
    flags.Execute(Ldr(21, 20));
    flags.r[21] = kActive | kAz | kBn;
    flags.Compare();
  }
}

// --- special registers

struct Special {
  const char* name;
  unsigned group, number;
  uint32_t mask;  // bits that a store of all ones leaves set, from zero
  bool readable;
};
// What is plain storage. Source: the manual's register table, widths of Adapteva's register test.
constexpr Special kStorage[] = {
    {"LC", 0, 5, 0xffffffff, true},
    {"LS", 0, 6, 0xffffffff, true},
    {"LE", 0, 7, 0xffffffff, true},
    {"IRET", 0, 8, 0xffffffff, true},
    {"IMASK", 0, 9, 0x3ff, true},
    {"CTIMER0", 0, 14, 0xffffffff, true},
    {"CTIMER1", 0, 15, 0xffffffff, true},
    {"DMA0STRIDE", 1, 1, 0xffffffff, true},
    {"DMA0COUNT", 1, 2, 0xffffffff, true},
    {"DMA0SRCADDR", 1, 3, 0xffffffff, true},
    {"DMA0DSTADDR", 1, 4, 0xffffffff, true},
    {"DMA0AUTO0", 1, 5, 0xffffffff, true},
    {"DMA0AUTO1", 1, 6, 0xffffffff, true},
    {"DMA0STATUS", 1, 7, 0xffff0000, true},
    {"DMA1STRIDE", 1, 9, 0xffffffff, true},
    {"DMA1COUNT", 1, 10, 0xffffffff, true},
    {"DMA1SRCADDR", 1, 11, 0xffffffff, true},
    {"DMA1DSTADDR", 1, 12, 0xffffffff, true},
    {"DMA1AUTO0", 1, 13, 0xffffffff, true},
    {"DMA1AUTO1", 1, 14, 0xffffffff, true},
    {"DMA1STATUS", 1, 15, 0xffff0000, true},
    {"MULTICAST", 3, 2, 0xfff, true},
};

void TestSpecialRegisters(Board& board) {
  for (const Special& special : kStorage) {
    for (const uint32_t value : {0xffffffffu, 0xa5a5a5a5u, 0u}) {
      const uint32_t offset = 0xf0400 + 0x100 * special.group + 4 * special.number;
      Case("MOVTS and MOVFS of %s, %08x", special.name, value);
      board.SetReg(0, offset, ~value);
      {
        Probe probe(board);
        probe.status = kBefore[1];
        probe.r[35] = value;
        probe.Execute(Movts32(special.group, special.number, 35));
        probe.Compare();
        Equal("stored", board.Reg(0, offset), value & special.mask);
      }
      {
        Probe probe(board);
        probe.status = kBefore[1];
        const uint32_t held = board.Reg(0, offset);
        // Probe sets up IMASK by itself.
        probe.Execute(Movfs32(46, special.group, special.number));
        probe.r[46] = special.number == 9 && special.group == 0 ? 0x3ff : held;
        probe.Compare();
      }
      board.SetReg(0, offset, 0);
    }
  }
  for (const unsigned number : {5u, 6u, 7u}) {
    Case("short MOVTS and MOVFS of register %u", number);
    Probe write(board);
    write.r[6] = 0x55aa1234;
    write.Execute(Movts16(number, 6));
    write.Compare();
    Probe read(board);
    read.Execute(Movfs16(3, number));
    read.r[3] = 0x55aa1234;
    read.Compare();
    board.SetReg(0, 0xf0400 + 4 * number, 0);
  }
  {
    Case("MOVFS CONFIG");
    Probe probe(board);
    probe.config = 0x00400001;
    probe.Execute(Movfs16(3, num::kConfig));
    probe.r[3] = 0x00400001;
    probe.Compare();
  }
  {
    Case("MOVTS CONFIG");
    Probe probe(board);
    probe.r[3] = 0x00480001;
    probe.Execute(Movts16(num::kConfig, 3));
    probe.Compare();
    Equal("CONFIG", board.Reg(0, at::kConfig), 0x00480001);
  }
  {
    Case("MOVFS STATUS");
    Probe probe(board);
    probe.status = kActive | kGidBit | kAn | kBv | kAvs | kBus | 0x30000;
    probe.Execute(Movfs32(3, 0, num::kStatus));
    probe.r[3] = probe.status;
    probe.Compare();
  }
  for (const uint32_t value : {0u, 0xffffffffu, 0x000e1230u}) {
    Case("MOVTS STATUS %08x keeps ACTIVE, GID and KM", value);
    Probe probe(board);
    probe.status = kActive | kKm | kAz | kBis;
    probe.r[3] = value;
    probe.Execute(Movts16(num::kStatus, 3));
    probe.status = kActive | kKm | (value & 0xfffff7f8);
    probe.Compare();
  }
  for (const uint32_t value : {1u, 0xffffffffu, 0x00012347u}) {
    Case("MOVTS FSTATUS %08x writes all of STATUS", value);
    Probe probe(board);
    probe.status = kActive | kAz | kBis;
    probe.r[3] = value;
    probe.Execute(Movts32(0, num::kFstatus, 3));
    probe.status = value & 0xfffff7ff;
    probe.Compare();
  }
  {
    Case("MOVFS FSTATUS reads nothing");
    Probe probe(board);
    probe.Execute(Movfs32(3, 0, num::kFstatus));
    probe.r[3] = 0;
    probe.Compare();
  }
  {
    Case("MOVFS PC is the address of the MOVFS");
    Probe probe(board);
    probe.Execute(Movfs16(3, num::kPc));
    probe.r[3] = kAt;
    probe.Compare();
  }
  {
    Case("MOVTS ILAT replaces, ILATST sets, ILATCL clears");
    Probe replace(board);
    replace.ilat = 0x155;
    replace.r[3] = 0xfffffcf0;
    replace.Execute(Movts32(0, num::kIlat, 3));
    replace.ilat = 0x0f0;
    replace.Compare();
    Probe set(board);
    set.ilat = 0x155;
    set.r[3] = 0xfffffc22;
    set.Execute(Movts32(0, num::kIlatst, 3));
    set.ilat = 0x177;
    set.Compare();
    Probe clear(board);
    clear.ilat = 0x3ff;
    clear.r[3] = 0x0f1;
    clear.Execute(Movts32(0, num::kIlatcl, 3));
    clear.ilat = 0x30e;
    clear.Compare();
    Probe read(board);
    read.ilat = 0x2aa;
    read.Execute(Movfs32(3, 0, num::kIlat));
    read.r[3] = 0x2aa;
    read.Compare();
  }
  {
    Case("MOVTS and MOVFS IPEND");
    Probe probe(board);
    probe.r[3] = 0xffffffff;
    probe.Execute(Movts32(0, num::kIpend, 3));
    Equal("IPEND", board.Reg(0, at::kIpend), 0x3ff);
    board.SetReg(0, at::kIpend, 0);
    probe.Compare();
  }
  {
    Case("MOVFS COREID, and a store to it changes nothing");
    Probe write(board);
    write.Execute(Movts32(3, 1, 3));
    write.Compare();
    Probe read(board);
    read.Execute(Movfs32(3, 3, 1));
    read.r[3] = 0x808;
    read.Compare();
  }
  {
    Case("MOVTS MEMPROTECT and MESHCONFIG");
    Probe protect(board);
    protect.r[3] = 0xfffffffe;
    protect.Execute(Movts32(2, 2, 3));
    Equal("MEMPROTECT", board.Reg(0, at::kMemProtect), 0xfe);
    board.SetReg(0, at::kMemProtect, 0);
    Probe mesh(board);
    mesh.r[3] = 0xffff;
    mesh.Execute(Movts32(3, 0, 3));
    Equal("MESHCONFIG", board.Reg(0, at::kMeshConfig), 0xffff);
    board.SetReg(0, at::kMeshConfig, 0);
  }
  // What is no register reads zero, and takes stores without a word: IAB, MEMCONFIG, and numbers without
  // name.
  for (unsigned group = 0; group < 4; ++group) {
    for (const unsigned number : {4u, 16u, 17u, 20u, 31u, 40u, 63u}) {
      if (group != 0 && number == 4) continue;
      if (group == 0 && number == 16) continue;
      Case("no register %u of group %u", number, group);
      Probe write(board);
      write.r[3] = 0xffffffff;
      write.Execute(Movts32(group, number, 3));
      write.Compare();
      Probe read(board);
      read.Execute(Movfs32(3, group, number));
      read.r[3] = 0;
      read.Compare();
    }
  }
  {
    Case("MOVTS PC jumps");
    Probe probe(board);
    probe.r[3] = 0x2000;
    probe.Execute(Movts16(num::kPc, 3));
    probe.pc = 0x2000;
    probe.Compare();
  }
}

// --- control

void TestControl(Board& board) {
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

// --- the second datapath

constexpr const char* kFpuNames[] = {"FADD", "FSUB", "FMUL", "FMADD", "FMSUB", "FLOAT", "FIX", "FABS"};
constexpr uint32_t kFpuNow = kBz | kBn | kBv;  // not sticky

void TestFloat(Board& board) {
  constexpr uint32_t kOne = 0x3f800000, kTwo = 0x40000000, kThree = 0x40400000, kMax = 0x7f7fffff,
                     kInf = 0x7f800000, kMinus = 0x80000000, kNan = 0x7fc00000, kTiny = 0x00800000;
  struct Row {
    Fpu op;
    uint32_t config, d, n, m, value, flags;
  };
  constexpr uint32_t kTruncate = 1;
  const Row rows[] = {
      {kFadd, 0, 0, kOne, kTwo, kThree, 0},
      {kFadd, 0, 0, kOne, kOne | kMinus, 0, kBz},
      {kFadd, 0, 0, kOne, kTwo | kMinus, kOne | kMinus, kBn},
      {kFadd, 0, 0, kMax, kMax, kInf, kBv | kBvs},
      {kFadd, kTruncate, 0, kMax, kMax, kMax, kBv | kBvs},
      {kFadd, 0, 0, kMinus, kMinus, kMinus, kBz | kBn},
      {kFadd, 0, 0, kOne, 0x33800000, kOne, 0},              // 1 + 2^-24: to even
      {kFadd, 0, 0, 0x3f800001, 0x33800000, 0x3f800002, 0},  // the odd one rounds up
      {kFadd, kTruncate, 0, 0x3f800001, 0x33800000, 0x3f800001, 0},
      {kFadd, 0, 0, kOne, 1, kOne, 0},  // what is denormal counts as zero
      {kFsub, 0, 0, kThree, kOne, kTwo, 0},
      {kFsub, 0, 0, kOne, kThree, kTwo | kMinus, kBn},
      {kFsub, 0, 0, kInf, kOne, kInf, 0},
      {kFmul, 0, 0, kTwo, kThree, 0x40c00000, 0},
      {kFmul, 0, 0, kMax, kTwo | kMinus, kInf | kMinus, kBn | kBv | kBvs},
      {kFmul, kTruncate, 0, kMax, kTwo | kMinus, kMax | kMinus, kBn | kBv | kBvs},
      {kFmul, 0, 0, 0x00ffffff, 0x3f000001, 0x00800000, 0},  // rounds up to the smallest there is
      {kFmul, 0, 0, kTiny, 0x3e99999a, 0, kBz | kBus},
      {kFmul, 0, 0, kOne | kMinus, 0, kMinus, kBz | kBn},
      {kFmadd, 0, kOne, kTwo, kThree, 0x40e00000, 0},
      {kFmadd, 0, 0xbf800002, 0x3f800001, 0x3f800001, 0x28800000, 0},  // rounded once: 2^-46 is left
      {kFmadd, 0, 0xc0c00000, kTwo, kThree, 0, kBz},
      {kFmsub, 0, 0x40e00000, kTwo, kThree, kOne, 0},
      {kFmsub, 0, kOne, kTwo, kThree, 0xc0a00000, kBn},
      {kFloat, 0, 0, 0, 0, 0, kBz},
      {kFloat, 0, 0, 1, 0, kOne, 0},
      {kFloat, 0, 0, 0xffffffff, 0, kOne | kMinus, kBn},
      {kFloat, 0, 0, 0x80000000, 0, 0xcf000000, kBn},
      {kFloat, 0, 0, 0x7fffffff, 0, 0x4f000000, 0},
      {kFloat, kTruncate, 0, 0x7fffffff, 0, 0x4effffff, 0},
      {kFix, 0, 0, kThree, 0, 3, 0},
      {kFix, 0, 0, kThree | kMinus, 0, 0xfffffffd, kBn},
      {kFix, kTruncate, 0, 0xbfc00000, 0, 0xffffffff, kBn},  // -1.5
      {kFix, 0, 0, 0x4f800000, 0, 0x7fffffff, 0},            // 2^32
      {kFix, 0, 0, 0xcf800000, 0, 0x80000000, kBn},
      {kFix, 0, 0, 1, 0, 0, kBz},
      {kFabs, 0, 0, kOne | kMinus, 0, kOne, 0},
      {kFabs, 0, 0, kMinus, 0, 0, kBz},
      {kFabs, 0, 0, kInf | kMinus, 0, kInf, 0},
  };
  for (const Row& row : rows) {
    for (const bool is_long : {false, true}) {
      for (const uint32_t before : kBefore) {
        Case("%s%s of %08x, %08x, %08x in mode %x", kFpuNames[row.op], is_long ? ".l" : "", row.d, row.n,
             row.m, row.config);
        const unsigned rd = is_long ? 60 : 6;
        const unsigned rn = is_long ? 43 : 3;
        const unsigned rm = is_long ? 22 : 1;
        Probe probe(board);
        probe.status = before;
        probe.config = row.config;
        probe.r[rd] = row.d;
        probe.r[rn] = row.n;
        probe.r[rm] = row.m;
        probe.Execute(is_long ? Fpu32(row.op, rd, rn, rm) : Fpu16(row.op, rd, rn, rm));
        probe.r[rd] = row.value;
        probe.status = (before & ~kFpuNow) | row.flags;
        probe.Compare();
      }
    }
  }
  struct Invalid {
    Fpu op;
    uint32_t d, n, m;
  };
  const Invalid invalid[] = {{kFadd, 0, kInf, kInf | kMinus},
                             {kFsub, 0, kInf, kInf},
                             {kFmul, 0, kInf, 0},
                             {kFmadd, kInf, kInf | kMinus, kOne},
                             {kFmsub, kInf, kInf, kOne},
                             {kFadd, 0, kNan, kOne},
                             {kFmul, 0, kOne, kNan}};
  for (const Invalid& row : invalid) {
    Case("%s of %08x, %08x, %08x is invalid", kFpuNames[row.op], row.d, row.n, row.m);
    Probe probe(board);
    probe.r[6] = row.d;
    probe.r[3] = row.n;
    probe.r[1] = row.m;
    probe.Execute(Fpu16(row.op, 6, 3, 1));
    // The sign of the NaN is a matter of the profile: it is tested elsewhere.
    const uint32_t value = board.R(0, 6);
    True("a quiet NaN", (value & 0x7fc00000) == 0x7fc00000);
    probe.r[6] = value;
    probe.status |= kBis | (value >> 31 ? kBn : 0);
    probe.Compare();
  }
}

void TestIntegerMode(Board& board) {
  constexpr uint32_t kInteger = 4u << 17;
  for (const Fpu op : {kFadd, kFsub, kFmul, kFmadd, kFmsub}) {
    for (const uint32_t n : kEdges) {
      for (const uint32_t m : kEdges) {
        for (const bool is_long : {false, true}) {
          Case("I%s%s of %08x and %08x", kFpuNames[op] + 1, is_long ? ".l" : "", n, m);
          const unsigned rd = is_long ? 60 : 6;
          const unsigned rn = is_long ? 43 : 3;
          const unsigned rm = is_long ? 22 : 1;
          Probe probe(board);
          probe.config = kInteger | 1;
          probe.status = kBefore[1];
          probe.r[rn] = n;
          probe.r[rm] = m;
          const uint32_t d = probe.r[rd];
          probe.Execute(is_long ? Fpu32(op, rd, rn, rm) : Fpu16(op, rd, rn, rm));
          const uint64_t product = uint64_t{n} * m;
          const uint64_t results[] = {uint64_t{n} + m, uint64_t{n} - m, product, d + product, d - product};
          const auto value = static_cast<uint32_t>(results[op]);
          probe.r[rd] = value;
          // BV becomes 0, as in the GNU simulator; the sticky flags stay.
          probe.status = (probe.status & ~kFpuNow) | (value == 0 ? kBz : 0) | (value >> 31 ? kBn : 0);
          probe.Compare();
        }
      }
    }
  }
  for (const Fpu op : {kFloat, kFix, kFabs}) {
    Case("%s in integer mode is illegal", kFpuNames[op]);
    Probe probe(board);
    probe.config = kInteger;
    probe.Execute(Fpu32(op, 20, 21));
    probe.Except(5);
    probe.Compare();
  }
  for (const uint32_t mode : {1u, 2u, 3u, 5u, 6u, 7u}) {
    Case("FADD in mode %u is illegal", mode);
    Probe probe(board);
    probe.config = mode << 17;
    probe.Execute(Fpu16(kFadd, 1, 2, 3));
    probe.Except(5);
    probe.Compare();
  }
}

void TestFpuExceptions() {
  struct Row {
    const char* name;
    uint32_t enable, n, m, flags;  // of an FMUL
  };
  constexpr Row kRows[] = {{"invalid", 2, 0x7f800000, 0, kBis},
                           {"overflow", 4, 0x7f7fffff, 0x7f7fffff, kBv | kBvs},
                           {"underflow", 8, 0x00800000, 0x3e99999a, kBz | kBus}};
  for (const chip::Model* model : chip::kModels) {
    Board board(*model);
    for (const Row& row : kRows) {
      for (uint32_t enabled = 0; enabled < 16; enabled += 2) {
        Case("%s: exception of the FPU: %s, enabled %x", model->name, row.name, enabled);
        Probe probe(board);
        probe.config = enabled;
        probe.r[2] = row.n;
        probe.r[3] = row.m;
        probe.Execute(Fpu16(kFmul, 1, 2, 3));
        probe.r[1] = board.R(0, 1);  // the result is written in any case
        True("result", probe.r[1] != 0x9e3779b9);
        probe.status |= row.flags | (probe.r[1] >> 31 ? kBn : 0);
        if (enabled & row.enable) probe.Except(model->generation == chip::Generation::kEpiphany3 ? 3 : 7);
        probe.Compare();
      }
    }
    Case("%s: a sticky flag raises the exception again", model->name);
    Probe probe(board);
    probe.config = 4;
    probe.status |= kBvs;
    probe.r[2] = probe.r[3] = 0x3f800000;
    probe.Execute(Fpu16(kFmul, 1, 2, 3));
    probe.r[1] = 0x3f800000;
    probe.Except(model->generation == chip::Generation::kEpiphany3 ? 3 : 7);
    probe.Compare();
  }
}

}  // namespace

int main() {
  TestEncoder();
  Board board;
  TestAlu(board);
  TestAluImmediate(board);
  TestFlagsByHand(board);
  TestConditions(board);
  TestJumps(board);
  TestMoves(board);
  TestAccesses(board);
  TestOverlaps(board);
  TestUnaligned();
  TestElsewhere(board);
  TestTestset(board);
  TestOwnRegisters(board);
  TestSpecialRegisters(board);
  TestControl(board);
  TestExceptions();
  TestIgnoredBits(board);
  TestFloat(board);
  TestIntegerMode(board);
  TestFpuExceptions();
  return Finish("operations_test");
}
