// SPDX-License-Identifier: MIT
// The encoder of the other tests, compared with the disassembler, which was compared with binutils.
#include <cstring>

#include "chip/disassemble.h"
#include "operations_test.h"

namespace test {

void TestEncoder() {
  using namespace encode;
  struct Row {
    Insn insn;
    const char* text;
  };
  const Row rows[] = {
      {B16(BLTE, -2), "bblte 0xffe"},
      {B16(EQ, 254), "beq 0x10fe"},
      {B32(LTE, -0x800), "blte 0x800"},
      {B32(LINK, 0x20000), "bl 0x21000"},
      {B16(LINK, 8), "bl 0x1008"},
      {B16(AL, 8), "b 0x1008"},
      {Jr16(3), "jr r3"},
      {Jalr16(7), "jalr r7"},
      {Jr32(33), "jr r33"},
      {Jalr32(63), "jalr r63"},
      {Rts(), "rts"},
      {Index16(kLoad, kHalf, 1, 5, 4), "ldrh r1,[r5,r4]"},
      {Post16(kStore, kByte, 2, 3, 7), "strb r2,[r3],r7"},
      {Disp16(kLoad, kDouble, 6, 1, 7), "ldrd r6,[r1,0x7]"},
      {Disp16(kStore, kWord, 1, 2, 0), "str r1,[r2]"},
      {Index32(kLoad, kWord, 43, 54, kMinus, 55), "ldr r43,[r54,-r55]"},
      {Index32(kStore, kHalf, 1, 2, kPlus, 3), "strh r1,[r2,+r3]"},
      {Post32(kLoad, kByte, 30, 43, kPlus, 40), "ldrb r30,[r43],+r40"},
      {Post32(kStore, kDouble, 34, 8, kMinus, 9), "strd r34,[r8],-r9"},
      {Disp32(kStore, kDouble, 34, 2, kMinus, 0x99), "strd r34,[r2,-0x99]"},
      {PostDisp32(kLoad, kWord, 6, 62, kPlus, 0x60e), "ldr r6,[r62],+0x60e"},
      {Testset(40, 2, kMinus, 50), "testset r40,[r2,-r50]"},
      {Mov16(GTEU, 1, 2), "movgteu r1,r2"},
      {Mov32(BLT, 20, 63), "movblt r20,r63"},
      {MovImm16(7, 0xa5), "mov r7,0xa5"},
      {MovImm32(60, 0xbeef), "mov r60,0xbeef"},
      {Movt(33, 0x1234), "movt r33,0x1234"},
      {Movts16(1, 6), "movts status,r6"},
      {Movfs16(5, 7), "movfs r5,le"},
      {Movts32(0, 13, 50), "movts ipend,r50"},
      {Movts32(1, 8, 3), "movts dma1config,r3"},
      {Movfs32(1, 3, 1), "movfs r1,coreid"},
      {Movfs32(62, 2, 1), "movfs r62,memstatus"},
      {Alu16(kEor, 1, 2, 3), "eor r1,r2,r3"},
      {Alu32(kAsr, 16, 33, 60), "asr r16,r33,r60"},
      {AluImm16(kAdd, 1, 2, -4), "add r1,r2,-4"},
      {AluImm16(kSub, 1, 2, 3), "sub r1,r2,3"},
      {AluImm32(kAdd, 40, 2, -1024), "add r40,r2,-1024"},
      {AluImm32(kSub, 4, 52, 1023), "sub r4,r52,1023"},
      {Shift16(kLsl, 1, 2, 31), "lsl r1,r2,0x1f"},
      {Shift16(kAsr, 1, 2, 1), "asr r1,r2,0x1"},
      {Shift32(kLsr, 31, 20, 17), "lsr r31,r20,0x11"},
      {Shift32(kAsr, 31, 20, 17), "asr r31,r20,0x11"},
      {Bitr16(4, 5), "bitr r4,r5"},
      {Bitr32(44, 55), "bitr r44,r55"},
      {Fpu16(kFmsub, 1, 2, 3), "fmsub r1,r2,r3"},
      {Fpu32(kFmadd, 61, 52, 43), "fmadd r61,r52,r43"},
      {Fpu32(kFabs, 61, 52), "fabs r61,r52"},
      {Fpu16(kFix, 6, 5), "fix r6,r5"},
      {kNop, "nop"},
      {kIdle, "idle"},
      {kBkpt, "bkpt"},
      {kMbkpt, "mbkpt"},
      {kRti, "rti"},
      {kWand, "wand"},
      {kSync, "sync"},
      {kGie, "gie"},
      {kGid, "gid"},
      {kUnimpl, "unimpl"},
      {Swi(0), "swi"},
      {Swi(9), "swi 0x9"},
      {Trap(63), "trap 0x3f"},
  };
  for (const Row& row : rows) {
    Case("encoder: %s", row.text);
    const chip::Line line = chip::Disassemble(0x1000, row.insn.bits, 4);
    if (std::strcmp(line.text, row.text) != 0) std::printf("%s is shown as %s\n", row.text, line.text);
    True("text", std::strcmp(line.text, row.text) == 0);
    Equal("length", line.length, row.insn.length);
  }
}

}  // namespace test
