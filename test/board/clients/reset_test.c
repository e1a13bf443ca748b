/* SPDX-License-Identifier: MIT */
/* Resets: their scopes, who may, and what work-groups and mappings of before them reach. */
#include "client.h"

TEST(each_reset_is_a_generation)
{
	int fd = open_mesh(), group = claim(fd, 1, 0, 1, 2, 0, 0);
	struct epiphany_reset request = { .size = sizeof(request),
					  .scope = EPIPHANY_RESET_CORE,
					  .core = 0x808 };
	uint64_t generation = info_of(fd).generation;

	EXPECT(!ioctl(fd, EPIPHANY_IOC_RESET, &request));
	EXPECT_EQ(request.generation, generation + 1);
	EXPECT(!reset(group, EPIPHANY_RESET_GROUP, 0));
	EXPECT_EQ(info_of(fd).generation, generation + 2);
	EXPECT(!reset(group, EPIPHANY_RESET_CORE, 0x849));
	EXPECT_EQ(info_of(group).generation, generation + 3);
	EXPECT_EQ(info_of(group).state, EPIPHANY_STATE_POWERED);
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT_EQ(info_of(fd).generation, generation + 4);
	EXPECT_EQ(info_of(fd).state, EPIPHANY_STATE_POWERED);
	EXPECT_EQ(info_of(group).state, EPIPHANY_STATE_POWERED | EPIPHANY_STATE_STALE);
	EXPECT(!ioctl(fd, E_IOCTL_RESET));
	EXPECT_EQ(info_of(fd).generation, generation + 5);
}

TEST(a_core_is_reset_and_its_neighbours_are_not)
{
	int fd = open_mesh();
	volatile uint32_t *registers[2], *sram[2];

	for (int i = 0; i < 2; i++) {
		sram[i] = must_map(fd, core_address(0, i), PAGE);
		registers[i] = must_map(fd, core_address(0, i) + REGISTERS, PAGE);
		sram[i][0] = PROGRAM_LOOP;
		start_core(registers[i]);
	}
	EXPECT(runs(registers[0]) && runs(registers[1]));
	EXPECT(!reset(fd, EPIPHANY_RESET_CORE, 0x809));
	EXPECT_EQ(*reg(registers[0], STATUS) & 1, 1);
	EXPECT_EQ(*reg(registers[1], STATUS) & 1, 0);
	/* SRAM keeps what it has. */
	EXPECT_EQ(sram[1][0], PROGRAM_LOOP);
	EXPECT(!reset(fd, EPIPHANY_RESET_CORE, 0x808));
	EXPECT_EQ(*reg(registers[0], STATUS) & 1, 0);
}

TEST(a_group_resets_its_own_cores_alone)
{
	int fd = open_mesh(), group = claim(fd, 2, 2, 2, 2, 0, 0);

	REQUIRE(group >= 0);
	EXPECT_ERROR(reset(group, EPIPHANY_RESET_CORE, 0x808), EINVAL);
	EXPECT_ERROR(reset(group, EPIPHANY_RESET_GROUP, 0x88a), EINVAL);
	EXPECT_ERROR(reset(group, EPIPHANY_RESET_CHIP, 0x88a), EINVAL);
	EXPECT(!reset(group, EPIPHANY_RESET_CORE, 0x88a));
	EXPECT(!reset(group, EPIPHANY_RESET_GROUP, 0));
	EXPECT(!reset(group, EPIPHANY_RESET_CHIP, 0));
	EXPECT_ERROR(reset(group, EPIPHANY_RESET_CHIP, 0), ESTALE);
}

