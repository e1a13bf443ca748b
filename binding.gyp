# SPDX-License-Identifier: MIT
{
  "targets": [
    {
      "target_name": "epiphany",
      "sources": [
        "native/addon.cc",
        "native/disassembler.cc",
        "native/device/char_device.cc",
        "native/device/event_poll.cc",
        "native/device/guarded_memory.cc",
        "native/device/leases.cc",
        "native/device/map_budget.cc",
        "native/device/mapping.cc",
        "native/device/word_copy.cc",
        "native/simulator/binding.cc",
        "native/simulator/board.cc",
        "native/simulator/event_pipe.cc",
        "native/simulator/handles.cc",
        "native/simulator/runs.cc",
        "native/simulator/stepped_run.cc",
        "native/chip/barrier_watch.cc",
        "native/chip/chip.cc",
        "native/chip/code_cache.cc",
        "native/chip/core.cc",
        "native/chip/core_registers.cc",
        "native/chip/disassemble.cc",
        "native/chip/dma.cc",
        "native/chip/elink.cc",
        "native/chip/execute.cc",
        "native/chip/fpu.cc",
        "native/chip/free_runner.cc",
        "native/chip/isa.cc",
        "native/chip/mesh.cc",
        "native/chip/strict.cc",
        "native/chip/trace_recorder.cc",
      ],
      # An installed package, which has no lib, brings the headers of node-addon-api along.
      "include_dirs": [
        "native",
        "<!(node -p \"require('fs').existsSync('lib') ? require('node-addon-api').include_dir : 'prebuilds/include'\")",
      ],
      "defines": [
        "NAPI_VERSION=8",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        # eMesh addresses, which are file offsets, lie above 2 GiB: off_t must have 64 bits everywhere.
        "_FILE_OFFSET_BITS=64",
      ],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      # One rounding per operation on every host; see native/chip.
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-fvisibility=hidden", "-ffp-contract=off"],
      "conditions": [["\"<!(node -p \"process.env.CI || ''\")\"=='true'", {"cflags_cc": ["-Werror"]}]],
    }
  ]
}
