// SPDX-License-Identifier: MIT
#include "simulator/runs.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "chip/trace_recorder.h"
#include "simulator/handles.h"

namespace simulator {
namespace {

using device::Answer;

// More would need too much memory for what a trace says in the worst case.
constexpr uint64_t kTracedAtOnce = 4096;

Napi::Value Start(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  if (board->is_stepped()) return Answer(info.Env(), -EBUSY);
  return Answer(info.Env(), board->Start() ? 0 : -EAGAIN);
}

Napi::Value Stop(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  board->Stop();
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

// (simulator, instructions, quantum, seed, until halt, traced, done)
Napi::Value Run(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  const auto whole = [&](size_t index) {
    return static_cast<uint64_t>(info[index].As<Napi::Number>().Int64Value());
  };
  chip::RunRequest request = {whole(1), static_cast<uint32_t>(whole(2)), whole(3)};
  request.until_halt = info[4].As<Napi::Boolean>().Value();
  const bool is_traced = info[5].As<Napi::Boolean>().Value();
  if (is_traced && request.instructions > kTracedAtOnce) return Answer(info.Env(), -EINVAL);
  const size_t trace_words = is_traced ? request.instructions * chip::TraceRecorder::kLongestRecord : 0;
  auto outcome = std::make_unique<Outcome>();
  outcome->trace.resize(trace_words);
  const Napi::String name = Napi::String::New(info.Env(), "epiphany run");
  if (napi_create_threadsafe_function(info.Env(), info[6], nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                      TellOutcome, &outcome->done) != napi_ok)
    return Answer(info.Env(), -EINVAL);
  uint32_t* const trace = is_traced ? outcome->trace.data() : nullptr;
  if (board->Run(request, trace, trace_words, SendOutcome, outcome.get())) {
    outcome.release();  // SendOutcome has it
    return Answer(info.Env(), 0);
  }
  const int failure = errno;
  napi_release_threadsafe_function(outcome->done, napi_tsfn_abort);
  return Answer(info.Env(), -failure);
}

Napi::Value StopRun(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  if (board->is_stepped()) board->StopRun();
  return Answer(info.Env(), 0);
}

// (simulator, core ID): bit 0, a signal is on its way to it; bit 1, it waits in a barrier; bit 2, it is
// halted by a TRAP, and its number is above.
Napi::Value Inspect(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  const uint32_t core = info[1].As<Napi::Number>().Uint32Value();
  chip::Chip& chip = board->chip();
  const int trap = chip.trap(core);
  return Answer(info.Env(),
                chip.awaits_signal(core) | chip.is_in_barrier(core) << 1 | (trap < 0 ? 0 : trap << 3 | 4));
}

Napi::Value Step(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  return Answer(info.Env(), board->chip().Step(info[1].As<Napi::Number>().Uint32Value()));
}

}  // namespace

void AddRuns(device::Exports* table) {
  table->Add("simulatorStart", Start);
  table->Add("simulatorStop", Stop);
  table->Add("simulatorRun", Run);
  table->Add("simulatorStopRun", StopRun);
  table->Add("simulatorInspect", Inspect);
  table->Add("simulatorStep", Step);
}

}  // namespace simulator
