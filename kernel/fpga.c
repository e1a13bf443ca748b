// SPDX-License-Identifier: GPL-2.0-only
/* Whether the FPGA is configured: nothing of it answers before, and an access hangs the bus. */
#include <linux/fpga/fpga-mgr.h>
#include <linux/of.h>

#include "internal.h"

/*
 * The manager that can tell, or why there is none: ENOENT where there never will be, since a
 * board that boots from U-Boot need not have its driver. It is not held: its module may go.
 */
static struct fpga_manager *manager_of(struct device *dev)
{
	struct device_node *node = of_parse_phandle(dev->of_node, "fpga-mgr", 0);
	bool is_named = node;
	struct fpga_manager *manager;

	if (!node)
		node = of_find_compatible_node(NULL, NULL, "xlnx,zynq-devcfg-1.0");
	if (!of_device_is_available(node)) {
		of_node_put(node);
		return ERR_PTR(-ENOENT);
	}
	manager = of_fpga_mgr_get(node);
	of_node_put(node);
	if (IS_ERR(manager) && !is_named && !IS_ENABLED(CONFIG_FPGA_MGR_ZYNQ_FPGA))
		return ERR_PTR(-ENOENT);
	return manager;
}

static bool take_state(struct fpga_manager *manager)
{
	enum fpga_mgr_states state = manager->state;

	fpga_mgr_put(manager);
	return state == FPGA_MGR_STATE_OPERATING;
}

int epi_fpga_wait(struct device *dev)
{
	struct fpga_manager *manager;

	if (!IS_REACHABLE(CONFIG_FPGA))
		return 0;
	manager = manager_of(dev);
	if (manager == ERR_PTR(-ENOENT))
		return 0;
	if (IS_ERR(manager))
		return dev_err_probe(dev, -EPROBE_DEFER, "waits for the FPGA's manager\n");
	if (!take_state(manager))
		return dev_err_probe(dev, -EPROBE_DEFER, "waits for the FPGA to be configured\n");
	return 0;
}

/* Later, it may be configured anew. Without a manager nobody does that. */
bool epi_fpga_is_configured(struct epi_elink *elink)
{
	struct fpga_manager *manager;

	if (!IS_REACHABLE(CONFIG_FPGA))
		return true;
	manager = manager_of(elink->dev.parent);
	return IS_ERR(manager) || take_state(manager);
}
