// SPDX-License-Identifier: MIT
// Random programs on the model, and what became of them, against what the GNU simulator made of the same
// programs: docs/validation.md. Of its results only digests are kept, in digests.txt: a line for every
// hundred seeds, with a digest of them all and 16 bits for each. Build:
//   g++ -O2 -std=c++17 -Inative test/native/differential/*.cc native/chip/*.cc -lpthread -o replay
// Options: --seeds FIRST LAST, both in hundreds or not; --digests FILE; --dump SEED.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "chip/disassemble.h"
#include "machine.h"
#include "program.h"

namespace differential {
namespace {

constexpr uint64_t kBlock = 100;
// One program in so many is also executed in other manners, which take longer.
constexpr uint64_t kShare = 10;

struct Expected {
  uint64_t block;
  uint16_t seeds[kBlock];
};

bool ReadLine(std::istream& file, Expected* expected) {
  std::string line;
  if (!std::getline(file, line) || line.size() != 17 + 4 * kBlock) return false;
  expected->block = std::strtoull(line.substr(0, 16).c_str(), nullptr, 16);
  for (uint64_t i = 0; i < kBlock; ++i)
    expected->seeds[i] = static_cast<uint16_t>(std::stoul(line.substr(17 + 4 * i, 4), nullptr, 16));
  return true;
}

class Replay {
 public:
  uint64_t Run(uint64_t seed) {
    Generate(seed, &program_);
    machine_.Run(program_, Manner::kAtOnce, &state_);
    const uint64_t digest = Digest(state_);
    if (seed % kShare == 0) {
      for (const Manner manner : {Manner::kStepByStep, Manner::kInterrupted}) {
        machine_.Run(program_, manner, &other_);
        if (Digest(other_) == digest) continue;
        std::printf("seed %" PRIu64 ": %s, the result is another one\n", seed,
                    manner == Manner::kStepByStep ? "executed one instruction at a time"
                                                  : "with snapshots on the way");
        ++failures_;
      }
    }
    return digest;
  }

  // Seeds of one block, of which only those from `first` to `last` are of interest.
  void RunBlock(uint64_t block, uint64_t first, uint64_t last, const Expected& expected) {
    uint64_t sum = 0;
    bool has_named_one = false;
    for (uint64_t i = 0; i < kBlock; ++i) {
      const uint64_t seed = block * kBlock + i;
      if (seed < first || seed >= last) continue;
      const uint64_t digest = Run(seed);
      ++programs_[program_.kind];
      sum = AddToBlock(sum, digest);
      if (digest >> 48 == expected.seeds[i]) continue;
      std::printf("seed %" PRIu64 " (%s) ended in another state\n", seed, kKindNames[program_.kind]);
      has_named_one = true;
      ++failures_;
    }
    const bool is_whole = first <= block * kBlock && last >= (block + 1) * kBlock;
    if (is_whole && sum != expected.block && !has_named_one) {
      std::printf("seeds %" PRIu64 " to %" PRIu64 ": one of them ended in another state\n", block * kBlock,
                  (block + 1) * kBlock - 1);
      ++failures_;
    }
  }

  int Report() const {
    unsigned long sum = 0;
    for (unsigned kind = 0; kind < kKinds; ++kind) {
      std::printf("%-15s %8lu\n", kKindNames[kind], programs_[kind]);
      sum += programs_[kind];
    }
    std::printf("%lu programs, %lu failures\n", sum, failures_);
    return sum == 0 || failures_ != 0;
  }

  void Dump(uint64_t seed) {
    Run(seed);
    std::printf("%s, PC %08x, STATUS %08x, CONFIG %08x\n", kKindNames[program_.kind], program_.pc,
                program_.status, program_.config);
    for (unsigned r = 0; r < 64; ++r)
      std::printf("R%-2u %08x%s", r, program_.general[r], r % 6 == 5 ? "\n" : "  ");
    std::puts("");
    for (const Program::Register& special : program_.special)
      std::printf("%05x %08x\n", special.offset, special.value);
    DumpCode(0, 40);
    DumpCode(0x100, program_.end_of_code);
    std::printf("end %u\n", static_cast<unsigned>(state_.end));
    for (size_t i = 0; i < kCompared; ++i)
      std::printf("%05x %08x%s", ComparedOffset(i), state_.registers[i], i % 5 == 4 ? "\n" : "  ");
    std::puts("");
    for (uint32_t at = 0; at < kSramBytes; at += 4) {
      if (Word(state_.sram, at) != Word(program_.sram, at))
        std::printf("%05x %08x -> %08x\n", at, Word(program_.sram, at), Word(state_.sram, at));
    }
  }

  static uint64_t AddToBlock(uint64_t sum, uint64_t digest) {
    sum = (sum ^ digest) * 0x9e3779b97f4a7c15u;
    return sum ^ sum >> 32;
  }

 private:
  static uint32_t Word(const std::array<uint8_t, kSramBytes>& bytes, uint32_t at) {
    return bytes[at] | uint32_t{bytes[at + 1]} << 8 | uint32_t{bytes[at + 2]} << 16 |
           uint32_t{bytes[at + 3]} << 24;
  }
  void DumpCode(uint32_t at, uint32_t end) const {
    while (at < end) {
      const chip::Line line = chip::Disassemble(at, Word(program_.sram, at), 4);
      std::printf("%6x: %s\n", at, line.text);
      at += line.length;
    }
  }

  Machine machine_;
  Program program_{};
  FinalState state_{};
  FinalState other_{};
  unsigned long programs_[kKinds] = {};
  unsigned long failures_ = 0;
};

int Main(int argc, char** argv) {
  uint64_t first = 0;
  uint64_t last = ~uint64_t{0};
  const char* digests = "test/native/differential/digests.txt";
  const auto replay = std::make_unique<Replay>();
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--dump") && i + 1 < argc) {
      replay->Dump(std::strtoull(argv[i + 1], nullptr, 0));
      return 0;
    }
    if (!std::strcmp(argv[i], "--seeds") && i + 2 < argc) {
      first = std::strtoull(argv[++i], nullptr, 0);
      last = std::strtoull(argv[++i], nullptr, 0);
    } else if (!std::strcmp(argv[i], "--digests") && i + 1 < argc) {
      digests = argv[++i];
    } else {
      std::fputs("usage: replay [--seeds FIRST LAST] [--digests FILE] | --dump SEED\n", stderr);
      return 2;
    }
  }
  std::ifstream file(digests);
  Expected expected;
  for (uint64_t block = 0; ReadLine(file, &expected); ++block) {
    if (block * kBlock < last && (block + 1) * kBlock > first) replay->RunBlock(block, first, last, expected);
  }
  return replay->Report();
}

}  // namespace
}  // namespace differential

int main(int argc, char** argv) {
  return differential::Main(argc, argv);
}
