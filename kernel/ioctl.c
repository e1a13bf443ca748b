// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls of this driver's own interface. */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/uaccess.h>

#include "internal.h"
#include "trace.h"

#define ON_DEVICE BIT(EPI_FILE_DEVICE)
#define ON_GROUP  BIT(EPI_FILE_GROUP)

union epi_request {
	__u32 size;
	struct epiphany_info info;
	struct epiphany_region region;
	struct epiphany_claim claim;
	struct epiphany_reset reset;
	struct epiphany_dram_alloc dram;
	struct epiphany_dma_copy dma;
	struct epiphany_events events;
};

/* Two regions for each core that the file reaches, then DRAM, then the eLink. */
static unsigned int cores_of(struct epi_file *file)
{
	return file->kind == EPI_FILE_GROUP ? bitmap_weight(file->claim->cores, EPI_MAX_CORES)
					    : epi_layout_cores(&file->elink->layout);
}

static unsigned int regions_of(struct epi_file *file)
{
	return 2 * cores_of(file) +
	       (file->kind == EPI_FILE_DEVICE ? file->elink->layout.dram_count + 1 : 0);
}

static int do_info(struct file *filp, union epi_request *request, struct file **made)
{
	struct epi_file *file = filp->private_data;
	struct epi_elink *elink = file->elink;
	struct epiphany_info *info = &request->info;
	bool has_engine = epi_dma_has_engine(elink);
	int vdd;

	memset((u8 *)info + sizeof(info->size), 0, sizeof(*info) - sizeof(info->size));
	mutex_lock(&elink->lock);
	if (elink->gone) {
		mutex_unlock(&elink->lock);
		return -ENODEV;
	}
	vdd = epi_vdd(elink);
	info->abi_version = EPIPHANY_ABI_VERSION;
	if (epi_safe_read())
		info->features |= EPIPHANY_FEATURE_SAFE_READ;
	if (has_engine)
		info->features |= EPIPHANY_FEATURE_DMA_COPY;
	if (vdd > 0) {
		info->features |= EPIPHANY_FEATURE_VDD;
		info->vdd_microvolt = vdd;
	}
	info->chip_type = elink->chip->type;
	info->rows = elink->layout.rows;
	info->columns = elink->layout.columns;
	info->first_core = elink->layout.first_core;
	info->sram_bytes = EPI_SRAM_BYTES;
	info->region_count = regions_of(file);
	info->generation = elink->generation;
	info->version = elink->version;
	if (elink->powered)
		info->state |= EPIPHANY_STATE_POWERED;
	if (elink->thermal)
		info->state |= EPIPHANY_STATE_THERMAL;
	if (file->kind == EPI_FILE_GROUP && file->claim->epoch != elink->epoch)
		info->state |= EPIPHANY_STATE_STALE;
	mutex_unlock(&elink->lock);
	return 0;
}

/* The core of this number among those that the file reaches. */
static unsigned int nth_core(struct epi_file *file, unsigned int number)
{
	unsigned int core;

	if (file->kind != EPI_FILE_GROUP)
		return number;
	for_each_set_bit(core, file->claim->cores, EPI_MAX_CORES)
		if (!number--)
			break;
	return core;
}

/* The lock is held. */
static int find_region(struct epi_file *file, struct epiphany_region *region)
{
	const u32 all = EPIPHANY_REGION_WRITE | EPIPHANY_REGION_MMAP;
	const struct epi_layout *layout = &file->elink->layout;
	u32 index = region->index;
	unsigned int core;

	if (region->kind || region->flags || region->address || region->bytes ||
	    index >= regions_of(file))
		return -EINVAL;
	if (index < 2 * cores_of(file)) {
		core = nth_core(file, index / 2);
		region->kind = index % 2 ? EPIPHANY_REGION_REGISTERS : EPIPHANY_REGION_SRAM;
		region->address = (u64)epi_layout_core_id(layout, core) << 20;
		region->address += index % 2 ? EPI_REGISTERS_BASE : 0;
		region->bytes = index % 2 ? EPI_REGISTERS_BYTES : EPI_SRAM_BYTES;
		region->flags = all | EPIPHANY_REGION_DEVICE |
				(epi_safe_read() ? EPIPHANY_REGION_READ : 0);
		return 0;
	}
	index -= 2 * cores_of(file);
	if (index < layout->dram_count) {
		region->kind = EPIPHANY_REGION_DRAM;
		region->address = layout->dram[index].address;
		region->bytes = layout->dram[index].bytes;
		region->flags = all | EPIPHANY_REGION_READ | EPIPHANY_REGION_DEVICE;
		return 0;
	}
	region->kind = EPIPHANY_REGION_ELINK;
	region->address = layout->elink.address;
	region->bytes = layout->elink.bytes;
	region->flags = EPIPHANY_REGION_DEVICE |
			(capable(CAP_SYS_RAWIO) ? EPIPHANY_REGION_MMAP : 0);
	return 0;
}

