// SPDX-License-Identifier: MIT
// A board of this process: a chip with its memory, and what stands where a board's kernel driver stands.
#ifndef SIMULATOR_BOARD_H_
#define SIMULATOR_BOARD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "chip/chip.h"
#include "chip/free_runner.h"
#include "simulator/event_pipe.h"
#include "simulator/stepped_run.h"

namespace simulator {

// Owns the chip's memory, takes the eLink's interrupt, drains the mailbox, and passes events on.
class Board final : private chip::EventSink {
 public:
  // Null, with errno set, if the system refuses memory or descriptors.
  static std::unique_ptr<Board> Create(const chip::Model& model, uint32_t quantum);
  ~Board();

  chip::Chip& chip() { return *chip_; }
  EventPipe& events() { return events_; }
  int memory_descriptor() const { return memory_descriptor_; }
  // What it takes of the machine's memory at the moment.
  int64_t ResidentBytes() const;
  // False if the mailbox is full and nothing empties it, or if the eLink does not answer.
  bool PushMailbox(uint32_t word);
  // Taken out of the mailbox so far; what a core has sent before is among them.
  uint64_t CountMailboxWords();

  // The cores run by themselves, on a thread of their own. False if there is none to be had.
  bool Start() { return runner_->Start(); }
  void Stop() { runner_->Stop(); }
  // In steps; see SteppedRun. Not while the cores run by themselves.
  bool Run(const chip::RunRequest& request, uint32_t* trace, size_t trace_words, SteppedRun::Done done,
           void* data);
  void StopRun() { stepped_->Stop(); }
  bool is_running() const { return runner_->is_running(); }
  bool is_stepped() const { return stepped_->is_under_way(); }

 private:
  Board() = default;
  bool Allocate(const chip::Model& model, uint32_t quantum);
  void OnEvent(const chip::Event& event) noexcept override;
  void DrainMailbox();

  int memory_descriptor_ = -1;
  unsigned char* memory_ = nullptr;
  size_t memory_bytes_ = 0;
  EventPipe events_;
  std::unique_ptr<chip::Chip> chip_;
  std::unique_ptr<chip::FreeRunner> runner_;
  std::unique_ptr<SteppedRun> stepped_;
  std::mutex draining_;  // guards the next, and that messages are emitted in their order
  uint64_t mailbox_words_ = 0;
};

}  // namespace simulator

#endif  // SIMULATOR_BOARD_H_
