// SPDX-License-Identifier: MIT
#include "simulator/board.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace simulator {
namespace {

// Cores of a chip that runs by itself share so many threads; others of the process want to run, too.
constexpr unsigned kThreads = 1;

}  // namespace

std::unique_ptr<Board> Board::Create(const chip::Model& model, uint32_t quantum) {
  std::unique_ptr<Board> self(new Board);
  if (self->Allocate(model, quantum)) return self;
  const int failure = errno;
  self.reset();
  errno = failure;
  return nullptr;
}

bool Board::Allocate(const chip::Model& model, uint32_t quantum) {
  const size_t sram_bytes = size_t{model.cores()} * chip::kSramBytes;
  memory_bytes_ = sram_bytes + chip::kDramBytes;
  memory_descriptor_ = memfd_create("epiphany", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory_descriptor_ < 0) return false;
  if (ftruncate(memory_descriptor_, static_cast<off_t>(memory_bytes_)) != 0) return false;
  // Nobody can shrink it under a mapping, so no access to it can ever raise SIGBUS.
  if (fcntl(memory_descriptor_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return false;
  void* memory =
      mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, memory_descriptor_, 0);
  if (memory == MAP_FAILED) return false;
  memory_ = static_cast<unsigned char*>(memory);
  if (!events_.Open()) return false;
  chip_ = chip::Chip::Create(model, {memory_, memory_ + sram_bytes}, this);
  if (!chip_) {
    errno = ENOMEM;
    return false;
  }
  runner_ = std::make_unique<chip::FreeRunner>(chip_.get(), kThreads, quantum);
  stepped_ = std::make_unique<SteppedRun>(chip_.get());
  return true;
}

Board::~Board() {
  stepped_.reset();
  runner_.reset();
  chip_.reset();
  if (memory_) munmap(memory_, memory_bytes_);
  if (memory_descriptor_ >= 0) close(memory_descriptor_);
}

int64_t Board::ResidentBytes() const {
  struct stat file;
  int64_t bytes = fstat(memory_descriptor_, &file) == 0 ? int64_t{file.st_blocks} * 512 : 0;
  const chip::Chip::Extent extent = chip_->extent();
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = reinterpret_cast<uintptr_t>(extent.begin) / page * page;
  std::vector<unsigned char> is_resident(
      (reinterpret_cast<uintptr_t>(extent.begin) + extent.bytes - begin + page - 1) / page);
  if (mincore(reinterpret_cast<void*>(begin), is_resident.size() * page, is_resident.data()) == 0)
    for (const unsigned char flags : is_resident) bytes += flags & 1 ? page : 0;
  return bytes;
}

bool Board::Run(const chip::RunRequest& request, uint32_t* trace, size_t trace_words, SteppedRun::Done done,
                void* data) {
  errno = EBUSY;
  return !is_running() && stepped_->Start(request, trace, trace_words, done, data);
}

void Board::OnEvent(const chip::Event& event) noexcept {
  switch (event.kind) {
    case chip::Event::Kind::kInterruptLine:
      if (chip_->interrupt_line()) DrainMailbox();
      break;
    case chip::Event::Kind::kChipReset:
      events_.Emit(kReset, 0);
      break;
    case chip::Event::Kind::kCoreHalted:
      // The one who halted a core by its register knows.
      if ((event.value & 0xff) != static_cast<uint32_t>(chip::Halt::kCommand))
        events_.Emit(kHalt, event.core | uint64_t{event.value} << 16);
      break;
    case chip::Event::Kind::kCoresRest:
      events_.Emit(kIdle, 0);
      break;
    case chip::Event::Kind::kCoreResumed:
    case chip::Event::Kind::kCoreReset:
      break;
  }
}

// Takes no more than can have been there at first: cores may send for ever, and tell of each message.
void Board::DrainMailbox() {
  for (unsigned i = 0; i < chip::Elink::kCapacity; ++i) {
    const std::lock_guard<std::mutex> lock(draining_);
    uint32_t low = 0;
    uint32_t high = 0;
    if (!chip_->PopMailbox(&low, &high)) return;
    ++mailbox_words_;
    events_.Emit(kMailbox, uint64_t{high} << 32 | low);
  }
}

bool Board::PushMailbox(uint32_t word) {
  if (chip_->PushMailbox(word, 0)) return true;
  if (!chip_->interrupt_line()) return false;
  // The cores' thread has heard of the interrupt, and has yet to act on it. Cores leave half of the mailbox
  // free.
  DrainMailbox();
  return chip_->PushMailbox(word, 0);
}

uint64_t Board::CountMailboxWords() {
  if (chip_->interrupt_line()) DrainMailbox();
  const std::lock_guard<std::mutex> lock(draining_);
  return mailbox_words_;
}

}  // namespace simulator
