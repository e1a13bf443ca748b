// SPDX-License-Identifier: MIT
#include "simulator.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "chip/chip.h"
#include "chip/free_runner.h"
#include "chip/trace_recorder.h"
#include "device/char_device.h"
#include "device/map_budget.h"

namespace {

using device::Answer;
using device::CharDevice;
using device::EnvironmentPointer;

// The types of event records; lib/transport/events.ts has the same table.
enum RecordType : uint32_t { kMailbox = 1, kReset = 2, kOverflow = 6, kHalt = 0x10000, kIdle = 0x10001 };

// More would need too much memory for what a trace says in the worst case.
constexpr uint64_t kTracedAtOnce = 4096;

// Of a chip: its memory, what the allocator maps for its cores, and a thread with its guard.
constexpr int kMaps = 4;

// Cores of a chip that runs by itself share so many threads; others of the process want to run, too.
constexpr unsigned kThreads = 1;

// One event, in the form in which a driver hands it to whoever reads its event descriptor.
struct Record {
  uint32_t type;
  uint32_t flags;
  uint64_t sequence;
  uint64_t nanoseconds;  // CLOCK_MONOTONIC
  uint64_t payload;
};
static_assert(sizeof(Record) == 32);

// Owns the chip's memory and stands where a board's kernel driver stands: it takes the eLink's interrupt,
// drains the mailbox, and passes events on through a pipe.
class Simulator final : private chip::EventSink {
 public:
  // Null, with errno set, if the system refuses memory or descriptors.
  static Simulator* Create(napi_env env, const chip::Model& model);
  ~Simulator();

  chip::Chip& chip() { return *chip_; }
  int memory_descriptor() const { return memory_descriptor_; }
  // What it takes of the machine's memory at the moment.
  int64_t ResidentBytes() const;
  // The read end of the event pipe, given away once; -1 afterwards.
  int TakeEventDescriptor() { return std::exchange(event_read_, -1); }
  void Emit(uint32_t type, uint64_t payload);
  // False if the mailbox is full and nothing empties it, or if the eLink does not answer.
  bool PushMailbox(uint32_t word);
  // Taken out of the mailbox so far; what a core has sent before is among them.
  uint64_t CountMailboxWords();

  // The cores run by themselves, on a thread of their own. False if there is none to be had.
  bool Start() { return runner_->Start(); }
  void Stop() { runner_->Stop(); }
  bool is_running() const { return runner_->is_running(); }
  // A run in steps on a thread of its own, one at a time. `done` is called on that thread, and owns what it
  // likes. False, with errno set, if there is no thread to be had or the cores run already.
  using Done = void (*)(void* data, const chip::RunResult& result, size_t traced);
  bool Run(const chip::RunRequest& request, uint32_t* trace, size_t trace_words, Done done, void* data);
  bool is_stepped() const { return is_stepped_.load(); }
  void StopRun() { stop_run_.store(true); }

 private:
  Simulator() = default;
  bool Allocate(const chip::Model& model);
  void OnEvent(const chip::Event& event) noexcept override;
  void DrainMailbox();
  bool WriteRecord(uint32_t type, uint64_t payload);
  static void* RunMain(void* simulator);
  void JoinRun();

