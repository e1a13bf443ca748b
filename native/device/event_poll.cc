// SPDX-License-Identifier: MIT
#include "device/event_poll.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "device/char_device.h"

namespace device {

EventPoll::EventPoll(Napi::Env env, EnvironmentPointer environment, int descriptor)
    : env_(env), environment_(std::move(environment)), descriptor_(descriptor) {
  poll_.data = this;
}

EventPoll::~EventPoll() {
  environment_->polls.Remove(this);
}

Napi::Value EventPoll::Create(Napi::Env env, const EnvironmentPointer& environment, int descriptor) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return Answer(env, -EINVAL);
  const int duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) return Answer(env, -errno);
  auto* self = new EventPoll(env, environment, duplicate);
  const int status = uv_poll_init(loop, &self->poll_, duplicate);
  if (status < 0) {
    close(duplicate);
    delete self;
    return Answer(env, status);
  }
  environment->polls.Add(self);
  Napi::Object resource = Napi::Object::New(env);
  napi_async_init(env, resource, Napi::String::New(env, "epiphany.poll"), &self->context_);
  // Without this hook a worker that ends while the poll handle is open takes the whole process with it.
  napi_add_async_cleanup_hook(env, OnEnvironmentExit, self, &self->hook_);
  return WrapHandle(env, self, [](napi_env, void* data, void*) {
    auto* object = static_cast<EventPoll*>(data);
    object->handle_lives_ = false;
    object->Close();
    object->DeleteIfUnused();
  });
}

int EventPoll::Start(int events, Napi::Function callback) {
  DropCallback();
  // Strong while started: what waits for a device must not be collected.
  napi_create_reference(env_, callback, 1, &callback_);
  const int status = uv_poll_start(&poll_, events, OnEvents);
  if (status < 0) DropCallback();
  return status;
}

void EventPoll::SetReferenced(bool referenced) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  referenced ? uv_ref(handle) : uv_unref(handle);
}

void EventPoll::Close() {
  if (state_ != State::kOpen) return;
  state_ = State::kClosing;
  DropCallback();
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnClosed);
  // libuv allows it from here on, and nobody should find the device held for another turn of the loop.
  close(descriptor_);
}

void EventPoll::DropCallback() {
  if (callback_) napi_delete_reference(env_, std::exchange(callback_, nullptr));
}

void EventPoll::DeleteIfUnused() {
  if (!handle_lives_ && state_ == State::kClosed) delete this;
}

void EventPoll::OnEvents(uv_poll_t* poll, int status, int events) {
  auto* self = static_cast<EventPoll*>(poll->data);
  Napi::Env env(self->env_);
  Napi::HandleScope scope(env);
  napi_value callback = nullptr;
  if (!self->callback_ || napi_get_reference_value(env, self->callback_, &callback) != napi_ok) return;
  const napi_value arguments[] = {Answer(env, status), Answer(env, events)};
  napi_value result = nullptr;
  const napi_status called =
      napi_make_callback(env, self->context_, env.Global(), callback, 2, arguments, &result);
  if (called == napi_pending_exception) {
    napi_value exception = nullptr;
    napi_get_and_clear_last_exception(env, &exception);
    napi_fatal_exception(env, exception);  // an ordinary 'uncaughtException'
  }
}

void EventPoll::OnClosed(uv_handle_t* handle) {
  auto* self = static_cast<EventPoll*>(handle->data);
  self->state_ = State::kClosed;
  if (self->context_) napi_async_destroy(self->env_, std::exchange(self->context_, nullptr));
  if (self->hook_) napi_remove_async_cleanup_hook(std::exchange(self->hook_, nullptr));
  self->DeleteIfUnused();
}

void EventPoll::OnEnvironmentExit(napi_async_cleanup_hook_handle, void* self) {
  // Removing the hook, which OnClosed does, tells Node that this clean-up is complete.
  static_cast<EventPoll*>(self)->Close();
}

namespace {

Napi::Value PollCreate(const Napi::CallbackInfo& info) {
  CharDevice* device = EnvironmentOf(info)->devices.Find(info.Env(), info[0]);
  if (!device || !device->is_open()) return Answer(info.Env(), -EBADF);
  return EventPoll::Create(info.Env(), EnvironmentOf(info), device->descriptor());
}

EventPoll* OpenPoll(const Napi::CallbackInfo& info) {
  EventPoll* poll = EnvironmentOf(info)->polls.Find(info.Env(), info[0]);
  return poll && poll->is_open() ? poll : nullptr;
}

Napi::Value PollStart(const Napi::CallbackInfo& info) {
  EventPoll* poll = OpenPoll(info);
  if (!poll) return Answer(info.Env(), -EBADF);
  if (!info[2].IsFunction()) return Answer(info.Env(), -EINVAL);
  const int events = info[1].As<Napi::Number>().Int32Value();
  constexpr int kKnown = UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED;
  if (events == 0 || (events & ~kKnown)) return Answer(info.Env(), -EINVAL);  // libuv would abort
  return Answer(info.Env(), poll->Start(events, info[2].As<Napi::Function>()));
}

Napi::Value PollReference(const Napi::CallbackInfo& info) {
  EventPoll* poll = OpenPoll(info);
  if (!poll) return Answer(info.Env(), -EBADF);
  poll->SetReferenced(info[1].As<Napi::Boolean>().Value());
  return Answer(info.Env(), 0);
}

Napi::Value PollClose(const Napi::CallbackInfo& info) {
  EventPoll* poll = OpenPoll(info);
  if (!poll) return Answer(info.Env(), -EBADF);
  poll->Close();
  return Answer(info.Env(), 0);
}

}  // namespace

void RegisterEventPoll(Napi::Env env, Napi::Object exports, EnvironmentPointer* environment) {
  Exports table(env, exports, environment);
  table.Add("pollCreate", PollCreate);
  table.Add("pollStart", PollStart);
  table.Add("pollReference", PollReference);
  table.Add("pollClose", PollClose);
}

}  // namespace device
