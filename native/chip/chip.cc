// SPDX-License-Identifier: MIT
#include "chip/chip.h"

#include <algorithm>
#include <new>
#include <thread>
#include <utility>

#include "chip/memory.h"

namespace chip {
namespace {

constexpr uint32_t kStateMagic = 0x34504945;  // "EIP4"
constexpr size_t kHeaderWords = 9;
// So that a run can be stopped at once, however long its quanta are.
constexpr uint32_t kLongestShare = 0x10000;

// The logarithm of an access's width.
unsigned SizeOf(unsigned bytes) {
  return bytes >> 1;  // of 1, 2 and 4
}

bool IsAligned(uint32_t address, unsigned bytes) {
  return (bytes == 1 || bytes == 2 || bytes == 4) && address % bytes == 0;
}

// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (SplitMix64), 2014.
uint64_t Random(uint64_t* state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

}  // namespace

std::unique_ptr<Chip> Chip::Create(const Model& model, Memory memory, EventSink* sink) noexcept {
  std::unique_ptr<Chip> chip(new (std::nothrow) Chip(model, memory, sink));
  if (!chip || !chip->mesh_.Construct(memory.sram)) return nullptr;
  return chip;
}

Chip::Chip(const Model& model, Memory memory, EventSink* sink) noexcept
    : model_(model), sink_(sink), mesh_(model, memory.dram, &elink_) {}

Loaded Chip::Load(uint32_t address, unsigned bytes) noexcept {
  if (!IsAligned(address, bytes)) return kBadAccess;
  const uint32_t local = address & 0xfffff;
  if (address >> 20 == kElinkId) {
    if (bytes != 4) return kBadAccess;
    Elink::Effect effect;
    const Loaded loaded = elink_.Load(local, &effect);
    React(effect);
    if (local == Elink::kMailboxLow) mesh_.doorbell().Ring();  // cores may wait for room in it
    return loaded;
  }
  Core* const core = mesh_.CoreById(address >> 20);
  if (!core || !elink_.Transmit(address)) return kNoAnswer;
  return LoadCore(*core, local, bytes);
}

Loaded Chip::LoadCore(Core& core, uint32_t local, unsigned bytes) noexcept {
  if (local < kSramBytes)
    return {static_cast<uint32_t>(LoadMemory(core.sram() + local, SizeOf(bytes))), Bus::kOk};
  if (local < kRegistersBase || local >= kRegistersBase + kRegistersBytes) return kNoAnswer;
  if (bytes != 4) return kBadAccess;
  core.Claim();
  const uint32_t value = core.LoadRegister(local - kRegistersBase);
  core.Release();
  return {value, Bus::kOk};
}

Bus Chip::Store(uint32_t address, uint32_t value, unsigned bytes) noexcept {
  if (!IsAligned(address, bytes)) return Bus::kBadAccess;
  const uint32_t local = address & 0xfffff;
  if (address >> 20 == kElinkId) {
    if (bytes != 4) return Bus::kBadAccess;
    Elink::Effect effect;
    const Bus bus = elink_.Store(local, value, &effect);
    React(effect);
    return bus;
  }
  // Stores are posted: the host never learns that one went nowhere.
  Core* const core = mesh_.CoreById(address >> 20);
  if (!core || !elink_.Transmit(address)) return Bus::kOk;
  return StoreCore(*core, local, value, bytes);
}

Bus Chip::StoreCore(Core& core, uint32_t local, uint32_t value, unsigned bytes) noexcept {
  if (local < kSramBytes) {
    StoreMemory(core.sram() + local, value, SizeOf(bytes));
    return Bus::kOk;
  }
  if (local < kRegistersBase || local >= kRegistersBase + kRegistersBytes) return Bus::kOk;
  if (bytes != 4) return Bus::kBadAccess;
  core.Claim();
  core.StoreRegister(local - kRegistersBase, value);
  core.Release();
  Deliver();
  return Bus::kOk;
}

Chip::Turn Chip::RunCore(unsigned index, uint64_t clocks) noexcept {
  Core& core = mesh_.core(index);
  if (core.is_asleep()) return {};
  Turn turn = {};
  turn.is_contended = true;
  if (core.is_wanted() || !core.TryClaim()) return turn;
  turn = core.Run(clocks, profile_.load(std::memory_order_relaxed), counting_.load(std::memory_order_relaxed),
                  {is_strict_ ? &strict_ : nullptr, tracer_});
  core.Release();
  Deliver();
  return turn;
}

// The core whose turn it is. The order is another one in each round, and follows from seed and round alone.
unsigned Chip::CoreAtPosition(uint64_t seed) noexcept {
  if (order_round_ != place_.round || order_seed_ != seed) {
    uint64_t state = seed;
    state = Random(&state) + place_.round;
    for (unsigned i = 0; i < model_.cores(); ++i) {
      const auto other = static_cast<unsigned>(Random(&state) % (i + 1));
      order_[i] = order_[other];
      order_[other] = static_cast<uint8_t>(i);
    }
    order_round_ = place_.round;
    order_seed_ = seed;
  }
  return order_[place_.position];
}

RunResult Chip::Run(const RunRequest& request) noexcept {
  const uint32_t quantum = std::max(request.quantum, 1u);
  RunResult result = {0, RunResult::Stop::kInstructions};
  uint64_t left = request.instructions;
  bool is_blocked = false;
  bool has_executed = false;  // in this round, and so below
  bool has_waited = false;
  unsigned quiet = 0;  // turns in a row in which nothing happened
  Place before_quiet;
  const uint64_t halts = mesh_.halts();
  while (left > 0) {
    if (quiet == 0) before_quiet = place_;
    if (request.stop && request.stop->load(std::memory_order_relaxed)) {
      result.stop = RunResult::Stop::kStopped;
      break;
    }
    if (request.until_halt && mesh_.halts() != halts) {
      result.stop = RunResult::Stop::kHalted;
      break;
    }
    const uint32_t share = std::min(quantum - std::min(place_.used, quantum), kLongestShare);
    const Turn turn = RunCore(CoreAtPosition(request.seed), std::min<uint64_t>(share, left));
    if (turn.is_contended) std::this_thread::yield();
    result.instructions += turn.instructions;
    left -= turn.instructions;
    place_.used += static_cast<uint32_t>(turn.clocks);
    has_executed |= turn.instructions > 0;
    has_waited |= turn.clocks > 0;
    is_blocked |= turn.is_blocked;
    quiet = turn.clocks > 0 || turn.is_contended ? 0 : quiet + 1;
    // A turn that was cut short by the end of this call goes on in the next one.
    if (left == 0 && place_.used < quantum) break;
    if (turn.is_contended || (turn.clocks > 0 && place_.used < quantum && !turn.is_blocked)) continue;
    place_.used = 0;
    if (++place_.position == model_.cores()) {
      place_.position = 0;
      ++place_.round;
      // Cores that only wait for their timers or their DMA use up the budget, too: there may be no end to it.
      if (!has_executed && has_waited) left -= std::min<uint64_t>(left, quantum);
      has_executed = has_waited = false;
    }
    if (quiet >= 2 * model_.cores()) {  // the order changes, so a core can be last once and then first
      result.stop = is_blocked ? RunResult::Stop::kBlocked : RunResult::Stop::kAllIdle;
      place_ = before_quiet;  // or what comes next would depend on how often somebody has looked
      break;
    }
    if (quiet == 0) is_blocked = false;
  }
  return result;
}

void Chip::SetStrict(bool strict, bool fill) noexcept {
  is_strict_ = strict;
  if (!strict || !fill) return;
  for (unsigned i = 0; i < model_.cores(); ++i) mesh_.core(i).FillSram(resets_);
}

void Chip::ReportRest() noexcept {
  mesh_.outbox().Post({Event::Kind::kCoresRest, 0, 0});
  Deliver();
}

template <typename Answer, typename Ask>
Answer Chip::Claimed(unsigned core_id, Answer missing, Ask ask) noexcept {
  Core* const core = mesh_.CoreById(core_id);
  if (!core) return missing;
  core->Claim();
  const Answer answer = ask(*core);
  core->Release();
  return answer;
}

bool Chip::Step(unsigned core_id) noexcept {
  const Profile profile = profile_.load(std::memory_order_relaxed);
  const bool stepped = Claimed(core_id, false, [profile](Core& core) { return core.Step(profile); });
  Deliver();
  return stepped;
}

bool Chip::awaits_signal(unsigned core_id) noexcept {
  return Claimed(core_id, false, [](Core& core) { return core.awaits_signal(); });
}

int Chip::trap(unsigned core_id) noexcept {
  return Claimed(core_id, -1, [](Core& core) { return core.trap(); });
}

bool Chip::is_in_barrier(unsigned core_id) noexcept {
  return Claimed(core_id, false,
                 [this](Core& core) { return mesh_.AwaitsOthers(core) || core.barrier().has_missed(); });
}

Counters Chip::counters(unsigned core_id) noexcept {
  return Claimed(core_id, Counters{}, [](Core& core) { return core.counters(); });
}

bool Chip::PushMailbox(uint32_t low, uint32_t high) noexcept {
  Elink::Effect effect;
  const bool accepted = elink_.Push(low, high, &effect);
  React(effect);
  return accepted;
}

bool Chip::PopMailbox(uint32_t* low, uint32_t* high) noexcept {
  if (!elink_.Pop(low, high)) return false;
  mesh_.doorbell().Ring();  // cores may wait for room in it
  return true;
}

bool Chip::Interrupt(unsigned core_id, uint32_t latched) noexcept {
  Core* const core = mesh_.CoreById(core_id);
  if (core) core->Latch(latched);
  return core != nullptr;
}

bool Chip::Inject(Fault fault, unsigned core_id, bool on) noexcept {
  if (fault == Fault::kDeadLink) {
    React(elink_.SetDead(on));
    return true;
  }
  if (fault == Fault::kNoPower) {
    React(elink_.SetPowered(!on));
    if (on) ResetChip();
    return true;
  }
  Core* const core = mesh_.CoreById(core_id);
  if (core) core->SetLoadPending(on);
  return core != nullptr;
}

void Chip::React(Elink::Effect effect) noexcept {
  if (effect == Elink::Effect::kNone) return;
  if (effect == Elink::Effect::kChipReset) {
    ResetChip();
    mesh_.outbox().Post({Event::Kind::kChipReset, 0, 0});
  }
  mesh_.outbox().Post({Event::Kind::kInterruptLine, 0, elink_.interrupt_line()});
  Deliver();
}

// All at once: no core that still runs stores to another that has been reset already.
void Chip::ResetChip() noexcept {
  const auto each = [this](auto use) {
    for (unsigned i = 0; i < model_.cores(); ++i) use(mesh_.core(i));
  };
  each([](Core& core) { core.Claim(); });
  ++resets_;
  strict_.SetResets(resets_);
  each([this](Core& core) {
    core.ResetByChip(resets_);
    strict_.Forget(core);
  });
  each([](Core& core) { core.Release(); });
}

size_t Chip::state_words() const noexcept {
  return kHeaderWords + Elink::kStateWords + size_t{model_.cores()} * Core::kStateWords;
}

void Chip::Save(uint32_t* words) const noexcept {
  const auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  const uint64_t wand = mesh_.wand();
  for (const uint32_t word : {kStateMagic, uint32_t{model_.type}, low(place_.round), low(place_.round >> 32),
                              place_.position, place_.used, low(wand), low(wand >> 32), resets_})
    *words++ = word;
  elink_.Save(words);
  words += Elink::kStateWords;
  for (unsigned i = 0; i < model_.cores(); ++i, words += Core::kStateWords) mesh_.core(i).Save(words);
}

bool Chip::Restore(const uint32_t* words, size_t count) noexcept {
  if (count != state_words() || words[0] != kStateMagic || words[1] != model_.type) return false;
  const uint32_t* const header = words;
  words += kHeaderWords;
  if (header[4] >= model_.cores() || !elink_.Restore(words)) return false;
  words += Elink::kStateWords;
  place_.round = header[2] | uint64_t{header[3]} << 32;
  place_.position = header[4];
  place_.used = header[5];
  mesh_.set_wand(header[6] | uint64_t{header[7]} << 32);
  resets_ = header[8];
  strict_.SetResets(resets_);
  for (unsigned i = 0; i < model_.cores(); ++i, words += Core::kStateWords) {
    Core& core = mesh_.core(i);
    core.Claim();
    core.Restore(words);
    core.Release();
  }
  React(Elink::Effect::kLineChanged);  // a listener must hear of messages that the state brought with it
  return true;
}

}  // namespace chip
