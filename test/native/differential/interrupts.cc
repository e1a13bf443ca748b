// SPDX-License-Identifier: MIT
// Handlers, and items that they are for.
#include "generator.h"

namespace differential {

namespace {

// Whatever the core's timing decides when to raise: the handler may leave nothing of when that was.
constexpr bool IsAsynchronous(uint32_t interrupt) {
  return interrupt >= 3 && interrupt <= 7;
}

}  // namespace

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

}  // namespace differential
