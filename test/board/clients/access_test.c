/* SPDX-License-Identifier: MIT */
/* pread and pwrite: at every alignment and size, and where they are refused. */
#include "client.h"

static void fill_pattern(volatile uint32_t *memory, unsigned int words)
{
	for (unsigned int i = 0; i < words; i++)
		memory[i] = i * 2654435761u + 12345;
}

/* Every offset and size around the end of a page, against the mapping. */
static void compare_reads(int fd, uint64_t address, volatile uint32_t *memory)
{
	static uint8_t expected[2 * PAGE], got[2 * PAGE];

	fill_pattern(memory, 2 * PAGE / 4);
	for (unsigned int i = 0; i < 2 * PAGE / 4; i++)
		((uint32_t *)expected)[i] = memory[i];
	for (unsigned int offset = PAGE - 20; offset < PAGE + 8; offset++)
		for (unsigned int size = 0; size < 24; size++) {
			memset(got, 0xee, 64);
			if (!EXPECT_EQ(pread(fd, got + 1, size, address + offset), size) ||
			    !EXPECT(!memcmp(got + 1, expected + offset, size)) ||
			    !EXPECT(got[0] == 0xee && got[1 + size] == 0xee))
				return;
		}
	for (unsigned int offset = 0; offset < 5; offset++) {
		unsigned int size = 2 * PAGE - 2 * offset;
		EXPECT_EQ(pread(fd, got, size, address + offset), size);
		EXPECT(!memcmp(got, expected + offset, size));
	}
}

static void compare_writes(int fd, uint64_t address, volatile uint32_t *memory)
{
	static uint8_t expected[2 * PAGE], from[64];

	fill_pattern(memory, 2 * PAGE / 4);
	for (unsigned int i = 0; i < 2 * PAGE / 4; i++)
		((uint32_t *)expected)[i] = memory[i];
	for (unsigned int offset = PAGE - 20; offset < PAGE + 8; offset++)
		for (unsigned int size = 0; size < 24; size++) {
			for (unsigned int i = 0; i < size; i++)
				from[i + 1] = expected[offset + i] = rand();
			if (!EXPECT_EQ(pwrite(fd, from + 1, size, address + offset), size))
				return;
			for (unsigned int i = (offset - 4) / 4; i < (offset + size + 8) / 4; i++)
				if (!EXPECT_EQ(memory[i], ((uint32_t *)expected)[i]))
					return;
		}
}

TEST(sram_at_every_alignment_and_size)
{
	int fd = open_mesh(), group = claim(fd, 1, 2, 1, 1, 0, 0);
	volatile uint32_t *memory = must_map(fd, core_address(1, 2), SRAM_BYTES);

	compare_reads(fd, core_address(1, 2), memory);
	compare_writes(fd, core_address(1, 2), memory);
	compare_reads(group, core_address(1, 2) + 2 * PAGE, memory + 2 * PAGE / 4);
	compare_writes(group, core_address(1, 2) + 2 * PAGE, memory + 2 * PAGE / 4);
}

TEST(dram_at_every_alignment_and_size)
{
	int fd = open_mesh();
	uint64_t address = 0;
	int dram = dram_alloc(fd, 4 * PAGE, &address);

	REQUIRE(dram >= 0);
	volatile uint32_t *given = must_map(dram, address, 4 * PAGE);
	compare_reads(dram, address, given);
	compare_writes(dram, address, given);
	uint64_t other = DRAM_BASE + DRAM_BYTES - 2 * PAGE;
	volatile uint32_t *everybodys = must_map(fd, other, 2 * PAGE);
	compare_reads(fd, other, everybodys);
	compare_writes(fd, other, everybodys);
}

TEST(registers_by_words)
{
	int fd = open_mesh();
	uint64_t core = core_address(3, 3);
	volatile uint32_t *registers = must_map(fd, core + REGISTERS, PAGE);
	uint32_t words[2] = {};

	EXPECT_EQ(pread(fd, words, 4, core + COREID), 4);
	EXPECT_EQ(words[0], 0x8cb);
	for (unsigned int size = 1; size < 8; size++)
		if (size != 4)
			EXPECT_ERROR(pread(fd, words, size, core + COREID), EINVAL);
	for (unsigned int offset = 1; offset < 4; offset++) {
		EXPECT_ERROR(pread(fd, words, 4, core + COREID + offset), EINVAL);
		EXPECT_ERROR(pwrite(fd, words, 4, core + COREID + offset), EINVAL);
	}
	*reg(registers, DEBUGCMD) = 1;
	for (uint32_t i = 0; i < 64; i++) {
		words[0] = i * 0x01010101;
		EXPECT_EQ(pwrite(fd, words, 4, core + R0 + 4 * i), 4);
	}
	for (uint32_t i = 0; i < 64; i++) {
		EXPECT_EQ(pread(fd, words, 4, core + R0 + 4 * i), 4);
		EXPECT_EQ(words[0], i * 0x01010101);
		EXPECT_EQ(registers[i], i * 0x01010101);
	}
}

