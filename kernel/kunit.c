// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of everything that is logic alone. A module of its own, with its own
 * copy of that logic: the driver need not be loaded, nor any hardware be there.
 */
#include <kunit/test.h>
#include <linux/genalloc.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "layout.c"
#include "ring.c"
#include "reach.c"
#include "pool.c"

static const struct epi_range parallella_memory = { .phys = 0x3e000000, .bytes = SZ_32M };

/* The Parallella's, with one chip; its window is as wide as the chip needs. */
static void make_layout(struct kunit *test, struct epi_layout *layout, u32 type)
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
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct epi_layout layout = { .window = { .bytes = SZ_256M } };
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
		{ 0x8e000000, 0x3e000000, 0x1000000, 0 },
		{ 0x8f000000, 0x3f000000, 0x1000000, 0 },
		{ 0x8f000000, 0x3f000000, 0x1000, -EEXIST },
		{ 0x90000000, 0x3f000000, 0, -EINVAL },
		{ 0x90000000, 0x3f000000, 0x800, -EINVAL },
		{ 0x90000004, 0x3f000000, 0x1000, -EINVAL },
		{ 0x90000000, 0x3e000800, 0x1000, -EINVAL },
		{ 0x90000000, 0x40000000, 0x1000, -ERANGE },
		{ 0x90000000, 0x3f000000, 0x2000000, -ERANGE },
		{ 0x90000000, 0xfffff000, 0x1000, -ERANGE },
		{ 0xfffff000, 0x3e000000, 0x2000, -ERANGE },
		{ 0xfffff000, 0x3e000000, 0x1000, 0 },
	};
	struct epi_layout layout = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].expected,
				    epi_layout_add_dram(&layout, cases[i].address, cases[i].phys,
							cases[i].bytes, &parallella_memory),
				    "case %u", i);
	KUNIT_EXPECT_EQ(test, 3u, layout.dram_count);
	while (layout.dram_count < EPI_MAX_DRAM)
		KUNIT_ASSERT_EQ(test, 0,
				epi_layout_add_dram(&layout, 0x10000 * layout.dram_count,
						    0x3e000000, 0x1000, &parallella_memory));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			epi_layout_add_dram(&layout, 0, 0x3e000000, 0x1000, &parallella_memory));
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
static enum epi_page expected_page(u32 address, u32 size, unsigned int *core)
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

/* A board whose state is made up. */
struct board {
	struct epi_elink elink;
	struct epi_array array;
	struct epi_file device, other, group, dram;
	struct epi_claim claim;
	struct epi_block block;
};

static struct board *make_board(struct kunit *test, u32 type)
{
	struct board *board = kunit_kzalloc(test, sizeof(*board), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, board);
	make_layout(test, &board->elink.layout, type);
	board->elink.powered = true;
	board->elink.array = &board->array;
	INIT_LIST_HEAD(&board->elink.claims);
	INIT_LIST_HEAD(&board->elink.blocks);
	board->device = (struct epi_file) { .elink = &board->elink, .family = 1 };
	board->other = (struct epi_file) { .elink = &board->elink, .family = 2 };
	board->group = board->device;
	board->group.kind = EPI_FILE_GROUP;
	board->group.claim = &board->claim;
	board->dram = board->device;
	board->dram.kind = EPI_FILE_DRAM;
	board->dram.block = &board->block;
	board->claim.explicit = true;
	board->claim.family = 1;
	board->block.address = 0x8e100000;
	board->block.bytes = 0x10000;
	return board;
}

/* Whether a file reaches a page: all pages there are, by a rule that is told here once more. */
static int expected_reach(struct board *board, struct epi_file *file, u32 address, u32 size)
{
	unsigned int core = 0;
	enum epi_page page = expected_page(address, size, &core);
	bool in_block = address >= 0x8e100000 && address < 0x8e110000;
	/* The claimed rectangle: rows 1 and 2, columns 1 to 3. */
	bool in_claim = core / size >= 1 && core / size <= 2 && core % size >= 1 &&
			core % size <= 3;

	if (page == EPI_HOLE || page == EPI_ELINK)
		return -ENXIO;
	if (file == &board->dram)
		return in_block ? 0 : -ENXIO;
	if (page == EPI_DRAM)
		return file == &board->group ? -ENXIO : in_block ? -EBUSY : 0;
	if (file == &board->group)
		return in_claim ? 0 : -ENXIO;
	return file == &board->other && in_claim ? -EBUSY : 0;
}

