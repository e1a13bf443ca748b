// SPDX-License-Identifier: MIT
#include "chip/dma.h"

#include "chip/bus.h"
#include "chip/core.h"
#include "chip/mesh.h"

namespace chip {

using namespace dma;

namespace {

uint32_t Step(uint32_t stride, bool shifted) {
  const auto step = static_cast<uint32_t>(static_cast<int16_t>(stride & 0xffff));
  return shifted ? step << 16 : step;
}

}  // namespace

DmaChannel::State DmaChannel::state(const Core& core) const {
  return static_cast<State>(core.registers_.Get(base_ + kStatus) & kStateMask);
}

void DmaChannel::SetState(Core& core, State state) {
  CoreRegisters& registers = core.registers_;
  registers.Set(base_ + kStatus, Merge(registers.Get(base_ + kStatus), state, kStateMask));
}

bool DmaChannel::is_active(const Core& core) const {
  return state(core) == kActive;
}

void DmaChannel::Start(Core& core, uint32_t config) {
  const bool is_paused = core.registers_.Get(reg::kConfig) & config::kDmaPause;
  const State before = state(core);
  core.registers_.Set(base_, config);
  // While the core's channels are paused, a host takes them out of whatever they were doing.
  if (before != kIdle && before != kError && !is_paused) return SetState(core, kError);
  if (config & kStartup) {
    Load(core, config >> 16);
  } else {
    // Started by hand, there is one stride for both loops.
    inner_stride_ = outer_stride_ = core.registers_.Get(base_ + kStride);
    inner_count_ = core.registers_.Get(base_ + kCount) & 0xffff;
    Begin(core);
  }
}

void DmaChannel::Load(Core& core, uint32_t descriptor) {
  CoreRegisters& registers = core.registers_;
  if (descriptor % kDescriptorAlignment != 0) return SetState(core, kError);
  // At a local address, which is answered at once.
  uint32_t words[6] = {};
  for (uint32_t i = 0; i < 6; ++i) {
    uint64_t value = 0;
    core.mesh_->Load(core, descriptor + 4 * i, 2, &value);
    words[i] = static_cast<uint32_t>(value);
  }
  registers.Set(base_ + kStatus, descriptor << 16 | (registers.Get(base_ + kStatus) & 0xffff));
  registers.Set(base_, words[0]);
  registers.Set(base_ + kStride, inner_stride_ = words[1]);
  registers.Set(base_ + kCount, words[2]);
  inner_count_ = words[2] & 0xffff;
  outer_stride_ = words[3];
  registers.Set(base_ + kSource, words[4]);
  registers.Set(base_ + kDestination, words[5]);
  Begin(core);
}

void DmaChannel::Begin(Core& core) {
  const uint32_t config = core.registers_.Get(base_);
  const bool is_paused = core.registers_.Get(reg::kConfig) & config::kDmaPause;
  if (!(config & kEnable)) return SetState(core, kIdle);
  if (!(config & kMaster)) return SetState(core, kSlave);
  SetState(core, is_paused ? kPaused : kActive);
}

void DmaChannel::Pause(Core& core, bool pause) {
  if (pause && state(core) == kActive) SetState(core, kPaused);
  if (!pause && state(core) == kPaused) SetState(core, kActive);
}

// False if the datum could not be delivered yet.
bool DmaChannel::Transfer(Core& core, uint64_t datum, uint32_t config) {
  const unsigned size = Size(config);
  const uint32_t to = core.registers_.Get(base_ + kDestination) & ~((1u << size) - 1);
  const uint32_t count = core.registers_.Get(base_ + kCount);
  const bool is_last = (count & 0xffff) == 1 && count >> 16 <= 1;
  const bool is_message = (config & kMessage) && is_last && to >> 20 != 0;
  return core.mesh_->Store(core, to, size, datum, is_message) != Access::kLater;
}

void DmaChannel::Clock(Core& core) {
  if (!is_active(core)) return;
  const uint32_t config = core.registers_.Get(base_);
  const uint32_t from = core.registers_.Get(base_ + kSource) & ~((1u << Size(config)) - 1);
  uint64_t datum = 0;
  switch (core.mesh_->Load(core, from, Size(config), &datum)) {
    case Access::kDone:
      break;
    case Access::kLater:
      return;
    case Access::kNever:
    case Access::kIllegal:
      return SetState(core, kWaiting);
  }
  if (Transfer(core, datum, config)) Advance(core, config);
}

void DmaChannel::Feed(Core& core, uint32_t value) {
  // Two slaves may be set up to feed each other, or one to feed itself: such a datum comes too soon.
  if (state(core) != kSlave || is_feeding_) return;
  const uint32_t config = core.registers_.Get(base_);
  const uint64_t upper = core.registers_.Get(base_ + kAuto1);
  // A datum that cannot be delivered at once is lost: its writer does not wait.
  is_feeding_ = true;
  Transfer(core, Size(config) == 3 ? upper << 32 | value : value, config);
  is_feeding_ = false;
  Advance(core, config);
}

// Source: architecture reference; that the outer stride replaces the inner one at the end of an inner loop is
// how Adapteva's board test of two-dimensional DMA works.
void DmaChannel::Advance(Core& core, uint32_t config) {
  CoreRegisters& registers = core.registers_;
  const uint32_t count = registers.Get(base_ + kCount);
  uint32_t inner = (count - 1) & 0xffff;
  uint32_t outer = count >> 16;
  const bool ends_inner = inner == 0;
  if (ends_inner) {
    outer = (outer - 1) & 0xffff;
    inner = inner_count_;
  }
  const uint32_t stride = ends_inner ? outer_stride_ : inner_stride_;
  const uint32_t shift_source = ends_inner ? kShiftSourceOuter : kShiftSourceInner;
  const uint32_t shift_destination = ends_inner ? kShiftDestinationOuter : kShiftDestinationInner;
  registers.Set(base_ + kStride, stride);
  registers.Set(base_ + kCount, outer << 16 | inner);
  registers.Set(base_ + kSource, registers.Get(base_ + kSource) + Step(stride, config & shift_source));
  registers.Set(base_ + kDestination,
                registers.Get(base_ + kDestination) + Step(stride >> 16, config & shift_destination));
  if (!ends_inner || outer != 0) return;
  if (config & kInterruptEnable) core.Latch(interrupt_);
  if (config & kChain) {
    Load(core, config >> 16);
  } else {
    SetState(core, kIdle);
  }
}

void DmaChannel::Save(uint32_t* words) const {
  words[0] = inner_stride_;
  words[1] = outer_stride_;
  words[2] = inner_count_;
}

void DmaChannel::Restore(const uint32_t* words) {
  inner_stride_ = words[0];
  outer_stride_ = words[1];
  inner_count_ = words[2] & 0xffff;
}

}  // namespace chip
