// SPDX-License-Identifier: MIT
// Zeroed memory whose end cannot be written past unnoticed: pages without access lie behind it.
#ifndef DEVICE_GUARDED_MEMORY_H_
#define DEVICE_GUARDED_MEMORY_H_

#include <cstddef>

namespace device {

class GuardedMemory {
 public:
  explicit GuardedMemory(size_t bytes);
  ~GuardedMemory();
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  // `bytes` of memory, aligned for any structure; null if there was none to be had.
  unsigned char* data() const { return data_; }

 private:
  void* base_ = nullptr;
  size_t mapped_ = 0;
  unsigned char* data_ = nullptr;
};

}  // namespace device

#endif  // DEVICE_GUARDED_MEMORY_H_
