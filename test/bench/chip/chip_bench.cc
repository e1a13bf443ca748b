// SPDX-License-Identifier: MIT
// How fast simulated cores are: test/bench/chip.mjs builds and runs this, and prints what it measures.
//
//   chip_bench workloads.elf samples [workload]        one line of JSON
//
// All ways to execute a workload take turns, sample by sample, on one processor. What is measured is the time
// that the processor spends on this program, so that others on the machine matter less.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "chip/chip.h"
#include "chip/memory.h"
#include "chip/registers.h"
#include "chip/trace_recorder.h"

#define WORKLOADS(SUFFIX)                                                                      \
  uint32_t integer_##SUFFIX(uint32_t rounds);                                                  \
  uint32_t copy_##SUFFIX(uint32_t rounds, const uint64_t* from, uint64_t* to, uint32_t count); \
  uint32_t inner_##SUFFIX(uint32_t rounds, const float* a, const float* b, uint32_t pairs);    \
  uint32_t fused_##SUFFIX(uint32_t rounds, float a, float b);                                  \
  uint32_t sieve_##SUFFIX(uint32_t rounds, uint8_t* flags);                                    \
  uint32_t collatz_##SUFFIX(uint32_t numbers);                                                 \
  uint32_t fibonacci_##SUFFIX(uint32_t number);
extern "C" {
WORKLOADS(O1)
WORKLOADS(O2)
}

namespace {
std::atomic<size_t> allocated{0};
}

void* operator new(size_t bytes) {
  allocated += bytes;
  void* const data = std::malloc(bytes);
  if (!data) std::abort();
  return data;
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return operator new(bytes);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return operator new(bytes);
}
void operator delete(void* data) noexcept {
  std::free(data);
}
void operator delete(void* data, size_t) noexcept {
  std::free(data);
}

namespace {

constexpr uint32_t kQuantum = 1000;
constexpr uint64_t kEnough = ~uint64_t{0};

[[noreturn]] void Fail(const char* what, const char* name) {
  std::fprintf(stderr, "%s: %s\n", name, what);
  std::exit(1);
}

double Now() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Processors that this process may use.
std::vector<int> Processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> processors;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &set)) processors.push_back(i);
  return processors;
}

void Pin(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set, &set);
}

// --- what is executed

constexpr uint32_t kFirst = 0x2000;  // data of a workload, in SRAM and in an array here
constexpr uint32_t kSecond = 0x4000;
constexpr uint32_t kBytes = 0x2000;
alignas(8) unsigned char first[kBytes];
alignas(8) unsigned char second[kBytes];

const uint64_t* Words() {
  return reinterpret_cast<const uint64_t*>(first);
}
const float* Floats(const unsigned char* bytes) {
  return reinterpret_cast<const float*>(bytes);
}

struct Workload {
  const char* name;
  uint32_t entry;
  uint32_t arguments[4];             // the first is how often, or how much
  uint32_t (*c[2])(uint32_t times);  // -O1, -O2
  uint32_t destination = 0;          // of the copy, if it is not its own SRAM
};

constexpr uint32_t kDoublewords = 256;
constexpr uint32_t kPairs = 256;
constexpr float kUnit = 1;
constexpr float kHalf = 0.5;

#define C(expression_O1, expression_O2)                                                \
  {                                                                                    \
    [](uint32_t n) { return expression_O1; }, [](uint32_t n) { return expression_O2; } \
  }
#define C_COPY                                                              \
  C(copy_O1(n, Words(), reinterpret_cast<uint64_t*>(second), kDoublewords), \
    copy_O2(n, Words(), reinterpret_cast<uint64_t*>(second), kDoublewords))
