// SPDX-License-Identifier: MIT
// A mapping of device memory, handed to JavaScript as one ArrayBuffer.
//
// A mapping is a lease. Closing it covers the range with anonymous memory: who still has it reads zeros
// instead of touching a device that is gone, or memory that belongs to somebody else. Of device memory the
// ArrayBuffer is detached as well. Not so of plain memory, which may be in use by an asynchronous call: Node
// aborts if a view is detached under zlib.
//
// The range itself is given back only when nothing can refer to it: when neither the ArrayBuffer, which
// asynchronous calls hold while they use a bare pointer, nor its backing store, which transfer() and some
// asynchronous calls take, is there any more. A detached ArrayBuffer lets go of its backing store at once, so
// each has a finaliser of its own.
//
// transfer() gives the store to an ArrayBuffer that we do not know, and which may lose it to the next while a
// call uses its memory. It leaves traces: the store dies before our ArrayBuffer, or it outlives it by more
// than the garbage collector takes to tell of it. Such a range is never given back.
#ifndef DEVICE_MAPPING_H_
#define DEVICE_MAPPING_H_

#include <napi.h>

#include <memory>

#include "device/environment.h"
#include "device/leases.h"

namespace device {

// By its number in lib/native.ts.
enum class MappingKind { kReadOnlyDevice, kDevice, kMemory };

class Mapping {
 public:
  bool is_open() const { return open_; }
  bool is_writable() const { return kind_ != MappingKind::kReadOnlyDevice; }
  unsigned char* base() const { return base_; }
  bool Contains(double offset, double bytes) const;

  static Napi::Value Create(Napi::Env env, const EnvironmentPointer& environment,
                            const std::shared_ptr<Leases>& leases, int descriptor, int64_t offset,
                            size_t bytes, MappingKind kind);
  // The one ArrayBuffer over the mapping, or -errno.
  Napi::Value Buffer(Napi::Env env);
  int Close(napi_env env);

 private:
  Mapping(EnvironmentPointer environment, std::shared_ptr<Leases> leases, unsigned char* base, size_t bytes,
          MappingKind kind);
  bool has_buffer() const { return object_lives_ || store_lives_; }
  bool Cover();
  int Unmap();
  void End();
  int64_t Weight() const;
  void Tell(napi_env env, int64_t bytes);
  napi_value LiveBuffer(napi_env env) const;
  // Whether transfer() took the memory away from the buffer, as far as a buffer that is still there can tell.
  bool IsTaken(napi_env env) const;
  // Releases cycle_lives_ when garbage has been collected.
  void AwaitCycle(napi_env env);
  void Release(napi_env env, bool* lives);

  const EnvironmentPointer environment_;
  const std::shared_ptr<Leases> leases_;
  unsigned char* base_;  // null once given back
  const size_t bytes_;
  const MappingKind kind_;
  bool open_ = true;
  // What JavaScript has of it.
  bool handle_lives_ = true;
  bool object_lives_ = false;
  bool store_lives_ = false;
  bool cycle_lives_ = false;  // what AwaitCycle made
  int cycles_ = 0;
  bool detached_ = false;  // by Close
  // Somebody transferred the buffer away; its new owner cannot be known, so the range is never given back.
  bool stolen_ = false;
  napi_ref buffer_ = nullptr;  // weak
  int64_t told_ = 0;
};

void RegisterMapping(Napi::Env env, Napi::Object exports, EnvironmentPointer* environment);

}  // namespace device

#endif  // DEVICE_MAPPING_H_