static int do_region(struct file *filp, union epi_request *request, struct file **made)
{
	struct epi_file *file = filp->private_data;
	int ret;

	mutex_lock(&file->elink->lock);
	ret = find_region(file, &request->region);
	mutex_unlock(&file->elink->lock);
	return ret;
}

/* A file with the operations of the one that it was made from. */
static int publish(struct file *opener, struct epi_file *file, struct file **made)
{
	if (IS_ERR(file))
		return PTR_ERR(file);
	*made = epi_file_publish(file, opener->f_op);
	return PTR_ERR_OR_ZERO(*made);
}

static int do_claim(struct file *filp, union epi_request *request, struct file **made)
{
	if (request->claim.fd)
		return -EINVAL;
	return publish(filp, epi_claim_create(filp->private_data, &request->claim), made);
}

static int do_dram_alloc(struct file *filp, union epi_request *request, struct file **made)
{
	return publish(filp, epi_dram_create(filp->private_data, &request->dram), made);
}

static int do_events(struct file *filp, union epi_request *request, struct file **made)
{
	u32 known = EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_GONE + 1) -
		    EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_MAILBOX);

	if (request->events.mask & ~known || request->events.fd || request->events.pad)
		return -EINVAL;
	*made = epi_events_create(filp->private_data, request->events.mask);
	return PTR_ERR_OR_ZERO(*made);
}

static int do_dma_copy(struct file *filp, union epi_request *request, struct file **made)
{
	return epi_dma_copy(filp->private_data, &request->dma);
}

