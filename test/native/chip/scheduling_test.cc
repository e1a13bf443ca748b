// SPDX-License-Identifier: MIT
// Run: that it can be repeated, divided, saved and restored, and that cores share a memory as they should
// whatever the order of their turns. Prints a digest, which must be the same on every machine.
#include <algorithm>
#include <set>

#include "board.h"
#include "chip/core.h"
#include "programs.h"
#include "testing.h"

namespace {

using namespace encode;
using namespace test;
using chip::RunResult;

// FNV-1a of the state, of all SRAM and of a part of the DRAM, as little-endian bytes.
struct Digest {
  uint64_t value = 0xcbf29ce484222325;
  void Byte(unsigned byte) { value = (value ^ byte) * 0x100000001b3; }
  void Word(uint32_t word) {
    for (unsigned i = 0; i < 4; ++i) Byte(word >> 8 * i & 0xff);
  }
};

uint64_t DigestOf(Board& board) {
  Digest digest;
  for (const uint32_t word : board.Save()) digest.Word(word);
  for (size_t i = 0; i < board.sram_bytes(); ++i) digest.Byte(board.sram()[i]);
  for (size_t i = 0; i < 4096; ++i) digest.Byte(board.dram()[i]);
  return digest.value;
}

void PutMixed(Board& board) {
  for (unsigned core = 0; core < board.cores(); ++core) PutMixedProgram(board, core);
}

constexpr uint64_t kBudget = 200000;

void TestRepeat(Digest& all) {
  for (const chip::Model* model : chip::kModels) {
    std::set<uint64_t> digests;
    for (const uint64_t seed : {0u, 1u, 2u, 12345u}) {
      for (const uint32_t quantum : {1u, 2u, 17u, 1000u}) {
        Case("%s: seed %u, quantum %u, twice", model->name, static_cast<unsigned>(seed), quantum);
        uint64_t digest[2];
        for (uint64_t& each : digest) {
          Board board(*model);
          PutMixed(board);
          const RunResult result = board.Run(kBudget, quantum, seed);
          Equal("instructions", result.instructions, kBudget);
          True("stop", result.stop == RunResult::Stop::kInstructions);
          // The program does what it is meant to: interrupts, transfers, and changes of itself.
          if (quantum == 1000) {
            True("interrupts", board.R(1, 41) > 5);
            True("changing immediates", board.R(1, 27) > 100);
          }
          each = DigestOf(board);
        }
        Equal("digest", digest[1], digest[0]);
        // With short quanta these cores go in step, and it does not matter who is first.
        if (quantum >= 17) digests.insert(digest[0]);
        all.Word(static_cast<uint32_t>(digest[0]));
        all.Word(static_cast<uint32_t>(digest[0] >> 32));
      }
    }
    Case("%s: no two orders have the same result", model->name);
    Equal("results", digests.size(), 8);
  }
}

// In what order cores take their turns, as each notes it down.
std::vector<uint32_t> OrderOf(uint64_t seed) {
  Board board;
  for (unsigned core = 0; core < 16; ++core) {
    // Takes a ticket under a lock, and goes on if it cannot have the lock at once.
    Code code(kProgram);
    code.Set(1, board.Global(0, kLock)).Set(2, core + 1) << MovImm16(3, 0);
    for (unsigned i = 0; i < 16; ++i)
      code << Mov16(AL, 4, 2) << Testset(4, 1, kPlus, 3) << AluImm32(kAdd, 1, 1, 4);
    code << kIdle;
    board.PutAndStart(core, code);
  }
  board.Run(100000, 1000, seed);
  std::vector<uint32_t> order;
  for (unsigned i = 0; i < 16; ++i) order.push_back(board.Word(0, kLock + 4 * i));
  return order;
}

void TestOrders() {
  Case("a round gives every core a turn, and seeds give different orders");
  std::set<uint32_t> firsts;
  for (unsigned seed = 0; seed < 200; ++seed) firsts.insert(OrderOf(seed)[0]);
  Equal("every core is the first one with some seed", firsts.size(), 16);
  Case("quantum 0 counts as 1");
  Board zero;
  Board one;
  PutMixed(zero);
  PutMixed(one);
  zero.Run(10000, 0, 3);
  one.Run(10000, 1, 3);
  Equal("digest", DigestOf(zero), DigestOf(one));
}

void TestPieces() {
  for (const uint32_t quantum : {1u, 7u, 100u, 5000u}) {
    Board whole;
    PutMixed(whole);
    whole.Run(kBudget, quantum, 9);
    const uint64_t wanted = DigestOf(whole);
    for (const uint64_t piece : {1u, 2u, 3u, 7u, 64u, 99u, 100u, 101u, 1600u, 54321u}) {
      Case("quantum %u, in pieces of %u instructions", quantum, static_cast<unsigned>(piece));
      Board board;
      PutMixed(board);
      uint64_t done = 0;
      while (done < kBudget) {
        const RunResult result = board.Run(std::min(piece, kBudget - done), quantum, 9);
        Equal("instructions", result.instructions, std::min(piece, kBudget - done));
        if (result.instructions == 0) break;
        done += result.instructions;
      }
      Equal("digest", DigestOf(board), wanted);
    }
    Case("quantum %u, in pieces of random size", quantum);
    Board board;
    PutMixed(board);
    uint64_t done = 0;
    for (uint64_t state = quantum; done < kBudget;) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      const uint64_t piece = std::min<uint64_t>(1 + (state >> 40) % 5000, kBudget - done);
      done += board.Run(piece, quantum, 9).instructions;
    }
    Equal("digest", DigestOf(board), wanted);
  }
}

