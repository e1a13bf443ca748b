// SPDX-License-Identifier: MIT
// Items: DMA and timers.
#include "generator.h"

namespace differential {

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

}  // namespace differential
