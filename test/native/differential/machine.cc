// SPDX-License-Identifier: MIT
#include "machine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "chip/registers.h"

namespace differential {
namespace {

namespace reg = chip::reg;

// The GNU simulator has the codes of Epiphany-IV for exceptions.
constexpr const chip::Model& kModel = chip::kE64G401;
constexpr uint32_t kPage = kCoreId << 20 | chip::kRegistersBase;
// As the driver sets the eLink up: the chip's external memory is the host's.
constexpr uint32_t kRxConfigAddress = 0x810f0300;
constexpr uint32_t kRxConfig = 0x13e0fe04;
constexpr uint32_t kQuantum = 0xffffffff;

// Source: SplitMix64's mixing function, as in generator.h.
uint64_t Mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

uint64_t Add(uint64_t digest, const uint8_t* bytes, size_t count) {
  for (size_t i = 0; i < count; i += 8) {
    uint64_t word = 0;
    for (unsigned byte = 0; byte < 8; ++byte) word |= uint64_t{bytes[i + byte]} << 8 * byte;
    // Most of memory is zero, and the order of the words still counts.
    digest = word == 0 ? digest + 0x9e3779b97f4a7c15u : Mix(digest ^ word) + i;
  }
  return digest;
}

}  // namespace

uint64_t Digest(const FinalState& state) {
  uint64_t digest = Mix(static_cast<uint64_t>(state.end) + 1);
  for (const uint32_t value : state.registers) digest = Mix(digest ^ value) + 0x9e3779b97f4a7c15u;
  digest = Add(digest, state.sram.data(), state.sram.size());
  return Mix(Add(digest, state.external.data(), state.external.size()));
}

Machine::Machine() : sram_(kModel.cores() * kSramBytes / 8), dram_(chip::kDramBytes / 8) {
  const chip::Memory memory = {reinterpret_cast<unsigned char*>(sram_.data()),
                               reinterpret_cast<unsigned char*>(dram_.data())};
  chip_ = chip::Chip::Create(kModel, memory, nullptr);
  if (!chip_) {
    std::fputs("no memory\n", stderr);
    std::exit(2);
  }
  chip_->SetProfile(chip::Profile::kGnu);
  chip_->Store(kRxConfigAddress, kRxConfig, 4);
  blank_.resize(chip_->state_words());
  snapshot_.resize(chip_->state_words());
  chip_->Save(blank_.data());
}

uint32_t Machine::ReadRegister(uint32_t offset) {
  return chip_->Load(kPage + offset, 4).value;
}

void Machine::WriteRegister(uint32_t offset, uint32_t value) {
  chip_->Store(kPage + offset, value, 4);
}

void Machine::Prepare(const Program& program) {
  chip_->Restore(blank_.data(), blank_.size());
  std::memcpy(sram_.data(), program.sram.data(), kSramBytes);
  std::memset(dram_.data(), 0, kExternalBytes);
  for (uint32_t r = 0; r < 64; ++r) WriteRegister(4 * r, program.general[r]);
  WriteRegister(reg::kConfig, program.config);
  for (const Program::Register& special : program.special) WriteRegister(special.offset, special.value);
  WriteRegister(reg::kPc, program.pc);
  WriteRegister(reg::kFstatus, program.status);
}

// False if nothing is left to be done.
bool Machine::Continue(uint64_t instructions, uint64_t* executed) {
  const chip::RunResult result = chip_->Run({instructions, kQuantum, 0, nullptr});
  *executed += result.instructions;
  return result.stop == chip::RunResult::Stop::kInstructions;
}

// To a snapshot and back, with something else in between.
void Machine::Resettle() {
  chip_->Save(snapshot_.data());
  chip_->Restore(blank_.data(), blank_.size());
  if (!chip_->Restore(snapshot_.data(), snapshot_.size())) std::abort();
}

void Machine::Run(const Program& program, Manner manner, FinalState* state) {
  Prepare(program);
  uint64_t executed = 0;
  bool goes_on = true;
  while (goes_on && executed < program.instructions) {
    uint64_t instructions = program.instructions - executed;
    if (manner == Manner::kStepByStep) instructions = 1;
    if (manner == Manner::kInterrupted) {
      // Not always at the same distance.
      instructions = std::min<uint64_t>(instructions, 7 + executed % 13);
    }
    goes_on = Continue(instructions, &executed);
    if (manner == Manner::kInterrupted) Resettle();
  }
  const bool is_halted = ReadRegister(reg::kDebugStatus) & 1;
  state->end = goes_on ? End::kInstructions : is_halted ? End::kBreakpoint : End::kIdle;
  for (size_t i = 0; i < kCompared; ++i) state->registers[i] = ReadRegister(ComparedOffset(i));
  std::memcpy(state->sram.data(), sram_.data(), kSramBytes);
  std::memcpy(state->external.data(), dram_.data(), kExternalBytes);
}

}  // namespace differential
