// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power and reset of the chip.
 *
 * A file holds a runtime PM reference from its first use of the chip until it
 * is released; the chip is switched off a while after the last. Switched on, it
 * is reset: its memory is lost with the power anyway.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "internal.h"
#include "trace.h"

#define RESET_TX_AND_CHIP BIT(0)
#define RESET_RX	  BIT(1)
/* The reset's own steps are of 2.56 us; most of the time the clocks need to lock. */
#define RESET_US 500

#define RXCFG_MAILBOX_INTERRUPT BIT(28)
#define TXCFG_ENABLED		BIT(0)

/* Taps of the receiver, for lanes that are as long as each other. */
#define RXDELAY0_TAPS 0xaaaaaaaa
#define RXDELAY1_TAPS 0x0000000a

#define CONFIG_CLOCK_GATING	BIT(22)
#define MESHCONFIG_CLOCK_GATING BIT(1)
#define DEBUGCMD_HALT		1
#define LINK_OFF		0xfff

static unsigned int autosuspend_ms = 2000;
module_param(autosuspend_ms, uint, 0444);
MODULE_PARM_DESC(autosuspend_ms, "Milliseconds until an unused chip is switched off");

static void hold_in_reset(struct epi_elink *elink)
{
	epi_elink_write(elink, EPI_RESET, RESET_TX_AND_CHIP | RESET_RX);
	usleep_range(RESET_US, RESET_US + 100);
}

/* Out of reset, and all that a reset forgets. No step of it reads. */
static void bring_up(struct epi_elink *elink)
{
	unsigned int side, core;

	elink->was_left = false;
	epi_elink_write(elink, EPI_RESET, 0);
	usleep_range(RESET_US, RESET_US + 100);
	if (elink->coreid_pins && elink->layout.first_core)
		epi_elink_write(elink, EPI_CHIPID, elink->layout.first_core);
	epi_elink_write(elink, EPI_RXDELAY0, RXDELAY0_TAPS);
	epi_elink_write(elink, EPI_RXDELAY1, RXDELAY1_TAPS); /* this one loads all taps */
	elink->txcfg = TXCFG_ENABLED;
	epi_elink_write(elink, EPI_TXCFG, elink->txcfg);
	epi_elink_write(elink, EPI_RXCFG, elink->rxcfg | RXCFG_MAILBOX_INTERRUPT);
	if (!elink->array)
		return;
	epi_link_write(elink, elink->array->geometry.side, EPI_CORE_LINKCFG,
		       epi_vdd_link_divider(elink));
	for (side = E_SIDE_N; side < E_SIDE_MAX; side++) {
		/* The link on our side is the one that this goes through. */
		if (side == elink->array->geometry.side)
			continue;
		epi_link_write(elink, side, EPI_CORE_LINKTXCFG, LINK_OFF);
		epi_link_write(elink, side, EPI_CORE_LINKRXCFG, LINK_OFF);
	}
	for (core = 0; core < epi_layout_cores(&elink->layout); core++) {
		epi_core_write(elink, core, EPI_CORE_CONFIG, CONFIG_CLOCK_GATING);
		epi_core_write(elink, core, EPI_CORE_MESHCONFIG, MESHCONFIG_CLOCK_GATING);
	}
}

static void quiesce(struct epi_elink *elink, enum epi_scope scope)
{
	const epi_quiesce_fn *each;

	for (each = elink->quiesce; *each; each++)
		(*each)(elink, scope);
}

/* What everybody has to know of a reset, or of power that comes or goes. */
static void new_generation(struct epi_elink *elink)
{
	elink->generation++;
	elink->epoch++;
	quiesce(elink, EPI_SCOPE_CHIP);
	wake_up_all(&elink->wait);
}

/*
 * Unless it is on, or may not be. The next user tries again if this fails. The lock is
 * held, and runtime PM wants it.
 */
int epi_power_up(struct epi_elink *elink)
{
	int ret;

	if (elink->powered || elink->thermal || elink->gone)
		return 0;
	if (!epi_fpga_is_configured(elink)) {
		dev_warn_ratelimited(&elink->dev, "the FPGA is not configured\n");
		return -EIO;
	}
	/* RESET works without power, and keeps the links quiet while it comes. */
	hold_in_reset(elink);
	ret = epi_vdd_enable(elink);
	if (ret) {
		dev_warn_ratelimited(&elink->dev, "cannot switch the chip on: %d, PM status %d\n",
				     ret, elink->dev.parent->power.runtime_status);
		return ret;
	}
	bring_up(elink);
	elink->powered = true;
	new_generation(elink);
	epi_mailbox_enable(elink);
	trace_epiphany_power(elink->index, true);
	epi_event(elink, EPIPHANY_EVENT_POWER, 0, 1, 0);
	return 0;
}

