// SPDX-License-Identifier: MIT
// An open character device: owns its file descriptor.
#ifndef DEVICE_CHAR_DEVICE_H_
#define DEVICE_CHAR_DEVICE_H_

#include <napi.h>

#include "device/environment.h"

namespace device {

class CharDevice {
 public:
  // Takes the descriptor; the JavaScript handle's finaliser closes what was not closed before.
  static Napi::Value Wrap(Napi::Env env, const EnvironmentPointer& environment, int descriptor);

  int descriptor() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  int Close();

  ~CharDevice();

 private:
  CharDevice(EnvironmentPointer environment, int descriptor);

  EnvironmentPointer environment_;
  int descriptor_;
};

void RegisterCharDevice(Napi::Env env, Napi::Object exports, EnvironmentPointer* environment);

}  // namespace device

#endif  // DEVICE_CHAR_DEVICE_H_
