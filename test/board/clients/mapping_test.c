/* SPDX-License-Identifier: MIT */
/* mmap: what may be mapped, how, and what becomes of mappings. */
#include "client.h"

#include <sys/personality.h>
#include <sys/syscall.h>

/* mmap with an offset of 44 bits, which the C library would not let through. */
static void *map_pages(int fd, uint32_t page, size_t bytes, int protection, int flags)
{
	return (void *)syscall(SYS_mmap2, NULL, bytes, protection, flags, fd, page);
}

TEST(only_shared_and_not_executable)
{
	int fd = open_mesh();
	const int rw = PROT_READ | PROT_WRITE;
	void *memory;

	EXPECT_ERROR(mmap(NULL, PAGE, rw, MAP_PRIVATE, fd, core_address(0, 0)), EINVAL);
	EXPECT_ERROR(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, DRAM_BASE), EINVAL);
	EXPECT_ERROR(mmap(NULL, PAGE, rw | PROT_EXEC, MAP_SHARED, fd, core_address(0, 0)), EACCES);
	EXPECT_ERROR(mmap(NULL, PAGE, PROT_EXEC, MAP_SHARED, fd, DRAM_BASE), EACCES);
	memory = mmap(NULL, PAGE, rw, MAP_SHARED, fd, core_address(0, 0));
	REQUIRE(memory != MAP_FAILED);
	EXPECT_ERROR(mprotect(memory, PAGE, rw | PROT_EXEC), EACCES);
	EXPECT_ERROR(mprotect(memory, PAGE, PROT_EXEC), EACCES);
	EXPECT(!mprotect(memory, PAGE, PROT_READ));
	EXPECT(!mprotect(memory, PAGE, rw));
	*(volatile uint32_t *)memory = 17;
	EXPECT_EQ(*(volatile uint32_t *)memory, 17);
}

TEST(old_programs_that_are_mapped_executable_anyway)
{
	int fd = open_mesh();
	void *memory;
	char line[256];
	bool is_there = false;

	REQUIRE(personality(READ_IMPLIES_EXEC) >= 0);
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, core_address(0, 0));
	EXPECT(memory != MAP_FAILED);
	EXPECT(!mprotect(memory, PAGE, PROT_READ));
	FILE *maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), maps))
		if (strtoul(line, NULL, 16) == (uintptr_t)memory) {
			is_there = true;
			EXPECT(strstr(line, " r--s "));
		}
	EXPECT(is_there);
	fclose(maps);
}

TEST(a_file_for_reading_is_not_written)
{
	int fd = open_kind("mesh", O_RDONLY);

	REQUIRE(fd >= 0);
	EXPECT_ERROR(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, core_address(0, 0)),
		     EACCES);
	void *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, core_address(0, 0));
	REQUIRE(memory != MAP_FAILED);
	EXPECT_ERROR(mprotect(memory, PAGE, PROT_READ | PROT_WRITE), EACCES);
	EXPECT_EQ(load_signal(memory), 0);
	/* Nor by a debugger, which may write to what it likes otherwise. */
	int own = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint32_t word = 1;
	EXPECT(pwrite(own, &word, 4, (uintptr_t)memory) == -1);
}

