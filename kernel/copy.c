// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a copy is made: past the caches, and with a proof that it was made.
 *
 * The PL330 tells of an aborted transfer as done. So the end of a destination
 * that can be read back is poisoned first; but for DRAM that a user writes.
 * Of user memory only whole cache lines reach the engine: it is not coherent,
 * and what shares a line belongs to somebody else.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "compat.h"
#include "job.h"

#define POISON_BYTES sizeof(u64)

/* Before anything is touched for a copy that may not be made, or not any longer. */
static int job_error(struct epi_job *job)
{
	int ret;

	mutex_lock(&job->elink->lock);
	ret = epi_job_error(job);
	mutex_unlock(&job->elink->lock);
	return ret;
}

/* Four bytes may well be what half a poison is, but not what two that differ are. */
static unsigned int tries_for(size_t tail)
{
	return tail < POISON_BYTES ? 2 : 1;
}

/* Into the bounce page. */
static int fetch(struct epi_job *job, size_t bytes, dma_addr_t from)
{
	u64 poison = get_random_u64();
	size_t tail = min(bytes, POISON_BYTES);
	void *last = job->bounce + bytes - tail;
	unsigned int tries;
	int ret;

	for (tries = tries_for(tail); tries; tries--) {
		memcpy(last, &poison, tail);
		ret = epi_job_transfer(job, job->bounce_bus, from, bytes);
		if (ret)
			return ret;
		if (memcmp(last, &poison, tail))
			return 0;
		poison = ~poison;
	}
	return -EIO;
}

/* User memory that the engine may not see: it goes through the bounce page. */
static int copy_bounced(struct epi_job *job, struct page *page, size_t offset, size_t bytes,
			dma_addr_t other)
{
	bool out = epi_end_is_user(&job->source);
	int ret = out ? 0 : fetch(job, bytes, other);
	void *user;

	if (ret)
		return ret;
	user = kmap_local_page(page);
	if (out)
		memcpy(job->bounce, user + offset, bytes);
	else
		memcpy(user + offset, job->bounce, bytes);
	kunmap_local(user);
	return out ? epi_job_transfer(job, other, job->bounce_bus, bytes) : 0;
}

/*
 * Mapped for the engine to write alone, lines may be dropped from the cache before
 * they reach memory, as ARM does: the poison would be gone, and a copy that fails
 * would show what memory held of somebody else's.
 */
static int copy_lines(struct epi_job *job, struct page *page, size_t offset, size_t bytes,
		      dma_addr_t other)
{
	bool out = epi_end_is_user(&job->source);
	enum dma_data_direction direction = out ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL;
	u64 poison = get_random_u64();
	void *user;
	dma_addr_t bus;
	int ret;

	if (!out) {
		user = kmap_local_page(page);
		memcpy(user + offset + bytes - POISON_BYTES, &poison, POISON_BYTES);
		kunmap_local(user);
	}
	bus = epi_job_map(job, page, offset, bytes, direction);
	if (bus == DMA_MAPPING_ERROR)
		return -ENOMEM;
	ret = out ? epi_job_transfer(job, other, bus, bytes)
		  : epi_job_transfer(job, bus, other, bytes);
	epi_job_unmap(job, bus, bytes, direction);
	if (ret || out)
		return ret;
	user = kmap_local_page(page);
	if (!memcmp(user + offset + bytes - POISON_BYTES, &poison, POISON_BYTES))
		ret = -EIO;
	kunmap_local(user);
	return ret;
}

/* Between pages of a user, one after the other, and a range. */
int epi_copy_user(struct epi_job *job)
{
	bool out = epi_end_is_user(&job->source);
	const struct epi_end *user = out ? &job->source : &job->destination;
	const struct epi_end *range = out ? &job->destination : &job->source;
	/* Where caches are coherent there may be no lines to tell of. */
	size_t line = max_t(size_t, dma_get_cache_alignment(), POISON_BYTES);
	size_t offset = user->offset;
	size_t done = 0;
	unsigned int i;
	int ret = 0;

	for (i = 0; done < job->bytes && !ret; i++) {
		size_t part = min_t(size_t, job->bytes - done, PAGE_SIZE - offset);
		size_t end = offset + part;

		while (offset < end && !ret) {
			size_t aligned = round_down(end, line);
			bool whole = IS_ALIGNED(offset, line) && offset < aligned;
			size_t until = whole ? aligned
					     : min_t(size_t, end, round_down(offset, line) + line);

			ret = job_error(job);
			if (ret)
				break;
			if (whole)
				ret = copy_lines(job, user->pages[i], offset, until - offset,
						 range->bus + done);
			else
				ret = copy_bounced(job, user->pages[i], offset, until - offset,
						   range->bus + done);
			done += until - offset;
			offset = until;
		}
		offset = 0;
	}
	return ret;
}

/* The lock keeps the memory ours meanwhile: unbinding gives it up. */
static int poison_range(struct epi_job *job, void __iomem *last, u64 poison, size_t tail)
{
	int ret;

	mutex_lock(&job->elink->lock);
	ret = epi_job_error(job);
	if (!ret)
		memcpy_toio(last, &poison, tail);
	mutex_unlock(&job->elink->lock);
	return ret;
}

/* Into DRAM, which can be read back, and which no cache has. */
static int copy_to_dram(struct epi_job *job)
{
	const struct epi_end *to = &job->destination;
	u64 poison = get_random_u64(), seen;
	size_t tail = min(job->bytes, POISON_BYTES);
	void __iomem *last = ioremap_wc(to->place.phys + job->bytes - tail, tail);
	unsigned int tries;
	int ret = -EIO;

	if (!last)
		return -ENOMEM;
	for (tries = tries_for(tail); tries; tries--) {
		ret = poison_range(job, last, poison, tail);
		if (!ret)
			ret = epi_job_transfer(job, to->bus, job->source.bus, job->bytes);
		if (ret)
			break;
		memcpy_fromio(&seen, last, tail);
		if (memcmp(&seen, &poison, tail))
			break;
		ret = -EIO;
		poison = ~poison;
	}
	iounmap(last);
	return ret;
}

/* From range to range. Cores perhaps cannot be read back. */
int epi_copy_ranges(struct epi_job *job)
{
	if (job->destination.place.page == EPI_DRAM)
		return copy_to_dram(job);
	return epi_job_transfer(job, job->destination.bus, job->source.bus, job->bytes);
}
