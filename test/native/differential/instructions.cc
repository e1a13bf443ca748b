// SPDX-License-Identifier: MIT
// Items: arithmetic, memory and registers.
#include "generator.h"

namespace differential {

// One instruction of the integer unit.
encode::Insn Generator::SimpleAlu(bool is_long) {
  uint32_t rd, rn, rm;
  if (is_long) {
    rd = Destination();
    rn = Source();
    rm = Source();
  } else {
    do rd = random_.Below(8);
    while (IsReserved(rd));
    rn = random_.Below(8);
    rm = random_.Below(8);
  }
  const uint32_t which = random_.Below(12);
  const uint32_t value = random_.Word();
  switch (which) {
    case 8:
    case 9: {
      const encode::Alu op = which == 8 ? encode::kAdd : encode::kSub;
      const int immediate = value & 0x7ff;
      return is_long ? encode::AluImm32(op, rd, rn, immediate) : encode::AluImm16(op, rd, rn, immediate);
    }
    case 10: {
      constexpr encode::Alu kShifts[] = {encode::kLsl, encode::kLsr, encode::kAsr};
      const encode::Alu op = kShifts[(value >> 8) % 3];
      const uint32_t by = value & 31;
      return is_long ? encode::Shift32(op, rd, rn, by) : encode::Shift16(op, rd, rn, by);
    }
    case 11:
      return is_long ? encode::Bitr32(rd, rn) : encode::Bitr16(rd, rn);
    default: {
      const auto op = static_cast<encode::Alu>(which);
      return is_long ? encode::Alu32(op, rd, rn, rm) : encode::Alu16(op, rd, rn, rm);
    }
  }
}

void Generator::Arithmetic() {
  const bool is_long = in_hardware_loop_ || random_.Percent(50);
  Put(SimpleAlu(is_long));
}

void Generator::Constant() {
  const uint32_t rd = Destination();
  const uint32_t value =
      program_.kind == kFloat || program_.kind == kIntegerMode ? random_.Of(kSpecialFloats) : Value();
  if (in_hardware_loop_) {
    Put(random_.Percent(50) ? encode::MovImm32(rd, value) : encode::Movt(rd, value));
    return;
  }
  if (random_.Percent(20)) {
    Put(encode::Movt(rd, value));
  } else {
    Load(rd, value);
  }
}

void Generator::ConditionalMove() {
  const encode::Cond condition = Condition();
  const uint32_t rd = Destination();
  const uint32_t rn = Source();
  const bool is_long = in_hardware_loop_ || LongAnyway(encode::FitsShort(rd, rn));
  Put(is_long ? encode::Mov32(condition, rd, rn) : encode::Mov16(condition, rd, rn));
}

// Somewhere in the program's data, in external memory, or the former by its global address.
uint32_t Generator::DataAddress(uint32_t size, bool aligned) {
  const uint32_t which = random_.Below(10);
  uint32_t address = which == 0 ? random_.Below(kExternalBytes - 16) : random_.Between(kData, kDataEnd - 16);
  address &= ~((1u << size) - 1);
  program_.uses_external |= which == 0;
  if (!aligned) address += random_.Between(1, (1u << size) - 1);
  return address + (which == 0 ? kExternal : which == 1 ? kGlobal : 0);
}

// A base register is set so that the access falls on an address that was chosen before.
void Generator::AccessMemory(bool aligned) {
  const auto direction = random_.Percent(45) ? encode::kStore : encode::kLoad;
  const bool is_store = direction == encode::kStore;
  const auto size = static_cast<encode::Size>(random_.Between(aligned ? 0 : 1, 3));
  const bool is_pair = size == encode::kDouble;
  const bool odd_pair = !aligned && is_pair && random_.Percent(50);
  const uint32_t address = DataAddress(size, aligned || odd_pair);
  const bool is_indexed = random_.Percent(50);
  const bool post_modify = random_.Percent(40);
  const bool is_long = random_.Percent(50);
  const bool subtract = random_.Percent(50) && is_long;  // drawn in any case
  const auto sign = subtract ? encode::kMinus : encode::kPlus;
  uint32_t rd, rn;
  uint32_t rm = 0;
  while (true) {
    rd = is_store ? Source() : Destination();
    rn = Destination();
    if (is_indexed) rm = Destination();
    if (!is_long && !encode::FitsShort(rd, rn, rm)) continue;
    if (is_pair) {
      rd = (rd & ~1u) | odd_pair;
      if (!is_store && (IsReserved(rd) || IsReserved((rd + 1) & 63))) continue;
    }
    // Not documented, and different in every simulator: a load whose result would also be the moved base.
    if (!is_store && post_modify && (rn == rd || (is_pair && (rn | 1) == (rd | 1)))) continue;
    if (is_indexed && rm == rn && !post_modify) continue;  // twice the register is hardly an address
    break;
  }
  if (is_indexed) {
    uint32_t offset = Value();
    if (post_modify && rm == rn) {
      Load(rn, address);
    } else {
      Load(rm, offset);
      if (!post_modify) {
        Load(rn, subtract ? address + offset : address - offset);
      } else {
        Load(rn, address);
      }
    }
    if (is_long) {
      Put(post_modify ? encode::Post32(direction, size, rd, rn, sign, rm)
                      : encode::Index32(direction, size, rd, rn, sign, rm));
    } else {
      Put(post_modify ? encode::Post16(direction, size, rd, rn, rm)
                      : encode::Index16(direction, size, rd, rn, rm));
    }
    return;
  }
  // There is no short form that moves the base by an immediate.
  const uint32_t displacement = random_.Below(is_long || post_modify ? 0x800 : 8);
  const uint32_t bytes = displacement << size;
  const uint32_t moved = subtract ? address + bytes : address - bytes;
  Load(rn, post_modify ? address : moved);
  if (post_modify) {
    Put(encode::PostDisp32(direction, size, rd, rn, sign, displacement));
  } else if (is_long) {
    Put(encode::Disp32(direction, size, rd, rn, sign, displacement));
  } else {
    Put(encode::Disp16(direction, size, rd, rn, displacement));
  }
}

// The GNU simulator rounds FMADD and FMSUB more than once if the one number is so much smaller than the other
// that its own arithmetic, of 64 bits, loses it, and the rest is next to a half. They are not left out for
// that: it happens once in millions of instructions, and in none of the programs that are kept.
void Generator::FloatingPoint() {
  const auto op = static_cast<encode::Fpu>(random_.Below(8));
  uint32_t rd = Destination();
  const uint32_t rn = Source();
  uint32_t rm = Source();
  if (op == encode::kFabs) {
    // The GNU simulator has FABS repeat the flags of the instruction of the FPU before it. FLOAT has none.
    const uint32_t scratch = Destination();
    const uint32_t from = Source();
    Put(encode::Fpu32(encode::kFloat, scratch, from));
  } else if (op == encode::kFix && may_truncate_) {
    // While truncating, what it makes of 2^31 depends on how its compiler folds a constant.
    const uint32_t scratch = Destination();
    Load16(scratch, 0);
    Put(encode::Movt(scratch, 0x4f00));
    if (scratch != rn) {
      Put(encode::Alu32(encode::kSub, scratch, scratch, rn));
      if (!IsReserved(rn)) Put(encode::Mov32(encode::EQ, rn, scratch));
    }
    if (IsReserved(rn) || scratch == rn) return;
  } else if (op < encode::kFmadd) {
    // It also calls these invalid if the register that they overwrite holds a NaN.
    const uint32_t which = random_.Below(3);
    if (which == 0 && !IsReserved(rn)) {
      rd = rn;
    } else if (which == 1 && !IsReserved(rm)) {
      rd = rm;
    } else if (rd == rn || rd == rm) {
      // An operand: what it holds makes the operation invalid anyway.
    } else {
      Load16(rd, random_.Word() & 0xffff);
    }
  }
  const bool has_rm = op < encode::kFloat;
  if (!has_rm) rm = random_.Percent(50) ? 0 : random_.Below(8);
  const bool is_long = in_hardware_loop_ || LongAnyway(encode::FitsShort(rd, rn, rm));
  Put(is_long ? encode::Fpu32(op, rd, rn, rm) : encode::Fpu16(op, rd, rn, rm));
  // What was lost in rounding, exactly.
  const bool has_rest = op == encode::kFmul && rd != rn && rd != rm;
  if (has_rest && random_.Percent(30)) Put(encode::Fpu32(encode::kFmsub, rd, rn, rm));
}

void Generator::Mode() {
  const uint32_t r = Destination();
  if (random_.Percent(70)) {
    const uint32_t value = Config();
    Load(r, value);
    Set(r, reg::kConfig);
  } else {
    // Flags are set or cleared by hand.
    const uint32_t value = random_.Word() & 0xff7f8;
    Load(r, value);
    Set(r, reg::kStatus);
  }
}

// Left out are those that other items are about, and: PC, which an instruction of the GNU simulator cannot
// change; DEBUGCMD, which it does not wire up; IPEND, not for programs to write; registers that do not exist
// or are narrower than 32 bits, which to it are plain storage; MEMPROTECT, which it does not model;
// DMAxSTATUS, whose upper half it does not let a program write; STATUS by its address, FSTATUS and whatever
// else cannot be read.
void Generator::SpecialRegister() {
  const uint32_t r = Destination();
  struct Row {
    uint32_t offset, mask;
  };
  constexpr Row kRows[] = {{reg::kLoopStart, ~0u},
                           {reg::kLoopEnd, ~0u},
                           {reg::kIret, ~0u},
                           {reg::kTimer0, ~0u},
                           {reg::kTimer1, ~0u},
                           {reg::kMulticast, 0xfff},
                           {reg::kMemStatus, 0x3c04},
                           {reg::kDma0 + 0x04, ~0u},
                           {reg::kDma0 + 0x08, ~0u},
                           {reg::kDma0 + 0x0c, ~0u},
                           {reg::kDma0 + 0x10, ~0u},
                           {reg::kDma0 + 0x14, ~0u},
                           {reg::kDma0 + 0x18, ~0u},
                           {reg::kDma1 + 0x04, ~0u},
                           {reg::kDma1 + 0x08, ~0u},
                           {reg::kDma1 + 0x0c, ~0u},
                           {reg::kDma1 + 0x10, ~0u},
                           {reg::kDma1 + 0x14, ~0u},
                           {reg::kDma1 + 0x18, ~0u},
                           {0x710, 0xfff},
                           {0x714, 0xfff},
                           {0x718, 0xfff}};
  if (random_.Percent(50)) {
    constexpr uint32_t kReadable[] = {reg::kConfig,   reg::kStatus,     reg::kPc,          reg::kImask,
                                      reg::kIlat,     reg::kIpend,      reg::kDma0,        reg::kDma1,
                                      reg::kCoreId,   reg::kMeshConfig, reg::kDma0 + 0x1c, reg::kDma1 + 0x1c,
                                      reg::kLoopCount};
    const bool from_rows = random_.Percent(50);
    const uint32_t offset = from_rows ? random_.Of(kRows).offset : random_.Of(kReadable);
    Get(r, offset);
    return;
  }
  const Row row = random_.Of(kRows);
  const uint32_t value = random_.Word() & row.mask;
  Load(r, value);
  Set(r, row.offset);
  if (random_.Percent(50)) Get(r, row.offset);
}

// Registers are memory, too. Words only: the GNU simulator stops at anything narrower.
void Generator::OwnRegister() {
  uint32_t rd = Destination();
  const uint32_t rn = Destination();
  const bool is_store = random_.Percent(50);
  uint32_t offset;
  if (random_.Percent(60)) {
    do offset = random_.Below(64);
    while (IsReserved(offset));
    offset *= 4;
  } else {
    constexpr uint32_t kWords[] = {reg::kLoopStart, reg::kLoopEnd,     reg::kIret,       reg::kTimer0,
                                   reg::kTimer1,    reg::kDma0 + 0x0c, reg::kDma1 + 0x10};
    offset = random_.Of(kWords);
    if (!is_store && random_.Percent(40)) offset = random_.Percent(50) ? reg::kCoreId : reg::kConfig;
  }
  const bool is_global = random_.Percent(40);
  Load(rn, chip::kRegistersBase + offset + (is_global ? kGlobal : 0));
  if (is_store && random_.Percent(50)) {
    rd = Source();
  }
  const bool is_long = LongAnyway(encode::FitsShort(rd, rn));
  // Two of them.
  const bool may_be_two = offset % 8 == 0 && offset < 0x100 && rd % 2 == 0 && !IsReserved(offset / 4 + 1) &&
                          (is_store || !IsReserved(rd + 1));
  const auto size = static_cast<encode::Size>(may_be_two ? random_.Between(2, 3) : 2);
  const auto direction = is_store ? encode::kStore : encode::kLoad;
  Put(is_long ? encode::Disp32(direction, size, rd, rn, encode::kPlus, 0)
              : encode::Disp16(direction, size, rd, rn, 0));
}

// By a global address, as the manual has it; at another one the GNU simulator stops.
void Generator::TestAndSet() {
  const uint32_t rd = Destination();
  uint32_t rn, rm;
  do {
    rn = Destination();
    rm = Destination();
  } while (rn == rm);
  uint32_t address = random_.Between(kData / 4, kDataEnd / 4 - 1) * 4;
  const uint32_t offset = Value();
  if (random_.Percent(10)) {
    address += random_.Between(1, 3);
  } else if (random_.Percent(50)) {  // so that it is not always taken already
    Load(rn, address);
    Load(rm, 0);
    Put(encode::Str(rm, rn));
  }
  Load(rm, offset);
  Load(rn, kGlobal + address - offset);
  Put(encode::Testset(rd, rn, encode::kPlus, rm));
}

}  // namespace differential
