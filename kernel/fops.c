// SPDX-License-Identifier: GPL-2.0-only
/* The operations of device nodes, which files have, too, that are made from them. */
#include <linux/module.h>
#include <linux/poll.h>

#include "internal.h"

static const struct epi_file_ops node_ops = {
	.poll = epi_legacy_poll,
};

static int open_node(struct epi_elink *elink, struct file *filp)
{
	struct epi_file *file = epi_file_new(elink, EPI_FILE_DEVICE, &node_ops, 0);

	if (IS_ERR(file))
		return PTR_ERR(file);
	file->is_legacy = true;
	epi_file_adopt(filp, file);
	return 0;
}

static int elink_open(struct inode *inode, struct file *filp)
{
	return open_node(container_of(inode->i_cdev, struct epi_elink, cdev), filp);
}

static int mesh_open(struct inode *inode, struct file *filp)
{
	struct epi_mesh *mesh = container_of(inode->i_cdev, struct epi_mesh, cdev);

	return open_node(mesh->array->elink, filp);
}

static __poll_t file_poll(struct file *filp, poll_table *wait)
{
	struct epi_file *file = filp->private_data;
	__poll_t events;

	poll_wait(filp, &file->elink->wait, wait);
	events = file->ops->poll ? file->ops->poll(file) : 0;
	return READ_ONCE(file->elink->gone) ? events | EPOLLHUP | EPOLLERR : events;
}

#define EPI_FOPS                                                                                   \
	.owner = THIS_MODULE, .release = epi_file_release, .unlocked_ioctl = epi_ioctl,            \
	.compat_ioctl = compat_ptr_ioctl, .mmap = epi_file_mmap, .read = epi_file_read,            \
	.write = epi_file_write, .llseek = epi_file_llseek, .poll = file_poll,                     \
	.show_fdinfo = epi_fdinfo

const struct file_operations epi_elink_fops = { .open = elink_open, EPI_FOPS };
const struct file_operations epi_mesh_fops = { .open = mesh_open, EPI_FOPS };
