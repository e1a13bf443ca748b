// SPDX-License-Identifier: MIT
// Fuzzing of the chip model, for libFuzzer: an input is what a host, and programs that it loads, do to a
// chip. Whatever that is, the model touches no memory but its own, comes to an end, executes no more than it
// was asked to, and does the same whichever way it goes about it.
// scripts/native/fuzz.mjs builds and runs this.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>
#include <vector>

#include "chip/chip.h"
#include "chip/disassemble.h"
#include "chip/isa.h"
#include "chip/memory.h"
#include "chip/registers.h"
#include "chip/trace_recorder.h"

namespace {

// Of one input, so that many inputs get their turn.
constexpr uint64_t kMostInstructions = 1500;
constexpr unsigned kMostActions = 100;
constexpr unsigned kMostDear = 2;  // that look at the whole chip

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// The bytes of the input, one after the other. Behind the last one there are zeros.
class Reader {
 public:
  Reader(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool is_empty() const { return at_ == end_; }
  uint8_t Byte() { return at_ == end_ ? 0 : *at_++; }
  uint16_t Half() {
    const uint8_t low = Byte();
    return static_cast<uint16_t>(low | Byte() << 8);
  }
  uint32_t Word() {
    const uint32_t low = Half();
    return low | uint32_t{Half()} << 16;
  }

 private:
  const uint8_t* at_;
  const uint8_t* const end_;
};

// Memory with pages around it that nobody may touch. To clear it costs as much as was touched of it.
class Memory {
 public:
  explicit Memory(size_t bytes) : bytes_((bytes + kPage - 1) / kPage * kPage) {
    void* const all = mmap(nullptr, bytes_ + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    Require(all != MAP_FAILED, "there is memory");
    data_ = static_cast<unsigned char*>(all) + kPage;
    Require(mprotect(data_, bytes_, PROT_READ | PROT_WRITE) == 0, "memory can be used");
    madvise(data_, bytes_, MADV_NOHUGEPAGE);
  }

  unsigned char* data() const { return data_; }

  void Clear() { Require(madvise(data_, bytes_, MADV_DONTNEED) == 0, "memory can be cleared"); }

  bool Equals(const Memory& other) const {
    const std::vector<unsigned char> own = Touched();
    const std::vector<unsigned char> others = other.Touched();
    for (size_t i = 0; i < own.size(); ++i) {
      const bool is_touched = (own[i] | others[i]) & 1;
      if (is_touched && std::memcmp(data_ + i * kPage, other.data_ + i * kPage, kPage) != 0) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kPage = 4096;

  // Of each page, whether it is.
  std::vector<unsigned char> Touched() const {
    std::vector<unsigned char> pages(bytes_ / kPage);
    Require(mincore(data_, bytes_, pages.data()) == 0, "the system tells what was touched");
    return pages;
  }

  const size_t bytes_;
  unsigned char* data_;
};

// The memory that a chip is made of, so that it can be made anew by copying. It is asked for by
// new (std::nothrow), and never given back.
struct Allocation {
  unsigned char* data;
  size_t bytes;
};
std::vector<Allocation>* allocations = nullptr;

void* Allocate(size_t bytes) {
  void* const data = ::operator new(bytes);
  if (allocations) allocations->push_back({static_cast<unsigned char*>(data), bytes});
  return data;
}

}  // namespace

void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes);
}

namespace {

class IdleTracer final : public chip::Tracer {
 public:
  void Before(chip::Core&) noexcept override {}
  void After(chip::Core&) noexcept override {}
};

// What happened, in one number.
class Digest {
 public:
  void Add(uint64_t value) { value_ = (value_ ^ value) * 0x100000001b3; }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

// How an input is played.
struct Manner {
  bool drains_mailbox = false;
  bool traces = false;  // if the input says so
  // Whatever the input says: other ways to do the same.
  bool steps = false;  // an instruction at a time, because of a tracer that does nothing
  bool counts = false;
  bool runs_in_pieces = false;  // more calls for as many instructions
};

// A chip, its memory, and its embedder. They serve for all inputs: to make one takes too long.
class Bench final : private chip::EventSink {
 public:
  explicit Bench(const chip::Model& model)
      : model_(model), sram_(size_t{model.cores()} * chip::kSramBytes), dram_(chip::kDramBytes) {
    std::vector<Allocation> made;
    allocations = &made;
    chip_ = chip::Chip::Create(model, {sram_.data(), dram_.data()}, this).release();
    allocations = nullptr;
    Require(chip_ && made.size() == 2 && made[1].bytes == model.cores() * sizeof(chip::Core),
            "a chip is made");
    chip_->Run({1, 1, 0});  // its cores come to rest
    Keep(made[0].data, made[0].bytes);
    // All of a core but its decoded program, which is its last member, large, and good for the next input.
    constexpr size_t kKept = sizeof(chip::Core) - sizeof(chip::CodeCache);
    for (unsigned i = 0; i < model.cores(); ++i) {
      unsigned char* const core = made[1].data + i * sizeof(chip::Core);
      const unsigned char* sram;
      std::memcpy(&sram, core + kKept, sizeof sram);
      Require(sram == sram_.data() + i * chip::kSramBytes, "a decoded program begins with where it is from");
      Keep(core, kKept);
    }
    state_.resize(chip_->state_words());
    trace_.resize(chip::TraceRecorder::kLongestRecord * 16);
  }

