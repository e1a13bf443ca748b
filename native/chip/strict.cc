// SPDX-License-Identifier: MIT
#include "chip/strict.h"

#include "chip/core.h"
#include "chip/garbage.h"
#include "chip/memory.h"
#include "chip/mesh.h"

namespace chip {
namespace {

using Kind = Violation::Kind;

constexpr uint32_t kLocalMask = 0xfffff;
constexpr uint32_t kStackPointer = 13;  // of every compiler

constexpr uint32_t kInstructionAddressBuffer = 0x410;
constexpr uint32_t kShortestLoop = 8;

}  // namespace

void StrictChecker::Forget(const Core& core) noexcept {
  for (std::atomic<uint32_t>& bits : stored_[core.index()]) bits.store(0, std::memory_order_relaxed);
  executed_[core.index()].reset();
  barriers_[core.index()] = {};
}

bool StrictChecker::IsGarbage(const Core& core, uint32_t offset) const {
  return LoadUnit<uint32_t>(core.sram() + offset) == Garbage(resets_, core.id()).At(offset);
}

void StrictChecker::Report(const Violation& violation) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (count_ == kCapacity) return;
  violations_[(first_ + count_++) % kCapacity] = violation;
}

bool StrictChecker::Take(Violation* violation) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (count_ == 0) return false;
  *violation = violations_[first_];
  first_ = (first_ + 1) % kCapacity;
  --count_;
  return true;
}

void StrictChecker::Before(Core& core) noexcept {
  const uint32_t pc = core.registers().Get(reg::kPc) & ~1u;
  const Instruction instruction = Decode(core.Peek(pc));
  const auto report = [&](Kind kind) {
    Report({kind, static_cast<uint16_t>(core.id()), pc, instruction.bits});
  };
  switch (instruction.operation) {
    case Operation::kLdr:
    case Operation::kStr:
    case Operation::kTestset:
      CheckAccess(core, instruction, pc);
      break;
    case Operation::kMovts:
      CheckMovts(core, instruction, pc);
      break;
    case Operation::kJalr:
      if (instruction.rn == kLinkRegister) report(Kind::kJumpLink);
      break;
    case Operation::kUndefined:
      report(Kind::kUndefined);
      break;
    case Operation::kWand:
    case Operation::kB:
    case Operation::kIdle:
      CheckBarrier(core, instruction, pc);
      break;
    default:
      break;
  }
  if (core.registers().Get(reg::kLoopCount) != 0) CheckLoop(core, instruction, pc);
  const uint32_t local = pc & kLocalMask;
  if (local < kSramBytes && (pc >> 20 == 0 || pc >> 20 == core.id())) executed_[core.index()].set(local / 4);
}

void StrictChecker::CheckAccess(Core& core, const Instruction& instruction, uint32_t pc) {
  const auto* const r = core.registers().general();
  const uint32_t index = instruction.has_immediate ? static_cast<uint32_t>(instruction.immediate)
                         : instruction.subtract    ? 0 - r[instruction.rm].load()
                                                   : r[instruction.rm].load();
  const uint32_t address = r[instruction.rn].load() + (instruction.post_modify ? 0 : index);
  const bool is_store = instruction.operation == Operation::kStr;
  const bool is_testset = instruction.operation == Operation::kTestset;
  const unsigned size = is_testset ? 2 : instruction.size;
  const uint32_t local = address & 0xfffff;
  const auto report = [&](Kind kind) { Report({kind, static_cast<uint16_t>(core.id()), pc, address}); };
  if (size == 3 && (instruction.rd & 1)) return report(Kind::kOddPair);
  if (address & ((1u << size) - 1)) return report(Kind::kUnaligned);
  if (!is_store && !is_testset && instruction.post_modify && instruction.rd == instruction.rn)
    report(Kind::kLoadedBase);
  Core* const to = address >> 20 == 0 ? &core : mesh_->CoreById(address >> 20);
  if (is_testset && (address >> 20 == 0 || !to || local >= kSramBytes)) return report(Kind::kTestset);
  if (!to) {
    if (address >> 20 == kElinkId && local == Elink::kMailboxLow && is_store) {
      if (size == 3) report(Kind::kMailboxDouble);
    } else if (!is_store && !mesh_->IsAnswered(address)) {
      report(Kind::kUnanswered);
    }
    return;
  }
  if (local < kSramBytes) {
    auto& stored = stored_[to->index()];
    for (uint32_t at = local & ~3u; at < local + (1u << size); at += 4) {
      auto& bits = stored[at / 4 / 32];
      const uint32_t bit = 1u << at / 4 % 32;
      if (is_store) {
        if (instruction.rn == kStackPointer && to == &core && executed_[core.index()].test(at / 4))
          report(Kind::kStackOverflow);
        bits.fetch_or(bit, std::memory_order_relaxed);
      } else if (!(bits.load(std::memory_order_relaxed) & bit) && IsGarbage(*to, at)) {
        report(Kind::kUninitialised);
      }
    }
    return;
  }
  const uint32_t offset = local - kRegistersBase;
  if (local < kRegistersBase || !to->registers().Exists(offset)) return report(Kind::kHole);
  if (size < 2) return report(Kind::kRegisterWidth);
  if (offset < reg::kConfig && to != &core && to->is_running()) report(Kind::kGeneralRegister);
}

