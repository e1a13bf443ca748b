// SPDX-License-Identifier: MIT
// Letting the cores of simulated boards run, for JavaScript.
#ifndef SIMULATOR_RUNS_H_
#define SIMULATOR_RUNS_H_

#include "device/environment.h"

namespace simulator {

void AddRuns(device::Exports* table);

}  // namespace simulator

#endif  // SIMULATOR_RUNS_H_
