// SPDX-License-Identifier: MIT
// Simulated boards for JavaScript.
#ifndef SIMULATOR_BINDING_H_
#define SIMULATOR_BINDING_H_

#include <napi.h>

#include "device/environment.h"

namespace simulator {

void Register(Napi::Env env, Napi::Object exports, device::EnvironmentPointer* environment);

}  // namespace simulator

#endif  // SIMULATOR_BINDING_H_
