/* SPDX-License-Identifier: MIT */
/* Claims: who excludes whom, and what becomes of cores that are let go of. */
#include "client.h"

enum { SHARED = 0, EXCLUSIVE = EPIPHANY_CLAIM_EXCLUSIVE };

/* Two work-groups of different files, or of one: a shared claim is an obstacle to an exclusive one alone. */
static void compare_pair(int first, int second)
{
	static const unsigned int kinds[] = { SHARED, EXCLUSIVE };

	for (int i = 0; i < 4; i++) {
		unsigned int a = kinds[i / 2], b = kinds[i % 2];
		int group = claim(first, 0, 0, 2, 2, a, 0);
		REQUIRE(group >= 0);
		int other = claim(second, 1, 1, 2, 2, b, 0);
		EXPECT_EQ(other >= 0, a == SHARED && b == SHARED);
		if (other < 0)
			EXPECT_EQ(errno, EBUSY);
		close(other);
		/* Beside each other there is room for all. */
		other = claim(second, 2, 2, 2, 2, b, 0);
		EXPECT(other >= 0);
		close(other);
		close(group);
	}
}

TEST(exclusive_and_shared_between_files)
{
	compare_pair(open_mesh(), open_mesh());
}

TEST(exclusive_and_shared_within_a_file)
{
	int fd = open_mesh();

	compare_pair(fd, fd);
}

TEST(exclusive_and_shared_between_processes)
{
	int fd = open_mesh(), group = claim(fd, 0, 0, 4, 4, EXCLUSIVE, 0);

	REQUIRE(group >= 0);
	IN_CHILD({
		uint32_t word;
		close(fd);
		close(group);
		int own = open_mesh();
		EXPECT_ERROR(claim(own, 3, 3, 1, 1, SHARED, 0), EBUSY);
		EXPECT_ERROR(map(own, core_address(3, 3), PAGE), EBUSY);
		EXPECT_ERROR(pread(own, &word, 4, core_address(3, 3)), EBUSY);
		EXPECT_ERROR(pwrite(own, &word, 4, core_address(3, 3)), EBUSY);
		EXPECT_ERROR(reset(own, EPIPHANY_RESET_CORE, 0x8cb), EBUSY);
		EXPECT(map(own, DRAM_BASE, PAGE) != MAP_FAILED);
	});
	/* A child that inherits it has it too, and may outlive us. */
	IN_CHILD(EXPECT(map(group, core_address(3, 3), PAGE) != MAP_FAILED));
	EXPECT(map(fd, core_address(3, 3), PAGE) != MAP_FAILED);
}

TEST(a_mapping_is_a_shared_claim)
{
	int fd = open_mesh(), other = open_mesh();
	volatile uint32_t *memory = must_map(fd, core_address(1, 1), 0x200000);

	EXPECT_ERROR(claim(other, 1, 1, 1, 1, EXCLUSIVE, 0), EBUSY);
	EXPECT_ERROR(claim(other, 1, 2, 1, 1, EXCLUSIVE, 0), EBUSY);
	int group = claim(other, 1, 0, 1, 1, EXCLUSIVE, 0);
	EXPECT(group >= 0);
	close(group);
	group = claim(other, 1, 1, 1, 1, SHARED, 0);
	EXPECT(group >= 0);
	close(group);
	/* It is no obstacle to its own file. */
	group = claim(fd, 1, 1, 1, 2, EXCLUSIVE, 0);
	EXPECT(group >= 0);
	EXPECT(map(fd, core_address(1, 1), PAGE) != MAP_FAILED);
	EXPECT_ERROR(map(other, core_address(1, 1), PAGE), EBUSY);
	close(group);
	munmap((void *)memory, 0x200000);
	/* The second one still is one. */
	EXPECT_ERROR(claim(other, 1, 1, 1, 1, EXCLUSIVE, 0), EBUSY);
	group = claim(other, 1, 2, 1, 1, EXCLUSIVE, 0);
	EXPECT(group >= 0);
	/* A range that touches it touches too much; what lies between two cores does not. */
	EXPECT_ERROR(map(fd, core_address(0, 0), core_address(3, 3) - core_address(0, 0) + PAGE),
		     EBUSY);
	EXPECT(map(fd, core_address(2, 0), core_address(3, 3) - core_address(2, 0) + PAGE) !=
	       MAP_FAILED);
}

TEST(a_mapping_outlives_its_file)
{
	int fd = open_mesh(), other = open_mesh(),
	    group = claim(fd, 0, 0, 1, 1, EXCLUSIVE, EPIPHANY_RELEASE_SCRUB);
	volatile uint32_t *memory = must_map(group, core_address(0, 0), PAGE);

	memory[0] = 99;
	close(group);
	close(fd);
	EXPECT_EQ(memory[0], 99);
	EXPECT_ERROR(claim(other, 0, 0, 1, 1, EXCLUSIVE, 0), EBUSY);
	munmap((void *)memory, PAGE);
	group = claim(other, 0, 0, 1, 1, EXCLUSIVE, 0);
	REQUIRE(group >= 0);
	EXPECT_EQ(must_map(group, core_address(0, 0), PAGE)[0], 0);
}

