// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shuts a device down as the kernel does before it restarts, but without the restart: the platform device whose name is
 * written to the parameter.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
#include <linux/string.h>

static int shut_down(const char *text, const struct kernel_param *param)
{
	char name[64];
	struct device *dev;

	strscpy(name, text, sizeof(name));
	dev = bus_find_device_by_name(&platform_bus_type, NULL, strim(name));
	if (!dev)
		return -ENODEV;
	device_lock(dev);
	pm_runtime_get_noresume(dev);
	pm_runtime_barrier(dev);
	if (dev->bus->shutdown)
		dev->bus->shutdown(dev);
	pm_runtime_put_noidle(dev);
	device_unlock(dev);
	put_device(dev);
	return 0;
}

static const struct kernel_param_ops device_ops = { .set = shut_down };
module_param_cb(device, &device_ops, NULL, 0200);
MODULE_PARM_DESC(device, "The platform device to shut down, at once");

MODULE_DESCRIPTION("Shutdown of a device on the virtual Parallella");
MODULE_LICENSE("GPL");
