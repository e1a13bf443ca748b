// SPDX-License-Identifier: GPL-2.0-only
/* Who may reach what: every page there is, and every kind of claim. */
#include <linux/mm.h>
#include <linux/sched.h>

#include "reach.c"
#include "kunit.h"

/* A board whose state is made up. */
struct board {
	struct epi_elink elink;
	struct epi_array array;
	struct epi_file device, other, group, dram;
	struct epi_claim claim;
	struct epi_block block;
	struct epi_use uses[64];
	unsigned int device_mappings[64], other_mappings[64];
};

static struct board *make_board(struct kunit *test, u32 type)
{
	struct board *board = kunit_kzalloc(test, sizeof(*board), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, board);
	make_layout(test, &board->elink.layout, type);
	board->elink.powered = true;
	board->elink.array = &board->array;
	INIT_LIST_HEAD(&board->elink.claims);
	board->elink.uses = board->uses;
	board->device = (struct epi_file) { .elink = &board->elink,
					    .family = 1,
					    .core_mappings = board->device_mappings };
	board->other = (struct epi_file) { .elink = &board->elink,
					   .family = 2,
					   .core_mappings = board->other_mappings };
	board->group = board->device;
	board->group.kind = EPI_FILE_GROUP;
	board->group.claim = &board->claim;
	board->dram = board->device;
	board->dram.kind = EPI_FILE_DRAM;
	board->dram.block = &board->block;
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
	KUNIT_ASSERT_EQ(test, 0, epi_claim_add(&board->device, &board->claim));
	epi_dram_add(&board->elink, &board->block);
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
	epi_dram_add(elink, &board->block);
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

/* A claim or a mapping over the first row, as it meets one that is there, over columns 0 to 1. */
static void claims(struct kunit *test)
{
	const struct {
		u32 flags, other_flags;
		bool own; /* of the same file */
		bool mapped, other_mapped;
		int expected;
	} cases[] = {
		{ 0, 0, false, false, false, 0 },
		{ EPIPHANY_CLAIM_EXCLUSIVE, 0, false, false, false, -EBUSY },
		{ 0, EPIPHANY_CLAIM_EXCLUSIVE, false, false, false, -EBUSY },
		{ EPIPHANY_CLAIM_EXCLUSIVE, 0, true, false, false, -EBUSY },
		{ 0, EPIPHANY_CLAIM_EXCLUSIVE, true, true, false, 0 },
		{ 0, EPIPHANY_CLAIM_EXCLUSIVE, false, true, false, -EBUSY },
		{ 0, 0, false, true, false, 0 },
		{ EPIPHANY_CLAIM_EXCLUSIVE, 0, true, false, true, 0 },
		{ EPIPHANY_CLAIM_EXCLUSIVE, 0, false, false, true, -EBUSY },
		{ 0, 0, false, false, true, 0 },
		{ 0, 0, false, true, true, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct board *board = make_board(test, E_CHIP_E16G301);
		struct epi_claim *claim = kunit_kzalloc(test, sizeof(*claim), GFP_KERNEL);
		struct epi_file *file = &board->other;
		int ret;

		if (cases[i].own)
			file = &board->device;
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, claim);
		board->claim.flags = cases[i].other_flags;
		bitmap_set(board->claim.cores, 0, 2);
		ret = cases[i].other_mapped ? epi_use_add(&board->device, 0x80800000, 0x108000)
					    : epi_claim_add(&board->device, &board->claim);
		KUNIT_ASSERT_EQ(test, 0, ret);
		claim->flags = cases[i].flags;
		bitmap_set(claim->cores, 0, 4);
		ret = cases[i].mapped ? epi_use_add(file, 0x80800000, 0x308000)
				      : epi_claim_add(file, claim);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].expected, ret, "case %u", i);
	}
}