// Programs that sleep, wait for timers and for the host, in pieces.
void TestPiecesOfSleep() {
  const auto prepare = [](Board& board) {
    for (unsigned core = 0; core < 16; ++core) {
      Code handler(0x180);
      handler << AluImm32(kSub, 30, 30, 1) << Movts32(0, num::kCtimer0, 31);
      const uint32_t on = handler.Ahead(NE);
      handler << MovImm32(32, 0) << Movts32(0, num::kConfig, 32);
      handler.Land(on);
      handler << kRti;
      board.PutHandler(core, 3, handler);
      Code code(kProgram);
      const uint32_t loop = code.here();
      code << AluImm32(kAdd, 33, 33, 1) << Str(33, 34) << kIdle;
      code.ShortBranch(AL, loop);
      board.SetR(core, 30, 10 + core);
      board.SetR(core, 31, 100 * core + 50);
      board.SetR(core, 33, 0);
      board.SetR(core, 34, board.Global((core + 1) % 16, 0x4000));
      board.SetReg(core, at::kCtimer0, 100 * core + 50);
      board.SetReg(core, at::kConfig, 0x10);
      board.PutAndStart(core, code);
    }
  };
  const auto memory_and_cores = [](Board& board) {
    Digest digest;
    const std::vector<uint32_t> words = board.Save();
    for (const uint32_t word : words) digest.Word(word);
    for (size_t i = 0; i < board.sram_bytes(); ++i) digest.Byte(board.sram()[i]);
    return digest.value;
  };
  Board whole;
  prepare(whole);
  const RunResult result = whole.Run(100000000, 100, 4);
  const uint64_t wanted = memory_and_cores(whole);  // before the host's own accesses are counted
  Case("cores that only wait for timers come to rest");
  True("stop", result.stop == RunResult::Stop::kAllIdle);
  for (unsigned core = 0; core < 16; ++core) Equal("rounds", whole.R(core, 33), 11 + core);
  for (const uint64_t piece : {1u, 3u, 100u, 1000u}) {
    Case("the same in pieces of %u", static_cast<unsigned>(piece));
    Board board;
    prepare(board);
    uint64_t instructions = 0;
    bool is_idle = false;
    for (unsigned i = 0; i < 1000000 && !is_idle; ++i) {
      const RunResult part = board.Run(piece, 100, 4);
      instructions += part.instructions;
      is_idle = part.stop == RunResult::Stop::kAllIdle;
    }
    True("stop", is_idle);
    Equal("instructions", instructions, result.instructions);
    Equal("digest", memory_and_cores(board), wanted);
  }
}

