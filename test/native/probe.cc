// SPDX-License-Identifier: MIT
// What tests and benchmarks need from C: page protections, the plain C loops to compare with, and what the
// chip model has inside.
#include <node_api.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "chip/isa.h"
#include "device/word_copy.h"

namespace {

struct Array {
  void* data = nullptr;
  size_t bytes = 0;
};

Array ArrayOf(napi_env env, napi_value value) {
  Array array;
  napi_typedarray_type type;
  size_t length = 0;
  napi_get_typedarray_info(env, value, &type, &length, &array.data, nullptr, nullptr);
  const bool is_byte = type == napi_uint8_array || type == napi_int8_array;
  array.bytes = length * (is_byte ? 1 : 4);
  return array;
}

napi_value Number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

struct Arguments {
  napi_value value[4];
  Arguments(napi_env env, napi_callback_info info) {
    size_t count = 4;
    napi_get_cb_info(env, info, &count, value, nullptr, nullptr);
  }
};

uint32_t Uint32(napi_env env, napi_value value) {
  uint32_t result = 0;
  napi_get_value_uint32(env, value, &result);
  return result;
}

// (array, protection): mprotect of the pages that an array lies in; 0 or -errno.
napi_value Protect(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const Array array = ArrayOf(env, arguments.value[0]);
  const int result = mprotect(array.data, array.bytes, static_cast<int>(Uint32(env, arguments.value[1])));
  return Number(env, result < 0 ? -errno : 0);
}

// (bytes): a descriptor of memory that is no device, as large as wanted; or -errno.
napi_value Memfd(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  double bytes = 0;
  napi_get_value_double(env, arguments.value[0], &bytes);
  const int descriptor = memfd_create("probe", MFD_CLOEXEC);
  if (descriptor < 0 || ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) return Number(env, -errno);
  return Number(env, descriptor);
}

// The loops below do their work so many times within one call, so that the call itself weighs nothing.

// (device array, host array, times): copies between the two by the library's own word loop.
template <typename Copy>
napi_value RepeatCopy(napi_env env, napi_callback_info info, Copy copy) {
  const Arguments arguments(env, info);
  const Array device = ArrayOf(env, arguments.value[0]);
  const Array host = ArrayOf(env, arguments.value[1]);
  const uint32_t times = Uint32(env, arguments.value[2]);
  for (uint32_t i = 0; i < times; ++i) copy(device.data, host.data, host.bytes);
  return nullptr;
}

napi_value CopyIn(napi_env env, napi_callback_info info) {
  return RepeatCopy(
      env, info, [](void* device, void* host, size_t bytes) { device::CopyToDevice(device, host, bytes); });
}

napi_value CopyOut(napi_env env, napi_callback_info info) {
  return RepeatCopy(
      env, info, [](void* device, void* host, size_t bytes) { device::CopyFromDevice(host, device, bytes); });
}

// (device array, times): loads every word of the array, and answers the sum.
napi_value LoadAll(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const Array device = ArrayOf(env, arguments.value[0]);
  const uint32_t times = Uint32(env, arguments.value[1]);
  const auto* words = static_cast<const volatile uint32_t*>(device.data);
  const size_t count = device.bytes / 4;
  uint32_t sum = 0;
  for (uint32_t i = 0; i < times; ++i)
    for (size_t word = 0; word < count; ++word) sum += words[word];
  return Number(env, sum);
}

// (device array, times): stores to every word of the array its own index plus the number of rounds before.
napi_value StoreAll(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const Array device = ArrayOf(env, arguments.value[0]);
  const uint32_t times = Uint32(env, arguments.value[1]);
  auto* words = static_cast<volatile uint32_t*>(device.data);
  const size_t count = device.bytes / 4;
  for (uint32_t i = 0; i < times; ++i)
    for (size_t word = 0; word < count; ++word) words[word] = static_cast<uint32_t>(word) + i;
  return nullptr;
}

// (bits): the fields of the instruction that they are.
napi_value Decode(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const chip::Instruction decoded = chip::Decode(Uint32(env, arguments.value[0]));
  const struct {
    const char* name;
    int64_t value;
  } fields[] = {
      {"bits", decoded.bits},
      {"length", decoded.length},
      {"operation", static_cast<int64_t>(decoded.operation)},
      {"rd", decoded.rd},
      {"rn", decoded.rn},
      {"rm", decoded.rm},
      {"immediate", decoded.immediate},
      {"condition", static_cast<int64_t>(decoded.condition)},
      {"size", decoded.size},
      {"hasImmediate", decoded.has_immediate},
      {"subtract", decoded.subtract},
      {"postModify", decoded.post_modify},
      {"exact", decoded.exact},
  };
  napi_value result = nullptr;
  napi_create_object(env, &result);
  for (const auto& [name, value] : fields)
    napi_set_named_property(env, result, name, Number(env, static_cast<double>(value)));
  return result;
}

napi_value Initialise(napi_env env, napi_value exports) {
  const struct {
    const char* name;
    napi_callback function;
  } functions[] = {
      {"protect", Protect}, {"memfd", Memfd},       {"copyIn", CopyIn}, {"copyOut", CopyOut},
      {"loadAll", LoadAll}, {"storeAll", StoreAll}, {"decode", Decode},
  };
  for (const auto& [name, function] : functions) {
    napi_value value = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  }
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Initialise)
