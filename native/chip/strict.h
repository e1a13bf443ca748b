// SPDX-License-Identifier: MIT
// Looks for what a program gets away with in this model, and not on silicon.
#ifndef CHIP_STRICT_H_
#define CHIP_STRICT_H_

#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <mutex>

#include "chip/isa.h"
#include "chip/model.h"
#include "chip/tracer.h"

namespace chip {

class Core;
class Mesh;

struct Violation {
  // Embedders know them by their numbers.
  enum class Kind : uint8_t {
    kUnaligned,        // the address is no multiple of the access's width
    kUninitialised,    // a load of SRAM that nobody has stored to
    kHole,             // an access to where there is neither memory nor a register
    kRegisterWidth,    // less than a word of a register
    kGeneralRegister,  // R0–R63 of another core that runs
    kTestset,          // not a global address of SRAM
    kUnanswered,       // a load that nobody answers; the core hangs
    kMailboxDouble,    // two words at once to the mailbox, of which the eLink makes a mess
    kOddPair,          // a doubleword in registers of which the first is odd
    kLoadedBase,       // a load that moves its base on, and loads over it
    kJumpLink,         // JALR R14
    kUndefined,        // no instruction
    kHardwareLoop,     // against the rules for LS, LE, and what is between them
    kRegisterWrite,    // MOVTS to PC, IPEND or IAB
    kDmaBusy,          // DMAxCONFIG written while the channel works
    kDmaAlignment,     // addresses or strides that are no multiples of the width, or a descriptor of 8
    kStackOverflow,    // a store by the stack pointer to where instructions have been executed
    kWandRace,         // IDLE behind WAND, between which its interrupt may come
  };
  Kind kind;
  uint16_t core;     // its ID
  uint32_t pc;       // of the instruction
  uint32_t address;  // of the access or of the WAND, offset of the register, or the bits of the instruction
};

class StrictChecker final : public Tracer {
 public:
  explicit StrictChecker(Mesh* mesh) : mesh_(mesh) {}

  // How often the chip was reset: whose garbage there is where nobody has stored since.
  void SetResets(uint32_t resets) noexcept { resets_ = resets; }
  // By who holds the core's claim: nothing was stored to its SRAM yet, nor executed there.
  void Forget(const Core& core) noexcept;
  void Before(Core& core) noexcept override;
  void After(Core&) noexcept override {}

  // Kept until it is taken, if there is room.
  void Report(const Violation& violation) noexcept;
  // The oldest that has not been taken yet. False if there is none.
  bool Take(Violation* violation) noexcept;

 private:
  void CheckAccess(Core& core, const Instruction& instruction, uint32_t pc);
  void CheckLoad(Core& core, uint32_t pc, uint32_t address, unsigned size);
  void CheckMovts(Core& core, const Instruction& instruction, uint32_t pc);
  bool IsGarbage(const Core& core, uint32_t offset) const;
  void CheckLoop(Core& core, const Instruction& instruction, uint32_t pc);
  void CheckBarrier(Core& core, const Instruction& instruction, uint32_t pc);
  void CheckDma(Core& core, uint32_t base, uint32_t config, uint32_t pc);

  // A WAND for whose interrupt its core may be about to sleep.
  struct Barrier {
    bool is_ahead;  // of an IDLE that is still to come
    bool was_open;  // to the interrupt, when WAND was executed
    uint32_t pc;
    uint32_t ipend;
  };

  static constexpr unsigned kCapacity = 256;
  static constexpr uint32_t kWords = kSramBytes / 4;
  Mesh* const mesh_;
  std::atomic<uint32_t> resets_{0};
  // Of each word of SRAM: a core has stored to it, be it what the garbage was.
  // Cores store to each other's, each on its own thread.
  std::array<std::array<std::atomic<uint32_t>, kWords / 32>, kMaxCores> stored_{};
  // Of each word of SRAM: its core has executed an instruction there. Only that core's thread looks.
  std::array<std::bitset<kWords>, kMaxCores> executed_{};
  std::array<Barrier, kMaxCores> barriers_{};
  std::mutex mutex_;  // guards what is below
  std::array<Violation, kCapacity> violations_{};
  unsigned first_ = 0;
  unsigned count_ = 0;
};

}  // namespace chip

#endif  // CHIP_STRICT_H_
