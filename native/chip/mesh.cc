// SPDX-License-Identifier: MIT
#include "chip/mesh.h"

#include <new>

#include "chip/memory.h"

namespace chip {
namespace {

constexpr unsigned kWordSize = 2;
constexpr unsigned kDoubleSize = 3;
constexpr uint32_t kLocalMask = 0xfffff;

// MESHCONFIG: whether a signal stops at this core instead of going on in a direction.
constexpr uint32_t kWestEdge = 1u << 12;
constexpr uint32_t kEastEdge = 1u << 13;
constexpr uint32_t kNorthEdge = 1u << 14;
constexpr uint32_t kSouthEdge = 1u << 15;

// MEMPROTECT of Epiphany-IV, above the bits of the pages.
constexpr uint32_t kNoExternalReads = 1u << 10;
constexpr uint32_t kNoExternalRegisterWrites = 1u << 11;
constexpr uint32_t kNoExternalWrites = 1u << 12;
constexpr uint32_t kNoWritesOnChip = 1u << 13;
constexpr uint32_t kNoWritesOffChip = 1u << 14;
constexpr uint32_t kExceptionEnable = 1u << 15;
// MEMSTATUS: which of them was touched.
constexpr uint32_t kPageBreach = 1u << 2;
constexpr uint32_t kReadBreach = 1u << 10;
constexpr uint32_t kWriteBreach = 1u << 11;
constexpr uint32_t kOnChipBreach = 1u << 12;
constexpr uint32_t kOffChipBreach = 1u << 13;

bool IsRegister(uint32_t local) {
  return local >= kRegistersBase && local < kRegistersBase + kRegistersBytes;
}

// A core has touched a place that is protected by itself or by another core. Epiphany-III has no bit that
// would have to allow the interrupt.
void Breach(Core& from, Core& core, Generation generation, uint32_t which) {
  CoreRegisters& registers = core.registers();
  registers.at(reg::kMemStatus).fetch_or(which);
  if (generation == Generation::kEpiphany4 && !(registers.Get(reg::kMemProtect) & kExceptionEnable)) return;
  core.Latch(interrupt::kMemoryFault);
  if (&from != &core) from.EndTurn(true);
}

// Of either channel of DMA.
bool IsDma(uint32_t offset, uint32_t which) {
  return (offset & ~(reg::kDma0 ^ reg::kDma1)) == reg::kDma0 + which;
}

// Whether a store of another core may give a core something to do.
bool SetsToWork(uint32_t offset) {
  return offset < reg::kDma0 || IsDma(offset, 0) || IsDma(offset, dma::kAuto0);
}

}  // namespace

bool Mesh::Construct(unsigned char* sram) {
  cores_.reset(new (std::nothrow) Core[cores()]);
  if (!cores_) return false;
  for (unsigned i = 0; i < cores(); ++i) {
    const unsigned id = model_.origin + CoreIdAt(i / model_.columns, i % model_.columns);
    cores_[i].Construct(model_, i, id, sram + size_t{i} * kSramBytes, this);
  }
  return true;
}

Core* Mesh::CoreById(unsigned id) {
  const unsigned row = (id >> 6) - (model_.origin >> 6);
  const unsigned column = (id & 0x3f) - (model_.origin & 0x3f);
  return row < model_.rows && column < model_.columns ? &cores_[row * model_.columns + column] : nullptr;
}

// Packets go along the row first, so whatever is not in one of the chip's columns leaves by its east or its
// west side; a Parallella has its host at the east link, and nothing that answers at the others.
bool Mesh::GoesToHost(uint32_t address) const {
  return (address >> 20 & 0x3f) >= (model_.origin & 0x3fu) + model_.columns;
}

unsigned char* Mesh::DramAt(uint32_t address) const {
  uint32_t host_address;
  if (!GoesToHost(address) || !elink_->Route(address, &host_address)) return nullptr;
  const uint32_t offset = host_address - kDramHostAddress;
  return offset < kDramBytes ? dram_ + offset : nullptr;
}

Access Mesh::Load(Core& from, uint32_t address, unsigned size, uint64_t* value) {
  const uint32_t local = address & kLocalMask;
  Core* const to = address >> 20 == 0 ? &from : CoreById(address >> 20);
  *value = 0;
  if (!to) {
    // The eLink's own registers can be read by the host only.
    const unsigned char* at = address >> 20 == kElinkId ? nullptr : DramAt(address);
    if (!at) return Access::kNever;
    *value = LoadMemory(at, size);
    return Access::kDone;
  }
  if (to != &from && (to->registers().Get(reg::kMemProtect) & kNoExternalReads)) {
    Breach(from, *to, model_.generation, kReadBreach);
    return Access::kDone;
  }
  if (local < kSramBytes) {
    *value = LoadMemory(to->sram() + local, size);
    return Access::kDone;
  }
  // Registers are words; where there is nothing, there is zero.
  if (!IsRegister(local) || size < kWordSize) return Access::kDone;
  if (to != &from && !to->ClaimSoon()) return Access::kLater;
  *value = to->LoadRegister(local - kRegistersBase);
  if (size == kDoubleSize) *value |= uint64_t{to->LoadRegister(local + 4 - kRegistersBase)} << 32;
  if (to != &from) to->Release();
  return Access::kDone;
}

Access Mesh::Fetch(Core& from, uint32_t address, uint16_t* bits) {
  const Core* to = address >> 20 == 0 ? &from : CoreById(address >> 20);
  if (to && (address & kLocalMask) >= kSramBytes) return Access::kIllegal;
  uint64_t value;
  const Access access = Load(from, address, 1, &value);
  *bits = static_cast<uint16_t>(value);
  return access;
}

bool Mesh::IsProtected(Core& from, Core& to, uint32_t local) {
  const uint32_t own = from.registers().Get(reg::kMemProtect);
  const uint32_t theirs = to.registers().Get(reg::kMemProtect);
  if ((own | theirs) == 0) return false;
  if (&from != &to) {
    if (own & kNoWritesOnChip) {
      Breach(from, from, model_.generation, kOnChipBreach);
      return true;
    }
    if (theirs & (IsRegister(local) ? kNoExternalRegisterWrites : kNoExternalWrites)) {
      Breach(from, to, model_.generation, kWriteBreach);
      return true;
    }
  }
  if (local >= kSramBytes || !(theirs >> (local >> 12) & 1)) return false;
  Breach(from, to, model_.generation, kPageBreach);
  return true;
}

Access Mesh::StoreCore(Core& from, Core& to, uint32_t local, unsigned size, uint64_t value, bool is_message) {
  if (IsProtected(from, to, local)) return Access::kDone;
  if (local < kSramBytes) {
    StoreMemory(to.sram() + local, value, size);
  } else if (IsRegister(local)) {
    const uint32_t offset = local - kRegistersBase;
    const bool is_own = &to == &from;
    if (size < kWordSize && !IsDma(offset, dma::kAuto0)) return Access::kDone;
    if (offset == reg::kIlatSet && !is_own) {  // the usual way to wake another core
      to.Latch(static_cast<uint32_t>(value));
    } else {
      if (!is_own && !to.ClaimSoon()) return Access::kLater;
      // The upper word first: of AUTO0 and AUTO1, the lower one sets off the transfer.
      if (size == kDoubleSize) to.StoreRegister(offset + 4, static_cast<uint32_t>(value >> 32), is_own);
      to.StoreRegister(offset, static_cast<uint32_t>(value), is_own);
      if (!is_own) to.Release();
    }
    if (!is_own && (SetsToWork(offset) || (size == kDoubleSize && SetsToWork(offset + 4))))
      from.EndTurn(true);
  }
  if (is_message) {
    to.Latch(interrupt::kMessage);
    from.EndTurn(true);
  }
  return Access::kDone;
}

Access Mesh::Store(Core& from, uint32_t address, unsigned size, uint64_t value, bool is_message) {
  const uint32_t local = address & kLocalMask;
  Core* const to = address >> 20 == 0 ? &from : CoreById(address >> 20);
  if (to) return StoreCore(from, *to, local, size, value, is_message);
  if (from.registers().Get(reg::kMemProtect) & kNoWritesOffChip) {
    Breach(from, from, model_.generation, kOffChipBreach);
    return Access::kDone;
  }
  if (address >> 20 == kElinkId) {
    if (local != Elink::kMailboxLow || size < kWordSize) return Access::kDone;
    if (elink_->is_congested()) return Access::kLater;
    Elink::Effect effect;
    elink_->Push(static_cast<uint32_t>(value), static_cast<uint32_t>(value >> 32), &effect);
    if (effect != Elink::Effect::kNone) {
      outbox_.Post({Event::Kind::kInterruptLine, 0, 1});
      from.EndTurn();  // so that the host hears of it before more is sent
    }
    return Access::kDone;
  }
  unsigned char* at = DramAt(address);
  if (!at) return Access::kNever;
  if (elink_->is_congested()) return Access::kLater;
  StoreMemory(at, value, size);
  return Access::kDone;
}

Access Mesh::TestAndSet(Core& from, uint32_t address, uint32_t value, uint32_t* old) {
  Core* const to = CoreById(address >> 20);
  const uint32_t local = address & kLocalMask;
  if (!to || local >= kSramBytes) return Access::kIllegal;
  *old = 0;
  auto* at = reinterpret_cast<uint32_t*>(to->sram() + local);
  if (IsProtected(from, *to, local)) {
    *old = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    return Access::kDone;
  }
  __atomic_compare_exchange_n(at, old, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  return Access::kDone;
}

void Mesh::Multicast(Core& from, uint32_t address, unsigned size, uint64_t value) {
  ForEach(RegionOf(from), [&](Core& to) {
    if (to.registers().Get(reg::kMulticast) != address >> 20) return;
    const uint32_t local = address & kLocalMask;
    // One that is busy misses a store to its registers; memory is always there.
    StoreCore(from, to, local, size, value, false);
  });
}

Mesh::Region Mesh::RegionOf(Core& from) {
  const unsigned row = from.index() / model_.columns;
  const unsigned column = from.index() % model_.columns;
  const auto is_edge = [this](unsigned at_row, unsigned at_column, uint32_t edge) {
    return (core(at_row * model_.columns + at_column).registers().Get(reg::kMeshConfig) & edge) != 0;
  };
  Region region = {row, row, column, column};
  while (region.first_row > 0 && !is_edge(region.first_row, column, kNorthEdge)) --region.first_row;
  while (region.last_row < model_.rows - 1u && !is_edge(region.last_row, column, kSouthEdge))
    ++region.last_row;
  while (region.first_column > 0 && !is_edge(row, region.first_column, kWestEdge)) --region.first_column;
  while (region.last_column < model_.columns - 1u && !is_edge(row, region.last_column, kEastEdge))
    ++region.last_column;
  return region;
}

template <typename Use>
void Mesh::ForEach(const Region& region, Use use) {
  for (unsigned row = region.first_row; row <= region.last_row; ++row) {
    for (unsigned column = region.first_column; column <= region.last_column; ++column)
      use(core(row * model_.columns + column));
  }
}

void Mesh::Wand(Core& from) {
  const Region region = RegionOf(from);
  uint64_t all = 0;
  ForEach(region, [&](Core& to) { all |= uint64_t{1} << to.index(); });
  uint64_t flags = wand_.fetch_or(uint64_t{1} << from.index()) | uint64_t{1} << from.index();
  // The one who takes the flags back raises the interrupt, so it is raised once.
  do {
    if ((flags & all) != all) return;
  } while (!wand_.compare_exchange_weak(flags, flags & ~all));
  ForEach(region, [&](Core& to) { to.Signal(signal::kWand, from.profile()); });
  from.EndTurn(true);
}

void Mesh::Sync(Core& from) {
  ForEach(RegionOf(from), [&](Core& to) { to.Signal(signal::kSync, from.profile()); });
  from.EndTurn(true);
}

void Mesh::HaltAll(Core& from) {
  ForEach(RegionOf(from), [&](Core& to) {
    if (&to != &from) to.Signal(signal::kHalt, from.profile());
  });
  from.HaltBy(Halt::kMulticoreBreakpoint);  // it is a breakpoint to the core that has come to it
}

}  // namespace chip
