/* SPDX-License-Identifier: MIT */
/* What is otherwise with an E64G401: more cores, and reads in bursts that are wrong. */
#include "client.h"

TEST(there_are_sixty_four_cores)
{
	int fd = open_mesh();
	struct epiphany_info info = info_of(fd);
	uint32_t id = 0;

	EXPECT_EQ(info.chip_type, E_CHIP_E64G401);
	EXPECT_EQ(info.rows * info.columns, 64);
	EXPECT_EQ(info.region_count, 2 * 64 + 2);
	for (unsigned int core = 0; core < 64; core++) {
		uint64_t address = core_address(core / 8, core % 8);
		EXPECT_EQ(pread(fd, &id, 4, address + COREID), 4);
		EXPECT_EQ(id, address >> 20);
		volatile uint32_t *sram = must_map(fd, address, SRAM_BYTES);
		sram[0x1fff] = core;
		EXPECT_EQ(sram[0x1fff], core);
	}
	EXPECT_ERROR(map(fd, core_address(7, 8), PAGE), EINVAL);
	EXPECT_ERROR(map(fd, core_address(8, 0), PAGE), EINVAL);
	EXPECT(claim(fd, 0, 0, 8, 8, EPIPHANY_CLAIM_EXCLUSIVE, EPIPHANY_RELEASE_SCRUB) >= 0);
}

TEST(dma_writes_its_sram_and_does_not_read_it)
{
	uint64_t address = 0;
	int fd = open_mesh(), group = claim(fd, 3, 3, 1, 1, 0, 0),
	    dram = dram_alloc(fd, PAGE, &address);
	int queue = events(fd, EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_DMA));
	uint64_t core = core_address(3, 3);
	struct epiphany_dma_copy to_core = {
		.size = sizeof(to_core),
		.source = { EPIPHANY_DMA_FILE, dram, address },
		.destination = { EPIPHANY_DMA_FILE, group, core },
		.bytes = PAGE,
	};
	struct epiphany_dma_copy from_core = {
		.size = sizeof(from_core),
		.source = { EPIPHANY_DMA_FILE, group, core },
		.destination = { EPIPHANY_DMA_FILE, dram, address },
		.bytes = PAGE,
	};
	struct epiphany_event event;

	must_map(dram, address, PAGE)[5] = 0x55;
	EXPECT(!ioctl(fd, EPIPHANY_IOC_DMA_COPY, &to_core));
	EXPECT_EQ(read(queue, &event, sizeof(event)), sizeof(event));
	EXPECT_EQ(event.flags, 0);
	EXPECT_EQ(must_map(group, core, PAGE)[5], 0x55);
	EXPECT_ERROR(ioctl(fd, EPIPHANY_IOC_DMA_COPY, &from_core), EOPNOTSUPP);
	/* Nor between two of its cores. */
	from_core.destination = (struct epiphany_dma_place) { EPIPHANY_DMA_FILE, group,
							      core + 0x4000 };
	EXPECT_ERROR(ioctl(fd, EPIPHANY_IOC_DMA_COPY, &from_core), EOPNOTSUPP);
}

MAIN