  int memory_descriptor_ = -1;
  unsigned char* memory_ = nullptr;
  size_t memory_bytes_ = 0;
  int event_read_ = -1;
  int event_write_ = -1;
  std::unique_ptr<chip::Chip> chip_;
  std::unique_ptr<chip::FreeRunner> runner_;
  struct Job {
    chip::RunRequest request;
    uint32_t* trace;
    size_t trace_words;
    Done done;
    void* data;
  };
  Job job_ = {};
  pthread_t job_thread_ = {};
  bool has_job_thread_ = false;
  std::atomic<bool> is_stepped_{false};
  std::atomic<bool> stop_run_{false};
  std::mutex draining_;  // guards the next, and that messages are emitted in their order
  uint64_t mailbox_words_ = 0;
  std::mutex writing_;  // guards the three below and the order of records
  uint64_t sequence_ = 0;
  uint64_t lost_ = 0;
  uint64_t written_bytes_ = 0;
  uint64_t idle_end_ = 0;  // where in all that was written the last kIdle ended
};

Simulator* Simulator::Create(napi_env env, const chip::Model& model) {
  if (!device::TakeMaps(env, kMaps)) {
    errno = ENOMEM;
    return nullptr;
  }
  std::unique_ptr<Simulator> self(new Simulator);
  if (self->Allocate(model)) return self.release();
  const int failure = errno;
  self.reset();
  errno = failure;
  return nullptr;
}

bool Simulator::Allocate(const chip::Model& model) {
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
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  event_read_ = pipe_ends[0];
  event_write_ = pipe_ends[1];
  chip_ = chip::Chip::Create(model, {memory_, memory_ + sram_bytes}, this);
  if (!chip_) {
    errno = ENOMEM;
    return false;
  }
  runner_ = std::make_unique<chip::FreeRunner>(chip_.get(), kThreads);
  return true;
}

Simulator::~Simulator() {
  StopRun();
  JoinRun();
  runner_.reset();
  chip_.reset();
  if (memory_) munmap(memory_, memory_bytes_);
  for (const int descriptor : {memory_descriptor_, event_read_, event_write_})
    if (descriptor >= 0) close(descriptor);
  device::GiveMaps(kMaps);
}

int64_t Simulator::ResidentBytes() const {
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

bool Simulator::Run(const chip::RunRequest& request, uint32_t* trace, size_t trace_words, Done done,
                    void* data) {
  errno = EBUSY;
  if (is_running() || is_stepped_.exchange(true)) return false;
  JoinRun();
  stop_run_.store(false);
  job_ = {request, trace, trace_words, done, data};
  job_.request.stop = &stop_run_;
  errno = pthread_create(&job_thread_, nullptr, RunMain, this);
  has_job_thread_ = errno == 0;
  if (!has_job_thread_) is_stepped_.store(false);
  return has_job_thread_;
}

void* Simulator::RunMain(void* simulator) {
  auto* const self = static_cast<Simulator*>(simulator);
  const Job& job = self->job_;
  chip::TraceRecorder recorder(job.trace, job.trace_words);
  self->chip_->SetTracer(job.trace ? &recorder : nullptr);
  const chip::RunResult result = self->chip_->Run(job.request);
  if (result.stop == chip::RunResult::Stop::kAllIdle) self->chip_->ReportRest();
  self->chip_->SetTracer(nullptr);
  const Done done = job.done;
  void* const data = job.data;
  self->is_stepped_.store(false);
  done(data, result, recorder.used());
  return nullptr;
}

void Simulator::JoinRun() {
  if (has_job_thread_) pthread_join(job_thread_, nullptr);
  has_job_thread_ = false;
}

void Simulator::OnEvent(const chip::Event& event) noexcept {
  switch (event.kind) {
    case chip::Event::Kind::kInterruptLine:
      if (chip_->interrupt_line()) DrainMailbox();
      break;
    case chip::Event::Kind::kChipReset:
      Emit(kReset, 0);
      break;
    case chip::Event::Kind::kCoreHalted:
      // Whoever halted a core by its register knows.
      if ((event.value & 0xff) != static_cast<uint32_t>(chip::Halt::kCommand))
        Emit(kHalt, event.core | uint64_t{event.value} << 16);
      break;
    case chip::Event::Kind::kCoresRest:
      Emit(kIdle, 0);
      break;
    case chip::Event::Kind::kCoreResumed:
    case chip::Event::Kind::kCoreReset:
      break;
  }
}

// Takes no more than can have been there at first: cores may send for ever, and tell of each message.
void Simulator::DrainMailbox() {
  for (unsigned i = 0; i < chip::Elink::kCapacity; ++i) {
    const std::lock_guard<std::mutex> lock(draining_);
    uint32_t low = 0;
    uint32_t high = 0;
    if (!chip_->PopMailbox(&low, &high)) return;
    ++mailbox_words_;
    Emit(kMailbox, uint64_t{high} << 32 | low);
  }
}

bool Simulator::PushMailbox(uint32_t word) {
  if (chip_->PushMailbox(word, 0)) return true;
  if (!chip_->interrupt_line()) return false;
  // The cores' thread has heard of the interrupt, and has yet to act on it. Cores leave half of the mailbox
  // free.
  DrainMailbox();
  return chip_->PushMailbox(word, 0);
}

uint64_t Simulator::CountMailboxWords() {
  if (chip_->interrupt_line()) DrainMailbox();
  const std::lock_guard<std::mutex> lock(draining_);
  return mailbox_words_;
}

void Simulator::Emit(uint32_t type, uint64_t payload) {
  const std::lock_guard<std::mutex> lock(writing_);
  // One that nobody has read yet says it all; many would crowd out the mailbox.
  int unread = 0;
  if (type == kIdle && ioctl(event_write_, FIONREAD, &unread) == 0 &&
      idle_end_ + static_cast<unsigned>(unread) > written_bytes_)
    return;
  if (lost_ > 0 && WriteRecord(kOverflow, lost_)) lost_ = 0;
  if (lost_ > 0 || !WriteRecord(type, payload)) {
    ++lost_;
    ++sequence_;  // the gap tells the reader
  }
}

bool Simulator::WriteRecord(uint32_t type, uint64_t payload) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const Record record = {type, 0, sequence_, static_cast<uint64_t>(now.tv_sec) * 1000000000u + now.tv_nsec,
                         payload};
  // A pipe takes so small a record whole or not at all.
  if (write(event_write_, &record, sizeof record) != sizeof record) return false;
  written_bytes_ += sizeof record;
  if (type == kIdle) idle_end_ = written_bytes_;
  ++sequence_;
  return true;
}

// --- the JavaScript face

// What a handle refers to: it outlives the simulator that was closed.
struct Handle {
  std::unique_ptr<Simulator> simulator;
  int64_t told = 0;  // bytes, to V8
  std::list<Handle*>::iterator turn;
};

struct Binding {
  EnvironmentPointer devices;
  device::LiveSet<Handle> handles;
  std::list<Handle*> open;  // in the order in which they are to be weighed
};
using BindingPointer = std::shared_ptr<Binding>;

BindingPointer& BindingOf(void* data) {
  return *static_cast<BindingPointer*>(data);
}

Simulator* SimulatorOf(napi_env env, napi_value value, void* data) {
  const Handle* handle = BindingOf(data)->handles.Find(env, value);
  return handle ? handle->simulator.get() : nullptr;
}

Simulator* SimulatorOf(const Napi::CallbackInfo& info) {
  return SimulatorOf(info.Env(), info[0], info.Data());
}

// V8 must know what chips weigh, or it would not collect those that a program has forgotten. They grow as
// they run, and nobody says when: so whenever one is opened, it is weighed, and some of the others are again.
void WeighSome(napi_env env, Binding& binding) {
  constexpr size_t kAtOnce = 8;
  int64_t change = 0;
  for (size_t i = 0; i < kAtOnce && i < binding.open.size(); ++i) {
    Handle* handle = binding.open.front();
    const int64_t bytes = handle->simulator->ResidentBytes();
    change += bytes - std::exchange(handle->told, bytes);
    binding.open.splice(binding.open.end(), binding.open, binding.open.begin());
  }
  int64_t total = 0;
  napi_adjust_external_memory(env, change, &total);
}

void Shut(napi_env env, Binding& binding, Handle* handle) {
  if (!handle->simulator) return;
  handle->simulator.reset();
  binding.open.erase(handle->turn);
  int64_t total = 0;
  napi_adjust_external_memory(env, -std::exchange(handle->told, 0), &total);
}

Napi::Value Open(const Napi::CallbackInfo& info) {
  const uint32_t type = info[0].As<Napi::Number>().Uint32Value();
  for (const chip::Model* model : chip::kModels) {
    if (model->type != type) continue;
    std::unique_ptr<Simulator> simulator(Simulator::Create(info.Env(), *model));
    if (!simulator) return Answer(info.Env(), -errno);
    auto* handle = new Handle{std::move(simulator), 0, {}};
    auto* binding = new BindingPointer(BindingOf(info.Data()));
    (*binding)->handles.Add(handle);
    handle->turn = (*binding)->open.insert((*binding)->open.begin(), handle);
    WeighSome(info.Env(), **binding);
    return device::WrapHandle(
        info.Env(), handle,
        [](napi_env env, void* data, void* hint) {
          auto* object = static_cast<Handle*>(data);
          auto* kept = static_cast<BindingPointer*>(hint);
          (*kept)->handles.Remove(object);
          Shut(env, **kept, object);
          delete object;
          delete kept;
        },
        binding);
  }
  return Answer(info.Env(), -EINVAL);
}

Napi::Value Close(const Napi::CallbackInfo& info) {
  Handle* handle = BindingOf(info.Data())->handles.Find(info.Env(), info[0]);
  if (!handle || !handle->simulator) return Answer(info.Env(), -EBADF);
  Shut(info.Env(), *BindingOf(info.Data()), handle);
  return Answer(info.Env(), 0);
}

Napi::Value Memory(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  const int duplicate = fcntl(simulator->memory_descriptor(), F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) return Answer(info.Env(), -errno);
  return CharDevice::Wrap(info.Env(), BindingOf(info.Data())->devices, duplicate);
}

// (simulator, offset, bytes)
Napi::Value Clear(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  const off_t offset = info[1].As<Napi::Number>().Int64Value();
  const off_t bytes = info[2].As<Napi::Number>().Int64Value();
  constexpr int kHole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  const int result = fallocate(simulator->memory_descriptor(), kHole, offset, bytes);
  return Answer(info.Env(), result != 0 ? -errno : 0);
}

Napi::Value Events(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  const int descriptor = simulator->TakeEventDescriptor();
  if (descriptor < 0) return Answer(info.Env(), -EBUSY);
  return CharDevice::Wrap(info.Env(), BindingOf(info.Data())->devices, descriptor);
}

Napi::Value PushMailbox(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  return Answer(info.Env(), simulator->PushMailbox(info[1].As<Napi::Number>().Uint32Value()));
}

Napi::Value Interrupt(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  const uint32_t core = info[1].As<Napi::Number>().Uint32Value();
  return Answer(info.Env(), simulator->chip().Interrupt(core, info[2].As<Napi::Number>().Uint32Value()));
}

Napi::Value Inject(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  const auto fault = static_cast<chip::Fault>(info[1].As<Napi::Number>().Uint32Value());
  const uint32_t core = info[2].As<Napi::Number>().Uint32Value();
  return Answer(info.Env(), simulator->chip().Inject(fault, core, info[3].As<Napi::Boolean>().Value()));
}

Napi::Value EmitRecord(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  simulator->Emit(info[1].As<Napi::Number>().Uint32Value(),
                  static_cast<uint64_t>(info[2].As<Napi::Number>().Int64Value()));
  return Answer(info.Env(), 0);
}

Napi::Value StateWords(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  return Answer(info.Env(), simulator ? static_cast<double>(simulator->chip().state_words()) : -EBADF);
}

// Save and Restore: (simulator, Uint32Array of exactly state_words()).
template <typename Use>
Napi::Value UseState(const Napi::CallbackInfo& info, Use use) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  if (!info[1].IsTypedArray() || info[1].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    return Answer(info.Env(), -EINVAL);
  }
  auto words = info[1].As<Napi::Uint32Array>();
  if (words.ElementLength() != simulator->chip().state_words()) return Answer(info.Env(), -EINVAL);
  if (simulator->is_running() || simulator->is_stepped()) return Answer(info.Env(), -EBUSY);
  return Answer(info.Env(), use(simulator->chip(), words.Data(), words.ElementLength()) ? 0 : -EINVAL);
}

