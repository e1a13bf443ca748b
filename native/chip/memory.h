// SPDX-License-Identifier: MIT
// Memory that others use at the same time, without locks: every access is one atomic of its width.
#ifndef CHIP_MEMORY_H_
#define CHIP_MEMORY_H_

#include <cstdint>

namespace chip {

// A load acquires and a store releases, so that another core that sees a store also sees those before it: the
// mesh keeps the order of two stores to the same core, and programs rely on it (Architecture Reference,
// memory consistency). On x86 this costs nothing.
template <typename Unit>
inline Unit LoadUnit(const unsigned char* at) {
  return __atomic_load_n(reinterpret_cast<const Unit*>(at), __ATOMIC_ACQUIRE);
}

template <typename Unit>
inline void StoreUnit(unsigned char* at, Unit value) {
  __atomic_store_n(reinterpret_cast<Unit*>(at), value, __ATOMIC_RELEASE);
}

// `size` is the logarithm of the width in bytes: 0 to 3. Addresses are multiples of the width.
inline uint64_t LoadMemory(const unsigned char* at, unsigned size) {
  switch (size) {
    case 0:
      return LoadUnit<uint8_t>(at);
    case 1:
      return LoadUnit<uint16_t>(at);
    case 2:
      return LoadUnit<uint32_t>(at);
    default:
      return LoadUnit<uint64_t>(at);
  }
}

inline void StoreMemory(unsigned char* at, uint64_t value, unsigned size) {
  switch (size) {
    case 0:
      return StoreUnit(at, static_cast<uint8_t>(value));
    case 1:
      return StoreUnit(at, static_cast<uint16_t>(value));
    case 2:
      return StoreUnit(at, static_cast<uint32_t>(value));
    default:
      return StoreUnit(at, value);
  }
}

}  // namespace chip

#endif  // CHIP_MEMORY_H_
