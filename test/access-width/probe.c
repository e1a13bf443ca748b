// SPDX-License-Identifier: MIT
//
// announce.h for JavaScript; harness.mjs says what each function is for.

#include <node_api.h>

#include "announce.h"

static double number(napi_env env, napi_value value) {
  double result = 0;
  napi_get_value_double(env, value, &result);
  return result;
}

// announce(kind, address = 0, length = 0)
static napi_value announce(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  ew_announce((int)number(env, arguments[0]), (uintptr_t)number(env, arguments[1]),
              (size_t)number(env, arguments[2]));
  return NULL;
}

// addressOf(typed array) → number; exact, since user addresses have 48 bits at most
static napi_value address_of(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value view;
  void* data = NULL;
  napi_value result = NULL;
  napi_get_cb_info(env, info, &count, &view, NULL, NULL);
  if (napi_get_typedarray_info(env, view, NULL, NULL, &data, NULL, NULL) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "addressOf takes a typed array");
    return NULL;
  }
  napi_create_double(env, (double)(uintptr_t)data, &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_property_descriptor functions[] = {
      {"announce", NULL, announce, NULL, NULL, NULL, napi_enumerable, NULL},
      {"addressOf", NULL, address_of, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
