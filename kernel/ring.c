// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "ring.h"

int epi_ring_init(struct epi_ring *ring, unsigned int capacity)
{
	memset(ring, 0, sizeof(*ring));
	ring->records = kvcalloc(capacity, sizeof(*ring->records), GFP_KERNEL_ACCOUNT);
	if (!ring->records)
		return -ENOMEM;
	ring->capacity = capacity;
	return 0;
}

void epi_ring_free(struct epi_ring *ring)
{
	kvfree(ring->records);
}

/* Forgets the records; sequence goes on. */
void epi_ring_clear(struct epi_ring *ring)
{
	ring->first = 0;
	ring->count = 0;
	ring->lost = 0;
}

static void keep(struct epi_ring *ring, u32 type, u32 flags, u64 sequence, u64 time, u64 payload)
{
	ring->records[(ring->first + ring->count++) % ring->capacity] = (struct epiphany_event) {
		.type = type,
		.flags = flags,
		.sequence = sequence,
		.time = time,
		.payload = payload,
	};
}

/*
 * The newest events are those that get lost. Their number is told where they
 * would have been, so one place is kept for the telling.
 */
void epi_ring_push(struct epi_ring *ring, u32 type, u32 flags, u64 time, u64 payload)
{
	unsigned int wanted = ring->lost ? 2 : 1;

	ring->sequence++;
	if (ring->count + wanted > ring->capacity - 1) {
		ring->lost++;
		ring->lost_ever++;
		return;
	}
	if (ring->lost) {
		keep(ring, EPIPHANY_EVENT_OVERFLOW, 0, ring->sequence - 1, time, ring->lost);
		ring->lost = 0;
	}
	keep(ring, type, flags, ring->sequence, time, payload);
}

bool epi_ring_is_empty(const struct epi_ring *ring)
{
	return !ring->count && !ring->lost;
}

/* Copies the oldest records, which stay. */
unsigned int epi_ring_peek(struct epi_ring *ring, struct epiphany_event *records,
			   unsigned int count)
{
	unsigned int i;

	/* A loss at the very end is told only now; the last place is for it. */
	if (ring->lost && ring->count < ring->capacity) {
		keep(ring, EPIPHANY_EVENT_OVERFLOW, 0, ring->sequence, ktime_get_ns(), ring->lost);
		ring->lost = 0;
	}
	count = min(count, ring->count);
	for (i = 0; i < count; i++)
		records[i] = ring->records[(ring->first + i) % ring->capacity];
	return count;
}

/* Drops the records up to this one, if they are still there. */
void epi_ring_drop(struct epi_ring *ring, u64 sequence)
{
	while (ring->count && ring->records[ring->first].sequence <= sequence) {
		ring->first = (ring->first + 1) % ring->capacity;
		ring->count--;
	}
}
