/* SPDX-License-Identifier: MIT */
/*
 * The Mandelbrot set, a row at a time. Each core takes the next row that nobody has, computes it in its SRAM,
 * and sends it by DMA to the picture in shared DRAM while it computes the next one. A pixel is two bytes:
 * after how many steps the point has left the circle of radius 2, or as many as there are at most.
 *
 * The host computes the same picture to compare. It has no fused multiply-add, so this file must be compiled
 * with -ffp-contract=off: then every operation is rounded by itself, to nearest, on both sides.
 */
#include <ecore.h>
#include <stdio.h>

#define MOST_COLUMNS 2048

/* What to draw: the same on every core. */
struct view {
  float left, top;  /* of the first pixel */
  float step;       /* from a pixel to the next, to the right and down */
  uint32_t columns; /* a multiple of 4, at most MOST_COLUMNS */
  uint32_t rows;
  uint32_t iterations; /* at most, below 65536 */
  uint32_t picture;    /* its address in shared DRAM */
};
ECORE_SHARED volatile struct view view; /* from the host, which is there before the startup code */

/* Without a host that wants a picture: all of the set, and each core tells what it has done of it. */
static const struct view overview = {-2.25f, -1.5f, 0.0117f, 256, 256, 256, 0};

/* The next row that nobody has. Those of the first core of the group are the ones that all use. */
ECORE_SHARED struct ecore_mutex mutex;
ECORE_SHARED volatile uint32_t next_row;

/* What this core has done, for the host. */
volatile uint32_t rows_done;
volatile uint32_t steps_done;

static uint16_t lines[2][MOST_COLUMNS] __attribute__((aligned(8)));
static struct ecore_dma_descriptor transfer;

static uint32_t take_row(uint32_t first_core) {
  struct ecore_mutex* const lock = ecore_at(first_core, &mutex);
  volatile uint32_t* const counter = ecore_at(first_core, &next_row);
  ecore_mutex_lock(lock);
  const uint32_t row = *counter;
  *counter = row + 1;
  ecore_mutex_unlock(lock);
  return row;
}

static uint32_t steps_of(float x0, float y0, uint32_t most) {
  float x = 0, y = 0, xx = 0, yy = 0;
  uint32_t steps = 0;
  while (steps < most && xx + yy <= 4.0f) {
    const float xy = x * y;
    y = xy + xy + y0;
    x = xx - yy + x0;
    xx = x * x;
    yy = y * y;
    ++steps;
  }
  return steps;
}

int main(void) {
  const struct view asked = view;
  const struct view what = asked.rows ? asked : overview;
  const uint32_t bytes = what.columns << 1;
  const uint32_t first_core = ecore_group_core(0);
  uint32_t picture = what.picture, at = 0, which = 0;
  for (uint32_t row = take_row(first_core); row < what.rows; row = take_row(first_core)) {
    uint16_t* const line = lines[which];
    const float y0 = what.top + (float)(int32_t)row * what.step;
    uint32_t steps = 0;
    for (uint32_t column = 0; column < what.columns; ++column) {
      const uint32_t count = steps_of(what.left + (float)(int32_t)column * what.step, y0, what.iterations);
      line[column] = (uint16_t)count;
      steps += count;
    }
    if (picture) {
      for (; at < row; ++at)
        picture += bytes; /* no multiplication of integers: it would switch the mode of the FPU */
      ecore_dma_wait(0);  /* the other line has left */
      ecore_dma_prepare(&transfer, (void*)picture, line, bytes);
      ecore_dma_start(0, &transfer);
    }
    which ^= 1;
    steps_done += steps;
    ++rows_done;
  }
  ecore_dma_wait(0);
  if (!picture)
    iprintf("%u rows of the Mandelbrot set, %u steps\n", (unsigned)rows_done, (unsigned)steps_done);
  return 0;
}
