// SPDX-License-Identifier: GPL-2.0-only
/* pread and pwrite. */
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

#define GPR_BYTES	   0x100
#define DEBUGSTATUS_HALTED BIT(0)

/* Aligned words only: the eLink does not what one thinks with other widths and bursts. */
static int read_bytes(u8 *to, void __iomem *from, size_t bytes)
{
	while (bytes) {
		size_t offset = (unsigned long)from & 3;
		size_t part = min(bytes, 4 - offset);
		__le32 word;
		u32 value;
		int ret;

		ret = epi_read_word(from - offset, &value);
		if (ret)
			return ret;
		word = cpu_to_le32(value);
		memcpy(to, (u8 *)&word + offset, part);
		to += part;
		from += part;
		bytes -= part;
	}
	return 0;
}

static void write_bytes(void __iomem *to, const u8 *from, size_t bytes)
{
	while (bytes) {
		size_t part = (unsigned long)to & 3 || bytes < 4 ? 1 : 4;
		__le32 word;

		if (part == 4) {
			memcpy(&word, from, sizeof(word));
			writel_relaxed(le32_to_cpu(word), to);
		} else {
			writeb_relaxed(*from, to);
		}
		to += part;
		from += part;
		bytes -= part;
	}
}

static int access_core(struct epi_elink *elink, const struct epi_place *place, u32 local,
		       void *buffer, size_t bytes, bool write)
{
	void __iomem *address = epi_core_address(elink, place->core, local);
	u32 status;
	int ret;

	if (place->page == EPI_REGISTERS && (local | bytes) & 3)
		return -EINVAL;
	if (write) {
		write_bytes(address, buffer, bytes);
		return 0;
	}
	/* A chip that does not answer would take the kernel with it. */
	if (!epi_safe_read())
		return -EOPNOTSUPP;
	if (place->page == EPI_REGISTERS && local < EPI_REGISTERS_BASE + GPR_BYTES) {
		/* Reading R0 to R63 of a core that runs corrupts it. */
		ret = epi_read_word(epi_core_address(elink, place->core, EPI_CORE_DEBUGSTATUS),
				    &status);
		if (ret)
			return ret;
		if (!(status & DEBUGSTATUS_HALTED))
			return -EBUSY;
	}
	return read_bytes(buffer, address, bytes);
}

static int access_dram(const struct epi_place *place, void *buffer, size_t bytes, bool write)
{
	/* The kernel's mapping is of the type that user space has. */
	void __iomem *address = place->normal ? ioremap_wc(place->phys, bytes)
					      : ioremap(place->phys, bytes);
	int ret = 0;

	if (!address)
		return -ENOMEM;
	if (write)
		write_bytes(address, buffer, bytes);
	else
		ret = read_bytes(buffer, address, bytes);
	iounmap(address);
	return ret;
}

/* Within one page. */
int epi_file_access(struct epi_file *file, u64 address, void *buffer, size_t bytes, bool write)
{
	struct epi_elink *elink = file->elink;
	struct epi_place place;
	int ret;

	mutex_lock(&elink->lock);
	ret = epi_file_reach(file, address, false, &place);
	if (!ret && place.page == EPI_DRAM)
		ret = access_dram(&place, buffer, bytes, write);
	else if (!ret)
		ret = access_core(elink, &place, address & (EPI_CORE_BYTES - 1), buffer, bytes,
				  write);
	mutex_unlock(&elink->lock);
	return ret;
}

/* The chip is on for as long as the file is open, once that it is used. For a work-group it is. */
static int prepare(struct epi_file *file, u64 address)
{
	unsigned int core;
	phys_addr_t phys;
	enum epi_page page;

	if (file->kind == EPI_FILE_GROUP)
		return 0;
	mutex_lock(&file->elink->lock);
	page = epi_layout_page(&file->elink->layout, address, &core, &phys);
	mutex_unlock(&file->elink->lock);
	return page == EPI_SRAM || page == EPI_REGISTERS ? epi_file_power(file) : 0;
}

/* From page to page through a buffer, as user memory may be a mapping of this very device. */
static ssize_t transfer(struct file *filp, bool write, char __user *to, const char __user *from,
			size_t count, loff_t *offset)
{
	struct epi_file *file = filp->private_data;
	size_t done = 0;
	u8 *page;
	int ret;

	if (*offset < 0)
		return -EINVAL;
	if (!count)
		return 0;
	ret = prepare(file, *offset);
	if (ret)
		return ret;
	page = (u8 *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	do {
		u64 address = *offset;
		size_t part = min_t(size_t, count - done, PAGE_SIZE - offset_in_page(address));

		ret = -EFAULT;
		if (write && copy_from_user(page, from + done, part))
			break;
		ret = epi_file_access(file, address, page, part, write);
		if (ret)
			break;
		ret = -EFAULT;
		if (!write && copy_to_user(to + done, page, part))
			break;
		ret = 0;
		done += part;
		*offset += part;
		cond_resched();
	} while (done < count && !signal_pending(current));
	free_page((unsigned long)page);
	return done ?: ret;
}

ssize_t epi_file_read(struct file *filp, char __user *buffer, size_t count, loff_t *offset)
{
	return transfer(filp, false, buffer, NULL, count, offset);
}

ssize_t epi_file_write(struct file *filp, const char __user *buffer, size_t count, loff_t *offset)
{
	return transfer(filp, true, NULL, buffer, count, offset);
}

loff_t epi_file_llseek(struct file *filp, loff_t offset, int whence)
{
	return fixed_size_llseek(filp, offset, whence, SZ_4G);
}