static void every_reach(struct kunit *test, u32 type, u32 size)
{
	struct board *board = make_board(test, type);
	struct epi_file *files[] = { &board->device, &board->other, &board->group, &board->dram };
	struct epi_place place;
	unsigned int wrong = 0, i;
	u32 page;

	board->claim.flags = EPIPHANY_CLAIM_EXCLUSIVE;
	KUNIT_ASSERT_EQ(test, 0,
			epi_layout_rectangle(&board->elink.layout, 1, 1, 2, 3, board->claim.cores));
	KUNIT_ASSERT_EQ(test, 0, epi_claim_add(&board->elink, &board->claim));
	list_add(&board->block.list, &board->elink.blocks);
	for (page = 0; page < 1 << 20; page++) {
		u32 address = page << 12;

		for (i = 0; i < ARRAY_SIZE(files); i++)
			wrong += epi_file_reach(files[i], address, false, &place) !=
				 expected_reach(board, files[i], address, size);
		if (!(page & 0xffff))
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, 0u, wrong);
}

static void every_reach_e16(struct kunit *test)
{
	every_reach(test, E_CHIP_E16G301, 4);
}

static void every_reach_e64(struct kunit *test)
{
	every_reach(test, E_CHIP_E64G401, 8);
}

static void reach_and_state(struct kunit *test)
{
	struct board *board = make_board(test, E_CHIP_E16G301);
	struct epi_elink *elink = &board->elink;
	struct epi_place place;

	__set_bit(0, board->claim.cores);
	list_add(&board->block.list, &elink->blocks);
	KUNIT_EXPECT_EQ(test, 0, epi_file_reach(&board->group, 0x80800000, false, &place));
	KUNIT_EXPECT_EQ(test, (int)EPI_SRAM, (int)place.page);
	KUNIT_EXPECT_EQ(test, 0, epi_file_reach(&board->device, 0x81000000, true, &place));
	KUNIT_EXPECT_EQ(test, -ENXIO, epi_file_reach(&board->device, 0x80800000, true, &place));
	KUNIT_EXPECT_EQ(test, 0, epi_file_reach(&board->dram, 0x8e100000, false, &place));
	KUNIT_EXPECT_TRUE(test, place.normal);
	KUNIT_EXPECT_EQ(test, 0, epi_file_reach(&board->device, 0x8e000000, false, &place));
	KUNIT_EXPECT_FALSE(test, place.normal);

	elink->powered = false;
	KUNIT_EXPECT_EQ(test, -EIO, epi_file_reach(&board->device, 0x80800000, false, &place));
	elink->thermal = true;
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN,
			epi_file_reach(&board->device, 0x80800000, false, &place));
	KUNIT_EXPECT_EQ(test, 0, epi_file_reach(&board->dram, 0x8e100000, false, &place));
	elink->thermal = false;
	elink->powered = true;
	elink->epoch++;
	KUNIT_EXPECT_EQ(test, -ESTALE, epi_file_reach(&board->group, 0x80800000, false, &place));
	KUNIT_EXPECT_EQ(test, 0, epi_file_reach(&board->device, 0x80800000, false, &place));
	elink->gone = true;
	KUNIT_EXPECT_EQ(test, -ENODEV, epi_file_reach(&board->group, 0x80800000, false, &place));
	KUNIT_EXPECT_EQ(test, -ENODEV, epi_file_reach(&board->device, 0x80800000, false, &place));
	KUNIT_EXPECT_EQ(test, -ENODEV, epi_file_reach(&board->device, 0x8e000000, false, &place));
	KUNIT_EXPECT_EQ(test, -ENODEV, epi_file_reach(&board->dram, 0x8e100000, false, &place));
	KUNIT_EXPECT_EQ(test, -ENXIO, epi_file_reach(&board->dram, 0x8e110000, false, &place));
}

/* A claim over the first row, as it meets one that is there, over columns 0 to 1. */
static void claims(struct kunit *test)
{
	const struct {
		u64 family;
		bool explicit;
		u32 flags, other_flags;
		int expected;
	} cases[] = {
		{ 2, true, 0, 0, 0 },
		{ 2, true, EPIPHANY_CLAIM_EXCLUSIVE, 0, -EBUSY },
		{ 2, true, 0, EPIPHANY_CLAIM_EXCLUSIVE, -EBUSY },
		{ 1, true, EPIPHANY_CLAIM_EXCLUSIVE, 0, -EBUSY },
		{ 1, false, 0, EPIPHANY_CLAIM_EXCLUSIVE, 0 },
		{ 2, false, 0, EPIPHANY_CLAIM_EXCLUSIVE, -EBUSY },
		{ 2, false, 0, 0, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct board *board = make_board(test, E_CHIP_E16G301);
		struct epi_claim *claim = kunit_kzalloc(test, sizeof(*claim), GFP_KERNEL);
		struct epi_elink *elink = &board->elink;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, claim);
		board->claim.flags = cases[i].other_flags;
		bitmap_set(board->claim.cores, 0, 2);
		KUNIT_ASSERT_EQ(test, 0, epi_claim_add(elink, &board->claim));
		claim->family = cases[i].family;
		claim->explicit = cases[i].explicit;
		claim->flags = cases[i].flags;
		bitmap_set(claim->cores, 0, 4);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].expected, epi_claim_add(elink, claim), "case %u",
				    i);
	}
}