void StrictChecker::CheckMovts(Core& core, const Instruction& instruction, uint32_t pc) {
  const auto which = static_cast<uint32_t>(instruction.immediate);
  const uint32_t value = core.registers().general()[instruction.rd].load();
  const auto report = [&](Kind kind) { Report({kind, static_cast<uint16_t>(core.id()), pc, which}); };
  if (which == reg::kPc || which == reg::kIpend || which == kInstructionAddressBuffer)
    return report(Kind::kRegisterWrite);
  if (!core.registers().Exists(which)) return report(Kind::kHole);
  if (which == reg::kDma0 || which == reg::kDma1) CheckDma(core, which, value, pc);
}

// On silicon, too, the interrupt of a WAND may come before an IDLE that follows, be it because another
// interrupt comes first and takes its time; then nothing ends the IDLE. GID before, and an aligned GIE, keep
// it out.
void StrictChecker::CheckBarrier(Core& core, const Instruction& instruction, uint32_t pc) {
  CoreRegisters& registers = core.registers();
  const bool is_open = !(registers.Get(reg::kStatus) & status::kGid) && !core.holds_interrupts() &&
                       !(registers.Get(reg::kImask) & interrupt::kWand);
  const uint32_t ipend = registers.Get(reg::kIpend);
  Barrier& barrier = barriers_[core.index()];
  if (instruction.operation == Operation::kWand) {
    barrier = {true, is_open, pc, ipend};
  } else if (!core.barrier().is_ahead_of_idle()) {
    barrier.is_ahead = false;                               // of what was here before
  } else if (barrier.is_ahead && barrier.ipend == ipend) {  // not in a handler
    const bool looks = instruction.operation == Operation::kB && instruction.condition != Condition::kAlways;
    const bool sleeps = instruction.operation == Operation::kIdle;
    if (sleeps && (barrier.was_open || is_open))
      Report({Kind::kWandRace, static_cast<uint16_t>(core.id()), pc, barrier.pc});
    if (sleeps || looks) barrier.is_ahead = false;  // or the program decides by what it sees
  }
}

void StrictChecker::CheckDma(Core& core, uint32_t base, uint32_t config, uint32_t pc) {
  const auto report = [&](Kind kind) { Report({kind, static_cast<uint16_t>(core.id()), pc, base}); };
  CoreRegisters& registers = core.registers();
  if ((registers.Get(base + dma::kStatus) & dma::kStateMask) != 0) report(Kind::kDmaBusy);
  uint32_t stride = registers.Get(base + dma::kStride);
  uint32_t source = registers.Get(base + dma::kSource);
  uint32_t destination = registers.Get(base + dma::kDestination);
  if (config & dma::kStartup) {
    const uint32_t descriptor = config >> 16;
    if (descriptor % dma::kDescriptorAlignment != 0 || descriptor + 24 > kSramBytes)
      return report(Kind::kDmaAlignment);
    const unsigned char* const at = core.sram() + descriptor;
    config = LoadUnit<uint32_t>(at);
    stride = LoadUnit<uint32_t>(at + 4) | LoadUnit<uint32_t>(at + 12);
    source = LoadUnit<uint32_t>(at + 16);
    destination = LoadUnit<uint32_t>(at + 20);
  } else if (!(config & dma::kEnable)) {
    return;
  }
  const uint32_t unfit = (1u << dma::Size(config)) - 1;
  if ((source | destination | stride | stride >> 16) & unfit) report(Kind::kDmaAlignment);
}

// Source: Architecture Reference, "Hardware loops".
void StrictChecker::CheckLoop(Core& core, const Instruction& instruction, uint32_t pc) {
  CoreRegisters& registers = core.registers();
  const uint32_t start = registers.Get(reg::kLoopStart) & 0xfffff;
  const uint32_t last = registers.Get(reg::kLoopEnd) & 0xfffff;
  const uint32_t local = pc & 0xfffff;
  if (local < start || local > last) return;
  const bool is_broken = start % 8 != 0 || (last - 4) % 8 != 0 || last + 4 < start + 4 * kShortestLoop ||
                         instruction.length != 4 || !(registers.Get(reg::kStatus) & status::kGid);
  if (is_broken) Report({Kind::kHardwareLoop, static_cast<uint16_t>(core.id()), pc, instruction.bits});
}

}  // namespace chip
