// SPDX-License-Identifier: MIT
// The core sleeps until the host throws it a ball: a word in its memory, and then an interrupt that wakes it.
// It throws the ball back through the mailbox, one up. The ball 0 ends the game.
#include <ecore.h>

ECORE_SHARED volatile uint32_t ball;  // at most 20 bits: so many go with a core ID into one word

static volatile int is_thrown;

static void wake(uint32_t interrupt) {
  (void)interrupt;
  is_thrown = 1;
}

int main(void) {
  ecore_interrupt_attach(ECORE_USER, wake);
  for (;;) {
    // Not interrupted between looking and sleeping, or a ball could be missed: see ecore.h.
    for (;;) {
      ecore_interrupts_disable();
      if (is_thrown) break;
      ecore_wait_for_interrupt();
    }
    is_thrown = 0;
    ecore_interrupts_enable();
    if (ball == 0) return 0;
    ecore_mailbox_send_tagged(ball + 1);
  }
}
