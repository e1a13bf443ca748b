// SPDX-License-Identifier: MIT
// What a test program needs to say which case failed, and not to end well without having tested anything.
#ifndef TEST_NATIVE_CHIP_TESTING_H_
#define TEST_NATIVE_CHIP_TESTING_H_

#include <cinttypes>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <string>

namespace test {

struct Tally {
  unsigned long cases = 0, checks = 0, failures = 0;
  bool has_failed = false;
  unsigned long failed_cases = 0;
  std::string name;
};

inline Tally& tally() {
  static Tally tally;
  return tally;
}

// Ends the case before, and begins another.
__attribute__((format(printf, 1, 2))) inline void Case(const char* format, ...) {
  char text[200];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  tally().name = text;
  tally().has_failed = false;
  ++tally().cases;
}

inline void Fail(const char* what, uint64_t got, uint64_t wanted) {
  Tally& all = tally();
  if (!all.has_failed) ++all.failed_cases;
  all.has_failed = true;
  constexpr unsigned long kMostShown = 60;
  if (++all.failures > kMostShown) return;
  std::printf("FAILED %s: %s: got 0x%" PRIx64 ", wanted 0x%" PRIx64 "\n", all.name.c_str(), what, got,
              wanted);
}

inline void Equal(const char* what, uint64_t got, uint64_t wanted) {
  ++tally().checks;
  if (got != wanted) Fail(what, got, wanted);
}

inline void True(const char* what, bool got) {
  Equal(what, got, true);
}

// To be returned from main.
inline int Finish(const char* program) {
  const Tally& all = tally();
  std::printf("%s: %lu cases, %lu checks, %lu cases failed\n", program, all.cases, all.checks,
              all.failed_cases);
  if (all.cases == 0 || all.checks == 0) std::printf("FAILED %s: nothing was tested\n", program);
  return all.cases == 0 || all.checks == 0 || all.failures != 0;
}

}  // namespace test

#endif  // TEST_NATIVE_CHIP_TESTING_H_
