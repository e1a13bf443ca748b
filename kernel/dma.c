// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies by a DMA engine of the host, one after the other.
 *
 * The PL330 tells of an aborted transfer as done. So the end of a destination
 * that can be read back is poisoned first, and a copy that is not over in time
 * has failed. Of user memory only whole cache lines reach the engine: it is not
 * coherent, and what shares a line belongs to somebody else.
 */
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "internal.h"

#define MAX_BYTES SZ_16M
#define MAX_JOBS  64
/* The slowest path moves a few megabytes in a second. */
#define TIMEOUT(bytes) (HZ + (bytes) / SZ_1M * HZ)

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

static bool is_user(const struct epi_end *end)
{
	return !end->filp;
}

static bool is_core(const struct epi_end *end)
{
	return end->filp && end->place.page == EPI_SRAM;
}

static bool uses_chip(const struct epi_job *job)
{
	return is_core(&job->source) || is_core(&job->destination);
}

/* Whether an end can still be reached. The lock is held. */
static int check_end(const struct epi_end *end)
{
	struct epi_place place;

	return end->filp ? epi_file_reach(end->filp->private_data, end->address, false, &place) : 0;
}

/* Of the eLink, and not of a job: the PL330 may call this for one that was terminated, later. */
static void engine_done(void *argument)
{
	struct epi_elink *elink = argument;

	complete(&elink->dma_done);
}

static int start_engine(struct epi_job *job, dma_addr_t to, dma_addr_t from, size_t bytes)
{
	struct dma_async_tx_descriptor *transfer;
	int ret;

	ret = job->error ?: check_end(&job->source) ?: check_end(&job->destination);
	if (ret)
		return ret;
	transfer = dmaengine_prep_dma_memcpy(job->elink->dma, to, from, bytes,
					     DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!transfer)
		return -EIO;
	reinit_completion(&job->elink->dma_done);
	transfer->callback = engine_done;
	transfer->callback_param = job->elink;
	job->transfer = dmaengine_submit(transfer);
	ret = dma_submit_error(job->transfer);
	if (ret)
		return ret;
	job->is_running = true;
	dma_async_issue_pending(job->elink->dma);
	return 0;
}

/* Jiffies that were left, 0 if it did not end. Some ends are those of transfers before this one. */
static unsigned long wait_for_engine(struct epi_job *job, unsigned long left)
{
	struct epi_elink *elink = job->elink;

	do {
		left = wait_for_completion_timeout(&elink->dma_done, left);
	} while (left && !READ_ONCE(job->error) &&
		 dma_async_is_tx_complete(elink->dma, job->transfer, NULL, NULL) ==
			 DMA_IN_PROGRESS);
	return left;
}

static int run_engine(struct epi_job *job, dma_addr_t to, dma_addr_t from, size_t bytes)
{
	struct epi_elink *elink = job->elink;
	unsigned long left;
	int ret;

	mutex_lock(&elink->lock);
	ret = start_engine(job, to, from, bytes);
	mutex_unlock(&elink->lock);
	if (ret)
		return ret;
	left = wait_for_engine(job, TIMEOUT(bytes));
	mutex_lock(&elink->lock);
	if (!left) {
		dmaengine_terminate_sync(elink->dma);
		job->error = job->error ?: -ETIMEDOUT;
	} else if (!job->error &&
		   dma_async_is_tx_complete(elink->dma, job->transfer, NULL, NULL) == DMA_ERROR) {
		job->error = -EIO;
	}
	job->is_running = false;
	ret = job->error;
	mutex_unlock(&elink->lock);
	return ret;
}

/* The lock is held. */
void epi_dma_quiesce(struct epi_elink *elink, enum epi_scope scope)
{
	struct epi_job *job;

	list_for_each_entry(job, &elink->dma_jobs, list) {
		if (!uses_chip(job) && scope != EPI_SCOPE_ALL)
			continue;
		job->error = scope == EPI_SCOPE_ALL ? -ENODEV : -ESTALE;
		if (!job->is_running)
			continue;
		dmaengine_terminate_sync(elink->dma);
		complete(&elink->dma_done);
	}
}

