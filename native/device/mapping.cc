// SPDX-License-Identifier: MIT
#include "device/mapping.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "device/char_device.h"
#include "device/map_budget.h"
#include "device/word_copy.h"

namespace device {
namespace {

// Bytes that V8 is told of for each mapping, whatever its length: that many are not worth so many of the
// mappings that a process may have.
constexpr int64_t kWeight = 16384;

// V8 frees a backing store on a thread of its own, and Node tells of it in a turn of the event loop: of one
// that died together with its ArrayBuffer, before garbage has been collected so often again.
constexpr int kCycles = 2;

}  // namespace

bool Mapping::Contains(double offset, double bytes) const {
  // Written so that NaN fails, and without a sum that could wrap.
  const auto size = static_cast<double>(bytes_);
  return open_ && offset >= 0 && bytes >= 0 && offset <= size && bytes <= size - offset;
}

Mapping::Mapping(EnvironmentPointer environment, std::shared_ptr<Leases> leases, unsigned char* base,
                 size_t bytes, MappingKind kind)
    : environment_(std::move(environment)),
      leases_(std::move(leases)),
      base_(base),
      bytes_(bytes),
      kind_(kind) {
  environment_->mappings.Add(this);
  leases_->Add(this);
}

Napi::Value Mapping::Create(Napi::Env env, const EnvironmentPointer& environment,
                            const std::shared_ptr<Leases>& leases, int descriptor, int64_t offset,
                            size_t bytes, MappingKind kind) {
  if (!TakeMaps(env, 1)) return Answer(env, -ENOMEM);
  const int protection = PROT_READ | (kind == MappingKind::kReadOnlyDevice ? 0 : PROT_WRITE);
  void* base = mmap(nullptr, bytes, protection, MAP_SHARED, descriptor, offset);
  if (base == MAP_FAILED) {
    const int failure = errno;
    GiveMaps(1);
    return Answer(env, -failure);
  }
  auto* mapping = new Mapping(environment, leases, static_cast<unsigned char*>(base), bytes, kind);
  mapping->Tell(env, kWeight);
  return WrapHandle(env, mapping, [](napi_env env, void* object, void*) {
    auto* self = static_cast<Mapping*>(object);
    self->environment_->mappings.Remove(self);
    self->Release(env, &self->handle_lives_);
  });
}

Napi::Value Mapping::Buffer(Napi::Env env) {
  if (!open_) return Answer(env, -EBADF);
  napi_value buffer = LiveBuffer(env);
  if (buffer) return {env, buffer};
  // Collected but not yet finalised: a second buffer now would be released by the first one's finalisers.
  if (has_buffer()) return Answer(env, -EAGAIN);
  const auto release_store = [](napi_env env, void*, void* self) {
    static_cast<Mapping*>(self)->Release(env, &static_cast<Mapping*>(self)->store_lives_);
  };
  const auto release_object = [](napi_env env, void* self, void*) {
    static_cast<Mapping*>(self)->Release(env, &static_cast<Mapping*>(self)->object_lives_);
  };
  const napi_status status =
      napi_create_external_arraybuffer(env, base_, bytes_, release_store, this, &buffer);
  // Hosts that run V8 in a sandbox (Electron) refuse memory that V8 did not allocate itself.
  if (status == napi_no_external_buffers_allowed) return Answer(env, -EOPNOTSUPP);
  if (status != napi_ok) return Answer(env, -ENOMEM);
  store_lives_ = true;
  object_lives_ = napi_add_finalizer(env, buffer, this, release_object, nullptr, nullptr) == napi_ok;
  napi_create_reference(env, buffer, 0, &buffer_);
  return {env, buffer};
}

int Mapping::Close(napi_env env) {
  if (!open_) return 0;
  // Covered before detached: if the kernel refuses, everything is still as it was.
  if (has_buffer() || stolen_ ? !Cover() : Unmap() != 0) return -errno;
  napi_value buffer = nullptr;
  if (IsTaken(env)) {
    stolen_ = true;
  } else if (kind_ != MappingKind::kMemory && (buffer = LiveBuffer(env))) {
    detached_ = napi_detach_arraybuffer(env, buffer) == napi_ok;
  }
  open_ = false;
  leases_->Remove(this);
  Tell(env, Weight());
  return 0;
}

// Shared, because private memory would count against RLIMIT_DATA.
bool Mapping::Cover() {
  constexpr int kAnonymous = MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
  return mmap(base_, bytes_, PROT_READ | PROT_WRITE, kAnonymous, -1, 0) != MAP_FAILED;
}

int Mapping::Unmap() {
  if (!base_) return 0;
  if (munmap(base_, bytes_) != 0) return -1;
  base_ = nullptr;
  GiveMaps(1);
  return 0;
}

napi_value Mapping::LiveBuffer(napi_env env) const {
  napi_value buffer = nullptr;
  if (buffer_) napi_get_reference_value(env, buffer_, &buffer);
  return buffer;
}

bool Mapping::IsTaken(napi_env env) const {
  const napi_value buffer = detached_ ? nullptr : LiveBuffer(env);
  if (!buffer) return false;
  // When the environment ends Node detaches every buffer itself. Then no JavaScript can be run, which this
  // call tells.
  bool is_same = false;
  if (napi_strict_equals(env, buffer, buffer, &is_same) != napi_ok) return false;
  bool is_detached = false;
  return napi_is_detached_arraybuffer(env, buffer, &is_detached) == napi_ok && is_detached;
}

void Mapping::AwaitCycle(napi_env env) {
  const auto collected = [](napi_env env, void* self, void*) {
    static_cast<Mapping*>(self)->Release(env, &static_cast<Mapping*>(self)->cycle_lives_);
  };
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value garbage = nullptr;
  cycle_lives_ = napi_create_external(env, this, collected, nullptr, &garbage) == napi_ok;
  napi_close_handle_scope(env, scope);
}

// Address space is scarce on 32 bits, and mappings are everywhere: V8, which forgets a detached buffer, must
// know what waits for it. It can do nothing about a stolen one.
int64_t Mapping::Weight() const {
  if (!base_ || stolen_) return 0;
  return open_ ? kWeight : kWeight + static_cast<int64_t>(bytes_);
}

// V8 may collect garbage at once, and finalise other mappings before this returns: nothing may be done behind
// it that they could have changed.
void Mapping::Tell(napi_env env, int64_t bytes) {
  const int64_t change = bytes - told_;
  told_ = bytes;
  int64_t total = 0;
  if (change != 0) napi_adjust_external_memory(env, change, &total);
}

// JavaScript has lost one of them; the last takes everything along.
void Mapping::Release(napi_env env, bool* lives) {
  *lives = false;
  if (lives == &store_lives_) {
    stolen_ = stolen_ || IsTaken(env);
  } else if (lives != &handle_lives_ && store_lives_ && !detached_) {
    // The store has outlived its object: let us see how long it does.
    if (lives == &object_lives_) cycles_ = 0;
    if (cycles_++ >= kCycles) {
      stolen_ = true;
    } else if (!cycle_lives_) {  // one of an earlier buffer will do
      AwaitCycle(env);
    }
  }
  if (buffer_ && !object_lives_) napi_delete_reference(env, std::exchange(buffer_, nullptr));
  if (!has_buffer() && !(open_ && handle_lives_)) End();
  if (has_buffer() || handle_lives_ || cycle_lives_) {
    Tell(env, Weight());
  } else {
    int64_t total = 0;
    const int64_t told = told_;
    delete this;
    napi_adjust_external_memory(env, -told, &total);
  }
}

void Mapping::End() {
  if (!stolen_) {
    Unmap();
  } else if (open_) {
    Cover();
  }
  open_ = false;
  leases_->Remove(this);
}

namespace {

Mapping* OpenMapping(const Napi::CallbackInfo& info) {
  Mapping* mapping = EnvironmentOf(info)->mappings.Find(info.Env(), info[0]);
  return mapping && mapping->is_open() ? mapping : nullptr;
}

Napi::Value Map(const Napi::CallbackInfo& info) {
  CharDevice* device = EnvironmentOf(info)->devices.Find(info.Env(), info[0]);
  if (!device || !device->is_open()) return Answer(info.Env(), -EBADF);
  const int64_t offset = info[1].As<Napi::Number>().Int64Value();
  const int64_t bytes = info[2].As<Napi::Number>().Int64Value();
  const uint32_t kind = info[3].As<Napi::Number>().Uint32Value();
  if (kind > static_cast<uint32_t>(MappingKind::kMemory) || offset < 0 || bytes <= 0 ||
      static_cast<uint64_t>(bytes) > SIZE_MAX)
    return Answer(info.Env(), -EINVAL);
  // Beyond the end of a file every access would be a SIGBUS. What a device has behind an offset only it
  // knows.
  struct stat file;
  if (fstat(device->descriptor(), &file) != 0) return Answer(info.Env(), -errno);
  if (S_ISREG(file.st_mode) && bytes > file.st_size - offset) return Answer(info.Env(), -ENXIO);
  return Mapping::Create(info.Env(), EnvironmentOf(info), device->leases(), device->descriptor(), offset,
                         static_cast<size_t>(bytes), static_cast<MappingKind>(kind));
}

Napi::Value Unmap(const Napi::CallbackInfo& info) {
  Mapping* mapping = OpenMapping(info);
  return Answer(info.Env(), mapping ? mapping->Close(info.Env()) : -EBADF);
}

Napi::Value Buffer(const Napi::CallbackInfo& info) {
  Mapping* mapping = OpenMapping(info);
  return mapping ? mapping->Buffer(info.Env()) : Answer(info.Env(), -EBADF);
}

// As a number, which is exact: user space has fewer bits of address than a double of mantissa.
Napi::Value Address(const Napi::CallbackInfo& info) {
  Mapping* mapping = OpenMapping(info);
  if (!mapping) return Answer(info.Env(), -EBADF);
  return Answer(info.Env(), static_cast<double>(reinterpret_cast<uintptr_t>(mapping->base())));
}

Napi::Value Fill(const Napi::CallbackInfo& info) {
  Mapping* mapping = OpenMapping(info);
  if (!mapping) return Answer(info.Env(), -EBADF);
  const double offset = info[1].As<Napi::Number>().DoubleValue();
  const double bytes = info[2].As<Napi::Number>().DoubleValue();
  if (!mapping->is_writable() || !mapping->Contains(offset, bytes)) return Answer(info.Env(), -EINVAL);
  FillDevice(mapping->base() + static_cast<size_t>(offset), info[3].As<Napi::Number>().Uint32Value() & 0xff,
             static_cast<size_t>(bytes));
  return Answer(info.Env(), 0);
}

volatile uint32_t* WordsAt(Mapping* mapping, double offset) {
  return reinterpret_cast<volatile uint32_t*>(mapping->base() + static_cast<size_t>(offset));
}

bool ContainsWords(const Mapping* mapping, double offset, double words) {
  return mapping->Contains(offset, words * 4) && static_cast<size_t>(offset) % 4 == 0;
}

Napi::Value FillMappingWords(const Napi::CallbackInfo& info) {
  Mapping* mapping = OpenMapping(info);
  if (!mapping) return Answer(info.Env(), -EBADF);
  const double offset = info[1].As<Napi::Number>().DoubleValue();
  const double words = info[2].As<Napi::Number>().DoubleValue();
  if (!mapping->is_writable() || !ContainsWords(mapping, offset, words)) return Answer(info.Env(), -EINVAL);
  FillWords(WordsAt(mapping, offset), info[3].As<Napi::Number>().Uint32Value(), static_cast<size_t>(words));
  return Answer(info.Env(), 0);
}

Napi::Value MoveMappingWords(const Napi::CallbackInfo& info) {
  Mapping* to = OpenMapping(info);
  Mapping* from = EnvironmentOf(info)->mappings.Find(info.Env(), info[2]);
  if (!to || !from) return Answer(info.Env(), -EBADF);
  const double to_offset = info[1].As<Napi::Number>().DoubleValue();
  const double from_offset = info[3].As<Napi::Number>().DoubleValue();
  const double words = info[4].As<Napi::Number>().DoubleValue();
  if (!to->is_writable() || !ContainsWords(to, to_offset, words) ||
      !ContainsWords(from, from_offset, words)) {
    return Answer(info.Env(), -EINVAL);
  }
  MoveWords(WordsAt(to, to_offset), WordsAt(from, from_offset), static_cast<size_t>(words));
  return Answer(info.Env(), 0);
}

// The two functions below carry every bulk transfer, so they are written against the bare C interface.

napi_value BareAnswer(napi_env env, int value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

// Of the classes that lib/view.ts hands over; 0 for any other.
size_t ElementBytes(napi_typedarray_type type) {
  switch (type) {
    case napi_uint8_array:
      return 1;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    default:
      return 0;
  }
}

// (mapping, offset, typed array): moves the whole array.
template <typename Move>
napi_value MoveArray(napi_env env, napi_callback_info info, bool writes, Move move) {
  napi_value argument[3];
  size_t count = 3;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, argument, nullptr, &data) != napi_ok || count < 3) {
    return BareAnswer(env, -EINVAL);
  }
  Mapping* mapping = EnvironmentOf(data)->mappings.Find(env, argument[0]);
  if (!mapping || !mapping->is_open()) return BareAnswer(env, -EBADF);
  double offset = -1;
  napi_typedarray_type type = napi_float64_array;  // stays so if Node-API does not know the class
  size_t length = 0;
  void* host = nullptr;
  if (napi_get_value_double(env, argument[1], &offset) != napi_ok ||
      napi_get_typedarray_info(env, argument[2], &type, &length, &host, nullptr, nullptr) != napi_ok) {
    return BareAnswer(env, -EINVAL);
  }
  const size_t element = ElementBytes(type);
  const size_t bytes = length * element;
  if (element == 0 || (writes && !mapping->is_writable()) ||
      !mapping->Contains(offset, static_cast<double>(bytes))) {
    return BareAnswer(env, -EINVAL);
  }
  move(mapping->base() + static_cast<size_t>(offset), host, bytes);
  return BareAnswer(env, 0);
}

napi_value CopyIn(napi_env env, napi_callback_info info) {
  return MoveArray(env, info, true, [](unsigned char* device, void* host, size_t bytes) {
    CopyToDevice(device, host, bytes);
  });
}

napi_value CopyOut(napi_env env, napi_callback_info info) {
  return MoveArray(env, info, false, [](unsigned char* device, void* host, size_t bytes) {
    CopyFromDevice(host, device, bytes);
  });
}

}  // namespace

void RegisterMapping(Napi::Env env, Napi::Object exports, EnvironmentPointer* environment) {
  Exports table(env, exports, environment);
  table.Add("map", Map);
  table.Add("unmap", Unmap);
  table.Add("buffer", Buffer);
  table.Add("address", Address);
  table.Add("fill", Fill);
  table.Add("fillWords", FillMappingWords);
  table.Add("moveWords", MoveMappingWords);
  table.AddBare("copyIn", CopyIn);
  table.AddBare("copyOut", CopyOut);
}

}  // namespace device