  // `model` has done the same already, if this is to be compared with it.
  void Play(Reader reader, Manner manner, const Bench* model) {
    manner_ = manner;
    compared_ = model;
    Begin();
    for (unsigned i = 0; i < kMostActions && !reader.is_empty(); ++i) Act(reader);
    Trace(false);
  }

  void CheckState() {
    const std::vector<uint32_t> words = State();
    Require(chip_->Restore(words.data(), words.size()), "what was saved can be restored");
    Require(State() == words, "what was restored is what was saved");
  }

  void CheckSame(Bench& other) {
    Require(digest_.value() == other.digest_.value(), "loads and events do not depend on how a chip runs");
    Require(State() == other.State(), "registers do not depend on how a chip runs");
    Require(sram_.Equals(other.sram_) && dram_.Equals(other.dram_),
            "memory does not depend on how a chip runs");
  }

 private:
  enum Action : uint8_t {
    kProgram,
    kFillDram,
    kGeneral,
    kGo,
    kRegister,
    kDma,
    kStore,
    kLoad,
    kRun,
    kRunCore,
    kStep,
    kInterrupt,
    kInject,
    kMailbox,
    kStrict,
    kTrace,
    kProfile,
    kRestore,
    kDisassemble,
    kActions,
  };

  void Begin() {
    for (const Kept& kept : kept_) std::memcpy(kept.data, kept.copy.data(), kept.copy.size());
    sram_.Clear();
    dram_.Clear();
    digest_ = {};
    results_.clear();
    instructions_left_ = kMostInstructions;
    dear_left_ = kMostDear;
    chip_->SetTracer(manner_.steps ? &idle_tracer_ : nullptr);
    chip_->SetCounting(manner_.counts);
  }

  const std::vector<uint32_t>& State() {
    chip_->Save(state_.data());
    return state_;
  }

  // How a part of the chip begins.
  struct Kept {
    unsigned char* data;
    std::vector<unsigned char> copy;
  };
  void Keep(unsigned char* data, size_t bytes) { kept_.push_back({data, {data, data + bytes}}); }

  void OnEvent(const chip::Event& event) noexcept override {
    digest_.Add(static_cast<uint64_t>(event.kind) << 48 | uint64_t{event.core} << 32 | event.value);
    // As the driver of a board does.
    while (manner_.drains_mailbox && chip_->interrupt_line()) {
      const uint32_t address = chip::kElinkId << 20;
      if (chip_->Load(address | chip::Elink::kMailboxLow, 4).bus != chip::Bus::kOk) break;
      chip_->Load(address | chip::Elink::kMailboxHigh, 4);
    }
  }

  unsigned Index(Reader& reader) const { return reader.Byte() % model_.cores(); }
  unsigned IdOf(unsigned index) const {
    return model_.origin + chip::CoreIdAt(index / model_.columns, index % model_.columns);
  }
  // A core's, or now and then any number.
  unsigned Id(Reader& reader) const {
    const uint8_t byte = reader.Byte();
    return byte < 0xf0 ? IdOf(byte % model_.cores()) : reader.Half();
  }
  void StoreWord(unsigned index, uint32_t offset, uint32_t value) {
    const uint32_t address = IdOf(index) << 20 | chip::kRegistersBase | offset;
    digest_.Add(static_cast<uint64_t>(chip_->Store(address, value, 4)));
  }

