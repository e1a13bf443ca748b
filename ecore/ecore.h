/* SPDX-License-Identifier: MIT */
/*
 * What a C program needs to know about the Epiphany core it runs on, for the Epiphany-III and -IV. Everything
 * is inline; crt0.S and one of the linker scripts belong to it. `epiphany cc` brings all three:
 *
 *     #include <ecore.h>
 *     int main(void) { ecore_mailbox_send(ecore_id()); return 0; }
 *
 * Words used here. A core ID is 12 bits, row << 6 | column in the mesh of the whole board: 0x808 is the first
 * core of a Parallella. A local address, 0 … 0xFFFFF, means another place in each core. A global address,
 * core ID << 20 | local address, means one place wherever it is used. Shared DRAM is 0x8E000000 … 0x8FFFFFFF.
 * A work-group is the rectangle of cores that a program was loaded into.
 *
 * Sources: the Epiphany Architecture Reference (Adapteva, revision 14.03.11), chapter in brackets.
 */
#ifndef NODE_EPIPHANY_ECORE_ECORE_H_
#define NODE_EPIPHANY_ECORE_ECORE_H_

#include <stddef.h>
#include <stdint.h>

/* ----------------------------------------------------------------------------------------------------------
 * Where code and variables lie.
 */

/*
 * A variable that other cores store to: mutexes, barriers, inboxes. The loader zeroes it and the startup code
 * leaves it alone, because other cores may be quicker. It begins as zero; an initial value is not possible.
 */
#define ECORE_SHARED __attribute__((section(".ecore_shared")))

/* A variable in shared DRAM, one for all cores; begins as zero. Only in programs linked with --external. */
#define ECORE_DRAM __attribute__((section(".ecore_dram")))

/* A function that lies in SRAM even if the program is linked with --external. */
#define ECORE_SRAM_CODE __attribute__((section(".sram_text"), noinline))

#define ECORE_SRAM_BYTES 0x8000u

/* ----------------------------------------------------------------------------------------------------------
 * Special registers, by the names of the assembler: status, config, imask, … [Appendix B]
 */

