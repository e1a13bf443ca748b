// SPDX-License-Identifier: MIT
// The core sleeps until the host throws it a ball: a word in its memory, and then an interrupt that wakes it.
// It throws the ball back through the mailbox, one up. The ball 0 ends the game.
#include <ecore.h>

ECORE_SHARED volatile uint32_t ball;  // at most 20 bits: so many go with a core ID into one word

static void wake(uint32_t interrupt) {
  (void)interrupt;
}

int main(void) {
  uint32_t last = 0;
  ecore_interrupt_attach(ECORE_USER, wake);
  for (;;) {
    // The word tells, the interrupt only wakes: one that came before this program began is forgotten. Not
    // interrupted between looking and sleeping, or a ball could be missed: see ecore.h.
    for (;;) {
      ecore_interrupts_disable();
      if (ball != last) break;
      ecore_wait_for_interrupt();
    }
    last = ball;
    ecore_interrupts_enable();
    if (last == 0) return 0;
    ecore_mailbox_send_tagged(last + 1);
  }
}
