// SPDX-License-Identifier: MIT
// The answers of the host's bus.
#ifndef CHIP_BUS_H_
#define CHIP_BUS_H_

#include <cstdint>

namespace chip {

enum class Bus : uint8_t {
  kOk,
  // Nothing answered in time: the eLink's AXI slave gives 0xDEADBEEF and a slave error, which an ARM sees as
  // an external abort (SIGBUS in user space).
  kNoAnswer,
  // Not naturally aligned, or of a width that the place does not take.
  kBadAccess,
};

struct Loaded {
  uint32_t value;
  Bus bus;
};

inline constexpr Loaded kNoAnswer = {0xdeadbeef, Bus::kNoAnswer};
inline constexpr Loaded kBadAccess = {0xdeadbeef, Bus::kBadAccess};

// Bits of `value` in `mask`, the others kept from `old`.
constexpr uint32_t Merge(uint32_t old, uint32_t value, uint32_t mask) {
  return (old & ~mask) | (value & mask);
}

}  // namespace chip

#endif  // CHIP_BUS_H_
