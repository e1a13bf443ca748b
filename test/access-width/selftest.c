// SPDX-License-Identifier: MIT
//
// Proves the instrument: accesses of every kind, each in a phase of its own, and on stdout, as harness.mjs
// does, what plugin.c has to see of them; "offends" where only that is certain, because libc or QEMU choose
// the widths.
//
// It starts a thread first: QEMU translates atomics as such only in a program that has more than one.

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "announce.h"

static struct {
  char before[64];
  char bytes[4096];
  char behind[64];
} memory __attribute__((aligned(4096)));
#define BUFFER memory.bytes

static char elsewhere[4096] __attribute__((aligned(64)));
static int next_phase;

#define PHASE(name, expected, ...)                                                                          \
  do {                                                                                                      \
    printf("{\"phase\":%d,\"name\":\"%s\",\"expect\":\"%s\",\"control\":true,\"calls\":1}\n", ++next_phase, \
           name, expected);                                                                                 \
    ew_announce(EW_BEGIN, (uintptr_t)next_phase, 0);                                                        \
    __VA_ARGS__;                                                                                            \
    ew_announce(EW_END, 0, 0);                                                                              \
  } while (0)

#define AT(type, offset) (*(volatile type*)(BUFFER + (offset)))

static void* idle(void* nothing) {
  return nothing;
}

static void word_copy(volatile uint32_t* to, const uint32_t* from, size_t words) {
  while (words--) *to++ = *from++;
}

static void what_c_does(void) {
  uint32_t words[16] = {0};
  // Kept from the compiler, which would see through them and inline its own copies.
  void* (*volatile copy)(void*, const void*, size_t) = memcpy;
  void* (*volatile fill)(void*, int, size_t) = memset;

  PHASE("nothing", "");
  PHASE("a byte, loaded and stored", "load1=1 store1=1", AT(uint8_t, 1) = AT(uint8_t, 3));
  PHASE("a half-word", "load2=1 store2=1", AT(uint16_t, 2) = AT(uint16_t, 6));
  PHASE("a word", "load4=1 store4=1", AT(uint32_t, 4) = AT(uint32_t, 8));
  PHASE("sixteen words by a loop", "store4=16", word_copy(&AT(uint32_t, 64), words, 16));
  PHASE("the last bytes before and the first behind", "", memory.before[63] = 1, memory.behind[0] = 1);
  PHASE("the first and the last byte", "store1=2", AT(uint8_t, 0) = 1, AT(uint8_t, 4095) = 1);
  PHASE("8 bytes at once", "offends", AT(uint64_t, 8) = 1);
  PHASE("memcpy to it", "offends", copy(BUFFER, elsewhere, 64));
  PHASE("memcpy from it", "offends", copy(elsewhere, BUFFER, 64));
  PHASE("a large memcpy to it", "offends", copy(BUFFER, elsewhere, 4096));
  PHASE("memset", "offends", fill(BUFFER, 1, 64));
  PHASE("an atomic load and store of a word", "load4=1 store4=1",
        __atomic_store_n(&AT(uint32_t, 0), __atomic_load_n(&AT(uint32_t, 4), __ATOMIC_SEQ_CST),
                         __ATOMIC_SEQ_CST));
  PHASE("an atomic addition", "offends", __atomic_fetch_add(&AT(uint32_t, 0), 1, __ATOMIC_SEQ_CST));
  PHASE("an atomic compare and swap", "offends",
        __sync_bool_compare_and_swap((uint32_t*)BUFFER, *(uint32_t*)elsewhere, 1));
  PHASE("a system call that reads it", "offends", (void)!write(-1, BUFFER + 16, 4));
}

#if defined __x86_64__

