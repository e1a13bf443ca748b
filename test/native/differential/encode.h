// SPDX-License-Identifier: MIT
// Instructions as bits, from their operands: the inverse of native/chip/isa.h, and written without it, so
// that what the model decodes wrongly does not come out right again. Source: Epiphany Architecture Reference,
// appendix A and its decode table.
#ifndef DIFFERENTIAL_ENCODE_H_
#define DIFFERENTIAL_ENCODE_H_

#include <cstdint>

namespace differential::encode {

constexpr uint32_t kEor = 0, kAdd = 1, kLsl = 2, kSub = 3, kLsr = 4, kAnd = 5, kAsr = 6, kOrr = 7;
constexpr uint32_t kFadd = 0, kFmadd = 3, kFmsub = 4, kFloat = 5, kFix = 6, kFabs = 7;
constexpr uint32_t kNe = 1, kEq = 0, kAlways = 14, kLink = 15;

constexpr uint32_t kNop = 0x01a2, kIdle = 0x01b2, kBkpt = 0x01c2, kRti = 0x01d2, kSwi = 0x01e2, kGie = 0x0192,
                   kGid = 0x0392, kWand = 0x0182;

// Whether the instruction that begins with this halfword has a second one.
constexpr bool IsLong(uint32_t low) {
  return 0xbb00u >> (low & 15) & 1;
}

// A short form has three bits for each register.
constexpr bool FitsShort(uint32_t rd, uint32_t rn, uint32_t rm = 0) {
  return (rd | rn | rm) < 8;
}

constexpr uint32_t Fields(uint32_t rd, uint32_t rn, uint32_t rm) {
  return (rd & 7) << 13 | (rn & 7) << 10 | (rm & 7) << 7 | rd >> 3 << 29 | rn >> 3 << 26 | rm >> 3 << 23;
}

constexpr uint32_t Alu(uint32_t op, uint32_t rd, uint32_t rn, uint32_t rm, bool is_long) {
  return Fields(rd, rn, rm) | op << 4 | (is_long ? 0x000a000f : 0xa);
}

constexpr uint32_t Float(uint32_t op, uint32_t rd, uint32_t rn, uint32_t rm, bool is_long) {
  return Fields(rd, rn, rm) | op << 4 | (is_long ? 0x0007000f : 0x7);
}

// ADD or SUB of a signed immediate: 3 bits of it, or 11.
constexpr uint32_t AddImmediate(bool subtract, uint32_t rd, uint32_t rn, uint32_t value, bool is_long) {
  return Fields(rd, rn, 0) | (value & 7) << 7 | (subtract ? 0x30 : 0x10) |
         (is_long ? (value >> 3 & 0xff) << 16 | 0xb : 0x3);
}

constexpr uint32_t ShiftImmediate(uint32_t op, uint32_t rd, uint32_t rn, uint32_t by, bool is_long) {
  const uint32_t family = op == kAsr ? 0xe : 0x6;
  return Fields(rd, rn, 0) | by << 5 | (op == kLsl ? 0x10 : 0) | (is_long ? family << 16 | 0xf : family);
}

constexpr uint32_t Bitr(uint32_t rd, uint32_t rn, bool is_long) {
  return Fields(rd, rn, 0) | (is_long ? 0x000e001f : 0x1e);
}

// 8 bits or 16.
constexpr uint32_t MoveImmediate(uint32_t rd, uint32_t value, bool is_long) {
  return Fields(rd, 0, 0) | (value & 0xff) << 5 | (is_long ? (value >> 8 & 0xff) << 20 | 0x0002000b : 0x3);
}

constexpr uint32_t MoveTop(uint32_t rd, uint32_t value) {
  return MoveImmediate(rd, value, true) | 1u << 28;
}

constexpr uint32_t MoveIf(uint32_t condition, uint32_t rd, uint32_t rn, bool is_long) {
  return Fields(rd, rn, 0) | condition << 4 | (is_long ? 0x0002000f : 0x2);
}

// Bytes from the branch itself: 8 bits of halfwords, or 24.
constexpr uint32_t Branch(uint32_t condition, uint32_t distance, bool is_long) {
  return is_long ? distance >> 1 << 8 | condition << 4 | 0x8 : (distance >> 1 & 0xff) << 8 | condition << 4;
}

constexpr uint32_t Jump(uint32_t rn, bool link, bool is_long) {
  return Fields(0, rn, 0) | 0x0140 | (link ? 0x10 : 0) | (is_long ? 0x0002000f : 0x2);
}

// To or from a special register, which is given as its offset in the register page. The short form has the
// first eight of them.
constexpr bool FitsShortSpecial(uint32_t r, uint32_t offset) {
  return r < 8 && offset < 0x420;
}
constexpr uint32_t MoveSpecial(bool from, uint32_t r, uint32_t offset, bool is_long) {
  const uint32_t index = offset / 4 & 63;
  const uint32_t group = (offset >> 8) - 4;
  return Fields(r, index, 0) | 0x0100 | (from ? 0x10 : 0) | (is_long ? group << 20 | 0x0002000f : 0x2);
}

// Loads and stores. `size` is the logarithm of the width; displacements are in units of it, 3 bits or 11.
struct Access {
  bool is_store;
  uint32_t size, rd, rn;
};
constexpr uint32_t Indexed(Access a, uint32_t rm, bool subtract, bool post_modify, bool is_long) {
  const uint32_t family = post_modify ? 0x5 : 0x1;
  return Fields(a.rd, a.rn, rm) | a.size << 5 | (a.is_store ? 0x10 : 0) |
         (is_long ? family | 0x8 | (subtract ? 1u << 20 : 0) : family);
}
constexpr uint32_t Displaced(Access a, uint32_t displacement, bool subtract, bool post_modify, bool is_long) {
  return Fields(a.rd, a.rn, 0) | a.size << 5 | (a.is_store ? 0x10 : 0) | (displacement & 7) << 7 |
         (is_long ? (displacement >> 3) << 16 | (subtract ? 1u << 24 : 0) | (post_modify ? 1u << 25 : 0) | 0xc
                  : 0x4);
}
constexpr uint32_t Testset(uint32_t rd, uint32_t rn, uint32_t rm) {
  return Fields(rd, rn, rm) | 0x00200049;
}

}  // namespace differential::encode

#endif  // DIFFERENTIAL_ENCODE_H_