TEST(r0_of_a_core_that_runs_is_busy)
{
	int fd = open_mesh();
	uint64_t core = core_address(0, 1);
	volatile uint32_t *sram = must_map(fd, core, PAGE);
	volatile uint32_t *registers = must_map(fd, core + REGISTERS, PAGE);
	uint32_t word, page[PAGE / 4];

	sram[0] = PROGRAM_LOOP;
	start_core(registers);
	for (uint32_t i = 0; i < 64; i++)
		EXPECT_ERROR(pread(fd, &word, 4, core + R0 + 4 * i), EBUSY);
	EXPECT_ERROR(pread(fd, page, PAGE, core + REGISTERS), EBUSY);
	EXPECT_EQ(pread(fd, &word, 4, core + DEBUGSTATUS), 4);
	EXPECT_EQ(word & 1, 0);
	EXPECT_EQ(pread(fd, &word, 4, core + COREID), 4);
	*reg(registers, DEBUGCMD) = 1;
	EXPECT_EQ(pread(fd, &word, 4, core + DEBUGSTATUS), 4);
	EXPECT_EQ(word & 1, 1);
	EXPECT_EQ(pread(fd, &word, 4, core + R0), 4);
	EXPECT_EQ(pread(fd, page, PAGE, core + REGISTERS), PAGE);
	EXPECT(!reset(fd, EPIPHANY_RESET_CORE, 0x809));
}

TEST(nothing_to_read_in_holes)
{
	int fd = open_mesh();
	uint8_t bytes[64] = {}, page[2 * PAGE];
	uint64_t core = core_address(0, 0);

	EXPECT_ERROR(pread(fd, bytes, 4, 0), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, core + SRAM_BYTES), ENXIO);
	EXPECT_ERROR(pwrite(fd, bytes, 4, core + SRAM_BYTES), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, core + REGISTERS - 4), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, core_address(0, 3) + 0x100000), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, DRAM_BASE - 4), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, DRAM_BASE + DRAM_BYTES), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, ELINK_BASE), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, 0xfffffffc), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, 0x100000000ll), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, 0x100000000ll + core), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, 0x7ffffffffffffff0ll), ENXIO);
	EXPECT_ERROR(pread(fd, bytes, 4, -4), EINVAL);
	EXPECT_ERROR(pread(fd, bytes, 4, INT64_MIN), EINVAL);
	EXPECT_EQ(pread(fd, bytes, 0, 0), 0);
	/* Up to a hole. */
	EXPECT_EQ(pread(fd, page, 2 * PAGE, core + SRAM_BYTES - 100), 100);
	EXPECT_EQ(pwrite(fd, page, 2 * PAGE, core + SRAM_BYTES - 100), 100);
	EXPECT_EQ(pread(fd, page, 2 * PAGE, DRAM_BASE + DRAM_BYTES - PAGE - 1), PAGE + 1);
}

TEST(bad_buffers)
{
	int fd = open_mesh();
	uint8_t *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);
	uint64_t core = core_address(0, 0);
	volatile uint32_t *sram = must_map(fd, core, PAGE);

	/* Sizes and places that the compiler would not let through. */
	void *volatile nowhere = NULL;
	volatile size_t everything = SIZE_MAX;

	REQUIRE(memory != MAP_FAILED && !mprotect(memory + PAGE, PAGE, PROT_NONE));
	sram[0] = 0x11111111;
	EXPECT_ERROR(pread(fd, nowhere, 4, core), EFAULT);
	EXPECT_ERROR(pwrite(fd, nowhere, 4, core), EFAULT);
	EXPECT_ERROR(pread(fd, (void *)0xc0000000, 4, core), EFAULT);
	EXPECT_ERROR(pread(fd, memory + PAGE - 2, 4, core), EFAULT);
	EXPECT_ERROR(pwrite(fd, memory + PAGE - 2, 4, core), EFAULT);
	EXPECT_EQ(sram[0], 0x11111111);
	/* Page by page: what was good counts. */
	EXPECT_EQ(pread(fd, memory, 2 * PAGE, core), PAGE);
	EXPECT_EQ(pwrite(fd, memory, 2 * PAGE, core), PAGE);
	EXPECT_ERROR(pread(fd, memory, everything, core), EFAULT);
}

TEST(seek_and_read)
{
	int fd = open_mesh();
	uint32_t word = 0x600df00d, seen = 0;

	EXPECT_EQ(lseek(fd, core_address(1, 1) + 8, SEEK_SET), core_address(1, 1) + 8);
	EXPECT_EQ(write(fd, &word, 4), 4);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), core_address(1, 1) + 12);
	EXPECT_EQ(lseek(fd, -4, SEEK_CUR), core_address(1, 1) + 8);
	EXPECT_EQ(read(fd, &seen, 4), 4);
	EXPECT_EQ(seen, word);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 0x100000000ll);
	EXPECT_ERROR(read(fd, &seen, 4), ENXIO);
	EXPECT_ERROR(lseek(fd, 1, SEEK_END), EINVAL);
	EXPECT_ERROR(lseek(fd, -1, SEEK_SET), EINVAL);
	int group = claim(fd, 1, 1, 1, 1, 0, 0);
	EXPECT_EQ(lseek(group, core_address(1, 1) + 8, SEEK_SET), core_address(1, 1) + 8);
	EXPECT_EQ(read(group, &seen, 4), 4);
	EXPECT_EQ(seen, word);
}

