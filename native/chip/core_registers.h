// SPDX-License-Identifier: MIT
// The register page of one eCore: which words there are, which of their bits a store changes, and what a
// reset leaves. What a store sets off is the core's business (core.cc).
// Sources: Epiphany Architecture Reference, appendix B; write masks from Adapteva's own register test.
#ifndef CHIP_CORE_REGISTERS_H_
#define CHIP_CORE_REGISTERS_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "chip/garbage.h"
#include "chip/model.h"
#include "chip/registers.h"

namespace chip {

class CoreRegisters {
 public:
  void Construct(const Model& model, unsigned id);

  // As a load from outside sees the register: zero if it is none, or can only be written.
  uint32_t Load(uint32_t offset) const;
  // A store without any of its consequences.
  void Store(uint32_t offset, uint32_t value);
  // Registers as RESETCORE leaves them: all zero but R0–R63, the DMA addresses and strides, and COREID.
  void Reset();
  // The others, but for COREID, as a reset of the whole chip leaves them: anything.
  void Scramble(const Garbage& garbage);

  bool Exists(uint32_t offset) const;
  // The word itself. Offset must be a register's.
  std::atomic<uint32_t>& at(uint32_t offset) { return words_[offset / 4]; }
  uint32_t Get(uint32_t offset) const { return words_[offset / 4].load(std::memory_order_relaxed); }
  void Set(uint32_t offset, uint32_t value) { words_[offset / 4].store(value, std::memory_order_relaxed); }
  // R0–R63.
  std::atomic<uint32_t>* general() { return words_.data(); }
  const std::atomic<uint32_t>* general() const { return words_.data(); }

  static constexpr uint32_t kWords = 0x800 / 4;  // there are none above 0xF0800
  // Raw storage, for a snapshot. Restoring clears what a register cannot hold.
  void RestoreRaw(uint32_t index, uint32_t value);

 private:
  // Atomic because some of them are reached by others while their core runs.
  std::array<std::atomic<uint32_t>, kWords> words_{};
  Generation generation_ = Generation::kEpiphany3;
  bool is_link_core_ = false;
};

}  // namespace chip

#endif  // CHIP_CORE_REGISTERS_H_
