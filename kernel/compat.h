/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernels since 5.10 call otherwise. Each entry names the version that
 * brought the change; it goes when that version is the oldest we build for.
 */
#ifndef _EPIPHANY_COMPAT_H
#define _EPIPHANY_COMPAT_H

#include <linux/device.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pm.h>
#include <linux/version.h>

/* 5.11: mappings of high memory that only their thread has. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define kmap_local_page(page) kmap_atomic(page)
#define kunmap_local(address) kunmap_atomic(address)
#endif

/* 5.16: the name of what brings a user's pages in, and how many bytes it could not. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#define fault_in_writeable(address, bytes) fault_in_pages_writeable(address, bytes)
#endif

/* 5.17: operations of power management that vanish without it. */
#ifndef SYSTEM_SLEEP_PM_OPS
#define SYSTEM_SLEEP_PM_OPS(suspend_fn, resume_fn) SET_SYSTEM_SLEEP_PM_OPS(suspend_fn, resume_fn)
#define RUNTIME_PM_OPS(suspend_fn, resume_fn, idle_fn)                                             \
	SET_RUNTIME_PM_OPS(suspend_fn, resume_fn, idle_fn)
#endif

/* 6.2: the class may not change the device that it names. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define EPI_DEVNODE_CONST const
#else
#define EPI_DEVNODE_CONST
#endif

/* 6.3: flags of a mapping are changed by functions only. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_mod(struct vm_area_struct *vma, unsigned long set, unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

#endif /* _EPIPHANY_COMPAT_H */
