// SPDX-License-Identifier: MIT
// What the programs leave out is what the GNU simulator is no oracle for, each with the reason beside it, and
// nothing else. In every expression at most one random number is drawn: C++ leaves the order of evaluation of
// arguments open, and a seed has to be the same program everywhere.
#ifndef TEST_NATIVE_DIFFERENTIAL_GENERATOR_H_
#define TEST_NATIVE_DIFFERENTIAL_GENERATOR_H_

#include <cstddef>
#include <cstdint>

#include "../encode.h"
#include "chip/model.h"
#include "chip/registers.h"
#include "program.h"

namespace differential {

namespace config = chip::config;
namespace reg = chip::reg;
namespace status = chip::status;

// Where things are in SRAM. Data, and what DMA copies, are apart: how far a transfer is when a program looks
// is a matter of timing, which neither simulator knows.
constexpr uint32_t kCode = 0x100;
constexpr uint32_t kCodeEnd = 0x3e00;
constexpr uint32_t kStack = 0x3f00;  // of handlers; grows down
constexpr uint32_t kFlags = 0x3f80;  // what handlers leave
constexpr uint32_t kData = 0x4000;
constexpr uint32_t kDataEnd = 0x5800;
constexpr uint32_t kDmaArea = 0x5800;  // a half for each channel, at its end the descriptors
constexpr uint32_t kDmaAreaBytes = 0x1400;
constexpr uint32_t kGlobal = kCoreId << 20;

constexpr uint32_t kInstructions = 40000;
constexpr uint32_t kLinkRegister = 14;

// Numbers that matter to the FPU.
constexpr uint32_t kSpecialFloats[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
    0xffc00000, 0x7f800001, 0xffbfffff, 0x7fffffff, 0x00000001, 0x80000001, 0x007fffff,
    0x807fffff, 0x00800000, 0x80800000, 0x00800001, 0x7f7fffff, 0xff7fffff, 0x7f7ffffe,
    0x3f000000, 0xbf000000, 0x3fc00000, 0xbfc00000, 0x40200000, 0xc0200000, 0x3effffff,
    0x3f000001, 0x4affffff, 0x4b000001, 0x4b7fffff, 0x4b800000, 0x4effffff, 0xceffffff,
    0xcf000000, 0xcf000001, 0x4f000001, 0x4f800000, 0x33800000, 0x33800001, 0x34000000,
    0x1f800000, 0x20000000, 0x5f800000, 0x7effffff, 0x00ffffff, 0x01000000, 0x4f000000};

// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (SplitMix64), 2014.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint32_t Word() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return static_cast<uint32_t>((z ^ z >> 31) >> 32);
  }
  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(uint64_t{Word()} * limit >> 32); }
  uint32_t Between(uint32_t first, uint32_t last) { return first + Below(last - first + 1); }
  bool Percent(uint32_t chance) { return Below(100) < chance; }
  template <typename T, size_t n>
  T Of(const T (&values)[n]) {
    return values[Below(n)];
  }

 private:
  uint64_t state_;
};

// What a program is made of.
enum Item : uint8_t {
  kArithmetic,
  kConstant,
  kConditionalMove,
  kAccess,
  kMisaligned,
  kFloatingPoint,
  kMode,
  kSpecialRegister,
  kOwnRegister,
  kTestAndSet,
  kForward,
  kCall,
  kLoop,
  kSelfModifying,
  kOutside,
  kInterrupt,
  kHardwareLoop,
  kTransfer,
  kTimer,
  kElapsed,
  kItems
};

struct Recipe {
  uint8_t share;  // of all programs, in percent
  uint8_t fewest, most;
  uint8_t weights[kItems];
};

// Makes one program. Its items are in instructions.cc, control_flow.cc, interrupts.cc and dma_timers.cc.
class Generator {
 public:
  Generator(uint64_t seed, Program* program) : random_(seed), program_(*program) {}
  void Run();

 private:
  // --- what a program starts from
  void ChooseKind();
  void ChooseRegisters();
  void FillMemory();
  void EmitHandlers();
  void EmitEnd();

