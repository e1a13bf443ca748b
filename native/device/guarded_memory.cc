// SPDX-License-Identifier: MIT
#include "device/guarded_memory.h"

#include <sys/mman.h>
#include <unistd.h>

namespace device {
namespace {

// Wider than any structure that a driver might write in one step.
constexpr size_t kGuardBytes = 1 << 20;
constexpr size_t kAlignment = 16;

}  // namespace

GuardedMemory::GuardedMemory(size_t bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t usable = (bytes + page - 1) / page * page;
  const size_t all = usable + kGuardBytes;
  if (usable < bytes || all < usable) return;  // wrapped
  void* base = mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return;
  base_ = base;
  mapped_ = all;
  if (mprotect(base, usable, PROT_READ | PROT_WRITE) != 0) return;
  data_ = static_cast<unsigned char*>(base) + (usable - bytes) / kAlignment * kAlignment;
}

GuardedMemory::~GuardedMemory() {
  if (base_) munmap(base_, mapped_);
}

}  // namespace device