TEST(what_cannot_be_mapped)
{
	int fd = open_mesh();
	const int rw = PROT_READ | PROT_WRITE;
	const uint32_t pages_per_core = 0x100;

	/* Pages of the whole space that are no core's, no DRAM's, no eLink's. */
	EXPECT_ERROR(map_pages(fd, 0, PAGE, rw, MAP_SHARED), EINVAL);
	EXPECT_ERROR(map_pages(fd, 0x807 * pages_per_core, PAGE, rw, MAP_SHARED), EINVAL);
	EXPECT_ERROR(map_pages(fd, 0x80c * pages_per_core, PAGE, rw, MAP_SHARED), EINVAL);
	EXPECT_ERROR(map_pages(fd, 0x8cc * pages_per_core, PAGE, rw, MAP_SHARED), EINVAL);
	EXPECT_ERROR(map_pages(fd, (DRAM_BASE >> 12) - 1, PAGE, rw, MAP_SHARED), EINVAL);
	EXPECT_ERROR(map_pages(fd, (DRAM_BASE + DRAM_BYTES) >> 12, PAGE, rw, MAP_SHARED), EINVAL);
	/* From 4 GiB on there is nothing, though the low half looks familiar. Some kernels say so before us. */
	const uint32_t high[] = { 0xfffff, 0x100000 + 0x808 * pages_per_core,
				  0x100000 + (DRAM_BASE >> 12), 0xfff00000 + 0x808 * pages_per_core,
				  0xffffffff };
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT(map_pages(fd, high[i], PAGE, rw, MAP_SHARED) == MAP_FAILED &&
		       (errno == EINVAL || errno == EOVERFLOW));
		EXPECT(map_pages(fd, high[i], 2 * PAGE, rw, MAP_SHARED) == MAP_FAILED);
	}
	/* Across ends. */
	EXPECT_ERROR(map(fd, DRAM_BASE + DRAM_BYTES - PAGE, 2 * PAGE), EINVAL);
	EXPECT_ERROR(map(fd, DRAM_BASE - PAGE, 2 * PAGE), EINVAL);
	EXPECT_ERROR(map(fd, core_address(3, 3), 0x100000 + PAGE), EINVAL);
	EXPECT_ERROR(map(fd, core_address(0, 3) + 0xff000, 2 * PAGE), EINVAL);
	EXPECT_ERROR(map(fd, ELINK_BASE - PAGE, 2 * PAGE), EINVAL);
	EXPECT_ERROR(map(fd, ELINK_BASE + 0xff000, 2 * PAGE), EINVAL);
	EXPECT_ERROR(map(fd, core_address(0, 0), 0), EINVAL);
	/* Whole rows with what is between them are fine. */
	volatile uint32_t *all = map(fd, core_address(0, 0),
				     core_address(1, 3) + 0x100000 - core_address(0, 0));
	EXPECT(all != MAP_FAILED);
}

TEST(holes_are_exactly_where_nothing_is)
{
	int fd = open_mesh();
	volatile uint8_t *core = (void *)must_map(fd, core_address(2, 1), 0x100000);

	for (uint32_t local = 0; local < 0x100000; local += PAGE) {
		bool is_there = local < SRAM_BYTES || local == REGISTERS;
		/* COREID can be read whatever the core does. */
		uint32_t within = local == REGISTERS ? COREID - REGISTERS : PAGE - 4;
		if (!EXPECT_EQ(load_signal(core + local + within), is_there ? 0 : SIGBUS))
			printf("# at 0x%05x\n", local);
	}
	/* Between two rows of cores, and at their ends. */
	uint64_t from = core_address(0, 0), to = core_address(1, 3) + 0x100000;
	volatile uint8_t *rows = (void *)must_map(fd, from, to - from);
	for (uint64_t address = from; address < to; address += 0x100000) {
		unsigned int column = (address >> 20 & 63) - 8;
		EXPECT_EQ(load_signal(rows + (address - from)), column < 4 ? 0 : SIGBUS);
		EXPECT_EQ(load_signal(rows + (address - from) + SRAM_BYTES), SIGBUS);
	}
}

TEST(a_work_group_reaches_its_cores_and_no_others)
{
	int fd = open_mesh(), group = claim(fd, 1, 1, 2, 2, 0, 0);
	uint32_t word;

	REQUIRE(group >= 0);
	EXPECT(map(group, core_address(1, 1), PAGE) != MAP_FAILED);
	EXPECT(map(group, core_address(2, 2) + REGISTERS, PAGE) != MAP_FAILED);
	EXPECT_ERROR(map(group, core_address(0, 1), PAGE), EINVAL);
	EXPECT_ERROR(map(group, core_address(1, 3), PAGE), EINVAL);
	EXPECT_ERROR(map(group, core_address(1, 0), 0x200000), EINVAL);
	EXPECT_ERROR(map(group, DRAM_BASE, PAGE), EINVAL);
	EXPECT_ERROR(map(group, ELINK_BASE, PAGE), EINVAL);
	EXPECT_EQ(pread(group, &word, 4, core_address(1, 2)), 4);
	EXPECT_ERROR(pread(group, &word, 4, core_address(3, 3)), ENXIO);
	EXPECT_ERROR(pwrite(group, &word, 4, core_address(0, 0)), ENXIO);
	EXPECT_ERROR(pread(group, &word, 4, DRAM_BASE), ENXIO);
	EXPECT_ERROR(pread(group, &word, 4, ELINK_BASE), ENXIO);
	/* From its first row to its second; what is between is not its own. */
	uint64_t from = core_address(1, 1), to = core_address(2, 2) + 0x100000;
	volatile uint8_t *both = (void *)must_map(group, from, to - from);
	for (uint64_t address = from; address < to; address += 0x100000) {
		unsigned int column = (address >> 20 & 63) - 8;
		EXPECT_EQ(load_signal(both + (address - from)),
			  column == 1 || column == 2 ? 0 : SIGBUS);
	}
}

