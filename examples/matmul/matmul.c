// SPDX-License-Identifier: MIT
// C = A · B on a square of cores, by Cannon's algorithm. Each core owns one block of C. In every turn it
// multiplies the blocks of A and B that it has, while its two DMA channels pass these on: A to the core on
// its left, B to the one above. Left of the first column comes the last one, and above the first row the
// last. After as many turns as there are rows, every block of A has met every block of B that it has to.
//
// The host has laid the first blocks into a[0] and b[0]: see matmul.ts for which.
#include <ecore.h>

#define BLOCK 32

// Two of each: one is multiplied and sent while the next one arrives in the other. ECORE_SHARED, because
// neighbours may be quicker: they may send before this core has begun.
ECORE_SHARED float a[2][BLOCK][BLOCK];
ECORE_SHARED float b[2][BLOCK][BLOCK];
float c[BLOCK][BLOCK];

// How many blocks have arrived here since the start.
static ECORE_SHARED volatile uint32_t arrived_a, arrived_b;
static ECORE_SHARED struct ecore_barrier barrier;

// What a channel has to do: first the block, then the word that tells of it. Stores from one core to another
// arrive in the order in which they were made, so that a core that sees the word has the block.
struct parcel {
  struct ecore_dma_descriptor block, word;
};

static void send(uint32_t channel, struct parcel* parcel, uint32_t to, float (*theirs)[BLOCK],
                 float (*mine)[BLOCK], volatile uint32_t* arrived, const uint32_t* turns) {
  ecore_dma_prepare(&parcel->block, ecore_at(to, theirs), mine, sizeof(float[BLOCK][BLOCK]));
  ecore_dma_prepare(&parcel->word, ecore_at(to, arrived), turns, sizeof *turns);
  ecore_dma_chain(&parcel->block, &parcel->word);
  ecore_dma_start(channel, &parcel->block);
}

static void multiply(float (*left)[BLOCK], float (*right)[BLOCK]) {
  for (int i = 0; i < BLOCK; ++i) {
    for (int j = 0; j < BLOCK; ++j) {
      float sum = c[i][j];
      for (int k = 0; k < BLOCK; ++k) sum += left[i][k] * right[k][j];
      c[i][j] = sum;
    }
  }
}

int main(void) {
  static struct parcel parcel_a, parcel_b;
  const uint32_t side = ecore_workgroup.rows;
  const uint32_t row = ecore_workgroup.row;
  const uint32_t column = ecore_workgroup.column;
  const uint32_t first = ecore_workgroup.first_core;
  const uint32_t to_the_left = first + ecore_id_at(row, (column > 0 ? column : side) - 1);
  const uint32_t above = first + ecore_id_at((row > 0 ? row : side) - 1, column);

  for (uint32_t turn = 0; turn < side; ++turn) {
    const uint32_t now = turn & 1;
    const uint32_t next = now ^ 1;
    const uint32_t turns = turn + 1;
    const int is_last = turns == side;
    if (!is_last) {
      send(0, &parcel_a, to_the_left, a[next], a[now], &arrived_a, &turns);
      send(1, &parcel_b, above, b[next], b[now], &arrived_b, &turns);
    }
    multiply(a[now], b[now]);
    if (is_last) break;
    if (ecore_dma_wait(0) != 0 || ecore_dma_wait(1) != 0) return 1;
    while (arrived_a != turns || arrived_b != turns) continue;
    // In the next turn neighbours overwrite what is multiplied and sent in this one, which all must have
    // ended.
    ecore_barrier_wait(&barrier);
  }
  return 0;
}
