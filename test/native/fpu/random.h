// SPDX-License-Identifier: MIT
// Operands that are drawn at random, often where results need care.
#ifndef TEST_NATIVE_FPU_RANDOM_H_
#define TEST_NATIVE_FPU_RANDOM_H_

#include <cstdint>

#include "operation.h"
#include "reference.h"

namespace fpu_test {

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

}  // namespace fpu_test

#endif  // TEST_NATIVE_FPU_RANDOM_H_
