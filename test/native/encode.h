// SPDX-License-Identifier: MIT
// Instructions as bits, one function for each format. Written from the manual's diagrams, and not from the
// model's decoder, which it is there to test: what that decodes wrongly must not come out right again.
// Source: Epiphany Architecture Reference, appendix A and its decode table.
#ifndef TEST_NATIVE_ENCODE_H_
#define TEST_NATIVE_ENCODE_H_

#include <cstdint>

namespace encode {

struct Insn {
  uint32_t bits;
  unsigned length;  // bytes
};

enum Cond : unsigned { EQ, NE, GTU, GTEU, LTEU, LTU, GT, GTE, LT, LTE, BEQ, BNE, BLT, BLTE, AL, LINK };
enum Size : unsigned { kByte, kHalf, kWord, kDouble };
enum Alu : unsigned { kEor, kAdd, kLsl, kSub, kLsr, kAnd, kAsr, kOrr };
enum Fpu : unsigned { kFadd, kFsub, kFmul, kFmadd, kFmsub, kFloat, kFix, kFabs };
enum Direction : unsigned { kLoad, kStore };
enum Sign : unsigned { kPlus, kMinus };

constexpr Insn Short(uint32_t bits) {
  return {bits & 0xffff, 2};
}
constexpr Insn Long(uint32_t bits) {
  return {bits, 4};
}

// Three registers in either width: the low three bits of each, and of long instructions the high three.
constexpr uint32_t Low(unsigned rd, unsigned rn, unsigned rm) {
  return (rd & 7) << 13 | (rn & 7) << 10 | (rm & 7) << 7;
}
constexpr uint32_t High(unsigned rd, unsigned rn, unsigned rm) {
  return (rd >> 3) << 29 | (rn >> 3) << 26 | (rm >> 3) << 23;
}
// Whether the low three bits are all of each.
constexpr bool FitsShort(unsigned rd, unsigned rn, unsigned rm = 0) {
  return (rd | rn | rm) < 8;
}

// --- branches and jumps; distances in bytes from the instruction itself
constexpr Insn B16(Cond cond, int distance) {
  return Short((static_cast<uint32_t>(distance / 2) & 0xff) << 8 | cond << 4);
}
constexpr Insn B32(Cond cond, int distance) {
  return Long(static_cast<uint32_t>(distance / 2) << 8 | cond << 4 | 8);
}
constexpr Insn Jr16(unsigned rn) {
  return Short(rn << 10 | 0x142);
}
constexpr Insn Jalr16(unsigned rn) {
  return Short(rn << 10 | 0x152);
}
constexpr Insn Jr32(unsigned rn) {
  return Long(0x0002014f | Low(0, rn, 0) | High(0, rn, 0));
}
constexpr Insn Jalr32(unsigned rn) {
  return Long(0x0002015f | Low(0, rn, 0) | High(0, rn, 0));
}
constexpr Insn Rts() {
  return Jr32(14);
}

// --- loads and stores; displacements in units of the access
constexpr Insn Index16(Direction direction, Size size, unsigned rd, unsigned rn, unsigned rm) {
  return Short(Low(rd, rn, rm) | size << 5 | direction << 4 | 1);
}
constexpr Insn Post16(Direction direction, Size size, unsigned rd, unsigned rn, unsigned rm) {
  return Short(Low(rd, rn, rm) | size << 5 | direction << 4 | 5);
}
constexpr Insn Disp16(Direction direction, Size size, unsigned rd, unsigned rn, unsigned displacement) {
  return Short(Low(rd, rn, displacement) | size << 5 | direction << 4 | 4);
}
constexpr Insn Index32(Direction direction, Size size, unsigned rd, unsigned rn, Sign sign, unsigned rm) {
  return Long(Low(rd, rn, rm) | High(rd, rn, rm) | sign << 20 | size << 5 | direction << 4 | 9);
}
constexpr Insn Post32(Direction direction, Size size, unsigned rd, unsigned rn, Sign sign, unsigned rm) {
  return Long(Low(rd, rn, rm) | High(rd, rn, rm) | sign << 20 | size << 5 | direction << 4 | 0xd);
}
constexpr Insn Disp32(Direction direction, Size size, unsigned rd, unsigned rn, Sign sign,
                      unsigned displacement) {
  return Long(Low(rd, rn, displacement) | High(rd, rn, 0) | sign << 24 | (displacement >> 3) << 16 |
              size << 5 | direction << 4 | 0xc);
}
constexpr Insn PostDisp32(Direction direction, Size size, unsigned rd, unsigned rn, Sign sign,
                          unsigned displacement) {
  return Long(Disp32(direction, size, rd, rn, sign, displacement).bits | 1u << 25);
}
constexpr Insn Testset(unsigned rd, unsigned rn, Sign sign, unsigned rm) {
  return Long(Low(rd, rn, rm) | High(rd, rn, rm) | 1u << 21 | sign << 20 | 0x49);
}
constexpr Insn Ldr(unsigned rd, unsigned rn, unsigned displacement = 0) {
  return Disp32(kLoad, kWord, rd, rn, kPlus, displacement);
}
constexpr Insn Str(unsigned rd, unsigned rn, unsigned displacement = 0) {
  return Disp32(kStore, kWord, rd, rn, kPlus, displacement);
}

// --- moves
constexpr Insn Mov16(Cond cond, unsigned rd, unsigned rn) {
  return Short(Low(rd, rn, 0) | cond << 4 | 2);
}
constexpr Insn Mov32(Cond cond, unsigned rd, unsigned rn) {
  return Long(0x00020000 | Low(rd, rn, 0) | High(rd, rn, 0) | cond << 4 | 0xf);
}
constexpr Insn MovImm16(unsigned rd, unsigned immediate) {
  return Short((rd & 7) << 13 | (immediate & 0xff) << 5 | 3);
}
constexpr Insn MovImm32(unsigned rd, unsigned immediate) {
  return Long((rd >> 3) << 29 | (immediate >> 8 & 0xff) << 20 | 0x00020000 | (rd & 7) << 13 |
              (immediate & 0xff) << 5 | 0xb);
}
constexpr Insn Movt(unsigned rd, unsigned immediate) {
  return Long(MovImm32(rd, immediate).bits | 1u << 28);
}
// Special registers by group and number.
constexpr Insn Movts16(unsigned number, unsigned rd) {
  return Short(Low(rd, number, 0) | 0x102);
}
constexpr Insn Movfs16(unsigned rd, unsigned number) {
  return Short(Low(rd, number, 0) | 0x112);
}
constexpr Insn Movts32(unsigned group, unsigned number, unsigned rd) {
  return Long(0x0002010f | Low(rd, number, 0) | High(rd, number, 0) | group << 20);
}
constexpr Insn Movfs32(unsigned rd, unsigned group, unsigned number) {
  return Long(0x0002011f | Low(rd, number, 0) | High(rd, number, 0) | group << 20);
}

// --- arithmetic
constexpr Insn Alu16(Alu op, unsigned rd, unsigned rn, unsigned rm) {
  return Short(Low(rd, rn, rm) | op << 4 | 0xa);
}
constexpr Insn Alu32(Alu op, unsigned rd, unsigned rn, unsigned rm) {
  return Long(0x000a0000 | Low(rd, rn, rm) | High(rd, rn, rm) | op << 4 | 0xf);
}
// ADD and SUB.
constexpr Insn AluImm16(Alu op, unsigned rd, unsigned rn, int immediate) {
  return Short(Low(rd, rn, static_cast<unsigned>(immediate)) | (op == kSub ? 3u : 1u) << 4 | 3);
}
constexpr Insn AluImm32(Alu op, unsigned rd, unsigned rn, int immediate) {
  const uint32_t bits = static_cast<uint32_t>(immediate) & 0x7ff;
  return Long(Low(rd, rn, bits) | High(rd, rn, 0) | (bits >> 3) << 16 | (op == kSub ? 3u : 1u) << 4 | 0xb);
}
// LSR, LSL and ASR.
constexpr Insn Shift16(Alu op, unsigned rd, unsigned rn, unsigned by) {
  return Short(Low(rd, rn, 0) | by << 5 | (op == kLsl) << 4 | (op == kAsr ? 0xeu : 6u));
}
constexpr Insn Shift32(Alu op, unsigned rd, unsigned rn, unsigned by) {
  return Long(Low(rd, rn, 0) | High(rd, rn, 0) | (op == kAsr ? 0xeu : 6u) << 16 | by << 5 |
              (op == kLsl) << 4 | 0xf);
}
constexpr Insn Bitr16(unsigned rd, unsigned rn) {
  return Short(Low(rd, rn, 0) | 0x1e);
}
constexpr Insn Bitr32(unsigned rd, unsigned rn) {
  return Long(0x000e001f | Low(rd, rn, 0) | High(rd, rn, 0));
}
constexpr Insn Fpu16(Fpu op, unsigned rd, unsigned rn, unsigned rm = 0) {
  return Short(Low(rd, rn, rm) | op << 4 | 7);
}
constexpr Insn Fpu32(Fpu op, unsigned rd, unsigned rn, unsigned rm = 0) {
  return Long(0x00070000 | Low(rd, rn, rm) | High(rd, rn, rm) | op << 4 | 0xf);
}

// --- control
constexpr Insn kNop = Short(0x01a2), kIdle = Short(0x01b2), kBkpt = Short(0x01c2), kMbkpt = Short(0x03c2),
               kRti = Short(0x01d2), kWand = Short(0x0182), kSync = Short(0x01f2), kGie = Short(0x0192),
               kGid = Short(0x0392), kUnimpl = Long(0x000f000f);
constexpr Insn Swi(unsigned number) {
  return Short(number << 10 | 0x1e2);
}
constexpr Insn Trap(unsigned number) {
  return Short(number << 10 | 0x3e2);
}

}  // namespace encode

#endif  // TEST_NATIVE_ENCODE_H_
