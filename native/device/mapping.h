// SPDX-License-Identifier: MIT
// A mapping of device memory, handed to JavaScript as one ArrayBuffer.
//
// A mapping is a lease. Closing it detaches the ArrayBuffer, and covers the range with anonymous memory in
// case the buffer had been transferred away before: whoever still holds it then reads zeros instead of
// touching a device that is gone, or memory that belongs to somebody else. The range itself is given back
// only when nothing can refer to it any more.
#ifndef DEVICE_MAPPING_H_
#define DEVICE_MAPPING_H_

#include <napi.h>

#include "device/environment.h"

namespace device {

class Mapping {
 public:
  bool is_open() const { return open_; }
  bool is_writable() const { return writable_; }
  unsigned char* base() const { return base_; }
  bool Contains(double offset, double bytes) const;

  static Napi::Value Create(Napi::Env env, const EnvironmentPointer& environment, int descriptor,
                            int64_t offset, size_t bytes, bool writable);
  // The one ArrayBuffer over the mapping, or -errno.
  Napi::Value Buffer(Napi::Env env);
  int Close(napi_env env);

 private:
  Mapping(EnvironmentPointer environment, unsigned char* base, size_t bytes, bool writable);
  ~Mapping();
  void ReleaseHandle(napi_env env);
  bool Cover();
  void ReleaseBuffer();
  void DeleteIfUnused();

  EnvironmentPointer environment_;
  unsigned char* base_;  // null once given back
  size_t bytes_;
  bool writable_;
  bool open_ = true;
  bool handle_lives_ = true;
  bool buffer_lives_ = false;
  // Somebody transferred the buffer away; its new owner cannot be known, so the range is never given back.
  bool stolen_ = false;
  napi_ref buffer_ = nullptr;  // weak
};

void RegisterMapping(Napi::Env env, Napi::Object exports, EnvironmentPointer* environment);

}  // namespace device

#endif  // DEVICE_MAPPING_H_
