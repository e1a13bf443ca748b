// SPDX-License-Identifier: MIT
// One eCore: its registers and what they set off, interrupts, timers, DMA, and the execution of its program.
// Sources: Epiphany Architecture Reference; where it is silent, docs/validation.md says what was chosen.
//
// Threads: a thread that lets a core run, or reaches any register that an execution could be using, holds the
// core's claim. Interrupts are latched without it, and so are a halt by another core, and signals.
#ifndef CHIP_CORE_H_
#define CHIP_CORE_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "chip/barrier_watch.h"
#include "chip/code_cache.h"
#include "chip/core_registers.h"
#include "chip/delay_line.h"
#include "chip/dma.h"
#include "chip/model.h"
#include "chip/profile.h"

namespace chip {

class Mesh;
class Tracer;

// What became of an access to memory or to registers.
enum class Access : uint8_t {
  kDone,
  kLater,    // somebody else has the target at the moment, or the eLink takes nothing just now
  kNever,    // nothing answers; stores to there simply vanish
  kIllegal,  // nothing is there that could take such an access
};

// EXCAUSE, named as the causes are; the numbers are a matter of the generation.
enum class Exception : uint8_t { kSwi, kUnaligned, kFpu, kUnimplemented, kIllegalAccess };

// Why a core is halted; with a trap comes its number. Embedders know them by their numbers.
enum class Halt : uint8_t { kCommand, kBreakpoint, kTrap, kMulticoreBreakpoint };

struct Counters {
  uint64_t instructions[kInstructionClasses];
};

class Core {
 public:
  // One turn of a core: how its clock advanced, and how many instructions that were. A core that sleeps while
  // its timers or its DMA work has clocks without instructions.
  struct Turn {
    uint64_t clocks, instructions;
    bool is_blocked;    // it would run, but the eLink or another core has to let it
    bool is_contended;  // it would run, but somebody wants to reach its registers first
    bool rests;         // it was at work, and has nothing to do any more
    bool has_woken;     // it has sent an interrupt to another core, and its turn has ended with that
  };

  void Construct(const Model& model, unsigned index, unsigned id, unsigned char* sram, Mesh* mesh);

  unsigned index() const { return index_; }
  unsigned id() const { return id_; }
  unsigned char* sram() const { return sram_; }

  // --- by anyone, at any time.
  CoreRegisters& registers() { return registers_; }
  void Latch(uint32_t interrupts);
  // Sends signals to this core, where they arrive a little later; in the GNU simulator's profile at once.
  void Signal(uint32_t signals, Profile profile);
  void HaltBy(Halt reason);
  void SetLoadPending(bool pending);
  // Has the core look soon at what has changed: ends the turn that it may be in, or its sleep.
  void CallAttention() { attention_.store(true, std::memory_order_release); }
  // Active, and not halted, nor stuck, nor held in reset.
  bool is_running() const;
  // It had nothing to do when it last had a turn, and nobody has touched it since.
  bool is_asleep() const { return has_rested() && !attention_.load(std::memory_order_acquire); }
  // The same, but somebody has.
  bool is_called() const { return has_rested() && attention_.load(std::memory_order_acquire); }

  // --- the claim.
  bool TryClaim() { return !claimed_.exchange(true, std::memory_order_acquire); }
  void Claim();
  // For one core to reach another: gives up after a while, because the other may be trying the same.
  bool ClaimSoon();
  void Release() { claimed_.store(false, std::memory_order_release); }
  // Somebody waits for the claim, and a runner should not take it again at once.
  bool is_wanted() const { return wanted_.load(std::memory_order_relaxed) != 0; }