/* If it is on. The lock is held. */
void epi_power_down(struct epi_elink *elink)
{
	if (!elink->powered)
		return;
	epi_mailbox_disable(elink);
	elink->powered = false;
	new_generation(elink);
	/* While it is configured anew, there is no eLink. */
	if (epi_fpga_is_configured(elink))
		hold_in_reset(elink);
	epi_vdd_disable(elink);
	trace_epiphany_power(elink->index, false);
	epi_event(elink, EPIPHANY_EVENT_POWER, 0, 0, 0);
}

static void report_reset(struct epi_elink *elink, u32 scope, u32 core_id)
{
	trace_epiphany_reset(elink->index, scope, core_id);
	epi_event(elink, EPIPHANY_EVENT_RESET, 0,
		  (u64)scope << 48 | (u64)core_id << 32 | (elink->generation & U32_MAX), 0);
}

/* Of the whole chip; it stays powered. The lock is held. */
int epi_reset_chip(struct epi_elink *elink)
{
	int ret = epi_state_error(elink);

	if (ret)
		return ret;
	if (!epi_fpga_is_configured(elink)) {
		epi_power_down(elink);
		return -EIO;
	}
	epi_mailbox_disable(elink);
	/* Nobody may reach the chip while it cannot answer. */
	elink->powered = false;
	new_generation(elink);
	hold_in_reset(elink);
	bring_up(elink);
	elink->powered = true;
	epi_mailbox_enable(elink);
	report_reset(elink, EPIPHANY_RESET_CHIP, 0);
	return 0;
}

/* Of some cores, halted first. The lock is held, the chip powered. */
void epi_reset_cores(struct epi_elink *elink, u32 scope, const unsigned long *cores)
{
	unsigned int core;

	for_each_set_bit(core, cores, epi_layout_cores(&elink->layout))
		epi_core_write(elink, core, EPI_CORE_DEBUGCMD, DEBUGCMD_HALT);
	for_each_set_bit(core, cores, epi_layout_cores(&elink->layout)) {
		epi_core_write(elink, core, EPI_CORE_RESETCORE, 1);
		epi_core_write(elink, core, EPI_CORE_RESETCORE, 0);
		epi_core_write(elink, core, EPI_CORE_CONFIG, CONFIG_CLOCK_GATING);
		epi_core_write(elink, core, EPI_CORE_MESHCONFIG, MESHCONFIG_CLOCK_GATING);
	}
	elink->generation++;
	core = find_first_bit(cores, epi_layout_cores(&elink->layout));
	report_reset(elink, scope, epi_layout_core_id(&elink->layout, core));
}

static const char *const first_uses[] = {
	[EPI_FIRST_USE_NEVER] = "never",
	[EPI_FIRST_USE_ALWAYS] = "always",
	[EPI_FIRST_USE_LEGACY] = "legacy",
};

/* Whether this file, the only one that uses the chip, is to find nothing of those before it. */
static bool wants_fresh_chip(const struct epi_file *file)
{
	const struct epi_elink *elink = file->elink;

	if (!elink->powered || !elink->was_left)
		return false;
	if (elink->first_use == EPI_FIRST_USE_LEGACY)
		return READ_ONCE(file->is_legacy) && elink->dev.parent->power.runtime_auto;
	return elink->first_use == EPI_FIRST_USE_ALWAYS;
}

/* The file has a runtime PM reference from now on. The lock is held. */
static void begin_use(struct epi_file *file)
{
	struct epi_elink *elink = file->elink;

	file->has_power = true;
	/* A reset alone would keep SRAM. */
	if (!elink->users++ && wants_fresh_chip(file))
		epi_power_down(elink);
}

