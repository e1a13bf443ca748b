// SPDX-License-Identifier: MIT
// The FPGA's eLink: its registers and its mailbox.
// Source: open eLink RTL (emailbox, etx_cfg, erx_cfg, elink_cfg, esaxi).
#ifndef CHIP_ELINK_H_
#define CHIP_ELINK_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "chip/bus.h"

namespace chip {

class Elink {
 public:
  // Offsets of the registers that a driver drains the mailbox by.
  static constexpr uint32_t kMailboxLow = 0xf0730;
  static constexpr uint32_t kMailboxHigh = 0xf0734;
  static constexpr uint32_t kMailboxStatus = 0xf0738;

  enum class Effect : uint8_t {
    kNone,
    kChipReset,
    kLineChanged,
    kLineUp,  // as before, but there is more behind it, or it can be acted on again
  };

  // Offsets are those within the eLink's megabyte.
  Loaded Load(uint32_t offset, Effect* effect);
  Bus Store(uint32_t offset, uint32_t value, Effect* effect);
  // A word that a core sends to MAILBOXLO; false if the FIFO was full and the word is lost.
  bool Push(uint32_t low, uint32_t high, Effect* effect);
  // The oldest message, in one step. False if there is none, or if it cannot be read.
  bool Pop(uint32_t* low, uint32_t* high);

  // Lets one access of the host pass to the chip, and counts it as TXMONITOR and TXPACKET do. False while
  // either side is held in reset or the chip does not answer: then nothing passes, and nothing can be read.
  bool Transmit(uint32_t address);

  // The chip's side: what of the host's memory an access of the chip falls on, by RXCFG. False if nothing
  // answers there.
  bool Route(uint32_t address, uint32_t* host_address) const;
  // Whether the chip's stores have to wait, as they do from the moment that the mailbox is half full.
  bool is_congested() const { return congested_.load(std::memory_order_acquire); }
  Effect SetDead(bool dead);
  Effect SetPowered(bool powered);
  // Whether anything but the registers that need no clock of the chip can be reached.
  bool answers() const { return answers_.load(std::memory_order_acquire); }
  bool interrupt_line() const;

  // One slot of the FIFO's 32 is lost to its full flag.
  static constexpr unsigned kCapacity = 31;
  static constexpr unsigned kHalf = 16;

  static constexpr unsigned kRegisters = 16;
  static constexpr uint32_t kStateWords = kRegisters + 1 + 2 * kCapacity;  // and the count, and the messages
  void Save(uint32_t* words) const;
  bool Restore(const uint32_t* words);

 private:
  struct Message {
    uint32_t low, high;
  };
  struct Registers {
    uint32_t reset = 0, clk = 0x573, chip_id = 0x808, version = 0, tx_config = 0, tx_status = 0, tx_gpio = 0,
             tx_monitor = 0, tx_packet = 0, rx_config = 0, rx_status = 0, rx_offset = 0, rx_delay0 = 0,
             rx_delay1 = 0, rx_test_data = 0, mailbox_high = 0;
  };
  struct Row {
    uint32_t offset;
    uint32_t Registers::*word;
    uint32_t mask;
    bool readable;
    bool writable;
  };
  static const Row kRows[kRegisters];
  static const Row* Find(uint32_t offset);

  bool Line() const;
  bool AnswersLocked() const;
  Message PopLocked();
  // What has become of the line, given what it was and whether the eLink answered.
  Effect EffectSince(bool line, bool answered) const;
  void Publish();

  mutable std::mutex mutex_;  // guards everything below
  Registers registers_;
  std::array<Message, kCapacity> fifo_{};
  unsigned first_ = 0;
  unsigned count_ = 0;
  bool dead_ = false;
  bool powered_ = true;

  // For cores, which do not lock at every access: what the state above comes to.
  std::atomic<bool> answers_{true};
  std::atomic<bool> congested_{false};
  std::atomic<uint32_t> rx_config_{0};
};

}  // namespace chip

#endif  // CHIP_ELINK_H_
