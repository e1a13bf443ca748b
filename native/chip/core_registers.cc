// SPDX-License-Identifier: MIT
#include "chip/core_registers.h"

#include "chip/bus.h"

namespace chip {
namespace {

enum class Kind : uint8_t { kStorage, kReadOnly, kWriteOnly };
// Which cores have the register.
enum class Where : uint8_t { kAll, kEpiphany4, kLinkCores };
enum class OnReset : uint8_t { kZero, kKeep };

struct Row {
  uint32_t first, last;  // offsets
  uint32_t mask;         // bits that a store changes; the others keep what they hold
  Kind kind = Kind::kStorage;
  OnReset on_reset = OnReset::kZero;
  Where where = Where::kAll;
};

constexpr uint32_t kAllBits = 0xffffffff;

// Offsets that are in no row read zero and ignore stores: IAB and MEMCONFIG among them.
constexpr Row kRows[] = {
    {0x000, 0x0fc, kAllBits, Kind::kStorage, OnReset::kKeep},                       // R0–R63
    {0x300, 0x30c, kAllBits, Kind::kStorage, OnReset::kZero, Where::kLinkCores},    // LINKCFG … GPIOCFG
    {0x318, 0x328, kAllBits, Kind::kStorage, OnReset::kZero, Where::kLinkCores},    // FLAGCFG … LINKDEBUG
    {0x400, 0x400, kAllBits},                                                       // CONFIG
    {0x404, 0x404, 0xfffff7f8},                                                     // STATUS
    {0x408, 0x408, kAllBits},                                                       // PC
    {0x40c, 0x40c, 0, Kind::kReadOnly},                                             // DEBUGSTATUS
    {0x414, 0x420, kAllBits},                                                       // LC, LS, LE, IRET
    {0x424, 0x428, kInterruptMask},                                                 // IMASK, ILAT
    {0x42c, 0x430, 0, Kind::kWriteOnly},                                            // ILATST, ILATCL
    {0x434, 0x434, kInterruptMask},                                                 // IPEND
    {0x438, 0x43c, kAllBits},                                                       // CTIMER0, CTIMER1
    {0x440, 0x440, 0, Kind::kWriteOnly},                                            // FSTATUS
    {0x448, 0x448, 0, Kind::kWriteOnly},                                            // DEBUGCMD
    {0x500, 0x500, kAllBits},                                                       // DMA0CONFIG
    {0x504, 0x504, kAllBits, Kind::kStorage, OnReset::kKeep},                       // DMA0STRIDE
    {0x508, 0x508, kAllBits},                                                       // DMA0COUNT
    {0x50c, 0x518, kAllBits, Kind::kStorage, OnReset::kKeep},                       // DMA0SRCADDR … AUTO1
    {0x51c, 0x51c, 0xffff0000},                                                     // DMA0STATUS
    {0x520, 0x520, kAllBits},                                                       // DMA1CONFIG
    {0x524, 0x524, kAllBits, Kind::kStorage, OnReset::kKeep},                       // DMA1STRIDE
    {0x528, 0x528, kAllBits},                                                       // DMA1COUNT
    {0x52c, 0x538, kAllBits, Kind::kStorage, OnReset::kKeep},                       // DMA1SRCADDR … AUTO1
    {0x53c, 0x53c, 0xffff0000},                                                     // DMA1STATUS
    {0x604, 0x604, 0x00000004},                                                     // MEMSTATUS
    {0x604, 0x604, 0x00003c04, Kind::kStorage, OnReset::kZero, Where::kEpiphany4},  // MEMSTATUS
    {0x608, 0x608, 0x000000ff},                                                     // MEMPROTECT
    {0x608, 0x608, 0x0000fcff, Kind::kStorage, OnReset::kZero, Where::kEpiphany4},  // MEMPROTECT
    {0x700, 0x700, 0x0000ffff},                                                     // MESHCONFIG
    {0x704, 0x704, 0, Kind::kReadOnly, OnReset::kKeep},                             // COREID
    {0x708, 0x708, 0x00000fff},                                                     // MULTICAST
    {0x70c, 0x70c, 0x00000001, Kind::kWriteOnly},                                   // RESETCORE
    {0x710, 0x718, 0x00000fff, Kind::kStorage, OnReset::kZero, Where::kEpiphany4},  // C-, X-, RMESHROUTE
};

// For each word of the page: one more than the index of its row, 0 for none. The last row that fits wins.
using RowIndex = std::array<uint8_t, CoreRegisters::kWords>;

constexpr RowIndex IndexRows(bool epiphany4, bool link_core) {
  RowIndex index{};
  uint8_t number = 0;
  for (const Row& row : kRows) {
    ++number;
    if (row.where == Where::kEpiphany4 && !epiphany4) continue;
    if (row.where == Where::kLinkCores && !link_core) continue;
    for (uint32_t offset = row.first; offset <= row.last; offset += 4) index[offset / 4] = number;
  }
  return index;
}

constexpr RowIndex kIndex[2][2] = {{IndexRows(false, false), IndexRows(false, true)},
                                   {IndexRows(true, false), IndexRows(true, true)}};

const Row* RowAt(Generation generation, bool is_link_core, uint32_t offset) {
  if (offset / 4 >= CoreRegisters::kWords) return nullptr;
  const uint8_t number = kIndex[generation == Generation::kEpiphany4][is_link_core][offset / 4];
  return number ? &kRows[number - 1] : nullptr;
}

}  // namespace

void CoreRegisters::Construct(const Model& model, unsigned id) {
  generation_ = model.generation;
  is_link_core_ = false;
  for (const unsigned link : model.link_cores) is_link_core_ |= model.origin + link == id;
  for (auto& word : words_) word.store(0, std::memory_order_relaxed);
  words_[reg::kCoreId / 4].store(id, std::memory_order_relaxed);
}

uint32_t CoreRegisters::Load(uint32_t offset) const {
  const Row* row = RowAt(generation_, is_link_core_, offset);
  return row && row->kind != Kind::kWriteOnly ? words_[offset / 4].load(std::memory_order_acquire) : 0;
}

bool CoreRegisters::Exists(uint32_t offset) const {
  return RowAt(generation_, is_link_core_, offset) != nullptr;
}

void CoreRegisters::Store(uint32_t offset, uint32_t value) {
  const Row* row = RowAt(generation_, is_link_core_, offset);
  if (!row) return;
  auto& target = words_[offset / 4];
  uint32_t old = target.load(std::memory_order_relaxed);
  while (!target.compare_exchange_weak(old, Merge(old, value, row->mask))) {
  }
}

void CoreRegisters::Reset() {
  for (uint32_t offset = 0; offset < kWords * 4; offset += 4) {
    const Row* row = RowAt(generation_, is_link_core_, offset);
    if (row && row->on_reset == OnReset::kZero) words_[offset / 4].store(0);
  }
}

void CoreRegisters::Scramble(const Garbage& garbage) {
  for (uint32_t offset = 0; offset < kWords * 4; offset += 4) {
    const Row* row = RowAt(generation_, is_link_core_, offset);
    if (row && row->on_reset == OnReset::kKeep) Store(offset, garbage.At(kRegistersBase + offset));
  }
}

void CoreRegisters::RestoreRaw(uint32_t index, uint32_t value) {
  const uint32_t offset = index * 4;
  const Row* row = RowAt(generation_, is_link_core_, offset);
  uint32_t mask = row ? row->mask : 0;
  if (offset == reg::kStatus) mask = ~status::kReserved;
  if (offset == reg::kDebugStatus) mask = debug::kHalted | debug::kLoadPending | debug::kMulticoreBreakpoint;
  if (offset == reg::kCoreId) return;
  // The low bits of DMAxSTATUS are the engine's own.
  if (offset == reg::kDma0 + dma::kStatus || offset == reg::kDma1 + dma::kStatus)
    mask = 0xffff0000 | dma::kStateMask;
  words_[index].store(value & mask, std::memory_order_relaxed);
}

}  // namespace chip