/* Who asks for a page sees neither other people's mappings, however many, nor work-groups. */
static void a_fault_walks_no_list(struct kunit *test)
{
	struct board *board = make_board(test, E_CHIP_E16G301);
	struct epi_elink *elink = &board->elink;
	struct list_head claims;
	struct epi_place place;
	unsigned int i;

	for (i = 0; i < 65000; i++)
		KUNIT_ASSERT_EQ(test, 0, epi_use_add(&board->other, 0x80900000, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, list_empty(&elink->claims));
	KUNIT_EXPECT_EQ(test, 65000u, elink->uses[1].mappings);

	/* Nobody can have that core alone, nor anybody map what is somebody's alone. */
	board->claim.flags = EPIPHANY_CLAIM_EXCLUSIVE;
	bitmap_set(board->claim.cores, 0, 2);
	KUNIT_EXPECT_EQ(test, -EBUSY, epi_claim_add(&board->device, &board->claim));
	bitmap_zero(board->claim.cores, EPI_MAX_CORES);
	__set_bit(0, board->claim.cores);
	KUNIT_EXPECT_EQ(test, 0, epi_claim_add(&board->device, &board->claim));
	claims = elink->claims;
	elink->claims = (struct list_head) {};
	KUNIT_EXPECT_EQ(test, -EBUSY, epi_file_reach(&board->other, 0x80800000, false, &place));
	KUNIT_EXPECT_EQ(test, 0, epi_file_reach(&board->other, 0x80900000, false, &place));
	KUNIT_EXPECT_EQ(test, 0, epi_file_reach(&board->device, 0x80800000, false, &place));
	KUNIT_EXPECT_EQ(test, -EBUSY, epi_use_add(&board->other, 0x80800000, 0x200000));
	KUNIT_EXPECT_EQ(test, 65000u, elink->uses[1].mappings);
	elink->claims = claims;
	epi_claim_remove(elink, &board->claim);

	for (i = 0; i < 65000; i++)
		epi_use_remove(&board->other, 0x80900000, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0u, elink->uses[1].mappings);
	bitmap_set(board->claim.cores, 0, 2);
	KUNIT_EXPECT_EQ(test, 0, epi_claim_add(&board->device, &board->claim));
}

/* A claim that is stale takes nothing with it that somebody has claimed since. */
static void a_stale_claim_goes(struct kunit *test)
{
	struct board *board = make_board(test, E_CHIP_E16G301);
	struct epi_claim *claim = kunit_kzalloc(test, sizeof(*claim), GFP_KERNEL);
	struct epi_elink *elink = &board->elink;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, claim);
	board->claim.flags = EPIPHANY_CLAIM_EXCLUSIVE;
	claim->flags = EPIPHANY_CLAIM_EXCLUSIVE;
	bitmap_set(board->claim.cores, 2, 2);
	__set_bit(3, claim->cores);
	KUNIT_ASSERT_EQ(test, 0, epi_claim_add(&board->device, &board->claim));
	elink->epoch++;
	KUNIT_ASSERT_EQ(test, 0, epi_claim_add(&board->device, claim));
	epi_claim_remove(elink, &board->claim);
	KUNIT_EXPECT_FALSE(test, epi_claim_excludes(elink, 2, 2));
	KUNIT_EXPECT_TRUE(test, epi_claim_excludes(elink, 2, 3));
	KUNIT_EXPECT_FALSE(test, epi_claim_excludes(elink, 1, 3));
	epi_claim_remove(elink, claim);
	KUNIT_EXPECT_FALSE(test, epi_claim_excludes(elink, 2, 3));
	KUNIT_EXPECT_TRUE(test, list_empty(&elink->claims));
}

