// SPDX-License-Identifier: MIT
// Signals that a core receives by wires of their own: they take some of its clocks, whether it is awake or
// not.
#include "system_test.h"

namespace test {
namespace {

using namespace encode;
using chip::RunResult;

constexpr uint32_t kOnlyWand = 0x3ff & ~0x100u;  // IMASK

// The barrier as Adapteva's own test of it has it: nothing keeps the interrupt out between WAND and IDLE.
void TestOpenBarrier() {
  constexpr unsigned kRounds = 20;
  for (const chip::Model* model : chip::kModels) {
    for (const uint32_t quantum : {1u, 2u, 3u, 5u, 17u, 1000u}) {
      for (unsigned seed = 0; seed < 4; ++seed) {
        Case("%s: WAND and IDLE with interrupts open, quantum %u, seed %u", model->name, quantum, seed);
        Board board(*model);
        for (unsigned core = 0; core < board.cores(); ++core)
          PutBarrierProgram(board, core, kRounds, Barrier::kOpen);
        board.Run(100000000, quantum, seed);
        for (unsigned core = 0; core < board.cores(); ++core) {
          Equal("halted at the end", board.Reg(core, at::kDebugStatus), 1);
          Equal("rounds", board.R(core, 11), kRounds);
          Equal("too early", board.R(core, 20), 0);
        }
      }
    }
  }
}

// The guarded one was right before WAND took time: no matter who comes last, and how late.
void TestGuardedBarrier() {
  std::vector<uint64_t> wanted;
  for (const uint32_t quantum : {1u, 2u, 3u, 7u, 100u}) {
    for (unsigned seed = 0; seed < 20; ++seed) {
      Case("GID, WAND, GIE, IDLE: quantum %u, seed %u", quantum, seed);
      Board board;
      board.chip().SetCounting(true);
      for (unsigned core = 0; core < 16; ++core) PutBarrierProgram(board, core, 10);
      board.Run(10000000, quantum, seed);
      std::vector<uint64_t> counts;
      for (unsigned core = 0; core < 16; ++core) {
        Equal("rounds", board.R(core, 11), 10);
        Equal("too early", board.R(core, 20), 0);
        uint64_t sum = 0;
        for (const uint64_t count : board.chip().counters(board.Id(core)).instructions) sum += count;
        counts.push_back(sum);
      }
      if (wanted.empty()) wanted = counts;
      True("the same instructions in every order", counts == wanted);
    }
  }
}

// Instructions that a core executes behind one that sends it a signal, before the interrupt.
unsigned Behind(Insn insn, bool is_gnu, unsigned imask) {
  Board board;
  board.chip().SetProfile(is_gnu ? chip::Profile::kGnu : chip::Profile::kManual);
  for (unsigned core = 1; core < 16; ++core) board.SetReg(core, at::kImask, 0x3ff);
  // A region of its own, so that WAND needs nobody else.
  board.SetReg(0, at::kMeshConfig, 1u << 13 | 1u << 15);
  board.SetReg(0, at::kImask, imask);
  for (unsigned number = 0; number < 10; ++number) {
    Code handler(0x180);
    handler << kBkpt;
    board.PutHandler(0, number, handler);
  }
  Code code(kProgram);
  code << MovImm32(1, 0) << MovImm32(2, 0x200);
  code.Set(3, at::kIlatst).Set(4, board.Global(0, at::kIlatst));
  code << insn;
  for (unsigned i = 0; i < 20; ++i) code << AluImm16(kAdd, 1, 1, 1);
  code << kBkpt;
  board.PutAndStart(0, code);
  board.Run(100);
  Equal("in the handler", board.Reg(0, at::kPc), 0x180);
  return board.R(0, 1);
}

void TestLatency() {
  struct Row {
    const char* name;
    Insn insn;
    uint32_t imask;
  };
  const Row rows[] = {{"WAND", kWand, kOnlyWand},
                      {"SYNC", kSync, 0x3fe},
                      {"MOVTS ILATST", Movts32(0, num::kIlatst, 2), 0x1ff},
                      {"a store to ILATST", Str(2, 3), 0x1ff},
                      {"a store to its own ILATST by the global address", Str(2, 4), 0x1ff}};
  for (const Row& row : rows) {
    Case("%s takes time", row.name);
    Equal("instructions behind it", Behind(row.insn, false, row.imask), chip::DelayLine::kClocks);
    Case("%s takes none in the GNU simulator's profile", row.name);
    Equal("instructions behind it", Behind(row.insn, true, row.imask), 0);
    Case("%s, and IDLE behind it", row.name);
    Board board;
    board.SetReg(0, at::kMeshConfig, 1u << 13 | 1u << 15);
    Code handler(0x180);
    handler << MovImm32(5, 0x55) << kRti;
    for (unsigned number = 0; number < 10; ++number) board.PutHandler(0, number, handler);
    Code code(kProgram);
    code << MovImm32(2, 0x200);
    code.Set(3, at::kIlatst).Set(4, board.Global(0, at::kIlatst));
    code << row.insn << kIdle << MovImm32(6, 0x66) << kBkpt;
    board.SetReg(0, at::kImask, row.imask);
    board.PutAndStart(0, code);
    const RunResult result = board.Run(1000);
    Equal("the handler has run", board.R(0, 5), 0x55);
    Equal("and what is behind IDLE", board.R(0, 6), 0x66);
    True("stop", result.stop == RunResult::Stop::kAllIdle);
  }
  {
    Case("a byte of ILATST is none of it");
    Board board;
    Code code(kProgram);
    code.Set(1, at::kIlatst).Set(3, board.Global(1, at::kIlatst)) << MovImm32(2, 8);
    code << Disp32(kStore, kByte, 2, 1, kPlus, 0) << Disp32(kStore, kByte, 2, 3, kPlus, 0);
    for (unsigned i = 0; i < 8; ++i) code << kNop;
    code << kBkpt;
    for (unsigned core = 0; core < 2; ++core) board.SetReg(core, at::kImask, 0x3ff);
    board.PutAndStart(0, code);
    board.Run(100);
    for (unsigned core = 0; core < 2; ++core) Equal("ILAT", board.Reg(core, at::kIlat), 0);
  }
  {
    Case("two interrupts on their way at once are two");
    Board board;
    Code handler(0x180);
    handler << AluImm32(kAdd, 5, 5, 1) << kRti;
    board.PutHandler(0, 9, handler);
    Code code(kProgram);
    code << MovImm32(2, 0x200) << MovImm32(5, 0) << Movts32(0, num::kIlatst, 2)
         << Movts32(0, num::kIlatst, 2);
    for (unsigned i = 0; i < 20; ++i) code << kNop;
    code << kBkpt;
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("taken", board.R(0, 5), 2);
  }
}

void TestOvertaking() {
  {
    Case("ILATCL does not overtake the ILATST before it");
    Board board;
    Code code(kProgram);
    code << MovImm32(2, 0x200) << Movts32(0, num::kIlatst, 2) << Movts32(0, num::kIlatcl, 2);
    for (unsigned i = 0; i < 20; ++i) code << kNop;
    code << kBkpt;
    board.SetReg(0, at::kImask, 0x3ff);
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("ILAT", board.Reg(0, at::kIlat), 0);
  }
  {
    Case("ILATCL has nothing to do with a WAND that is on its way");
    Board board;
    board.SetReg(0, at::kMeshConfig, 1u << 13 | 1u << 15);
    Code code(kProgram);
    code << MovImm32(2, 0x3ff) << kWand << Movts32(0, num::kIlatcl, 2);
    for (unsigned i = 0; i < 20; ++i) code << kNop;
    code << kBkpt;
    board.SetReg(0, at::kImask, 0x3ff);
    board.PutAndStart(0, code);
    board.Run(100);
    Equal("ILAT", board.Reg(0, at::kIlat), 0x100);
  }
  {
    Case("a reset of the core forgets what is on its way");
    Board board;
    Code code(kProgram);
    code << MovImm32(2, 0x200) << Movts32(0, num::kIlatst, 2) << kIdle;
    board.PutAndStart(0, code);
    board.Run(2);
    board.Reset(0);
    board.Run(100);
    Equal("ILAT", board.Reg(0, at::kIlat), 0);
    Equal("IPEND", board.Reg(0, at::kIpend), 0);
  }
}

void TestRest() {
  Case("cores that sleep do not rest while a signal is on its way");
  Board board;
  Code handler(0x180);
  handler << kBkpt;
  Code code(kProgram);
  code << kWand << kIdle;
  for (unsigned core = 0; core < 16; ++core) {
    board.PutHandler(core, 8, handler);
    board.PutAndStart(core, code);
  }
  // Ends at every instruction, and as soon as only clocks have passed.
  bool was_on_its_way = false;
  RunResult result = {0, RunResult::Stop::kInstructions};
  while (result.stop == RunResult::Stop::kInstructions) {
    result = board.Run(1, 1, 3);
    unsigned asleep = 0;
    bool is_on_its_way = false;
    for (unsigned core = 0; core < 16; ++core) {
      asleep += !(board.Reg(core, at::kStatus) & kActive) && board.Reg(core, at::kIlat) == 0;
      is_on_its_way |= board.chip().awaits_signal(board.Id(core));
    }
    if (asleep == 16) True("something is on its way", is_on_its_way);
    was_on_its_way |= asleep == 16;
  }
  True("all were asleep", was_on_its_way);
  for (unsigned core = 0; core < 16; ++core) Equal("halted", board.Reg(core, at::kDebugStatus), 1);
  True("nothing is on its way to no core", !board.chip().awaits_signal(0x80c));
}

void TestWaiting() {
  Case("who waits in a barrier is known until all have come");
  Board board;
  Code code(kProgram);
  code << kWand << kIdle << kBkpt;
  for (unsigned core = 0; core < 16; ++core) {
    Code handler(0x180);
    handler << kRti;
    board.PutHandler(core, 8, handler);
    if (core != 5) board.PutAndStart(core, code);
  }
  True("stop", board.Run(1000).stop == RunResult::Stop::kAllIdle);
  for (unsigned core = 0; core < 16; ++core)
    Equal("waits", board.chip().is_in_barrier(board.Id(core)), core != 5);
  board.PutAndStart(5, code);
  board.Run(1000);
  for (unsigned core = 0; core < 16; ++core)
    True("waits no more", !board.chip().is_in_barrier(board.Id(core)));
  True("no core waits nowhere", !board.chip().is_in_barrier(0x80c));
}

// A core whose region is its own, so that its WAND is answered at once, up to where it rests. Its handlers
// just return.
struct Alone {
  Board board;
  explicit Alone(const Code& code) {
    board.SetReg(0, at::kMeshConfig, 1u << 13 | 1u << 15);
    Code handler(0x180);
    handler << kRti;
    for (const unsigned number : {8u, 9u}) board.PutHandler(0, number, handler);
    board.PutAndStart(0, code);
  }
  void Rest() {
    True("rests", board.Run(1000).stop == RunResult::Stop::kAllIdle);
    Equal("asleep", board.Reg(0, at::kStatus) & kActive, 0);
    Equal("not halted", board.Reg(0, at::kDebugStatus), 0);
  }
  bool waits() { return board.chip().is_in_barrier(board.Id(0)); }
};

Code& Nops(Code& code) {
  for (unsigned i = 0; i < 2 * chip::DelayLine::kClocks; ++i) code << kNop;
  return code;
}

// The interrupt came before IDLE, and nothing ends that any more.
void TestMissed() {
  Code plain(kProgram);
  Nops(plain << kWand) << kIdle << kNop << kIdle << kBkpt;
  const uint32_t behind = plain.here() - 6;
  {
    Case("who sleeps behind a WAND that was answered waits in a barrier");
    Alone alone(plain);
    alone.Rest();
    Equal("PC", alone.board.Reg(0, at::kPc), behind);
    True("waits", alone.waits());
    const std::vector<uint32_t> state = alone.board.Save();
    Board other;
    True("restored", other.chip().Restore(state.data(), state.size()));
    True("waits, restored", other.chip().is_in_barrier(other.Id(0)));
    Case("and no more once another interrupt has ended that, be it before another IDLE");
    alone.board.SetReg(0, at::kIlatst, 0x200);
    alone.Rest();
    Equal("PC", alone.board.Reg(0, at::kPc), behind + 4);
    True("does not wait", !alone.waits());
  }
  for (const bool is_reset : {false, true}) {
    Case("%s forgets that a core waits", is_reset ? "RESETCORE" : "FSTATUS");
    Alone alone(plain);
    alone.Rest();
    is_reset ? alone.board.Reset(0) : alone.board.SetReg(0, at::kFstatus, 0);
    True("does not wait", !alone.waits());
  }
  {
    Case("saved between the interrupt and IDLE");
    Alone alone(plain);
    alone.board.Run(2 * chip::DelayLine::kClocks - 1);
    const std::vector<uint32_t> state = alone.board.Save();
    Board other;
    std::copy(alone.board.sram(), alone.board.sram() + alone.board.sram_bytes(), other.sram());
    True("restored", other.chip().Restore(state.data(), state.size()));
    True("not yet", !other.chip().is_in_barrier(other.Id(0)));
    other.Run(1000);
    True("waits", other.chip().is_in_barrier(other.Id(0)));
  }
  struct Row {
    const char* name;
    bool waits;
    void (*put)(Code& code);
  };
  const Row rows[] = {
      {"a jump on the way", true,
       [](Code& code) {
         Nops(code << kWand);
         const uint32_t over = code.Ahead(AL);
         code << kBkpt;
         code.Land(over);
         code << kIdle << kBkpt;
       }},
      {"a barrier in an endless loop", true,
       [](Code& code) {
         const uint32_t again = code.here();
         Nops(code << kWand) << kIdle;
         code.ShortBranch(AL, again);
       }},
      {"the interrupt in another handler, which returns to before IDLE", true,
       [](Code& code) {
         // User interrupt first, whose handler lets the WAND interrupt in.
         code << MovImm32(2, 0x200) << kGid << Movts32(0, num::kIlatst, 2) << kWand << kNop << kGie;
         Nops(code) << kIdle << kBkpt;
       }},
      {"a look on the way", false,
       [](Code& code) {
         Nops(code << kWand << MovImm32(1, 0));
         code << AluImm32(kSub, 1, 1, 0);
         code.ShortBranch(NE, kProgram);
         code << kIdle << kBkpt;
       }},
      {"spinning until the interrupt has come, and an IDLE for something else", false,
       [](Code& code) {
         code << MovImm32(1, 20) << kWand;
         const uint32_t spin = code.here();
         code << AluImm32(kSub, 1, 1, 1);
         code.ShortBranch(NE, spin);
         code << kNop << kIdle << kBkpt;
       }},
      {"an endless IDLE, from which all is done by handlers", false,
       [](Code& code) {
         Nops(code << kWand);
         const uint32_t rest = code.here();
         code << kIdle << kNop;
         code.ShortBranch(AL, rest);
       }},
      {"a barrier, and an IDLE for something else right behind it", false,
       [](Code& code) { code << kWand << kIdle << kNop << kIdle << kBkpt; }},
      {"a guarded barrier, and an IDLE for something else", false,
       [](Code& code) {
         code << kGid << kWand << kNop << kNop;
         code.Align(8) << kGie << kIdle << kNop << kIdle << kBkpt;
       }},
      {"a barrier that sleeps with GID, and an IDLE for something else", false,
       [](Code& code) { code << kGid << kWand << kIdle << kGie << kNop << kIdle << kBkpt; }},
      {"an interrupt as of WAND, without one", false,
       [](Code& code) { Nops(code << MovImm32(2, 0x100) << Movts32(0, num::kIlatst, 2)) << kIdle << kBkpt; }},
  };
  for (const Row& row : rows) {
    Case("whether a core waits in a barrier: %s", row.name);
    Code code(kProgram);
    row.put(code);
    Alone alone(code);
    Code nesting(0x1a0);
    nesting << Movfs32(20, 0, num::kIret) << kGie;
    Nops(nesting) << kGid << Movts32(0, num::kIret, 20) << kRti;
    alone.board.PutHandler(0, 9, nesting);
    alone.Rest();
    Equal("waits", alone.waits(), row.waits);
  }
  {
    Case("all of a chip, which sleep when the last one comes");
    Board board;
    Code handler(0x180);
    handler << kRti;
    Code last(kProgram);
    Nops(Nops(last)) << kWand << kIdle << kBkpt;
    for (unsigned core = 0; core < 16; ++core) {
      board.PutHandler(core, 8, handler);
      board.PutAndStart(core, core == 7 ? last : plain);
    }
    board.Run(10000, 1);
    for (unsigned core = 0; core < 16; ++core)
      Equal("waits", board.chip().is_in_barrier(board.Id(core)), false);
    Equal("the last one has gone on", board.Reg(7, at::kDebugStatus), 1);
  }
}

// STATUS[3] is how the chip remembers a WAND.
void TestWithdrawn() {
  struct Row {
    const char* name;
    void (*withdraw)(Board& board);
  };
  const Row rows[] = {
      {"the host's store to STATUS", [](Board& board) { board.SetReg(3, at::kStatus, 0); }},
      {"the host's store to FSTATUS", [](Board& board) { board.SetReg(3, at::kFstatus, 0); }},
      {"RESETCORE", [](Board& board) { board.Reset(3); }},
      {"its own MOVTS STATUS", [](Board& board) { board.SetReg(3, at::kIlatst, 0x200); }},
      {"another core's store to its STATUS",
       [](Board& board) {
         Code code(0x400);
         code.Set(1, board.Global(3, at::kStatus)) << MovImm32(2, 0) << Str(2, 1) << kBkpt;
         board.PutAndStart(5, code);
         board.Run(100);
       }},
  };
  for (const Row& row : rows) {
    Case("a WAND that is taken back: %s", row.name);
    Board board;
    Code code(kProgram);
    code << kWand << kIdle << kBkpt;
    const auto begin = [&](unsigned core) {
      board.SetReg(core, at::kImask, 0);
      board.PutAndStart(core, code);
    };
    for (unsigned core = 0; core < 16; ++core) {
      Code handler(0x180);
      handler << kRti;
      board.PutHandler(core, 8, handler);
      Code clears(0x190);
      clears << MovImm32(1, 0) << Movts32(0, num::kStatus, 1) << kRti;
      board.PutHandler(core, 9, clears);
      if (core != 5) begin(core);
    }
    board.Run(1000);
    row.withdraw(board);
    board.Run(1000);
    True("does not wait", !board.chip().is_in_barrier(board.Id(3)));
    Equal("STATUS", board.Reg(3, at::kStatus) & kWandBit, 0);
    board.SetReg(5, at::kDebugCmd, 0);
    begin(5);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core)
      Equal("all others wait", board.chip().is_in_barrier(board.Id(core)), core != 3);
    board.SetReg(3, at::kDebugCmd, 0);
    begin(3);
    board.Run(1000);
    for (unsigned core = 0; core < 16; ++core) Equal("all have come", board.Reg(core, at::kDebugStatus), 1);
  }
  {
    Case("a host that clears ILAT clears what was on its way, too");
    for (const Insn insn : {kWand, kSync}) {
      Board board;
      board.SetReg(0, at::kMeshConfig, 1u << 13 | 1u << 15);
      board.SetReg(0, at::kImask, 0x3ff);
      Code code(kProgram);
      Nops(code << insn) << kBkpt;
      board.PutAndStart(0, code);
      board.Run(2);
      True("on its way", board.chip().awaits_signal(board.Id(0)));
      board.SetReg(0, at::kIlatcl, 0x3ff);
      board.Run(100);
      Equal("ILAT", board.Reg(0, at::kIlat), 0);
    }
  }
}

void TestBreakpoint() {
  Case("MBKPT: at once where it is, and others some instructions later");
  for (const bool is_gnu : {false, true}) {
    Board board;
    board.chip().SetProfile(is_gnu ? chip::Profile::kGnu : chip::Profile::kManual);
    const Code spin = CountingLoop();
    for (unsigned core = 1; core < 16; ++core) {
      board.SetR(core, 1, 0);
      board.PutAndStart(core, spin);
    }
    Code stop(kProgram);
    stop << kMbkpt << kNop << kNop;
    board.PutAndStart(0, stop);
    board.Run(1000, 1);
    Equal("PC", board.Reg(0, at::kPc), kProgram + 2);
    for (unsigned core = 0; core < 16; ++core) {
      Equal("DEBUGSTATUS", board.Reg(core, at::kDebugStatus), 5);
      // An addition and a branch to each round; before the MBKPT there was time for one instruction at most.
      if (core > 0) True("instructions", board.R(core, 1) <= (is_gnu ? 1 : 1 + chip::DelayLine::kClocks / 2));
      if (core > 0 && !is_gnu) True("it went on", board.R(core, 1) >= chip::DelayLine::kClocks / 2);
    }
  }
}

// With a snapshot after every instruction, each time into another board.
void TestSnapshots() {
  for (const Barrier barrier : {Barrier::kOpen, Barrier::kGuarded}) {
    Case("barriers with snapshots all the way, %s", barrier == Barrier::kOpen ? "open" : "guarded");
    Board whole;
    for (unsigned core = 0; core < 16; ++core) PutBarrierProgram(whole, core, 3, barrier);
    whole.Run(10000000, 5, 7);
    Board boards[2];
    for (unsigned core = 0; core < 16; ++core) PutBarrierProgram(boards[0], core, 3, barrier);
    unsigned turn = 0;
    RunResult result = {0, RunResult::Stop::kInstructions};
    while (result.stop == RunResult::Stop::kInstructions && turn < 100000) {
      Board& from = boards[turn % 2];
      Board& to = boards[++turn % 2];
      result = from.Run(1, 5, 7);
      const std::vector<uint32_t> words = from.Save();
      std::memcpy(to.sram(), from.sram(), from.sram_bytes());
      True("restored", to.chip().Restore(words.data(), words.size()));
      if (turn % 97 == 0) True("saved again", to.Save() == words);
    }
    Board& last = boards[turn % 2];
    Equal("SRAM", std::memcmp(last.sram(), whole.sram(), whole.sram_bytes()), 0);
    for (unsigned core = 0; core < 16; ++core) {
      Equal("rounds", last.R(core, 11), 3);
      for (unsigned r = 0; r < 64; ++r) Equal("register", last.R(core, r), whole.R(core, r));
    }
  }
}

}  // namespace

void TestSignals() {
  TestOpenBarrier();
  TestGuardedBarrier();
  TestLatency();
  TestOvertaking();
  TestRest();
  TestWaiting();
  TestMissed();
  TestWithdrawn();
  TestBreakpoint();
  TestSnapshots();
}

}  // namespace test
