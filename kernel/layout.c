// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "layout.h"

#include <misc/epiphany.h>

/* By enum e_chip_type. An unknown chip is treated with the care that all stand. */
const struct epi_chip epi_chips[] = {
	[E_CHIP_UNKNOWN] = {
		.type = E_CHIP_UNKNOWN,
		.name = "unknown",
		.min_microvolt = 900000,
		.max_microvolt = 1025000,
		.highest = { 1000000, 1 },
		.lowest = { 1000000, 1 },
	},
	[E_CHIP_E16G301] = {
		.type = E_CHIP_E16G301,
		.name = "e16g301",
		.rows = 4,
		.columns = 4,
		.link = {
			[E_SIDE_N] = { 0, 2 },
			[E_SIDE_E] = { 2, 3 },
			[E_SIDE_S] = { 3, 2 },
			[E_SIDE_W] = { 2, 0 },
		},
		.min_microvolt = 900000,
		.max_microvolt = 1200000,
		.highest = { 1000000, 0 },
		.lowest = { 900000, 1 },
	},
	[E_CHIP_E64G401] = {
		.type = E_CHIP_E64G401,
		.name = "e64g401",
		.rows = 8,
		.columns = 8,
		.link = {
			[E_SIDE_N] = { 0, 2 },
			[E_SIDE_E] = { 2, 7 },
			[E_SIDE_S] = { 7, 2 },
			[E_SIDE_W] = { 2, 0 },
		},
		.min_microvolt = 900000,
		.max_microvolt = 1100000,
		.highest = { 1000000, 0 },
		.lowest = { 900000, 1 },
	},
};

const struct epi_chip *epi_chip_by_name(const char *name)
{
	unsigned int i;

	for (i = E_CHIP_E16G301; i < ARRAY_SIZE(epi_chips); i++)
		if (!strcmp(name, epi_chips[i].name))
			return &epi_chips[i];
	return NULL;
}

/*
 * By VERSION of the eLink, whose low byte is the platform. Many bitstreams tell
 * zero, whatever the board; most boards have an E16G301.
 */
const struct epi_chip *epi_chip_by_version(u32 version)
{
	u32 platform = version & 0xff;

	if (platform == 5)
		return &epi_chips[E_CHIP_E64G401];
	if (platform <= 4 && (platform || !version))
		return &epi_chips[E_CHIP_E16G301];
	return NULL;
}

static u32 row_of(u32 core_id)
{
	return core_id >> 6;
}

static u32 column_of(u32 core_id)
{
	return core_id & 0x3f;
}

unsigned int epi_layout_cores(const struct epi_layout *layout)
{
	return layout->rows * layout->columns;
}

u32 epi_layout_core_id(const struct epi_layout *layout, unsigned int core)
{
	return layout->first_core + ((core / layout->columns) << 6) + core % layout->columns;
}

/* Number of a core, row by row, or -ERANGE. */
int epi_layout_core(const struct epi_layout *layout, u32 core_id)
{
	u32 row = row_of(core_id) - row_of(layout->first_core);
	u32 column = column_of(core_id) - column_of(layout->first_core);

	if (core_id > 0xfff || row >= layout->rows || column >= layout->columns)
		return -ERANGE;
	return row * layout->columns + column;
}

static bool contains(const struct epi_range *range, u64 address, u64 bytes)
{
	return address >= range->address && bytes <= range->bytes &&
	       address - range->address <= range->bytes - bytes;
}

