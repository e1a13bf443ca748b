// SPDX-License-Identifier: MIT
// The addon: two native parts that know nothing of each other. Their functions are declared and documented
// in lib/native.ts.
#include <napi.h>
#include <unistd.h>

#include "device/char_device.h"
#include "device/environment.h"
#include "device/event_poll.h"
#include "device/mapping.h"
#include "disassembler.h"
#include "simulator/binding.h"

namespace {

Napi::Object Initialise(Napi::Env env, Napi::Object exports) {
  auto* environment = new device::EnvironmentPointer(std::make_shared<device::Environment>());
  env.AddCleanupHook([](device::EnvironmentPointer* kept) { delete kept; }, environment);
  device::RegisterCharDevice(env, exports, environment);
  device::RegisterMapping(env, exports, environment);
  device::RegisterEventPoll(env, exports, environment);
  simulator::Register(env, exports, environment);
  RegisterDisassembler(env, exports);
  exports.Set("pageBytes", Napi::Number::New(env, static_cast<double>(sysconf(_SC_PAGESIZE))));
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Initialise)
