// SPDX-License-Identifier: GPL-2.0-only
/*
 * The supply of the virtual board's chip, as stepped as the ISL9305 of a Parallella, which cannot be there: QEMU's Zynq
 * has no I2C. Its registers are the test bench's.
 */
#include <linux/io.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/regulator/driver.h>
#include <linux/regulator/of_regulator.h>

#include "bench.h"

static int test_regulator_set(struct regulator_dev *rdev, unsigned int reg,
			      u32 value)
{
	void __iomem *bench = rdev_get_drvdata(rdev);

	writel(value, bench + reg);
	return 0;
}

static u32 test_regulator_get(struct regulator_dev *rdev, unsigned int reg)
{
	void __iomem *bench = rdev_get_drvdata(rdev);

	return readl(bench + reg);
}

static unsigned int error;
module_param(error, uint, 0644);
MODULE_PARM_DESC(error, "What switching on fails with, an errno, or 0");

static int test_regulator_enable(struct regulator_dev *rdev)
{
	if (error)
		return -(int)error;
	return test_regulator_set(rdev, BENCH_POWERED, 1);
}

static int test_regulator_disable(struct regulator_dev *rdev)
{
	return test_regulator_set(rdev, BENCH_POWERED, 0);
}

static int test_regulator_is_enabled(struct regulator_dev *rdev)
{
	return test_regulator_get(rdev, BENCH_POWERED);
}

static int test_regulator_set_selector(struct regulator_dev *rdev,
				       unsigned int selector)
{
	int microvolts = regulator_list_voltage_linear(rdev, selector);

	return test_regulator_set(rdev, BENCH_MICROVOLTS, microvolts);
}

static int test_regulator_get_selector(struct regulator_dev *rdev)
{
	u32 microvolts = test_regulator_get(rdev, BENCH_MICROVOLTS);

	return regulator_map_voltage_linear(rdev, microvolts, microvolts);
}

static const struct regulator_ops test_regulator_ops = {
	.enable = test_regulator_enable,
	.disable = test_regulator_disable,
	.is_enabled = test_regulator_is_enabled,
	.list_voltage = regulator_list_voltage_linear,
	.map_voltage = regulator_map_voltage_linear,
	.set_voltage_sel = test_regulator_set_selector,
	.get_voltage_sel = test_regulator_get_selector,
};

static const struct regulator_desc test_regulator_desc = {
	.name = "epiphany-test-regulator",
	.type = REGULATOR_VOLTAGE,
	.owner = THIS_MODULE,
	.ops = &test_regulator_ops,
	.min_uV = 900000,
	.uV_step = 25000,
	.n_voltages = 13,
	.ramp_delay = 25000,	/* microvolts in a microsecond */
	.enable_time = 100,
};

static int test_regulator_probe(struct platform_device *pdev)
{
	struct regulator_config config = {
		.dev = &pdev->dev,
		.of_node = pdev->dev.of_node,
	};
	void __iomem *bench = devm_platform_ioremap_resource(pdev, 0);

	if (IS_ERR(bench))
		return PTR_ERR(bench);
	config.driver_data = bench;
	config.init_data = of_get_regulator_init_data(&pdev->dev,
						      pdev->dev.of_node,
						      &test_regulator_desc);
	if (!config.init_data)
		return -ENOMEM;
	/* As the board's regulator comes up. */
	writel(1000000, bench + BENCH_MICROVOLTS);
	return PTR_ERR_OR_ZERO(devm_regulator_register(&pdev->dev,
						       &test_regulator_desc,
						       &config));
}

static const struct of_device_id test_regulator_match[] = {
	{ .compatible = "epiphany,test-regulator" },
	{ }
};
MODULE_DEVICE_TABLE(of, test_regulator_match);

static struct platform_driver test_regulator_driver = {
	.probe = test_regulator_probe,
	.driver = {
		.name = "epiphany-test-regulator",
		.of_match_table = test_regulator_match,
	},
};
module_platform_driver(test_regulator_driver);

MODULE_DESCRIPTION("Supply of the chip on the virtual Parallella");
MODULE_LICENSE("GPL");
