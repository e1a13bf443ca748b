// SPDX-License-Identifier: MIT
#include "chip/elink.h"

namespace chip {
namespace {

constexpr uint32_t kReset = 0xf0200;
constexpr uint32_t kClk = 0xf0204;
constexpr uint32_t kChipId = 0xf0208;
constexpr uint32_t kResetTx = 1u << 0;
constexpr uint32_t kResetRx = 1u << 1;
constexpr uint32_t kMailboxInterrupt = 1u << 28;  // of RXCFG
// RXCFG[3:2].
constexpr uint32_t kNoRemap = 0;
constexpr uint32_t kStaticRemap = 1;

}  // namespace

// Members of the two groups that are in no row read zero and ignore stores.
const Elink::Row Elink::kRows[kRegisters] = {
    {kReset, &Registers::reset, 0x3, false, true},
    {kClk, &Registers::clk, 0xffff, false, true},
    {kChipId, &Registers::chip_id, 0xfff, false, true},
    {0xf020c, &Registers::version, 0xffff, true, true},
    {0xf0210, &Registers::tx_config, 0xffff, true, true},
    {0xf0214, &Registers::tx_status, 0xffff, true, true},
    {0xf0218, &Registers::tx_gpio, 0x1ff, true, true},
    {0xf021c, &Registers::tx_monitor, 0xffffffff, true, true},
    {0xf0220, &Registers::tx_packet, 0, true, false},
    {0xf0300, &Registers::rx_config, 0xffffffff, true, true},
    {0xf0304, &Registers::rx_status, 0xffff, true, true},
    {0xf030c, &Registers::rx_offset, 0xffffffff, true, true},
    {0xf0310, &Registers::rx_delay0, 0xffffffff, false, true},
    {0xf0314, &Registers::rx_delay1, 0x1fff, false, true},
    {0xf0318, &Registers::rx_test_data, 0xffffffff, true, true},
    {kMailboxHigh, &Registers::mailbox_high, 0, true, false},
};

const Elink::Row* Elink::Find(uint32_t offset) {
  for (const Row& row : kRows)
    if (row.offset == offset) return &row;
  return nullptr;
}

bool Elink::Line() const {
  return (registers_.rx_config & kMailboxInterrupt) && count_ > 0;
}

bool Elink::AnswersLocked() const {
  return !dead_ && powered_ && registers_.reset == 0;
}

Elink::Effect Elink::EffectSince(bool line, bool answered) const {
  if (line != Line()) return Effect::kLineChanged;
  return line && AnswersLocked() && !answered ? Effect::kLineUp : Effect::kNone;
}

void Elink::Publish() {
  answers_.store(AnswersLocked(), std::memory_order_release);
  congested_.store(count_ >= kHalf, std::memory_order_release);
  rx_config_.store(registers_.rx_config, std::memory_order_release);
}

bool Elink::Route(uint32_t address, uint32_t* host_address) const {
  if (!answers()) return false;
  const uint32_t rx_config = rx_config_.load(std::memory_order_acquire);
  const uint32_t mode = rx_config >> 2 & 3;
  if (mode == kNoRemap) {
    *host_address = address;
    return true;
  }
  // The dynamic mode, which no board uses, is not modelled.
  if (mode != kStaticRemap) return false;
  const uint32_t select = rx_config >> 4 & 0xfff;
  const uint32_t pattern = rx_config >> 16 & 0xfff;
  *host_address = Merge(address, pattern << 20, select << 20);
  return true;
}

Loaded Elink::Load(uint32_t offset, Effect* effect) {
  const std::lock_guard<std::mutex> lock(mutex_);
  *effect = Effect::kNone;
  // Even a read of this block runs through the chip's own clock.
  if (!AnswersLocked()) return kNoAnswer;
  if (offset == kMailboxStatus) {
    const uint32_t flags = (count_ > 0) | (count_ == kCapacity) << 1 | (count_ >= kHalf) << 2;
    return {flags | count_ << 16, Bus::kOk};
  }
  if (offset == kMailboxLow) {  // pops
    if (count_ == 0) return {0, Bus::kOk};
    const bool line = Line();
    const Message message = PopLocked();
    *effect = EffectSince(line, true);
    return {message.low, Bus::kOk};
  }
  const Row* row = Find(offset);
  return {row && row->readable ? registers_.*row->word : 0, Bus::kOk};
}

Bus Elink::Store(uint32_t offset, uint32_t value, Effect* effect) {
  const std::lock_guard<std::mutex> lock(mutex_);
  *effect = Effect::kNone;
  const bool reaches_without_clock = offset == kReset || offset == kClk || offset == kChipId;
  // A store is posted: one that cannot get through is lost without a word.
  if (!reaches_without_clock && !AnswersLocked()) return Bus::kOk;
  const Row* row = Find(offset);
  if (!row || !row->writable) return Bus::kOk;
  const bool line = Line();
  const bool answered = AnswersLocked();
  uint32_t& word = registers_.*row->word;
  const uint32_t before = word;
  word = Merge(word, value, row->mask);
  if (offset == kReset && (word & kResetRx)) first_ = count_ = 0;
  Publish();
  if (offset == kReset) {
    if (word & ~before & kResetTx) {
      *effect = Effect::kChipReset;
      return Bus::kOk;
    }
  }
  *effect = EffectSince(line, answered);
  return Bus::kOk;
}

bool Elink::Push(uint32_t low, uint32_t high, Effect* effect) {
  const std::lock_guard<std::mutex> lock(mutex_);
  *effect = Effect::kNone;
  if (!AnswersLocked() || count_ == kCapacity) return false;
  const bool line = Line();
  fifo_[(first_ + count_++) % kCapacity] = {low, high};
  Publish();
  // Each message counts, because the one who empties the mailbox may have just seen it empty, and be about to
  // stop.
  if (Line()) *effect = line ? Effect::kLineUp : Effect::kLineChanged;
  return true;
}

bool Elink::Pop(uint32_t* low, uint32_t* high) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!AnswersLocked() || count_ == 0) return false;
  const Message message = PopLocked();
  *low = message.low;
  *high = message.high;
  return true;
}

