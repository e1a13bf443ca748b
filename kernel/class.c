// SPDX-License-Identifier: GPL-2.0-only
/* What all boards share: the class of their devices, numbers, a file system for their inodes. */
#include <linux/idr.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"

#define EPI_BOARDS 64
#define EPI_MAGIC  0x45504950

static dev_t first_devt;
static DEFINE_IDA(indices);

/* Files of a board share the address space of an inode of this file system, as those of vfio do. */
static struct vfsmount *mount;
static int mount_count;

static int init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, EPI_MAGIC) ? 0 : -ENOMEM;
}

/*
 * It has no owner: a mount would hold the module for as long as a board is
 * there. Open files hold it instead, and so the boards that hold the mount.
 */
static struct file_system_type epi_fs_type = {
	.name = "epiphany",
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

struct inode *epi_inode_new(void)
{
	struct inode *inode;
	int ret;

	ret = simple_pin_fs(&epi_fs_type, &mount, &mount_count);
	if (ret)
		return ERR_PTR(ret);
	inode = alloc_anon_inode(mount->mnt_sb);
	if (IS_ERR(inode))
		simple_release_fs(&mount, &mount_count);
	return inode;
}

void epi_inode_free(struct inode *inode)
{
	iput(inode);
	simple_release_fs(&mount, &mount_count);
}

static char *devnode(EPI_DEVNODE_CONST struct device *dev, umode_t *mode)
{
	/* The group is for udev to say. */
	if (mode)
		*mode = 0660;
	return kasprintf(GFP_KERNEL, "epiphany/%s", dev_name(dev));
}

struct class epiphany_class = {
	.name = "epiphany",
	.devnode = devnode,
};

/* Each board has a number, and two device numbers: of its eLink, and of its mesh. */
int epi_index_get(void)
{
	return ida_alloc_max(&indices, EPI_BOARDS - 1, GFP_KERNEL);
}

void epi_index_put(int index)
{
	ida_free(&indices, index);
}

dev_t epi_devt(int index, bool mesh)
{
	return first_devt + 2 * index + mesh;
}

int epi_class_init(void)
{
	int ret;

	ret = class_register(&epiphany_class);
	if (ret)
		return ret;
	ret = alloc_chrdev_region(&first_devt, 0, 2 * EPI_BOARDS, "epiphany");
	if (ret)
		class_unregister(&epiphany_class);
	return ret;
}

void epi_class_exit(void)
{
	unregister_chrdev_region(first_devt, 2 * EPI_BOARDS);
	class_unregister(&epiphany_class);
	ida_destroy(&indices);
}
