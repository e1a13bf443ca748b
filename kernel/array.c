// SPDX-License-Identifier: GPL-2.0-only
/* An array of chips, which is a child of its eLink, and the mesh device that programs use. */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"

static void array_free(struct device *dev)
{
	struct epi_array *array = container_of(dev, struct epi_array, dev);

	put_device(&array->elink->dev);
	kfree(array);
}

/* Somebody may be opening a mesh that is being removed: it needs those that it leads to. */
static void mesh_free(struct device *dev)
{
	struct epi_mesh *mesh = container_of(dev, struct epi_mesh, dev);

	put_device(&mesh->array->dev);
	kfree(mesh);
}

/* reg: first core ID, side of the eLink, rows and columns of chips. These are no addresses. */
static int parse(struct device *dev, struct epi_array_geometry *geometry)
{
	u32 reg[4];
	int ret;

	ret = of_property_read_u32_array(dev->of_node, "reg", reg, ARRAY_SIZE(reg));
	if (ret)
		return dev_err_probe(dev, ret, "reg has not four cells\n");
	*geometry = (struct epi_array_geometry) {
		.first_core = reg[0],
		.side = reg[1],
		.chip_rows = reg[2],
		.chip_columns = reg[3],
	};
	return 0;
}

/* SRAM and registers of every core, as the kernel reaches them. */
static int map_cores(struct epi_array *array, struct device *dev)
{
	unsigned int count = epi_layout_cores(&array->layout);
	const struct epi_range *window = &array->layout.window;
	unsigned int core;

	array->cores = devm_kcalloc(dev, 2 * count, sizeof(*array->cores), GFP_KERNEL);
	if (!array->cores)
		return -ENOMEM;
	for (core = 0; core < count; core++) {
		u64 address = (u64)epi_layout_core_id(&array->layout, core) << 20;
		phys_addr_t phys = window->phys + (address - window->address);

		array->cores[2 * core] = devm_ioremap(dev, phys, EPI_SRAM_BYTES);
		array->cores[2 * core + 1] = devm_ioremap(dev, phys + EPI_REGISTERS_BASE,
							  EPI_REGISTERS_BYTES);
		if (!array->cores[2 * core] || !array->cores[2 * core + 1])
			return -ENOMEM;
	}
	return 0;
}

/* Named in a coreid property of 16 or 32 bits, which only boards with such pins have. */
static void check_core_id(struct epi_elink *elink, struct device *dev, u32 first_core)
{
	u32 named;
	u16 half;

	if (of_property_read_u32(elink->dev.parent->of_node, "adapteva,coreid", &named)) {
		if (of_property_read_u16(elink->dev.parent->of_node, "adapteva,coreid", &half))
			return;
		named = half;
	}
	if (named != first_core)
		dev_warn(dev, "adapteva,coreid is 0x%03x, but the array begins with 0x%03x\n",
			 named, first_core);
}

/* The eLink's layout, with our cores. Files that are open see it all at once, later. */
static int lay_out(struct epi_array *array, struct device *dev)
{
	struct epi_elink *elink = array->elink;
	int ret;

	array->layout = elink->layout;
	ret = epi_layout_set_array(&array->layout, elink->chip, &array->geometry);
	if (ret)
		return dev_err_probe(dev, ret,
				     ret == -EEXIST
					     ? "something else is where its cores would be\n"
					     : "the window of the eLink has no such cores\n");
	check_core_id(elink, dev, array->geometry.first_core);
	return 0;
}

static struct epi_mesh *mesh_new(struct epi_array *array)
{
	struct epi_mesh *mesh = kzalloc(sizeof(*mesh), GFP_KERNEL);
	int ret;

