// SPDX-License-Identifier: MIT
// The program in one core's SRAM, decoded.
//
// Nobody tells the model of a store to SRAM: JavaScript, a virtual machine's guest and other threads write to
// it as to any memory. So the cache keeps the bits that it decoded, and compares them with the memory each
// time that a straight run of instructions is entered.
#ifndef CHIP_CODE_CACHE_H_
#define CHIP_CODE_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "chip/isa.h"
#include "chip/memory.h"
#include "chip/model.h"

namespace chip {

// What the execution loop has code for: operations, told apart further where that saves it a decision.
// clang-format off
#define CHIP_HANDLERS(X)                                                                                     \
  X(EndOfBlock) X(Undefined)                                                                                   \
  X(Branch) X(BranchAlways) X(BranchLink) X(Jump) X(JumpLink)                                                \
  X(MoveIf) X(Move) X(MoveImmediate) X(MoveTop) X(Movts) X(Movfs)                                            \
  X(Testset)                                                                                                 \
  X(Add) X(AddImmediate) X(Sub) X(SubImmediate) X(And) X(Orr) X(Eor)                                         \
  X(Lsl) X(LslImmediate) X(Lsr) X(LsrImmediate) X(Asr) X(AsrImmediate) X(Bitr)                               \
  X(Fadd) X(Fsub) X(Fmul) X(Fmadd) X(Fmsub) X(Float) X(Fix) X(Fabs)                                          \
  X(Nop) X(Idle) X(Gie) X(Gid) X(Rti) X(Swi) X(Trap) X(Bkpt) X(Mbkpt) X(Sync) X(Wand) X(Unimpl)              \
  CHIP_ACCESSES(X)
// Loads and stores: the number is AccessForm's.
#define CHIP_ACCESSES(X)                                                                                     \
  X(Access0) X(Access1) X(Access2) X(Access3) X(Access4) X(Access5) X(Access6) X(Access7)                    \
  X(Access8) X(Access9) X(Access10) X(Access11) X(Access12) X(Access13) X(Access14) X(Access15)              \
  X(Access16) X(Access17) X(Access18) X(Access19) X(Access20) X(Access21) X(Access22) X(Access23)            \
  X(Access24) X(Access25) X(Access26) X(Access27) X(Access28) X(Access29) X(Access30) X(Access31)
// clang-format on

enum class Handler : uint8_t {
#define ENUMERATOR(name) k##name,
  CHIP_HANDLERS(ENUMERATOR)
#undef ENUMERATOR
};

// What a load or store does; each has a handler of its own.
struct AccessForm {
  bool is_store, has_immediate, post_modify;
  unsigned size;  // logarithm of the width in bytes

  static constexpr AccessForm Of(Handler handler) {
    const unsigned bits = static_cast<unsigned>(handler) - static_cast<unsigned>(Handler::kAccess0);
    return {(bits & 16) != 0, (bits & 2) != 0, (bits & 1) != 0, bits >> 2 & 3};
  }
  constexpr Handler handler() const {
    const unsigned bits = is_store << 4 | size << 2 | has_immediate << 1 | post_modify;
    return static_cast<Handler>(static_cast<unsigned>(Handler::kAccess0) + bits);
  }
};

// Of instructions, as counters tell them apart. Embedders know them by their numbers.
enum class InstructionClass : uint8_t { kInteger, kFloat, kLoad, kStore, kBranch, kMove, kControl };
inline constexpr unsigned kInstructionClasses = 7;

// A decoded instruction.
struct Entry {
  Handler handler;
  uint8_t rd, rn, rm;
  // Displacement or value. Of an index register: -1 if it is to be subtracted, else 0. Of MOVTS and MOVFS:
  // the register's offset. Of SWI and TRAP: the number.
  int32_t immediate;
  uint8_t at;         // halfwords from the beginning of its run
  uint8_t halfwords;  // of its own
  InstructionClass kind;
};
static_assert(sizeof(Entry) == 12);

// Instructions that are executed one after the other, up to one that may jump.
struct Block {
  const Entry* entries;  // as many as there are instructions, and an EndOfBlock
  uint32_t bits;         // where CodeCache keeps what it was decoded from
  uint16_t instructions;
  uint16_t halfwords;
};

// The longest is long enough that to enter one costs little beside executing it.
inline constexpr unsigned kLongestBlock = 64;

// Ends a block.
inline constexpr Entry kEndOfBlock = {Handler::kEndOfBlock, 0, 0, 0, 0, 0, 0, InstructionClass::kControl};

Entry MakeEntry(const Instruction& instruction);

class CodeCache {
 public:
  void Construct(const unsigned char* sram) {
    sram_ = sram;
    blocks_[0] = {};
  }

  // The run that begins at this offset, as the memory is now. Null if not even its first instruction is
  // within SRAM. Valid until the next call.
  const Block* Enter(uint32_t offset) {
    const Block* block = &blocks_[starts_[offset / 2]];
    return block->instructions != 0 && IsFresh(*block, offset) ? block : Decode(offset);
  }

 private:
  using Word = size_t;  // what the host compares at once

  bool IsFresh(const Block& block, uint32_t offset) const {
    constexpr uint32_t kWordBytes = sizeof(Word);
    const uint32_t end = offset + 2u * block.halfwords;
    const Word* was = &bits_[block.bits];
    uint32_t at = offset & ~(kWordBytes - 1);
    // What stands before the block, and after it, may change.
    Word wanted = ~Word{0} << 8 * (offset - at);
    for (; at + kWordBytes < end; at += kWordBytes, ++was) {
      if ((LoadUnit<Word>(sram_ + at) ^ *was) & wanted) return false;
      wanted = ~Word{0};
    }
    wanted &= ~Word{0} >> 8 * (at + kWordBytes - end);
    return ((LoadUnit<Word>(sram_ + at) ^ *was) & wanted) == 0;
  }
  const Block* Decode(uint32_t offset);

  static constexpr size_t kEntries = 16384;
  static constexpr size_t kBlocks = 4096;
  static constexpr size_t kWords = 0x10000 / sizeof(Word);

  const unsigned char* sram_ = nullptr;
  // Of each halfword, because a program may jump to any: its block. The first of all runs is none.
  std::array<uint16_t, kSramBytes / 2> starts_{};
  // The rest begins as it is, so that a core which runs a small program takes little memory.
  std::array<Block, kBlocks> blocks_;
  std::array<Entry, kEntries> entries_;
  std::array<Word, kWords> bits_;
  size_t used_blocks_ = 1;
  size_t used_entries_ = 0;
  size_t used_words_ = 0;
};

}  // namespace chip

#endif  // CHIP_CODE_CACHE_H_
