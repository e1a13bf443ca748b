// SPDX-License-Identifier: MIT
// Items: branches, subroutines, loops, code that overwrites itself, and code elsewhere.
#include "generator.h"

namespace differential {

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

}  // namespace differential
