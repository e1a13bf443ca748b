/* SPDX-License-Identifier: MIT */
/* Copies by the DMA engine: every pair of ends, every alignment, and how they fail. */
#include "client.h"

#include <sys/resource.h>

#define BIT(type) EPIPHANY_EVENT_BIT(EPIPHANY_EVENT_##type)
#define AREA	  (6 * PAGE)

struct bench {
	int fd, group, dram, queue;
	uint64_t dram_address;
	volatile uint8_t *sram, *given;
	uint8_t *user;
};

static struct bench prepare(void)
{
	struct bench bench = { .fd = open_mesh() };

	bench.group = claim(bench.fd, 1, 1, 1, 2, 0, 0);
	bench.dram = dram_alloc(bench.fd, AREA, &bench.dram_address);
	bench.queue = events(bench.fd, BIT(DMA));
	REQUIRE(bench.group >= 0 && bench.dram >= 0 && bench.queue >= 0);
	bench.sram = (void *)must_map(bench.group, core_address(1, 1), SRAM_BYTES);
	bench.given = (void *)must_map(bench.dram, bench.dram_address, AREA);
	bench.user = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(bench.user != MAP_FAILED);
	return bench;
}

enum kind { USER, DRAM, SRAM };

static struct epiphany_dma_place place(const struct bench *bench, enum kind kind, uint32_t offset)
{
	switch (kind) {
	case USER:
		return (struct epiphany_dma_place) { EPIPHANY_DMA_USER, 0,
						     (uintptr_t)bench->user + offset };
	case DRAM:
		return (struct epiphany_dma_place) { EPIPHANY_DMA_FILE, bench->dram,
						     bench->dram_address + offset };
	default:
		return (struct epiphany_dma_place) { EPIPHANY_DMA_FILE, bench->group,
						     core_address(1, 1) + offset };
	}
}

static volatile uint8_t *memory_of(const struct bench *bench, enum kind kind)
{
	return kind == USER ? bench->user : kind == DRAM ? bench->given : bench->sram;
}

/* A cookie, or 0 and errno. */
static uint64_t copy(const struct bench *bench, struct epiphany_dma_place from,
		     struct epiphany_dma_place to, uint64_t bytes)
{
	struct epiphany_dma_copy request = {
		.size = sizeof(request), .source = from, .destination = to, .bytes = bytes
	};

	if (ioctl(bench->fd, EPIPHANY_IOC_DMA_COPY, &request))
		return 0;
	EXPECT(request.cookie);
	return request.cookie;
}

/* How the next copy ended: 0, an errno, or -1. */
static int outcome(const struct bench *bench, uint64_t cookie)
{
	struct pollfd polled = { .fd = bench->queue, .events = POLLIN };
	struct epiphany_event event;

	if (!cookie || poll(&polled, 1, 400000) != 1 ||
	    read(bench->queue, &event, sizeof(event)) != sizeof(event) ||
	    event.type != EPIPHANY_EVENT_DMA || event.payload != cookie)
		return -1;
	return event.flags;
}

static void fill(volatile uint8_t *memory, uint8_t seed)
{
	for (unsigned int i = 0; i < AREA; i += 4)
		*(volatile uint32_t *)(memory + i) = (i + seed) * 2654435761u;
}

static uint8_t byte_of(volatile uint8_t *memory, unsigned int i)
{
	return *(volatile uint32_t *)(memory + (i & ~3u)) >> 8 * (i & 3);
}

/* One copy, and everything around it as it was. */
static bool is_right(const struct bench *bench, enum kind from, uint32_t source, enum kind to,
		     uint32_t destination, uint32_t bytes)
{
	static uint8_t before[AREA], expected[AREA];
	volatile uint8_t *target = memory_of(bench, to), *origin = memory_of(bench, from);

	if (from == to)
		return true;
	fill(origin, source + bytes);
	fill(target, 0x5a);
	for (unsigned int i = 0; i < AREA; i++) {
		before[i] = byte_of(origin, i);
		expected[i] = byte_of(target, i);
	}
	memcpy(expected + destination, before + source, bytes);
	int ended = outcome(bench, copy(bench, place(bench, from, source),
					place(bench, to, destination), bytes));
	if (!expect_at(!ended, __LINE__, "%d+0x%x to %d+0x%x, %u bytes: %d", from, source, to,
		       destination, bytes, ended))
		return false;
	for (unsigned int i = 0; i < AREA; i++)
		if (!expect_at(byte_of(target, i) == expected[i], __LINE__,
			       "%d+0x%x to %d+0x%x, %u bytes: wrong at 0x%x", from, source, to,
			       destination, bytes, i))
			return false;
	return true;
}

