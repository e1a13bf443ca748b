// SPDX-License-Identifier: MIT
// An open character device: owns its file descriptor.
#ifndef DEVICE_CHAR_DEVICE_H_
#define DEVICE_CHAR_DEVICE_H_

#include <napi.h>

#include <memory>

#include "device/environment.h"
#include "device/leases.h"

namespace device {

class CharDevice {
 public:
  // Takes the descriptor; the JavaScript handle's finaliser closes what was not closed before. `maker` are
  // the leases of the device that made it, if one did.
  static Napi::Value Wrap(Napi::Env env, const EnvironmentPointer& environment, int descriptor,
                          const std::shared_ptr<Leases>& maker = nullptr);

  int descriptor() const { return descriptor_; }
  const std::shared_ptr<Leases>& leases() const { return leases_; }
  bool is_open() const { return descriptor_ >= 0; }
  int Close();

  ~CharDevice();

 private:
  CharDevice(EnvironmentPointer environment, int descriptor, const std::shared_ptr<Leases>& maker);

  EnvironmentPointer environment_;
  std::shared_ptr<Leases> leases_;
  int descriptor_;
};

void RegisterCharDevice(Napi::Env env, Napi::Object exports, EnvironmentPointer* environment);

}  // namespace device

#endif  // DEVICE_CHAR_DEVICE_H_
