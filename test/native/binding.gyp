# SPDX-License-Identifier: MIT
{
  "targets": [
    {
      "target_name": "probe",
      "sources": ["probe.cc", "../../native/chip/isa.cc", "../../native/device/word_copy.cc"],
      "include_dirs": ["../../native"],
      "defines": ["NAPI_VERSION=8", "_FILE_OFFSET_BITS=64"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-fvisibility=hidden"],
      "conditions": [["\"<!(node -p \"process.env.CI || ''\")\"=='true'", {"cflags_cc": ["-Werror"]}]],
    }
  ]
}
