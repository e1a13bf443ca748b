// SPDX-License-Identifier: MIT
// Cores that run on threads of their own, while other threads do all that a host may do. What comes out is
// checked where it does not depend on time; the rest is for ThreadSanitizer to find.
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "board.h"
#include "programs.h"
#include "testing.h"

namespace {

using namespace encode;
using namespace test;
using chip::FreeRunner;

constexpr unsigned kThreads[] = {1, 2, 4};

// False if it has not come true for a long time.
bool Wait(const std::function<bool()>& condition, std::chrono::seconds patience = std::chrono::seconds(60)) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

bool AllHalted(Board& board) {
  for (unsigned core = 0; core < board.cores(); ++core)
    if (!(board.Reg(core, at::kDebugStatus) & 1)) return false;
  return true;
}

void TestMutex(unsigned threads) {
  Case("mutex, %u threads", threads);
  constexpr unsigned kRounds = 300;
  Board board;
  board.listening = false;
  const Code code = MutexProgram(board, kRounds);
  for (unsigned core = 0; core < 16; ++core) board.PutAndStart(core, code);
  FreeRunner runner(&board.chip(), threads);
  True("started", runner.Start());
  True("started twice", runner.Start());
  True("done", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  Equal("counter", board.Word(0, kGuarded), 16 * kRounds);
  Equal("lock", board.Word(0, kLock), 0);
}

void TestMailbox(unsigned threads) {
  Case("messages of 16 cores, %u threads", threads);
  constexpr unsigned kMessages = 200;
  Board board;
  board.listening = false;
  for (unsigned core = 0; core < 16; ++core) board.PutAndStart(core, MailboxProgram(core, kMessages));
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  std::vector<unsigned> counts(16);
  unsigned messages = 0;
  unsigned disorder = 0;
  True("done", Wait([&] {
         while (board.chip().Load(kMailboxStatus, 4).value & 1) {
           const uint32_t message = board.chip().Load(kMailboxLow, 4).value;
           board.chip().Load(kMailboxHigh, 4);
           disorder += (message & 0xffff) != ++counts[message >> 16];
           ++messages;
         }
         return messages >= 16 * kMessages;
       }));
  True("halted", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  Equal("messages", messages, 16 * kMessages);
  Equal("out of order", disorder, 0);
  Equal("none is left", board.chip().Load(kMailboxStatus, 4).value, 0);
}

void TestBarriers(unsigned threads) {
  Case("barriers, %u threads", threads);
  constexpr unsigned kRounds = 100;
  Board board;
  board.listening = false;
  for (unsigned core = 0; core < 16; ++core) PutBarrierProgram(board, core, kRounds);
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  True("done", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  for (unsigned core = 0; core < 16; ++core) {
    Equal("rounds", board.R(core, 11), kRounds);
    Equal("too early", board.R(core, 20), 0);
  }
}

// Hosts read and write registers, halt, step, resume and reset, all at once.
void TestHosts(unsigned threads) {
  Case("hosts that do everything, %u threads", threads);
  Board board;
  board.listening = false;
  for (unsigned core = 0; core < 16; ++core) PutMixedProgram(board, core);
  board.chip().SetCounting(true);
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  std::atomic<unsigned> wrong{0};
  std::vector<std::thread> hosts;
  for (unsigned host = 0; host < 3; ++host) {
    hosts.emplace_back([&, host] {
      uint64_t noise = host + 1;
      for (unsigned i = 0; i < 600; ++i) {
        noise = noise * 6364136223846793005u + 1442695040888963407u;
        const auto core = static_cast<unsigned>(noise >> 33) % 16;
        // Core 15 is only looked at, so that it can be told whether it lives.
        const unsigned victim = core % 15;
        switch (noise >> 40 & 15) {
          case 0:
            board.SetReg(victim, at::kDebugCmd, 1);
            break;
          case 1:
            board.SetReg(victim, at::kDebugCmd, 0);
            break;
          case 2:
            board.chip().Step(board.Id(victim));
            break;
          case 3:
            if (host == 0) {
              board.Reset(victim);
              board.Start(victim, kProgram);
            }
            break;
          case 4:
            board.SetReg(victim, at::kIlatst, 1u << (noise >> 50) % 10);
            break;
          case 5:
            board.chip().Interrupt(board.Id(victim), 0x200);
            break;
          case 6:
            board.SetReg(victim, at::kConfig, board.Reg(victim, at::kConfig) ^ 1u << 24);
            break;
          case 7:
            board.SetR(victim, 28, i);
            break;
          case 8:
            board.chip().counters(board.Id(core));
            break;
          case 9:
            board.chip().SetProfile(i & 1 ? chip::Profile::kGnu : chip::Profile::kManual);
            break;
          case 10:
            board.chip().PushMailbox(i, host);
            board.chip().Load(kMailboxLow, 4);
            break;
          case 11:
            board.chip().Store(board.Global(core, 0x7800 + 4 * host), i, 4);
            break;
          case 12:
            board.chip().Load(board.Global(core, 0x4000 + 4 * (i & 0xff)), 4);
            break;
          default:
            wrong += board.Reg(core, at::kCoreId) != board.Id(core);
            board.Reg(core, at::kPc);
            board.R(core, 12);
        }
      }
    });
  }
  for (std::thread& host : hosts) host.join();
  Equal("COREID", wrong, 0);
  // Core 15, which nobody halted, goes on.
  const uint32_t before = board.R(15, 27) + board.R(15, 12);
  True("it lives", Wait([&] { return board.R(15, 27) + board.R(15, 12) != before; }));
  runner.Stop();
  // After Stop nothing moves, and a snapshot can be restored.
  const std::vector<uint32_t> state = board.Save();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  True("nothing moves", board.Save() == state);
  True("restored", board.chip().Restore(state.data(), state.size()));
  True("the same", board.Save() == state);
  runner.Start();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  runner.Stop();
}

void TestHaltIsHalt(unsigned threads) {
  Case("a core that is halted stands still, %u threads", threads);
  Board board;
  board.listening = false;
  const Code code = CountingLoop();
  for (unsigned core = 0; core < 16; ++core) board.PutAndStart(core, code);
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  for (unsigned i = 0; i < 50; ++i) {
    const unsigned core = i % 16;
    board.SetReg(core, at::kDebugCmd, 1);
    const uint32_t pc = board.Reg(core, at::kPc);
    const uint32_t r1 = board.R(core, 1);
    Equal("PC", board.Reg(core, at::kPc), pc);
    // Two steps go around the loop, whatever else is going on.
    True("step", board.chip().Step(board.Id(core)));
    True("step", board.chip().Step(board.Id(core)));
    Equal("PC", board.Reg(core, at::kPc), pc);
    Equal("R1", board.R(core, 1), r1 + 1);
    board.SetReg(core, at::kDebugCmd, 0);
    True("it goes on", Wait([&] { return board.R(core, 1) != r1 + 1; }));
  }
  // Two debuggers at the same core: no step is lost.
  board.SetReg(3, at::kDebugCmd, 1);
  const uint32_t r1 = board.R(3, 1);
  const uint32_t pc = board.Reg(3, at::kPc);
  std::atomic<unsigned> steps{0};
  std::atomic<bool> over{false};
  std::thread reader([&] {
    while (!over) board.Reg(3, at::kPc);
  });
  std::thread other([&] {
    for (unsigned i = 0; i < 200; ++i) steps += board.chip().Step(board.Id(3));
  });
  for (unsigned i = 0; i < 200; ++i) steps += board.chip().Step(board.Id(3));
  other.join();
  over = true;
  reader.join();
  Equal("steps", steps, 400);
  Equal("R1", board.R(3, 1), r1 + 200);
  Equal("PC", board.Reg(3, at::kPc), pc);
  runner.Stop();
}

void TestStartStop(unsigned threads) {
  Case("start and stop, many times, %u threads", threads);
  Board board;
  board.listening = false;
  const Code code = MutexProgram(board, 2000);
  for (unsigned core = 0; core < 16; ++core) board.PutAndStart(core, code);
  FreeRunner runner(&board.chip(), threads);
  for (unsigned i = 0; i < 100; ++i) {
    True("start", runner.Start());
    True("running", runner.is_running());
    if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50 * i));
    runner.Stop();
    True("not running", !runner.is_running());
    if (i % 10 == 0) board.Run(500, 7, i);  // turns by this thread, in between
  }
  runner.Stop();
  runner.Start();
  True("done", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  Equal("counter", board.Word(0, kGuarded), 16 * 2000);
}

// A host changes a program that runs. What it may become is either the old or the new instruction.
void TestHostPatches(unsigned threads) {
  Case("a host stores into code that runs, %u threads", threads);
  Board board;
  board.listening = false;
  Code code(kProgram);
  const uint32_t loop = code.here();
  code << MovImm16(3, 1) << kNop << MovImm32(4, 0x1111) << MovImm16(5, 5);
  code.Branch(AL, loop);
  for (unsigned core = 0; core < 16; ++core) board.PutAndStart(core, code);
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  for (unsigned core = 0; core < 16; ++core) True("it runs", Wait([&] { return board.R(core, 5) == 5; }));
  unsigned odd = 0;
  for (unsigned i = 0; i < 300; ++i) {
    const unsigned core = i % 16;
    auto* const low = reinterpret_cast<uint16_t*>(board.sram(core) + loop);
    __atomic_store_n(low, static_cast<uint16_t>(MovImm16(3, 1 + i % 2).bits), __ATOMIC_RELEASE);
    board.SetWord(core, loop + 4, MovImm32(4, i & 1 ? 0x2222 : 0x1111).bits);
    const uint32_t r3 = board.R(core, 3);
    const uint32_t r4 = board.R(core, 4);
    // The two halves of the long instruction are stored at once, so it never is a mixture.
    odd += (r3 != 1 && r3 != 2) || (r4 != 0x1111 && r4 != 0x2222);
  }
  // In the end all do what is there last.
  for (unsigned core = 0; core < 16; ++core) {
    Code stop(loop);
    stop << MovImm16(3, 7) << kBkpt;
    Board::PutAt(board.sram(core) + loop, stop);
  }
  True("done", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  for (unsigned core = 0; core < 16; ++core) {
    Equal("R3", board.R(core, 3), 7);
    Equal("PC", board.Reg(core, at::kPc), loop + 2);
  }
  Equal("neither old nor new", odd, 0);
}

// Cores that read and write each other's registers, all at once: nobody may wait for ever.
void TestCrossRegisters(unsigned threads) {
  Case("cores that reach into each other, %u threads", threads);
  Board board;
  board.listening = false;
  for (unsigned core = 0; core < 16; ++core) {
    Code code(kProgram);
    code.Set(1, board.Global((core + 1) % 16, at::kR0 + 4 * 40)).Set(7, 200);
    code.Set(9, board.Global((core + 7) % 16, at::kR0 + 4 * 41));
    const uint32_t loop = code.here();
    code << Disp16(kStore, kWord, 7, 1, 0) << Disp16(kLoad, kWord, 2, 1, 0) << Ldr(3, 9) << Str(7, 9);
    code << AluImm16(kSub, 7, 7, 1);
    code.Branch(NE, loop) << kBkpt;
    board.PutAndStart(core, code);
  }
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  True("done", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  for (unsigned core = 0; core < 16; ++core) Equal("R40", board.R(core, 40), 1);
}

// One core wakes the next by ILATST; a lost wake-up would be a chain that stops.
void TestWakes(unsigned threads) {
  Case("a ring of wake-ups, %u threads", threads);
  Board board;
  board.listening = false;
  for (unsigned core = 0; core < 16; ++core) {
    Code handler(0x180);
    handler << AluImm32(kAdd, 30, 30, 1) << Str(31, 32) << kRti;
    board.PutHandler(core, 9, handler);
    Code code(kProgram);
    const uint32_t loop = code.here();
    code << kIdle;
    code.ShortBranch(AL, loop);
    board.SetR(core, 30, 0);
    board.SetR(core, 31, 0x200);
    board.SetR(core, 32, board.Global((core + 1) % 16, at::kIlatst));
    board.PutAndStart(core, code);
  }
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  board.SetReg(0, at::kIlatst, 0x200);
  True("it goes around", Wait([&] { return board.R(15, 30) >= 300; }));
  runner.Stop();
}

class RestListener : public chip::EventSink {
 public:
  void OnEvent(const chip::Event& event) noexcept override {
    if (event.kind == chip::Event::Kind::kCoresRest) ++rests;
  }
  std::atomic<unsigned> rests{0};
};

void TestRestEvent(unsigned threads) {
  Case("told when cores come to rest, %u threads", threads);
  RestListener listener;
  std::vector<uint64_t> sram(16 * chip::kSramBytes / 8);
  std::vector<uint64_t> dram(chip::kDramBytes / 8);
  const auto chip = chip::Chip::Create(
      chip::kE16G301,
      {reinterpret_cast<unsigned char*>(sram.data()), reinterpret_cast<unsigned char*>(dram.data())},
      &listener);
  Code code(0);
  code << MovImm32(1, 20000);
  const uint32_t loop = code.here();
  code << AluImm16(kSub, 1, 1, 1);
  code.ShortBranch(NE, loop) << kIdle;
  Board::PutAt(reinterpret_cast<unsigned char*>(sram.data()) + 5 * chip::kSramBytes, code);
  constexpr uint32_t kFive = 0x84900000;
  FreeRunner runner(chip.get(), threads);
  runner.Start();
  for (unsigned round = 1; round <= 20; ++round) {
    chip->Store(kFive | at::kPc, 0, 4);
    chip->Store(kFive | at::kFstatus, 1, 4);
    True("told", Wait([&] { return listener.rests == round; }));
    Equal("it sleeps", chip->Load(kFive | at::kStatus, 4).value & 1, 0);
  }
  runner.Stop();
  Equal("no more than that", listener.rests, 20);
}

void TestChipReset(unsigned threads) {
  Case("resets of the chip while everything runs, %u threads", threads);
  Board board;
  board.listening = false;
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  for (unsigned i = 0; i < 10; ++i) {
    for (unsigned core = 0; core < 16; ++core) PutMixedProgram(board, core);  // what they had is lost
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    board.chip().Store(kElinkReset, 1, 4);
    board.chip().Store(kElinkReset, 0, 4);
    for (unsigned core = 0; core < 16; ++core) Equal("STATUS", board.Reg(core, at::kStatus), 0);
  }
  runner.Stop();
}

void TestStrict(unsigned threads) {
  Case("a strict chip, %u threads", threads);
  Board board;
  board.listening = false;
  board.chip().SetStrict(true, false);
  const Code code = MutexProgram(board, 20);
  for (unsigned core = 0; core < 16; ++core) board.PutAndStart(core, code);
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  True("done", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  Equal("counter", board.Word(0, kGuarded), 16 * 20);
  chip::Violation violation;
  True("nothing to be told", !board.chip().TakeViolation(&violation));
  Board mixed;
  mixed.listening = false;
  mixed.chip().SetStrict(true, true);
  for (unsigned core = 0; core < 16; ++core) PutMixedProgram(mixed, core);
  FreeRunner other(&mixed.chip(), threads);
  other.Start();
  True("loads of what nobody has stored", Wait([&] {
         bool is_uninitialised = false;
         while (mixed.chip().TakeViolation(&violation))
           is_uninitialised |= violation.kind == chip::Violation::Kind::kUninitialised;
         return is_uninitialised;
       }));
  other.Stop();
}

// Every core counts, and looks how far its neighbour, which is another thread's, has come.
void TestSkew(unsigned threads) {
  Case("cores go in step, %u threads", threads);
  constexpr uint32_t kQuantum = 100;
  constexpr uint32_t kLoops = 2000;
  Board board;
  board.listening = false;
  uint32_t loop_instructions = 0;
  for (unsigned core = 0; core < 16; ++core) {
    Code code(kProgram);
    code.Set(5, 0x5000).Set(6, board.Global((core + 1) % 16, 0x5000)).Set(7, kLoops);
    code << MovImm16(1, 0) << MovImm16(4, 0);
    const uint32_t loop = code.here();
    code << AluImm16(kAdd, 1, 1, 1) << Disp16(kStore, kWord, 1, 5, 0) << Disp16(kLoad, kWord, 2, 6, 0)
         << Alu16(kSub, 3, 1, 2) << Alu16(kSub, 2, 3, 4) << Mov16(GT, 4, 3) << Alu16(kSub, 2, 1, 7);
    loop_instructions = (code.here() - loop) / 2 + 1;
    code.ShortBranch(NE, loop) << kBkpt;
    board.PutAndStart(core, code);
  }
  FreeRunner runner(&board.chip(), threads, kQuantum);
  runner.Start();
  // A host that looks on takes nothing from a core's turn.
  True("done", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  for (unsigned core = 0; core < 16; ++core) {
    Equal("loops", board.R(core, 1), kLoops);
    True("not too far ahead", board.R(core, 4) <= 2 * kQuantum / loop_instructions + 2);
  }
}

// A core that works while all others sleep gets no further ahead of one to which it gives work, by whatever
// means.
void TestAwakened(unsigned threads) {
  constexpr uint32_t kRounds = 20;
  constexpr uint32_t kFlag = 0x4000;
  constexpr uint32_t kLoopInstructions = 4;
  struct Row {
    const char* name;
    void (*prepare)(Board& board);
    void (*give)(Board& board, Code& code);  // R2 is 1
  };
  // Core 1 has a word that is 1 at 0x5000.
  const auto transfer = [](Board& board, Code& code) {
    code.Set(3, board.Global(1, at::kDma0Config)).Set(4, 0x00010001).Set(5, board.Global(1, 0x5000));
    code << Disp32(kStore, kWord, 4, 3, kPlus, 2) << Disp32(kStore, kWord, 5, 3, kPlus, 3);
    code.Set(4, board.Global(0, kFlag)).Set(5, 0x43);
    code << Disp32(kStore, kWord, 4, 3, kPlus, 4) << Str(5, 3);
  };
  const auto slave = [](Board& board) {
    board.SetReg(1, at::kDma0Stride, 0);
    board.SetReg(1, at::kDma0Count, 0x0001ffff);
    board.SetReg(1, at::kDma0Destination, at::kIlatst);
    board.SetReg(1, at::kDma0Config, 0x41);
  };
  const Row rows[] = {
      {"an interrupt", [](Board&) {},
       [](Board& board, Code& code) {
         code.Set(3, board.Global(1, at::kIlatst)).Set(4, 0x200) << Str(4, 3);
       }},
      {"a store to where its memory is protected",
       [](Board& board) { board.SetReg(1, at::kMemProtect, 1u << 7); },
       [](Board& board, Code& code) { code.Set(3, board.Global(1, 0x7000)) << Str(2, 3); }},
      {"a transfer by DMA", [](Board&) {}, transfer},
      {"a word to a slave channel of DMA", slave,
       [](Board& board, Code& code) {
         code.Set(3, board.Global(1, at::kDma0Auto0)).Set(4, 0x200) << Str(4, 3);
       }},
      {"the upper half of a doubleword to a slave channel", slave,
       [](Board& board, Code& code) {
         code.Set(3, board.Global(1, at::kDma0Destination)).Set(4, at::kIlatst).Set(5, 0x200);
         code << Disp32(kStore, kDouble, 4, 3, kPlus, 0);
       }},
  };
  for (const Row& row : rows) {
    Case("how far ahead a core gets that gives another one work: %s, %u threads", row.name, threads);
    Board board;
    board.listening = false;
    Code handler(0x180);
    handler << Str(2, 1) << kRti;
    for (const unsigned number : {2u, 9u}) board.PutHandler(1, number, handler);
    Code sleeper(kProgram);
    sleeper.Set(1, board.Global(0, kFlag)) << MovImm32(2, 1);
    const uint32_t sleep = sleeper.here();
    sleeper << kIdle;
    sleeper.Branch(AL, sleep);
    board.SetWord(1, 0x5000, 1);
    row.prepare(board);
    board.PutAndStart(1, sleeper);
    Code code(kProgram);
    code.Set(1, kFlag).Set(10, kRounds) << MovImm32(2, 1) << MovImm32(21, 0);
    const uint32_t round = code.here();
    code << MovImm32(6, 0) << Str(6, 1) << MovImm32(7, 3000);
    const uint32_t alone = code.here();
    code << AluImm32(kSub, 7, 7, 1);
    code.Branch(NE, alone);
    row.give(board, code);
    const uint32_t wait = code.here();
    code << AluImm32(kAdd, 6, 6, 1) << Ldr(8, 1) << AluImm32(kSub, 8, 8, 0);
    code.Branch(EQ, wait);
    code << Alu32(kSub, 8, 6, 21) << Mov32(GT, 21, 6) << AluImm32(kSub, 10, 10, 1);
    code.Branch(NE, round) << kBkpt;
    board.PutAndStart(0, code);
    FreeRunner runner(&board.chip(), threads);
    runner.Start();
    True("done", Wait([&] { return (board.Reg(0, at::kDebugStatus) & 1) != 0; }));
    runner.Stop();
    const uint32_t most = board.R(0, 21);
    True("not too far ahead", most <= 2 * FreeRunner::kQuantum / kLoopInstructions + 2);
    if (most > 2 * FreeRunner::kQuantum / kLoopInstructions + 2) std::printf("  %u loops ahead\n", most);
  }
}

// Cores that hand data on to each other by DMA, and do without barriers: each gives its neighbour time
// enough, as the cores of a chip have one clock.
void TestExchange(unsigned threads) {
  Case("an exchange by DMA without barriers, %u threads", threads);
  constexpr uint32_t kRounds = 50;
  constexpr uint32_t kSlack = 300;  // turns of a loop of two instructions
  Board board;
  board.listening = false;
  for (unsigned core = 0; core < 16; ++core) {
    const unsigned next = (core + 1) % 16;
    // A word to the neighbour's inbox: two of them, in turns.
    for (const uint32_t inbox : {0u, 8u}) {
      const uint32_t words[] = {0x43, 0, 0x00010001, 0, 0x5000, board.Global(next, 0x5100 + inbox)};
      for (unsigned i = 0; i < 6; ++i) board.SetWord(core, 0x5200 + 4 * inbox + 4 * i, words[i]);
    }
    Code code(kProgram);
    code.Set(16, 0x5000).Set(17, 0x5200 << 16 | 8).Set(18, 0x5220 << 16 | 8).Set(19, 0x5100).Set(20, 8);
    code << MovImm16(1, 0) << MovImm16(7, 0);
    const uint32_t round = code.here();
    const auto wait = [&] {
      code << MovImm32(2, kSlack);
      const uint32_t loop = code.here();
      code << AluImm16(kSub, 2, 2, 1);
      code.ShortBranch(NE, loop);
    };
    code << AluImm16(kAdd, 1, 1, 1) << Str(1, 16) << Movts32(1, 0, 17);
    wait();
    code << Ldr(3, 19) << Alu16(kSub, 3, 3, 1);
    const uint32_t fine = code.Ahead(EQ);
    code << AluImm16(kAdd, 7, 7, 1);
    code.Land(fine);
    // The other inbox and its descriptor.
    code << Mov32(AL, 21, 17) << Mov32(AL, 17, 18) << Mov32(AL, 18, 21) << Alu32(kEor, 19, 19, 20);
    wait();
    code.Set(4, kRounds) << Alu16(kSub, 4, 1, 4);
    code.Branch(NE, round) << kBkpt;
    board.PutAndStart(core, code);
  }
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  True("done", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  for (unsigned core = 0; core < 16; ++core) {
    Equal("rounds", board.R(core, 1), kRounds);
    Equal("not in time", board.R(core, 7), 0);
  }
}

void TestOpenBarriers(unsigned threads) {
  Case("barriers with interrupts open, %u threads", threads);
  constexpr unsigned kRounds = 100;
  Board board;
  board.listening = false;
  for (unsigned core = 0; core < 16; ++core) PutBarrierProgram(board, core, kRounds, Barrier::kOpen);
  FreeRunner runner(&board.chip(), threads);
  runner.Start();
  True("done", Wait([&] { return AllHalted(board); }));
  runner.Stop();
  for (unsigned core = 0; core < 16; ++core) {
    Equal("rounds", board.R(core, 11), kRounds);
    Equal("too early", board.R(core, 20), 0);
  }
}

void TestAll(void (*test)(unsigned threads)) {
  for (const unsigned threads : kThreads) test(threads);
}

}  // namespace

int main() {
  TestAll(TestMutex);
  TestAll(TestMailbox);
  TestAll(TestBarriers);
  TestAll(TestOpenBarriers);
  TestAll(TestSkew);
  TestAll(TestAwakened);
  TestAll(TestExchange);
  TestAll(TestHosts);
  TestAll(TestHaltIsHalt);
  TestAll(TestStartStop);
  TestAll(TestHostPatches);
  TestAll(TestCrossRegisters);
  TestAll(TestWakes);
  TestAll(TestRestEvent);
  TestAll(TestChipReset);
  TestAll(TestStrict);
  return Finish("free_running_test");
}
