/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Character devices of the Adapteva Epiphany: /dev/epiphany/elinkN and meshN
 *
 * Both give the same chip. The offset of every file, for mmap, pread and
 * pwrite alike, is the eMesh address: core ID << 20 | local address, or an
 * address of shared DRAM. Host-physical addresses appear nowhere.
 *
 * Numbers from 0x10 on are this driver's own. Their structures begin with
 * their size in bytes, as the caller knows them; fields that a kernel does not
 * know must be zero (E2BIG), fields that a caller does not know are zero to the
 * kernel. Padding and unknown flags must be zero (EINVAL). Every file
 * descriptor that they give is close-on-exec.
 */
#ifndef _UAPI_MISC_EPIPHANY_H
#define _UAPI_MISC_EPIPHANY_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define E_IOCTL_MAGIC	'E'
#define E_IO(nr)	_IO(E_IOCTL_MAGIC, nr)
#define E_IOR(nr, type)	_IOR(E_IOCTL_MAGIC, nr, type)
#define E_IOW(nr, type)	_IOW(E_IOCTL_MAGIC, nr, type)
#define E_IOWR(nr, type) _IOWR(E_IOCTL_MAGIC, nr, type)

#define EPIPHANY_ABI_VERSION	1

/* Reads of a chip that does not answer fail with EIO; so pread is supported. */
#define EPIPHANY_FEATURE_SAFE_READ	(1ULL << 0)
/* There is a DMA engine that copies memory: EPIPHANY_IOC_DMA_COPY. */
#define EPIPHANY_FEATURE_DMA_COPY	(1ULL << 1)
/* The voltage of the chip is known. */
#define EPIPHANY_FEATURE_VDD		(1ULL << 2)

#define EPIPHANY_STATE_POWERED		(1U << 0)
/* Switched off because of heat, until it is allowed again. */
#define EPIPHANY_STATE_THERMAL		(1U << 1)
/* Of a work-group: the chip was reset since it was claimed. */
#define EPIPHANY_STATE_STALE		(1U << 2)

enum e_chip_type {
	E_CHIP_UNKNOWN = 0,
	E_CHIP_E16G301,
	E_CHIP_E64G401,
	E_CHIP_MAX
};

enum e_link_side {
	E_SIDE_N = 0,
	E_SIDE_E,
	E_SIDE_S,
	E_SIDE_W,
	E_SIDE_MAX
};

/**
 * struct epiphany_info - what the chip and the driver are
 * @size: bytes of this structure
 * @abi_version: EPIPHANY_ABI_VERSION of the driver
 * @features: EPIPHANY_FEATURE_* bits
 * @chip_type: enum e_chip_type
 * @rows: of cores, 0 if the eLink has no chip
 * @columns: of cores
 * @first_core: core ID in the north-west
 * @sram_bytes: of one core
 * @region_count: how many regions EPIPHANY_IOC_REGION knows
 * @generation: counts resets of any scope, and changes of power
 * @vdd_microvolt: as the regulator tells, 0 if unknown
 * @state: EPIPHANY_STATE_* bits
 * @version: VERSION of the eLink, 0 if it was not read
 * @pad: zero
 */
struct epiphany_info {
	__u32 size;
	__u32 abi_version;
	__u64 features;
	__u32 chip_type;
	__u32 rows;
	__u32 columns;
	__u32 first_core;
	__u32 sram_bytes;
	__u32 region_count;
	__u64 generation;
	__u32 vdd_microvolt;
	__u32 state;
	__u32 version;
	__u32 pad;
};

enum epiphany_region_kind {
	EPIPHANY_REGION_SRAM = 1,
	EPIPHANY_REGION_REGISTERS = 2,
	EPIPHANY_REGION_DRAM = 3,
	EPIPHANY_REGION_ELINK = 4,
};

#define EPIPHANY_REGION_READ	(1U << 0)	/* by pread */
#define EPIPHANY_REGION_WRITE	(1U << 1)	/* by pwrite */
#define EPIPHANY_REGION_MMAP	(1U << 2)
/* Device memory: aligned accesses of 1, 2 or 4 bytes only. */
#define EPIPHANY_REGION_DEVICE	(1U << 3)