TEST_WITHIN(every_pair_of_ends, 900)
{
	struct bench bench = prepare();

	for (int from = USER; from <= SRAM; from++)
		for (int to = USER; to <= SRAM; to++) {
			EXPECT(is_right(&bench, from, 0, to, 0, PAGE));
			EXPECT(is_right(&bench, from, 0, to, 0, AREA));
			EXPECT(is_right(&bench, from, 4, to, 8, 4));
			EXPECT(is_right(&bench, from, PAGE - 4, to, 2 * PAGE - 8, 12));
			EXPECT(is_right(&bench, from, 100, to, 36, AREA - 200));
		}
}

TEST_WITHIN(every_offset_in_a_cache_line, 900)
{
	struct bench bench = prepare();
	static const uint32_t sizes[] = { 4, 8, 12, 28, 32, 36, 60, 64, 68, 124, 128, 132, 192 };

	for (uint32_t offset = 0; offset < 72; offset += 4)
		for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			/* Around the end of a page. */
			uint32_t at = PAGE - 64 + offset;
			if (!is_right(&bench, USER, at, DRAM, 2 * PAGE - offset, sizes[i]) ||
			    !is_right(&bench, DRAM, at, USER, at + 4, sizes[i]) ||
			    !is_right(&bench, SRAM, offset, USER, at, sizes[i]))
				return;
		}
}

TEST(between_cores)
{
	struct bench bench = prepare();
	volatile uint32_t *other = must_map(bench.group, core_address(1, 2), SRAM_BYTES);
	struct epiphany_dma_place to = { EPIPHANY_DMA_FILE, bench.group,
					 core_address(1, 2) + 0x40 };

	fill(bench.sram, 1);
	EXPECT_EQ(outcome(&bench, copy(&bench, place(&bench, SRAM, 0), to, 0x4000)), 0);
	for (unsigned int i = 0; i < 0x4000; i += 4)
		if (!EXPECT_EQ(other[(0x40 + i) / 4], *(volatile uint32_t *)(bench.sram + i)))
			break;
}

TEST(ends_that_are_wrong)
{
	struct bench bench = prepare();
	struct epiphany_dma_place user = place(&bench, USER, 0), dram = place(&bench, DRAM, 0),
				  sram = place(&bench, SRAM, 0), wrong;

#define WITH(base, field, value) (wrong = base, wrong.field = value, wrong)
#define REFUSED(from, to, bytes, error)                                                            \
	do {                                                                                       \
		errno = 0;                                                                         \
		EXPECT_EQ(copy(&bench, from, to, bytes), 0);                                       \
		EXPECT_EQ(errno, error);                                                           \
	} while (0)
	REFUSED(user, WITH(dram, fd, -1), 64, EBADF);
	REFUSED(user, WITH(dram, fd, 1000), 64, EBADF);
	REFUSED(user, WITH(dram, fd, bench.fd), 64, EINVAL);
	REFUSED(user, WITH(dram, fd, bench.queue), 64, EINVAL);
	REFUSED(user, WITH(dram, fd, 0), 64, EINVAL);
	REFUSED(WITH(sram, fd, bench.fd), dram, 64, EINVAL);
	REFUSED(user, WITH(dram, address, bench.dram_address - 4), 64, ENXIO);
	REFUSED(user, WITH(dram, address, bench.dram_address + AREA - 60), 64, ENXIO);
	REFUSED(user, WITH(dram, address, bench.dram_address + AREA), 64, ENXIO);
	REFUSED(user, WITH(dram, address, bench.dram_address + 0x100000000ull), 64, ENXIO);
	REFUSED(user, WITH(dram, address, UINT64_MAX - 63), 64, ENXIO);
	REFUSED(user, WITH(dram, address, UINT64_MAX - 3), 64, ENXIO);
	REFUSED(user, WITH(dram, address, core_address(1, 1)), 64, ENXIO);
	REFUSED(WITH(sram, address, core_address(0, 0)), dram, 64, ENXIO);
	REFUSED(WITH(sram, address, core_address(1, 1) + SRAM_BYTES - 60), dram, 64, ENXIO);
	REFUSED(WITH(sram, address, core_address(1, 1) + REGISTERS), dram, 64, ENXIO);
	REFUSED(WITH(sram, address, core_address(1, 1) + SRAM_BYTES - 4), dram, 0x100004, ENXIO);
	REFUSED(WITH(sram, address, DRAM_BASE), dram, 64, ENXIO);
	REFUSED(user, WITH(dram, kind, 0), 64, EINVAL);
	REFUSED(user, WITH(dram, kind, UINT32_MAX), 64, EINVAL);
	REFUSED(dram, WITH(dram, address, bench.dram_address + 60), 64, EINVAL);
	REFUSED(dram, dram, 64, EINVAL);
	REFUSED(WITH(user, address, 0), dram, 64, EFAULT);
	REFUSED(WITH(user, address, 0xc0000000), dram, 64, EFAULT);
	REFUSED(WITH(user, address, 0xfffffff0), dram, 64, EINVAL);
	REFUSED(dram, WITH(user, address, (uintptr_t)bench.user + AREA - 32), 64, EFAULT);
	/* Memory of the device is none that could be pinned; what may only be read is not written. */
	REFUSED(WITH(user, address, (uintptr_t)bench.sram), dram, 64, EFAULT);
	REQUIRE(!mprotect(bench.user + PAGE, PAGE, PROT_READ));
	REFUSED(dram, WITH(user, address, (uintptr_t)bench.user + PAGE - 32), 64, EFAULT);
	EXPECT_EQ(
		outcome(&bench, copy(&bench, WITH(user, address, (uintptr_t)bench.user + PAGE - 32),
				     dram, 64)),
		0);
	/* Nothing of all that is left locked. */
	EXPECT(strstr(read_text("/proc/self/status"), "VmLck:\t       0 kB"));
}

