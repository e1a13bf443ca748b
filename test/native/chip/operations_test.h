// SPDX-License-Identifier: MIT
// What the tests of operations have in common: a core whose whole state is compared after one instruction.
#ifndef TEST_NATIVE_CHIP_OPERATIONS_TEST_H_
#define TEST_NATIVE_CHIP_OPERATIONS_TEST_H_

#include <cstring>
#include <string>
#include <vector>

#include "board.h"
#include "testing.h"

namespace test {

constexpr uint32_t kAt = 0x0400;    // where the instruction is
constexpr uint32_t kData = 0x4000;  // where it finds data
constexpr uint32_t kFlags = 0xf7f0;
// Before each instruction: no flag, and all of them.
constexpr uint32_t kBefore[] = {kActive, kActive | kWandBit | kFlags | 0x50000};
// Operands.
constexpr uint32_t kEdges[] = {0,          1,          2,          0x7fffffff, 0x80000000, 0x80000001,
                               0xfffffffe, 0xffffffff, 0x12345678, 0xedcba988, 0x55555555, 33};

// The state of a core. It is filled in, one instruction is executed, what should have changed is filled in,
// and everything is compared.
class Probe {
 public:
  explicit Probe(Board& board) : board_(board), memory_(board.sram(), board.sram() + chip::kSramBytes) {
    uint32_t value = 0x9e3779b9;
    for (uint32_t& word : r) word = value *= 0x01000193;
    for (unsigned i = 0; i < 64; i += 4) SetMemory(kData + i, 0x03020100 + 0x04040404 * (i / 4) + 0x80808080);
  }

  uint32_t r[64];
  uint32_t status = kActive;
  uint32_t config = 0;
  uint32_t pc = kAt;
  uint32_t ilat = 0;

  void SetMemory(uint32_t offset, uint32_t word) { std::memcpy(&memory_[offset], &word, 4); }
  void SetByte(uint32_t offset, unsigned byte) { memory_[offset] = static_cast<unsigned char>(byte); }
  uint32_t Memory(uint32_t offset) const {
    uint32_t word;
    std::memcpy(&word, &memory_[offset], 4);
    return word;
  }
  unsigned Byte(uint32_t offset) const { return memory_[offset]; }

  void Execute(encode::Insn insn) {
    SetByte(kAt, insn.bits & 0xff);
    SetByte(kAt + 1, insn.bits >> 8 & 0xff);
    // The bits behind a short instruction are those of an undefined one, which would be noticed.
    SetByte(kAt + 2, insn.length == 4 ? insn.bits >> 16 & 0xff : 0xff);
    SetByte(kAt + 3, insn.length == 4 ? insn.bits >> 24 : 0x7f);
    std::memcpy(board_.sram(), memory_.data(), memory_.size());
    for (unsigned i = 0; i < 64; ++i) board_.SetR(0, i, r[i]);
    board_.SetReg(0, at::kConfig, config);
    board_.SetReg(0, at::kImask, 0x3ff);
    board_.SetReg(0, at::kIlat, ilat);
    board_.SetReg(0, at::kIpend, 0);
    board_.Start(0, pc, status);
    const chip::RunResult result = board_.Run(1, 1);
    Equal("instructions", result.instructions, 1);
    if (board_.chip().awaits_signal(board_.Id(0)) || board_.chip().awaits_signal(board_.Id(1))) {
      // What it has sent to itself or to all arrives, while it executes no more.
      const uint32_t debug_status = board_.Reg(0, at::kDebugStatus);
      board_.SetReg(0, at::kDebugCmd, 1);
      board_.Run(1000);
      if (debug_status == 0) board_.SetReg(0, at::kDebugCmd, 0);
    }
    pc += insn.length;
  }
  void Compare() {
    for (unsigned i = 0; i < 64; ++i) {
      if (board_.R(0, i) != r[i]) Fail(("R" + std::to_string(i)).c_str(), board_.R(0, i), r[i]);
    }
    Equal("STATUS", board_.Reg(0, at::kStatus), status);
    Equal("PC", board_.Reg(0, at::kPc), pc);
    Equal("ILAT", board_.Reg(0, at::kIlat), ilat);
    Equal("IPEND", board_.Reg(0, at::kIpend), 0);
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (board_.sram()[i] == memory_[i]) continue;
      Fail(("byte at " + std::to_string(i)).c_str(), board_.sram()[i], memory_[i]);
      break;
    }
  }
  // What a software exception does while interrupts are masked.
  void Except(unsigned cause) {
    status = (status & ~0xf0000u) | cause << 16;
    ilat |= 1u << 1;
  }

 private:
  Board& board_;
  std::vector<unsigned char> memory_;
};

// A file each.
void TestEncoder();
void TestInteger(Board& board);
void TestBranches(Board& board);
void TestMemory(Board& board);
void TestRegisters(Board& board);
void TestControl(Board& board);
void TestFloat(Board& board);

}  // namespace test

#endif  // TEST_NATIVE_CHIP_OPERATIONS_TEST_H_