  void Act(Reader& reader) {
    switch (reader.Byte() % kActions) {
      case kProgram: {
        unsigned char* const sram = sram_.data() + size_t{Index(reader)} * chip::kSramBytes;
        Fill(reader, sram, chip::kSramBytes, reader.Half());
        break;
      }
      case kFillDram:
        Fill(reader, dram_.data(), chip::kDramBytes, reader.Word());
        break;
      case kGeneral: {
        const unsigned index = Index(reader);
        const unsigned first = reader.Byte() % 64;
        const unsigned count = 1 + reader.Byte() % 8;
        for (unsigned i = 0; i < count; ++i) StoreWord(index, 4 * ((first + i) % 64), reader.Word());
        break;
      }
      case kGo: {
        const unsigned index = Index(reader);
        StoreWord(index, chip::reg::kPc, reader.Half());
        StoreWord(index, chip::reg::kImask, reader.Byte());
        StoreWord(index, chip::reg::kFstatus, reader.Byte() | chip::status::kActive);
        break;
      }
      case kRegister: {
        const unsigned index = Index(reader);
        const uint32_t offset = reader.Half() % chip::kRegistersBytes & ~3u;
        StoreWord(index, offset, reader.Word());
        break;
      }
      case kDma: {
        const unsigned index = Index(reader);
        const uint32_t base = reader.Byte() & 1 ? chip::reg::kDma1 : chip::reg::kDma0;
        for (uint32_t offset = 4; offset <= 16; offset += 4) StoreWord(index, base + offset, reader.Word());
        StoreWord(index, base, reader.Word());
        break;
      }
      case kStore: {
        const uint32_t address = reader.Word();
        const unsigned bytes = reader.Byte() % 9;
        digest_.Add(static_cast<uint64_t>(chip_->Store(address, reader.Word(), bytes)));
        break;
      }
      case kLoad: {
        const uint32_t address = reader.Word();
        const chip::Loaded loaded = chip_->Load(address, reader.Byte() % 9);
        digest_.Add(uint64_t{loaded.value} << 8 | static_cast<uint64_t>(loaded.bus));
        break;
      }
      case kRun: {
        const uint64_t instructions = reader.Half() & 0xfff;
        const uint32_t quantum = reader.Byte();
        Run(std::min(instructions, instructions_left_), quantum < 0xf0 ? quantum : quantum * 4,
            reader.Byte());
        break;
      }
      case kRunCore: {
        const unsigned index = Index(reader);
        const uint64_t clocks = std::min<uint64_t>(reader.Half() & 0x3ff, instructions_left_);
        const chip::Chip::Turn turn = chip_->RunCore(index, clocks);
        Require(turn.clocks <= clocks && turn.instructions <= turn.clocks, "a turn has its limits");
        instructions_left_ -= turn.clocks;
        digest_.Add(turn.instructions);
        digest_.Add(turn.clocks << 1 | turn.is_blocked);
        break;
      }
      case kStep:
        digest_.Add(chip_->Step(Id(reader)));
        break;
      case kInterrupt: {
        const unsigned id = Id(reader);
        digest_.Add(chip_->Interrupt(id, reader.Half()));
        break;
      }
      case kInject: {
        const uint8_t byte = reader.Byte();
        const auto fault = byte & 1 ? chip::Fault::kDeadLink : chip::Fault::kCoreStuck;
        digest_.Add(chip_->Inject(fault, Id(reader), byte & 2));
        break;
      }
      case kMailbox: {
        const uint32_t low = reader.Word();
        const unsigned count = 1 + reader.Byte() % 32;
        for (unsigned i = 0; i < count; ++i) digest_.Add(chip_->PushMailbox(low, i));
        break;
      }
      case kStrict: {
        const uint8_t byte = reader.Byte();
        // A byte that mutations do not prefer, as to poison all of SRAM takes its time.
        const bool poison = byte == 0xa5 && dear_left_ > 0 && model_.cores() == 16;
        dear_left_ -= poison;
        chip_->SetStrict(byte & 1, poison);
        chip::Violation violation;
        while (chip_->TakeViolation(&violation)) Require(violation.core < 0x1000, "core IDs have 12 bits");
        break;
      }
      case kTrace:
        Trace(reader.Byte() & 1);
        chip_->counters(Id(reader));
        break;
      case kProfile:
        chip_->SetProfile(reader.Byte() & 1 ? chip::Profile::kGnu : chip::Profile::kManual);
        break;
      case kRestore:
        RestoreChanged(reader);
        break;
      case kDisassemble: {
        const uint32_t address = reader.Word();
        const uint32_t bits = reader.Word();
        const chip::Line line = chip::Disassemble(address, bits, reader.Byte() & 1 ? 2 : 4);
        Require(strnlen(line.text, sizeof line.text) < sizeof line.text, "a line has an end");
        Require(line.length == 2 || line.length == 4, "a line is about an instruction");
        break;
      }
    }
  }

