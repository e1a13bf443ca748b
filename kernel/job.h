/* SPDX-License-Identifier: GPL-2.0-only */
/* A copy by the DMA engine: what dma.c takes and queues, copy.c makes, and engine.c transfers. */
#ifndef _EPIPHANY_JOB_H
#define _EPIPHANY_JOB_H

#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/workqueue.h>

#include "internal.h"

/* One end of a copy: pages of a user, or a range behind a file. */
struct epi_end {
	struct page **pages;
	unsigned int page_count;
	unsigned int offset; /* in the first page */
	struct file *filp;
	struct epi_place place;
	u64 address;
	dma_addr_t bus; /* of the range, while the copy is made */
	enum dma_data_direction direction;
};

struct epi_job {
	struct work_struct work;
	struct list_head list; /* of the eLink, under its lock */
	struct epi_elink *elink;
	struct device *engine; /* outlives the channel, which goes with the binding */
	u64 family;
	u64 cookie;
	size_t bytes;
	struct epi_end source;
	struct epi_end destination;
	struct mm_struct *mm; /* that the pages are accounted to */
	void *bounce;	      /* a page that the engine and the processor see alike */
	dma_addr_t bounce_bus;
	dma_cookie_t transfer; /* that runs */
	bool is_running;       /* under the lock of the eLink, with what follows */
	int error;
};

static inline bool epi_end_is_user(const struct epi_end *end)
{
	return !end->filp;
}

static inline bool epi_end_is_core(const struct epi_end *end)
{
	return end->filp && end->place.page == EPI_SRAM;
}

/* copy.c: with both ends mapped for the engine, but for pages of a user */
int epi_copy_user(struct epi_job *job);
int epi_copy_ranges(struct epi_job *job);

/* engine.c: for tests of copy.c there is another */
int epi_job_error(struct epi_job *job);
dma_addr_t epi_job_map(struct epi_job *job, struct page *page, size_t offset, size_t bytes,
		       enum dma_data_direction direction);
void epi_job_unmap(struct epi_job *job, dma_addr_t bus, size_t bytes,
		   enum dma_data_direction direction);
int epi_job_transfer(struct epi_job *job, dma_addr_t to, dma_addr_t from, size_t bytes);

#endif /* _EPIPHANY_JOB_H */
