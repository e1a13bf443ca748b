// SPDX-License-Identifier: MIT
// Branches, jumps and moves, with conditions and without.
#include "operations_test.h"

namespace test {
namespace {

using namespace encode;

bool Holds(unsigned cond, uint32_t status) {
  const bool z = status & kAz, n = status & kAn, c = status & kAc, v = status & kAv;
  const bool bz = status & kBz, bn = status & kBn;
  const bool table[] = {z,      !z,          c && !z, c,   z || !c,   !c,       !z && v == n, v == n,
                        v != n, z || v != n, bz,      !bz, bn && !bz, bn || bz, true};
  return table[cond];
}

void TestConditions(Board& board) {
  for (uint32_t flags = 0; flags < 64; ++flags) {
    const uint32_t status = kActive | flags << 4;
    for (unsigned number = EQ; number <= AL; ++number) {
      const auto cond = static_cast<Cond>(number);
      const bool holds = Holds(number, status);
      for (const bool is_long : {false, true}) {
        for (const int distance : {-0x40, 0x7e}) {
          Case("B%u%s by %d with STATUS %03x", number, is_long ? ".l" : "", distance, status);
          Probe probe(board);
          probe.status = status;
          const int far = is_long ? distance * 16 : distance;
          probe.Execute(is_long ? B32(cond, far) : B16(cond, far));
          if (holds) probe.pc = kAt + static_cast<uint32_t>(far);
          probe.Compare();
        }
        Case("MOV%u%s with STATUS %03x", number, is_long ? ".l" : "", status);
        Probe probe(board);
        probe.status = status;
        const unsigned rd = is_long ? 59 : 5;
        const unsigned rn = is_long ? 10 : 2;
        probe.Execute(is_long ? Mov32(cond, rd, rn) : Mov16(cond, rd, rn));
        if (holds) probe.r[rd] = probe.r[rn];
        probe.Compare();
      }
    }
  }
}

void TestJumps(Board& board) {
  for (const bool is_long : {false, true}) {
    for (const int distance : {-0x80, -2, 0, 2, 0xfe}) {
      Case("BL%s by %d", is_long ? ".l" : "", distance);
      Probe probe(board);
      probe.Execute(is_long ? B32(LINK, distance) : B16(LINK, distance));
      probe.r[14] = probe.pc;
      probe.pc = kAt + static_cast<uint32_t>(distance);
      probe.Compare();
    }
    const unsigned rn = is_long ? 45 : 6;
    {
      Case("JR%s", is_long ? ".l" : "");
      Probe probe(board);
      probe.r[rn] = 0x1234;
      probe.Execute(is_long ? Jr32(rn) : Jr16(rn));
      probe.pc = 0x1234;
      probe.Compare();
    }
    {
      Case("JALR%s", is_long ? ".l" : "");
      Probe probe(board);
      probe.r[rn] = 0x1234;
      probe.Execute(is_long ? Jalr32(rn) : Jalr16(rn));
      probe.r[14] = probe.pc;
      probe.pc = 0x1234;
      probe.Compare();
    }
  }
  {
    Case("RTS");
    Probe probe(board);
    probe.r[14] = 0x2468;
    probe.Execute(Rts());
    probe.pc = 0x2468;
    probe.Compare();
  }
  {
    Case("JALR R14 reads R14 first");
    Probe probe(board);
    probe.r[14] = 0x2468;
    probe.Execute(Jalr32(14));
    probe.r[14] = probe.pc;
    probe.pc = 0x2468;
    probe.Compare();
  }
  {
    Case("B.l as far as it goes, from the core's own global address");
    Probe probe(board);
    probe.pc = board.Global(0, kAt);
    probe.Execute(B32(AL, 0x2000));
    probe.pc = board.Global(0, kAt + 0x2000);
    probe.Compare();
  }
  {
    Case("BL from the core's own global address");
    Probe probe(board);
    probe.pc = board.Global(0, kAt);
    probe.Execute(B16(LINK, 16));
    probe.r[14] = board.Global(0, kAt + 2);
    probe.pc = board.Global(0, kAt + 16);
    probe.Compare();
  }
}

void TestMoves(Board& board) {
  for (const unsigned immediate : {0u, 1u, 0x80u, 0xffu, 0x5au}) {
    Case("MOV imm8 %x", immediate);
    Probe probe(board);
    probe.status = kBefore[1];
    probe.Execute(MovImm16(6, immediate));
    probe.r[6] = immediate;
    probe.Compare();
  }
  for (const unsigned immediate : {0u, 1u, 0x00ffu, 0x0100u, 0x8000u, 0xffffu, 0xa55au}) {
    {
      Case("MOV imm16 %x", immediate);
      Probe probe(board);
      probe.Execute(MovImm32(38, immediate));
      probe.r[38] = immediate;
      probe.Compare();
    }
    {
      Case("MOVT %x", immediate);
      Probe probe(board);
      probe.r[38] = 0x89abcdef;
      probe.Execute(Movt(38, immediate));
      probe.r[38] = 0xcdef | immediate << 16;
      probe.Compare();
    }
  }
}

}  // namespace

void TestBranches(Board& board) {
  TestConditions(board);
  TestJumps(board);
  TestMoves(board);
}

}  // namespace test
