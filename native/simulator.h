// SPDX-License-Identifier: MIT
// The chip model as a board of this process: native/chip with memory, and with the part of the driver.
#ifndef SIMULATOR_H_
#define SIMULATOR_H_

#include <napi.h>

#include "device/environment.h"

void RegisterSimulator(Napi::Env env, Napi::Object exports, device::EnvironmentPointer* environment);

#endif  // SIMULATOR_H_
