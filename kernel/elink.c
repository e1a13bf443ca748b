// SPDX-License-Identifier: GPL-2.0-only
/* The eLink's platform device: what the device tree says of it, and its life. */
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"

/* With the last reference: of the device, a file, a mapping, or a copy. */
static void elink_free(struct device *dev)
{
	struct epi_elink *elink = container_of(dev, struct epi_elink, dev);

	epi_pools_free(elink->pools);
	epi_legacy_free(elink);
	kvfree(elink->uses);
	if (!IS_ERR_OR_NULL(elink->inode))
		epi_inode_free(elink->inode);
	epi_index_put(elink->index);
	put_device(dev->parent);
	kfree(elink);
}

static const struct attribute_group *elink_groups[] = { &epi_vdd_group, &epi_power_group, NULL };

/* Copies first: what they still write must not be what is zeroed. */
static const epi_quiesce_fn quiesce[] = {
	epi_dma_quiesce,
	epi_mappings_quiesce,
	epi_dram_quiesce,
	NULL,
};

/* The state, without anything of the device tree's; devices of the class come later. */
static struct epi_elink *elink_new(struct device *parent)
{
	struct epi_elink *elink = kzalloc(sizeof(*elink), GFP_KERNEL);
	int ret;

	if (!elink)
		return ERR_PTR(-ENOMEM);
	elink->index = epi_index_get();
	if (elink->index < 0) {
		ret = elink->index;
		kfree(elink);
		return ERR_PTR(ret);
	}
	mutex_init(&elink->lock);
	spin_lock_init(&elink->ring_lock);
	init_waitqueue_head(&elink->wait);
	INIT_LIST_HEAD(&elink->files);
	INIT_LIST_HEAD(&elink->claims);
	INIT_LIST_HEAD(&elink->streams);
	INIT_LIST_HEAD(&elink->dma_jobs);
	elink->chip = &epi_chips[E_CHIP_UNKNOWN];
	elink->vdd_wanted = -1;
	elink->quiesce = quiesce;
	elink->first_use = EPI_FIRST_USE_LEGACY;

	device_initialize(&elink->dev);
	get_device(parent); /* files need it for power management after the device has left it */
	elink->dev.class = &epiphany_class;
	elink->dev.parent = parent;
	elink->dev.devt = epi_devt(elink->index, false);
	elink->dev.groups = elink_groups;
	elink->dev.release = elink_free;
	ret = dev_set_name(&elink->dev, "elink%d", elink->index);
	ret = ret ?: epi_legacy_init(elink);
	if (!ret) {
		elink->uses = kvcalloc(EPI_MAX_CORES, sizeof(*elink->uses), GFP_KERNEL);
		ret = elink->uses ? 0 : -ENOMEM;
	}
	if (!ret) {
		elink->inode = epi_inode_new();
		ret = PTR_ERR_OR_ZERO(elink->inode);
	}
	if (ret) {
		put_device(&elink->dev);
		return ERR_PTR(ret);
	}
	return elink;
}

static void elink_put(void *elink)
{
	put_device(&((struct epi_elink *)elink)->dev);
}

/* Old trees do not name their two ranges. */
static struct resource *range_of(struct platform_device *pdev, const char *name, unsigned int index)
{
	return platform_get_resource_byname(pdev, IORESOURCE_MEM, name)
		       ?: platform_get_resource(pdev, IORESOURCE_MEM, index);
}

/* The registers, and the window onto the mesh, which on the Parallella holds them. */
static int map_window(struct epi_elink *elink, struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct resource *regs = range_of(pdev, "regs", 0);
	struct resource *window = range_of(pdev, "emesh", 1);
	bool inside;

	if (!regs || !window || regs == window)
		return dev_err_probe(dev, -EINVAL, "needs two ranges: registers, and the mesh\n");
	if (resource_size(regs) < EPI_ELINK_BYTES || resource_size(window) < EPI_CORE_BYTES)
		return dev_err_probe(dev, -EINVAL, "ranges are too small\n");
	inside = resource_contains(window, regs);
	if (!inside && resource_overlaps(window, regs))
		return dev_err_probe(dev, -EINVAL, "registers lie partly in the mesh\n");
	if (!devm_request_mem_region(dev, window->start, resource_size(window), dev_name(dev)) ||
	    (!inside &&
	     !devm_request_mem_region(dev, regs->start, resource_size(regs), dev_name(dev))))
		return dev_err_probe(dev, -EBUSY, "its addresses are in use\n");
	elink->regs = devm_ioremap(dev, regs->start, EPI_ELINK_BYTES);
	if (!elink->regs)
		return -ENOMEM;
	elink->layout.elink = (struct epi_range) {
		.address = regs->start, /* the chip has the same number for it */
		.bytes = EPI_ELINK_BYTES,
		.phys = regs->start,
	};
	elink->layout.window.phys = window->start;
	elink->layout.window.bytes = resource_size(window);
	return 0;
}

