// SPDX-License-Identifier: MIT
// Random programs for one eCore. A seed is a program: the same one on every machine and with every compiler,
// so that what another simulator made of it can be kept as a number.
#ifndef DIFFERENTIAL_PROGRAM_H_
#define DIFFERENTIAL_PROGRAM_H_

#include <array>
#include <cstdint>
#include <vector>

namespace differential {

// Counts the kinds; kMixed has everything in one program.
enum Kind : uint8_t {
  kInteger,
  kMemory,
  kFloat,
  kIntegerMode,
  kInterrupts,
  kNested,
  kWaiting,
  kLoops,
  kDma,
  kTimers,
  kMixed,
  kKinds
};
inline constexpr const char* kKindNames[kKinds] = {"integer",    "memory", "float",   "integer mode",
                                                   "interrupts", "nested", "waiting", "hardware loops",
                                                   "dma",        "timers", "mixed"};

inline constexpr uint32_t kSramBytes = 0x8000;
// Of external memory, programs touch no more than this.
inline constexpr uint32_t kExternal = 0x8e000000;
inline constexpr uint32_t kExternalBytes = 0x1000;
inline constexpr uint32_t kCoreId = 0x808;

struct Program {
  struct Register {
    uint32_t offset, value;  // within the register page
  };
  Kind kind;
  std::array<uint8_t, kSramBytes> sram;
  std::array<uint32_t, 64> general;
  uint32_t status, config, pc;
  // Other registers, to be set without side effects. Those that are not named are zero.
  std::vector<Register> special;
  // A program ends by itself, at BKPT or in an IDLE from which nothing wakes it, long before this.
  uint32_t instructions;
  uint32_t end_of_code;  // for a disassembly
  bool uses_external;
};

void Generate(uint64_t seed, Program* program);

}  // namespace differential

#endif  // DIFFERENTIAL_PROGRAM_H_
