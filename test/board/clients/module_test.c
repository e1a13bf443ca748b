/* SPDX-License-Identifier: MIT */
/* The module is removed and loaded again. */
#include "client.h"

#include <sys/syscall.h>

static int remove_module(void)
{
	return syscall(SYS_delete_module, "epiphany", O_NONBLOCK);
}

static int load_module(void)
{
	glob_t found;
	int ret;

	REQUIRE(!glob("/run/board/modules/*-epiphany.ko", 0, NULL, &found));
	int file = open(found.gl_pathv[0], O_RDONLY | O_CLOEXEC);
	ret = syscall(SYS_finit_module, file, "", 0);
	close(file);
	return ret;
}

TEST(who_uses_it_holds_it)
{
	uint64_t address = 0;
	int fd = open_mesh(), group = claim(fd, 0, 0, 1, 1, 0, 0),
	    dram = dram_alloc(fd, PAGE, &address), queue = events(fd, 0);
	volatile uint32_t *memory = must_map(dram, address, PAGE);

	EXPECT_ERROR(remove_module(), EAGAIN);
	close(fd);
	EXPECT_ERROR(remove_module(), EAGAIN);
	close(group);
	EXPECT_ERROR(remove_module(), EAGAIN);
	close(dram);
	EXPECT_ERROR(remove_module(), EAGAIN);
	close(queue);
	EXPECT_ERROR(remove_module(), EAGAIN);
	memory[0] = 1;
	munmap((void *)memory, PAGE);
	EXPECT(!remove_module());
	EXPECT(!load_module());
}

TEST(what_is_unbound_holds_it_too)
{
	int fd = open_mesh();
	volatile uint32_t *memory = must_map(fd, core_address(0, 0), PAGE);

	unbind_driver();
	EXPECT_ERROR(remove_module(), EAGAIN);
	close(fd);
	EXPECT_ERROR(remove_module(), EAGAIN);
	EXPECT_EQ(memory[0], 0);
	munmap((void *)memory, PAGE);
	EXPECT(!remove_module());
	EXPECT(!load_module());
}

TEST_WITHIN(a_hundred_times, 300)
{
	for (int i = 0; i < 100; i++) {
		uint32_t id = 0;
		int fd = open_mesh();
		EXPECT_EQ(pread(fd, &id, 4, core_address(0, 1) + COREID), 4);
		EXPECT_EQ(id, 0x809);
		close(fd);
		REQUIRE(!remove_module());
		EXPECT(access("/dev/epiphany", F_OK) || access("/dev/epiphany/mesh0", F_OK));
		REQUIRE(!load_module());
	}
}

MAIN
