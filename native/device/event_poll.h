// SPDX-License-Identifier: MIT
// Waits for a device on the event loop of its own JavaScript environment.
#ifndef DEVICE_EVENT_POLL_H_
#define DEVICE_EVENT_POLL_H_

#include <napi.h>
#include <uv.h>

#include "device/environment.h"

namespace device {

// Lives until both its JavaScript handle is collected and libuv has let go of the poll handle.
class EventPoll {
 public:
  // Watches a duplicate of the descriptor: libuv allows one watcher for each descriptor, and this one must
  // outlive a device that is closed meanwhile. Answers a handle, or -errno if the device cannot be polled.
  static Napi::Value Create(Napi::Env env, const EnvironmentPointer& environment, int descriptor);

  int Start(int events, Napi::Function callback);
  void SetReferenced(bool referenced);
  void Close();
  bool is_open() const { return state_ == State::kOpen; }

 private:
  enum class State { kOpen, kClosing, kClosed };

  EventPoll(Napi::Env env, EnvironmentPointer environment, int descriptor);
  ~EventPoll();
  void DropCallback();
  void DeleteIfUnused();
  static void OnEvents(uv_poll_t* poll, int status, int events);
  static void OnClosed(uv_handle_t* handle);
  static void OnEnvironmentExit(napi_async_cleanup_hook_handle hook, void* self);

  napi_env env_;
  EnvironmentPointer environment_;
  int descriptor_;
  uv_poll_t poll_{};
  State state_ = State::kOpen;
  bool handle_lives_ = true;
  napi_ref callback_ = nullptr;
  napi_async_context context_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

void RegisterEventPoll(Napi::Env env, Napi::Object exports, EnvironmentPointer* environment);

}  // namespace device

#endif  // DEVICE_EVENT_POLL_H_
