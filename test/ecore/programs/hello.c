// SPDX-License-Identifier: MIT
// The C library: printf, malloc, files, the clock, and what exit() has to do.
#include <ecore.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

ECORE_DRAM volatile uint32_t greeted[64];  // by rank: the core ID of each that was here

static uint32_t fibonacci(uint32_t n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

// In SRAM, though its caller is in DRAM.
ECORE_SRAM_CODE static uint32_t checksum(const char* text) {
  uint32_t sum = 0;
  while (*text != 0) sum = sum * 31 + (uint8_t)*text++;
  return sum;
}

static void say_goodbye(void) {
  printf("goodbye");  // no end of line: it is for exit() to write it
}

int main(int argc, char** argv) {
  greeted[ecore_group_rank()] = ecore_id();
  atexit(say_goodbye);
  printf("hello from core 0x%lx: fib(20)=%lu sqrt(2)=%f\n", (unsigned long)ecore_id(),
         (unsigned long)fibonacci(20), sqrt(2.0));
  for (int i = 0; i < argc; ++i) printf("argument %d: %s\n", i, argv[i]);
  char* const copy = strdup("heap");
  printf("%s at %s, checksum 0x%lx, PATH_MAX %d\n", copy,
         (uintptr_t)copy < ECORE_SRAM_BYTES ? "a local address" : "no local address",
         (unsigned long)checksum("check this"), PATH_MAX);
  free(copy);
  printf("too much: %s\n", malloc(0x10000) == 0 && errno == ENOMEM ? "ENOMEM" : "granted");
  errno = 0;
  const int file = open("/no/such/file", O_RDONLY);
  printf("open: %d, %s\n", file, strerror(errno));
  exit(7);
}
