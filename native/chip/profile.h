// SPDX-License-Identifier: MIT
#ifndef CHIP_PROFILE_H_
#define CHIP_PROFILE_H_

#include <cstdint>

namespace chip {

// Whom the model follows where the manual and the GNU simulator differ: in NaNs, denormal results and FIX,
// and in whether a signal takes time. The second is for comparisons.
enum class Profile : uint8_t { kManual, kGnu };

}  // namespace chip

#endif  // CHIP_PROFILE_H_
