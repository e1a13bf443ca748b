// SPDX-License-Identifier: GPL-2.0-only
/* Addresses: every page there is, and trees that are refused. */
#include <linux/bitmap.h>
#include <linux/sched.h>

#include "layout.c"
#include "kunit.h"

const struct epi_range parallella_memory = { .phys = 0x3e000000, .bytes = SZ_32M };

/* The Parallella's, with one chip; its window is as wide as the chip needs. */
void make_layout(struct kunit *test, struct epi_layout *layout, u32 type)
{
	const struct epi_array_geometry geometry = {
		.first_core = 0x808,
		.side = E_SIDE_E,
		.chip_rows = 1,
		.chip_columns = 1,
	};
	int ret;

	memset(layout, 0, sizeof(*layout));
	layout->window.phys = 0x80000000;
	layout->window.bytes = type == E_CHIP_E64G401 ? SZ_512M : SZ_256M;
	layout->elink = (struct epi_range) { 0x81000000, EPI_ELINK_BYTES, 0x81000000 };
	ret = epi_layout_add_dram(layout, 0x8e000000, 0x3e000000, SZ_32M, &parallella_memory);
	KUNIT_ASSERT_EQ(test, 0, ret);
	ret = epi_layout_set_array(layout, &epi_chips[type], &geometry);
	KUNIT_ASSERT_EQ(test, 0, ret);
}

static void core_ids(struct kunit *test)
{
	struct epi_layout layout;
	unsigned int core;
	u32 id, found = 0;

	make_layout(test, &layout, E_CHIP_E16G301);
	KUNIT_EXPECT_EQ(test, 16u, epi_layout_cores(&layout));
	KUNIT_EXPECT_EQ(test, 0x808u, epi_layout_core_id(&layout, 0));
	KUNIT_EXPECT_EQ(test, 0x849u, epi_layout_core_id(&layout, 5));
	KUNIT_EXPECT_EQ(test, 0x8cbu, epi_layout_core_id(&layout, 15));
	for (id = 0; id < 0x2000; id++)
		found += epi_layout_core(&layout, id) >= 0;
	KUNIT_EXPECT_EQ(test, 16u, found);

	make_layout(test, &layout, E_CHIP_E64G401);
	KUNIT_EXPECT_EQ(test, 0x9cfu, epi_layout_core_id(&layout, 63));
	for (core = 0; core < 64; core++)
		KUNIT_EXPECT_EQ(test, (int)core,
				epi_layout_core(&layout, epi_layout_core_id(&layout, core)));
}

static void array_cells(struct kunit *test)
{
	const struct epi_chip *e64 = &epi_chips[E_CHIP_E64G401];
	const struct epi_chip *e16 = &epi_chips[E_CHIP_E16G301];
	const struct {
		const struct epi_chip *chip;
		struct epi_array_geometry geometry;
		int expected;
	} cases[] = {
		{ e16, { 0x808, E_SIDE_E, 1, 1 }, 0 },
		{ e16, { 0x808, E_SIDE_W, 1, 2 }, 0 },
		{ e16, { 0x808, 4, 1, 1 }, -EINVAL },
		{ e16, { 0, E_SIDE_E, 1, 1 }, -EINVAL },
		{ e16, { 0x1000, E_SIDE_E, 1, 1 }, -EINVAL },
		{ e16, { 0x808, E_SIDE_E, 0, 1 }, -ERANGE },
		{ e16, { 0x808, E_SIDE_E, 1, 0 }, -ERANGE },
		{ e16, { 0x808, E_SIDE_E, 0x40000001, 1 }, -ERANGE },
		{ e16, { 0x808, E_SIDE_E, 1, 15 }, -ERANGE },
		{ e16, { 0xfff, E_SIDE_E, 1, 1 }, -ERANGE },
		{ e16, { 0x808, E_SIDE_E, 2, 1 }, -ERANGE }, /* beyond 256 MiB */
		{ e64, { 0x808, E_SIDE_E, 1, 1 }, -ERANGE }, /* as well */
		{ e16, { 0x848, E_SIDE_E, 1, 1 }, -ERANGE }, /* where the window has another row */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct epi_layout layout = {
			.window = { .phys = 0x80000000, .bytes = SZ_256M },
		};
		int ret = epi_layout_set_array(&layout, cases[i].chip, &cases[i].geometry);

		KUNIT_EXPECT_EQ_MSG(test, cases[i].expected, ret, "case %u", i);
	}
}

