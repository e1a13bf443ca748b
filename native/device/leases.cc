// SPDX-License-Identifier: MIT
#include "device/leases.h"

#include "device/mapping.h"

namespace device {

void Leases::Add(Mapping* mapping) {
  for (Leases* leases = this; leases; leases = leases->parent_.get()) leases->open_.insert(mapping);
}

void Leases::Remove(Mapping* mapping) {
  for (Leases* leases = this; leases; leases = leases->parent_.get()) leases->open_.erase(mapping);
}

int Leases::Close(napi_env env) {
  while (!open_.empty()) {
    const int status = (*open_.begin())->Close(env);  // takes itself out
    if (status < 0) return status;
  }
  return 0;
}

}  // namespace device