/* User memory that the engine may not see: it goes through the bounce page. */
static int copy_bounced(struct epi_job *job, struct page *page, size_t offset, size_t bytes,
			dma_addr_t other)
{
	bool out = is_user(&job->source);
	u64 poison = get_random_u64();
	size_t tail = min(bytes, sizeof(poison));
	void *user;
	int ret;

	if (out) {
		user = kmap_local_page(page);
		memcpy(job->bounce, user + offset, bytes);
		kunmap_local(user);
		return run_engine(job, other, job->bounce_bus, bytes);
	}
	memcpy(job->bounce + bytes - tail, &poison, tail);
	ret = run_engine(job, job->bounce_bus, other, bytes);
	if (ret)
		return ret;
	/* Half a poison, of four bytes, is no proof: data may well look like it. */
	if (tail == sizeof(poison) && !memcmp(job->bounce + bytes - tail, &poison, tail))
		return -EIO;
	user = kmap_local_page(page);
	memcpy(user + offset, job->bounce, bytes);
	kunmap_local(user);
	return 0;
}

static int copy_lines(struct epi_job *job, struct page *page, size_t offset, size_t bytes,
		      dma_addr_t other)
{
	bool out = is_user(&job->source);
	enum dma_data_direction direction = out ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	u64 poison = get_random_u64();
	void *last;
	dma_addr_t bus;
	int ret;

	if (!out) {
		last = kmap_local_page(page) + offset + bytes - sizeof(poison);
		memcpy(last, &poison, sizeof(poison));
		kunmap_local(last);
	}
	bus = dma_map_page(job->engine, page, offset, bytes, direction);
	if (dma_mapping_error(job->engine, bus))
		return -ENOMEM;
	ret = out ? run_engine(job, other, bus, bytes) : run_engine(job, bus, other, bytes);
	dma_unmap_page(job->engine, bus, bytes, direction);
	if (ret || out)
		return ret;
	last = kmap_local_page(page) + offset + bytes - sizeof(poison);
	ret = memcmp(last, &poison, sizeof(poison)) ? 0 : -EIO;
	kunmap_local(last);
	return ret;
}