TEST(what_others_have_claimed_is_not_reset)
{
	int fd = open_mesh(), other = open_mesh(), group = claim(other, 0, 0, 1, 1, 0, 0);

	REQUIRE(group >= 0);
	EXPECT_ERROR(reset(fd, EPIPHANY_RESET_CORE, 0x808), EBUSY);
	EXPECT(!reset(fd, EPIPHANY_RESET_CORE, 0x809));
	EXPECT(!reset(other, EPIPHANY_RESET_CORE, 0x808));
	int shared = claim(fd, 0, 0, 2, 2, 0, 0);
	EXPECT_ERROR(reset(shared, EPIPHANY_RESET_GROUP, 0), EBUSY);
	EXPECT_ERROR(reset(group, EPIPHANY_RESET_GROUP, 0), EBUSY);
	close(shared);
	IN_CHILD({
		REQUIRE(!setuid(1000));
		EXPECT_ERROR(reset(fd, EPIPHANY_RESET_CHIP, 0), EBUSY);
		EXPECT_ERROR(ioctl(fd, E_IOCTL_RESET), EBUSY);
		EXPECT_ERROR(reset(fd, EPIPHANY_RESET_CORE, 0x808), EBUSY);
		/* The owner's file may. */
		EXPECT(!reset(other, EPIPHANY_RESET_CORE, 0x808));
	});
	EXPECT_EQ(info_of(group).state & EPIPHANY_STATE_STALE, 0);
	/* Root may reset the chip, but not somebody's core. */
	EXPECT_ERROR(reset(fd, EPIPHANY_RESET_CORE, 0x808), EBUSY);
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT_EQ(info_of(group).state & EPIPHANY_STATE_STALE, EPIPHANY_STATE_STALE);
	/* A mapping is no obstacle, nor is a work-group that has ended. */
	must_map(other, core_address(0, 0), PAGE);
	IN_CHILD({
		REQUIRE(!setuid(1000));
		EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
		EXPECT(!ioctl(fd, E_IOCTL_RESET));
	});
}

TEST(after_a_reset_a_work_group_is_stale)
{
	int fd = open_mesh(),
	    group = claim(fd, 0, 0, 1, 1, EPIPHANY_CLAIM_EXCLUSIVE, EPIPHANY_RELEASE_SCRUB);
	volatile uint32_t *stale = must_map(group, core_address(0, 0), 2 * PAGE);
	volatile uint32_t *untouched = must_map(group, core_address(0, 0) + 4 * PAGE, PAGE);
	volatile uint32_t *live = must_map(fd, core_address(0, 0), 2 * PAGE);
	struct pollfd poll_group = { .fd = group, .events = POLLIN };
	uint32_t word;

	stale[0] = live[1] = 0xcafe;
	EXPECT_EQ(stale[1], 0xcafe);
	EXPECT_EQ(poll(&poll_group, 1, 0), 0);
	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	EXPECT_EQ(poll(&poll_group, 1, 0), 1);
	EXPECT_EQ(poll_group.revents, POLLHUP | POLLERR);
	/* It reads zeros, where it was touched and where it was not. */
	EXPECT_EQ(stale[0], 0);
	EXPECT_EQ(stale[PAGE / 4], 0);
	EXPECT_EQ(untouched[0], 0);
	/* What it writes goes nowhere. */
	live[0] = 0xbeef;
	stale[0] = 1;
	EXPECT_EQ(live[0], 0xbeef);
	EXPECT_ERROR(pread(group, &word, 4, core_address(0, 0)), ESTALE);
	EXPECT_ERROR(pwrite(group, &word, 4, core_address(0, 0)), ESTALE);
	EXPECT_ERROR(map(group, core_address(0, 0), PAGE), ESTALE);
	EXPECT_ERROR(reset(group, EPIPHANY_RESET_GROUP, 0), ESTALE);
	EXPECT_ERROR(reset(group, EPIPHANY_RESET_CORE, 0x808), ESTALE);
	/* Its cores can be claimed again, though it is still there. */
	int again = claim(fd, 0, 0, 1, 1, EPIPHANY_CLAIM_EXCLUSIVE, 0);
	REQUIRE(again >= 0);
	volatile uint32_t *fresh = must_map(again, core_address(0, 0), PAGE);
	fresh[2] = 0xf00d;
	/* And its end does nothing to them. */
	munmap((void *)stale, 2 * PAGE);
	munmap((void *)untouched, PAGE);
	close(group);
	EXPECT_EQ(fresh[2], 0xf00d);
	EXPECT_EQ(live[2], 0xf00d);
}

