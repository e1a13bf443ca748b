// SPDX-License-Identifier: GPL-2.0-only
/* Which parts of shared DRAM are given out. The caller locks. */
#include <linux/genalloc.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "internal.h"

int epi_pools_init(struct gen_pool *pools[], const struct epi_layout *layout)
{
	unsigned int i;
	int ret;

	for (i = 0; i < layout->dram_count; i++) {
		pools[i] = gen_pool_create(PAGE_SHIFT, -1);
		if (!pools[i])
			return -ENOMEM;
		ret = gen_pool_add(pools[i], layout->dram[i].address, layout->dram[i].bytes, -1);
		if (ret)
			return ret;
	}
	return 0;
}

/* Everything must have been given back. */
void epi_pools_free(struct gen_pool *pools[])
{
	unsigned int i;

	for (i = 0; i < EPI_MAX_DRAM; i++)
		if (pools[i])
			gen_pool_destroy(pools[i]);
}

static u64 take_fixed(struct gen_pool *pool, const struct epi_range *range, u64 address, u64 bytes)
{
	struct genpool_data_fixed fixed = { .offset = address - range->address };

	if (address < range->address || bytes > range->bytes ||
	    address - range->address > range->bytes - bytes)
		return 0;
	return gen_pool_alloc_algo(pool, bytes, gen_pool_fixed_alloc, &fixed);
}

static u64 take_aligned(struct gen_pool *pool, u64 align, u64 bytes)
{
	struct genpool_data_align aligned = { .align = align };

	return gen_pool_alloc_algo(pool, bytes, gen_pool_first_fit_align, &aligned);
}

static int check(const struct epi_layout *layout, const struct epiphany_dram_alloc *request)
{
	bool fixed = request->flags & EPIPHANY_DRAM_FIXED;
	u64 last = request->address + request->bytes - 1;
	struct epi_place first, end;

	if (request->flags & ~(EPIPHANY_DRAM_FIXED | EPIPHANY_DRAM_SCRUB) || request->fd ||
	    request->pad || !request->bytes)
		return -EINVAL;
	if (request->align && (fixed || !is_power_of_2(request->align) || request->align > SZ_1G))
		return -EINVAL;
	if (!fixed && request->address)
		return -EINVAL;
	if (request->bytes > SZ_2G)
		return -ENOSPC;
	if (!fixed)
		return 0;
	if (!PAGE_ALIGNED(request->address) || last < request->address)
		return -EINVAL;
	if (epi_layout_page(layout, request->address, &first.core, &first.phys) != EPI_DRAM ||
	    epi_layout_page(layout, last, &end.core, &end.phys) != EPI_DRAM)
		return -ERANGE;
	return 0;
}

/* Fills the block in. EBUSY if a fixed place is taken, ENOSPC if there is no other. */
int epi_pools_take(struct gen_pool *pools[], const struct epi_layout *layout,
		   const struct epiphany_dram_alloc *request, struct epi_block *block)
{
	bool fixed = request->flags & EPIPHANY_DRAM_FIXED;
	u64 align = max_t(u64, request->align, PAGE_SIZE);
	unsigned int i;
	int ret;

	ret = check(layout, request);
	if (ret)
		return ret;
	block->bytes = PAGE_ALIGN(request->bytes);
	block->scrub = request->flags & EPIPHANY_DRAM_SCRUB;
	for (i = 0; i < layout->dram_count; i++) {
		if (fixed)
			block->address = take_fixed(pools[i], &layout->dram[i], request->address,
						    block->bytes);
		else
			block->address = take_aligned(pools[i], align, block->bytes);
		block->pool = i;
		if (block->address)
			return 0;
	}
	return fixed ? -EBUSY : -ENOSPC;
}

void epi_pools_give(struct gen_pool *pools[], const struct epi_block *block)
{
	gen_pool_free(pools[block->pool], block->address, block->bytes);
}
