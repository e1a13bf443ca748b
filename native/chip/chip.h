// SPDX-License-Identifier: MIT
// A software Epiphany behind its eLink: what a host, and the programs of a host, can observe.
//
// This is the whole face of the model. It knows neither Node nor QEMU; whoever embeds it provides the memory,
// listens to events, and stands where the board's ARM stands. Sources of each behaviour are named where it
// is modelled; what no public source settles is listed in docs/simulator.md.
//
// Threads: Load, Store, PushMailbox and Inject may be called from any thread at any time, also while another
// one is in Run. Run itself is called by one thread at a time. Nothing here throws, and nothing is allocated
// after construction.
#ifndef CHIP_CHIP_H_
#define CHIP_CHIP_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "chip/bus.h"
#include "chip/core_registers.h"
#include "chip/elink.h"
#include "chip/model.h"

namespace chip {

// Plain memory of the embedder: a memfd's, or a virtual machine's. The model and the embedder's other users
// store to it side by side, without telling each other.
struct Memory {
  unsigned char* sram;  // model.cores() times kSramBytes, cores in row-major order
  unsigned char* dram;  // kDramBytes
};

struct Event {
  enum class Kind : uint8_t {
    kInterruptLine,  // value: the new level of the eLink's interrupt
    kCoreHalted,
    kCoreResumed,
    kCoreReset,
    kChipReset,
  };
  Kind kind;
  uint16_t core;  // core ID, 0 if the event is the chip's
  uint32_t value;
};

// Called on the thread that caused the event, with no lock of the model held: it may call back.
class EventSink {
 public:
  virtual void OnEvent(const Event& event) noexcept = 0;

 protected:
  ~EventSink() = default;
};

enum class Fault : uint8_t {
  kDeadLink,   // nothing answers: every load fails, stores vanish
  kCoreStuck,  // the core waits for an external load that never returns
};

struct RunRequest {
  uint64_t instructions;  // at most so many, all cores together
  uint32_t quantum;       // of one core before the next one's turn
  uint64_t seed;          // of the order in which cores take turns
};

struct RunResult {
  enum class Stop : uint8_t { kInstructions, kAllIdle };
  uint64_t retired;
  Stop stop;
};

class Chip {
 public:
  // `sink` may be null. The memory must outlive the chip.
  Chip(const Model& model, Memory memory, EventSink* sink) noexcept;
  Chip(const Chip&) = delete;
  Chip& operator=(const Chip&) = delete;

  const Model& model() const noexcept { return model_; }

  // One access of the host's bus, 1, 2 or 4 bytes wide, at an eMesh address: SRAM and registers of the cores,
  // and the eLink. Registers take aligned words only. The host's view has no DRAM: that is host memory.
  Loaded Load(uint32_t address, unsigned bytes) noexcept;
  Bus Store(uint32_t address, uint32_t value, unsigned bytes) noexcept;
  bool interrupt_line() const noexcept { return elink_.interrupt_line(); }

  // Lets the cores execute. This model has memory and registers, but no execution unit: nothing is ever
  // runnable, and the answer is "all idle".
  RunResult Run(const RunRequest& request) noexcept;

  // For tests and scripts: what a program on the chip, or bad luck, would have done.
  // A word to the eLink's mailbox; false if its FIFO was full, and the word is lost as on silicon.
  bool PushMailbox(uint32_t low, uint32_t high) noexcept;
  // Latches interrupts of a core, as the bits of ILAT. False if there is no such core.
  bool Interrupt(unsigned core_id, uint32_t latched) noexcept;
  // Starts or ends a fault. `core_id` is for faults of a core. False if there is no such core.
  bool Inject(Fault fault, unsigned core_id, bool on) noexcept;

  // The whole state except the memory, as words of the same meaning on every machine.
  size_t state_words() const noexcept;
  void Save(uint32_t* words) const noexcept;
  // False, with the chip unchanged, if the words are no state of this model.
  bool Restore(const uint32_t* words, size_t count) noexcept;

 private:
  // The core with this ID, or -1.
  int CoreIndex(unsigned id) const noexcept;
  unsigned CoreId(unsigned index) const noexcept;
  Loaded LoadCore(unsigned index, uint32_t local, unsigned bytes) noexcept;
  Bus StoreCore(unsigned index, uint32_t local, uint32_t value, unsigned bytes) noexcept;
  void Emit(Event::Kind kind, unsigned core, uint32_t value) noexcept;
  void React(Elink::Effect effect) noexcept;
  void ResetChip() noexcept;

  const Model& model_;
  Memory memory_;
  EventSink* sink_;
  Elink elink_;
  std::array<CoreRegisters, kMaxCores> cores_;
};

}  // namespace chip

#endif  // CHIP_CHIP_H_