static void claims_by_others(struct kunit *test)
{
	struct board *board = make_board(test, E_CHIP_E16G301);
	DECLARE_BITMAP(cores, EPI_MAX_CORES) = {};

	__set_bit(3, board->claim.cores);
	KUNIT_ASSERT_EQ(test, 0, epi_claim_add(&board->elink, &board->claim));
	__set_bit(2, cores);
	KUNIT_EXPECT_FALSE(test, epi_claim_by_others(&board->elink, 2, cores));
	KUNIT_EXPECT_TRUE(test, epi_claim_by_others(&board->elink, 2, NULL));
	__set_bit(3, cores);
	KUNIT_EXPECT_TRUE(test, epi_claim_by_others(&board->elink, 2, cores));
	KUNIT_EXPECT_FALSE(test, epi_claim_by_others(&board->elink, 1, cores));
	board->claim.explicit = false;
	KUNIT_EXPECT_FALSE(test, epi_claim_by_others(&board->elink, 2, cores));
	/* A shared claim excludes nobody. */
	KUNIT_EXPECT_FALSE(test, epi_claim_excludes(&board->elink, 2, 3));
	board->claim.flags = EPIPHANY_CLAIM_EXCLUSIVE;
	KUNIT_EXPECT_TRUE(test, epi_claim_excludes(&board->elink, 2, 3));
	KUNIT_EXPECT_FALSE(test, epi_claim_excludes(&board->elink, 2, 2));
}

/* What was claimed before the chip was reset is in nobody's way. */
static void stale_claims(struct kunit *test)
{
	struct board *board = make_board(test, E_CHIP_E16G301);
	struct epi_claim *claim = kunit_kzalloc(test, sizeof(*claim), GFP_KERNEL);
	struct epi_elink *elink = &board->elink;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, claim);
	board->claim.flags = EPIPHANY_CLAIM_EXCLUSIVE;
	__set_bit(3, board->claim.cores);
	KUNIT_ASSERT_EQ(test, 0, epi_claim_add(elink, &board->claim));
	claim->family = 2;
	claim->explicit = true;
	claim->flags = EPIPHANY_CLAIM_EXCLUSIVE;
	__set_bit(3, claim->cores);
	KUNIT_EXPECT_EQ(test, -EBUSY, epi_claim_add(elink, claim));
	elink->epoch++;
	KUNIT_EXPECT_FALSE(test, epi_claim_excludes(elink, 2, 3));
	KUNIT_EXPECT_FALSE(test, epi_claim_by_others(elink, 2, NULL));
	KUNIT_EXPECT_EQ(test, 0, epi_claim_add(elink, claim));
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

static void pools(struct kunit *test)
{
	struct gen_pool *pools[EPI_MAX_DRAM] = {};
	struct epiphany_dram_alloc any = { .bytes = 1 };
	struct epiphany_dram_alloc aligned = { .bytes = PAGE_SIZE, .align = SZ_1M };
	struct epiphany_dram_alloc fixed = { .bytes = PAGE_SIZE,
					     .flags = EPIPHANY_DRAM_FIXED,
					     .address = 0x8f000000 };
	struct epiphany_dram_alloc rest = { .bytes = SZ_16M };
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
	rest.bytes = SZ_32M;
	KUNIT_EXPECT_EQ(test, 0, epi_pools_take(pools, &layout, &rest, &first));
	KUNIT_EXPECT_EQ(test, -ENOSPC, epi_pools_take(pools, &layout, &any, &second));
	epi_pools_give(pools, &first);
	epi_pools_free(pools);
}

