// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared DRAM that is given out in blocks. What is not given out is everybody's,
 * through the device nodes, as it was with the 5.4-era driver.
 */
#include <linux/genalloc.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

int epi_dram_probe(struct epi_elink *elink)
{
	unsigned int i;
	int ret;

	for (i = 0; i < elink->layout.dram_count; i++) {
		const struct epi_range *range = &elink->layout.dram[i];

		elink->pools[i] = gen_pool_create(PAGE_SHIFT, -1);
		if (!elink->pools[i])
			return -ENOMEM;
		ret = gen_pool_add(elink->pools[i], range->address, range->bytes, -1);
		if (ret)
			return ret;
	}
	return 0;
}

/* With the eLink itself: files may hold blocks until then. */
void epi_dram_free(struct epi_elink *elink)
{
	unsigned int i;

	for (i = 0; i < EPI_MAX_DRAM; i++)
		if (elink->pools[i])
			gen_pool_destroy(elink->pools[i]);
}

/* What was given out at this address, or NULL. The lock is held. */
struct epi_block *epi_dram_block(struct epi_elink *elink, u64 address)
{
	struct epi_block *block;

	list_for_each_entry(block, &elink->blocks, list)
		if (address >= block->address && address - block->address < block->bytes)
			return block;
	return NULL;
}

static u64 take_fixed(struct epi_elink *elink, unsigned int i, u64 address, u64 bytes)
{
	const struct epi_range *range = &elink->layout.dram[i];
	struct genpool_data_fixed fixed = { .offset = address - range->address };

	if (address < range->address || bytes > range->bytes ||
	    address - range->address > range->bytes - bytes)
		return 0;
	return gen_pool_alloc_algo(elink->pools[i], bytes, gen_pool_fixed_alloc, &fixed);
}

static u64 take_aligned(struct epi_elink *elink, unsigned int i, u64 align, u64 bytes)
{
	struct genpool_data_align aligned = { .align = align };

	return gen_pool_alloc_algo(elink->pools[i], bytes, gen_pool_first_fit_align, &aligned);
}

static int take(struct epi_elink *elink, const struct epiphany_dram_alloc *request,
		struct epi_block *block)
{
	bool fixed = request->flags & EPIPHANY_DRAM_FIXED;
	u64 align = max_t(u64, request->align, PAGE_SIZE);
	unsigned int i;

	for (i = 0; i < elink->layout.dram_count; i++) {
		block->address = fixed ? take_fixed(elink, i, request->address, block->bytes)
				       : take_aligned(elink, i, align, block->bytes);
		block->pool = i;
		if (block->address)
			return 0;
	}
	return fixed ? -EBUSY : -ENOSPC;
}

static int parse(struct epi_elink *elink, const struct epiphany_dram_alloc *request)
{
	bool fixed = request->flags & EPIPHANY_DRAM_FIXED;
	u64 last = request->address + request->bytes - 1;
	struct epi_place first, end;

	if (request->flags & ~EPIPHANY_DRAM_FIXED || request->fd || request->pad || !request->bytes)
		return -EINVAL;
	if (request->align && (fixed || !is_power_of_2(request->align) || request->align > SZ_1G))
		return -EINVAL;
	if (!fixed)
		return request->address ? -EINVAL : request->bytes > SZ_2G ? -ENOSPC : 0;
	if (!PAGE_ALIGNED(request->address) || last < request->address)
		return -EINVAL;
	if (epi_layout_page(&elink->layout, request->address, &first.core, &first.phys) !=
		    EPI_DRAM ||
	    epi_layout_page(&elink->layout, last, &end.core, &end.phys) != EPI_DRAM)
		return -ERANGE;
	return 0;
}

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

	ret = parse(elink, request);
	if (ret)
		return ERR_PTR(ret);
	block = kzalloc(sizeof(*block), GFP_KERNEL);
	if (!block)
		return ERR_PTR(-ENOMEM);
	block->bytes = PAGE_ALIGN(request->bytes);
	file = epi_file_new(elink, EPI_FILE_DRAM, opener->family);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto free_block;
	}
	mutex_lock(&elink->lock);
	ret = take(elink, request, block);
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
	gen_pool_free(elink->pools[block->pool], block->address, block->bytes);
	epi_mappings_zap_range(elink, block->address, block->bytes);
	mutex_unlock(&elink->lock);
	kfree(block);
}