const Workload kWorkloads[] = {
    {"integer loop", 0x000, {100000}, C(integer_O1(n), integer_O2(n))},
    {"memory copy", 0x100, {1000, kFirst, kSecond, kDoublewords}, C_COPY},
    {"inner product",
     0x200,
     {600, kFirst, kSecond, kPairs},
     C(inner_O1(n, Floats(first), Floats(second), kPairs),
       inner_O2(n, Floats(first), Floats(second), kPairs))},
    {"multiply-adds alone",
     0x300,
     {80000, 0x3f800000, 0x3f000000},
     C(fused_O1(n, kUnit, kHalf), fused_O2(n, kUnit, kHalf))},
    {"sieve", 0x400, {8, kFirst}, C(sieve_O1(n, second), sieve_O2(n, second))},
    {"Collatz", 0x500, {2000}, C(collatz_O1(n), collatz_O2(n))},
    {"Fibonacci", 0x600, {20}, C(fibonacci_O1(n), fibonacci_O2(n))},
    {"copy to another core", 0x100, {1000, kFirst, 0, kDoublewords}, C_COPY, 0x80900000 + kSecond},
    {"copy to shared DRAM", 0x100, {1000, kFirst, 0, kDoublewords}, C_COPY, 0x8e000000},
};

// --- a chip, and ways to let it execute

class Tracer final : public chip::Tracer {
 public:
  void Before(chip::Core&) noexcept override {}
  void After(chip::Core&) noexcept override {}
};

// Writes down everything, over and over at the same place.
class Recorder final : public chip::Tracer {
 public:
  void Before(chip::Core& core) noexcept override {
    new (storage_) chip::TraceRecorder(words_, sizeof words_ / sizeof *words_);
    recorder().Before(core);
  }
  void After(chip::Core& core) noexcept override { recorder().After(core); }

 private:
  chip::TraceRecorder& recorder() { return *reinterpret_cast<chip::TraceRecorder*>(storage_); }
  alignas(chip::TraceRecorder) unsigned char storage_[sizeof(chip::TraceRecorder)];
  uint32_t words_[chip::TraceRecorder::kLongestRecord];
};

struct Sample {
  uint64_t instructions;
  double nanoseconds;
};

class Board {
 public:
  explicit Board(const chip::Model& model) : cores_(model.cores()) {
    const size_t sram_bytes = size_t{cores_} * chip::kSramBytes;
    bytes_ = sram_bytes + chip::kDramBytes;
    void* const memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) Fail("no memory", model.name);
    sram_ = static_cast<unsigned char*>(memory);
    const size_t before = allocated;
    chip_ = chip::Chip::Create(model, {sram_, sram_ + sram_bytes}, nullptr);
    if (!chip_) Fail("no memory", model.name);
    bytes_ += allocated - before;
  }

  chip::Chip& chip() { return *chip_; }
  unsigned cores() const { return cores_; }
  // Of the model and of the memory that it models.
  size_t bytes() const { return bytes_; }

  void Load(const std::vector<unsigned char>& program) {
    for (unsigned i = 0; i < cores_; ++i) {
      unsigned char* const sram = sram_ + size_t{i} * chip::kSramBytes;
      std::copy(program.begin(), program.end(), sram);
      std::copy_n(first, kBytes, sram + kFirst);
      std::copy_n(second, kBytes, sram + kSecond);
    }
  }

  void Start(unsigned index, const Workload& workload, uint32_t share) {
    for (unsigned i = 1; i < 4; ++i) Set(index, 4 * i, workload.arguments[i]);
    if (workload.destination) Set(index, 4 * 2, workload.destination);
    Set(index, 0, workload.arguments[0] / share);
    Set(index, 4 * 13, 0x7ff0);
    Set(index, chip::reg::kPc, workload.entry);
    Set(index, chip::reg::kFstatus, chip::status::kActive);
  }

  uint32_t Result(unsigned index) { return chip_->Load(Address(index, 0), 4).value; }

  Sample RunAll() {
    const double begin = Now();
    const chip::RunResult result = chip_->Run({kEnough, kQuantum, 1});
    return {result.instructions, Now() - begin};
  }

  // As FreeRunner does with a share of the cores, until they have come to rest.
  Sample RunShare(unsigned first_core, unsigned stride, uint32_t quantum = kQuantum) {
    uint64_t instructions = 0;
    const double begin = Now();
    for (bool has_run = true; has_run;) {
      has_run = false;
      for (unsigned core = first_core; core < cores_; core += stride) {
        const chip::Chip::Turn turn = chip_->RunCore(core, quantum);
        has_run |= turn.clocks > 0;
        instructions += turn.instructions;
      }
    }
    return {instructions, Now() - begin};
  }

 private:
  uint32_t Address(unsigned index, uint32_t offset) {
    const chip::Model& model = chip_->model();
    const unsigned id = model.origin + chip::CoreIdAt(index / model.columns, index % model.columns);
    return id << 20 | chip::kRegistersBase | offset;
  }
  void Set(unsigned index, uint32_t offset, uint32_t value) {
    chip_->Store(Address(index, offset), value, 4);
  }

  const unsigned cores_;
  size_t bytes_;
  unsigned char* sram_;
  std::unique_ptr<chip::Chip> chip_;
};

