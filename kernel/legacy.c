// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls of the 5.4-era driver: their numbers and layouts, not their defects. */
#include <linux/capability.h>
#include <linux/kdev_t.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

/* As stat() tells it. */
static u64 number_of(const struct device *dev)
{
	return huge_encode_dev(dev->devt);
}

/* The lock is held. */
static void describe_array(struct epi_elink *elink, struct e_array_info *info)
{
	const struct epi_array_geometry *geometry = &elink->array->geometry;

	info->id = geometry->first_core;
	info->chip_type = elink->chip->type;
	info->chip_rows = geometry->chip_rows;
	info->chip_cols = geometry->chip_columns;
	info->parent_side = geometry->side;
	info->mesh_dev = number_of(&elink->array->mesh->dev);
	info->connections[geometry->side].type = E_CONN_ELINK;
	info->connections[geometry->side].dev = number_of(&elink->dev);
}

static long elink_probe(struct epi_elink *elink, void __user *argument)
{
	struct e_elink_info info = { .dev = number_of(&elink->dev) };

	mutex_lock(&elink->lock);
	info.version = elink->version;
	if (elink->array) {
		info.connection_type = E_CONN_ARRAY;
		describe_array(elink, &info.array);
	}
	mutex_unlock(&elink->lock);
	return copy_to_user(argument, &info, sizeof(info)) ? -EFAULT : 0;
}

static long mesh_probe(struct epi_elink *elink, void __user *argument)
{
	struct e_mesh_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	long ret = -ENODEV;

	if (!info)
		return -ENOMEM;
	mutex_lock(&elink->lock);
	if (elink->array) {
		info->dev = number_of(&elink->array->mesh->dev);
		info->chip_type = elink->chip->type;
		info->narrays = 1;
		describe_array(elink, &info->arrays[0]);
		ret = 0;
	}
	mutex_unlock(&elink->lock);
	if (!ret && copy_to_user(argument, info, sizeof(*info)))
		ret = -EFAULT;
	kfree(info);
	return ret;
}

static long get_mappings(struct epi_elink *elink, void __user *argument)
{
	struct e_mappings_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	unsigned int i;
	long ret;

	if (!info)
		return -ENOMEM;
	info->nmappings = elink->layout.dram_count;
	for (i = 0; i < elink->layout.dram_count; i++) {
		info->mappings[i].emesh_addr = elink->layout.dram[i].address;
		info->mappings[i].size = elink->layout.dram[i].bytes;
	}
	ret = copy_to_user(argument, info, sizeof(*info)) ? -EFAULT : 0;
	kfree(info);
	return ret;
}

static long reset(struct epi_file *file)
{
	struct epi_elink *elink = file->elink;
	long ret;

	ret = epi_file_power(file);
	if (ret)
		return ret == -ESHUTDOWN ? -EACCES : ret;
	mutex_lock(&elink->lock);
	if (epi_claim_by_others(elink, file->family, NULL) && !capable(CAP_SYS_ADMIN))
		ret = -EBUSY;
	else
		ret = epi_reset_chip(elink);
	mutex_unlock(&elink->lock);
	return ret;
}

/*
 * A request of ours has come by this file, whose program is no old one then. Before anything else:
 * what is asked for may be the first use of the chip.
 */
void epi_legacy_end(struct epi_file *file)
{
	WRITE_ONCE(file->is_legacy, false);
}

/* By the thermal daemon; lasts until it is allowed again, also if that dies. */
static long switch_off_hot(struct epi_elink *elink, bool off)
{
	long ret = 0;

	mutex_lock(&elink->lock);
	if (elink->gone) {
		ret = -ENODEV;
	} else if (off && !elink->thermal) {
		epi_power_down(elink);
		elink->thermal = true;
	} else if (!off && elink->thermal) {
		elink->thermal = false;
		if (elink->active)
			ret = epi_power_up(elink);
		elink->thermal = ret != 0;
	} else {
		mutex_unlock(&elink->lock);
		return 0;
	}
	mutex_unlock(&elink->lock);
	wake_up_all(&elink->wait);
	if (!ret)
		epi_event(elink, EPIPHANY_EVENT_THERMAL, 0, off, 0);
	return ret;
}

long epi_legacy_ioctl(struct file *filp, unsigned int cmd, void __user *argument)
{
	struct epi_file *file = filp->private_data;
	struct epi_elink *elink = file->elink;

	if (file->kind != EPI_FILE_DEVICE)
		return -ENOTTY;
	switch (cmd) {
	case E_IOCTL_RESET:
		return reset(file);
	case E_IOCTL_ELINK_PROBE:
		return elink_probe(elink, argument);
	case E_IOCTL_MESH_PROBE:
		return mesh_probe(elink, argument);
	case E_IOCTL_GET_MAPPINGS:
		return get_mappings(elink, argument);
	case E_IOCTL_MAILBOX_READ:
		return epi_legacy_read(elink, filp->f_flags & O_NONBLOCK, argument);
	case E_IOCTL_MAILBOX_COUNT:
		return epi_legacy_count(elink);
	case E_IOCTL_THERMAL_DISALLOW:
	case E_IOCTL_THERMAL_ALLOW:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		return switch_off_hot(elink, cmd == E_IOCTL_THERMAL_DISALLOW);
	default:
		return -ENOTTY;
	}
}
