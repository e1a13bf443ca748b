// SPDX-License-Identifier: MIT
// All cores of a group count on one core, each with the mutex held; then all meet, time and again.
#include <ecore.h>

enum { COUNTS = 100, MEETINGS = 50 };

static ECORE_SHARED struct ecore_mutex mutex;
static ECORE_SHARED struct ecore_barrier barrier;
ECORE_SHARED volatile uint32_t counter;
ECORE_SHARED volatile uint32_t steps;  // of this core, in the row of meetings
volatile uint32_t refused;             // times that the mutex was taken
volatile uint32_t wrong;               // times that another core was not where it had to be

int main(void) {
  const uint32_t first = ecore_group_core(0);
  struct ecore_mutex* const lock = ecore_at(first, &mutex);
  volatile uint32_t* const total = ecore_at(first, &counter);
  for (int i = 0; i < COUNTS; ++i) {
    while (!ecore_mutex_try_lock(lock)) ++refused;
    const uint32_t before = *total;
    for (int pause = 0; pause < 5; ++pause) __asm__ __volatile__("nop");
    *total = before + 1;
    ecore_mutex_unlock(lock);
  }
  ecore_barrier_wait(&barrier);
  if (*total != COUNTS * ecore_group_size()) ++wrong;

  const uint32_t size = ecore_group_size();
  const uint32_t rank = ecore_group_rank();
  for (uint32_t i = 1; i <= MEETINGS; ++i) {
    // Not all come at the same time.
    for (uint32_t pause = (rank ^ i) & 7; pause > 0; --pause) __asm__ __volatile__("nop");
    steps = i;
    ecore_barrier_wait(&barrier);
    for (uint32_t other = 0; other < size; ++other) {
      if (*(volatile uint32_t*)ecore_at(ecore_group_core(other), &steps) != i) ++wrong;
    }
    ecore_barrier_wait(&barrier);
  }

  // A mutex of one's own, by its local address.
  static ECORE_SHARED struct ecore_mutex own;
  ecore_mutex_lock(&own);
  if (ecore_mutex_try_lock(&own) || own.holder != ecore_id()) ++wrong;
  ecore_mutex_unlock(&own);
  if (!ecore_mutex_try_lock(&own)) ++wrong;
  return wrong != 0;
}