// However often it is noticed that cores have nothing to do, what they do next is the same.
void TestQuiet() {
  for (const bool is_blocked : {false, true}) {
    for (const uint32_t quantum : {1u, 7u, 100u}) {
      Case("%s again and again, quantum %u", is_blocked ? "blocked" : "idle", quantum);
      Board board;
      Code code(kProgram);
      code << AluImm32(kAdd, 1, 1, 1) << kIdle << kBkpt;
      for (unsigned core = 0; core < 16; ++core)
        board.PutAndStart(core, is_blocked ? MailboxProgram(core, 3) : code);
      const RunResult::Stop stop = is_blocked ? RunResult::Stop::kBlocked : RunResult::Stop::kAllIdle;
      True("stop", board.Run(10000, quantum, 7).stop == stop);
      const std::vector<uint32_t> state = board.Save();
      for (unsigned i = 0; i < 3; ++i) {
        const RunResult result = board.Run(10000, quantum, 7);
        True("stop", result.stop == stop);
        Equal("instructions", result.instructions, 0);
        True("the same state", board.Save() == state);
      }
    }
  }
}

void TestSnapshots(Digest& all) {
  for (const chip::Model* model : chip::kModels) {
    Case("%s: saved, restored into another chip, and on", model->name);
    Board first(*model);
    PutMixed(first);
    first.chip().PushMailbox(1, 2);
    first.chip().PushMailbox(3, 4);
    first.Run(33333, 70, 5);
    const std::vector<uint32_t> state = first.Save();
    const std::vector<unsigned char> sram(first.sram(), first.sram() + first.sram_bytes());
    const std::vector<unsigned char> dram(first.dram(), first.dram() + 4096);
    first.Run(kBudget, 70, 5);

    Board second(*model);
    PutMixed(second);
    second.Run(1000, 3, 8);  // so that it has to be replaced
    True("restored", second.chip().Restore(state.data(), state.size()));
    std::copy(sram.begin(), sram.end(), second.sram());
    std::copy(dram.begin(), dram.end(), second.dram());
    True("the same words", second.Save() == state);
    second.Run(kBudget, 70, 5);
    Equal("digest", DigestOf(second), DigestOf(first));
    all.Word(static_cast<uint32_t>(DigestOf(first)));
    Equal("mailbox", second.chip().Load(kMailboxLow, 4).value, 1);

    Case("%s: saved between GIE and IDLE", model->name);
    Board pair(*model);
    Code code(kProgram);
    code << kGid << kNop << kNop << kNop << kGie << kIdle << MovImm16(5, 5) << kBkpt;
    Code handler(0x180);
    handler << Movfs32(20, 0, num::kIret) << kRti;
    pair.PutHandler(0, 9, handler);
    pair.SetReg(0, at::kIlat, 0x200);
    pair.PutAndStart(0, code, kActive | kGidBit);
    pair.Run(5);
    const std::vector<uint32_t> between = pair.Save();
    Board other(*model);
    std::copy(pair.sram(), pair.sram() + pair.sram_bytes(), other.sram());
    True("restored", other.chip().Restore(between.data(), between.size()));
    for (Board* board : {&pair, &other}) {
      board->Run(100);
      Equal("IRET", board->R(0, 20), kProgram + 12);
    }

    Case("%s: what is no state is refused, and changes nothing", model->name);
    const std::vector<uint32_t> before = second.Save();
    std::vector<uint32_t> wrong = state;
    wrong[0] ^= 1;
    True("magic", !second.chip().Restore(wrong.data(), wrong.size()));
    wrong = state;
    wrong[1] ^= 3;
    True("another model's", !second.chip().Restore(wrong.data(), wrong.size()));
    wrong = state;
    wrong[4] = model->cores();
    True("no such position", !second.chip().Restore(wrong.data(), wrong.size()));
    True("too short", !second.chip().Restore(state.data(), state.size() - 1));
    True("unchanged", second.Save() == before);

    Case("%s: any words that are taken can be run", model->name);
    uint64_t noise = 7;
    for (unsigned round = 0; round < 30; ++round) {
      wrong = state;
      for (size_t i = 2; i < wrong.size(); ++i) {
        noise = noise * 6364136223846793005u + 1442695040888963407u;
        if (noise >> 60 < (round % 4 == 0 ? 16 : 4)) wrong[i] = static_cast<uint32_t>(noise >> 24);
      }
      wrong[4] %= model->cores();
      Board board(*model);
      std::copy(sram.begin(), sram.end(), board.sram());
      if (!board.chip().Restore(wrong.data(), wrong.size())) continue;
      board.Run(2000, 50, 1);
      Equal("the host is answered", board.Save()[0], wrong[0]);
    }
  }
}