  // --- by the holder of the claim.
  uint32_t LoadRegister(uint32_t offset) const { return registers_.Load(offset); }
  // `by_itself`: the core's own instructions or DMA do it, and so ILATST takes time.
  void StoreRegister(uint32_t offset, uint32_t value, bool by_itself = false);
  // Whether a signal is on its way, so that the core does not rest yet, whatever its registers say.
  bool awaits_signal() const { return !signals_.is_empty(); }
  // The number of the TRAP by which it is halted; negative if that is not by one.
  int trap() const;
  Profile profile() const { return profile_; }
  // While there are tracers, it goes an instruction at a time.
  using Tracers = std::array<Tracer*, 2>;
  Turn Run(uint64_t clocks, Profile profile, bool counting, const Tracers& tracers);
  // Executes one instruction of a core that is halted. False if there is none to execute.
  bool Step(Profile profile);
  // Memory, and registers to which a reset gives no value, hold garbage then.
  void ResetByChip(uint32_t resets);
  void FillSram(uint32_t resets);
  // The bits of an instruction, or zero if they cannot be had.
  uint32_t Peek(uint32_t pc);
  // No interrupt is taken before the next instruction, whatever STATUS says.
  bool holds_interrupts() const { return holds_interrupts_; }
  const Counters& counters() const { return counters_; }
  const BarrierWatch& barrier() const { return barrier_; }

  // The whole state but for SRAM.
  static constexpr uint32_t kStateWords = CoreRegisters::kWords + 4 + BarrierWatch::kStateWords +
                                          DelayLine::kStateWords + 2 * DmaChannel::kStateWords;
  void Save(uint32_t* words) const;
  void Restore(const uint32_t* words);

  // By what the core itself does, if it concerns the embedder, or wakes another core: its turn is over after
  // this instruction.
  void EndTurn(bool has_woken = false) {
    ends_turn_ = true;
    has_woken_ |= has_woken;
    CallAttention();
  }

 private:
  friend class DmaChannel;

  bool has_rested() const { return is_asleep_.load(std::memory_order_relaxed); }
  void Raise(Exception exception);
  void Receive(uint32_t signals);
  void Decide();
  uint64_t UntilEvent(bool is_running) const;
  void Advance(uint64_t clocks, bool is_running, uint32_t config);
  void CountDown(unsigned timer, uint64_t ticks);
  void Reset();
  void Halted(Halt reason, uint32_t number = 0);

  template <bool kCounting>
  uint64_t Execute(uint64_t limit);

  // Cold parts of the loop.
  const Block* FetchOutside(uint32_t pc, Access* access);
  const Entry* Cut(const Block& block, uint32_t offset, uint64_t instructions, const Entry** loop_end);
  uint32_t AddressOf(const Entry& entry) const;
  bool IsIdleAt(uint32_t offset) const;
  Access SlowAccess(const Entry& entry);
  Access TestAndSet(const Entry& entry);

  CoreRegisters registers_;
  std::atomic<bool> claimed_{false};
  std::atomic<bool> attention_{false};
  std::atomic<bool> is_asleep_{false};
  std::atomic<uint32_t> wanted_{0};
  // By what it is halted, if it is: a Halt, and from bit 8 on the number of a trap.
  std::atomic<uint32_t> halt_{0};

  Mesh* mesh_ = nullptr;
  unsigned char* sram_ = nullptr;
  Generation generation_ = Generation::kEpiphany3;
  Profile profile_ = Profile::kManual;
  uint16_t index_ = 0;
  uint16_t id_ = 0;
  // No interrupt is taken between GIE and an IDLE behind it.
  bool holds_interrupts_ = false;
  bool is_blocked_ = false;
  bool is_stepping_ = false;  // a step is executed now, even if others want the core
  bool ends_turn_ = false;
  bool has_woken_ = false;   // in this turn
  bool has_worked_ = false;  // since it last came to rest
  InstructionClass last_kind_ = InstructionClass::kControl;
  uint64_t clock_ = 0;
  DelayLine signals_;
  BarrierWatch barrier_;
  std::array<DmaChannel, 2> dma_;
  Counters counters_{};
  // One instruction that was not fetched from SRAM.
  std::array<Entry, 2> outside_{};
  Block outside_block_{};
  std::array<Entry, kLongestBlock + 1> cut_{};  // a part of a block
  CodeCache code_;
};

}  // namespace chip

#endif  // CHIP_CORE_H_
