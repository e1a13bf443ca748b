// SPDX-License-Identifier: MIT
// What the tests of the system have in common: a log that programs write, handlers, and descriptors of DMA.
#ifndef TEST_NATIVE_CHIP_SYSTEM_TEST_H_
#define TEST_NATIVE_CHIP_SYSTEM_TEST_H_

#include <string>

#include "programs.h"
#include "testing.h"

namespace test {

constexpr uint32_t kLog = 0x6000;
constexpr uint32_t kInHandler = kActive | kGidBit | kKm;

// Writes a byte to the log that R50 points behind. R51 is used.
inline Code& Log(Code& code, unsigned byte) {
  using namespace encode;
  return code << MovImm32(51, byte) << PostDisp32(kStore, kByte, 51, 50, kPlus, 1);
}

inline std::string LogOf(Board& board) {
  std::string text;
  for (uint32_t i = kLog; board.sram()[i] != 0; ++i) text += static_cast<char>(board.sram()[i]);
  return text;
}

inline void EqualText(const char* what, const std::string& got, const std::string& wanted) {
  if (got != wanted) std::printf("%s: got \"%s\", wanted \"%s\"\n", what, got.c_str(), wanted.c_str());
  True(what, got == wanted);
}

// For each interrupt n: a handler that logs the digit n and returns.
inline void PutHandlers(Board& board) {
  for (unsigned n = 0; n < 10; ++n) {
    Code handler(0x100 + 16 * n);
    Log(handler, '0' + n) << encode::kRti;
    board.PutHandler(0, n, handler);
  }
  board.SetR(0, 50, kLog);
}

// An interrupt to itself, and as many instructions as it takes until it is there.
inline Code& Raise(Code& code, uint32_t interrupts) {
  code.Special(num::kIlatst, interrupts);
  for (unsigned i = 0; i < chip::DelayLine::kClocks; ++i) code << encode::kNop;
  return code;
}

inline Code IdleLoop() {
  using namespace encode;
  Code code(kProgram);
  code << kIdle << kIdle << kIdle << kIdle;
  return code.ShortBranch(AL, kProgram);
}

// --- DMA

struct Descriptor {
  uint32_t config, inner_stride, count, outer_stride, source, destination;
};

inline void PutDescriptor(Board& board, uint32_t at, const Descriptor& d) {
  const uint32_t words[] = {d.config, d.inner_stride, d.count, d.outer_stride, d.source, d.destination};
  for (unsigned i = 0; i < 6; ++i) board.SetWord(0, at + 4 * i, words[i]);
}

constexpr uint32_t kEnable = 1, kMaster = 2, kChain = 4, kStartup = 8, kIrq = 16, kMessageMode = 1u << 10;
constexpr uint32_t SizeBits(unsigned size) {
  return size << 5;
}
constexpr uint32_t Pair(int high, int low) {
  return static_cast<uint32_t>(high) << 16 | (static_cast<uint32_t>(low) & 0xffff);
}
// So many in a row, of so many bytes by their logarithm.
inline Descriptor Copy(unsigned size, int count, uint32_t source, uint32_t destination, uint32_t config = 0) {
  const uint32_t stride = Pair(1 << size, 1 << size);
  return {kEnable | kMaster | SizeBits(size) | config, stride, Pair(1, count), stride, source, destination};
}
constexpr uint32_t kChannel = 0x20;  // from one to the other

inline void StartDma(Board& board, unsigned channel, uint32_t descriptor) {
  board.SetReg(0, at::kDma0Config + kChannel * channel, descriptor << 16 | kStartup);
}

inline uint32_t DmaState(Board& board, unsigned channel) {
  return board.Reg(0, at::kDma0Status + kChannel * channel) & 15;
}

inline void FillSource(Board& board) {
  for (uint32_t i = 0; i < 0x1000; ++i)
    board.sram()[0x2000 + i] = static_cast<unsigned char>(i * 7 + (i >> 8) + 1);
}

// A file each.
void TestInterrupts();
void TestTimers();
void TestLoops();
void TestDma();
void TestProtection();
void TestManyCores();
void TestSignals();
void TestMesh();
void TestDebug();
void TestResets();
void TestStrangeCode();

}  // namespace test

#endif  // TEST_NATIVE_CHIP_SYSTEM_TEST_H_
