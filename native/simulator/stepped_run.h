// SPDX-License-Identifier: MIT
// A run of a chip in steps, on a thread of its own.
#ifndef SIMULATOR_STEPPED_RUN_H_
#define SIMULATOR_STEPPED_RUN_H_

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "chip/chip.h"

namespace simulator {

class SteppedRun {
 public:
  // Called on the thread of the run when it is over; owns what it likes.
  using Done = void (*)(void* data, const chip::RunResult& result, size_t traced);

  explicit SteppedRun(chip::Chip* chip) noexcept : chip_(chip) {}
  ~SteppedRun();
  SteppedRun(const SteppedRun&) = delete;
  SteppedRun& operator=(const SteppedRun&) = delete;

  // One at a time. False, with errno set, if one is under way or there is no thread to be had.
  bool Start(const chip::RunRequest& request, uint32_t* trace, size_t trace_words, Done done, void* data);
  bool is_under_way() const { return is_under_way_.load(); }
  // It ends soon.
  void Stop() { stop_.store(true); }

 private:
  static void* Main(void* run);
  void Join();

  chip::Chip* const chip_;
  struct Job {
    chip::RunRequest request;
    uint32_t* trace;
    size_t trace_words;
    Done done;
    void* data;
  };
  Job job_ = {};
  pthread_t thread_ = {};
  bool has_thread_ = false;
  std::atomic<bool> is_under_way_{false};
  std::atomic<bool> stop_{false};
};

}  // namespace simulator

#endif  // SIMULATOR_STEPPED_RUN_H_
