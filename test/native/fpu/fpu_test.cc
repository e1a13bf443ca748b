// SPDX-License-Identifier: MIT
// The floating point unit against cases worked by hand, and against exact arithmetic on random operands.
// Build:
//   g++ -O2 -std=c++17 -Inative test/native/fpu/*.cc native/chip/fpu.cc -o fpu_test
// It takes a few seconds, or as long as the number of random operations asks for that may be given. The
// host's rounding changes all the time: no result may depend on it.
#include <cfenv>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "cases.h"
#include "operation.h"
#include "random.h"
#include "reference.h"

namespace {

using namespace fpu_test;

constexpr const char* kNames[] = {"FADD", "FSUB", "FMUL", "FMADD", "FMSUB", "FLOAT", "FIX", "FABS"};

FpuResult Run(Op op, const Operands& operands, FpuMode mode) {
  const auto [rd, rn, rm] = operands;
  switch (op) {
    case kFadd:
      return chip::Fadd(rn, rm, mode);
    case kFsub:
      return chip::Fsub(rn, rm, mode);
    case kFmul:
      return chip::Fmul(rn, rm, mode);
    case kFmadd:
      return chip::Fmadd(rd, rn, rm, mode);
    case kFmsub:
      return chip::Fmsub(rd, rn, rm, mode);
    case kFloat:
      return chip::Float(rn, mode);
    case kFix:
      return chip::Fix(rn, mode);
    default:
      return chip::Fabs(rn, mode);
  }
}

unsigned long failures = 0;

void Check(Op op, const Operands& operands, FpuMode mode, FpuResult wanted) {
  const FpuResult got = Run(op, operands, mode);
  if (got.value == wanted.value && got.flags == wanted.flags) return;
  if (++failures > 50) return;
  std::printf("%s %s %s: rd %08" PRIx32 " rn %08" PRIx32 " rm %08" PRIx32 ": got %08" PRIx32
              " flags %04" PRIx32 ", wanted %08" PRIx32 " flags %04" PRIx32 "\n",
              kNames[op], mode.truncate ? "truncate" : "nearest",
              mode.profile == Profile::kManual ? "manual" : "gnu", operands.rd, operands.rn, operands.rm,
              got.value, got.flags, wanted.value, wanted.flags);
}

constexpr int kHostRoundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

}  // namespace

int main(int argc, char** argv) {
  const unsigned long count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 16'000'000;
  for (const int rounding : kHostRoundings) {
    std::fesetround(rounding);
    for (const Case& row : kCases) {
      for (unsigned i = 0; i < 4; i++) {
        if (row.modes >> i & 1) Check(row.op, row.operands, kModes[i], {row.value, row.flags});
      }
    }
  }
  Random random;
  for (unsigned long i = 0; i < count; i++) {
    std::fesetround(kHostRoundings[i / 4096 % 4]);
    const Op op = static_cast<Op>(i % kOps);
    const Operands operands = random.For(op);
    const Wanted wanted = Reference(op, operands);
    for (int mode = 0; mode < 4; mode++) Check(op, operands, kModes[mode], wanted.by_mode[mode]);
  }
  std::fesetround(FE_TONEAREST);
  std::printf("%zu cases, %lu random operations in 4 modes each, %lu failures\n",
              sizeof(kCases) / sizeof(kCases[0]), count, failures);
  std::printf(
      "reached: ties %lu, overflows %lu, underflows %lu, exact %lu, rounded to normal %lu, NaN operands "
      "%lu, zeros %lu\n",
      reached.ties, reached.overflows, reached.underflows, reached.exact_underflows,
      reached.rounded_to_normal, reached.invalid, reached.zeros);
  return failures == 0 ? 0 : 1;
}
