// SPDX-License-Identifier: MIT
#include "chip/free_runner.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace chip {
namespace {

// Of a core that works while all others sleep.
constexpr uint32_t kQuantumAlone = 1000;
// So that cores can be stopped at once, however long their quantum is.
constexpr uint64_t kLongestPiece = 0x10000;
// Of the first thread that works: there is one before it.
constexpr uint64_t kFirstRound = 1;
// How long to leave the host alone that has to empty the mailbox.
constexpr std::chrono::microseconds kPatience(20);

}  // namespace

FreeRunner::FreeRunner(Chip* chip, unsigned threads, uint32_t quantum) noexcept
    : chip_(chip), shares_(std::clamp(threads, 1u, chip->model().cores())), quantum_(std::max(quantum, 1u)) {}

bool FreeRunner::Start() noexcept {
  if (is_running()) return true;
  stop_.store(false);
  // Signals are for the threads of the program that embeds the chip.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // They go on together: a core that was behind still is.
  for (unsigned i = 0; i < shares_; ++i) {
    std::atomic<uint64_t>& rounds = threads_[i].rounds;
    if (const uint64_t others = Slowest(i); rounds.load() == kAway)
      rounds.store(others == kAway ? kFirstRound : others);
  }
  while (started_ < shares_) {
    Thread& thread = threads_[started_];
    thread.runner = this;
    thread.share = started_;
    if (pthread_create(&thread.handle, nullptr, Main, &thread) != 0) break;
    ++started_;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (started_ == shares_) return true;
  Stop();
  return false;
}

void FreeRunner::Stop() noexcept {
  stop_.store(true);
  chip_->doorbell().Ring();
  for (; started_ > 0; --started_) pthread_join(threads_[started_ - 1].handle, nullptr);
}

void* FreeRunner::Main(void* thread) {
  const auto* const self = static_cast<Thread*>(thread);
  self->runner->Work(self->share);
  return nullptr;
}

// The fewest rounds of any other thread that works; kAway if none does.
uint64_t FreeRunner::Slowest(unsigned but) const noexcept {
  uint64_t rounds = kAway;
  for (unsigned i = 0; i < shares_; ++i)
    if (i != but) rounds = std::min(rounds, threads_[i].rounds.load(std::memory_order_acquire));
  return rounds;
}

// Threads that are away although one of their cores has been woken take part again from now on, and are
// waited for until they are back, however long that takes. They begin a round behind, as the woken core is.
void FreeRunner::CallBack(unsigned by) noexcept {
  const uint64_t rounds = std::max(threads_[by].rounds.load(std::memory_order_relaxed), kFirstRound) - 1;
  for (unsigned share = 0; share < shares_; ++share) {
    std::atomic<uint64_t>& theirs = threads_[share].rounds;
    if (theirs.load(std::memory_order_acquire) != kAway) continue;
    bool is_called = false;
    for (unsigned core = share; core < chip_->model().cores(); core += shares_)
      is_called |= chip_->is_called(core);
    // Not all that touches a core rings.
    uint64_t away = kAway;
    if (is_called && theirs.compare_exchange_strong(away, rounds)) chip_->doorbell().Ring();
  }
}

// Until nobody who works is more than a round behind. False if all are to stop.
bool FreeRunner::WaitForOthers(unsigned share) noexcept {
  const uint64_t rounds = threads_[share].rounds.load(std::memory_order_relaxed);
  while (rounds > 0 && Slowest(share) < rounds - 1) {
    if (stop_.load(std::memory_order_relaxed)) return false;
    std::this_thread::yield();
  }
  return !stop_.load(std::memory_order_relaxed);
}

// Lets a core use up its quantum, even if it is interrupted; less only if it cannot go on.
Chip::Turn FreeRunner::GiveTurn(unsigned core, bool is_alone) noexcept {
  const uint64_t clocks = is_alone ? std::max(quantum_, kQuantumAlone) : quantum_;
  Chip::Turn whole = {};
  while (whole.clocks < clocks) {
    if (whole.clocks >= kLongestPiece && stop_.load(std::memory_order_relaxed)) break;
    const Chip::Turn turn = chip_->RunCore(core, std::min(clocks - whole.clocks, kLongestPiece));
    whole.clocks += turn.clocks;
    whole.instructions += turn.instructions;
    whole.rests |= turn.rests;
    whole.is_blocked = turn.is_blocked;
    if (turn.is_contended) {
      if (stop_.load(std::memory_order_relaxed)) break;
      std::this_thread::yield();  // to the host, which wants to reach its registers
    } else if (turn.clocks == 0 || turn.is_blocked || (is_alone && turn.has_woken)) {
      break;
    }
  }
  return whole;
}

void FreeRunner::Work(unsigned share) noexcept {
  std::atomic<uint64_t>& rounds = threads_[share].rounds;
  constexpr unsigned kSeveral = 2;
  unsigned working = kSeveral;  // cores in the round before, as far as is known
  while (!stop_.load(std::memory_order_relaxed)) {
    const uint32_t ticket = chip_->doorbell().ticket();
    // Who comes back begins where the others are, or where somebody who has woken one of its cores was.
    if (uint64_t away = kAway; rounds.load(std::memory_order_relaxed) == kAway) {
      const uint64_t others = Slowest(share);
      rounds.compare_exchange_strong(away, others == kAway ? kFirstRound : others);
    }
    CallBack(share);
    const uint64_t slowest = Slowest(share);
    if (!WaitForOthers(share)) break;
    const bool is_alone = working <= 1 && slowest == kAway;
    bool is_blocked = false;
    bool rests = false;
    working = 0;
    for (unsigned core = share; core < chip_->model().cores(); core += shares_) {
      const Chip::Turn turn = GiveTurn(core, is_alone);
      working += turn.clocks > 0;
      is_blocked |= turn.is_blocked;
      rests |= turn.rests;
    }
    if (rests) chip_->ReportRest();
    rounds.fetch_add(1);
    if (working > 0) continue;
    working = kSeveral;
    rounds.store(kAway);  // nobody waits for cores that wait for the host, or for nothing
    if (is_blocked) {
      std::this_thread::sleep_for(kPatience);
    } else if (!stop_.load()) {
      chip_->doorbell().Wait(ticket);
    }
  }
}

}  // namespace chip
