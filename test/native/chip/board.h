// SPDX-License-Identifier: MIT
// A chip with its memory, seen from its host, and programs for it.
#ifndef TEST_NATIVE_CHIP_BOARD_H_
#define TEST_NATIVE_CHIP_BOARD_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <vector>

#include "../encode.h"
#include "chip/chip.h"
#include "chip/free_runner.h"

namespace test {

// Offsets of registers in a core's megabyte. From the manual's register table, not from the model.
namespace at {
constexpr uint32_t kR0 = 0xf0000, kConfig = 0xf0400, kStatus = 0xf0404, kPc = 0xf0408, kDebugStatus = 0xf040c,
                   kLc = 0xf0414, kLs = 0xf0418, kLe = 0xf041c, kIret = 0xf0420, kImask = 0xf0424,
                   kIlat = 0xf0428, kIlatst = 0xf042c, kIlatcl = 0xf0430, kIpend = 0xf0434,
                   kCtimer0 = 0xf0438, kCtimer1 = 0xf043c, kFstatus = 0xf0440, kDebugCmd = 0xf0448,
                   kDma0Config = 0xf0500, kDma0Stride = 0xf0504, kDma0Count = 0xf0508, kDma0Source = 0xf050c,
                   kDma0Destination = 0xf0510, kDma0Auto0 = 0xf0514, kDma0Auto1 = 0xf0518,
                   kDma0Status = 0xf051c, kDma1Config = 0xf0520, kDma1Status = 0xf053c, kMemStatus = 0xf0604,
                   kMemProtect = 0xf0608, kMeshConfig = 0xf0700, kCoreId = 0xf0704, kMulticast = 0xf0708,
                   kResetCore = 0xf070c;
}  // namespace at

// Numbers of the special registers of group 0, for MOVTS and MOVFS.
namespace num {
constexpr unsigned kConfig = 0, kStatus = 1, kPc = 2, kDebugStatus = 3, kLc = 5, kLs = 6, kLe = 7, kIret = 8,
                   kImask = 9, kIlat = 10, kIlatst = 11, kIlatcl = 12, kIpend = 13, kCtimer0 = 14,
                   kCtimer1 = 15, kFstatus = 16;
}  // namespace num

// STATUS.
constexpr uint32_t kActive = 1, kGidBit = 2, kKm = 4, kWandBit = 8, kAz = 0x10, kAn = 0x20, kAc = 0x40,
                   kAv = 0x80, kBz = 0x100, kBn = 0x200, kBv = 0x400, kAvs = 0x1000, kBis = 0x2000,
                   kBvs = 0x4000, kBus = 0x8000;

constexpr uint32_t kElink = 0x81000000;
constexpr uint32_t kMailboxLow = 0x810f0730, kMailboxHigh = 0x810f0734, kMailboxStatus = 0x810f0738,
                   kElinkReset = 0x810f0200, kRxConfig = 0x810f0300;
// As the driver sets it up: foreign addresses fall on the shared DRAM, and messages interrupt.
constexpr uint32_t kRxConfigOfDriver = 0x13e0fe04;
constexpr uint32_t kDram = 0x8e000000;  // as cores see it

// A program. Long and short instructions are chosen by its author.
class Code {
 public:
  explicit Code(uint32_t origin = 0) : origin_(origin) {}
  Code& operator<<(encode::Insn insn) {
    halfwords_.push_back(static_cast<uint16_t>(insn.bits));
    if (insn.length == 4) halfwords_.push_back(static_cast<uint16_t>(insn.bits >> 16));
    return *this;
  }
  uint32_t here() const { return origin_ + 2 * static_cast<uint32_t>(halfwords_.size()); }
  uint32_t origin() const { return origin_; }
  // A whole word into a register.
  Code& Set(unsigned rd, uint32_t value) {
    return *this << encode::MovImm32(rd, value & 0xffff) << encode::Movt(rd, value >> 16);
  }
  // To a special register of group 0, by way of a general one.
  Code& Special(unsigned number, uint32_t value, unsigned by = 63) {
    return Set(by, value) << encode::Movts32(0, number, by);
  }
  Code& Branch(encode::Cond cond, uint32_t to) { return *this << encode::B32(cond, Distance(to)); }
  Code& ShortBranch(encode::Cond cond, uint32_t to) { return *this << encode::B16(cond, Distance(to)); }
  // A branch to where Land is called.
  uint32_t Ahead(encode::Cond cond) {
    const uint32_t from = here();
    *this << encode::B32(cond, 0);
    return from;
  }
  void Land(uint32_t from) {
    const auto bits = halfwords_[(from - origin_) / 2];
    const auto cond = static_cast<encode::Cond>(bits >> 4 & 15);
    const uint32_t word = encode::B32(cond, static_cast<int>(here() - from)).bits;
    halfwords_[(from - origin_) / 2] = static_cast<uint16_t>(word);
    halfwords_[(from - origin_) / 2 + 1] = static_cast<uint16_t>(word >> 16);
  }
  Code& Align(uint32_t bytes) {
    while (here() % bytes != 0) *this << encode::kNop;
    return *this;
  }
  const std::vector<uint16_t>& halfwords() const { return halfwords_; }

