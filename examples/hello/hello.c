// SPDX-License-Identifier: MIT
// Every core says hello. The same program runs on all of them at once, each with its own copy of code and
// variables in its own 32 KiB of memory; what differs is what the core finds out about itself.
#include <ecore.h>
#include <stdio.h>

int main(void) {
  // iprintf is printf without floating point. With that it would not fit into a core's memory.
  iprintf("hello from core 0x%x, number %u of %u\n", (unsigned)ecore_id(), (unsigned)ecore_group_rank(),
          (unsigned)ecore_group_size());
  return 0;
}
