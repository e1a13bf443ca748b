// SPDX-License-Identifier: MIT
#include "chip/free_runner.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace chip {
namespace {

// Short, because a core may wait for what another one of the same thread is to do.
constexpr uint64_t kQuantum = 1000;
// How long to leave the host alone that has to empty the mailbox, or that holds a core.
constexpr std::chrono::microseconds kPatience(20);

}  // namespace

FreeRunner::FreeRunner(Chip* chip, unsigned threads) noexcept
    : chip_(chip), shares_(std::clamp(threads, 1u, chip->model().cores())) {}

bool FreeRunner::Start() noexcept {
  if (is_running()) return true;
  stop_.store(false);
  // Signals are for the threads of the program that embeds the chip.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (started_ < shares_) {
    Thread& thread = threads_[started_];
    thread = {this, started_, {}};
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

void FreeRunner::Work(unsigned share) noexcept {
  while (!stop_.load(std::memory_order_relaxed)) {
    const uint32_t ticket = chip_->doorbell().ticket();
    bool has_run = false;
    bool is_blocked = false;
    bool rests = false;
    for (unsigned core = share; core < chip_->model().cores(); core += shares_) {
      const Chip::Turn turn = chip_->RunCore(core, kQuantum);
      has_run |= turn.clocks > 0;
      is_blocked |= turn.is_blocked || turn.is_contended;
      rests |= turn.rests;
    }
    if (rests) chip_->ReportRest();
    if (has_run) continue;
    if (is_blocked) {
      std::this_thread::sleep_for(kPatience);
    } else if (!stop_.load()) {
      chip_->doorbell().Wait(ticket);
    }
  }
}

}  // namespace chip
