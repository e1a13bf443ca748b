// SPDX-License-Identifier: MIT
// The model, as far as a program and its final state are concerned.
#ifndef DIFFERENTIAL_MACHINE_H_
#define DIFFERENTIAL_MACHINE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "chip/chip.h"
#include "program.h"

namespace differential {

// How a program ended.
enum class End : uint32_t { kBreakpoint, kIdle, kInstructions };

// The registers that are compared, by their offsets. Left out are those that hold nothing (ILATST, ILATCL,
// FSTATUS, IAB), DEBUGSTATUS, where only the model notes a breakpoint, and MEMPROTECT, which no program uses.
inline constexpr uint32_t kComparedSpecial[] = {0x400, 0x404, 0x408, 0x414, 0x418, 0x41c, 0x420, 0x424, 0x428,
                                                0x434, 0x438, 0x43c, 0x500, 0x504, 0x508, 0x50c, 0x510, 0x514,
                                                0x518, 0x51c, 0x520, 0x524, 0x528, 0x52c, 0x530, 0x534, 0x538,
                                                0x53c, 0x604, 0x700, 0x704, 0x708, 0x710, 0x714, 0x718};
inline constexpr size_t kCompared = 64 + sizeof kComparedSpecial / sizeof *kComparedSpecial;
constexpr uint32_t ComparedOffset(size_t index) {
  return static_cast<uint32_t>(index < 64 ? 4 * index : kComparedSpecial[index - 64]);
}

struct FinalState {
  End end;
  std::array<uint32_t, kCompared> registers;
  std::array<uint8_t, kSramBytes> sram;
  std::array<uint8_t, kExternalBytes> external;
};

uint64_t Digest(const FinalState& state);

// In how many calls a program is executed. It must not matter.
enum class Manner { kAtOnce, kStepByStep, kInterrupted };

class Machine {
 public:
  Machine();
  void Run(const Program& program, Manner manner, FinalState* state);

 private:
  uint32_t ReadRegister(uint32_t offset);
  void WriteRegister(uint32_t offset, uint32_t value);
  void Prepare(const Program& program);
  bool Continue(uint64_t instructions, uint64_t* executed);
  void Resettle();

  std::vector<uint64_t> sram_;  // aligned as a mapping would be
  std::vector<uint64_t> dram_;
  std::unique_ptr<chip::Chip> chip_;
  std::vector<uint32_t> blank_;
  std::vector<uint32_t> snapshot_;
};

}  // namespace differential

#endif  // DIFFERENTIAL_MACHINE_H_
