// SPDX-License-Identifier: MIT
//
// How a program tells plugin.c what to watch: by a system call that fails harmlessly (EINVAL, outside QEMU
// too) and that QEMU shows to its plugins with all its arguments.
#ifndef EPIPHANY_TEST_ANNOUNCE_H
#define EPIPHANY_TEST_ANNOUNCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  EW_WATCH = 1,   // address, length: record accesses to these bytes from now on
  EW_FORGET = 2,  // watch nothing any more: the memory is about to be unmapped and may come back as anything
  EW_BEGIN = 3,   // phase number as the address: what follows belongs to this phase
  EW_END = 4,     // what follows belongs to no phase (reported as phase 0)

  EW_PHASES = 512,  // valid phase numbers are 1 … 511
};

// First and fourth argument; no system call of a real program has both.
#define EW_MAGIC 0x45570000
#define EW_SEAL 0x57494454

static inline void ew_announce(int kind, uintptr_t address, size_t length) {
  syscall(SYS_getpriority, (long)(EW_MAGIC | kind), address, length, (long)EW_SEAL);
}

#endif
