// SPDX-License-Identifier: MIT
#include "chip/chip.h"

namespace chip {
namespace {

constexpr uint32_t kStateMagic = 0x31504945;  // "EIP1"
constexpr size_t kHeaderWords = 2;

bool IsAligned(uint32_t address, unsigned bytes) {
  return (bytes == 1 || bytes == 2 || bytes == 4) && address % bytes == 0;
}

// Others reach the same memory at the same time, so each access is one relaxed atomic of its width.
template <typename Unit>
uint32_t LoadUnit(const unsigned char* at) {
  return __atomic_load_n(reinterpret_cast<const Unit*>(at), __ATOMIC_RELAXED);
}

template <typename Unit>
void StoreUnit(unsigned char* at, uint32_t value) {
  __atomic_store_n(reinterpret_cast<Unit*>(at), static_cast<Unit>(value), __ATOMIC_RELAXED);
}

uint32_t LoadMemory(const unsigned char* at, unsigned bytes) {
  return bytes == 4 ? LoadUnit<uint32_t>(at) : bytes == 2 ? LoadUnit<uint16_t>(at) : LoadUnit<uint8_t>(at);
}

void StoreMemory(unsigned char* at, uint32_t value, unsigned bytes) {
  if (bytes == 4) return StoreUnit<uint32_t>(at, value);
  if (bytes == 2) return StoreUnit<uint16_t>(at, value);
  StoreUnit<uint8_t>(at, value);
}

}  // namespace

Chip::Chip(const Model& model, Memory memory, EventSink* sink) noexcept
    : model_(model), memory_(memory), sink_(sink) {
  for (unsigned i = 0; i < model_.cores(); ++i) cores_[i].Construct(model_, CoreId(i));
}

int Chip::CoreIndex(unsigned id) const noexcept {
  const unsigned row = (id >> 6) - (model_.origin >> 6);
  const unsigned column = (id & 0x3f) - (model_.origin & 0x3f);
  return row < model_.rows && column < model_.columns ? static_cast<int>(row * model_.columns + column) : -1;
}

unsigned Chip::CoreId(unsigned index) const noexcept {
  return model_.origin + CoreIdAt(index / model_.columns, index % model_.columns);
}

Loaded Chip::Load(uint32_t address, unsigned bytes) noexcept {
  if (!IsAligned(address, bytes)) return kBadAccess;
  const uint32_t local = address & 0xfffff;
  if (address >> 20 == kElinkId) {
    if (bytes != 4) return kBadAccess;
    Elink::Effect effect;
    const Loaded loaded = elink_.Load(local, &effect);
    React(effect);
    return loaded;
  }
  const int index = CoreIndex(address >> 20);
  if (index < 0 || !elink_.Transmit(address)) return kNoAnswer;
  return LoadCore(static_cast<unsigned>(index), local, bytes);
}

Loaded Chip::LoadCore(unsigned index, uint32_t local, unsigned bytes) noexcept {
  if (local < kSramBytes) return {LoadMemory(memory_.sram + index * kSramBytes + local, bytes), Bus::kOk};
  if (local < kRegistersBase || local >= kRegistersBase + kRegistersBytes) return kNoAnswer;
  if (bytes != 4) return kBadAccess;
  return {cores_[index].Load(local - kRegistersBase), Bus::kOk};
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
  const int index = CoreIndex(address >> 20);
  if (index < 0 || !elink_.Transmit(address)) return Bus::kOk;
  return StoreCore(static_cast<unsigned>(index), local, value, bytes);
}

Bus Chip::StoreCore(unsigned index, uint32_t local, uint32_t value, unsigned bytes) noexcept {
  if (local < kSramBytes) {
    StoreMemory(memory_.sram + index * kSramBytes + local, value, bytes);
    return Bus::kOk;
  }
  if (local < kRegistersBase || local >= kRegistersBase + kRegistersBytes) return Bus::kOk;
  if (bytes != 4) return Bus::kBadAccess;
  switch (cores_[index].Store(local - kRegistersBase, value)) {
    case StoreEffect::kNone:
      break;
    case StoreEffect::kHalted:
      Emit(Event::Kind::kCoreHalted, CoreId(index), 0);
      break;
    case StoreEffect::kResumed:
      Emit(Event::Kind::kCoreResumed, CoreId(index), 0);
      break;
    case StoreEffect::kReset:
      Emit(Event::Kind::kCoreReset, CoreId(index), 0);
      break;
  }
  return Bus::kOk;
}

RunResult Chip::Run(const RunRequest&) noexcept {
  return {0, RunResult::Stop::kAllIdle};
}

bool Chip::PushMailbox(uint32_t low, uint32_t high) noexcept {
  Elink::Effect effect;
  const bool accepted = elink_.Push(low, high, &effect);
  React(effect);
  return accepted;
}

bool Chip::Interrupt(unsigned core_id, uint32_t latched) noexcept {
  const int index = CoreIndex(core_id);
  if (index >= 0) cores_[static_cast<unsigned>(index)].Interrupt(latched);
  return index >= 0;
}

bool Chip::Inject(Fault fault, unsigned core_id, bool on) noexcept {
  if (fault == Fault::kDeadLink) {
    elink_.SetDead(on);
    return true;
  }
  const int index = CoreIndex(core_id);
  if (index >= 0) cores_[static_cast<unsigned>(index)].SetLoadPending(on);
  return index >= 0;
}

void Chip::Emit(Event::Kind kind, unsigned core, uint32_t value) noexcept {
  if (sink_) sink_->OnEvent({kind, static_cast<uint16_t>(core), value});
}

void Chip::React(Elink::Effect effect) noexcept {
  if (effect == Elink::Effect::kNone) return;
  if (effect == Elink::Effect::kChipReset) {
    ResetChip();
    Emit(Event::Kind::kChipReset, 0, 0);
  }
  Emit(Event::Kind::kInterruptLine, 0, elink_.interrupt_line());
}

void Chip::ResetChip() noexcept {
  for (unsigned i = 0; i < model_.cores(); ++i) {
    cores_[i].SetLoadPending(false);
    cores_[i].Reset();
  }
}

size_t Chip::state_words() const noexcept {
  return kHeaderWords + Elink::kStateWords + size_t{model_.cores()} * CoreRegisters::kWords;
}

void Chip::Save(uint32_t* words) const noexcept {
  *words++ = kStateMagic;
  *words++ = model_.type;
  elink_.Save(words);
  words += Elink::kStateWords;
  for (unsigned core = 0; core < model_.cores(); ++core) {
    for (uint32_t i = 0; i < CoreRegisters::kWords; ++i) *words++ = cores_[core].Raw(i);
  }
}

bool Chip::Restore(const uint32_t* words, size_t count) noexcept {
  if (count != state_words() || words[0] != kStateMagic || words[1] != model_.type) return false;
  words += kHeaderWords;
  if (!elink_.Restore(words)) return false;
  words += Elink::kStateWords;
  for (unsigned core = 0; core < model_.cores(); ++core) {
    for (uint32_t i = 0; i < CoreRegisters::kWords; ++i) cores_[core].RestoreRaw(i, *words++);
  }
  React(Elink::Effect::kLineChanged);  // whoever listens must hear of messages that the state brought with it
  return true;
}

}  // namespace chip
