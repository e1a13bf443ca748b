// SPDX-License-Identifier: MIT
// Interrupts: attached, masked, nested, sent to another core, and leaving what they interrupt as it was.
// Timers.
#include <ecore.h>

static ECORE_SHARED struct ecore_barrier barrier;
static volatile uint32_t order;  // a digit for each handler that was called
static volatile uint32_t ticks;
static volatile uint32_t sink;

uint32_t failed;  // one bit for each check below

static void check(uint32_t number, int is_right) {
  if (!is_right) failed |= 1u << number;
}

static void note(uint32_t interrupt) {
  order = order << 4 | interrupt;
}

// What a core sends to itself takes a few instructions.
__attribute__((always_inline)) static inline void let_arrive(void) {
  __asm__ __volatile__(".rept 12\n\tnop\n\t.endr" : : : "memory");
}

static void tick(uint32_t interrupt) {
  check(0, interrupt == ECORE_TIMER0);
  if (++ticks < 5) ecore_timer_set(0, 200);
}

// Lets one of higher priority in, and none of lower.
static void nest(uint32_t interrupt) {
  note(interrupt);
  ecore_interrupt_send(ecore_id(), ECORE_USER);
  ecore_interrupt_send(ecore_id(), ECORE_TIMER1);
  let_arrive();
  ecore_interrupts_enable();
  note(0xe);
}

// Does what spoils most: floats, integer multiplication and division change the mode of the core and many
// registers.
static void spoil(uint32_t interrupt) {
  float sum = 0;
  for (uint32_t i = 1; i < 5; ++i) sum += (float)(i * interrupt) / 3.0f;
  sink = (uint32_t)sum + ticks / 3;
  ++ticks;
  ecore_timer_set(1, 113 + (ticks & 63));
}

#define EACH_REGISTER                                                                                  \
  ".irp n,1,3,12,16,17,18,19,20,21,22,23,24,25,26,27,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47," \
  "48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63\n\t"

// Leaves nothing in any register that a function may use, by the rules of any compiler.
static void trash(uint32_t interrupt) {
  order = interrupt;
  ++ticks;
  ecore_timer_set(1, 97 + (ticks & 63));
  __asm__ __volatile__(EACH_REGISTER "mov r\\n,#0xdead\n\t.endr" : : : "r1", "r3", "ip", "memory");
}

// Puts its number into each register, lets time pass, and returns the sum of what is there then.
__attribute__((noinline)) static uint32_t sum_of_registers(void) {
  register uint32_t sum __asm__("r0");
  __asm__ __volatile__(EACH_REGISTER
                       "mov r\\n,#\\n\n\t.endr\n\t"
                       "mov r0,#0\n\t"
                       "mov r2,#0x7fff\n"
                       "1:\tsub r2,r2,#1\n\t"
                       "bne 1b\n\t" EACH_REGISTER "add r0,r0,r\\n\n\t.endr"
                       : "=r"(sum)
                       :
                       : "r1", "r2", "r3", "ip", "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23",
                         "r24", "r25", "r26", "r27", "r32", "r33", "r34", "r35", "r36", "r37", "r38", "r39",
                         "r40", "r41", "r42", "r43", "r44", "r45", "r46", "r47", "r48", "r49", "r50", "r51",
                         "r52", "r53", "r54", "r55", "r56", "r57", "r58", "r59", "r60", "r61", "r62", "r63",
                         "cc", "memory");
  return sum;
}

static void on_exception(uint32_t interrupt) {
  note(interrupt);
  check(1, (ECORE_READ_REGISTER(status) >> 16 & 0xf) == 2);  // unaligned
}

// Changes between floats and integers all the time. What it returns depends on its argument alone, which the
// compiler must not know: it would call it once for both times that it is needed.
__attribute__((noinline)) static uint32_t work(uint32_t seed) {
  uint32_t hash = seed;
  float factor = 1.0f + (float)(seed & 7);
  __asm__ __volatile__("");
  for (uint32_t i = 0; i < 200; ++i) {
    hash = hash * 1664525u + 1013904223u;
    factor = factor * 1.01f - (float)(hash >> 28) * 0.125f;
    hash ^= (uint32_t)(int32_t)factor;
    hash += hash / 7 > seed ? i : 2 * i;
  }
  return hash;
}