/**
 * struct epiphany_region - one part of the address space, by number
 * @size: bytes of this structure
 * @index: which, 0 ... region_count - 1; EINVAL beyond
 * @kind: enum epiphany_region_kind
 * @flags: EPIPHANY_REGION_* bits: what this file may do with it
 * @address: its eMesh address
 * @bytes: its length
 */
struct epiphany_region {
	__u32 size;
	__u32 index;
	__u32 kind;
	__u32 flags;
	__u64 address;
	__u64 bytes;
};

/* Nobody else may claim or map these cores. */
#define EPIPHANY_CLAIM_EXCLUSIVE	(1U << 0)
/* dead_man_address and dead_man_value are given. */
#define EPIPHANY_CLAIM_DEAD_MAN		(1U << 1)
/* The dead man's address is in the memory of dead_man_fd. */
#define EPIPHANY_CLAIM_DEAD_MAN_DRAM	(1U << 2)

/* What happens to the cores when the work-group is released. */
enum epiphany_on_release {
	EPIPHANY_RELEASE_LEAVE = 0,
	EPIPHANY_RELEASE_HALT = 1,
	EPIPHANY_RELEASE_RESET = 2,
	EPIPHANY_RELEASE_SCRUB = 3,	/* reset, and SRAM zeroed */
};

/**
 * struct epiphany_claim - claim a rectangle of cores: a work-group
 * @size: bytes of this structure
 * @flags: EPIPHANY_CLAIM_* bits
 * @row: of its north-west core, counted from the chip's
 * @column: of its north-west core, counted from the chip's
 * @rows: of the rectangle
 * @columns: of the rectangle
 * @on_release: enum epiphany_on_release, with the last reference to @fd
 * @dead_man_fd: of DRAM, with EPIPHANY_CLAIM_DEAD_MAN_DRAM, else 0
 * @dead_man_address: where @dead_man_value is written after @on_release: in SRAM
 *	or registers of a claimed core, or in the memory of @dead_man_fd; aligned
 * @dead_man_value: what is written
 * @fd: out: a file that reaches these cores, and no others
 */
struct epiphany_claim {
	__u32 size;
	__u32 flags;
	__u32 row;
	__u32 column;
	__u32 rows;
	__u32 columns;
	__u32 on_release;
	__s32 dead_man_fd;
	__u64 dead_man_address;
	__u32 dead_man_value;
	__s32 fd;
};

enum epiphany_reset_scope {
	EPIPHANY_RESET_CORE = 1,
	EPIPHANY_RESET_GROUP = 2,	/* all cores of this work-group */
	EPIPHANY_RESET_CHIP = 3,
};

/**
 * struct epiphany_reset - reset a part of the chip
 * @size: bytes of this structure
 * @scope: enum epiphany_reset_scope
 * @core: core ID, with EPIPHANY_RESET_CORE, else 0
 * @pad: zero
 * @generation: out: after the reset
 *
 * EBUSY if another open file has claimed what is to be reset. CAP_SYS_ADMIN may
 * reset the chip all the same.
 */
struct epiphany_reset {
	__u32 size;
	__u32 scope;
	__u32 core;
	__u32 pad;
	__u64 generation;
};

/* At this address, or EBUSY. */
#define EPIPHANY_DRAM_FIXED	(1U << 0)
/* Zeroed when it is given back, too: what is in it does not outlive its files and mappings. */
#define EPIPHANY_DRAM_SCRUB	(1U << 1)

/**
 * struct epiphany_dram_alloc - allocate shared DRAM
 * @size: bytes of this structure
 * @flags: EPIPHANY_DRAM_* bits
 * @bytes: how many, rounded up to pages; out: as rounded
 * @align: of the address, a power of two, or 0
 * @address: in with EPIPHANY_DRAM_FIXED, out always: the eMesh address
 * @fd: out: a file that holds and reaches this memory. It is zero at first
 * @pad: zero
 *
 * Other processes are kept out of it, but not code on the cores, which reaches
 * all of shared DRAM: everybody who may use the chip is trusted with it.
 */
struct epiphany_dram_alloc {
	__u32 size;
	__u32 flags;
	__u64 bytes;
	__u64 align;
	__u64 address;
	__s32 fd;
	__u32 pad;
};

