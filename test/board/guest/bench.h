/* SPDX-License-Identifier: MIT */
/* The registers of the virtual board's test bench; test/board/qemu/bench.c has the same list. */
#ifndef BENCH_H
#define BENCH_H

#define BENCH_BASE 0x43c00000
#define BENCH_POWERED 0x00    /* 0 or 1 */
#define BENCH_MICROVOLTS 0x04 /* what the regulator is set to */
#define BENCH_DEAD_LINK 0x08  /* 0 or 1 */
#define BENCH_STUCK_CORE 0x0c /* a core ID, or 0 to end all waits; write only */
#define BENCH_MESSAGE 0x10    /* comes to the mailbox; write only */
#define BENCH_ANSWERS 0x14    /* whether the chip would answer; read only */
#define BENCH_INTERRUPT 0x18  /* level of the mailbox interrupt; read only */

#endif
