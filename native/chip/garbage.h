// SPDX-License-Identifier: MIT
#ifndef CHIP_GARBAGE_H_
#define CHIP_GARBAGE_H_

#include <cstdint>

namespace chip {

// What a core holds where nobody has stored since the chip was reset: hardly ever what a program means, and
// the same again after as many resets. `offset` is the word's in the core's megabyte.
class Garbage {
 public:
  constexpr Garbage(uint32_t resets, uint32_t core_id) : seed_(Mix(Mix(resets) ^ core_id)) {}
  constexpr uint32_t At(uint32_t offset) const { return Mix(seed_ ^ offset); }

 private:
  // Source: MurmurHash3's finalizer, by Austin Appleby, public domain.
  static constexpr uint32_t Mix(uint32_t value) {
    value += 0x9e3779b9;
    value = (value ^ value >> 16) * 0x85ebca6b;
    value = (value ^ value >> 13) * 0xc2b2ae35;
    return value ^ value >> 16;
  }
  uint32_t seed_;
};

}  // namespace chip

#endif  // CHIP_GARBAGE_H_