TEST(files_do_not_share_what_they_write_to_nowhere)
{
	int fd = open_mesh(), first = claim(fd, 0, 0, 1, 1, 0, 0),
	    second = claim(fd, 0, 0, 1, 1, 0, 0);
	volatile uint32_t *a = must_map(first, core_address(0, 0), PAGE),
			  *b = must_map(second, core_address(0, 0), PAGE);

	EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
	a[0] = 0x5ec2e7;
	EXPECT_EQ(b[0], 0);
	/* Nor does the next file find it, whatever page it gets. */
	munmap((void *)a, PAGE);
	munmap((void *)b, PAGE);
	close(first);
	close(second);
	for (int i = 0; i < 50; i++) {
		int group = claim(fd, 0, 0, 1, 1, 0, 0);
		volatile uint32_t *memory = must_map(group, core_address(0, 0), PAGE);
		EXPECT(!reset(fd, EPIPHANY_RESET_CHIP, 0));
		for (unsigned int j = 0; j < PAGE / 4; j += 16)
			EXPECT_EQ(memory[j], 0);
		memory[0] = 0x5ec2e7;
		munmap((void *)memory, PAGE);
		close(group);
	}
}

TEST(mappings_of_a_device_node_get_the_new_chip)
{
	int fd = open_mesh(), elink = open_kind("elink", O_RDWR);
	volatile uint32_t *sram = must_map(fd, core_address(3, 3), PAGE);
	volatile uint32_t *registers = must_map(fd, core_address(3, 3) + REGISTERS, PAGE);
	volatile uint32_t *dram = must_map(fd, DRAM_BASE + 0x200000, PAGE);
	volatile uint32_t *raw = must_map(elink, ELINK_BASE, 0x100000);
	uint64_t address = 0;
	int block = dram_alloc(fd, PAGE, &address);
	volatile uint32_t *given = must_map(block, address, PAGE);

	sram[0] = 1;
	dram[0] = given[0] = 0x11;
	for (int i = 0; i < 3; i++) {
		EXPECT(!ioctl(fd, E_IOCTL_RESET));
		sram[0] = PROGRAM_LOOP;
		start_core(registers);
		EXPECT_EQ(*reg(registers, COREID), 0x8cb);
		EXPECT(runs(registers));
		/* The reset has set the chip up: gated clocks, link registers. */
		EXPECT_EQ(*reg(registers, CONFIG) >> 22 & 1, 1);
		EXPECT_EQ(raw[0xf0210 / 4] & 1, 1);
		EXPECT_EQ(raw[0xf0300 / 4], 0x13e0fe04);
		EXPECT_EQ(dram[0], 0x11);
		EXPECT_EQ(given[0], 0x11);
	}
}

TEST(who_holds_pages_while_others_reset)
{
	int fd = open_mesh();
	volatile uint32_t *sram = must_map(fd, core_address(1, 1), SRAM_BYTES);
	double end = seconds_now() + 3;

	/* Three processes that load and store all the time, and none of them may die. */
	pid_t children[3];
	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (!children[i]) {
			int own = open_mesh();
			volatile uint32_t *memory = must_map(own, core_address(i, i), SRAM_BYTES);
			uint32_t sum = 0;
			while (seconds_now() < end) {
				for (unsigned int j = 0; j < SRAM_BYTES / 4; j += 512)
					sum += memory[j]++;
				if (i == 2)
					pread(own, &sum, 4, core_address(2, 1));
			}
			_exit(0);
		}
	}
	int resets = 0;
	for (; seconds_now() < end; resets++) {
		EXPECT(!ioctl(fd, E_IOCTL_RESET));
		sram[resets % 8192] = resets;
	}
	for (int i = 0; i < 3; i++) {
		int status;
		waitpid(children[i], &status, 0);
		EXPECT_EQ(status, 0);
	}
	printf("# %d resets\n", resets);
}

MAIN
