// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings. Pages are put in as they are touched, each with the memory type that
 * belongs to it, and are taken away from everybody at once: whenever the chip is
 * reset, or loses power, or the driver its device. What may not be reached then
 * reads a page of zeros that belongs to the file: no process dies of a reset.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/personality.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"
#include "trace.h"

/* A core's registers are one page; a larger one would show what is beside them. */
static_assert(PAGE_SIZE == EPI_REGISTERS_BYTES);

/* DRAM stays, but is faulted in anew. */
void epi_mappings_quiesce(struct epi_elink *elink, enum epi_scope scope)
{
	unmap_mapping_range(elink->inode->i_mapping, 0, 0, 1);
}

void epi_mappings_zap_range(struct epi_elink *elink, u64 address, u64 bytes)
{
	unmap_mapping_range(elink->inode->i_mapping, address, bytes, 1);
}

static u64 address_of(struct vm_area_struct *vma)
{
	return (u64)vma->vm_pgoff << PAGE_SHIFT;
}

/* A mapping of the eLink is of nothing else, and was let through when it was made. */
static bool is_raw(struct epi_elink *elink, struct vm_area_struct *vma)
{
	struct epi_place place;

	return epi_layout_page(&elink->layout, address_of(vma), &place.core, &place.phys) ==
	       EPI_ELINK;
}

static vm_fault_t insert_dummy(struct vm_fault *vmf, struct epi_file *file)
{
	if (!file->dummy)
		file->dummy = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!file->dummy)
		return VM_FAULT_OOM;
	return vmf_insert_pfn_prot(vmf->vma, vmf->address, page_to_pfn(file->dummy),
				   vm_get_page_prot(vmf->vma->vm_flags));
}

static pgprot_t protection(struct vm_area_struct *vma, const struct epi_place *place)
{
	pgprot_t protection = vm_get_page_prot(vma->vm_flags);

	if (place->page != EPI_DRAM)
		return pgprot_device(protection);
	/* Clients of the 5.4-era driver rely on the order that this type keeps. */
	return place->normal ? pgprot_writecombine(protection) : pgprot_noncached(protection);
}

static vm_fault_t mapping_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct epi_file *file = vma->vm_file->private_data;
	struct epi_elink *elink = file->elink;
	u64 address = (u64)vmf->pgoff << PAGE_SHIFT;
	struct epi_place place;
	vm_fault_t ret;
	int error;

	mutex_lock(&elink->lock);
	error = epi_file_reach(file, address, is_raw(elink, vma), &place);
	if (error == -ENXIO)
		ret = VM_FAULT_SIGBUS;
	else if (error)
		ret = insert_dummy(vmf, file);
	else
		ret = vmf_insert_pfn_prot(vma, vmf->address, place.phys >> PAGE_SHIFT,
					  protection(vma, &place));
	mutex_unlock(&elink->lock);
	trace_epiphany_fault(elink->index, address, error);
	return ret;
}

/* What a mapping of a device node uses, until no part of it is left. */
struct use {
	refcount_t refs;
	u64 address;
	u64 bytes;
};

static struct use *use_new(struct epi_file *file, u64 address, u64 bytes)
{
	unsigned int cores = epi_layout_cores(&file->elink->layout);
	struct use *use;
	int ret = -ENOMEM;

	use = kmalloc(sizeof(*use), GFP_KERNEL_ACCOUNT);
	if (!use)
		return ERR_PTR(-ENOMEM);
	refcount_set(&use->refs, 1);
	use->address = address;
	use->bytes = bytes;
	if (!file->core_mappings)
		file->core_mappings = kvcalloc(cores, sizeof(*file->core_mappings),
					       GFP_KERNEL_ACCOUNT);
	if (file->core_mappings)
		ret = epi_use_add(file, address, bytes);
	if (!ret)
		return use;
	kfree(use);
	return ERR_PTR(ret);
}

static void mapping_open(struct vm_area_struct *vma)
{
	struct epi_file *file = vma->vm_file->private_data;
	struct use *use = vma->vm_private_data;

	mutex_lock(&file->elink->lock);
	file->mappings++;
	if (use)
		refcount_inc(&use->refs);
	mutex_unlock(&file->elink->lock);
}