Napi::Value Save(const Napi::CallbackInfo& info) {
  return UseState(info, [](chip::Chip& chip, uint32_t* words, size_t) {
    chip.Save(words);
    return true;
  });
}

Napi::Value Restore(const Napi::CallbackInfo& info) {
  return UseState(info,
                  [](chip::Chip& chip, uint32_t* words, size_t count) { return chip.Restore(words, count); });
}

// --- letting cores run

Napi::Value Start(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  if (simulator->is_stepped()) return Answer(info.Env(), -EBUSY);
  return Answer(info.Env(), simulator->Start() ? 0 : -EAGAIN);
}

Napi::Value Stop(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  simulator->Stop();
  return Answer(info.Env(), 0);
}

// On its way from the thread of a run to JavaScript. Not a work item of libuv's pool: an environment that is
// being terminated waits for those, and only then tells anybody that it ends.
struct Outcome {
  napi_threadsafe_function done;
  std::vector<uint32_t> trace;
  chip::RunResult result;
};

void TellOutcome(napi_env env, napi_value function, void*, void* data) {
  const std::unique_ptr<Outcome> outcome(static_cast<Outcome*>(data));
  if (!env) return;  // it is being terminated
  napi_value arguments[3];
  napi_value undefined;
  napi_value buffer;
  void* bytes = nullptr;
  const std::vector<uint32_t>& trace = outcome->trace;
  const size_t length = trace.size() * sizeof trace[0];
  if (napi_get_undefined(env, &undefined) != napi_ok ||
      napi_create_double(env, static_cast<double>(outcome->result.instructions), &arguments[0]) != napi_ok ||
      napi_create_uint32(env, static_cast<uint32_t>(outcome->result.stop), &arguments[1]) != napi_ok ||
      napi_create_arraybuffer(env, length, &bytes, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint32_array, trace.size(), buffer, 0, &arguments[2]) != napi_ok)
    return;
  if (length > 0) std::memcpy(bytes, trace.data(), length);
  napi_call_function(env, undefined, function, 3, arguments, nullptr);
}

