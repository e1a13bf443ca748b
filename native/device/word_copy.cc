// SPDX-License-Identifier: MIT
#include "device/word_copy.h"

#include <cstring>
#include <type_traits>

namespace device {
namespace {

// Calls touch(pointer, offset) for each aligned unit that makes up the range: the pointer's type is the
// unit. volatile keeps the compiler from merging units or from calling memcpy in place of the loop.
template <typename Touch>
inline void ForEachUnit(volatile void* device, size_t bytes, Touch touch) {
  auto* const base = static_cast<volatile unsigned char*>(device);
  const auto address = reinterpret_cast<uintptr_t>(device);
  size_t done = 0;
  const auto one = [&](auto unit) {
    touch(reinterpret_cast<volatile decltype(unit)*>(base + done), done);
    done += sizeof unit;
  };
  if (bytes >= 1 && (address & 1)) one(uint8_t{});
  if (bytes - done >= 2 && ((address + done) & 2)) one(uint16_t{});
  while (bytes - done >= 4) one(uint32_t{});
  if (bytes - done >= 2) one(uint16_t{});
  if (bytes - done >= 1) one(uint8_t{});
}

template <typename Unit>
using Plain = std::remove_volatile_t<Unit>;

}  // namespace

void CopyToDevice(volatile void* to, const void* from, size_t bytes) {
  const auto* host = static_cast<const unsigned char*>(from);
  ForEachUnit(to, bytes, [host](auto* unit, size_t offset) {
    Plain<std::remove_pointer_t<decltype(unit)>> value;
    std::memcpy(&value, host + offset, sizeof value);  // host memory may be unaligned
    *unit = value;
  });
}

void CopyFromDevice(void* to, const volatile void* from, size_t bytes) {
  auto* host = static_cast<unsigned char*>(to);
  ForEachUnit(const_cast<volatile void*>(from), bytes, [host](auto* unit, size_t offset) {
    const auto value = *unit;
    std::memcpy(host + offset, &value, sizeof value);
  });
}

void FillDevice(volatile void* to, uint8_t byte, size_t bytes) {
  const uint32_t pattern = byte * 0x01010101u;
  ForEachUnit(to, bytes, [pattern](auto* unit, size_t) {
    *unit = static_cast<Plain<std::remove_pointer_t<decltype(unit)>>>(pattern);
  });
}

void FillWords(volatile uint32_t* to, uint32_t word, size_t words) {
  for (size_t i = 0; i < words; ++i) to[i] = word;
}

void MoveWords(volatile uint32_t* to, const volatile uint32_t* from, size_t words) {
  if (reinterpret_cast<uintptr_t>(to) <= reinterpret_cast<uintptr_t>(from)) {
    for (size_t i = 0; i < words; ++i) to[i] = from[i];
  } else {
    for (size_t i = words; i-- > 0;) to[i] = from[i];
  }
}

}  // namespace device