/* What is to be reset, or an error. The lock is held. */
static int cores_to_reset(struct epi_file *file, const struct epiphany_reset *reset,
			  unsigned long *cores)
{
	int core;

	switch (reset->scope) {
	case EPIPHANY_RESET_CORE:
		core = epi_layout_core(&file->elink->layout, reset->core);
		if (core < 0)
			return -EINVAL;
		if (file->kind == EPI_FILE_GROUP && !test_bit(core, file->claim->cores))
			return -EINVAL;
		__set_bit(core, cores);
		return 0;
	case EPIPHANY_RESET_GROUP:
		if (file->kind != EPI_FILE_GROUP || reset->core)
			return -EINVAL;
		bitmap_copy(cores, file->claim->cores, EPI_MAX_CORES);
		return 0;
	case EPIPHANY_RESET_CHIP:
		bitmap_set(cores, 0, epi_layout_cores(&file->elink->layout));
		return reset->core ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int reset_locked(struct epi_file *file, struct epiphany_reset *reset, unsigned long *cores)
{
	struct epi_elink *elink = file->elink;
	bool chip = reset->scope == EPIPHANY_RESET_CHIP;
	int ret;

	ret = cores_to_reset(file, reset, cores);
	if (ret)
		return ret;
	if (file->kind == EPI_FILE_GROUP && file->claim->epoch != elink->epoch)
		return -ESTALE;
	ret = epi_state_error(elink);
	if (ret)
		return ret;
	if (epi_claim_by_others(elink, file->family, cores) && !(chip && capable(CAP_SYS_ADMIN)))
		return -EBUSY;
	if (chip)
		ret = epi_reset_chip(elink);
	else if (epi_fpga_is_configured(elink))
		epi_reset_cores(elink, reset->scope, cores);
	else
		ret = -EIO;
	reset->generation = elink->generation;
	return ret;
}

static int do_reset(struct file *filp, union epi_request *request, struct file **made)
{
	struct epi_file *file = filp->private_data;
	unsigned long *cores;
	int ret;

	if (request->reset.pad || request->reset.generation)
		return -EINVAL;
	ret = epi_file_power(file);
	if (ret)
		return ret;
	cores = bitmap_zalloc(EPI_MAX_CORES, GFP_KERNEL);
	if (!cores)
		return -ENOMEM;
	mutex_lock(&file->elink->lock);
	ret = reset_locked(file, &request->reset, cores);
	mutex_unlock(&file->elink->lock);
	bitmap_free(cores);
	return ret;
}

/* By number. A structure may grow: then `size` stays that of version 1. */
static const struct epi_command {
	unsigned int cmd;
	unsigned int kinds; /* of files that take it */
	size_t size;
	size_t fd; /* where the descriptor goes that it makes, or 0 */
	int (*run)(struct file *filp, union epi_request *request, struct file **made);
} commands[] = {
	{ EPIPHANY_IOC_INFO, ON_DEVICE | ON_GROUP, sizeof(struct epiphany_info), 0, do_info },
	{ EPIPHANY_IOC_REGION, ON_DEVICE | ON_GROUP, sizeof(struct epiphany_region), 0, do_region },
	{ EPIPHANY_IOC_CLAIM, ON_DEVICE, sizeof(struct epiphany_claim),
	  offsetof(struct epiphany_claim, fd), do_claim },
	{ EPIPHANY_IOC_RESET, ON_DEVICE | ON_GROUP, sizeof(struct epiphany_reset), 0, do_reset },
	{ EPIPHANY_IOC_DRAM_ALLOC, ON_DEVICE, sizeof(struct epiphany_dram_alloc),
	  offsetof(struct epiphany_dram_alloc, fd), do_dram_alloc },
	{ EPIPHANY_IOC_DMA_COPY, ON_DEVICE, sizeof(struct epiphany_dma_copy), 0, do_dma_copy },
	{ EPIPHANY_IOC_EVENTS, ON_DEVICE, sizeof(struct epiphany_events),
	  offsetof(struct epiphany_events, fd), do_events },
};

/* The number decides; the size in it is that of the structure that the caller knows. */
static const struct epi_command *find_command(const struct epi_file *file, unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if ((cmd & ~IOCSIZE_MASK) == (commands[i].cmd & ~IOCSIZE_MASK))
			return commands[i].kinds & BIT(file->kind) ? &commands[i] : NULL;
	return NULL;
}

static int run_command(struct file *filp, const struct epi_command *command, void __user *argument)
{
	union epi_request request = {};
	struct file *made = NULL;
	int fd = -1;
	u32 size;
	int ret;

	epi_legacy_end(filp->private_data);
	if (get_user(size, (u32 __user *)argument))
		return -EFAULT;
	if (size < command->size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&request, command->size, argument, size);
	if (ret)
		return ret;
	/* Before anything is made or done: what cannot be told must not happen. */
	if (copy_to_user(argument, &request, command->size))
		return -EFAULT;
	if (command->fd) {
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0)
			return fd;
	}
	ret = command->run(filp, &request, &made);
	if (ret)
		goto put_fd;
	request.size = command->size;
	if (command->fd)
		memcpy((u8 *)&request + command->fd, &fd, sizeof(fd));
	if (copy_to_user(argument, &request, command->size)) {
		ret = -EFAULT;
		goto put_file;
	}
	if (made)
		fd_install(fd, made);
	return 0;

put_file:
	if (made)
		fput(made);
put_fd:
	if (fd >= 0)
		put_unused_fd(fd);
	return ret;
}

long epi_ioctl(struct file *filp, unsigned int cmd, unsigned long argument)
{
	struct epi_file *file = filp->private_data;
	const struct epi_command *command = find_command(file, cmd);
	long ret = -ENOTTY;

	if (READ_ONCE(file->elink->gone))
		ret = -ENODEV;
	else if (command)
		ret = run_command(filp, command, (void __user *)argument);
	ret = ret == -ENOTTY ? epi_legacy_ioctl(filp, cmd, (void __user *)argument) : ret;
	trace_epiphany_ioctl(file->elink->index, cmd, ret);
	return ret;
}
