// SPDX-License-Identifier: MIT
// What the floating point unit is asked: an operation, its operands, a mode; and numbers and flags by name.
#ifndef TEST_NATIVE_FPU_OPERATION_H_
#define TEST_NATIVE_FPU_OPERATION_H_

#include <cstdint>

#include "chip/fpu.h"
#include "chip/registers.h"

namespace fpu_test {

using chip::FpuMode;
using chip::FpuResult;
using chip::Profile;

enum Op { kFadd, kFsub, kFmul, kFmadd, kFmsub, kFloat, kFix, kFabs, kOps };

struct Operands {
  uint32_t rd, rn, rm;
};

constexpr FpuMode kModes[] = {
    {false, Profile::kManual}, {true, Profile::kManual}, {false, Profile::kGnu}, {true, Profile::kGnu}};

// Flags, each with the sticky one that it sets.
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

}  // namespace fpu_test

#endif  // TEST_NATIVE_FPU_OPERATION_H_