TEST(dd_copies)
{
	int fd = open_mesh();
	volatile uint32_t *sram = must_map(fd, core_address(0, 0), SRAM_BYTES);
	char node[32], command[512];

	fill_pattern(sram, SRAM_BYTES / 4);
	for (int i = 0; i < 64; i++) {
		snprintf(node, sizeof(node), "/dev/epiphany/mesh%d", i);
		if (access(node, F_OK) == 0)
			break;
	}
	snprintf(command, sizeof(command),
		 "dd if=%s of=/tmp/dump bs=4096 skip=%u count=8 2>/dev/null && "
		 "dd if=/tmp/dump of=%s bs=512 seek=%u count=64 conv=notrunc 2>/dev/null",
		 node, (unsigned int)(core_address(0, 0) / 4096), node,
		 (unsigned int)(core_address(0, 1) / 512));
	EXPECT_EQ(system(command), 0);
	volatile uint32_t *copy = must_map(fd, core_address(0, 1), SRAM_BYTES);
	for (unsigned int i = 0; i < SRAM_BYTES / 4; i++)
		if (!EXPECT_EQ(copy[i], sram[i]))
			break;
	unlink("/tmp/dump");
}

TEST(into_and_from_ones_own_mapping)
{
	int fd = open_mesh();
	uint64_t core = core_address(0, 0), other = core_address(0, 1);
	volatile uint32_t *from = must_map(fd, core, SRAM_BYTES);
	volatile uint32_t *fresh = must_map(fd, other, SRAM_BYTES);

	fill_pattern(from, SRAM_BYTES / 4);
	EXPECT_EQ(pread(fd, (void *)fresh, SRAM_BYTES, core), SRAM_BYTES);
	for (unsigned int i = 0; i < SRAM_BYTES / 4; i++)
		if (!EXPECT_EQ(fresh[i], from[i]))
			break;
	/* Pages that nobody has touched yet: the fault is taken in the midst of it. */
	volatile uint32_t *untouched = must_map(fd, DRAM_BASE + 0x100000, SRAM_BYTES);
	EXPECT_EQ(pread(fd, (void *)untouched, SRAM_BYTES, core), SRAM_BYTES);
	EXPECT_EQ(untouched[5], from[5]);
	volatile uint32_t *source = must_map(fd, core, SRAM_BYTES);
	EXPECT_EQ(pwrite(fd, (void *)source, SRAM_BYTES, core_address(2, 2)), SRAM_BYTES);
	EXPECT_EQ(must_map(fd, core_address(2, 2), PAGE)[7], from[7]);
	/* Into the very page that is read. */
	EXPECT_EQ(pread(fd, (void *)source, PAGE, core), PAGE);
	EXPECT_EQ(source[9], 9 * 2654435761u + 12345);
	/* A hole in it is a bad buffer. */
	volatile uint8_t *all = (void *)must_map(fd, core, 0x100000);
	EXPECT_ERROR(pread(fd, (void *)(all + SRAM_BYTES), 4, core), EFAULT);
	EXPECT_ERROR(ioctl(fd, EPIPHANY_IOC_INFO, all + SRAM_BYTES), EFAULT);
	/* An argument of an ioctl may be there, too. */
	struct epiphany_info *info = (void *)(all + 0x1000);
	*(volatile uint32_t *)&info->size = sizeof(*info);
	EXPECT(!ioctl(fd, EPIPHANY_IOC_INFO, info));
	EXPECT_EQ(((volatile struct epiphany_info *)info)->first_core, 0x808);
	/* A reset takes the pages away from under the answer. */
	struct epiphany_reset *request = (void *)(all + 0x2000);
	memset((void *)request, 0, sizeof(*request));
	*(volatile uint32_t *)&request->size = sizeof(*request);
	*(volatile uint32_t *)&request->scope = EPIPHANY_RESET_CHIP;
	EXPECT(!ioctl(fd, EPIPHANY_IOC_RESET, request));
}

TEST(a_file_for_reading_or_writing_alone)
{
	int reader = open_kind("mesh", O_RDONLY), writer = open_kind("mesh", O_WRONLY);
	uint32_t word = 1;

	EXPECT_EQ(pread(reader, &word, 4, core_address(0, 0)), 4);
	EXPECT_ERROR(pwrite(reader, &word, 4, core_address(0, 0)), EBADF);
	EXPECT_EQ(pwrite(writer, &word, 4, core_address(0, 0)), 4);
	EXPECT_ERROR(pread(writer, &word, 4, core_address(0, 0)), EBADF);
}

MAIN
