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

enum { CLIENTS = 3 };

/*
 * Clients who have everything in use, running cores too: one is busy with its mapping, the others
 * wait. In one round of five their cores send messages all the time, which takes long.
 */
static void start_clients(pid_t *clients, int round)
{
	const int kinds[CLIENTS] = { 4, round % 4, (round + 1) % 4 }, sends = round % 5 == 4;
	int ready[2];
	char byte;

	REQUIRE(!pipe2(ready, O_CLOEXEC));
	fflush(stdout);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		REQUIRE(clients[i] >= 0);
		if (!clients[i]) {
			close(ready[0]);
			/* Modulo 5 it is the kind, modulo 3 whether they send. */
			wait_with_all((6 * kinds[i] + 10 * sends) % 15, ready[1]);
		}
	}
	/* One that dies before does not write, but the others still could. */
	for (int i = 0; i < CLIENTS; i++) {
		struct pollfd polled = { .fd = ready[0], .events = POLLIN };
		REQUIRE(poll(&polled, 1, 120000) == 1 && read(ready[0], &byte, 1) == 1);
	}
	close(ready[0]);
	close(ready[1]);
	/* Now they begin to wait. */
	sleep_ms(10);
}

TEST_WITHIN(a_hundred_times, 900)
{
	for (int i = 0; i < 100; i++) {
		bool is_killed = i % 2, was_late;
		pid_t clients[CLIENTS];
		uint32_t id = 0;
		glob_t found;

		start_clients(clients, i);
		EXPECT_ERROR(remove_module(), EAGAIN);
		if (!is_killed)
			unbind_driver();
		for (int j = 0; j < CLIENTS; j++) {
			if (is_killed)
				kill(clients[j], SIGKILL);
			int status = wait_within(clients[j], 120, &was_late);
			EXPECT(!was_late);
			EXPECT_EQ(status, is_killed ? SIGKILL : 0);
			/* The others have it yet. */
			if (is_killed && j < CLIENTS - 1)
				EXPECT_ERROR(remove_module(), EAGAIN);
		}
		REQUIRE(!remove_module());
		EXPECT_EQ(glob("/dev/epiphany/*", 0, NULL, &found), GLOB_NOMATCH);
		EXPECT(access("/sys/module/epiphany", F_OK));
		REQUIRE(!load_module());
		int fd = open_mesh();
		EXPECT_EQ(pread(fd, &id, 4, core_address(0, 1) + COREID), 4);
		EXPECT_EQ(id, 0x809);
		close(fd);
	}
}

MAIN
