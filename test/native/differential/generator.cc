// SPDX-License-Identifier: MIT
// What the programs leave out is what the GNU simulator is no oracle for, each with the reason beside it, and
// nothing else. In every expression at most one random number is drawn: C++ leaves the order of evaluation of
// arguments open, and a seed has to be the same program everywhere.
#include <algorithm>
#include <initializer_list>

#include "../encode.h"
#include "chip/model.h"
#include "chip/registers.h"
#include "program.h"

namespace differential {
namespace {

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

constexpr uint32_t kSpecialFloats[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
    0xffc00000, 0x7f800001, 0xffbfffff, 0x7fffffff, 0x00000001, 0x80000001, 0x007fffff,
    0x807fffff, 0x00800000, 0x80800000, 0x00800001, 0x7f7fffff, 0xff7fffff, 0x7f7ffffe,
    0x3f000000, 0xbf000000, 0x3fc00000, 0xbfc00000, 0x40200000, 0xc0200000, 0x3effffff,
    0x3f000001, 0x4affffff, 0x4b000001, 0x4b7fffff, 0x4b800000, 0x4effffff, 0xceffffff,
    0xcf000000, 0xcf000001, 0x4f000001, 0x4f800000, 0x33800000, 0x33800001, 0x34000000,
    0x1f800000, 0x20000000, 0x5f800000, 0x7effffff, 0x00ffffff, 0x01000000, 0x4f000000};
constexpr uint32_t kSpecialIntegers[] = {
    0,          1,          2,          31,         32,         0xff,       0x7fff,     0x8000,    0xffff,
    0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x00ffffff, 0x01000001, 0x55555555};

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
constexpr Recipe kRecipes[kKinds] = {
    //               Alu Con Cmv Acc Mis Flt Mod Spc Own Tas Fwd Cal Lop Slf Out Int Hwl Dma Tim Ela
    /* integer    */ {24, 20, 60, {50, 12, 10, 4, 0, 0, 0, 4, 0, 0, 10, 4, 5, 2, 2, 0, 0, 0, 0, 0}},
    /* memory     */ {16, 10, 40, {12, 4, 2, 50, 4, 0, 0, 2, 6, 5, 4, 2, 4, 8, 5, 0, 0, 0, 0, 0}},
    /* float      */ {20, 15, 60, {4, 20, 5, 2, 0, 60, 5, 3, 0, 0, 5, 1, 3, 0, 0, 0, 0, 0, 0, 0}},
    /* integer m. */ {6, 15, 50, {6, 20, 4, 2, 0, 60, 8, 2, 0, 0, 4, 1, 3, 0, 2, 0, 0, 0, 0, 0}},
    /* interrupts */ {10, 15, 50, {12, 4, 2, 6, 5, 8, 3, 6, 3, 0, 5, 2, 4, 1, 1, 45, 0, 0, 0, 1}},
    /* nested     */ {5, 10, 35, {14, 4, 2, 6, 3, 4, 0, 0, 0, 0, 5, 2, 3, 1, 0, 40, 0, 0, 0, 0}},
    /* waiting    */ {3, 10, 30, {14, 4, 2, 6, 0, 0, 0, 3, 0, 0, 5, 2, 3, 1, 0, 40, 0, 0, 0, 0}},
    /* hw. loops  */ {4, 4, 12, {10, 4, 2, 4, 0, 6, 2, 2, 0, 0, 4, 1, 2, 0, 0, 0, 30, 0, 0, 0}},
    /* dma        */ {5, 3, 8, {10, 4, 2, 6, 0, 2, 0, 2, 0, 0, 3, 1, 2, 0, 0, 4, 0, 50, 0, 0}},
    /* timers     */ {3, 3, 8, {10, 4, 2, 4, 0, 4, 0, 2, 0, 0, 3, 1, 1, 0, 0, 4, 0, 0, 40, 20}},
    /* mixed      */ {4, 20, 50, {15, 8, 4, 12, 2, 15, 3, 5, 2, 2, 6, 3, 4, 3, 2, 10, 3, 2, 2, 2}},
};

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

// What reserved bits of CONFIG hold matters to neither.
constexpr uint32_t kHarmlessConfig = 1u << 22 | 1u << 23 | 1u << 27;

uint32_t Generator::Value() {
  const uint32_t which = random_.Below(10);
  if (which < 3) return random_.Of(kSpecialIntegers);
  if (which < 5) return random_.Of(kSpecialFloats);
  const uint32_t value = random_.Word();
  if (which < 7) return value;
  if (which < 8) return value >> random_.Below(32);
  // A float of moderate size, so that arithmetic stays within the range of numbers.
  const uint32_t exponent = random_.Between(127 - 26, 127 + 33);
  return (value & 0x807fffff) | exponent << 23;
}

void Generator::Load(uint32_t r, uint32_t value) {
  if (value < 0x100 && r < 8 && random_.Percent(70)) {
    Put(encode::MovImm16(r, value));
    return;
  }
  Load16(r, value);
  if (value > 0xffff) Put(encode::Movt(r, value >> 16));
}

void Generator::ChooseKind() {
  uint32_t chosen = random_.Below(100);
  uint32_t kind = 0;
  for (; chosen >= kRecipes[kind].share; ++kind) chosen -= kRecipes[kind].share;
  program_.kind = static_cast<Kind>(kind);
  recipe_ = &kRecipes[kind];
  has_handlers_ = kind >= kInterrupts && kind != kLoops;
}

void Generator::ChooseRegisters() {
  uint32_t* const needed[] = {&counters_[0],  &counters_[1], &handler_r_[0], &handler_r_[1],
                              &handler_r_[2], &stack_r_,     &clear_r_};
  for (uint32_t* r : needed) {
    do *r = random_.Between(8, 63);
    while (*r == kLinkRegister || IsReserved(*r));
    reserved_ |= uint64_t{1} << *r;
  }
  for (uint32_t& value : program_.general) value = Value();
  program_.general[stack_r_] = kStack;
  // Handlers either leave the flags of the FPU, or clear those that would cause the next exception.
  const bool clears = random_.Percent(60);
  const uint32_t sticky = status::kBis | status::kBvs | status::kBus | status::kCause;
  program_.general[clear_r_] = clears ? ~sticky : ~uint32_t{0};

  // Bit 11 of STATUS is no register bit, but plain storage to the GNU simulator.
  const uint32_t kAll = ~(status::kReserved | status::kGid | status::kKm | status::kActive);
  const bool is_sticky = random_.Percent(30);
  program_.status = (random_.Word() & kAll & ~sticky) | status::kActive;
  if (is_sticky) program_.status |= random_.Word() & sticky;
  const bool is_closed =
      program_.kind == kInterrupts || program_.kind == kMixed ? random_.Percent(30) : !has_handlers_;
  if (is_closed) program_.status |= status::kGid;
  may_truncate_ = random_.Percent(75);
  may_be_integer_ = random_.Percent(program_.kind == kIntegerMode ? 100 : 8);
  program_.config = Config();
  quiet_config_ = Config();
  // FLOAT is an exception then, and its handler must not return to FABS in another mode: see FloatingPoint.
  if (may_be_integer_) quiet_config_ |= config::kInteger << 17;

  if (program_.kind == kInterrupts || program_.kind == kMixed) {
    const uint32_t imask = random_.Word() & random_.Word() & chip::kInterruptMask;
    const uint32_t ilat = random_.Word() & random_.Word() & random_.Word() & chip::kInterruptMask;
    program_.special.push_back({reg::kImask, imask});
    program_.special.push_back({reg::kIlat, ilat});
  }
  // A region of one core, so that WAND needs no other.
  if (has_handlers_) program_.special.push_back({reg::kMeshConfig, 0xf000});
  // What the DMA leaves as it is.
  const auto some = [this](uint32_t offset) { program_.special.push_back({offset, random_.Word()}); };
  for (const uint32_t offset : {reg::kLoopStart, reg::kLoopEnd, reg::kIret}) some(offset);
  for (const uint32_t channel : {reg::kDma0, reg::kDma1}) {
    for (const uint32_t offset : {0x04u, 0x08u, 0x0cu, 0x10u, 0x14u, 0x18u}) some(channel + offset);
  }
}

// CONFIG without timers. Left out are the arithmetic modes that only Epiphany-V has and the GNU simulator
// therefore executes, and CTRLMODE, which it does not model.
uint32_t Generator::Config() {
  const uint32_t bits = random_.Word();
  const bool has_exceptions = random_.Percent(30);
  uint32_t value = bits & (may_truncate_ ? config::kTruncate | kHarmlessConfig : kHarmlessConfig);
  if (has_exceptions) value |= bits & config::kFpuExceptions;
  const bool is_integer = random_.Percent(program_.kind == kIntegerMode ? 85 : 50);
  if (is_integer && may_be_integer_) value |= config::kInteger << 17;
  return value;
}

void Generator::FillMemory() {
  program_.sram.fill(0);
  const uint32_t end = program_.kind == kMemory || program_.kind == kMixed ? kDataEnd : kData + 0x400;
  for (uint32_t at = kData; at < end; at += 4) Word(at, random_.Word());
}

void Generator::Run() {
  ChooseKind();
  program_.special.clear();
  program_.uses_external = false;
  FillMemory();
  ChooseRegisters();
  if (has_handlers_) EmitHandlers();
  Align(4);
  // The core's own memory has a global address, too, and PC may hold it.
  program_.pc = at_;
  if (random_.Percent(10)) program_.pc |= kGlobal;
  EmitItems(random_.Between(recipe_->fewest, recipe_->most));
  EmitEnd();
  program_.end_of_code = at_;
  program_.instructions = kInstructions;
}

// An end that does not depend on how many instructions were executed: timing is no matter of comparison.
void Generator::EmitEnd() {
  if (has_handlers_ && random_.Percent(20)) {
    Align(8);
    Put(encode::kGie);
    Put(encode::kIdle);
  }
  Put(encode::kBkpt);
}

// ---------------------------------------------------------------------------------------------- handlers

// Whatever the core's timing decides when to raise: the handler may leave nothing of when that was.
constexpr bool IsAsynchronous(uint32_t interrupt) {
  return interrupt >= 3 && interrupt <= 7;
}

void Generator::EmitHandlers() {
  const uint32_t a = handler_r_[0];
  const uint32_t b = handler_r_[1];
  const uint32_t c = handler_r_[2];
  const bool may_nest = program_.kind == kNested;
  const bool may_wait = program_.kind == kWaiting;
  for (uint32_t n = 0; n < 10; ++n) {
    PutBranch(4 * n, encode::AL);
    Get(a, reg::kStatus);
    Put(encode::PostDisp32(encode::kStore, encode::kWord, a, stack_r_, encode::kMinus, 1));
    Get(a, reg::kIret);
    Put(encode::PostDisp32(encode::kStore, encode::kWord, a, stack_r_, encode::kMinus, 1));
    Load(b, kFlags + 8 * n);
    if (IsAsynchronous(n)) {
      Load(c, n + 1);
      Put(encode::Str(c, b));
      if (n < 5) {
        // The GNU simulator raises the interrupt again with every clock at which the timer is at zero.
        Load(c, quiet_config_);
        Set(c, reg::kConfig);
        Load(c, 0x18);
        Set(c, reg::kIlatClear);
      }
    } else {
      Put(encode::Ldr(c, b));
      Put(encode::AluImm32(encode::kAdd, c, c, 1));
      Put(encode::Str(c, b));
      if (random_.Percent(60)) {
        constexpr uint32_t kSeen[] = {reg::kStatus, reg::kIret, reg::kIpend, reg::kIlat, reg::kImask};
        const uint32_t seen = random_.Of(kSeen);
        Get(c, seen);
        Put(encode::Str(c, b, 1));
      }
      const uint32_t raises = random_.Below(100);
      if (may_nest && n > 0 && raises < 70) {
        // Only what has a higher priority. RTI of the GNU simulator goes to any interrupt that is latched,
        // whatever else is pending: while handlers are nested, nothing of lower priority may be waiting.
        Load(c, 1u << random_.Below(n));
        const bool is_first = random_.Percent(50);
        if (is_first) Set(c, reg::kIlatSet);
        Put(encode::kGie);
        if (!is_first) Set(c, reg::kIlatSet);
        if (n > 1 && raises < 20) Put(encode::Swi(0));
        Put(encode::kNop);
        Put(encode::kGid);
      } else if (may_wait && n < 9 && raises < 70) {
        Load(c, (2u << n | random_.Word() << (n + 1)) & chip::kInterruptMask);
        const bool is_first = random_.Percent(50);
        if (is_first) Set(c, reg::kIlatSet);
        Put(encode::kGie);
        if (!is_first) Set(c, reg::kIlatSet);
        Put(encode::kNop);
      } else if (!may_nest && !may_wait && n < 9 && raises < 30) {
        // Only what has a lower priority, or two handlers would raise each other for ever.
        Load(c, 1u << random_.Between(n + 1, 9));
        Set(c, reg::kIlatSet);
      } else if (!may_nest && !may_wait && n == 0 && raises < 60) {
        Put(encode::Swi(0));
      }
    }
    if (may_wait) Put(encode::kGid);
    Put(encode::Ldr(a, stack_r_, 1));
    Set(a, reg::kIret);
    Put(encode::Ldr(a, stack_r_, 2));
    Put(encode::AluImm32(encode::kAdd, stack_r_, stack_r_, 8));
    Put(encode::Alu32(encode::kAnd, a, a, clear_r_));
    Set(a, reg::kStatus);
    Put(encode::kRti);
  }
}

// ------------------------------------------------------------------------------------------------- items

void Generator::Emit(Item item) {
  switch (item) {
    case kArithmetic:
      return Arithmetic();
    case kConstant:
      return Constant();
    case kConditionalMove:
      return ConditionalMove();
    case kAccess:
      return AccessMemory(true);
    case kMisaligned:
      return AccessMemory(false);
    case kFloatingPoint:
      return FloatingPoint();
    case kMode:
      return Mode();
    case kSpecialRegister:
      return SpecialRegister();
    case kOwnRegister:
      return OwnRegister();
    case kTestAndSet:
      return TestAndSet();
    case kForward:
      return Forward();
    case kCall:
      return Call();
    case kLoop:
      return Loop();
    case kSelfModifying:
      return SelfModifying();
    case kOutside:
      return Outside();
    case kInterrupt:
      return Interrupt();
    case kHardwareLoop:
      return HardwareLoop();
    case kTransfer:
      return Transfer();
    case kTimer:
      return Timer();
    case kElapsed:
      return Elapsed();
    case kItems:
      return;
  }
}

void Generator::EmitItems(uint32_t count) {
  uint32_t sum = 0;
  for (const uint8_t weight : recipe_->weights) sum += weight;
  // The longest item needs some room.
  for (; count > 0 && at_ < kCodeEnd - 0x600; --count) {
    uint32_t chosen = random_.Below(sum);
    uint32_t item = 0;
    for (; chosen >= recipe_->weights[item]; ++item) chosen -= recipe_->weights[item];
    Emit(static_cast<Item>(item));
  }
}

// Nothing that could raise an exception, or jump.
void Generator::EmitPlain(uint32_t count) {
  for (; count > 0; --count) {
    if (random_.Percent(80))
      Arithmetic();
    else
      ConditionalMove();
  }
}

// One instruction of the integer unit.
encode::Insn Generator::SimpleAlu(bool is_long) {
  uint32_t rd, rn, rm;
  if (is_long) {
    rd = Destination();
    rn = Source();
    rm = Source();
  } else {
    do rd = random_.Below(8);
    while (IsReserved(rd));
    rn = random_.Below(8);
    rm = random_.Below(8);
  }
  const uint32_t which = random_.Below(12);
  const uint32_t value = random_.Word();
  switch (which) {
    case 8:
    case 9: {
      const encode::Alu op = which == 8 ? encode::kAdd : encode::kSub;
      const int immediate = value & 0x7ff;
      return is_long ? encode::AluImm32(op, rd, rn, immediate) : encode::AluImm16(op, rd, rn, immediate);
    }
    case 10: {
      constexpr encode::Alu kShifts[] = {encode::kLsl, encode::kLsr, encode::kAsr};
      const encode::Alu op = kShifts[(value >> 8) % 3];
      const uint32_t by = value & 31;
      return is_long ? encode::Shift32(op, rd, rn, by) : encode::Shift16(op, rd, rn, by);
    }
    case 11:
      return is_long ? encode::Bitr32(rd, rn) : encode::Bitr16(rd, rn);
    default: {
      const auto op = static_cast<encode::Alu>(which);
      return is_long ? encode::Alu32(op, rd, rn, rm) : encode::Alu16(op, rd, rn, rm);
    }
  }
}

void Generator::Arithmetic() {
  const bool is_long = in_hardware_loop_ || random_.Percent(50);
  Put(SimpleAlu(is_long));
}

void Generator::Constant() {
  const uint32_t rd = Destination();
  const uint32_t value =
      program_.kind == kFloat || program_.kind == kIntegerMode ? random_.Of(kSpecialFloats) : Value();
  if (in_hardware_loop_) {
    Put(random_.Percent(50) ? encode::MovImm32(rd, value) : encode::Movt(rd, value));
    return;
  }
  if (random_.Percent(20)) {
    Put(encode::Movt(rd, value));
  } else {
    Load(rd, value);
  }
}

void Generator::ConditionalMove() {
  const encode::Cond condition = Condition();
  const uint32_t rd = Destination();
  const uint32_t rn = Source();
  const bool is_long = in_hardware_loop_ || LongAnyway(encode::FitsShort(rd, rn));
  Put(is_long ? encode::Mov32(condition, rd, rn) : encode::Mov16(condition, rd, rn));
}

// Somewhere in the program's data, in external memory, or the former by its global address.
uint32_t Generator::DataAddress(uint32_t size, bool aligned) {
  const uint32_t which = random_.Below(10);
  uint32_t address = which == 0 ? random_.Below(kExternalBytes - 16) : random_.Between(kData, kDataEnd - 16);
  address &= ~((1u << size) - 1);
  program_.uses_external |= which == 0;
  if (!aligned) address += random_.Between(1, (1u << size) - 1);
  return address + (which == 0 ? kExternal : which == 1 ? kGlobal : 0);
}

// A base register is set so that the access falls on an address that was chosen before.
void Generator::AccessMemory(bool aligned) {
  const auto direction = random_.Percent(45) ? encode::kStore : encode::kLoad;
  const bool is_store = direction == encode::kStore;
  const auto size = static_cast<encode::Size>(random_.Between(aligned ? 0 : 1, 3));
  const bool is_pair = size == encode::kDouble;
  const bool odd_pair = !aligned && is_pair && random_.Percent(50);
  const uint32_t address = DataAddress(size, aligned || odd_pair);
  const bool is_indexed = random_.Percent(50);
  const bool post_modify = random_.Percent(40);
  const bool is_long = random_.Percent(50);
  const bool subtract = random_.Percent(50) && is_long;  // drawn in any case
  const auto sign = subtract ? encode::kMinus : encode::kPlus;
  uint32_t rd, rn;
  uint32_t rm = 0;
  while (true) {
    rd = is_store ? Source() : Destination();
    rn = Destination();
    if (is_indexed) rm = Destination();
    if (!is_long && !encode::FitsShort(rd, rn, rm)) continue;
    if (is_pair) {
      rd = (rd & ~1u) | odd_pair;
      if (!is_store && (IsReserved(rd) || IsReserved((rd + 1) & 63))) continue;
    }
    // Not documented, and different in every simulator: a load whose result would also be the moved base.
    if (!is_store && post_modify && (rn == rd || (is_pair && (rn | 1) == (rd | 1)))) continue;
    if (is_indexed && rm == rn && !post_modify) continue;  // twice the register is hardly an address
    break;
  }
  if (is_indexed) {
    uint32_t offset = Value();
    if (post_modify && rm == rn) {
      Load(rn, address);
    } else {
      Load(rm, offset);
      if (!post_modify) {
        Load(rn, subtract ? address + offset : address - offset);
      } else {
        Load(rn, address);
      }
    }
    if (is_long) {
      Put(post_modify ? encode::Post32(direction, size, rd, rn, sign, rm)
                      : encode::Index32(direction, size, rd, rn, sign, rm));
    } else {
      Put(post_modify ? encode::Post16(direction, size, rd, rn, rm)
                      : encode::Index16(direction, size, rd, rn, rm));
    }
    return;
  }
  // There is no short form that moves the base by an immediate.
  const uint32_t displacement = random_.Below(is_long || post_modify ? 0x800 : 8);
  const uint32_t bytes = displacement << size;
  const uint32_t moved = subtract ? address + bytes : address - bytes;
  Load(rn, post_modify ? address : moved);
  if (post_modify) {
    Put(encode::PostDisp32(direction, size, rd, rn, sign, displacement));
  } else if (is_long) {
    Put(encode::Disp32(direction, size, rd, rn, sign, displacement));
  } else {
    Put(encode::Disp16(direction, size, rd, rn, displacement));
  }
}

// The GNU simulator rounds FMADD and FMSUB more than once if the one number is so much smaller than the other
// that its own arithmetic, of 64 bits, loses it, and the rest is next to a half. They are not left out for
// that: it happens once in millions of instructions, and in none of the programs that are kept.
void Generator::FloatingPoint() {
  const auto op = static_cast<encode::Fpu>(random_.Below(8));
  uint32_t rd = Destination();
  const uint32_t rn = Source();
  uint32_t rm = Source();
  if (op == encode::kFabs) {
    // The GNU simulator has FABS repeat the flags of the instruction of the FPU before it. FLOAT has none.
    const uint32_t scratch = Destination();
    const uint32_t from = Source();
    Put(encode::Fpu32(encode::kFloat, scratch, from));
  } else if (op == encode::kFix && may_truncate_) {
    // While truncating, what it makes of 2^31 depends on how its compiler folds a constant.
    const uint32_t scratch = Destination();
    Load16(scratch, 0);
    Put(encode::Movt(scratch, 0x4f00));
    if (scratch != rn) {
      Put(encode::Alu32(encode::kSub, scratch, scratch, rn));
      if (!IsReserved(rn)) Put(encode::Mov32(encode::EQ, rn, scratch));
    }
    if (IsReserved(rn) || scratch == rn) return;
  } else if (op < encode::kFmadd) {
    // It also calls these invalid if the register that they overwrite holds a NaN.
    const uint32_t which = random_.Below(3);
    if (which == 0 && !IsReserved(rn)) {
      rd = rn;
    } else if (which == 1 && !IsReserved(rm)) {
      rd = rm;
    } else if (rd == rn || rd == rm) {
      // An operand: what it holds makes the operation invalid anyway.
    } else {
      Load16(rd, random_.Word() & 0xffff);
    }
  }
  const bool has_rm = op < encode::kFloat;
  if (!has_rm) rm = random_.Percent(50) ? 0 : random_.Below(8);
  const bool is_long = in_hardware_loop_ || LongAnyway(encode::FitsShort(rd, rn, rm));
  Put(is_long ? encode::Fpu32(op, rd, rn, rm) : encode::Fpu16(op, rd, rn, rm));
  // What was lost in rounding, exactly.
  const bool has_rest = op == encode::kFmul && rd != rn && rd != rm;
  if (has_rest && random_.Percent(30)) Put(encode::Fpu32(encode::kFmsub, rd, rn, rm));
}

void Generator::Mode() {
  const uint32_t r = Destination();
  if (random_.Percent(70)) {
    const uint32_t value = Config();
    Load(r, value);
    Set(r, reg::kConfig);
  } else {
    // Flags are set or cleared by hand.
    const uint32_t value = random_.Word() & 0xff7f8;
    Load(r, value);
    Set(r, reg::kStatus);
  }
}

// Left out are those that other items are about, and: PC, which an instruction of the GNU simulator cannot
// change; DEBUGCMD, which it does not wire up; IPEND, not for programs to write; registers that do not exist
// or are narrower than 32 bits, which to it are plain storage; MEMPROTECT, which it does not model;
// DMAxSTATUS, whose upper half it does not let a program write; STATUS by its address, FSTATUS and whatever
// else cannot be read.
void Generator::SpecialRegister() {
  const uint32_t r = Destination();
  struct Row {
    uint32_t offset, mask;
  };
  constexpr Row kRows[] = {{reg::kLoopStart, ~0u},
                           {reg::kLoopEnd, ~0u},
                           {reg::kIret, ~0u},
                           {reg::kTimer0, ~0u},
                           {reg::kTimer1, ~0u},
                           {reg::kMulticast, 0xfff},
                           {reg::kMemStatus, 0x3c04},
                           {reg::kDma0 + 0x04, ~0u},
                           {reg::kDma0 + 0x08, ~0u},
                           {reg::kDma0 + 0x0c, ~0u},
                           {reg::kDma0 + 0x10, ~0u},
                           {reg::kDma0 + 0x14, ~0u},
                           {reg::kDma0 + 0x18, ~0u},
                           {reg::kDma1 + 0x04, ~0u},
                           {reg::kDma1 + 0x08, ~0u},
                           {reg::kDma1 + 0x0c, ~0u},
                           {reg::kDma1 + 0x10, ~0u},
                           {reg::kDma1 + 0x14, ~0u},
                           {reg::kDma1 + 0x18, ~0u},
                           {0x710, 0xfff},
                           {0x714, 0xfff},
                           {0x718, 0xfff}};
  if (random_.Percent(50)) {
    constexpr uint32_t kReadable[] = {reg::kConfig,   reg::kStatus,     reg::kPc,          reg::kImask,
                                      reg::kIlat,     reg::kIpend,      reg::kDma0,        reg::kDma1,
                                      reg::kCoreId,   reg::kMeshConfig, reg::kDma0 + 0x1c, reg::kDma1 + 0x1c,
                                      reg::kLoopCount};
    const bool from_rows = random_.Percent(50);
    const uint32_t offset = from_rows ? random_.Of(kRows).offset : random_.Of(kReadable);
    Get(r, offset);
    return;
  }
  const Row row = random_.Of(kRows);
  const uint32_t value = random_.Word() & row.mask;
  Load(r, value);
  Set(r, row.offset);
  if (random_.Percent(50)) Get(r, row.offset);
}

// Registers are memory, too. Words only: the GNU simulator stops at anything narrower.
void Generator::OwnRegister() {
  uint32_t rd = Destination();
  const uint32_t rn = Destination();
  const bool is_store = random_.Percent(50);
  uint32_t offset;
  if (random_.Percent(60)) {
    do offset = random_.Below(64);
    while (IsReserved(offset));
    offset *= 4;
  } else {
    constexpr uint32_t kWords[] = {reg::kLoopStart, reg::kLoopEnd,     reg::kIret,       reg::kTimer0,
                                   reg::kTimer1,    reg::kDma0 + 0x0c, reg::kDma1 + 0x10};
    offset = random_.Of(kWords);
    if (!is_store && random_.Percent(40)) offset = random_.Percent(50) ? reg::kCoreId : reg::kConfig;
  }
  const bool is_global = random_.Percent(40);
  Load(rn, chip::kRegistersBase + offset + (is_global ? kGlobal : 0));
  if (is_store && random_.Percent(50)) {
    rd = Source();
  }
  const bool is_long = LongAnyway(encode::FitsShort(rd, rn));
  // Two of them.
  const bool may_be_two = offset % 8 == 0 && offset < 0x100 && rd % 2 == 0 && !IsReserved(offset / 4 + 1) &&
                          (is_store || !IsReserved(rd + 1));
  const auto size = static_cast<encode::Size>(may_be_two ? random_.Between(2, 3) : 2);
  const auto direction = is_store ? encode::kStore : encode::kLoad;
  Put(is_long ? encode::Disp32(direction, size, rd, rn, encode::kPlus, 0)
              : encode::Disp16(direction, size, rd, rn, 0));
}

// By a global address, as the manual has it; at another one the GNU simulator stops.
void Generator::TestAndSet() {
  const uint32_t rd = Destination();
  uint32_t rn, rm;
  do {
    rn = Destination();
    rm = Destination();
  } while (rn == rm);
  uint32_t address = random_.Between(kData / 4, kDataEnd / 4 - 1) * 4;
  const uint32_t offset = Value();
  if (random_.Percent(10)) {
    address += random_.Between(1, 3);
  } else if (random_.Percent(50)) {  // so that it is not always taken already
    Load(rn, address);
    Load(rm, 0);
    Put(encode::Str(rm, rn));
  }
  Load(rm, offset);
  Load(rn, kGlobal + address - offset);
  Put(encode::Testset(rd, rn, encode::kPlus, rm));
}

// A branch or a jump over some items.
void Generator::Forward() {
  if (nesting_ >= 3) return Arithmetic();
  ++nesting_;
  const uint32_t count = random_.Between(1, 4);
  if (random_.Percent(25)) {
    const uint32_t r = Destination();
    const uint32_t load = PutLater();
    const bool is_long = LongAnyway(r < 8);
    Put(is_long ? encode::Jr32(r) : encode::Jr16(r));
    EmitItems(count);
    PutLoad16(load, r);
  } else {
    const encode::Cond condition = Condition();
    if (random_.Percent(40)) {
      // Short: not more than it can jump over.
      const uint32_t branch = at_;
      at_ += 2;
      EmitPlain(count * 3);
      PutAt(branch, encode::B16(condition, Distance(branch, at_)));
    } else {
      const uint32_t branch = PutLater();
      EmitItems(count);
      PutBranch(branch, condition);
    }
  }
  --nesting_;
}

// A subroutine, in line.
void Generator::Call() {
  if (in_call_ || nesting_ >= 3) return Arithmetic();
  ++nesting_;
  const bool by_register = random_.Percent(40);
  uint32_t r = 0;
  uint32_t load = 0;
  uint32_t branch = 0;
  if (by_register) {
    // Not R14: the simulators write it before they read it, the hardware presumably not.
    do r = Destination();
    while (r == kLinkRegister);
    load = PutLater();
    const bool is_long = LongAnyway(r < 8);
    Put(is_long ? encode::Jalr32(r) : encode::Jalr16(r));
  } else {
    branch = PutLater();
  }
  const uint32_t over = PutLater();
  if (by_register) {
    PutLoad16(load, r);
  } else {
    PutBranch(branch, encode::LINK);
  }
  in_call_ = true;
  const uint32_t count = random_.Between(1, 5);
  EmitItems(count);
  in_call_ = false;
  if (random_.Percent(50)) {
    Put(encode::Rts());
  } else {
    const uint32_t low = random_.Below(8);
    Put(encode::Mov32(encode::AL, low, kLinkRegister));
    Put(encode::Jr16(low));
  }
  PutBranch(over, encode::AL);
  --nesting_;
}

void Generator::Loop() {
  if (depth_ == 2 || nesting_ >= 3) return Arithmetic();
  const uint32_t counter = counters_[depth_++];
  ++nesting_;
  Load16(counter, random_.Between(1, 6));
  const uint32_t start = at_;
  const uint32_t count = random_.Between(1, 5);
  EmitItems(count);
  Put(encode::AluImm32(encode::kSub, counter, counter, 1));
  const int distance = Distance(at_, start);
  const bool is_long = LongAnyway(at_ - start < 250);
  Put(is_long ? encode::B32(encode::NE, distance) : encode::B16(encode::NE, distance));
  --nesting_;
  --depth_;
}

// Overwrites an instruction that is to be executed soon, or one that was, and is again if this is in a loop.
void Generator::SelfModifying() {
  uint32_t value, base;
  do {
    value = Destination() & ~1u;  // may be two
    base = Destination();
  } while (IsReserved(value) || IsReserved(value + 1) || (base | 1) == (value | 1));
  const uint32_t which = random_.Below(6);
  const uint32_t global = random_.Percent(30) ? kGlobal : 0;
  const bool is_behind = random_.Percent(30);
  Overwritten overwritten = {};
  if (is_behind) overwritten = PutOverwritten(which);
  // What is written, and where, may only be known when the place is.
  const uint32_t constants = at_;
  at_ += 28;
  const uint32_t between = random_.Below(4);
  EmitPlain(between);
  if (!is_behind) overwritten = PutOverwritten(which);
  const uint32_t end = at_;
  at_ = constants;
  const uint32_t address = overwritten.address + global;
  const uint32_t loaded[][2] = {{base, address}, {value, overwritten.by[0]}, {value + 1, overwritten.by[1]}};
  for (const auto& [r, constant] : loaded) {
    Load16(r, constant);
    Put(encode::Movt(r, constant >> 16));
  }
  Put(encode::Disp32(encode::kStore, overwritten.size, value, base, encode::kPlus, 0));
  at_ = end;
}

Generator::Overwritten Generator::PutOverwritten(uint32_t which) {
  if (which == 0) {  // a short one
    const uint32_t by = SimpleAlu(false).bits;
    Put(SimpleAlu(false));
    return {at_ - 2, encode::kHalf, {by, 0}};
  }
  if (which == 1) {  // its registers
    const uint32_t by = random_.Below(0x100);
    const auto op = static_cast<encode::Alu>(random_.Below(8));
    const uint32_t rn = random_.Below(8);
    Put(encode::Alu16(op, 0, rn, 0));
    return {at_ - 1, encode::kByte, {by, 0}};
  }
  if (which == 2) {  // the upper half of a long one
    const auto op = static_cast<encode::Alu>(random_.Below(8));
    const uint32_t rd = Destination();
    const uint32_t rn = Source();
    const uint32_t rm = Source();
    const uint32_t other_rn = Source();
    const uint32_t other_rm = Source();
    Put(encode::Alu32(op, rd, rn, rm));
    return {at_ - 2, encode::kHalf, {encode::Alu32(op, rd, other_rn, other_rm).bits >> 16, 0}};
  }
  // A long one, or two short ones by a long one; or as much twice.
  const uint32_t words = which == 5 ? 2 : 1;
  Align(4 * words);
  Overwritten overwritten = {at_, words == 2 ? encode::kDouble : encode::kWord, {}};
  for (uint32_t i = 0; i < words; ++i) {
    overwritten.by[i] = SimpleAlu(true).bits;
    if (which == 3) {
      Put(SimpleAlu(true));
    } else {
      Put(SimpleAlu(false));
      Put(SimpleAlu(false));
    }
  }
  return overwritten;
}

// A few instructions in external memory, which the program has to write there first.
void Generator::Outside() {
  if (in_call_ || nesting_ >= 3) return Arithmetic();
  uint32_t value, base, back;
  do {
    value = Destination();
    base = Destination();
    back = Destination();
  } while (value == base || value == back || base == back);
  const uint64_t reserved = reserved_;
  reserved_ |= uint64_t{1} << back;
  program_.uses_external = true;
  const uint32_t load = PutLater();
  const uint32_t start = kExternal + random_.Below(kExternalBytes / 4 - 64) * 4;
  const uint32_t count = random_.Between(1, 4);
  Load(base, start);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t written = SimpleAlu(true).bits;
    Load(value, written);
    Put(encode::Str(value, base, i));
  }
  const uint32_t written = encode::Jr32(back).bits;
  Load(value, written);
  Put(encode::Str(value, base, count));
  const bool is_long = LongAnyway(base < 8);
  Put(is_long ? encode::Jr32(base) : encode::Jr16(base));
  PutLoad16(load, back);
  reserved_ = reserved;
}

// -------------------------------------------------------------------------------------------- interrupts

void Generator::Interrupt() {
  if (program_.kind == kNested) return NestedInterrupt();
  const uint32_t r = Destination();
  const uint32_t bits = random_.Word() & chip::kInterruptMask;
  switch (random_.Below(13)) {
    case 0:
    case 1:
    case 2: {
      const uint32_t fewer = random_.Word() & random_.Word();
      Load(r, bits & fewer);
      Set(r, reg::kIlatSet);
      break;
    }
    case 3:
      Load(r, 1u << random_.Below(10));
      Set(r, reg::kIlatSet);
      break;
    case 4:
      Put(encode::kGid);
      break;
    case 5:
      Put(encode::kGie);
      break;
    case 6: {
      const uint32_t fewer = random_.Word();
      Load(r, bits & fewer);
      Set(r, reg::kImask);
      break;
    }
    case 7:
      Put(encode::Swi(random_.Below(64)));
      break;
    case 8:
      // With interrupts disabled: the GNU simulator takes one that is open before it clears it.
      Put(encode::kGid);
      Load(r, bits);
      Set(r, reg::kIlatClear);
      if (random_.Percent(70)) Put(encode::kGie);
      break;
    case 9:
      // Neither does it look at ILAT after a store to it.
      Put(encode::kGid);
      Load(r, bits);
      Set(r, reg::kIlat);
      if (random_.Percent(70)) Put(encode::kGie);
      break;
    case 10: {
      // RTI without an interrupt.
      const uint32_t load = PutLater();
      Set(r, reg::kIret);
      Put(encode::kRti);
      EmitPlain(1);
      PutLoad16(load, r);
      break;
    }
    case 11: {
      // FSTATUS reaches all of STATUS.
      const uint32_t value = (random_.Word() & 0xfff7fe) | status::kActive;
      Load(r, value & ~status::kReserved);
      Set(r, reg::kFstatus);
      break;
    }
    case 12:
      Put(encode::kWand);
      if (random_.Percent(50)) Get(r, reg::kStatus);
      break;
  }
}

// One at a time, and none is left latched: see EmitHandlers.
void Generator::NestedInterrupt() {
  const uint32_t r = Destination();
  const uint32_t bit = 1u << random_.Below(10);
  const uint32_t which = random_.Below(5);
  if (which == 0) {
    Put(encode::Swi(0));
    return;
  }
  Load(r, bit);
  const bool is_closed = which > 2;
  if (is_closed) Put(encode::kGid);
  Set(r, reg::kIlatSet);
  if (!is_closed) return;
  EmitPlain(2);
  Put(encode::kGie);
}

// So that whatever the next item waits for is all there is to wait for.
void Generator::OpenAllAndDrain() {
  const uint32_t r = Destination();
  Load(r, 0);
  Set(r, reg::kImask);
  Put(encode::kGie);
  Put(encode::kNop);
  Put(encode::kNop);
  Put(encode::kGid);
}

// With interrupts disabled before. An IDLE with interrupts disabled is left out: to the GNU simulator it
// enables them, as on Epiphany-V.
void Generator::WaitForInterrupt() {
  Align(8);
  Put(encode::kGie);
  Put(encode::kIdle);
}

// Within the documented constraints: interrupts disabled, aligned, long instructions only, eight or more.
// How LC changes on the way is not documented, so nobody looks.
void Generator::HardwareLoop() {
  if (has_handlers_) Put(encode::kGid);
  const uint32_t r = Destination();
  const uint32_t passes = random_.Between(0, 6);
  const uint32_t global = random_.Percent(20) ? kGlobal : 0;
  const uint32_t start = PutLater();
  Put(encode::Movt(r, global >> 16));
  Set(r, reg::kLoopStart);
  const uint32_t end = PutLater();
  Put(encode::Movt(r, global >> 16));
  Set(r, reg::kLoopEnd);
  Load(r, passes);
  Set(r, reg::kLoopCount);
  const uint32_t between = random_.Below(3);
  EmitPlain(between);
  Align(8);
  PutLoad16(start, r);
  const uint32_t first = at_;
  in_hardware_loop_ = true;
  const uint32_t least = 4 * random_.Between(8, 20);
  while (at_ - first < least) {
    const uint32_t which = random_.Below(10);
    if (which < 5) {
      Arithmetic();
    } else if (which < 6) {
      ConditionalMove();
    } else if (which < 7) {
      Constant();
    } else if (which < 9) {
      FloatingPoint();
    } else {
      const uint32_t branch = PutLater();
      const uint32_t count = random_.Between(1, 3);
      for (uint32_t i = 0; i < count; ++i) Arithmetic();
      PutBranch(branch, Condition());
    }
  }
  // So that the last one but one is aligned.
  if ((at_ - first) % 8 == 0) Put(SimpleAlu(true));
  PutLoad16(end, r);
  Put(SimpleAlu(true));
  in_hardware_loop_ = false;
  if (has_handlers_ && random_.Percent(70)) Put(encode::kGie);
}

// --------------------------------------------------------------------------------------- DMA and timers

// A chain of descriptors for a channel. Left out: a start by hand, which the GNU simulator does with strides
// of the descriptor before; slave mode, which it does not have; counts of zero, descriptors that do not
// enable the channel, NEXT_PTR that is not aligned and stores to a busy channel, all of which are errors to
// it and to nobody else; addresses that are not aligned, which the hardware does not define; and shifts of
// the destination that differ from those of the source, which it overlooks.
void Generator::Descriptors(uint32_t channel, uint32_t* first) {
  const uint32_t area = kDmaArea + channel * kDmaAreaBytes;
  uint32_t at = area + kDmaAreaBytes - 0x100;
  const uint32_t count = random_.Percent(60) ? 1 : random_.Between(2, 4);
  *first = at;
  for (uint32_t i = 0; i < count; ++i, at += 32) {
    const uint32_t size = random_.Below(4);
    const uint32_t unit = 1u << size;
    const uint32_t inner = random_.Between(1, 12);
    const uint32_t outer = random_.Percent(50) ? 1 : random_.Between(2, 5);
    // Strides small enough that everything stays in the channel's half.
    uint32_t strides[2];
    uint32_t addresses[2];
    for (uint32_t side = 0; side < 2; ++side) {
      const uint32_t inner_stride = (random_.Below(7) - 2) * unit;
      const uint32_t outer_stride = (random_.Below(13) - 6) * unit;
      strides[side] = (inner_stride & 0xffff) | outer_stride << 16;
      addresses[side] = area + 0x800 + random_.Below(0x20) * 8;
    }
    const uint32_t bits = random_.Word();
    uint32_t word = 0x3 | size << 5;
    if (i + 1 < count) word |= 0x4 | (at + 32) << 16;
    word |= bits & 0x10;  // interrupt
    // As a message, the last store raises an interrupt in the core that it goes to: this one.
    const bool is_message = random_.Percent(15);
    if (is_message) {
      word |= 0x400;
      addresses[1] += kGlobal;
    } else if (random_.Percent(20)) {
      addresses[0] += kGlobal;
    }
    Word(at, word);
    Word(at + 4, (strides[0] & 0xffff) | strides[1] << 16);
    Word(at + 8, inner | outer << 16);
    Word(at + 12, strides[0] >> 16 | (strides[1] & 0xffff0000));
    Word(at + 16, addresses[0]);
    Word(at + 20, addresses[1]);
  }
  for (uint32_t i = 0; i < 0x400; i += 4) Word(area + 0x700 + i, random_.Word());
}

// Starts one channel or both, does something else meanwhile, and waits: asleep, or asking, or both. The
// interrupt comes when it comes, so IRET is set afterwards.
void Generator::Transfer() {
  if (nesting_ > 0 || depth_ > 0) return Arithmetic();  // descriptors are made once
  OpenAllAndDrain();
  const uint32_t channels = random_.Between(1, 3);
  bool has_interrupt = false;
  for (uint32_t channel = 0; channel < 2; ++channel) {
    if (!(channels >> channel & 1)) continue;
    uint32_t first;
    Descriptors(channel, &first);
    const uint32_t r = Destination();
    Load(r, first << 16 | 0x8);
    Set(r, channel == 0 ? reg::kDma0 : reg::kDma1);
    for (uint32_t at = first; at < first + 0x80; at += 32) has_interrupt |= program_.sram[at] & 0x10;
  }
  const uint32_t count = random_.Below(20);
  EmitPlain(count);
  const bool sleeps = has_interrupt && random_.Percent(60);
  if (sleeps) WaitForInterrupt();
  for (uint32_t channel = 0; channel < 2; ++channel) {
    uint32_t state, mask;
    do {
      state = random_.Below(8);
      mask = random_.Below(8);
    } while (state == mask);
    const uint32_t start = at_;
    Get(state, channel == 0 ? reg::kDma0 + 0x1c : reg::kDma1 + 0x1c);
    Load(mask, 15);
    Put(encode::Alu16(encode::kAnd, state, state, mask));
    Put(encode::B16(encode::NE, Distance(at_, start)));
  }
  if (!sleeps) {
    // Now that all is done, what was raised is taken in the order of priority.
    EmitPlain(2);
    Put(encode::kGie);
  }
  for (uint32_t i = 0; i < 3; ++i) Put(encode::kNop);
  Forget();
}

// What handlers have seen of a moment that is a matter of timing.
void Generator::Forget() {
  for (const uint32_t r : handler_r_) Load(r, 0x100);
  Set(handler_r_[0], reg::kIret);
  Put(encode::Str(handler_r_[0], stack_r_));
  Put(encode::Disp32(encode::kStore, encode::kWord, handler_r_[0], stack_r_, encode::kMinus, 1));
}

// Sleeps until a timer has run out. Only events that the GNU simulator counts; as a 64-bit counter only with
// an upper half of zero, because the manual does not say what an interrupt of the lower half means then.
void Generator::Timer() {
  if (nesting_ > 0 || depth_ > 0) return Arithmetic();
  OpenAllAndDrain();
  const uint32_t r = Destination();
  const uint32_t timer = random_.Below(2);
  const uint32_t event = random_.Between(1, 2);
  const bool is_chained = timer == 0 && random_.Percent(20);
  const bool wraps = random_.Percent(30);
  const uint32_t ticks = random_.Between(60, 400);
  Load(r, ticks);
  Set(r, timer == 0 ? reg::kTimer0 : reg::kTimer1);
  if (is_chained) {
    Load(r, 0);
    Set(r, reg::kTimer1);
  }
  uint32_t value = quiet_config_ | event << (timer == 0 ? 4 : 8);
  if (is_chained) value |= 3u << 8;
  if (wraps) value |= config::kTimerWrap;
  Load(r, value);
  Set(r, reg::kConfig);
  const uint32_t count = random_.Below(20);
  EmitPlain(count);
  WaitForInterrupt();
  // How far it has got beyond zero is a matter of timing.
  Load(r, random_.Word());
  Set(r, reg::kTimer0);
  Load(r, random_.Word());
  Set(r, reg::kTimer1);
  Forget();
}

// An instruction is one clock to both simulators, and the one that starts a timer is not counted.
void Generator::Elapsed() {
  const uint32_t timer = random_.Percent(50) ? reg::kTimer0 : reg::kTimer1;
  if (has_handlers_) Put(encode::kGid);
  const uint32_t r = Destination();
  Load(r, random_.Word() | 0x10000);
  Set(r, timer);
  const bool wraps = random_.Percent(20);
  Load(r, quiet_config_ | (timer == reg::kTimer0 ? 0x10 : 0x100) | (wraps ? config::kTimerWrap : 0));
  Set(r, reg::kConfig);
  const uint32_t readings = random_.Between(1, 3);
  for (uint32_t i = 0; i < readings; ++i) {
    const uint32_t between = random_.Below(10);
    EmitPlain(between);
    const uint32_t reading = Destination();
    Get(reading, timer);
  }
  const uint32_t off = Destination();
  Load(off, quiet_config_);
  Set(off, reg::kConfig);
  // CONFIG is for the next instruction, so the one that stops it is counted; not by the GNU simulator.
  Load(off, random_.Word());
  Set(off, timer);
  if (has_handlers_ && random_.Percent(50)) Put(encode::kGie);
}

}  // namespace

void Generate(uint64_t seed, Program* program) {
  Generator(seed, program).Run();
}

}  // namespace differential
