// SPDX-License-Identifier: MIT
// Words to the host: one as it is, then ten that tell who sent them.
#include <ecore.h>

int main(void) {
  ecore_mailbox_send(0xcafe0000 | ecore_id());
  for (uint32_t i = 0; i < 10; ++i) ecore_mailbox_send_tagged(i);
  ecore_mailbox_send_tagged(0xfff12345);
  return 0;
}