static void pool_requests(struct kunit *test)
{
	const struct {
		struct epiphany_dram_alloc request;
		int expected;
	} cases[] = {
		{ { .bytes = 0 }, -EINVAL },
		{ { .bytes = 1, .flags = 2 }, -EINVAL },
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

/* Every event is either read or told as lost, in its place, however writing and reading mix. */
static void ring_tells_losses(struct kunit *test)
{
	struct epiphany_event records[8];
	struct epi_ring ring;
	u64 pushed = 0, seen = 0, lost = 0, random = 1;
	unsigned int round, count, i;

	KUNIT_ASSERT_EQ(test, 0, epi_ring_init(&ring, 16));
	for (round = 0; round < 20000; round++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		for (i = random >> 60; i; i--)
			epi_ring_push(&ring, EPIPHANY_EVENT_MAILBOX, 0, 0, ++pushed);
		count = epi_ring_peek(&ring, records, random >> 40 & 7);
		for (i = 0; i < count; i++) {
			if (records[i].type == EPIPHANY_EVENT_OVERFLOW) {
				lost += records[i].payload;
				seen += records[i].payload;
			} else if (records[i].payload != ++seen) {
				KUNIT_FAIL(test, "%llu instead of %llu", records[i].payload, seen);
				goto out;
			}
			KUNIT_EXPECT_EQ(test, seen, records[i].sequence);
		}
		if (count)
			epi_ring_drop(&ring, records[count - 1].sequence);
	}
	while ((count = epi_ring_peek(&ring, records, 8))) {
		for (i = 0; i < count; i++)
			seen += records[i].type == EPIPHANY_EVENT_OVERFLOW ? records[i].payload : 1;
		epi_ring_drop(&ring, records[count - 1].sequence);
	}
	KUNIT_EXPECT_EQ(test, pushed, seen);
	KUNIT_EXPECT_TRUE(test, lost > 1000);
	KUNIT_EXPECT_TRUE(test, epi_ring_is_empty(&ring));
out:
	epi_ring_free(&ring);
}

static void ring_keeps_what_is_not_dropped(struct kunit *test)
{
	struct epiphany_event first, again;
	struct epi_ring ring;

	KUNIT_ASSERT_EQ(test, 0, epi_ring_init(&ring, 4));
	KUNIT_EXPECT_EQ(test, 0u, epi_ring_peek(&ring, &first, 1));
	epi_ring_push(&ring, EPIPHANY_EVENT_RESET, 7, 8, 9);
	KUNIT_EXPECT_EQ(test, 1u, epi_ring_peek(&ring, &first, 1));
	KUNIT_EXPECT_EQ(test, 1u, epi_ring_peek(&ring, &again, 1));
	KUNIT_EXPECT_EQ(test, 0, memcmp(&first, &again, sizeof(first)));
	KUNIT_EXPECT_EQ(test, 7u, first.flags);
	KUNIT_EXPECT_EQ(test, 8ull, first.time);
	KUNIT_EXPECT_EQ(test, 9ull, first.payload);
	/* A reset came between looking and dropping: what is new stays. */
	epi_ring_clear(&ring);
	epi_ring_push(&ring, EPIPHANY_EVENT_POWER, 0, 0, 1);
	epi_ring_drop(&ring, first.sequence);
	KUNIT_EXPECT_FALSE(test, epi_ring_is_empty(&ring));
	epi_ring_free(&ring);
}

static void mailbox_status(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, epi_mailbox_not_empty(0));
	KUNIT_EXPECT_TRUE(test, epi_mailbox_not_empty(0x00010001));
	KUNIT_EXPECT_TRUE(test, epi_mailbox_not_empty(0x00100005)); /* half full */
	KUNIT_EXPECT_TRUE(test, epi_mailbox_not_empty(0x001f0007)); /* full */
	KUNIT_EXPECT_FALSE(test, epi_mailbox_not_empty(0x001f0006));
}

static struct kunit_case cases[] = { KUNIT_CASE(core_ids),
				     KUNIT_CASE(array_cells),
				     KUNIT_CASE(dram_cells),
				     KUNIT_CASE(remap),
				     KUNIT_CASE(chips),
				     KUNIT_CASE(every_page_e16),
				     KUNIT_CASE(every_page_e64),
				     KUNIT_CASE(mappable_ranges),
				     KUNIT_CASE(every_reach_e16),
				     KUNIT_CASE(every_reach_e64),
				     KUNIT_CASE(reach_and_state),
				     KUNIT_CASE(claims),
				     KUNIT_CASE(claims_by_others),
				     KUNIT_CASE(stale_claims),
				     KUNIT_CASE(rectangles),
				     KUNIT_CASE(pools),
				     KUNIT_CASE(pool_requests),
				     KUNIT_CASE(ring_tells_losses),
				     KUNIT_CASE(ring_keeps_what_is_not_dropped),
				     KUNIT_CASE(mailbox_status),
				     {} };

static struct kunit_suite suite = {
	.name = "epiphany",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("KUnit tests of the Epiphany driver");
MODULE_LICENSE("GPL");