static bool overlaps(u64 a, u64 a_bytes, u64 b, u64 b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

/* Whether the eLink or DRAM has an address that would be a core's. */
static bool is_taken(const struct epi_layout *layout, u32 core_id)
{
	u64 address = (u64)core_id << 20;
	unsigned int i;

	if (overlaps(address, EPI_CORE_BYTES, layout->elink.address, layout->elink.bytes))
		return true;
	for (i = 0; i < layout->dram_count; i++)
		if (overlaps(address, EPI_CORE_BYTES, layout->dram[i].address,
			     layout->dram[i].bytes))
			return true;
	return false;
}

/*
 * The cores of an array of chips; -ERANGE if the mesh or the window has no such cores,
 * -EEXIST if something else is where they would be.
 */
int epi_layout_set_array(struct epi_layout *layout, const struct epi_chip *chip,
			 const struct epi_array_geometry *geometry)
{
	u32 row = row_of(geometry->first_core);
	u32 column = column_of(geometry->first_core);
	u32 rows, columns, i;
	u64 end;

	if (geometry->side >= E_SIDE_MAX || !geometry->first_core || geometry->first_core > 0xfff)
		return -EINVAL;
	if (check_mul_overflow(geometry->chip_rows, chip->rows, &rows) ||
	    check_mul_overflow(geometry->chip_columns, chip->columns, &columns) || !rows ||
	    !columns || rows > 64 - row || columns > 64 - column)
		return -ERANGE;
	/* The eLink passes addresses on as they are. */
	if (layout->window.phys != (u64)row << 26)
		return -ERANGE;
	end = ((u64)(row + rows - 1) << 26) + ((u64)(column + columns) << 20);
	if (end - ((u64)row << 26) > layout->window.bytes)
		return -ERANGE;
	for (i = 0; i < rows * columns; i++)
		if (is_taken(layout, geometry->first_core + ((i / columns) << 6) + i % columns))
			return -EEXIST;
	layout->window.address = (u64)row << 26;
	layout->first_core = geometry->first_core;
	layout->rows = rows;
	layout->columns = columns;
	return 0;
}

/* What is at an eMesh address, of which core, and where the host's bus has it. */
enum epi_page epi_layout_page(const struct epi_layout *layout, u64 address, unsigned int *core,
			      phys_addr_t *phys)
{
	u32 local = address & (EPI_CORE_BYTES - 1);
	unsigned int i;
	int index;

	if (address >> 32)
		return EPI_HOLE;
	if (contains(&layout->elink, address, 1)) {
		*phys = layout->elink.phys + (address - layout->elink.address);
		return EPI_ELINK;
	}
	for (i = 0; i < layout->dram_count; i++) {
		if (contains(&layout->dram[i], address, 1)) {
			*phys = layout->dram[i].phys + (address - layout->dram[i].address);
			return EPI_DRAM;
		}
	}
	index = epi_layout_core(layout, address >> 20);
	if (index < 0)
		return EPI_HOLE;
	*core = index;
	*phys = layout->window.phys + (address - layout->window.address);
	if (local < EPI_SRAM_BYTES)
		return EPI_SRAM;
	if (local - EPI_REGISTERS_BASE < EPI_REGISTERS_BYTES)
		return EPI_REGISTERS;
	return EPI_HOLE;
}

/*
 * Whether a range may become one mapping: it lies within one part of DRAM, or
 * within the eLink, or begins and ends within cores. Pages between cores are
 * holes, each judged when it is touched.
 */
bool epi_layout_mappable(const struct epi_layout *layout, u64 address, u64 bytes)
{
	u64 last;
	unsigned int i;

	if (!bytes || check_add_overflow(address, bytes - 1, &last) || last >> 32)
		return false;
	if (contains(&layout->elink, address, 1) || contains(&layout->elink, last, 1))
		return contains(&layout->elink, address, bytes);
	for (i = 0; i < layout->dram_count; i++)
		if (contains(&layout->dram[i], address, bytes))
			return true;
	return epi_layout_core(layout, address >> 20) >= 0 &&
	       epi_layout_core(layout, last >> 20) >= 0;
}

/* Sets the bits of a rectangle, in coordinates that begin with the first core. */
int epi_layout_rectangle(const struct epi_layout *layout, u32 row, u32 column, u32 rows,
			 u32 columns, unsigned long *cores)
{
	u32 i;

	if (!rows || !columns || row >= layout->rows || rows > layout->rows - row ||
	    column >= layout->columns || columns > layout->columns - column)
		return -EINVAL;
	for (i = row; i < row + rows; i++)
		bitmap_set(cores, i * layout->columns + column, columns);
	return 0;
}

/*
 * DRAM that the chip reaches at an eMesh address, and the host in the reserved
 * memory: where the remap, see below, puts what the chip sends there. -EINVAL if
 * that is another place, -EEXIST if either address is taken.
 */
int epi_layout_add_dram(struct epi_layout *layout, u64 address, phys_addr_t phys, u64 bytes,
			const struct epi_range *memory)
{
	const struct epi_range host = { .address = memory->phys, .bytes = memory->bytes };
	unsigned int i;
	u64 last;

	if (layout->dram_count == EPI_MAX_DRAM)
		return -ENOSPC;
	if (!bytes || (address | phys | bytes) & (EPI_REGISTERS_BYTES - 1))
		return -EINVAL;
	if (check_add_overflow(address, bytes - 1, &last) || last >> 32)
		return -ERANGE;
	if (!contains(&host, phys, bytes))
		return -ERANGE;
	if ((address ^ phys) & (memory->bytes - 1))
		return -EINVAL;
	if (overlaps(address, bytes, layout->elink.address, layout->elink.bytes))
		return -EEXIST;
	for (i = 0; i < layout->dram_count; i++)
		if (overlaps(address, bytes, layout->dram[i].address, layout->dram[i].bytes) ||
		    overlaps(phys, bytes, layout->dram[i].phys, layout->dram[i].bytes))
			return -EEXIST;
	layout->dram[layout->dram_count++] = (struct epi_range) {
		.address = address,
		.bytes = bytes,
		.phys = phys,
	};
	return 0;
}

/*
 * RXCFG of the static remap, which folds every address that the chip sends off
 * into this memory: the sandbox of the board. It replaces address bits by those
 * of the memory, so the memory must be a power of two, aligned to its size.
 * Source: open eLink RTL, erx_remap.
 */
int epi_layout_remap(const struct epi_range *memory, u32 *rxcfg)
{
	u32 select, pattern;

	if (!is_power_of_2(memory->bytes) || memory->bytes < EPI_CORE_BYTES ||
	    memory->bytes > SZ_2G || memory->phys & (memory->bytes - 1) || (u64)memory->phys >> 32)
		return -EINVAL;
	select = ~((u32)(memory->bytes >> 20) - 1) & 0xfff;
	pattern = (u32)((u64)memory->phys >> 20) & select;
	*rxcfg = pattern << 16 | select << 4 | 1 << 2;
	return 0;
}
