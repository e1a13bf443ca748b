// SPDX-License-Identifier: MIT
// Threads that let the cores of a chip run, as a board does: all the time, and while its host does other
// things.
#ifndef CHIP_FREE_RUNNER_H_
#define CHIP_FREE_RUNNER_H_

#include <pthread.h>

#include <array>
#include <atomic>

#include "chip/chip.h"

namespace chip {

class FreeRunner {
 public:
  // Each thread has its share of the cores; there is at most one for each core. Nothing runs before Start.
  FreeRunner(Chip* chip, unsigned threads) noexcept;
  ~FreeRunner() { Stop(); }
  FreeRunner(const FreeRunner&) = delete;
  FreeRunner& operator=(const FreeRunner&) = delete;

  // Both are for one thread at a time. Starting twice, or stopping twice, is harmless.
  // False if the system has no threads left.
  bool Start() noexcept;
  // Returns when no core runs any more.
  void Stop() noexcept;
  bool is_running() const { return started_ != 0; }

 private:
  struct Thread {
    FreeRunner* runner;
    unsigned share;
    pthread_t handle;
  };
  static void* Main(void* thread);
  void Work(unsigned share) noexcept;

  Chip* const chip_;
  const unsigned shares_;
  std::array<Thread, kMaxCores> threads_{};
  unsigned started_ = 0;
  std::atomic<bool> stop_{false};
};

}  // namespace chip

#endif  // CHIP_FREE_RUNNER_H_