static void mapping_close(struct vm_area_struct *vma)
{
	struct epi_file *file = vma->vm_file->private_data;
	struct use *use = vma->vm_private_data;

	mutex_lock(&file->elink->lock);
	file->mappings--;
	if (use && refcount_dec_and_test(&use->refs)) {
		epi_use_remove(file, use->address, use->bytes);
		kfree(use);
	}
	mutex_unlock(&file->elink->lock);
}

static const struct vm_operations_struct mapping_ops = {
	.open = mapping_open,
	.close = mapping_close,
	.fault = mapping_fault,
};

/* What a range is for this file: EPI_HOLE if it may not be mapped. The lock is held. */
static enum epi_page range_kind(struct epi_file *file, u64 address, u64 bytes)
{
	struct epi_place first, last;

	if (!epi_layout_mappable(&file->elink->layout, address, bytes))
		return EPI_HOLE;
	first.page = epi_layout_page(&file->elink->layout, address, &first.core, &first.phys);
	switch (file->kind) {
	case EPI_FILE_DEVICE:
		return first.page == EPI_HOLE ? EPI_SRAM : first.page;
	case EPI_FILE_GROUP:
		if (first.page == EPI_DRAM || first.page == EPI_ELINK)
			return EPI_HOLE;
		first.core = epi_layout_core(&file->elink->layout, address >> 20);
		last.core = epi_layout_core(&file->elink->layout, (address + bytes - 1) >> 20);
		if (!test_bit(first.core, file->claim->cores) ||
		    !test_bit(last.core, file->claim->cores))
			return EPI_HOLE;
		return EPI_SRAM;
	case EPI_FILE_DRAM:
		if (address < file->block->address ||
		    address + bytes > file->block->address + file->block->bytes)
			return EPI_HOLE;
		return EPI_DRAM;
	}
	return EPI_HOLE;
}

/* Of cores that a device node maps; NULL if it is anything else. */
static struct use *use_of(struct epi_file *file, enum epi_page kind, u64 address, u64 bytes)
{
	if (file->kind != EPI_FILE_DEVICE || kind == EPI_DRAM || kind == EPI_ELINK)
		return NULL;
	return use_new(file, address, bytes);
}

int epi_file_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct epi_file *file = filp->private_data;
	struct epi_elink *elink = file->elink;
	u64 address = address_of(vma);
	u64 bytes = vma->vm_end - vma->vm_start;
	unsigned long flags;
	struct use *use;
	enum epi_page kind;
	int ret;

	/* A shared mapping of a file that is open for reading is not VM_SHARED. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	/* Old programs are mapped executable whatever they ask for; they get what they need. */
	if (vma->vm_flags & VM_EXEC && !(current->personality & READ_IMPLIES_EXEC))
		return -EACCES;

	mutex_lock(&elink->lock);
	kind = range_kind(file, address, bytes);
	mutex_unlock(&elink->lock);
	if (kind == EPI_HOLE)
		return -EINVAL;
	if (kind == EPI_ELINK &&
	    (!capable(CAP_SYS_RAWIO) || security_locked_down(LOCKDOWN_DEV_MEM)))
		return -EACCES;
	if (kind != EPI_DRAM) {
		ret = epi_file_power(file);
		/* While it is too hot, a mapping is of no use yet, but may be made. */
		if (ret && ret != -ESHUTDOWN)
			return ret;
	}

	mutex_lock(&elink->lock);
	ret = 0;
	use = NULL;
	if (elink->gone)
		ret = -ENODEV;
	else if (file->kind == EPI_FILE_GROUP && file->claim->epoch != elink->epoch)
		ret = -ESTALE;
	else
		use = use_of(file, kind, address, bytes);
	if (IS_ERR(use))
		ret = PTR_ERR(use);
	if (!ret)
		file->mappings++;
	mutex_unlock(&elink->lock);
	if (ret)
		return ret;

	flags = VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY;
	flags &= READ_ONCE(file->is_legacy) ? ~VM_DONTCOPY : ~0UL;
	vm_flags_mod(vma, flags, VM_EXEC | VM_MAYEXEC);
	vma->vm_private_data = use;
	vma->vm_ops = &mapping_ops;
	return 0;
}