void SendOutcome(void* data, const chip::RunResult& result, size_t traced) {
  auto* const outcome = static_cast<Outcome*>(data);
  outcome->result = result;
  outcome->trace.resize(traced);
  const napi_threadsafe_function done = outcome->done;
  if (napi_call_threadsafe_function(done, outcome, napi_tsfn_blocking) != napi_ok) {
    delete outcome;
    return;
  }
  napi_release_threadsafe_function(done, napi_tsfn_release);
}

// (simulator, instructions, quantum, seed, traced, done)
Napi::Value Run(const Napi::CallbackInfo& info) {
  Handle* handle = BindingOf(info.Data())->handles.Find(info.Env(), info[0]);
  if (!handle || !handle->simulator) return Answer(info.Env(), -EBADF);
  const auto whole = [&](size_t index) {
    return static_cast<uint64_t>(info[index].As<Napi::Number>().Int64Value());
  };
  const chip::RunRequest request = {whole(1), static_cast<uint32_t>(whole(2)), whole(3)};
  const bool is_traced = info[4].As<Napi::Boolean>().Value();
  if (is_traced && request.instructions > kTracedAtOnce) return Answer(info.Env(), -EINVAL);
  const size_t trace_words = is_traced ? request.instructions * chip::TraceRecorder::kLongestRecord : 0;
  auto outcome = std::make_unique<Outcome>();
  outcome->trace.resize(trace_words);
  const Napi::String name = Napi::String::New(info.Env(), "epiphany run");
  if (napi_create_threadsafe_function(info.Env(), info[5], nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                      TellOutcome, &outcome->done) != napi_ok)
    return Answer(info.Env(), -EINVAL);
  uint32_t* const trace = is_traced ? outcome->trace.data() : nullptr;
  if (handle->simulator->Run(request, trace, trace_words, SendOutcome, outcome.get())) {
    outcome.release();  // SendOutcome has it
    return Answer(info.Env(), 0);
  }
  const int failure = errno;
  napi_release_threadsafe_function(outcome->done, napi_tsfn_abort);
  return Answer(info.Env(), -failure);
}

