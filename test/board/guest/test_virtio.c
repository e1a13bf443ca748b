// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps the virtual board's way to its host out of system sleep. Resuming resets a virtio device, and 9p does not know
 * that it is to be set up again: the next access to a file would never end.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static int keep_awake(struct device *dev, void *unused)
{
	dev_pm_syscore_device(dev, true);
	return 0;
}

static int __init test_virtio_init(void)
{
	struct device_driver *driver = driver_find("virtio-mmio", &platform_bus_type);

	return driver ? driver_for_each_device(driver, NULL, NULL, keep_awake) : -ENODEV;
}
module_init(test_virtio_init);

MODULE_DESCRIPTION("Keeps the virtio devices of the virtual Parallella awake");
MODULE_LICENSE("GPL");
