// SPDX-License-Identifier: MIT
// The floating point unit by exact arithmetic: slow, and with nothing of how the model does it.
#ifndef TEST_NATIVE_FPU_REFERENCE_H_
#define TEST_NATIVE_FPU_REFERENCE_H_

#include <cstdint>

#include "operation.h"

namespace fpu_test {

// Of one operation.
struct Wanted {
  FpuResult by_mode[4];
};

// How often the random operands reached what needs care.
struct Reached {
  unsigned long ties, overflows, underflows, exact_underflows, rounded_to_normal, invalid, zeros;
};

extern Reached reached;

Wanted Reference(Op op, const Operands& operands);

// The exponent field of a number.
int Exponent(uint32_t bits);

}  // namespace fpu_test

#endif  // TEST_NATIVE_FPU_REFERENCE_H_
