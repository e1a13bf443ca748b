/* SPDX-License-Identifier: GPL-2.0-only */
/* A ring of events in which no loss goes unnoticed. The caller locks. */
#ifndef _EPIPHANY_RING_H
#define _EPIPHANY_RING_H

#include <linux/types.h>
#include <misc/epiphany.h>

struct epi_ring {
	struct epiphany_event *records;
	unsigned int capacity;
	unsigned int first;
	unsigned int count;
	u64 sequence; /* of the last event, lost or not */
	u64 lost;     /* since the last record that was kept */
	u64 lost_ever;
};

int epi_ring_init(struct epi_ring *ring, unsigned int capacity);
void epi_ring_free(struct epi_ring *ring);
void epi_ring_clear(struct epi_ring *ring);
void epi_ring_push(struct epi_ring *ring, u32 type, u32 flags, u64 time, u64 payload);
bool epi_ring_is_empty(const struct epi_ring *ring);
unsigned int epi_ring_peek(struct epi_ring *ring, struct epiphany_event *records,
			   unsigned int count);
void epi_ring_drop(struct epi_ring *ring, u64 sequence);

#endif /* _EPIPHANY_RING_H */
