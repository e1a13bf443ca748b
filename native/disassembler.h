// SPDX-License-Identifier: MIT
// The chip model's disassembler for JavaScript.
#ifndef DISASSEMBLER_H_
#define DISASSEMBLER_H_

#include <napi.h>

void RegisterDisassembler(Napi::Env env, Napi::Object exports);

#endif  // DISASSEMBLER_H_
