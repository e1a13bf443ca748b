// SPDX-License-Identifier: MIT
// Wakes threads that have run out of work.
#ifndef CHIP_DOORBELL_H_
#define CHIP_DOORBELL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace chip {

// Take a ticket, look for work, and wait with the ticket if there was none: one who rang since then has left
// work behind that was not seen, and the wait returns at once.
class Doorbell {
 public:
  uint32_t ticket() const { return rings_.load(); }

  void Ring() {
    rings_.fetch_add(1);
    if (waiting_.load() == 0) return;
    const std::lock_guard<std::mutex> lock(mutex_);  // so that nobody is between its last look and its sleep
    rang_.notify_all();
  }

  void Wait(uint32_t ticket) {
    std::unique_lock<std::mutex> lock(mutex_);
    waiting_.fetch_add(1);
    rang_.wait(lock, [&] { return rings_.load() != ticket; });
    waiting_.fetch_sub(1);
  }

 private:
  std::atomic<uint32_t> rings_{0};
  std::atomic<uint32_t> waiting_{0};
  std::mutex mutex_;
  std::condition_variable rang_;
};

}  // namespace chip

#endif  // CHIP_DOORBELL_H_