int main(void) {
  const uint32_t here = ecore_id();

  // Masked it waits, unmasked it is served, and cleared it is forgotten.
  ecore_interrupt_attach(ECORE_USER, note);
  ecore_interrupt_mask(ECORE_USER);
  ecore_interrupt_send(here, ECORE_USER);
  check(2, order == 0);
  ecore_interrupt_unmask(ECORE_USER);
  check(3, order == 9);
  const uint32_t before = ecore_interrupts_disable();
  ecore_interrupt_send(here, ECORE_USER);
  ecore_interrupt_clear(ECORE_USER);
  ecore_interrupts_restore(before);
  check(4, order == 9);
  ecore_interrupt_attach(ECORE_USER, 0);
  ecore_interrupt_send(here, ECORE_USER);
  check(5, order == 9);
  ecore_interrupt_attach(ECORE_USER, note);
  check(6, order == 0x99);

  // 5 begins and lets 4 in, which has priority; 9 waits for the end of 5.
  order = 0;
  ecore_interrupt_attach(ECORE_TIMER1, note);
  ecore_interrupt_attach(ECORE_MESSAGE, nest);
  ecore_interrupt_send(here, ECORE_MESSAGE);
  let_arrive();
  check(7, order == 0x54e9);

  // A store to an odd address. Its cause does not stay, or it would come again.
  order = 0;
  ecore_interrupt_attach(ECORE_EXCEPTION, on_exception);
  __asm__ __volatile__("str %0,[%1]" : : "r"(1), "r"(0x7001) : "memory");
  check(8, order == 1 && (ECORE_READ_REGISTER(status) >> 16 & 0xf) == 0);

  // Five periods of a timer, asleep in between.
  ecore_interrupt_attach(ECORE_TIMER0, tick);
  ecore_timer_start(0, ECORE_TIMER_CLOCK, 200);
  for (;;) {
    ecore_interrupts_disable();
    if (ticks == 5) break;
    ecore_wait_for_interrupt();
  }
  ecore_interrupts_enable();
  check(9, ecore_timer_read(0) == 0);

  // A timer measures, beside the other one, and a mode that code chooses for itself does not stop it.
  ecore_timer_start(1, ECORE_TIMER_CLOCK, 0xffffffff);
  const uint32_t expected[] = {work(1), work(2), work(3)};
  ecore_timer_stop(1);
  const uint32_t elapsed = ~ecore_timer_read(1);
  check(10, elapsed > 3 * 200 * 10 && elapsed < 3 * 200 * 1000 && elapsed == ~ecore_timer_read(1));
  ecore_timer_start(1, ECORE_TIMER_FLOAT, 1000000);
  sink = work(4);
  ecore_timer_stop(1);
  check(11, 1000000 - ecore_timer_read(1) >= 200);

  // Work that is interrupted everywhere gives the same as without.
  ticks = 0;
  ecore_interrupt_attach(ECORE_TIMER1, spoil);
  ecore_timer_start(1, ECORE_TIMER_CLOCK, 50);
  for (uint32_t i = 0; i < 3; ++i) check(12, work(i + 1) == expected[i]);
  ecore_timer_stop(1);
  check(13, ticks > 500);

  // And so do registers that are only kept.
  const uint32_t kept = sum_of_registers();
  ticks = 0;
  ecore_interrupt_attach(ECORE_TIMER1, trash);
  ecore_timer_start(1, ECORE_TIMER_CLOCK, 50);
  check(15, sum_of_registers() == kept);
  ecore_timer_stop(1);
  check(16, ticks > 100);

  // Each core interrupts the next one.
  order = 0;
  ecore_barrier_wait(&barrier);
  const uint32_t rank = ecore_group_rank() + 1;
  ecore_interrupt_send(ecore_group_core(rank < ecore_group_size() ? rank : 0), ECORE_USER);
  for (;;) {
    ecore_interrupts_disable();
    if (order != 0) break;
    ecore_wait_for_interrupt();
  }
  ecore_interrupts_enable();
  check(14, order == 9);
  return failed != 0;
}