/* Between pages of a user, one after the other, and a range. */
static int copy_user(struct epi_job *job)
{
	const struct epi_end *user = is_user(&job->source) ? &job->source : &job->destination;
	const struct epi_end *range = is_user(&job->source) ? &job->destination : &job->source;
	size_t line = dma_get_cache_alignment();
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

/* From range to range. DRAM can be read back, cores perhaps not. */
static int copy_ranges(struct epi_job *job)
{
	const struct epi_end *to = &job->destination;
	u64 poison = get_random_u64();
	size_t tail = min(job->bytes, sizeof(poison));
	void __iomem *last = NULL;
	u64 seen;
	int ret;

	if (to->place.page == EPI_DRAM) {
		last = ioremap_wc(to->place.phys + job->bytes - tail, tail);
		if (!last)
			return -ENOMEM;
		memcpy_toio(last, &poison, tail);
	}
	ret = run_engine(job, to->bus, job->source.bus, job->bytes);
	if (last && !ret && tail == sizeof(poison)) {
		memcpy_fromio(&seen, last, tail);
		ret = seen == poison ? -EIO : 0;
	}
	if (last)
		iounmap(last);
	return ret;
}

/* Only while the copy is made: two that are queued may well be of the same memory. */
static int map_end(struct epi_job *job, struct epi_end *end)
{
	if (is_user(end))
		return 0;
	end->bus = dma_map_resource(job->engine, end->place.phys, job->bytes, end->direction, 0);
	if (!dma_mapping_error(job->engine, end->bus))
		return 0;
	end->bus = 0;
	return -ENOMEM;
}

static void unmap_end(struct epi_job *job, struct epi_end *end)
{
	if (end->bus)
		dma_unmap_resource(job->engine, end->bus, job->bytes, end->direction, 0);
}

static void release_end(struct epi_end *end, bool written)
{
	if (end->filp)
		fput(end->filp);
	if (end->pages)
		unpin_user_pages_dirty_lock(end->pages, end->page_count, written);
	kvfree(end->pages);
}

static void free_job(struct epi_job *job)
{
	unmap_end(job, &job->source);
	unmap_end(job, &job->destination);
	if (job->mm) {
		account_locked_vm(job->mm, job->source.page_count + job->destination.page_count,
				  false);
		mmdrop(job->mm);
	}
	release_end(&job->source, false);
	release_end(&job->destination, true);
	if (job->bounce)
		dma_free_coherent(job->engine, PAGE_SIZE, job->bounce, job->bounce_bus);
	put_device(job->engine);
	kfree(job);
}

static void run_job(struct work_struct *work)
{
	struct epi_job *job = container_of(work, struct epi_job, work);
	struct epi_elink *elink = job->elink;
	bool ranges = !is_user(&job->source) && !is_user(&job->destination);
	u64 cookie = job->cookie, family = job->family;
	int ret;

	ret = map_end(job, &job->source) ?: map_end(job, &job->destination);
	if (!ret)
		ret = ranges ? copy_ranges(job) : copy_user(job);
	mutex_lock(&elink->lock);
	list_del(&job->list);
	mutex_unlock(&elink->lock);
	/* Before it is told: whoever hears of it has his locked memory back. */
	free_job(job);
	epi_event(elink, EPIPHANY_EVENT_DMA, -ret, cookie, family);
	put_device(&elink->dev);
}

static int pin_user_end(struct epi_job *job, const struct epiphany_dma_place *place,
			struct epi_end *end, bool written)
{
	unsigned long address = place->address;
	unsigned long count = DIV_ROUND_UP(offset_in_page(address) + job->bytes, PAGE_SIZE);
	int pinned;
	int ret;

	if (place->fd || address != place->address || address + job->bytes < address)
		return -EINVAL;
	end->pages = kvcalloc(count, sizeof(*end->pages), GFP_KERNEL);
	if (!end->pages)
		return -ENOMEM;
	ret = account_locked_vm(current->mm, count, true);
	if (ret)
		return ret;
	job->mm = current->mm;
	mmgrab(job->mm);
	end->offset = offset_in_page(address);
	end->page_count = count;
	pinned = pin_user_pages_fast(address & PAGE_MASK, count, written ? FOLL_WRITE : 0,
				     end->pages);
	if (pinned == count)
		return 0;
	if (pinned > 0)
		unpin_user_pages(end->pages, pinned);
	/* The account is settled with the job; there are no pages to give back. */
	kvfree(end->pages);
	end->pages = NULL;
	return pinned < 0 ? pinned : -EFAULT;
}

/* SRAM of one claimed core, or memory that was allocated. */
static int get_file_end(struct epi_job *job, const struct epiphany_dma_place *place,
			struct epi_end *end)
{
	struct epi_elink *elink = job->elink;
	struct epi_place last;
	struct epi_file *file;
	int ret;

	end->filp = fget(place->fd);
	if (!end->filp)
		return -EBADF;
	file = epi_file_of(end->filp, elink);
	if (!file || file->kind == EPI_FILE_DEVICE)
		return -EINVAL;
	end->address = place->address;
	if (place->address + job->bytes < place->address)
		return -ENXIO;
	mutex_lock(&elink->lock);
	ret = epi_file_reach(file, place->address, false, &end->place)
		      ?: epi_file_reach(file, place->address + job->bytes - 1, false, &last);
	mutex_unlock(&elink->lock);
	if (ret)
		return ret;
	if (end->place.page != last.page || last.phys - end->place.phys != job->bytes - 1 ||
	    end->place.page == EPI_REGISTERS ||
	    (end->place.page == EPI_SRAM && end->place.core != last.core))
		return -ENXIO;
	return 0;
}

static int get_end(struct epi_job *job, const struct epiphany_dma_place *place, struct epi_end *end,
		   bool written)
{
	end->direction = written ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	switch (place->kind) {
	case EPIPHANY_DMA_USER:
		return pin_user_end(job, place, end, written);
	case EPIPHANY_DMA_FILE:
		return get_file_end(job, place, end);
	default:
		return -EINVAL;
	}
}

/* What is poisoned, or written first, would be what is read later. */
static bool ends_overlap(const struct epi_job *job)
{
	phys_addr_t from = job->source.place.phys, to = job->destination.place.phys;

	return !is_user(&job->source) && !is_user(&job->destination) &&
	       (from < to ? to - from : from - to) < job->bytes;
}

static int get_engine(struct epi_job *job)
{
	struct epi_elink *elink = job->elink;
	int ret = -ENODEV;

	mutex_lock(&elink->lock);
	if (!elink->gone) {
		job->engine = get_device(elink->dma->device->dev);
		ret = 0;
	}
	mutex_unlock(&elink->lock);
	return ret;
}

static int fill_job(struct epi_job *job, const struct epiphany_dma_copy *request)
{
	int ret;

	ret = get_engine(job);
	if (ret)
		return ret;
	job->bounce = dma_alloc_coherent(job->engine, PAGE_SIZE, &job->bounce_bus, GFP_KERNEL);
	if (!job->bounce)
		return -ENOMEM;
	ret = get_end(job, &request->source, &job->source, false);
	if (ret)
		return ret;
	/* Reads in bursts give wrong data in two of the rows of this chip. */
	if (is_core(&job->source) && job->elink->chip->type == E_CHIP_E64G401)
		return -EOPNOTSUPP;
	ret = get_end(job, &request->destination, &job->destination, true);
	if (!ret && ends_overlap(job))
		ret = -EINVAL;
	return ret;
}

/* On success the job is the worker's, which may have freed it before this returns. */
static int queue_job(struct epi_job *job, u64 *cookie)
{
	struct epi_elink *elink = job->elink;
	struct epi_job *other;
	unsigned int count = 0;
	int ret = 0;

	mutex_lock(&elink->lock);
	list_for_each_entry(other, &elink->dma_jobs, list)
		count++;
	if (elink->gone)
		ret = -ENODEV;
	else if (count >= MAX_JOBS)
		ret = -EAGAIN;
	if (!ret) {
		job->cookie = ++elink->dma_cookie;
		*cookie = job->cookie;
		list_add_tail(&job->list, &elink->dma_jobs);
		get_device(&elink->dev);
		queue_work(elink->dma_queue, &job->work);
	}
	mutex_unlock(&elink->lock);
	return ret;
}

int epi_dma_copy(struct epi_file *file, struct epiphany_dma_copy *request)
{
	struct epi_elink *elink = file->elink;
	u64 words = request->source.address | request->destination.address | request->bytes;
	struct epi_job *job;
	int ret;

	if (!elink->dma)
		return -EOPNOTSUPP;
	if (request->flags || request->cookie || !request->bytes || request->bytes > MAX_BYTES ||
	    words & 3)
		return -EINVAL;
	if (request->source.kind == EPIPHANY_DMA_USER &&
	    request->destination.kind == EPIPHANY_DMA_USER)
		return -EINVAL;
	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		return -ENOMEM;
	INIT_WORK(&job->work, run_job);
	job->elink = elink;
	job->family = file->family;
	job->bytes = request->bytes;
	ret = fill_job(job, request);
	if (!ret)
		ret = queue_job(job, &request->cookie);
	if (ret)
		free_job(job);
	return ret;
}

/* Without an engine there are no copies, and INFO says so. */
int epi_dma_probe(struct epi_elink *elink)
{
	dma_cap_mask_t memcpy;
	struct dma_chan *dma;

	init_completion(&elink->dma_done);
	elink->dma_queue = alloc_ordered_workqueue("epiphany-dma%d", 0, elink->index);
	if (!elink->dma_queue)
		return -ENOMEM;
	dma_cap_zero(memcpy);
	dma_cap_set(DMA_MEMCPY, memcpy);
	dma = dma_request_chan_by_mask(&memcpy);
	elink->dma = IS_ERR(dma) ? NULL : dma;
	return 0;
}

/* After the eLink is gone: what was queued fails quickly. */
void epi_dma_remove(struct epi_elink *elink)
{
	destroy_workqueue(elink->dma_queue);
	if (elink->dma)
		dma_release_channel(elink->dma);
}