Napi::Value StopRun(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  if (simulator->is_stepped()) simulator->StopRun();
  return Answer(info.Env(), 0);
}

Napi::Value Step(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  return Answer(info.Env(), simulator->chip().Step(info[1].As<Napi::Number>().Uint32Value()));
}

Napi::Value SetCounting(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  simulator->chip().SetCounting(info[1].As<Napi::Boolean>().Value());
  return Answer(info.Env(), 0);
}

Napi::Value ReadCounters(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  const chip::Counters counters = simulator->chip().counters(info[1].As<Napi::Number>().Uint32Value());
  Napi::Array answer = Napi::Array::New(info.Env(), chip::kInstructionClasses);
  for (uint32_t i = 0; i < chip::kInstructionClasses; ++i)
    answer.Set(i, Napi::Number::New(info.Env(), static_cast<double>(counters.instructions[i])));
  return answer;
}

Napi::Value MailboxWords(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  return Napi::Number::New(info.Env(), static_cast<double>(simulator->CountMailboxWords()));
}

Napi::Value SetStrict(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  if (simulator->is_running() || simulator->is_stepped()) return Answer(info.Env(), -EBUSY);
  simulator->chip().SetStrict(info[1].As<Napi::Boolean>().Value(), info[2].As<Napi::Boolean>().Value());
  return Answer(info.Env(), 0);
}

