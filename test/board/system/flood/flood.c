// SPDX-License-Identifier: MIT
// Sends `count` messages to the host's mailbox, numbered from 0, as fast as the mailbox takes them; but never the one
// whose number is `limit`, which the host may raise.
#include <ecore.h>

ECORE_SHARED volatile uint32_t count;  // at most 2^20: so many numbers go with a core ID into one word
ECORE_SHARED volatile uint32_t limit;

int main(void) {
  const uint32_t end = count;
  for (uint32_t number = 0; number < end; ++number) {
    while (number == limit) continue;
    ecore_mailbox_send_tagged(number);
  }
  return 0;
}