 private:
  int Distance(uint32_t to) const { return static_cast<int>(to - here()); }
  uint32_t origin_;
  std::vector<uint16_t> halfwords_;
};

class Board : public chip::EventSink {
 public:
  explicit Board(const chip::Model& model = chip::kE16G301)
      : sram_bytes_(size_t{model.cores()} * chip::kSramBytes),
        sram_(static_cast<unsigned char*>(std::calloc(sram_bytes_, 1))),
        dram_(static_cast<unsigned char*>(std::calloc(chip::kDramBytes, 1))),
        chip_(chip::Chip::Create(model, {sram_, dram_}, this)) {
    if (!sram_ || !dram_ || !chip_) std::abort();
    chip_->Store(kRxConfig, kRxConfigOfDriver, 4);
  }
  ~Board() {
    chip_.reset();
    std::free(sram_);
    std::free(dram_);
  }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  chip::Chip& chip() { return *chip_; }
  unsigned cores() const { return chip_->model().cores(); }
  unsigned char* sram(unsigned core = 0) { return sram_ + size_t{core} * chip::kSramBytes; }
  unsigned char* dram() { return dram_; }
  size_t sram_bytes() const { return sram_bytes_; }
  uint32_t Id(unsigned core) const {
    const chip::Model& model = chip_->model();
    return model.origin + (core / model.columns << 6) + core % model.columns;
  }
  // The address of a core's offset, as everybody else sees it.
  uint32_t Global(unsigned core, uint32_t offset) const { return Id(core) << 20 | offset; }

  uint32_t Reg(unsigned core, uint32_t offset) { return chip_->Load(Global(core, offset), 4).value; }
  void SetReg(unsigned core, uint32_t offset, uint32_t value) {
    chip_->Store(Global(core, offset), value, 4);
  }
  uint32_t R(unsigned core, unsigned number) { return Reg(core, at::kR0 + 4 * number); }
  void SetR(unsigned core, unsigned number, uint32_t value) { SetReg(core, at::kR0 + 4 * number, value); }
  uint32_t Word(unsigned core, uint32_t offset) {
    return __atomic_load_n(reinterpret_cast<uint32_t*>(sram(core) + offset), __ATOMIC_ACQUIRE);
  }
  void SetWord(unsigned core, uint32_t offset, uint32_t value) {
    __atomic_store_n(reinterpret_cast<uint32_t*>(sram(core) + offset), value, __ATOMIC_RELEASE);
  }
  uint32_t DramWord(uint32_t offset) {
    return __atomic_load_n(reinterpret_cast<uint32_t*>(dram_ + offset), __ATOMIC_ACQUIRE);
  }

  // Places a program where it says that it belongs.
  void Put(unsigned core, const Code& code) { PutAt(sram(core) + code.origin(), code); }
  static void PutAt(unsigned char* to, const Code& code) {
    for (const uint16_t halfword : code.halfwords()) {
      __atomic_store_n(reinterpret_cast<uint16_t*>(to), halfword, __ATOMIC_RELEASE);
      to += 2;
    }
  }
  // Lets the core begin at an address, as a debugger would: no interrupt is involved.
  void Start(unsigned core, uint32_t pc, uint32_t fstatus = kActive) {
    SetReg(core, at::kPc, pc);
    SetReg(core, at::kFstatus, fstatus);
  }
  void PutAndStart(unsigned core, const Code& code, uint32_t fstatus = kActive) {
    Put(core, code);
    Start(core, code.origin(), fstatus);
  }
  // A vector slot that branches to a handler.
  void Vector(unsigned core, unsigned number, uint32_t handler) {
    Code slot(4 * number);
    slot.Branch(encode::AL, handler);
    Put(core, slot);
  }
  // A handler where it says that it belongs, and the slot to it.
  void PutHandler(unsigned core, unsigned number, const Code& handler) {
    Put(core, handler);
    Vector(core, number, handler.origin());
  }
  void Reset(unsigned core) {
    SetReg(core, at::kResetCore, 1);
    SetReg(core, at::kResetCore, 0);
  }
  chip::RunResult Run(uint64_t instructions, uint32_t quantum = 100, uint64_t seed = 1) {
    return chip_->Run({instructions, quantum, seed});
  }
  std::vector<uint32_t> Save() {
    std::vector<uint32_t> words(chip_->state_words());
    chip_->Save(words.data());
    return words;
  }

  // What the chip told, in order. Only for tests in which one thread does everything.
  void OnEvent(const chip::Event& event) noexcept override {
    if (listening) events.push_back(event);
  }
  unsigned Told(chip::Event::Kind kind) const {
    unsigned count = 0;
    for (const chip::Event& event : events) count += event.kind == kind;
    return count;
  }
  std::vector<chip::Event> events;
  bool listening = true;

 private:
  size_t sram_bytes_;
  unsigned char* sram_;
  unsigned char* dram_;
  std::unique_ptr<chip::Chip> chip_;
};

}  // namespace test

#endif  // TEST_NATIVE_CHIP_BOARD_H_
