// SPDX-License-Identifier: MIT
// How many mappings of the address space this process has by us.
//
// The kernel allows a process vm.max_map_count of all kinds, and V8 ends the process when its own mmap fails.
// So ours stop at a part of it, where a caller can still be told.
#ifndef DEVICE_MAP_BUDGET_H_
#define DEVICE_MAP_BUDGET_H_

#include <napi.h>

namespace device {

// Of all threads together. False if there is no room for so many more: then V8 has been made to collect
// garbage, and what that gives back is there after a turn of the event loop.
bool TakeMaps(napi_env env, int count);
void GiveMaps(int count);

}  // namespace device

#endif  // DEVICE_MAP_BUDGET_H_
