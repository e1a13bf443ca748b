// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work-groups: cores that a file has claimed. Claims keep hosts from each other,
 * not cores: the mesh has no protection.
 */
#include <linux/io.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "internal.h"

#define DEBUGCMD_HALT 1

/* The file of DRAM that a dead man writes to: the caller's own. */
static struct file *dead_man_dram(struct epi_file *opener, const struct epiphany_claim *request)
{
	struct file *filp;
	struct epi_file *dram;
	u64 address = request->dead_man_address;

	filp = fget(request->dead_man_fd);
	if (!filp)
		return ERR_PTR(-EBADF);
	dram = epi_file_of(filp, opener->elink);
	if (dram && dram->kind == EPI_FILE_DRAM && dram->family == opener->family &&
	    address >= dram->block->address && address - dram->block->address < dram->block->bytes)
		return filp;
	fput(filp);
	return ERR_PTR(-EINVAL);
}

static bool is_dead_man_of_core(struct epi_elink *elink, const struct epi_claim *claim)
{
	unsigned int core;
	phys_addr_t phys;
	enum epi_page page = epi_layout_page(&elink->layout, claim->dead_man_address, &core, &phys);

	return (page == EPI_SRAM || page == EPI_REGISTERS) && test_bit(core, claim->cores);
}

static int parse(struct epi_file *opener, const struct epiphany_claim *request,
		 struct epi_claim *claim)
{
	const u32 known = EPIPHANY_CLAIM_EXCLUSIVE | EPIPHANY_CLAIM_DEAD_MAN |
			  EPIPHANY_CLAIM_DEAD_MAN_DRAM;
	bool dead_man = request->flags & EPIPHANY_CLAIM_DEAD_MAN;
	bool in_dram = request->flags & EPIPHANY_CLAIM_DEAD_MAN_DRAM;
	int ret;

	if (request->flags & ~known || request->on_release > EPIPHANY_RELEASE_SCRUB ||
	    (in_dram && !dead_man))
		return -EINVAL;
	if ((!dead_man && (request->dead_man_address || request->dead_man_value)) ||
	    (!in_dram && request->dead_man_fd) || request->dead_man_address & 3)
		return -EINVAL;
	ret = epi_layout_rectangle(&opener->elink->layout, request->row, request->column,
				   request->rows, request->columns, claim->cores);
	if (ret)
		return ret;
	claim->flags = request->flags;
	claim->on_release = request->on_release;
	claim->dead_man_address = request->dead_man_address;
	claim->dead_man_value = request->dead_man_value;
	if (in_dram) {
		claim->dead_man_dram = dead_man_dram(opener, request);
		if (IS_ERR(claim->dead_man_dram))
			return PTR_ERR(claim->dead_man_dram);
	} else if (dead_man && !is_dead_man_of_core(opener->elink, claim)) {
		return -EINVAL;
	}
	return 0;
}

static void scrub(struct epi_elink *elink, unsigned int core)
{
	u32 offset;

	for (offset = 0; offset < EPI_SRAM_BYTES; offset += 4)
		writel_relaxed(0, epi_core_address(elink, core, offset));
}

/* Writes only: a core that hangs must not hang who lets go of it. */
static void on_release(struct epi_elink *elink, struct epi_claim *claim)
{
	unsigned int core;

	if (claim->on_release == EPIPHANY_RELEASE_HALT)
		for_each_set_bit(core, claim->cores, EPI_MAX_CORES)
			epi_core_write(elink, core, EPI_CORE_DEBUGCMD, DEBUGCMD_HALT);
	if (claim->on_release >= EPIPHANY_RELEASE_RESET)
		epi_reset_cores(elink, EPIPHANY_RESET_GROUP, claim->cores);
	if (claim->on_release == EPIPHANY_RELEASE_SCRUB)
		for_each_set_bit(core, claim->cores, EPI_MAX_CORES)
			scrub(elink, core);
	if (claim->flags & EPIPHANY_CLAIM_DEAD_MAN && !claim->dead_man_dram) {
		core = epi_layout_core(&elink->layout, claim->dead_man_address >> 20);
		epi_core_write(elink, core, claim->dead_man_address & (EPI_CORE_BYTES - 1),
			       claim->dead_man_value);
	}
}

/* With the last reference to the work-group's file, also that of a process that was killed. */
static void release(struct epi_file *group)
{
	struct epi_elink *elink = group->elink;
	struct epi_claim *claim = group->claim;
	__le32 value;

	if (!claim)
		return;
	mutex_lock(&elink->lock);
	/* After a reset of the chip the cores are no longer what was claimed. */
	if (!epi_state_error(elink) && claim->epoch == elink->epoch &&
	    epi_fpga_is_configured(elink))
		on_release(elink, claim);
	epi_claim_remove(elink, claim);
	mutex_unlock(&elink->lock);
	if (claim->dead_man_dram) {
		value = cpu_to_le32(claim->dead_man_value);
		epi_file_access(claim->dead_man_dram->private_data, claim->dead_man_address, &value,
				sizeof(value), true);
		fput(claim->dead_man_dram);
	}
	kfree(claim);
}

/* EPOLLHUP once the chip was reset: it reaches nothing any more. */
static __poll_t poll(struct epi_file *group)
{
	bool is_stale;

	mutex_lock(&group->elink->lock);
	is_stale = group->claim->epoch != group->elink->epoch;
	mutex_unlock(&group->elink->lock);
	return is_stale ? EPOLLHUP | EPOLLERR : 0;
}

static const struct epi_file_ops group_ops = {
	.name = "[epiphany-workgroup]",
	.release = release,
	.poll = poll,
};

struct epi_file *epi_claim_create(struct epi_file *opener, const struct epiphany_claim *request)
{
	struct epi_elink *elink = opener->elink;
	struct epi_claim *claim;
	struct epi_file *group;
	int ret;

	claim = kzalloc(sizeof(*claim), GFP_KERNEL_ACCOUNT);
	if (!claim)
		return ERR_PTR(-ENOMEM);
	ret = parse(opener, request, claim);
	if (ret)
		goto free_claim;
	group = epi_file_new(elink, EPI_FILE_GROUP, &group_ops, opener->family);
	if (IS_ERR(group)) {
		ret = PTR_ERR(group);
		goto put_dram;
	}
	ret = epi_file_power(group);
	if (ret)
		goto free_group;
	mutex_lock(&elink->lock);
	ret = epi_state_error(elink);
	if (!ret)
		ret = epi_claim_add(opener, claim);
	if (!ret)
		group->claim = claim;
	mutex_unlock(&elink->lock);
	if (ret)
		goto free_group;
	return group;

free_group:
	epi_file_free(group);
put_dram:
	if (claim->dead_man_dram)
		fput(claim->dead_man_dram);
free_claim:
	kfree(claim);
	return ERR_PTR(ret);
}
