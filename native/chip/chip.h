// SPDX-License-Identifier: MIT
// A software Epiphany behind its eLink: what a host, and the programs of a host, can observe.
//
// This is the whole face of the model. It knows neither Node nor QEMU; its embedder provides the memory,
// listens to events, and stands where the board's ARM stands. Sources of each behaviour are named where it
// is modelled; what no public source settles is listed in docs/validation.md.
//
// Threads: everything may be called from any thread at any time, also while others let cores run, unless it
// says otherwise. Nothing here throws, and nothing is allocated after construction.
#ifndef CHIP_CHIP_H_
#define CHIP_CHIP_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "chip/bus.h"
#include "chip/core.h"
#include "chip/elink.h"
#include "chip/mesh.h"
#include "chip/model.h"
#include "chip/outbox.h"
#include "chip/strict.h"

namespace chip {

// Plain memory of the embedder: a memfd's, or a virtual machine's. The model and the embedder's other users
// store to it side by side, without telling each other.
struct Memory {
  unsigned char* sram;  // model.cores() times kSramBytes, cores in row-major order
  unsigned char* dram;  // kDramBytes
};

enum class Fault : uint8_t {
  kDeadLink,   // nothing answers: every load fails, stores vanish
  kCoreStuck,  // the core waits for an external load that never returns
  kNoPower,    // as a dead link, and all that cores hold is lost
};

struct RunRequest {
  uint64_t instructions;                    // at most so many, all cores together
  uint32_t quantum;                         // of one core before the next one's turn; at least 1
  uint64_t seed;                            // of the order in which cores take turns
  const std::atomic<bool>* stop = nullptr;  // ends the run, soon after somebody sets it
  // Ends the run with the turn in which a core halts by itself, so that what the embedder then does to it is
  // done at the same place each time.
  bool until_halt = false;
};

struct RunResult {
  // Embedders know them by their numbers.
  enum class Stop : uint8_t {
    kInstructions,  // as many as were asked for
    kAllIdle,       // no core has anything to do
    kBlocked,       // some would run, but wait for the host to empty the mailbox
    kStopped,
    kHalted,  // as until_halt asks for
  };
  uint64_t instructions;
  Stop stop;
};

class Chip {
 public:
  // `sink` may be null. The memory must outlive the chip. Null if there is no memory for the model.
  static std::unique_ptr<Chip> Create(const Model& model, Memory memory, EventSink* sink) noexcept;
  Chip(const Chip&) = delete;
  Chip& operator=(const Chip&) = delete;

  const Model& model() const noexcept { return model_; }

  // Where nearly all of its own memory lies, for who wants to know how much of it is in use.
  struct Extent {
    const void* begin;
    size_t bytes;
  };
  Extent extent() const noexcept { return {mesh_.first_core(), mesh_.cores() * sizeof(Core)}; }

  // One access of the host's bus, 1, 2 or 4 bytes wide, at an eMesh address: SRAM and registers of the cores,
  // and the eLink. Registers take aligned words only. The host's view has no DRAM: that is host memory.
  // A register of a core that runs on another thread is reached between two of its instructions.
  Loaded Load(uint32_t address, unsigned bytes) noexcept;
  Bus Store(uint32_t address, uint32_t value, unsigned bytes) noexcept;
  bool interrupt_line() const noexcept { return elink_.interrupt_line(); }
  // Whether a load of the host from a core would be answered, for who has SRAM mapped past Load.
  bool answers() const noexcept { return elink_.answers(); }

  // Lets the cores take turns on this thread; not while another thread does. As long as nobody else reaches
  // the chip, what happens depends on its state and on quantum and seed alone: it is the same on every
  // machine, and in however many calls.
  RunResult Run(const RunRequest& request) noexcept;

  // One turn of one core, for an embedder that schedules cores in another way. All zero if there was nothing
  // to do.
  using Turn = Core::Turn;
  Turn RunCore(unsigned index, uint64_t clocks) noexcept;
  // Whether a core had nothing to do in its last turn, and somebody has touched it since.
  bool is_called(unsigned index) const noexcept { return mesh_.core(index).is_called(); }
  // For threads that have run out of turns: take a ticket, try every core, wait.
  Doorbell& doorbell() noexcept { return mesh_.doorbell(); }
  // Tells the sink that some cores have come to rest. By the one who schedules them.
  void ReportRest() noexcept;

