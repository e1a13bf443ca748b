// SPDX-License-Identifier: MIT
// Registers by their addresses, and special registers by MOVTS and MOVFS.
#include "operations_test.h"

namespace test {
namespace {

using namespace encode;

// The core's own registers by address.
void TestOwnRegisters(Board& board) {
  for (const uint32_t window : {0u, board.Global(0, 0)}) {
    for (const unsigned number : {0u, 5u, 31u, 63u}) {
      {
        Case("LDR of R%u by address, window %08x", number, window);
        Probe probe(board);
        probe.r[20] = window + at::kR0 + 4 * number;
        probe.Execute(Ldr(21, 20));
        probe.r[21] = probe.r[number];
        probe.Compare();
      }
      {
        Case("STR to R%u by address, window %08x", number, window);
        Probe probe(board);
        probe.r[20] = window + at::kR0 + 4 * number;
        probe.Execute(Str(21, 20));
        probe.r[number] = probe.r[21];
        probe.Compare();
      }
    }
    Case("LDRD of R30 and R31 by address");
    Probe probe(board);
    probe.r[20] = window + at::kR0 + 4 * 30;
    probe.Execute(Disp32(kLoad, kDouble, 22, 20, kPlus, 0));
    probe.r[22] = probe.r[30];
    probe.r[23] = probe.r[31];
    probe.Compare();
    Case("STR to STATUS by address");
    Probe status(board);
    status.r[20] = window + at::kStatus;
    status.r[21] = 0xffffffff;
    status.Execute(Str(21, 20));
    status.status = 0xfffff7f8 | kActive;
    status.Compare();
    Case("LDR of STATUS by address sees the flags of the instruction before");
    Probe flags(board);
    flags.status = kActive | kAz | kBn;
    flags.r[20] = window + at::kStatus;
    flags.Execute(Ldr(21, 20));
    flags.r[21] = kActive | kAz | kBn;
    flags.Compare();
  }
}

struct Special {
  const char* name;
  unsigned group, number;
  uint32_t mask;  // bits that a store of all ones leaves set, from zero
  bool readable;
};
// What is plain storage. Source: the manual's register table, widths of Adapteva's register test.
constexpr Special kStorage[] = {
    {"LC", 0, 5, 0xffffffff, true},
    {"LS", 0, 6, 0xffffffff, true},
    {"LE", 0, 7, 0xffffffff, true},
    {"IRET", 0, 8, 0xffffffff, true},
    {"IMASK", 0, 9, 0x3ff, true},
    {"CTIMER0", 0, 14, 0xffffffff, true},
    {"CTIMER1", 0, 15, 0xffffffff, true},
    {"DMA0STRIDE", 1, 1, 0xffffffff, true},
    {"DMA0COUNT", 1, 2, 0xffffffff, true},
    {"DMA0SRCADDR", 1, 3, 0xffffffff, true},
    {"DMA0DSTADDR", 1, 4, 0xffffffff, true},
    {"DMA0AUTO0", 1, 5, 0xffffffff, true},
    {"DMA0AUTO1", 1, 6, 0xffffffff, true},
    {"DMA0STATUS", 1, 7, 0xffff0000, true},
    {"DMA1STRIDE", 1, 9, 0xffffffff, true},
    {"DMA1COUNT", 1, 10, 0xffffffff, true},
    {"DMA1SRCADDR", 1, 11, 0xffffffff, true},
    {"DMA1DSTADDR", 1, 12, 0xffffffff, true},
    {"DMA1AUTO0", 1, 13, 0xffffffff, true},
    {"DMA1AUTO1", 1, 14, 0xffffffff, true},
    {"DMA1STATUS", 1, 15, 0xffff0000, true},
    {"MULTICAST", 3, 2, 0xfff, true},
};

void TestStorage(Board& board) {
  for (const Special& special : kStorage) {
    for (const uint32_t value : {0xffffffffu, 0xa5a5a5a5u, 0u}) {
      const uint32_t offset = 0xf0400 + 0x100 * special.group + 4 * special.number;
      Case("MOVTS and MOVFS of %s, %08x", special.name, value);
      board.SetReg(0, offset, ~value);
      {
        Probe probe(board);
        probe.status = kBefore[1];
        probe.r[35] = value;
        probe.Execute(Movts32(special.group, special.number, 35));
        probe.Compare();
        Equal("stored", board.Reg(0, offset), value & special.mask);
      }
      {
        Probe probe(board);
        probe.status = kBefore[1];
        const uint32_t held = board.Reg(0, offset);
        // Probe sets up IMASK by itself.
        probe.Execute(Movfs32(46, special.group, special.number));
        probe.r[46] = special.number == 9 && special.group == 0 ? 0x3ff : held;
        probe.Compare();
      }
      board.SetReg(0, offset, 0);
    }
  }
  for (const unsigned number : {5u, 6u, 7u}) {
    Case("short MOVTS and MOVFS of register %u", number);
    Probe write(board);
    write.r[6] = 0x55aa1234;
    write.Execute(Movts16(number, 6));
    write.Compare();
    Probe read(board);
    read.Execute(Movfs16(3, number));
    read.r[3] = 0x55aa1234;
    read.Compare();
    board.SetReg(0, 0xf0400 + 4 * number, 0);
  }
}

void TestConfigAndStatus(Board& board) {
  {
    Case("MOVFS CONFIG");
    Probe probe(board);
    probe.config = 0x00400001;
    probe.Execute(Movfs16(3, num::kConfig));
    probe.r[3] = 0x00400001;
    probe.Compare();
  }
  {
    Case("MOVTS CONFIG");
    Probe probe(board);
    probe.r[3] = 0x00480001;
    probe.Execute(Movts16(num::kConfig, 3));
    probe.Compare();
    Equal("CONFIG", board.Reg(0, at::kConfig), 0x00480001);
  }
  {
    Case("MOVFS STATUS");
    Probe probe(board);
    probe.status = kActive | kGidBit | kAn | kBv | kAvs | kBus | 0x30000;
    probe.Execute(Movfs32(3, 0, num::kStatus));
    probe.r[3] = probe.status;
    probe.Compare();
  }
  for (const uint32_t value : {0u, 0xffffffffu, 0x000e1230u}) {
    Case("MOVTS STATUS %08x keeps ACTIVE, GID and KM", value);
    Probe probe(board);
    probe.status = kActive | kKm | kAz | kBis;
    probe.r[3] = value;
    probe.Execute(Movts16(num::kStatus, 3));
    probe.status = kActive | kKm | (value & 0xfffff7f8);
    probe.Compare();
  }
  for (const uint32_t value : {1u, 0xffffffffu, 0x00012347u}) {
    Case("MOVTS FSTATUS %08x writes all of STATUS", value);
    Probe probe(board);
    probe.status = kActive | kAz | kBis;
    probe.r[3] = value;
    probe.Execute(Movts32(0, num::kFstatus, 3));
    probe.status = value & 0xfffff7ff;
    probe.Compare();
  }
  {
    Case("MOVFS FSTATUS reads nothing");
    Probe probe(board);
    probe.Execute(Movfs32(3, 0, num::kFstatus));
    probe.r[3] = 0;
    probe.Compare();
  }
}

void TestPcAndInterrupts(Board& board) {
  {
    Case("MOVFS PC is the address of the MOVFS");
    Probe probe(board);
    probe.Execute(Movfs16(3, num::kPc));
    probe.r[3] = kAt;
    probe.Compare();
  }
  {
    Case("MOVTS ILAT replaces, ILATST sets, ILATCL clears");
    struct Row {
      unsigned number;
      uint32_t before, written, after;
    };
    for (const Row& row :
         {Row{num::kIlat, 0x155, 0xfffffcf0, 0x0f0}, Row{num::kIlatst, 0x155, 0xfffffc22, 0x177},
          Row{num::kIlatcl, 0x3ff, 0x0f1, 0x30e}}) {
      Probe write(board);
      write.ilat = row.before;
      write.r[3] = row.written;
      write.Execute(Movts32(0, row.number, 3));
      write.ilat = row.after;
      write.Compare();
    }
    Probe read(board);
    read.ilat = 0x2aa;
    read.Execute(Movfs32(3, 0, num::kIlat));
    read.r[3] = 0x2aa;
    read.Compare();
  }
  {
    Case("MOVTS and MOVFS IPEND");
    Probe probe(board);
    probe.r[3] = 0xffffffff;
    probe.Execute(Movts32(0, num::kIpend, 3));
    Equal("IPEND", board.Reg(0, at::kIpend), 0x3ff);
    board.SetReg(0, at::kIpend, 0);
    probe.Compare();
  }
}

void TestOtherGroups(Board& board) {
  {
    Case("MOVFS COREID, and a store to it changes nothing");
    Probe write(board);
    write.Execute(Movts32(3, 1, 3));
    write.Compare();
    Probe read(board);
    read.Execute(Movfs32(3, 3, 1));
    read.r[3] = 0x808;
    read.Compare();
  }
  {
    Case("MOVTS MEMPROTECT and MESHCONFIG");
    Probe protect(board);
    protect.r[3] = 0xfffffffe;
    protect.Execute(Movts32(2, 2, 3));
    Equal("MEMPROTECT", board.Reg(0, at::kMemProtect), 0xfe);
    board.SetReg(0, at::kMemProtect, 0);
    Probe mesh(board);
    mesh.r[3] = 0xffff;
    mesh.Execute(Movts32(3, 0, 3));
    Equal("MESHCONFIG", board.Reg(0, at::kMeshConfig), 0xffff);
    board.SetReg(0, at::kMeshConfig, 0);
  }
  // What is no register reads zero, and takes stores without a word: IAB, MEMCONFIG, and numbers without
  // name.
  for (unsigned group = 0; group < 4; ++group) {
    for (const unsigned number : {4u, 16u, 17u, 20u, 31u, 40u, 63u}) {
      if (group != 0 && number == 4) continue;
      if (group == 0 && number == 16) continue;
      Case("no register %u of group %u", number, group);
      Probe write(board);
      write.r[3] = 0xffffffff;
      write.Execute(Movts32(group, number, 3));
      write.Compare();
      Probe read(board);
      read.Execute(Movfs32(3, group, number));
      read.r[3] = 0;
      read.Compare();
    }
  }
  {
    Case("MOVTS PC jumps");
    Probe probe(board);
    probe.r[3] = 0x2000;
    probe.Execute(Movts16(num::kPc, 3));
    probe.pc = 0x2000;
    probe.Compare();
  }
}

}  // namespace

void TestRegisters(Board& board) {
  TestOwnRegisters(board);
  TestStorage(board);
  TestConfigAndStatus(board);
  TestPcAndInterrupts(board);
  TestOtherGroups(board);
}

}  // namespace test
