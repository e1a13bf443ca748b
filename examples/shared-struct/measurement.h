// SPDX-License-Identifier: MIT
// Made by "npm run -s example -- shared-struct --header" of what is in shared-struct.ts.
#pragma once
#include <stdint.h>

typedef struct {
  uint8_t sensor;
  uint16_t count;
  struct {
    float gain;
    float offset;
  } calibration;
  int16_t samples[25];
  uint16_t core;
  float smallest;
  float largest;
  double sum;
} measurement_t;
_Static_assert(sizeof(measurement_t) == 88, "measurement_t is not as the host has it");
_Static_assert(__builtin_offsetof(measurement_t, sensor) == 0, "measurement_t.sensor is not where the host has it");
_Static_assert(__builtin_offsetof(measurement_t, count) == 2, "measurement_t.count is not where the host has it");
_Static_assert(__builtin_offsetof(measurement_t, calibration) == 8, "measurement_t.calibration is not where the host has it");
_Static_assert(__builtin_offsetof(measurement_t, samples) == 16, "measurement_t.samples is not where the host has it");
_Static_assert(__builtin_offsetof(measurement_t, core) == 66, "measurement_t.core is not where the host has it");
_Static_assert(__builtin_offsetof(measurement_t, smallest) == 68, "measurement_t.smallest is not where the host has it");
_Static_assert(__builtin_offsetof(measurement_t, largest) == 72, "measurement_t.largest is not where the host has it");
_Static_assert(__builtin_offsetof(measurement_t, sum) == 80, "measurement_t.sum is not where the host has it");
