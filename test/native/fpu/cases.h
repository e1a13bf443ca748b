// SPDX-License-Identifier: MIT
// Cases that were worked by hand.
#ifndef TEST_NATIVE_FPU_CASES_H_
#define TEST_NATIVE_FPU_CASES_H_

#include <cstdint>

#include "operation.h"

namespace fpu_test {

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

}  // namespace fpu_test

#endif  // TEST_NATIVE_FPU_CASES_H_
