// SPDX-License-Identifier: MIT
// The register page of one eCore, as the mesh sees it: storage, masks and side effects of a store.
// Sources: Epiphany Architecture Reference, appendix B; write masks from Adapteva's own register test.
#ifndef CHIP_CORE_REGISTERS_H_
#define CHIP_CORE_REGISTERS_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "chip/model.h"

namespace chip {

// Offsets within the register page, of those that the model itself refers to.
namespace reg {
inline constexpr uint32_t kStatus = 0x404;
inline constexpr uint32_t kDebugStatus = 0x40c;
inline constexpr uint32_t kIlat = 0x428;
inline constexpr uint32_t kIlatSet = 0x42c;
inline constexpr uint32_t kIlatClear = 0x430;
inline constexpr uint32_t kFstatus = 0x440;
inline constexpr uint32_t kDebugCommand = 0x448;
inline constexpr uint32_t kDma0Status = 0x51c;
inline constexpr uint32_t kDma1Status = 0x53c;
inline constexpr uint32_t kCoreId = 0x704;
inline constexpr uint32_t kResetCore = 0x70c;
}  // namespace reg

inline constexpr uint32_t kInterruptMask = 0x3ff;  // ten interrupts
inline constexpr uint32_t kStatusActive = 1u << 0;
inline constexpr uint32_t kStatusGid = 1u << 1;
inline constexpr uint32_t kDebugHalted = 1u << 0;
inline constexpr uint32_t kDebugLoadPending = 1u << 1;

// What a store did to the core as a whole.
enum class StoreEffect : uint8_t { kNone, kHalted, kResumed, kReset };

class CoreRegisters {
 public:
  void Construct(const Model& model, unsigned id);

  uint32_t Load(uint32_t offset) const;
  StoreEffect Store(uint32_t offset, uint32_t value);
  // Registers as RESETCORE leaves them: all zero but R0–R63, the DMA addresses and strides, and COREID.
  void Reset();

  // An external load that never returns: the core can be neither halted nor resumed, and only a chip reset
  // helps.
  void SetLoadPending(bool pending);
  void Interrupt(uint32_t latched) { words_[reg::kIlat / 4].fetch_or(latched & kInterruptMask); }

  static constexpr uint32_t kWords = 0x800 / 4;  // there are none above 0xF0800
  // Raw storage, for a snapshot. Restoring clears what a register cannot hold.
  uint32_t Raw(uint32_t index) const { return words_[index].load(std::memory_order_relaxed); }
  void RestoreRaw(uint32_t index, uint32_t value);

 private:
  // Atomic because the host, other cores and the core itself reach them at the same time.
  std::array<std::atomic<uint32_t>, kWords> words_{};
  Generation generation_ = Generation::kEpiphany3;
  bool is_link_core_ = false;
};

}  // namespace chip

#endif  // CHIP_CORE_REGISTERS_H_
