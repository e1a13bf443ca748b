/* SPDX-License-Identifier: MIT */
/* DRAM that is given out: whose it is, what is in it, and when it ends. */
#include "client.h"

#include <sys/socket.h>

static int alloc(int fd, struct epiphany_dram_alloc *request)
{
	request->size = sizeof(*request);
	return ioctl(fd, EPIPHANY_IOC_DRAM_ALLOC, request) ? -1 : request->fd;
}

static int alloc_with(int fd, uint64_t address, uint64_t bytes, uint32_t flags)
{
	struct epiphany_dram_alloc request = { .flags = EPIPHANY_DRAM_FIXED | flags,
					       .bytes = bytes,
					       .address = address };

	return alloc(fd, &request);
}

static int alloc_at(int fd, uint64_t address, uint64_t bytes)
{
	return alloc_with(fd, address, bytes, 0);
}

TEST(it_is_zero_and_rounded_up)
{
	int fd = open_mesh();

	for (int i = 0; i < 3; i++) {
		struct epiphany_dram_alloc request = { .bytes = 3 * PAGE - 100 };
		int dram = alloc(fd, &request);
		REQUIRE(dram >= 0);
		EXPECT_EQ(request.bytes, 3 * PAGE);
		EXPECT(request.address >= DRAM_BASE &&
		       request.address + request.bytes <= DRAM_BASE + DRAM_BYTES);
		EXPECT_EQ(request.address % PAGE, 0);
		volatile uint32_t *memory = must_map(dram, request.address, 3 * PAGE);
		for (unsigned int j = 0; j < 3 * PAGE / 4; j++)
			if (!EXPECT_EQ(memory[j], 0))
				break;
		memset((void *)memory, 0x5a, 3 * PAGE);
		munmap((void *)memory, 3 * PAGE);
		close(dram);
	}
}

TEST(alignment_and_ends)
{
	int fd = open_mesh();

	for (uint64_t align = 1; align <= 1 << 24; align *= 2) {
		struct epiphany_dram_alloc request = { .bytes = PAGE, .align = align };
		int dram = alloc(fd, &request);
		EXPECT(dram >= 0);
		EXPECT_EQ(request.address % align, 0);
		/* Small ones stay, for the next to look further. */
		if (align > 1 << 16)
			close(dram);
	}
	struct epiphany_dram_alloc request = { .bytes = DRAM_BYTES };
	EXPECT_ERROR(alloc(fd, &request), ENOSPC);
	request = (struct epiphany_dram_alloc) { .bytes = UINT64_MAX };
	EXPECT_ERROR(alloc(fd, &request), ENOSPC);
	request = (struct epiphany_dram_alloc) { .bytes = PAGE, .align = 1 << 30 };
	EXPECT_ERROR(alloc(fd, &request), ENOSPC);
	request = (struct epiphany_dram_alloc) {
		.bytes = PAGE, .align = PAGE, .flags = EPIPHANY_DRAM_FIXED, .address = DRAM_BASE
	};
	EXPECT_ERROR(alloc(fd, &request), EINVAL);
}

TEST(all_of_it_and_no_more)
{
	int fd = open_mesh();
	struct epiphany_dram_alloc request = { .bytes = DRAM_BYTES };
	int dram = alloc(fd, &request);

	REQUIRE(dram >= 0);
	EXPECT_EQ(request.address, DRAM_BASE);
	request = (struct epiphany_dram_alloc) { .bytes = 1 };
	EXPECT_ERROR(alloc(fd, &request), ENOSPC);
	close(dram);
	EXPECT(alloc(fd, &request) >= 0);
}

TEST(at_a_fixed_place)
{
	int fd = open_mesh(), other = open_mesh();
	uint64_t place = DRAM_BASE + 0x100000;
	int dram = alloc_at(fd, place, 2 * PAGE);

	REQUIRE(dram >= 0);
	EXPECT_ERROR(alloc_at(other, place, PAGE), EBUSY);
	EXPECT_ERROR(alloc_at(fd, place + PAGE, PAGE), EBUSY);
	EXPECT_ERROR(alloc_at(fd, place - PAGE, 2 * PAGE), EBUSY);
	EXPECT(alloc_at(other, place - PAGE, PAGE) >= 0);
	EXPECT(alloc_at(fd, place + 2 * PAGE, 1) >= 0);
	EXPECT_ERROR(alloc_at(fd, place + 100, PAGE), EINVAL);
	EXPECT_ERROR(alloc_at(fd, DRAM_BASE - PAGE, PAGE), ERANGE);
	EXPECT_ERROR(alloc_at(fd, DRAM_BASE + DRAM_BYTES, PAGE), ERANGE);
	EXPECT_ERROR(alloc_at(fd, DRAM_BASE + DRAM_BYTES - PAGE, PAGE + 1), ERANGE);
	EXPECT_ERROR(alloc_at(fd, DRAM_BASE + 0x100000000ull, PAGE), ERANGE);
	EXPECT_ERROR(alloc_at(fd, 0, PAGE), ERANGE);
	EXPECT_ERROR(alloc_at(fd, core_address(0, 0), PAGE), ERANGE);
	EXPECT(alloc_at(fd, UINT64_MAX - PAGE + 1, PAGE) == -1);
	EXPECT(alloc_at(fd, UINT64_MAX - PAGE + 1, 2 * PAGE) == -1);
	/* The last page. */
	EXPECT(alloc_at(fd, DRAM_BASE + DRAM_BYTES - PAGE, 5) >= 0);
}

