// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies to and from pages of a user, on a host whose caches write nothing back
 * by themselves, and whose engine sees nothing but memory.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/random.h>

/* A poison of which no byte, nor that of its complement, is somebody's. */
#define get_random_u64() 0x0123456789abcdefull

#include "copy.c"
#include "kunit.h"

#define PAGES	   2
#define BYTES	   (PAGES * PAGE_SIZE)
#define BUS_PAGES  0x10000000
#define BUS_BOUNCE 0x20000000
#define BUS_RANGE  0x30000000
#define NEVER	   UINT_MAX
#define SOMEBODYS  0xee /* what memory holds where it was not written back: another's data */

struct host {
	struct epi_elink elink;
	struct epi_job job;
	struct file file;
	struct page *pages[PAGES];
	u8 *seen;   /* the pages, as the processor sees them: in its cache */
	u8 *memory; /* behind that */
	u8 *range;
	u8 *expected;
	int error;		   /* why the job may not be made */
	int refusal;		   /* the same, found as late as may be */
	unsigned int aborted_from; /* this transfer on, none moves anything */
	unsigned int transfers;
	unsigned int maps;
	size_t mapped_from, mapped_until; /* for the engine to write */
};

static struct host *host_of(struct epi_job *job)
{
	return container_of(job, struct host, job);
}

/* By whole lines, whatever shares them. */
static void move_lines(u8 *to, const u8 *from, size_t offset, size_t bytes)
{
	size_t line = dma_get_cache_alignment();
	size_t first = round_down(offset, line);

	memcpy(to + first, from + first, round_up(offset + bytes, line) - first);
}

dma_addr_t epi_job_map(struct epi_job *job, struct page *page, size_t offset, size_t bytes,
		       enum dma_data_direction direction)
{
	struct host *host = host_of(job);

	host->maps++;
	if (page == host->pages[1])
		offset += PAGE_SIZE;
	if (direction != DMA_TO_DEVICE) {
		host->mapped_from = offset;
		host->mapped_until = offset + bytes;
	}
	if (direction == DMA_FROM_DEVICE)
		move_lines(host->seen, host->memory, offset, bytes); /* invalidated */
	else
		move_lines(host->memory, host->seen, offset, bytes); /* cleaned */
	return BUS_PAGES + offset;
}

void epi_job_unmap(struct epi_job *job, dma_addr_t bus, size_t bytes,
		   enum dma_data_direction direction)
{
	struct host *host = host_of(job);

	host->maps--;
	host->mapped_from = 0;
	host->mapped_until = 0;
	if (direction != DMA_TO_DEVICE)
		move_lines(host->seen, host->memory, bus - BUS_PAGES, bytes);
}

static u8 *behind(struct host *host, dma_addr_t bus)
{
	if (bus >= BUS_RANGE)
		return host->range + (bus - BUS_RANGE);
	if (bus >= BUS_BOUNCE)
		return (u8 *)host->job.bounce + (bus - BUS_BOUNCE);
	return host->memory + (bus - BUS_PAGES);
}

int epi_job_error(struct epi_job *job)
{
	lockdep_assert_held(&job->elink->lock);
	return host_of(job)->error;
}

/* Another thread writes what shares a line with what is mapped: it must not get lost. */
static void write_neighbours(struct host *host)
{
	size_t line = dma_get_cache_alignment();
	size_t i;

	for (i = round_down(host->mapped_from, line); i < round_up(host->mapped_until, line); i++) {
		if (i >= host->mapped_from && i < host->mapped_until)
			continue;
		host->seen[i]++;
		host->expected[i]++;
	}
}

int epi_job_transfer(struct epi_job *job, dma_addr_t to, dma_addr_t from, size_t bytes)
{
	struct host *host = host_of(job);

	write_neighbours(host);
	if (host->refusal)
		return host->refusal;
	if (host->transfers++ < host->aborted_from)
		memcpy(behind(host, to), behind(host, from), bytes);
	return 0;
}

static void *zeroed(struct kunit *test, size_t bytes)
{
	void *memory = kunit_kzalloc(test, bytes, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, memory);
	return memory;
}

static struct host *make_host(struct kunit *test)
{
	struct host *host = zeroed(test, sizeof(*host));
	unsigned int i;

	mutex_init(&host->elink.lock);
	host->job.elink = &host->elink;
	host->job.bounce = zeroed(test, PAGE_SIZE);
	host->job.bounce_bus = BUS_BOUNCE;
	host->seen = zeroed(test, BYTES); /* a power of two: aligned to itself */
	host->memory = zeroed(test, BYTES);
	host->range = zeroed(test, BYTES);
	host->expected = zeroed(test, BYTES);
	for (i = 0; i < PAGES; i++)
		host->pages[i] = virt_to_page(host->seen + i * PAGE_SIZE);
	return host;
}