TEST(as_much_as_may_be_locked)
{
	struct bench bench = prepare();
	struct rlimit limit = { 64 * 1024, 64 * 1024 };
	uint8_t *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);
	struct epiphany_dma_place user = { EPIPHANY_DMA_USER, 0, (uintptr_t)memory };

	REQUIRE(memory != MAP_FAILED && !setrlimit(RLIMIT_MEMLOCK, &limit) && !setuid(1000));
	uint64_t address = 0;
	int dram = dram_alloc(bench.fd, 1 << 20, &address);
	struct epiphany_dma_place to = { EPIPHANY_DMA_FILE, dram, address };
	errno = 0;
	EXPECT_EQ(copy(&bench, user, to, 1 << 20), 0);
	EXPECT_EQ(errno, ENOMEM);
	EXPECT_EQ(outcome(&bench, copy(&bench, user, to, 64 * 1024)), 0);
	EXPECT_EQ(outcome(&bench, copy(&bench, user, to, 64 * 1024)), 0);
}

TEST_WITHIN(the_largest_copy, 900)
{
	struct bench bench = prepare();
	const uint32_t bytes = 15 << 20;
	uint64_t from = 0, to = 0;
	int source = dram_alloc(bench.fd, bytes, &from),
	    destination = dram_alloc(bench.fd, bytes, &to);
	uint32_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0);
	struct epiphany_dma_place user = { EPIPHANY_DMA_USER, 0, (uintptr_t)memory };
	struct epiphany_dma_place a = { EPIPHANY_DMA_FILE, source, from },
				  b = { EPIPHANY_DMA_FILE, destination, to };

	REQUIRE(source >= 0 && destination >= 0 && memory != MAP_FAILED);
	for (uint32_t i = 0; i < bytes / 4; i++)
		memory[i] = i * 7;
	EXPECT_EQ(outcome(&bench, copy(&bench, user, a, bytes)), 0);
	EXPECT_EQ(outcome(&bench, copy(&bench, a, b, bytes)), 0);
	memset(memory, 0, bytes);
	EXPECT_EQ(outcome(&bench, copy(&bench, b, user, bytes)), 0);
	for (uint32_t i = 0; i < bytes / 4; i++)
		if (!EXPECT_EQ(memory[i], i * 7))
			break;
}

TEST(in_order_and_to_the_family_alone)
{
	struct bench bench = prepare();
	int stranger = open_mesh(), strange_queue = events(stranger, BIT(DMA));
	uint64_t cookies[40];
	unsigned int count = 0;

	fcntl(strange_queue, F_SETFL, O_NONBLOCK);
	for (; count < 40; count++) {
		cookies[count] = copy(&bench, place(&bench, USER, 0), place(&bench, DRAM, 0), AREA);
		if (!cookies[count])
			break;
	}
	EXPECT_EQ(count, 40);
	for (unsigned int i = 0; i < count; i++)
		EXPECT_EQ(outcome(&bench, cookies[i]), 0);
	struct epiphany_event event;
	EXPECT_ERROR(read(strange_queue, &event, sizeof(event)), EAGAIN);
}