  // --- putting instructions into memory
  void Halfword(uint32_t address, uint32_t bits) {
    program_.sram[address] = static_cast<uint8_t>(bits);
    program_.sram[address + 1] = static_cast<uint8_t>(bits >> 8);
  }
  void Word(uint32_t address, uint32_t bits) {
    Halfword(address, bits);
    Halfword(address + 2, bits >> 16);
  }
  void PutAt(uint32_t address, encode::Insn insn) {
    Halfword(address, insn.bits);
    if (insn.length == 4) Halfword(address + 2, insn.bits >> 16);
  }
  void Put(encode::Insn insn) {
    PutAt(at_, insn);
    at_ += insn.length;
  }
  void Align(uint32_t to) {
    while (at_ % to != 0) Put(encode::kNop);
  }
  // A register becomes a constant, without changing flags.
  void Load(uint32_t r, uint32_t value);
  void Load16(uint32_t r, uint32_t value) { Put(encode::MovImm32(r, value)); }
  // A special register is given as its offset in the register page. The short form has the first eight.
  void Set(uint32_t r, uint32_t offset) {
    const uint32_t number = offset / 4 & 63;
    Put(IsSpecialLong(r, offset) ? encode::Movts32((offset >> 8) - 4, number, r)
                                 : encode::Movts16(number, r));
  }
  void Get(uint32_t r, uint32_t offset) {
    const uint32_t number = offset / 4 & 63;
    Put(IsSpecialLong(r, offset) ? encode::Movfs32(r, (offset >> 8) - 4, number)
                                 : encode::Movfs16(r, number));
  }
  // A branch whose target comes later: its place, and then its target.
  uint32_t PutLater() {
    const uint32_t at = at_;
    at_ += 4;
    return at;
  }
  static int Distance(uint32_t from, uint32_t to) { return static_cast<int>(to - from); }
  void PutBranch(uint32_t at, encode::Cond condition) {
    PutAt(at, encode::B32(condition, Distance(at, at_)));
  }
  void PutLoad16(uint32_t at, uint32_t r) { PutAt(at, encode::MovImm32(r, at_)); }

  // --- choosing
  bool IsReserved(uint32_t r) const { return reserved_ >> r & 1 || (in_call_ && r == kLinkRegister); }
  uint32_t Source() {
    const bool is_low = random_.Percent(60);
    return random_.Below(is_low ? 8 : 64);
  }
  uint32_t Destination() {
    uint32_t r;
    do r = Source();
    while (IsReserved(r));
    return r;
  }
  bool LongAnyway(bool fits) { return !fits || random_.Percent(30); }
  bool IsSpecialLong(uint32_t r, uint32_t offset) { return r >= 8 || offset >= 0x420 || random_.Percent(20); }
  encode::Cond Condition() { return static_cast<encode::Cond>(random_.Below(encode::LINK)); }
  uint32_t Value();
  uint32_t DataAddress(uint32_t size, bool aligned);
  encode::Insn SimpleAlu(bool is_long);

  // --- items
  void Emit(Item item);
  void EmitItems(uint32_t count);
  void EmitPlain(uint32_t count);
  void Arithmetic();
  void Constant();
  void ConditionalMove();
  void AccessMemory(bool aligned);
  void FloatingPoint();
  void Mode();
  void SpecialRegister();
  void OwnRegister();
  void TestAndSet();
  void Forward();
  void Call();
  void Loop();
  void SelfModifying();
  struct Overwritten {
    uint32_t address;
    encode::Size size;
    uint32_t by[2];
  };
  Overwritten PutOverwritten(uint32_t which);
  void Outside();
  void Interrupt();
  void NestedInterrupt();
  void HardwareLoop();
  void Transfer();
  void Descriptors(uint32_t channel, uint32_t* first);
  void Timer();
  void Elapsed();
  void OpenAllAndDrain();
  void WaitForInterrupt();
  void Forget();
  uint32_t Config();

  Random random_;
  Program& program_;
  const Recipe* recipe_ = nullptr;
  uint32_t at_ = kCode;
  uint64_t reserved_ = 0;
  uint32_t counters_[2] = {};   // of loops, by depth
  uint32_t handler_r_[3] = {};  // what handlers work with
  uint32_t stack_r_ = 0;        // the handlers' stack
  uint32_t clear_r_ = 0;        // what of STATUS they leave
  uint32_t depth_ = 0;          // of loops
  uint32_t nesting_ = 0;        // of everything that has items within
  bool in_call_ = false;
  bool in_hardware_loop_ = false;
  bool has_handlers_ = false;
  bool may_truncate_ = false;
  bool may_be_integer_ = false;
  uint32_t quiet_config_ = 0;  // what CONFIG is set to when a timer has run out
};

}  // namespace differential

#endif  // TEST_NATIVE_DIFFERENTIAL_GENERATOR_H_
