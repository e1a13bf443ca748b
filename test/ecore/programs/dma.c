// SPDX-License-Identifier: MIT
// Copies by DMA: of every alignment, in rows, in chains, to and from the next core and shared DRAM, with
// interrupts.
#include <ecore.h>

static ECORE_SHARED struct ecore_barrier barrier;
static ECORE_SHARED uint8_t inbox[64];
static uint8_t from[96] __attribute__((aligned(8)));
static uint8_t to[96] __attribute__((aligned(8)));
static uint32_t matrix[8][8];
static uint32_t tile[3][4];
static volatile uint32_t interrupts;

uint32_t failed;  // one bit for each check below

static void check(uint32_t number, int is_right) {
  if (!is_right) failed |= 1u << number;
}

static void fill(uint8_t first) {
  for (uint32_t i = 0; i < sizeof from; ++i) from[i] = (uint8_t)(first + i);
  for (uint32_t i = 0; i < sizeof to; ++i) to[i] = 0;
}

// Whether `to` holds `bytes` bytes of `from`, so many bytes further on, and zeros elsewhere.
static int is_copied(uint32_t to_offset, uint32_t from_offset, uint32_t bytes) {
  for (uint32_t i = 0; i < sizeof to; ++i) {
    const int is_inside = i >= to_offset && i < to_offset + bytes;
    if (to[i] != (is_inside ? from[i - to_offset + from_offset] : 0)) return 0;
  }
  return 1;
}

static void count(uint32_t interrupt) {
  interrupts += 1u << (interrupt - ECORE_DMA0) * 8;
}

int main(void) {
  static const struct {
    uint8_t to, from, bytes;
  } copies[] = {{0, 0, 64}, {8, 16, 8}, {4, 8, 20}, {2, 4, 6}, {1, 0, 7}, {3, 5, 33}, {0, 0, 1}};
  for (uint32_t i = 0; i < sizeof copies / sizeof *copies; ++i) {
    fill((uint8_t)i);
    check(0, ecore_dma_copy(i & 1, to + copies[i].to, from + copies[i].from, copies[i].bytes) == 0);
    check(1, is_copied(copies[i].to, copies[i].from, copies[i].bytes));
  }
  // By its own global address; no message comes of it.
  fill(0);
  ecore_dma_copy(0, ecore_at(ecore_id(), to), from, 16);
  check(2, is_copied(0, 0, 16) && (ECORE_READ_REGISTER(ilat) & 1u << ECORE_MESSAGE) == 0);

  // Three rows of four words out of eight times eight, and back to elsewhere.
  static struct ecore_dma_descriptor cut, paste;
  for (uint32_t i = 0; i < 64; ++i) matrix[i >> 3][i & 7] = i + 1000;
  ecore_dma_prepare_rows(&cut, tile, sizeof *tile, &matrix[2][1], sizeof *matrix, sizeof *tile, 3);
  ecore_dma_start(0, &cut);
  check(3, ecore_dma_wait(0) == 0);
  for (uint32_t i = 0; i < 12; ++i) check(4, tile[i >> 2][i & 3] == matrix[2 + (i >> 2)][1 + (i & 3)]);

  // The same and the paste in one chain, an interrupt for each.
  for (uint32_t i = 0; i < 12; ++i) tile[i >> 2][i & 3] = 0;
  ecore_dma_prepare_rows(&paste, &matrix[5][4], sizeof *matrix, tile, sizeof *tile, sizeof *tile, 3);
  ecore_dma_chain(&cut, &paste);
  cut.config |= ECORE_DMA_INTERRUPT;
  paste.config |= ECORE_DMA_INTERRUPT;
  ecore_interrupt_attach(ECORE_DMA0, count);
  ecore_interrupt_attach(ECORE_DMA1, count);
  ecore_dma_start(1, &cut);
  for (;;) {
    ecore_interrupts_disable();
    if (interrupts >> 8 == 2) break;
    ecore_wait_for_interrupt();
  }
  ecore_interrupts_enable();
  check(5, ecore_dma_wait(1) == 0 && interrupts == 0x200);
  for (uint32_t i = 0; i < 12; ++i)
    check(6, matrix[5 + (i >> 2)][4 + (i & 3)] == 1000 + 17 + (i >> 2) * 8 + (i & 3));
  check(7, matrix[5][3] == 1043 && matrix[7][3] == 1059 && matrix[4][4] == 1036);

  // To the next core of the group, and from there back.
  const uint32_t size = ecore_group_size();
  const uint32_t next = ecore_group_core(ecore_group_rank() + 1 < size ? ecore_group_rank() + 1 : 0);
  fill((uint8_t)ecore_id());
  check(8, ecore_dma_copy(0, ecore_at(next, inbox), from, sizeof inbox) == 0);
  ecore_barrier_wait(&barrier);
  check(9, ecore_dma_copy(1, to, ecore_at(next, inbox), sizeof inbox) == 0 && is_copied(0, 0, sizeof inbox));
  check(10, inbox[1] == (uint8_t)(inbox[0] + 1) && inbox[0] != from[0]);

  // Through shared DRAM, each core at a place of its own.
  uint8_t* const dram = (uint8_t*)(0x8f000000u + (ecore_group_rank() << 8));
  fill(77);
  check(11, ecore_dma_copy(0, dram, from, 40) == 0 && dram[39] == 77 + 39);
  check(12, ecore_dma_copy(0, to + 8, dram, 40) == 0 && is_copied(8, 0, 40));
  return failed != 0;
}
