// SPDX-License-Identifier: MIT
// What JavaScript holds of simulated boards.
#ifndef SIMULATOR_HANDLES_H_
#define SIMULATOR_HANDLES_H_

#include <napi.h>

#include <cstdint>
#include <list>
#include <memory>

#include "device/environment.h"
#include "simulator/board.h"

namespace simulator {

// What a handle refers to: it outlives the board that was closed.
struct Handle {
  std::unique_ptr<Board> board;
  int64_t told = 0;  // bytes, to V8
  std::list<Handle*>::iterator turn;
};

struct Binding {
  device::EnvironmentPointer devices;
  device::LiveSet<Handle> handles;
  std::list<Handle*> open;  // in the order in which they are to be weighed
};
using BindingPointer = std::shared_ptr<Binding>;

inline BindingPointer& BindingOf(void* data) {
  return *static_cast<BindingPointer*>(data);
}

// The board behind the first argument of a function; null if it is none, or was closed.
inline Board* BoardOf(napi_env env, napi_value value, void* data) {
  const Handle* handle = BindingOf(data)->handles.Find(env, value);
  return handle ? handle->board.get() : nullptr;
}
inline Board* BoardOf(const Napi::CallbackInfo& info) {
  return BoardOf(info.Env(), info[0], info.Data());
}

// A handle of a new board, or -errno.
Napi::Value OpenBoard(Napi::Env env, const BindingPointer& binding, const chip::Model& model,
                      uint32_t quantum);
// Doing it again does nothing.
void CloseBoard(napi_env env, Binding* binding, Handle* handle);
// All of them, when there is no environment any more.
void CloseBoards(Binding* binding);

}  // namespace simulator

#endif  // SIMULATOR_HANDLES_H_
