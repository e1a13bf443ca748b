// SPDX-License-Identifier: GPL-2.0-only
/* What of shared DRAM is given out, and which requests are refused. */
#include <linux/genalloc.h>

#include "pool.c"
#include "kunit.h"

static void pools(struct kunit *test)
{
	struct gen_pool *pools[EPI_MAX_DRAM] = {};
	static const struct epiphany_dram_alloc any = { .bytes = 1 };
	static const struct epiphany_dram_alloc aligned = { .bytes = PAGE_SIZE, .align = SZ_1M };
	static const struct epiphany_dram_alloc rest = { .bytes = SZ_16M };
	static const struct epiphany_dram_alloc all = { .bytes = SZ_32M };
	static const struct epiphany_dram_alloc fixed = { .bytes = PAGE_SIZE,
							  .flags = EPIPHANY_DRAM_FIXED,
							  .address = 0x8f000000 };
	struct epi_block first, second, third, fourth;
	struct epi_layout layout;

	make_layout(test, &layout, E_CHIP_E16G301);
	KUNIT_ASSERT_EQ(test, 0, epi_pools_init(pools, &layout));
	KUNIT_EXPECT_EQ(test, 0, epi_pools_take(pools, &layout, &any, &first));
	KUNIT_EXPECT_EQ(test, 0x8e000000ull, first.address);
	KUNIT_EXPECT_EQ(test, (u64)PAGE_SIZE, first.bytes);
	KUNIT_EXPECT_EQ(test, 0, epi_pools_take(pools, &layout, &aligned, &second));
	KUNIT_EXPECT_EQ(test, 0x8e100000ull, second.address);
	KUNIT_EXPECT_EQ(test, 0, epi_pools_take(pools, &layout, &fixed, &third));
	KUNIT_EXPECT_EQ(test, 0x8f000000ull, third.address);
	KUNIT_EXPECT_EQ(test, -EBUSY, epi_pools_take(pools, &layout, &fixed, &fourth));
	/* What is left is in pieces. */
	KUNIT_EXPECT_EQ(test, -ENOSPC, epi_pools_take(pools, &layout, &rest, &fourth));
	epi_pools_give(pools, &third);
	KUNIT_EXPECT_EQ(test, 0, epi_pools_take(pools, &layout, &rest, &fourth));
	epi_pools_give(pools, &fourth);
	epi_pools_give(pools, &second);
	epi_pools_give(pools, &first);
	KUNIT_EXPECT_EQ(test, 0, epi_pools_take(pools, &layout, &all, &first));
	KUNIT_EXPECT_EQ(test, -ENOSPC, epi_pools_take(pools, &layout, &any, &second));
	epi_pools_give(pools, &first);
	epi_pools_free(pools);
}

static void pool_requests(struct kunit *test)
{
	static const struct {
		struct epiphany_dram_alloc request;
		int expected;
	} cases[] = {
		{ { .bytes = 0 }, -EINVAL },
		{ { .bytes = 1, .flags = 4 }, -EINVAL },
		{ { .bytes = 1, .fd = 1 }, -EINVAL },
		{ { .bytes = 1, .pad = 1 }, -EINVAL },
		{ { .bytes = 1, .align = 3 }, -EINVAL },
		{ { .bytes = 1, .align = SZ_2G }, -EINVAL },
		{ { .bytes = 1, .address = 0x8e000000 }, -EINVAL },
		{ { .bytes = SZ_32M + 1 }, -ENOSPC },
		{ { .bytes = ~0ull }, -ENOSPC },
		{ { .bytes = 1, .flags = 1, .address = 0x8e000004 }, -EINVAL },
		{ { .bytes = 1, .flags = 1, .align = 4096, .address = 0x8e000000 }, -EINVAL },
		{ { .bytes = 1, .flags = 1, .address = 0x80800000 }, -ERANGE },
		{ { .bytes = SZ_32M, .flags = 1, .address = 0x8e001000 }, -ERANGE },
		{ { .bytes = SZ_4K, .flags = 1, .address = 0xfffffffffffff000 }, -ERANGE },
	};
	struct gen_pool *pools[EPI_MAX_DRAM] = {};
	struct epi_layout layout;
	struct epi_block block;
	unsigned int i;

	make_layout(test, &layout, E_CHIP_E16G301);
	KUNIT_ASSERT_EQ(test, 0, epi_pools_init(pools, &layout));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].expected,
				    epi_pools_take(pools, &layout, &cases[i].request, &block),
				    "case %u", i);
	epi_pools_free(pools);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(pools),
	KUNIT_CASE(pool_requests),
	{},
};

struct kunit_suite epi_pool_suite = {
	.name = "epiphany-pool",
	.test_cases = cases,
};
