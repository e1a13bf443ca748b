// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of the eLink and of cores. Every read of them, those of the eLink
 * too, needs the clock of the chip: without it the bus answers with an abort,
 * for which a kernel must be prepared (CONFIG_ARM_EXTERNAL_ABORT_FIXUP).
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/uaccess.h>

#include "internal.h"

#define TXCFG_ENABLE	     BIT(0)
#define TXCFG_CTRLMODE(mode) ((mode) << 4)
#define TXCFG_BYPASS	     BIT(9) /* use this ctrlmode, not that of the packet */

/* ctrlmode of a transaction that is meant for the link of a side. */
static const u32 link_ctrlmode[] = {
	[E_SIDE_N] = 1,
	[E_SIDE_E] = 5,
	[E_SIDE_S] = 9,
	[E_SIDE_W] = 13,
};

/* Whether a read that nobody answers is an error and no oops. */
bool epi_safe_read(void)
{
	return IS_ENABLED(CONFIG_ARM_EXTERNAL_ABORT_FIXUP);
}

int epi_read_word(void __iomem *address, u32 *value)
{
	if (!epi_safe_read()) {
		*value = readl(address);
		return 0;
	}
	/* One aligned load, with an entry in the table of exceptions. */
	if (copy_from_kernel_nofault(value, (const void __force *)address, sizeof(*value)))
		return -EIO;
	return 0;
}

void epi_elink_write(struct epi_elink *elink, u32 offset, u32 value)
{
	writel(value, elink->regs + offset);
}

int epi_elink_read(struct epi_elink *elink, u32 offset, u32 *value)
{
	return epi_read_word(elink->regs + offset, value);
}

/* Of SRAM or registers; the two parts of a core lie side by side in the kernel's mapping. */
void __iomem *epi_core_address(struct epi_elink *elink, unsigned int core, u32 local)
{
	void __iomem **cores = elink->array->cores;

	if (local >= EPI_REGISTERS_BASE)
		return cores[2 * core + 1] + (local - EPI_REGISTERS_BASE);
	return cores[2 * core] + local;
}

void epi_core_write(struct epi_elink *elink, unsigned int core, u32 local, u32 value)
{
	writel(value, epi_core_address(elink, core, local));
}

/*
 * Writes a register of a link of the chip. The link core takes it for one only
 * if the packet carries the ctrlmode of the link, which takes bit 9 of TXCFG;
 * without it, the value goes astray. Source: open eLink RTL, etx_protocol.
 */
void epi_link_write(struct epi_elink *elink, unsigned int side, u32 local, u32 value)
{
	const struct epi_link_core *link = &elink->chip->link[side];
	const struct epi_array_geometry *geometry = &elink->array->geometry;
	u32 chip_row, chip_column, id;
	int core;

	/* The chip at this edge of the array that is in the first row, or column. */
	chip_row = side == E_SIDE_S ? geometry->chip_rows - 1 : 0;
	chip_column = side == E_SIDE_E ? geometry->chip_columns - 1 : 0;
	id = elink->layout.first_core + ((chip_row * elink->chip->rows + link->row) << 6) +
	     chip_column * elink->chip->columns + link->column;
	core = epi_layout_core(&elink->layout, id);
	if (WARN_ON_ONCE(core < 0))
		return;
	epi_elink_write(elink, EPI_TXCFG,
			elink->txcfg | TXCFG_CTRLMODE(link_ctrlmode[side]) | TXCFG_BYPASS);
	epi_core_write(elink, core, local, value);
	/* Both are on their way; a read would tell when they arrived, but may abort. */
	usleep_range(10, 20);
	epi_elink_write(elink, EPI_TXCFG, elink->txcfg);
}
