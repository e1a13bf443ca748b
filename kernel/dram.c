// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared DRAM that is given out in blocks. What is not given out is everybody's,
 * through the device nodes, as it was with the 5.4-era driver.
 */
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "internal.h"

/* So much is zeroed in one go, while nobody else gets the lock. */
#define ZERO_BYTES SZ_1M

static int zero_part(const struct epi_elink *elink, const struct epi_block *block, u64 offset)
{
	const struct epi_range *range = &elink->layout.dram[block->pool];
	size_t bytes = min_t(u64, ZERO_BYTES, block->bytes - offset);
	void __iomem *memory;

	memory = ioremap_wc(range->phys + (block->address - range->address) + offset, bytes);
	if (!memory)
		return -ENOMEM;
	memset_io(memory, 0, bytes);
	iounmap(memory);
	return 0;
}

/*
 * What one owner left does not reach the next, nor, with scrub, those who map all
 * of DRAM. After unbinding, it may be somebody else's memory, and was zeroed before.
 */
static int zero(struct epi_elink *elink, const struct epi_block *block)
{
	u64 offset;
	int ret = 0;

	for (offset = 0; offset < block->bytes && !ret; offset += ZERO_BYTES) {
		mutex_lock(&elink->lock);
		ret = elink->gone ? -ENODEV : zero_part(elink, block, offset);
		mutex_unlock(&elink->lock);
	}
	return ret;
}

/* Of an eLink that is gone, before its memory becomes another's. The lock is held. */
void epi_dram_quiesce(struct epi_elink *elink, enum epi_scope scope)
{
	struct epi_block *block;
	struct rb_node *node;
	u64 offset;

	if (scope != EPI_SCOPE_ALL)
		return;
	for (node = rb_first(&elink->blocks); node; node = rb_next(node)) {
		block = rb_entry(node, struct epi_block, node);
		for (offset = 0; block->scrub && offset < block->bytes; offset += ZERO_BYTES)
			if (zero_part(elink, block, offset))
				dev_warn(&elink->dev, "cannot zero 0x%08llx\n",
					 block->address + offset);
	}
}

/* With the last reference to its file, mappings included. */
static void release(struct epi_file *file)
{
	struct epi_elink *elink = file->elink;
	struct epi_block *block = file->block;

	if (!block)
		return;
	if (block->scrub && zero(elink, block) == -ENOMEM)
		dev_warn(&elink->dev, "cannot zero 0x%08llx\n", block->address);
	mutex_lock(&elink->lock);
	rb_erase(&block->node, &elink->blocks);
	epi_pools_give(elink->pools, block);
	epi_mappings_zap_range(elink, block->address, block->bytes);
	mutex_unlock(&elink->lock);
	kfree(block);
}

static const struct epi_file_ops dram_ops = { .name = "[epiphany-dram]", .release = release };

struct epi_file *epi_dram_create(struct epi_file *opener, struct epiphany_dram_alloc *request)
{
	struct epi_elink *elink = opener->elink;
	struct epi_block *block;
	struct epi_file *file;
	int ret;

	block = kzalloc(sizeof(*block), GFP_KERNEL_ACCOUNT);
	if (!block)
		return ERR_PTR(-ENOMEM);
	file = epi_file_new(elink, EPI_FILE_DRAM, &dram_ops, opener->family);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto free_block;
	}
	mutex_lock(&elink->lock);
	ret = epi_pools_take(elink->pools, &elink->layout, request, block);
	if (!ret) {
		epi_dram_add(elink, block);
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
	return file;

free_file:
	epi_file_free(file);
free_block:
	kfree(block);
	return ERR_PTR(ret);
}
