// SPDX-License-Identifier: MIT
#include "chip/trace_recorder.h"

#include "chip/core.h"
#include "chip/mesh.h"

namespace chip {
namespace {

uint32_t OffsetOf(size_t watched) {
  return static_cast<uint32_t>(watched < 64 ? 4 * watched : TraceRecorder::kSpecial[watched - 64]);
}

}  // namespace

void TraceRecorder::Before(Core& core) noexcept {
  pc_ = core.registers().Get(reg::kPc) & ~1u;
  bits_ = core.Peek(pc_);
  for (size_t i = 0; i < kWatched; ++i) before_[i] = core.registers().Get(OffsetOf(i));
}

void TraceRecorder::After(Core& core) noexcept {
  if (used_ + kLongestRecord > capacity_) return;
  uint32_t* const record = words_ + used_;
  uint32_t changes = 0;
  for (size_t i = 0; i < kWatched; ++i) {
    const uint32_t now = core.registers().Get(OffsetOf(i));
    if (now == before_[i]) continue;
    record[3 + 2 * changes] = OffsetOf(i);
    record[4 + 2 * changes++] = now;
  }
  record[0] = core.id() | changes << 16;
  record[1] = pc_;
  record[2] = bits_;
  used_ += 3 + 2 * changes;
}

}  // namespace chip
