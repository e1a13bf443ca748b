// SPDX-License-Identifier: MIT
// The instruction set: what 16 or 32 bits tell a core to do.
// Sources: Epiphany Architecture Reference, appendix A and its decode table; for bits that the hardware
// ignores also Adapteva's own instruction generator. Compared with GNU binutils 2.40: docs/disassembler.md.
#ifndef CHIP_ISA_H_
#define CHIP_ISA_H_

#include <cstdint>

namespace chip {

// Named as the manual names them. One operation is all its encodings: short and long, with a register or an
// immediate, of every condition and every size.
// clang-format off
enum class Operation : uint8_t {
  kUndefined,
  kB, kBl, kJr, kJalr,
  kMov, kMovImmediate, kMovt, kMovts, kMovfs,
  kLdr, kStr, kTestset,
  kAdd, kSub, kAnd, kOrr, kEor, kLsl, kLsr, kAsr, kBitr,
  kFadd, kFsub, kFmul, kFmadd, kFmsub, kFloat, kFix, kFabs,  // in integer mode IADD … IMSUB
  kNop, kIdle, kGie, kGid, kRti, kSwi, kTrap, kBkpt, kMbkpt, kSync, kWand, kUnimpl
};

// As encoded, and as the mnemonics have them; those from BEQ to BLTE look at the flags of the FPU.
enum class Condition : uint8_t {
  kEq, kNe, kGtu, kGteu, kLteu, kLtu, kGt, kGte, kLt, kLte, kBeq, kBne, kBlt, kBlte, kAlways
};
// clang-format on

// A decoded instruction. A field that its operation has no use for holds whatever the bits are there.
struct Instruction {
  // What it was decoded from; of a short instruction only the low half.
  uint32_t bits;
  // Ready for use. B, BL: bytes from the instruction itself to the target. LDR, STR: bytes, negative if they
  // are to be subtracted. MOVTS, MOVFS: offset of the special register within the register page.
  int32_t immediate;
  Operation operation;
  uint8_t length;  // 2 or 4 bytes, also of what is undefined
  uint8_t rd, rn, rm;
  Condition condition;  // of B and MOV
  uint8_t pattern;      // for Syntax: row of the table of patterns
  // Of LDR, STR and TESTSET: 1 << size bytes.
  uint8_t size : 2;
  // The last operand is the immediate, not RM.
  bool has_immediate : 1;
  // RM is to be subtracted. With an immediate it tells only -0 from +0.
  bool subtract : 1;
  // RN is the address as it is; then it becomes what otherwise would have been the address.
  bool post_modify : 1;
  // Every bit that the hardware ignores is as assemblers leave it.
  bool exact : 1;
};
static_assert(sizeof(Instruction) == 16, "predecoded programs should stay small");

// Decodes as the hardware does, whatever the bits are. The first halfword is the low one; the high one
// matters only to a long instruction.
Instruction Decode(uint32_t bits);

// How binutils write the instruction: text in which % and a letter stand for an operand, as disassemble.cc
// knows them. Null if it is none to them. They are stricter than the hardware, and know a few that it does
// not have.
const char* Syntax(const Instruction& instruction);

// Where in the register page those begin that MOVTS and MOVFS reach: four groups of 64 words for the core,
// DMA, memory and mesh.
inline constexpr uint32_t kSpecialRegisters = 0x400;

}  // namespace chip

#endif  // CHIP_ISA_H_