enum epiphany_dma_kind {
	EPIPHANY_DMA_USER = 1,	/* memory of the caller, at a virtual address */
	EPIPHANY_DMA_FILE = 2,	/* an eMesh address that a work-group or DRAM fd reaches */
};

/**
 * struct epiphany_dma_place - one end of a copy
 * @kind: enum epiphany_dma_kind
 * @fd: of a work-group or DRAM, with EPIPHANY_DMA_FILE, else 0
 * @address: virtual or eMesh, a multiple of 4
 */
struct epiphany_dma_place {
	__u32 kind;
	__s32 fd;
	__u64 address;
};

/**
 * struct epiphany_dma_copy - copy by the host's DMA engine
 * @size: bytes of this structure
 * @flags: zero
 * @source: where from; not SRAM of an E64G401, whose burst reads are wrong
 * @destination: where to
 * @bytes: how many, a multiple of 4, at most 16 MiB
 * @cookie: out: names the copy in the event of its completion
 *
 * Returns when the copy has been queued. Copies of one eLink are made in the
 * order in which they were queued. The event goes to event files that were made
 * from the same open file. EINVAL if the two places overlap; ENOMEM if the
 * caller may not lock that much of its memory (RLIMIT_MEMLOCK). What is at the
 * destination of a copy that failed is undefined.
 */
struct epiphany_dma_copy {
	__u32 size;
	__u32 flags;
	struct epiphany_dma_place source;
	struct epiphany_dma_place destination;
	__u64 bytes;
	__u64 cookie;
};

enum epiphany_event_type {
	EPIPHANY_EVENT_MAILBOX = 1,	/* payload: the message, MAILBOXLO in the low half */
	EPIPHANY_EVENT_RESET = 2,	/* payload: generation, core ID << 32, scope << 48 */
	EPIPHANY_EVENT_POWER = 3,	/* payload: 1 on, 0 off */
	EPIPHANY_EVENT_THERMAL = 4,	/* payload: 1 switched off, 0 allowed again */
	EPIPHANY_EVENT_DMA = 5,		/* payload: cookie; flags: errno, or 0 */
	EPIPHANY_EVENT_OVERFLOW = 6,	/* payload: how many events were lost here */
	EPIPHANY_EVENT_GONE = 7,	/* the driver was unbound */
};

#define EPIPHANY_EVENT_BIT(type)	(1U << (type))

/**
 * struct epiphany_event - what a file of events is read as
 * @type: enum epiphany_event_type
 * @flags: of the type
 * @sequence: counts the events of this file, the lost ones too
 * @time: CLOCK_MONOTONIC, in nanoseconds
 * @payload: of the type
 */
struct epiphany_event {
	__u32 type;
	__u32 flags;
	__u64 sequence;
	__u64 time;
	__u64 payload;
};

/**
 * struct epiphany_events - make a file of events
 * @size: bytes of this structure
 * @mask: EPIPHANY_EVENT_BIT()s of what is wanted; overflow and gone always are
 * @fd: out: a file that can be polled, and read as struct epiphany_event
 * @pad: zero
 *
 * One open file can have 16 of them (EMFILE), one eLink 512 (ENFILE).
 */
struct epiphany_events {
	__u32 size;
	__u32 mask;
	__s32 fd;
	__u32 pad;
};

#define EPIPHANY_IOC_INFO	E_IOWR(0x10, struct epiphany_info)
#define EPIPHANY_IOC_REGION	E_IOWR(0x11, struct epiphany_region)
#define EPIPHANY_IOC_CLAIM	E_IOWR(0x12, struct epiphany_claim)
#define EPIPHANY_IOC_RESET	E_IOWR(0x13, struct epiphany_reset)
#define EPIPHANY_IOC_DRAM_ALLOC	E_IOWR(0x14, struct epiphany_dram_alloc)
#define EPIPHANY_IOC_DMA_COPY	E_IOWR(0x15, struct epiphany_dma_copy)
#define EPIPHANY_IOC_EVENTS	E_IOWR(0x16, struct epiphany_events)

#include <misc/epiphany_legacy.h>

#endif /* _UAPI_MISC_EPIPHANY_H */