void TestMutex(Digest& all) {
  Case("a mutex of 16 cores, with a thousand orders");
  constexpr unsigned kRounds = 4;
  for (unsigned seed = 0; seed < 1000; ++seed) {
    Board board;
    const Code code = MutexProgram(board, kRounds);
    for (unsigned core = 0; core < 16; ++core) board.PutAndStart(core, code);
    constexpr uint32_t kQuanta[] = {1, 2, 3, 4, 5, 7, 11, 100};
    const RunResult result = board.Run(1000000, kQuanta[seed % 8], seed);
    True("all are done", result.stop == RunResult::Stop::kAllIdle);
    Equal("counter", board.Word(0, kGuarded), 16 * kRounds);
    Equal("lock", board.Word(0, kLock), 0);
    all.Word(static_cast<uint32_t>(result.instructions));
  }
  // Without the lock they do get in each other's way, or the test would test nothing.
  Case("the same without a lock loses counts");
  bool has_lost = false;
  for (unsigned seed = 0; seed < 20 && !has_lost; ++seed) {
    Board open;
    Code unlocked(kProgram);
    unlocked.Set(2, open.Global(0, kGuarded)).Set(7, kRounds);
    const uint32_t again = unlocked.here();
    unlocked << Disp16(kLoad, kWord, 5, 2, 0) << AluImm16(kAdd, 5, 5, 1) << Disp16(kStore, kWord, 5, 2, 0);
    unlocked << AluImm16(kSub, 7, 7, 1);
    unlocked.ShortBranch(NE, again) << kBkpt;
    for (unsigned core = 0; core < 16; ++core) open.PutAndStart(core, unlocked);
    open.Run(1000000, 3, seed);
    has_lost = open.Word(0, kGuarded) < 16 * kRounds;
  }
  True("lost", has_lost);
}

void TestResults() {
  {
    Case("a chip that nobody started is idle");
    Board board;
    const RunResult result = board.Run(1000);
    True("stop", result.stop == RunResult::Stop::kAllIdle);
    Equal("instructions", result.instructions, 0);
  }
  {
    Case("no budget, nothing happens");
    Board board;
    PutMixed(board);
    const uint64_t before = DigestOf(board);
    const RunResult result = board.Run(0);
    Equal("instructions", result.instructions, 0);
    True("stop", result.stop == RunResult::Stop::kInstructions);
    Equal("digest", DigestOf(board), before);
  }
  {
    Case("blocked by the mailbox, and on when the host has read it");
    Board board;
    for (unsigned core = 0; core < 16; ++core) board.PutAndStart(core, MailboxProgram(core, 3));
    unsigned messages = 0;
    std::vector<unsigned> counts(16);
    for (unsigned i = 0; i < 100; ++i) {
      const RunResult result = board.Run(100000, 5, 2);
      while (board.chip().Load(kMailboxStatus, 4).value & 1) {
        const uint32_t message = board.chip().Load(kMailboxLow, 4).value;
        Equal("each core's messages are in order", message & 0xffff, ++counts[message >> 16]);
        ++messages;
      }
      if (result.stop == RunResult::Stop::kAllIdle) break;
      True("blocked", result.stop == RunResult::Stop::kBlocked);
    }
    Equal("messages", messages, 48);
  }
  {
    Case("stopped before it begins");
    Board board;
    PutMixed(board);
    const std::atomic<bool> stop{true};
    const RunResult result = board.chip().Run({1000, 10, 1, &stop});
    True("stop", result.stop == RunResult::Stop::kStopped);
    Equal("instructions", result.instructions, 0);
  }
  {
    Case("idle cores cost nothing, and one core runs as if alone");
    Board board;
    const Code code = CountingLoop();
    board.SetR(11, 1, 0);
    board.PutAndStart(11, code);
    Equal("instructions", board.Run(100000, 10, 3).instructions, 100000);
    Equal("R1", board.R(11, 1), 50000);
  }
}