static void what_the_architecture_has(void) {
  PHASE("a word at an odd address", "load4=1 misaligned=1",
        asm volatile("movl 1(%0), %%eax" ::"r"(BUFFER)
                     : "eax", "memory"));
  PHASE("a half-word at an odd address", "store2=1 misaligned=1",
        asm volatile("movw %%ax, 3(%0)" ::"r"(BUFFER)
                     : "memory"));
  PHASE("a word across the beginning", "store4=1 misaligned=1",
        asm volatile("movl %%eax, -2(%0)" ::"r"(BUFFER)
                     : "memory"));
  PHASE("SSE, 16 bytes", "offends", asm volatile("movups (%0), %%xmm0" ::"r"(BUFFER) : "xmm0", "memory"));
  PHASE("SSE, 4 bytes", "load4=1", asm volatile("movss (%0), %%xmm0" ::"r"(BUFFER) : "xmm0", "memory"));
  PHASE("AVX, 32 bytes", "offends", asm volatile("vmovdqu %%ymm0, (%0)" ::"r"(BUFFER) : "memory"));
  PHASE("x87, 10 bytes", "offends", asm volatile("fldz; fstpt (%0)" ::"r"(BUFFER) : "memory"));
  PHASE("fxsave", "offends", asm volatile("fxsave (%0)" ::"r"(BUFFER) : "memory"));
  PHASE("rep movsb", "offends", {
    char* to = BUFFER;
    char* from = elsewhere;
    long count = 5;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
  });
  PHASE("rep stosl", "offends", {
    char* to = BUFFER;
    long count = 5;
    asm volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0) : "memory");
  });
  PHASE("a word added to in place", "load4=1 store4=1",
        asm volatile("addl $1, (%0)" ::"r"(BUFFER)
                     : "memory"));
}

#elif defined __arm__

static void what_the_architecture_has(void) {
  PHASE("a word at an odd address", "load4=1 misaligned=1",
        asm volatile("ldr r0, [%0, #1]" ::"r"(BUFFER)
                     : "r0", "memory"));
  PHASE("a half-word at an odd address", "store2=1 misaligned=1",
        asm volatile("strh r0, [%0, #3]" ::"r"(BUFFER)
                     : "memory"));
  PHASE("a word across the beginning", "store4=1 misaligned=1",
        asm volatile("str r0, [%0, #-2]" ::"r"(BUFFER)
                     : "memory"));
  PHASE("a VFP single", "store4=1", asm volatile("vstr s0, [%0]" ::"r"(BUFFER) : "memory"));
  PHASE("a VFP double", "offends", asm volatile("vstr d0, [%0]" ::"r"(BUFFER) : "memory"));
  PHASE("VFP singles", "offends",
        asm volatile("vldmia %0, {s0-s3}" ::"r"(BUFFER)
                     : "s0", "s1", "s2", "s3", "memory"));
  PHASE("NEON, 32 bytes", "offends",
        asm volatile(".fpu neon\n vst1.8 {d0-d3}, [%0]" ::"r"(BUFFER)
                     : "memory"));
  PHASE("NEON, words interleaved", "offends",
        asm volatile(".fpu neon\n vst2.32 {d0-d1}, [%0]" ::"r"(BUFFER)
                     : "memory"));
  PHASE("ldm", "offends", asm volatile("ldmia %0, {r0-r3}" ::"r"(BUFFER) : "r0", "r1", "r2", "r3", "memory"));
  PHASE("strd", "offends", asm volatile("strd r0, r1, [%0]" ::"r"(BUFFER) : "memory"));
  PHASE("ldrex alone", "offends", asm volatile("ldrex r0, [%0]\n clrex" ::"r"(BUFFER) : "r0", "memory"));
}

#elif defined __aarch64__

static void what_the_architecture_has(void) {
  PHASE("a word at an odd address", "load4=1 misaligned=1",
        asm volatile("ldur w0, [%0, #1]" ::"r"(BUFFER)
                     : "x0", "memory"));
  PHASE("a word across the beginning", "store4=1 misaligned=1",
        asm volatile("stur w0, [%0, #-2]" ::"r"(BUFFER)
                     : "memory"));
  PHASE("a pair of words", "offends", asm volatile("stp w0, w1, [%0]" ::"r"(BUFFER) : "memory"));
  PHASE("16 bytes", "offends", asm volatile("str q0, [%0]" ::"r"(BUFFER) : "memory"));
}

#endif

int main(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, idle, NULL) != 0 || pthread_join(thread, NULL) != 0) return 1;

  ew_announce(EW_WATCH, (uintptr_t)BUFFER, sizeof BUFFER);
  what_c_does();
  what_the_architecture_has();
  ew_announce(EW_FORGET, 0, 0);
  PHASE("a word, no longer watched", "", AT(uint32_t, 4) = 1);
  return 0;
}
