// SPDX-License-Identifier: GPL-2.0-only
/* Who may reach what: every page there is, and every kind of claim. */
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

static struct kunit_case cases[] = {
	KUNIT_CASE(every_reach_e16),
	KUNIT_CASE(every_reach_e64),
	KUNIT_CASE(reach_and_state),
	KUNIT_CASE(claims),
	KUNIT_CASE(claims_by_others),
	KUNIT_CASE(stale_claims),
	{},
};

struct kunit_suite epi_reach_suite = {
	.name = "epiphany-reach",
	.test_cases = cases,
};
