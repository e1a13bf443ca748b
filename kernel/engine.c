// SPDX-License-Identifier: GPL-2.0-only
/* The DMA engine of the host: its channel, and one transfer after the other. */
#include <linux/property.h>

#include "job.h"

/* The slowest path moves a few megabytes in a second. */
#define TIMEOUT(bytes) (HZ + (bytes) / SZ_1M * HZ)

static bool uses_chip(const struct epi_job *job)
{
	return epi_end_is_core(&job->source) || epi_end_is_core(&job->destination);
}

static int end_error(const struct epi_end *end)
{
	struct epi_place place;

	return end->filp ? epi_file_reach(end->filp->private_data, end->address, false, &place) : 0;
}

/* Why a copy may not be made, or not any longer; or 0. The lock of the eLink is held. */
int epi_job_error(struct epi_job *job)
{
	return job->error ?: end_error(&job->source) ?: end_error(&job->destination);
}

dma_addr_t epi_job_map(struct epi_job *job, struct page *page, size_t offset, size_t bytes,
		       enum dma_data_direction direction)
{
	dma_addr_t bus = dma_map_page(job->engine, page, offset, bytes, direction);

	return dma_mapping_error(job->engine, bus) ? DMA_MAPPING_ERROR : bus;
}

void epi_job_unmap(struct epi_job *job, dma_addr_t bus, size_t bytes,
		   enum dma_data_direction direction)
{
	dma_unmap_page(job->engine, bus, bytes, direction);
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

	ret = epi_job_error(job);
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

int epi_job_transfer(struct epi_job *job, dma_addr_t to, dma_addr_t from, size_t bytes)
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

/* The one that the device tree names; old trees name none, and any one will do. */
static struct dma_chan *request_channel(struct device *dev)
{
	bool is_named = device_property_match_string(dev, "dma-names", "memcpy") >= 0;
	dma_cap_mask_t memcpy;
	struct dma_chan *dma;

	dma_cap_zero(memcpy);
	dma_cap_set(DMA_MEMCPY, memcpy);
	dma = is_named ? dma_request_chan(dev, "memcpy") : dma_request_chan_by_mask(&memcpy);
	if (IS_ERR(dma))
		return NULL;
	if (dma_has_cap(DMA_MEMCPY, dma->device->cap_mask))
		return dma;
	dev_warn_once(dev, "%s copies no memory\n", dma_chan_name(dma));
	dma_release_channel(dma);
	return NULL;
}

/*
 * Whether there is an engine. Its driver may come later than ours, or never: so
 * probing does not wait for it, and it is looked for whenever it is wanted.
 */
bool epi_dma_has_engine(struct epi_elink *elink)
{
	bool has_engine;

	mutex_lock(&elink->dma_lock);
	if (!elink->dma && !READ_ONCE(elink->gone))
		elink->dma = request_channel(elink->dev.parent);
	has_engine = elink->dma;
	mutex_unlock(&elink->dma_lock);
	return has_engine;
}

int epi_dma_probe(struct epi_elink *elink)
{
	mutex_init(&elink->dma_lock);
	init_completion(&elink->dma_done);
	elink->dma_queue = alloc_ordered_workqueue("epiphany-dma%d", WQ_FREEZABLE, elink->index);
	return elink->dma_queue ? 0 : -ENOMEM;
}

/* After the eLink is gone: what was queued fails quickly. */
void epi_dma_remove(struct epi_elink *elink)
{
	destroy_workqueue(elink->dma_queue);
	mutex_lock(&elink->dma_lock);
	if (elink->dma)
		dma_release_channel(elink->dma);
	elink->dma = NULL;
	mutex_unlock(&elink->dma_lock);
}
