// SPDX-License-Identifier: MIT
#include "device/map_budget.h"

#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdio>

namespace device {
namespace {

// The rest is for V8, whose heap alone may take several thousand, for libraries and for other addons.
constexpr int kShare = 4;
constexpr int kUsualLimit = 65530;

int Limit() {
  int limit = 0;
  if (FILE* file = std::fopen("/proc/sys/vm/max_map_count", "re")) {
    char text[32];
    // Not by fscanf: headers of newer C libraries make another function of it, which older systems do not
    // have.
    std::from_chars(text, text + std::fread(text, 1, sizeof text, file), limit);
    std::fclose(file);
  }
  return (limit > 0 ? limit : kUsualLimit) / kShare;
}

std::atomic<int> used{0};

}  // namespace

bool TakeMaps(napi_env env, int count) {
  static const int limit = Limit();
  if (used.fetch_add(count) + count <= limit) return true;
  GiveMaps(count);
  // More than any heap may have outside of itself.
  constexpr int64_t kAlarm = int64_t{1} << 40;
  int64_t total = 0;
  napi_adjust_external_memory(env, kAlarm, &total);
  napi_adjust_external_memory(env, -kAlarm, &total);
  return false;
}

void GiveMaps(int count) {
  used.fetch_sub(count);
}

}  // namespace device