#define ECORE_READ_REGISTER(name)                                              \
  ({                                                                           \
    uint32_t ecore_value_;                                                     \
    __asm__ __volatile__("movfs %0," #name : "=r"(ecore_value_) : : "memory"); \
    ecore_value_;                                                              \
  })

#define ECORE_WRITE_REGISTER(name, value) \
  __asm__ __volatile__("movts " #name ",%0" : : "r"((uint32_t)(value)) : "memory")

/* ----------------------------------------------------------------------------------------------------------
 * Which core this is, and where the others are. [Memory architecture]
 */

/* The ID of this core. */
static inline uint32_t ecore_id(void) {
  return ECORE_READ_REGISTER(coreid) & 0xfff;
}

/* Row and column in the mesh of the board, 0 … 63. */
static inline uint32_t ecore_row(uint32_t core) {
  return core >> 6;
}
static inline uint32_t ecore_column(uint32_t core) {
  return core & 63;
}
static inline uint32_t ecore_id_at(uint32_t row, uint32_t column) {
  return row << 6 | column;
}

/*
 * The work-group as the loader recorded it; all zeros if it did not. The layout is that of the section
 * workgroup_cfg of the 2016 host library.
 */
struct ecore_workgroup {
  uint32_t object_type; /* 3 once it is filled in */
  uint32_t chip_type;   /* 0: 16 cores, 1: 64 cores */
  uint32_t first_core;  /* core ID of its north-west corner */
  uint32_t first_row;
  uint32_t first_column;
  uint32_t rows;
  uint32_t columns;
  uint32_t row; /* of this core, counted from the corner */
  uint32_t column;
  uint32_t padding;
};
extern const volatile struct ecore_workgroup ecore_workgroup __asm__("__ecore_workgroup_cfg");

/* Number of cores in the work-group. */
static inline uint32_t ecore_group_size(void) {
  uint32_t cores = 0; /* no multiplication: that would switch the core to integer mode and back */
  for (uint32_t row = ecore_workgroup.rows; row > 0; --row) cores += ecore_workgroup.columns;
  return cores;
}

/* Number of this core within the work-group, 0 … ecore_group_size() - 1, row by row. */
static inline uint32_t ecore_group_rank(void) {
  uint32_t rank = ecore_workgroup.column;
  for (uint32_t row = ecore_workgroup.row; row > 0; --row) rank += ecore_workgroup.columns;
  return rank;
}

/* The ID of the core that has this number within the work-group. */
static inline uint32_t ecore_group_core(uint32_t rank) {
  const uint32_t columns = ecore_workgroup.columns;
  uint32_t core = ecore_workgroup.first_core;
  for (; rank >= columns; rank -= columns) core += 64;
  return core + rank;
}

/*
 * The global address of what is at the local address `pointer` of `core`. Addresses that are global already,
 * those in shared DRAM included, stay as they are. One program has the same variable at the same local
 * address in each core:
 *
 *     int *theirs = ecore_at(ecore_group_core(3), &mine);
 */
static inline void* ecore_at(uint32_t core, const volatile void* pointer) {
  const uintptr_t address = (uintptr_t)pointer;
  return (void*)(address < 0x100000 ? (uintptr_t)core << 20 | address : address);
}

/* A word of another core, or one of its registers: `address` is local to it. A load waits for the mesh. */
static inline uint32_t ecore_load(uint32_t core, uint32_t address) {
  return *(volatile uint32_t*)ecore_at(core, (void*)address);
}
static inline void ecore_store(uint32_t core, uint32_t address, uint32_t value) {
  *(volatile uint32_t*)ecore_at(core, (void*)address) = value;
}

/* ----------------------------------------------------------------------------------------------------------
 * Words to the host: a store to the eLink of the FPGA, which keeps 31 of them. When it is full the store
 * waits, and with it all that goes to the host. [OH project, eLink mailbox]
 */

#define ECORE_MAILBOX 0x810f0730u

static inline void ecore_mailbox_send(uint32_t word) {
  *(volatile uint32_t*)ECORE_MAILBOX = word;
}

/* A word that tells who sent it: the core ID above the 20 bits of `payload`. The mailbox itself does not
 * know. */
static inline void ecore_mailbox_send_tagged(uint32_t payload) {
  ecore_mailbox_send(ecore_id() << 20 | (payload & 0xfffff));
}

/* ----------------------------------------------------------------------------------------------------------
 * Interrupts. A handler is a plain C function; it is called with other interrupts off. All begin masked,
 * except SYNC, which starts the program again, and the two exceptions: without a handler of the program's
 * own, these halt the core at a breakpoint with STATUS in R0 and in R1 the address behind the instruction.
 * [Interrupt controller]
 *
 * Code that multiplies or divides integers, or computes with floats, switches the core's mode, and the
 * compiler enables interrupts behind each switch. To keep an interrupt out for longer than a few accesses,
 * mask it.
 */

enum ecore_interrupt {
  ECORE_SYNC = 0,
  ECORE_EXCEPTION = 1,    /* STATUS bits 19:16 are the cause */
  ECORE_MEMORY_FAULT = 2, /* a store to a page that MEMPROTECT protects */
  ECORE_TIMER0 = 3,
  ECORE_TIMER1 = 4,
  ECORE_MESSAGE = 5, /* the last datum of a DMA transfer in message mode arrived here */
  ECORE_DMA0 = 6,
  ECORE_DMA1 = 7,
  ECORE_WAND = 8,
  ECORE_USER = 9 /* by ecore_interrupt_send(), or from the host */
};

typedef void (*ecore_handler)(uint32_t interrupt);

/* By interrupt; crt0.S looks here. SYNC has none. */
extern volatile ecore_handler ecore_handlers[10] __asm__("__ecore_handlers");

static inline void ecore_interrupts_enable(void) {
  __asm__ __volatile__("gie" : : : "memory");
}

/* Returns what ecore_interrupts_restore() needs. */
static inline uint32_t ecore_interrupts_disable(void) {
  const uint32_t before = ECORE_READ_REGISTER(status) & 2;
  __asm__ __volatile__("gid" : : : "memory");
  return before;
}
static inline void ecore_interrupts_restore(uint32_t before) {
  if (before == 0) ecore_interrupts_enable();
}

static inline void ecore_interrupt_mask(enum ecore_interrupt interrupt) {
  const uint32_t before = ecore_interrupts_disable();
  ECORE_WRITE_REGISTER(imask, ECORE_READ_REGISTER(imask) | 1u << interrupt);
  ecore_interrupts_restore(before);
}

/* If it has come meanwhile, it is served now. */
static inline void ecore_interrupt_unmask(enum ecore_interrupt interrupt) {
  const uint32_t before = ecore_interrupts_disable();
  ECORE_WRITE_REGISTER(imask, ECORE_READ_REGISTER(imask) & ~(1u << interrupt));
  ecore_interrupts_restore(before);
}

/* Forgets that it has come. */
static inline void ecore_interrupt_clear(enum ecore_interrupt interrupt) {
  ECORE_WRITE_REGISTER(ilatcl, 1u << interrupt);
}

/* Sets the handler of an interrupt, ECORE_EXCEPTION … ECORE_USER, and unmasks it; with 0, masks it. */
static inline void ecore_interrupt_attach(enum ecore_interrupt interrupt, ecore_handler handler) {
  ecore_interrupt_mask(interrupt);
  ecore_handlers[interrupt] = handler;
  if (handler != 0) ecore_interrupt_unmask(interrupt);
}

/*
 * Interrupts a core, another one or this one, where that takes a few instructions to arrive. ECORE_SYNC
 * starts its program again.
 */
static inline void ecore_interrupt_send(uint32_t core, enum ecore_interrupt interrupt) {
  ecore_store(core, 0xf042c, 1u << interrupt); /* ILATST */
}

/*
 * Sleeps until an unmasked interrupt has been served. With interrupts disabled before the condition is looked
 * at, none is missed: a core takes no interrupt between GIE and an IDLE within the same eight bytes.
 *
 *     for (;;) {
 *       ecore_interrupts_disable();
 *       if (done) break;
 *       ecore_wait_for_interrupt();
 *     }
 *     ecore_interrupts_enable();
 *
 * NOPs lead to the multiple of eight: left to itself, the assembler fills more than two bytes with zeros, and
 * that is a BEQ to itself.
 */
static inline void ecore_wait_for_interrupt(void) {
  __asm__ __volatile__(".balignw 8,0x01a2\n\tgie\n\tidle" : : : "memory");
}

/* ----------------------------------------------------------------------------------------------------------
 * Mutex: a word in the SRAM of one core, taken by TESTSET. That works on global addresses in SRAM only: not
 * on local ones, which these functions make global, and not in DRAM. [Instruction TESTSET]
 *
 *     ECORE_SHARED struct ecore_mutex mutex;
 *     struct ecore_mutex *lock = ecore_at(ecore_group_core(0), &mutex);
 *
 * What its holder stores to the core that has the mutex is there before the mutex is free. Stores to other
 * places may be under way for longer: load the last of them back before unlocking.
 */

struct ecore_mutex {
  volatile uint32_t holder; /* a core ID; 0 if it is free */
};

/* Returns 1 if this core has the mutex now, 0 if it is taken. */
static inline int ecore_mutex_try_lock(struct ecore_mutex* mutex) {
  uint32_t value = ecore_id();
  __asm__ __volatile__("testset %0,[%1,%2]" : "+r"(value) : "r"(ecore_at(value, mutex)), "r"(0) : "memory");
  return value == 0;
}

static inline void ecore_mutex_lock(struct ecore_mutex* mutex) {
  while (!ecore_mutex_try_lock(mutex)) continue;
}

/* By a global address too: a local store could overtake what is under way to this core's own mutex. */
static inline void ecore_mutex_unlock(struct ecore_mutex* mutex) {
  __asm__ __volatile__("" : : : "memory");
  ((struct ecore_mutex*)ecore_at(ecore_id(), mutex))->holder = 0;
}

/* ----------------------------------------------------------------------------------------------------------
 * Barrier: no core of the work-group goes on before all have come. In round r each core tells the one 2^r
 * further on that it is there, and waits for the one 2^r behind; after log2 of their number, rounded up, each
 * has heard of all. Cores wait on their own SRAM only, and no instruction is needed that reads and writes at
 * once.
 *
 *     static ECORE_SHARED struct ecore_barrier barrier;
 *     ecore_barrier_wait(&barrier);
 *
 * All cores must use the same barrier at the same local address. A store to a third core before the barrier
 * may be under way when the barrier is passed: load it back before.
 */

#define ECORE_BARRIER_ROUNDS 12 /* enough for 4096 cores */

struct ecore_barrier {
  uint32_t times;                                  /* how often this core has come */
  volatile uint32_t arrived[ECORE_BARRIER_ROUNDS]; /* by round: how often the one behind has */
};

static inline void ecore_barrier_wait(struct ecore_barrier* barrier) {
  const uint32_t size = ecore_group_size();
  const uint32_t rank = ecore_group_rank();
  const uint32_t times = ++barrier->times;
  __asm__ __volatile__("" : : : "memory");
  for (uint32_t round = 0, distance = 1; distance < size; ++round, distance <<= 1) {
    uint32_t partner = rank + distance;
    if (partner >= size) partner -= size;
    *(volatile uint32_t*)ecore_at(ecore_group_core(partner), &barrier->arrived[round]) = times;
    /* The one behind may be here for the next time already; the difference is right beyond 2^32 times too. */
    while ((int32_t)(barrier->arrived[round] - times) < 0) continue;
  }
  __asm__ __volatile__("" : : : "memory");
}

/* ----------------------------------------------------------------------------------------------------------
 * DMA: two channels, 0 and 1, each working through a chain of descriptors. [Direct memory access]
 *
 *     static struct ecore_dma_descriptor copy;
 *     ecore_dma_prepare(&copy, to, from, bytes);
 *     ecore_dma_start(0, &copy);
 *     …
 *     ecore_dma_wait(0);
 *
 * Addresses may be local, of another core, or in DRAM. A descriptor must lie in SRAM and stay as it is until
 * the channel is done. Transfers that end in this core's SRAM are done when all their data are there; others
 * when the last datum has left.
 */

/* In `config` of a descriptor. */
#define ECORE_DMA_ENABLE 0x0001u
#define ECORE_DMA_MASTER 0x0002u
#define ECORE_DMA_CHAIN 0x0004u     /* go on with the descriptor at bits 31:16 */
#define ECORE_DMA_STARTUP 0x0008u   /* load the descriptor at bits 31:16 first; only in the register */
#define ECORE_DMA_INTERRUPT 0x0010u /* ECORE_DMA0 or ECORE_DMA1 at the end of this descriptor */
#define ECORE_DMA_SIZE_SHIFT 5      /* of a datum: 0 byte, 1 two bytes, 2 four, 3 eight */
#define ECORE_DMA_MESSAGE 0x0400u   /* see ECORE_MESSAGE; to this core: not done before the data are here */

struct ecore_dma_descriptor {
  uint32_t config;
  /* Bytes from a datum to the next: source in bits 15:0, destination in 31:16, signed. */
  uint32_t inner_stride;
  /* Data in a row in bits 15:0, rows in 31:16, each 1 … 65535. */
  uint32_t count;
  /* In place of the inner one, from the last datum of a row to the first of the next. */
  uint32_t outer_stride;
  const volatile void* source;
  volatile void* destination;
} __attribute__((aligned(8)));

static inline uint32_t ecore_dma_pair_(uint32_t source, uint32_t destination) {
  return (source & 0xffff) | destination << 16;
}

/* The largest datum, as log2 of its bytes, that these addresses and lengths are multiples of. */
static inline uint32_t ecore_dma_size_(uint32_t all) {
  return all & 1 ? 0 : all & 2 ? 1 : all & 4 ? 2 : 3;
}

/*
 * Describes the copy of `rows` rows of `row_bytes` bytes, whose beginnings are `source_pitch` and
 * `destination_pitch` bytes apart. In data of the largest size that suits all of these: at most 65535 data in
 * a row and 65535 rows, each at least 1, and pitches of less than 32768 bytes more or less than a row.
 */
static inline void ecore_dma_prepare_rows(struct ecore_dma_descriptor* descriptor, volatile void* destination,
                                          uint32_t destination_pitch, const volatile void* source,
                                          uint32_t source_pitch, uint32_t row_bytes, uint32_t rows) {
  const uint32_t size = ecore_dma_size_((uint32_t)destination | destination_pitch | (uint32_t)source |
                                        source_pitch | row_bytes);
  const uint32_t bytes = 1u << size;
  /* A message to itself would interrupt this core: its own SRAM goes by local addresses only. */
  if ((uint32_t)destination >> 20 == ecore_id()) destination = (void*)((uint32_t)destination & 0xfffff);
  const int arrives_here = (uint32_t)destination < 0x100000;
  descriptor->config = ECORE_DMA_ENABLE | ECORE_DMA_MASTER | size << ECORE_DMA_SIZE_SHIFT |
                       (arrives_here ? ECORE_DMA_MESSAGE : 0);
  descriptor->inner_stride = ecore_dma_pair_(bytes, bytes);
  descriptor->count = row_bytes >> size | rows << 16;
  descriptor->outer_stride =
      ecore_dma_pair_(source_pitch - row_bytes + bytes, destination_pitch - row_bytes + bytes);
  descriptor->source = source;
  descriptor->destination = destination;
}

/* Describes the copy of `bytes` bytes: at most 65535 data of the largest size that suits both addresses and
 * `bytes`. */
static inline void ecore_dma_prepare(struct ecore_dma_descriptor* descriptor, volatile void* destination,
                                     const volatile void* source, uint32_t bytes) {
  ecore_dma_prepare_rows(descriptor, destination, bytes, source, bytes, bytes, 1);
}

/* Makes `next` follow. */
static inline void ecore_dma_chain(struct ecore_dma_descriptor* descriptor,
                                   const struct ecore_dma_descriptor* next) {
  descriptor->config = (descriptor->config & 0xffff) | ECORE_DMA_CHAIN | (uint32_t)next << 16;
}

/* 0 if the channel, 0 or 1, is at rest; 0xd if it has stopped at a descriptor that makes no sense; else it
 * works. */
static inline uint32_t ecore_dma_state(uint32_t channel) {
  return (channel == 0 ? ECORE_READ_REGISTER(dma0status) : ECORE_READ_REGISTER(dma1status)) & 0xf;
}

/* Starts a channel that is at rest with the first descriptor of a chain. */
static inline void ecore_dma_start(uint32_t channel, const struct ecore_dma_descriptor* first) {
  const uint32_t config = (uint32_t)first << 16 | ECORE_DMA_STARTUP;
  if (channel == 0)
    ECORE_WRITE_REGISTER(dma0config, config);
  else
    ECORE_WRITE_REGISTER(dma1config, config);
}

/* Waits until the channel is done. Returns 0, or -1 if it has stopped at a descriptor that makes no sense. */
static inline int ecore_dma_wait(uint32_t channel) {
  for (;;) {
    const uint32_t state = ecore_dma_state(channel);
    if (state == 0) return 0;
    if (state == 0xd) return -1;
  }
}

/* Copies with a channel and waits for it. As ecore_dma_prepare() and ecore_dma_wait(). */
static inline int ecore_dma_copy(uint32_t channel, volatile void* destination, const volatile void* source,
                                 uint32_t bytes) {
  struct ecore_dma_descriptor descriptor;
  ecore_dma_prepare(&descriptor, destination, source, bytes);
  ecore_dma_start(channel, &descriptor);
  return ecore_dma_wait(channel);
}

/* ----------------------------------------------------------------------------------------------------------
 * Timers: two counters, 0 and 1, that count events down to 0, where they stop and interrupt: ECORE_TIMER0 and
 * ECORE_TIMER1. [Event timers]
 */

enum ecore_timer_event {
  ECORE_TIMER_OFF = 0,
  ECORE_TIMER_CLOCK = 1, /* cycles of the core */
  ECORE_TIMER_IDLE = 2,
  ECORE_TIMER_INTEGER = 4, /* instructions of the integer unit */
  ECORE_TIMER_FLOAT = 5,   /* instructions of the floating-point unit */
  ECORE_TIMER_DUAL = 6,    /* cycles in which two instructions began */
  ECORE_TIMER_E1_STALLS = 7,
  ECORE_TIMER_RA_STALLS = 8,
  ECORE_TIMER_FETCH_STALLS = 0xa,
  ECORE_TIMER_LOAD_STALLS = 0xb,
  ECORE_TIMER_MESH0 = 0xe, /* what MESHCONFIG bits 11:8 select */
  ECORE_TIMER_MESH1 = 0xf  /* what MESHCONFIG bits 7:4 select */
};

/* What is left to count. */
static inline uint32_t ecore_timer_read(uint32_t timer) {
  return timer == 0 ? ECORE_READ_REGISTER(ctimer0) : ECORE_READ_REGISTER(ctimer1);
}

/* Lets it count on from here; in the handler of a timer, starts its next period. */
static inline void ecore_timer_set(uint32_t timer, uint32_t count) {
  if (timer == 0)
    ECORE_WRITE_REGISTER(ctimer0, count);
  else
    ECORE_WRITE_REGISTER(ctimer1, count);
}

/* What it counts, from now on. */
static inline void ecore_timer_select(uint32_t timer, enum ecore_timer_event event) {
  const uint32_t shift = timer == 0 ? 4 : 8; /* CONFIG bits 7:4 and 11:8 */
  const uint32_t before = ecore_interrupts_disable();
  const uint32_t config = ECORE_READ_REGISTER(config) & ~(0xfu << shift);
  ECORE_WRITE_REGISTER(config, config | (uint32_t)event << shift);
  ecore_interrupts_restore(before);
}

/* Counts `count` events from now on. With 0xffffffff it measures: ~ecore_timer_read() is what it has counted.
 */
static inline void ecore_timer_start(uint32_t timer, enum ecore_timer_event event, uint32_t count) {
  ecore_timer_select(timer, ECORE_TIMER_OFF);
  ecore_timer_set(timer, count);
  ecore_timer_select(timer, event);
}

static inline void ecore_timer_stop(uint32_t timer) {
  ecore_timer_select(timer, ECORE_TIMER_OFF);
}

#endif /* NODE_EPIPHANY_ECORE_ECORE_H_ */