// Two threads, each on a processor of its own and with half of the cores.
class Pair {
 public:
  explicit Pair(Board* board) : board_(board) {}

  Sample Run(const std::vector<int>& processors) {
    pthread_barrier_init(&barrier_, nullptr, 2);
    Thread threads[2] = {{this, 0, processors[0], {}}, {this, 1, processors[1], {}}};
    pthread_t handles[2];
    for (int i = 0; i < 2; ++i) pthread_create(&handles[i], nullptr, Main, &threads[i]);
    for (const pthread_t handle : handles) pthread_join(handle, nullptr);
    pthread_barrier_destroy(&barrier_);
    return {threads[0].sample.instructions + threads[1].sample.instructions,
            std::max(threads[0].sample.nanoseconds, threads[1].sample.nanoseconds)};
  }

 private:
  struct Thread {
    Pair* pair;
    unsigned share;
    int processor;
    Sample sample;
  };
  static void* Main(void* argument) {
    auto* const self = static_cast<Thread*>(argument);
    Pin(self->processor);
    pthread_barrier_wait(&self->pair->barrier_);
    self->sample = self->pair->board_->RunShare(self->share, 2);
    return nullptr;
  }

  Board* const board_;
  pthread_barrier_t barrier_;
};

// --- measuring

enum Way { kOne, kCounted, kAll, kShare, kShort, kShortest, kTwoThreads, kStepped, kTraced, kO1, kO2, kWays };
constexpr const char* kWayNames[] = {"one",        "counted", "all",    "share", "share100", "share16",
                                     "twoThreads", "stepped", "traced", "O1",    "O2"};

class Measurement {
 public:
  Measurement(Board* board, const Workload& workload, const std::vector<int>& processors)
      : board_(board), workload_(workload), processors_(processors) {
    expected_ = workload.c[0](workload.arguments[0]);
  }

  // Nanoseconds of one instruction. Of C: as many as a core needs for the same.
  double Take(Way way) {
    switch (way) {
      case kO1:
      case kO2: {
        constexpr int kTimes = 4;
        const auto function = workload_.c[way - kO1];
        volatile uint32_t times = workload_.arguments[0];  // the compiler is not to know
        const double begin = Now();
        for (int i = 0; i < kTimes; ++i)
          if (function(times) != expected_) Fail("the versions in C differ", workload_.name);
        return (Now() - begin) / kTimes / static_cast<double>(instructions_);
      }
      case kOne:
      case kCounted: {
        board_->chip().SetCounting(way == kCounted);
        board_->Start(0, workload_, 1);
        const Sample sample = board_->RunAll();
        board_->chip().SetCounting(false);
        if (board_->Result(0) != expected_) Fail("a core comes to another result than C", workload_.name);
        instructions_ = sample.instructions;
        return PerInstruction(sample);
      }
      case kStepped:
      case kTraced: {
        board_->chip().SetTracer(way == kStepped ? static_cast<chip::Tracer*>(&tracer_) : &recorder_);
        board_->Start(0, workload_, IsFibonacci() ? 1 : 8);
        const Sample sample = board_->RunAll();
        board_->chip().SetTracer(nullptr);
        return PerInstruction(sample);
      }
      default:
        break;
    }
    for (unsigned i = 0; i < board_->cores(); ++i) board_->Start(i, workload_, IsFibonacci() ? 1 : 4);
    if (way == kAll) return PerInstruction(board_->RunAll());
    if (way == kShare) return PerInstruction(board_->RunShare(0, 1));
    if (way == kShort) return PerInstruction(board_->RunShare(0, 1, 100));
    if (way == kShortest) return PerInstruction(board_->RunShare(0, 1, 16));
    return PerInstruction(Pair(board_).Run(processors_));
  }

