// SPDX-License-Identifier: MIT
// The same as workloads.S, for the processor that simulates: what a core's work would cost there by itself.
// Compiled with different optimisations side by side; NAME makes names of them.
#include <stdint.h>
#include <string.h>

uint32_t NAME(integer)(uint32_t rounds) {
  uint32_t number = 1, sum = 0;
  do {
    number ^= number << 13;
    number ^= number >> 17;
    number ^= number << 5;
    sum += number;
  } while (--rounds);
  return sum;
}

uint32_t NAME(copy)(uint32_t rounds, const uint64_t* from, uint64_t* to, uint32_t count) {
  uint64_t last = 0;
  do {
    // Volatile, so that it is not taken for a memcpy, and each round is done.
    const volatile uint64_t* source = from;
    volatile uint64_t* destination = to;
    for (uint32_t left = count; left; --left) *destination++ = last = *source++;
  } while (--rounds);
  return (uint32_t)last;
}

static uint32_t bits(float value) {
  uint32_t result;
  memcpy(&result, &value, sizeof result);
  return result;
}

uint32_t NAME(inner)(uint32_t rounds, const volatile float* a, const volatile float* b, uint32_t pairs) {
  float even = 0, odd = 0;
  do {
    for (uint32_t i = 0; i < 2 * pairs; i += 2) {
      even += a[i] * b[i];
      odd += a[i + 1] * b[i + 1];
    }
  } while (--rounds);
  return bits(even + odd);
}

uint32_t NAME(fused)(uint32_t rounds, float a, float b) {
  float sums[4] = {0, 0, 0, 0};
  do {
    // The factors may have changed, as far as the compiler knows.
    __asm__ volatile("" : "+x"(a), "+x"(b));
    sums[0] += a * b;
    sums[1] += a * b;
    sums[2] += a * b;
    sums[3] += a * b;
  } while (--rounds);
  return bits((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

uint32_t NAME(sieve)(uint32_t rounds, uint8_t* flags) {
  enum { kFlags = 8191 };
  uint32_t primes;
  do {
    primes = 0;
    for (uint32_t i = 0; i != kFlags; ++i) flags[i] = 1;
    for (uint32_t i = 0; i != kFlags; ++i) {
      if (!flags[i]) continue;
      const uint32_t prime = i + i + 3;
      ++primes;
      for (uint32_t k = i + prime; k < kFlags; k += prime) flags[k] = 0;
    }
  } while (--rounds);
  return primes;
}

uint32_t NAME(collatz)(uint32_t numbers) {
  uint32_t steps = 0;
  do {
    for (uint32_t n = numbers; n != 1; ++steps) n = n & 1 ? 3 * n + 1 : n >> 1;
  } while (--numbers);
  return steps;
}

// Not inlined into itself, which compilers like to do: this is about calls.
__attribute__((noinline)) uint32_t NAME(fibonacci)(uint32_t number) {
  if (number < 2) return number;
  const uint32_t before = NAME(fibonacci)(number - 1);
  __asm__ volatile("");
  return before + NAME(fibonacci)(number - 2);
}