/* All of DRAM in pages, given out in an order that is no order. */
static void every_block_is_found(struct kunit *test)
{
	struct board *board = make_board(test, E_CHIP_E16G301);
	struct epi_elink *elink = &board->elink;
	struct epi_block *blocks = kunit_kcalloc(test, 512, sizeof(*blocks), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, blocks);
	for (i = 0; i < 512; i++) {
		unsigned int place = i * 181 % 512;

		/* Every second page, two of them in some. */
		blocks[place].address = 0x8e000000 + place * 4 * PAGE_SIZE;
		blocks[place].bytes = (1 + place % 2) * PAGE_SIZE;
		epi_dram_add(elink, &blocks[place]);
	}
	for (i = 0; i < 2048; i++) {
		struct epi_block *block = &blocks[i / 4];
		struct epi_block *expected = i % 4 * PAGE_SIZE < block->bytes ? block : NULL;

		KUNIT_EXPECT_PTR_EQ(test, expected,
				    epi_dram_block(elink, 0x8e000000 + i * PAGE_SIZE));
		KUNIT_EXPECT_PTR_EQ(test, expected,
				    epi_dram_block(elink, 0x8e000fff + i * PAGE_SIZE));
	}
	for (i = 0; i < 512; i += 2)
		rb_erase(&blocks[i].node, &elink->blocks);
	KUNIT_EXPECT_PTR_EQ(test, (struct epi_block *)NULL, epi_dram_block(elink, 0x8e000000));
	KUNIT_EXPECT_PTR_EQ(test, &blocks[1], epi_dram_block(elink, 0x8e004000));
}

static void claims_by_others(struct kunit *test)
{
	struct board *board = make_board(test, E_CHIP_E16G301);
	DECLARE_BITMAP(cores, EPI_MAX_CORES) = {};

	__set_bit(3, board->claim.cores);
	KUNIT_ASSERT_EQ(test, 0, epi_claim_add(&board->device, &board->claim));
	__set_bit(2, cores);
	KUNIT_EXPECT_FALSE(test, epi_claim_by_others(&board->elink, 2, cores));
	KUNIT_EXPECT_TRUE(test, epi_claim_by_others(&board->elink, 2, NULL));
	__set_bit(3, cores);
	KUNIT_EXPECT_TRUE(test, epi_claim_by_others(&board->elink, 2, cores));
	KUNIT_EXPECT_FALSE(test, epi_claim_by_others(&board->elink, 1, cores));
	/* A shared claim excludes nobody, and a mapping is no work-group. */
	KUNIT_EXPECT_FALSE(test, epi_claim_excludes(&board->elink, 2, 3));
	epi_claim_remove(&board->elink, &board->claim);
	KUNIT_ASSERT_EQ(test, 0, epi_use_add(&board->device, 0x80b00000, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, epi_claim_by_others(&board->elink, 2, NULL));
	board->claim.flags = EPIPHANY_CLAIM_EXCLUSIVE;
	KUNIT_ASSERT_EQ(test, 0, epi_claim_add(&board->device, &board->claim));
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
	KUNIT_ASSERT_EQ(test, 0, epi_claim_add(&board->device, &board->claim));
	claim->flags = EPIPHANY_CLAIM_EXCLUSIVE;
	__set_bit(3, claim->cores);
	KUNIT_EXPECT_EQ(test, -EBUSY, epi_claim_add(&board->other, claim));
	elink->epoch++;
	KUNIT_EXPECT_FALSE(test, epi_claim_excludes(elink, 2, 3));
	KUNIT_EXPECT_FALSE(test, epi_claim_by_others(elink, 2, NULL));
	KUNIT_EXPECT_EQ(test, 0, epi_claim_add(&board->other, claim));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_reach_e16),	KUNIT_CASE(every_reach_e64),
	KUNIT_CASE(reach_and_state),	KUNIT_CASE(claims),
	KUNIT_CASE(claims_by_others),	KUNIT_CASE(a_fault_walks_no_list),
	KUNIT_CASE(a_stale_claim_goes), KUNIT_CASE(every_block_is_found),
	KUNIT_CASE(stale_claims),	{},
};

struct kunit_suite epi_reach_suite = {
	.name = "epiphany-reach",
	.test_cases = cases,
};
