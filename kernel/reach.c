// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may reach what, and when: decisions about state, without hardware. For all
 * of them the lock of the eLink is held.
 */
#include "internal.h"

/* Why the chip cannot be reached, or 0. The lock is held. */
int epi_state_error(struct epi_elink *elink)
{
	if (elink->gone || !elink->array)
		return -ENODEV;
	if (elink->thermal)
		return -ESHUTDOWN;
	return elink->powered ? 0 : -EIO;
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

static bool is_exclusive(const struct epi_claim *claim)
{
	return claim->flags & EPIPHANY_CLAIM_EXCLUSIVE;
}

static bool overlaps(const struct epi_claim *claim, const unsigned long *cores)
{
	return bitmap_intersects(claim->cores, cores, EPI_MAX_CORES);
}

/* A work-group whose chip was reset reaches nothing any more, so it is in nobody's way. */
static bool is_stale(const struct epi_elink *elink, const struct epi_claim *claim)
{
	return claim->explicit && claim->epoch != elink->epoch;
}

/* Two work-groups exclude each other whoever made them; a mapping is no obstacle to its owner. */
static bool conflicts(const struct epi_claim *a, const struct epi_claim *b)
{
	if (!is_exclusive(a) && !is_exclusive(b))
		return false;
	if (a->family == b->family && !(a->explicit && b->explicit))
		return false;
	return overlaps(a, b->cores);
}

/* Lists a claim, unless another is in its way. */
int epi_claim_add(struct epi_elink *elink, struct epi_claim *claim)
{
	struct epi_claim *other;

	list_for_each_entry(other, &elink->claims, list)
		if (!is_stale(elink, other) && conflicts(claim, other))
			return -EBUSY;
	list_add_tail(&claim->list, &elink->claims);
	return 0;
}

/* Whether somebody else has a core to himself. */
bool epi_claim_excludes(struct epi_elink *elink, u64 family, unsigned int core)
{
	struct epi_claim *claim;

	list_for_each_entry(claim, &elink->claims, list)
		if (is_exclusive(claim) && claim->family != family &&
		    test_bit(core, claim->cores) && !is_stale(elink, claim))
			return true;
	return false;
}

/* Whether somebody else has a work-group that uses one of these cores; any core without them. */
bool epi_claim_by_others(struct epi_elink *elink, u64 family, const unsigned long *cores)
{
	struct epi_claim *claim;

	list_for_each_entry(claim, &elink->claims, list)
		if (claim->explicit && claim->family != family &&
		    (!cores || overlaps(claim, cores)) && !is_stale(elink, claim))
			return true;
	return false;
}

/*
 * What is at an address for this file. ENXIO: nothing, and there never will be.
 * Any other error: it cannot be reached now. Registers of the eLink are reached
 * by nobody but those who were let through to its raw mapping. The lock is held.
 */
int epi_file_reach(struct epi_file *file, u64 address, bool raw, struct epi_place *place)
{
	struct epi_elink *elink = file->elink;
	struct epi_block *block = NULL;
	bool is_elink;

	place->page = epi_layout_page(&elink->layout, address, &place->core, &place->phys);
	if (place->page == EPI_DRAM)
		block = epi_dram_block(elink, address);
	place->normal = block;
	is_elink = place->page == EPI_ELINK;
	if (place->page == EPI_HOLE || is_elink != raw)
		return -ENXIO;

	switch (file->kind) {
	case EPI_FILE_DEVICE:
		if (place->page == EPI_DRAM)
			return elink->gone ? -ENODEV : block ? -EBUSY : 0;
		if (!raw && epi_claim_excludes(elink, file->family, place->core))
			return -EBUSY;
		return epi_state_error(elink);
	case EPI_FILE_GROUP:
		if (place->page == EPI_DRAM || !test_bit(place->core, file->claim->cores))
			return -ENXIO;
		if (!elink->gone && file->claim->epoch != elink->epoch)
			return -ESTALE;
		return epi_state_error(elink);
	case EPI_FILE_DRAM:
		if (!block || block != file->block)
			return -ENXIO;
		return elink->gone ? -ENODEV : 0;
	}
	return -ENXIO;
}
