// SPDX-License-Identifier: MIT
// What a program starts from, what is chosen at random, and which items it has.
#include "generator.h"

#include <initializer_list>

namespace differential {
namespace {

constexpr uint32_t kSpecialIntegers[] = {
    0,          1,          2,          31,         32,         0xff,       0x7fff,     0x8000,    0xffff,
    0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x00ffffff, 0x01000001, 0x55555555};

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

// What reserved bits of CONFIG hold matters to neither.
constexpr uint32_t kHarmlessConfig = 1u << 22 | 1u << 23 | 1u << 27;

}  // namespace

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

void Generate(uint64_t seed, Program* program) {
  Generator(seed, program).Run();
}

}  // namespace differential
