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

static int power_up(struct epi_elink *elink)
{
	int ret;

	/* RESET works without power, and keeps the links quiet while it comes. */
	hold_in_reset(elink);
	ret = epi_vdd_enable(elink);
	if (ret) {
		dev_err(&elink->dev, "cannot switch the chip on: %d\n", ret);
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

static void power_down(struct epi_elink *elink)
{
	if (!elink->powered)
		return;
	epi_mailbox_disable(elink);
	elink->powered = false;
	new_generation(elink);
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

/* By the thermal daemon; lasts until it is allowed again, whoever dies. */
int epi_power_thermal(struct epi_elink *elink, bool off)
{
	int ret = 0;

	mutex_lock(&elink->lock);
	if (elink->gone) {
		ret = -ENODEV;
	} else if (off && !elink->thermal) {
		power_down(elink);
		elink->thermal = true;
	} else if (!off && elink->thermal) {
		if (elink->active)
			ret = power_up(elink);
		elink->thermal = ret != 0;
	} else {
		mutex_unlock(&elink->lock);
		return 0;
	}
	mutex_unlock(&elink->lock);
	wake_up_all(&elink->wait);
	if (!ret)
		epi_event(elink, EPIPHANY_EVENT_THERMAL, 0, off, 0);
	return ret;
}

/*
 * A supply that failed once may do better the next time; runtime PM would not
 * let it. What it remembers of an earlier failure it tells as -EINVAL.
 */
static int switch_on(struct device *parent)
{
	int ret = pm_runtime_resume_and_get(parent);

	if (ret == -EINVAL) {
		pm_runtime_set_suspended(parent);
		ret = pm_runtime_resume_and_get(parent);
	}
	if (ret && ret != -EACCES)
		pm_runtime_set_suspended(parent);
	return ret;
}

/* Switches the chip on for as long as the file is open. Not under the lock. */
int epi_file_power(struct epi_file *file)
{
	struct epi_elink *elink = file->elink;
	int ret;

	/* The platform device may have been bound again: it is no longer ours to switch on. */
	if (READ_ONCE(elink->gone))
		return -ENODEV;
	ret = switch_on(elink->dev.parent);
	mutex_lock(&elink->lock);
	if (elink->gone) {
		/* Unbinding has given back what files held, but not yet this one. */
		if (!ret)
			pm_runtime_put_autosuspend(elink->dev.parent);
		ret = -ENODEV;
	} else if (!ret) {
		if (file->has_power)
			pm_runtime_put_autosuspend(elink->dev.parent);
		file->has_power = true;
		ret = epi_state_error(elink);
	}
	mutex_unlock(&elink->lock);
	return ret;
}

static int runtime_resume(struct device *dev)
{
	struct epi_elink *elink = dev_get_drvdata(dev);
	int ret = 0;

	mutex_lock(&elink->lock);
	if (elink->gone)
		ret = -ENODEV;
	else if (!elink->thermal)
		ret = power_up(elink);
	elink->active = !ret;
	mutex_unlock(&elink->lock);
	return ret;
}

static int runtime_suspend(struct device *dev)
{
	struct epi_elink *elink = dev_get_drvdata(dev);

	mutex_lock(&elink->lock);
	power_down(elink);
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
void epi_power_remove(struct epi_elink *elink)
{
	struct device *parent = elink->dev.parent;
	struct epi_file *file;

	mutex_lock(&elink->lock);
	elink->gone = true;
	power_down(elink);
	quiesce(elink, EPI_SCOPE_ALL);
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

/* Before the machine restarts or ends: eCores must not write to memory that a next kernel has. */
void epi_power_shutdown(struct epi_elink *elink)
{
	mutex_lock(&elink->lock);
	power_down(elink);
	elink->active = false;
	mutex_unlock(&elink->lock);
}
