// SPDX-License-Identifier: MIT
// The second datapath: floating point, and integers.
#include "operations_test.h"

namespace test {
namespace {

using namespace encode;

constexpr const char* kFpuNames[] = {"FADD", "FSUB", "FMUL", "FMADD", "FMSUB", "FLOAT", "FIX", "FABS"};
constexpr uint32_t kFpuNow = kBz | kBn | kBv;  // not sticky

void TestResults(Board& board) {
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

void TestFloat(Board& board) {
  TestResults(board);
  TestIntegerMode(board);
  TestFpuExceptions();
}

}  // namespace test
