// SPDX-License-Identifier: MIT
// Whether a core sleeps in a barrier that the others have left: its WAND was answered, but the interrupt came
// before the IDLE that was to wait for it, and nothing ends that any more.
#ifndef CHIP_BARRIER_WATCH_H_
#define CHIP_BARRIER_WATCH_H_

#include <cstdint>

namespace chip {

class Core;

// Of one core; by the holder of its claim.
class BarrierWatch {
 public:
  // What the core does. `ipend` tells which handler it is in.
  void Wand(uint32_t ipend);
  // It takes an interrupt at `pc`; that may be the one by which its WAND is answered.
  void Interrupt(bool is_answer, uint32_t ipend, uint32_t pc);
  void Idle(Core& core, uint32_t ipend, uint32_t pc);
  void Wake();
  void Forget() { state_ = State::kNone; }

  // It has executed WAND, and no IDLE since.
  bool is_ahead_of_idle() const { return state_ == State::kAhead || state_ == State::kAnswered; }
  bool has_missed() const { return state_ == State::kMissed; }

  static constexpr uint32_t kStateWords = 3;
  void Save(uint32_t* words) const;
  void Restore(const uint32_t* words);

 private:
  enum class State : uint8_t {
    kNone,
    kAhead,     // of the IDLE behind a WAND
    kAnswered,  // the same, and the interrupt was taken
    kMissed,    // it sleeps in that IDLE
  };

  State state_ = State::kNone;
  uint32_t ipend_ = 0;       // at the WAND
  uint32_t returns_to_ = 0;  // from handlers that began since, if they return to where they began
};

}  // namespace chip

#endif  // CHIP_BARRIER_WATCH_H_
