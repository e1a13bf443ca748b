// SPDX-License-Identifier: MIT
#include "chip/code_cache.h"

namespace chip {
namespace {

struct HandlerRow {
  Operation operation;
  Handler handler;
  Handler with_immediate;
  InstructionClass kind;
  bool ends_block;  // because the next instruction may be another one, or may have to wait for an interrupt
};

using Op = Operation;
using H = Handler;
using Kind = InstructionClass;

// In the order of Operation.
constexpr HandlerRow kHandlers[] = {
    {Op::kUndefined, H::kUndefined, H::kUndefined, Kind::kControl, true},
    {Op::kB, H::kBranch, H::kBranch, Kind::kBranch, true},
    {Op::kBl, H::kBranchLink, H::kBranchLink, Kind::kBranch, true},
    {Op::kJr, H::kJump, H::kJump, Kind::kBranch, true},
    {Op::kJalr, H::kJumpLink, H::kJumpLink, Kind::kBranch, true},
    {Op::kMov, H::kMoveIf, H::kMoveIf, Kind::kMove, false},
    {Op::kMovImmediate, H::kMoveImmediate, H::kMoveImmediate, Kind::kMove, false},
    {Op::kMovt, H::kMoveTop, H::kMoveTop, Kind::kMove, false},
    {Op::kMovts, H::kMovts, H::kMovts, Kind::kMove, true},
    {Op::kMovfs, H::kMovfs, H::kMovfs, Kind::kMove, false},
    {Op::kLdr, H::kAccess0, H::kAccess0, Kind::kLoad, false},
    {Op::kStr, H::kAccess0, H::kAccess0, Kind::kStore, false},
    {Op::kTestset, H::kTestset, H::kTestset, Kind::kLoad, false},
    {Op::kAdd, H::kAdd, H::kAddImmediate, Kind::kInteger, false},
    {Op::kSub, H::kSub, H::kSubImmediate, Kind::kInteger, false},
    {Op::kAnd, H::kAnd, H::kAnd, Kind::kInteger, false},
    {Op::kOrr, H::kOrr, H::kOrr, Kind::kInteger, false},
    {Op::kEor, H::kEor, H::kEor, Kind::kInteger, false},
    {Op::kLsl, H::kLsl, H::kLslImmediate, Kind::kInteger, false},
    {Op::kLsr, H::kLsr, H::kLsrImmediate, Kind::kInteger, false},
    {Op::kAsr, H::kAsr, H::kAsrImmediate, Kind::kInteger, false},
    {Op::kBitr, H::kBitr, H::kBitr, Kind::kInteger, false},
    {Op::kFadd, H::kFadd, H::kFadd, Kind::kFloat, false},
    {Op::kFsub, H::kFsub, H::kFsub, Kind::kFloat, false},
    {Op::kFmul, H::kFmul, H::kFmul, Kind::kFloat, false},
    {Op::kFmadd, H::kFmadd, H::kFmadd, Kind::kFloat, false},
    {Op::kFmsub, H::kFmsub, H::kFmsub, Kind::kFloat, false},
    {Op::kFloat, H::kFloat, H::kFloat, Kind::kFloat, false},
    {Op::kFix, H::kFix, H::kFix, Kind::kFloat, false},
    {Op::kFabs, H::kFabs, H::kFabs, Kind::kFloat, false},
    {Op::kNop, H::kNop, H::kNop, Kind::kControl, false},
    {Op::kIdle, H::kIdle, H::kIdle, Kind::kControl, true},
    {Op::kGie, H::kGie, H::kGie, Kind::kControl, true},
    {Op::kGid, H::kGid, H::kGid, Kind::kControl, true},
    {Op::kRti, H::kRti, H::kRti, Kind::kControl, true},
    {Op::kSwi, H::kSwi, H::kSwi, Kind::kControl, true},
    {Op::kTrap, H::kTrap, H::kTrap, Kind::kControl, true},
    {Op::kBkpt, H::kBkpt, H::kBkpt, Kind::kControl, true},
    {Op::kMbkpt, H::kMbkpt, H::kMbkpt, Kind::kControl, true},
    {Op::kSync, H::kSync, H::kSync, Kind::kControl, true},
    {Op::kWand, H::kWand, H::kWand, Kind::kControl, true},
    {Op::kUnimpl, H::kUnimpl, H::kUnimpl, Kind::kControl, true},
};

constexpr bool IsInOrder() {
  for (size_t i = 0; i < sizeof kHandlers / sizeof *kHandlers; ++i)
    if (kHandlers[i].operation != static_cast<Operation>(i)) return false;
  return true;
}
static_assert(IsInOrder());

bool EndsBlock(const Instruction& instruction) {
  return kHandlers[static_cast<size_t>(instruction.operation)].ends_block;
}

}  // namespace

Entry MakeEntry(const Instruction& instruction) {
  const HandlerRow& row = kHandlers[static_cast<size_t>(instruction.operation)];
  Entry entry = {};
  entry.handler = instruction.has_immediate ? row.with_immediate : row.handler;
  entry.rd = instruction.rd;
  entry.rn = instruction.rn;
  entry.rm = instruction.rm;
  entry.immediate = instruction.immediate;
  entry.halfwords = instruction.length / 2;
  entry.kind = row.kind;
  const bool always = instruction.condition == Condition::kAlways;
  switch (instruction.operation) {
    case Op::kB:
    case Op::kMov:
      entry.rm = static_cast<uint8_t>(instruction.condition);
      if (always) entry.handler = instruction.operation == Op::kB ? H::kBranchAlways : H::kMove;
      break;
    case Op::kLdr:
    case Op::kStr: {
      const AccessForm form = {instruction.operation == Op::kStr, instruction.has_immediate,
                               instruction.post_modify, instruction.size};
      entry.handler = form.handler();
      if (!instruction.has_immediate) entry.immediate = instruction.subtract ? -1 : 0;
      break;
    }
    case Op::kTestset:
      entry.immediate = instruction.subtract ? -1 : 0;
      break;
    default:
      break;
  }
  return entry;
}

const Block* CodeCache::Decode(uint32_t offset) {
  constexpr uint32_t kWordBytes = sizeof(Word);
  constexpr size_t kLongestWords = kLongestBlock * 4 / kWordBytes + 2;
  if (used_blocks_ == kBlocks || used_entries_ + kLongestBlock + 1 > kEntries ||
      used_words_ + kLongestWords > kWords) {
    // Begins anew: what is still needed is soon decoded again.
    starts_.fill(0);
    used_blocks_ = 1;
    used_entries_ = used_words_ = 0;
  }
  // First a copy of the memory, which others may be changing meanwhile.
  const uint32_t first = offset & ~(kWordBytes - 1);
  Word* const bits = &bits_[used_words_];
  uint32_t copied = 0;
  const auto fetch = [&](uint32_t at) -> uint32_t {
    for (; first + copied * kWordBytes <= at; ++copied)
      bits[copied] = LoadUnit<Word>(sram_ + first + copied * kWordBytes);
    const uint32_t byte = at - first;
    return static_cast<uint16_t>(bits[byte / kWordBytes] >> 8 * (byte % kWordBytes));
  };
  Entry* const entries = &entries_[used_entries_];
  unsigned count = 0;
  uint32_t end = offset;
  while (count < kLongestBlock && end < kSramBytes) {
    Instruction instruction = chip::Decode(fetch(end));
    if (instruction.length == 4) {
      if (end + 2 >= kSramBytes) break;
      instruction = chip::Decode(fetch(end) | fetch(end + 2) << 16);
    }
    entries[count] = MakeEntry(instruction);
    entries[count++].at = static_cast<uint8_t>((end - offset) / 2);
    end += instruction.length;
    if (EndsBlock(instruction)) break;
  }
  if (count == 0) return nullptr;
  entries[count] = kEndOfBlock;
  entries[count].at = static_cast<uint8_t>((end - offset) / 2);
  Block& block = blocks_[used_blocks_];
  block = {entries, static_cast<uint32_t>(used_words_), static_cast<uint16_t>(count),
           static_cast<uint16_t>((end - offset) / 2)};
  starts_[offset / 2] = static_cast<uint16_t>(used_blocks_++);
  used_entries_ += count + 1;
  used_words_ += copied;
  return &block;
}

}  // namespace chip
