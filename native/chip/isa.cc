// SPDX-License-Identifier: MIT
#include "chip/isa.h"

#include <array>
#include <cstddef>

namespace chip {
namespace {

// `count` bits from bit `first` on.
struct Bits {
  uint8_t first, count;
};

// What one of an immediate counts: 1 << shift bytes, or so many accesses; from where on.
struct Unit {
  uint8_t shift;
  bool is_access;
  uint16_t origin;
};
constexpr Unit kOne = {0, false, 0};
constexpr Unit kHalfword = {1, false, 0};
constexpr Unit kAccess = {0, true, 0};
constexpr Unit kSpecialRegister = {2, false, kSpecialRegisters};

// Where operands are that are not registers. Those are in the same place everywhere: three bits of the low
// halfword, and in long instructions three more in the same place of the high one.
struct Format {
  Bits immediate[3];  // in pieces, the lowest first
  Unit unit = kOne;
  bool is_signed = false;
  uint8_t minus = 0;  // the bit that is one to subtract; zero if there is none
  bool post_modify = false;
};

constexpr bool kSigned = true;
constexpr bool kUnsigned = false;
constexpr bool kPostModify = true;

constexpr Format kRegisters = {};
constexpr Format kBranch8 = {{{8, 8}}, kHalfword, kSigned};
constexpr Format kBranch24 = {{{8, 24}}, kHalfword, kSigned};
constexpr Format kNumber6 = {{{10, 6}}};
constexpr Format kSpecial3 = {{{10, 3}}, kSpecialRegister};
constexpr Format kSpecial8 = {{{10, 3}, {26, 3}, {20, 2}}, kSpecialRegister};  // with the group on top
constexpr Format kUnsigned5 = {{{5, 5}}};
constexpr Format kUnsigned8 = {{{5, 8}}};
constexpr Format kUnsigned16 = {{{5, 8}, {20, 8}}};
constexpr Format kSigned3 = {{{7, 3}}, kOne, kSigned};
constexpr Format kSigned11 = {{{7, 3}, {16, 8}}, kOne, kSigned};
constexpr Format kIndex = {};
constexpr Format kIndexSign = {{}, kOne, kUnsigned, 20};
constexpr Format kPost = {{}, kOne, kUnsigned, 0, kPostModify};
constexpr Format kPostSign = {{}, kOne, kUnsigned, 20, kPostModify};
constexpr Format kOffset3 = {{{7, 3}}, kAccess};
constexpr Format kOffset11 = {{{7, 3}, {16, 8}}, kAccess, kUnsigned, 24};
constexpr Format kPostOffset11 = {{{7, 3}, {16, 8}}, kAccess, kUnsigned, 24, kPostModify};

struct Pattern {
  const char* syntax;    // null if this is no instruction even to binutils
  uint32_t mask, match;  // an instruction of this row has the bits of `match` under `mask` …
  uint32_t ignored;  // … but to the hardware these need not fit: the manual's table has no value for them
  Format format;
  Operation operation;  // undefined, in spite of a syntax: only binutils have it, and not the manual
};

using Op = Operation;

// The first row that fits is the one: a special case stands before the rule.
// clang-format off
constexpr Pattern kPatterns[] = {
    // Branches. The low four bits, here and everywhere, are the family, and tell the length.
    {"bl %t",               0x000000ff, 0x000000f0, 0,          kBranch8,      Op::kBl},
    {"b%c %t",              0x0000000f, 0x00000000, 0,          kBranch8,      Op::kB},
    {"bl %t",               0x000000ff, 0x000000f8, 0,          kBranch24,     Op::kBl},
    {"b%c %t",              0x0000000f, 0x00000008, 0,          kBranch24,     Op::kB},
    // Loads and stores by index.
    {"ldr%z %d,[%n,%m]",    0x0000001f, 0x00000001, 0,          kIndex,        Op::kLdr},
    {"str%z %d,[%n,%m]",    0x0000001f, 0x00000011, 0,          kIndex,        Op::kStr},
    {"ldr%z %d,[%n],%m",    0x0000001f, 0x00000005, 0,          kPost,         Op::kLdr},
    {"str%z %d,[%n],%m",    0x0000001f, 0x00000015, 0,          kPost,         Op::kStr},
    {"ldr%z %d,[%n,%s%m]",  0x006f001f, 0x00000009, 0,          kIndexSign,    Op::kLdr},
    {"str%z %d,[%n,%s%m]",  0x006f001f, 0x00000019, 0,          kIndexSign,    Op::kStr},
    {"ldr%z %d,[%n],%s%m",  0x006f001f, 0x0000000d, 0,          kPostSign,     Op::kLdr},
    {"str%z %d,[%n],%s%m",  0x006f001f, 0x0000001d, 0,          kPostSign,     Op::kStr},
    {"testset %d,[%n,%s%m]",  0x006f007f, 0x00200049, 0,        kIndexSign,    Op::kTestset},
    {"testsetb %d,[%n,%s%m]", 0x006f007f, 0x00200009, 0,        kIndexSign,    Op::kUndefined},
    {"testseth %d,[%n,%s%m]", 0x006f007f, 0x00200029, 0,        kIndexSign,    Op::kUndefined},
    // Loads and stores by displacement. That a long load writes its zero is binutils' way.
    {"ldr%z %d,[%n]",       0x0000039f, 0x00000004, 0,          kOffset3,      Op::kLdr},
    {"str%z %d,[%n]",       0x0000039f, 0x00000014, 0,          kOffset3,      Op::kStr},
    {"ldr%z %d,[%n,%u]",    0x0000001f, 0x00000004, 0,          kOffset3,      Op::kLdr},
    {"str%z %d,[%n,%u]",    0x0000001f, 0x00000014, 0,          kOffset3,      Op::kStr},
    {"str%z %d,[%n]",       0x03ff039f, 0x0000001c, 0,          kOffset11,     Op::kStr},
    {"ldr%z %d,[%n,%s%u]",  0x0200001f, 0x0000000c, 0,          kOffset11,     Op::kLdr},
    {"str%z %d,[%n,%s%u]",  0x0200001f, 0x0000001c, 0,          kOffset11,     Op::kStr},
    {"ldr%z %d,[%n],%s%u",  0x0200001f, 0x0200000c, 0,          kPostOffset11, Op::kLdr},
    {"str%z %d,[%n],%s%u",  0x0200001f, 0x0200001c, 0,          kPostOffset11, Op::kStr},
    // Moves. Condition F would be a link, and there is none.
    {nullptr,               0x000003ff, 0x000000f2, 0x00000200, kRegisters,    Op::kUndefined},
    {"mov%c %d,%n",         0x0000030f, 0x00000002, 0x00000200, kRegisters,    Op::kMov},
    {nullptr,               0x03ff03ff, 0x000200ff, 0x03f00200, kRegisters,    Op::kUndefined},
    {"mov%c %d,%n",         0x03ff030f, 0x0002000f, 0x03f00200, kRegisters,    Op::kMov},
    {"mov %d,%x",           0x0000001f, 0x00000003, 0,          kUnsigned8,    Op::kMovImmediate},
    {"mov %d,%x",           0x100f001f, 0x0002000b, 0x000f0000, kUnsigned16,   Op::kMovImmediate},
    {"movt %d,%x",          0x100f001f, 0x1002000b, 0x000f0000, kUnsigned16,   Op::kMovt},
    {"movts %r,%d",         0x000003ff, 0x00000102, 0x00000200, kSpecial3,     Op::kMovts},
    {"movfs %d,%r",         0x000003ff, 0x00000112, 0x00000200, kSpecial3,     Op::kMovfs},
    {"movts %r,%d",         0x03cf03ff, 0x0002010f, 0x03c00200, kSpecial8,     Op::kMovts},
    {"movfs %d,%r",         0x03cf03ff, 0x0002011f, 0x03c00200, kSpecial8,     Op::kMovfs},
    // Jumps.
    {"jr %n",               0x0000e3ff, 0x00000142, 0x0000e200, kRegisters,    Op::kJr},
    {"jalr %n",             0x0000e3ff, 0x00000152, 0x0000e200, kRegisters,    Op::kJalr},
    {"rts",                 0xffffffff, 0x0402194f, 0,          kRegisters,    Op::kJr},
    {"jr %n",               0xe3ffe3ff, 0x0002014f, 0xe3f0e200, kRegisters,    Op::kJr},
    {"jalr %n",             0xe3ffe3ff, 0x0002015f, 0xe3f0e200, kRegisters,    Op::kJalr},
    // Control.
    {"wand",                0x0000ffff, 0x00000182, 0x0000fe00, kRegisters,    Op::kWand},
    {"gie",                 0x0000ffff, 0x00000192, 0x0000fc00, kRegisters,    Op::kGie},
    {"gid",                 0x0000ffff, 0x00000392, 0x0000fc00, kRegisters,    Op::kGid},
    {"nop",                 0x0000ffff, 0x000001a2, 0x0000fc00, kRegisters,    Op::kNop},
    {"snop",                0x0000ffff, 0x000003a2, 0x0000fc00, kRegisters,    Op::kUndefined},
    {"idle",                0x0000ffff, 0x000001b2, 0x0000fc00, kRegisters,    Op::kIdle},
    {"bkpt",                0x0000ffff, 0x000001c2, 0x0000fc00, kRegisters,    Op::kBkpt},
    {"mbkpt",               0x0000ffff, 0x000003c2, 0x0000fc00, kRegisters,    Op::kMbkpt},
    {"rti",                 0x0000ffff, 0x000001d2, 0x0000fc00, kRegisters,    Op::kRti},
    {"sync",                0x0000ffff, 0x000001f2, 0x0000fc00, kRegisters,    Op::kSync},
    {"swi",                 0x0000ffff, 0x000001e2, 0,          kNumber6,      Op::kSwi},
    {"swi %x",              0x000003ff, 0x000001e2, 0,          kNumber6,      Op::kSwi},
    {"trap %x",             0x000003ff, 0x000003e2, 0,          kNumber6,      Op::kTrap},
    {"unimpl",              0xffffffff, 0x000f000f, 0,          kRegisters,    Op::kUnimpl},
    // Integer arithmetic. Short forms, then long ones.
    {"eor %d,%n,%m",        0x0000007f, 0x0000000a, 0,          kRegisters,    Op::kEor},
    {"add %d,%n,%m",        0x0000007f, 0x0000001a, 0,          kRegisters,    Op::kAdd},
    {"lsl %d,%n,%m",        0x0000007f, 0x0000002a, 0,          kRegisters,    Op::kLsl},
    {"sub %d,%n,%m",        0x0000007f, 0x0000003a, 0,          kRegisters,    Op::kSub},
    {"lsr %d,%n,%m",        0x0000007f, 0x0000004a, 0,          kRegisters,    Op::kLsr},
    {"and %d,%n,%m",        0x0000007f, 0x0000005a, 0,          kRegisters,    Op::kAnd},
    {"asr %d,%n,%m",        0x0000007f, 0x0000006a, 0,          kRegisters,    Op::kAsr},
    {"orr %d,%n,%m",        0x0000007f, 0x0000007a, 0,          kRegisters,    Op::kOrr},
    {"add %d,%n,%i",        0x0000007f, 0x00000013, 0,          kSigned3,      Op::kAdd},
    {"sub %d,%n,%i",        0x0000007f, 0x00000033, 0,          kSigned3,      Op::kSub},
    {"lsr %d,%n,%x",        0x0000001f, 0x00000006, 0,          kUnsigned5,    Op::kLsr},
    {"lsl %d,%n,%x",        0x0000001f, 0x00000016, 0,          kUnsigned5,    Op::kLsl},
    {"asr %d,%n,%x",        0x0000001f, 0x0000000e, 0,          kUnsigned5,    Op::kAsr},
    {"bitr %d,%n",          0x000003ff, 0x0000001e, 0,          kRegisters,    Op::kBitr},
    {"eor %d,%n,%m",        0x007f007f, 0x000a000f, 0x00400000, kRegisters,    Op::kEor},
    {"add %d,%n,%m",        0x007f007f, 0x000a001f, 0x00400000, kRegisters,    Op::kAdd},
    {"lsl %d,%n,%m",        0x007f007f, 0x000a002f, 0x00400000, kRegisters,    Op::kLsl},
    {"sub %d,%n,%m",        0x007f007f, 0x000a003f, 0x00400000, kRegisters,    Op::kSub},
    {"lsr %d,%n,%m",        0x007f007f, 0x000a004f, 0x00400000, kRegisters,    Op::kLsr},
    {"and %d,%n,%m",        0x007f007f, 0x000a005f, 0x00400000, kRegisters,    Op::kAnd},
    {"asr %d,%n,%m",        0x007f007f, 0x000a006f, 0x00400000, kRegisters,    Op::kAsr},
    {"orr %d,%n,%m",        0x007f007f, 0x000a007f, 0x00400000, kRegisters,    Op::kOrr},
    {"add %d,%n,%i",        0x0300007f, 0x0000001b, 0x03000000, kSigned11,     Op::kAdd},
    {"sub %d,%n,%i",        0x0300007f, 0x0000003b, 0x03000000, kSigned11,     Op::kSub},
    {"lsr %d,%n,%x",        0x03ff001f, 0x0006000f, 0x03f00000, kUnsigned5,    Op::kLsr},
    {"lsl %d,%n,%x",        0x03ff001f, 0x0006001f, 0x03f00000, kUnsigned5,    Op::kLsl},
    {"asr %d,%n,%x",        0x03ff001f, 0x000e000f, 0x03f00000, kUnsigned5,    Op::kAsr},
    {"bitr %d,%n",          0x03ff03ff, 0x000e001f, 0x03f00000, kRegisters,    Op::kBitr},
    {"fext %d,%n,%m",       0x007f007f, 0x001a000f, 0,          kRegisters,    Op::kUndefined},
    {"fdep %d,%n,%m",       0x007f007f, 0x001a001f, 0,          kRegisters,    Op::kUndefined},
    {"lfsr %d,%n,%m",       0x007f007f, 0x001a002f, 0,          kRegisters,    Op::kUndefined},
    // The second datapath. Binutils print the operands of the short FABS as they stand in their own table.
    {"fadd %d,%n,%m",       0x0000007f, 0x00000007, 0,          kRegisters,    Op::kFadd},
    {"fsub %d,%n,%m",       0x0000007f, 0x00000017, 0,          kRegisters,    Op::kFsub},
    {"fmul %d,%n,%m",       0x0000007f, 0x00000027, 0,          kRegisters,    Op::kFmul},
    {"fmadd %d,%n,%m",      0x0000007f, 0x00000037, 0,          kRegisters,    Op::kFmadd},
    {"fmsub %d,%n,%m",      0x0000007f, 0x00000047, 0,          kRegisters,    Op::kFmsub},
    {"float %d,%n",         0x0000007f, 0x00000057, 0,          kRegisters,    Op::kFloat},
    {"fix %d,%n",           0x0000007f, 0x00000067, 0,          kRegisters,    Op::kFix},
    {"fabs rd,rn",          0x0000007f, 0x00000077, 0,          kRegisters,    Op::kFabs},
    {"fadd %d,%n,%m",       0x007f007f, 0x0007000f, 0x00400000, kRegisters,    Op::kFadd},
    {"fsub %d,%n,%m",       0x007f007f, 0x0007001f, 0x00400000, kRegisters,    Op::kFsub},
    {"fmul %d,%n,%m",       0x007f007f, 0x0007002f, 0x00400000, kRegisters,    Op::kFmul},
    {"fmadd %d,%n,%m",      0x007f007f, 0x0007003f, 0x00400000, kRegisters,    Op::kFmadd},
    {"fmsub %d,%n,%m",      0x007f007f, 0x0007004f, 0x00400000, kRegisters,    Op::kFmsub},
    {"float %d,%n",         0x007f007f, 0x0007005f, 0x00400000, kRegisters,    Op::kFloat},
    {"fix %d,%n",           0x007f007f, 0x0007006f, 0x00400000, kRegisters,    Op::kFix},
    {"fabs %d,%n",          0x007f007f, 0x0007007f, 0x00400000, kRegisters,    Op::kFabs},
    {"frecip %d,%n",        0x007f007f, 0x0017000f, 0,          kRegisters,    Op::kUndefined},
    {"fsqrt %d,%n",         0x007f007f, 0x0017001f, 0,          kRegisters,    Op::kUndefined},
    // Everything else.
    {nullptr,               0,          0,          0,          kRegisters,    Op::kUndefined},
};
// clang-format on

constexpr size_t kPatternCount = sizeof kPatterns / sizeof *kPatterns;
static_assert(kPatternCount <= 256, "Instruction::pattern is a byte");

// Bits that tell whether the hardware takes an instruction for one of this row.
constexpr uint32_t Deciding(const Pattern& pattern) {
  return pattern.mask & ~pattern.ignored;
}

constexpr bool Fits(const Pattern& pattern, uint32_t bits) {
  return ((bits ^ pattern.match) & Deciding(pattern)) == 0;
}

// No bits fit two rows, unless the first is a special case of the second.
constexpr bool IsUnambiguous() {
  for (size_t first = 0; first < kPatternCount; ++first) {
    if (kPatterns[first].match & ~kPatterns[first].mask) return false;
    for (size_t second = first + 1; second < kPatternCount; ++second) {
      const uint32_t one = Deciding(kPatterns[first]);
      const uint32_t other = Deciding(kPatterns[second]);
      const bool overlap = ((kPatterns[first].match ^ kPatterns[second].match) & one & other) == 0;
      if (overlap && ((one & other) != other || one == other)) return false;
    }
  }
  return true;
}
static_assert(IsUnambiguous());

// Eleven bits that tell most patterns apart: the low seven, and [19:16].
constexpr uint32_t Key(uint32_t bits) {
  return (bits >> 16 & 15) << 7 | (bits & 127);
}

// For each key, the first row that it may belong to.
using PatternIndex = std::array<uint8_t, 1 << 11>;

constexpr PatternIndex IndexPatterns() {
  PatternIndex index{};
  for (uint32_t key = 0; key < index.size(); ++key) {
    size_t row = 0;
    while ((key ^ Key(kPatterns[row].match)) & Key(Deciding(kPatterns[row]))) ++row;
    index[key] = static_cast<uint8_t>(row);
  }
  return index;
}

constexpr PatternIndex kIndexOfPatterns = IndexPatterns();

// Source: Epiphany Architecture Reference; these are the families with long instructions only.
constexpr uint32_t kLongFamilies = 1u << 0x8 | 1u << 0x9 | 1u << 0xb | 1u << 0xc | 1u << 0xd | 1u << 0xf;

constexpr uint32_t Extract(Bits field, uint32_t bits) {
  return bits >> field.first & ((1u << field.count) - 1);
}

constexpr uint8_t Register(uint32_t bits, uint8_t first) {
  return static_cast<uint8_t>(Extract({first, 3}, bits) | Extract({first, 3}, bits >> 16) << 3);
}

// Branches cost more here than a few shifts by zero.
uint32_t Immediate(const Format& format, uint32_t bits, unsigned size) {
  uint32_t value = 0;
  unsigned width = 0;
  for (const Bits piece : format.immediate) {
    value |= Extract(piece, bits) << width;
    width += piece.count;
  }
  const uint32_t sign = uint32_t{format.is_signed} << width >> 1;
  value = (value ^ sign) - sign;
  return format.unit.origin + (value << (format.unit.shift + (format.unit.is_access ? size : 0)));
}

}  // namespace

Instruction Decode(uint32_t bits) {
  const bool is_long = kLongFamilies >> (bits & 15) & 1;
  if (!is_long) bits &= 0xffff;
  uint8_t row = kIndexOfPatterns[Key(bits)];
  while (!Fits(kPatterns[row], bits)) ++row;  // the last row fits everything
  const Pattern& pattern = kPatterns[row];
  const Format& format = pattern.format;

  Instruction instruction;
  instruction.bits = bits;
  instruction.operation = pattern.operation;
  instruction.length = is_long ? 4 : 2;
  instruction.rd = Register(bits, 13);
  instruction.rn = Register(bits, 10);
  instruction.rm = Register(bits, 7);
  instruction.condition = static_cast<Condition>(bits >> 4 & 15);
  instruction.pattern = row;
  instruction.size = bits >> 5 & 3;
  instruction.has_immediate = format.immediate[0].count != 0;
  instruction.subtract = format.minus != 0 && (bits >> format.minus & 1);
  instruction.post_modify = format.post_modify;
  instruction.exact = ((bits ^ pattern.match) & pattern.mask) == 0;
  const uint32_t immediate = Immediate(format, bits, instruction.size);
  instruction.immediate = static_cast<int32_t>(instruction.subtract ? 0 - immediate : immediate);
  return instruction;
}

const char* Syntax(const Instruction& instruction) {
  return instruction.exact ? kPatterns[instruction.pattern].syntax : nullptr;
}

}  // namespace chip
