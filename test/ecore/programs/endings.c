// SPDX-License-Identifier: MIT
// Ends in ways in which no program should, by its argument: "twice" exits while it exits, "deep" calls itself
// until its stack has come down upon its code.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void again(void) {
  write(1, "again\n", 6);
  exit(9);
}

// Not to be made a loop of.
__attribute__((noinline, optimize("O0"))) static int dig(volatile int depth) {
  return dig(depth + 1) + depth;
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "deep") == 0) return dig(0);
  atexit(again);
  exit(4);
}