void TestCounters() {
  Case("counters by class");
  Board board;
  Code code(kProgram);
  code.Set(1, 0x4000).Set(2, board.Global(1, 0x4000)) << Disp16(kStore, kWord, 1, 1, 0);
  code << Disp16(kStore, kWord, 1, 2, 0) << Disp16(kLoad, kWord, 3, 1, 0) << Disp16(kLoad, kWord, 3, 2, 0);
  code << Disp16(kLoad, kWord, 3, 2, 0) << Fpu16(kFadd, 3, 3, 3) << Fpu32(kFix, 3, 3) << kNop << kGid << kGie;
  code << Alu16(kAdd, 4, 4, 4) << Bitr16(4, 4) << Shift16(kLsl, 4, 4, 1) << Movfs16(4, 1);
  const uint32_t over = code.Ahead(AL);
  code.Land(over);
  code << B16(EQ, 2) << kBkpt;
  board.PutAndStart(0, code);
  Equal("off", board.chip().counters(0x808).instructions[0], 0);
  board.chip().SetCounting(true);
  const RunResult result = board.Run(1000, 3, 1);
  const chip::Counters counters = board.chip().counters(0x808);
  const auto of = [&](chip::InstructionClass kind) {
    return counters.instructions[static_cast<size_t>(kind)];
  };
  Equal("integer", of(chip::InstructionClass::kInteger), 3);
  Equal("float", of(chip::InstructionClass::kFloat), 2);
  Equal("load", of(chip::InstructionClass::kLoad), 3);
  Equal("store", of(chip::InstructionClass::kStore), 2);
  Equal("branch", of(chip::InstructionClass::kBranch), 2);
  Equal("move", of(chip::InstructionClass::kMove), 5);
  Equal("control", of(chip::InstructionClass::kControl), 4);
  uint64_t sum = 0;
  for (const uint64_t each : counters.instructions) sum += each;
  Equal("sum", sum, result.instructions);
  Equal("of another core", board.chip().counters(0x809).instructions[0], 0);
  Equal("of none", board.chip().counters(0x80c).instructions[0], 0);
  Case("counting changes nothing else, and counts everything");
  Board counted;
  Board plain;
  PutMixed(counted);
  PutMixed(plain);
  counted.chip().SetCounting(true);
  counted.Run(kBudget, 33, 1);
  plain.Run(kBudget, 33, 1);
  Equal("digest", DigestOf(counted), DigestOf(plain));
  sum = 0;
  for (unsigned core = 0; core < 16; ++core) {
    for (const uint64_t each : counted.chip().counters(counted.Id(core)).instructions) sum += each;
  }
  Equal("sum", sum, kBudget);
}

class Witness : public chip::Tracer {
 public:
  void Before(chip::Core& core) noexcept override {
    ++before;
    pc = core.registers().Get(0x408);
    pcs.push_back(pc);
  }
  void After(chip::Core& core) noexcept override {
    ++after;
    r1.push_back(core.registers().Get(4));
  }
  unsigned before = 0, after = 0;
  uint32_t pc = 0;
  std::vector<uint32_t> pcs, r1;
};

void TestTracer() {
  Case("the tracer sees every instruction");
  Board board;
  Code code(kProgram);
  code << AluImm16(kAdd, 1, 1, 1) << AluImm32(kAdd, 1, 1, 2) << B16(AL, 4) << kNop << AluImm16(kAdd, 1, 1, 3)
       << kBkpt;
  board.SetR(0, 1, 0);
  board.PutAndStart(0, code);
  Witness witness;
  board.chip().SetTracer(&witness);
  board.Run(100);
  board.chip().SetTracer(nullptr);
  const std::vector<uint32_t> pcs = {kProgram, kProgram + 2, kProgram + 6, kProgram + 10, kProgram + 12};
  const std::vector<uint32_t> r1 = {1, 3, 3, 6, 6};
  True("PCs", witness.pcs == pcs);
  True("R1", witness.r1 == r1);
  Case("tracing changes nothing");
  Board traced;
  Board plain;
  PutMixed(traced);
  PutMixed(plain);
  Witness all;
  traced.chip().SetTracer(&all);
  traced.Run(kBudget, 33, 1);
  plain.Run(kBudget, 33, 1);
  Equal("digest", DigestOf(traced), DigestOf(plain));
  Equal("instructions", all.after, kBudget);
}

}  // namespace

int main() {
  Digest all;
  TestRepeat(all);
  TestOrders();
  TestPieces();
  TestPiecesOfSleep();
  TestQuiet();
  TestSnapshots(all);
  TestMutex(all);
  TestResults();
  TestCounters();
  TestTracer();
  std::printf("digest %016" PRIx64 "\n", all.value);
  return Finish("scheduling_test");
}