static void dram_cells(struct kunit *test)
{
	const struct {
		u64 address, phys, bytes;
		int expected;
	} cases[] = {
		{ 0x81000000, 0x3f000000, 0x1000, -EEXIST }, /* the eLink's */
		{ 0x8e000000, 0x3e000000, 0x0800000, 0 },
		{ 0x8f000000, 0x3f000000, 0x1000000, 0 },
		{ 0x8f000000, 0x3f000000, 0x1000, -EEXIST },
		{ 0x8eff0000, 0x3eff0000, 0x20000, -EEXIST },
		/* The same pages, as other addresses reach them by the remap, too. */
		{ 0x90000000, 0x3e000000, 0x1000, -EEXIST },
		{ 0x10700000, 0x3e700000, 0x200000, -EEXIST },
		/* Where the remap puts something else. */
		{ 0x8e800000, 0x3e900000, 0x1000, -EINVAL },
		{ 0x8e801000, 0x3e800000, 0x1000, -EINVAL },
		{ 0x8f000000, 0x3e800000, 0x1000, -EINVAL },
		{ 0x90000000, 0x3e800000, 0x1000, -EINVAL },
		{ 0x8e800000, 0x3e800000, 0, -EINVAL },
		{ 0x8e800000, 0x3e800000, 0x800, -EINVAL },
		{ 0x8e800004, 0x3e800000, 0x1000, -EINVAL },
		{ 0x8e800000, 0x3e800800, 0x1000, -EINVAL },
		{ 0x90000000, 0x40000000, 0x1000, -ERANGE },
		{ 0x91000000, 0x3f000000, 0x2000000, -ERANGE },
		{ 0xfffff000, 0x3ffff000, 0x2000, -ERANGE },
		{ 0x80800000, 0x3e800000, 0x800000, 0 },
	};
	struct epi_layout layout = { .elink = { 0x81000000, EPI_ELINK_BYTES, 0x81000000 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].expected,
				    epi_layout_add_dram(&layout, cases[i].address, cases[i].phys,
							cases[i].bytes, &parallella_memory),
				    "case %u", i);
	KUNIT_EXPECT_EQ(test, 3u, layout.dram_count);
}

static void as_much_dram_as_there_can_be(struct kunit *test)
{
	struct epi_layout layout = {};
	unsigned int i;
	int ret;

	for (i = 0; i < EPI_MAX_DRAM; i++)
		KUNIT_EXPECT_EQ(test, 0,
				epi_layout_add_dram(&layout, 0x8e000000 + 0x1000 * i,
						    0x3e000000 + 0x1000 * i, 0x1000,
						    &parallella_memory));
	ret = epi_layout_add_dram(&layout, 0x8e100000, 0x3e100000, 0x1000, &parallella_memory);
	KUNIT_EXPECT_EQ(test, -ENOSPC, ret);
}

/* Whatever a tree says: DRAM that is taken is where the remap leads, and no page of it twice. */
static void dram_agrees_with_the_remap(struct kunit *test)
{
	static const u64 addresses[] = { 0x10000000, 0x8e000000, 0x8e010000,
					 0x8f000000, 0x90000000, 0x91000000 };
	static const u64 places[] = { 0x3e000000, 0x3e010000, 0x3f000000 };
	struct epi_layout layout = {};
	unsigned int i, j, taken = 0;
	u32 rxcfg;

	KUNIT_ASSERT_EQ(test, 0, epi_layout_remap(&parallella_memory, &rxcfg));
	for (i = 0; i < ARRAY_SIZE(addresses) * ARRAY_SIZE(places); i++) {
		u64 address = addresses[i / ARRAY_SIZE(places)];
		u64 phys = places[i % ARRAY_SIZE(places)];
		/* erx_remap: selected bits of the address are those of the pattern. */
		u32 select = (rxcfg >> 4 & 0xfff) << 20, pattern = (rxcfg >> 16 & 0xfff) << 20;
		bool leads_there = phys == ((address & ~select) | pattern);
		int ret = epi_layout_add_dram(&layout, address, phys, SZ_64K, &parallella_memory);

		KUNIT_EXPECT_EQ_MSG(test, leads_there, ret != -EINVAL, "case %u", i);
		taken += !ret;
	}
	KUNIT_EXPECT_EQ(test, (unsigned int)ARRAY_SIZE(places), taken);
	for (i = 0; i < layout.dram_count; i++)
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_TRUE(test, layout.dram[i].phys != layout.dram[j].phys);
}