/* A core that loops and has something in its memory, and what is left when its work-group goes. */
static void let_go(unsigned int on_release, bool is_killed)
{
	int fd = open_mesh();
	volatile uint32_t *sram = must_map(fd, core_address(2, 3), SRAM_BYTES);
	volatile uint32_t *registers = must_map(fd, core_address(2, 3) + REGISTERS, PAGE);
	int ready[2];

	REQUIRE(!reset(fd, EPIPHANY_RESET_CORE, 0x88b) && !pipe(ready));
	pid_t child = fork();
	if (!child) {
		char byte = 0;
		int own = open_mesh(), group = claim(own, 2, 3, 1, 1, SHARED, on_release);
		volatile uint32_t *inner = must_map(group, core_address(2, 3), SRAM_BYTES);
		inner[0] = PROGRAM_LOOP;
		inner[0x1000] = 0xabcdef;
		volatile uint32_t *page = must_map(group, core_address(2, 3) + REGISTERS, PAGE);
		start_core(page);
		EXPECT(runs(page));
		EXPECT_EQ(write(ready[1], &byte, 1), 1);
		if (is_killed)
			pause();
		_exit(group < 0);
	}
	char byte;
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	if (is_killed) {
		EXPECT_EQ(*reg(registers, DEBUGSTATUS) & 1, 0);
		kill(child, SIGKILL);
	}
	waitpid(child, NULL, 0);
	/* The last reference may go a little after the process. */
	EXPECT(wait_for_state("files", 1, 5));
	uint32_t status = *reg(registers, STATUS);
	switch (on_release) {
	case EPIPHANY_RELEASE_LEAVE:
		EXPECT_EQ(*reg(registers, DEBUGSTATUS) & 1, 0);
		EXPECT_EQ(status & 1, 1);
		break;
	case EPIPHANY_RELEASE_HALT:
		EXPECT_EQ(*reg(registers, DEBUGSTATUS) & 1, 1);
		break;
	default:
		EXPECT_EQ(status & 1, 0);
		break;
	}
	EXPECT_EQ(sram[0x1000], on_release == EPIPHANY_RELEASE_SCRUB ? 0 : 0xabcdef);
	EXPECT_EQ(sram[0], on_release == EPIPHANY_RELEASE_SCRUB ? 0 : PROGRAM_LOOP);
	/* Clocks are gated again, and it runs when it is told to. */
	if (on_release >= EPIPHANY_RELEASE_RESET)
		EXPECT_EQ(*reg(registers, CONFIG) >> 22 & 1, 1);
	REQUIRE(!reset(fd, EPIPHANY_RESET_CORE, 0x88b));
	sram[0] = PROGRAM_LOOP;
	start_core(registers);
	EXPECT(runs(registers));
	REQUIRE(!reset(fd, EPIPHANY_RESET_CORE, 0x88b));
}

TEST(released_and_left)
{
	let_go(EPIPHANY_RELEASE_LEAVE, false);
}

TEST(released_and_halted)
{
	let_go(EPIPHANY_RELEASE_HALT, false);
}

TEST(released_and_reset)
{
	let_go(EPIPHANY_RELEASE_RESET, false);
}

TEST(released_and_scrubbed)
{
	let_go(EPIPHANY_RELEASE_SCRUB, false);
}

TEST(killed_and_left)
{
	let_go(EPIPHANY_RELEASE_LEAVE, true);
}

TEST(killed_and_halted)
{
	let_go(EPIPHANY_RELEASE_HALT, true);
}

TEST(killed_and_scrubbed)
{
	let_go(EPIPHANY_RELEASE_SCRUB, true);
}

static int claim_with_dead_man(int fd, unsigned int flags, int dram, uint64_t address,
			       uint32_t value)
{
	struct epiphany_claim claim = {
		.size = sizeof(claim),
		.flags = EPIPHANY_CLAIM_DEAD_MAN | flags,
		.row = 1,
		.rows = 1,
		.columns = 2,
		.on_release = EPIPHANY_RELEASE_SCRUB,
		.dead_man_fd = dram,
		.dead_man_address = address,
		.dead_man_value = value,
	};

	return ioctl(fd, EPIPHANY_IOC_CLAIM, &claim) ? -1 : claim.fd;
}

