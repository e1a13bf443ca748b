// SPDX-License-Identifier: GPL-2.0-only
/* The supply of the chip: its voltage, in sysfs and hwmon. */
#include <linux/delay.h>
#include <linux/hwmon.h>

#include "internal.h"

#define RAMP_MS	     20	  /* after switching on */
#define DISCHARGE_US 2000 /* after switching off */

static int set_voltage(struct epi_elink *elink, int microvolt)
{
	int step = regulator_get_linear_step(elink->vdd);
	int most = min(microvolt + max(step, 0), elink->chip->max_microvolt);

	return regulator_set_voltage(elink->vdd, microvolt, most);
}

/* The voltage that somebody wanted, or the best that the regulator has. */
static int choose_voltage(struct epi_elink *elink)
{
	const struct epi_chip *chip = elink->chip;

	if (elink->vdd_wanted >= chip->min_microvolt && elink->vdd_wanted <= chip->max_microvolt &&
	    !set_voltage(elink, elink->vdd_wanted))
		return 0;
	if (!set_voltage(elink, chip->highest.microvolt))
		return 0;
	return set_voltage(elink, chip->lowest.microvolt);
}

int epi_vdd_enable(struct epi_elink *elink)
{
	int ret;

	if (!elink->vdd)
		return 0;
	ret = choose_voltage(elink);
	if (ret) {
		/* A fixed regulator has one voltage; it is right if it is within the limits. */
		int microvolt = regulator_get_voltage(elink->vdd);

		if (microvolt < elink->chip->min_microvolt ||
		    microvolt > elink->chip->max_microvolt) {
			dev_err(&elink->dev, "no voltage for the %s: %d\n", elink->chip->name, ret);
			return ret;
		}
	}
	ret = regulator_enable(elink->vdd);
	if (ret)
		return ret;
	msleep(RAMP_MS);
	return 0;
}

void epi_vdd_disable(struct epi_elink *elink)
{
	if (!elink->vdd)
		return;
	regulator_disable(elink->vdd);
	usleep_range(DISCHARGE_US, DISCHARGE_US + 500);
}

/* Microvolts, or a negative errno. */
int epi_vdd(struct epi_elink *elink)
{
	return elink->vdd ? regulator_get_voltage(elink->vdd) : -ENODEV;
}

/* How much slower than the cores the chip's side of the link runs, as LINKCFG has it. */
u32 epi_vdd_link_divider(struct epi_elink *elink)
{
	const struct epi_chip *chip = elink->chip;

	return epi_vdd(elink) >= chip->highest.microvolt ? chip->highest.divider
							 : chip->lowest.divider;
}

static ssize_t vdd_current_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct epi_elink *elink = container_of(dev, struct epi_elink, dev);
	int microvolt;

	mutex_lock(&elink->lock);
	microvolt = elink->gone ? -ENODEV : epi_vdd(elink);
	mutex_unlock(&elink->lock);
	return microvolt < 0 ? microvolt : sysfs_emit(buf, "%d\n", microvolt);
}
static DEVICE_ATTR_RO(vdd_current);

static ssize_t vdd_wanted_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct epi_elink *elink = container_of(dev, struct epi_elink, dev);

	return sysfs_emit(buf, "%d\n", READ_ONCE(elink->vdd_wanted));
}

/* Microvolts for the next time that the chip is switched on, by steps; -1 for the best. */
static ssize_t vdd_wanted_store(struct device *dev, struct device_attribute *attr, const char *buf,
				size_t count)
{
	struct epi_elink *elink = container_of(dev, struct epi_elink, dev);
	int wanted, step;
	int ret;

	ret = kstrtoint(buf, 0, &wanted);
	if (ret)
		return ret;
	mutex_lock(&elink->lock);
	if (elink->gone || !elink->vdd) {
		ret = -ENODEV;
	} else if (wanted <= 0) {
		elink->vdd_wanted = -1;
	} else if (wanted < elink->chip->min_microvolt || wanted > elink->chip->max_microvolt) {
		ret = -ERANGE;
	} else {
		step = regulator_get_linear_step(elink->vdd);
		elink->vdd_wanted = step > 0 ? wanted - wanted % step : wanted;
	}
	mutex_unlock(&elink->lock);
	return ret ?: count;
}
static DEVICE_ATTR_RW(vdd_wanted);

static struct attribute *vdd_attributes[] = { &dev_attr_vdd_current.attr, &dev_attr_vdd_wanted.attr,
					      NULL };
const struct attribute_group epi_vdd_group = { .attrs = vdd_attributes };

static umode_t hwmon_visible(const void *data, enum hwmon_sensor_types type, u32 attr, int channel)
{
	return 0444;
}

static int hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		      long *value)
{
	struct epi_elink *elink = dev_get_drvdata(dev);
	int microvolt = epi_vdd(elink);

	if (microvolt < 0)
		return microvolt;
	*value = regulator_is_enabled(elink->vdd) > 0 ? microvolt / 1000 : 0;
	return 0;
}

static int hwmon_read_string(struct device *dev, enum hwmon_sensor_types type, u32 attr,
			     int channel, const char **string)
{
	*string = "VDD";
	return 0;
}

static const struct hwmon_ops hwmon_ops = {
	.is_visible = hwmon_visible,
	.read = hwmon_read,
	.read_string = hwmon_read_string,
};

static const struct hwmon_channel_info vdd_channel = {
	.type = hwmon_in,
	.config = (const u32[]) { HWMON_I_INPUT | HWMON_I_LABEL, 0 },
};

static const struct hwmon_channel_info *vdd_channels[] = { &vdd_channel, NULL };
static const struct hwmon_chip_info vdd_chip = { .ops = &hwmon_ops, .info = vdd_channels };

/* Bound to the driver, so gone before the regulator is. */
int epi_vdd_hwmon(struct epi_elink *elink)
{
	struct device *hwmon;

	if (!elink->vdd || !IS_REACHABLE(CONFIG_HWMON))
		return 0;
	hwmon = devm_hwmon_device_register_with_info(elink->dev.parent, "epiphany", elink,
						     &vdd_chip, NULL);
	return PTR_ERR_OR_ZERO(hwmon);
}