TEST(mappings_do_not_grow)
{
	int fd = open_mesh();
	volatile uint32_t *memory = must_map(fd, core_address(0, 0), 2 * PAGE);

	EXPECT(mremap((void *)memory, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	EXPECT(mremap((void *)memory, 2 * PAGE, 4 * PAGE, 0) == MAP_FAILED);
	/* Nor are they doubled. */
	EXPECT(mremap((void *)memory, 0, 4 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	void *shrunk = mremap((void *)memory, 2 * PAGE, PAGE, 0);
	EXPECT(shrunk == (void *)memory);
	EXPECT_EQ(load_signal(memory), 0);
	EXPECT_EQ(load_signal(memory + PAGE / 4), SIGSEGV);
}

/* Whether somebody else could have this core to himself. */
static bool is_free(unsigned int row, unsigned int column)
{
	int fd = open_mesh(), group = claim(fd, row, column, 1, 1, EPIPHANY_CLAIM_EXCLUSIVE, 0);

	close(group);
	close(fd);
	return group >= 0;
}

TEST(what_is_moved_and_cut_keeps_its_claim)
{
	int fd = open_mesh();
	uint8_t *memory = (void *)must_map(fd, core_address(0, 0), 8 * PAGE);
	uint8_t *to = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(volatile uint32_t *)(memory + 5 * PAGE) = 42;
	close(fd);
	EXPECT(!is_free(0, 0));
	EXPECT_EQ(state("mappings"), 1);
	REQUIRE(mremap(memory, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	EXPECT(!is_free(0, 0));
	EXPECT_EQ(state("mappings"), 1);
	EXPECT_EQ(*(volatile uint32_t *)(to + 5 * PAGE), 42);
	EXPECT_EQ(load_signal(memory), SIGSEGV);
	/* A hole in it makes two. */
	EXPECT(!munmap(to + 2 * PAGE, PAGE));
	EXPECT_EQ(state("mappings"), 2);
	EXPECT(!is_free(0, 0));
	EXPECT(!mprotect(to + 5 * PAGE, PAGE, PROT_READ));
	EXPECT_EQ(state("mappings"), 4);
	EXPECT_EQ(*(volatile uint32_t *)(to + 5 * PAGE), 42);
	EXPECT(!munmap(to, 2 * PAGE));
	EXPECT(!munmap(to + 6 * PAGE, 2 * PAGE));
	EXPECT(!is_free(0, 0));
	EXPECT(!munmap(to, 8 * PAGE));
	EXPECT(is_free(0, 0));
	EXPECT(wait_for_state("mappings", 0, 1));
	EXPECT(wait_for_state("files", 0, 1));
}

TEST(children_of_an_old_client_inherit_mappings)
{
	int fd = open_mesh();
	volatile uint32_t *core = must_map(fd, core_address(0, 0), PAGE);
	volatile uint32_t *dram = must_map(fd, DRAM_BASE, PAGE);

	*core = *dram = 1;
	IN_CHILD({
		close(fd);
		EXPECT_EQ(state("mappings"), 4);
		EXPECT_EQ(*core, 1);
		EXPECT_EQ(*dram, 1);
		*core = *dram = 2;
		/* What takes pages away takes the child's, too. */
		int daemon = open_mesh();
		EXPECT(!ioctl(daemon, E_IOCTL_THERMAL_DISALLOW));
		EXPECT_EQ(*core, 0);
		EXPECT_EQ(*dram, 2);
		EXPECT(!ioctl(daemon, E_IOCTL_THERMAL_ALLOW));
		EXPECT_EQ(*core, 0x5a5a5a5a);
		*core = 3;
	});
	EXPECT_EQ(*core, 3);
	EXPECT_EQ(*dram, 2);
	EXPECT(wait_for_state("mappings", 2, 1));
}

TEST(children_of_others_do_not_inherit_mappings)
{
	int fd = open_mesh();
	info_of(fd);
	volatile uint32_t *core = must_map(fd, core_address(0, 0), PAGE);
	volatile uint32_t *dram = must_map(fd, DRAM_BASE, PAGE);

	*core = *dram = 1;
	EXPECT_ERROR(madvise((void *)core, PAGE, MADV_DOFORK), EINVAL);
	IN_CHILD({
		EXPECT_EQ(load_signal(core), SIGSEGV);
		EXPECT_EQ(load_signal(dram), SIGSEGV);
		EXPECT_EQ(state("mappings"), 2);
		/* The file it has; and what it maps is a mapping of its own. */
		volatile uint32_t *own = must_map(fd, core_address(0, 0), PAGE);
		EXPECT_EQ(*own, 1);
		EXPECT_EQ(state("mappings"), 3);
	});
	EXPECT(wait_for_state("mappings", 2, 1));
}

TEST(advice_and_locks_change_nothing)
{
	int fd = open_mesh();
	volatile uint32_t *memory = must_map(fd, core_address(0, 0), 2 * PAGE);

	*memory = 5;
	madvise((void *)memory, PAGE, MADV_DONTNEED);
	madvise((void *)memory, PAGE, MADV_WILLNEED);
	madvise((void *)memory, PAGE, MADV_REMOVE);
	madvise((void *)memory, PAGE, MADV_FREE);
	madvise((void *)memory, PAGE, MADV_HUGEPAGE);
	madvise((void *)memory, PAGE, MADV_DODUMP);
	mlock((void *)memory, 2 * PAGE);
	munlock((void *)memory, 2 * PAGE);
	msync((void *)memory, PAGE, MS_SYNC);
	msync((void *)memory, PAGE, MS_INVALIDATE);
	EXPECT_EQ(*memory, 5);
	volatile uint32_t *populated = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_POPULATE, fd, core_address(0, 0));
	REQUIRE(populated != MAP_FAILED);
	EXPECT_EQ(*populated, 5);
	EXPECT(posix_fadvise(fd, 0, PAGE, POSIX_FADV_DONTNEED) == 0 || true);
	EXPECT(ftruncate(fd, 0) == -1);
	EXPECT(fallocate(fd, 0, 0, PAGE) == -1);
	EXPECT(fsync(fd) == -1);
	EXPECT(sync_file_range(fd, 0, PAGE, 0) == -1);
	EXPECT(readahead(fd, 0, PAGE) == -1);
	EXPECT_EQ(*memory, 5);
}

TEST(registers_of_the_elink_are_for_raw_io)
{
	int fd = open_kind("elink", O_RDWR);
	volatile uint32_t *elink = must_map(fd, ELINK_BASE, 0x100000);
	uint32_t word = 0;

	/* Of the file, pread and pwrite never. */
	EXPECT_ERROR(pread(fd, &word, 4, ELINK_BASE + 0xf0210), ENXIO);
	EXPECT_ERROR(pwrite(fd, &word, 4, ELINK_BASE + 0xf0210), ENXIO);
	EXPECT_EQ(elink[0xf0210 / 4] & 1, 1);		       /* TXCFG */
	EXPECT_EQ(elink[0xf0300 / 4] & 0x0fffffff, 0x3e0fe04); /* RXCFG: the sandbox */
	IN_CHILD({
		struct epiphany_region region = { .size = sizeof(region), .index = 33 };
		REQUIRE(!setuid(1000));
		EXPECT_ERROR(map(fd, ELINK_BASE, PAGE), EACCES);
		EXPECT(!ioctl(fd, EPIPHANY_IOC_REGION, &region));
		EXPECT_EQ(region.flags, EPIPHANY_REGION_DEVICE);
	});
}

/* Nor does ARM32 have a way to, for whatever device. */
TEST(a_debugger_does_not_reach_mappings)
{
	int fd = open_mesh(), own = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	volatile uint32_t *memory = must_map(fd, core_address(0, 0), PAGE);
	uint32_t word = 0x12345678;

	memory[0] = 0;
	EXPECT_ERROR(pwrite(own, &word, 4, (uintptr_t)memory), EIO);
	EXPECT_ERROR(pread(own, &word, 4, (uintptr_t)memory), EIO);
	EXPECT_EQ(memory[0], 0);
}

MAIN