	if (!mesh)
		return ERR_PTR(-ENOMEM);
	mesh->array = array;
	get_device(&array->dev);
	device_initialize(&mesh->dev);
	mesh->dev.class = &epiphany_class;
	mesh->dev.parent = &array->dev;
	mesh->dev.devt = epi_devt(array->elink->index, true);
	mesh->dev.release = mesh_free;
	ret = dev_set_name(&mesh->dev, "mesh%d", array->elink->index);
	if (ret) {
		put_device(&mesh->dev);
		return ERR_PTR(ret);
	}
	return mesh;
}

static struct epi_array *array_new(struct epi_elink *elink)
{
	struct epi_array *array = kzalloc(sizeof(*array), GFP_KERNEL);
	int ret;

	if (!array)
		return ERR_PTR(-ENOMEM);
	array->elink = elink;
	get_device(&elink->dev);
	device_initialize(&array->dev);
	array->dev.class = &epiphany_class;
	array->dev.parent = &elink->dev;
	array->dev.release = array_free;
	ret = dev_set_name(&array->dev, "array%d", elink->index);
	if (ret) {
		put_device(&array->dev);
		return ERR_PTR(ret);
	}
	return array;
}

/* The devices of the class, then what makes the chip reachable. */
static int array_register(struct epi_elink *elink, struct epi_array *array, struct epi_mesh *mesh)
{
	int ret;

	ret = device_add(&array->dev);
	if (ret)
		return ret;
	ret = sysfs_create_link(&elink->dev.kobj, &array->dev.kobj, "array");
	if (ret)
		goto del_array;
	array->mesh = mesh;
	epi_elink_set_array(elink, array);
	cdev_init(&mesh->cdev, &epi_mesh_fops);
	mesh->cdev.owner = THIS_MODULE;
	ret = cdev_device_add(&mesh->cdev, &mesh->dev);
	if (ret)
		goto forget_array;
	return 0;

forget_array:
	epi_elink_set_array(elink, NULL);
	sysfs_remove_link(&elink->dev.kobj, "array");
del_array:
	device_del(&array->dev);
	return ret;
}

static void array_unregister(void *data)
{
	struct epi_array *array = data;
	struct epi_elink *elink = array->elink;
	struct epi_mesh *mesh = array->mesh;

	cdev_device_del(&mesh->cdev, &mesh->dev);
	epi_elink_set_array(elink, NULL);
	sysfs_remove_link(&elink->dev.kobj, "array");
	device_del(&array->dev);
	put_device(&mesh->dev);
	put_device(&array->dev);
}

static int array_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct epi_elink *elink = dev_get_drvdata(dev->parent);
	struct epi_array *array;
	struct epi_mesh *mesh;
	int ret;

	/* The eLink makes these devices itself; another parent has no eLink. */
	if (!elink || dev->parent->driver != &epi_elink_driver.driver || elink->array)
		return -ENXIO;
	array = array_new(elink);
	if (IS_ERR(array))
		return PTR_ERR(array);
	ret = parse(dev, &array->geometry) ?: lay_out(array, dev) ?: map_cores(array, dev);
	if (ret)
		goto put_array;
	mesh = mesh_new(array);
	if (IS_ERR(mesh)) {
		ret = PTR_ERR(mesh);
		goto put_array;
	}
	ret = array_register(elink, array, mesh);
	if (ret)
		goto put_mesh;
	/* Undone only with the eLink, which has made sure that nobody reaches the chip any more. */
	ret = devm_add_action_or_reset(dev, array_unregister, array);
	if (ret)
		return ret;
	dev_info(dev, "%u x %u cores from 0x%03x: mesh%d\n", elink->layout.rows,
		 elink->layout.columns, elink->layout.first_core, elink->index);
	return 0;

put_mesh:
	put_device(&mesh->dev);
put_array:
	put_device(&array->dev);
	return ret;
}

static const struct of_device_id array_match[] = { { .compatible = "adapteva,chip-array" }, {} };
MODULE_DEVICE_TABLE(of, array_match);

struct platform_driver epi_array_driver = {
	.probe = array_probe,
	.driver = {
		.name = "epiphany-array",
		.of_match_table = array_match,
		.suppress_bind_attrs = true,
	},
};