/* Switches the chip on for as long as the file is open. Not under the lock. */
int epi_file_power(struct epi_file *file)
{
	struct epi_elink *elink = file->elink;
	struct device *parent = elink->dev.parent;
	int ret;

	/* The platform device may have been bound again: it is no longer ours to switch on. */
	if (READ_ONCE(elink->gone))
		return -ENODEV;
	ret = pm_runtime_resume_and_get(parent);
	mutex_lock(&elink->lock);
	if (elink->gone) {
		/* Unbinding has given back what files held, but not yet this one. */
		if (!ret)
			pm_runtime_put_autosuspend(parent);
		ret = -ENODEV;
	} else if (ret) {
		dev_warn_ratelimited(&elink->dev, "PM does not switch the chip on: %d, status %d\n",
				     ret, parent->power.runtime_status);
		ret = -EIO; /* PM's means something else to a user */
	} else {
		if (file->has_power)
			pm_runtime_put_autosuspend(parent);
		else
			begin_use(file);
		ret = epi_power_up(elink) ?: epi_state_error(elink);
	}
	mutex_unlock(&elink->lock);
	return ret;
}

/* When the file is released. The lock is held. */
void epi_file_put_power(struct epi_file *file)
{
	struct epi_elink *elink = file->elink;
	struct device *parent = elink->dev.parent;

	if (!file->has_power)
		return;
	file->has_power = false;
	if (!--elink->users)
		elink->was_left = true;
	pm_runtime_mark_last_busy(parent);
	pm_runtime_put_autosuspend(parent);
}

/*
 * Never fails: PM would remember it, and refuse the next user. What went wrong has been said,
 * and who uses the chip tries again.
 */
static int runtime_resume(struct device *dev)
{
	struct epi_elink *elink = dev_get_drvdata(dev);

	mutex_lock(&elink->lock);
	elink->active = true;
	epi_power_up(elink);
	mutex_unlock(&elink->lock);
	return 0;
}

static int runtime_suspend(struct device *dev)
{
	struct epi_elink *elink = dev_get_drvdata(dev);

	mutex_lock(&elink->lock);
	epi_power_down(elink);
	elink->active = false;
	mutex_unlock(&elink->lock);
	return 0;
}

const struct dev_pm_ops epi_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(pm_runtime_force_suspend, pm_runtime_force_resume)
		RUNTIME_PM_OPS(runtime_suspend, runtime_resume, NULL)
};

int epi_power_probe(struct epi_elink *elink)
{
	struct device *parent = elink->dev.parent;

	pm_runtime_set_autosuspend_delay(parent, autosuspend_ms);
	pm_runtime_use_autosuspend(parent);
	pm_runtime_enable(parent);
	/* Power that the boot loader left on, and a chip that ran, end here. */
	hold_in_reset(elink);
	return 0;
}

/* For good: no file reaches hardware afterwards. */
void epi_power_end(struct epi_elink *elink)
{
	mutex_lock(&elink->lock);
	elink->gone = true;
	epi_power_down(elink);
	/* Power-down does so, too; but without power there may be mappings and copies. */
	quiesce(elink, EPI_SCOPE_ALL);
	mutex_unlock(&elink->lock);
}

/* After the end: what files hold is given back, as the platform device may be bound again. */
void epi_power_remove(struct epi_elink *elink)
{
	struct device *parent = elink->dev.parent;
	struct epi_file *file;

	mutex_lock(&elink->lock);
	list_for_each_entry(file, &elink->files, list) {
		if (file->has_power)
			pm_runtime_put_noidle(parent);
		file->has_power = false;
	}
	mutex_unlock(&elink->lock);
	pm_runtime_disable(parent);
	pm_runtime_set_suspended(parent);
	pm_runtime_dont_use_autosuspend(parent);
}

static ssize_t first_use_power_cycle_show(struct device *dev, struct device_attribute *attr,
					  char *buf)
{
	struct epi_elink *elink = container_of(dev, struct epi_elink, dev);

	return sysfs_emit(buf, "%s\n", first_uses[READ_ONCE(elink->first_use)]);
}

static ssize_t first_use_power_cycle_store(struct device *dev, struct device_attribute *attr,
					   const char *buf, size_t count)
{
	struct epi_elink *elink = container_of(dev, struct epi_elink, dev);
	int choice = sysfs_match_string(first_uses, buf);

	if (choice < 0)
		return choice;
	WRITE_ONCE(elink->first_use, choice);
	return count;
}
static DEVICE_ATTR_RW(first_use_power_cycle);

static struct attribute *power_attributes[] = { &dev_attr_first_use_power_cycle.attr, NULL };
const struct attribute_group epi_power_group = { .attrs = power_attributes };
