// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adapteva Epiphany: many-core chips behind an eLink, an FPGA's bridge to their
 * mesh. The module.
 */
#include <linux/module.h>
#include <linux/platform_device.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init epiphany_init(void)
{
	int ret;

	ret = epi_class_init();
	if (ret)
		return ret;
	epi_debugfs_init();
	ret = platform_driver_register(&epi_elink_driver);
	if (ret)
		goto exit_class;
	ret = platform_driver_register(&epi_array_driver);
	if (ret)
		goto unregister_elink;
	return 0;

unregister_elink:
	platform_driver_unregister(&epi_elink_driver);
exit_class:
	epi_debugfs_exit();
	epi_class_exit();
	return ret;
}
module_init(epiphany_init);

static void __exit epiphany_exit(void)
{
	/* The arrays are children of the eLinks, and go with them. */
	platform_driver_unregister(&epi_elink_driver);
	platform_driver_unregister(&epi_array_driver);
	epi_debugfs_exit();
	epi_class_exit();
}
module_exit(epiphany_exit);

MODULE_DESCRIPTION("Adapteva Epiphany eLink and chip");
MODULE_AUTHOR("The node-epiphany authors");
MODULE_LICENSE("GPL");
