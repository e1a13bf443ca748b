// SPDX-License-Identifier: MIT
#include "simulator/binding.h"

#include <fcntl.h>

#include <cerrno>

#include "device/char_device.h"
#include "simulator/handles.h"
#include "simulator/runs.h"

namespace simulator {
namespace {

using device::Answer;
using device::CharDevice;

// (type, quantum)
Napi::Value Open(const Napi::CallbackInfo& info) {
  const uint32_t type = info[0].As<Napi::Number>().Uint32Value();
  const uint32_t quantum = info[1].As<Napi::Number>().Uint32Value();
  for (const chip::Model* model : chip::kModels)
    if (model->type == type) return OpenBoard(info.Env(), BindingOf(info.Data()), *model, quantum);
  return Answer(info.Env(), -EINVAL);
}

Napi::Value Close(const Napi::CallbackInfo& info) {
  Binding* binding = BindingOf(info.Data()).get();
  Handle* handle = binding->handles.Find(info.Env(), info[0]);
  if (!handle || !handle->board) return Answer(info.Env(), -EBADF);
  CloseBoard(info.Env(), binding, handle);
  return Answer(info.Env(), 0);
}

Napi::Value Memory(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  const int duplicate = fcntl(board->memory_descriptor(), F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) return Answer(info.Env(), -errno);
  return CharDevice::Wrap(info.Env(), BindingOf(info.Data())->devices, duplicate);
}

// (simulator, offset, bytes)
Napi::Value Clear(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  const off_t offset = info[1].As<Napi::Number>().Int64Value();
  const off_t bytes = info[2].As<Napi::Number>().Int64Value();
  constexpr int kHole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  const int result = fallocate(board->memory_descriptor(), kHole, offset, bytes);
  return Answer(info.Env(), result != 0 ? -errno : 0);
}

Napi::Value Events(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  const int descriptor = board->events().TakeReadEnd();
  if (descriptor < 0) return Answer(info.Env(), -EBUSY);
  return CharDevice::Wrap(info.Env(), BindingOf(info.Data())->devices, descriptor);
}

Napi::Value PushMailbox(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  return Answer(info.Env(), board->PushMailbox(info[1].As<Napi::Number>().Uint32Value()));
}

Napi::Value Interrupt(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  const uint32_t core = info[1].As<Napi::Number>().Uint32Value();
  return Answer(info.Env(), board->chip().Interrupt(core, info[2].As<Napi::Number>().Uint32Value()));
}

Napi::Value Inject(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  const auto fault = static_cast<chip::Fault>(info[1].As<Napi::Number>().Uint32Value());
  const uint32_t core = info[2].As<Napi::Number>().Uint32Value();
  return Answer(info.Env(), board->chip().Inject(fault, core, info[3].As<Napi::Boolean>().Value()));
}

Napi::Value EmitRecord(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  board->events().Emit(info[1].As<Napi::Number>().Uint32Value(),
                       static_cast<uint64_t>(info[2].As<Napi::Number>().Int64Value()));
  return Answer(info.Env(), 0);
}

Napi::Value StateWords(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  return Answer(info.Env(), board ? static_cast<double>(board->chip().state_words()) : -EBADF);
}

// Save and Restore: (simulator, Uint32Array of exactly state_words()).
template <typename Use>
Napi::Value UseState(const Napi::CallbackInfo& info, Use use) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  if (!info[1].IsTypedArray() || info[1].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    return Answer(info.Env(), -EINVAL);
  }
  auto words = info[1].As<Napi::Uint32Array>();
  if (words.ElementLength() != board->chip().state_words()) return Answer(info.Env(), -EINVAL);
  if (board->is_running() || board->is_stepped()) return Answer(info.Env(), -EBUSY);
  return Answer(info.Env(), use(board->chip(), words.Data(), words.ElementLength()) ? 0 : -EINVAL);
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

Napi::Value SetCounting(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  board->chip().SetCounting(info[1].As<Napi::Boolean>().Value());
  return Answer(info.Env(), 0);
}

Napi::Value ReadCounters(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  const chip::Counters counters = board->chip().counters(info[1].As<Napi::Number>().Uint32Value());
  Napi::Array answer = Napi::Array::New(info.Env(), chip::kInstructionClasses);
  for (uint32_t i = 0; i < chip::kInstructionClasses; ++i)
    answer.Set(i, Napi::Number::New(info.Env(), static_cast<double>(counters.instructions[i])));
  return answer;
}

Napi::Value MailboxWords(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  return Napi::Number::New(info.Env(), static_cast<double>(board->CountMailboxWords()));
}

Napi::Value SetStrict(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  if (board->is_running() || board->is_stepped()) return Answer(info.Env(), -EBUSY);
  board->chip().SetStrict(info[1].As<Napi::Boolean>().Value(), info[2].As<Napi::Boolean>().Value());
  return Answer(info.Env(), 0);
}

Napi::Value TakeViolation(const Napi::CallbackInfo& info) {
  Board* board = BoardOf(info);
  if (!board) return Answer(info.Env(), -EBADF);
  chip::Violation violation;
  if (!board->chip().TakeViolation(&violation)) return Answer(info.Env(), 0);
  Napi::Array answer = Napi::Array::New(info.Env(), 4);
  const uint32_t fields[] = {static_cast<uint32_t>(violation.kind), violation.core, violation.pc,
                             violation.address};
  for (uint32_t i = 0; i < 4; ++i) answer.Set(i, Napi::Number::New(info.Env(), fields[i]));
  return answer;
}

// The two functions behind every register access, against the bare C interface for speed.

bool Arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value* arguments, Board** board) {
  size_t count = wanted;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, &data) != napi_ok || count < wanted)
    return false;
  *board = BoardOf(env, arguments[0], data);
  return *board != nullptr;
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
  Board* board = nullptr;
  uint32_t address = 0;
  double result = -EBADF;
  if (Arguments(env, info, 2, arguments, &board) &&
      napi_get_value_uint32(env, arguments[1], &address) == napi_ok) {
    const chip::Loaded loaded = board->chip().Load(address, 4);
    result = loaded.bus == chip::Bus::kOk ? static_cast<double>(loaded.value) : BusErrno(loaded.bus);
  }
  napi_value answer = nullptr;
  napi_create_double(env, result, &answer);
  return answer;
}

