// SPDX-License-Identifier: MIT
// The floating point unit: single precision, rounded to nearest even or truncated, without denormal numbers.
// Sources: Epiphany Architecture Reference, chapter on the eCore and appendix A. Where it is silent: what the
// GNU simulator was seen to do.
#ifndef CHIP_FPU_H_
#define CHIP_FPU_H_

#include <cstdint>

#include "chip/profile.h"

namespace chip {

struct FpuMode {
  bool truncate = false;  // RMODE of CONFIG
  Profile profile = Profile::kManual;
};

struct FpuResult {
  uint32_t value;
  // BZ, BN and BV as they become; BIS, BVS and BUS as they are to be added to those that are set.
  uint32_t flags;
};

// Operands are the bits of registers. Nothing here uses the host's floating point, whose rounding and flags
// depend on the compiler, the processor and the process.
FpuResult Fadd(uint32_t rn, uint32_t rm, FpuMode mode);
FpuResult Fsub(uint32_t rn, uint32_t rm, FpuMode mode);
FpuResult Fmul(uint32_t rn, uint32_t rm, FpuMode mode);
// RD + RN * RM and RD - RN * RM, rounded once.
FpuResult Fmadd(uint32_t rd, uint32_t rn, uint32_t rm, FpuMode mode);
FpuResult Fmsub(uint32_t rd, uint32_t rn, uint32_t rm, FpuMode mode);
// Of a signed integer, and to one.
FpuResult Float(uint32_t rn, FpuMode mode);
FpuResult Fix(uint32_t rn, FpuMode mode);
FpuResult Fabs(uint32_t rn, FpuMode mode);

}  // namespace chip

#endif  // CHIP_FPU_H_