/* What the eLink or DRAM has is no core's, and is not quietly taken from one. */
static void cores_and_dram_apart(struct kunit *test)
{
	const struct epi_array_geometry one = { 0x808, E_SIDE_E, 1, 1 };
	const struct epi_array_geometry three = { 0x808, E_SIDE_E, 1, 3 };
	const struct epi_chip *e16 = &epi_chips[E_CHIP_E16G301];
	struct epi_layout layout = { .window = { .phys = 0x80000000, .bytes = SZ_256M } };
	int ret;

	layout.elink = (struct epi_range) { 0x81000000, EPI_ELINK_BYTES, 0x81000000 };
	KUNIT_EXPECT_EQ(test, -EEXIST, epi_layout_set_array(&layout, e16, &three));
	KUNIT_EXPECT_EQ(test, 0u, epi_layout_cores(&layout));
	ret = epi_layout_add_dram(&layout, 0x8cb08000, 0x3eb08000, 0x1000, &parallella_memory);
	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_EXPECT_EQ(test, -EEXIST, epi_layout_set_array(&layout, e16, &one));
	layout.dram[0].address = 0x8cc00000;
	KUNIT_EXPECT_EQ(test, 0, epi_layout_set_array(&layout, e16, &one));
}

static void remap(struct kunit *test)
{
	const struct {
		struct epi_range memory;
		int expected;
		u32 rxcfg;
	} cases[] = {
		{ { .phys = 0x3e000000, .bytes = SZ_32M }, 0, 0x03e0fe04 },
		{ { .phys = 0x7e000000, .bytes = SZ_32M }, 0, 0x07e0fe04 },
		{ { .phys = 0x3ff00000, .bytes = SZ_1M }, 0, 0x03fffff4 },
		{ { .phys = 0, .bytes = SZ_1G }, 0, 0x0000c004 },
		{ { .phys = 0x3e000000, .bytes = SZ_32M + SZ_1M }, -EINVAL },
		{ { .phys = 0x3f000000, .bytes = SZ_32M }, -EINVAL },
		{ { .phys = 0x3e000000, .bytes = SZ_64K }, -EINVAL },
		{ { .phys = 0x3e000000, .bytes = 0 }, -EINVAL },
	};
	unsigned int i;
	u32 rxcfg;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int ret = epi_layout_remap(&cases[i].memory, &rxcfg);

		KUNIT_EXPECT_EQ_MSG(test, cases[i].expected, ret, "case %u", i);
		if (!ret)
			KUNIT_EXPECT_EQ_MSG(test, cases[i].rxcfg, rxcfg, "case %u", i);
	}
}

static void chips(struct kunit *test)
{
	const u32 types[] = { E_CHIP_E16G301, E_CHIP_E16G301, E_CHIP_E16G301,
			      E_CHIP_E16G301, E_CHIP_E16G301, E_CHIP_E64G401 };
	u32 version;

	for (version = 0; version < ARRAY_SIZE(types); version++)
		KUNIT_EXPECT_EQ(test, types[version], epi_chip_by_version(version)->type);
	KUNIT_EXPECT_EQ(test, (u32)E_CHIP_E64G401, epi_chip_by_version(0x1605)->type);
	/* No platform, but a revision: nobody knows this one. */
	KUNIT_EXPECT_PTR_EQ(test, NULL, (void *)epi_chip_by_version(0x100));
	KUNIT_EXPECT_PTR_EQ(test, NULL, (void *)epi_chip_by_version(6));
	KUNIT_EXPECT_EQ(test, (u32)E_CHIP_E64G401, epi_chip_by_name("e64g401")->type);
	KUNIT_EXPECT_PTR_EQ(test, NULL, (void *)epi_chip_by_name("unknown"));
}

/* What the driver must answer for a page, told in another way than the driver tells it. */
enum epi_page expected_page(u32 address, u32 size, unsigned int *core)
{
	u32 row = address >> 26, column = address >> 20 & 0x3f, local = address & 0xfffff;

	if (address >= 0x81000000 && address < 0x81100000)
		return EPI_ELINK;
	if (address >= 0x8e000000 && address < 0x90000000)
		return EPI_DRAM;
	if (row < 32 || row >= 32 + size || column < 8 || column >= 8 + size)
		return EPI_HOLE;
	*core = (row - 32) * size + column - 8;
	return local < 0x8000 ? EPI_SRAM : local >> 12 == 0xf0 ? EPI_REGISTERS : EPI_HOLE;
}

