// SPDX-License-Identifier: MIT
#include "simulator/event_pipe.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

namespace simulator {
namespace {

// One event, in the form in which a driver hands it to a reader of its event descriptor.
struct Record {
  uint32_t type;
  uint32_t flags;
  uint64_t sequence;
  uint64_t nanoseconds;  // CLOCK_MONOTONIC
  uint64_t payload;
};
static_assert(sizeof(Record) == 32);

}  // namespace

EventPipe::~EventPipe() {
  for (const int descriptor : {read_end_, write_end_})
    if (descriptor >= 0) close(descriptor);
}

bool EventPipe::Open() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  read_end_ = ends[0];
  write_end_ = ends[1];
  return true;
}

void EventPipe::Emit(uint32_t type, uint64_t payload) {
  const std::lock_guard<std::mutex> lock(writing_);
  // One that nobody has read yet says it all; many would crowd out the mailbox.
  int unread = 0;
  if (type == kIdle && ioctl(write_end_, FIONREAD, &unread) == 0 &&
      idle_end_ + static_cast<unsigned>(unread) > written_bytes_)
    return;
  if (lost_ > 0 && WriteRecord(kOverflow, lost_)) lost_ = 0;
  if (lost_ > 0 || !WriteRecord(type, payload)) {
    ++lost_;
    ++sequence_;  // the gap tells the reader
  }
}

bool EventPipe::WriteRecord(uint32_t type, uint64_t payload) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const Record record = {type, 0, sequence_, static_cast<uint64_t>(now.tv_sec) * 1000000000u + now.tv_nsec,
                         payload};
  // A pipe takes so small a record whole or not at all.
  if (write(write_end_, &record, sizeof record) != sizeof record) return false;
  written_bytes_ += sizeof record;
  if (type == kIdle) idle_end_ = written_bytes_;
  ++sequence_;
  return true;
}

}  // namespace simulator
