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
	struct rb_node *node = elink->blocks.rb_node;

	while (node) {
		struct epi_block *block = rb_entry(node, struct epi_block, node);

		if (address < block->address)
			node = node->rb_left;
		else if (address - block->address >= block->bytes)
			node = node->rb_right;
		else
			return block;
	}
	return NULL;
}

/* It overlaps no other. */
void epi_dram_add(struct epi_elink *elink, struct epi_block *block)
{
	struct rb_node **link = &elink->blocks.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = block->address < rb_entry(parent, struct epi_block, node)->address
			       ? &parent->rb_left
			       : &parent->rb_right;
	}
	rb_link_node(&block->node, parent, link);
	rb_insert_color(&block->node, &elink->blocks);
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
	return claim->epoch != elink->epoch;
}

/* Whether somebody else has a core to himself. */
bool epi_claim_excludes(struct epi_elink *elink, u64 family, unsigned int core)
{
	const struct epi_claim *claim = elink->uses[core].exclusive;

	return claim && claim->family != family && !is_stale(elink, claim);
}

/* Work-groups exclude each other, also of one process; a mapping is no obstacle to its owner. */
static bool may_claim(struct epi_file *opener, const struct epi_claim *claim)
{
	struct epi_elink *elink = opener->elink;
	struct epi_claim *other;
	unsigned int core;

	list_for_each_entry(other, &elink->claims, list)
		if ((is_exclusive(claim) || is_exclusive(other)) && !is_stale(elink, other) &&
		    overlaps(other, claim->cores))
			return false;
	if (!is_exclusive(claim))
		return true;
	for_each_set_bit(core, claim->cores, EPI_MAX_CORES)
		if (elink->uses[core].mappings !=
		    (opener->core_mappings ? opener->core_mappings[core] : 0))
			return false;
	return true;
}

/* Lists a claim, unless another is in its way. */
int epi_claim_add(struct epi_file *opener, struct epi_claim *claim)
{
	struct epi_elink *elink = opener->elink;
	unsigned int core;

	if (!may_claim(opener, claim))
		return -EBUSY;
	claim->family = opener->family;
	claim->epoch = elink->epoch;
	list_add_tail(&claim->list, &elink->claims);
	if (is_exclusive(claim))
		for_each_set_bit(core, claim->cores, EPI_MAX_CORES)
			elink->uses[core].exclusive = claim;
	return 0;
}

void epi_claim_remove(struct epi_elink *elink, struct epi_claim *claim)
{
	unsigned int core;

	list_del(&claim->list);
	for_each_set_bit(core, claim->cores, EPI_MAX_CORES)
		if (elink->uses[core].exclusive == claim)
			elink->uses[core].exclusive = NULL;
}

static void count_mapping(struct epi_file *file, u64 address, u64 bytes, int change)
{
	u32 id;

	for (id = address >> 20; id <= (address + bytes - 1) >> 20; id++) {
		int core = epi_layout_core(&file->elink->layout, id);

		if (core < 0)
			continue;
		file->elink->uses[core].mappings += change;
		file->core_mappings[core] += change;
	}
}

/* A mapping of a device node uses all cores that it touches, if none is another's alone. */
int epi_use_add(struct epi_file *file, u64 address, u64 bytes)
{
	u32 id;

	for (id = address >> 20; id <= (address + bytes - 1) >> 20; id++) {
		int core = epi_layout_core(&file->elink->layout, id);

		if (core >= 0 && epi_claim_excludes(file->elink, file->family, core))
			return -EBUSY;
	}
	count_mapping(file, address, bytes, 1);
	return 0;
}

void epi_use_remove(struct epi_file *file, u64 address, u64 bytes)
{
	count_mapping(file, address, bytes, -1);
}

/* Whether somebody else has a work-group that uses one of these cores; any core without them. */
bool epi_claim_by_others(struct epi_elink *elink, u64 family, const unsigned long *cores)
{
	struct epi_claim *claim;

	list_for_each_entry(claim, &elink->claims, list)
		if (claim->family != family && (!cores || overlaps(claim, cores)) &&
		    !is_stale(elink, claim))
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
