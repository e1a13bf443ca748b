/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The address space of a chip and its eLink: arithmetic without state or
 * hardware. Core IDs are row << 6 | column; an eMesh address is a core ID << 20
 * and a local address.
 */
#ifndef _EPIPHANY_LAYOUT_H
#define _EPIPHANY_LAYOUT_H

#include <linux/bitmap.h>
#include <linux/types.h>

#define EPI_MAX_CORES	    4096
#define EPI_MAX_DRAM	    8
#define EPI_CORE_BYTES	    0x100000
#define EPI_SRAM_BYTES	    0x8000
#define EPI_REGISTERS_BASE  0xf0000
#define EPI_REGISTERS_BYTES 0x1000
#define EPI_ELINK_BYTES	    0x100000

/* What a page of the eMesh address space is. */
enum epi_page { EPI_HOLE, EPI_SRAM, EPI_REGISTERS, EPI_DRAM, EPI_ELINK };

struct epi_range {
	u64 address; /* eMesh */
	u64 bytes;
	phys_addr_t phys;
};

/* rows * columns cores, the north-west one first_core; all zero without a chip. */
struct epi_layout {
	u32 first_core;
	u32 rows;
	u32 columns;
	struct epi_range window; /* begins with column 0 of the first row */
	struct epi_range elink;
	struct epi_range dram[EPI_MAX_DRAM];
	unsigned int dram_count;
};

/* As the device tree tells. */
struct epi_array_geometry {
	u32 first_core;
	u32 side; /* of the array that the eLink is on: E_SIDE_* */
	u32 chip_rows;
	u32 chip_columns;
};

/* A link core of a chip: where the registers of one of its links are. */
struct epi_link_core {
	u8 row;
	u8 column;
};

struct epi_vdd_state {
	int microvolt; /* from this voltage on ... */
	u32 divider;   /* ... the link may have this divider */
};

struct epi_chip {
	u32 type; /* enum e_chip_type */
	const char *name;
	u32 rows;
	u32 columns;
	struct epi_link_core link[4]; /* by side */
	int min_microvolt;
	int max_microvolt;
	struct epi_vdd_state highest;
	struct epi_vdd_state lowest;
};

extern const struct epi_chip epi_chips[];
const struct epi_chip *epi_chip_by_name(const char *name);
const struct epi_chip *epi_chip_by_version(u32 version);

int epi_layout_set_array(struct epi_layout *layout, const struct epi_chip *chip,
			 const struct epi_array_geometry *geometry);
unsigned int epi_layout_cores(const struct epi_layout *layout);
u32 epi_layout_core_id(const struct epi_layout *layout, unsigned int core);
int epi_layout_core(const struct epi_layout *layout, u32 core_id);
enum epi_page epi_layout_page(const struct epi_layout *layout, u64 address, unsigned int *core,
			      phys_addr_t *phys);
bool epi_layout_mappable(const struct epi_layout *layout, u64 address, u64 bytes);
int epi_layout_rectangle(const struct epi_layout *layout, u32 row, u32 column, u32 rows,
			 u32 columns, unsigned long *cores);
int epi_layout_add_dram(struct epi_layout *layout, u64 address, phys_addr_t phys, u64 bytes,
			const struct epi_range *memory);
int epi_layout_remap(const struct epi_range *memory, u32 *rxcfg);

/* MAILBOXSTAT */
static inline bool epi_mailbox_not_empty(u32 stat)
{
	return stat & 1;
}

#endif /* _EPIPHANY_LAYOUT_H */
