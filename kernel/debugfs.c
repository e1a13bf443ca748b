// SPDX-License-Identifier: GPL-2.0-only
/* What goes on, for people: debugfs, and fdinfo of each open file. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "internal.h"

static struct dentry *root;

static void show_cores(struct seq_file *seq, struct epi_elink *elink, const unsigned long *cores)
{
	unsigned int core;

	for_each_set_bit(core, cores, epi_layout_cores(&elink->layout))
		seq_printf(seq, " 0x%03x", epi_layout_core_id(&elink->layout, core));
	seq_putc(seq, '\n');
}

/* Cores that an open device node has mapped, if any. */
static void show_mappings(struct seq_file *seq, struct epi_file *file)
{
	unsigned int core, mapped = 0;

	for (core = 0; file->core_mappings && core < epi_layout_cores(&file->elink->layout);
	     core++) {
		if (!file->core_mappings[core])
			continue;
		if (!mapped++)
			seq_printf(seq, "mapping shared file %llu:", file->family);
		seq_printf(seq, " 0x%03x", epi_layout_core_id(&file->elink->layout, core));
	}
	if (mapped)
		seq_putc(seq, '\n');
}

static int claims_show(struct seq_file *seq, void *unused)
{
	struct epi_elink *elink = seq->private;
	struct epi_claim *claim;
	struct epi_file *file;

	mutex_lock(&elink->lock);
	list_for_each_entry(claim, &elink->claims, list) {
		seq_printf(seq, "workgroup %s file %llu%s:",
			   claim->flags & EPIPHANY_CLAIM_EXCLUSIVE ? "exclusive" : "shared",
			   claim->family, claim->epoch != elink->epoch ? " stale" : "");
		show_cores(seq, elink, claim->cores);
	}
	list_for_each_entry(file, &elink->files, list)
		show_mappings(seq, file);
	mutex_unlock(&elink->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(claims);

static int dram_show(struct seq_file *seq, void *unused)
{
	struct epi_elink *elink = seq->private;
	struct epi_block *block;
	struct rb_node *node;

	mutex_lock(&elink->lock);
	for (node = rb_first(&elink->blocks); node; node = rb_next(node)) {
		block = rb_entry(node, struct epi_block, node);
		seq_printf(seq, "0x%08llx %llu\n", block->address, block->bytes);
	}
	mutex_unlock(&elink->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(dram);

static int state_show(struct seq_file *seq, void *unused)
{
	struct epi_elink *elink = seq->private;
	struct epi_file *file;
	unsigned int files = 0, mappings = 0;

	mutex_lock(&elink->lock);
	list_for_each_entry(file, &elink->files, list) {
		files++;
		mappings += file->mappings;
	}
	seq_printf(seq, "chip: %s\npowered: %d\nthermal: %d\n", elink->chip->name, elink->powered,
		   elink->thermal);
	seq_printf(seq, "generation: %llu\nfiles: %u\nmappings: %u\n", elink->generation, files,
		   mappings);
	seq_printf(seq, "txcfg: 0x%08x\nrxcfg: 0x%08x\n", elink->txcfg, elink->rxcfg);
	spin_lock(&elink->ring_lock);
	seq_printf(seq, "messages: %llu\n", elink->messages);
	epi_legacy_show(elink, seq);
	spin_unlock(&elink->ring_lock);
	mutex_unlock(&elink->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

void epi_debugfs_init(void)
{
	root = debugfs_create_dir("epiphany", NULL);
}

void epi_debugfs_exit(void)
{
	debugfs_remove(root);
}

void epi_debugfs_add(struct epi_elink *elink)
{
	elink->debugfs = debugfs_create_dir(dev_name(&elink->dev), root);
	debugfs_create_file("state", 0400, elink->debugfs, elink, &state_fops);
	debugfs_create_file("claims", 0400, elink->debugfs, elink, &claims_fops);
	debugfs_create_file("dram", 0400, elink->debugfs, elink, &dram_fops);
}

void epi_debugfs_remove(struct epi_elink *elink)
{
	debugfs_remove(elink->debugfs);
}

void epi_fdinfo(struct seq_file *seq, struct file *filp)
{
	struct epi_file *file = filp->private_data;
	struct epi_elink *elink = file->elink;

	mutex_lock(&elink->lock);
	seq_printf(seq, "epiphany-elink:\t%d\nepiphany-file:\t%llu\nepiphany-generation:\t%llu\n",
		   elink->index, file->family, elink->generation);
	seq_printf(seq, "epiphany-power:\t%d\nepiphany-mappings:\t%u\n", file->has_power,
		   file->mappings);
	if (file->claim) {
		seq_puts(seq, "epiphany-cores:\t");
		show_cores(seq, elink, file->claim->cores);
	}
	if (file->block)
		seq_printf(seq, "epiphany-dram:\t0x%08llx %llu\n", file->block->address,
			   file->block->bytes);
	mutex_unlock(&elink->lock);
}
