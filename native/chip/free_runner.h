// SPDX-License-Identifier: MIT
// Threads that let the cores of a chip run, as a board does: all the time, and while its host does other
// things.
#ifndef CHIP_FREE_RUNNER_H_
#define CHIP_FREE_RUNNER_H_

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "chip/chip.h"

namespace chip {

class FreeRunner {
 public:
  // Of a core while others work, too.
  static constexpr uint32_t kQuantum = 100;

  // Each thread has its share of the cores; there is at most one for each core. Nothing runs before Start.
  // Cores that work go in step, whichever threads they are on: none gets further ahead of another one than
  // two quanta. Programs that exchange data without barriers, because the cores of a chip have one clock,
  // rely on as much. A core that works while all others sleep has longer turns, which end when it wakes one.
  FreeRunner(Chip* chip, unsigned threads, uint32_t quantum = kQuantum) noexcept;
  ~FreeRunner() { Stop(); }
  FreeRunner(const FreeRunner&) = delete;
  FreeRunner& operator=(const FreeRunner&) = delete;

  // Both are for one thread at a time. Starting twice, or stopping twice, is harmless.
  // False if the system has no threads left.
  bool Start() noexcept;
  // Returns when no core runs any more. Rounds that have begun are ended first.
  void Stop() noexcept;
  bool is_running() const { return started_ != 0; }

 private:
  struct Thread {
    FreeRunner* runner;
    unsigned share;
    pthread_t handle;
    // Rounds that it has let its cores run, or kAway while none of them has anything to do. Then others may
    // change it, and nobody but the thread itself otherwise.
    alignas(64) std::atomic<uint64_t> rounds{kAway};
  };
  static constexpr uint64_t kAway = ~uint64_t{0};

  static void* Main(void* thread);
  void Work(unsigned share) noexcept;
  uint64_t Slowest(unsigned but) const noexcept;
  void CallBack(unsigned by) noexcept;
  bool WaitForOthers(unsigned share) noexcept;
  Chip::Turn GiveTurn(unsigned core, bool is_alone) noexcept;

  Chip* const chip_;
  const unsigned shares_;
  const uint32_t quantum_;
  std::array<Thread, kMaxCores> threads_{};
  unsigned started_ = 0;
  std::atomic<bool> stop_{false};
};

}  // namespace chip

#endif  // CHIP_FREE_RUNNER_H_
