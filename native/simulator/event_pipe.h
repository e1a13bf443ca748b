// SPDX-License-Identifier: MIT
// Events of a simulated board as records in a pipe: what a driver gives a reader of its event descriptor.
#ifndef SIMULATOR_EVENT_PIPE_H_
#define SIMULATOR_EVENT_PIPE_H_

#include <cstdint>
#include <mutex>
#include <utility>

namespace simulator {

// The types of records; lib/transport/events.ts has the same table.
enum RecordType : uint32_t { kMailbox = 1, kReset = 2, kOverflow = 6, kHalt = 0x10000, kIdle = 0x10001 };

class EventPipe {
 public:
  EventPipe() = default;
  ~EventPipe();
  EventPipe(const EventPipe&) = delete;
  EventPipe& operator=(const EventPipe&) = delete;

  // False, with errno set, if the system has no descriptors left.
  bool Open();
  // The end to read from, given away once; -1 afterwards.
  int TakeReadEnd() { return std::exchange(read_end_, -1); }
  // From any thread. What does not fit is counted, and told of by the next record that does.
  void Emit(uint32_t type, uint64_t payload);

 private:
  bool WriteRecord(uint32_t type, uint64_t payload);

  int read_end_ = -1;
  int write_end_ = -1;
  std::mutex writing_;  // guards the rest, and the order of records
  uint64_t sequence_ = 0;
  uint64_t lost_ = 0;
  uint64_t written_bytes_ = 0;
  uint64_t idle_end_ = 0;  // where in all that was written the last kIdle ended
};

}  // namespace simulator

#endif  // SIMULATOR_EVENT_PIPE_H_
