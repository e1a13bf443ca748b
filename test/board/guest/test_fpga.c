// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manager of the virtual board's FPGA, as the Zynq's would tell whether it is configured, which QEMU's Zynq cannot.
 * It takes no bitstream: what it says is its parameter, which may change as if somebody began to configure it anew.
 */
#include <linux/fpga/fpga-mgr.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static bool configured = true;
static struct fpga_manager *manager;

static int set_configured(const char *text, const struct kernel_param *param)
{
	int ret = param_set_bool(text, param);

	if (!ret && !IS_ERR_OR_NULL(manager))
		manager->state = configured ? FPGA_MGR_STATE_OPERATING : FPGA_MGR_STATE_WRITE;
	return ret;
}

static const struct kernel_param_ops configured_ops = {
	.set = set_configured,
	.get = param_get_bool,
};
module_param_cb(configured, &configured_ops, &configured, 0644);
MODULE_PARM_DESC(configured, "Whether the FPGA is configured");

static enum fpga_mgr_states test_fpga_state(struct fpga_manager *mgr)
{
	return configured ? FPGA_MGR_STATE_OPERATING : FPGA_MGR_STATE_UNKNOWN;
}

static int test_fpga_write(struct fpga_manager *mgr, const char *buf, size_t count)
{
	return -EOPNOTSUPP;
}

static const struct fpga_manager_ops test_fpga_ops = {
	.state = test_fpga_state,
	.write = test_fpga_write,
};

static int test_fpga_probe(struct platform_device *pdev)
{
	manager = devm_fpga_mgr_register(&pdev->dev, "epiphany-test-fpga", &test_fpga_ops, NULL);
	return PTR_ERR_OR_ZERO(manager);
}

static const struct of_device_id test_fpga_match[] = { { .compatible = "epiphany,test-fpga" }, {} };
MODULE_DEVICE_TABLE(of, test_fpga_match);

static struct platform_driver test_fpga_driver = {
	.probe = test_fpga_probe,
	.driver = {
		.name = "epiphany-test-fpga",
		.of_match_table = test_fpga_match,
	},
};
module_platform_driver(test_fpga_driver);

MODULE_DESCRIPTION("Manager of the FPGA on the virtual Parallella");
MODULE_LICENSE("GPL");
