// SPDX-License-Identifier: MIT
#include "chip/barrier_watch.h"

#include "chip/core.h"

namespace chip {
namespace {

// As far as the parts of a barrier are from each other.
constexpr unsigned kMostInstructions = 64;

// Whether a core gets from one instruction to another whatever it finds: no look at a flag, call or return is
// between them.
bool LeadsTo(Core& core, uint32_t from, uint32_t to) {
  for (unsigned count = 0; count < kMostInstructions; ++count) {
    if (from == to) return true;
    const Instruction instruction = Decode(core.Peek(from));
    switch (instruction.operation) {
      case Operation::kB:
        if (instruction.condition != Condition::kAlways) return false;
        from += static_cast<uint32_t>(instruction.immediate);
        break;
      case Operation::kBl:
      case Operation::kJr:
      case Operation::kJalr:
      case Operation::kRti:
      case Operation::kIdle:
      case Operation::kWand:
      case Operation::kUndefined:
        return false;
      default:
        from += instruction.length;
    }
  }
  return false;
}

}  // namespace

void BarrierWatch::Wand(uint32_t ipend) {
  state_ = State::kAhead;
  ipend_ = ipend;
}

void BarrierWatch::Interrupt(bool is_answer, uint32_t ipend, uint32_t pc) {
  if (state_ != State::kAhead) return Wake();
  if (ipend == ipend_) returns_to_ = pc;
  if (is_answer) state_ = State::kAnswered;
}

// A program that goes from IDLE to IDLE for ever does not wait for a barrier, but lives in its handlers. And
// a core that has slept once since the WAND is past its barrier: what it sleeps for later is something else.
void BarrierWatch::Idle(Core& core, uint32_t ipend, uint32_t pc) {
  if (!is_ahead_of_idle() || ipend != ipend_) return;
  const uint32_t behind = pc + Decode(core.Peek(pc)).length;
  const bool is_missed =
      state_ == State::kAnswered && LeadsTo(core, returns_to_, pc) && !LeadsTo(core, behind, pc);
  state_ = is_missed ? State::kMissed : State::kNone;
}

void BarrierWatch::Wake() {
  if (state_ == State::kMissed) state_ = State::kNone;
}

void BarrierWatch::Save(uint32_t* words) const {
  words[0] = static_cast<uint32_t>(state_);
  words[1] = ipend_;
  words[2] = returns_to_;
}

void BarrierWatch::Restore(const uint32_t* words) {
  state_ = static_cast<State>(words[0] & 3);
  ipend_ = words[1];
  returns_to_ = words[2];
}

}  // namespace chip