Elink::Message Elink::PopLocked() {
  const Message message = fifo_[first_];
  first_ = (first_ + 1) % kCapacity;
  --count_;
  Publish();
  registers_.mailbox_high = message.high;
  return message;
}

bool Elink::Transmit(uint32_t address) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!AnswersLocked()) return false;
  ++registers_.tx_monitor;
  registers_.tx_packet = address;
  return true;
}

Elink::Effect Elink::SetDead(bool dead) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool answered = AnswersLocked();
  dead_ = dead;
  Publish();
  return EffectSince(Line(), answered);
}

Elink::Effect Elink::SetPowered(bool powered) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool answered = AnswersLocked();
  powered_ = powered;
  Publish();
  return EffectSince(Line(), answered);
}

bool Elink::interrupt_line() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Line();
}

void Elink::Save(uint32_t* words) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const Row& row : kRows) *words++ = registers_.*row.word;
  *words++ = count_ | static_cast<uint32_t>(dead_) << 31 | static_cast<uint32_t>(!powered_) << 30;
  for (unsigned i = 0; i < kCapacity; ++i) {
    const Message& message = fifo_[(first_ + i) % kCapacity];
    *words++ = i < count_ ? message.low : 0;
    *words++ = i < count_ ? message.high : 0;
  }
}

bool Elink::Restore(const uint32_t* words) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint32_t* const counts = words + kRegisters;
  const unsigned count = *counts & 0x3fffffff;
  if (count > kCapacity) return false;
  for (const Row& row : kRows) {
    // Registers without a write mask are set by the hardware, to any value.
    registers_.*row.word = *words++ & (row.mask ? row.mask : 0xffffffff);
  }
  dead_ = *counts >> 31 & 1;
  powered_ = !(*counts >> 30 & 1);
  first_ = 0;
  count_ = count;
  for (unsigned i = 0; i < kCapacity; ++i) fifo_[i] = {counts[1 + 2 * i], counts[2 + 2 * i]};
  Publish();
  return true;
}

}  // namespace chip