Napi::Value TakeViolation(const Napi::CallbackInfo& info) {
  Simulator* simulator = SimulatorOf(info);
  if (!simulator) return Answer(info.Env(), -EBADF);
  chip::Violation violation;
  if (!simulator->chip().TakeViolation(&violation)) return Answer(info.Env(), 0);
  Napi::Array answer = Napi::Array::New(info.Env(), 4);
  const uint32_t fields[] = {static_cast<uint32_t>(violation.kind), violation.core, violation.pc,
                             violation.address};
  for (uint32_t i = 0; i < 4; ++i) answer.Set(i, Napi::Number::New(info.Env(), fields[i]));
  return answer;
}

// The two functions behind every register access, against the bare C interface for speed.

bool Arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value* arguments,
               Simulator** simulator) {
  size_t count = wanted;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, &data) != napi_ok || count < wanted)
    return false;
  *simulator = SimulatorOf(env, arguments[0], data);
  return *simulator != nullptr;
}

int BusErrno(chip::Bus bus) {
  switch (bus) {
    case chip::Bus::kOk:
      return 0;
    case chip::Bus::kNoAnswer:
      return -EIO;
    case chip::Bus::kBadAccess:
      break;
  }
  return -EINVAL;
}

napi_value LoadWord(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  Simulator* simulator = nullptr;
  uint32_t address = 0;
  double result = -EBADF;
  if (Arguments(env, info, 2, arguments, &simulator) &&
      napi_get_value_uint32(env, arguments[1], &address) == napi_ok) {
    const chip::Loaded loaded = simulator->chip().Load(address, 4);
    result = loaded.bus == chip::Bus::kOk ? static_cast<double>(loaded.value) : BusErrno(loaded.bus);
  }
  napi_value answer = nullptr;
  napi_create_double(env, result, &answer);
  return answer;
}

napi_value StoreWord(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  Simulator* simulator = nullptr;
  uint32_t address = 0;
  uint32_t value = 0;
  int result = -EBADF;
  if (Arguments(env, info, 3, arguments, &simulator) &&
      napi_get_value_uint32(env, arguments[1], &address) == napi_ok &&
      napi_get_value_uint32(env, arguments[2], &value) == napi_ok) {
    result = BusErrno(simulator->chip().Store(address, value, 4));
  }
  napi_value answer = nullptr;
  napi_create_int32(env, result, &answer);
  return answer;
}

}  // namespace

void RegisterSimulator(Napi::Env env, Napi::Object exports, EnvironmentPointer* environment) {
  auto* binding = new BindingPointer(std::make_shared<Binding>());
  (*binding)->devices = *environment;
  env.AddCleanupHook(
      [](BindingPointer* kept) {
        // Their threads must be gone before the environment is.
        for (Handle* handle : (*kept)->open) handle->simulator.reset();
        (*kept)->open.clear();
        delete kept;
      },
      binding);
  device::Exports table(env, exports, binding);
  table.Add("simulatorOpen", Open);
  table.Add("simulatorClose", Close);
  table.Add("simulatorMemory", Memory);
  table.Add("simulatorClear", Clear);
  table.Add("simulatorEvents", Events);
  table.Add("simulatorPushMailbox", PushMailbox);
  table.Add("simulatorInterrupt", Interrupt);
  table.Add("simulatorInject", Inject);
  table.Add("simulatorEmit", EmitRecord);
  table.Add("simulatorStart", Start);
  table.Add("simulatorStop", Stop);
  table.Add("simulatorRun", Run);
  table.Add("simulatorStopRun", StopRun);
  table.Add("simulatorStep", Step);
  table.Add("simulatorSetCounting", SetCounting);
  table.Add("simulatorCounters", ReadCounters);
  table.Add("simulatorMailboxWords", MailboxWords);
  table.Add("simulatorSetStrict", SetStrict);
  table.Add("simulatorTakeViolation", TakeViolation);
  table.Add("simulatorStateWords", StateWords);
  table.Add("simulatorSave", Save);
  table.Add("simulatorRestore", Restore);
  table.AddBare("simulatorLoad", LoadWord);
  table.AddBare("simulatorStore", StoreWord);
}
