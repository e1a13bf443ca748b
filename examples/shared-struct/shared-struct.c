// SPDX-License-Identifier: MIT
// The host and each core share one structure: the host fills in the first half, the core the second. Nobody
// counts bytes: the header is made of the host's description, and does not compile if this compiler lays it
// out otherwise.
#include <ecore.h>

#include "measurement.h"

// Zeroed by the loader, filled in by the host before the start, and left alone by the startup code.
ECORE_SHARED measurement_t measurement;

int main(void) {
  measurement_t* const m = &measurement;
  if (m->count == 0 || m->count > sizeof m->samples / sizeof *m->samples) return 1;

  double sum = 0;  // in software: the chip has single precision only
  for (uint32_t i = 0; i < m->count; ++i) {
    const float value = m->calibration.gain * (float)m->samples[i] + m->calibration.offset;
    if (i == 0 || value < m->smallest) m->smallest = value;
    if (i == 0 || value > m->largest) m->largest = value;
    sum += value;
  }
  m->sum = sum;
  m->core = (uint16_t)ecore_id();
  return 0;
}
