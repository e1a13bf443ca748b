// SPDX-License-Identifier: GPL-2.0-only
/* The state of open files: device nodes, work-groups, DRAM. What a kind does is its own to say. */
#include <linux/anon_inodes.h>
#include <linux/slab.h>

#include "internal.h"

/* Ends with epi_file_free(), which the last reference to the published file calls. */
struct epi_file *epi_file_new(struct epi_elink *elink, enum epi_file_kind kind,
			      const struct epi_file_ops *ops, u64 family)
{
	struct epi_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (!file)
		return ERR_PTR(-ENOMEM);
	file->elink = elink;
	file->kind = kind;
	file->ops = ops;
	mutex_lock(&elink->lock);
	if (elink->gone) {
		mutex_unlock(&elink->lock);
		kfree(file);
		return ERR_PTR(-ENODEV);
	}
	file->family = family ?: ++elink->families;
	list_add_tail(&file->list, &elink->files);
	mutex_unlock(&elink->lock);
	get_device(&elink->dev);
	return file;
}

/* No mapping is left: each holds the file. */
void epi_file_free(struct epi_file *file)
{
	struct epi_elink *elink = file->elink;

	if (file->ops->release)
		file->ops->release(file);
	mutex_lock(&elink->lock);
	list_del(&file->list);
	epi_file_put_power(file);
	mutex_unlock(&elink->lock);
	kvfree(file->core_mappings);
	if (file->dummy)
		__free_page(file->dummy);
	kfree(file);
	put_device(&elink->dev);
}

int epi_file_release(struct inode *inode, struct file *filp)
{
	epi_file_free(filp->private_data);
	return 0;
}

/* Mappings of all files of an eLink are in one address space: one call takes them all away. */
void epi_file_adopt(struct file *filp, struct epi_file *file)
{
	filp->private_data = file;
	filp->f_mapping = file->elink->inode->i_mapping;
}

/*
 * A file, not yet a descriptor, with the operations of the one that it was made from. On failure,
 * the state is freed.
 */
struct file *epi_file_publish(struct epi_file *file, const struct file_operations *fops)
{
	struct file *filp = anon_inode_getfile(file->ops->name, fops, file, O_RDWR);

	if (IS_ERR(filp)) {
		epi_file_free(file);
		return filp;
	}
	filp->f_mode |= FMODE_PREAD | FMODE_PWRITE | FMODE_LSEEK;
	epi_file_adopt(filp, file);
	return filp;
}

/* The state behind somebody's file, or NULL if it is none of this eLink's. */
struct epi_file *epi_file_of(struct file *filp, struct epi_elink *elink)
{
	struct epi_file *file;

	if (filp->f_op->release != epi_file_release)
		return NULL;
	file = filp->private_data;
	return file->elink == elink ? file : NULL;
}