napi_value StoreWord(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  Board* board = nullptr;
  uint32_t address = 0;
  uint32_t value = 0;
  int result = -EBADF;
  if (Arguments(env, info, 3, arguments, &board) &&
      napi_get_value_uint32(env, arguments[1], &address) == napi_ok &&
      napi_get_value_uint32(env, arguments[2], &value) == napi_ok) {
    result = BusErrno(board->chip().Store(address, value, 4));
  }
  napi_value answer = nullptr;
  napi_create_int32(env, result, &answer);
  return answer;
}

}  // namespace

void Register(Napi::Env env, Napi::Object exports, device::EnvironmentPointer* environment) {
  auto* binding = new BindingPointer(std::make_shared<Binding>());
  (*binding)->devices = *environment;
  env.AddCleanupHook(
      [](BindingPointer* kept) {
        // Their threads must be gone before the environment is.
        CloseBoards(kept->get());
        delete kept;
      },
      binding);
  device::Exports table(env, exports, binding);
  AddRuns(&table);
  table.Add("simulatorOpen", Open);
  table.Add("simulatorClose", Close);
  table.Add("simulatorMemory", Memory);
  table.Add("simulatorClear", Clear);
  table.Add("simulatorEvents", Events);
  table.Add("simulatorPushMailbox", PushMailbox);
  table.Add("simulatorInterrupt", Interrupt);
  table.Add("simulatorInject", Inject);
  table.Add("simulatorEmit", EmitRecord);
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

}  // namespace simulator
