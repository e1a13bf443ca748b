// SPDX-License-Identifier: MIT
#include "chip/disassemble.h"

#include <cstddef>

#include "chip/isa.h"

namespace chip {
namespace {

// The last two: always, and the link, which is an instruction of its own.
constexpr const char* kConditions[] = {"eq", "ne",  "gtu", "gteu", "lteu", "ltu",  "gt", "gte",
                                       "lt", "lte", "beq", "bne",  "blt",  "blte", "",   ""};
constexpr const char* kSizes[] = {"b", "h", "", "d"};

// Special registers by group and index, with the names of binutils: those without one have none there. But
// two of theirs are older than the manual; fstatus and resetcore are hstatus and swreset to binutils.
constexpr const char* kSpecial[4][17] = {
    {"config", "status", "pc", "debug", "iab", "lc", "ls", "le", "iret", "imask", "ilat", "ilatst", "ilatcl",
     "ipend", "ctimer0", "ctimer1", "fstatus"},
    {"dma0config", "dma0stride", "dma0count", "dma0srcaddr", "dma0dstaddr", "dma0auto0", "dma0auto1",
     "dma0status", "dma1config", "dma1stride", "dma1count", "dma1srcaddr", "dma1dstaddr", "dma1auto0",
     "dma1auto1", "dma1status"},
    {"memconfig", "memstatus", "memprotect", "memreserve"},
    {"meshconfig", "coreid", "meshmulticast", "resetcore"},
};

// Appends to the text of a line, and keeps it ended with NUL.
class Writer {
 public:
  explicit Writer(Line* line) : at_(line->text), last_(line->text + sizeof line->text - 1) { *at_ = '\0'; }

  void Put(char character) {
    if (at_ == last_) return;
    *at_++ = character;
    *at_ = '\0';
  }
  void Put(const char* text) {
    while (*text) Put(*text++);
  }
  void Decimal(int32_t value) {
    if (value < 0) Put('-');
    Digits(value < 0 ? 0 - static_cast<uint32_t>(value) : static_cast<uint32_t>(value), 10);
  }
  void Hex(uint32_t value) {
    Put("0x");
    Digits(value, 16);
  }
  // Binutils' frame pointer is R11, although today's compiler takes R15.
  void Register(unsigned number) {
    switch (number) {
      case 11:
        return Put("fp");
      case 13:
        return Put("sp");
      case 14:
        return Put("lr");
    }
    Put('r');
    Digits(number, 10);
  }
  void Special(uint32_t offset) {
    const uint32_t index = (offset - kSpecialRegisters) / 4;
    const char* name = index % 64 < 17 ? kSpecial[index / 64][index % 64] : nullptr;
    Put(name ? name : "???");
  }

 private:
  void Digits(uint32_t value, unsigned base) {
    if (value >= base) Digits(value / base, base);
    Put("0123456789abcdef"[value % base]);
  }

  char* at_;
  char* const last_;
};

// Writes the operand that a letter stands for in a syntax.
void Put(Writer* writer, char letter, const Instruction& instruction, uint32_t target) {
  const auto immediate = static_cast<uint32_t>(instruction.immediate);
  switch (letter) {
    case 'd':
      return writer->Register(instruction.rd);
    case 'n':
      return writer->Register(instruction.rn);
    case 'm':
      return writer->Register(instruction.rm);
    case 'r':
      return writer->Special(immediate);
    case 'i':
      return writer->Decimal(instruction.immediate);
    case 'x':
      return writer->Hex(immediate);
    case 't':
      return writer->Hex(target);
    case 's':  // a sign of its own, because -0 is another instruction than +0
      return writer->Put(instruction.subtract ? '-' : '+');
    case 'u':  // in units of what is loaded or stored
      return writer->Hex((instruction.subtract ? 0 - immediate : immediate) >> instruction.size);
    case 'c':
      return writer->Put(kConditions[static_cast<size_t>(instruction.condition)]);
    case 'z':
      return writer->Put(kSizes[instruction.size]);
  }
}

}  // namespace

Line Disassemble(uint32_t address, uint32_t bits, unsigned available) {
  // At the end of memory binutils take a long instruction for one with zeros behind the end.
  const Instruction instruction = Decode(available < 4 ? bits & 0xffff : bits);
  const char* syntax = Syntax(instruction);
  Line line;
  line.target = address + static_cast<uint32_t>(instruction.immediate);
  line.is_branch = instruction.operation == Operation::kB || instruction.operation == Operation::kBl;
  line.length = available < 4 ? 2 : syntax ? instruction.length : 4;
  Writer writer(&line);
  if (!syntax) {
    writer.Put("*unknown*");
    return line;
  }
  for (; *syntax; ++syntax) {
    if (*syntax == '%') {
      Put(&writer, *++syntax, instruction, line.target);
    } else {
      writer.Put(*syntax);
    }
  }
  return line;
}

}  // namespace chip
