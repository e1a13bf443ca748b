// SPDX-License-Identifier: MIT
// Arithmetic, logic and shifts.
#include "operations_test.h"

namespace test {
namespace {

using namespace encode;

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

}  // namespace

void TestInteger(Board& board) {
  TestAlu(board);
  TestAluImmediate(board);
  TestFlagsByHand(board);
}

}  // namespace test
