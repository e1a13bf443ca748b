// SPDX-License-Identifier: MIT
// Instructions as text, as objdump of GNU binutils 2.40 writes them without symbols: docs/disassembler.md.
#ifndef CHIP_DISASSEMBLE_H_
#define CHIP_DISASSEMBLE_H_

#include <cstdint>

namespace chip {

// One line of a disassembly.
struct Line {
  char text[40];    // with a NUL at its end
  uint32_t target;  // of a branch
  bool is_branch;
  uint8_t length;  // bytes of memory that the line is about
};

// The line at an address. `bits` has the first halfword low; `available` is 2 if memory ends behind that
// halfword, else 4. What is no instruction takes four bytes, of whatever family it is: that is where objdump
// goes on.
Line Disassemble(uint32_t address, uint32_t bits, unsigned available);

}  // namespace chip

#endif  // CHIP_DISASSEMBLE_H_
