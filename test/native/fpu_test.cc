// SPDX-License-Identifier: MIT
// The floating point unit against cases worked by hand, and against exact arithmetic on random operands.
// Build:
//   g++ -O2 -std=c++17 -Inative test/native/fpu_test.cc native/chip/fpu.cc -o fpu_test
// It takes a few seconds, or as long as the number of random operations asks for that may be given. The
// host's rounding changes all the time: no result may depend on it.
#include "chip/fpu.h"

#include <array>
#include <cfenv>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "chip/registers.h"

namespace {

using chip::FpuMode;
using chip::FpuResult;
using chip::Profile;

enum Op { kFadd, kFsub, kFmul, kFmadd, kFmsub, kFloat, kFix, kFabs, kOps };
constexpr const char* kNames[] = {"FADD", "FSUB", "FMUL", "FMADD", "FMSUB", "FLOAT", "FIX", "FABS"};

struct Operands {
  uint32_t rd, rn, rm;
};

constexpr FpuMode kModes[] = {
    {false, Profile::kManual}, {true, Profile::kManual}, {false, Profile::kGnu}, {true, Profile::kGnu}};

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

// Flags as the cases have them.
constexpr uint32_t kZ = chip::status::kBz;
constexpr uint32_t kN = chip::status::kBn;
constexpr uint32_t kV = chip::status::kBv | chip::status::kBvs;
constexpr uint32_t kI = chip::status::kBis;
constexpr uint32_t kU = chip::status::kBus;

// Sets of modes: bit i is kModes[i].
constexpr unsigned kManualNearest = 1, kManualTruncate = 2, kGnuNearest = 4, kGnuTruncate = 8;
constexpr unsigned kManual = kManualNearest | kManualTruncate, kGnu = kGnuNearest | kGnuTruncate;
constexpr unsigned kNearest = kManualNearest | kGnuNearest, kTruncate = kManualTruncate | kGnuTruncate;
constexpr unsigned kAll = kManual | kGnu;

constexpr uint32_t kMinus = 0x80000000;
constexpr uint32_t kMinDenormal = 0x00000001;  // 2^-149
constexpr uint32_t kMaxDenormal = 0x007fffff;
constexpr uint32_t kMin = 0x00800000;  // 2^-126
constexpr uint32_t kMax = 0x7f7fffff;  // 2^128 - 2^104
constexpr uint32_t kInf = 0x7f800000;
constexpr uint32_t kNan = 0x7fc00000;
constexpr uint32_t kSignalling = 0x7f800001;
constexpr uint32_t kHalf = 0x3f000000;
constexpr uint32_t kOne = 0x3f800000;
constexpr uint32_t kOneHalf = 0x3fc00000;  // one and a half
constexpr uint32_t kTwo = 0x40000000;

// Two to a power that a normal number can have.
constexpr uint32_t Two(int power) {
  return static_cast<uint32_t>(power + 127) << 23;
}

struct Case {
  Op op;
  unsigned modes;
  Operands operands;
  uint32_t value, flags;
};

constexpr Case kCases[] = {
    // FADD. Zeros: the sign that both have, else plus.
    {kFadd, kAll, {0, 0, 0}, 0, kZ},
    {kFadd, kAll, {0, 0, kMinus}, 0, kZ},
    {kFadd, kAll, {0, kMinus, 0}, 0, kZ},
    {kFadd, kAll, {0, kMinus, kMinus}, kMinus, kZ | kN},
    {kFadd, kAll, {0, kMinus, kOne}, kOne, 0},
    {kFadd, kAll, {0, kMinus | kOne, 0}, kMinus | kOne, kN},
    // What is left of 1 - 1 is +0 in either rounding.
    {kFadd, kAll, {0, kOne, kMinus | kOne}, 0, kZ},
    {kFadd, kAll, {0, kMinus | kMax, kMax}, 0, kZ},
    // Denormal operands are zeros of their sign, without underflow: even those that add up to a normal
    // number.
    {kFadd, kAll, {0, kMaxDenormal, kMaxDenormal}, 0, kZ},
    {kFadd, kAll, {0, kMinus | kMinDenormal, kMinus | kMaxDenormal}, kMinus, kZ | kN},
    {kFadd, kAll, {0, kMinus | kMinDenormal, kMaxDenormal}, 0, kZ},
    {kFadd, kAll, {0, kMin, kMinus | kMinDenormal}, kMin, 0},
    {kFadd, kAll, {0, kMaxDenormal, kMinus | kMin}, kMinus | kMin, kN},
    // 2^-126 twice is 2^-125.
    {kFadd, kAll, {0, kMin, kMin}, 0x01000000, 0},
    // (2^-126 + 2^-149) - 2^-126 = 2^-149: denormal and exact, so that only the manual calls it underflow.
    {kFadd, kManual, {0, 0x00800001, kMinus | kMin}, 0, kZ | kU},
    {kFadd, kGnu, {0, 0x00800001, kMinus | kMin}, 0, kZ},
    {kFadd, kManual, {0, 0x80800001, kMin}, kMinus, kZ | kN | kU},
    {kFadd, kGnu, {0, 0x80800001, kMin}, kMinus, kZ | kN},
    // 2^-125 - (2^-126 + 2^-149) = 2^-126 - 2^-149, the largest denormal number: the same.
    {kFadd, kManual, {0, 0x01000000, 0x80800001}, 0, kZ | kU},
    {kFadd, kGnu, {0, 0x01000000, 0x80800001}, 0, kZ},
    // The smallest normal number by subtraction: 2^-125 - 2^-126.
    {kFadd, kAll, {0, 0x01000000, kMinus | kMin}, kMin, 0},
    // Overflow: the largest number twice; truncated it stays the largest, but has overflowed.
    {kFadd, kNearest, {0, kMax, kMax}, kInf, kV},
    {kFadd, kTruncate, {0, kMax, kMax}, kMax, kV},
    {kFadd, kNearest, {0, kMinus | kMax, kMinus | kMax}, kMinus | kInf, kN | kV},
    {kFadd, kTruncate, {0, kMinus | kMax, kMinus | kMax}, kMinus | kMax, kN | kV},
    // The last place of the largest number is worth 2^104. Half of it more is a tie, which goes to the even
    // number, 2^128; truncated it is no overflow. Less than half is none in either rounding.
    {kFadd, kNearest, {0, kMax, Two(103)}, kInf, kV},
    {kFadd, kTruncate, {0, kMax, Two(103)}, kMax, 0},
    {kFadd, kAll, {0, kMax, Two(103) - 1}, kMax, 0},
    {kFadd, kAll, {0, kMax, kOne}, kMax, 0},
    // 2^127 + 2^127 = 2^128 exactly.
    {kFadd, kNearest, {0, Two(127), Two(127)}, kInf, kV},
    {kFadd, kTruncate, {0, Two(127), Two(127)}, kMax, kV},
    // Infinities are exact: no overflow. Opposite ones have no sum.
    {kFadd, kAll, {0, kInf, kMinus | kMax}, kInf, 0},
    {kFadd, kAll, {0, kOne, kMinus | kInf}, kMinus | kInf, kN},
    {kFadd, kAll, {0, kInf, kMaxDenormal}, kInf, 0},
    {kFadd, kAll, {0, kMinus | kInf, kMinus | kInf}, kMinus | kInf, kN},
    {kFadd, kAll, {0, kInf, kMinus | kInf}, kNan, kI},
    {kFadd, kAll, {0, kMinus | kInf, kInf}, kNan, kI},
    // The last place of 1 is worth 2^-23. 2^-24 is half of it: 1 is even and stays, 1 + 2^-23 is odd and does
    // not. A little more than half goes up.
    {kFadd, kAll, {0, kOne, Two(-24)}, kOne, 0},
    {kFadd, kNearest, {0, kOne + 1, Two(-24)}, kOne + 2, 0},
    {kFadd, kTruncate, {0, kOne + 1, Two(-24)}, kOne + 1, 0},
    {kFadd, kNearest, {0, kOne, Two(-24) + 1}, kOne + 1, 0},
    {kFadd, kTruncate, {0, kOne, Two(-24) + 1}, kOne, 0},
    {kFadd, kNearest, {0, kMinus | (kOne + 1), kMinus | Two(-24)}, kMinus | (kOne + 2), kN},
    {kFadd, kTruncate, {0, kMinus | (kOne + 1), kMinus | Two(-24)}, kMinus | (kOne + 1), kN},
    // Below 1 the last place is worth 2^-24: 1 - 2^-24 is exact, 1 - 2^-25 a tie between it and 1, which is
    // even; the next less than 2^-25 is nearer to 1, the next more is not.
    {kFadd, kAll, {0, kOne, kMinus | Two(-24)}, kOne - 1, 0},
    {kFadd, kNearest, {0, kOne, kMinus | Two(-25)}, kOne, 0},
    {kFadd, kTruncate, {0, kOne, kMinus | Two(-25)}, kOne - 1, 0},
    {kFadd, kNearest, {0, kOne, kMinus | (Two(-25) - 1)}, kOne, 0},
    {kFadd, kAll, {0, kOne, kMinus | (Two(-25) + 1)}, kOne - 1, 0},
    // Far below: too little to see, but to truncate 1 - 2^-100 it must not be lost.
    {kFadd, kAll, {0, kOne, Two(-100)}, kOne, 0},
    {kFadd, kNearest, {0, kOne, kMinus | Two(-100)}, kOne, 0},
    {kFadd, kTruncate, {0, kOne, kMinus | Two(-100)}, kOne - 1, 0},
    {kFadd, kTruncate, {0, kMinus | kMin, kMax}, kMax - 1, 0},
    {kFadd, kTruncate, {0, kOne, kMinus | Two(-61)}, kOne - 1, 0},
    {kFadd, kTruncate, {0, kOne, kMinus | Two(-62)}, kOne - 1, 0},
    {kFadd, kTruncate, {0, kOne, kMinus | Two(-63)}, kOne - 1, 0},
    {kFadd, kTruncate, {0, kOne, kMinus | Two(-64)}, kOne - 1, 0},
    // Integers from 2^24 on are even: 2^24 + 1 is a tie and goes to 2^24, 2^24 + 3 to 2^24 + 4.
    {kFadd, kAll, {0, Two(24), kOne}, Two(24), 0},
    {kFadd, kNearest, {0, Two(24), 0x40400000}, Two(24) + 2, 0},
    {kFadd, kTruncate, {0, Two(24), 0x40400000}, Two(24) + 1, 0},
    {kFadd, kAll, {0, Two(24), kMinus | kOne}, Two(24) - 1, 0},
    // Cancellation leaves the last bit alone: (1 + 2^-23) - 1.
    {kFadd, kAll, {0, kOne + 1, kMinus | kOne}, Two(-23), 0},
    // NaNs. Quiet, and the first of them; by the manual with the XOR of the signs.
    {kFadd, kAll, {0, kNan, kOne}, kNan, kI},
    {kFadd, kAll, {0, kOne, kNan + 5}, kNan + 5, kI},
    {kFadd, kAll, {0, kSignalling, kOne}, kNan + 1, kI},
    {kFadd, kAll, {0, kNan + 1, kNan + 2}, kNan + 1, kI},
    {kFadd, kAll, {0, kNan, kInf}, kNan, kI},
    {kFadd, kAll, {0, kNan, kMaxDenormal}, kNan, kI},
    {kFadd, kManual, {0, kMinus | kNan, kMinus | kOne}, kNan, kI},
    {kFadd, kGnu, {0, kMinus | kNan, kMinus | kOne}, kMinus | kNan, kN | kI},
    {kFadd, kManual, {0, kMinus | kOne, kSignalling}, kMinus | (kNan + 1), kN | kI},
    {kFadd, kGnu, {0, kMinus | kOne, kSignalling}, kNan + 1, kI},

    // FSUB. Zeros: those of the sum with RM negated.
    {kFsub, kAll, {0, 0, 0}, 0, kZ},
    {kFsub, kAll, {0, kMinus, 0}, kMinus, kZ | kN},
    {kFsub, kAll, {0, 0, kMinus}, 0, kZ},
    {kFsub, kAll, {0, kMinus, kMinus}, 0, kZ},
    {kFsub, kAll, {0, 0, kOne}, kMinus | kOne, kN},
    {kFsub, kAll, {0, kOne, kOne}, 0, kZ},
    {kFsub, kAll, {0, kTwo, kOne}, kOne, 0},
    {kFsub, kAll, {0, kOne, kTwo}, kMinus | kOne, kN},
    // Denormal operands are zeros; the result of two neighbours at the lower end is 2^-149 as for FADD.
    {kFsub, kAll, {0, kMinDenormal, kMaxDenormal}, 0, kZ},
    {kFsub, kAll, {0, kMinus | kMaxDenormal, kMinDenormal}, kMinus, kZ | kN},
    {kFsub, kManual, {0, kMin, 0x00800001}, kMinus, kZ | kN | kU},
    {kFsub, kGnu, {0, kMin, 0x00800001}, kMinus, kZ | kN},
    // 1.5 * 2^-126 - 2^-126 = 2^-127: exact and denormal.
    {kFsub, kManual, {0, 0x00c00000, kMin}, 0, kZ | kU},
    {kFsub, kGnu, {0, 0x00c00000, kMin}, 0, kZ},
    {kFsub, kNearest, {0, kMax, kMinus | kMax}, kInf, kV},
    {kFsub, kTruncate, {0, kMax, kMinus | kMax}, kMax, kV},
    {kFsub, kNearest, {0, kMinus | kMax, Two(103)}, kMinus | kInf, kN | kV},
    {kFsub, kTruncate, {0, kMinus | kMax, Two(103)}, kMinus | kMax, kN},
    {kFsub, kAll, {0, kInf, kInf}, kNan, kI},
    {kFsub, kAll, {0, kMinus | kInf, kMinus | kInf}, kNan, kI},
    {kFsub, kAll, {0, kInf, kMinus | kInf}, kInf, 0},
    {kFsub, kAll, {0, kOne, kInf}, kMinus | kInf, kN},
    // (1 + 2^-23) - -2^-24 is the tie of FADD; 1 - 2^-25 too.
    {kFsub, kNearest, {0, kOne + 1, kMinus | Two(-24)}, kOne + 2, 0},
    {kFsub, kTruncate, {0, kOne + 1, kMinus | Two(-24)}, kOne + 1, 0},
    {kFsub, kNearest, {0, kOne, Two(-25)}, kOne, 0},
    {kFsub, kTruncate, {0, kOne, Two(-25)}, kOne - 1, 0},
    {kFsub, kAll, {0, Two(24), kMinus | kOne}, Two(24), 0},
    // The sign of a NaN is of the operands as they are, not as they are added.
    {kFsub, kAll, {0, kOne, kNan}, kNan, kI},
    {kFsub, kAll, {0, kSignalling + 4, kSignalling}, kNan + 5, kI},
    {kFsub, kManual, {0, kMinus | kOne, kNan}, kMinus | kNan, kN | kI},
    {kFsub, kGnu, {0, kMinus | kOne, kNan}, kNan, kI},
    {kFsub, kAll, {0, kOne, kMinus | kNan}, kMinus | kNan, kN | kI},

    // FMUL. 1.5 * 1.5 = 2.25, and zeros with the XOR of the signs.
    {kFmul, kAll, {0, kOneHalf, kOneHalf}, 0x40100000, 0},
    {kFmul, kAll, {0, kMinus | kOneHalf, kTwo}, 0xc0400000, kN},
    {kFmul, kAll, {0, 0, kMax}, 0, kZ},
    {kFmul, kAll, {0, kMinus, kOne}, kMinus, kZ | kN},
    {kFmul, kAll, {0, kMinus, kMinus | kOne}, 0, kZ},
    {kFmul, kAll, {0, kOne, kMinus}, kMinus, kZ | kN},
    // Denormal operands are zeros, whatever the other: no underflow, and an infinity is then invalid.
    {kFmul, kAll, {0, kMaxDenormal, kMax}, 0, kZ},
    {kFmul, kAll, {0, kMax, kMinus | kMinDenormal}, kMinus, kZ | kN},
    {kFmul, kAll, {0, kInf, kMaxDenormal}, kNan, kI},
    {kFmul, kAll, {0, 0, kMinus | kInf}, kNan, kI},
    {kFmul, kAll, {0, kInf, kMinus | kTwo}, kMinus | kInf, kN},
    {kFmul, kAll, {0, kMinus | kInf, kMinus | kInf}, kInf, 0},
    // Overflow; and 2^64 * (2^64 - 2^40) = 2^128 - 2^104 just not.
    {kFmul, kNearest, {0, kMax, kTwo}, kInf, kV},
    {kFmul, kTruncate, {0, kMax, kTwo}, kMax, kV},
    {kFmul, kNearest, {0, kMax, kMinus | kMax}, kMinus | kInf, kN | kV},
    {kFmul, kTruncate, {0, kMax, kMinus | kMax}, kMinus | kMax, kN | kV},
    {kFmul, kAll, {0, Two(64), Two(64) - 1}, kMax, 0},
    {kFmul, kNearest, {0, Two(64), Two(64)}, kInf, kV},
    {kFmul, kTruncate, {0, Two(64), Two(64)}, kMax, kV},
    // 2^127 (1 + 2^-23) * 2 (1 - 2^-23) = 2^128 (1 - 2^-46): only rounding makes it overflow.
    {kFmul, kNearest, {0, Two(127) + 1, kTwo - 2}, kInf, kV},
    {kFmul, kTruncate, {0, Two(127) + 1, kTwo - 2}, kMax, 0},
    // (1 + 2^-23) * 1.5 = 1.5 + 2^-23 + 2^-24: a tie, up to the even one.
    {kFmul, kNearest, {0, kOne + 1, kOneHalf}, kOneHalf + 2, 0},
    {kFmul, kTruncate, {0, kOne + 1, kOneHalf}, kOneHalf + 1, 0},
    // (1 + 3 * 2^-23) * 1.5 = 1.5 + 4 * 2^-23 + 2^-24: a tie, down.
    {kFmul, kAll, {0, kOne + 3, kOneHalf}, kOneHalf + 4, 0},
    // (1 + 2^-23)^2 = 1 + 2^-22 + 2^-46. (1 - 2^-24)^2 = 1 - 2^-23 + 2^-48.
    {kFmul, kAll, {0, kOne + 1, kOne + 1}, kOne + 2, 0},
    {kFmul, kAll, {0, kOne - 1, kOne - 1}, kOne - 2, 0},
    // (2^12 + 1)^2 = 2^24 + 2^13 + 1, a tie; 4097 * 4099 = 2^24 + 2^14 + 3.
    {kFmul, kAll, {0, 0x45800800, 0x45800800}, Two(24) + 0x1000, 0},
    {kFmul, kNearest, {0, 0x45800800, 0x45801800}, Two(24) + 0x2002, 0},
    {kFmul, kTruncate, {0, 0x45800800, 0x45801800}, Two(24) + 0x2001, 0},
    // The smallest normal number is no underflow.
    {kFmul, kAll, {0, kMin, kOne}, kMin, 0},
    {kFmul, kAll, {0, kMinus | Two(-63), Two(-63)}, kMinus | kMin, kN},
    // 2^-127 and 2^-149 are exact denormal numbers. 2^-150 and 2^-252 are less than any.
    {kFmul, kManual, {0, kMin, kHalf}, 0, kZ | kU},
    {kFmul, kGnu, {0, kMin, kHalf}, 0, kZ},
    {kFmul, kManual, {0, Two(-100), kMinus | Two(-49)}, kMinus, kZ | kN | kU},
    {kFmul, kGnu, {0, Two(-100), kMinus | Two(-49)}, kMinus, kZ | kN},
    {kFmul, kAll, {0, Two(-100), Two(-50)}, 0, kZ | kU},
    {kFmul, kAll, {0, kMin, kMin}, 0, kZ | kU},
    // 2^-126 (1 - 2^-23) = 2^-126 - 2^-149: exact.
    {kFmul, kManual, {0, kMin, kOne - 2}, 0, kZ | kU},
    {kFmul, kGnu, {0, kMin, kOne - 2}, 0, kZ},
    // 2^-126 (1 - 2^-24) = 2^-126 - 2^-150 has 24 bits and is below the smallest normal number: underflow.
    // But
    // among the multiples of 2^-149 it is a tie, which goes to 2^-126.
    {kFmul, kManual, {0, kMin, kOne - 1}, 0, kZ | kU},
    {kFmul, kGnuNearest, {0, kMin, kOne - 1}, kMin, kU},
    {kFmul, kGnuTruncate, {0, kMin, kOne - 1}, 0, kZ | kU},
    {kFmul, kManual, {0, kMinus | kMin, kOne - 1}, kMinus, kZ | kN | kU},
    {kFmul, kGnuNearest, {0, kMinus | kMin, kOne - 1}, kMinus | kMin, kN | kU},
    // 2^-126 (1 + 2^-23) (1 - 2^-23) = 2^-126 (1 - 2^-46): to 24 bits it is 2^-126, and no underflow.
    {kFmul, kNearest, {0, 0x00800001, kOne - 2}, kMin, 0},
    {kFmul, kTruncate, {0, 0x00800001, kOne - 2}, 0, kZ | kU},
    // 2^-126 (1 - 2^-25), a tie between 2^-126 and the 24 bits before: up to the even one, and no underflow.
    // 2^25 - 1 = 31 * 1082401; here 31 * 2^-20 by 1082401 * 2^-131.
    {kFmul, kNearest, {0, 0x37f80000, 0x08042108}, kMin, 0},
    {kFmul, kTruncate, {0, 0x37f80000, 0x08042108}, 0, kZ | kU},
    // 2^-126 (1 + 2^-23) (1 - 5 * 2^-24) = 2^-126 (1 - 3 * 2^-24 - 5 * 2^-47): denormal in any rounding.
    {kFmul, kAll, {0, 0x00800001, kOne - 5}, 0, kZ | kU},
    // NaNs: as for FADD.
    {kFmul, kAll, {0, kNan + 1, 0}, kNan + 1, kI},
    {kFmul, kAll, {0, kInf, kSignalling}, kNan + 1, kI},
    {kFmul, kAll, {0, kSignalling, kNan + 2}, kNan + 1, kI},
    {kFmul, kManual, {0, kMinus | kNan, kMinus | kNan}, kNan, kI},
    {kFmul, kGnu, {0, kMinus | kNan, kMinus | kNan}, kMinus | kNan, kN | kI},
    {kFmul, kManual, {0, kNan, kMinus | kOne}, kMinus | kNan, kN | kI},
    {kFmul, kGnu, {0, kNan, kMinus | kOne}, kNan, kI},

    // FMADD. 3 + 2 * 1.5 = 6. Zeros: those of the sum of RD and the product.
    {kFmadd, kAll, {0x40400000, kTwo, kOneHalf}, 0x40c00000, 0},
    {kFmadd, kAll, {0, 0, kOne}, 0, kZ},
    {kFmadd, kAll, {kMinus, 0, kOne}, 0, kZ},
    {kFmadd, kAll, {kMinus, kMinus, kOne}, kMinus, kZ | kN},
    {kFmadd, kAll, {kMinus, 0, kMinus | kOne}, kMinus, kZ | kN},
    {kFmadd, kAll, {kMinus | kOne, 0, kMax}, kMinus | kOne, kN},
    {kFmadd, kAll, {kMin, kMinus, kMax}, kMin, 0},
    {kFmadd, kAll, {0, kMin, kMinus | kOne}, kMinus | kMin, kN},
    // -6 + 2 * 3 is +0.
    {kFmadd, kAll, {0xc0c00000, kTwo, 0x40400000}, 0, kZ},
    // Denormal operands are zeros.
    {kFmadd, kAll, {kMaxDenormal, kOne, kOne}, kOne, 0},
    {kFmadd, kAll, {kOne, kMaxDenormal, kMax}, kOne, 0},
    {kFmadd, kAll, {kMinus | kMinDenormal, kMaxDenormal, kOne}, 0, kZ},
    {kFmadd, kAll, {kMinus | kMinDenormal, kMinus | kMaxDenormal, kOne}, kMinus, kZ | kN},
    // One rounding: (1 + 2^-23)^2 = 1 + 2^-22 + 2^-46, so that with 1 + 2^-22 taken away 2^-46 is left.
    {kFmadd, kAll, {kMinus | (kOne + 2), kOne + 1, kOne + 1}, Two(-46), 0},
    // 2^-24 more is a tie but for that 2^-46: up. Rounded twice it would be 1 + 2^-22.
    {kFmadd, kNearest, {Two(-24), kOne + 1, kOne + 1}, kOne + 3, 0},
    {kFmadd, kTruncate, {Two(-24), kOne + 1, kOne + 1}, kOne + 2, 0},
    // The tie itself, 1 + 2^-24; with 2^-47 more, with 2^-48 less, and 1 - 2^-200
    // and 2 - 2^-126.
    {kFmadd, kAll, {Two(-24), kOne, kOne}, kOne, 0},
    {kFmadd, kNearest, {kOne, Two(-12) + 1, Two(-12)}, kOne + 1, 0},
    {kFmadd, kAll, {kOne, Two(-12) - 1, Two(-12)}, kOne, 0},
    {kFmadd, kNearest, {kOne, kMinus | Two(-100), Two(-100)}, kOne, 0},
    {kFmadd, kTruncate, {kOne, kMinus | Two(-100), Two(-100)}, kOne - 1, 0},
    {kFmadd, kTruncate, {kMinus | kMin, kOne, kTwo}, kTwo - 1, 0},
    {kFmadd, kNearest, {kMinus | kMin, kOne, kTwo}, kTwo, 0},
    // Products beyond all numbers: -(2^128 - 2^104) + 2^64 * 2^64 = 2^104, and with 2^127 + 2^127 nothing is
    // saved. The largest possible, (2^128 - 2^104)^2, overflows.
    {kFmadd, kAll, {kMinus | kMax, Two(64), Two(64)}, Two(104), 0},
    {kFmadd, kNearest, {Two(127), Two(64), Two(63)}, kInf, kV},
    {kFmadd, kTruncate, {Two(127), Two(64), Two(63)}, kMax, kV},
    {kFmadd, kNearest, {kMinus | kMax, kMax, kMax}, kInf, kV},
    {kFmadd, kTruncate, {kMinus | kMax, kMax, kMax}, kMax, kV},
    {kFmadd, kNearest, {kMax, Two(51), Two(52)}, kInf, kV},
    {kFmadd, kTruncate, {kMax, Two(51), Two(52)}, kMax, 0},
    // Underflow: of the sum, not of the product. 2^-126 + 2^-252; and 2^-126 - 2^-252, which only if
    // truncated
    // is below 2^-126.
    {kFmadd, kAll, {kMin, kMin, kMin}, kMin, 0},
    {kFmadd, kNearest, {kMin, kMin, kMinus | kMin}, kMin, 0},
    {kFmadd, kTruncate, {kMin, kMin, kMinus | kMin}, 0, kZ | kU},
    {kFmadd, kNearest, {kMinus | kMin, kMin, kMin}, kMinus | kMin, kN},
    {kFmadd, kTruncate, {kMinus | kMin, kMin, kMin}, kMinus, kZ | kN | kU},
    // 2^-126 - 2^-75 * 2^-75 = 2^-126 - 2^-150: as for FMUL.
    {kFmadd, kManual, {kMin, Two(-75), kMinus | Two(-75)}, 0, kZ | kU},
    {kFmadd, kGnuNearest, {kMin, Two(-75), kMinus | Two(-75)}, kMin, kU},
    {kFmadd, kGnuTruncate, {kMin, Two(-75), kMinus | Two(-75)}, 0, kZ | kU},
    // 2^-126 - 2^-151: a tie to 24 bits, up; 2^-151 (1 + 2^-23) instead is nearer to 2^-126 - 2^-150.
    {kFmadd, kNearest, {kMin, Two(-75), kMinus | Two(-76)}, kMin, 0},
    {kFmadd, kTruncate, {kMin, Two(-75), kMinus | Two(-76)}, 0, kZ | kU},
    {kFmadd, kManualNearest, {kMin, Two(-75), kMinus | (Two(-76) + 1)}, 0, kZ | kU},
    {kFmadd, kGnuNearest, {kMin, Two(-75), kMinus | (Two(-76) + 1)}, kMin, kU},
    // 2^-126 - 2^-150 (1 + 2^-23): less than the tie, so that the host rounds it to a denormal number.
    {kFmadd, kAll, {kMin, Two(-75), kMinus | (Two(-75) + 1)}, 0, kZ | kU},
    // 2^-126 - 2^-149 is exact; so is the 2^-149 left of 2^-126 + 2^-149.
    {kFmadd, kManual, {kMin, Two(-75), kMinus | Two(-74)}, 0, kZ | kU},
    {kFmadd, kGnu, {kMin, Two(-75), kMinus | Two(-74)}, 0, kZ},
    {kFmadd, kManual, {0x80800001, kMin, kOne}, kMinus, kZ | kN | kU},
    {kFmadd, kGnu, {0x80800001, kMin, kOne}, kMinus, kZ | kN},
    {kFmadd, kManual, {0, kMin, kHalf}, 0, kZ | kU},
    {kFmadd, kGnu, {0, kMin, kHalf}, 0, kZ},
    // Infinities: of RD and of the product.
    {kFmadd, kAll, {kInf, kMax, kMinus | kMax}, kInf, 0},
    {kFmadd, kAll, {kMax, kInf, kMinus | kMin}, kMinus | kInf, kN},
    {kFmadd, kAll, {kInf, kInf, kOne}, kInf, 0},
    {kFmadd, kAll, {kInf, kInf, kMinus | kOne}, kNan, kI},
    {kFmadd, kAll, {kMinus | kInf, kInf, kInf}, kNan, kI},
    {kFmadd, kAll, {kOne, kInf, 0}, kNan, kI},
    {kFmadd, kAll, {kInf, kMinus | kMaxDenormal, kInf}, kNan, kI},
    // NaNs: RN, RM, RD; also before what is invalid.
    {kFmadd, kAll, {kNan + 3, kNan + 1, kNan + 2}, kNan + 1, kI},
    {kFmadd, kAll, {kNan + 3, kOne, kNan + 2}, kNan + 2, kI},
    {kFmadd, kAll, {kSignalling, kOne, kTwo}, kNan + 1, kI},
    {kFmadd, kAll, {kNan + 3, kInf, 0}, kNan + 3, kI},
    {kFmadd, kManual, {kMinus | kNan, kMinus | kOne, kMinus | kOne}, kMinus | kNan, kN | kI},
    {kFmadd, kManual, {kNan, kMinus | kOne, kOne}, kMinus | kNan, kN | kI},
    {kFmadd, kGnu, {kNan, kMinus | kOne, kOne}, kNan, kI},
    {kFmadd, kManual, {kMinus | kOne, kMinus | kNan, kOne}, kNan, kI},
    {kFmadd, kGnu, {kMinus | kOne, kMinus | kNan, kOne}, kMinus | kNan, kN | kI},

    // FMSUB. 3 - 2 * 1.5 is +0; 3 - 1.5 * 1.5 = 0.75. Zeros: those of FMADD with the product negated.
    {kFmsub, kAll, {0x40400000, kTwo, kOneHalf}, 0, kZ},
    {kFmsub, kAll, {0x40400000, kOneHalf, kOneHalf}, 0x3f400000, 0},
    {kFmsub, kAll, {0, 0, kOne}, 0, kZ},
    {kFmsub, kAll, {kMinus, 0, kOne}, kMinus, kZ | kN},
    {kFmsub, kAll, {kMinus, kMinus, kOne}, 0, kZ},
    {kFmsub, kAll, {0, kOne, kTwo}, kMinus | kTwo, kN},
    {kFmsub, kAll, {kMaxDenormal, kMaxDenormal, kMax}, 0, kZ},
    {kFmsub, kAll, {kMinus | kMaxDenormal, kMaxDenormal, kMax}, kMinus, kZ | kN},
    // One rounding, as for FMADD: 2^-46 is left, now negative; and 1 + 2^-23 - (1 + 2^-22 + 2^-46) is
    // -(2^-23 + 2^-46), which has 24 bits.
    {kFmsub, kAll, {kOne + 2, kOne + 1, kOne + 1}, kMinus | Two(-46), kN},
    {kFmsub, kAll, {kOne + 1, kOne + 1, kOne + 1}, kMinus | (Two(-23) + 1), kN},
    {kFmsub, kNearest, {kMinus | Two(-24), kOne + 1, kOne + 1}, kMinus | (kOne + 3), kN},
    {kFmsub, kTruncate, {kMinus | Two(-24), kOne + 1, kOne + 1}, kMinus | (kOne + 2), kN},
    {kFmsub, kNearest, {kOne, Two(-100), Two(-100)}, kOne, 0},
    {kFmsub, kTruncate, {kOne, Two(-100), Two(-100)}, kOne - 1, 0},
    {kFmsub, kAll, {kMax, Two(64), Two(64)}, kMinus | Two(104), kN},
    {kFmsub, kNearest, {kMinus | kMax, Two(51), Two(52)}, kMinus | kInf, kN | kV},
    {kFmsub, kTruncate, {kMinus | kMax, Two(51), Two(52)}, kMinus | kMax, kN},
    // The underflows of FMADD: 2^-126 less 2^-252, 2^-150, 2^-149.
    {kFmsub, kNearest, {kMin, kMin, kMin}, kMin, 0},
    {kFmsub, kTruncate, {kMin, kMin, kMin}, 0, kZ | kU},
    {kFmsub, kManual, {kMin, Two(-75), Two(-75)}, 0, kZ | kU},
    {kFmsub, kGnuNearest, {kMin, Two(-75), Two(-75)}, kMin, kU},
    {kFmsub, kGnuTruncate, {kMin, Two(-75), Two(-75)}, 0, kZ | kU},
    {kFmsub, kManual, {kMin, Two(-75), Two(-74)}, 0, kZ | kU},
    {kFmsub, kGnu, {kMin, Two(-75), Two(-74)}, 0, kZ},
    {kFmsub, kAll, {kInf, kInf, kOne}, kNan, kI},
    {kFmsub, kAll, {kInf, kMinus | kInf, kOne}, kInf, 0},
    {kFmsub, kAll, {kOne, kInf, kOne}, kMinus | kInf, kN},
    {kFmsub, kAll, {kMinus | kInf, kMax, kMax}, kMinus | kInf, kN},
    {kFmsub, kAll, {kOne, kMinDenormal, kInf}, kNan, kI},
    // The signs of NaNs are of the operands as they are.
    {kFmsub, kAll, {kNan, kOne, kTwo}, kNan, kI},
    {kFmsub, kAll, {kNan + 3, kOne, kSignalling}, kNan + 1, kI},
    {kFmsub, kManual, {kMinus | kOne, kNan, kOne}, kMinus | kNan, kN | kI},
    {kFmsub, kGnu, {kMinus | kOne, kNan, kOne}, kNan, kI},

    // FLOAT. 24 bits are exact.
    {kFloat, kAll, {0, 0, 0}, 0, kZ},
    {kFloat, kAll, {0, 1, 0}, kOne, 0},
    {kFloat, kAll, {0, 0xffffffff, 0}, kMinus | kOne, kN},
    {kFloat, kAll, {0, 0x00ffffff, 0}, Two(24) - 1, 0},
    {kFloat, kAll, {0, 0x01000000, 0}, Two(24), 0},
    {kFloat, kAll, {0, 0xff000001, 0}, kMinus | (Two(24) - 1), kN},
    // 2^24 + 1 is a tie and goes to 2^24, 2^24 + 3 to 2^24 + 4; so do the negative ones.
    {kFloat, kAll, {0, 0x01000001, 0}, Two(24), 0},
    {kFloat, kNearest, {0, 0x01000003, 0}, Two(24) + 2, 0},
    {kFloat, kTruncate, {0, 0x01000003, 0}, Two(24) + 1, 0},
    {kFloat, kNearest, {0, 0xfefffffd, 0}, kMinus | (Two(24) + 2), kN},
    {kFloat, kTruncate, {0, 0xfefffffd, 0}, kMinus | (Two(24) + 1), kN},
    // Below 2^31 the last place is worth 128: 2^31 - 1 is nearer to 2^31; 2^31 - 64 is a tie, and up;
    // 2^31 - 65 is nearer to 2^31 - 128.
    {kFloat, kNearest, {0, 0x7fffffff, 0}, Two(31), 0},
    {kFloat, kTruncate, {0, 0x7fffffff, 0}, Two(31) - 1, 0},
    {kFloat, kNearest, {0, 0x7fffffc0, 0}, Two(31), 0},
    {kFloat, kTruncate, {0, 0x7fffffc0, 0}, Two(31) - 1, 0},
    {kFloat, kAll, {0, 0x7fffffbf, 0}, Two(31) - 1, 0},
    {kFloat, kAll, {0, 0x80000000, 0}, kMinus | Two(31), kN},
    {kFloat, kNearest, {0, 0x80000001, 0}, kMinus | Two(31), kN},
    {kFloat, kTruncate, {0, 0x80000001, 0}, kMinus | (Two(31) - 1), kN},
    // Bits that would be a NaN, an infinity or a denormal number are integers here.
    {kFloat, kAll, {0, 0x7f800000, 0}, 0x4eff0000, 0},
    {kFloat, kAll, {0, 0x00000003, 0}, 0x40400000, 0},

    // FIX. Zeros and denormal numbers.
    {kFix, kAll, {0, 0, 0}, 0, kZ},
    {kFix, kAll, {0, kMinus, 0}, 0, kZ},
    {kFix, kAll, {0, kMaxDenormal, 0}, 0, kZ},
    {kFix, kAll, {0, kMinus | kMin, 0}, 0, kZ},
    {kFix, kAll, {0, kOne, 0}, 1, 0},
    {kFix, kAll, {0, kMinus | kOne, 0}, 0xffffffff, kN},
    // Halves: to even by the manual, away from zero in the simulator.
    {kFix, kManual, {0, kHalf, 0}, 0, kZ},
    {kFix, kGnuNearest, {0, kHalf, 0}, 1, 0},
    {kFix, kGnuTruncate, {0, kHalf, 0}, 0, kZ},
    {kFix, kNearest, {0, kOneHalf, 0}, 2, 0},
    {kFix, kTruncate, {0, kOneHalf, 0}, 1, 0},
    {kFix, kManual, {0, 0x40200000, 0}, 2, 0},
    {kFix, kGnuNearest, {0, 0x40200000, 0}, 3, 0},
    {kFix, kManual, {0, kMinus | kHalf, 0}, 0, kZ},
    {kFix, kGnuNearest, {0, kMinus | kHalf, 0}, 0xffffffff, kN},
    {kFix, kGnuTruncate, {0, kMinus | kHalf, 0}, 0, kZ},
    {kFix, kManual, {0, 0xc0200000, 0}, 0xfffffffe, kN},
    {kFix, kGnuNearest, {0, 0xc0200000, 0}, 0xfffffffd, kN},
    // The neighbours of one half, and the one before 1.
    {kFix, kAll, {0, kHalf - 1, 0}, 0, kZ},
    {kFix, kNearest, {0, kHalf + 1, 0}, 1, 0},
    {kFix, kTruncate, {0, kHalf + 1, 0}, 0, kZ},
    {kFix, kNearest, {0, kOne - 1, 0}, 1, 0},
    {kFix, kTruncate, {0, kOne - 1, 0}, 0, kZ},
    // The largest halves: 2^23 - 1/2, whose even neighbour is 2^23, and 2^23 - 3/2, whose is 2^23 - 2.
    {kFix, kNearest, {0, 0x4affffff, 0}, 0x00800000, 0},
    {kFix, kTruncate, {0, 0x4affffff, 0}, 0x007fffff, 0},
    {kFix, kManual, {0, 0x4afffffd, 0}, 0x007ffffe, 0},
    {kFix, kGnuNearest, {0, 0x4afffffd, 0}, 0x007fffff, 0},
    // From 2^23 on all are integers.
    {kFix, kAll, {0, Two(23) + 1, 0}, 0x00800001, 0},
    {kFix, kAll, {0, Two(24) - 1, 0}, 0x00ffffff, 0},
    {kFix, kAll, {0, Two(24) + 1, 0}, 0x01000002, 0},
    {kFix, kAll, {0, kMinus | (Two(31) - 1), 0}, 0x80000080, kN},
    {kFix, kAll, {0, Two(31) - 1, 0}, 0x7fffff80, 0},
    // 2^31 is the first beyond; -2^31 is the last within.
    {kFix, kManual, {0, Two(31), 0}, 0x7fffffff, 0},
    {kFix, kGnu, {0, Two(31), 0}, 0x80000000, kN | kI},
    {kFix, kAll, {0, Two(31) + 1, 0}, 0x7fffffff, 0},
    {kFix, kAll, {0, kMinus | Two(31), 0}, 0x80000000, kN},
    {kFix, kAll, {0, kMinus | (Two(31) + 1), 0}, 0x80000000, kN},
    {kFix, kAll, {0, kMax, 0}, 0x7fffffff, 0},
    {kFix, kAll, {0, kInf, 0}, 0x7fffffff, 0},
    {kFix, kAll, {0, kMinus | kInf, 0}, 0x80000000, kN},
    // NaNs: all ones and invalid; in the simulator as infinities.
    {kFix, kManual, {0, kNan, 0}, 0xffffffff, kN | kI},
    {kFix, kManual, {0, kMinus | kSignalling, 0}, 0xffffffff, kN | kI},
    {kFix, kGnu, {0, kSignalling, 0}, 0x7fffffff, 0},
    {kFix, kGnu, {0, kMinus | kNan, 0}, 0x80000000, kN},

    // FABS. Denormal numbers are zero, without underflow.
    {kFabs, kAll, {0, kMinus | kOne, 0}, kOne, 0},
    {kFabs, kAll, {0, kMax, 0}, kMax, 0},
    {kFabs, kAll, {0, kMinus, 0}, 0, kZ},
    {kFabs, kAll, {0, kMinus | kMaxDenormal, 0}, 0, kZ},
    {kFabs, kAll, {0, kMinDenormal, 0}, 0, kZ},
    {kFabs, kAll, {0, kMinus | kMin, 0}, kMin, 0},
    {kFabs, kAll, {0, kMinus | kInf, 0}, kInf, 0},
    // NaNs are operands like any other to the manual; the simulator only takes their sign.
    {kFabs, kManual, {0, kMinus | kNan, 0}, kNan, kI},
    {kFabs, kGnu, {0, kMinus | kNan, 0}, kNan, 0},
    {kFabs, kManual, {0, kMinus | kSignalling, 0}, kNan + 1, kI},
    {kFabs, kGnu, {0, kMinus | kSignalling, 0}, kSignalling, 0},
};

// The reference. Values are exact, as multiples of 2^-322: room for the square of the largest number, and for
// 24 bits of the square of the smallest one.
constexpr int kWords = 10;
constexpr int kUnit = 322;

using Exact = std::array<uint64_t, kWords>;

// value * 2^bit units.
Exact Place(uint64_t value, int bit) {
  Exact exact{};
  const size_t word = static_cast<size_t>(bit / 64);
  const int shift = bit % 64;
  exact[word] = value << shift;
  if (shift != 0 && word + 1 < kWords) exact[word + 1] = value >> (64 - shift);
  return exact;
}

int Compare(const Exact& a, const Exact& b) {
  for (size_t i = kWords; i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

Exact Plus(const Exact& a, const Exact& b) {
  Exact sum{};
  uint64_t carry = 0;
  for (size_t i = 0; i < kWords; i++) {
    const uint64_t partial = a[i] + carry;
    sum[i] = partial + b[i];
    carry = partial < carry || sum[i] < partial;
  }
  return sum;
}

Exact Minus(const Exact& a, const Exact& b) {  // a >= b
  Exact difference{};
  uint64_t borrow = 0;
  for (size_t i = 0; i < kWords; i++) {
    const uint64_t partial = a[i] - borrow;
    const uint64_t next = a[i] < borrow || partial < b[i];
    difference[i] = partial - b[i];
    borrow = next;
  }
  return difference;
}

bool IsZero(const Exact& a) {
  return a == Exact{};
}

// All numbers of 24 bits in ascending order, whatever their exponent, by their rank. Where there are normal
// numbers, ranks are their bits plus kRankOffset.
Exact OfRank(uint64_t rank) {
  return Place((rank & 0x7fffff) | 0x800000, static_cast<int>(rank >> 23));
}
constexpr uint64_t kRankOffset = static_cast<uint64_t>(kUnit - 126 - 23 - 1) << 23;

uint64_t Significand(uint32_t bits) {
  return (bits & kInf) == 0 ? 0 : (bits & 0x7fffff) | 0x800000;
}

int Exponent(uint32_t bits) {
  return static_cast<int>(bits >> 23 & 0xff);
}

bool IsNan(uint32_t bits) {
  return (bits & 0x7fffffff) > kInf;
}

bool IsInfinity(uint32_t bits) {
  return (bits & 0x7fffffff) == kInf;
}

struct Wanted {
  FpuResult by_mode[4];
};

FpuResult Flagged(uint32_t value, uint32_t other_flags) {
  return {value, ((value & 0x7fffffff) == 0 ? kZ : 0) | (value >> 31 != 0 ? kN : 0) | other_flags};
}

Wanted Same(FpuResult result) {
  return {{result, result, result, result}};
}

// How often the random operands reached what needs care.
struct Reached {
  unsigned long ties, overflows, underflows, exact_underflows, rounded_to_normal, invalid, zeros;
} reached = {};

// What the number becomes by comparing it with candidates, found by bisection: never by shifting it.
Wanted RoundExact(bool is_negative, const Exact& magnitude) {
  const uint32_t sign = is_negative ? kMinus : 0;
  if (IsZero(magnitude)) {
    reached.zeros++;
    return Same(Flagged(sign, 0));
  }
  uint64_t low = 0;
  uint64_t high = uint64_t{600} << 23;
  while (high - low > 1) {
    const uint64_t middle = (low + high) / 2;
    (Compare(OfRank(middle), magnitude) <= 0 ? low : high) = middle;
  }
  const int side = Compare(Plus(magnitude, magnitude), Plus(OfRank(low), OfRank(high)));
  reached.ties += side == 0;
  Wanted wanted;
  for (int i = 0; i < 4; i++) {
    const FpuMode mode = kModes[i];
    const bool is_up = !mode.truncate && (side > 0 || (side == 0 && low % 2 != 0));
    const uint64_t rank = is_up ? high : low;
    FpuResult& result = wanted.by_mode[i];
    if (Compare(OfRank(rank), Place(1, kUnit + 128)) >= 0) {
      result = Flagged(sign | (mode.truncate ? kMax : kInf), kV);
      reached.overflows++;
    } else if (Compare(OfRank(rank), Place(1, kUnit - 126)) >= 0) {
      result = Flagged(sign | static_cast<uint32_t>(rank - kRankOffset), 0);
    } else if (mode.profile == Profile::kManual) {
      result = Flagged(sign, kU);
      reached.underflows++;
    } else {
      // 2^-126 less half of 2^-149 is the least that becomes 2^-126 among the multiples of 2^-149.
      const Exact tie = Minus(Place(1, kUnit - 126), Place(1, kUnit - 150));
      const bool is_normal = !mode.truncate && Compare(magnitude, tie) >= 0;
      bool is_exact = true;
      for (int bit = 0; bit < kUnit - 149; bit++) {
        if (magnitude[static_cast<size_t>(bit / 64)] >> bit % 64 & 1) is_exact = false;
      }
      result = Flagged(sign | (is_normal ? kMin : 0), is_exact ? 0 : kU);
      reached.rounded_to_normal += is_normal;
      reached.exact_underflows += is_exact;
    }
  }
  return wanted;
}

Wanted RoundSum(bool is_a_negative, const Exact& a, bool is_b_negative, const Exact& b) {
  if (is_a_negative == is_b_negative) return RoundExact(is_a_negative, Plus(a, b));
  const int order = Compare(a, b);
  if (order == 0) return RoundExact(false, Exact{});
  return order > 0 ? RoundExact(is_a_negative, Minus(a, b)) : RoundExact(is_b_negative, Minus(b, a));
}

Exact ExactOf(uint32_t bits) {
  return Place(Significand(bits), Exponent(bits) - 150 + kUnit);
}

Exact ExactProduct(uint32_t a, uint32_t b) {
  return Place(Significand(a) * Significand(b), Exponent(a) + Exponent(b) - 300 + kUnit);
}

Wanted WantedNan(uint32_t nan, uint32_t signs) {
  reached.invalid++;
  const FpuResult manual = Flagged((nan & 0x7fffffff) | 0x00400000 | (signs & kMinus), kI);
  const FpuResult gnu = Flagged(nan | 0x00400000, kI);
  return {{manual, manual, gnu, gnu}};
}

// FADD, FSUB, FMADD, FMSUB: an addend, and RN or a product to add or to subtract.
Wanted ReferenceSum(Op op, const Operands& operands) {
  const auto [rd, rn, rm] = operands;
  const bool is_fused = op == kFmadd || op == kFmsub;
  const uint32_t signs = rn ^ rm ^ (is_fused ? rd : 0);
  if (IsNan(rn)) return WantedNan(rn, signs);
  if (IsNan(rm)) return WantedNan(rm, signs);
  if (is_fused && IsNan(rd)) return WantedNan(rd, signs);
  const uint32_t a = is_fused ? rd : rn;
  bool is_b_negative = ((is_fused ? rn ^ rm : rm) & kMinus) != 0;
  if (op == kFsub || op == kFmsub) is_b_negative = !is_b_negative;
  const bool is_b_infinite = IsInfinity(rm) || (is_fused && IsInfinity(rn));
  const bool is_a_negative = (a & kMinus) != 0;
  if (is_fused && is_b_infinite && (Significand(rn) == 0 || Significand(rm) == 0)) {
    return Same(Flagged(kNan, kI));
  }
  if (IsInfinity(a) && is_b_infinite && is_a_negative != is_b_negative) return Same(Flagged(kNan, kI));
  if (IsInfinity(a)) return Same(Flagged(a, 0));
  if (is_b_infinite) return Same(Flagged(kInf | (is_b_negative ? kMinus : 0), 0));
  return RoundSum(is_a_negative, ExactOf(a), is_b_negative, is_fused ? ExactProduct(rn, rm) : ExactOf(rm));
}

Wanted ReferenceProduct(uint32_t rn, uint32_t rm) {
  if (IsNan(rn)) return WantedNan(rn, rn ^ rm);
  if (IsNan(rm)) return WantedNan(rm, rn ^ rm);
  const uint32_t sign = (rn ^ rm) & kMinus;
  if (IsInfinity(rn) || IsInfinity(rm)) {
    if (Significand(rn) == 0 || Significand(rm) == 0) return Same(Flagged(kNan, kI));
    return Same(Flagged(sign | kInf, 0));
  }
  return RoundExact(sign != 0, ExactProduct(rn, rm));
}

Wanted ReferenceFloat(uint32_t rn) {
  const int64_t integer = static_cast<int32_t>(rn);
  return RoundExact(integer < 0, Place(static_cast<uint64_t>(integer < 0 ? -integer : integer), kUnit));
}

Wanted ReferenceFix(uint32_t rn) {
  const bool is_negative = (rn & kMinus) != 0;
  Wanted wanted;
  for (int i = 0; i < 4; i++) {
    const FpuMode mode = kModes[i];
    const bool is_manual = mode.profile == Profile::kManual;
    uint32_t value;
    uint32_t flags = 0;
    if (IsNan(rn) && is_manual) {
      value = 0xffffffff;
      flags = kI;
    } else if (IsNan(rn) || IsInfinity(rn)) {
      value = is_negative ? 0x80000000 : 0x7fffffff;
    } else {
      const Exact magnitude = ExactOf(rn);
      uint64_t low = 0;
      uint64_t high = uint64_t{1} << 33;
      while (high - low > 1) {
        const uint64_t middle = (low + high) / 2;
        (Compare(Place(middle, kUnit), magnitude) <= 0 ? low : high) = middle;
      }
      const int side = Compare(Plus(magnitude, magnitude), Place(low + high, kUnit));
      const bool is_up = !mode.truncate && (side > 0 || (side == 0 && (!is_manual || low % 2 != 0)));
      reached.ties += side == 0;
      const uint64_t integer = is_up ? high : low;
      if (is_negative) {
        value = static_cast<uint32_t>(0 - (integer > 0x80000000 ? 0x80000000 : integer));
      } else if (!is_manual && Compare(magnitude, Place(0x80000000, kUnit)) == 0) {
        value = 0x80000000;
        flags = kI;
      } else {
        value = static_cast<uint32_t>(integer > 0x7fffffff ? 0x7fffffff : integer);
      }
    }
    wanted.by_mode[i] = {value, (value == 0 ? kZ : 0) | (value >> 31 != 0 ? kN : 0) | flags};
  }
  return wanted;
}

Wanted ReferenceFabs(uint32_t rn) {
  const uint32_t magnitude = rn & 0x7fffffff;
  Wanted wanted = Same(Flagged(magnitude < kMin ? 0 : magnitude, 0));
  if (IsNan(rn)) wanted.by_mode[0] = wanted.by_mode[1] = Flagged(magnitude | 0x00400000, kI);
  return wanted;
}

Wanted Reference(Op op, const Operands& operands) {
  switch (op) {
    case kFmul:
      return ReferenceProduct(operands.rn, operands.rm);
    case kFloat:
      return ReferenceFloat(operands.rn);
    case kFix:
      return ReferenceFix(operands.rn);
    case kFabs:
      return ReferenceFabs(operands.rn);
    default:
      return ReferenceSum(op, operands);
  }
}

class Random {
 public:
  uint32_t Word() {  // xorshift, as published by Marsaglia
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<uint32_t>(state_ >> 24);
  }
  uint32_t Below(uint32_t bound) { return Word() % bound; }
  uint32_t Sign() { return Word() & kMinus; }

  // Fractions with few ones, few zeros, or any: the first two are what ties are made of.
  uint32_t Fraction() {
    const uint32_t few = 1u << Below(24) | 1u << Below(24);
    const uint32_t kind = Below(4);
    return (kind == 0 ? few : kind == 1 ? 0 - few : kind == 2 ? Below(9) - 4 : Word()) & 0x7fffff;
  }
  uint32_t WithExponent(int exponent) {
    if (exponent < 0) exponent = 0;
    if (exponent > 254) exponent = 254;
    return Sign() | static_cast<uint32_t>(exponent) << 23 | Fraction();
  }
  uint32_t Special() {
    constexpr uint32_t kSpecials[] = {
        0,           kMinDenormal, kMaxDenormal, kMin,        kMin + 1, kHalf - 1,   kHalf,     kHalf + 1,
        kOne - 1,    kOne,         kOne + 1,     kOneHalf,    kTwo,     Two(23) - 1, Two(23),   Two(24),
        Two(24) + 1, Two(31) - 1,  Two(31),      Two(31) + 1, Two(63),  Two(103),    kMax - 1,  kMax,
        kInf,        kInf,         kSignalling,  kNan,        kNan + 9, Two(-63),    Two(-100), Two(-126)};
    return Sign() | kSpecials[Below(sizeof(kSpecials) / sizeof(kSpecials[0]))];
  }
  uint32_t Any() {
    switch (Below(4)) {
      case 0:
        return Special();
      case 1:
        return Word();
      case 2:
        return WithExponent(127 + static_cast<int>(Below(9)) - 4);
      default:
        return WithExponent(static_cast<int>(Below(256)));
    }
  }

  Operands For(Op op) {
    Operands operands = {Any(), Any(), Any()};
    const int near = static_cast<int>(Below(5)) - 2;
    const bool is_product = op == kFmul || op == kFmadd || op == kFmsub;
    switch (Below(6)) {
      case 0:  // results near the smallest normal number, or a number and a product near it
        if (is_product) {
          const int exponent = 1 + static_cast<int>(Below(126));
          operands = {Below(2)   ? WithExponent(1 + near)
                      : Below(2) ? Sign()
                                 : operands.rd,
                      WithExponent(exponent), WithExponent(127 - exponent + near)};
        } else {
          operands = {0, WithExponent(3 + near), WithExponent(3 - near)};
        }
        break;
      case 1:  // near the largest
        if (is_product) {
          const int exponent = 127 + static_cast<int>(Below(127));
          operands = {Below(2) ? WithExponent(254 - static_cast<int>(Below(30))) : operands.rd,
                      WithExponent(exponent), WithExponent(127 + 254 - exponent + near)};
        } else {
          operands = {0, WithExponent(253), WithExponent(254 - static_cast<int>(Below(30)))};
        }
        break;
      case 2:  // one cancels the other, but for a little
        operands.rm = operands.rn + Below(5) - 2;
        if (is_product) {
          operands = {0, WithExponent(64 + static_cast<int>(Below(127))),
                      WithExponent(64 + static_cast<int>(Below(127)))};
          operands.rd = (chip::Fmul(operands.rn, operands.rm, {}).value ^ Sign()) + Below(5) - 2;
        }
        break;
      case 3:  // one within reach of the last places of the other
        operands.rn = WithExponent(100 + static_cast<int>(Below(50)));
        operands.rm = WithExponent((is_product ? 127 : Exponent(operands.rn)) + near);
        operands.rd = WithExponent(Exponent(operands.rn) + static_cast<int>(Below(120)) - 60);
        if (!is_product) operands.rm = WithExponent(Exponent(operands.rn) + static_cast<int>(Below(60)) - 30);
        break;
      default:
        break;
    }
    if (op == kFloat && Below(2)) operands.rn >>= Below(32);
    if (op == kFix && Below(2)) operands.rn = WithExponent(120 + static_cast<int>(Below(42)));
    return operands;
  }

 private:
  uint64_t state_ = 0x9e3779b97f4a7c15;
};

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
