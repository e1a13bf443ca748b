// SPDX-License-Identifier: MIT
// Signals on their way to a core, by wires of their own and not as stores.
#ifndef CHIP_DELAY_LINE_H_
#define CHIP_DELAY_LINE_H_

#include <atomic>
#include <cstdint>

#include "chip/registers.h"

namespace chip {

namespace signal {
// Bits 0 to 9: interrupts that the core latches in itself by ILATST.
inline constexpr uint32_t kWand = 1u << 10;  // all cores of the region have executed WAND
inline constexpr uint32_t kSync = 1u << 11;
inline constexpr uint32_t kHalt = 1u << 12;  // MBKPT of another core
inline constexpr uint32_t kAll = (1u << 13) - 1;
}  // namespace signal

// Each signal arrives kClocks of its receiver's clocks after the receiver has had a chance to see it leave,
// so that it does not depend on the order in which cores take their turns.
class DelayLine {
 public:
  // A few instructions. No source tells how many on silicon, but a core that executed IDLE right behind WAND
  // was always asleep before the interrupt came: Adapteva's own test of the barrier relies on it.
  static constexpr unsigned kClocks = 4;

  // By anyone, at any time.
  void Enter(uint32_t signals) { entered_.fetch_or(signals, std::memory_order_release); }

  // --- by the holder of the core's claim.
  // The way of those that have entered begins now.
  void Accept() {
    if (entered_.load(std::memory_order_relaxed) == 0) return;
    moving_ |= uint64_t{entered_.exchange(0, std::memory_order_acquire)} << kBits * (kClocks - 1);
  }
  bool is_empty() const { return moving_ == 0 && entered_.load(std::memory_order_acquire) == 0; }
  // Clocks until the next one arrives. Not if none of them moves.
  unsigned until() const { return static_cast<unsigned>(__builtin_ctzll(moving_)) / kBits + 1; }
  bool is_moving() const { return moving_ != 0; }
  // What has arrived at the end of so many clocks, which are not more than `until`.
  uint32_t Advance(uint64_t clocks) {
    if (moving_ == 0 || clocks == 0) return 0;
    const unsigned shift = kBits * static_cast<unsigned>(clocks - 1);
    const auto arrived = static_cast<uint32_t>(moving_ >> shift & signal::kAll);
    moving_ = shift + kBits < 64 ? moving_ >> (shift + kBits) : 0;
    return arrived;
  }
  void Forget(uint32_t signals) {
    entered_.fetch_and(~signals);
    moving_ &= ~(signals * kEverywhere);
  }

  // Those that have entered count as if they had been accepted: no clock of the receiver has passed since.
  static constexpr uint32_t kStateWords = 2;
  void Save(uint32_t* words) const {
    const uint64_t all = moving_ | uint64_t{entered_.load()} << kBits * (kClocks - 1);
    words[0] = static_cast<uint32_t>(all);
    words[1] = static_cast<uint32_t>(all >> 32);
  }
  void Restore(const uint32_t* words) {
    entered_.store(0);
    moving_ = (words[0] | uint64_t{words[1]} << 32) & signal::kAll * kEverywhere;
  }

 private:
  static constexpr unsigned kBits = 16;  // of a step of the way
  static constexpr uint64_t kEverywhere = 0x0001000100010001u;
  static_assert(kBits * kClocks <= 64 && signal::kAll < 1u << kBits);

  std::atomic<uint32_t> entered_{0};
  uint64_t moving_ = 0;  // the lowest step arrives with the next clock
};

}  // namespace chip

#endif  // CHIP_DELAY_LINE_H_