TEST(a_dead_man_writes_to_his_core)
{
	int fd = open_mesh();
	volatile uint32_t *sram = must_map(fd, core_address(1, 1), SRAM_BYTES);

	int group = claim_with_dead_man(fd, 0, 0, core_address(1, 1) + 0x1234, 0x0ddba11);
	REQUIRE(group >= 0);
	sram[0x1234 / 4] = 1;
	close(group);
	EXPECT_EQ(sram[0x1234 / 4], 0x0ddba11);
	/* After it was scrubbed. */
	EXPECT_EQ(sram[0x1238 / 4], 0);
	group = claim_with_dead_man(fd, 0, 0, core_address(1, 0) + SRAM_BYTES - 4, 7);
	EXPECT(group >= 0);
	close(group);
	group = claim_with_dead_man(fd, 0, 0, core_address(1, 0) + R0 + 4, 7);
	EXPECT(group >= 0);
	close(group);
	uint32_t word;
	EXPECT_EQ(pread(fd, &word, 4, core_address(1, 0) + SRAM_BYTES - 4), 4);
	EXPECT_EQ(word, 0); /* the later scrub */
	EXPECT_ERROR(claim_with_dead_man(fd, 0, 0, core_address(0, 1), 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, 0, 0, core_address(1, 2), 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, 0, 0, core_address(1, 1) + 2, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, 0, 0, core_address(1, 1) + SRAM_BYTES, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, 0, 0, DRAM_BASE, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, 0, 0, ELINK_BASE + 0xf0300, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, 0, 0, core_address(1, 1) + 0x100000000ll, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, 0, 5, core_address(1, 1), 1), EINVAL);
}

TEST(a_dead_man_writes_to_his_dram)
{
	uint64_t address = 0, others = 0;
	int fd = open_mesh(), stranger = open_mesh();
	int dram = dram_alloc(fd, PAGE, &address), strange = dram_alloc(stranger, PAGE, &others);
	volatile uint32_t *memory = must_map(dram, address, PAGE);
	const unsigned int in_dram = EPIPHANY_CLAIM_DEAD_MAN_DRAM;

	pid_t child = fork();
	if (!child) {
		int group = claim_with_dead_man(fd, in_dram, dram, address + 16, 0xdead);
		if (group < 0)
			_exit(1);
		raise(SIGKILL);
	}
	waitpid(child, NULL, 0);
	EXPECT(wait_for_state("files", 4, 5));
	EXPECT_EQ(memory[4], 0xdead);
	EXPECT_EQ(memory[3], 0);
	EXPECT_ERROR(claim_with_dead_man(fd, in_dram, strange, others, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, in_dram, dram, address + PAGE, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, in_dram, dram, address - 4, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, in_dram, dram, address + 1, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, in_dram, dram, address + 0x100000000ll, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, in_dram, fd, address, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, in_dram, 0, address, 1), EINVAL);
	EXPECT_ERROR(claim_with_dead_man(fd, in_dram, -1, address, 1), EBADF);
	EXPECT_ERROR(claim_with_dead_man(fd, in_dram, 1000, address, 1), EBADF);
	/* It holds the memory though nobody else does any more, and is done all the same. */
	int group = claim_with_dead_man(fd, in_dram, dram, address, 1);
	munmap((void *)memory, PAGE);
	close(dram);
	EXPECT_EQ(state("files"), 5);
	close(group);
	EXPECT(wait_for_state("files", 3, 5));
}

TEST(what_a_claim_shows)
{
	int fd = open_mesh(), group = claim(fd, 3, 2, 1, 2, EXCLUSIVE, 0);
	char path[64];

	REQUIRE(group >= 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", group);
	EXPECT(strstr(read_text(path), "epiphany-cores:\t 0x8ca 0x8cb"));
	EXPECT(strstr(read_text(path), "epiphany-power:\t1"));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT(strstr(read_text(path), "epiphany-power:\t0"));
}

/*
 * About as many as a process can have, or as a slow kernel makes in a minute; a fault asks for none of them, nor does a
 * claim.
 */
TEST_WITHIN(mappings_without_number, 900)
{
	const unsigned int most = 60000, least = 2000;
	int fd = open_mesh(), other = open_mesh();
	volatile uint32_t **pages = calloc(most, sizeof(*pages));
	double end = seconds_now() + 60;
	unsigned int count;
	int group;

	for (count = 0; count < most && (count < least || seconds_now() < end); count++)
		pages[count] = must_map(fd, core_address(0, 1), PAGE);
	printf("# %u mappings\n", count);
	EXPECT_EQ(state("mappings"), count);
	pages[0][0] = 0x1234;
	EXPECT_EQ(pages[count - 1][0], 0x1234);
	group = claim(other, 0, 0, 1, 1, EPIPHANY_CLAIM_EXCLUSIVE, 0);
	EXPECT(group >= 0);
	EXPECT_ERROR(claim(other, 0, 1, 1, 1, EPIPHANY_CLAIM_EXCLUSIVE, 0), EBUSY);
	for (unsigned int i = 1; i < count; i++)
		munmap((void *)pages[i], PAGE);
	EXPECT_ERROR(claim(other, 0, 1, 1, 1, EPIPHANY_CLAIM_EXCLUSIVE, 0), EBUSY);
	munmap((void *)pages[0], PAGE);
	group = claim(other, 0, 1, 1, 1, EPIPHANY_CLAIM_EXCLUSIVE, 0);
	EXPECT(group >= 0);
	EXPECT_ERROR(map(fd, core_address(0, 1), PAGE), EBUSY);
}

MAIN