  bool Has(Way way) const { return way != kTwoThreads || processors_.size() > 1; }

 private:
  static double PerInstruction(const Sample& sample) {
    return sample.nanoseconds / static_cast<double>(sample.instructions);
  }
  bool IsFibonacci() const { return workload_.entry == 0x600; }

  Board* const board_;
  const Workload& workload_;
  const std::vector<int> processors_;
  uint32_t expected_;
  uint64_t instructions_ = 1;
  Tracer tracer_;
  Recorder recorder_;
};

std::vector<unsigned char> ReadProgram(const char* path) {
  FILE* const file = std::fopen(path, "rb");
  if (!file) Fail("cannot be read", path);
  std::vector<unsigned char> bytes(1 << 16);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  const auto word = [&](size_t at) -> uint32_t {
    if (at + 4 > bytes.size()) Fail("is too short", path);
    uint32_t value;
    std::memcpy(&value, &bytes[at], sizeof value);
    return value;
  };
  // The file has one segment, which belongs at 0.
  const uint32_t header = word(28);
  const uint32_t offset = word(header + 4);
  const uint32_t size = word(header + 16);
  if (size_t{offset} + size > bytes.size()) Fail("is too short", path);
  return {bytes.begin() + offset, bytes.begin() + offset + size};
}

void Print(const char* name, std::vector<double>* samples) {
  std::printf("\"%s\":[", name);
  for (size_t i = 0; i < samples->size(); ++i) std::printf("%s%.5f", i ? "," : "", (*samples)[i]);
  std::printf("]");
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) Fail("workloads.elf samples [workload]", "usage");
  const std::vector<unsigned char> program = ReadProgram(arguments[1]);
  const int samples = std::atoi(arguments[2]);
  for (uint32_t i = 0; i < kBytes / 4; ++i) {
    // Small whole numbers, so that sums are exact, whether or not products are rounded.
    const float number = static_cast<float>(i % 3);
    std::memcpy(first + 4 * i, &number, sizeof number);
    std::memcpy(second + 4 * i, &number, sizeof number);
  }
  const std::vector<int> processors = Processors();
  Pin(processors[0]);
  size_t bytes[2];
  bytes[0] = Board(chip::kE16G301).bytes();
  bytes[1] = Board(chip::kE64G401).bytes();
  Board board(chip::kE16G301);
  std::printf("{\"workloads\":[");
  bool is_first = true;
  size_t later = 0;  // allocated while cores run
  for (const Workload& workload : kWorkloads) {
    if (count > 3 && std::strcmp(arguments[3], workload.name) != 0) continue;
    Measurement measurement(&board, workload, processors);
    std::vector<double> results[kWays];
    for (int round = -2; round < samples; ++round) {
      board.Load(program);
      for (int way = 0; way < kWays; ++way) {
        if (!measurement.Has(static_cast<Way>(way))) continue;
        const size_t before = allocated;
        const double nanoseconds = measurement.Take(static_cast<Way>(way));
        later += allocated - before;
        if (round >= 0) results[way].push_back(nanoseconds);
      }
    }
    std::printf("%s{\"name\":\"%s\"", is_first ? "" : ",", workload.name);
    is_first = false;
    for (int way = 0; way < kWays; ++way) {
      std::printf(",");
      Print(kWayNames[way], &results[way]);
    }
    std::printf("}");
  }
  std::printf("],\"memory\":{\"E16G301\":%zu,\"E64G401\":%zu,\"later\":%zu}}\n", bytes[0], bytes[1], later);
}
