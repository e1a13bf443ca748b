// SPDX-License-Identifier: MIT
#include "simulator/handles.h"

#include <cerrno>
#include <utility>

#include "device/map_budget.h"

namespace simulator {
namespace {

// Of a board: its memory, what the allocator maps for its cores, and a thread with its guard.
constexpr int kMaps = 4;

// V8 must know what boards weigh, or it would not collect those that a program has forgotten. They grow as
// they run, and nobody says when: so whenever one is opened, it is weighed, and some of the others are again.
void WeighSome(napi_env env, Binding* binding) {
  constexpr size_t kAtOnce = 8;
  int64_t change = 0;
  for (size_t i = 0; i < kAtOnce && i < binding->open.size(); ++i) {
    Handle* handle = binding->open.front();
    const int64_t bytes = handle->board->ResidentBytes();
    change += bytes - std::exchange(handle->told, bytes);
    binding->open.splice(binding->open.end(), binding->open, binding->open.begin());
  }
  int64_t total = 0;
  napi_adjust_external_memory(env, change, &total);
}

void Destroy(Handle* handle) {
  handle->board.reset();
  device::GiveMaps(kMaps);
}

}  // namespace

Napi::Value OpenBoard(Napi::Env env, const BindingPointer& binding, const chip::Model& model,
                      uint32_t quantum) {
  if (!device::TakeMaps(env, kMaps)) return device::Answer(env, -ENOMEM);
  std::unique_ptr<Board> board = Board::Create(model, quantum);
  if (!board) {
    const int failure = errno;
    device::GiveMaps(kMaps);
    return device::Answer(env, -failure);
  }
  auto* handle = new Handle{std::move(board), 0, {}};
  auto* kept = new BindingPointer(binding);
  binding->handles.Add(handle);
  handle->turn = binding->open.insert(binding->open.begin(), handle);
  WeighSome(env, binding.get());
  return device::WrapHandle(
      env, handle,
      [](napi_env env, void* data, void* hint) {
        auto* object = static_cast<Handle*>(data);
        auto* kept = static_cast<BindingPointer*>(hint);
        (*kept)->handles.Remove(object);
        CloseBoard(env, kept->get(), object);
        delete object;
        delete kept;
      },
      kept);
}

void CloseBoard(napi_env env, Binding* binding, Handle* handle) {
  if (!handle->board) return;
  Destroy(handle);
  binding->open.erase(handle->turn);
  int64_t total = 0;
  napi_adjust_external_memory(env, -std::exchange(handle->told, 0), &total);
}

void CloseBoards(Binding* binding) {
  for (Handle* handle : binding->open) Destroy(handle);
  binding->open.clear();
}

}  // namespace simulator