/* A job between the pages, from `offset` on, and the range from its beginning on. */
static int copy(struct host *host, bool out, size_t offset, size_t bytes)
{
	struct epi_job *job = &host->job;
	struct epi_end *user = out ? &job->source : &job->destination;
	struct epi_end *range = out ? &job->destination : &job->source;
	unsigned int i;

	for (i = 0; i < BYTES; i++) {
		host->seen[i] = 0x40 + i % 61;
		host->range[i] = 0x80 + i % 53;
	}
	memset(host->memory, SOMEBODYS, BYTES);
	memcpy(host->expected, out ? host->range : host->seen, BYTES);
	if (out)
		memcpy(host->expected, host->seen + offset, bytes);
	else
		memcpy(host->expected + offset, host->range, bytes);
	host->transfers = 0;
	*user = (struct epi_end) { .pages = host->pages + offset / PAGE_SIZE,
				   .offset = offset_in_page(offset) };
	*range = (struct epi_end) { .filp = &host->file, .bus = BUS_RANGE };
	job->bytes = bytes;
	return epi_copy_user(job);
}

/* What begins and ends anywhere in a line, and lies in a page, or in two. */
static const struct {
	size_t offset, bytes;
} pieces[] = {
	{ 0, 4 },
	{ 0, 8 },
	{ 4, 12 },
	{ 0, 128 },
	{ 128, 256 },
	{ 60, 72 },
	{ 100, 1000 },
	{ 0, PAGE_SIZE },
	{ PAGE_SIZE - 4, 8 },
	{ PAGE_SIZE - 100, 300 },
	{ PAGE_SIZE - 128, 256 },
	{ 4, BYTES - 8 },
	{ 0, BYTES },
};

static void everything_arrives(struct kunit *test)
{
	struct host *host = make_host(test);
	unsigned int i;

	host->aborted_from = NEVER;
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		KUNIT_EXPECT_EQ_MSG(test, 0, copy(host, false, pieces[i].offset, pieces[i].bytes),
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(host->seen, host->expected, BYTES), "case %u",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, 0, copy(host, true, pieces[i].offset, pieces[i].bytes),
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(host->range, host->expected, BYTES), "case %u",
				    i);
		KUNIT_EXPECT_EQ(test, 0u, host->maps);
	}
}

/* Whichever transfer it is, of those that a copy takes. */
static void what_is_aborted_is_found(struct kunit *test)
{
	struct host *host = make_host(test);
	unsigned int i, count, from;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		host->aborted_from = NEVER;
		KUNIT_ASSERT_EQ(test, 0, copy(host, false, pieces[i].offset, pieces[i].bytes));
		count = host->transfers;
		for (from = 0; from < count; from++) {
			host->aborted_from = from;
			KUNIT_EXPECT_EQ_MSG(test, -EIO,
					    copy(host, false, pieces[i].offset, pieces[i].bytes),
					    "case %u, transfer %u", i, from);
			KUNIT_EXPECT_EQ(test, 0u, host->maps);
		}
	}
}

/* However a copy ends, what memory held before is none of the caller's business. */
static void nobody_sees_what_memory_held(struct kunit *test)
{
	struct host *host = make_host(test);
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(pieces); i++) {
		host->aborted_from = 0;
		host->refusal = i % 2 ? -ESTALE : 0;
		KUNIT_EXPECT_EQ(test, i % 2 ? -ESTALE : -EIO,
				copy(host, false, pieces[i / 2].offset, pieces[i / 2].bytes));
		KUNIT_EXPECT_FALSE_MSG(test, memchr(host->seen, SOMEBODYS, BYTES), "case %u", i);
	}
}

static void what_may_not_be_copied_is_not_touched(struct kunit *test)
{
	struct host *host = make_host(test);
	unsigned int i, j;

	host->aborted_from = NEVER;
	host->error = -ESTALE;
	for (i = 0; i < 2 * ARRAY_SIZE(pieces); i++) {
		bool out = i % 2;

		KUNIT_EXPECT_EQ(test, -ESTALE,
				copy(host, out, pieces[i / 2].offset, pieces[i / 2].bytes));
		KUNIT_EXPECT_EQ(test, 0u, host->transfers);
		KUNIT_EXPECT_FALSE(test, memchr_inv(host->memory, SOMEBODYS, BYTES));
		/* Sees what it saw, the poison neither. */
		for (j = 0; j < BYTES && host->seen[j] == 0x40 + j % 61; j++)
			;
		KUNIT_EXPECT_EQ(test, (unsigned int)BYTES, j);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(everything_arrives),
	KUNIT_CASE(what_is_aborted_is_found),
	KUNIT_CASE(nobody_sees_what_memory_held),
	KUNIT_CASE(what_may_not_be_copied_is_not_touched),
	{},
};

struct kunit_suite epi_copy_suite = {
	.name = "epiphany-copy",
	.test_cases = cases,
};