static void every_page(struct kunit *test, u32 type, u32 size)
{
	struct epi_layout layout;
	unsigned int core, wanted_core, wrong = 0, counts[EPI_ELINK + 1] = {};
	phys_addr_t phys;
	u32 page;

	make_layout(test, &layout, type);
	for (page = 0; page < 1 << 20; page++) {
		u32 address = page << 12;
		enum epi_page wanted = expected_page(address, size, &wanted_core);
		enum epi_page got = epi_layout_page(&layout, address, &core, &phys);

		counts[got]++;
		if (got != wanted)
			wrong++;
		else if ((got == EPI_SRAM || got == EPI_REGISTERS) && core != wanted_core)
			wrong++;
		else if (got != EPI_HOLE &&
			 phys != (got == EPI_DRAM ? address - 0x50000000 : address))
			wrong++;
		if (!(page & 0xffff))
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, 0u, wrong);
	KUNIT_EXPECT_EQ(test, size * size * 8, counts[EPI_SRAM]);
	KUNIT_EXPECT_EQ(test, size * size, counts[EPI_REGISTERS]);
	KUNIT_EXPECT_EQ(test, 8192u, counts[EPI_DRAM]);
	KUNIT_EXPECT_EQ(test, 256u, counts[EPI_ELINK]);
	KUNIT_EXPECT_EQ(test, (int)EPI_HOLE,
			(int)epi_layout_page(&layout, 0x180800000, &core, &phys));
}

static void every_page_e16(struct kunit *test)
{
	every_page(test, E_CHIP_E16G301, 4);
}

static void every_page_e64(struct kunit *test)
{
	every_page(test, E_CHIP_E64G401, 8);
}

static void mappable_ranges(struct kunit *test)
{
	const struct {
		u64 address, bytes;
		bool expected;
	} cases[] = {
		{ 0x80800000, 0x8000, true },
		{ 0x808f0000, 0x1000, true },
		{ 0x80800000, 0x8cc00000 - 0x80800000, true }, /* the whole chip, holes and all */
		{ 0x80800000, 0x8cd00000 - 0x80800000, false },
		{ 0x80700000, 0x200000, false },
		{ 0x80800000, 0, false },
		{ 0x81000000, 0x100000, true },
		{ 0x81000000, 0x1000, true },
		{ 0x810ff000, 0x2000, false },
		{ 0x80fff000, 0x2000, false },
		{ 0x8e000000, 0x2000000, true },
		{ 0x8ffff000, 0x1000, true },
		{ 0x8ffff000, 0x2000, false },
		{ 0x8dfff000, 0x2000, false },
		{ 0x180800000, 0x1000, false },
		{ 0xfffff000, 0x2000, false },
		{ 0x80800000, ~0ull - 0x80000000, false },
		{ ~0ull - 0xfff, 0x2000, false },
	};
	struct epi_layout layout;
	unsigned int i;

	make_layout(test, &layout, E_CHIP_E16G301);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].expected,
				    epi_layout_mappable(&layout, cases[i].address, cases[i].bytes),
				    "case %u", i);
}

static void rectangles(struct kunit *test)
{
	const u32 wrong[][4] = {
		{ 0, 0, 0, 1 },	  { 0, 0, 1, 0 },   { 4, 0, 1, 1 },
		{ 0, 4, 1, 1 },	  { 1, 0, 4, 1 },   { 0, 1, 1, 4 },
		{ 0, 0, ~0u, 1 }, { ~0u, 0, 2, 1 }, { 2, 0, ~0u - 1, 1 },
	};
	struct epi_layout layout;
	unsigned int i;

	make_layout(test, &layout, E_CHIP_E16G301);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		DECLARE_BITMAP(cores, EPI_MAX_CORES) = {};

		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    epi_layout_rectangle(&layout, wrong[i][0], wrong[i][1],
							 wrong[i][2], wrong[i][3], cores),
				    "case %u", i);
		KUNIT_EXPECT_TRUE(test, bitmap_empty(cores, EPI_MAX_CORES));
	}
}

static void mailbox_status(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, epi_mailbox_not_empty(0));
	KUNIT_EXPECT_TRUE(test, epi_mailbox_not_empty(0x00010001));
	KUNIT_EXPECT_TRUE(test, epi_mailbox_not_empty(0x00100005)); /* half full */
	KUNIT_EXPECT_TRUE(test, epi_mailbox_not_empty(0x001f0007)); /* full */
	KUNIT_EXPECT_FALSE(test, epi_mailbox_not_empty(0x001f0006));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(core_ids),
	KUNIT_CASE(array_cells),
	KUNIT_CASE(dram_cells),
	KUNIT_CASE(as_much_dram_as_there_can_be),
	KUNIT_CASE(dram_agrees_with_the_remap),
	KUNIT_CASE(cores_and_dram_apart),
	KUNIT_CASE(remap),
	KUNIT_CASE(chips),
	KUNIT_CASE(every_page_e16),
	KUNIT_CASE(every_page_e64),
	KUNIT_CASE(mappable_ranges),
	KUNIT_CASE(rectangles),
	KUNIT_CASE(mailbox_status),
	{},
};

struct kunit_suite epi_layout_suite = {
	.name = "epiphany-layout",
	.test_cases = cases,
};
