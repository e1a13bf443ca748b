// SPDX-License-Identifier: MIT
// Heat in a square plate whose edges are kept at fixed temperatures: in every step each point becomes the
// mean of its four neighbours (Jacobi's method). Each core has a tile of the plate, and around it a rim for
// the nearest points of the tiles next to it. A core that has computed the edge of its tile stores it into
// the rims of its neighbours, too: it need not wait for a store to another one, but for a load it would.
#include <ecore.h>

#define TILE 16
#define RIM (TILE + 2)
#define HOT 100.0f
#define COLD 20.0f

enum side { NORTH, SOUTH, WEST, EAST, SIDES };
#define OPPOSITE(side) ((side) ^ 1)

// By the host, before the start.
ECORE_SHARED uint32_t steps;
// What the host takes.
float result[TILE][TILE];

// One for the step that is over, one for that at work, in turns. Volatile, because neighbours store here.
static ECORE_SHARED volatile float heat[2][RIM][RIM];
// By side: the last step whose edge the neighbour there has stored here.
static ECORE_SHARED volatile uint32_t arrived[SIDES];
static ECORE_SHARED struct ecore_barrier barrier;

// Core IDs; 0 where the plate ends.
static uint32_t neighbours[SIDES];

static void set_up(void) {
  const uint32_t row = ecore_workgroup.row;
  const uint32_t column = ecore_workgroup.column;
  const uint32_t me = ecore_id();
  if (row > 0) neighbours[NORTH] = me - ecore_id_at(1, 0);
  if (row + 1 < ecore_workgroup.rows) neighbours[SOUTH] = me + ecore_id_at(1, 0);
  if (column > 0) neighbours[WEST] = me - ecore_id_at(0, 1);
  if (column + 1 < ecore_workgroup.columns) neighbours[EAST] = me + ecore_id_at(0, 1);
  for (int which = 0; which < 2; ++which) {
    for (int i = 0; i < RIM; ++i) {
      for (int j = 0; j < RIM; ++j) heat[which][i][j] = i == 0 && neighbours[NORTH] == 0 ? HOT : COLD;
    }
  }
}

static void compute(volatile float (*to)[RIM], volatile float (*from)[RIM]) {
  for (int i = 1; i <= TILE; ++i) {
    for (int j = 1; j <= TILE; ++j) {
      // In this order: floats that are added in another one are rounded to something else.
      to[i][j] = 0.25f * (from[i - 1][j] + from[i + 1][j] + from[i][j - 1] + from[i][j + 1]);
    }
  }
}

static void send_edge(enum side side, volatile float (*mine)[RIM], uint32_t step) {
  const uint32_t neighbour = neighbours[side];
  if (neighbour == 0) return;
  volatile float(*theirs)[RIM] = ecore_at(neighbour, mine);
  for (int i = 1; i <= TILE; ++i) {
    if (side == NORTH) theirs[TILE + 1][i] = mine[1][i];
    if (side == SOUTH) theirs[0][i] = mine[TILE][i];
    if (side == WEST) theirs[i][TILE + 1] = mine[i][1];
    if (side == EAST) theirs[i][0] = mine[i][TILE];
  }
  // Behind the data: stores from one core to another arrive in the order in which they were made.
  *(volatile uint32_t*)ecore_at(neighbour, &arrived[OPPOSITE(side)]) = step;
}

int main(void) {
  set_up();
  // Until here each core wrote its own rim; from here on its neighbours do.
  ecore_barrier_wait(&barrier);
  for (uint32_t step = 1; step <= steps; ++step) {
    volatile float(*now)[RIM] = heat[step & 1];
    compute(now, heat[~step & 1]);
    for (enum side side = 0; side < SIDES; ++side) send_edge(side, now, step);
    // A neighbour may be one step ahead, not two: for the second it needs what this core sends after the
    // first.
    for (enum side side = 0; side < SIDES; ++side) {
      while (neighbours[side] != 0 && arrived[side] < step) continue;
    }
  }
  for (int i = 0; i < TILE; ++i) {
    for (int j = 0; j < TILE; ++j) result[i][j] = heat[steps & 1][i + 1][j + 1];
  }
  return 0;
}
