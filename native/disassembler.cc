// SPDX-License-Identifier: MIT
#include "disassembler.h"

#include "chip/disassemble.h"
#include "device/environment.h"

namespace {

// (bits, available, address): [length, text], and the target if it is a branch. Against the bare C interface,
// because it is called for each instruction. Whatever is no number counts as zero.
napi_value Disassemble(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  uint32_t numbers[3] = {};
  for (size_t i = 0; i < 3; ++i) napi_get_value_uint32(env, arguments[i], &numbers[i]);
  const auto [bits, available, address] = numbers;
  const chip::Line line = chip::Disassemble(address, bits, available);
  napi_value answer = nullptr;
  napi_value elements[3] = {};
  napi_create_uint32(env, line.length, &elements[0]);
  napi_create_string_latin1(env, line.text, NAPI_AUTO_LENGTH, &elements[1]);
  napi_create_uint32(env, line.target, &elements[2]);
  const uint32_t used = line.is_branch ? 3 : 2;
  napi_create_array_with_length(env, used, &answer);
  for (uint32_t i = 0; i < used; ++i) napi_set_element(env, answer, i, elements[i]);
  return answer;
}

}  // namespace

void RegisterDisassembler(Napi::Env env, Napi::Object exports) {
  device::Exports(env, exports, nullptr).AddBare("disassemble", Disassemble);
}