/* DRAM that the chip reaches: reserved, so that nobody else has it. */
static int reserve_memory(struct epi_elink *elink, struct device *dev)
{
	struct device_node *node = of_parse_phandle(dev->of_node, "memory-region", 0);
	struct epi_range memory;
	struct resource resource;
	u32 entry[3];
	int count, i, ret;

	if (!node)
		return dev_err_probe(dev, -EINVAL, "has no memory-region\n");
	ret = of_address_to_resource(node, 0, &resource);
	of_node_put(node);
	if (ret)
		return dev_err_probe(dev, ret, "cannot tell its memory-region\n");
	if (region_intersects(resource.start, resource_size(&resource), IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return dev_err_probe(dev, -EBUSY,
				     "%pR is memory of the system: its node needs no-map\n",
				     &resource);
	if (!devm_request_mem_region(dev, resource.start, resource_size(&resource), dev_name(dev)))
		return dev_err_probe(dev, -EBUSY, "%pR is in use\n", &resource);
	memory.phys = resource.start;
	memory.bytes = resource_size(&resource);
	ret = epi_layout_remap(&memory, &elink->rxcfg);
	if (ret)
		return dev_err_probe(dev, ret, "%pR is not a power of two, aligned to it\n",
				     &resource);

	if (!device_property_present(dev, "adapteva,mmu"))
		return 0; /* no DRAM for users */
	count = of_property_count_u32_elems(dev->of_node, "adapteva,mmu");
	if (count <= 0 || count % 3)
		return dev_err_probe(dev, -EINVAL, "adapteva,mmu is no list of triplets\n");
	for (i = 0; i < count; i += 3) {
		of_property_read_u32_index(dev->of_node, "adapteva,mmu", i, &entry[0]);
		of_property_read_u32_index(dev->of_node, "adapteva,mmu", i + 1, &entry[1]);
		of_property_read_u32_index(dev->of_node, "adapteva,mmu", i + 2, &entry[2]);
		ret = epi_layout_add_dram(&elink->layout, entry[0], entry[1], entry[2], &memory);
		if (ret)
			return dev_err_probe(dev, ret,
					     "adapteva,mmu: 0x%08x cannot be at 0x%08x of %pR\n",
					     entry[0], entry[1], &resource);
	}
	return 0;
}

static void disable_clocks(void *data)
{
	struct clk_bulk_data *clocks = data;

	clk_bulk_disable_unprepare(4, clocks);
}

/* Only the first is the eLink's own. Without it even a write to RESET would hang the bus. */
static int enable_clocks(struct device *dev)
{
	static const char *const names[] = { "fclk0", "fclk1", "fclk2", "fclk3" };
	struct clk_bulk_data *clocks;
	unsigned int i;
	int ret;

	clocks = devm_kcalloc(dev, ARRAY_SIZE(names), sizeof(*clocks), GFP_KERNEL);
	if (!clocks)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		clocks[i].id = names[i];
		clocks[i].clk = i ? devm_clk_get_optional(dev, names[i])
				  : devm_clk_get(dev, names[i]);
		if (IS_ERR(clocks[i].clk))
			return dev_err_probe(dev, PTR_ERR(clocks[i].clk), "no clock %s\n",
					     names[i]);
	}
	ret = clk_bulk_prepare_enable(ARRAY_SIZE(names), clocks);
	if (ret)
		return dev_err_probe(dev, ret, "cannot enable its clocks\n");
	return devm_add_action_or_reset(dev, disable_clocks, clocks);
}

static int get_supply(struct epi_elink *elink, struct device *dev)
{
	elink->vdd = devm_regulator_get_optional(dev, "vdd");
	if (!IS_ERR(elink->vdd))
		return 0;
	if (PTR_ERR(elink->vdd) != -ENODEV)
		return dev_err_probe(dev, PTR_ERR(elink->vdd), "no supply\n");
	dev_warn(dev, "has no vdd-supply: the chip cannot be switched off\n");
	elink->vdd = NULL;
	return 0;
}

/* What the tree calls the chip. Older ones leave that to VERSION, for which it needs power. */
static int name_chip(struct epi_elink *elink, struct device *dev)
{
	const char *name;

	elink->coreid_pins = !of_property_read_bool(dev->of_node, "adapteva,no-coreid-pinout");
	if (of_property_read_string(dev->of_node, "adapteva,chip", &name))
		return 0;
	elink->chip = epi_chip_by_name(name);
	return elink->chip ? 0 : dev_err_probe(dev, -EINVAL, "unknown chip %s\n", name);
}

static int detect_chip(struct epi_elink *elink, struct device *dev)
{
	int ret, on;

	if (elink->chip->type != E_CHIP_UNKNOWN)
		return 0;
	ret = pm_runtime_resume_and_get(dev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot switch the chip on\n");
	mutex_lock(&elink->lock);
	on = epi_power_up(elink);
	ret = on ?: epi_elink_read(elink, EPI_VERSION, &elink->version);
	mutex_unlock(&elink->lock);
	/* At once: what comes next is for a chip that is known. */
	pm_runtime_put_sync_suspend(dev);
	if (on)
		return dev_err_probe(dev, on, "cannot switch the chip on\n");
	if (ret)
		return dev_err_probe(dev, ret,
				     "the eLink does not answer; name the chip by adapteva,chip\n");
	elink->chip = epi_chip_by_version(elink->version);
	if (!elink->chip) {
		elink->chip = &epi_chips[E_CHIP_UNKNOWN];
		return dev_err_probe(dev, -EINVAL, "unknown platform, VERSION 0x%04x\n",
				     elink->version);
	}
	if (!elink->version)
		dev_warn(dev,
			 "VERSION tells nothing: taken for an %s; adapteva,chip would name it\n",
			 elink->chip->name);
	return 0;
}

/*
 * What the array's driver found, or NULL when it goes; the layout stays, as work-groups may. The
 * driver core has the eLink switched on while its child probes, so whatever switching on does for
 * cores is still to be done.
 */
void epi_elink_set_array(struct epi_elink *elink, struct epi_array *array)
{
	mutex_lock(&elink->lock);
	elink->array = array;
	if (array) {
		elink->layout = array->layout;
		if (elink->powered)
			epi_reset_chip(elink);
	}
	mutex_unlock(&elink->lock);
}

static int elink_setup(struct epi_elink *elink, struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	int ret;

	ret = epi_fpga_wait(dev) ?:
	      map_window(elink, pdev) ?:
	      reserve_memory(elink, dev) ?:
	      enable_clocks(dev) ?:
	      get_supply(elink, dev) ?:
	      name_chip(elink, dev) ?:
	      epi_pools_init(elink->pools, &elink->layout);
	if (ret)
		return ret;
	elink->irq = platform_get_irq(pdev, 0);
	if (elink->irq < 0)
		return elink->irq;
	ret = epi_mailbox_probe(elink);
	return ret ? dev_err_probe(dev, ret, "no interrupt\n") : 0;
}

/* From here on no file reaches hardware, and no mapping shows it. */
static void leave_hardware(struct epi_elink *elink)
{
	epi_power_end(elink);
	epi_event(elink, EPIPHANY_EVENT_GONE, 0, 0, 0);
	epi_events_wake(elink);
}

static void elink_end(void *data)
{
	struct epi_elink *elink = data;

	leave_hardware(elink);
	epi_power_remove(elink);
	epi_dma_remove(elink);
}

static void elink_unregister(void *data)
{
	struct epi_elink *elink = data;

	of_platform_depopulate(elink->dev.parent);
	epi_debugfs_remove(elink);
	cdev_device_del(&elink->cdev, &elink->dev);
}

static int elink_register(struct epi_elink *elink)
{
	int ret;

	cdev_init(&elink->cdev, &epi_elink_fops);
	elink->cdev.owner = THIS_MODULE;
	ret = cdev_device_add(&elink->cdev, &elink->dev);
	if (ret)
		return ret;
	epi_debugfs_add(elink);
	return 0;
}

/* What is bound to the driver is undone by actions, in the order opposite to this one. */
static int elink_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct epi_elink *elink;
	int ret;

	elink = elink_new(dev);
	if (IS_ERR(elink))
		return PTR_ERR(elink);
	ret = devm_add_action_or_reset(dev, elink_put, elink);
	if (ret)
		return ret;
	platform_set_drvdata(pdev, elink);
	ret = elink_setup(elink, pdev) ?: epi_dma_probe(elink);
	if (ret)
		return ret;
	epi_power_probe(elink);
	ret = devm_add_action_or_reset(dev, elink_end, elink);
	if (ret)
		return ret;
	ret = detect_chip(elink, dev) ?: epi_vdd_hwmon(elink) ?: elink_register(elink);
	if (ret)
		return ret;
	ret = devm_add_action_or_reset(dev, elink_unregister, elink);
	if (ret)
		return ret;
	ret = of_platform_populate(dev->of_node, NULL, NULL, dev);
	if (ret)
		return ret;
	dev_info(dev, "%s, VERSION 0x%04x\n", elink->chip->name, elink->version);
	return 0;
}

/* Before the machine restarts or ends: nothing may write to memory that a next kernel has. */
static void elink_shutdown(struct platform_device *pdev)
{
	leave_hardware(platform_get_drvdata(pdev));
}

static const struct of_device_id elink_match[] = { { .compatible = "adapteva,elink" }, {} };
MODULE_DEVICE_TABLE(of, elink_match);

struct platform_driver epi_elink_driver = {
	.probe = elink_probe,
	.shutdown = elink_shutdown,
	.driver = {
		.name = "epiphany-elink",
		.of_match_table = elink_match,
		.pm = pm_ptr(&epi_pm_ops),
	},
};
