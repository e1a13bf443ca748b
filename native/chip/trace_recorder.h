// SPDX-License-Identifier: MIT
// Writes down what each instruction did to the registers of its core.
#ifndef CHIP_TRACE_RECORDER_H_
#define CHIP_TRACE_RECORDER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "chip/registers.h"
#include "chip/tracer.h"

namespace chip {

// A record is: core ID and, from bit 16 on, how many registers changed; PC; the instruction's bits; then for
// each of them its offset in the register page, and its new value.
class TraceRecorder final : public Tracer {
 public:
  TraceRecorder(uint32_t* words, size_t capacity) : words_(words), capacity_(capacity) {}

  void Before(Core& core) noexcept override;
  void After(Core& core) noexcept override;
  size_t used() const { return used_; }

  // Of R0–R63, and of these.
  static constexpr uint32_t kSpecial[] = {reg::kConfig, reg::kStatus, reg::kLoopCount,
                                          reg::kIret,   reg::kImask,  reg::kIlat,
                                          reg::kIpend,  reg::kTimer0, reg::kTimer1};
  static constexpr size_t kWatched = 64 + sizeof kSpecial / sizeof *kSpecial;
  static constexpr size_t kLongestRecord = 3 + 2 * kWatched;

 private:
  uint32_t* const words_;
  const size_t capacity_;
  size_t used_ = 0;
  uint32_t pc_ = 0;
  uint32_t bits_ = 0;
  std::array<uint32_t, kWatched> before_{};
};

}  // namespace chip

#endif  // CHIP_TRACE_RECORDER_H_