TEST(device_nodes_see_zeros_where_it_is_given_out)
{
	int fd = open_mesh(), other = open_mesh();
	uint64_t place = DRAM_BASE + 0x300000;
	volatile uint32_t *around = must_map(other, place - PAGE, 3 * PAGE);
	uint32_t word = 7;

	around[0] = around[PAGE / 4] = around[2 * PAGE / 4] = 0xa1;
	int dram = alloc_with(fd, place, PAGE, EPIPHANY_DRAM_SCRUB);
	REQUIRE(dram >= 0);
	volatile uint32_t *memory = must_map(dram, place, PAGE);
	EXPECT_EQ(memory[0], 0);
	memory[0] = 0x5ec2e7;
	EXPECT_EQ(around[PAGE / 4], 0);
	EXPECT_EQ(around[0], 0xa1);
	EXPECT_EQ(around[2 * PAGE / 4], 0xa1);
	around[PAGE / 4] = 1;
	EXPECT_EQ(memory[0], 0x5ec2e7);
	EXPECT_ERROR(pread(other, &word, 4, place), EBUSY);
	EXPECT_ERROR(pwrite(other, &word, 4, place), EBUSY);
	EXPECT_ERROR(pread(fd, &word, 4, place), EBUSY);
	EXPECT_EQ(pread(other, &word, 4, place + PAGE), 4);
	EXPECT_EQ(pread(dram, &word, 4, place), 4);
	EXPECT_EQ(word, 0x5ec2e7);
	/* Neither does it show afterwards, as it was to be scrubbed. */
	munmap((void *)memory, PAGE);
	close(dram);
	for (unsigned int i = 0; i < PAGE / 4; i++)
		if (!EXPECT_EQ(around[PAGE / 4 + i], 0))
			break;
	EXPECT_EQ(pread(other, &word, 4, place), 4);
	EXPECT_EQ(word, 0);
	around[PAGE / 4] = 0xa2;
	EXPECT_EQ(pread(fd, &word, 4, place), 4);
	EXPECT_EQ(word, 0xa2);
}

/* More than is zeroed in one go, and whatever it ends with. */
TEST(what_is_scrubbed_is_gone)
{
	const uint64_t place = DRAM_BASE + 0x400000, bytes = 0x200000 + PAGE;
	int fd = open_mesh(), other = open_mesh();
	volatile uint32_t *around = must_map(other, place - PAGE, bytes + 2 * PAGE);

	for (int is_killed = 0; is_killed < 2; is_killed++) {
		around[0] = around[(PAGE + bytes) / 4] = 0xa1;
		pid_t child = fork();
		if (!child) {
			int dram = alloc_with(fd, place, bytes, EPIPHANY_DRAM_SCRUB);
			memset((void *)must_map(dram, place, bytes), 0x5a, bytes);
			if (is_killed)
				kill(getpid(), SIGKILL);
			_exit(0);
		}
		int status;
		waitpid(child, &status, 0);
		EXPECT_EQ(status, is_killed ? SIGKILL : 0);
		for (uint64_t i = 0; i < bytes / 4; i++)
			if (!EXPECT_EQ(around[PAGE / 4 + i], 0))
				break;
		EXPECT_EQ(around[0], 0xa1);
		EXPECT_EQ(around[(PAGE + bytes) / 4], 0xa1);
	}
}

/* Otherwise it may be seen by who maps all of DRAM, but the next owner finds nothing. */
TEST(what_is_not_scrubbed_is_zero_for_the_next)
{
	const uint64_t place = DRAM_BASE + 0x500000;
	int fd = open_mesh(), dram = alloc_at(fd, place, 2 * PAGE);
	volatile uint32_t *memory = must_map(dram, place, 2 * PAGE);

	memset((void *)memory, 0x5a, 2 * PAGE);
	munmap((void *)memory, 2 * PAGE);
	close(dram);
	dram = alloc_at(fd, place + PAGE, PAGE);
	memory = must_map(dram, place + PAGE, PAGE);
	for (unsigned int i = 0; i < PAGE / 4; i++)
		if (!EXPECT_EQ(memory[i], 0))
			break;
}

