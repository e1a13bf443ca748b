// SPDX-License-Identifier: MIT
// Loads and stores: in every form, overlapping, not aligned, of other cores and of DRAM; TESTSET.
#include "operations_test.h"

namespace test {
namespace {

using namespace encode;

enum class Form { kDisp, kIndex, kPostIndex, kPostDisp };
constexpr const char* kFormNames[] = {"disp", "index", "post index", "post disp"};

struct AccessCase {
  Form form;
  bool is_long;
  Sign sign;
  unsigned offset;  // displacement, or what is in RM
};

Insn Encode(Direction direction, Size size, const AccessCase& c, unsigned rd, unsigned rn, unsigned rm) {
  switch (c.form) {
    case Form::kDisp:
      return c.is_long ? Disp32(direction, size, rd, rn, c.sign, c.offset)
                       : Disp16(direction, size, rd, rn, c.offset);
    case Form::kIndex:
      return c.is_long ? Index32(direction, size, rd, rn, c.sign, rm) : Index16(direction, size, rd, rn, rm);
    case Form::kPostIndex:
      return c.is_long ? Post32(direction, size, rd, rn, c.sign, rm) : Post16(direction, size, rd, rn, rm);
    default:
      return PostDisp32(direction, size, rd, rn, c.sign, c.offset);
  }
}

// `window` is what has to be added to a local address: another way to the same memory.
void TestAccess(Board& board, Size size, const AccessCase& c, uint32_t window) {
  const unsigned rd = c.is_long ? 36 : 4;
  const unsigned rn = c.is_long ? 51 : 1;
  const unsigned rm = c.is_long ? 17 : 7;
  const unsigned bytes = 1u << size;
  const bool has_register = c.form == Form::kIndex || c.form == Form::kPostIndex;
  const bool is_post = c.form == Form::kPostIndex || c.form == Form::kPostDisp;
  const uint32_t scaled = has_register ? c.offset : c.offset * bytes;
  const uint32_t moved = c.sign == kMinus ? 0 - scaled : scaled;
  // The address is to be the same in every case: 16 bytes into the data.
  const uint32_t address = window + kData + 16;
  const uint32_t base = is_post ? address : address - moved;
  const uint32_t local = kData + 16;

  const auto execute = [&](const char* name, Direction direction) {
    Case("%s of %u bytes, %s%s %c%u, window %08x", name, bytes, kFormNames[static_cast<int>(c.form)],
         c.is_long ? ".l" : "", c.sign == kMinus ? '-' : '+', c.offset, window);
    Probe probe(board);
    probe.status = kBefore[1];
    probe.r[rn] = base;
    if (has_register) probe.r[rm] = c.offset;
    probe.Execute(Encode(direction, size, c, rd, rn, rm));
    if (is_post) probe.r[rn] = base + moved;
    return probe;
  };
  Probe load = execute("LDR", kLoad);
  uint32_t value = 0;
  for (unsigned i = bytes < 4 ? bytes : 4; i-- > 0;) value = value << 8 | load.Byte(local + i);
  load.r[rd] = value;
  if (size == kDouble) load.r[rd + 1] = load.Memory(local + 4);
  load.Compare();
  Probe store = execute("STR", kStore);
  for (unsigned i = 0; i < bytes; ++i)
    store.SetByte(local + i, store.r[i < 4 ? rd : rd + 1] >> 8 * (i % 4) & 0xff);
  store.Compare();
}

void TestAccesses(Board& board) {
  const uint32_t own = board.Global(0, 0);
  std::vector<AccessCase> cases;
  for (const unsigned offset : {0u, 1u, 7u}) cases.push_back({Form::kDisp, false, kPlus, offset});
  for (const Sign sign : {kPlus, kMinus}) {
    for (const unsigned offset : {0u, 1u, 8u, 0x155u, 0x7ffu}) {
      cases.push_back({Form::kDisp, true, sign, offset});
      cases.push_back({Form::kPostDisp, true, sign, offset});
    }
    for (const unsigned offset : {0u, 1u, 2u, 3u, 4u, 8u, 0x100u, 0x80000000u, 0xfffffff8u}) {
      if (sign == kPlus) {
        cases.push_back({Form::kIndex, false, sign, offset});
        cases.push_back({Form::kPostIndex, false, sign, offset});
      }
      cases.push_back({Form::kIndex, true, sign, offset});
      cases.push_back({Form::kPostIndex, true, sign, offset});
    }
  }
  for (const Size size : {kByte, kHalf, kWord, kDouble}) {
    for (const AccessCase& c : cases) {
      TestAccess(board, size, c, 0);
      TestAccess(board, size, c, own);
    }
  }
  // Each byte of a word, and each half of it.
  for (unsigned i = 0; i < 8; ++i) {
    Case("LDRB at byte %u", i);
    Probe probe(board);
    probe.r[1] = kData + i;
    probe.Execute(Disp16(kLoad, kByte, 0, 1, 0));
    probe.r[0] = 0x80 + i;  // not extended by its sign
    probe.Compare();
  }
  for (unsigned i = 0; i < 8; i += 2) {
    Case("LDRH at byte %u", i);
    Probe probe(board);
    probe.r[1] = kData + i;
    probe.Execute(Disp16(kLoad, kHalf, 0, 1, 0));
    probe.r[0] = 0x8180 + 0x202 * (i / 2);
    probe.Compare();
  }
}

void TestOverlaps(Board& board) {
  for (const uint32_t window : {0u, board.Global(0, 0)}) {
    {
      Case("STR RD==RN, post-modify: stores the old RN, window %08x", window);
      Probe probe(board);
      probe.r[9] = window + kData;
      probe.Execute(PostDisp32(kStore, kWord, 9, 9, kPlus, 4));
      probe.SetMemory(kData, window + kData);
      probe.r[9] = window + kData + 16;
      probe.Compare();
    }
    {
      Case("STR RM==RN, post-modify: adds the old RN, window %08x", window);
      Probe probe(board);
      probe.r[3] = window + kData;
      probe.Execute(Post16(kStore, kWord, 2, 3, 3));
      probe.SetMemory(kData, probe.r[2]);
      probe.r[3] = 2 * (window + kData);
      probe.Compare();
    }
    {
      Case("LDR RM==RD, post-modify: moves by the old RM, window %08x", window);
      Probe probe(board);
      probe.r[3] = window + kData;
      probe.r[2] = 0x24;
      probe.Execute(Post16(kLoad, kWord, 2, 3, 2));
      probe.r[2] = 0x83828180;
      probe.r[3] = window + kData + 0x24;
      probe.Compare();
    }
    {
      Case("LDR RD==RN without post-modify, window %08x", window);
      Probe probe(board);
      probe.r[3] = window + kData;
      probe.Execute(Disp16(kLoad, kWord, 3, 3, 1));
      probe.r[3] = 0x87868584;
      probe.Compare();
    }
    {
      Case("LDR RD==RN==RM by index, window %08x", window);
      Probe probe(board);
      probe.r[3] = (window + kData) / 2;
      probe.Execute(Index16(kLoad, kWord, 3, 3, 3));
      probe.r[3] = 0x83828180;
      probe.Compare();
    }
    {
      Case("LDRD whose second register is RN, window %08x", window);
      Probe probe(board);
      probe.r[3] = window + kData;
      probe.Execute(Disp16(kLoad, kDouble, 2, 3, 1));
      probe.r[2] = 0x8b8a8988;
      probe.r[3] = 0x8f8e8d8c;
      probe.Compare();
    }
    {
      Case("STRD RD==RN, post-modify, window %08x", window);
      Probe probe(board);
      probe.r[10] = window + kData;
      probe.Execute(PostDisp32(kStore, kDouble, 10, 10, kMinus, 1));
      probe.SetMemory(kData, window + kData);
      probe.SetMemory(kData + 4, probe.r[11]);
      probe.r[10] = window + kData - 8;
      probe.Compare();
    }
    {
      // No source settles it, and the assembler rejects it; this is what the model does.
      Case("LDR RD==RN, post-modify: the moved address wins, window %08x", window);
      Probe probe(board);
      probe.r[9] = window + kData;
      probe.Execute(PostDisp32(kLoad, kWord, 9, 9, kPlus, 4));
      probe.r[9] = window + kData + 16;
      probe.Compare();
    }
  }
}

void TestUnaligned() {
  for (const chip::Model* model : chip::kModels) {
    Board board(*model);
    const unsigned cause = model->generation == chip::Generation::kEpiphany3 ? 2 : 13;
    for (const uint32_t window : {0u, board.Global(0, 0), board.Global(1, 0), kDram}) {
      for (const Size size : {kHalf, kWord, kDouble}) {
        for (uint32_t off = 1; off < 1u << size; ++off) {
          for (const Direction direction : {kLoad, kStore}) {
            Case("%s: %s of %u bytes at %u from alignment, window %08x", model->name,
                 direction == kLoad ? "LDR" : "STR", 1u << size, off, window);
            {
              Probe probe(board);
              probe.r[20] = window + kData + off;
              probe.Execute(Disp32(direction, size, 18, 20, kPlus, 3));
              probe.Except(cause);
              probe.Compare();
            }
            {
              Probe probe(board);
              probe.r[20] = window + kData + off;
              probe.Execute(PostDisp32(direction, size, 18, 20, kPlus, 3));
              probe.r[20] += 3u << size;
              probe.Except(cause);
              probe.Compare();
            }
          }
        }
      }
    }
    for (const Direction direction : {kLoad, kStore}) {
      Case("%s: doubleword %s with an odd RD", model->name, direction == kLoad ? "LDR" : "STR");
      Probe probe(board);
      probe.r[20] = kData;
      probe.Execute(Disp32(direction, kDouble, 19, 20, kPlus, 0));
      probe.Except(cause);
      probe.Compare();
    }
    Case("%s: TESTSET not aligned", model->name);
    Probe probe(board);
    probe.r[20] = board.Global(0, kData + 2);
    probe.r[21] = 0;
    probe.Execute(Testset(18, 20, kPlus, 21));
    probe.Except(cause);
    probe.Compare();
  }
}

void TestElsewhere(Board& board) {
  for (const Size size : {kByte, kHalf, kWord, kDouble}) {
    const uint64_t mask = size == kDouble ? ~uint64_t{0} : (uint64_t{1} << (8u << size)) - 1;
    struct Place {
      const char* name;
      uint32_t address;
      unsigned char* memory;
    };
    const Place places[] = {{"another core", board.Global(5, 0x2340), board.sram(5) + 0x2340},
                            {"DRAM", kDram + 0x123458, board.dram() + 0x123458}};
    for (const Place& place : places) {
      const uint64_t old = 0x8877665544332211;
      {
        Case("LDR of %u bytes from %s", 1u << size, place.name);
        std::memcpy(place.memory, &old, 8);
        Probe probe(board);
        probe.r[8] = place.address;
        probe.Execute(PostDisp32(kLoad, size, 2, 8, kPlus, 1));
        probe.r[2] = static_cast<uint32_t>(old & mask);
        if (size == kDouble) probe.r[3] = 0x88776655;
        probe.r[8] += 1u << size;
        probe.Compare();
      }
      {
        Case("STR of %u bytes to %s", 1u << size, place.name);
        Probe probe(board);
        probe.r[8] = place.address;
        const uint64_t value = probe.r[2] | uint64_t{probe.r[3]} << 32;
        probe.Execute(PostDisp32(kStore, size, 2, 8, kMinus, 1));
        probe.r[8] -= 1u << size;
        probe.Compare();
        uint64_t got;
        std::memcpy(&got, place.memory, 8);
        Equal("memory", got, (old & ~mask) | (value & mask));
      }
    }
  }
}

void TestTestset(Board& board) {
  for (const uint32_t window : {board.Global(0, 0), board.Global(7, 0)}) {
    for (const uint32_t old : {0u, 1u, 0xffffffffu}) {
      for (const Sign sign : {kPlus, kMinus}) {
        Case("TESTSET of %08x, window %08x", old, window);
        Probe probe(board);
        const uint32_t index = 0x24;
        probe.r[40] = window + kData + (sign == kPlus ? 0 - index : index);
        probe.r[41] = index;
        probe.status = kBefore[1];
        const bool is_own = window == board.Global(0, 0);
        if (is_own) probe.SetMemory(kData, old);
        if (!is_own) board.SetWord(7, kData, old);
        const uint32_t value = probe.r[33];
        probe.Execute(Testset(33, 40, sign, 41));
        probe.r[33] = old;
        if (is_own && old == 0) probe.SetMemory(kData, value);
        probe.Compare();
        if (!is_own) Equal("memory", board.Word(7, kData), old == 0 ? value : old);
      }
    }
  }
  Case("TESTSET through a local address is an illegal access");
  Probe probe(board);
  probe.r[40] = kData;
  probe.r[41] = 0;
  probe.Execute(Testset(33, 40, kPlus, 41));
  probe.Except(5);
  probe.Compare();
}

}  // namespace

void TestMemory(Board& board) {
  TestAccesses(board);
  TestOverlaps(board);
  TestUnaligned();
  TestElsewhere(board);
  TestTestset(board);
}

}  // namespace test
