// SPDX-License-Identifier: MIT
// The mappings that end with a device: its own, and those of the devices that its requests have made.
#ifndef DEVICE_LEASES_H_
#define DEVICE_LEASES_H_

#include <napi.h>

#include <memory>
#include <unordered_set>
#include <utility>

namespace device {

class Mapping;

// A mapping is in here as long as it is open, also when JavaScript has only a view of it left, or has taken
// its memory away by transfer(): the device's end must reach those, too.
class Leases {
 public:
  // `parent` is of the device that made this one; null if none did.
  explicit Leases(std::shared_ptr<Leases> parent) : parent_(std::move(parent)) {}

  void Add(Mapping* mapping);
  void Remove(Mapping* mapping);
  // Closes them all. -errno of the first that the kernel refuses to close; it and the rest are then still
  // open.
  int Close(napi_env env);

 private:
  const std::shared_ptr<Leases> parent_;
  std::unordered_set<Mapping*> open_;
};

}  // namespace device

#endif  // DEVICE_LEASES_H_
