// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies by a DMA engine of the host: which are taken, and how they are queued,
 * to be made one after the other. One that is not over in time has failed.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "job.h"

#define MAX_BYTES SZ_16M
#define MAX_JOBS  64

/* Only while the copy is made: two that are queued may well be of the same memory. */
static int map_end(struct epi_job *job, struct epi_end *end)
{
	if (epi_end_is_user(end))
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
	bool ranges = !epi_end_is_user(&job->source) && !epi_end_is_user(&job->destination);
	u64 cookie = job->cookie, family = job->family;
	int ret;

	ret = map_end(job, &job->source) ?: map_end(job, &job->destination);
	if (!ret)
		ret = ranges ? epi_copy_ranges(job) : epi_copy_user(job);
	mutex_lock(&elink->lock);
	list_del(&job->list);
	mutex_unlock(&elink->lock);
	/* Before it is told: a process that hears of it has its locked memory back. */
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

	return !epi_end_is_user(&job->source) && !epi_end_is_user(&job->destination) &&
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
	if (epi_end_is_core(&job->source) && job->elink->chip->type == E_CHIP_E64G401)
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

	if (!epi_dma_has_engine(elink))
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
