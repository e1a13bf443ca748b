// SPDX-License-Identifier: GPL-2.0-only
/* Open files: device nodes, work-groups and DRAM. */
#include <linux/anon_inodes.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "internal.h"

/* Ends with epi_file_free(), which the last reference to the published file calls. */
struct epi_file *epi_file_new(struct epi_elink *elink, enum epi_file_kind kind, u64 family)
{
	struct epi_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (!file)
		return ERR_PTR(-ENOMEM);
	file->elink = elink;
	file->kind = kind;
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

	if (file->claim)
		epi_claim_release(file);
	if (file->block)
		epi_dram_release(file);
	mutex_lock(&elink->lock);
	list_del(&file->list);
	if (file->has_power) {
		pm_runtime_mark_last_busy(elink->dev.parent);
		pm_runtime_put_autosuspend(elink->dev.parent);
	}
	mutex_unlock(&elink->lock);
	if (file->dummy)
		__free_page(file->dummy);
	kfree(file);
	put_device(&elink->dev);
}

static int file_release(struct inode *inode, struct file *filp)
{
	epi_file_free(filp->private_data);
	return 0;
}

/* Mappings of all files of an eLink are in one address space: one call takes them all away. */
static void adopt(struct file *filp, struct epi_file *file)
{
	filp->private_data = file;
	filp->f_mapping = file->elink->inode->i_mapping;
}

static int open_elink(struct epi_elink *elink, struct file *filp)
{
	struct epi_file *file = epi_file_new(elink, EPI_FILE_DEVICE, 0);

	if (IS_ERR(file))
		return PTR_ERR(file);
	adopt(filp, file);
	return 0;
}

static int elink_open(struct inode *inode, struct file *filp)
{
	return open_elink(container_of(inode->i_cdev, struct epi_elink, cdev), filp);
}

static int mesh_open(struct inode *inode, struct file *filp)
{
	struct epi_mesh *mesh = container_of(inode->i_cdev, struct epi_mesh, cdev);

	return open_elink(mesh->array->elink, filp);
}

static __poll_t device_poll(struct file *filp, poll_table *wait)
{
	struct epi_file *file = filp->private_data;
	__poll_t events = 0;

	poll_wait(filp, &file->elink->wait, wait);
	if (epi_mailbox_messages(file->elink))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(file->elink->gone))
		events |= EPOLLHUP | EPOLLERR;
	return events;
}

static __poll_t inner_poll(struct file *filp, poll_table *wait)
{
	struct epi_file *file = filp->private_data;
	struct epi_elink *elink = file->elink;
	bool over;

	poll_wait(filp, &elink->wait, wait);
	mutex_lock(&elink->lock);
	over = elink->gone || (file->claim && file->claim->epoch != elink->epoch);
	mutex_unlock(&elink->lock);
	return over ? EPOLLHUP | EPOLLERR : 0;
}

#define EPI_FOPS                                                                                   \
	.owner = THIS_MODULE, .release = file_release, .unlocked_ioctl = epi_ioctl,                \
	.compat_ioctl = compat_ptr_ioctl, .mmap = epi_file_mmap, .read = epi_file_read,            \
	.write = epi_file_write, .llseek = epi_file_llseek, .show_fdinfo = epi_fdinfo

const struct file_operations epi_elink_fops = { .open = elink_open, .poll = device_poll, EPI_FOPS };
const struct file_operations epi_mesh_fops = { .open = mesh_open, .poll = device_poll, EPI_FOPS };
static const struct file_operations inner_fops = { .poll = inner_poll, EPI_FOPS };

/* A file, not yet a descriptor, of a work-group or DRAM. On failure, the state is freed. */
struct file *epi_file_publish(struct epi_file *file)
{
	const char *name = file->kind == EPI_FILE_GROUP ? "[epiphany-workgroup]"
							: "[epiphany-dram]";
	struct file *filp = anon_inode_getfile(name, &inner_fops, file, O_RDWR);

	if (IS_ERR(filp)) {
		epi_file_free(file);
		return filp;
	}
	filp->f_mode |= FMODE_PREAD | FMODE_PWRITE | FMODE_LSEEK;
	adopt(filp, file);
	return filp;
}

/* The state behind somebody's file, or NULL if it is none of this eLink's. */
struct epi_file *epi_file_of(struct file *filp, struct epi_elink *elink)
{
	struct epi_file *file;

	if (filp->f_op != &epi_elink_fops && filp->f_op != &epi_mesh_fops &&
	    filp->f_op != &inner_fops)
		return NULL;
	file = filp->private_data;
	return file->elink == elink ? file : NULL;
}
