// SPDX-License-Identifier: MIT
#include "chip/core.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "chip/garbage.h"
#include "chip/memory.h"
#include "chip/mesh.h"
#include "chip/tracer.h"

namespace chip {
namespace {

// What a timer counts, as CONFIG selects it. The other events are stalls of a pipeline and traffic of a mesh
// that are not modelled; they never happen here.
constexpr uint32_t kClockEvent = 1;
constexpr uint32_t kIdleEvent = 2;
constexpr uint32_t kCarryEvent = 3;  // of CTIMER1, Epiphany-IV: CTIMER0 has run out
constexpr uint32_t kIntegerEvent = 4;
constexpr uint32_t kFloatEvent = 5;

// The DMA channels work off as many transfers as clocks have passed, but only this often, so that a program
// beside them runs at full speed. A multiple of the core's own clock, so that it does not matter how turns
// are cut.
constexpr uint64_t kDmaPeriod = 16;

// Attempts to claim a core on behalf of another: longer than a turn takes to end when it is asked to.
constexpr int kPatience = 1000;

// Of what halts a core: a Halt, and the six bits of a trap's number.
constexpr uint32_t kHaltMask = 0x3f03;

struct CauseRow {
  uint8_t epiphany3, epiphany4;
};
// In the order of Exception. Source: Architecture Reference for III; header files of the vendor for IV.
constexpr CauseRow kCauses[] = {{1, 14}, {2, 13}, {3, 7}, {4, 15}, {5, 12}};

constexpr unsigned LowestBit(uint32_t bits) {
  return static_cast<unsigned>(__builtin_ctz(bits));
}

}  // namespace

void Core::Construct(const Model& model, unsigned index, unsigned id, unsigned char* sram, Mesh* mesh) {
  index_ = static_cast<uint16_t>(index);
  id_ = static_cast<uint16_t>(id);
  generation_ = model.generation;
  sram_ = sram;
  mesh_ = mesh;
  registers_.Construct(model, id);
  code_.Construct(sram);
  dma_[0].Construct(reg::kDma0, interrupt::kDma0);
  dma_[1].Construct(reg::kDma1, interrupt::kDma0 << 1);
}

void Core::Claim() {
  if (TryClaim()) return;
  wanted_.fetch_add(1);
  do {
    CallAttention();
    std::this_thread::yield();
  } while (!TryClaim());
  wanted_.fetch_sub(1);
}

bool Core::ClaimSoon() {
  if (TryClaim()) return true;
  wanted_.fetch_add(1);
  bool is_claimed = false;
  for (int i = 0; i < kPatience && !is_claimed; ++i) {
    CallAttention();
    is_claimed = TryClaim();
  }
  wanted_.fetch_sub(1);
  return is_claimed;
}

void Core::Latch(uint32_t interrupts) {
  if (interrupts == 0) return;
  registers_.at(reg::kIlat).fetch_or(interrupts & kInterruptMask);
  CallAttention();
  mesh_->doorbell().Ring();
}

void Core::Signal(uint32_t signals, Profile profile) {
  if (profile == Profile::kGnu) return Receive(signals);
  signals_.Enter(signals);
  CallAttention();
  mesh_->doorbell().Ring();
}

void Core::Receive(uint32_t signals) {
  uint32_t interrupts = signals & kInterruptMask;
  if (signals & signal::kWand) interrupts |= interrupt::kWand;
  if (signals & signal::kSync) interrupts |= interrupt::kSync;
  if (interrupts != 0) Latch(interrupts);
  if (signals & signal::kHalt) HaltBy(Halt::kMulticoreBreakpoint);
}

void Core::SetLoadPending(bool pending) {
  auto& debug_status = registers_.at(reg::kDebugStatus);
  pending ? debug_status.fetch_or(debug::kLoadPending) : debug_status.fetch_and(~debug::kLoadPending);
  CallAttention();
  mesh_->doorbell().Ring();
}

void Core::HaltBy(Halt reason) {
  uint32_t bits = debug::kHalted;
  if (reason == Halt::kMulticoreBreakpoint) bits |= debug::kMulticoreBreakpoint;
  if (!(registers_.at(reg::kDebugStatus).fetch_or(bits) & debug::kHalted)) Halted(reason);
  CallAttention();
}

void Core::Halted(Halt reason, uint32_t number) {
  const uint32_t halt = static_cast<uint32_t>(reason) | number << 8;
  // A core that was halted while it executed a TRAP is at that TRAP all the same.
  uint32_t none = 0;
  reason == Halt::kTrap ? halt_.store(halt) : void(halt_.compare_exchange_strong(none, halt));
  if (reason != Halt::kCommand) mesh_->CountHalt();
  mesh_->outbox().Post({Event::Kind::kCoreHalted, id_, halt});
}

int Core::trap() const {
  const uint32_t halt = halt_.load();
  const bool is_halted = registers_.Get(reg::kDebugStatus) & debug::kHalted;
  return is_halted && (halt & 0xff) == static_cast<uint32_t>(Halt::kTrap) ? static_cast<int>(halt >> 8) : -1;
}

// The interrupt comes back to the instruction behind the one that raises it.
void Core::Raise(Exception exception) {
  const CauseRow& row = kCauses[static_cast<size_t>(exception)];
  const uint32_t cause = generation_ == Generation::kEpiphany3 ? row.epiphany3 : row.epiphany4;
  registers_.Set(reg::kStatus,
                 (registers_.Get(reg::kStatus) & ~status::kCause) | cause << status::kCauseShift);
  Latch(interrupt::kException);
}

void Core::StoreRegister(uint32_t offset, uint32_t value, bool by_itself) {
  CoreRegisters& registers = registers_;
  switch (offset) {
    case reg::kIlatSet:
      by_itself ? Signal(value & kInterruptMask, profile_) : Latch(value);
      return;
    case reg::kIlatClear:
      // It goes the way of ILATST, and so does not overtake it. To others, signals have arrived long before.
      signals_.Forget(value & kInterruptMask);
      if (!by_itself && (value & interrupt::kWand)) signals_.Forget(signal::kWand);
      if (!by_itself && (value & interrupt::kSync)) signals_.Forget(signal::kSync);
      registers.at(reg::kIlat).fetch_and(~value);
      return;
    case reg::kFstatus:
      // Unlike a store to STATUS, this one reaches ACTIVE, GID and KM too.
      registers.Set(reg::kStatus, value & ~status::kReserved);
      if (!(value & status::kWand)) mesh_->ForgetWand(*this);
      if (!by_itself) barrier_.Forget();  // to stop or start it is something else
      break;
    case reg::kStatus:
      registers.Store(offset, value);
      if (!(value & status::kWand)) mesh_->ForgetWand(*this);  // that flag is how the chip remembers it
      break;
    case reg::kConfig:
      registers.Store(offset, value);
      for (DmaChannel& channel : dma_) channel.Pause(*this, value & config::kDmaPause);
      break;
    case reg::kDebugCommand: {
      auto& debug_status = registers.at(reg::kDebugStatus);
      if ((value & 3) > 1 || (debug_status.load() & debug::kLoadPending)) return;
      if (value & 1) {
        HaltBy(Halt::kCommand);
        break;
      }
      halt_.store(0);
      if (debug_status.fetch_and(~(debug::kHalted | debug::kMulticoreBreakpoint)) & debug::kHalted) {
        mesh_->outbox().Post({Event::Kind::kCoreResumed, id_, 0});
      }
      break;
    }
    case reg::kResetCore: {
      const uint32_t before = registers.at(reg::kResetCore).exchange(value & 1);
      if (value & 1) {
        registers.at(reg::kStatus).fetch_and(~status::kActive);
        registers.at(reg::kStatus).fetch_or(status::kGid);
      } else if (before & 1) {
        // A core that waits for an external load stays stuck: only a reset of the chip helps it.
        const bool is_stuck = registers.Get(reg::kDebugStatus) & debug::kLoadPending;
        Reset();
        SetLoadPending(is_stuck);
        mesh_->outbox().Post({Event::Kind::kCoreReset, id_, 0});
      }
      break;
    }
    case reg::kDma0:
      dma_[0].Start(*this, value);
      break;
    case reg::kDma1:
      dma_[1].Start(*this, value);
      break;
    case reg::kDma0 + dma::kAuto0:
    case reg::kDma1 + dma::kAuto0:
      registers.Store(offset, value);
      dma_[offset >= reg::kDma1].Feed(*this, value);
      return;
    default:
      registers.Store(offset, value);
  }
  CallAttention();
  mesh_->doorbell().Ring();
}

void Core::Reset() {
  registers_.Reset();
  for (DmaChannel& channel : dma_) channel.Reset();
  holds_interrupts_ = false;
  signals_.Forget(signal::kAll);
  halt_.store(0);
  mesh_->ForgetWand(*this);
  barrier_.Forget();
}

void Core::ResetByChip(uint32_t resets) {
  SetLoadPending(false);
  Reset();
  registers_.Scramble(Garbage(resets, id_));
  FillSram(resets);
  CallAttention();
}

void Core::FillSram(uint32_t resets) {
  const Garbage garbage(resets, id_);
  for (uint32_t offset = 0; offset < kSramBytes; offset += 4) StoreUnit(sram_ + offset, garbage.At(offset));
}

bool Core::is_running() const {
  return (registers_.Get(reg::kStatus) & status::kActive) &&
         !(registers_.Get(reg::kDebugStatus) & (debug::kHalted | debug::kLoadPending)) &&
         !(registers_.Get(reg::kResetCore) & 1);
}

// Takes an interrupt, if there is one to be taken.
void Core::Decide() {
  CoreRegisters& registers = registers_;
  const uint32_t open =
      registers.at(reg::kIlat).load(std::memory_order_acquire) & ~registers.Get(reg::kImask);
  if (open == 0) return;
  if (registers.Get(reg::kDebugStatus) & (debug::kHalted | debug::kLoadPending)) return;
  if (registers.Get(reg::kResetCore) & 1) return;
  const uint32_t now = registers.Get(reg::kStatus);
  if (now & status::kGid) {
    // Source: the manual's pseudo code of IDLE, which leaves it for any interrupt, even if none is taken.
    registers.Set(reg::kStatus, now | status::kActive);
    barrier_.Wake();
    return;
  }
  const uint32_t pending = registers.Get(reg::kIpend);
  const uint32_t candidates = open & ~pending;
  if (candidates == 0) return;
  const unsigned number = LowestBit(candidates);
  if (pending != 0 && number >= LowestBit(pending)) return;
  registers.at(reg::kIlat).fetch_and(~(1u << number));
  registers.Set(reg::kIpend, pending | 1u << number);
  barrier_.Interrupt(1u << number == interrupt::kWand && !mesh_->AwaitsOthers(*this), pending,
                     registers.Get(reg::kPc));
  registers.Set(reg::kIret, registers.Get(reg::kPc));
  registers.Set(reg::kStatus, now | status::kGid | status::kActive | status::kKm);
  registers.Set(reg::kPc, 4 * number);
}

// Clocks until something other than an instruction has to happen.
uint64_t Core::UntilEvent(bool is_running) const {
  uint64_t until = std::numeric_limits<uint64_t>::max();
  if (dma_[0].is_active(*this) || dma_[1].is_active(*this)) until = kDmaPeriod - clock_ % kDmaPeriod;
  if (signals_.is_moving()) until = std::min<uint64_t>(until, signals_.until());
  const uint32_t config = registers_.Get(reg::kConfig);
  for (unsigned timer = 0; timer < 2; ++timer) {
    const uint32_t event = config::TimerEvent(config, timer);
    const uint64_t value = registers_.Get(timer == 0 ? reg::kTimer0 : reg::kTimer1);
    const bool wraps = generation_ == Generation::kEpiphany4 && (config & config::kTimerWrap);
    if (value == 0 && !wraps) continue;
    if (event == kClockEvent || (event == kIdleEvent && !is_running)) {
      until = std::min(until, std::max<uint64_t>(value, 1));
    } else if ((event == kIntegerEvent || event == kFloatEvent) && is_running) {
      return 1;
    }
  }
  return until;
}

void Core::CountDown(unsigned timer, uint64_t ticks) {
  const uint32_t offset = timer == 0 ? reg::kTimer0 : reg::kTimer1;
  const uint32_t config = registers_.Get(reg::kConfig);
  const bool wraps = generation_ == Generation::kEpiphany4 && (config & config::kTimerWrap);
  const uint32_t value = registers_.Get(offset);
  if (value == 0) {
    // It has stopped, or goes on from the top.
    if (wraps && ticks > 0) registers_.Set(offset, static_cast<uint32_t>(0 - ticks));
    return;
  }
  registers_.Set(offset, static_cast<uint32_t>(value - ticks));
  if (value != ticks) return;
  Latch(interrupt::kTimer0 << timer);
  const bool carries = generation_ == Generation::kEpiphany4 && timer == 0;
  if (carries && config::TimerEvent(config, 1) == kCarryEvent) CountDown(1, 1);
}

// `config` is CONFIG as it was before: what an instruction stores there counts from the next one on.
void Core::Advance(uint64_t clocks, bool is_running, uint32_t config) {
  if (config::TimerEvent(config, 0) | config::TimerEvent(config, 1)) {
    for (unsigned timer = 0; timer < 2; ++timer) {
      const uint32_t event = config::TimerEvent(config, timer);
      if (event == kClockEvent || (event == kIdleEvent && !is_running)) CountDown(timer, clocks);
      if (is_running && clocks == 1 &&
          ((event == kIntegerEvent && last_kind_ == InstructionClass::kInteger) ||
           (event == kFloatEvent && last_kind_ == InstructionClass::kFloat)))
        CountDown(timer, 1);
    }
  }
  if (const uint32_t arrived = signals_.Advance(clocks)) Receive(arrived);
  clock_ += clocks;
  if (clocks == 0 || clock_ % kDmaPeriod != 0) return;
  for (DmaChannel& channel : dma_) {
    for (uint64_t i = 0; i < kDmaPeriod && channel.is_active(*this); ++i) channel.Clock(*this);
  }
}

Core::Turn Core::Run(uint64_t clocks, Profile profile, bool counting, const Tracers& tracers) {
  const bool is_traced = tracers[0] || tracers[1];
  Turn turn = {};
  profile_ = profile;
  is_asleep_.store(false, std::memory_order_relaxed);
  while (turn.clocks < clocks) {
    if (attention_.load(std::memory_order_relaxed)) attention_.exchange(false, std::memory_order_acquire);
    signals_.Accept();
    if (is_wanted() && !is_stepping_) {
      turn.is_contended = true;
      break;
    }
    uint64_t limit = clocks - turn.clocks;
    // Until the instruction behind GIE has been executed, whatever comes between.
    const bool is_held = holds_interrupts_;
    if (is_held) {
      limit = 1;
    } else {
      Decide();
    }
    const bool is_awake = is_running();
    const uint64_t until = UntilEvent(is_awake);
    if (!is_awake) {
      if (until == std::numeric_limits<uint64_t>::max()) {
        is_asleep_.store(true, std::memory_order_relaxed);
        turn.rests = has_worked_;
        has_worked_ = false;
        break;
      }
      limit = std::min(limit, until);
      Advance(limit, false, registers_.Get(reg::kConfig));
      turn.clocks += limit;
      if (ends_turn_) break;
      continue;
    }
    limit = std::min(limit, until);
    is_blocked_ = false;
    const uint32_t config = registers_.Get(reg::kConfig);
    if (is_traced) {
      limit = 1;
      for (Tracer* tracer : tracers)
        if (tracer) tracer->Before(*this);
    }
    holds_interrupts_ = false;
    const uint64_t done = counting ? Execute<true>(limit) : Execute<false>(limit);
    if (is_traced && done > 0) {
      for (Tracer* tracer : tracers)
        if (tracer) tracer->After(*this);
    }
    if (done == 0) holds_interrupts_ = is_held;
    Advance(done, true, config);
    turn.clocks += done;
    turn.instructions += done;
    has_worked_ = true;
    if (ends_turn_) break;
    if (done == 0 && is_blocked_) {
      turn.is_blocked = true;
      break;
    }
  }
  ends_turn_ = false;
  turn.has_woken = std::exchange(has_woken_, false);
  return turn;
}

uint32_t Core::Peek(uint32_t pc) {
  uint16_t low = 0;
  uint16_t high = 0;
  if (mesh_->Fetch(*this, pc, &low) != Access::kDone) return 0;
  if (Decode(low).length == 2 || mesh_->Fetch(*this, pc + 2, &high) != Access::kDone) return low;
  return low | uint32_t{high} << 16;
}

bool Core::Step(Profile profile) {
  auto& debug_status = registers_.at(reg::kDebugStatus);
  if (!(debug_status.load() & debug::kHalted)) return false;
  debug_status.fetch_and(~debug::kHalted);
  halt_.store(0);
  is_stepping_ = true;
  const Turn turn = is_running() ? Run(1, profile, false, {}) : Turn{};
  is_stepping_ = false;
  debug_status.fetch_or(debug::kHalted);
  return turn.instructions == 1;
}

void Core::Save(uint32_t* words) const {
  for (uint32_t i = 0; i < CoreRegisters::kWords; ++i) *words++ = registers_.Get(4 * i);
  *words++ = static_cast<uint32_t>(clock_);
  *words++ = static_cast<uint32_t>(clock_ >> 32);
  *words++ = holds_interrupts_;
  *words++ = halt_.load();
  barrier_.Save(words);
  words += BarrierWatch::kStateWords;
  signals_.Save(words);
  words += DelayLine::kStateWords;
  for (const DmaChannel& channel : dma_) {
    channel.Save(words);
    words += DmaChannel::kStateWords;
  }
}

void Core::Restore(const uint32_t* words) {
  for (uint32_t i = 0; i < CoreRegisters::kWords; ++i) registers_.RestoreRaw(i, *words++);
  clock_ = words[0] | uint64_t{words[1]} << 32;
  holds_interrupts_ = words[2] & 1;
  halt_.store(words[3] & kHaltMask);
  words += 4;
  barrier_.Restore(words);
  words += BarrierWatch::kStateWords;
  signals_.Restore(words);
  words += DelayLine::kStateWords;
  for (DmaChannel& channel : dma_) {
    channel.Restore(words);
    words += DmaChannel::kStateWords;
  }
  CallAttention();
}

}  // namespace chip
