// SPDX-License-Identifier: MIT
// One of a core's two DMA channels.
// Source: Epiphany Architecture Reference, "Direct memory access"; stride rules from Adapteva's board tests.
#ifndef CHIP_DMA_H_
#define CHIP_DMA_H_

#include <cstdint>

namespace chip {

class Core;

class DmaChannel {
 public:
  // Its registers are at `base` of the core's page.
  void Construct(uint32_t base, uint32_t interrupt) { base_ = base, interrupt_ = interrupt; }

  // A store to DMAxCONFIG.
  void Start(Core& core, uint32_t config);
  // A store to DMAxAUTO0: in slave mode, a datum.
  void Feed(Core& core, uint32_t value);
  // The bit of the core's CONFIG that makes its channels pause.
  void Pause(Core& core, bool pause);
  // Whether it has work to do by itself.
  bool is_active(const Core& core) const;
  // At most one transfer.
  void Clock(Core& core);
  void Reset() { inner_stride_ = outer_stride_ = inner_count_ = 0; }

  static constexpr uint32_t kStateWords = 3;
  void Save(uint32_t* words) const;
  void Restore(const uint32_t* words);

 private:
  // DMAxSTATUS[3:0].
  enum State : uint32_t {
    kIdle = 0,
    kActive = 5,
    kSlave = 6,
    kWaiting = 0xa,  // for data that never comes
    kPaused = 0xb,
    kError = 0xd,
  };

  State state(const Core& core) const;
  void SetState(Core& core, State state);
  void Load(Core& core, uint32_t descriptor);
  void Begin(Core& core);
  bool Transfer(Core& core, uint64_t datum, uint32_t config);
  void Advance(Core& core, uint32_t config);

  uint32_t base_ = 0;
  uint32_t interrupt_ = 0;
  // Of the descriptor: what STRIDE and COUNT are set to at the ends of inner loops.
  uint32_t inner_stride_ = 0, outer_stride_ = 0, inner_count_ = 0;
  bool is_feeding_ = false;
};

}  // namespace chip

#endif  // CHIP_DMA_H_
