// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared DRAM that is given out in blocks. What is not given out is everybody's,
 * through the device nodes, as it was with the 5.4-era driver.
 */
#include <linux/io.h>
#include <linux/slab.h>

#include "internal.h"

/* What its last owner left is no business of the next. */
static int zero(const struct epi_elink *elink, const struct epi_block *block)
{
	const struct epi_range *range = &elink->layout.dram[block->pool];
	void __iomem *memory = ioremap_wc(range->phys + (block->address - range->address),
					  block->bytes);

	if (!memory)
		return -ENOMEM;
	memset_io(memory, 0, block->bytes);
	iounmap(memory);
	return 0;
}

struct file *epi_dram_create(struct epi_file *opener, struct epiphany_dram_alloc *request)
{
	struct epi_elink *elink = opener->elink;
	struct epi_block *block;
	struct epi_file *file;
	int ret;

	block = kzalloc(sizeof(*block), GFP_KERNEL);
	if (!block)
		return ERR_PTR(-ENOMEM);
	file = epi_file_new(elink, EPI_FILE_DRAM, opener->family);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto free_block;
	}
	mutex_lock(&elink->lock);
	ret = epi_pools_take(elink->pools, &elink->layout, request, block);
	if (!ret) {
		list_add_tail(&block->list, &elink->blocks);
		file->block = block;
		/* Mappings of device nodes read their dummy from now on. */
		epi_mappings_zap_range(elink, block->address, block->bytes);
	}
	mutex_unlock(&elink->lock);
	if (ret)
		goto free_file;
	ret = zero(elink, block);
	if (ret) {
		epi_file_free(file); /* and the block */
		return ERR_PTR(ret);
	}
	request->address = block->address;
	request->bytes = block->bytes;
	return epi_file_publish(file);

free_file:
	epi_file_free(file);
free_block:
	kfree(block);
	return ERR_PTR(ret);
}

/* With the last reference to its file, mappings included. */
void epi_dram_release(struct epi_file *file)
{
	struct epi_elink *elink = file->elink;
	struct epi_block *block = file->block;

	mutex_lock(&elink->lock);
	list_del(&block->list);
	epi_pools_give(elink->pools, block);
	epi_mappings_zap_range(elink, block->address, block->bytes);
	mutex_unlock(&elink->lock);
	kfree(block);
}
