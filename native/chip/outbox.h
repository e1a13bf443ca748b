// SPDX-License-Identifier: MIT
// Events on their way to the embedder. They are made in the midst of things, and told when nothing is held.
#ifndef CHIP_OUTBOX_H_
#define CHIP_OUTBOX_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace chip {

struct Event {
  enum class Kind : uint8_t {
    kInterruptLine,  // value: the level of the eLink's interrupt, new or up with one more message
    kCoreHalted,     // value: why (Halt), and the number of a trap from bit 8 on
    kCoreResumed,
    kCoreReset,
    kChipReset,
    kCoresRest,  // some cores have nothing to do any more
  };
  Kind kind;
  uint16_t core;  // core ID, 0 if the event is the chip's
  uint32_t value;
};

// Called on the thread that caused the event, with no lock of the model held: it may call back.
class EventSink {
 public:
  virtual void OnEvent(const Event& event) noexcept = 0;

 protected:
  ~EventSink() = default;
};

class Outbox {
 public:
  void Post(const Event& event) {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Whatever posts delivers soon after, so only a breakpoint of all cores comes near the limit.
    if (count_.load(std::memory_order_relaxed) == kCapacity) return;
    const unsigned count = count_.load(std::memory_order_relaxed);
    events_[(first_ + count) % kCapacity] = event;
    count_.store(count + 1, std::memory_order_release);
  }

  // Delivers what is there now. What comes meanwhile is left to the one who posts it, or a flood would have
  // no end.
  void Deliver(EventSink* sink) {
    for (unsigned left = count_.load(std::memory_order_acquire); left > 0; --left) {
      Event event;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        const unsigned count = count_.load(std::memory_order_relaxed);
        if (count == 0) return;
        event = events_[first_];
        first_ = (first_ + 1) % kCapacity;
        count_.store(count - 1, std::memory_order_relaxed);
      }
      if (sink) sink->OnEvent(event);
    }
  }

 private:
  static constexpr unsigned kCapacity = 256;
  std::mutex mutex_;
  std::array<Event, kCapacity> events_{};
  unsigned first_ = 0;
  std::atomic<unsigned> count_{0};
};

}  // namespace chip

#endif  // CHIP_OUTBOX_H_
