// SPDX-License-Identifier: MIT
// What the device layer keeps for one JavaScript environment (the main thread or one worker).
#ifndef DEVICE_ENVIRONMENT_H_
#define DEVICE_ENVIRONMENT_H_

#include <napi.h>

#include <memory>
#include <unordered_set>

namespace device {

class CharDevice;
class Mapping;
class EventPoll;

// The live objects of one kind. A handle that reaches us from JavaScript is a bare pointer; it is used only
// if it is in here, so no value of another kind, environment or addon can be mistaken for one of ours.
template <typename T>
class LiveSet {
 public:
  void Add(T* object) { live_.insert(object); }
  void Remove(T* object) { live_.erase(object); }
  template <typename Use>
  void ForEach(Use use) const {
    for (T* object : live_) use(object);
  }
  // The object behind a JavaScript value, or null.
  T* Find(napi_env env, napi_value value) const {
    void* data = nullptr;
    if (napi_get_value_external(env, value, &data) != napi_ok) return nullptr;
    auto* object = static_cast<T*>(data);
    return live_.count(object) ? object : nullptr;
  }

 private:
  std::unordered_set<T*> live_;
};

// Shared by every handle, because handles may be finalised after the environment's own clean-up.
struct Environment {
  LiveSet<CharDevice> devices;
  LiveSet<Mapping> mappings;
  LiveSet<EventPoll> polls;
};

using EnvironmentPointer = std::shared_ptr<Environment>;

// The functions of this layer are created with the environment as their data pointer.
inline EnvironmentPointer& EnvironmentOf(void* data) {
  return *static_cast<EnvironmentPointer*>(data);
}
inline EnvironmentPointer& EnvironmentOf(const Napi::CallbackInfo& info) {
  return EnvironmentOf(info.Data());
}

// Adds functions to the addon's exports, all created with the same data pointer.
class Exports {
 public:
  Exports(Napi::Env env, Napi::Object exports, void* data) : env_(env), exports_(exports), data_(data) {}

  void Add(const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports_.Set(name, Napi::Function::New(env_, function, name, data_));
  }
  // For functions that are called so often that the C++ wrapper would show.
  void AddBare(const char* name, napi_callback function) {
    napi_value result = nullptr;
    napi_create_function(env_, name, NAPI_AUTO_LENGTH, function, data_, &result);
    exports_.Set(name, Napi::Value(env_, result));
  }

 private:
  Napi::Env env_;
  Napi::Object exports_;
  void* data_;
};

// Gives an object to JavaScript as a handle. In a worker that is being terminated nothing can be made any
// more: then the object is finalised at once and the caller's value is empty.
template <typename T>
Napi::Value WrapHandle(Napi::Env env, T* object, napi_finalize finalize, void* hint = nullptr) {
  napi_value handle = nullptr;
  if (napi_create_external(env, object, finalize, hint, &handle) == napi_ok) return {env, handle};
  finalize(env, object, hint);
  return {};
}

// Every native function answers a number: what the call gives, or -errno. Errors are made in lib/errors.ts.
inline Napi::Number Answer(Napi::Env env, double value) {
  return Napi::Number::New(env, value);
}

}  // namespace device

#endif  // DEVICE_ENVIRONMENT_H_