  // So many bytes of the input, as often as they fit.
  static void Fill(Reader& reader, unsigned char* memory, uint32_t bytes, uint32_t at) {
    at = at % bytes & ~1u;
    const unsigned count = reader.Byte();
    for (unsigned i = 0; i < count && at + i < bytes; ++i) chip::StoreUnit(memory + at + i, reader.Byte());
  }

  void Run(uint64_t instructions, uint32_t quantum, uint64_t seed) {
    const chip::RunResult* const other = compared_ ? &compared_->results_[results_.size()] : nullptr;
    instructions_left_ -= instructions;
    uint64_t piece = instructions;
    // Cores that only wait use up what was asked for, so calls can be compared if there was none of that.
    if (manner_.runs_in_pieces && other && other->instructions == instructions) piece = 1 + instructions / 4;
    chip::RunResult all = {0, chip::RunResult::Stop::kInstructions};
    do {
      const uint64_t asked = std::min(piece, instructions - all.instructions);
      const chip::RunResult result = chip_->Run({asked, quantum, seed});
      Require(result.instructions <= asked, "no more instructions than were asked for");
      all.instructions += result.instructions;
      all.stop = result.stop;
    } while (piece < instructions && all.instructions < instructions &&
             all.stop == chip::RunResult::Stop::kInstructions);
    digest_.Add(all.instructions);
    digest_.Add(static_cast<uint64_t>(all.stop));
    results_.push_back(all);
  }

  // What it saved, with words changed by chance; and words that are no state.
  void RestoreChanged(Reader& reader) {
    if (dear_left_ == 0) return;
    --dear_left_;
    std::vector<uint32_t> words = State();
    const unsigned count = 1 + reader.Byte() % 8;
    for (unsigned i = 0; i < count; ++i) {
      const size_t at = reader.Half() % words.size();
      words[at] = reader.Word();
    }
    const std::vector<uint32_t> before = State();
    Require(!chip_->Restore(words.data(), words.size() - 1), "a state has a length");
    const bool accepted = chip_->Restore(words.data(), words.size());
    digest_.Add(accepted);
    if (!accepted) Require(State() == before, "what is no state changes nothing");
  }

  void Trace(bool on) {
    if (!manner_.traces) return;
    recorder_.emplace(trace_.data(), trace_.size());
    chip_->SetTracer(on ? &*recorder_ : nullptr);
  }

  const chip::Model& model_;
  Memory sram_;
  Memory dram_;
  chip::Chip* chip_;
  std::vector<Kept> kept_;
  std::vector<uint32_t> state_;

  // Of the input that is being played.
  Manner manner_;
  const Bench* compared_ = nullptr;
  Digest digest_;
  std::vector<chip::RunResult> results_;
  uint64_t instructions_left_ = 0;
  unsigned dear_left_ = 0;
  IdleTracer idle_tracer_;
  std::vector<uint32_t> trace_;
  std::optional<chip::TraceRecorder> recorder_;
};

void Fuzz(Reader reader, Bench& bench, Bench& other) {
  // Most often an input is played once: two are half as fast, and a state is long.
  const uint8_t options = reader.Byte();
  const bool is_compared = (options & 3) == 3;
  Manner manner;
  manner.drains_mailbox = options & 4 && !is_compared;
  // To look at an instruction is a load, and a protected core notices it.
  manner.traces = !is_compared;
  bench.Play(reader, manner, nullptr);
  if (is_compared) {
    manner.steps = options & 16;
    manner.counts = options & 32;
    manner.runs_in_pieces = options & 64;
    other.Play(reader, manner, &bench);
    other.CheckSame(bench);
  }
  if ((options & 0x88) == 0x88) bench.CheckState();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Bench e16(chip::kE16G301);
  static Bench other_e16(chip::kE16G301);
  static Bench e64(chip::kE64G401);
  static Bench other_e64(chip::kE64G401);
  Reader reader(data, size);
  const bool is_e64 = reader.Byte() % 32 == 31;  // seldom, as it is four times the work
  is_e64 ? Fuzz(reader, e64, other_e64) : Fuzz(reader, e16, other_e16);
  return 0;
}