TEST(too_many_at_once)
{
	struct bench bench = prepare();
	unsigned int count = 0, ended = 0;
	uint64_t first = 0, cookie;
	uint8_t *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);
	uint64_t address = 0;
	int dram = dram_alloc(bench.fd, 1 << 20, &address);
	struct epiphany_dma_place user = { EPIPHANY_DMA_USER, 0, (uintptr_t)memory },
				  to = { EPIPHANY_DMA_FILE, dram, address };

	while (count < 500 && (cookie = copy(&bench, user, to, 1 << 20))) {
		first = first ? first : cookie;
		count++;
	}
	EXPECT_EQ(errno, EAGAIN);
	EXPECT(count >= 64 && count < 500);
	while (ended < count && outcome(&bench, first + ended) == 0)
		ended++;
	EXPECT_EQ(ended, count);
}

TEST(a_reset_ends_copies_of_the_chip)
{
	struct bench bench = prepare();
	uint64_t cookies[32];
	unsigned int stale = 0;

	for (int i = 0; i < 32; i++)
		cookies[i] = copy(&bench, place(&bench, USER, 0),
				  place(&bench, i % 2 ? DRAM : SRAM, 0), AREA);
	EXPECT(!reset(bench.fd, EPIPHANY_RESET_CHIP, 0));
	for (int i = 0; i < 32; i++) {
		int ended = outcome(&bench, cookies[i]);
		EXPECT(ended == 0 || (ended == ESTALE && i % 2 == 0));
		stale += ended == ESTALE;
	}
	printf("# %u ended by it\n", stale);
	errno = 0;
	EXPECT_EQ(copy(&bench, place(&bench, USER, 0), place(&bench, SRAM, 0), 64), 0);
	EXPECT_EQ(errno, ESTALE);
	EXPECT_EQ(outcome(&bench, copy(&bench, place(&bench, USER, 0), place(&bench, DRAM, 0), 64)),
		  0);
}

TEST(who_is_killed_in_the_midst)
{
	for (int i = 0; i < 30; i++) {
		pid_t child = fork();
		if (!child) {
			struct bench bench = prepare();
			for (;;)
				copy(&bench, place(&bench, i % 2 ? USER : SRAM, 0),
				     place(&bench, i % 2 ? DRAM : USER, 0), AREA);
		}
		sleep_ms(20 + i);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	EXPECT(wait_for_state("files", 0, 30));
}

TEST(what_is_closed_while_it_is_copied)
{
	struct bench bench = prepare();
	uint64_t cookie = copy(&bench, place(&bench, USER, 0), place(&bench, DRAM, 0), AREA);

	munmap((void *)bench.given, AREA);
	munmap((void *)bench.sram, SRAM_BYTES);
	munmap(bench.user, AREA);
	close(bench.dram);
	close(bench.group);
	close(bench.fd);
	EXPECT_EQ(outcome(&bench, cookie), 0);
	EXPECT(wait_for_state("files", 0, 5));
}

#define ENGINE_DRIVER "/sys/bus/amba/drivers/dma-pl330/"
#define ENGINE	      "f8003000.dma-controller"

/* Whether a file of sysfs takes it: probing may well be put off. */
static bool try_to_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool is_done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return is_done;
}

/* Some kernels bind no driver whose tree names a channel before there is one; else it does without. */
TEST_WITHIN(an_engine_that_comes_later, 120)
{
	double end = seconds_now() + 60;
	int fd;

	unbind_driver();
	REQUIRE(try_to_write(ENGINE_DRIVER "unbind", ENGINE));
	bool is_bound = try_to_write(DRIVER "/bind", platform_device());

	printf("# the eLink is bound %s\n", is_bound ? "without it" : "later");
	if (is_bound) {
		struct epiphany_dma_copy request = { .size = sizeof(request) };

		fd = open_mesh();
		EXPECT(!(info_of(fd).features & EPIPHANY_FEATURE_DMA_COPY));
		EXPECT_ERROR(ioctl(fd, EPIPHANY_IOC_DMA_COPY, &request), EOPNOTSUPP);
		close(fd);
	}
	REQUIRE(try_to_write(ENGINE_DRIVER "bind", ENGINE));
	while ((fd = open_kind("mesh", O_RDWR)) < 0 && seconds_now() < end)
		sleep_ms(20);
	REQUIRE(fd >= 0);
	EXPECT(info_of(fd).features & EPIPHANY_FEATURE_DMA_COPY);
	close(fd);
	struct bench bench = prepare();
	EXPECT(is_right(&bench, USER, 4, DRAM, 8, AREA - 16));
	EXPECT(is_right(&bench, DRAM, 4, USER, 8, AREA - 16));
}

MAIN