  // What no register tells of a core; nothing of that if there is no such core. A signal is on its way to it,
  // so that it does not rest, even if it sleeps.
  bool awaits_signal(unsigned core_id) noexcept;
  // It has executed WAND, and others of its region have not yet; or they have, and it sleeps all the same, as
  // the interrupt came before its IDLE.
  bool is_in_barrier(unsigned core_id) noexcept;
  // The number of the TRAP by which it is halted, and PC is behind that; negative if that is not by one.
  int trap(unsigned core_id) noexcept;

  // Executes one instruction of a core that is halted. False if there is no such core, or if it is not
  // halted, not active, or waits for a load.
  bool Step(unsigned core_id) noexcept;

  // What an execution does where the manual and the GNU simulator differ. The manual's way by default.
  void SetProfile(Profile profile) noexcept { profile_ = profile; }
  // Counts instructions by class, which costs a quarter of the speed. Off by default.
  void SetCounting(bool counting) noexcept { counting_ = counting; }
  // Zero, all of them, if there is no such core.
  Counters counters(unsigned core_id) noexcept;
  // Sees every instruction. Not while cores run; null to end it.
  void SetTracer(Tracer* tracer) noexcept { tracer_ = tracer; }
  // Looks for what would go wrong on silicon. Not while cores run. If a program is still to be loaded, SRAM
  // can be filled with garbage first, as after a reset, so that loads from where nobody has stored are found,
  // too.
  void SetStrict(bool strict, bool fill) noexcept;
  bool is_strict() const noexcept { return is_strict_; }
  bool TakeViolation(Violation* violation) noexcept { return strict_.Take(violation); }

  // Takes the oldest message, for an embedder that stands where the driver does: at once, where a driver
  // reads two registers. False if there is none, or nothing answers. The sink does not hear that the line is
  // down.
  bool PopMailbox(uint32_t* low, uint32_t* high) noexcept;

  // For tests and scripts: what a program on the chip, or bad luck, would have done.
  // A word to the eLink's mailbox; false if its FIFO was full, and the word is lost as on silicon.
  bool PushMailbox(uint32_t low, uint32_t high) noexcept;
  // Latches interrupts of a core, as the bits of ILAT. False if there is no such core.
  bool Interrupt(unsigned core_id, uint32_t latched) noexcept;
  // Starts or ends a fault. `core_id` is for faults of a core. False if there is no such core.
  bool Inject(Fault fault, unsigned core_id, bool on) noexcept;

  // The whole state except the memory, as words of the same meaning on every machine. Not while cores run.
  size_t state_words() const noexcept;
  void Save(uint32_t* words) const noexcept;
  // False, with the chip unchanged, if the words are no state of this model.
  bool Restore(const uint32_t* words, size_t count) noexcept;

 private:
  Chip(const Model& model, Memory memory, EventSink* sink) noexcept;

  Loaded LoadCore(Core& core, uint32_t local, unsigned bytes) noexcept;
  Bus StoreCore(Core& core, uint32_t local, uint32_t value, unsigned bytes) noexcept;
  void Deliver() noexcept { mesh_.outbox().Deliver(sink_); }
  void React(Elink::Effect effect) noexcept;
  void ResetChip() noexcept;
  unsigned CoreAtPosition(uint64_t seed) noexcept;
  // What `ask` tells of a core that nobody lets run meanwhile; `missing` if there is no such core.
  template <typename Answer, typename Ask>
  Answer Claimed(unsigned core_id, Answer missing, Ask ask) noexcept;

  const Model& model_;
  EventSink* sink_;
  Elink elink_;
  Mesh mesh_;
  std::atomic<Profile> profile_{Profile::kManual};
  std::atomic<bool> counting_{false};
  Tracer* tracer_ = nullptr;
  bool is_strict_ = false;
  StrictChecker strict_{&mesh_};

  uint32_t resets_ = 0;  // of the chip so far

  // Of Run: whose turn it is, and how much of it is over.
  struct Place {
    uint64_t round = 0;
    uint32_t position = 0;
    uint32_t used = 0;
  };
  Place place_;
  // The order of cores in a round, and what it was made for.
  std::array<uint8_t, kMaxCores> order_{};
  uint64_t order_round_ = ~uint64_t{0};
  uint64_t order_seed_ = 0;
};

}  // namespace chip

#endif  // CHIP_CHIP_H_