/* As many as there are pages: the one that is touched is found among them. */
TEST_WITHIN(one_of_very_many, 900)
{
	const unsigned int count = 900;
	int fd = open_mesh(), files[count];
	uint64_t places[count];

	for (unsigned int i = 0; i < count; i++) {
		files[i] = dram_alloc(fd, PAGE, &places[i]);
		REQUIRE(files[i] >= 0);
		EXPECT_EQ(pwrite(files[i], &i, 4, places[i]), 4);
	}
	for (unsigned int i = 0; i < count; i += 2)
		close(files[i]);
	for (unsigned int i = 0; i < count; i++) {
		uint32_t word = ~0u;
		ssize_t got = pread(fd, &word, 4, places[i]);
		if (i % 2) {
			EXPECT(got == -1 && errno == EBUSY);
			EXPECT_EQ(pread(files[i], &word, 4, places[i]), 4);
			EXPECT_EQ(word, i);
		} else {
			EXPECT_EQ(got, 4);
		}
	}
}

TEST(it_reaches_itself_and_nothing_else)
{
	uint64_t address = 0;
	int fd = open_mesh(), dram = dram_alloc(fd, 2 * PAGE, &address);
	uint32_t word = 0;

	EXPECT(map(dram, address, 2 * PAGE) != MAP_FAILED);
	EXPECT(map(dram, address + PAGE, PAGE) != MAP_FAILED);
	EXPECT_ERROR(map(dram, address + PAGE, 2 * PAGE), EINVAL);
	EXPECT_ERROR(map(dram, address + 2 * PAGE, PAGE), EINVAL);
	EXPECT_ERROR(map(dram, core_address(0, 0), PAGE), EINVAL);
	EXPECT_ERROR(map(dram, ELINK_BASE, PAGE), EINVAL);
	EXPECT_ERROR(pread(dram, &word, 4, address + 2 * PAGE), ENXIO);
	EXPECT_ERROR(pwrite(dram, &word, 4, address - 4), ENXIO);
	EXPECT_ERROR(pread(dram, &word, 4, core_address(0, 0)), ENXIO);
	EXPECT_EQ(pwrite(dram, &word, 4, address + 2 * PAGE - 2), 2);
}

TEST(it_needs_no_power)
{
	uint64_t address = 0;
	int fd = open_mesh();

	REQUIRE(wait_for_state("powered", 0, 10));
	int dram = dram_alloc(fd, PAGE, &address);
	volatile uint32_t *memory = must_map(dram, address, PAGE),
			  *everybodys = must_map(fd, DRAM_BASE + 0x800000, PAGE);
	memory[0] = everybodys[0] = 3;
	EXPECT_EQ(memory[0] + everybodys[0], 6);
	EXPECT_EQ(pread(fd, (void *)&memory[1], 4, DRAM_BASE + 0x800000), 4);
	EXPECT_EQ(memory[1], 3);
	EXPECT_EQ(state("powered"), 0);
}

static long blocks(void)
{
	long count = 0;
	char path[64];

	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/epiphany/elink%d/dram", i);
		for (const char *c = read_text(path); *c;
		     c = strchr(c, '\n') ? strchr(c, '\n') + 1 : "")
			count++;
	}
	return count;
}

TEST(it_lives_as_long_as_a_reference)
{
	uint64_t address = 0;
	int fd = open_mesh(), dram = dram_alloc(fd, PAGE, &address);
	volatile uint32_t *memory = must_map(dram, address, PAGE);

	EXPECT_EQ(blocks(), 1);
	memory[0] = 12;
	close(dram);
	close(fd);
	EXPECT_EQ(memory[0], 12);
	EXPECT_EQ(blocks(), 1);
	munmap((void *)memory, PAGE);
	EXPECT_EQ(blocks(), 0);
}

TEST(it_can_be_handed_over)
{
	uint64_t address = 0;
	int pair[2], fd = open_mesh(), dram = dram_alloc(fd, PAGE, &address);
	char space[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec vector = { &byte, 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = space,
				  .msg_controllen = sizeof(space) };

	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	volatile uint32_t *memory = must_map(dram, address, PAGE);
	memory[0] = 0x1234;
	munmap((void *)memory, PAGE);
	pid_t child = fork();
	if (!child) {
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &dram, sizeof(dram));
		_exit(sendmsg(pair[0], &message, 0) != 1);
	}
	waitpid(child, NULL, 0);
	close(dram);
	close(fd);
	/* It lives in the socket, and nowhere else. */
	EXPECT_EQ(blocks(), 1);
	EXPECT_EQ(recvmsg(pair[1], &message, 0), 1);
	memcpy(&dram, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(dram));
	uint32_t word = 0;
	EXPECT_EQ(pread(dram, &word, 4, address), 4);
	EXPECT_EQ(word, 0x1234);
	EXPECT_EQ(must_map(dram, address, PAGE)[0], 0x1234);
}

TEST(who_is_killed_leaves_none)
{
	int fd = open_mesh();

	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		if (!child) {
			uint64_t address = 0;
			for (;;) {
				int dram = dram_alloc(fd, 64 * PAGE, &address);
				map(dram, address, PAGE);
			}
		}
		sleep_ms(5 + i);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	EXPECT(wait_for_state("files", 1, 5));
	EXPECT_EQ(blocks(), 0);
	struct epiphany_dram_alloc request = { .bytes = DRAM_BYTES };
	EXPECT(alloc(fd, &request) >= 0);
}

MAIN
