// SPDX-License-Identifier: MIT
// Programs that several tests let many cores run at once.
#ifndef TEST_NATIVE_CHIP_PROGRAMS_H_
#define TEST_NATIVE_CHIP_PROGRAMS_H_

#include "board.h"

namespace test {

constexpr uint32_t kProgram = 0x200;
// In core 0: a lock, and what it guards.
constexpr uint32_t kLock = 0x7000;
constexpr uint32_t kGuarded = 0x7008;

// Counts in R1, for ever.
inline Code CountingLoop() {
  using namespace encode;
  Code code(kProgram);
  code << AluImm16(kAdd, 1, 1, 1);
  return code.ShortBranch(AL, kProgram);
}

// Adds `rounds` to a counter under a lock, in two steps; then halts at a breakpoint.
inline Code MutexProgram(const Board& board, unsigned rounds) {
  using namespace encode;
  Code code(kProgram);
  code.Set(1, board.Global(0, kLock)).Set(2, board.Global(0, kGuarded)).Set(7, rounds);
  code << MovImm16(3, 0);
  const uint32_t again = code.here();
  code << MovImm16(4, 1) << Testset(4, 1, kPlus, 3) << AluImm16(kAdd, 4, 4, 0);
  code.ShortBranch(NE, again);
  code << Disp16(kLoad, kWord, 5, 2, 0) << AluImm16(kAdd, 5, 5, 1) << Disp16(kStore, kWord, 5, 2, 0);
  code << Disp16(kStore, kWord, 3, 1, 0) << AluImm16(kSub, 7, 7, 1);
  code.ShortBranch(NE, again);
  return code << kBkpt;
}

// A bit of everything, for ever: arithmetic, memory of a neighbour, floating point, DMA, a timer that
// interrupts, and code that changes. Everything depends on everything.
inline void PutMixedProgram(Board& board, unsigned core) {
  using namespace encode;
  const unsigned next = (core * 5 + 3) % board.cores();
  Code handler(0x180);
  handler << Movfs32(40, 0, num::kStatus) << AluImm32(kAdd, 41, 41, 1) << MovImm32(42, 77 + core)
          << Movts32(0, num::kCtimer0, 42) << Movts32(0, num::kStatus, 40) << kRti;
  board.PutHandler(core, 3, handler);
  board.Vector(core, 6, 0x180);
  // From own memory to the next core's.
  const uint32_t descriptor[] = {0x71 | 2,   0x00080008, 0x0002000c,
                                 0x00080008, 0x4000,     board.Global(next, 0x4800)};
  for (unsigned i = 0; i < 6; ++i) board.SetWord(core, 0x100 + 4 * i, descriptor[i]);
  Code code(kProgram);
  code.Special(num::kCtimer0, 50 + core).Special(num::kConfig, 0x10);
  code.Set(10, board.Global(next, 0x4000)).Set(11, 0x4000).Set(12, 0x9e3779b9 + core).Set(13, 0x3f800001);
  code.Set(20, 0x100u << 16 | 8).Set(24, 0x3fff).Set(25, 0);
  const uint32_t loop = code.here();
  code << Alu32(kAdd, 12, 12, 13) << Shift32(kLsl, 14, 12, 5) << Alu32(kEor, 12, 12, 14)
       << Shift32(kLsr, 14, 12, 9) << Alu32(kEor, 12, 12, 14) << Fpu32(kFmul, 13, 13, 13)
       << Fpu32(kFadd, 15, 13, 13) << Alu32(kAnd, 16, 12, 24) << Shift32(kLsr, 16, 16, 4)
       << Shift32(kLsl, 16, 16, 2) << Index32(kLoad, kWord, 17, 11, kPlus, 16) << Alu32(kAdd, 12, 12, 17)
       << Index32(kStore, kWord, 12, 10, kPlus, 16) << Alu32(kAdd, 18, 18, 17);
  // Every so often a transfer, if the last one is over; and an immediate that changes in the loop.
  code << Movfs32(21, 1, 7) << MovImm32(22, 15) << Alu32(kAnd, 21, 21, 22);
  const uint32_t busy = code.Ahead(NE);
  code << Movts32(1, 0, 20);
  code.Land(busy);
  const uint32_t patched = code.here() + 8 + 4;
  code.Set(26, patched) << Disp32(kStore, kByte, 12, 26, kPlus, 1);
  code << MovImm16(0, 0) << Alu32(kAdd, 27, 27, 0);
  code.Branch(AL, loop);
  for (const unsigned zero : {0u, 18u, 27u, 41u}) board.SetR(core, zero, 0);
  board.PutAndStart(core, code);
}

// Sends its core number and a count to the mailbox, `messages` times; then halts.
inline Code MailboxProgram(unsigned core, unsigned messages) {
  using namespace encode;
  Code code(kProgram);
  code.Set(1, kMailboxLow).Set(2, core << 16).Set(3, messages);
  const uint32_t loop = code.here();
  code << AluImm16(kAdd, 2, 2, 1) << Disp16(kStore, kWord, 2, 1, 0) << AluImm16(kSub, 3, 3, 1);
  code.ShortBranch(NE, loop);
  return code << kBkpt;
}

// How a program waits at a barrier: no interrupt is taken between WAND and IDLE, or one may be.
enum class Barrier { kGuarded, kOpen };

// A barrier of all cores, `rounds` times; R11 counts, R20 counts what was seen too early.
inline void PutBarrierProgram(Board& board, unsigned core, unsigned rounds,
                              Barrier barrier = Barrier::kGuarded) {
  using namespace encode;
  Code handler(0x180);
  handler << Movfs32(40, 0, num::kStatus) << MovImm32(41, kWandBit) << Alu32(kEor, 40, 40, 41)
          << Movts32(0, num::kStatus, 40) << kRti;
  board.PutHandler(core, 8, handler);
  // Everybody writes the round to its slot in core 0; behind the barrier all must be there.
  Code code(kProgram);
  code.Set(1, board.Global(0, 0x4000 + 4 * core)).Set(10, rounds) << MovImm32(11, 0) << MovImm32(20, 0);
  const uint32_t loop = code.here();
  code << AluImm32(kAdd, 11, 11, 1) << Str(11, 1);
  if (barrier == Barrier::kGuarded) code << kGid;
  code << kWand;
  if (barrier == Barrier::kGuarded) code.Align(8) << kGie;
  code << kIdle;
  code.Set(12, board.Global(0, 0x4000)) << MovImm32(13, board.cores());
  const uint32_t check = code.here();
  code << PostDisp32(kLoad, kWord, 14, 12, kPlus, 1) << Alu32(kSub, 15, 14, 11);
  const uint32_t fine = code.Ahead(GTE);
  code << AluImm32(kAdd, 20, 20, 1);
  code.Land(fine);
  code << AluImm32(kSub, 13, 13, 1);
  code.Branch(NE, check) << AluImm32(kSub, 10, 10, 1);
  code.Branch(NE, loop) << kBkpt;
  board.PutAndStart(core, code);
}

}  // namespace test

#endif  // TEST_NATIVE_CHIP_PROGRAMS_H_
