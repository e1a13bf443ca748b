// SPDX-License-Identifier: GPL-2.0-only
/* Rings of events. */
#include "ring.c"
#include "kunit.h"

/* Every event is either read or told as lost, in its place, however writing and reading mix. */
static void ring_tells_losses(struct kunit *test)
{
	struct epiphany_event records[8];
	struct epi_ring ring;
	u64 pushed = 0, seen = 0, lost = 0, random = 1;
	unsigned int round, count, i;

	KUNIT_ASSERT_EQ(test, 0, epi_ring_init(&ring, 16));
	for (round = 0; round < 20000; round++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		for (i = random >> 60; i; i--)
			epi_ring_push(&ring, EPIPHANY_EVENT_MAILBOX, 0, 0, ++pushed);
		count = epi_ring_peek(&ring, records, random >> 40 & 7);
		for (i = 0; i < count; i++) {
			if (records[i].type == EPIPHANY_EVENT_OVERFLOW) {
				lost += records[i].payload;
				seen += records[i].payload;
			} else if (records[i].payload != ++seen) {
				KUNIT_FAIL(test, "%llu instead of %llu", records[i].payload, seen);
				goto out;
			}
			KUNIT_EXPECT_EQ(test, seen, records[i].sequence);
		}
		if (count)
			epi_ring_drop(&ring, records[count - 1].sequence);
	}
	while ((count = epi_ring_peek(&ring, records, 8))) {
		for (i = 0; i < count; i++)
			seen += records[i].type == EPIPHANY_EVENT_OVERFLOW ? records[i].payload : 1;
		epi_ring_drop(&ring, records[count - 1].sequence);
	}
	KUNIT_EXPECT_EQ(test, pushed, seen);
	KUNIT_EXPECT_TRUE(test, lost > 1000);
	KUNIT_EXPECT_TRUE(test, epi_ring_is_empty(&ring));
out:
	epi_ring_free(&ring);
}

static void ring_keeps_what_is_not_dropped(struct kunit *test)
{
	struct epiphany_event first, again;
	struct epi_ring ring;

	KUNIT_ASSERT_EQ(test, 0, epi_ring_init(&ring, 4));
	KUNIT_EXPECT_EQ(test, 0u, epi_ring_peek(&ring, &first, 1));
	epi_ring_push(&ring, EPIPHANY_EVENT_RESET, 7, 8, 9);
	KUNIT_EXPECT_EQ(test, 1u, epi_ring_peek(&ring, &first, 1));
	KUNIT_EXPECT_EQ(test, 1u, epi_ring_peek(&ring, &again, 1));
	KUNIT_EXPECT_EQ(test, 0, memcmp(&first, &again, sizeof(first)));
	KUNIT_EXPECT_EQ(test, 7u, first.flags);
	KUNIT_EXPECT_EQ(test, 8ull, first.time);
	KUNIT_EXPECT_EQ(test, 9ull, first.payload);
	/* A reset came between looking and dropping: what is new stays. */
	epi_ring_clear(&ring);
	epi_ring_push(&ring, EPIPHANY_EVENT_POWER, 0, 0, 1);
	epi_ring_drop(&ring, first.sequence);
	KUNIT_EXPECT_FALSE(test, epi_ring_is_empty(&ring));
	epi_ring_free(&ring);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ring_tells_losses),
	KUNIT_CASE(ring_keeps_what_is_not_dropped),
	{},
};

struct kunit_suite epi_ring_suite = {
	.name = "epiphany-ring",
	.test_cases = cases,
};
